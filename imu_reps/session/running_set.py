"""A set while it is recorded: writing at once, counting as time allows, and deciding when it is over."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from imu_reps.analysis.analyze import Analysis, analyze
from imu_reps.analysis.live.sensor_watch import SILENT_S
from imu_reps.analysis.pipeline import Pipeline
from imu_reps.coaching.coach import Coach, cue_note
from imu_reps.coaching.cue_words import ENDED_BY_RULE, TIMING
from imu_reps.coaching.cues import CoachPlan
from imu_reps.domain.cue import DEFAULT_SPEECH, Cue, SpeechOptions
from imu_reps.domain.events import (
    Event,
    HoldGoesOn,
    LegsUp,
    Phase,
    PostureLeft,
    Ready,
    RepCompleted,
    RepRetracted,
    RepRevised,
    SensorBack,
    SensorSilent,
    SetEnded,
    StopAsked,
)
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import SENSOR_PLACES, FloatArray, SampleBlock, SensorPlace, concatenate
from imu_reps.domain.settings import Settings
from imu_reps.errors import ImuRepsError
from imu_reps.sensors.stream_items import Item, Links
from imu_reps.session.session_events import Finished, SetProgress, SetState, after, counted_aloud, ended
from imu_reps.session.session_plan import LIMITS, SetGoal, stop_reason
from imu_reps.session.set_recorder import OpenedSet
from imu_reps.storage.recording import load

_log = logging.getLogger(__name__)


#: Counters of a sensor's status that are noted in the file, under their own names.
_COUNTED = ("dropped", "damaged", "repeated")


class RunningSet:
    """One set between its first sample and its end.

    `take` and every method with a `now_s` run in the event loop and are quick. `count` and `with_summary` may
    be slow and may run in another thread, one call at a time. An error there does not stop the recording:
    `with_summary` reports it once the file is closed.

    Parameters
    ----------
    began_s : float
        The event loop's time at the start of the set.
    links : mapping of SensorStatus
        Link status at the start; only sensors streaming then are counted with. Samples of a sensor that joins
        later are in the file and in the final analysis.
    """

    def __init__(
        self,
        opened: OpenedSet,
        goal: SetGoal,
        began_s: float,
        links: Links,
        settings: Settings | None = None,
        spoken: SpeechOptions = DEFAULT_SPEECH,
    ) -> None:
        streaming = tuple(place for place, status in links.items() if status.state == "streaming")
        self.state = SetState()
        self.recorder = opened.recorder
        self._opened = opened
        self._settings = settings
        self._sensors = streaming or SENSOR_PLACES
        self._pipeline = Pipeline(opened.header, settings, sensors=self._sensors, file=opened.path or None)
        self._hold_s = goal.duration_s if goal.exercise in HOLDS else None
        floor_known = opened.header.floor_deg is not None and goal.floor_deg is None
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
        self._other_sensors = False
        self._all_silent = False
        self._failure: Exception | None = None

    @property
    def path(self) -> str:
        """Current path of the recording, which may have been moved."""
        return self._opened.path if self.recorder.file is None else self.recorder.file.path

    def take(self, items: Iterable[Item], now_s: float) -> None:
        """Write items that arrived and queue their samples for counting."""
        for block in self.recorder.take(items):
            self._last_arrival_s[block.sensor] = now_s
            self._waiting.append(block)

    @property
    def is_waiting(self) -> bool:
        """Whether samples wait to be counted."""
        return bool(self._waiting)

    def waiting(self) -> list[SampleBlock]:
        """Return the samples that wait to be counted, and empty the queue."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def count(self, blocks: Sequence[SampleBlock]) -> list[Event]:
        """Count samples that were written; an error is kept for `with_summary`."""
        expected = [block for block in blocks if block.sensor in self._sensors]
        self._other_sensors = self._other_sensors or len(expected) < len(blocks)
        if self._failure is not None or not expected:
            return []
        by_sensor = [[block for block in expected if block.sensor == place] for place in self._sensors]
        try:
            events = self._pipeline.push(*(concatenate(parts) for parts in by_sensor if parts))
            return events if self._legs is None else [*events, *self._legs.take(expected, events)]
        except Exception as error:  # recording goes on
            self._failure = error
            return []
        finally:
            self._counted_until_s = max(float(block.time_s[-1]) for block in expected)

    def follow(self, events: Iterable[Event], now_s: float, links: Links) -> list[Cue]:
        """Apply counted events to the state and return the coach's cues, which are noted in the file.

        Beats of the metronome are not noted.
        """
        events = list(events)
        for event in events:
            self.state = after(self.state, event)
            self._ended_by = self._end_by(event) or self._by_rule(event) or self._ended_by
        if self._goal.reps is None or self.state.count < self._goal.reps:
            self._target_s = None
        elif self._target_s is None:
            self._target_s = now_s
        return self._cues([*self._silence(now_s, links), *map(self._for_coach, events)], now_s)

    def end(self, reason: str, now_s: float) -> list[Cue]:
        """End the set and return the coach's closing cues."""
        self.state = ended(self.state, reason)
        if reason in ("user", "pain", "discarded"):
            return self._cues([StopAsked(self.file_time_s(now_s), reason == "pain")], now_s)
        if reason == "end_of_recording" or reason in ENDED_BY_RULE:
            return self._cues([SetEnded(self.file_time_s(now_s), reason, self.state.count)], now_s)
        return []

    def file_time_s(self, time_s: float) -> float:
        """Convert a time on the event loop's clock to the file's time; 0 before the first sample."""
        zero_s = self.recorder.zero_s
        return 0.0 if zero_s is None else time_s - zero_s

    def over(self, now_s: float) -> str | None:
        """Return why the set is over; None while it is not."""
        if self._goal.whole:
            return None
        duration_s = self._goal.duration_s
        if self._target_s is not None and self._is_back(now_s - self._target_s):
            return "target"
        if self._ended_by is not None:
            return self._ended_by
        if self._hold_s is None and duration_s is not None and now_s - self._began_s >= duration_s:
            return "duration"
        return "link_lost" if self._needed_sensor_lost(now_s) else None

    def behind_s(self, now_s: float) -> float:
        """Return the age of the last counted sample while others wait; 0 if none wait."""
        until_s = self._counted_until_s
        return 0.0 if until_s is None or not self._waiting else self.file_time_s(now_s) - until_s

    def progress(self, now_s: float, links: Links) -> SetProgress:
        """Return the progress of the set for the view."""
        return SetProgress(self.file_time_s(now_s), self.state, links, self._pipeline.pose)

    def close(self, reason: str, now_s: float, links: Links, *, discarded: bool = False) -> Finished:
        """Note the link's losses and the battery, close the file, and return the set, not yet analysed."""
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

    def with_summary(self, finished: Finished) -> Finished:
        """Return the closed set with its analysis, or with the reason why it has none.

        Raises
        ------
        Exception
            A fault of this program itself that occurred in counting.
        """
        late = self.count(self.waiting())
        if self._failure is not None and not isinstance(self._failure, ImuRepsError):
            raise self._failure
        try:
            events, analysis = self._analysed(finished.reason)
        except ImuRepsError as error:
            return replace(finished, events=tuple(late), unusable=error)
        summary = analysis.summary
        counted = summary.set.rep_count, summary.set.rep_count_certainty
        _log.info("%s: %s, %s reps, certainty %s", self.path, finished.reason, *counted)
        closing = (*late, *self._cleared_flags(analysis), *events)
        return replace(finished, events=closing, analysis=analysis, summary=summary)

    def _cleared_flags(self, analysis: Analysis) -> Iterator[Event]:
        """Yield revisions that clear flags emitted live which the analysis of the whole set does not raise.

        One such flag is that of a last lowering to the floor.
        """
        summary = analysis.summary
        if len(summary.reps) != len(self._reps):
            return
        for rep in summary.reps:
            emitted = self._reps[rep.number].flags if rep.number in self._reps else ()
            cleared = tuple(flag for flag in emitted if flag not in rep.flags)
            if cleared:
                yield RepRevised(summary.recording.duration_s, rep.number, rep, cleared)

    def _analysed(self, reason: str) -> tuple[list[Event], Analysis]:
        notes = self._opened.notes
        for note in self.recorder.notes if notes is None else notes:
            self._pipeline.note(note)
        if self._failure is None and not self._other_sensors and self.path == self._opened.path:
            events, analysis = self._pipeline.finish(reason)
        else:
            analysis = analyze(load(self.path), self._settings)
            duration_s, count = analysis.summary.recording.duration_s, analysis.summary.set.rep_count
            events = [SetEnded(duration_s, reason, count)]
        return [event if self._goal.counts else _uncounted(event) for event in events], analysis

    def _cues(self, events: Iterable[Event], now_s: float) -> list[Cue]:
        cues = self._coach.take(events, self.file_time_s(now_s))
        self.state = counted_aloud(self.state, self._coach.counted)
        for cue in cues:
            if cue.code != "beat":
                note = cue_note(cue)
                self.recorder.note(note.key, note.value, now_s)
        return cues

    def _end_by(self, event: Event) -> str | None:
        match event:
            case HoldGoesOn(held_s=held_s) if self._hold_s is not None and held_s >= self._hold_s:
                return "duration"
            case PostureLeft():
                return "left_posture"
            case SetEnded(reason=reason):
                return reason
        return None

    def _by_rule(self, event: Event) -> str | None:
        """Return the reason of a stop rule that ends the set now; None if no rule does."""
        match event:
            case RepCompleted(number=number, rep=rep) | RepRevised(number=number, rep=rep):
                self._reps[number] = rep
            case RepRetracted(rep_count=count):
                self._reps = {number: rep for number, rep in self._reps.items() if number <= count}
            case _:
                return None
        reps = [self._reps[number] for number in sorted(self._reps)]
        return stop_reason(self._goal.stop, reps, self._goal.start)

    def _for_coach(self, event: Event) -> Event:
        """Return the event as the coach receives it: leaving the posture ends a set that is not replayed."""
        if isinstance(event, PostureLeft) and not self._goal.whole:
            return SetEnded(event.time_s, "left_posture", event.rep_count)
        return event

    def _silence(self, now_s: float, links: Links) -> list[Event]:
        """Return that the last sensor fell silent, or sends again.

        The time of counting stands still when no sensor sends: it would say so only once they are back.
        """
        last = self._sensors[-1]
        lost = {place for place in self._sensors if place in links and links[place].state != "streaming"}
        since_s = now_s - max(self._last_arrival_s.values())
        falls_silent = len(lost) == len(self._sensors) and since_s > SILENT_S
        was_silent, self._all_silent = self._all_silent, last in lost and (self._all_silent or falls_silent)
        if self._all_silent == was_silent:
            return []
        time_s = self.file_time_s(now_s)
        return [SensorBack(time_s, last) if was_silent else SensorSilent(time_s, last)]

    def _needed_sensor_lost(self, now_s: float) -> bool:
        """Whether a sensor that counting depends on has been lost for longer than its patience."""
        needed: tuple[SensorPlace, ...] = ("ankle",) if self.state.ready else ("ankle", "pelvis")
        return any(
            now_s - self._last_arrival_s[place] > LIMITS.link_patience_s
            for place in needed
            if place == "ankle" or place in self._sensors
        )

    def _is_back(self, since_target_s: float) -> bool:
        """Whether the leg has had time to come to rest after the last repetition."""
        on_its_way: Phase = "eccentric" if self._goal.start == "low" else "concentric"
        wait_s = LIMITS.longest_tail_s if self.state.phase == on_its_way else LIMITS.tail_s
        return since_target_s >= wait_s


def _uncounted(event: Event) -> Event:
    """Return the event without its repetition count, for a set in which none are counted."""
    return replace(event, rep_count=None) if isinstance(event, SetEnded) else event


class LegsUpWatch:
    """Waits, from `Ready` on, until the ankle sensor rests in another orientation than before.

    It gives up when the coach does: a later change would be the bottom of a repetition that began with the
    legs up.
    """

    def __init__(self) -> None:
        self._latest: SampleBlock | None = None
        self._reference_mps2: FloatArray | None = None
        self._until_s: float | None = None
        self._cut_short = False
        self._over = False

    def take(self, blocks: Iterable[SampleBlock], events: Iterable[Event]) -> list[Event]:
        """Take new samples and the events counted from them; return `LegsUp` once, when it is detected.

        Parameters
        ----------
        blocks : iterable of SampleBlock
            In order of arrival; only blocks of the ankle are used.
        """
        if self._over:
            return []
        for block in blocks:
            if block.sensor == "ankle" and len(block):
                self._add(block)
                self._over = self._is_up()
                if self._over:
                    return [LegsUp(float(block.time_s[-1]))]
        for event in events:
            waits = self._until_s is not None and event.time_s <= self._until_s
            self._cut_short = self._cut_short or (waits and isinstance(event, SensorSilent))
            if isinstance(event, Ready) or (self._cut_short and isinstance(event, SensorBack)):
                # after a dropout the coach asks for the legs again
                self._until_s = event.time_s + TIMING.still_s + TIMING.lift_s
                self._cut_short = False
            self._over = self._over or isinstance(event, RepCompleted)
        return []

    def _add(self, block: SampleBlock) -> None:
        latest = block if self._latest is None else concatenate([self._latest, block])
        self._latest = latest[int(np.searchsorted(latest.time_s, latest.time_s[-1] - LIMITS.leg_rest_s)) :]

    def _is_up(self) -> bool:
        """Whether the leg rests far from its reference: the last rest before `Ready`, or the first after."""
        force, latest = self._resting_mps2(), self._latest
        if force is None or latest is None:
            return False
        if self._until_s is None or self._reference_mps2 is None:
            self._reference_mps2 = force
            return False
        if latest.time_s[-1] > self._until_s:
            return False
        cosine = force @ self._reference_mps2 / (np.linalg.norm(force) * np.linalg.norm(self._reference_mps2))
        return bool(cosine < np.cos(np.radians(LIMITS.up_deg)))

    def _resting_mps2(self) -> FloatArray | None:
        """Return the mean specific force at the ankle sensor, shape (3,); None while the leg moves."""
        latest = self._latest
        if latest is None or latest.time_s[-1] - latest.time_s[0] < 0.8 * LIMITS.leg_rest_s:
            return None
        turning_dps = float(np.sqrt((latest.gyr_dps**2).sum(axis=1).mean()))
        force: FloatArray = latest.acc_mps2.mean(axis=0)
        return force if turning_dps < LIMITS.leg_rest_dps and np.linalg.norm(force) > 0.0 else None
