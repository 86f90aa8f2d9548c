"""Convert results to rows of four tables (``imu-reps-batch/1``, docs/fleet.md#columns) and back.

Tables are encoded as Parquet or CSV, and decoded.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields
from functools import cache
from operator import itemgetter
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from imu_reps.domain.rep import Fault, Rep
from imu_reps.domain.summary import RecordingSummary, SensorSummary, SetSummary, StoredSet
from imu_reps.domain.untrusted import spreadsheet_cell, text_of_cell
from imu_reps.errors import require_extra
from imu_reps.fleet.analyze_many import BatchError, BatchResult
from imu_reps.report.findings import finding_text
from imu_reps.storage.plain_json import parse_json, plain

#: Changes if a column is renamed or removed, not if one is added.
BATCH_FORMAT = "imu-reps-batch/1"

#: Partition columns, from the outermost folder.
PARTITIONS = ("exercise", "day")

Row = dict[str, Any]

_OF_STORED = ("person", "session", "set_number", "pain", "effort")
_PLACES = ("pelvis", "ankle")
#: Nested values stored in one cell as JSON.
_TREES = ("trend", "partials", "findings", "settings")


@dataclass(frozen=True, slots=True)
class ResultRows:
    """A `BatchResult` as rows; numbers as in the JSON summary."""

    file: str
    content: str | None
    version: str
    exercise: str | None
    day: str | None
    error: BatchError | None
    tables: dict[str, list[Row]]

    @property
    def is_as_known(self) -> bool:
        """Whether nothing was done because the content is unchanged."""
        return not self.tables


def to_rows(result: BatchResult) -> ResultRows:
    """Convert a result to the rows of each table."""
    tables: dict[str, list[Row]] = {}
    if result.stored is not None:
        tables = _rows_of_set(result.stored, {"file": result.file}, result)
    elif result.error is not None:
        of_file = {name: getattr(result, name) for name in ("file", "content", "version")}
        tables = {"errors": [of_file | plain(result.error)]}
    return ResultRows(
        result.file, result.content, result.version, result.exercise, result.day, result.error, tables
    )


def _rows_of_set(stored: StoredSet, of_file: Row, result: BatchResult) -> dict[str, list[Row]]:
    tree = plain(stored)
    summary = tree["summary"]
    summary["findings"] = [
        {"message": finding_text(found), **tree_of_one}
        for found, tree_of_one in zip(stored.summary.findings, summary["findings"], strict=True)
    ]
    trees = {"trend": summary["set"].pop("trend"), **{name: summary[name] for name in _TREES[1:]}}
    row = of_file | {"content": result.content, "version": result.version}
    row |= {name: tree[name] for name in _OF_STORED}
    row |= {name: summary["recording"][name] for name in _columns_of_recording()}
    for place in _PLACES:
        sensor = summary["sensors"][place] or {}
        row |= {f"{place}_{name}": sensor.get(name) for name in _names(SensorSummary)}
    row |= {f"zero_{name}": value for name, value in summary["zero"].items()}
    row |= summary["set"] | {name: json.dumps(value, separators=(",", ":")) for name, value in trees.items()}
    reps, faults = [], []
    for rep in summary["reps"]:
        faults += [of_file | {"rep": rep["number"]} | fault for fault in rep.pop("faults")]
        reps.append(of_file | rep)
    return {name: rows for name, rows in (("sets", [row]), ("reps", reps), ("faults", faults)) if rows}


def to_set(row: Row, reps: list[Row], faults: list[Row]) -> StoredSet:
    """Rebuild a set from its row of ``sets`` and its rows of ``reps`` and ``faults``.

    Parameters
    ----------
    row : dict
        With its partition's ``exercise``.
    reps, faults : list of dict
        Rows of this set.

    Raises
    ------
    ValueError
        If the rows do not form a set.
    """
    trees = {name: parse_json(row[name], Any) for name in _TREES}
    sensors = {
        place: {name: row[f"{place}_{name}"] for name in _names(SensorSummary)}
        if row[f"{place}_samples"] is not None
        else None
        for place in _PLACES
    }
    of_rep: dict[int, list[Row]] = {}
    for fault in faults:
        of_rep.setdefault(fault["rep"], []).append(fault)
    summary = {
        "format": "imu-reps-summary/1",
        "version": row["version"],
        "recording": {name: row[name] for name in _names(RecordingSummary)},
        "sensors": sensors,
        "zero": {"time_s": row["zero_time_s"], "reason": row["zero_reason"]},
        "reps": [
            rep | {"faults": of_rep.get(rep["number"], [])} for rep in sorted(reps, key=itemgetter("number"))
        ],
        "set": {name: trees[name] if name == "trend" else row[name] for name in _names(SetSummary)},
        **{name: trees[name] for name in _TREES[1:]},
    }
    stored = {name: row[name] for name in ("file", *_OF_STORED)} | {"summary": summary}
    return msgspec.convert(stored, StoredSet)


@cache
def table_columns() -> dict[str, dict[str, str]]:
    """Return the columns of each table with their Arrow types, without partition columns."""
    file = {"file": "string"}
    made = {"content": "string", "version": "string"}
    recording, of_set = _types(RecordingSummary), _types(SetSummary)
    sensor = _types(SensorSummary)
    stored = _types(StoredSet)
    fault = _types(Fault)
    sets = file | made | {name: stored[name] for name in _OF_STORED}
    sets |= {name: recording[name] for name in _columns_of_recording()}
    sets |= {f"{place}_{name}": kind for place in _PLACES for name, kind in sensor.items()}
    sets |= {"zero_time_s": "double", "zero_reason": "string"}
    sets |= {name: kind for name, kind in of_set.items() if name != "trend"}
    return {
        "sets": sets | dict.fromkeys(_TREES, "string"),
        "reps": file | {name: kind for name, kind in _types(Rep).items() if name != "faults"},
        "faults": file | {"rep": "int64"} | fault,
        "errors": file | made | _types(BatchError),
    }


def _columns_of_recording() -> tuple[str, ...]:
    return tuple(name for name in _names(RecordingSummary) if name not in ("file", *PARTITIONS))


def _names(of: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(of))


def _types(of: type) -> dict[str, str]:
    hints = get_type_hints(of)
    return {name: _arrow_type(hints[name]) for name in _names(of)}


def _arrow_type(hint: Any) -> str:
    if get_origin(hint) in (Union, UnionType):
        hint = next(one for one in get_args(hint) if one is not type(None))
    if get_origin(hint) is Literal or hint is str:
        return "string"
    if get_origin(hint) is tuple:
        return "list<string>"
    return {int: "int64", float: "double", bool: "bool"}.get(hint, "string")


RowFormat = Literal["parquet", "csv"]


def encode(table: str, rows: Sequence[Row], row_format: RowFormat) -> bytes:
    """Encode rows to a file with all columns of the table.

    Parquet files omit the partition columns, as is usual for Hive partitions.

    Raises
    ------
    UsageError
        ``missing_extra``.
    """
    return _parquet(table, rows) if row_format == "parquet" else _csv(table, rows)


def decode(table: str, content: bytes, row_format: RowFormat) -> list[Row]:
    """Decode the rows of a file made by `encode`.

    Raises
    ------
    ValueError
        If the content is invalid.
    UsageError
        ``missing_extra``.
    """
    return _from_parquet(content) if row_format == "parquet" else _from_csv(table, content)


def remove_rows(
    table: str, content: bytes, files: Collection[str], row_format: RowFormat
) -> tuple[bytes, int]:
    """Return a file without the rows of some recordings, and the number of rows left."""
    gone = set(files)
    rows = [row for row in decode(table, content, row_format) if row["file"] not in gone]
    return encode(table, rows, row_format), len(rows)


def _parquet(table: str, rows: Sequence[Row]) -> bytes:
    require_extra("batch", "pyarrow")
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {"list<string>": pa.list_(pa.string())}
    fields = [
        pa.field(name, kinds.get(kind) or pa.type_for_alias(kind))
        for name, kind in table_columns()[table].items()
    ]
    schema = pa.schema(fields, metadata={"imu_reps": BATCH_FORMAT})
    stream = io.BytesIO()
    # zstd halves the size of snappy
    parquet.write_table(pa.Table.from_pylist(list(rows), schema), stream, compression="zstd")
    return stream.getvalue()


def _from_parquet(content: bytes) -> list[Row]:
    require_extra("batch", "pyarrow")
    import pyarrow as pa
    from pyarrow import parquet

    try:
        found = parquet.ParquetFile(io.BytesIO(content)).read()
    except (pa.ArrowException, OSError) as error:
        raise ValueError(str(error)) from error
    _refuse_unnamed(found.column_names)
    rows: list[Row] = found.to_pylist()
    return rows


def _refuse_unnamed(columns_found: Collection[str] | None) -> None:
    if "file" not in (columns_found or ()):
        raise ValueError("it has no column file")


def _csv(table: str, rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, [*PARTITIONS, *table_columns()[table]], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode("utf-8")


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return spreadsheet_cell(" ".join(value) if isinstance(value, list) else value)


def _from_csv(table: str, content: bytes) -> list[Row]:
    kinds = table_columns()[table] | dict.fromkeys(PARTITIONS, "string")
    rows = csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""), restval="")
    _refuse_unnamed(rows.fieldnames)
    return [{name: _VALUES[kinds[name]](text) for name, text in row.items() if name in kinds} for row in rows]


def _text(cell: str) -> str | None:
    return text_of_cell(cell) or None


#: Parser of cells by type; empty cells are None.
_VALUES: dict[str, Callable[[str], Any]] = {
    "string": _text,
    "double": lambda cell: float(cell) if cell else None,
    "int64": lambda cell: int(cell) if cell else None,
    "bool": lambda cell: cell == "true" if cell else None,
    "list<string>": str.split,
}
