"""A random plan made a person's: which traits, how often, and what frames the set.

Chances and magnitudes are ours: in a hundred sets every trait is seen, in one about three of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.random import Generator

from imu_reps.sim.wearer import random_sensors as wear
from imu_reps.sim.wearer.curves import PEAK_OVER_MEAN
from imu_reps.sim.wearer.person_plan import CutPhase, CutPlace, CutPlan, PersonPlan, SitUp
from imu_reps.sim.wearer.random_reps import partial_rep
from imu_reps.sim.wearer.random_sensors import chance
from imu_reps.sim.wearer.set_plan import Act, Activity, RepPlan, SetPlan, Swell

_PHASES: tuple[CutPhase, ...] = ("out", "far", "back", "rest")
_MIN_TO_CUT = 5
_CLEARLY_PARTIAL = 0.35


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing that persons do and obedient bodies do not.

    Attributes
    ----------
    chance : float
        How often, among sets that allow it.
    allowed : callable
        Whether a set allows it.
    draw : callable
        The plan with it.
    """

    chance: float
    allowed: Callable[[SetPlan], bool]
    draw: Callable[[SetPlan, Generator], SetPlan]


def personal(plan: SetPlan, rng: Generator, only: tuple[str, ...] | None = None) -> SetPlan:
    """The same set, done by a person.

    Parameters
    ----------
    plan : SetPlan
        With repetitions.
    rng : Generator
    only : tuple of str, optional
        Exactly these traits, wherever the set allows them; by default each with its chance.

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


def _hanging(plan: SetPlan) -> bool:
    return plan.posture == "hanging"


def _supine(plan: SetPlan) -> bool:
    return plan.posture == "supine"


def _heel_tap(plan: SetPlan) -> bool:
    return plan.exercise == "heel_tap"


def _straight_leg(plan: SetPlan) -> bool:
    return not _heel_tap(plan)


def _foot_can_fall(plan: SetPlan) -> bool:
    return _supine(plan) and _straight_leg(plan)


def _one_leg(plan: SetPlan) -> bool:
    return plan.side != "both"


def _on_floor(plan: SetPlan) -> bool:
    return _foot_can_fall(plan) and plan.resting_end == "low"


def _rocks(plan: SetPlan) -> bool:
    return bool(plan.life.rocks_deg)


def _needs_no_rocks(plan: SetPlan) -> bool:
    return not _rocks(plan)


def _can_lie_down(plan: SetPlan) -> bool:
    return plan.resting_end == "low" or plan.life.floor_stretch


def _needs_nothing_first(plan: SetPlan) -> bool:
    return not _rocks(plan) and plan.person.handling_before_s == 0.0


def _can_be_broken_off(plan: SetPlan) -> bool:
    return _supine(plan) and len(plan.reps) > 1


def _can_be_cut(plan: SetPlan) -> bool:
    return len(plan.reps) >= _MIN_TO_CUT


def _pauses_rocks(plan: SetPlan, rng: Generator) -> SetPlan:
    return replace(plan, life=replace(plan.life, rock_pause_s=float(rng.uniform(0.6, 2.5))))


def _sits_up(plan: SetPlan, rng: Generator) -> SetPlan:
    """Once, at times twice, somewhere before the last repetition."""
    count = 2 if chance(rng, 0.2) else 1
    after = sorted({int(rng.integers(0, len(plan.reps) - 1)) for _ in range(count)})
    return replace(plan, person=replace(plan.person, sit_ups=tuple(_sit_up(number, rng) for number in after)))


def _sit_up(after_rep: int, rng: Generator) -> SitUp:
    return SitUp(
        after_rep,
        up_s=float(rng.uniform(1.2, 3.0)),
        stay_s=float(rng.uniform(2.5, 8.0)),
        down_s=float(rng.uniform(1.5, 3.5)),
        rest_s=float(rng.uniform(0.3, 4.0)),
        turn_deg=float(rng.uniform(-15.0, 15.0)),
    )


def _is_handled(plan: SetPlan, rng: Generator) -> SetPlan:
    """Sensors are strapped on standing, and taken off sitting or standing, by who is not in the posture."""
    after_s = float(rng.uniform(4.0, 10.0)) if chance(rng, 0.5) else 0.0
    handled = replace(plan.person, handling_before_s=float(rng.uniform(6.0, 15.0)), handling_after_s=after_s)
    into: Activity
    out_of: Activity
    into, out_of = ("hang_up", "let_go") if _hanging(plan) else ("lie_down", "sit_up")
    before = (Act("stand", float(rng.uniform(1.0, 3.0))), Act(into, float(rng.uniform(4.0, 6.0))))
    after = (Act(out_of, float(rng.uniform(1.5, 3.0))),) if after_s else ()
    life = replace(plan.life, before=plan.life.before or before, after=plan.life.after or after)
    return replace(plan, life=life, person=handled)


def _begins_at_once(plan: SetPlan, rng: Generator) -> SetPlan:
    """No rest before the first movement, nor anything else."""
    return replace(plan, life=replace(plan.life, before=(), still_before_s=float(rng.uniform(0.0, 0.3))))


def _is_cut(plan: SetPlan, rng: Generator) -> SetPlan:
    """In the first third, in the last third, or in both; rocks, which the alignment needs, are kept."""
    whole_deg = _CLEARLY_PARTIAL * usual_range_deg(plan)
    whole = [k for k, rep in enumerate(plan.reps) if rep.top_deg - rep.bottom_deg > whole_deg]
    third = len(whole) // 3
    ends = "end" if _rocks(plan) else ("begin", "end", "both")[int(rng.integers(3))]
    begin = _cut_place(plan, whole[int(rng.integers(third))], "begin", rng)
    end = _cut_place(plan, whole[-1 - int(rng.integers(third))], "end", rng)
    return replace(plan, cut=CutPlan(None if ends == "end" else begin, None if ends == "begin" else end))


def _cut_place(plan: SetPlan, rep: int, end: str, rng: Generator) -> CutPlace:
    """Anywhere but where a cut repetition would be near the line between counted and cut off."""
    phase = "rest" if plan.reps[rep].stalls else _PHASES[int(rng.integers(len(_PHASES)))]
    shares = {"out": (0.75, 0.95), "back": (0.05, 0.95)} if end == "begin" else {"back": (0.05, 0.7)}
    return CutPlace(rep, phase, float(rng.uniform(*shares.get(phase, (0.1, 0.9)))))


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
    max_dps = 5.0 if usual_range_deg(plan) > _SMALL_RANGE_DEG else 3.0
    return _does(plan, wander_dps=float(rng.uniform(2.2, max_dps)), shift_deg=float(rng.uniform(1.0, 3.0)))


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


#: In the order in which they are drawn: repetitions first, then the body, the sensors, and the frame.
TRAITS: Mapping[str, Trait] = MappingProxyType(
    {
        "slow": Trait(0.1, _always, slow),
        "alternates": Trait(0.15, _one_leg, alternates),
        "fidgets": Trait(0.25, _always, fidgets),
        "hard_heels": Trait(0.25, _on_floor, hits_the_floor),
        "still_pelvis": Trait(0.4, _heel_tap, keeps_pelvis_still),
        "wanders": Trait(0.2, _always, wanders),
        "foot_falls": Trait(0.4, _foot_can_fall, foot_falls),
        "loose_hip": Trait(0.3, _straight_leg, loose_hip),
        "swings_at_bar": Trait(0.4, _hanging, swings_at_the_bar),
        "soft_tissue": Trait(0.25, _always, wear.soft_tissue),
        "pitched_belt": Trait(0.25, _needs_no_rocks, wear.pitched_belt),
        "belt_slips": Trait(0.08, _always, wear.belt_slips),
        "strap_turns": Trait(0.08, _always, wear.strap_turns),
        "warms_up": Trait(0.1, _always, wear.warms_up),
        "cheap_parts": Trait(0.15, _always, wear.cheap_parts),
        "paused_rocks": Trait(0.6, _rocks, _pauses_rocks),
        "sits_up": Trait(0.12, _can_be_broken_off, _sits_up),
        "handled": Trait(0.15, _can_lie_down, _is_handled),
        "begins_at_once": Trait(0.12, _needs_nothing_first, _begins_at_once),
        "cut": Trait(0.15, _can_be_cut, _is_cut),
    }
)
