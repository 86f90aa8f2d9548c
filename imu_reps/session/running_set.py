"""A set that is being recorded: what it has come to, and when it is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from imu_reps.coaching.coach import Coach, cue_note
from imu_reps.coaching.cues import CoachPlan
from imu_reps.domain.cue import USUALLY_SPOKEN, Cue, Spoken
from imu_reps.domain.events import (
    Event,
    HoldGoesOn,
    Phase,
    PhaseChanged,
    PostureLeft,
    Ready,
    RepCompleted,
    SetEnded,
    StopAsked,
)
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import SampleBlock, SensorPlace
from imu_reps.errors import FileAccessError
from imu_reps.sensors.stream_items import Item, SensorStatus
from imu_reps.session.recorder import Finished, SetRecorder
from imu_reps.session.session_events import SetProgress
from imu_reps.session.session_plan import SetGoal

#: After the last repetition of a set so much more is recorded, that its end may be seen,
TAIL_S = 2.0
#: and a leg still on its way back is waited for this long.
LONGEST_TAIL_S = 6.0

#: A sensor that is away this long hardly comes back. Without the ankle's nothing can be counted, without
#: the pelvis's nobody knows whether the posture was ever taken.
LINK_PATIENCE_S = 60.0

#: Figures of a sensor's status that stand in the file, and the notes they become.
_COUNTED = ("dropped", "damaged", "repeated")


class RunningSet:
    """One set between its first sample and its end.

    Parameters
    ----------
    recorder : SetRecorder
    goal : SetGoal
    began_s : float
        The event loop's time as the set was begun.
    status : mapping of SensorStatus
        As it was then.
    floor_deg : float or None
        The person's own floor, where it is known.
    spoken : Spoken
    """

    def __init__(
        self,
        recorder: SetRecorder,
        goal: SetGoal,
        began_s: float,
        status: Mapping[SensorPlace, SensorStatus],
        floor_deg: float | None = None,
        spoken: Spoken = USUALLY_SPOKEN,
    ) -> None:
        self._recorder = recorder
        floor_known = floor_deg is not None
        self._hold_s = goal.duration_s if goal.exercise in HOLDS else None
        plan = CoachPlan(goal.start, goal.reps, goal.tempo, spoken, floor_known, self._hold_s)
        self._coach = Coach(plan)
        self._goal = goal
        self._began_s = began_s
        self._status = dict(status)
        self._heard_s: dict[SensorPlace, float] = dict.fromkeys(("pelvis", "ankle"), began_s)
        self._target_s: float | None = None
        self._phase: Phase | None = None
        self._last_rep: Rep | None = None
        self._ready = False
        self._ended_by: str | None = None
        self._refused_told = False

    def take(self, items: Iterable[Item], now_s: float) -> list[Event]:
        """Record what arrived; returns what there is to say."""
        items = list(items)
        for item in items:
            if isinstance(item, SampleBlock):
                self._heard_s[item.sensor] = now_s
        events = self._recorder.take(items)
        for event in events:
            self._follow(event)
        if self._goal.reps is None or self._recorder.rep_count < self._goal.reps:
            self._target_s = None
        elif self._target_s is None:
            self._target_s = now_s
        return events

    def cues(self, events: Iterable[Event], now_s: float) -> list[Cue]:
        """What the coach says now; all but the beats of the metronome stand in the file too."""
        said = self._coach.take(map(_decided, events), self.file_time_s(now_s))
        for cue in said:
            if cue.code != "beat":
                note = cue_note(cue)
                self._recorder.note(note.key, note.value, now_s)
        return said

    def stopped(self, now_s: float, *, pain: bool) -> list[Cue]:
        """The coach's answer to the person who ends the set."""
        return self.cues([StopAsked(self.file_time_s(now_s), pain)], now_s)

    def discard(self, now_s: float) -> None:
        """The person does not want the set to count."""
        self._recorder.discard(now_s)

    def file_time_s(self, time_s: float) -> float:
        """The file's seconds of a moment on the event loop's clock."""
        first_s = self._recorder.first_s
        return 0.0 if first_s is None else time_s - first_s

    def over(self, now_s: float) -> str | None:
        """Why the set is over; None while it is not."""
        duration_s = self._goal.duration_s
        if self._target_s is not None and self._is_back(now_s - self._target_s):
            return "target"
        if self._ended_by is not None:
            return self._ended_by
        if self._hold_s is None and duration_s is not None and now_s - self._began_s >= duration_s:
            return "duration"
        return "link_lost" if self._nothing_to_come(now_s) else None

    def newly_refused(self) -> FileAccessError | None:
        """What the disk refused, the first time."""
        error = None if self._refused_told else self._recorder.refused
        self._refused_told = self._recorder.refused is not None
        return error

    def progress(self, now_s: float, links: Mapping[SensorPlace, SensorStatus]) -> SetProgress:
        """How it stands."""
        return SetProgress(
            self.file_time_s(now_s),
            self._ready,
            self._recorder.rep_count,
            self._phase,
            self._last_rep,
            links,
            self._coach.counted,
            self._recorder.pose,
        )

    def finish(self, reason: str, now_s: float, links: Mapping[SensorPlace, SensorStatus]) -> Finished:
        """Say in the file what was lost on the way, and end it."""
        for place, now in links.items():
            before = self._status.get(place)
            for name in _COUNTED:
                count = getattr(now, name) - (getattr(before, name) if before is not None else 0)
                if count > 0:
                    self._recorder.note(name, f"{place} {count}", now_s)
            if now.battery_percent is not None:
                self._recorder.note("battery", f"{place} {now.battery_percent:.0f}", now_s)
        return self._recorder.finish(reason, now_s)

    def _follow(self, event: Event) -> None:
        match event:
            case Ready():
                self._ready = True
            case PhaseChanged(phase=phase):
                self._phase = phase
            case RepCompleted(rep=rep):
                self._last_rep = rep
            case HoldGoesOn(held_s=held_s) if self._hold_s is not None and held_s >= self._hold_s:
                self._ended_by = "duration"
            case PostureLeft():
                self._ended_by = "left_posture"
            case SetEnded(reason=reason):
                self._ended_by = reason

    def _nothing_to_come(self, now_s: float) -> bool:
        """Whether a sensor is lost without which no repetition will ever be counted."""
        needed: tuple[SensorPlace, ...] = ("ankle",) if self._ready else ("ankle", "pelvis")
        return any(
            now_s - self._heard_s[place] > LINK_PATIENCE_S
            for place in needed
            if place == "ankle" or place in self._recorder.sensors
        )

    def _is_back(self, since_target_s: float) -> bool:
        """Whether the leg is at rest after the last repetition, or was given long enough."""
        on_its_way: Phase = "eccentric" if self._goal.start == "low" else "concentric"
        wait_s = LONGEST_TAIL_S if self._phase == on_its_way else TAIL_S
        return since_target_s >= wait_s


def _decided(event: Event) -> Event:
    """What an event means to the coach of a set that is being recorded: who leaves the posture ends it."""
    if isinstance(event, PostureLeft):
        return SetEnded(event.time_s, "left_posture", event.rep_count)
    return event
