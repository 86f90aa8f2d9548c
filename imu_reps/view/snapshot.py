"""What a viewer needs: one picture of how the set stands, and the moments that nobody may miss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from imu_reps.domain.cue import CueCode, Tone
from imu_reps.domain.events import Phase
from imu_reps.domain.exercise import Exercise
from imu_reps.domain.recording import Posture, Side, Start
from imu_reps.domain.samples import SensorPlace

State = Literal["waiting", "ready", "running", "resting", "ended"]
Alert = Literal["none", "watch", "flag"]


@dataclass(frozen=True, slots=True)
class Aim:
    """What the set is meant to be; seconds a phase, None: no tempo asked for.

    `counts` is False where the back is only pressed flat, and nothing is counted.
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
    """Where the bands of tilt and rotation end, the person's floor and the height aimed at; None: none."""

    tilt_watch_deg: float
    tilt_flag_deg: float
    rotation_watch_deg: float
    rotation_flag_deg: float
    floor_deg: float | None = None
    aimed_deg: float | None = None


@dataclass(frozen=True, slots=True)
class LinkView:
    """One sensor's link: its state in the stream's words, measured rate, battery; None: not known."""

    state: str
    rate_hz: float | None = None
    battery_percent: float | None = None


@dataclass(frozen=True, slots=True)
class CueView:
    """The cue that was given last.

    Attributes
    ----------
    time_s : float
    code : CueCode
    words : str
        Said and shown; empty: a sound alone.
    tone : Tone
    alert : {"none", "watch", "flag"}
        How the screen is coloured.
    """

    time_s: float
    code: CueCode
    words: str
    tone: Tone
    alert: Alert


@dataclass(frozen=True, slots=True)
class SetShown:
    """One of several sets that are over.

    Attributes
    ----------
    number : int
    words : str
        The set in one line, or why there is no report.
    report : str or None
        Where its report is; None: there is none (yet).
    """

    number: int
    words: str
    report: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How the set stands: whoever sees only this has missed nothing that matters.

    Attributes
    ----------
    links : mapping of LinkView
        By where the sensor is worn.
    started : bool
        Whether the set was begun; else it waits for somebody to press Start.
    may_start : bool
        Whether Start does something now.
    replay : bool
        A recording is played again: nothing is recorded, and nobody is asked how it felt.
    time_s : float
        Into the set.
    state : State
        ``waiting`` for sensors, start or stillness; ``ready`` to count; ``running``; ``resting`` between
        sets; ``ended``.
    leg_deg, tilt_deg, rotation_deg : float or None
        As docs/definitions.md#angles says; None: not measured.
    phase : Phase or None
    phase_since_s : float
        When the phase was known to begin, on the scale of `time_s`.
    count : int
    held_s : float or None
        How long a hold lasts by now; None: not held, or nothing to be held.
    set_number, set_of : int
    remaining_s : float or None
        Of the rest.
    move_to : Side or None
        The leg the ankle sensor goes to in this rest.
    cue : CueView or None
        The last one that had words.
    ended : str or None
        Why the set ended.
    report : str or None
        Where the last set's report is; None: there is none (yet).
    headline : str or None
        The last set in one line.
    pain, effort : int or None
        As they were said of the last set.
    trouble : str or None
        What went wrong with the set, with its mend.
    sets : tuple of SetShown
        Those that are over.
    session : str or None
        Where the report of the whole session is; None: it is not over, or was one set.
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
    """The count is now `count`; `taken_back`: it was more before."""

    time_s: float
    count: int
    taken_back: bool = False
    kind: Literal["counted"] = "counted"


@dataclass(frozen=True, slots=True)
class CueShown:
    """A cue is given, now."""

    cue: CueView
    kind: Literal["cued"] = "cued"


Moment = Counted | CueShown
