"""Which samples are readings, told as they come: what is none is left out of the running set.

Only what the samples so far show: a recording that is finished is looked at once more, from both sides, and
the last word is its. An axis that hangs, values that wrap round or a rate that falls are told only then.
"""

from __future__ import annotations

import numpy as np

from imu_reps.domain.samples import BoolArray, FloatArray, SampleBlock
from imu_reps.quality.failed_readings import (
    ALL_FROZEN_SAMPLES,
    LONGEST_SPIKE,
    SPIKE,
    SPIKE_LEVEL,
    flat,
    leaps_alone,
)

#: A sensor that hangs while it reads less turns nobody by the hand: at rest its last reading is as good as new.
HANGS_DPS = 10.0
#: Readings before a spike that show its level.
_BEFORE = 2


class LiveReadings:
    """One sensor's samples as they come; any cut into blocks gives the same.

    Left out are failed transfers, up to `LONGEST_SPIKE` samples in a row that leap away from a level, and
    repeats of one reading by a sensor that hangs while it turns.
    """

    def __init__(self) -> None:
        self._latest = np.empty((0, 6))
        self._level = np.empty((0, 6))
        self._repeats = self._spikes = 0

    def left(self, block: SampleBlock) -> SampleBlock:
        """The samples of the next block that are readings."""
        if not len(block):
            return block
        values = np.hstack([block.acc_mps2, block.gyr_dps])
        bad = flat(values)
        bad |= self._hanging(values)
        bad |= self._leaping(values, ~bad)
        return block[~bad] if bad.any() else block

    def _hanging(self, values: FloatArray) -> BoolArray:
        before = np.vstack([self._latest, values])[:-1]
        self._latest = values[-1:]
        same = (values[len(values) - len(before) :] == before).all(axis=1)
        same = np.concatenate([np.zeros(len(values) - len(before), bool), same])
        rows = np.arange(1, len(values) + 1)
        repeats = rows - np.maximum.accumulate(np.where(same, -self._repeats, rows))
        self._repeats = int(repeats[-1])
        return np.asarray(
            (repeats >= ALL_FROZEN_SAMPLES - 1) & (np.abs(values[:, 3:]).max(axis=1) > HANGS_DPS)
        )

    def _leaping(self, values: FloatArray, readings: BoolArray) -> BoolArray:
        found = np.zeros(len(values), bool)
        known = np.vstack([self._level, values[readings]])
        quiet = not self._spikes and not (np.abs(np.diff(known, axis=0)) > SPIKE).any()
        if quiet:
            self._level = known[-_BEFORE:]
            return found
        for row in np.flatnonzero(readings).tolist():
            found[row] = self._is_spike(values[row])
        return found

    def _is_spike(self, reading: FloatArray) -> bool:
        """Whether a reading leaps away from the level before it; if it does not, it is of the level."""
        off = np.abs(reading - self._level[-1]) if len(self._level) == _BEFORE else np.zeros(6)
        level = bool((np.ptp(self._level, axis=0) < SPIKE_LEVEL * SPIKE).all()) if off.any() else False
        column = int(np.argmax(off / SPIKE))
        spike = off[column] > SPIKE[column] and level and leaps_alone(off[:3], column)
        self._spikes = self._spikes + 1 if spike else 0
        if spike and self._spikes <= LONGEST_SPIKE:
            return True
        self._spikes = 0
        self._level = np.vstack([self._level, reading])[-_BEFORE:]
        return False
