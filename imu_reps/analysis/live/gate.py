"""Whether the person lies (hangs) and is still, and whether the posture was left, instant by instant."""

from __future__ import annotations

import numpy as np

from imu_reps.analysis.set.spells import LEFT_POSTURE_S, Posture, all_still, find_rocks
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import Motion, join_motions
from imu_reps.kinematics.mounting import LEFT_DEG, axis_vector, lean_deg, ready_deg

#: Pelvic rocks are looked for once a second in the last minute.
ROCKS_EVERY, ROCKS_WITHIN = 100, 6000


class LiveGate:
    """Watches the posture.

    Before an estimate shows the person's own lying direction, the named axis stands for it.

    Attributes
    ----------
    cranial : (3,) float or None
        The pelvis sensor's axis to the head, once it is known.
    lying : (3,) float or None
        The person's own direction of up while lying (hanging), once it is known.
    """

    def __init__(self, header: Header) -> None:
        self._header = header
        functional = header.pelvis.alignment == "functional"
        self.cranial = None if functional else axis_vector(header.pelvis.cranial_axis or "+y")
        self.lying: FloatArray | None = None
        self._history: list[Motion] = []
        self._seen = 0
        self._last_deg = np.inf
        self._away_ticks = 0

    def learn(self, posture: Posture) -> None:
        """Take over the person's own lying direction from an estimate."""
        if posture.lying is not None:
            self.lying, self.cranial = posture.lying, posture.cranial

    def watch(self, motion: Motion) -> tuple[BoolArray, FloatArray]:
        """Whether everything is ready, and how far the pelvis is from lying (hanging), at the next instants.

        As it is known now: where `learn` shows another direction, what is still to come is watched again.
        """
        still, count = all_still(motion), len(motion)
        if motion.pelvis is None:
            return still, np.zeros(count)
        unknown = self._look_for_rocks(motion) if self.cranial is None else 0
        away = np.full(count, np.inf)
        away[unknown:] = self._away_deg(motion.pelvis.up[unknown:])
        return still & (away < ready_deg(self._header.start)), away

    def left(self, away_deg: float) -> bool:
        """Take the next instant; whether the posture is left for good by then."""
        self._last_deg = away_deg
        self._away_ticks = self._away_ticks + 1 if away_deg >= LEFT_DEG else 0
        return self._away_ticks >= LEFT_POSTURE_S * GRID_HZ

    def _away_deg(self, up: FloatArray) -> FloatArray:
        """How far the pelvis is from lying (hanging); where nothing was measured, as far as it last was."""
        if self.cranial is None:
            return np.full(len(up), np.inf)
        if self.lying is None:
            away = lean_deg(up, self.cranial, self._header.posture)
        else:
            away = np.degrees(np.arccos(np.clip(up @ self.lying, -1.0, 1.0)))
        known = np.isfinite(away)
        last = np.maximum.accumulate(np.where(known, np.arange(len(away)), -1))
        return np.where(last >= 0, away[np.maximum(last, 0)], self._last_deg)

    def _look_for_rocks(self, motion: Motion) -> int:
        """Look once a second, whatever the blocks; returns after how many instants they were found."""
        start = 0
        while start < len(motion):
            end = min(len(motion), start + ROCKS_EVERY - self._seen % ROCKS_EVERY)
            self._history.append(motion[start:end])
            self._seen += end - start
            if self._seen % ROCKS_EVERY == 0 and self._rocks_found():
                return end
            start = end
        return len(motion)

    def _rocks_found(self) -> bool:
        past = join_motions(self._history)[-ROCKS_WITHIN:]
        self._history = [past]
        found = find_rocks(past)
        if found is None:
            return False
        self.lying, self.cranial = found[0].matrix[0], found[0].matrix[1]
        self._history = []
        return True
