"""Random faults in a set, some growing over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from numpy.random import Generator

from imu_reps.domain.exercise import Exercise
from imu_reps.domain.recording import Start
from imu_reps.sensors.simulator.plan import RepPlan, RotationShape
from imu_reps.sensors.simulator.random_sensors import chance

Spoil = Callable[[list[RepPlan], Generator], list[RepPlan]]


def with_faults(reps: list[RepPlan], exercise: Exercise, start: Start, rng: Generator) -> list[RepPlan]:
    """Give about half of all sets one or two faults that their exercise allows."""
    possible = _possible(exercise, start)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.45, 0.35, 0.2]))):
        reps = possible[int(rng.integers(len(possible)))](reps, rng)
    return reps


def with_each_fault(
    reps: list[RepPlan], exercise: Exercise, start: Start, share: float, rng: Generator
) -> list[RepPlan]:
    """Give a set each fault that its exercise allows with the same chance, one beside the other."""
    for spoil in dict.fromkeys(_possible(exercise, start)):
        if chance(rng, share):
            reps = spoil(reps, rng)
    return reps


def _possible(exercise: Exercise, start: Start) -> list[Spoil]:
    possible: list[Spoil] = [_jolting, _short]
    if exercise != "hanging_leg_raise":
        possible += [_arching, _arching]
    if exercise in ("single_leg_raise", "single_leg_raise_bent"):
        possible += [_popping, _popping, _bending]
    if start == "low" and exercise != "hanging_leg_raise":
        possible += [_touching]
    return possible


def _growth(count: int, rng: Generator) -> list[float]:
    """Strength of a fault over the set: the same throughout, or growing from a fifth."""
    if chance(rng, 0.5):
        return [1.0] * count
    return [0.2 + 0.8 * k / max(1, count - 1) for k in range(count)]


def _arching(reps: list[RepPlan], rng: Generator) -> list[RepPlan]:
    most_deg, below = float(rng.uniform(2.0, 10.0)), float(rng.uniform(0.4, 0.75))
    return [
        _faulty(rep, arch_deg=most_deg * g, arch_below_deg=_at(rep, below))
        for rep, g in zip(reps, _growth(len(reps), rng), strict=True)
    ]


def _popping(reps: list[RepPlan], rng: Generator) -> list[RepPlan]:
    most_deg = float(rng.uniform(3.0, 12.0)) * (-1.0 if chance(rng, 0.2) else 1.0)
    shape: RotationShape = "middle" if chance(rng, 0.4) else "grows"
    return [
        _faulty(rep, rotation_deg=most_deg * g, rotation_shape=shape)
        for rep, g in zip(reps, _growth(len(reps), rng), strict=True)
    ]


def _touching(reps: list[RepPlan], rng: Generator) -> list[RepPlan]:
    return [
        _faulty(
            rep, heel_touch_mps2=float(rng.uniform(5.5, 15.0)), heel_touch_s=float(rng.uniform(0.01, 0.04))
        )
        if rep.bottom_deg == 0.0 and not rep.stalls and chance(rng, 0.7)
        else rep
        for rep in reps
    ]


def _jolting(reps: list[RepPlan], rng: Generator) -> list[RepPlan]:
    share = float(rng.uniform(0.2, 0.7))
    return [
        _faulty(
            rep,
            jolt_mps2=float(rng.uniform(4.0, 12.0)),
            jolt_at_deg=_at(rep, share),
            jolt_s=float(rng.uniform(0.03, 0.06)),
        )
        for rep in reps
    ]


def _bending(reps: list[RepPlan], rng: Generator) -> list[RepPlan]:
    """From the second third of the set on."""
    bend_deg = float(rng.uniform(40.0, 60.0))
    first = max(1, len(reps) // 3)
    return [rep if k < first else _faulty(rep, knee_bend_deg=bend_deg) for k, rep in enumerate(reps)]


def _short(reps: list[RepPlan], rng: Generator) -> list[RepPlan]:
    """One repetition well under 70 % of the others and well over 35 %."""
    k = int(rng.integers(1, len(reps)))
    rep, share = reps[k], float(rng.uniform(0.52, 0.62))
    if rep.top_deg - rep.bottom_deg < 25.0:
        return reps
    rests_low = rep.bottom_deg >= 0.0
    if rests_low:
        reps[k] = replace(rep, top_deg=_at(rep, share))
    return reps


def _at(rep: RepPlan, share: float) -> float:
    """Leg elevation at a share of the repetition's range above its bottom."""
    return rep.bottom_deg + share * (rep.top_deg - rep.bottom_deg)


def _faulty(rep: RepPlan, **faults: float | str) -> RepPlan:
    return replace(rep, faults=replace(rep.faults, **faults))  # type: ignore[arg-type]
