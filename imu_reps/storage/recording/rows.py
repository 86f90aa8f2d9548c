"""Sample rows of a recording and the row of column names: lines to arrays, and arrays to lines."""

from __future__ import annotations

import csv
import io
import math
import re
from typing import Any

import numpy as np

from imu_reps.domain.samples import (
    ACC_COLUMNS,
    GYR_COLUMNS,
    MAX_CLOCK_S,
    MAX_S,
    SENSOR_PLACES,
    FloatArray,
    IntArray,
    SampleBlock,
    SensorPlace,
)
from imu_reps.errors import RecordingError
from imu_reps.storage.recording.format import (
    COLUMN_ROW,
    COLUMNS,
    decode_line,
    fault,
    finite_number,
    letters_of,
    shown,
)

_FLOAT_COLUMNS = tuple(column for column in COLUMNS if column not in ("sensor", "sample"))
_DTYPES = dict.fromkeys(_FLOAT_COLUMNS, np.dtype(np.float64)) | {
    "sample": np.dtype(np.int64),
    "sensor": np.dtype(np.bool_),
}
#: First and last of the bytes ``+,-./0123456789`` of rows of numbers.
_PLUS, _NINE = ord("+"), ord("9")
_COMMA, _E = ord(","), ord("e")
_DIGITS = re.compile(r"[+-]?\d{1,20}", re.ASCII)
#: Cells of the format, R, MATLAB and pandas for a sensor without a clock.
_NO_CLOCK = ("", "NA", "NaN", "nan")
_AS_SENT = "Put in what the sensor sent; a row that it never sent is left out, and counts as lost."
_THOUSANDS = "Save it again with numbers as they are, without marks between thousands."
_IN_THOUSANDS = re.compile(r"-?\d{1,3}(['’ \u00a0\u202f]\d{3})+([.]\d*)?")
_TIME_OF_DAY = "Give times in seconds as plain numbers, time_s from the first row, not as a time of day."
#: U+2212, as word processors and the locales of some languages write it.
_TYPOGRAPHIC_MINUS = "\u2212".encode()
#: Dashes that may stand where a minus belongs: hyphens, a figure dash, an en dash and an em dash.
_DASHED = re.compile(r"[\u2010-\u2014\ufe63\uff0d][\d.].*")
_A_MINUS = "A dash stands where a minus sign belongs: put '-' for it in all numbers."
_ROW_FORMAT = "%.6f,%s,%d,%s,%.5f,%.5f,%.5f,%.4f,%.4f,%.4f\n"


#: Rates of such sensors, which show the unit of times.
_USUAL_HZ = 20.0, 1000.0

#: Times up to this may be multiplied by a rate, in seconds.
_MULTIPLIED_S = 1e300
#: Such units, as said in messages, their number per second, and the conversion.
_UNITS = (
    ("seconds since another moment", 1.0, "subtract the first row's"),
    ("milliseconds", 1e3, "divide by 1000"),
    ("microseconds", 1e6, "divide by 1e6"),
    ("nanoseconds", 1e9, "divide by 1e9"),
)

_QUANTITY = re.compile(r"(acc|gyr|gyro)_?([xyz])\b|(acc|gyr|gyro)_([xyz])_", re.IGNORECASE)
_WORDS = {"acc": "acceleration", "gyr": "angular rate"}
_HINTS = {
    "acc": "Convert the acceleration to m/s², gravity included (1 g = 9.80665 m/s²), and name the columns "
    "acc_x_mps2, acc_y_mps2, acc_z_mps2.",
    "gyr": "Convert the angular rate to deg/s (1 rad/s = 57.2958 deg/s), and name the columns "
    "gyr_x_dps, gyr_y_dps, gyr_z_dps.",
}


def read_columns(row: str, *, name: str, line: int) -> tuple[str, ...]:
    """Return the names of the columns in the order of the file.

    Raises
    ------
    RecordingError
        ``no_column_row``, ``wrong_separator``, ``wrong_unit``, ``missing_column``, ``unknown_column``,
        ``duplicate_column``.
    """
    names = tuple(column.strip().lower() for column in row.split(","))  # databases write capitals
    if names == COLUMNS:
        return names
    missing = [column for column in COLUMNS if column not in names]
    unknown = [column for column in names if column not in COLUMNS]
    if missing:
        raise _missing(row, missing, unknown, name, line)
    if unknown:
        raise fault(
            name,
            line,
            f"column {shown(unknown[0])} is none of the format.",
            hint=f"Keep exactly the columns {COLUMN_ROW}.",
            code="unknown_column",
        )
    if len(names) > len(COLUMNS):
        twice = next(column for column in COLUMNS if names.count(column) > 1)
        raise fault(
            name, line, f"column {twice} stands twice.", hint="Keep one of them.", code="duplicate_column"
        )
    return names


def _missing(row: str, missing: list[str], unknown: list[str], name: str, line: int) -> RecordingError:
    if _starts_with_number(row):
        what, code = "samples stand where the row of column names belongs.", "no_column_row"
        return fault(name, line, what, hint=f"Put the row {COLUMN_ROW} before them.", code=code)
    for separator, word in ((";", "semicolons"), ("\t", "tabs")):
        if row.count(separator) >= 5:
            what, code = f"the columns are separated by {word}.", "wrong_separator"
            return fault(name, line, what, hint="Save with commas, and a point in numbers.", code=code)
    for column in unknown:
        if (unit_fault := _wrong_unit(column, missing, name, line)) is not None:
            return unit_fault
    what = f"column {', '.join(missing)} is missing" + (
        f"; found was {', '.join(unknown)}." if unknown else "."
    )
    hint = f"The columns are {COLUMN_ROW}."
    if len(missing) == len(unknown):
        hint += " If another name stands for the same values in the same unit, change the name alone."
    return fault(name, line, what[:400], hint=hint, code="missing_column")


def _wrong_unit(column: str, missing: list[str], name: str, line: int) -> RecordingError | None:
    match = _QUANTITY.match(column)
    if match is None:
        return None
    quantity = (match[1] or match[3]).lower()[:3]
    needed = next((c for c in missing if c.startswith(f"{quantity}_{(match[2] or match[4]).lower()}_")), None)
    if needed is None:
        return None
    what = f"column {shown(column)} stands where the {_WORDS[quantity]} {needed} belongs."
    return fault(name, line, what, hint=_HINTS[quantity], code="wrong_unit")


def _starts_with_number(row: str) -> bool:
    try:
        finite_number(row.partition(",")[0])
    except ValueError:
        return False
    return True


def read_rows(
    block: bytes, line: IntArray, columns: tuple[str, ...], *, name: str
) -> list[tuple[SampleBlock, IntArray]]:
    r"""Parse whole lines of samples, none of them blank or a comment.

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
    list of (SampleBlock, (k,) int)
        Samples of each sensor that has any, in the order of the file, and their line numbers.

    Raises
    ------
    RecordingError
        ``second_header``, ``wrong_column_count``, ``unknown_sensor``, ``not_a_number``, ``not_text``,
        ``time_beyond``; the message names the first line and column that cannot be read.
    """
    if not len(line):
        return []
    block = block.replace(_TYPOGRAPHIC_MINUS, b"-")
    table = _read_fast(block, len(line), columns)
    if table is None:
        table = _read_by_cell(block, line, columns, name)
    _refuse_beyond(table, line, name)
    rows_of = {place: np.flatnonzero(table["sensor"] == (place == "pelvis")) for place in SENSOR_PLACES}
    return [(_samples(place, table, rows), line[rows]) for place, rows in rows_of.items() if len(rows)]


def _samples(place: SensorPlace, table: dict[str, Any], rows: IntArray) -> SampleBlock:
    """Return the samples of one sensor, which are the rows with these indices."""
    time_s, sample, device_time_s = (table[name].take(rows) for name in ("time_s", "sample", "device_time_s"))
    acc, gyr = (
        np.column_stack([table[name].take(rows) for name in names]) for names in (ACC_COLUMNS, GYR_COLUMNS)
    )
    return SampleBlock(place, time_s, sample, device_time_s, acc, gyr)


def _refuse_beyond(table: dict[str, Any], line: IntArray, name: str) -> None:
    for column, max_s in (("time_s", MAX_S), ("device_time_s", MAX_CLOCK_S)):
        beyond = np.abs(table[column]) > max_s
        if beyond.any():
            at = int(np.argmax(beyond))
            own = table["sensor"] == table["sensor"][at]
            what = f"column {column} is {table[column][at]:.6g}: no time in seconds"
            how = "milliseconds: divide by 1000, microseconds by 1e6, nanoseconds by 1e9"
            for unit, factor, its_how in _UNITS:
                if _go_on_usually(table[column][own] / factor, max_s):
                    what, how = f"{what}, but {unit}", its_how
            hint = f"Give {column} in seconds, time_s from the first row ({how})."
            raise fault(name, int(line[at]), f"{what}.", hint=hint, code="time_beyond")


def _go_on_usually(times_s: FloatArray, max_s: float) -> bool:
    """Whether one sensor's times may be in seconds, by their rate; of a single wrong time they are not."""
    times_s = times_s.clip(-_MULTIPLIED_S, _MULTIPLIED_S)
    passed_s = abs(times_s[-1] - times_s[0])
    usual = _USUAL_HZ[0] * passed_s < len(times_s) < _USUAL_HZ[1] * passed_s
    return bool(usual and np.ptp(times_s) < max_s)


def _read_fast(block: bytes, count: int, columns: tuple[str, ...]) -> dict[str, Any] | None:
    """Parse with pandas, "sensor" as whether it is the pelvis sensor; None if anything looks odd."""
    import pandas as pd

    commas = others = 0
    for _, letters in letters_of(block):
        commas += int(np.count_nonzero(letters == _COMMA))
        others += int(np.count_nonzero(letters - _PLUS > _NINE - _PLUS)) - int(
            np.count_nonzero(letters == _E)
        )
    if any(letter in block for letter in b"uUfF"):  # pandas would read true as pelvis and false as ankle
        return None
    # The right number of commas and no empty last cell together mean ten cells in every row.
    if commas != count * (len(columns) - 1) or columns[-1] == "device_time_s":
        return None
    try:
        # A number too large for its column is found below, so numpy's warning is not needed.
        with np.errstate(invalid="ignore"):
            frame = pd.read_csv(
                io.BytesIO(block),
                header=None,
                dtype={index: _DTYPES[column] for index, column in enumerate(columns)},
                true_values=["pelvis"],
                false_values=["ankle"],
                keep_default_na=False,
                na_values=[""],
                quoting=csv.QUOTE_NONE,
                engine="c",
                low_memory=False,
            )
    except (ValueError, OverflowError):
        return None
    table = {column: cells.to_numpy() for column, (_, cells) in zip(columns, frame.items(), strict=False)}
    # Each row has a line end and, without the e of exponents, the four letters of ankle or the five of
    # pelvis: the total shows that no other byte, and no name that pandas would read as 0 or 1, is in a
    # column of numbers.
    plain = others == 5 * count + np.count_nonzero(table["sensor"])
    with np.errstate(over="ignore", invalid="ignore"):  # one such value makes its column's sum so
        finite = all(np.isfinite(table[name].sum()) for name in _FLOAT_COLUMNS if name != "device_time_s")
    whole = len(frame) == count and not np.isinf(table["device_time_s"]).any()
    return table if plain and finite and whole else None


def _read_by_cell(block: bytes, line: IntArray, columns: tuple[str, ...], name: str) -> dict[str, Any]:
    """Parse cell by cell, to find the first invalid one."""
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
    if [text.strip().lower() for text in texts] == list(columns):
        raise fault(
            name,
            line,
            "the row of column names stands here again: another file, or the same one, was pasted there.",
            hint="Where time_s begins anew, cut the file in two before the second header: each part is a "
            "recording of its own. Where it goes on, leave out this one line.",
            code="second_header",
        )
    if len(texts) != len(columns):
        raise fault(
            name,
            line,
            f"{len(texts)} values where {len(columns)} columns are.",
            hint="Restore the row as the sensor sent it; numbers need a point, thousands no comma.",
            code="wrong_column_count",
        )
    return [_read_cell(text.strip(), column, name, line) for text, column in zip(texts, columns, strict=True)]


def _read_cell(text: str, column: str, name: str, line: int) -> bool | int | float:
    if column == "sensor":
        if text in SENSOR_PLACES:
            return text == "pelvis"
        what, hint = f"unknown sensor {shown(text)}.", "Allowed is pelvis or ankle, in small letters."
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
            hint=_hint_of(text),
            code="not_a_number",
        ) from None


def _hint_of(text: str) -> str:
    if ":" in text:
        return _TIME_OF_DAY
    if _DASHED.fullmatch(text):
        return _A_MINUS
    return _THOUSANDS if _IN_THOUSANDS.fullmatch(text) else _AS_SENT


def _whole_number(text: str) -> int:
    number = int(text) if _DIGITS.fullmatch(text) else finite_number(text)
    if number != int(number):
        raise ValueError(f"{number} is not whole")
    value = int(number)
    if not -(2**63) <= value < 2**63:
        raise OverflowError(f"{text!r} is too large")
    return value


def row_lines(block: SampleBlock) -> list[str]:
    """Return the rows of a block as lines, with their line ends, in the decimals of the format.

    Raises
    ------
    ValueError
        A value is not finite (a `device_time_s` of NaN is an empty cell), or arrival time goes backwards.
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
