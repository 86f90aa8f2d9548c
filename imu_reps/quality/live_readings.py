"""Validity of samples as they arrive: invalid ones are left out of the running set.

Only past samples are used; the checks of the finished recording decide. A frozen axis, values that wrap round
or a falling rate show only then.
"""

from __future__ import annotations

import numpy as np

from imu_reps.domain.samples import BoolArray, FloatArray, IntArray, SampleBlock
from imu_reps.quality.channels import NO_READING
from imu_reps.quality.marked_readings import (
    ALL_FROZEN_SAMPLES,
    FROZEN_SAMPLES,
    LONGEST_SPIKE,
    MOVES_MPS2,
    SPIKE,
    SPIKE_LEVEL,
    flat,
    leaps_alone,
)

#: Angular rate up to which a frozen sensor is harmless: at rest its last reading is as good as a new one.
HANGS_DPS = 10.0
#: Number of readings before a spike that show its level.
_BEFORE = 2


class LiveReadings:
    """Leaves out invalid samples of one sensor as they arrive; any block size gives the same result.

    Invalid are failed transfers and values that are no numbers, up to `LONGEST_SPIKE` consecutive samples
    that leap away from a level, and repeated readings of a sensor that is frozen while it turns.
    """

    def __init__(self) -> None:
        self._before = self._since = np.full((1, 6), np.nan)
        self._repeats: IntArray | int = 0
        self._level = np.full((_BEFORE, 6), np.nan)
        self._spikes = 0

    def left(self, block: SampleBlock) -> SampleBlock:
        """Return the valid samples of the next block."""
        if not len(block):
            return block
        values = np.concatenate([block.acc_mps2, block.gyr_dps], axis=1)
        bad = flat(values.T) | ~(np.abs(values) < NO_READING).all(axis=1) | self._hanging(values)
        bad[self._leaping(values, ~bad)] = True
        return block[~bad] if bad.any() else block

    def _hanging(self, values: FloatArray) -> BoolArray:
        """Return repeated readings, of all channels or of one part, while the sensor evidently moves."""
        same = values == np.concatenate([self._before, values[:-1]])
        acc, gyr = same.reshape(-1, 2, 3).all(axis=2).T
        self._before = values[-1:]
        if not (acc | gyr).any():
            self._since, self._repeats = values[-1:], 0
            return np.zeros(len(values), bool)
        rows = np.arange(1, len(values) + 1)
        began = np.maximum.accumulate(np.where([acc, gyr, acc & gyr], 0, rows), axis=1)
        repeats = rows - began + np.where(began, 0, self._repeats)
        since = np.concatenate([self._since, values])[began[1]]
        self._since, self._repeats = since[-1:], repeats[:, -1:]
        turns = np.abs(values[:, 3:]).max(axis=1) > HANGS_DPS
        with np.errstate(invalid="ignore"):  # values that are no numbers are left out anyway
            moved = np.abs(values[:, :3] - since[:, :3]).max(axis=1) > MOVES_MPS2
        acc_hangs, gyr_hangs, _ = repeats >= FROZEN_SAMPLES
        all_hang = repeats[2] >= ALL_FROZEN_SAMPLES - 1
        return np.asarray((all_hang | acc_hangs) & turns | gyr_hangs & (moved | turns))

    def _leaping(self, values: FloatArray, readings: BoolArray) -> list[int]:
        """Return the rows of spikes among the readings."""
        known = np.concatenate([self._level, values[readings]])
        if not self._spikes and not (np.abs(known[_BEFORE:] - known[_BEFORE - 1 : -1]) > SPIKE).any():
            self._level = known[-_BEFORE:]
            return []
        return [row for row in np.flatnonzero(readings).tolist() if self._is_spike(values[row])]

    def _is_spike(self, reading: FloatArray) -> bool:
        """Whether a reading leaps away from the level before it; if not, it becomes part of the level."""
        off = np.abs(reading - self._level[-1])
        level = (np.ptp(self._level, axis=0) < SPIKE_LEVEL * SPIKE).all()
        column = int(np.argmax(off / SPIKE))
        spike = level and off[column] > SPIKE[column] and leaps_alone(off[:3], column)
        self._spikes = self._spikes + 1 if spike else 0
        if spike and self._spikes <= LONGEST_SPIKE:
            return True
        self._spikes = 0
        self._level = np.concatenate([self._level[1:], reading[None]])
        return False
