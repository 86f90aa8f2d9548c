"""The column row of a recording, ten columns in any order; a caution on clocks with gaps."""

from __future__ import annotations

import re

import numpy as np

from imu_reps.domain.recording import Caution
from imu_reps.domain.samples import IntArray, SampleBlock
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


def clock_caution(block: SampleBlock, lines: IntArray, *, name: str) -> list[Caution]:
    """A caution where a sensor tells its clock for some samples only.

    Parameters
    ----------
    block : SampleBlock
        All samples of a sensor.
    lines : (n,) int
        Where they stand in the file.
    name : str
        The file, for messages.
    """
    no_clock = np.isnan(block.device_time_s)
    if no_clock.all() or not no_clock.any():
        return []
    what = (
        f"{name}, line {lines[np.argmax(no_clock)]}: {np.count_nonzero(no_clock)} of {len(block)} "
        f"{block.sensor} samples have no device_time_s while others have; this is the first."
    )
    hint = "Fill in the sensor's clock, or empty the column for this sensor."
    return [Caution("missing_device_time", what, hint)]
