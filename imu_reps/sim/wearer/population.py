"""Random plans over the whole space of people, sensors and radios, and the traits of single people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.random import Generator

from imu_reps.domain.exercise import BOTH_LEGS, Exercise, Side, Start
from imu_reps.domain.recording import PelvisAlignment
from imu_reps.sim.wearer import random_sensors as wear
from imu_reps.sim.wearer.random_reps import partial_rep, random_reps
from imu_reps.sim.wearer.random_sensors import random_sensors
from imu_reps.sim.wearer.score import PEAK_OVER_MEAN
from imu_reps.sim.wearer.set_plan import (
    Act,
    Activity,
    BodyPlan,
    CutPhase,
    CutPlace,
    CutPlan,
    LifePlan,
    RepPlan,
    SetPlan,
    SitUp,
    Swell,
)
from imu_reps.sim.wearer.space import Space, chance, pick

_DYNAMIC: tuple[Exercise, ...] = (
    "single_leg_raise",
    "single_leg_raise",
    "single_leg_raise_bent",
    "double_leg_raise",
    "heel_tap",
    "hanging_leg_raise",
)
_SIDES: tuple[Side, ...] = ("left", "right")


def random_plan(rng: Generator, **constraints: Any) -> SetPlan:
    """Draw a random plan of a set.

    Parameters
    ----------
    rng : Generator
        Source of all randomness.
    **constraints
        Fields of `Space`, such as ``exercise="heel_tap"``, ``life=False``, ``rate_hz=25.0``.

    Returns
    -------
    SetPlan
        With excursions of at least 43 %, or at most 27 %, of the set's median, away from the limit between
        repetitions and partial ones.

    Raises
    ------
    TypeError
        For a constraint that `Space` does not have.
    """
    space = Space(**constraints)
    exercise = pick(rng, _DYNAMIC) if space.exercise is None else space.exercise
    given: Side | None = space.side or ("both" if exercise in BOTH_LEGS else None)
    side = pick(rng, _SIDES) if given is None else given
    start = space.start or _random_start(exercise, rng)
    life, alignment = _random_life(exercise, start, space, rng)
    floor = start == "low" or life.floor_stretch
    reps = random_reps(space, exercise, start, rng, floor=floor)
    shortest_s = min((r.concentric_s + r.eccentric_s for r in reps), default=3.0)
    hanging = exercise == "hanging_leg_raise"
    pelvis, ankle = random_sensors(space, alignment, rng, hanging=hanging, shortest_s=shortest_s)
    body = _random_body(exercise, space, rng)
    plan = SetPlan(exercise, side, start, alignment, reps, body, life, pelvis, ankle)
    return personal(plan, rng, space.traits) if space.person or space.traits is not None else plan


def idle_plan(rng: Generator, **constraints: Any) -> SetPlan:
    """Draw a random plan without repetitions: walking, lying, fidgeting, sitting up.

    Parameters
    ----------
    **constraints
        As for `random_plan`, as far as they are about exercise, side and sensors.
    """
    plan = random_plan(
        rng, **{"exercise": "single_leg_raise", **constraints, "start": "low", "alignment": "mounted"}
    )
    lying: list[Activity] = ["shuffle", "fidget", "fidget", "still", "still"]
    acts = [_act("walk", rng), _act("lie_down", rng)] if chance(rng, 0.7) else []
    for _ in range(int(rng.integers(2, 9))):
        acts.append(_act(pick(rng, lying), rng))
        if acts[-1].activity in ("shuffle", "fidget"):
            acts.append(_act("still", rng))
    after = tuple(_act(a, rng) for a in ("sit_up", "stand_up", "walk")) if chance(rng, 0.5) else ()
    life = LifePlan(tuple(acts), after, still_before_s=rng.uniform(1.5, 6.0))
    return SetPlan(plan.exercise, plan.side, "low", "mounted", (), plan.body, life, plan.pelvis, plan.ankle)


def _random_start(exercise: Exercise, rng: Generator) -> Start:
    if exercise == "heel_tap":
        return "high"
    return "high" if exercise == "double_leg_raise" and chance(rng, 0.5) else "low"


_DURATIONS_S: dict[Activity, tuple[float, float]] = {
    "stand": (1.0, 3.0),
    "walk": (5.0, 15.0),
    "lie_down": (4.0, 6.0),
    "shuffle": (2.0, 4.0),
    "fidget": (1.0, 3.0),
    "still": (1.0, 6.0),
    "sit_up": (1.5, 3.0),
    "stand_up": (2.0, 3.0),
    "hang_up": (4.0, 6.0),
    "let_go": (1.0, 2.0),
}


def _act(activity: Activity, rng: Generator) -> Act:
    return Act(activity, rng.uniform(*_DURATIONS_S[activity]))


def _random_life(
    exercise: Exercise, start: Start, space: Space, rng: Generator
) -> tuple[LifePlan, PelvisAlignment]:
    """Draw activities around the set, and the alignment that the rocks in them allow."""
    lively = space.life if space.life is not None else chance(rng, 0.6)
    hanging = exercise == "hanging_leg_raise"
    no_floor = exercise == "double_leg_raise" and start == "high" and not lively and chance(rng, 0.4)
    rocks = not hanging and not no_floor and space.alignment != "mounted" and chance(rng, 0.3)
    rocks = rocks or space.alignment == "functional"
    before, after = _acts(hanging=hanging, rng=rng) if lively else ((), ())
    life = LifePlan(
        before=before,
        after=after,
        still_before_s=rng.uniform(1.5, 6.0),
        rocks_deg=tuple(rng.uniform(8.0, 15.0, 3).tolist()) if rocks else (),
        rock_rest_s=rng.uniform(1.5, 3.0),
        knees_bent=chance(rng, 0.5),
        lift_s=rng.uniform(1.5, 3.5),
        hold_s=rng.uniform(1.5 if no_floor else 1.0, 3.0),
        lowering_s=rng.uniform(2.0, 4.0),
        floor_stretch=not no_floor,
        final_lowering=not no_floor or chance(rng, 0.5),
        rest_after_s=rng.uniform(1.0, 10.0),
    )
    return life, "functional" if rocks else "mounted"


def _acts(*, hanging: bool, rng: Generator) -> tuple[tuple[Act, ...], tuple[Act, ...]]:
    before: list[Activity] = ["stand"] if chance(rng, 0.5) else []
    after: list[Activity]
    if hanging:
        before += ["walk", "hang_up"]
        after = ["let_go", "walk"]
    else:
        shuffles: list[Activity] = ["shuffle"] * int(rng.integers(0, 3))
        before += ["walk", "lie_down", *shuffles]
        after = ["sit_up", "stand_up", "walk"]
    after = after[: int(rng.integers(0, len(after) + 1))]
    return tuple(_act(a, rng) for a in before), tuple(_act(a, rng) for a in after)


def _random_body(exercise: Exercise, space: Space, rng: Generator) -> BodyPlan:
    one_leg = exercise not in BOTH_LEGS
    return BodyPlan(
        share=rng.uniform(*space.share),
        skin_share=rng.uniform(0.0, 0.05),
        rotation_deg=rng.uniform(-0.5, 2.5) if one_leg else 0.0,
        breathing_deg=rng.uniform(0.1, 0.5),
        breathing_hz=rng.uniform(0.18, 0.33),
        tremor_dps=rng.uniform(1.0, 8.0) if space.faults and chance(rng, 0.3) else 0.0,
        tremor_hz=rng.uniform(5.0, 10.0),
        unsteady_dps=rng.uniform(0.1, 0.8),
        sway_deg=rng.uniform(0.0, 1.5),
        sway_hz=rng.uniform(0.38, 0.46),
        abduction_deg=rng.uniform(0.0, 7.0),
        turnout_deg=rng.uniform(-5.0, 20.0),
        thigh_m=rng.uniform(0.40, 0.46),
        shank_m=rng.uniform(0.34, 0.39),
    )


_PHASES: tuple[CutPhase, ...] = ("out", "far", "back", "rest")


@dataclass(frozen=True, slots=True)
class Trait:
    """A trait of persons.

    Attributes
    ----------
    chance : float
        Probability, among sets that allow it.
    allowed : callable
        Whether a set allows it.
    draw : callable
        Returns the plan with the trait.
    """

    chance: float
    allowed: Callable[[SetPlan], bool]
    draw: Callable[[SetPlan, Generator], SetPlan]


def personal(plan: SetPlan, rng: Generator, only: tuple[str, ...] | None = None) -> SetPlan:
    """Return the set as done by a person.

    Parameters
    ----------
    plan : SetPlan
        With repetitions.
    only : tuple of str, optional
        Exactly these traits, if the set allows them; by default each with its probability.

    Raises
    ------
    ValueError
        For a trait that `TRAITS` does not have.
    """
    if unknown := set(only or ()) - set(TRAITS):
        raise ValueError(f"there is no trait {', '.join(sorted(unknown))}; there are {', '.join(TRAITS)}")
    for name, trait in TRAITS.items():
        drawn = chance(rng, trait.chance) if only is None else name in only
        if drawn and trait.allowed(plan):
            plan = replace(trait.draw(plan, rng), traits=(*plan.traits, name))
    return plan


def _always(_: SetPlan) -> bool:
    return True


def _foot_can_fall(plan: SetPlan) -> bool:
    return plan.posture == "supine" and plan.exercise != "heel_tap"


def _pauses_rocks(plan: SetPlan, rng: Generator) -> SetPlan:
    return replace(plan, life=replace(plan.life, rock_pause_s=rng.uniform(0.6, 2.5)))


def _sits_up(plan: SetPlan, rng: Generator) -> SetPlan:
    """Add one or two breaks before the last repetition."""
    count = 2 if chance(rng, 0.2) else 1
    after = sorted({int(rng.integers(0, len(plan.reps) - 1)) for _ in range(count)})
    sit_ups = tuple(
        SitUp(
            after_rep,
            up_s=rng.uniform(1.2, 3.0),
            stay_s=rng.uniform(2.5, 8.0),
            down_s=rng.uniform(1.5, 3.5),
            rest_s=rng.uniform(0.3, 4.0),
            turn_deg=rng.uniform(-15.0, 15.0),
        )
        for after_rep in after
    )
    return _does(plan, sit_ups=sit_ups)


def _is_handled(plan: SetPlan, rng: Generator) -> SetPlan:
    """Add strapping on and taking off the sensors outside the posture."""
    after_s = rng.uniform(4.0, 10.0) if chance(rng, 0.5) else 0.0
    handled = replace(plan.person, handling_before_s=rng.uniform(6.0, 15.0), handling_after_s=after_s)
    into: Activity
    out_of: Activity
    into, out_of = ("hang_up", "let_go") if plan.posture == "hanging" else ("lie_down", "sit_up")
    before = (Act("stand", rng.uniform(1.0, 3.0)), Act(into, rng.uniform(4.0, 6.0)))
    after = (Act(out_of, rng.uniform(1.5, 3.0)),) if after_s else ()
    life = replace(plan.life, before=plan.life.before or before, after=plan.life.after or after)
    return replace(plan, life=life, person=handled)


def _begins_at_once(plan: SetPlan, rng: Generator) -> SetPlan:
    """Remove the rest and everything else before the first movement."""
    return replace(plan, life=replace(plan.life, before=(), still_before_s=rng.uniform(0.0, 0.3)))


def _is_cut(plan: SetPlan, rng: Generator) -> SetPlan:
    """Cut the recording in the first third, the last third, or both, keeping rocks for the alignment."""
    whole_deg = 0.35 * usual_range_deg(plan)
    whole = [k for k, rep in enumerate(plan.reps) if rep.range_deg > whole_deg]
    third = len(whole) // 3
    ends = "end" if plan.life.rocks_deg else pick(rng, ("begin", "end", "both"))
    begin = _cut_place(plan, pick(rng, whole[:third]), "begin", rng)
    end = _cut_place(plan, whole[-1 - int(rng.integers(third))], "end", rng)
    return replace(plan, cut=CutPlan(None if ends == "end" else begin, None if ends == "begin" else end))


def _cut_place(plan: SetPlan, rep: int, end: str, rng: Generator) -> CutPlace:
    """Draw a place to cut that is not near the limit between counted and truncated repetitions."""
    phase = "rest" if plan.reps[rep].stalls else pick(rng, _PHASES)
    shares = {"out": (0.75, 0.95), "back": (0.05, 0.95)} if end == "begin" else {"back": (0.05, 0.7)}
    return CutPlace(rep, phase, rng.uniform(*shares.get(phase, (0.1, 0.9))))


#: Peak speed of a slow set: the slowest of other simulators, 0.3 rad/s.
_SLOW_PEAK_DPS = float(np.degrees(0.3))
_SLOW_REPS = 8


def usual_range_deg(plan: SetPlan) -> float:
    """Return the median planned range."""
    return float(np.median([rep.range_deg for rep in plan.reps]))


def slow(plan: SetPlan, rng: Generator) -> SetPlan:
    """Make a few repetitions so slow that they peak at about 0.3 rad/s."""
    hurry = rng.uniform(1.0, 1.4)
    kept = (*plan.reps[: _SLOW_REPS - 1], plan.reps[-1]) if len(plan.reps) > _SLOW_REPS else plan.reps
    return replace(plan, reps=tuple(_slowed(rep, hurry) for rep in kept))


def _slowed(rep: RepPlan, hurry: float) -> RepPlan:
    way_s = PEAK_OVER_MEAN * rep.range_deg / (hurry * _SLOW_PEAK_DPS)
    return replace(
        rep,
        concentric_s=max(rep.concentric_s, way_s),
        eccentric_s=max(rep.eccentric_s, way_s),
        concentric_ramp=None,
        eccentric_ramp=None,
    )


def alternates(plan: SetPlan, rng: Generator) -> SetPlan:
    """Alternate legs: a long pause while the leg without a sensor moves."""
    other_s = rng.uniform(2.5, 6.0)
    lasts_s = other_s * rng.uniform(0.9, 1.1, len(plan.reps))
    reps = [_resting(rep, plan, float(s)) for rep, s in zip(plan.reps, lasts_s, strict=True)]
    alone = _does(plan, other_leg_deg=usual_range_deg(plan), sympathy_deg=rng.uniform(0.3, 2.0))
    return replace(alone, reps=tuple(reps))


def fidgets(plan: SetPlan, rng: Generator) -> SetPlan:
    """Add twitches in the pauses, and an occasional aborted lift."""
    reps = [_twitching(rep, plan, rng) if chance(rng, 0.4) else rep for rep in plan.reps]
    usual_deg = usual_range_deg(plan)
    if 0.25 * usual_deg >= 9.5:
        at = int(rng.integers(1, len(reps)))
        size_deg = rng.uniform(9.0, 0.25 * usual_deg)
        reps.insert(at, partial_rep(reps, at, size_deg, plan.resting_end, rng))
    return replace(plan, reps=tuple(reps))


def _twitching(rep: RepPlan, plan: SetPlan, rng: Generator) -> RepPlan:
    """Add a quick jerk of at most 6 degrees in the rest after the repetition."""
    size_deg = min(6.0, rng.uniform(0.05, 0.18) * rep.range_deg)
    twitch = Swell(size_deg, rng.uniform(0.5, 0.9))
    if plan.resting_end == "low":
        return replace(rep, bounces=(*rep.bounces, twitch))
    return replace(rep, wobbles=(*rep.wobbles, twitch))


def hits_the_floor(plan: SetPlan, rng: Generator) -> SetPlan:
    """Add hard heel touches in most repetitions that reach the floor, except the last."""
    dropped = [_dropped(rep, rng) if chance(rng, 0.8) else rep for rep in plan.reps[:-1]]
    return replace(plan, reps=(*dropped, plan.reps[-1]))


def _dropped(rep: RepPlan, rng: Generator) -> RepPlan:
    peak_mps2, duration_s = rng.uniform(15.0, 40.0), rng.uniform(0.012, 0.025)
    if rep.bottom_deg != 0.0 or rep.stalls:
        return rep
    return replace(rep, faults=replace(rep.faults, heel_touch_mps2=peak_mps2, heel_touch_s=duration_s))


def keeps_pelvis_still(plan: SetPlan, rng: Generator) -> SetPlan:
    """Keep the pelvis still, as intended in a heel tap."""
    return replace(plan, body=replace(plan.body, share=rng.uniform(0.0, 0.02), rotation_deg=0.0))


def wanders(plan: SetPlan, rng: Generator) -> SetPlan:
    """Add legs that are never still between repetitions."""
    max_dps = 5.0 if usual_range_deg(plan) > 25.0 else 3.0
    return _does(plan, wander_dps=rng.uniform(2.2, max_dps), shift_deg=rng.uniform(1.0, 3.0))


def foot_falls(plan: SetPlan, rng: Generator) -> SetPlan:
    """Add a relaxed foot that falls outward at rest."""
    return _does(plan, foot_falls_deg=rng.uniform(10.0, 30.0))


def loose_hip(plan: SetPlan, rng: Generator) -> SetPlan:
    """Add hip roll and abduction with the lift: up to half the gyro power is off the swing axis."""
    roll_deg = min(25.0, rng.uniform(0.15, 0.45) * usual_range_deg(plan))
    return _does(plan, hip_roll_deg=roll_deg, hip_abduction_deg=rng.uniform(2.0, 12.0))


def swings_at_the_bar(plan: SetPlan, rng: Generator) -> SetPlan:
    """Add a swing of the hanging body, at about the frequency of its length."""
    swing_deg = rng.uniform(0.03, 0.11) * usual_range_deg(plan)
    return _does(plan, swing_deg=swing_deg, swing_hz=rng.uniform(0.38, 0.46))


def _does(plan: SetPlan, **habits: Any) -> SetPlan:
    return replace(plan, person=replace(plan.person, **habits))


def _resting(rep: RepPlan, plan: SetPlan, pause_s: float) -> RepPlan:
    """Return the repetition with this rest after it."""
    low = plan.resting_end == "low"
    return replace(rep, bottom_pause_s=pause_s) if low else replace(rep, top_pause_s=pause_s)


#: Traits in the order in which they are drawn: repetitions, body, sensors, begin and end.
TRAITS: Mapping[str, Trait] = MappingProxyType(
    {
        "slow": Trait(0.1, _always, slow),
        "alternates": Trait(0.15, lambda plan: plan.side != "both", alternates),
        "fidgets": Trait(0.25, _always, fidgets),
        "hard_heels": Trait(
            0.25, lambda plan: _foot_can_fall(plan) and plan.resting_end == "low", hits_the_floor
        ),
        "still_pelvis": Trait(0.4, lambda plan: plan.exercise == "heel_tap", keeps_pelvis_still),
        "wanders": Trait(0.2, _always, wanders),
        "foot_falls": Trait(0.4, _foot_can_fall, foot_falls),
        "loose_hip": Trait(0.3, lambda plan: plan.exercise != "heel_tap", loose_hip),
        "swings_at_bar": Trait(0.4, lambda plan: plan.posture == "hanging", swings_at_the_bar),
        "soft_tissue": Trait(0.25, _always, wear.soft_tissue),
        "pitched_belt": Trait(0.25, lambda plan: not plan.life.rocks_deg, wear.pitched_belt),
        "belt_slips": Trait(0.08, _always, wear.belt_slips),
        "strap_turns": Trait(0.08, _always, wear.strap_turns),
        "warms_up": Trait(0.1, _always, wear.warms_up),
        "cheap_parts": Trait(0.15, _always, wear.cheap_parts),
        "paused_rocks": Trait(0.6, lambda plan: bool(plan.life.rocks_deg), _pauses_rocks),
        "sits_up": Trait(0.12, lambda plan: plan.posture == "supine" and len(plan.reps) > 1, _sits_up),
        "handled": Trait(
            0.15, lambda plan: plan.resting_end == "low" or plan.life.floor_stretch, _is_handled
        ),
        "begins_at_once": Trait(
            0.12,
            lambda plan: not plan.life.rocks_deg and plan.person.handling_before_s == 0.0,
            _begins_at_once,
        ),
        "cut": Trait(0.15, lambda plan: len(plan.reps) >= 5, _is_cut),
    }
)
