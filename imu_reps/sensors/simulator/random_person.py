"""A random plan made a person's: which traits, how often, and what frames the set.

Chances and magnitudes are ours: in a hundred sets every trait is seen, in one about three of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from numpy.random import Generator

from imu_reps.sensors.simulator import random_habits as habits
from imu_reps.sensors.simulator import random_wear as wear
from imu_reps.sensors.simulator.person_plan import CutPhase, CutPlace, CutPlan, SitUp
from imu_reps.sensors.simulator.plan import Act, Activity, SetPlan
from imu_reps.sensors.simulator.random_sensors import chance

_PHASES: tuple[CutPhase, ...] = ("out", "far", "back", "rest")
_FEWEST_TO_CUT = 5
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
    return len(plan.reps) >= _FEWEST_TO_CUT


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
    whole_deg = _CLEARLY_PARTIAL * habits.usual_range_deg(plan)
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


#: In the order in which they are drawn: repetitions first, then the body, the sensors, and the frame.
TRAITS: Mapping[str, Trait] = MappingProxyType(
    {
        "slow": Trait(0.1, _always, habits.slow),
        "alternates": Trait(0.15, _one_leg, habits.alternates),
        "fidgets": Trait(0.25, _always, habits.fidgets),
        "hard_heels": Trait(0.25, _on_floor, habits.hits_the_floor),
        "still_pelvis": Trait(0.4, _heel_tap, habits.keeps_pelvis_still),
        "wanders": Trait(0.2, _always, habits.wanders),
        "foot_falls": Trait(0.4, _foot_can_fall, habits.foot_falls),
        "loose_hip": Trait(0.3, _straight_leg, habits.loose_hip),
        "swings_at_bar": Trait(0.4, _hanging, habits.swings_at_the_bar),
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
