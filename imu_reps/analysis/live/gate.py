"""Whether the person lies (hangs) and is still, and whether the posture was left, instant by instant."""

from __future__ import annotations

import numpy as np

from imu_reps.analysis.live.buffer import MotionBuffer
from imu_reps.analysis.set.spells import LEFT_POSTURE_S, Posture, all_still, find_rocks
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import Motion
from imu_reps.kinematics.mounting import LEFT_DEG, angle_between_deg, axis_vector, lean_deg, ready_deg

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
        self._seen = 0
        self._last_deg = np.nan
        self._away_ticks = 0

    def learn(self, posture: Posture) -> None:
        """Take over the person's own lying direction from an estimate, once the sensor's axes are known."""
        if posture.lying is not None and posture.cranial is not None:
            self.lying, self.cranial = posture.lying, posture.cranial

    def watch(self, motion: Motion) -> tuple[BoolArray, FloatArray]:
        """Whether everything is ready, and how far the pelvis is from lying (hanging), at the next instants.

        NaN where nobody knows. Where `lying` is another one by then, what is still to come is watched again.
        """
        still, count = all_still(motion), len(motion)
        if motion.pelvis is None:
            return still, np.full(count, np.nan)
        away = self._away_deg(motion.pelvis.up)
        return still & (away < ready_deg(self._header.start)), away

    def left(self, away_deg: float, buffer: MotionBuffer) -> bool:
        """Take the next instant, the latest of a buffer; whether the posture is left for good by then."""
        self._last_deg = away_deg
        self._away_ticks = self._away_ticks + 1 if away_deg >= LEFT_DEG else 0
        self._seen += 1
        if self.cranial is None and self._seen % ROCKS_EVERY == 0:
            self._look_for_rocks(buffer.motion(max(0, buffer.count - ROCKS_WITHIN)))
        return self._away_ticks >= LEFT_POSTURE_S * GRID_HZ

    def _away_deg(self, up: FloatArray) -> FloatArray:
        """How far the pelvis is from lying (hanging); where nothing was measured, as far as it last was."""
        if self.cranial is None:
            return np.full(len(up), np.nan)
        if self.lying is None:
            away = lean_deg(up, self.cranial, self._header.posture)
        else:
            away = angle_between_deg(up, self.lying)
        known = np.isfinite(away)
        last = np.maximum.accumulate(np.where(known, np.arange(len(away)), -1))
        return np.where(last >= 0, away[np.maximum(last, 0)], self._last_deg)

    def _look_for_rocks(self, past: Motion) -> None:
        found = find_rocks(past)
        if found is not None:
            self.lying, self.cranial = found[0].matrix[0], found[0].matrix[1]
