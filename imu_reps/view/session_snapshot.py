"""Snapshots of a session for its viewers, and the moments that every viewer receives.

Pure: a snapshot and an event in, the next snapshot out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from imu_reps.domain.cue import CUES, Alert, Cue, CueCode, Tone
from imu_reps.domain.events import Phase
from imu_reps.domain.exercise import Exercise, Posture, Side, Start, default_posture
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import SensorPlace
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import Pose
from imu_reps.report.findings import DISCARDED, with_message
from imu_reps.report.phrases import COUNTING_LATE, file_moved_text
from imu_reps.sensors.stream_items import Links
from imu_reps.session.session_events import (
    Connecting,
    CountingLate,
    Cued,
    FileMoved,
    Finished,
    LinkChanged,
    Resting,
    SessionEvent,
    SetBegan,
    SetDone,
    SetProgress,
    WriteFailed,
)
from imu_reps.session.session_plan import SetGoal

State = Literal["waiting", "ready", "running", "resting", "ended"]


@dataclass(frozen=True, slots=True)
class Aim:
    """Targets of the set; seconds per phase are None without a target tempo.

    `counts` is False for the setup test, in which nothing is counted.
    """

    exercise: Exercise = "single_leg_raise"
    side: Side | None = None
    start: Start = "low"
    posture: Posture = "supine"
    reps: int | None = None
    eccentric_s: float | None = None
    bottom_s: float | None = None
    concentric_s: float | None = None
    top_s: float | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class LimitsView:
    """Limits of the bands of tilt and rotation, the person's floor, and the target height."""

    tilt_watch_deg: float
    tilt_flag_deg: float
    rotation_watch_deg: float
    rotation_flag_deg: float
    floor_deg: float | None = None
    aimed_deg: float | None = None


@dataclass(frozen=True, slots=True)
class LinkView:
    """State of one sensor's link, measured rate, battery (None if unknown), and whether it may not last."""

    state: str
    rate_hz: float | None = None
    battery_percent: float | None = None
    battery_low: bool = False


@dataclass(frozen=True, slots=True)
class CueView:
    """The cue that was given last.

    Attributes
    ----------
    words : str
        Spoken and shown; empty for a tone alone.
    alert : {"none", "watch", "flag"}
        Severity, which colours the screen.
    """

    time_s: float
    code: CueCode
    words: str
    tone: Tone
    alert: Alert


@dataclass(frozen=True, slots=True)
class SetShown:
    """A finished set of a session.

    Attributes
    ----------
    words : str
        Headline of the set, or why there is no report.
    report : str or None
        Path of its report; None if there is none yet.
    """

    number: int
    words: str
    report: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State of the set for viewers.

    Attributes
    ----------
    links : mapping of LinkView
        Links by place.
    started : bool
        Whether the set has begun; else it waits for Start.
    may_start : bool
        Whether Start has an effect now.
    replay : bool
        Whether it is a replay: nothing is recorded or rated.
    time_s : float
        Time of the set.
    state : State
        ``waiting`` for sensors, start or stillness; ``ready`` to count; ``running``; ``resting`` between
        sets; ``ended``.
    leg_deg, tilt_deg, rotation_deg : float or None
        As in docs/definitions.md#angles; None if not measured.
    phase_since_s : float
        Detected beginning of the phase, on the scale of `time_s`.
    held_s : float or None
        Duration of the hold so far; None if not holding.
    remaining_s : float or None
        Remaining seconds of the rest.
    move_to : Side or None
        The leg the ankle sensor goes to in this rest.
    cue : CueView or None
        The last one that had words.
    ended : str or None
        Why the set ended.
    report : str or None
        Path of the last set's report; None if there is none yet.
    headline : str or None
        Headline of the last set.
    pain, effort : int or None
        Ratings of the last set.
    trouble : str or None
        Problem with the set, with a hint.
    sets : tuple of SetShown
        Finished sets.
    session : str or None
        Path of the session's report; None before its end, or for a single set.
    """

    aim: Aim
    limits: LimitsView
    links: Mapping[SensorPlace, LinkView] = field(default_factory=dict)
    state: State = "waiting"
    started: bool = False
    may_start: bool = False
    replay: bool = False
    time_s: float = 0.0
    leg_deg: float | None = None
    tilt_deg: float | None = None
    rotation_deg: float | None = None
    phase: Phase | None = None
    phase_since_s: float = 0.0
    count: int = 0
    held_s: float | None = None
    set_number: int = 1
    set_of: int = 1
    remaining_s: float | None = None
    move_to: Side | None = None
    cue: CueView | None = None
    ended: str | None = None
    report: str | None = None
    headline: str | None = None
    pain: int | None = None
    effort: int | None = None
    trouble: str | None = None
    sets: tuple[SetShown, ...] = ()
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """The count is now `count`; `taken_back` if it decreased."""

    time_s: float
    count: int
    taken_back: bool = False
    kind: Literal["counted"] = "counted"


@dataclass(frozen=True, slots=True)
class CueShown:
    """A cue is given now."""

    cue: CueView
    kind: Literal["cued"] = "cued"


Moment = Counted | CueShown


#: Decimals of angles.
DECIMALS = 1

Change = tuple[Snapshot, tuple[Moment, ...]]


def initial_snapshot(header: Header, settings: Settings, reps: int | None = None) -> Snapshot:
    """Return the snapshot of a set before any samples arrived."""
    aim = Aim(header.exercise, header.side, header.start, header.posture, reps)
    if (tempo := header.tempo_target) is not None:
        aim = replace(aim, **asdict(tempo))
    aimed_deg = header.range_target_deg if header.start == "low" else None
    return Snapshot(aim, replace(limits(settings, header.floor_deg), aimed_deg=aimed_deg))


def goal_snapshot(goal: SetGoal, settings: Settings) -> Snapshot:
    """Return the snapshot of a set to come; a replay waits to be started."""
    posture = default_posture(goal.exercise)
    header = Header(
        goal.exercise,
        goal.side,
        goal.start,
        posture,
        tempo_target=goal.tempo,
        range_target_deg=goal.range_target_deg,
        floor_deg=goal.floor_deg,
    )
    snapshot = initial_snapshot(header, settings, goal.reps)
    return replace(snapshot, started=not goal.whole, may_start=goal.whole, replay=goal.whole)


def limits(settings: Settings, floor_deg: float | None = None) -> LimitsView:
    """Return the bands of these settings."""
    return LimitsView(
        settings.tilt_watch_deg,
        settings.tilt_flag_deg,
        settings.rotation_watch_deg,
        settings.rotation_flag_deg,
        floor_deg,
    )


def update_snapshot(snapshot: Snapshot, event: SessionEvent, settings: Settings) -> Change:
    """Return the snapshot after an event, and the moments that came with it."""
    moments: tuple[Moment, ...] = ()
    match event:
        case Connecting(links=links):
            snapshot = replace(snapshot, links=_links(links))
        case SetBegan():
            snapshot = _began(snapshot, event, settings)
        case Cued(cue=cue):
            snapshot, moments = apply_cue(snapshot, cue)
        case SetProgress():
            snapshot, moments = _progressed(snapshot, event)
        case Resting():
            snapshot = _resting(snapshot, event)
        case LinkChanged(change=change):
            snapshot = replace(snapshot, links={**snapshot.links, change.sensor: LinkView(change.state)})
        case WriteFailed() | FileMoved() | CountingLate():
            snapshot = replace(snapshot, trouble=_trouble(event))
        case SetDone():
            snapshot = _done(snapshot, event)
    return snapshot, moments


def _trouble(event: WriteFailed | FileMoved | CountingLate) -> str:
    match event:
        case WriteFailed(error=error):
            return str(error)
        case FileMoved(was_removed=was_removed):  # without its path: the page may be shared
            return file_moved_text(was_removed=was_removed)
        case CountingLate():
            return COUNTING_LATE


def apply_cue(snapshot: Snapshot, cue: Cue) -> Change:
    """Return the snapshot with a cue, and its moment."""
    view = CueView(round(cue.time_s, 3), cue.code, cue.words, cue.tone, cue_alert(cue))
    return (replace(snapshot, cue=view) if cue.words else snapshot), (CueShown(view),)


def cue_alert(cue: Cue) -> Alert:
    """Return the severity of a cue: a warning is less severe than a fault."""
    if cue.tone != "notice":
        return CUES[cue.code].alert
    return "watch" if cue.code == "press_back" else "none"


def _began(snapshot: Snapshot, event: SetBegan, settings: Settings) -> Snapshot:
    first = initial_snapshot(event.header, settings, event.goal.reps)
    return replace(
        first,
        aim=replace(first.aim, counts=event.goal.counts),
        started=True,
        replay=event.goal.whole,
        set_number=event.number,
        set_of=event.of,
        links=snapshot.links,
        sets=snapshot.sets,
    )


def _progressed(snapshot: Snapshot, event: SetProgress) -> Change:
    state, pose = event.state, event.pose or Pose(event.time_s, None, None, None)
    moments: tuple[Moment, ...] = ()
    if state.counted != snapshot.count and state.stage != "ended":
        moments = (Counted(round(pose.time_s, 3), state.counted, taken_back=state.counted < snapshot.count),)
    # with a high start, leg elevation and its effect on the pelvis are unknown before it moves
    high = snapshot.aim.start == "high"
    unmoved = high and state.stage in ("waiting", "ready")
    unknown = high and pose.leg_elevation_deg is None and "ankle" in event.links
    return replace(
        snapshot,
        time_s=round(pose.time_s, 3),
        state=state.stage,
        leg_deg=None if unmoved else _shown(pose.leg_elevation_deg),
        tilt_deg=None if unknown else _shown(pose.pelvic_tilt_deg),
        rotation_deg=_shown(pose.pelvic_rotation_deg),
        phase=state.phase,
        phase_since_s=state.phase_since_s,
        count=state.counted,
        held_s=state.held_s,
        ended=state.ended,
        links=_links(event.links),
    ), moments


def _resting(snapshot: Snapshot, event: Resting) -> Snapshot:
    if snapshot.state != "resting":  # cues of the set are on another time scale
        snapshot = replace(snapshot, cue=None, phase=None)
    return replace(
        snapshot,
        time_s=round(event.since_s, 3),
        state="resting",
        may_start=True,
        remaining_s=round(event.remaining_s, 1),
        move_to=event.move_to,
        links=_links(event.links),
    )


def _done(snapshot: Snapshot, event: SetDone) -> Snapshot:
    finished, state = event.finished, event.state
    problems = [
        str(with_message(error)) for error in (finished.unusable, finished.unwritten) if error is not None
    ]
    return replace(
        snapshot,
        state=state.stage,
        count=state.counted,
        phase=state.phase,
        held_s=state.held_s,
        ended=state.ended,
        trouble=" ".join(problems) or snapshot.trouble,
        sets=(*snapshot.sets, SetShown(event.number, _why_none(finished))),
        may_start=snapshot.replay,
    )


def _why_none(finished: Finished) -> str:
    """Return why a set has no report; empty while one is being made."""
    if finished.discarded:
        return DISCARDED
    return "" if finished.unusable is None else str(with_message(finished.unusable))


def _links(links: Links) -> dict[SensorPlace, LinkView]:
    return {
        place: LinkView(
            status.state, _rounded(status.rate_hz), _rounded(status.battery_percent), status.battery_low
        )
        for place, status in links.items()
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value)


def _shown(angle_deg: float | None) -> float | None:
    return None if angle_deg is None else round(angle_deg, DECIMALS)
