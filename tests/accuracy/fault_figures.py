"""Figures of the judgement over simulated sets: false flags and missed faults.

The truth of a repetition is that of the commanded motion by docs/definitions.md#faults, at the default
settings. Repetitions within the measurement uncertainty of a limit are left out; every figure gives their
number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from figures import Figure, percentile, worst_seeds
from numpy.random import Generator
from populations import MeasuredSet, Population, measured

from imu_reps import Rep, SetPlan, Settings, analyze, simulate
from imu_reps.advice.comparisons import compare_sides
from imu_reps.domain.rep import Flag
from imu_reps.sim.wearer import random_plan

#: Slower sensors miss what happens between their samples.
FAST_HZ = 98.0

#: Number of sets that are repeated with the other leg.
PAIRS = 80


def often_faulty(rng: Generator, **constraints: Any) -> SetPlan:
    """Return a random short set, one in four with walking and lying down around it."""
    return random_plan(rng, life=bool(rng.random() < 0.25), **constraints)


FAULTY = Population(
    "each fault in 30 % of the sets that can have it, beside each other, stalls, swings, partial reps, life",
    range(6000, 6400),
    draw=often_faulty,
    constraints={"fault_share": 0.3, "longest_s": 15.0},
)

LIMITS = Settings()


def near_momentum(rep: Rep) -> bool:
    """0.03 of the share; for heel taps 5 °/s."""
    if rep.momentum is not None:
        return abs(rep.momentum - LIMITS.momentum_flag) < 0.03
    return abs((rep.peak_concentric_dps or 0.0) - LIMITS.peak_speed_flag_dps) < 5.0


def near_arch(rep: Rep) -> bool:
    """1°."""
    arches = [fault.value for fault in rep.faults if fault.code == "back_arch"]
    return any(abs(value - LIMITS.tilt_flag_deg) < 1.0 for value in arches)


def near_pop(rep: Rep) -> bool:
    """1.5°."""
    return abs(abs(rep.pelvic_rotation_deg or 0.0) - LIMITS.rotation_flag_deg) < 1.5


def never_near(_: Rep) -> bool:
    """No repetition is left out: the simulated fault is there or it is not."""
    return False


@dataclass(frozen=True)
class FlagAgreement:
    """How often a flag was right, and the seeds of the sets in which it was not."""

    right: int
    wrong: tuple[int, ...]
    missed: tuple[int, ...]
    left_out: int
    unjudged: int

    @property
    def shares(self) -> tuple[float, float]:
        """Percentage of flags that are wrong (1 - precision), and of faults that are missed (1 - recall)."""
        wrong, missed = len(self.wrong), len(self.missed)
        return 100.0 * wrong / (self.right + wrong), 100.0 * missed / (self.right + missed)


def compare(sets: Sequence[MeasuredSet], code: Flag, near: Callable[[Rep], bool]) -> FlagAgreement:
    """Compare flags with the commanded motion, per repetition, where both could judge."""
    right, wrong, missed, left_out, unjudged = 0, [], [], 0, 0
    for seed, found, true in _pairs(sets):
        if code in found.not_judged or code in true.not_judged:
            unjudged += 1
        elif near(true):
            left_out += 1
        elif code in found.flags:
            right += code in true.flags
            wrong += [] if code in true.flags else [seed]
        else:
            missed += [seed] if code in true.flags else []
    return FlagAgreement(right, tuple(wrong), tuple(missed), left_out, unjudged)


def _pairs(sets: Sequence[MeasuredSet]) -> Iterator[tuple[int, Rep, Rep]]:
    return ((one.seed, found, true) for one in sets for found, true in one.reps)


def _figure(
    code: Flag, what: str, near: Callable[[Rep], bool], limit: float, *, fast: bool = False
) -> Figure:
    sets = [one for one in measured(FAULTY) if not fast or one.rate_hz >= FAST_HZ]
    agreement = compare(sets, code, near)
    reps = sum(len(one.reps) for one in sets)
    rate = "100 to 208 Hz" if fast else "25 to 208 Hz"
    width = "none" if near is never_near else (near.__doc__ or "").rstrip(".")
    faults = agreement.right + len(agreement.missed)
    population = (
        f"{FAULTY.text}; {rate}; {len(sets)} sets of seeds {sets[0].seed} to {sets[-1].seed}, {reps} reps, "
        f"{faults} with the fault; left out around the limit ({width}): {agreement.left_out}; "
        f"not judged: {agreement.unjudged}"
    )
    title = f"{what}: flags that are wrong / faults that are missed"
    worst = tuple((seed, 1.0) for seed in sorted({*agreement.wrong, *agreement.missed}))
    return Figure(title, population, agreement.shares, limit, "%", worst)


def momentum() -> Figure:
    return _figure("momentum", "Momentum", near_momentum, 5.0)


def back_arch() -> Figure:
    return _figure("back_arch", "Back arch", near_arch, 5.0)


def hip_pop() -> Figure:
    return _figure("hip_pop", "Hip pop", near_pop, 5.0)


def heel_touch() -> Figure:
    return _figure("heel_touch", "Heel touch", never_near, 5.0)


def recurring_jolts() -> Figure:
    return _figure("snap", "Recurring jolt", never_near, 10.0, fast=True)


def jolts_out_of_nothing() -> Figure:
    """Sets without a commanded jolt in which one is reported."""
    quiet = [one for one in measured(FAULTY) if all(r.faults.jolt_mps2 == 0.0 for r in one.plan.reps)]
    loud = [one.seed for one in quiet if any("snap" in found.flags for found, _ in one.reps)]
    population = f"{FAULTY.text}; {len(quiet)} sets without a jolt, 25 to 208 Hz"
    share = 100.0 * len(loud) / len(quiet)
    worst = tuple((seed, 1.0) for seed in loud)
    return Figure("Sets without a jolt in which one is reported", population, (share,), 0.5, "%", worst)


def bent_knee() -> tuple[Figure, ...]:
    both = _figure("knee_bend", "Bent knee of 40° or more", never_near, 100.0)
    wrong, missed = both.measured
    knee = "Bent knee of 40° or more"
    return (
        replace(both, what=f"{knee}: suspicions that are wrong", measured=(wrong,), limit=5.0),
        replace(both, what=f"{knee}: missed where judged", measured=(missed,), limit=20.0),
    )


def floor_angle() -> Figure:
    """Error of the floor angle against the commanded one; infinite if no floor was found."""
    errors = []
    for one in measured(FAULTY):
        heights = [rep.lift_off_angle_deg for _, rep in one.reps if rep.lift_off_angle_deg is not None]
        clear = [rep for _, rep in one.reps if (rep.pelvic_tilt_deg or 0.0) > LIMITS.lift_off_deg + 1.0]
        if one.summary is None or len(heights) < 2 or len(clear) < 2:
            continue
        found = one.summary.set.floor_angle_deg
        unjudged = all("back_arch" in rep.not_judged for rep, _ in one.reps)
        if not unjudged:
            errors.append(
                (
                    one.seed,
                    np.inf if found is None else abs(found - np.percentile(heights, 80.0, method="higher")),
                )
            )
    population = f"{FAULTY.text}; {len(errors)} sets in which the back lets go by 4° and more at least twice"
    return Figure(
        "Floor angle: 90 % within", population, (percentile(errors, 90.0),), 4.0, "°", worst_seeds(errors)
    )


def equal_sides() -> Figure:
    """The same plan and sensors on both sides: every quantity should be called equal."""
    verdicts = _verdicts()
    unequal = [seed for seed, equal in verdicts if not equal]
    population = (
        f"{FAULTY.text}; the first {len(verdicts)} one-legged sets of at least 5 reps, done once more with "
        "the other leg, other chance; a pair is equal when each of up to 7 quantities is called equal"
    )
    share = 100.0 * len(unequal) / len(verdicts)
    worst = tuple((seed, 1.0) for seed in unequal)
    return Figure("Equal sides not called equal", population, (share,), 5.0, "%", worst)


@cache
def _verdicts() -> tuple[tuple[int, bool], ...]:
    one_legged = [one for one in measured(FAULTY) if one.plan.side != "both" and len(one.reps) >= 5]
    return tuple((one.seed, _called_equal(one)) for one in one_legged[:PAIRS])


def _called_equal(one: MeasuredSet) -> bool:
    assert one.summary is not None
    other_side = replace(one.plan, side="right" if one.plan.side == "left" else "left")
    other = analyze(simulate(other_side, seed=one.seed + 100_000).recording).summary
    (comparison,) = compare_sides([one.summary, other])
    return all(difference.verdict == "equal" for difference in comparison.differences)


def figures() -> Iterator[Figure]:
    """Yield every figure of the judgement, in the order of the table."""
    yield momentum()
    yield back_arch()
    yield hip_pop()
    yield heel_touch()
    yield recurring_jolts()
    yield jolts_out_of_nothing()
    yield from bent_knee()
    yield floor_angle()
    yield equal_sides()
