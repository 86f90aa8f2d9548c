"""Recordings rewritten by other programs are read as before; no value changes."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from imu_reps import Recording, load
from imu_reps.errors import FileAccessError, RecordingError
from imu_reps.storage.recording import parse_recording
from imu_reps.storage.recording.format import SizeLimits

COLUMNS = 10
LINES = (
    "# format: imu-reps-recording/1",
    "# exercise: single_leg_raise",
    "# side: left",
    "# ankle.sensor: witmotion, the red one",
    "# ankle.rate_hz: 100",
    "time_s,sensor,sample,device_time_s,acc_x_mps2,acc_y_mps2,acc_z_mps2,gyr_x_dps,gyr_y_dps,gyr_z_dps",
    "0.000000,ankle,0,495.250730,-0.97444,-3.36146,9.81383,-0.6409,0.7019,0.7629",
    "0.004000,pelvis,7,,0.12000,0.22000,9.93000,-0.2747,-0.0916,0.0610",
    "# @0.010 tap: both",
    "0.021000,ankle,1,495.260730,-0.97000,-3.36000,9.81000,-0.6400,0.7000,0.7600",
)
PLAIN = "\n".join(LINES) + "\n"


def of_lines(comment: Callable[[str], str], row: Callable[[str], str]) -> str:
    return "".join((comment if line.startswith("#") else row)(line) + "\n" for line in LINES)


def quoted(line: str, separator: str = ",") -> str:
    return separator.join(f'"{cell}"' for cell in line.split(","))


def german(line: str) -> str:
    return line.replace(",", ";").replace(".", ",")


def numbered_rows() -> str:
    count = iter(range(100))
    return of_lines(str, lambda line: ("" if line.startswith("time_s") else str(next(count))) + "," + line)


WRITTEN: dict[str, bytes] = {
    "a byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "CRLF": PLAIN.replace("\n", "\r\n").encode(),
    "CR": PLAIN.replace("\n", "\r").encode(),
    "LF, then CRLF, then CR": (
        "\n".join(PLAIN.split("\n")[:15])
        + "\n"
        + "\r\n".join(PLAIN.split("\n")[15:20])
        + "\r\n"
        + "\r".join(PLAIN.split("\n")[20:])
    ).encode(),
    "Excel": of_lines(lambda c: c + "," * (COLUMNS - 1 - c.count(",")), str).replace("\n", "\r\n").encode(),
    "Excel, quoted comments": of_lines(lambda c: f'"{c}"' + "," * (COLUMNS - 1), str).encode(),
    "Excel, rows that were deleted": (
        of_lines(lambda c: c + "," * (COLUMNS - 1), str) + "," * (COLUMNS - 1) + "\n"
    ).encode(),
    "German Excel": of_lines(lambda c: c + ";" * (COLUMNS - 1), german).encode(),
    "German Excel, UTF-16 with tabs": of_lines(str, lambda r: german(r).replace(";", "\t")).encode("utf-16"),
    "UTF-16 without a mark": PLAIN.encode("utf-16-le"),
    "UTF-16 without a mark, big end first": PLAIN.encode("utf-16-be"),
    "column names in capitals": PLAIN.replace(LINES[5], LINES[5].upper()).encode(),
    "column names in capitals, with quotes": of_lines(
        str, lambda line: quoted(line.title() if line.startswith("time_s") else line)
    ).encode(),
    "typographic minus signs": of_lines(str, lambda line: line.replace("-", "\u2212")).encode(),
    "German Excel, typographic minus signs": of_lines(
        lambda c: c + ";" * (COLUMNS - 1), lambda line: german(line).replace("-", "\u2212")
    ).encode(),
    "sep=,": ("sep=,\n" + PLAIN).encode(),
    "sep=;": ("sep=;\n" + of_lines(str, german)).encode(),
    "R": of_lines(str, quoted).encode(),
    "R, comments too": of_lines(lambda c: f'"{c}"', quoted).encode(),
    "R, NA": of_lines(str, lambda line: quoted(line).replace('""', "NA")).encode(),
    "pandas, with its index": numbered_rows().encode(),
    "commas at the ends": of_lines(str, lambda line: line + ",").encode(),
    "blank rows of commas": (PLAIN + ("," * (COLUMNS - 1) + "\n") * 2).encode(),
    "R, NA without quotes": of_lines(str, lambda line: line.replace(",,", ",NA,")).encode(),
    "pandas, nan": of_lines(str, lambda line: line.replace(",,", ",nan,")).encode(),
    "gzip": gzip.compress(PLAIN.encode()),
}


@pytest.fixture(scope="module")
def plain() -> Recording:
    return parse_recording(PLAIN.encode(), name="set.csv")


@pytest.mark.parametrize("by", WRITTEN)
def test_files_rewritten_by_other_programs_are_read_as_before(by: str, plain: Recording) -> None:
    found = parse_recording(WRITTEN[by], name="set.csv")

    assert (found.header.side, found.header.ankle) == ("left", plain.header.ankle)
    assert found.notes == plain.notes
    assert found.cautions == ()
    for block, other in zip(found.blocks, plain.blocks, strict=True):
        for name in ("time_s", "sample", "device_time_s", "acc_mps2", "gyr_dps"):
            assert np.array_equal(getattr(block, name), getattr(other, name), equal_nan=True), name


@pytest.mark.parametrize("by", WRITTEN)
def test_an_error_names_the_line_of_the_actual_file(by: str) -> None:
    if by == "gzip" or "UTF-16" in by:
        pytest.skip("its bytes cannot be spoilt in place")
    spoilt = WRITTEN[by].replace(b"pelvis", b"wrist_")
    with pytest.raises(RecordingError, match=f"line {9 if by.startswith('sep') else 8}:") as error:
        parse_recording(spoilt, name="set.csv")
    assert error.value.code == "unknown_sensor"


def test_numbers_shown_as_hashes_and_times_of_day_are_named_without_advice_to_delete_rows() -> None:
    for cell, named in (("########", "column was too narrow"), ("07:30:00.5", "time of day")):
        with pytest.raises(RecordingError) as error:
            parse_recording(PLAIN.replace("0.021000", cell).encode(), name="set.csv")
        assert "line 10:" in error.value.message
        assert named in f"{error.value.message} {error.value.hint}"
        assert "delete" not in error.value.hint


def test_a_block_of_rows_pasted_twice_is_reported_as_such() -> None:
    again = "\n".join(LINES[6:8]) + "\n"
    with pytest.raises(RecordingError, match=r"line 11: .*those from line 7 on, pasted twice") as error:
        parse_recording((PLAIN + again).encode(), name="set.csv")
    assert "add" not in error.value.hint


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    for path in (pipe, Path(os.devnull)):
        with pytest.raises(FileAccessError) as error:
            load(path)
        assert error.value.code == "no_file"


def test_files_that_decompress_to_more_than_any_set_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imu_reps.storage.recording.format.LIMITS", SizeLimits(max_bytes=1 << 20))
    for text in (PLAIN + LINES[-1] + "\n" * (2 << 20), PLAIN + (LINES[-1] + "\n") * 20_000):
        for content in (text.encode(), gzip.compress(text.encode())):
            with pytest.raises(RecordingError) as error:
                parse_recording(content, name="set.csv")
            assert error.value.code == "too_large"


def test_a_comment_of_very_many_separators_is_read_at_once() -> None:
    before_s = time.process_time()
    long = PLAIN.replace("# side: left", "# side: left,,,,\n# remark: " + "," * 200_000 + "x")
    found = parse_recording(long.encode(), name="set.csv")

    assert time.process_time() - before_s < 2.0
    assert found.header.side == "left"
