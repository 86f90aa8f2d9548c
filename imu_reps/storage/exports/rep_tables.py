"""Rows of repetitions and of angles as CSV and Parquet; units stand in the columns' names, and in Parquet."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from imu_reps.domain.foreign_text import spreadsheet_cell
from imu_reps.domain.rep_rows import unit_of
from imu_reps.errors import need
from imu_reps.storage.file_access import save_document
from imu_reps.storage.plain_json import DECIMALS

if TYPE_CHECKING:
    import pandas as pd

#: Stands in the footer of every Parquet file of ours.
_PARQUET_MARK = "imu-reps-table/1"


def save_csv(frames: Sequence[pd.DataFrame], path: str | os.PathLike[str], *, force: bool = False) -> None:
    """Write tables of the same columns as one; not measured is empty; `force` replaces an older such table.

    Raises
    ------
    FileAccessError
        As `imu_reps.storage.file_access.save_document`.
    """
    table = _joined(frames)
    for name in table.select_dtypes(["string", "object"]).columns:
        table[name] = table[name].map(spreadsheet_cell, na_action="ignore")
    text = table.to_csv(index=False, lineterminator="\n")
    save_document(path, text, mark=",".join(table.columns) + "\n", force=force)


def save_parquet(
    frames: Sequence[pd.DataFrame], path: str | os.PathLike[str], *, force: bool = False
) -> None:
    """Write tables of the same columns as one; each column's metadata has its unit.

    Raises
    ------
    FileAccessError
        As `imu_reps.storage.file_access.save_document`.
    UsageError
        ``missing_extra``: pyarrow is not installed.
    """
    need("parquet", "pyarrow")
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(_joined(frames), preserve_index=False)
    fields = [field.with_metadata({"unit": unit_of(field.name)}) for field in table.schema]
    marked = {**(table.schema.metadata or {}), b"format": _PARQUET_MARK.encode()}
    file = io.BytesIO()
    pq.write_table(table.cast(pa.schema(fields, metadata=marked)), file)
    save_document(path, file.getvalue(), mark=_PARQUET_MARK, force=force)


def _joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One table, floats rounded to what sensors resolve, without negative zeros."""
    import pandas as pd

    table = pd.concat(frames, ignore_index=True)
    floats = table.select_dtypes(["float64"]).columns
    table[floats] = table[floats].round(DECIMALS) + 0.0
    return table
