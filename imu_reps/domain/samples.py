"""What sensors send: blocks of samples in order of arrival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from imu_reps.domain.refusals import brief, refuse_unless_one_of
from imu_reps.errors import RefusedValueError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SensorPlace = Literal["pelvis", "ankle"]
SENSOR_PLACES: tuple[SensorPlace, ...] = ("pelvis", "ankle")

#: Times lie within this, of the host and of a sensor, whose own clock may count from 1970.
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
        The sensor's running sample number (see `SensorHeader.counter`).
    device_time_s : (n,) float
        The sensor's own clock; all NaN where it has none.
    acc_mps2 : (n, 3) float
        Specific force; a sensor at rest reads +9.8 on the axis that points up.
    gyr_dps : (n, 3) float
        Angular rate, right-handed.

    Raises
    ------
    RefusedValueError
        If the arrays are none, or not of one length and these shapes.
    """

    sensor: SensorPlace
    time_s: FloatArray
    sample: IntArray
    device_time_s: FloatArray
    acc_mps2: FloatArray
    gyr_dps: FloatArray

    def __post_init__(self) -> None:
        refuse_unless_one_of("sensor", self.sensor, SENSOR_PLACES)
        count = len(self.time_s) if isinstance(self.time_s, np.ndarray) and self.time_s.ndim else 0
        _refuse_unless_shaped("sample", self.sample, (count,), "iuf")
        for name in ("time_s", "device_time_s"):
            _refuse_unless_shaped(name, getattr(self, name), (count,), "f")
        for name in ("acc_mps2", "gyr_dps"):
            _refuse_unless_shaped(name, getattr(self, name), (count, 3), "f")

    def __len__(self) -> int:
        return len(self.time_s)

    def __repr__(self) -> str:
        span = f", {self.time_s[0]:.3f} to {self.time_s[-1]:.3f} s" if len(self) else ""
        return f"SampleBlock({self.sensor}, {len(self)} samples{span})"

    def __getitem__(self, index: slice | BoolArray) -> SampleBlock:
        return SampleBlock(
            self.sensor,
            self.time_s[index],
            self.sample[index],
            self.device_time_s[index],
            self.acc_mps2[index],
            self.gyr_dps[index],
        )


def _refuse_unless_shaped(name: str, values: object, shape: tuple[int, ...], kinds: str) -> None:
    if not isinstance(values, np.ndarray) or values.dtype.kind not in kinds:
        what = f"an array of {values.dtype}" if isinstance(values, np.ndarray) else brief(values)
        numbers = "whole numbers" if "i" in kinds else "floating-point numbers"
        raise RefusedValueError(f"{name} is {what}.", hint=f"Give a NumPy array of {numbers}.")
    if values.shape != shape:
        raise RefusedValueError(
            f"{name} has the shape {values.shape}, beside {shape[0]} values of time_s.",
            hint=f"Give an array of the shape {shape}: one row a sample.",
        )


def refuse_impossible(block: SampleBlock) -> None:
    """Refuse samples that are no numbers, and times that go back or are none of a recording.

    Raises
    ------
    RefusedValueError
        Names the column and the row, from 0.
    """
    refuse_impossible_times(block)
    for name in ("acc_mps2", "gyr_dps"):
        bad = ~np.isfinite(getattr(block, name)).all(axis=1)
        _refuse_at(block, bad, f"{name} is no number", "Leave out the rows that hold no reading.")
    _refuse_at(
        block, np.abs(block.device_time_s) > MAX_CLOCK_S, "device_time_s is beyond 1e10 s", _IN_SECONDS
    )


def refuse_impossible_times(block: SampleBlock) -> None:
    """Refuse times of arrival that are no numbers, go back, or are none of a recording.

    Raises
    ------
    RefusedValueError
        Names the row, from 0.
    """
    too_far = ~(np.abs(block.time_s) <= MAX_S)
    _refuse_at(block, too_far, "time_s is no number up to 1e9", _IN_SECONDS)
    back = np.append(False, np.diff(block.time_s) < 0)
    hint = "Give time_s in the order of arrival, never going back."
    _refuse_at(block, back, "time_s goes back", hint)


_IN_SECONDS = "Give times in seconds, from the beginning."


def _refuse_at(block: SampleBlock, bad: BoolArray, what: str, hint: str) -> None:
    if bad.any():
        raise RefusedValueError(f"{block.sensor}, row {int(np.argmax(bad))}: {what}.", hint=hint)


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
