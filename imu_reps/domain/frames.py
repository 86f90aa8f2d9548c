"""Samples from tables of other programs, by column names and units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from imu_reps.domain.refusals import brief, refuse_unless_one_of
from imu_reps.domain.samples import FloatArray, SampleBlock, SensorPlace, refuse_impossible
from imu_reps.errors import RefusedValueError

ACC_COLUMNS = ("acc_x_mps2", "acc_y_mps2", "acc_z_mps2")
GYR_COLUMNS = ("gyr_x_dps", "gyr_y_dps", "gyr_z_dps")
_NAMES = ("time_s", "sample", "device_time_s", *ACC_COLUMNS, *GYR_COLUMNS)

#: What a number in each unit is in s, m/s² and deg/s; g as the 3rd CGPM (1901) has it.
UNITS: dict[str, dict[str, float]] = {
    "time": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9},
    "acc": {"m/s2": 1.0, "g": 9.80665, "mg": 9.80665e-3},
    "gyr": {"deg/s": 1.0, "rad/s": float(np.degrees(1.0)), "mdeg/s": 1e-3},
}


def sample_block(
    place: SensorPlace, frame: Any, columns: Mapping[str, str], units: Mapping[str, str]
) -> tuple[SampleBlock, bool]:
    """The samples of one sensor from a table, and whether the table numbers them.

    Parameters
    ----------
    place : {"pelvis", "ankle"}
    frame : DataFrame or mapping of str to array
    columns, units : mapping
        As `Recording.from_frames` takes them.

    Raises
    ------
    RefusedValueError
        As `Recording.from_frames`.
    """
    table = _Table(place, frame, columns)
    factors = _factors(units)
    time_s = table.numbers("time_s") * factors["time"]
    if time_s.ndim != 1 or not len(time_s):
        raise RefusedValueError(f"The {place} table has no rows.", hint="Give a row a sample.")
    clock = table.numbers("device_time_s") * factors["time"] if table.has("device_time_s") else np.nan
    numbered = table.has("sample")
    number = table.numbers("sample") if numbered else np.arange(len(time_s), dtype=float)
    bad = ~np.isfinite(number) | (number != np.rint(number)) | (np.abs(number) >= 2.0**53)
    if bad.any():
        raise RefusedValueError(
            f"{place}, row {int(np.argmax(bad))}: sample is no whole number.", hint=_NO_NUMBER
        )
    block = SampleBlock(
        place,
        time_s,
        np.broadcast_to(number, time_s.shape).astype(np.int64),
        np.broadcast_to(clock, time_s.shape).astype(float),
        table.vectors(ACC_COLUMNS, time_s) * factors["acc"],
        table.vectors(GYR_COLUMNS, time_s) * factors["gyr"],
    )
    refuse_impossible(block)
    return block, numbered


_NO_NUMBER = "Leave the column out, and samples are numbered as they stand."


class _Table:
    """Columns of a table by the names they have here."""

    def __init__(self, place: SensorPlace, frame: Any, columns: Mapping[str, str]) -> None:
        if not isinstance(frame, Mapping) and not hasattr(frame, "columns"):
            raise RefusedValueError(
                f"{place} is {brief(frame)}.", hint="Give a DataFrame, or a dict of columns by their names."
            )
        if not isinstance(columns, Mapping) or set(columns) - set(_NAMES):
            raise RefusedValueError(
                f"columns is {brief(columns)} with other names than the format's.",
                hint=f"Give a dict from some of {', '.join(_NAMES)} to the table's own names.",
            )
        self._place, self._frame, self._columns = place, frame, columns
        self._there = list(frame) if isinstance(frame, Mapping) else list(frame.columns)

    def has(self, name: str) -> bool:
        """Whether the table has a column; one that `columns` names must be there."""
        return name in self._columns or name in self._there

    def numbers(self, name: str) -> FloatArray:
        """A column as numbers; what is empty is NaN."""
        own = self._columns.get(name, name)
        if own not in self._there:
            raise RefusedValueError(
                f"The {self._place} table has no column {own!r} for {name}.",
                hint=f"It has {', '.join(map(str, self._there))[:200]}: say which is which with columns=.",
            )
        values = np.asarray(self._frame[own])
        try:
            if values.dtype.kind in "cMmb":
                raise TypeError(values.dtype)  # noqa: TRY301 - NumPy would make numbers of dates and answers
            return values.astype(float)
        except (TypeError, ValueError) as error:
            raise RefusedValueError(
                f"Column {own!r} of the {self._place} table holds what is no number.",
                hint="Give numbers; times in seconds from the beginning, no dates.",
            ) from error

    def vectors(self, names: tuple[str, ...], beside: FloatArray) -> FloatArray:
        """Three columns side by side; a single number stands for every row."""
        found = [self.numbers(name) for name in names]
        for name, values in zip(names, found, strict=True):
            if values.shape not in ((), beside.shape):
                raise RefusedValueError(
                    f"{name} of the {self._place} table has the shape {values.shape}, time_s {beside.shape}.",
                    hint="Give columns of one length.",
                )
        return np.column_stack([np.broadcast_to(values, beside.shape) for values in found])


def _factors(units: Mapping[str, str]) -> dict[str, float]:
    if not isinstance(units, Mapping) or set(units) - set(UNITS):
        raise RefusedValueError(
            f"units is {brief(units)} with other keys.", hint=f"Its keys are {', '.join(UNITS)}."
        )
    for quantity, unit in units.items():
        refuse_unless_one_of(f"units[{quantity!r}]", unit, UNITS[quantity])
    return {quantity: known[units.get(quantity, next(iter(known)))] for quantity, known in UNITS.items()}
