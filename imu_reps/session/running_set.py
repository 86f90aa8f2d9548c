"""A set that is being recorded: written at once, counted as far as there is time, and when it is over."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from imu_reps.analysis.analyze import Analysis, analyze
from imu_reps.analysis.pipeline import Pipeline
from imu_reps.coaching.coach import Coach, cue_note
from imu_reps.coaching.cue_words import ENDED_BY_RULE
from imu_reps.coaching.cues import CoachPlan
from imu_reps.domain.cue import USUALLY_SPOKEN, Cue, Spoken
from imu_reps.domain.events import (
    Event,
    HoldGoesOn,
    Phase,
    PostureLeft,
    RepCompleted,
    RepRetracted,
    RepRevised,
    SetEnded,
    StopAsked,
)
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import SENSOR_PLACES, SampleBlock, SensorPlace, concatenate
from imu_reps.domain.settings import Settings
from imu_reps.errors import ImuRepsError
from imu_reps.sensors.stream_items import Item, SensorStatus
from imu_reps.session.keeping import Begun
from imu_reps.session.legs_up import LegsUpWatch
from imu_reps.session.session_events import Finished, SetProgress
from imu_reps.session.session_plan import SetGoal
from imu_reps.session.set_state import SetState, after, counted_aloud, ended
from imu_reps.session.stop_rules import stop_reason
from imu_reps.storage.recording import load

_log = logging.getLogger(__name__)

#: After the last repetition of a set so much more is recorded, that its end may be seen,
TAIL_S = 2.0
#: and a leg still on its way back is waited for this long.
LONGEST_TAIL_S = 6.0

#: A sensor that is away this long hardly comes back. Without the ankle's nothing can be counted, without
#: the pelvis's nobody knows whether the posture was ever taken.
LINK_PATIENCE_S = 60.0

#: Figures of a sensor's status that stand in the file, and the notes they become.
_COUNTED = ("dropped", "damaged", "repeated")

Links = Mapping[SensorPlace, SensorStatus]


class RunningSet:
    """One set between its first sample and its end.

    `take`, and all that has a `now_s`, belongs to whoever receives and never takes long. `count` and
    `summed_up` take as long as they take, and may run in another thread, one call at a time. Nothing that
    goes wrong there stops the recording: it is told by `summed_up`, with the file closed.

    Parameters
    ----------
    begun : Begun
    goal : SetGoal
    began_s : float
        The event loop's time as the set was begun.
    links : mapping of SensorStatus
        As they were then: who streams is counted with. What another sensor sends is in the file and in the
        analysis.
    settings : Settings or None
    spoken : Spoken
    """

    def __init__(
        self,
        begun: Begun,
        goal: SetGoal,
        began_s: float,
        links: Links,
        settings: Settings | None = None,
        spoken: Spoken = USUALLY_SPOKEN,
    ) -> None:
        there = tuple(place for place, status in links.items() if status.state == "streaming")
        self.state = SetState()
        self.recorder = begun.recorder
        self._begun = begun
        self._settings = settings
        self._sensors = there or SENSOR_PLACES
        self._pipeline = Pipeline(begun.header, settings, sensors=self._sensors, file=begun.path or None)
        self._hold_s = goal.duration_s if goal.exercise in HOLDS else None
        floor_known = begun.header.floor_deg is not None and goal.floor_deg is None
        aimed_deg = goal.range_target_deg if goal.start == "low" else None
        plan = CoachPlan(
            goal.start,
            goal.reps,
            goal.tempo,
            spoken,
            floor_known,
            self._hold_s,
            aimed_deg,
            goal.floor_deg,
            lift_is_seen=goal.exercise != "heel_tap",
        )
        self._coach = Coach(plan)
        self._legs = LegsUpWatch() if goal.start == "high" and plan.lift_is_seen else None
        self._goal = goal
        self._began_s = began_s
        self._links = dict(links)
        self._last_arrival_s: dict[SensorPlace, float] = dict.fromkeys(SENSOR_PLACES, began_s)
        self._waiting: list[SampleBlock] = []
        self._counted_until_s: float | None = None
        self._target_s: float | None = None
        self._ended_by: str | None = None
        self._reps: dict[int, Rep] = {}
        self._others = False
        self._failure: Exception | None = None

    @property
    def path(self) -> str:
        """Of the recording, wherever it is now."""
        return self._begun.path if self.recorder.file is None else self.recorder.file.path

    def take(self, items: Iterable[Item], now_s: float) -> None:
        """Write what arrived; it waits to be counted."""
        for block in self.recorder.take(items):
            self._last_arrival_s[block.sensor] = now_s
            self._waiting.append(block)

    @property
    def is_waiting(self) -> bool:
        """Whether something has still to be counted."""
        return bool(self._waiting)

    def waiting(self) -> list[SampleBlock]:
        """What is to be counted next."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def count(self, blocks: Sequence[SampleBlock]) -> list[Event]:
        """Count what is in the file; whatever goes wrong there waits until the set is over."""
        expected = [block for block in blocks if block.sensor in self._sensors]
        self._others = self._others or len(expected) < len(blocks)
        if self._failure is not None or not expected:
            return []
        together = [[block for block in expected if block.sensor == place] for place in self._sensors]
        try:
            events = self._pipeline.push(*(concatenate(of_one) for of_one in together if of_one))
            return events if self._legs is None else [*events, *self._legs.take(expected, events)]
        except Exception as error:  # recording goes on
            self._failure = error
            return []
        finally:
            self._counted_until_s = max(float(block.time_s[-1]) for block in expected)

    def follow(self, events: Iterable[Event], now_s: float) -> list[Cue]:
        """Follow what was counted; gives what the coach says now.

        All but the beats of the metronome stand in the file too.
        """
        events = list(events)
        for event in events:
            self.state = after(self.state, event)
            self._ended_by = self._end_by(event) or self._by_rule(event) or self._ended_by
        if self._goal.reps is None or self.state.count < self._goal.reps:
            self._target_s = None
        elif self._target_s is None:
            self._target_s = now_s
        return self._said(map(self._decided, events), now_s)

    def end(self, reason: str, now_s: float) -> list[Cue]:
        """The set is over; gives the coach's answer to the person who ends it."""
        self.state = ended(self.state, reason)
        if reason in ("user", "pain", "discarded"):
            return self._said([StopAsked(self.file_time_s(now_s), reason == "pain")], now_s)
        if reason == "end_of_recording" or reason in ENDED_BY_RULE:
            return self._said([SetEnded(self.file_time_s(now_s), reason, self.state.count)], now_s)
        return []

    def file_time_s(self, time_s: float) -> float:
        """The file's seconds of a moment on the event loop's clock."""
        zero_s = self.recorder.zero_s
        return 0.0 if zero_s is None else time_s - zero_s

    def over(self, now_s: float) -> str | None:
        """Why the set is over; None while it is not."""
        if self._goal.whole:
            return None
        duration_s = self._goal.duration_s
        if self._target_s is not None and self._is_back(now_s - self._target_s):
            return "target"
        if self._ended_by is not None:
            return self._ended_by
        if self._hold_s is None and duration_s is not None and now_s - self._began_s >= duration_s:
            return "duration"
        return "link_lost" if self._nothing_to_come(now_s) else None

    def behind_s(self, now_s: float) -> float:
        """By how much counting is late: how old the last samples are that were counted."""
        until_s = self._counted_until_s
        return 0.0 if until_s is None or not self._waiting else self.file_time_s(now_s) - until_s

    def progress(self, now_s: float, links: Links) -> SetProgress:
        """How it stands."""
        return SetProgress(self.file_time_s(now_s), self.state, links, self._pipeline.pose)

    def close(self, reason: str, now_s: float, links: Links, *, discarded: bool = False) -> Finished:
        """Say in the file what was lost on the way, and end it; gives the set before it is summed up."""
        note = self.recorder.note
        if discarded:
            note("discarded", "user", now_s)
        for place, now in links.items():
            before = self._links.get(place)
            for name in _COUNTED:
                count = getattr(now, name) - (getattr(before, name) if before is not None else 0)
                if count > 0:
                    note(name, f"{place} {count}", now_s)
            if now.battery_percent is not None:
                note("battery", f"{place} {now.battery_percent:.0f}", now_s)
        unwritten = self.recorder.finish(reason, now_s)
        return Finished(self.path, reason, unwritten=unwritten, discarded=discarded)

    def summed_up(self, finished: Finished) -> Finished:
        """The closed set with what it came to.

        Raises
        ------
        Exception
            A fault of this program itself, if there was one.
        """
        late = self.count(self.waiting())
        if self._failure is not None and not isinstance(self._failure, ImuRepsError):
            raise self._failure
        try:
            events, analysis = self._analysed(finished.reason)
        except ImuRepsError as error:
            return replace(finished, events=tuple(late), unusable=error)
        of_set = analysis.summary.set
        counted = of_set.rep_count, of_set.rep_count_certainty
        _log.info("%s: %s, %s reps, certainty %s", self.path, finished.reason, *counted)
        told = (*late, *self._taken_back(analysis), *events)
        return replace(finished, events=told, analysis=analysis, summary=analysis.summary)

    def _taken_back(self, analysis: Analysis) -> Iterator[Event]:
        """Flags that were told and are none in the whole set, as that of a last lowering to the floor."""
        summary = analysis.summary
        if len(summary.reps) != len(self._reps):
            return
        for rep in summary.reps:
            told = self._reps[rep.number].flags if rep.number in self._reps else ()
            cleared = tuple(flag for flag in told if flag not in rep.flags)
            if cleared:
                yield RepRevised(summary.recording.duration_s, rep.number, rep, cleared)

    def _analysed(self, reason: str) -> tuple[list[Event], Analysis]:
        notes = self._begun.notes
        for note in self.recorder.notes if notes is None else notes:
            self._pipeline.note(note)
        if self._failure is None and not self._others and self.path == self._begun.path:
            events, analysis = self._pipeline.finish(reason)
        else:
            analysis = analyze(load(self.path), self._settings)
            duration_s, count = analysis.summary.recording.duration_s, analysis.summary.set.rep_count
            events = [SetEnded(duration_s, reason, count)]
        return [event if self._goal.counts else _uncounted(event) for event in events], analysis

    def _said(self, events: Iterable[Event], now_s: float) -> list[Cue]:
        said = self._coach.take(events, self.file_time_s(now_s))
        self.state = counted_aloud(self.state, self._coach.counted)
        for cue in said:
            if cue.code != "beat":
                note = cue_note(cue)
                self.recorder.note(note.key, note.value, now_s)
        return said

    def _end_by(self, event: Event) -> str | None:
        """Why an event ends the set; None if it does not."""
        match event:
            case HoldGoesOn(held_s=held_s) if self._hold_s is not None and held_s >= self._hold_s:
                return "duration"
            case PostureLeft():
                return "left_posture"
            case SetEnded(reason=reason):
                return reason
        return None

    def _by_rule(self, event: Event) -> str | None:
        """Why a rule ends the set now; None while none does."""
        match event:
            case RepCompleted(number=number, rep=rep) | RepRevised(number=number, rep=rep):
                self._reps[number] = rep
            case RepRetracted(rep_count=count):
                self._reps = {number: rep for number, rep in self._reps.items() if number <= count}
            case _:
                return None
        reps = [self._reps[number] for number in sorted(self._reps)]
        return stop_reason(self._goal.stop, reps, self._goal.start)

    def _decided(self, event: Event) -> Event:
        """What an event means to the coach: who leaves the posture ends a set that is being recorded."""
        if isinstance(event, PostureLeft) and not self._goal.whole:
            return SetEnded(event.time_s, "left_posture", event.rep_count)
        return event

    def _nothing_to_come(self, now_s: float) -> bool:
        """Whether a sensor is lost without which no repetition will ever be counted."""
        needed: tuple[SensorPlace, ...] = ("ankle",) if self.state.ready else ("ankle", "pelvis")
        return any(
            now_s - self._last_arrival_s[place] > LINK_PATIENCE_S
            for place in needed
            if place == "ankle" or place in self._sensors
        )

    def _is_back(self, since_target_s: float) -> bool:
        """Whether the leg is at rest after the last repetition, or was given long enough."""
        on_its_way: Phase = "eccentric" if self._goal.start == "low" else "concentric"
        wait_s = LONGEST_TAIL_S if self.state.phase == on_its_way else TAIL_S
        return since_target_s >= wait_s


def _uncounted(event: Event) -> Event:
    """The event without a count where nothing is counted."""
    return replace(event, rep_count=None) if isinstance(event, SetEnded) else event
