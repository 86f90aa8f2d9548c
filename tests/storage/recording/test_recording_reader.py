"""What the reader accepts, and what it reports about defective files."""

from __future__ import annotations

import gzip
import math
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from imu_reps import Header, Note, SensorHeader, Tempo, load
from imu_reps.errors import FileAccessError, RecordingError
from imu_reps.storage.recording import parse_recording
from imu_reps.storage.recording.header import header_text

HEADER = """# format: imu-reps-recording/1
# created: 2026-11-21T07:30:00+00:00
# exercise: single_leg_raise
# side: left
# tempo_target: 2-0-2-0
# pelvis.sensor: witmotion
# pelvis.rate_hz: 100
# pelvis.alignment: mounted
# pelvis.cranial_axis: +y
# ankle.sensor: witmotion
# ankle.rate_hz: 100
# ankle.counter: device
"""
COLUMN_ROW = (
    "time_s,sensor,sample,device_time_s,acc_x_mps2,acc_y_mps2,acc_z_mps2,gyr_x_dps,gyr_y_dps,gyr_z_dps\n"
)
ROWS = """0.000000,ankle,0,495.250730,-0.97444,-3.36146,9.81383,-0.6409,0.7019,0.7629
0.000000,ankle,1,495.260730,-0.97444,-3.36146,9.81383,-0.6409,0.7019,0.7629
0.004000,pelvis,7,,0.10000,0.20000,9.80000,1.0000,2.0000,3.0000
0.021000,ankle,2,495.270730,-0.90000,-3.30000,9.80000,-0.6000,0.7000,0.7000
"""
WHOLE = HEADER + COLUMN_ROW + ROWS
FIRST_ROW_LINE = 14


def parse(text: str | bytes):
    return parse_recording(text.encode() if isinstance(text, str) else text, name="set.csv")


def refusal(text: str | bytes) -> RecordingError:
    with pytest.raises(RecordingError) as caught:
        parse(text)
    assert caught.value.message.startswith("set.csv")
    assert caught.value.hint
    return caught.value


def caution_codes(text: str | bytes) -> list[str]:
    return [caution.code for caution in parse(text).cautions]


def with_cell(row: int, column: int, cell: str) -> str:
    lines = ROWS.splitlines()
    cells = lines[row].split(",")
    cells[column] = cell
    lines[row] = ",".join(cells)
    return HEADER + COLUMN_ROW + "\n".join(lines) + "\n"


def test_it_reads_the_content_of_the_file():
    recording = parse(WHOLE)
    assert recording.cautions == ()
    assert recording.file == "set.csv"
    assert recording.header == Header(
        created=datetime(2026, 11, 21, 7, 30, tzinfo=UTC),
        side="left",
        tempo_target=Tempo(2.0, 0.0, 2.0, 0.0),
        pelvis=SensorHeader("witmotion", 100.0, cranial_axis="+y", anterior_axis="+z"),
        ankle=SensorHeader("witmotion", 100.0),
    )
    ankle, pelvis = recording.ankle, recording.pelvis
    assert ankle.time_s.tolist() == [0.0, 0.0, 0.021]
    assert ankle.sample.tolist() == [0, 1, 2]
    assert ankle.device_time_s.tolist() == [495.25073, 495.26073, 495.27073]
    assert ankle.acc_mps2[2].tolist() == [-0.9, -3.3, 9.8]
    assert ankle.gyr_dps[0].tolist() == [-0.6409, 0.7019, 0.7629]
    assert pelvis.sample.tolist() == [7]
    assert math.isnan(pelvis.device_time_s[0])


def test_arrays_are_contiguous_and_of_the_documented_types():
    block = parse(WHOLE).ankle
    for array in (block.time_s, block.device_time_s, block.acc_mps2, block.gyr_dps):
        assert array.dtype == np.float64
        assert array.flags.c_contiguous
    assert block.sample.dtype == np.int64
    assert block.acc_mps2.shape == block.gyr_dps.shape == (3, 3)


def test_one_sensor_alone_leaves_the_other_absent():
    only_ankle = "".join(row + "\n" for row in ROWS.splitlines() if "ankle" in row)
    recording = parse(HEADER + COLUMN_ROW + only_ankle)
    assert recording.pelvis is None
    assert len(recording.ankle) == 3


@pytest.mark.parametrize(
    ("exercise", "start", "posture"),
    [
        ("single_leg_raise", "low", "supine"),
        ("heel_tap", "high", "supine"),
        ("hanging_leg_raise", "low", "hanging"),
    ],
)
def test_start_and_posture_follow_the_exercise(exercise, start, posture):
    header = parse(f"# format: imu-reps-recording/1\n# exercise: {exercise}\n{COLUMN_ROW}{ROWS}").header
    assert (header.exercise, header.start, header.posture) == (exercise, start, posture)
    assert header.pelvis.cranial_axis == "+y"
    assert header.pelvis.anterior_axis == "+z"
    assert header.ankle.counter == "device"


def test_the_header_overrides_defaults():
    lines = (
        "# format: imu-reps-recording/1\n# exercise: heel_tap\n# start: low\n# posture: hanging\n# set: 3\n"
    )
    header = parse(lines + COLUMN_ROW + ROWS).header
    assert (header.start, header.posture, header.set_number) == ("low", "hanging", 3)


def test_the_default_anterior_axis_gives_way_to_a_cranial_axis_along_it():
    header = parse(WHOLE.replace("pelvis.cranial_axis: +y", "pelvis.cranial_axis: -z")).header
    assert header.pelvis.cranial_axis == "-z"
    assert header.pelvis.anterior_axis is None


def test_unknown_header_keys_are_kept():
    recording = parse(HEADER + "# mood: gut, trotz Müdigkeit: ja\n" + COLUMN_ROW + ROWS)
    assert dict(recording.header.extra) == {"mood": "gut, trotz Müdigkeit: ja"}
    assert recording.cautions == ()


def test_notes_are_kept_with_their_times_wherever_they_are():
    rows = ROWS.splitlines(keepends=True)
    text = "".join(
        [HEADER, "# @-1.5 tap: both\n", COLUMN_ROW, rows[0], "# @0.01 link: ankle lost\n", *rows[1:]]
    )
    recording = parse(text + "# @12.25 was der Nutzer sagt: müde: sehr\n# @13 pain:\n")
    assert recording.notes == (
        Note(-1.5, "tap", "both"),
        Note(0.01, "link", "ankle lost"),
        Note(12.25, "was der Nutzer sagt", "müde: sehr"),
        Note(13.0, "pain", ""),
    )
    assert recording.ankle.sample.tolist() == [0, 1, 2]
    assert recording.cautions == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: gzip.compress(text.encode()),
        lambda text: text.replace("\n", "\n\n").encode(),
        lambda text: text.replace("# ", "#").encode(),
    ],
    ids=["crlf", "bom", "gzip", "blank lines", "no blank after #"],
)
def test_harmless_differences_are_read_without_a_caution(change):
    assert_same(parse(change(WHOLE)), parse(WHOLE))


def test_columns_may_be_in_any_order():
    order = [3, 9, 8, 7, 6, 5, 4, 2, 1, 0]
    for places in (order, order[1:] + order[:1]):
        lines = [line.split(",") for line in (COLUMN_ROW + ROWS).splitlines()]
        turned = "".join(",".join(line[i] for i in places) + "\n" for line in lines)
        assert_same(parse(HEADER + turned), parse(WHOLE))


def test_exponents_are_numbers():
    assert parse(with_cell(0, 4, "-9.7444e-01")).ankle.acc_mps2[0, 0] == -0.97444


def assert_same(left, right):
    assert left.header == right.header
    assert left.cautions == right.cautions == ()
    for place in ("pelvis", "ankle"):
        a, b = left.samples(place), right.samples(place)
        for name in ("time_s", "sample", "device_time_s", "acc_mps2", "gyr_dps"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


# --- cut files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing_bytes", [1, 2, 30, 60])
def test_a_row_cut_off_at_the_end_is_left_out_with_a_caution(missing_bytes):
    recording = parse(WHOLE[:-missing_bytes])
    assert len(recording.ankle) == 2
    (caution,) = recording.cautions
    assert caution.code == "file_cut"
    assert f"line {FIRST_ROW_LINE + 3}" in caution.message


def test_a_last_row_of_too_few_values_counts_as_cut():
    recording = parse(WHOLE + "0.030000,ankle,3\n")
    assert len(recording.ankle) == 3
    assert [caution.code for caution in recording.cautions] == ["file_cut"]


def test_a_file_cut_within_a_character_keeps_its_rows():
    whole = (WHOLE + "# @0.5 said: müde\n").encode()
    recording = parse(whole[: whole.index(b"\xbc")])
    assert len(recording.ankle) == 3
    assert recording.notes == ()
    assert [caution.code for caution in recording.cautions] == ["file_cut"]


def test_zero_bytes_left_by_a_power_cut_count_as_cut():
    recording = parse(WHOLE.encode() + b"0.03" + b"\x00" * 4096)
    assert len(recording.ankle) == 3
    assert [caution.code for caution in recording.cautions] == ["file_cut"]


def test_a_gzip_file_cut_off_keeps_its_rows():
    rows = "".join(f"{i / 100:.6f},ankle,{i},,{math.sin(i):.5f},0.1,9.8,1.0,2.0,3.0\n" for i in range(5000))
    packed = gzip.compress((HEADER + COLUMN_ROW + rows).encode())
    recording = parse(packed[: len(packed) // 2])
    count = len(recording.ankle)
    assert 1000 < count < 5000
    np.testing.assert_array_equal(recording.ankle.sample, np.arange(count))
    assert [caution.code for caution in recording.cautions] == ["file_cut"]


def test_a_damaged_gzip_file_is_refused():
    packed = bytearray(gzip.compress(WHOLE.encode()))
    packed[-6] ^= 0xFF
    assert refusal(bytes(packed)).code == "damaged_gzip"


def test_a_file_compressed_twice_is_named_as_that():
    error = refusal(gzip.compress(gzip.compress(WHOLE.encode())))
    assert "compressed twice" in error.message


def test_zero_bytes_between_rows_are_named_with_their_line():
    error = refusal(WHOLE.encode() + b"\x00" * 4096 + b"\n" + ROWS.splitlines()[3].encode() + b"\n")
    assert error.code == "not_text"
    assert f"line {WHOLE.count(chr(10)) + 1}: this holds NUL bytes" in error.message


def test_a_short_row_in_the_middle_is_an_error():
    error = refusal(WHOLE + "0.030000,ankle,3\n" + ROWS.splitlines()[3] + "\n")
    assert error.code == "wrong_column_count"
    assert f"line {FIRST_ROW_LINE + 4}:" in error.message


def test_a_file_pasted_after_another_is_named_with_its_line():
    count = WHOLE.count("\n")
    error = refusal(WHOLE + WHOLE)
    assert error.code == "second_header"
    assert f"line {count + FIRST_ROW_LINE - 1}: the row of column names stands here again" in error.message


@pytest.mark.parametrize("cells", ["1,2,3,4,5,6,7", "1,2,3,4,5,6,7,8"])
def test_a_long_row_is_an_error_even_next_to_a_short_one(cells):
    short = "0.030000,ankle,3,,1,2,3,4,5\n"
    error = refusal(HEADER + COLUMN_ROW + f"0.0,ankle,0,,{cells}\n" + short + ROWS)
    assert error.code == "wrong_column_count"
    assert f"line {FIRST_ROW_LINE}:" in error.message


# --- not a recording --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf", "empty_file"),
        (b" \n\n", "empty_file"),
        (HEADER.encode(), "header_only"),
        ((HEADER + COLUMN_ROW.rstrip()).encode(), "header_only"),
        ((HEADER + COLUMN_ROW).encode(), "no_samples"),
        ((HEADER + COLUMN_ROW + "0.0,ankle,0").encode(), "no_samples"),
        ((COLUMN_ROW + ROWS).encode(), "no_format"),
        (b"t_s,ax,ay,az\n0.0,1.0,2.0,3.0\n", "no_format"),
        (b"hello", "no_format"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\xff", "other_file"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "other_file"),
        (b"%PDF-1.7\n", "other_file"),
        (b"PK\x03\x04\x14\x00", "other_file"),
        (b"<!DOCTYPE html>\n<html>\n", "other_file"),
        (b'{\n "truth": []\n}\n', "other_file"),
        (bytes(range(256)) * 8, "not_text"),
        (WHOLE.replace("recording/1", "recording/2").encode(), "unknown_format"),
        (HEADER.encode() + ROWS.encode(), "no_column_row"),
        (b"\xff" * (17 << 20), "not_text"),
    ],
)
def test_other_files_are_refused_with_a_reason(content, code):
    assert refusal(content).code == code


def test_a_row_in_another_encoding_is_named():
    error = refusal((WHOLE + "# @0.5 said: müde\n").encode("latin-1") + ROWS[-60:].encode())
    assert error.code == "not_text"
    assert f"line {FIRST_ROW_LINE + 4}:" in error.message


# --- header and columns -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("exercise: leg_raise", "heel_tap"),
        ("exercise:", "heel_tap"),
        ("side: links", "left, right, both"),
        ("start: middle", "low, high"),
        ("posture: prone", "supine, hanging"),
        ("tempo_target: 2-0-2", "2-0-2-0"),
        ("tempo_target: 2-0-2-x", "2-0-2-0"),
        ("range_target_deg: nan", "up to 180"),
        ("range_target_deg: 60°", "up to 180"),
        ("range_target_deg: 1e300", "up to 180"),
        ("floor_deg: 1e300", "from -90 to 180"),
        ("floor_deg: inf", "a number"),
        ("simulated: yes", "true, false"),
        ("pelvis.alignment: glued", "mounted, functional"),
        ("pelvis.cranial_axis: y", "+y"),
        ("pelvis.anterior_axis: -y", "two different axes"),
        ("ankle.cranial_axis: up", "+y"),
        ("ankle.counter: none", "device, host"),
    ],
)
def test_an_invalid_header_value_names_its_line_and_the_allowed_values(line, allowed):
    error = refusal(f"# format: imu-reps-recording/1\n# {line}\n{COLUMN_ROW}{ROWS}")
    assert error.code == "bad_header_value"
    assert "line 2:" in error.message
    assert line.partition(":")[0] in error.message
    assert allowed in error.hint


def test_a_repeated_key_is_cautioned_and_the_last_one_counts():
    recording = parse(HEADER + "# side: right\n" + COLUMN_ROW + ROWS)
    assert recording.header.side == "right"
    (caution,) = recording.cautions
    assert caution.code == "duplicate_header_key"
    assert "line 13:" in caution.message
    assert "line 4" in caution.message


@pytest.mark.parametrize(
    "line",
    [
        "created: yesterday",
        "created: 0001-01-01T00:00:00+00:00",
        "set: two",
        "set: 1_0",
        "ankle.rate_hz: 0",
        "ankle.rate_hz: 100 Hz",
        "pelvis.rate_hz: 1e300",
    ],
)
def test_lines_that_affect_no_figure_are_ignored_with_a_caution(line):
    recording = parse(f"# format: imu-reps-recording/1\n# {line}\n{COLUMN_ROW}{ROWS}")
    (caution,) = recording.cautions
    assert caution.code == "unread_header_value"
    assert "line 2:" in caution.message
    assert recording.header.created is None
    assert recording.header.ankle.rate_hz is None


def test_a_misspelt_key_is_cautioned():
    (caution,) = parse(HEADER + "# excercise: heel_tap\n" + COLUMN_ROW + ROWS).cautions
    assert caution.code == "unknown_header_key"
    assert "line 13:" in caution.message
    assert "'exercise'" in caution.hint


@pytest.mark.parametrize("comment", ["# side: right", "# @soon tap: both", "# @nan tap: both", "# hello"])
def test_an_unusable_comment_is_cautioned(comment):
    recording = parse(WHOLE + comment + "\n" + ROWS.splitlines()[3].replace(",2,", ",3,") + "\n")
    assert recording.header.side == "left"
    (caution,) = recording.cautions
    assert caution.code == "unread_comment"
    assert f"line {FIRST_ROW_LINE + 4}:" in caution.message


@pytest.mark.parametrize(
    ("old", "new", "code", "hint"),
    [
        ("acc_x_mps2", "acc_x_g", "wrong_unit", "9.80665"),
        ("gyr_y_dps", "gyr_y_radps", "wrong_unit", "57.2958"),
        ("gyr_y_dps", "gyr_y_rad_s", "wrong_unit", "57.2958"),
        ("gyr_y_dps", "gyr_y", "wrong_unit", "57.2958"),
        ("acc_z_mps2", "acc_z_mg", "wrong_unit", "m/s²"),
        ("time_s", "time_ms", "missing_column", "time_s"),
        (",gyr_z_dps", "", "missing_column", "gyr_z_dps"),
        ("gyr_z_dps", "gyr_z_dps,mag_x", "unknown_column", "Keep exactly"),
        ("gyr_z_dps", "gyr_z_dps,sensor", "duplicate_column", "Keep one"),
    ],
)
def test_a_wrong_column_is_named_with_a_hint(old, new, code, hint):
    error = refusal(HEADER + COLUMN_ROW.replace(old, new) + ROWS)
    assert error.code == code
    assert "line 13:" in error.message
    assert hint in error.hint


# --- rows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell", ["nan", "NaN", "inf", "-inf", "", "abc", "1.2.3", "0x10", "1e999", "True", "1_0", "ankle"]
)
@pytest.mark.parametrize("column", [0, 2, 4, 9])
def test_a_cell_that_is_no_number_names_line_and_column(cell, column):
    error = refusal(with_cell(2, column, cell))
    assert error.code == "not_a_number"
    assert f"line {FIRST_ROW_LINE + 2}:" in error.message
    assert COLUMN_ROW.strip().split(",")[column] in error.message


@pytest.mark.parametrize("cell", ["null", "inf", "x"])
def test_a_device_time_is_a_number_or_empty(cell):
    assert refusal(with_cell(1, 3, cell)).code == "not_a_number"


@pytest.mark.parametrize("cell", ["1.5", "9223372036854775808", "1e30", "9" * 5000])
def test_a_sample_number_is_whole_and_fits(cell):
    assert refusal(with_cell(1, 2, cell)).code == "not_a_number"


def test_a_decimal_comma_is_an_error():
    assert refusal(with_cell(1, 4, "-0,97444")).code == "wrong_column_count"


@pytest.mark.parametrize("place", ["wrist", "", "Ankle", "0", "\x00", "true", "false"])
def test_an_unknown_sensor_is_named(place):
    error = refusal(with_cell(2, 1, place))
    assert error.code == ("not_text" if place == "\x00" else "unknown_sensor")
    assert f"line {FIRST_ROW_LINE + 2}:" in error.message


@pytest.mark.parametrize(
    ("column", "value"), [(0, "1e18"), (3, "1e300"), (3, "-1e12"), (0, "1.7e308"), (3, "-1.7e308")]
)
def test_an_impossible_time_names_its_possible_unit(column, value):
    error = refusal(with_cell(3, column, value))
    assert error.code == "time_beyond"
    assert f"line {FIRST_ROW_LINE + 3}:" in error.message
    assert "milliseconds: divide by 1000" in error.hint


def test_a_clock_that_was_set_back_is_reported_as_such_without_advice_to_reorder():
    rows = ROWS.splitlines(keepends=True)
    later = [row.replace("0.", "3600.", 1) for row in rows[:2]]
    error = refusal("".join([HEADER, COLUMN_ROW, *later, *rows[2:]]))
    assert error.code == "time_backwards"
    assert "clock had been set back" in error.message
    assert "add 3" in error.hint
    assert "restore" not in error.hint


@pytest.mark.parametrize("time_s", ["-5.0", "999999.0"])
def test_a_single_wrong_time_costs_its_line_and_moves_no_other(time_s):
    later, k = ROWS.splitlines(keepends=True)[0].split(",")[3:], 3
    rows = [",".join([f"{0.01 * number:.6f}", "ankle", str(number), *later]) for number in range(7)]
    rows[k] = ",".join([time_s, "ankle", str(k), *later])
    error = refusal("".join([HEADER, COLUMN_ROW, *rows]))
    assert error.code == "time_backwards"
    assert f"only the time of line {FIRST_ROW_LINE + k} is" in error.message
    assert f"Leave line {FIRST_ROW_LINE + k} out" in error.hint
    assert "add" not in error.hint


@pytest.mark.parametrize(
    ("key", "named"),
    [
        (lambda row: -float(row.split(",")[0]), "in reverse"),
        (lambda row: row.split(",")[0], "as text, where 10 comes before 2"),
        (lambda row: float(row.split(",")[4]), "by another column"),
    ],
)
def test_rows_sorted_by_something_else_are_to_be_sorted_by_time(key, named):
    rows = [
        f"{i / 20:.6f},{'pelvis' if i % 2 else 'ankle'},{i},,{i * 37 % 101 / 10},0.2,9.8,1.0,2.0,3.0\n"
        for i in range(700)
    ]
    error = refusal(HEADER + COLUMN_ROW + "".join(sorted(rows, key=key)))
    assert error.code == "time_backwards"
    assert named in error.message
    assert "Sort the rows by time_s" in error.hint
    assert "cut the file" not in error.hint


def test_rows_sorted_by_sensor_are_read_as_if_interleaved():
    rows = ROWS.splitlines(keepends=True)
    apart = sorted(rows, key=lambda row: "ankle" in row)
    assert apart != rows
    one, other = (parse(HEADER + COLUMN_ROW + "".join(body)) for body in (rows, apart))
    for mine, same in zip(one.blocks, other.blocks, strict=True):
        np.testing.assert_array_equal(mine.time_s, same.time_s)
        np.testing.assert_array_equal(mine.acc_mps2, same.acc_mps2)


def test_decreasing_time_names_the_line_after_notes_too():
    rows = ROWS.splitlines(keepends=True)
    error = refusal("".join([HEADER, COLUMN_ROW, rows[0], "# @0 tap: both\n", "\n", rows[3], rows[0]]))
    assert error.code == "time_backwards"
    assert f"line {FIRST_ROW_LINE + 4}:" in error.message
    assert "0.021000" in error.message


def test_a_sensor_clock_with_gaps_is_cautioned():
    (caution,) = parse(with_cell(1, 3, "")).cautions
    assert caution.code == "missing_device_time"
    assert f"line {FIRST_ROW_LINE + 1}:" in caution.message


def test_lines_are_numbered_correctly_far_into_a_long_file():
    count = 120_000
    rows = [f"{i / 200:.6f},ankle,{i},,0.10000,0.20000,9.80000,1.0000,2.0000,3.0000\n" for i in range(count)]
    for i in range(0, count, 10_000):
        rows[i] += f"# @{i / 200} tap: both\n"
    recording = parse(HEADER + COLUMN_ROW + "".join(rows))
    np.testing.assert_array_equal(recording.ankle.sample, np.arange(count))
    assert len(recording.notes) == 12
    rows[99_999] = rows[99_999].replace("9.80000", "nan")
    assert f"line {FIRST_ROW_LINE + 99_999 + 10}:" in refusal(HEADER + COLUMN_ROW + "".join(rows)).message


# --- files ------------------------------------------------------------------------------------------


def test_loads_a_file_and_keeps_the_path_as_given(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text(WHOLE)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(WHOLE.encode()))
    monkeypatch.chdir(tmp_path)
    assert load("a.csv").file == "a.csv"
    assert load(Path("b.csv.gz")).file == "b.csv.gz"
    assert_same(load("b.csv.gz"), load("a.csv"))


def test_missing_files_and_folders_are_access_errors(tmp_path):
    for path, code in ((tmp_path / "none.csv", "not_found"), (tmp_path, "is_folder")):
        with pytest.raises(FileAccessError) as caught:
            load(path)
        assert caught.value.code == code
        assert str(path) in caught.value.message


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_a_file_without_permission_is_an_access_error(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(WHOLE)
    path.chmod(0)
    with pytest.raises(FileAccessError) as caught:
        load(path)
    assert caught.value.code == "permission"


def test_an_empty_file_is_a_recording_error(tmp_path):
    path = tmp_path / "a.csv"
    path.touch()
    with pytest.raises(RecordingError) as caught:
        load(path)
    assert caught.value.code == "empty_file"
    assert str(path) in caught.value.message


def test_an_unfinished_recording_of_our_own_is_reported_as_broken_off():
    begun_here = WHOLE.replace("# ankle.counter", "# ankle.host_id: F0:00:00:00:00:02\n# ankle.counter")

    (caution,) = parse(begun_here).cautions
    assert caution.code == "broken_off"
    assert "broke off after 0 s" in caution.message
    assert caution_codes(begun_here + "# @0.021000 end: user\n") == []
    assert caution_codes(WHOLE) == []  # files of other programs need no end note


@pytest.mark.parametrize(
    "changed",
    [
        WHOLE.replace("recording/1", "recording/1 " + "9" * 100_000),
        WHOLE.replace("side: left", "side: left" + "9" * 100_000),
        WHOLE.replace("gyr_z_dps\n", "gyr_z_dps" + "9" * 100_000 + "\n"),
        with_cell(0, 4, "1" * 100_000),
        with_cell(0, 4, "1" * 1_000_000 + "x"),
        with_cell(0, 0, "1" * 100_000 + ":00"),
    ],
)
def test_endless_content_is_refused_at_once_and_quoted_in_part(changed):
    before_s = time.process_time()
    error = refusal(changed)
    assert time.process_time() - before_s < 2.0
    assert len(str(error)) < 600


def test_endless_content_in_an_irrelevant_line_is_quoted_in_part():
    endless = "9" * 5000
    endless_comments = (
        "created: " + endless,
        "set: " + endless,
        "ankle.rate_hz: " + endless,
        *[f"{endless}: one"] * 2,
    )
    lines = "".join(f"# {line}\n" for line in endless_comments)
    recording = parse(HEADER + lines + "# @1.0 pain: " + endless + "\n" + COLUMN_ROW + ROWS)
    codes = {caution.code for caution in recording.cautions}
    assert codes == {"unread_header_value", "duplicate_header_key"}
    assert all(len(caution.message) < 300 for caution in recording.cautions)
    assert recording.notes[-1].value == endless


def test_a_tempo_keeps_all_its_decimals():
    tempo = Tempo(4.25, 0.0, 2.001, 0.0)
    text = header_text(Header(tempo_target=tempo))
    assert "# tempo_target: 4.25-0.0-2.001-0.0\n" in text
    assert parse(text + COLUMN_ROW + ROWS).header.tempo_target == tempo


@pytest.mark.parametrize(
    ("column", "begins", "factor", "said", "hint"),
    [
        (3, 1_763_200_000, 1e9, "nanoseconds", "divide by 1e9"),
        (3, 9.8, 1e9, "nanoseconds", "divide by 1e9"),
        (3, 1_763_200_000, 1e3, "milliseconds", "divide by 1000"),
        (0, 1_763_200_000, 1e6, "microseconds", "divide by 1e6"),
        (0, 1_763_200_000, 1.0, "seconds since another moment", "subtract the first row's"),
    ],
)
def test_times_beyond_all_bounds_are_named_in_their_unit_and_no_other(column, begins, factor, said, hint):
    rows = [ROWS.splitlines()[0].split(",") for _ in range(40)]
    for number, row in enumerate(rows):
        row[0], row[2] = f"{number / 100:.6f}", str(number)
        row[column] = (
            f"{(begins + number / 100) * factor:.0f}" if factor > 1.0 else f"{begins + number / 100}"
        )
    error = refusal(HEADER + COLUMN_ROW + "".join(",".join(row) + "\n" for row in rows))
    assert error.code == "time_beyond"
    assert said in error.message
    assert f"({hint})" in error.hint


def test_a_dash_for_a_minus_is_named():
    error = refusal(with_cell(2, 5, "\u20130.97"))
    assert error.code == "not_a_number"
    assert "minus" in error.hint


def test_a_second_row_of_column_names_in_capitals_is_named_too():
    lines = ROWS.splitlines(keepends=True)
    error = refusal(HEADER + COLUMN_ROW + lines[0] + COLUMN_ROW.upper() + "".join(lines[1:]))
    assert error.code == "second_header"
    assert "leave out this one line" in error.hint


def test_a_column_of_another_name_needs_no_conversion():
    error = refusal(HEADER + COLUMN_ROW.replace("time_s", "T_S", 1) + ROWS)
    assert error.code == "missing_column"
    assert "time_s" in error.message
    assert "name alone" in error.hint


@pytest.mark.parametrize(
    ("version", "hint"),
    [
        ("2", "Update imu-reps, or convert the file."),
        ("1.0", "Write '# format: imu-reps-recording/1' there."),
        ("1;", "Write '# format: imu-reps-recording/1' there."),
    ],
)
def test_only_a_later_version_of_the_format_asks_for_an_update(
    version: str, hint: str, tmp_path: Path
) -> None:
    path = tmp_path / "set.csv"
    path.write_text(WHOLE.replace("recording/1", f"recording/{version}"))
    with pytest.raises(RecordingError) as caught:
        load(path)

    assert (caught.value.code, caught.value.hint) == ("unknown_format", hint)
