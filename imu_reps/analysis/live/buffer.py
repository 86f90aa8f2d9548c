"""The motion so far, in memory that does not grow: of a long set its beginning and its latest minutes."""

from __future__ import annotations

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import GridMotion, Motion

#: So much is kept at most; then the middle goes, and this much of the beginning and of the end stays: enough
#: of either to see where the leg lies, which way is up, and what is usual.
ROOM_S, HEAD_S, TAIL_S = 150.0, 40.0, 80.0

_UP, _GYR, _ACC, _STILL, _WIDTH = 0, 3, 6, 9, 10


class MotionBuffer:
    """Keeps grid motion in rows; a row's `time_s` tells when it was.

    Attributes
    ----------
    count : int
        Rows that are kept.
    """

    def __init__(self) -> None:
        self.count = 0
        room = int(ROOM_S * GRID_HZ)
        self._time_s = np.empty(room)
        self._pelvis = np.empty((room, _WIDTH))
        self._ankle = np.empty((room, _WIDTH))
        self._worn = (False, False)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another row."""
        return self.count == len(self._time_s)

    def append(self, motion: Motion, tick: int) -> None:
        """Keep one instant of a motion."""
        row = self.count
        self._time_s[row] = motion.time_s[tick]
        self._worn = (motion.pelvis is not None, motion.ankle is not None)
        for rows, sensor in ((self._pelvis, motion.pelvis), (self._ankle, motion.ankle)):
            if sensor is not None:
                here = rows[row]
                here[_UP:_GYR] = sensor.up[tick]
                here[_GYR:_ACC] = sensor.gyr_dps[tick]
                here[_ACC:_STILL] = sensor.acc_mps2[tick]
                here[_STILL] = sensor.still[tick]
        self.count += 1

    def motion(self, start: int = 0) -> Motion:
        """What is kept from row `start` on, as a motion; without impacts."""
        rows = slice(start, self.count)
        worn_pelvis, worn_ankle = self._worn
        return Motion(
            self._time_s[rows],
            _sensor(self._pelvis[rows]) if worn_pelvis else None,
            _sensor(self._ankle[rows]) if worn_ankle else None,
        )

    def row_at(self, time_s: float) -> int:
        """The first row that is not before a time."""
        return int(np.searchsorted(self._time_s[: self.count], time_s - 0.5 / GRID_HZ))

    def make_room(self, boundaries_s: FloatArray) -> tuple[float, float]:
        """Forget the middle, from repetition to repetition where it can be; gives from when until when.

        Parameters
        ----------
        boundaries_s : (k,) float
            When repetitions were over.
        """
        tail_s = float(self._time_s[self.count - 1]) - TAIL_S
        until = self.row_at(_last_before(boundaries_s, tail_s))
        start = self.row_at(_last_before(boundaries_s, float(self._time_s[0]) + HEAD_S))
        if start >= until:
            start = 0
        gone, kept = until - start, self.count - until
        span = float(self._time_s[start]), float(self._time_s[until])
        for rows in (self._time_s, self._pelvis, self._ankle):
            rows[start : start + kept] = rows[until : self.count].copy()
        self.count -= gone
        return span


def _last_before(boundaries_s: FloatArray, time_s: float) -> float:
    before = boundaries_s[boundaries_s <= time_s]
    # one that was over half a minute before was over too long ago to cut there
    near = before[before > time_s - TAIL_S / 4.0]
    return float(near.max()) if len(near) else time_s


def _sensor(rows: FloatArray) -> GridMotion:
    return GridMotion(
        rows[:, _UP:_GYR],
        rows[:, _GYR:_ACC],
        rows[:, _ACC:_STILL],
        np.full(len(rows), np.nan),
        rows[:, _STILL] > 0.0,
    )
