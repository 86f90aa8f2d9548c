"""What sensors send: blocks of samples in order of arrival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SensorPlace = Literal["pelvis", "ankle"]
SENSOR_PLACES: tuple[SensorPlace, ...] = ("pelvis", "ankle")


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
    """

    sensor: SensorPlace
    time_s: FloatArray
    sample: IntArray
    device_time_s: FloatArray
    acc_mps2: FloatArray
    gyr_dps: FloatArray

    def __len__(self) -> int:
        return len(self.time_s)

    def __getitem__(self, index: slice | BoolArray) -> SampleBlock:
        return SampleBlock(
            self.sensor,
            self.time_s[index],
            self.sample[index],
            self.device_time_s[index],
            self.acc_mps2[index],
            self.gyr_dps[index],
        )


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
