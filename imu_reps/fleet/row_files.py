"""Rows of one table as the bytes of a Parquet or a CSV file, and back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Sequence
from typing import Any, Literal

from imu_reps.domain.foreign_text import FORMULA, spreadsheet_cell
from imu_reps.errors import need
from imu_reps.fleet.result_rows import BATCH_FORMAT, PARTITIONS, Row, columns

RowFormat = Literal["parquet", "csv"]


def encode(table: str, rows: Sequence[Row], row_format: RowFormat) -> bytes:
    """A file of these rows, with all columns of the table.

    A Parquet file leaves out the columns of the partitions: the folders say them, as is usual there.

    Raises
    ------
    UsageError
        ``missing_extra``.
    """
    return _parquet(table, rows) if row_format == "parquet" else _csv(table, rows)


def decode(table: str, content: bytes, row_format: RowFormat) -> list[Row]:
    """The rows of a file that `encode` made.

    Raises
    ------
    ValueError
        If the content is none.
    UsageError
        ``missing_extra``.
    """
    return _from_parquet(content) if row_format == "parquet" else _from_csv(table, content)


def without(table: str, content: bytes, files: Collection[str], row_format: RowFormat) -> tuple[bytes, int]:
    """A file without the rows of some recordings, and how many rows are left."""
    gone = set(files)
    rows = [row for row in decode(table, content, row_format) if row["file"] not in gone]
    return encode(table, rows, row_format), len(rows)


def _parquet(table: str, rows: Sequence[Row]) -> bytes:
    need("batch", "pyarrow")
    import pyarrow as pa
    from pyarrow import parquet

    fields = [pa.field(name, _arrow(kind)) for name, kind in columns()[table].items()]
    schema = pa.schema(fields, metadata={"imu_reps": BATCH_FORMAT})
    stream = io.BytesIO()
    # sorted by file as they come; zstd halves what snappy leaves
    parquet.write_table(pa.Table.from_pylist(list(rows), schema), stream, compression="zstd")
    return stream.getvalue()


def _arrow(kind: str) -> Any:
    import pyarrow as pa

    return pa.list_(pa.string()) if kind == "list<string>" else pa.type_for_alias(kind)


def _from_parquet(content: bytes) -> list[Row]:
    need("batch", "pyarrow")
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
    writer = csv.DictWriter(text, [*PARTITIONS, *columns()[table]], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode("utf-8")


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return spreadsheet_cell(" ".join(value) if isinstance(value, list) else value)


def _from_csv(table: str, content: bytes) -> list[Row]:
    kinds = columns()[table] | dict.fromkeys(PARTITIONS, "string")
    rows = csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""), restval="")
    _refuse_unnamed(rows.fieldnames)
    return [{name: _VALUES[kinds[name]](text) for name, text in row.items() if name in kinds} for row in rows]


def _text(cell: str) -> str | None:
    guarded = cell.startswith("'") and cell[1:].startswith(FORMULA)
    return (cell[1:] if guarded else cell) or None


#: How a cell of each type is read; an empty one is None.
_VALUES: dict[str, Callable[[str], Any]] = {
    "string": _text,
    "double": lambda cell: float(cell) if cell else None,
    "int64": lambda cell: int(cell) if cell else None,
    "bool": lambda cell: cell == "true" if cell else None,
    "list<string>": str.split,
}
