"""Samples of one sensor as they arrived, also from tables with other column names and units."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from imu_reps.domain.validation import require_one_of, short_repr
from imu_reps.errors import RefusedValueError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SensorPlace = Literal["pelvis", "ankle"]
SENSOR_PLACES: tuple[SensorPlace, ...] = ("pelvis", "ankle")

#: 1 g (CGPM 1901).
STANDARD_GRAVITY_MPS2 = 9.80665

#: Longest hole in a repetition that is judged, and in a rest: docs/definitions.md#per-repetition.
LONGEST_HOLE_S = 0.15

#: Maximum time of the host, and of a sensor's clock, which may count from 1970.
MAX_S, MAX_CLOCK_S = 1e9, 1e10


@dataclass(frozen=True, slots=True)
class SampleBlock:
    """Samples of one sensor, in order of arrival, in the sensor's own axes.

    Attributes
    ----------
    sensor : {"pelvis", "ankle"}
        Where the sensor is worn.
    time_s : (n,) float
        Arrival at the host, monotonic; samples of one packet share it.
    sample : (n,) int
        Running sample number (see `SensorHeader.counter`).
    device_time_s : (n,) float
        The sensor's own clock; all NaN if it has none.
    acc_mps2 : (n, 3) float
        Specific force; a sensor at rest reads +9.8 on the axis that points up.
    gyr_dps : (n, 3) float
        Angular rate, right-handed.

    Other number types, such as ``float32``, are converted.

    Raises
    ------
    RefusedValueError
        If the arrays do not have these types and shapes; if a sample number is not an integer.
    """

    sensor: SensorPlace
    time_s: FloatArray
    sample: IntArray
    device_time_s: FloatArray
    acc_mps2: FloatArray
    gyr_dps: FloatArray

    def __post_init__(self) -> None:
        require_one_of("sensor", self.sensor, SENSOR_PLACES)
        count = len(self.time_s) if isinstance(self.time_s, np.ndarray) and self.time_s.ndim else 0
        _require_shape("sample", self.sample, (count,), "iuf")
        for name in ("time_s", "device_time_s"):
            _require_shape(name, getattr(self, name), (count,), "f")
        for name in ("acc_mps2", "gyr_dps"):
            _require_shape(name, getattr(self, name), (count, 3), "f")
        for name in ("time_s", "device_time_s", "acc_mps2", "gyr_dps"):
            if getattr(self, name).dtype != np.float64:
                object.__setattr__(self, name, getattr(self, name).astype(np.float64))
        if self.sample.dtype != np.int64:
            object.__setattr__(self, "sample", _as_integers(self.sample))

    def __len__(self) -> int:
        return len(self.time_s)

    def __repr__(self) -> str:
        span = f", {self.time_s[0]:.3f} to {self.time_s[-1]:.3f} s" if len(self) else ""
        return f"SampleBlock({self.sensor}, {len(self)} samples{span})"

    def __getitem__(self, index: slice | BoolArray | IntArray) -> SampleBlock:
        return SampleBlock(
            self.sensor,
            self.time_s[index],
            self.sample[index],
            self.device_time_s[index],
            self.acc_mps2[index],
            self.gyr_dps[index],
        )


def _require_shape(name: str, values: object, shape: tuple[int, ...], kinds: str) -> None:
    if not isinstance(values, np.ndarray) or values.dtype.kind not in kinds:
        what = f"an array of {values.dtype}" if isinstance(values, np.ndarray) else short_repr(values)
        numbers = "whole numbers" if "i" in kinds else "floating-point numbers"
        raise RefusedValueError(f"{name} is {what}.", hint=f"Give a NumPy array of {numbers}.")
    if values.shape != shape:
        raise RefusedValueError(
            f"{name} has the shape {values.shape}, beside {shape[0]} values of time_s.",
            hint=f"Give an array of the shape {shape}: one row a sample.",
        )


def _as_integers(sample: NDArray[Any]) -> IntArray:
    """Convert sample numbers to `IntArray`."""
    bad = ~((sample == np.floor(sample)) & (sample >= -(2.0**63)) & (sample < 2.0**63))
    if bad.any():
        raise RefusedValueError(
            f"sample is {sample[np.argmax(bad)]:g} in row {int(np.argmax(bad))}.",
            hint="Give whole numbers of 64 bits at the most.",
        )
    return sample.astype(np.int64)


def with_finite_readings(block: SampleBlock) -> SampleBlock:
    """Return the samples whose readings are finite, as damaged packets can decode to others."""
    finite = np.asarray(np.isfinite(np.concatenate([block.acc_mps2, block.gyr_dps], axis=1)).all(axis=1))
    return block if finite.all() else block[finite]


def require_valid_samples(block: SampleBlock) -> None:
    """Require finite samples, and times in range that never go back.

    Raises
    ------
    RefusedValueError
        With the column and the row, from 0.
    """
    require_valid_times(block)
    for name in ("acc_mps2", "gyr_dps"):
        bad = ~np.isfinite(getattr(block, name)).all(axis=1)
        _refuse_at(block, bad, f"{name} is no number", "Leave out the rows that hold no reading.")
    _refuse_at(
        block, np.abs(block.device_time_s) > MAX_CLOCK_S, "device_time_s is beyond 1e10 s", _IN_SECONDS
    )


def require_valid_times(block: SampleBlock, before_s: float = -np.inf) -> None:
    """Require times of arrival that are finite, in range, and never go back.

    Parameters
    ----------
    before_s : float
        Arrival of the sensor's sample before these.

    Raises
    ------
    RefusedValueError
        With the row, from 0.
    """
    near, earlier_s = np.abs(block.time_s) <= MAX_S, np.empty(len(block))
    earlier_s[:1], earlier_s[1:] = before_s, block.time_s[:-1]
    back = block.time_s < earlier_s
    if (near & ~back).all():
        return
    _refuse_at(block, ~near, "time_s is no number up to 1e9", _IN_SECONDS)
    hint = "Give time_s in the order of arrival, never going back."
    _refuse_at(block, back, "time_s goes back", hint)


_IN_SECONDS = "Give times in seconds, from the beginning."


def _refuse_at(block: SampleBlock, bad: BoolArray, what: str, hint: str) -> None:
    if bad.any():
        raise RefusedValueError(f"{block.sensor}, row {int(np.argmax(bad))}: {what}.", hint=hint)


def as_rows(points: Collection[tuple[float, ...]], width: int) -> FloatArray:
    """Return tuples of `width` numbers as rows, (n, width); `numpy.array` takes more than twice as long."""
    return np.fromiter(chain.from_iterable(points), float, width * len(points)).reshape(-1, width)


def interpolate_columns(
    at: FloatArray | IntArray, known_at: FloatArray | IntArray, values: FloatArray
) -> FloatArray:
    """Interpolate columns (n, k) known at increasing places (n,) linearly, (m, k); constant outside."""
    return np.column_stack([np.interp(at, known_at, column) for column in values.T])


def concatenate(blocks: list[SampleBlock]) -> SampleBlock:
    """Join blocks of one sensor, in the order given.

    Raises
    ------
    ValueError
        If there are no blocks, or they come from different sensors.
    """
    sensors = {block.sensor for block in blocks}
    if len(sensors) != 1:
        raise ValueError(f"blocks of one sensor expected, got {sorted(sensors)}")
    names = ("time_s", "sample", "device_time_s", "acc_mps2", "gyr_dps")
    columns = (np.concatenate([getattr(block, name) for block in blocks]) for name in names)
    return SampleBlock(blocks[0].sensor, *columns)


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
        what = None
        if not isinstance(columns, Mapping):
            what = f"is {short_repr(columns)}"
        elif unknown := [name for name in columns if name not in _NAMES]:
            what = f"names {', '.join(map(short_repr, unknown[:9]))}, which the format has not"
        if what is not None:
            raise RefusedValueError(
                f"columns {what}.",
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
