"""Sample rows of a recording: blocks of lines to arrays, and arrays to lines."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from imu_reps.domain.frames import ACC_COLUMNS, GYR_COLUMNS
from imu_reps.domain.samples import (
    MAX_CLOCK_S,
    MAX_S,
    SENSOR_PLACES,
    BoolArray,
    FloatArray,
    IntArray,
    SampleBlock,
    SensorPlace,
)
from imu_reps.storage.recording.format import (
    COLUMNS,
    decode_line,
    fault,
    finite_number,
    shown,
)

_FLOAT_COLUMNS = tuple(column for column in COLUMNS if column not in ("sensor", "sample"))
_DTYPES = dict.fromkeys(_FLOAT_COLUMNS, np.dtype(np.float64)) | {
    "sample": np.dtype(np.int64),
    "sensor": np.dtype(np.bool_),
}
#: All that a row of numbers and the two sensor names is made of; other blocks are read with care.
_ROW_BYTES = b"0123456789.,-+\npelvisank"
_COMMA, _E = b",e"
_DIGITS = re.compile(r"[+-]?\d{1,20}", re.ASCII)
#: What the format, R, MATLAB and pandas write where a sensor has no clock.
_NO_CLOCK = ("", "NA", "NaN", "nan")
_AS_SENT = "Put in what the sensor sent; a row that it never sent is left out, and counts as lost."
_TIME_OF_DAY = "Give times in seconds as plain numbers, time_s from the first row, not as a time of day."
_ROW_FORMAT = "%.6f,%s,%d,%s,%.5f,%.5f,%.5f,%.4f,%.4f,%.4f\n"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of both sensors as they stand in the file.

    Attributes
    ----------
    line : (n,) int
        Line of the file, from 1.
    pelvis : (n,) bool
        Of the pelvis sensor; else of the ankle's.
    time_s, sample, device_time_s, acc_mps2, gyr_dps
        As in `SampleBlock`.
    """

    line: IntArray
    pelvis: BoolArray
    time_s: FloatArray
    sample: IntArray
    device_time_s: FloatArray
    acc_mps2: FloatArray
    gyr_dps: FloatArray

    def of(self, place: SensorPlace, rows: IntArray) -> SampleBlock:
        """The samples of one sensor, in rows of these indices."""
        return SampleBlock(
            place,
            self.time_s.take(rows),
            self.sample.take(rows),
            self.device_time_s.take(rows),
            self.acc_mps2.take(rows, axis=0),
            self.gyr_dps.take(rows, axis=0),
        )


def read_rows(block: bytes, line: IntArray, columns: tuple[str, ...], *, name: str) -> Rows | None:
    r"""Read whole lines of samples, none of them blank or a comment.

    Parameters
    ----------
    block : bytes
        Each line ends with ``\n``.
    line : (n,) int
        Line number of each.
    columns : tuple of str
        The ten columns in the order of the file.

    Returns
    -------
    Rows or None
        None for no lines.

    Raises
    ------
    RecordingError
        Names the first line and column that cannot be read: ``wrong_column_count``, ``unknown_sensor``,
        ``not_a_number``, ``not_text``, ``time_beyond``.
    """
    if not len(line):
        return None
    table = _read_fast(block, len(line), columns)
    if table is None:
        table = _read_with_care(block, line, columns, name)
    _refuse_beyond(table, line, name)
    acc = np.column_stack([table[column] for column in ACC_COLUMNS])
    gyr = np.column_stack([table[column] for column in GYR_COLUMNS])
    return Rows(line, table["sensor"], table["time_s"], table["sample"], table["device_time_s"], acc, gyr)


def _refuse_beyond(table: dict[str, Any], line: IntArray, name: str) -> None:
    for column, max_s in (("time_s", MAX_S), ("device_time_s", MAX_CLOCK_S)):
        beyond = np.abs(table[column]) > max_s
        if beyond.any():
            at = int(np.argmax(beyond))
            raise fault(
                name,
                int(line[at]),
                f"column {column} is {table[column][at]:.6g}: no time in seconds.",
                hint=f"Give {column} in seconds, time_s from the first row (milliseconds: divide by 1000, "
                "microseconds by 1e6, nanoseconds by 1e9).",
                code="time_beyond",
            )


def _read_fast(block: bytes, count: int, columns: tuple[str, ...]) -> dict[str, Any] | None:
    """Read by pandas, "sensor" as whether it is the pelvis'; None wherever anything looks odd."""
    import pandas as pd

    letters = np.frombuffer(block, dtype=np.uint8)
    is_comma = letters == _COMMA
    # The right number of commas and no empty last cell together mean ten cells in every row.
    odd = np.count_nonzero(is_comma) != count * (len(columns) - 1) or columns[-1] == "device_time_s"
    if odd or block.translate(None, _ROW_BYTES):
        return None
    empty_cells = bool((is_comma[1:] & is_comma[:-1]).any())
    try:
        # A number too large for its column is found below; numpy need not warn of it.
        with np.errstate(invalid="ignore"):
            frame = pd.read_csv(
                io.BytesIO(block),
                header=None,
                dtype={index: _DTYPES[column] for index, column in enumerate(columns)},
                true_values=["pelvis"],
                false_values=["ankle"],
                keep_default_na=False,
                na_values=[""],
                na_filter=empty_cells,  # looking for them takes a fifth of the time
                quoting=csv.QUOTE_NONE,
                engine="c",
                low_memory=False,
            )
    except (ValueError, OverflowError):
        return None
    table = {column: frame[index].to_numpy() for index, column in enumerate(columns)}
    # Beyond the e of exponents are three letters of ankle, five of pelvis: no name stands in a column of
    # numbers, where pandas would take it for 0 or 1.
    named = np.count_nonzero(letters > _E) == 3 * count + 2 * np.count_nonzero(table["sensor"])
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite makes its column's sum so
        finite = all(np.isfinite(table[name].sum()) for name in _FLOAT_COLUMNS if name != "device_time_s")
    whole = len(frame) == count and not np.isinf(table["device_time_s"]).any()
    return table if named and finite and whole else None


def _read_with_care(block: bytes, line: IntArray, columns: tuple[str, ...], name: str) -> dict[str, Any]:
    """Read cell by cell, to find the first that is wrong."""
    cells: list[list[Any]] = [
        _read_cells(text, int(number), columns, name)
        for text, number in zip(block.split(b"\n"), line, strict=False)
    ]
    return {
        column: np.array(values, dtype=_DTYPES[column])
        for column, values in zip(columns, zip(*cells, strict=True), strict=True)
    }


def _read_cells(row: bytes, line: int, columns: tuple[str, ...], name: str) -> list[Any]:
    texts = decode_line(row, name=name, line_number=line).split(",")
    if len(texts) != len(columns):
        raise fault(
            name,
            line,
            f"{len(texts)} values where {len(columns)} columns are.",
            hint="Restore the row as the sensor sent it; numbers need a decimal point, not a comma.",
            code="wrong_column_count",
        )
    return [_read_cell(text.strip(), column, name, line) for text, column in zip(texts, columns, strict=True)]


def _read_cell(text: str, column: str, name: str, line: int) -> bool | int | float:
    if column == "sensor":
        if text in SENSOR_PLACES:
            return text == "pelvis"
        what, hint = f"unknown sensor {shown(text)}.", "Allowed is pelvis or ankle."
        raise fault(name, line, what, hint=hint, code="unknown_sensor")
    if column == "device_time_s" and text in _NO_CLOCK:
        return math.nan
    try:
        return _whole_number(text) if column == "sample" else finite_number(text)
    except (ValueError, OverflowError):
        kind = "a whole number" if column == "sample" else "a number"
        raise fault(
            name,
            line,
            f"column {column} is {shown(text)}, not {kind}." if text else f"column {column} is empty.",
            hint=_TIME_OF_DAY if ":" in text else _AS_SENT,
            code="not_a_number",
        ) from None


def _whole_number(text: str) -> int:
    value = int(text) if _DIGITS.fullmatch(text) else int(_integer_valued(finite_number(text)))
    if not -(2**63) <= value < 2**63:
        raise OverflowError(f"{text!r} is too large")
    return value


def _integer_valued(value: float) -> float:
    if not value.is_integer():
        raise ValueError(f"{value} is not whole")
    return value


def row_lines(block: SampleBlock) -> list[str]:
    """Write the rows of a block, each with its line end, at the decimals of the format.

    Raises
    ------
    ValueError
        If a value is not finite (a `device_time_s` of NaN is an empty cell), or arrival time goes backwards.
    """
    numbers = np.column_stack([block.time_s, block.acc_mps2, block.gyr_dps])
    if not np.isfinite(numbers).all() or np.isinf(block.device_time_s).any():
        raise ValueError(f"a sample of the {block.sensor} sensor is not finite")
    if (np.diff(block.time_s) < 0).any():
        raise ValueError(f"arrival time of the {block.sensor} sensor goes backwards")
    place = block.sensor
    device = ["" if math.isnan(t) else f"{t:.6f}" for t in block.device_time_s.tolist()]
    return [
        _ROW_FORMAT % (time_s, place, sample, device_time_s, *values)
        for (time_s, *values), sample, device_time_s in zip(
            numbers.tolist(), block.sample.tolist(), device, strict=True
        )
    ]
