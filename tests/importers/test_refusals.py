"""Data that cannot be imported is refused with the reason; real files of other systems are read as is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import export_writers as writers
import numpy as np
import pytest
from click.testing import Result

from imu_reps import ImuRepsError, load

Run = Callable[..., Result]
Options = Callable[[dict[str, list[Path]]], list[str | Path]]
Data = dict[str, writers.Sent]


def test_real_shimmer_and_xio_exports_are_read_to_the_last_sample(
    datasets: Path, tmp_path: Path, run: Run
) -> None:
    vendors = datasets / "vendor_formats"
    for file, samples in (
        ("shimmer/triaxcal_calibrated.csv.gz", 2149),
        ("xio/sensor_data_rows1-4000.csv", 4000),
    ):
        output = tmp_path / f"{file.split('/')[0]}.csv"
        result = run("import", vendors / file, "-o", output)
        assert result.exit_code == 0, result.output
        ankle = load(output).ankle
        assert ankle is not None
        assert len(ankle) == samples
        assert run("check", output).exit_code == 0


def test_a_real_file_of_two_sensors_leads_to_the_question_which_is_where(
    datasets: Path, tmp_path: Path, run: Run
) -> None:
    file = next((datasets / "vendor_formats" / "witmotion_two_sensors").glob("*.csv"))
    unsaid = run("import", file, "-o", tmp_path / "set.csv")
    result = run("import", "--pelvis", f"{file}#1", "--ankle", f"{file}#2", "-o", tmp_path / "set.csv")

    assert unsaid.exit_code == 4
    assert "1, 2" in unsaid.output
    assert result.exit_code == 0, result.output
    assert "laid together by the time of day" in result.output
    assert run("check", tmp_path / "set.csv").exit_code == 4  # 10 Hz is too low


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ("xsens_dot/Pelvis_20210820_202113_836.csv", "gravity removed"),
        ("movella_dot_xlsx/1_D4-22-CD-00-A8-13_data.xlsx", "Euler angles only"),
        ("sensor_logger_ios/Accelerometer.csv", "gravity removed"),
        ("sensor_logger_ios/Gyroscope.csv", "no acceleration"),
    ],
)
def test_real_exports_that_lack_required_data_are_refused(
    files: str, reason: str, datasets: Path, tmp_path: Path, run: Run
) -> None:
    result = run("import", datasets / "vendor_formats" / files, "-o", tmp_path / "set.csv")

    assert result.exit_code == 4
    assert reason in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("head", "row", "reason"),
    [
        ("PacketCounter,SampleTimeFine,Euler_X,Euler_Y,Euler_Z", "1,1000,1,2,3", "no angular rate"),
        (
            "PacketCounter,SampleTimeFine,dq_W,dq_X,dq_Y,dq_Z,dv[1],dv[2],dv[3]",
            "1,1000,1,0,0,0,0,0,0",
            "delta",
        ),
        ("version=1\nnRows=2\nendheader\ntime\tpelvis_imu\tx\ty", "0\t1\t2\t3", "orientations"),
        ('"Time (s)","Linear Acceleration x (m/s^2)","y","z"', "0,1,2,3", "gravity removed"),
        ("epoch (ms),time (01:00),elapsed (s),x-axis (T),y-axis (T),z-axis (T)", "1,a,0,1,2,3", "x-axis (g)"),
        ("X_Timestamp_Unix_CAL,X_Accel_LN_X_RAW,X_b,X_c", "1,2,3,4", "no calibrated acceleration"),
        ("name,number,more,most", "1,2,3,4", "no export that is known"),
        ("only words", "and words", "no table of numbers"),
        (
            "seconds;AccelX;AccelY;AccelZ;Gyro X;Gyro Y;Gyro Z",
            "0,1;0;0;9,8;0;0;0",
            "'time=seconds@s; acc=AccelX,AccelY,AccelZ@m/s2; gyr=Gyro X,Gyro Y,Gyro Z@deg/s'",
        ),
        ("%PDF-1.7", "", "a PDF"),
    ],
)
def test_unusable_formats_give_the_reason(head: str, row: str, reason: str, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "export.csv"
    file.write_text(f"{head}\n{row}\n{row}\n", encoding="utf-8")
    result = run("import", file, "-o", tmp_path / "set.csv")

    assert result.exit_code == 4
    assert reason in result.output
    assert not (tmp_path / "set.csv").exists()


def test_no_gyroscope_is_refused(data: Data, tmp_path: Path, run: Run) -> None:
    acc, _ = writers.metabase(data["ankle"], tmp_path)
    result = run("import", acc, "-o", tmp_path / "set.csv")

    assert result.exit_code == 4
    assert "no angular rate" in result.output


def test_the_platform_of_a_phone_is_not_guessed(data: Data, tmp_path: Path, run: Run) -> None:
    files = writers.sensor_logger(data["ankle"], tmp_path)
    (tmp_path / "Metadata.csv").unlink()
    unsaid = run("import", *files, "-o", tmp_path / "set.csv")
    result = run("import", *files, "-o", tmp_path / "set.csv", "--platform", "ios")

    assert unsaid.exit_code == 4
    assert "--platform" in unsaid.output
    assert result.exit_code == 0
    ankle = load(tmp_path / "set.csv").ankle
    assert ankle is not None
    np.testing.assert_allclose(ankle.acc_mps2, -data["ankle"].acc, atol=1e-5)


@pytest.mark.parametrize(("unit", "right"), [("m/s2", False), ("mg", False), ("g", True)])
def test_a_wrong_unit_of_a_column_map_is_found_at_rest(
    unit: str, right: bool, data: Data, tmp_path: Path, run: Run
) -> None:
    (file,) = writers.plain(data["ankle"], tmp_path)
    column_map = writers.PLAIN_MAP.replace("@g;", f"@{unit};")
    result = run("import", file, "-o", tmp_path / "set.csv", "--map", column_map)

    assert result.exit_code == (0 if right else 4), result.output
    assert right or "gravity is 9.81" in result.output


@pytest.mark.parametrize(
    "column_map", ["time=t@ms", "time=t@h; acc=a,b,c@g; gyr=d,e,f@dps", "acc=a,b@g", "nobody", ";=@"]
)
def test_an_invalid_column_map_is_a_usage_error(
    column_map: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    result = run("import", "x.csv", "-o", tmp_path / "set.csv", "--map", column_map)

    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_decreasing_time_is_refused(data: Data, tmp_path: Path, run: Run) -> None:
    sent = data["ankle"]
    time_s = sent.time_s.copy()
    time_s[500:] -= 3600.0
    result = run("import", *writers.xio(replace(sent, time_s=time_s), tmp_path), "-o", tmp_path / "set.csv")

    assert result.exit_code == 4
    assert "time goes back by 3599.99" in result.output


def test_sets_of_different_days_are_not_joined(
    data: Data, tmp_path: Path, run: Run, options: Options
) -> None:
    later = replace(data["ankle"], time_s=data["ankle"].time_s + 86400.0)
    files = {
        "pelvis": writers.xio(data["pelvis"], tmp_path / "pelvis"),
        "ankle": writers.xio(later, tmp_path / "ankle"),
    }
    result = run("import", *options(files), "-o", tmp_path / "set.csv")

    assert result.exit_code == 4
    assert "different times" in result.output


def test_only_an_imported_recording_is_replaced_and_only_with_force(
    data: Data, tmp_path: Path, run: Run
) -> None:
    files, output = writers.xio(data["ankle"], tmp_path), tmp_path / "set.csv"
    first = run("import", *files, "-o", output)
    again = run("import", *files, "-o", output)
    forced = run("import", *files, "-o", output, "--force")
    output.write_text("# format: imu-reps-recording/1\n")
    other = run("import", *files, "-o", output, "--force")

    assert [one.exit_code for one in (first, again, forced, other)] == [0, 1, 0, 1]
    assert output.read_text() == "# format: imu-reps-recording/1\n"


@pytest.mark.parametrize("command", ["report", "check", "angles", "replay"])
def test_other_commands_point_to_the_import(command: str, data: Data, tmp_path: Path, run: Run) -> None:
    file, _ = writers.phyphox(data["ankle"], tmp_path)
    result = run(command, file)

    assert result.exit_code == 4
    assert "looks like a phyphox export" in result.output
    assert "imu-reps import" in result.output


@pytest.mark.parametrize("name", [*writers.ON_A_CLOCK, *writers.ALONE])
def test_every_format_is_recognised_by_its_first_lines(name: str, data: Data, tmp_path: Path) -> None:
    write = (writers.ON_A_CLOCK | writers.ALONE)[name]
    for file in write(data["ankle"], tmp_path):
        with pytest.raises(ImuRepsError) as refused:
            load(file)
        assert refused.value.code == "foreign_export"


@pytest.mark.parametrize("write", [writers.xio, writers.metabase, writers.movesense, writers.phyphox])
def test_values_that_no_sensor_writes_are_refused(
    write: writers.Write, data: Data, tmp_path: Path, run: Run
) -> None:
    sent = data["ankle"]
    gyr = sent.gyr.copy()
    gyr[100, 1] = 1e200
    result = run("import", *write(replace(sent, gyr=gyr), tmp_path), "-o", tmp_path / "set.csv")

    assert result.exit_code == 4
    assert "no" in result.output
    assert "number" in result.output


@pytest.mark.parametrize(
    "cell", ["1e999", "-1e400", "9" * 350, "9" * 400, "9" * 5000, "1e200", "nan", "-inf"]
)
def test_an_invalid_cell_names_its_line(cell: str, data: Data, tmp_path: Path, run: Run) -> None:
    (file,) = writers.xio(data["ankle"], tmp_path)
    text = file.read_text(encoding="utf-8").split("\n")
    text[700] = text[700].rpartition(",")[0] + "," + cell
    file.write_text("\n".join(text), encoding="utf-8")
    result = run("import", file, "-o", tmp_path / "set.csv")

    assert result.exit_code == 4
    assert "line 701" in result.output


def test_a_cell_of_very_many_digits_is_refused_at_once(tmp_path: Path, run: Run) -> None:
    file, before_s = tmp_path / "export.csv", time.process_time()
    head = "Timestamp (us),Gyroscope X (deg/s),Gyroscope Y (deg/s),Gyroscope Z (deg/s)"
    file.write_text(f"{head}\n1,2,3,{'9' * 300_000}x\n2,3,4,5\n", encoding="utf-8")
    result = run("import", file, "-o", tmp_path / "set.csv")

    assert result.exit_code == 4
    assert time.process_time() - before_s < 5.0


def test_one_very_long_cell_does_not_enlarge_all_others(data: Data, tmp_path: Path, run: Run) -> None:
    """A text array with the width of the longest cell would take 10 GB."""
    (file,) = writers.xio(data["ankle"], tmp_path)
    text = file.read_text(encoding="utf-8").split("\n")
    text[700] = text[700].rpartition(",")[0] + ",0." + "1" * 2_000_000
    file.write_text("\n".join(text), encoding="utf-8")
    result = run("import", file, "-o", tmp_path / "set.csv")

    assert result.exit_code == 4
    assert "line 701" in result.output
    assert "not a number" in result.output


def test_a_wrong_unit_is_told_at_once_and_what_was_taken_for_granted_too(
    data: Data, tmp_path: Path, run: Run
) -> None:
    (file,) = writers.dot(data["ankle"], tmp_path, synced=False)
    text = file.read_text(encoding="utf-8").replace(" GMT+8", "")
    file.write_text(text, encoding="utf-8")
    plain = run("import", file, "-o", tmp_path / "set.csv")
    sent, lab = data["ankle"], tmp_path / "lab.csv"
    table = np.column_stack([sent.time_s - sent.time_s[0], sent.acc, np.radians(sent.gyr)])
    np.savetxt(lab, table, delimiter=",", header="t,ax,ay,az,gx,gy,gz", comments="")
    mapped = "time=t@s; acc=ax,ay,az@m/s2; gyr=gx,gy,gz@deg/s"
    told = ("--map", mapped, "--exercise", "single_leg_raise", "--start", "low", "--side", "left")
    named = ("--person", "Kim", "--created", "2026-11-18T15:06")
    wrong = run("import", lab, "-o", tmp_path / "wrong.csv", *told, *named)

    assert "say --created 2026-11-18T15:06:40" in plain.output
    assert "taken for single_leg_raise with a low start, supine" in plain.output
    assert "not known: side, person, created" in plain.output
    assert "Not usable as it is" not in plain.output
    assert wrong.exit_code == 0, wrong.output
    assert "@rad/s" in wrong.output
    assert "not known" not in wrong.output
    assert "taken for" not in wrong.output
    header = load(tmp_path / "wrong.csv").header
    assert header.created is not None
    assert (header.created.day, header.extra["person"]) == (18, "Kim")


@pytest.mark.parametrize("extra", [[], ["--tap"]])
def test_one_sensors_export_for_both_places_is_refused(
    extra: list[str], data: Data, tmp_path: Path, run: Run
) -> None:
    (file,) = writers.xio(data["ankle"], tmp_path)
    copy = tmp_path / "copy.csv"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    copy.write_text("".join(lines[:-50]), encoding="utf-8")  # and ends half a second earlier

    for pelvis in (file, copy):
        result = run("import", "--pelvis", pelvis, "--ankle", file, *extra, "-o", tmp_path / "set.csv")
        assert result.exit_code == 4, result.output
        assert "the same sensor's readings" in result.output
        assert "--pelvis FILE --ankle FILE" in result.output
        assert not (tmp_path / "set.csv").exists()
