"""Cues as functions of what happened and of what is aimed at: which could be said, and which no longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from imu_reps.coaching import cue_words as words
from imu_reps.coaching.cue_ranks import FAULT_PATIENCE_S, PATIENCE_S, PRIORITY, make
from imu_reps.coaching.metronome import (
    HELD_S,
    LIFT_S,
    MIN_HOLD_S,
    STILL_S,
    HoldEvent,
    beats_s,
    count_in_s,
    countdown_s,
    first_move,
    hold_cues,
    is_done,
)
from imu_reps.domain.cue import AT_ITS_TOP, USUALLY_SPOKEN, Cue, CueCode, Spoken
from imu_reps.domain.events import (
    EndReached,
    Event,
    FloorNear,
    HoldBegan,
    HoldEnded,
    HoldGoesOn,
    LegsUp,
    LimitCrossed,
    PhaseChanged,
    Ready,
    RepCompleted,
    RepRetracted,
    SensorBack,
    SensorSilent,
    SetEnded,
    StopAsked,
)
from imu_reps.domain.recording import Start
from imu_reps.domain.rep import Flag, Rep
from imu_reps.domain.samples import SensorPlace
from imu_reps.domain.tempo import Tempo

#: Breathing is spoken of in so many repetitions, the floor in so many after the back let go.
BREATHING_REPS = 3
FLOOR_REPS = 2

#: The end of a way is seen this long after it at the earliest, by the pause that begins there.
END_SEEN_S = 0.1

#: What a live angle may be wrong by, where it is held against the height aimed at.
LIVE_DEG = 2.0

#: What leads to the first movement, and is said anew where that is waited for anew.
LEADS_IN: tuple[CueCode, ...] = ("ready", "legs_up", "count_in", "move")

#: Before any time.
NEVER = float("-inf")

#: What is no longer said once the leg moves on.
MOVES: tuple[CueCode, ...] = ("hold", "count_in", "move", "beat", "breathe")


@dataclass(frozen=True, slots=True)
class CoachPlan:
    """What a set aims at, and what the person wants to hear.

    Attributes
    ----------
    start : Start
        Where the leg rests between repetitions.
    reps : int or None
        Target; None: open.
    tempo : Tempo or None
    spoken : Spoken
    floor_known : bool
        The person's floor is known from before: it is spoken of from the first repetition on.
    hold_s : float or None
        How long a hold is to be held; None: open.
    aimed_deg, lowest_deg : float or None
        Leg angles that the person set for this set: how high the top is to be, how low the bottom may.
    lift_is_seen : bool
        Legs that are lifted into a high start are told by `LegsUp`. A shank that stays level is not.
    """

    start: Start = "low"
    reps: int | None = None
    tempo: Tempo | None = None
    spoken: Spoken = USUALLY_SPOKEN
    floor_known: bool = False
    hold_s: float | None = None
    aimed_deg: float | None = None
    lowest_deg: float | None = None
    lift_is_seen: bool = True


@dataclass(frozen=True, slots=True)
class SetSoFar:
    """What the coach remembers of a set.

    Attributes
    ----------
    counted : int
        Repetitions as they were counted: the number on the screen.
    told : int
        The last number that was to be said; less than `counted` where that was known too late to be said.
    completed : int
        The last repetition that was complete.
    away : bool
        The leg was at its other end since a number was told. If it comes back with the same number, and none
        was complete, what was counted was no repetition: the number is told again.
    floor_reps : int
        The floor is spoken of in so many more repetitions.
    arrived : bool
        The leg is at an end of its way. Before the first repetition nobody knows which of the two ends it is.
    legs_until_s : float
        Until then legs are waited for that are on their way into a high start.
    leads_until_s : float
        Until then the first movement is led into.
    silent : frozenset of SensorPlace
        Sensors that are waited for.
    cut_short : bool
        The first movement was being led into when a sensor fell silent: it is, anew, once all are back.
    over : bool
        Nothing more is said of this set.
    """

    counted: int = 0
    told: int = 0
    completed: int = 0
    away: bool = False
    floor_reps: int = 0
    arrived: bool = False
    legs_until_s: float = NEVER
    leads_until_s: float = NEVER
    silent: frozenset[SensorPlace] = frozenset()
    cut_short: bool = False
    over: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What an event leads to: the set as it is now, new cues, and names of cues that no longer matter."""

    so_far: SetSoFar
    cues: tuple[Cue, ...] = ()
    cancelled: tuple[CueCode, ...] = ()


#: After the target only these matter.
_AFTER_TARGET = (EndReached, RepCompleted, RepRetracted)


def _reached(so_far: SetSoFar, plan: CoachPlan) -> bool:
    return plan.reps is not None and so_far.counted >= plan.reps


def begin(plan: CoachPlan) -> SetSoFar:
    """A set before anything has happened."""
    return SetSoFar(floor_reps=1 if plan.floor_known else 0)


def answer(so_far: SetSoFar, plan: CoachPlan, event: Event, now_s: float) -> Answer:
    """What an event leads to, told at `now_s`."""
    if isinstance(event, StopAsked):
        return Answer(replace(so_far, over=True), (_stop(event, now_s),), tuple(PRIORITY))
    if so_far.over or (_reached(so_far, plan) and not isinstance(event, _AFTER_TARGET)):
        return Answer(so_far)
    for kind, reply in _REPLIES:
        if isinstance(event, kind):
            return reply(so_far, plan, event, now_s)
    return Answer(so_far)


def _stop(event: StopAsked, now_s: float) -> Cue:
    if event.pain:
        return make("stop", words.PAIN, now_s, "asked for, with pain", tone="stop")
    return make("stop", words.STOPPED, now_s, "asked for", tone="notice")


def _ready(so_far: SetSoFar, plan: CoachPlan, _event: Ready, now_s: float) -> Answer:
    ready = make("ready", words.READY, now_s, "lying still", tone="notice")
    led = _lead_in(so_far, plan, now_s)
    return replace(led, cues=(ready, *led.cues))


def _lead_in(so_far: SetSoFar, plan: CoachPlan, now_s: float) -> Answer:
    """What leads to the first movement: the count, and before it the legs into a high start."""
    if plan.start == "low":
        return _counted_in(so_far, plan, now_s, STILL_S)
    asked_s = now_s + STILL_S
    until_s = asked_s + LIFT_S
    cues = [make("legs_up", words.LEGS_UP, asked_s, "a high start", tone="notice")]
    if plan.lift_is_seen and _is_paced(plan):
        cues.append(
            make("legs_up", words.NOT_SEEN_UP, until_s, f"nothing seen in {LIFT_S:.0f} s", tone="notice")
        )
    led = _counted_in(so_far, plan, until_s, STILL_S if plan.lift_is_seen else HELD_S)
    return replace(led, so_far=replace(led.so_far, legs_until_s=until_s), cues=(*cues, *led.cues))


def _legs_up(so_far: SetSoFar, plan: CoachPlan, _event: LegsUp, now_s: float) -> Answer:
    """The legs are where the first repetition begins: it is counted in now, and not earlier."""
    return _counted_in(replace(so_far, legs_until_s=NEVER, arrived=True), plan, now_s, HELD_S)


def _counted_in(so_far: SetSoFar, plan: CoachPlan, from_s: float, still_s: float) -> Answer:
    """The count into the first movement, in place of any before it."""
    cues = _count_in(plan, from_s, still_s)
    leads_until_s = cues[-1].due_s if cues else NEVER
    return Answer(replace(so_far, leads_until_s=leads_until_s, cut_short=False), cues, LEADS_IN)


def _is_paced(plan: CoachPlan) -> bool:
    return plan.spoken.metronome and plan.tempo is not None


def _count_in(plan: CoachPlan, from_s: float, still_s: float) -> tuple[Cue, ...]:
    """Three, two, one, and the first movement, where a tempo is paced."""
    if not _is_paced(plan):
        return ()
    seconds, move_s = count_in_s(from_s, still_s)
    counted = [
        make("count_in", str(left), at_s, f"{left} s to the first movement", tone="beat")
        for at_s, left in seconds
    ]
    return (*counted, _move(words.UP if first_move(plan.start) == "up" else words.DOWN, move_s))


def _move(text: str, due_s: float) -> Cue:
    return make("move", text, due_s, "the target tempo", tone="beat")


def _phase(so_far: SetSoFar, plan: CoachPlan, event: PhaseChanged, now_s: float) -> Answer:
    """Beats and breath begin with a movement; what was counted down before it is over.

    Of a leg of which nobody knows where it is nobody knows which way it goes.
    """
    moving = event.phase in ("concentric", "eccentric")
    if now_s < so_far.legs_until_s or event.leg_elevation_deg is None:
        return Answer(replace(so_far, arrived=not moving))
    cues: list[Cue] = []
    if moving and plan.spoken.metronome and plan.tempo is not None:
        cues += [
            make("beat", "", at_s, f"{event.phase}, target {plan.tempo}", tone="beat")
            for at_s in beats_s(plan.tempo, event.phase, event.time_s)
        ]
    if moving and plan.spoken.breathing and so_far.counted < BREATHING_REPS:
        text = words.BREATHE_OUT if event.phase == "concentric" else words.BREATHE_IN
        cues.append(make("breathe", text, now_s, event.phase, tone="notice"))
    so_far = replace(so_far, arrived=not moving)
    return Answer(_under_way(so_far) if moving else so_far, tuple(cues), MOVES if moving else ("beat",))


def _under_way(so_far: SetSoFar) -> SetSoFar:
    """The set with its first movement begun: nothing leads into it any more."""
    return replace(so_far, leads_until_s=NEVER, cut_short=False)


def _end(so_far: SetSoFar, plan: CoachPlan, event: EndReached, now_s: float) -> Answer:
    """The count, and the hold that begins as the leg arrives.

    Which end it is shows where a repetition is complete with it, or where it is known where the leg is.
    """
    if not event.completes and (now_s < so_far.legs_until_s or event.leg_elevation_deg is None):
        return Answer(replace(so_far, arrived=True, away=True))
    due_s = max(event.arrival_s, now_s)
    cues: list[Cue] = []
    here = _counts_here(plan, event)
    again = so_far.away and event.number == so_far.told > so_far.completed
    counts = here and (event.number > so_far.told or again)
    so_far = replace(_under_way(so_far), arrived=True, away=not here or (so_far.away and not counts))
    if event.completes:
        so_far = replace(so_far, legs_until_s=NEVER)
    if counts:
        so_far = replace(so_far, counted=event.number, told=event.number)
        at_top = AT_ITS_TOP if not event.completes else ""
        cues += _count(plan, event.number, due_s, event.arrival_s, at_top)
    hold_s = _hold_s(plan, event)
    if hold_s >= MIN_HOLD_S and not _reached(so_far, plan):
        cues = _with_hold(cues, hold_s, due_s)
        cues += _next_move(plan, event, event.arrival_s + hold_s)
    cancelled: tuple[CueCode, ...] = ("hold", "count_in", "move", "legs_up", "beat")
    if counts:
        cancelled = (*cancelled, "uncount", *_foreseen(so_far, plan))
    return Answer(so_far, (*_in_range(plan, event, due_s), *cues), cancelled)


def _foreseen(so_far: SetSoFar, plan: CoachPlan) -> tuple[CueCode, ...]:
    """What would still be said of a way down that is none of the set's: after the last repetition nothing."""
    return ("press_back",) if _reached(so_far, plan) else ()


def _in_range(plan: CoachPlan, event: EndReached, due_s: float) -> list[Cue]:
    """A sound where the height aimed at is reached."""
    angle_deg, aimed_deg = event.leg_elevation_deg, plan.aimed_deg
    if event.end != "top" or angle_deg is None or aimed_deg is None or angle_deg < aimed_deg - LIVE_DEG:
        return []
    evidence = f"leg at {angle_deg:.0f}°, aim {aimed_deg:.0f}°"
    return [make("in_range", "", due_s, evidence, tone="notice")]


def _counts_here(plan: CoachPlan, event: EndReached) -> bool:
    return event.end == "top" if plan.spoken.count_at == "top" else event.completes


def _count(plan: CoachPlan, number: int, due_s: float, end_s: float, where: str = "") -> list[Cue]:
    """The number, and after the last one that it was the last."""
    evidence = f"repetition {number}{where}"
    until_s = end_s + PATIENCE_S["count"]
    counted = make("count", words.count(number, plan.reps), due_s, evidence, tone="count", until_s=until_s)
    if number != plan.reps:
        return [counted]
    return [counted, make("done", words.DONE, due_s, f"the target of {number}", tone="done")]


def _hold_s(plan: CoachPlan, event: EndReached) -> float:
    if plan.tempo is None:
        return 0.0
    return plan.tempo.bottom_s if event.end == "bottom" else plan.tempo.top_s


def _with_hold(counted: list[Cue], hold_s: float, began_s: float) -> list[Cue]:
    """The countdown of a hold; its first word joins a count that falls on the same moment."""
    (_, first), *later = countdown_s(hold_s, began_s)
    evidence = f"hold of {hold_s:.0f} s"
    if counted:
        text = words.counted_with_hold(counted[0].words, first)
        begun = replace(counted[0], words=text, evidence=f"{counted[0].evidence}, {evidence}")
    else:
        begun = make("hold", words.hold(first), began_s, evidence, tone="hold")
    return [begun, *(make("hold", str(left), at_s, evidence, tone="hold") for at_s, left in later)]


def _next_move(plan: CoachPlan, event: EndReached, at_s: float) -> list[Cue]:
    if not plan.spoken.metronome:
        return []
    return [_move(words.UP if event.end == "bottom" else words.DOWN, at_s)]


def _floor(so_far: SetSoFar, _plan: CoachPlan, event: FloorNear, now_s: float) -> Answer:
    """Before the floor is reached, where the back let go not long ago: who keeps it flat hears nothing."""
    if so_far.floor_reps == 0:
        return Answer(so_far)
    evidence = f"leg at {event.leg_elevation_deg:.0f}°, the back lets go at {event.floor_deg:.0f}°"
    cue = make("press_back", words.PRESS_BACK, now_s, evidence, tone="notice", until_s=event.reach_s)
    return Answer(so_far, (cue,))


_FAULTS: dict[Flag, tuple[CueCode, str]] = {
    "back_arch": ("press_back", words.FLAT_BACK),
    "hip_pop": ("hips_level", words.HIPS_LEVEL),
    "momentum": ("no_swing", words.NO_SWING),
    "fast_lowering": ("slower", words.SLOWER),
}


def _too_low(so_far: SetSoFar, plan: CoachPlan, event: LimitCrossed, now_s: float) -> Answer:
    """Under the floor that was set for this set; after the last repetition the leg may lie down."""
    if plan.lowest_deg is None or event.number == plan.reps:
        return Answer(so_far)
    evidence = f"leg at {event.value:.0f}°, no lower than {event.limit:.0f}°"
    return Answer(so_far, (make("too_low", "", now_s, evidence, tone="fault"),))


def _limit(so_far: SetSoFar, plan: CoachPlan, event: LimitCrossed, now_s: float) -> Answer:
    if event.code == "below_floor":
        return _too_low(so_far, plan, event, now_s)
    if event.code not in _FAULTS:
        return Answer(so_far)
    code, text = _FAULTS[event.code]
    evidence = f"{event.code} {event.value:.3g} over {event.limit:.3g} {event.unit}"
    if event.unit == "s":
        evidence = f"{event.code} {event.value:.1f} under {event.limit:.1f} s"
    until_s = event.crossed_s + FAULT_PATIENCE_S
    return Answer(so_far, (make(code, text, now_s, evidence, tone="fault", until_s=until_s),))


def _completed(so_far: SetSoFar, plan: CoachPlan, event: RepCompleted, now_s: float) -> Answer:
    """Remember whether the back let go; a repetition that was not counted as it ended is counted now.

    One that is complete before its end was seen still goes on, slowly: it is counted as it ends.
    """
    left = FLOOR_REPS if _let_go(plan, event.rep) else max(0, so_far.floor_reps - 1)
    completed = max(event.number, so_far.completed)
    so_far = replace(_under_way(so_far), floor_reps=left, completed=completed, legs_until_s=NEVER)
    ended = so_far.arrived or event.time_s - event.rep.end_s >= END_SEEN_S
    figure = _figure(plan, event.rep, now_s)
    if event.number <= so_far.counted or not ended:
        return Answer(so_far, figure)
    so_far = replace(so_far, counted=event.number)
    if now_s > event.rep.end_s + PATIENCE_S["count"]:
        return Answer(so_far, figure)
    cues = _count(plan, event.number, now_s, event.rep.end_s)
    return Answer(replace(so_far, told=event.number), (*cues, *figure), _foreseen(so_far, plan))


def _figure(plan: CoachPlan, rep: Rep, now_s: float) -> tuple[Cue, ...]:
    """The figure of a repetition that the person wants to hear."""
    which = plan.spoken.figure
    text = None if which is None else words.figure(rep, which)
    return () if text is None else (make("figure", text, now_s, f"{which} of a repetition", tone="notice"),)


def _let_go(plan: CoachPlan, rep: Rep) -> bool:
    """Whether the back let go, or the leg went under where it does; a floor asked for tells nothing of it."""
    codes = ("back_arch",) if plan.lowest_deg is not None else ("back_arch", "below_floor")
    return any(fault.code in codes for fault in rep.faults)


def _retracted(so_far: SetSoFar, _plan: CoachPlan, event: RepRetracted, now_s: float) -> Answer:
    if event.rep_count >= so_far.counted:
        return Answer(so_far)
    cue = make("uncount", words.back_to(event.rep_count), now_s, event.reason, tone="notice")
    so_far = replace(so_far, counted=event.rep_count, told=min(so_far.told, event.rep_count))
    return Answer(so_far, (cue,), ("count", "uncount"))


def _held(so_far: SetSoFar, plan: CoachPlan, event: HoldEvent, now_s: float) -> Answer:
    """A hold: its seconds in place of a count."""
    done = is_done(event, plan.hold_s)
    cues = hold_cues(event, plan.hold_s, now_s)
    return Answer(replace(so_far, over=done), cues, tuple(PRIORITY) if done else ("hold",))


def _silent(so_far: SetSoFar, _plan: CoachPlan, event: SensorSilent, now_s: float) -> Answer:
    """What moves the leg is not said until the sensor is back; nor that legs are not seen up without one."""
    evidence = f"nothing from the {event.sensor} sensor"
    cue = make("sensor_lost", words.silent(event.sensor), now_s, evidence, tone="stop")
    cut_short = so_far.cut_short or now_s < so_far.leads_until_s
    so_far = replace(so_far, silent=so_far.silent | {event.sensor}, cut_short=cut_short)
    return Answer(so_far, (cue,), (*MOVES, "legs_up") if cut_short else MOVES)


def _back(so_far: SetSoFar, plan: CoachPlan, event: SensorBack, now_s: float) -> Answer:
    """All sensors are back: the first movement is led into anew, if that was cut short."""
    so_far = replace(so_far, silent=so_far.silent - {event.sensor})
    if so_far.silent or not so_far.cut_short:
        return Answer(so_far)
    if plan.start == "high" and plan.lift_is_seen and so_far.legs_until_s == NEVER:  # they were seen up
        return _counted_in(so_far, plan, now_s, STILL_S)
    return _lead_in(so_far, plan, now_s)


def _over(so_far: SetSoFar, _plan: CoachPlan, event: SetEnded, now_s: float) -> Answer:
    if event.reason in words.ENDED_BY_RULE:
        cue = make("stop", words.ENDED_BY_RULE[event.reason], now_s, event.reason, tone="notice")
    else:
        cue = make("done", words.set_over(event.rep_count), now_s, event.reason, tone="done")
    return Answer(replace(so_far, over=True), (cue,), tuple(PRIORITY))


_REPLIES: tuple[tuple[type[Any], Callable[[SetSoFar, CoachPlan, Any, float], Answer]], ...] = (
    (Ready, _ready),
    (LegsUp, _legs_up),
    (PhaseChanged, _phase),
    (EndReached, _end),
    (FloorNear, _floor),
    (LimitCrossed, _limit),
    (RepCompleted, _completed),
    (RepRetracted, _retracted),
    (HoldBegan, _held),
    (HoldGoesOn, _held),
    (HoldEnded, _held),
    (SensorSilent, _silent),
    (SensorBack, _back),
    (SetEnded, _over),
)
