"""Comparison of two results."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imu_reps import Settings
from imu_reps.errors import FileAccessError
from imu_reps.fleet.dataset import compare, comparison_lines

Done = Callable[..., Any]


def lines(older: Path, newer: Path) -> list[str]:
    return comparison_lines(compare(str(older), str(newer)))


def test_equal_results_have_no_differences(sets: Path, tmp_path: Path, done: Done) -> None:
    done(sets, tmp_path / "old")
    done(sets, tmp_path / "new", row_format="csv")

    assert lines(tmp_path / "old", tmp_path / "new") == [
        "single leg raise, about 100 Hz: 0 of 3 recordings come out differently.",
        "single leg raise bent, about 100 Hz: 0 of 3 recordings come out differently.",
    ]


def test_differences_are_listed_by_exercise_with_frequency_and_size(
    sets: Path, tmp_path: Path, done: Done
) -> None:
    """With a limit that no lowering keeps, every repetition is unclean."""
    done(sets, tmp_path / "old")
    done(
        sets, tmp_path / "new", settings=Settings(one_leg_eccentric_flag_s=3.0, one_leg_eccentric_watch_s=3.5)
    )
    compared = lines(tmp_path / "old", tmp_path / "new")

    assert compared[0] == "single leg raise, about 100 Hz: 3 of 3 recordings come out differently."
    assert "  set.clean_count: in 3 files, by at most 1" in compared
    assert "  reps.flags: in 3 files" in compared


def test_files_in_one_result_only_and_new_errors_are_counted(sets: Path, tmp_path: Path, done: Done) -> None:
    done(sets, tmp_path / "old")
    (sets / "set000.csv").write_bytes(b"no recording\n")
    (sets / "set001.csv").unlink()
    shutil.copy(sets / "set002.csv", sets / "broken.csv")
    shutil.copy(sets / "set002.csv", sets / "new.csv")
    done(sets, tmp_path / "new")
    found = compare(str(tmp_path / "old"), str(tmp_path / "new"))

    # a file that no longer exists keeps its rows only in the result that had it
    assert (found.only_older, found.new_errors) == (2, 1)
    assert (found.only_newer, found.gone_errors) == (2, 1)
    assert comparison_lines(found)[-2:] == [
        "2 recordings no longer summed up, 1 of them errors now.",
        "2 recordings summed up that were not before, 1 of them errors before.",
    ]


def test_a_recording_with_a_corrected_date_is_compared_with_itself(
    sets: Path, tmp_path: Path, done: Done
) -> None:
    done(sets, tmp_path / "old")
    text = (sets / "set000.csv").read_bytes()
    (sets / "set000.csv").write_bytes(text.replace(b"created: 2026-11-21", b"created: 2026-12-24"))
    done(sets, tmp_path / "new")
    found = compare(str(tmp_path / "old"), str(tmp_path / "new"))

    assert (found.only_older, found.only_newer) == (0, 0)
    assert sum(group.recordings for group in found.changes.values()) == 6


def test_an_invalid_result_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError) as caught:
        compare(str(tmp_path), str(tmp_path))
    assert caught.value.code == "no_batch"
