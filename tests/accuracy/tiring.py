"""Sets with fatigue from some repetition on, and sets without.

Ranges, times and the pelvis scatter from one repetition to the next as they do in a person; in half of the
sets with fatigue the change comes at once, in the others it grows until the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from figures import Figure
from numpy.random import Generator

from imu_reps import RepFaults, RepPlan, SetPlan, analyze, simulate
from imu_reps.domain.summary import Trend
from imu_reps.sim.wearer import random_plan

QUANTITIES = ("range_deg", "duration_s", "pelvic_tilt_deg", "pelvic_rotation_deg")

#: An onset found this close to the true one is right.
NEAR_REPS = 2

#: Largest change, at the end of the set: relative to the level, or in deg for the pelvis.
SIZES = {
    "range_deg": (-0.45, -0.25),
    "duration_s": (0.30, 0.60),
    "pelvic_tilt_deg": (4.0, 10.0),
    "pelvic_rotation_deg": (4.0, 9.0),
}


@dataclass(frozen=True)
class Tiring:
    """The quantity that changes, from which repetition on, and the trends found."""

    seed: int
    what: str | None
    onset: int | None
    found: tuple[Trend, ...]

    @property
    def certain(self) -> bool:
        """Whether any change is called certain."""
        return any(trend.certain for trend in self.found)

    @property
    def right(self) -> bool:
        """Whether the change is certain and its onset near the true one."""
        return any(
            trend.certain and trend.from_rep is not None and abs(trend.from_rep - self.onset) <= NEAR_REPS
            for trend in self.found
            if trend.what == self.what and self.onset is not None
        )


@dataclass(frozen=True)
class Course:
    """Factors and angles of every repetition of a set, (n,) each."""

    range_share: np.ndarray
    time_share: np.ndarray
    arch_deg: np.ndarray
    rotation_deg: np.ndarray


def tiring_plan(seed: int) -> tuple[SetPlan, str, int]:
    """Return a set in which one quantity begins to change, the quantity, and the repetition of its onset."""
    rng = np.random.default_rng(seed)
    plan, count = _person(rng), int(rng.integers(9, 21))
    what = QUANTITIES[int(rng.integers(len(QUANTITIES)))]
    at_once = bool(rng.integers(2))
    onset = int(rng.integers(4, count - (2 if at_once else 3) + 1))
    grown = np.clip((np.arange(1, count + 1) - onset + 1) / (count - onset + 1), 0.0, 1.0)
    shape = (grown > 0.0).astype(float) if at_once else grown
    size = float(rng.uniform(*SIZES[what]))
    if what == "duration_s" and rng.integers(2):
        size = 1.0 / (1.0 + size) - 1.0
    if what == "pelvic_rotation_deg" and rng.integers(2):
        size = -size
    return _with(plan, _course(rng, count, what, size * shape)), what, onset


def fresh_plan(seed: int) -> SetPlan:
    """Return a set with random changes only."""
    rng = np.random.default_rng(seed)
    plan, count = _person(rng), int(rng.integers(6, 21))
    return _with(plan, _course(rng, count, "", np.zeros(count)))


def _person(rng: Generator) -> SetPlan:
    plan = random_plan(
        rng, exercise="single_leg_raise", start="low", life=False, faults=False, partials=False, rate_hz=100.0
    )
    level = RepPlan(
        top_deg=float(rng.uniform(45.0, 75.0)),
        concentric_s=float(rng.uniform(1.1, 1.8)),
        eccentric_s=float(rng.uniform(1.2, 2.2)),
        top_pause_s=float(rng.uniform(0.0, 0.4)),
        bottom_pause_s=float(rng.uniform(0.3, 0.8)),
    )
    return replace(plan, reps=(level,))


def _course(rng: Generator, count: int, what: str, change: np.ndarray) -> Course:
    """Return a person's own scatter with the change in one quantity."""
    scatter = {
        "range_deg": rng.uniform(0.03, 0.06),
        "duration_s": rng.uniform(0.04, 0.08),
        "pelvic_tilt_deg": rng.uniform(0.4, 1.2),
        "pelvic_rotation_deg": rng.uniform(0.4, 1.0),
    }
    values = {name: rng.normal(0.0, sd, count) + change * (name == what) for name, sd in scatter.items()}
    return Course(
        1.0 + np.clip(values["range_deg"], -0.6, 0.3),
        1.0 + np.clip(values["duration_s"], -0.5, 1.0),
        1.5 + values["pelvic_tilt_deg"],
        1.5 + values["pelvic_rotation_deg"],
    )


def _with(plan: SetPlan, course: Course) -> SetPlan:
    level = plan.reps[0]
    reps = tuple(
        replace(
            level,
            top_deg=level.top_deg * float(range_share),
            concentric_s=level.concentric_s * float(time_share),
            eccentric_s=level.eccentric_s * float(time_share),
            faults=RepFaults(arch_deg=max(float(arch), 0.05), rotation_deg=float(rotation)),
        )
        for range_share, time_share, arch, rotation in zip(
            course.range_share, course.time_share, course.arch_deg, course.rotation_deg, strict=True
        )
    )
    return replace(plan, reps=reps)


@cache
def tiring_sets(count: int, first_seed: int) -> tuple[Tiring, ...]:
    """Analyse sets with fatigue."""
    return tuple(_tiring(first_seed + k) for k in range(count))


@cache
def fresh_sets(count: int, first_seed: int) -> tuple[Tiring, ...]:
    """Analyse sets without fatigue."""
    return tuple(
        Tiring(seed, None, None, _trend(fresh_plan(seed), seed))
        for seed in range(first_seed, first_seed + count)
    )


def _tiring(seed: int) -> Tiring:
    plan, what, onset = tiring_plan(seed)
    return Tiring(seed, what, onset, _trend(plan, seed))


def _trend(plan: SetPlan, seed: int) -> tuple[Trend, ...]:
    return analyze(simulate(plan, seed=seed).recording).summary.set.trend


def figures(count: int = 200, first_seed: int = 1000) -> Iterator[Figure]:
    """Yield the percentages of missed onsets, and of sets wrongly called tiring."""
    tired, fresh = tiring_sets(count, first_seed), fresh_sets(count, first_seed)
    population = (
        f"single leg raises, 9 to 20 reps with a person's scatter (range 3 to 6 %, time 4 to 8 %, pelvis 0.4 "
        f"to 1.2°); {count} sets of seeds {first_seed} to {first_seed + count - 1}"
    )
    missed = [one for one in tired if not one.right]
    yield Figure(
        f"Tiring (range −25 to −45 %, time ±30 to 60 %, tilt or turn 4 to 10°): onset not within "
        f"{NEAR_REPS} reps",
        population,
        (100.0 * len(missed) / count,),
        20.0,
        "%",
        tuple((one.seed, float(one.onset or 0)) for one in missed),
    )
    false = [one for one in fresh if one.certain]
    yield Figure(
        "Not tiring, but called so",
        population,
        (100.0 * len(false) / count,),
        5.0,
        "%",
        tuple((one.seed, 1.0) for one in false),
    )
