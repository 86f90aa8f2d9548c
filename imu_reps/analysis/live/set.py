"""A set while it runs: the follower between estimates, and what each estimate shows otherwise."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from imu_reps.analysis.estimate import EstimatorParams, SetEstimate, estimate_set
from imu_reps.analysis.live.announced import Announced
from imu_reps.analysis.live.follower import REREAD_S, SAME_TURN_TICKS, Follower, FollowerEvent, Known
from imu_reps.analysis.live.frame import LiveFrame, frame_of, pose_of
from imu_reps.analysis.live.judging import LiveJudge
from imu_reps.analysis.live.limits import FIRST_DEG
from imu_reps.analysis.live.sensor_watch import LiveWatch
from imu_reps.analysis.reps.segmentation import Excursion, Turn, usual_range_deg
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
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ, AngleTrack, Pose
from imu_reps.kinematics.motion import Motion

#: So many repetitions are a set: fewer are looked at anew at each estimate.
SETTLED_REPS = 3

#: A way back that ends so little later ended there.
STILL_TURN_TICKS = 5

#: The end of a repetition that no estimate has shown yet, and where its way began: none.
NO_END: tuple[EndReached | None, int] = (None, 0)


@dataclass(frozen=True, slots=True)
class _Look:
    """The set as an estimate shows it at an instant, and its repetitions on the clock's ticks."""

    motion: Motion
    estimate: SetEstimate
    reps: list[Excursion]


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
        self._watch = LiveWatch(header)
        self._follower = Follower(header, settings)
        self._announced = Announced()
        self._judge = LiveJudge(header, settings)
        self._threshold_deg = settings.min_range_deg
        self._ready = self._left_emitted = self._settled = self._zeroed = False
        self._unsure = NO_END
        self._pose: Pose | None = None
        self.ended = False

    @property
    def count(self) -> int:
        """Repetitions counted so far."""
        return len(self._announced)

    @property
    def _frame(self) -> LiveFrame:
        return self._watch.rest.frame

    @property
    def pose(self) -> Pose | None:
        """The newest angles; None before the first."""
        return self._pose

    def heard_spans(self) -> list[tuple[float, float]]:
        """When each counted repetition was: its near turn, and as far as its way back is known, seconds."""
        return [(rep.near.tick / GRID_HZ, rep.back.tick / GRID_HZ) for rep in self._announced]

    def angles(self) -> AngleTrack:
        """The angles that are kept, as they are known now."""
        return estimate_set(self._watch.buffer.motion(), self._header, self._settings, self._params).track

    def push(self, motion: Motion) -> list[Event]:
        """Take the next grid instants and say what is new."""
        events: list[Event] = []
        for seen in self._watch.instants(motion, lambda: not self.count):
            events += seen.silence
            events += self._gates(seen.time_s, ready=seen.ready, left=seen.left)
            leg_deg, *pelvis_deg = seen.angles_deg
            self._pose = pose_of(seen.time_s, leg_deg if self._frame.placed else math.nan, *pelvis_deg)
            emitted = self._follower.step(seen.tick, seen.time_s, seen.angles_deg, self._known())
            emitted = emitted if self._ready and not seen.left else []
            asks = self._asks()
            looked = self._look() if asks or any(map(self._unsure_end, emitted)) else None
            events += self._confirmed(emitted, looked)
            if asks and looked is not None:
                events += self._estimate(looked, seen.time_s)
            if self._watch.buffer.is_full:
                self._make_room()
        return events

    def _asks(self) -> bool:
        """Whether to estimate anew: at turns and dwells, of a settled set at those of the resting end."""
        follower = self._follower
        ended = follower.turned or follower.settled
        return ended and (not self._settled or follower.ended_inwards)

    def _unsure_end(self, event: FollowerEvent) -> EndReached | None:
        """The end of a repetition before a set is known, if an event is one."""
        return event if isinstance(event, EndReached) and event.completes and not self.count else None

    def _confirmed(self, emitted: Sequence[FollowerEvent], looked: _Look | None) -> Iterator[FollowerEvent]:
        """What the follower says; before a set is known, of ends only those that an estimate shows too.

        Or, before any was told, of a leg that rose well and is back where it lay.
        """
        for event in emitted:
            end = self._unsure_end(event)
            if end is None or looked is None:
                yield event
                continue
            self._unsure = end, self._follower.way_began_tick
            yield from self._shown(looked, event.time_s)
            if self._unsure is not NO_END and self._follower.back_where_it_lay:
                self._unsure = NO_END
                yield event

    def _shown(self, looked: _Look, time_s: float) -> Iterator[EndReached]:
        """The end that waits for an estimate to show its repetition, with the number that it has there."""
        end, began = self._unsure
        if end is None or self.count:
            return
        number = next(
            (k for k, rep in enumerate(looked.reps, 1) if abs(rep.far.tick - began) < SAME_TURN_TICKS), None
        )
        if number is not None:
            self._unsure = NO_END
            if looked.estimate.certainty != "low":
                self._follower.confirmed()
            yield replace(end, time_s=time_s, number=number)

    def _look(self) -> _Look:
        """The set so far."""
        motion, leg = self._watch.buffer.motion(), self._frame.leg
        known = None if leg is None or not self.count else Before(leg, self._settled)
        estimate = estimate_set(motion, self._header, self._settings, self._params, known)
        return _Look(motion, estimate, [_in_ticks(rep, motion) for rep in estimate.segmentation.reps])

    def _known(self) -> Known:
        far = self._announced.latest_far_tick
        return Known(self.count, far, self._threshold_deg, self._frame.placed)

    def _gates(self, time_s: float, *, ready: bool, left: bool) -> list[Event]:
        """Say once that everything is ready, and that the posture was left after a repetition."""
        events: list[Event] = []
        if ready and not self._ready:
            self._ready = True
            events.append(Ready(time_s, self._posture_checked))
        if left and self.count and not self._left_emitted:
            events.append(PostureLeft(time_s, self.count))
        self._left_emitted = left
        return events

    def _estimate(self, looked: _Look, time_s: float) -> list[Event]:
        """Take over the set so far, and say what is new."""
        motion, estimate, reps, leg = looked.motion, looked.estimate, looked.reps, self._frame.leg
        clear = estimate.margin >= self._params.high_margin
        self._settled = clear and len(estimate.segmentation.reps) >= SETTLED_REPS
        self._watch.gate.learn(estimate.posture)
        self._watch.rest.frame = frame_of(estimate, self._frame, self._header)
        if self._frame.leg is not leg:
            self._reread()
        self._threshold_deg = estimate.segmentation.threshold_deg
        shown = reps if self._shows_a_set(reps, estimate.certainty) else []
        changes = self._announced.compare(shown, round(time_s * GRID_HZ))
        self._judge.follow(changes.kept)
        rows = {rep: estimate.segmentation.reps[k : k + 2] for k, rep in enumerate(reps)}
        events: list[Event] = [*self._shown(looked, time_s), *self._retracted(changes.gone, time_s)]
        latest, hanging = self._announced.latest_far_tick or 0, self._header.posture == "hanging"
        for rep in changes.new:
            if estimate.certainty == "low" and rep.far.tick < latest:
                continue  # what was none so far is not told afterwards by an estimate that is not sure
            if hanging and self.count and estimate.other_count == self.count:
                continue  # who walks away swings the leg too: one that may be none waits
            if not self._judge.measure(rep, rows[rep], estimate, motion):
                continue  # its angles are not known yet: it is told, and counts, once they are
            self._announced.add(rep)
            if not self._ready:
                self._ready = True
                events.append(Ready(time_s, self._posture_checked))
            events += self._completed(rep, time_s)
        followed = {before for before, rep in pairwise(reps) if rep in changes.new}
        moved = [rep for rep in self._moved(changes.kept, followed, estimate) if rep in rows]
        for rep in moved:
            self._judge.measure(rep, rows[rep], estimate, motion)
        return [*events, *self._revised(time_s)] if moved or changes.new else events

    def _moved(
        self, kept: Mapping[Excursion, Excursion], followed: Collection[Excursion], estimate: SetEstimate
    ) -> list[Excursion]:
        """What is to be measured anew: a way back that went on, a rest whose end is known now, or all.

        All while the frame or its zero is new.
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
        """What is to be told otherwise of repetitions that were told before."""
        numbers = {rep: number for number, rep in enumerate(self._announced, 1)}
        for before, now in self._judge.revised(numbers):
            cleared = tuple(flag for flag in before.flags if flag not in now.flags)
            yield RepRevised(time_s, now.number, now, cleared)
            known = {(fault.code, fault.level) for fault in before.faults}
            new = (fault for fault in now.faults if (fault.code, fault.level) not in known)
            yield from (FaultSeen(time_s, now.number, fault) for fault in new)

    def _shows_a_set(self, reps: Sequence[Excursion], certainty: Certainty | None) -> bool:
        """Whether what was seen is more than a fidget: raises of some size, or several of any."""
        if self.count:
            return True
        if self._header.posture == "hanging" and not self._ready and certainty != "high":
            return False  # who walks to the bar swings the leg too, as upright as who hangs
        if certainty == "fair" and 1 < len(reps) <= SETTLED_REPS:
            return False  # the earlier ones were none until now
        large = usual_range_deg([rep.range_deg for rep in reps]) >= FIRST_DEG
        return certainty != "low" and (large or len(reps) >= SETTLED_REPS)

    def _reread(self) -> None:
        latest = self._watch.buffer.motion(max(0, self._watch.buffer.count - int(REREAD_S * GRID_HZ)))
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

    def _make_room(self) -> None:
        """Of a long set forget the middle, from repetition to repetition where it can be."""
        known = np.array([rep.back.tick / GRID_HZ for rep in self._announced])
        start_s, end_s = self._watch.buffer.make_room(known)
        self._judge.settle(self._announced.forget(round(start_s * GRID_HZ), round(end_s * GRID_HZ)))


def _in_ticks(rep: Excursion, motion: Motion) -> Excursion:
    """The same repetition, its turns on the clock's ticks instead of in rows of what is kept."""
    return rep.with_turns(lambda turn: Turn(round(float(motion.time_s[turn.tick]) * GRID_HZ), turn.value))
