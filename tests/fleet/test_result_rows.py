"""The columns of the tables, held to their version, and what comes back from them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from imu_reps import analyze_partition
from imu_reps.fleet.result_rows import BATCH_FORMAT, columns, rows_of, set_of
from imu_reps.fleet.row_files import RowFormat, decode, encode
from imu_reps.storage.plain_json import plain

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).with_name("imu-reps-batch-1.json")


def test_no_column_of_this_version_was_renamed_removed_or_given_another_type() -> None:
    """New ones may come: then they are added to the file that is kept."""
    assert {"format": BATCH_FORMAT, "columns": columns()} == json.loads(KEPT.read_text(encoding="utf-8"))


def test_the_page_names_every_column() -> None:
    told = (ROOT / "imu_reps/docs/fleet.md").read_text(encoding="utf-8")
    told += (ROOT / "imu_reps/docs/definitions.md").read_text(encoding="utf-8")
    told += (ROOT / "imu_reps/docs/summary-json.md").read_text(encoding="utf-8")
    around = re.compile(r"^(pelvis|ankle)_(?=\w+_|sensor|samples|lost|alignment)|_(mean|sd)$")
    names = {around.sub("", name) for table in columns().values() for name in table}

    assert [name for name in sorted(names) if name not in told] == []


@pytest.mark.parametrize("row_format", ["parquet", "csv"])
@pytest.mark.parametrize("name", ["back_arch_fatigue", "packet_loss", "heel_taps"])
def test_a_set_comes_back_from_its_rows_as_it_was(name: str, row_format: RowFormat) -> None:
    """With its faults, findings, partials and trend; numbers rounded as in the JSON summary."""
    (result,) = analyze_partition([ROOT / "recordings" / f"{name}.csv"])
    rows = rows_of(result)
    kept = {
        table: decode(table, encode(table, of_table, row_format), row_format)
        for table, of_table in rows.tables.items()
    }
    (row,) = kept["sets"]
    back = set_of(row | {"exercise": rows.exercise}, kept["reps"], kept.get("faults", []))

    assert plain(back) == plain(result.stored)


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "-1+1", "it's", 'a,b\n"c"'])
def test_text_of_strangers_is_no_formula_in_a_spreadsheet(text: str) -> None:
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
