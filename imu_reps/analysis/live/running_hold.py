"""The running hold: its duration, when the back lets go, and its end as the legs come down."""

from __future__ import annotations

from collections import deque

import numpy as np

from imu_reps.analysis.estimate import estimate_set
from imu_reps.analysis.hold import ARRIVING_SHARE, LIFTED_DEG, NEAR_DEG, NEAR_SHARE, SHORTEST_S
from imu_reps.analysis.live.frame import pose_of
from imu_reps.analysis.live.limits import CLEAR_TILT_DEG, LiveLimit
from imu_reps.analysis.live.sensor_watch import LiveWatch
from imu_reps.analysis.live.way import SPEED_LAG_S, SPEED_TICKS
from imu_reps.analysis.reps.phases import SLOW_DPS
from imu_reps.analysis.set_motion import LiveLowPass
from imu_reps.domain.events import Event, HoldBegan, HoldEnded, HoldGoesOn, LimitCrossed, Ready, SetEnded
from imu_reps.domain.recording import Header
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ, AngleTrack, Pose
from imu_reps.kinematics.motion import Motion

#: Legs back on the floor for this long have come down.
DOWN_S = 0.5

HoldEvents = list[HoldBegan | HoldGoesOn | HoldEnded]

#: Reason of `SetEnded` when the legs came down.
LEGS_DOWN = "legs_down"


class LiveHold:
    """Follows one running hold and emits its events.

    Parameters
    ----------
    posture_checked : bool
        Whether a pelvis sensor is worn, so that the posture can be checked.

    Attributes
    ----------
    pose : Pose or None
        The newest angles; None before the first.
    count : int
        Number of repetitions, always 0.
    ended : bool
        Whether the hold is over; nothing more is processed.
    """

    def __init__(self, header: Header, settings: Settings, *, posture_checked: bool) -> None:
        self._header = header
        self._settings = settings
        self._posture_checked = posture_checked
        self._watch = LiveWatch(header)
        self._low_pass = LiveLowPass()
        self._legs = HeldLegs()
        self._back = HeldBack(settings)
        self._ready = self._was_held = False
        self.pose: Pose | None = None
        self.count = 0
        self.ended = False

    def angles(self) -> AngleTrack:
        """Return the angles of the motion kept, by the current estimate."""
        return estimate_set(self._watch.buffer.motion(), self._header, self._settings).track

    def announced_spans(self) -> list[tuple[float, float]]:
        """Return no spans: a hold has no repetitions."""
        return []

    def push(self, motion: Motion) -> list[Event]:
        """Process the next grid instants and return the events they cause."""
        events: list[Event] = []
        if self.ended:
            return events
        for seen in self._watch.instants(motion, lambda: self._legs.began_s is None and not self._was_held):
            events += seen.silence
            self.pose = pose_of(seen.time_s, *seen.angles_deg)
            leg_deg, tilt_deg, _ = seen.angles_deg
            events += self._gates(seen.time_s, ready=seen.ready, left=seen.left)
            events += self._step(seen.time_s, leg_deg, tilt_deg)
            if self._watch.buffer.is_full:
                self._watch.buffer.make_room(np.empty(0))
            if self.ended:
                break
        return events

    def _gates(self, time_s: float, *, ready: bool, left: bool) -> list[Event]:
        """Begin when ready; once the posture was left, end the hold, or wait again if there was none."""
        if not self._ready:
            self._ready = ready
            return [Ready(time_s, self._posture_checked)] if ready else []
        if not left:
            return []
        if self._was_held or self._legs.seconds >= SHORTEST_S:
            self.ended = True
            return [SetEnded(time_s, "left_posture", None)]
        self._ready, self._legs = False, HeldLegs()
        return []

    def _step(self, time_s: float, leg_deg: float, tilt_deg: float) -> list[Event]:
        angle_deg, passed_s = self._low_pass.step(leg_deg), self._back.step(tilt_deg)
        if not self._ready or self.ended:
            return []
        emitted = self._legs.step(time_s, angle_deg)
        for event in emitted:
            if isinstance(event, HoldEnded):
                self._was_held = self._was_held or event.counts
        crossed = self._back.crossed(time_s, passed_s, self._legs.began_s, angle_deg)
        if not (self._was_held and self._legs.down):
            return [*emitted, *crossed]
        self.ended = True
        return [*emitted, SetEnded(time_s, LEGS_DOWN, None)]


class HeldBack:
    """Checks pelvic tilt against its limit while the legs are held, each time that it is passed."""

    def __init__(self, settings: Settings) -> None:
        self._limit_deg = settings.tilt_flag_deg
        self._tilt = LiveLimit(self._limit_deg, CLEAR_TILT_DEG, settings.angle_hold_s)
        self._flat = True
        self._times = 0

    def step(self, tilt_deg: float) -> float | None:
        """Process the next tilt, NaN where not measured.

        Returns
        -------
        float or None
            How long ago the limit was passed, seconds, while the crossing counts; else None.
        """
        passed_s = self._tilt.step(tilt_deg)
        self._flat = self._flat or self._tilt.value_deg < self._limit_deg - CLEAR_TILT_DEG
        return passed_s if self._tilt.value_deg > 0.0 else None

    def crossed(
        self, time_s: float, passed_s: float | None, began_s: float | None, leg_deg: float
    ) -> list[LimitCrossed]:
        """Return a new crossing while the legs are held since `began_s`; none is older than that."""
        if passed_s is None or began_s is None or not self._flat:
            return []
        self._flat = False
        self._times += 1
        crossed_s, tilt_deg = max(time_s - passed_s, began_s), self._tilt.value_deg
        found = (crossed_s, tilt_deg, self._limit_deg, "deg", leg_deg)
        return [LimitCrossed(time_s, self._times, "back_arch", *found)]


class HeldLegs:
    """Follows the height of the legs, instant by instant.

    Attributes
    ----------
    began_s : float or None
        Start of the current hold; None while the legs are not held.
    seconds : int
        Whole seconds of the latest hold emitted so far.
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
        """Whether the legs are back on the floor."""
        return self._down_ticks >= DOWN_S * GRID_HZ

    def step(self, time_s: float, height_deg: float) -> HoldEvents:
        """Process the next low-passed height above the floor, degrees, and return the events it causes."""
        self._heights.append(height_deg)
        rise_dps = (height_deg - self._heights[0]) * GRID_HZ / max(len(self._heights) - 1, 1)
        speed_dps = abs(rise_dps)
        on_floor = height_deg <= LIFTED_DEG
        self._down_ticks = self._down_ticks + 1 if on_floor else 0
        self._peak_dps = 0.0 if on_floor and self.began_s is None else max(self._peak_dps, speed_dps)
        calm = speed_dps < min(SLOW_DPS, ARRIVING_SHARE * self._peak_dps)
        if self.began_s is None:
            return self._arrives(time_s, height_deg) if calm and not on_floor else []
        emitted = self._goes_on(time_s, self.began_s, height_deg, rise_dps)
        if calm and self.began_s is not None:
            self._calm_s = time_s - SPEED_LAG_S
        return emitted

    def _arrives(self, time_s: float, height_deg: float) -> HoldEvents:
        self.began_s = self._calm_s = time_s - SPEED_LAG_S
        self._height_sum, self._ticks, self.seconds = height_deg, 1, 0
        return [HoldBegan(time_s, self.began_s, height_deg)]

    def _goes_on(self, time_s: float, began_s: float, height_deg: float, rise_dps: float) -> HoldEvents:
        """Continue the hold, end it, or discard it: the legs may have stalled on the way up.

        Seconds that end while the legs are falling are not emitted, since they may be coming down.
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
