"""The column row of a recording, ten columns in any order; cautions on numbers and clocks out of order."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np

from imu_reps.domain.recording import Caution
from imu_reps.domain.samples import BoolArray, IntArray, SampleBlock
from imu_reps.errors import RecordingError
from imu_reps.storage.recording.format import COLUMN_ROW, COLUMNS, fault, finite_number

_QUANTITY = re.compile(r"(acc|gyr|gyro)_?([xyz])\b|(acc|gyr|gyro)_([xyz])_", re.IGNORECASE)
_WORDS = {"acc": "acceleration", "gyr": "angular rate"}
_MENDS = {
    "acc": "Convert the acceleration to m/s², gravity included (1 g = 9.80665 m/s²), and name the columns "
    "acc_x_mps2, acc_y_mps2, acc_z_mps2.",
    "gyr": "Convert the angular rate to deg/s (1 rad/s = 57.2958 deg/s), and name the columns "
    "gyr_x_dps, gyr_y_dps, gyr_z_dps.",
}


def read_columns(row: str, *, name: str, line: int) -> tuple[str, ...]:
    """Names of the columns in the order of the file.

    Raises
    ------
    RecordingError
        ``no_column_row``, ``wrong_separator``, ``wrong_unit``, ``missing_column``, ``unknown_column``,
        ``duplicate_column``.
    """
    found = tuple(column.strip() for column in row.split(","))
    if found == COLUMNS:
        return found
    missing = [column for column in COLUMNS if column not in found]
    unknown = [column for column in found if column not in COLUMNS]
    if missing:
        raise _missing(row, missing, unknown, name, line)
    if unknown:
        raise fault(
            name,
            line,
            f"column {unknown[0]!r} is none of the format.",
            hint=f"Keep exactly the columns {COLUMN_ROW}.",
            code="unknown_column",
        )
    if len(found) > len(COLUMNS):
        twice = next(column for column in COLUMNS if found.count(column) > 1)
        raise fault(
            name, line, f"column {twice} stands twice.", hint="Keep one of them.", code="duplicate_column"
        )
    return found


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
    return fault(name, line, what[:400], hint=f"The columns are {COLUMN_ROW}.", code="missing_column")


def _wrong_unit(column: str, missing: list[str], name: str, line: int) -> RecordingError | None:
    match = _QUANTITY.match(column)
    if match is None:
        return None
    quantity = (match[1] or match[3]).lower()[:3]
    wanted = next((c for c in missing if c.startswith(f"{quantity}_{(match[2] or match[4]).lower()}_")), None)
    if wanted is None:
        return None
    what = f"column {column!r} stands where the {_WORDS[quantity]} {wanted} belongs."
    return fault(name, line, what, hint=_MENDS[quantity], code="wrong_unit")


def _starts_with_number(row: str) -> bool:
    try:
        finite_number(row.partition(",")[0])
    except ValueError:
        return False
    return True


def order_cautions(
    block: SampleBlock, lines: IntArray, restart_lines: list[int], *, name: str
) -> list[Caution]:
    """Look for samples that came twice or out of order, and for missing device times.

    Parameters
    ----------
    block : SampleBlock
        All samples of a sensor.
    lines : (n,) int
        Where they stand in the file.
    restart_lines : list of int
        Lines after which the sensor numbers its samples anew.
    name : str
        The file, for messages.
    """
    twice, late = _twice_and_late(block.sample, np.searchsorted(lines, restart_lines))
    no_clock = np.isnan(block.device_time_s)
    no_clock &= not no_clock.all()
    found = (
        (
            "duplicate_samples",
            twice,
            "came twice: the sample number was there before",
            "Delete the copies.",
        ),
        (
            "reordered_samples",
            late,
            "came after a later one",
            "Put the rows of the sensor in the order of their sample number. If it was restarted, say so "
            f"before that row: '# @TIME_S restart: {block.sensor}'.",
        ),
        (
            "missing_device_time",
            no_clock,
            "have no device_time_s while others have",
            "Fill in the sensor's clock, or empty the column for this sensor.",
        ),
    )
    return [
        Caution(
            code,
            f"{name}, line {lines[np.argmax(where)]}: {np.count_nonzero(where)} of {len(block)} "
            f"{block.sensor} samples {what}; this is the first.",
            hint,
        )
        for code, where, what, hint in found
        if where.any()
    ]


def _twice_and_late(sample: IntArray, restarts: IntArray) -> tuple[BoolArray, BoolArray]:
    """Masks of repeated and of late sample numbers, each stretch between restarts by itself."""
    twice = np.zeros(len(sample), dtype=np.bool_)
    late = np.zeros(len(sample), dtype=np.bool_)
    edges = [0, *sorted({int(i) for i in restarts}), len(sample)]
    for start, end in pairwise(edges):
        part = sample[start:end]
        if (part[1:] > part[:-1]).all():
            continue
        twice[start:end] = True
        twice[start + np.unique(part, return_index=True)[1]] = False
        late[start:end] = (part < np.maximum.accumulate(part)) & ~twice[start:end]
    return twice, late
