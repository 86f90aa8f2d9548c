"""Random habits of a person: how the leg, the hip and the pauses are, beside what is meant.

Every magnitude is ours unless a source is named. Rests stay calm enough, and swings at the bar small enough,
that nothing but a planned excursion comes near a repetition's size.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from imu_reps.sensors.simulator.motion import PEAK_OVER_MEAN
from imu_reps.sensors.simulator.person_plan import PersonPlan
from imu_reps.sensors.simulator.plan import RepPlan, SetPlan, Swell
from imu_reps.sensors.simulator.random_reps import partial_rep
from imu_reps.sensors.simulator.random_sensors import chance

#: Peak speed of a slow set: the slowest that other people's simulators draw, 0.3 rad/s.
_SLOW_PEAK_DPS = float(np.degrees(0.3))
_SLOW_REPS = 8
_SMALL_RANGE_DEG = 25.0


def usual_range_deg(plan: SetPlan) -> float:
    """Median range of what is planned."""
    return float(np.median([rep.top_deg - rep.bottom_deg for rep in plan.reps]))


def slow(plan: SetPlan, rng: Generator) -> SetPlan:
    """Ways so slow that they peak at 0.3 rad/s or little above; few of them."""
    hurry = float(rng.uniform(1.0, 1.4))
    kept = (*plan.reps[: _SLOW_REPS - 1], plan.reps[-1]) if len(plan.reps) > _SLOW_REPS else plan.reps
    return replace(plan, reps=tuple(_slowed(rep, hurry) for rep in kept))


def _slowed(rep: RepPlan, hurry: float) -> RepPlan:
    way_s = PEAK_OVER_MEAN * (rep.top_deg - rep.bottom_deg) / (hurry * _SLOW_PEAK_DPS)
    return replace(
        rep,
        concentric_s=max(rep.concentric_s, way_s),
        eccentric_s=max(rep.eccentric_s, way_s),
        concentric_ramp=None,
        eccentric_ramp=None,
    )


def alternates(plan: SetPlan, rng: Generator) -> SetPlan:
    """The legs take turns, and only one wears a sensor: a long pause while the other goes."""
    other_s = float(rng.uniform(2.5, 6.0))
    lasts_s = other_s * rng.uniform(0.9, 1.1, len(plan.reps))
    reps = [_resting(rep, plan, float(s)) for rep, s in zip(plan.reps, lasts_s, strict=True)]
    return replace(
        plan,
        reps=tuple(reps),
        person=replace(
            plan.person,
            other_leg_deg=usual_range_deg(plan),
            sympathy_deg=float(rng.uniform(0.3, 2.0)),
        ),
    )


def fidgets(plan: SetPlan, rng: Generator) -> SetPlan:
    """Twitches in the pauses, and now and then a lift that is given up early."""
    reps = [_twitching(rep, plan, rng) if chance(rng, 0.4) else rep for rep in plan.reps]
    usual_deg = usual_range_deg(plan)
    if 0.25 * usual_deg >= 9.5:
        at = int(rng.integers(1, len(reps)))
        size_deg = float(rng.uniform(9.0, 0.25 * usual_deg))
        reps.insert(at, partial_rep(reps, at, size_deg, plan.resting_end, rng))
    return replace(plan, reps=tuple(reps))


def _twitching(rep: RepPlan, plan: SetPlan, rng: Generator) -> RepPlan:
    """A quick jerk of at most 6 degrees in the rest after the repetition."""
    size_deg = min(6.0, float(rng.uniform(0.05, 0.18)) * (rep.top_deg - rep.bottom_deg))
    twitch = Swell(size_deg, float(rng.uniform(0.5, 0.9)))
    if plan.resting_end == "low":
        return replace(rep, bounces=(*rep.bounces, twitch))
    return replace(rep, wobbles=(*rep.wobbles, twitch))


def hits_the_floor(plan: SetPlan, rng: Generator) -> SetPlan:
    """Heels that meet the floor hard, in most of the repetitions that reach it; the last is set down."""
    dropped = [_dropped(rep, rng) if chance(rng, 0.8) else rep for rep in plan.reps[:-1]]
    return replace(plan, reps=(*dropped, plan.reps[-1]))


def _dropped(rep: RepPlan, rng: Generator) -> RepPlan:
    peak_mps2, duration_s = float(rng.uniform(15.0, 40.0)), float(rng.uniform(0.012, 0.025))
    if rep.bottom_deg != 0.0 or rep.stalls:
        return rep
    return replace(rep, faults=replace(rep.faults, heel_touch_mps2=peak_mps2, heel_touch_s=duration_s))


def keeps_pelvis_still(plan: SetPlan, rng: Generator) -> SetPlan:
    """The aim of a heel tap: nothing of the leg reaches the pelvis."""
    return replace(plan, body=replace(plan.body, share=float(rng.uniform(0.0, 0.02)), rotation_deg=0.0))


def wanders(plan: SetPlan, rng: Generator) -> SetPlan:
    """Legs that are never still between repetitions."""
    most_dps = 5.0 if usual_range_deg(plan) > _SMALL_RANGE_DEG else 3.0
    return _does(plan, wander_dps=float(rng.uniform(2.2, most_dps)), shift_deg=float(rng.uniform(1.0, 3.0)))


def foot_falls(plan: SetPlan, rng: Generator) -> SetPlan:
    """The relaxed foot falls outward at rest."""
    return _does(plan, foot_falls_deg=float(rng.uniform(10.0, 30.0)))


def loose_hip(plan: SetPlan, rng: Generator) -> SetPlan:
    """A hip that rolls and abducts with the lift: up to half the gyro power is off the swing axis."""
    roll_deg = min(25.0, float(rng.uniform(0.15, 0.45)) * usual_range_deg(plan))
    return _does(plan, hip_roll_deg=roll_deg, hip_abduction_deg=float(rng.uniform(2.0, 12.0)))


def swings_at_the_bar(plan: SetPlan, rng: Generator) -> SetPlan:
    """The whole body swings as long as it hangs, at about the frequency of its length."""
    swing_deg = float(rng.uniform(0.03, 0.11)) * usual_range_deg(plan)
    return _does(plan, swing_deg=swing_deg, swing_hz=float(rng.uniform(0.38, 0.46)))


def _does(plan: SetPlan, **habits: float) -> SetPlan:
    person: PersonPlan = replace(plan.person, **habits)  # type: ignore[arg-type]
    return replace(plan, person=person)


def _resting(rep: RepPlan, plan: SetPlan, pause_s: float) -> RepPlan:
    """The repetition with that rest after it."""
    low = plan.resting_end == "low"
    return replace(rep, bottom_pause_s=pause_s) if low else replace(rep, top_pause_s=pause_s)
