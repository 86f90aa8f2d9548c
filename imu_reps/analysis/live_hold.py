"""A hold while it runs: how long, when the back lets go, and that it is over as the legs come down."""

from __future__ import annotations

import math

from imu_reps.analysis.filters import LiveLowPass
from imu_reps.analysis.held_legs import HeldLegs
from imu_reps.analysis.hold import SHORTEST_S
from imu_reps.analysis.live_angles import LiveAlignment, LiveAngles
from imu_reps.analysis.live_crossings import CLEAR_TILT_DEG, LiveLimit
from imu_reps.analysis.live_measure import LiveTrack
from imu_reps.analysis.live_silence import LiveSilence
from imu_reps.analysis.ready import LEFT_POSTURE_S
from imu_reps.domain.events import Event, HoldBegan, HoldEnded, LimitCrossed, Ready, SetEnded
from imu_reps.domain.pose import Pose
from imu_reps.domain.recording import Header
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ, AngleTrack
from imu_reps.kinematics.motion import Motion

#: Why a hold ended.
LEGS_DOWN = "legs_down"

#: A back that let go lies flat again when it is so far within its limit: the hysteresis of a live angle.
FLAT_AGAIN_DEG = 1.0


class LiveHold:
    """Follows one hold, instant by instant, so that blocks do not matter.

    Parameters
    ----------
    header : Header
    settings : Settings
    posture_checked : bool
        Whether a pelvis sensor is worn.

    Attributes
    ----------
    count : int
        Of repetitions: a hold has none.
    ended : bool
    """

    def __init__(self, header: Header, settings: Settings, *, posture_checked: bool) -> None:
        self._posture_checked = posture_checked
        self._alignment = LiveAlignment(header)
        self._track = LiveTrack()
        self._silence = LiveSilence()
        self._low_pass = LiveLowPass()
        self._legs = HeldLegs()
        self._back = HeldBack(settings)
        self._ready = self._was_held = False
        self._lost_ticks = 0
        self._sense = 1.0
        self.count = 0
        self.ended = False

    @property
    def pose(self) -> Pose | None:
        """The newest angles; None before the first."""
        return self._track.pose(self._sense, 0.0)

    def angles(self) -> AngleTrack:
        """The angles of the last minutes."""
        return self._track.piece(self._track.first_tick, self._track.next_tick, self._sense, 0.0)

    def heard_spans(self) -> list[tuple[float, float]]:
        """When each counted repetition was: a hold has none."""
        return []

    def push(self, motion: Motion) -> list[Event]:
        """Take the next grid instants and say what is new."""
        if len(motion) == 0 or self.ended:
            return []
        in_posture, ready = self._alignment.watch(motion)
        silence = self._silence.watch(motion)
        events: list[Event] = []
        for offset, time_s in enumerate(motion.time_s.tolist()):
            events += silence.get(offset, ())
            angles = self._alignment.step(motion, offset, ready=bool(ready[offset]))
            self._track.push(motion, offset, angles, ready=bool(ready[offset]))
            events += self._gate(time_s, bool(in_posture[offset]), bool(ready[offset]))
            events += self._step(time_s, angles)
            if self.ended:
                break
        return events

    def _gate(self, time_s: float, in_posture: bool, ready: bool) -> list[Event]:
        """Open the gate when ready; close it when the posture was left for long."""
        self._lost_ticks = 0 if in_posture else self._lost_ticks + 1
        if not self._ready:
            self._ready = ready
            return [Ready(time_s, self._posture_checked)] if ready else []
        if self._lost_ticks < LEFT_POSTURE_S * GRID_HZ:
            return []
        if self._was_held or self._legs.seconds >= SHORTEST_S:
            self.ended = True
            return [SetEnded(time_s, "left_posture", None)]
        self._ready, self._legs = False, HeldLegs()
        return []

    def _step(self, time_s: float, angles: LiveAngles) -> list[Event]:
        tilt_deg = angles.tilt_deg if angles.rested else math.nan
        angle_deg, passed_s = self._low_pass.step(angles.angle_deg), self._back.step(tilt_deg)
        if not self._ready or self.ended:
            return []
        said = self._legs.step(time_s, abs(angle_deg))
        for event in said:
            if isinstance(event, HoldBegan):
                self._sense = math.copysign(1.0, angle_deg)
            elif isinstance(event, HoldEnded):
                self._was_held = self._was_held or event.counts
        crossed = self._back.crossed(time_s, passed_s, self._legs.began_s, abs(angle_deg))
        if not (self._was_held and self._legs.down):
            return [*said, *crossed]
        self.ended = True
        return [*said, SetEnded(time_s, LEGS_DOWN, None)]


class HeldBack:
    """The pelvic tilt against its limit while the legs are held: said each time that it is passed."""

    def __init__(self, settings: Settings) -> None:
        self._limit_deg = settings.tilt_flag_deg
        self._tilt = LiveLimit(self._limit_deg, CLEAR_TILT_DEG, settings.angle_hold_s)
        self._flat = True
        self._times = 0

    def step(self, tilt_deg: float) -> float | None:
        """Take the next tilt, NaN where not measured; how long ago the limit was passed, where it counts."""
        passed_s = self._tilt.step(tilt_deg)
        self._flat = self._flat or self._tilt.value_deg < self._limit_deg - FLAT_AGAIN_DEG
        return passed_s if self._tilt.value_deg > 0.0 else None

    def crossed(
        self, time_s: float, passed_s: float | None, began_s: float | None, leg_deg: float
    ) -> list[LimitCrossed]:
        """What is new, where the legs are held since `began_s`; no crossing is older than that."""
        if passed_s is None or began_s is None or not self._flat:
            return []
        self._flat = False
        self._times += 1
        crossed_s, tilt_deg = max(time_s - passed_s, began_s), self._tilt.value_deg
        found = (crossed_s, tilt_deg, self._limit_deg, "deg", leg_deg)
        return [LimitCrossed(time_s, self._times, "back_arch", *found)]
