"""Result rows of a batch and their comparison."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imu_reps import Settings, analyze_partition
from imu_reps.errors import FileAccessError
from imu_reps.fleet.dataset import comparison_lines
from imu_reps.fleet.result_rows import BATCH_FORMAT, RowFormat, decode, encode, table_columns, to_rows, to_set
from imu_reps.storage.plain_json import plain

Done = Callable[..., Any]


def lines(older: Path, newer: Path) -> list[str]:
    return comparison_lines(str(older), str(newer))


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

    # a file that no longer exists keeps its rows only in the result that had it
    assert lines(tmp_path / "old", tmp_path / "new")[-2:] == [
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

    assert lines(tmp_path / "old", tmp_path / "new") == [
        "single leg raise, about 100 Hz: 0 of 3 recordings come out differently.",
        "single leg raise bent, about 100 Hz: 0 of 3 recordings come out differently.",
    ]


def test_an_invalid_result_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError) as caught:
        lines(tmp_path, tmp_path)
    assert caught.value.code == "no_batch"


ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).with_name("imu-reps-batch-1.json")


def test_no_column_of_this_version_was_renamed_removed_or_given_another_type() -> None:
    """New columns may be added; then they are added to the stored file."""
    assert {"format": BATCH_FORMAT, "columns": table_columns()} == json.loads(
        KEPT.read_text(encoding="utf-8")
    )


def test_the_page_names_every_column() -> None:
    pages = (ROOT / "imu_reps/docs/fleet.md").read_text(encoding="utf-8")
    pages += (ROOT / "imu_reps/docs/definitions.md").read_text(encoding="utf-8")
    pages += (ROOT / "imu_reps/docs/summary-json.md").read_text(encoding="utf-8")
    around = re.compile(r"^(pelvis|ankle)_(?=\w+_|sensor|samples|lost|alignment)|_(mean|sd)$")
    names = {around.sub("", name) for table in table_columns().values() for name in table}

    assert [name for name in sorted(names) if name not in pages] == []


@pytest.mark.parametrize("row_format", ["parquet", "csv"])
@pytest.mark.parametrize("name", ["back_arch_fatigue", "packet_loss", "heel_taps"])
def test_a_set_is_restored_from_its_rows(name: str, row_format: RowFormat) -> None:
    """Includes faults, findings, partials and trend; numbers are rounded as in the JSON summary."""
    (result,) = analyze_partition([ROOT / "recordings" / f"{name}.csv"])
    rows = to_rows(result)
    stored_rows = {
        table: decode(table, encode(table, of_table, row_format), row_format)
        for table, of_table in rows.tables.items()
    }
    (row,) = stored_rows["sets"]
    restored = to_set(row | {"exercise": rows.exercise}, stored_rows["reps"], stored_rows.get("faults", []))

    assert plain(restored) == plain(result.stored)


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "-1+1", "it's", 'a,b\n"c"'])
def test_foreign_text_is_no_formula_in_a_spreadsheet(text: str) -> None:
    row = {
        "file": "a.csv",
        "content": None,
        "version": "1",
        "code": "c",
        "message": text,
        "hint": "",
        "exit_code": 4,
    }
    written = encode("errors", [row], "csv").decode()
    (read,) = decode("errors", written.encode(), "csv")

    assert not [cell for cell in written.splitlines()[1].split(",") if cell.startswith(("=", "-", "+", "@"))]
    assert read["message"] == json.dumps(text)[1:-1].replace('\\"', '"')
