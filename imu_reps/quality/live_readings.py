"""Which samples are readings, told as they come: what is none is left out of the running set.

Only what the samples so far show: a recording that is finished is looked at once more, from both sides, and
the last word is its. An axis that hangs, values that wrap round or a rate that falls are told only then.
"""

from __future__ import annotations

import numpy as np

from imu_reps.domain.samples import BoolArray, FloatArray, IntArray, SampleBlock
from imu_reps.quality.channels import NO_READING
from imu_reps.quality.failed_readings import LONGEST_SPIKE, SPIKE, SPIKE_LEVEL, flat, leaps_alone
from imu_reps.quality.frozen_channels import ALL_FROZEN_SAMPLES, FROZEN_SAMPLES, MOVES_MPS2

#: A sensor that hangs while it reads less is harmless: at rest its last reading is as good as a new one.
HANGS_DPS = 10.0
#: Readings before a spike that show its level.
_BEFORE = 2


class LiveReadings:
    """One sensor's samples as they come; any cut into blocks gives the same.

    Left out are failed transfers and what is no number, up to `LONGEST_SPIKE` samples in a row that leap
    away from a level, and repeats of one reading by a sensor that hangs while it turns.
    """

    def __init__(self) -> None:
        self._all, self._acc, self._gyr = _Repeats(), _Repeats(), _Repeats()
        self._level = np.empty((0, 6))
        self._spikes = 0

    def left(self, block: SampleBlock) -> SampleBlock:
        """The samples of the next block that are readings."""
        if not len(block):
            return block
        values = np.hstack([block.acc_mps2, block.gyr_dps])
        bad = flat(values) | ~(np.abs(values) < NO_READING).all(axis=1)
        bad |= self._hanging(values)
        bad |= self._leaping(values, ~bad)
        return block[~bad] if bad.any() else block

    def _hanging(self, values: FloatArray) -> BoolArray:
        """Repeats of one reading, of all channels or of one part, that another part or their size belies."""
        acc, gyr = values[:, :3], values[:, 3:]
        repeats, _ = self._all.repeats(values)
        acc_repeats, _ = self._acc.repeats(acc)
        gyr_repeats, since = self._gyr.repeats(values, 3)
        turns = np.abs(gyr).max(axis=1) > HANGS_DPS
        with np.errstate(invalid="ignore"):  # what is no number is left out anyway
            moved = np.abs(acc - since[:, :3]).max(axis=1) > MOVES_MPS2
        return np.asarray(
            ((repeats >= ALL_FROZEN_SAMPLES - 1) | (acc_repeats >= FROZEN_SAMPLES)) & turns
            | (gyr_repeats >= FROZEN_SAMPLES) & (moved | turns)
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


class _Repeats:
    """How many times in a row readings repeated the one before."""

    def __init__(self) -> None:
        self._first: FloatArray | None = None
        self._count = 0

    def repeats(self, values: FloatArray, column: int = 0) -> tuple[IntArray, FloatArray]:
        """For each next reading, by its channels from `column` on: repeats, and the one they began with."""
        before = values[:1] if self._first is None else self._first
        first = np.vstack([before, values])
        changed = (values[:, column:] != np.vstack([before, values[:-1]])[:, column:]).any(axis=1)
        rows = np.arange(1, len(values) + 1)
        began = np.maximum.accumulate(np.where(changed, rows, 0))
        count = np.where(began > 0, rows - began, rows + self._count)
        if self._first is None:
            count = np.where(began > 0, count, rows - 1)
        self._first, self._count = first[began[-1:]], int(count[-1])
        return count, first[began]
