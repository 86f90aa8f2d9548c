"""Convert tables with given column names and units to samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from imu_reps.domain.samples import (
    STANDARD_GRAVITY_MPS2,
    FloatArray,
    SampleBlock,
    SensorPlace,
    require_valid_samples,
)
from imu_reps.domain.validation import require_one_of, short_repr
from imu_reps.errors import RefusedValueError

ACC_COLUMNS = ("acc_x_mps2", "acc_y_mps2", "acc_z_mps2")
GYR_COLUMNS = ("gyr_x_dps", "gyr_y_dps", "gyr_z_dps")
_NAMES = ("time_s", "sample", "device_time_s", *ACC_COLUMNS, *GYR_COLUMNS)

#: Factor of each unit to s, m/s² and deg/s; g by the 3rd CGPM (1901).
UNITS: dict[str, dict[str, float]] = {
    "time": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9},
    "acc": {"m/s2": 1.0, "g": STANDARD_GRAVITY_MPS2, "mg": 1e-3 * STANDARD_GRAVITY_MPS2},
    "gyr": {"deg/s": 1.0, "rad/s": float(np.degrees(1.0)), "mdeg/s": 1e-3},
}


def sample_block(
    place: SensorPlace, frame: Any, columns: Mapping[str, str], units: Mapping[str, str]
) -> tuple[SampleBlock, bool]:
    """Convert a table to the samples of one sensor; return also whether the table numbers them.

    Parameters
    ----------
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
    require_valid_samples(block)
    return block, numbered


_NO_NUMBER = "Leave the column out, and samples are numbered as they stand."


class _Table:
    """A table whose columns are found by the names of the recording format."""

    def __init__(self, place: SensorPlace, frame: Any, columns: Mapping[str, str]) -> None:
        if not isinstance(frame, Mapping) and not hasattr(frame, "columns"):
            raise RefusedValueError(
                f"{place} is {short_repr(frame)}.",
                hint="Give a DataFrame, or a dict of columns by their names.",
            )
        if not isinstance(columns, Mapping) or set(columns) - set(_NAMES):
            raise RefusedValueError(
                f"columns is {short_repr(columns)} with other names than the format's.",
                hint=f"Give a dict from some of {', '.join(_NAMES)} to the table's own names.",
            )
        self._place, self._frame, self._columns = place, frame, columns
        self._there = list(frame) if isinstance(frame, Mapping) else list(frame.columns)

    def has(self, name: str) -> bool:
        """Return whether the table has a column; one named in `columns` must exist."""
        return name in self._columns or name in self._there

    def numbers(self, name: str) -> FloatArray:
        """Return a column as numbers; empty cells are NaN."""
        own = self._columns.get(name, name)
        if own not in self._there:
            raise RefusedValueError(
                f"The {self._place} table has no column {own!r} for {name}.",
                hint=f"It has {', '.join(map(str, self._there))[:200]}: say which is which with columns=.",
            )
        values = np.asarray(self._frame[own])
        try:
            if values.dtype.kind in "cMmb":
                raise TypeError(values.dtype)  # noqa: TRY301 - NumPy would convert dates and booleans
            return values.astype(float)
        except (TypeError, ValueError) as error:
            raise RefusedValueError(
                f"Column {own!r} of the {self._place} table holds what is no number.",
                hint="Give numbers; times in seconds from the beginning, no dates.",
            ) from error

    def vectors(self, names: tuple[str, ...], beside: FloatArray) -> FloatArray:
        """Stack three columns; a scalar is repeated for every row."""
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
            f"units is {short_repr(units)} with other keys.", hint=f"Its keys are {', '.join(UNITS)}."
        )
    for quantity, unit in units.items():
        require_one_of(f"units[{quantity!r}]", unit, UNITS[quantity])
    return {quantity: known[units.get(quantity, next(iter(known)))] for quantity, known in UNITS.items()}
