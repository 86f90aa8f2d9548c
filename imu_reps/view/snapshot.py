"""Snapshot of a running set for viewers, and moments that every viewer receives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from imu_reps.domain.cue import Alert, CueCode, Tone
from imu_reps.domain.events import Phase
from imu_reps.domain.exercise import Exercise, Posture, Side, Start
from imu_reps.domain.samples import SensorPlace

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
