"""Cues as pure functions of events and of the plan: which cues an event offers, and which it cancels."""

from __future__ import annotations

from dataclasses import dataclass, replace

from imu_reps.coaching import cue_words as words
from imu_reps.coaching.cue_words import TIMING
from imu_reps.coaching.metronome import (
    HoldEvent,
    beat_cues,
    count_in_cues,
    hold_cues,
    is_done,
    move_cue,
    with_pause,
)
from imu_reps.domain.cue import AT_ITS_TOP, CUES, DEFAULT_SPEECH, Cue, CueCode, SpeechOptions, make_cue
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
from imu_reps.domain.exercise import Start
from imu_reps.domain.rep import Flag, Rep
from imu_reps.domain.samples import SensorPlace
from imu_reps.domain.tempo import Tempo

#: Cues that lead in to the first movement; given again when the lead-in starts again.
LEAD_IN: tuple[CueCode, ...] = ("ready", "legs_up", "count_in", "move")

#: Earlier than any time.
NEVER = float("-inf")

#: Cues that are cancelled once the leg moves on.
MOVES: tuple[CueCode, ...] = ("hold", "count_in", "move", "beat", "breathe")


@dataclass(frozen=True, slots=True)
class CoachPlan:
    """Goal of a set, and the cues the person wants.

    Attributes
    ----------
    start : Start
        Where the leg rests between repetitions.
    reps : int or None
        Target number of repetitions; None: no target.
    tempo : Tempo or None
        Target tempo; None: no target.
    spoken : SpeechOptions
        Which cues are given.
    floor_known : bool
        Whether the person's floor is known from before, so that warnings begin with the first repetition.
    hold_s : float or None
        Target duration of a hold; None: no target.
    aimed_deg, lowest_deg : float or None
        Leg elevations set for this set: the target of the top, and the lowest allowed; None: not set.
    lift_is_seen : bool
        Whether lifting the legs into a high start can be detected (`LegsUp`); not if the shank stays level.
    """

    start: Start = "low"
    reps: int | None = None
    tempo: Tempo | None = None
    spoken: SpeechOptions = DEFAULT_SPEECH
    floor_known: bool = False
    hold_s: float | None = None
    aimed_deg: float | None = None
    lowest_deg: float | None = None
    lift_is_seen: bool = True


@dataclass(frozen=True, slots=True)
class CoachState:
    """State of the coach in a set.

    Attributes
    ----------
    counted : int
        Repetitions counted: the number on the screen.
    announced : int
        Last number offered to be spoken; less than `counted` if that became known too late to be spoken.
    completed : int
        Number of the last completed repetition.
    away : bool
        Whether the leg has been at its other end since a number was announced. If it comes back with the same
        number and none was completed, the one counted was no repetition, and the number is announced again.
    floor_reps : int
        Number of further repetitions with a warning before the floor.
    arrived : bool
        Whether the leg is at an end of its movement. Before the first repetition it is unknown which of the
        two.
    legs_until_s : float
        Time until which the coach waits for the legs to be lifted into a high start.
    leads_until_s : float
        End of the lead-in to the first movement.
    silent : frozenset of SensorPlace
        Sensors that send nothing at present.
    cut_short : bool
        Whether a silent sensor interrupted the lead-in, which starts again once all sensors are back.
    over : bool
        Whether this set gets no more cues.
    """

    counted: int = 0
    announced: int = 0
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
class Response:
    """Reply to an event: the new state, the cues offered, and codes of waiting cues to cancel."""

    state: CoachState
    cues: tuple[Cue, ...] = ()
    cancelled: tuple[CueCode, ...] = ()


#: Events that still matter once the target is reached.
_AFTER_TARGET = (EndReached, RepCompleted, RepRetracted)


def _target_reached(state: CoachState, plan: CoachPlan) -> bool:
    return plan.reps is not None and state.counted >= plan.reps


def respond(state: CoachState, plan: CoachPlan, event: Event, now_s: float) -> Response:
    """Return the reply to an event that is known at `now_s`."""
    if isinstance(event, StopAsked):
        return Response(replace(state, over=True), (_stop(event, now_s),), tuple(CUES))
    if state.over or (_target_reached(state, plan) and not isinstance(event, _AFTER_TARGET)):
        return Response(state)
    match event:
        case Ready():
            reply = _ready(state, plan, now_s)
        case LegsUp():
            up = replace(state, legs_until_s=NEVER, arrived=True)  # where the first repetition begins
            reply = _counted_in(up, plan, now_s, TIMING.held_s)
        case HoldBegan() | HoldGoesOn() | HoldEnded():
            reply = _held(state, plan, event, now_s)
        case SensorSilent():
            reply = _silent(state, event, now_s)
        case SensorBack():
            reply = _back(state, plan, event, now_s)
        case SetEnded():
            reply = _over(state, event, now_s)
        case _:
            reply = _repetition(state, plan, event, now_s)
    return reply


def _repetition(state: CoachState, plan: CoachPlan, event: Event, now_s: float) -> Response:
    reply = Response(state)
    match event:
        case PhaseChanged():
            reply = _phase(state, plan, event, now_s)
        case EndReached():
            reply = _end(state, plan, event, now_s)
        case FloorNear():
            reply = _floor(state, event, now_s)
        case LimitCrossed():
            reply = _limit(state, plan, event, now_s)
        case RepCompleted():
            reply = _completed(state, plan, event, now_s)
        case RepRetracted():
            reply = _retracted(state, event, now_s)
    return reply


def _stop(event: StopAsked, now_s: float) -> Cue:
    if event.pain:
        return make_cue("stop", words.PAIN, now_s, "asked for, with pain", tone="stop")
    return make_cue("stop", words.STOPPED, now_s, "asked for", tone="notice")


def _ready(state: CoachState, plan: CoachPlan, now_s: float) -> Response:
    ready = make_cue("ready", words.READY, now_s, "lying still", tone="notice")
    lead_in = _lead_in(state, plan, now_s)
    return replace(lead_in, cues=(ready, *lead_in.cues))


def _lead_in(state: CoachState, plan: CoachPlan, now_s: float) -> Response:
    """Lead in to the first movement: with a high start ask for the legs, then count in."""
    if plan.start == "low":
        return _counted_in(state, plan, now_s, TIMING.still_s)
    asked_s = now_s + TIMING.still_s
    until_s = asked_s + TIMING.lift_s
    cues = [make_cue("legs_up", words.LEGS_UP, asked_s, "a high start", tone="notice")]
    if plan.lift_is_seen and _is_paced(plan):
        evidence = f"nothing seen in {TIMING.lift_s:.0f} s"
        cues.append(make_cue("legs_up", words.NOT_SEEN_UP, until_s, evidence, tone="notice"))
    count_in = _counted_in(state, plan, until_s, TIMING.still_s if plan.lift_is_seen else TIMING.held_s)
    state = replace(count_in.state, legs_until_s=until_s)
    return replace(count_in, state=state, cues=(*cues, *count_in.cues))


def _counted_in(state: CoachState, plan: CoachPlan, from_s: float, still_s: float) -> Response:
    """Count in to the first movement if its tempo is paced, replacing any earlier lead-in."""
    cues = count_in_cues(plan.start, from_s, still_s) if _is_paced(plan) else ()
    leads_until_s = cues[-1].due_s if cues else NEVER
    return Response(replace(state, leads_until_s=leads_until_s, cut_short=False), cues, LEAD_IN)


def _is_paced(plan: CoachPlan) -> bool:
    return plan.spoken.metronome and plan.tempo is not None


def _phase(state: CoachState, plan: CoachPlan, event: PhaseChanged, now_s: float) -> Response:
    """Give beats and breathing with a movement, and cancel the countdown before it.

    While the leg's position is unknown, so is the direction, and no cues are given.
    """
    moving = event.phase in ("concentric", "eccentric")
    if now_s < state.legs_until_s or event.leg_elevation_deg is None:
        return Response(replace(state, arrived=not moving))
    cues: list[Cue] = []
    if moving and plan.spoken.metronome and plan.tempo is not None:
        cues += beat_cues(plan.tempo, event.phase, event.time_s)
    if moving and plan.spoken.breathing and state.counted < TIMING.breathing_reps:
        text = words.BREATHE_OUT if event.phase == "concentric" else words.BREATHE_IN
        cues.append(make_cue("breathe", text, now_s, event.phase, tone="notice"))
    state = replace(state, arrived=not moving)
    return Response(_under_way(state) if moving else state, tuple(cues), MOVES if moving else ("beat",))


def _under_way(state: CoachState) -> CoachState:
    """Return the state once the first movement has begun, which ends the lead-in."""
    return replace(state, leads_until_s=NEVER, cut_short=False)


def _end(state: CoachState, plan: CoachPlan, event: EndReached, now_s: float) -> Response:
    """Give the count, and the countdown of the pause that begins as the leg arrives.

    It is known which end this is if it completes a repetition or if the leg's position is known.
    """
    if not event.completes and (now_s < state.legs_until_s or event.leg_elevation_deg is None):
        return Response(replace(state, arrived=True, away=True))
    due_s = max(event.arrival_s, now_s)
    cues: list[Cue] = []
    counting_end = _is_counting_end(plan, event)
    again = state.away and event.number == state.announced > state.completed
    counts = counting_end and (event.number > state.announced or again)
    away = not counting_end or (state.away and not counts)
    state = replace(_under_way(state), arrived=True, away=away)
    if event.completes:
        state = replace(state, legs_until_s=NEVER)
    if counts:
        state = replace(state, counted=event.number, announced=event.number)
        at_top = AT_ITS_TOP if not event.completes else ""
        cues += _count(plan, event.number, due_s, event.arrival_s, at_top)
    hold_s = _hold_s(plan, event)
    if hold_s >= TIMING.min_hold_s and not _target_reached(state, plan):
        cues = with_pause(cues, hold_s, due_s)
        if plan.spoken.metronome:
            cues.append(move_cue("up" if event.end == "bottom" else "down", event.arrival_s + hold_s))
    cancelled: tuple[CueCode, ...] = ("hold", "count_in", "move", "legs_up", "beat")
    if counts:
        cancelled = (*cancelled, "uncount", *_cancelled_at_target(state, plan))
    return Response(state, (*_in_range(plan, event, due_s), *cues), cancelled)


def _cancelled_at_target(state: CoachState, plan: CoachPlan) -> tuple[CueCode, ...]:
    """Return the cues to cancel with the last repetition, as lowering the leg after it is not judged."""
    return ("press_back",) if _target_reached(state, plan) else ()


def _in_range(plan: CoachPlan, event: EndReached, due_s: float) -> list[Cue]:
    angle_deg, aimed_deg = event.leg_elevation_deg, plan.aimed_deg
    if event.end != "top" or angle_deg is None or aimed_deg is None:
        return []
    if angle_deg < aimed_deg - TIMING.live_deg:
        return []
    evidence = f"leg at {angle_deg:.0f}°, aim {aimed_deg:.0f}°"
    return [make_cue("in_range", "", due_s, evidence, tone="notice")]


def _is_counting_end(plan: CoachPlan, event: EndReached) -> bool:
    return event.end == "top" if plan.spoken.count_at == "top" else event.completes


def _count(plan: CoachPlan, number: int, due_s: float, end_s: float, where: str = "") -> list[Cue]:
    """Return the cue of a number, followed by ``done`` if it is the target."""
    evidence = f"repetition {number}{where}"
    until_s = end_s + CUES["count"].patience_s
    text = words.count(number, plan.reps)
    counted = make_cue("count", text, due_s, evidence, tone="count", until_s=until_s)
    if number != plan.reps:
        return [counted]
    return [counted, make_cue("done", words.DONE, due_s, f"the target of {number}", tone="done")]


def _hold_s(plan: CoachPlan, event: EndReached) -> float:
    if plan.tempo is None:
        return 0.0
    return plan.tempo.bottom_s if event.end == "bottom" else plan.tempo.top_s


def _floor(state: CoachState, event: FloorNear, now_s: float) -> Response:
    """Warn before the floor is reached if the back let go recently; no warning while it stays flat."""
    if state.floor_reps == 0:
        return Response(state)
    evidence = f"leg at {event.leg_elevation_deg:.0f}°, the back lets go at {event.floor_deg:.0f}°"
    cue = make_cue("press_back", words.PRESS_BACK, now_s, evidence, tone="notice", until_s=event.reach_s)
    return Response(state, (cue,))


_FAULTS: dict[Flag, tuple[CueCode, str]] = {
    "back_arch": ("press_back", words.FLAT_BACK),
    "hip_pop": ("hips_level", words.HIPS_LEVEL),
    "momentum": ("no_swing", words.NO_SWING),
    "fast_lowering": ("slower", words.SLOWER),
}


def _too_low(state: CoachState, plan: CoachPlan, event: LimitCrossed, now_s: float) -> Response:
    """Sound when the leg is below the floor of this set, except after the last repetition."""
    if plan.lowest_deg is None or event.number == plan.reps:
        return Response(state)
    evidence = f"leg at {event.value:.0f}°, no lower than {event.limit:.0f}°"
    return Response(state, (make_cue("too_low", "", now_s, evidence, tone="fault"),))


def _limit(state: CoachState, plan: CoachPlan, event: LimitCrossed, now_s: float) -> Response:
    if event.code == "below_floor":
        return _too_low(state, plan, event, now_s)
    if event.code not in _FAULTS:
        return Response(state)
    code, text = _FAULTS[event.code]
    evidence = f"{event.code} {event.value:.3g} over {event.limit:.3g} {event.unit}"
    if event.unit == "s":
        evidence = f"{event.code} {event.value:.1f} under {event.limit:.1f} s"
    until_s = event.crossed_s + CUES[code].patience_s
    return Response(state, (make_cue(code, text, now_s, evidence, tone="fault", until_s=until_s),))


def _completed(state: CoachState, plan: CoachPlan, event: RepCompleted, now_s: float) -> Response:
    """Note whether the back let go, and count a repetition that was not counted at its end.

    One completed before its end is detected is still moving, slowly: it is counted at its end.
    """
    left = TIMING.floor_reps if _let_go(plan, event.rep) else max(0, state.floor_reps - 1)
    completed = max(event.number, state.completed)
    state = replace(_under_way(state), floor_reps=left, completed=completed, legs_until_s=NEVER)
    ended = state.arrived or event.time_s - event.rep.end_s >= TIMING.end_seen_s
    figure = _figure(plan, event.rep, now_s)
    if event.number <= state.counted or not ended:
        return Response(state, figure)
    state = replace(state, counted=event.number)
    if now_s > event.rep.end_s + CUES["count"].patience_s:
        return Response(state, figure)
    cues = _count(plan, event.number, now_s, event.rep.end_s)
    cancelled = _cancelled_at_target(state, plan)
    return Response(replace(state, announced=event.number), (*cues, *figure), cancelled)


def _figure(plan: CoachPlan, rep: Rep, now_s: float) -> tuple[Cue, ...]:
    which = plan.spoken.figure
    text = None if which is None else words.figure(rep, which)
    if text is None:
        return ()
    return (make_cue("figure", text, now_s, f"{which} of a repetition", tone="notice"),)


def _let_go(plan: CoachPlan, rep: Rep) -> bool:
    """Whether the back let go, or the leg went below the person's floor, where it would.

    A floor set for this set says nothing about the back.
    """
    codes = ("back_arch",) if plan.lowest_deg is not None else ("back_arch", "below_floor")
    return any(fault.code in codes for fault in rep.faults)


def _retracted(state: CoachState, event: RepRetracted, now_s: float) -> Response:
    if event.rep_count >= state.counted:
        return Response(state)
    cue = make_cue("uncount", words.BACK_TO.format(count=event.rep_count), now_s, event.reason, tone="notice")
    state = replace(state, counted=event.rep_count, announced=min(state.announced, event.rep_count))
    return Response(state, (cue,), ("count", "uncount"))


def _held(state: CoachState, plan: CoachPlan, event: HoldEvent, now_s: float) -> Response:
    """Give the seconds of a hold in place of a count."""
    done = is_done(event, plan.hold_s)
    cues = hold_cues(event, plan.hold_s, now_s)
    return Response(replace(state, over=done), cues, tuple(CUES) if done else ("hold",))


def _silent(state: CoachState, event: SensorSilent, now_s: float) -> Response:
    """Warn of a silent sensor, and cancel cues that would make the leg move or judge the lift.

    A silence that becomes known too late, as when both sensors were silent, is over.
    """
    if now_s - event.time_s > CUES["sensor_lost"].patience_s:
        return Response(state)
    evidence = f"nothing from the {event.sensor} sensor"
    cue = make_cue("sensor_lost", words.SILENT.format(sensor=event.sensor), now_s, evidence, tone="stop")
    cut_short = state.cut_short or now_s < state.leads_until_s
    state = replace(state, silent=state.silent | {event.sensor}, cut_short=cut_short)
    return Response(state, (cue,), (*MOVES, "legs_up") if cut_short else MOVES)


def _back(state: CoachState, plan: CoachPlan, event: SensorBack, now_s: float) -> Response:
    """Start an interrupted lead-in again once all sensors are back."""
    state = replace(state, silent=state.silent - {event.sensor})
    if state.silent or not state.cut_short:
        return Response(state)
    if plan.start == "high" and plan.lift_is_seen and state.legs_until_s == NEVER:  # the lift was detected
        return _counted_in(state, plan, now_s, TIMING.still_s)
    return _lead_in(state, plan, now_s)


def _over(state: CoachState, event: SetEnded, now_s: float) -> Response:
    if event.reason in words.ENDED_BY_RULE:
        cue = make_cue("stop", words.ENDED_BY_RULE[event.reason], now_s, event.reason, tone="notice")
    else:
        text = words.SET_OVER if event.rep_count is None else f"{words.SET_OVER}, {event.rep_count}"
        cue = make_cue("done", text, now_s, event.reason, tone="done")
    return Response(replace(state, over=True), (cue,), tuple(CUES))
