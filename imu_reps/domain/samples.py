"""Blocks of sensor samples in order of arrival."""

from __future__ import annotations

from collections.abc import Collection
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
    block : SampleBlock
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
    return SampleBlock(
        blocks[0].sensor,
        np.concatenate([b.time_s for b in blocks]),
        np.concatenate([b.sample for b in blocks]),
        np.concatenate([b.device_time_s for b in blocks]),
        np.concatenate([b.acc_mps2 for b in blocks]),
        np.concatenate([b.gyr_dps for b in blocks]),
    )
