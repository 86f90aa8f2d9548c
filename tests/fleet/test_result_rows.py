"""The columns of the tables, checked against their version, and sets restored from them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from imu_reps import analyze_partition
from imu_reps.fleet.result_rows import BATCH_FORMAT, RowFormat, decode, encode, table_columns, to_rows, to_set
from imu_reps.storage.plain_json import plain

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
