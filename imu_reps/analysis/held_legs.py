"""Legs that are held up, while it happens: arrived, still up, left; the limits are those of `hold`."""

from __future__ import annotations

from collections import deque

from imu_reps.analysis.hold import ARRIVING_SHARE, LIFTED_DEG, NEAR_DEG, NEAR_SHARE, SHORTEST_S
from imu_reps.analysis.live_way import SPEED_LAG_S, SPEED_TICKS
from imu_reps.analysis.reps.phases import SLOW_DPS
from imu_reps.domain.events import HoldBegan, HoldEnded, HoldGoesOn
from imu_reps.domain.track import GRID_HZ

#: Legs that are back on the floor for so long stay there.
DOWN_S = 0.5

Said = list[HoldBegan | HoldGoesOn | HoldEnded]


class HeldLegs:
    """Follows the height of the legs, instant by instant.

    Attributes
    ----------
    began_s : float or None
        Since when they are held; None: they are not.
    seconds : int
        Whole seconds of the latest hold.
    """

    def __init__(self) -> None:
        self.began_s: float | None = None
        self._heights: deque[float] = deque(maxlen=SPEED_TICKS + 1)
        self._peak_dps = 0.0
        self._height_sum = 0.0
        self._ticks = self._down_ticks = 0
        self.seconds = 0
        self._calm_s = 0.0

    @property
    def down(self) -> bool:
        """Whether they are back on the floor."""
        return self._down_ticks >= DOWN_S * GRID_HZ

    def step(self, time_s: float, height_deg: float) -> Said:
        """Take the next low-passed height above the floor; returns what is new."""
        self._heights.append(height_deg)
        rise_dps = (height_deg - self._heights[0]) * GRID_HZ / max(len(self._heights) - 1, 1)
        speed_dps = abs(rise_dps)
        on_floor = height_deg <= LIFTED_DEG
        self._down_ticks = self._down_ticks + 1 if on_floor else 0
        self._peak_dps = 0.0 if on_floor and self.began_s is None else max(self._peak_dps, speed_dps)
        calm = speed_dps < min(SLOW_DPS, ARRIVING_SHARE * self._peak_dps)
        if self.began_s is None:
            return self._arrives(time_s, height_deg) if calm and not on_floor else []
        said = self._goes_on(time_s, self.began_s, height_deg, rise_dps)
        if calm and self.began_s is not None:
            self._calm_s = time_s - SPEED_LAG_S
        return said

    def _arrives(self, time_s: float, height_deg: float) -> Said:
        self.began_s = self._calm_s = time_s - SPEED_LAG_S
        self._height_sum, self._ticks, self.seconds = height_deg, 1, 0
        return [HoldBegan(time_s, self.began_s, height_deg)]

    def _goes_on(self, time_s: float, began_s: float, height_deg: float, rise_dps: float) -> Said:
        """Still held, or left; or still on the way up: what seemed the end of it was a stall.

        Legs that are falling are perhaps being lowered: those seconds are not told.
        """
        usual_deg = self._height_sum / self._ticks
        near_deg = max(NEAR_DEG, NEAR_SHARE * usual_deg)
        if height_deg < max(usual_deg - near_deg, LIFTED_DEG):
            held_s, self.began_s = self._calm_s - began_s, None
            return [HoldEnded(time_s, self._calm_s, held_s, counts=held_s >= SHORTEST_S)]
        if height_deg > usual_deg + near_deg and time_s - began_s < SHORTEST_S:
            self.began_s = None
            return []
        self._height_sum += height_deg
        self._ticks += 1
        if time_s - began_s < self.seconds + 1 or rise_dps < -SLOW_DPS:
            return []
        self.seconds = int(time_s - began_s)
        return [HoldGoesOn(time_s, self.seconds)]
