"""Random plans over the whole space of people, sensors and radios."""

from __future__ import annotations

from typing import Any

from numpy.random import Generator

from imu_reps.domain.exercise import BOTH_LEGS, Exercise, Start
from imu_reps.domain.recording import PelvisAlignment
from imu_reps.sim.wearer.random_person import personal
from imu_reps.sim.wearer.random_reps import random_reps
from imu_reps.sim.wearer.random_sensors import random_sensors
from imu_reps.sim.wearer.set_plan import Act, Activity, BodyPlan, LifePlan, SetPlan
from imu_reps.sim.wearer.space import Space, chance

_DYNAMIC: tuple[Exercise, ...] = (
    "single_leg_raise",
    "single_leg_raise",
    "single_leg_raise_bent",
    "double_leg_raise",
    "heel_tap",
    "hanging_leg_raise",
)


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
    exercise = space.exercise or _DYNAMIC[int(rng.integers(len(_DYNAMIC)))]
    side = space.side or ("both" if exercise in BOTH_LEGS else ("left", "right")[int(rng.integers(2))])
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
        acts.append(_act(lying[int(rng.integers(len(lying)))], rng))
        if acts[-1].activity in ("shuffle", "fidget"):
            acts.append(_act("still", rng))
    after = tuple(_act(a, rng) for a in ("sit_up", "stand_up", "walk")) if chance(rng, 0.5) else ()
    life = LifePlan(tuple(acts), after, still_before_s=float(rng.uniform(1.5, 6.0)))
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
    return Act(activity, float(rng.uniform(*_DURATIONS_S[activity])))


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
        still_before_s=float(rng.uniform(1.5, 6.0)),
        rocks_deg=tuple(float(d) for d in rng.uniform(8.0, 15.0, 3)) if rocks else (),
        rock_rest_s=float(rng.uniform(1.5, 3.0)),
        knees_bent=chance(rng, 0.5),
        lift_s=float(rng.uniform(1.5, 3.5)),
        hold_s=float(rng.uniform(1.5 if no_floor else 1.0, 3.0)),
        lowering_s=float(rng.uniform(2.0, 4.0)),
        floor_stretch=not no_floor,
        final_lowering=not no_floor or chance(rng, 0.5),
        rest_after_s=float(rng.uniform(1.0, 10.0)),
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
        share=float(rng.uniform(*space.share)),
        skin_share=float(rng.uniform(0.0, 0.05)),
        rotation_deg=float(rng.uniform(-0.5, 2.5)) if one_leg else 0.0,
        breathing_deg=float(rng.uniform(0.1, 0.5)),
        breathing_hz=float(rng.uniform(0.18, 0.33)),
        tremor_dps=float(rng.uniform(1.0, 8.0)) if space.faults and chance(rng, 0.3) else 0.0,
        tremor_hz=float(rng.uniform(5.0, 10.0)),
        unsteady_dps=float(rng.uniform(0.1, 0.8)),
        sway_deg=float(rng.uniform(0.0, 1.5)),
        sway_hz=float(rng.uniform(0.38, 0.46)),
        abduction_deg=float(rng.uniform(0.0, 7.0)),
        turnout_deg=float(rng.uniform(-5.0, 20.0)),
        thigh_m=float(rng.uniform(0.40, 0.46)),
        shank_m=float(rng.uniform(0.34, 0.39)),
    )
