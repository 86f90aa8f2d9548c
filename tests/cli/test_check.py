"""``imu-reps check`` names the problem of a file and a hint, and ends with the right exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from imu_reps.cli.main import main

COLUMNS = "time_s,sensor,sample,device_time_s,acc_x_mps2,acc_y_mps2,acc_z_mps2,gyr_x_dps,gyr_y_dps,gyr_z_dps"


def lifts(
    path: Path, *, acc: float = 1.0, gyr: float = 1.0, pelvis: bool = True, keep: int | None = None
) -> Path:
    """Write six slow lifts of a leg that turns about its sensor's z axis, with a pelvis that follows."""
    rng = np.random.default_rng(3)
    t = np.arange(0.0, 36.0, 0.01)
    lift = np.where((t > 4) & (t < 34), np.radians(30) * (1 - np.cos((t - 4) * 2 * np.pi / 5)), 0.0)
    lines = ["# format: imu-reps-recording/1", "# exercise: single_leg_raise", COLUMNS]
    sensors = {"pelvis": 0.2 * lift, "ankle": lift} if pelvis else {"ankle": lift}
    readings = {name: _readings(name, angle, acc, gyr, rng) for name, angle in sensors.items()}
    for i, time_s in enumerate(t[:keep]):
        for name, values in readings.items():
            lines.append(
                f"{time_s:.6f},{name},{i},{time_s + 7:.6f}," + ",".join(f"{v:.5f}" for v in values[i])
            )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return path


def _readings(name: str, angle: np.ndarray, acc: float, gyr: float, rng: np.random.Generator) -> np.ndarray:
    """Return force and rate of a segment lifted slowly by `angle`, in the axes of the default header."""
    up, caudal, zero = 9.80665 * np.cos(angle), -9.80665 * np.sin(angle), 0 * angle
    rate = np.degrees(np.gradient(angle)) * 100.0
    axes = [zero, caudal, up, -rate, zero, zero] if name == "pelvis" else [up, caudal, zero, zero, zero, rate]
    noisy = np.stack(axes, axis=1) + rng.normal(0, 0.05, (len(angle), 6))
    return noisy * np.array([acc] * 3 + [gyr] * 3)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


def test_a_good_recording_looks_plausible(tmp_path: Path) -> None:
    result = run(lifts(tmp_path / "good.csv"))
    assert result.exit_code == 0, result.output
    assert "Looks plausible" in result.output
    for word in ("pelvis", "ankle", "100.0", "3600", "ppm"):
        assert word in result.output


def test_clocks_are_told_in_the_words_that_doctor_uses(tmp_path: Path) -> None:
    file = lifts(tmp_path / "set.csv")
    told = run(file).output
    lines = [line.split(",") for line in file.read_text(encoding="utf-8").splitlines()]
    without = [",".join([*row[:3], "", *row[4:]] if row[0][:1].isdigit() else row) for row in lines]
    file.write_text("\n".join(without) + "\n", encoding="utf-8")

    assert re.search(r" drift [+-]\d+ ± \d+ ppm$", told, re.MULTILINE)
    assert run(file).output.count(" no clock of its own\n") == 2


@pytest.mark.parametrize(
    ("spoiled", "hint"),
    [
        ({"acc": 1 / 9.80665}, "multiply acc_x_mps2, acc_y_mps2, acc_z_mps2 of the ankle by 9.80665"),
        ({"gyr": np.pi / 180}, "multiply gyr_x_dps, gyr_y_dps, gyr_z_dps of the ankle by 57.29578"),
        ({"keep": 200}, "Record at least a whole repetition"),
    ],
)
def test_an_implausible_recording_ends_with_4_and_a_hint(
    spoiled: dict[str, float], hint: str, tmp_path: Path
) -> None:
    result = run(lifts(tmp_path / "bad.csv", **spoiled))  # type: ignore[arg-type]
    assert result.exit_code == 4
    assert hint in result.output


@pytest.mark.parametrize("verb", ["check", "report"])
def test_a_recording_that_broke_off_too_early_is_said_to_have_broken_off(verb: str, tmp_path: Path) -> None:
    file = lifts(tmp_path / "short.csv", keep=200)
    own = file.read_text(encoding="utf-8").replace("# exercise", "# ankle.host_id: F0:00\n# exercise", 1)
    file.write_text(own, encoding="utf-8")
    broken_off = CliRunner().invoke(main, [verb, str(file)])
    file.write_text(own + "# @2.000000 end: user\n", encoding="utf-8")
    ended = CliRunner().invoke(main, [verb, str(file)])

    assert (broken_off.exit_code, ended.exit_code) == (4, 4)
    assert "The recording broke off after 2.0 s, too short" in " ".join(broken_off.output.split())
    assert "broke off" not in ended.output


def test_one_sensor_alone_is_usable_with_a_caution(tmp_path: Path) -> None:
    result = run(lifts(tmp_path / "one.csv", pelvis=False))
    assert result.exit_code == 0
    assert "tilt and rotation are not measured" in result.output
    assert "Usable, with the caution" in result.output


def test_the_agreement_of_the_sensors_times_is_reported_with_its_source(tmp_path: Path) -> None:
    both = run(lifts(tmp_path / "both.csv"))
    assert "times of the two sensors agree to ±" in both.output
    assert "from arrivals" in both.output
    alone = run(lifts(tmp_path / "one.csv", pelvis=False))
    assert "two sensors agree" not in alone.output
    checked = json.loads(run("--json", tmp_path / "both.csv").stdout)
    assert checked["sensor_offset"]["source"] == "arrivals"
    assert 0.0 < checked["sensor_offset"]["uncertainty_ms"] < 20.0
    assert json.loads(run("--json", tmp_path / "one.csv").stdout)["sensor_offset"] is None


def test_json_is_one_object_per_file_and_the_highest_exit_code(tmp_path: Path) -> None:
    good, bad = lifts(tmp_path / "good.csv"), lifts(tmp_path / "bad.csv", acc=1 / 9.80665)
    result = run("--json", good, tmp_path / "missing.csv", bad)
    assert result.exit_code == 4
    first, missing, spoiled = (json.loads(line) for line in result.stdout.splitlines())
    assert first["file"] == str(good)
    assert first["plausible"] is True
    assert first["findings"] == []
    assert first["sensors"]["ankle"]["rate_hz"] == pytest.approx(100.0, rel=1e-3)
    assert first["sensors"]["ankle"]["samples"] == 3600
    assert set(missing["error"]) == {"code", "message", "hint"}
    assert spoiled["plausible"] is False
    assert {"acc_unit_g"} == {finding["code"] for finding in spoiled["findings"]}


def test_a_missing_file_ends_with_1_and_a_message(tmp_path: Path) -> None:
    result = run(tmp_path / "missing.csv")
    assert result.exit_code == 1
    assert "missing.csv" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("content", [b"", b"\x00\xff\x1f\x8b" * 200, b"# format: imu-reps-recording/1\n"])
def test_other_files_end_with_4_and_a_message(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "junk.csv"
    path.write_bytes(content)
    result = run(path)
    assert result.exit_code == 4
    assert result.output.strip()


def test_a_file_is_required() -> None:
    assert run().exit_code == 2
