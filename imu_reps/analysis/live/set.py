"""The running set: a causal follower between estimates, corrected by each new estimate."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeGuard

import numpy as np

from imu_reps.analysis.estimate import EstimatorParams, SetEstimate, estimate_set
from imu_reps.analysis.live.announced import Announced, LiveJudge
from imu_reps.analysis.live.follower import REREAD_S, Follower, FollowerEvent, Known
from imu_reps.analysis.live.frame import LiveFrame, frame_of, pose_of
from imu_reps.analysis.live.limits import FIRST_DEG
from imu_reps.analysis.live.sensor_watch import LiveWatch, WatchedInstant
from imu_reps.analysis.reps.segmentation import SAME_TURN_TICKS, Excursion, Turn, usual_range_deg
from imu_reps.analysis.set.leg import elevation_deg
from imu_reps.analysis.set.reading import Before
from imu_reps.domain.events import (
    EndReached,
    Event,
    FaultSeen,
    PostureLeft,
    Ready,
    RepCompleted,
    RepRetracted,
    RepRevised,
)
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Certainty
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ, AngleTrack, Pose
from imu_reps.kinematics.motion import Motion
from imu_reps.kinematics.mounting import angle_between_deg

#: Number of repetitions that make a set. While there are fewer, each estimate measures all of them again.
SETTLED_REPS = 3

#: Until something is counted, the leg's axis may be that of a foot that rolled at rest, about which a raise
#: is hardly any movement. The ankle sensor is looked at so often, and the set estimated again if it has
#: turned by so much since, less than half of it about that axis (ours).
LOOKED_TICKS, OFF_AXIS_DEG, OFF_AXIS_SHARE = 50, 5.0, 0.5

#: A way back whose end moves by no more than this between estimates is unchanged.
STILL_TURN_TICKS = 5


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The set as estimated at one instant, with its repetitions in grid ticks."""

    motion: Motion
    estimate: SetEstimate
    reps: list[Excursion]

    def rows(self, rep: Excursion) -> Sequence[Excursion]:
        """Return one of them, and the next if there is one, in rows of the motion."""
        at = self.reps.index(rep)
        return self.estimate.segmentation.reps[at : at + 2]


@dataclass(frozen=True, slots=True)
class _UnsureEnd:
    """The end of a repetition that an estimate must confirm, and the tick at which its way began."""

    event: EndReached
    began_tick: int


class LiveSet:
    """Follows one running set and emits its events.

    Parameters
    ----------
    posture_checked : bool
        Whether a pelvis sensor is worn, so that the posture can be checked.
    """

    def __init__(self, header: Header, settings: Settings, *, posture_checked: bool) -> None:
        self._header = header
        self._settings = settings
        self._params = EstimatorParams()
        self._posture_checked = posture_checked
        self._watch = LiveWatch(header)
        self._follower = Follower(header, settings)
        self._announced = Announced()
        self._judge = LiveJudge(header, settings)
        self._threshold_deg = settings.min_range_deg
        self._ready = self._left_emitted = self._settled = self._zeroed = False
        self._unsure_end: _UnsureEnd | None = None
        self._end_count = 0
        self._estimated_up: FloatArray | None = None
        self._newest: tuple[WatchedInstant, bool] | None = None
        self.ended = False

    @property
    def count(self) -> int:
        """Number of repetitions counted so far."""
        return len(self._announced)

    @property
    def _frame(self) -> LiveFrame:
        return self._watch.rest.frame

    @property
    def pose(self) -> Pose | None:
        """The newest angles; None before the first."""
        if self._newest is None:
            return None
        seen, placed = self._newest
        leg_deg, *pelvis_deg = seen.angles_deg
        return pose_of(seen.time_s, leg_deg if placed else math.nan, *pelvis_deg)

    def announced_spans(self) -> list[tuple[float, float]]:
        """Return start and end of each counted repetition, seconds; the end as far as it is known."""
        return [(rep.near.tick / GRID_HZ, rep.back.tick / GRID_HZ) for rep in self._announced]

    def angles(self) -> AngleTrack:
        """Return the angles of the motion kept, by the current estimate."""
        return estimate_set(self._watch.buffer.motion(), self._header, self._settings, self._params).track

    def push(self, motion: Motion) -> list[Event]:
        """Process the next grid instants and return the events they cause."""
        events: list[Event] = []
        known = self._known()
        for seen in self._watch.instants(motion, lambda: not self.count):
            events += seen.silence
            events += self._gates(seen.time_s, ready=seen.ready, left=seen.left)
            self._newest = seen, self._frame.placed
            emitted = self._follower.step(seen.tick, seen.time_s, seen.angles_deg, known)
            due = self._estimate_due() or (seen.tick % LOOKED_TICKS == 0 and self._turned_off_axis())
            if emitted or due:
                events += self._answered(emitted if self._ready and not seen.left else [], due, seen.time_s)
                known = self._known()
            if self._watch.buffer.is_full:
                self._make_room()
                known = self._known()
        return events

    def _answered(self, emitted: Sequence[FollowerEvent], due: bool, time_s: float) -> list[Event]:
        """Return the follower's events that may pass, and those of an estimate if one is due."""
        snapshot = self._snapshot() if due or any(map(self._is_unsure, emitted)) else None
        events: list[Event] = [*self._confirmed(emitted, snapshot)]
        if due and snapshot is not None:
            events += self._estimate(snapshot, time_s)
        return events

    def _estimate_due(self) -> bool:
        """Whether to estimate again: at turns and dwells, once settled only at those of the resting end."""
        follower = self._follower
        ended = follower.turned or follower.settled
        return ended and (not self._settled or follower.ended_inwards)

    def _turned_off_axis(self) -> bool:
        """Whether the ankle sensor has turned since the last estimate, and hardly about the leg's axis."""
        up, before, leg = self._watch.buffer.ankle_up, self._estimated_up, self._frame.leg
        if self.count or leg is None or up is None or before is None:
            return False
        turned_deg = float(angle_between_deg(up, before))
        was_deg, is_deg = elevation_deg(leg, np.array([before, up]), self._header.posture, self._params.leg)
        seen = (
            abs(is_deg - was_deg) >= OFF_AXIS_SHARE * turned_deg
        )  # not along the axis, where there is no angle
        return turned_deg > OFF_AXIS_DEG and not seen

    def _is_unsure(self, event: FollowerEvent) -> TypeGuard[EndReached]:
        """Whether the event is the end of a repetition that an estimate must confirm.

        That is so before anything is counted, and when hanging: walking away from the bar swings the leg too.
        """
        ends = isinstance(event, EndReached) and event.completes
        return ends and (not self.count or self._header.posture == "hanging")

    def _confirmed(
        self, emitted: Sequence[FollowerEvent], snapshot: _Snapshot | None
    ) -> Iterator[FollowerEvent]:
        """Yield the follower's events, without unsure ends that the estimate does not show.

        Before anything is counted, an unsure end also passes if the leg rose far enough and is back where it
        first lay.
        """
        for event in emitted:
            if snapshot is None or not self._is_unsure(event):
                yield event
                continue
            self._unsure_end = _UnsureEnd(event, self._follower.way_began_tick)
            yield from self._shown_end(snapshot, event.time_s)
            if self._unsure_end is not None and not self.count and self._follower.back_where_it_lay:
                self._unsure_end = None
                self._end_count = event.number
                yield event

    def _shown_end(self, snapshot: _Snapshot, time_s: float) -> Iterator[EndReached]:
        """Yield the unsure end, with its number, once the estimate shows its repetition."""
        end = self._unsure_end
        if end is None or self._may_be_false(snapshot.estimate):
            return
        same = [abs(rep.far.tick - end.began_tick) < SAME_TURN_TICKS for rep in snapshot.reps]
        if not any(same):
            return
        number = 1 + same.index(True)
        self._unsure_end = None
        if snapshot.estimate.certainty != "low":
            self._follower.confirmed()
        self._end_count = number
        if number > self.count:
            yield replace(end.event, time_s=time_s, number=number)

    def _may_be_false(self, estimate: SetEstimate) -> bool:
        """Whether a repetition beyond those counted may be a false one, as by walking away from the bar."""
        return self._header.posture == "hanging" and 0 < self.count == estimate.other_count

    def _snapshot(self) -> _Snapshot:
        """Estimate the set so far."""
        motion, leg = self._watch.buffer.motion(), self._frame.leg
        up = self._watch.buffer.ankle_up
        self._estimated_up = self._estimated_up if up is None else up
        known = None if leg is None or not self.count else Before(leg, self._settled)
        estimate = estimate_set(motion, self._header, self._settings, self._params, known)
        return _Snapshot(motion, estimate, [_in_ticks(rep, motion) for rep in estimate.segmentation.reps])

    def _known(self) -> Known:
        """Return the state for the follower; before the first count, its number is that of ends emitted."""
        far = self._announced.latest_far_tick
        return Known(self.count or self._end_count, far, self._threshold_deg, self._frame.placed)

    def _gates(self, time_s: float, *, ready: bool, left: bool) -> list[Event]:
        """Emit `Ready` once, and `PostureLeft` each time the posture is left after a repetition."""
        events: list[Event] = []
        if ready and not self._ready:
            self._ready = True
            events.append(Ready(time_s, self._posture_checked))
        if left and self.count and not self._left_emitted:
            events.append(PostureLeft(time_s, self.count))
        self._left_emitted = left
        return events

    def _estimate(self, snapshot: _Snapshot, time_s: float) -> list[Event]:
        """Adopt an estimate of the set so far and return the events it causes."""
        estimate, reps = snapshot.estimate, snapshot.reps
        self._adopt(estimate)
        shown = reps if self._shows_a_set(reps, estimate.certainty) else []
        changes = self._announced.compare(shown, round(time_s * GRID_HZ))
        if changes.gone and not self.count:
            self._end_count = 0  # the ends emitted so far were of excursions that are no repetitions
        self._judge.follow(changes.kept)
        events: list[Event] = [
            *self._shown_end(snapshot, time_s),
            *self._retracted(changes.gone, time_s),
        ]
        for rep in changes.new:
            events += self._announce(rep, snapshot, time_s)
        followed = {before for before, rep in pairwise(reps) if rep in changes.new}
        moved = [rep for rep in self._moved(changes.kept, followed, estimate) if rep in reps]
        for rep in moved:
            self._judge.measure(rep, snapshot.rows(rep), estimate, snapshot.motion)
        return [*events, *self._revised(time_s)] if moved or changes.new else events

    def _adopt(self, estimate: SetEstimate) -> None:
        """Take over what an estimate shows of the leg's frame, the posture and the counting threshold."""
        leg = self._frame.leg
        clear = estimate.margin >= self._params.high_margin
        self._settled = clear and len(estimate.segmentation.reps) >= SETTLED_REPS
        self._watch.gate.learn(estimate.posture)
        self._watch.rest.frame = frame_of(estimate, self._frame, self._header)
        if self._frame.leg is not leg:
            self._reread()
        self._threshold_deg = estimate.segmentation.threshold_deg

    def _announce(self, rep: Excursion, snapshot: _Snapshot, time_s: float) -> Iterator[Event]:
        """Count a repetition that is new in an estimate, unless it may be none or has unknown angles.

        An uncertain estimate does not add repetitions before the latest one announced.
        """
        estimate = snapshot.estimate
        before_latest = rep.far.tick < (self._announced.latest_far_tick or 0)
        if (estimate.certainty == "low" and before_latest) or self._may_be_false(estimate):
            return
        if not self._judge.measure(rep, snapshot.rows(rep), estimate, snapshot.motion):
            return
        self._announced.add(rep)
        if not self._ready:
            self._ready = True
            yield Ready(time_s, self._posture_checked)
        yield from self._completed(rep, time_s)

    def _moved(
        self, kept: Mapping[Excursion, Excursion], followed: Collection[Excursion], estimate: SetEstimate
    ) -> list[Excursion]:
        """Return the repetitions to measure again: a longer way back, a rest whose end is now known, or all.

        All of them while there are few, and once the zero of tilt becomes known.
        """
        zeroed = estimate.pelvis.tilt_known and not self._zeroed
        self._zeroed = estimate.pelvis.tilt_known
        every = zeroed or self.count <= SETTLED_REPS
        return [
            now
            for was, now in kept.items()
            if every or now in followed or now.back.tick - was.back.tick > STILL_TURN_TICKS
        ]

    def _completed(self, rep: Excursion, time_s: float) -> list[Event]:
        number = self._announced.number_of(rep)
        judged = self._judge.judge(number, rep)
        self._follower.completed(judged)
        return [RepCompleted(time_s, number, judged), *(FaultSeen(time_s, number, f) for f in judged.faults)]

    def _revised(self, time_s: float) -> Iterator[Event]:
        """Yield the revisions of announced repetitions, and the faults that are new in them."""
        numbers = {rep: number for number, rep in enumerate(self._announced, 1)}
        for before, now in self._judge.revised(numbers):
            cleared = tuple(flag for flag in before.flags if flag not in now.flags)
            yield RepRevised(time_s, now.number, now, cleared)
            known = {(fault.code, fault.level) for fault in before.faults}
            new = (fault for fault in now.faults if (fault.code, fault.level) not in known)
            yield from (FaultSeen(time_s, now.number, fault) for fault in new)

    def _shows_a_set(self, reps: Sequence[Excursion], certainty: Certainty | None) -> bool:
        """Whether the excursions are more than a fidget: large raises, or several of any size."""
        if self.count:
            return True
        large = usual_range_deg([rep.range_deg for rep in reps]) >= FIRST_DEG
        return certainty != "low" and (large or len(reps) >= SETTLED_REPS)

    def _reread(self) -> None:
        latest = self._watch.buffer.motion(max(0, self._watch.buffer.count - int(REREAD_S * GRID_HZ)))
        leg = self._frame.leg_deg(latest.ankle, self._header, len(latest))
        self._follower.reread(round(float(latest.time_s[0]) * GRID_HZ), leg)

    def _retracted(self, gone: Sequence[Excursion], time_s: float) -> list[RepRetracted]:
        """Return the events that take back announced repetitions."""
        counts = range(self.count + len(gone) - 1, self.count - 1, -1)
        reason = "no repetition, as the ones since show"
        return [
            RepRetracted(time_s, count, known.near.tick / GRID_HZ, reason)
            for count, known in zip(counts, gone, strict=True)
        ]

    def _make_room(self) -> None:
        """Forget the middle of a long set, cutting between repetitions where possible."""
        known = np.array([rep.back.tick / GRID_HZ for rep in self._announced])
        start_s, end_s = self._watch.buffer.make_room(known)
        self._judge.settle(self._announced.forget(round(start_s * GRID_HZ), round(end_s * GRID_HZ)))


def _in_ticks(rep: Excursion, motion: Motion) -> Excursion:
    """Return the repetition with its turns in grid ticks instead of rows of the motion kept."""
    return rep.with_turns(lambda turn: Turn(round(float(motion.time_s[turn.tick]) * GRID_HZ), turn.value))
