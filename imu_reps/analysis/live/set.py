"""A set while it runs: the follower between estimates, and what each estimate shows otherwise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from imu_reps.analysis.estimate import EstimatorParams, SetEstimate, estimate_set
from imu_reps.analysis.faults.judge import judge_rep
from imu_reps.analysis.faults.verdict import RepView
from imu_reps.analysis.filters import SHORTEST
from imu_reps.analysis.live.announced import Announced
from imu_reps.analysis.live.buffer import MotionBuffer
from imu_reps.analysis.live.follower import REREAD_S, Follower, Known
from imu_reps.analysis.live.frame import LiveFrame, LiveRest, frame_of, pose_of
from imu_reps.analysis.live.gate import LiveGate
from imu_reps.analysis.live.limits import FIRST_DEG, SETTLED_REPS
from imu_reps.analysis.live.silence import LiveSilence
from imu_reps.analysis.reps.measure import Measured, Meter
from imu_reps.analysis.reps.phases import phase_boundaries
from imu_reps.analysis.reps.segmentation import Excursion, Turn, usual_range_deg
from imu_reps.analysis.set.reading import Before
from imu_reps.analysis.set_motion import set_motion
from imu_reps.domain.events import Event, FaultSeen, PostureLeft, Ready, RepCompleted, RepRetracted
from imu_reps.domain.pose import Pose
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Certainty, Rep
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ, AngleTrack
from imu_reps.kinematics.motion import Motion, bridged_columns, impacts

#: Angles this long before a repetition are looked at, for the filters and the resting band.
LEAD_S = 2.0


class LiveSet:
    """Follows one set.

    Parameters
    ----------
    header : Header
    settings : Settings
    posture_checked : bool
        Whether a pelvis sensor is worn.
    """

    def __init__(self, header: Header, settings: Settings, *, posture_checked: bool) -> None:
        self._header = header
        self._settings = settings
        self._params = EstimatorParams()
        self._posture_checked = posture_checked
        self._buffer = MotionBuffer()
        self._gate = LiveGate(header)
        self._silence = LiveSilence()
        self._follower = Follower(header, settings)
        self._rest = LiveRest(header)
        self._announced = Announced()
        self._measured: dict[int, Measured] = {}
        self._threshold_deg = settings.min_range_deg
        self._ready = self._left_told = self._settled = False
        self._pose: Pose | None = None
        self.ended = False

    @property
    def count(self) -> int:
        """Repetitions counted so far."""
        return len(self._announced)

    @property
    def _frame(self) -> LiveFrame:
        return self._rest.frame

    @property
    def pose(self) -> Pose | None:
        """The newest angles; None before the first."""
        return self._pose

    def heard_spans(self) -> list[tuple[float, float]]:
        """When each counted repetition was: its near turn, and as far as its way back is known, seconds."""
        return [(rep.near.tick / GRID_HZ, rep.back.tick / GRID_HZ) for rep in self._announced]

    def angles(self) -> AngleTrack:
        """The angles that are kept, as they are known now."""
        return estimate_set(self._buffer.motion(), self._header, self._settings, self._params).track

    def push(self, motion: Motion) -> list[Event]:
        """Take the next grid instants and say what is new."""
        if len(motion) == 0:
            return []
        ready, away = self._gate.watch(motion)
        silence = self._silence.watch(motion)
        events: list[Event] = []
        angles, start = self._frame.angles_deg(motion, self._header), 0
        for offset, time_s in enumerate(motion.time_s.tolist()):
            events += silence.get(offset, ())
            if self._buffer.is_full:
                self._make_room()
            self._buffer.append(motion, offset)
            tick = round(time_s * GRID_HZ)
            resting, may_zero = bool(ready[offset]), not self.count
            lying, left = self._gate.lying, self._gate.left(float(away[offset]), self._buffer)
            if self._rest.step(self._buffer, self._gate.cranial, ready=resting, may_zero=may_zero):
                angles, start = self._frame.angles_deg(motion[offset:], self._header), offset
            events += self._gates(time_s, ready=resting, left=left)
            here = tuple(angles[:, offset - start].tolist())
            self._pose = self._pose_of(time_s, *here)
            said = self._follower.step(tick, time_s, here, self._known())
            events += said if self._ready and not left else ()
            if self._asks():
                events += self._estimate(time_s)
                angles, start = self._frame.angles_deg(motion[offset:], self._header), offset
            if self._gate.lying is not lying:
                ready[offset + 1 :], away[offset + 1 :] = self._gate.watch(motion[offset + 1 :])
        return events

    def _asks(self) -> bool:
        """Whether to estimate anew: at turns and dwells, of a settled set at those of the resting end."""
        follower = self._follower
        ended = follower.turned or follower.settled
        return ended and (not self._settled or follower.ended_inwards)

    def _known(self) -> Known:
        far = self._announced.latest_far_tick
        return Known(self.count, far, self._threshold_deg, self._frame.placed)

    def _pose_of(self, time_s: float, leg_deg: float, tilt_deg: float, rotation_deg: float) -> Pose:
        return pose_of(time_s, leg_deg if self._frame.placed else math.nan, tilt_deg, rotation_deg)

    def _gates(self, time_s: float, *, ready: bool, left: bool) -> list[Event]:
        """Say once that everything is ready, and that the posture was left after a repetition."""
        events: list[Event] = []
        if ready and not self._ready:
            self._ready = True
            events.append(Ready(time_s, self._posture_checked))
        if left and self.count and not self._left_told:
            events.append(PostureLeft(time_s, self.count))
        self._left_told = left
        return events

    def _estimate(self, time_s: float) -> list[Event]:
        """Ask for the set so far, and say what is new."""
        motion = self._buffer.motion()
        leg = self._frame.leg
        known = None if leg is None or not self.count else Before(leg, self._settled)
        estimate = estimate_set(motion, self._header, self._settings, self._params, known)
        clear = estimate.margin >= self._params.high_margin
        self._settled = clear and len(estimate.segmentation.reps) >= SETTLED_REPS
        self._gate.learn(estimate.posture)
        self._rest.frame = frame_of(estimate, self._frame, self._header)
        if self._frame.leg is not leg:
            self._reread()
        self._threshold_deg = estimate.segmentation.threshold_deg
        reps = [_in_ticks(rep, motion) for rep in estimate.segmentation.reps]
        shown = reps if self._shows_a_set(reps, estimate.certainty) else []
        gone, new = self._announced.compare(shown, round(time_s * GRID_HZ))
        events: list[Event] = [*self._retracted(gone, time_s)]
        latest = self._announced.latest_far_tick or 0
        for rep in new:
            if estimate.certainty == "low" and rep.far.tick < latest:
                continue  # what was none so far is not told afterwards by an estimate that is not sure
            said = self._completed(rep, reps.index(rep), estimate, motion, time_s)
            if not said:
                continue  # its angles are not known yet: it is told, and counts, once they are
            self._announced.add(rep)
            if not self._ready:
                self._ready = True
                events.append(Ready(time_s, self._posture_checked))
            events += said
        return events

    def _shows_a_set(self, reps: Sequence[Excursion], certainty: Certainty | None) -> bool:
        """Whether what was seen is more than a fidget: raises of some size, or several of any."""
        if self.count:
            return True
        if self._header.posture == "hanging" and not self._ready and certainty != "high":
            return False  # who walks to the bar swings the leg too, as upright as who hangs
        large = usual_range_deg([rep.range_deg for rep in reps]) >= FIRST_DEG
        return certainty != "low" and (large or len(reps) >= SETTLED_REPS)

    def _reread(self) -> None:
        latest = self._buffer.motion(max(0, self._buffer.count - int(REREAD_S * GRID_HZ)))
        leg = self._frame.leg_deg(latest.ankle, self._header, len(latest))
        self._follower.reread(round(float(latest.time_s[0]) * GRID_HZ), leg)

    def _retracted(self, gone: Sequence[Excursion], time_s: float) -> list[RepRetracted]:
        """Say of what was announced that it is none."""
        counts = range(self.count + len(gone) - 1, self.count - 1, -1)
        reason = "no repetition, as the ones since show"
        return [
            RepRetracted(time_s, count, known.near.tick / GRID_HZ, reason)
            for count, known in zip(counts, gone, strict=True)
        ]

    def _completed(
        self, rep: Excursion, index: int, estimate: SetEstimate, motion: Motion, time_s: float
    ) -> list[Event]:
        number = self._announced.number_of(rep)
        judged = self._judged(number, rep, estimate.segmentation.reps[index], estimate, motion)
        if judged is None:
            return []
        self._follower.completed(judged)
        faults = [FaultSeen(time_s, number, fault) for fault in judged.faults]
        return [RepCompleted(time_s, number, judged), *faults]

    def _judged(
        self, number: int, rep: Excursion, rows: Excursion, estimate: SetEstimate, motion: Motion
    ) -> Rep | None:
        """The repetition as far as it is known; None where an angle is missing."""
        spell = next(spell for spell in estimate.posture.spells if rows.far.tick < spell.stop)
        start = max(spell.start, rows.near.tick - int(LEAD_S * GRID_HZ))
        piece = slice(start, len(motion))
        if len(motion) - start < SHORTEST or estimate.carried is None:
            return None
        track = _with_impacts(estimate.track[piece], motion[piece])
        seen = set_motion(track, self._header, estimate.carried[piece])
        if not np.isfinite(seen.elevation_deg).all():
            return None
        travel, speed = seen.travel_sign * seen.elevation_deg, seen.travel_sign * seen.speed_dps
        ticks = (max(turn.tick - start, 0) for turn in (rows.near, rows.far, rows.back))
        moved = Excursion(*(Turn(tick, float(travel[tick])) for tick in ticks))
        phases = phase_boundaries(travel, speed, moved, 0, len(travel) - 1)
        self._measured[rep.far.tick] = Meter(seen, self._settings).measure(phases, None)
        so_far = [self._measured[far] for far in sorted(self._measured) if far <= rep.far.tick]
        view = RepView(so_far[-1], seen, self._settings, so_far, self._header.ankle.rate_hz)
        return judge_rep(number, view)

    def _make_room(self) -> None:
        """Of a long set forget the middle, from repetition to repetition where it can be."""
        known = np.array([rep.back.tick / GRID_HZ for rep in self._announced])
        start_s, end_s = self._buffer.make_room(known)
        self._announced.forget(round(start_s * GRID_HZ), round(end_s * GRID_HZ))


def _in_ticks(rep: Excursion, motion: Motion) -> Excursion:
    """The same repetition, its turns on the clock's ticks instead of in rows of what is kept."""
    turns = (rep.near, rep.far, rep.back)
    return Excursion(*(Turn(round(float(motion.time_s[turn.tick]) * GRID_HZ), turn.value) for turn in turns))


def _with_impacts(track: AngleTrack, motion: Motion) -> AngleTrack:
    """The same angles with what the ankle's specific force shows of impacts at the grid's rate."""
    if motion.ankle is None:
        return track
    return replace(track, ankle_impact_mps2=impacts(bridged_columns(motion.ankle.acc_mps2), 1.0 / GRID_HZ))
