"""Random repetitions: ranges, tempo, stalls, swells, faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.random import Generator

from imu_reps.domain.exercise import Exercise, Start
from imu_reps.sim.wearer.set_plan import RepPlan, RotationShape, Stall, Swell
from imu_reps.sim.wearer.space import Space, chance, pick

Style = Literal["controlled", "brisk", "swing"]
_HOLD = RepPlan(top_deg=25.0, concentric_s=2.0, top_pause_s=20.0, eccentric_s=2.0)


def random_reps(
    space: Space, exercise: Exercise, start: Start, rng: Generator, *, floor: bool
) -> tuple[RepPlan, ...]:
    """Draw three to twenty repetitions in one manner, with scatter and faults.

    Parameters
    ----------
    floor : bool
        Whether the legs lie on the floor before; else they are assumed to start vertical.
    """
    if exercise == "hollow_hold":
        return (_HOLD,)
    manner = _random_manner(space, exercise, rng)
    cycle_s = manner.concentric_s + manner.eccentric_s + manner.top_pause_s + manner.bottom_pause_s
    count = max(3, min(int(rng.integers(3, 21)), int(space.longest_s / cycle_s)))
    reps = [_rep(manner, exercise, start, rng) for _ in range(count)]
    if not floor:
        reps[0] = replace(reps[0], top_deg=90.0)
    if space.stalls or (space.stalls is None and chance(rng, 0.25)):
        reps = _stalled(reps, rng)
    reps = _swelling(reps, start, rng)
    reps = _with_faults(reps, exercise, start, space, rng)
    if start == "low":
        # the last lowering goes all the way down, at the same speed
        longer = reps[-1].top_deg / reps[-1].range_deg
        reps[-1] = replace(reps[-1], bottom_deg=0.0, eccentric_s=reps[-1].eccentric_s * longer)
    if space.partials and chance(rng, 0.25):
        reps = _with_partials(reps, manner, start, rng)
    return tuple(reps)


def _random_manner(space: Space, exercise: Exercise, rng: Generator) -> RepPlan:
    """Draw the mean repetition of a set, around which its repetitions scatter."""
    top, bottom = _ends(exercise, rng)
    style = _style(space.swing, rng)
    concentric_s, eccentric_s = _tempo(style, top - bottom, rng)
    swung = style == "swing" and chance(rng, 0.5)
    steady = style == "controlled" and chance(rng, 0.4)
    return RepPlan(
        top_deg=top,
        bottom_deg=bottom,
        concentric_s=concentric_s,
        top_pause_s=_pause(style, rng),
        eccentric_s=eccentric_s,
        bottom_pause_s=_pause(style, rng),
        concentric_ramp=(rng.uniform(0.2, 0.35), 0.65) if swung else None,
        eccentric_ramp=(rng.uniform(0.2, 0.4), rng.uniform(0.2, 0.4)) if steady else None,
    )


def _ends(exercise: Exercise, rng: Generator) -> tuple[float, float]:
    """Draw mean top and bottom of the set, as leg elevations."""
    if exercise == "heel_tap":
        return 0.0, -rng.uniform(35.0, 60.0)
    if exercise == "hanging_leg_raise":
        return rng.uniform(35.0, 90.0), 0.0
    if exercise == "double_leg_raise":
        floor_deg = float(rng.choice([0.0, rng.uniform(10.0, 40.0)]))
        return rng.uniform(max(55.0, floor_deg + 25.0), 90.0), floor_deg
    hover_deg = float(rng.choice([0.0, 0.0, rng.uniform(2.0, 8.0)]))
    return hover_deg + rng.uniform(15.0, 85.0), hover_deg


def _style(swing: bool | None, rng: Generator) -> Style:
    if swing is not None:
        return "swing" if swing else "controlled"
    return "controlled" if chance(rng, 0.7) else "brisk" if chance(rng, 0.5) else "swing"


def _tempo(style: Style, range_deg: float, rng: Generator) -> tuple[float, float]:
    """Draw seconds up and down, with a mean speed of at most 55 (120 when swung) degrees per second."""
    if style == "controlled":
        fastest_s = range_deg / 55.0
        slow_s = 6.0 if chance(rng, 0.15) else 3.5
        return max(fastest_s, rng.uniform(1.0, 3.0)), max(fastest_s, rng.uniform(1.2, slow_s))
    fastest_s = range_deg / 120.0
    if style == "brisk":
        return max(fastest_s, rng.uniform(0.8, 1.3)), max(fastest_s, rng.uniform(0.8, 1.6))
    return max(fastest_s, rng.uniform(0.4, 0.9)), max(fastest_s, rng.uniform(0.5, 1.2))


def _pause(style: Style, rng: Generator) -> float:
    if style == "swing":
        return rng.uniform(0.0, 0.2)
    longest_s = float(rng.choice([0.0, 0.3, 1.0, 2.0, 5.0], p=[0.2, 0.25, 0.3, 0.15, 0.1]))
    return rng.uniform(0.0, longest_s) if longest_s else 0.0


def _rep(manner: RepPlan, exercise: Exercise, start: Start, rng: Generator) -> RepPlan:
    """Draw one repetition of the manner, with 8 % scatter."""
    ranges, up, down, top_pause, bottom_pause, _ = (
        1.0 + np.clip(rng.normal(0.0, 0.08, 6), -0.18, 0.18)
    ).tolist()
    missed_deg = manner.range_deg * (ranges - 1.0)
    high = start == "high"
    at_floor = manner.bottom_deg == 0.0
    # the resting end scatters little, the far end more
    top = manner.top_deg + (0.0 if high else missed_deg)
    bottom = manner.bottom_deg - (missed_deg if high and not at_floor else 0.0)
    if not at_floor and not high:
        bottom += rng.uniform(-0.1, 0.1) * min(manner.range_deg, manner.bottom_deg)
    return replace(
        manner,
        top_deg=top,
        bottom_deg=bottom if exercise == "heel_tap" else max(bottom, 0.0),
        concentric_s=manner.concentric_s * up,
        eccentric_s=manner.eccentric_s * down,
        top_pause_s=manner.top_pause_s * top_pause,
        bottom_pause_s=manner.bottom_pause_s * bottom_pause,
    )


def _stalled(reps: list[RepPlan], rng: Generator) -> list[RepPlan]:
    phases: tuple[Literal["concentric", "eccentric"], ...] = ("concentric", "eccentric")
    found = [
        replace(
            rep,
            stalls=tuple(
                Stall(phase, rng.uniform(0.3, 0.7), rng.uniform(0.3, 2.0))
                for phase in phases
                if chance(rng, 0.35)
            ),
        )
        for rep in reps
    ]
    if not any(rep.stalls for rep in found):
        found[0] = replace(found[0], stalls=(Stall("eccentric", 0.5, 0.8),))
    return found


def _swelling(reps: list[RepPlan], start: Start, rng: Generator) -> list[RepPlan]:
    """Draw dips at the top and bounces at the bottom, too small for partials at the resting end."""
    dips, bounces = chance(rng, 0.15), chance(rng, 0.15)
    max_dip_deg = 7.0 if start == "high" else 25.0
    for k, rep in enumerate(reps):
        if dips and chance(rng, 0.4):
            size = rng.uniform(0.05, 0.22) * rep.range_deg
            reps[k] = replace(rep, wobbles=(_swell(min(size, max_dip_deg), rng),))
        if bounces and chance(rng, 0.4):
            size = rng.uniform(0.05, 0.18) * rep.range_deg
            reps[k] = replace(reps[k], bounces=(_swell(min(size, 7.0), rng),))
    return reps


def _swell(size_deg: float, rng: Generator) -> Swell:
    return Swell(size_deg, max(rng.uniform(0.6, 1.2), size_deg / 12.0))


def _with_partials(reps: list[RepPlan], manner: RepPlan, start: Start, rng: Generator) -> list[RepPlan]:
    """Add one or two excursions of 10 to 25 % of the range, if that is at least 9 degrees."""
    if 0.25 * manner.range_deg < 9.5:
        return reps
    for _ in range(int(rng.integers(1, 3))):
        at = int(rng.integers(0, len(reps)))
        size = rng.uniform(max(9.0, 0.10 * manner.range_deg), 0.25 * manner.range_deg)
        reps = [*reps[:at], partial_rep(reps, at, size, start, rng), *reps[at:]]
    return reps


def partial_rep(reps: list[RepPlan], at: int, size_deg: float, start: Start, rng: Generator) -> RepPlan:
    """Return an excursion of this size before repetition `at`, from where the leg rests."""
    if start == "low":
        rest = reps[at - 1].bottom_deg if at else 0.0
        top, bottom = rest + size_deg, rest
    else:
        rest = reps[at - 1].top_deg if at else reps[0].top_deg
        top, bottom = rest, rest - size_deg
    up_s, down_s, pause_s = rng.uniform(0.8, 1.5, 3).tolist()
    return RepPlan(top, bottom, up_s, 0.0, down_s, pause_s)


Spoil = Callable[[list[RepPlan], Generator], list[RepPlan]]


def _with_faults(
    reps: list[RepPlan], exercise: Exercise, start: Start, space: Space, rng: Generator
) -> list[RepPlan]:
    """Give a set one or two of the faults that its exercise allows, or each of them with a probability."""
    possible = _possible(exercise, start)
    if space.fault_share is not None:
        for spoil in dict.fromkeys(possible):
            if chance(rng, space.fault_share):
                reps = spoil(reps, rng)
    elif space.faults:
        for _ in range(int(rng.choice([0, 1, 2], p=[0.45, 0.35, 0.2]))):
            reps = pick(rng, possible)(reps, rng)
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
    """Return the strength of a fault over the set: constant, or growing from a fifth."""
    if chance(rng, 0.5):
        return [1.0] * count
    return [0.2 + 0.8 * k / max(1, count - 1) for k in range(count)]


def _arching(reps: list[RepPlan], rng: Generator) -> list[RepPlan]:
    max_deg, below = rng.uniform(2.0, 10.0), rng.uniform(0.4, 0.75)
    return [
        _faulty(rep, arch_deg=max_deg * g, arch_below_deg=_at(rep, below))
        for rep, g in zip(reps, _growth(len(reps), rng), strict=True)
    ]


def _popping(reps: list[RepPlan], rng: Generator) -> list[RepPlan]:
    max_deg = rng.uniform(3.0, 12.0) * (-1.0 if chance(rng, 0.2) else 1.0)
    shape: RotationShape = "middle" if chance(rng, 0.4) else "grows"
    return [
        _faulty(rep, rotation_deg=max_deg * g, rotation_shape=shape)
        for rep, g in zip(reps, _growth(len(reps), rng), strict=True)
    ]


def _touching(reps: list[RepPlan], rng: Generator) -> list[RepPlan]:
    return [
        _faulty(rep, heel_touch_mps2=rng.uniform(5.5, 15.0), heel_touch_s=rng.uniform(0.01, 0.04))
        if rep.bottom_deg == 0.0 and not rep.stalls and chance(rng, 0.7)
        else rep
        for rep in reps
    ]


def _jolting(reps: list[RepPlan], rng: Generator) -> list[RepPlan]:
    share = rng.uniform(0.2, 0.7)
    return [
        _faulty(
            rep,
            jolt_mps2=rng.uniform(4.0, 12.0),
            jolt_at_deg=_at(rep, share),
            jolt_s=rng.uniform(0.03, 0.06),
        )
        for rep in reps
    ]


def _bending(reps: list[RepPlan], rng: Generator) -> list[RepPlan]:
    """Add the fault from the second third of the set on."""
    bend_deg = rng.uniform(40.0, 60.0)
    first = max(1, len(reps) // 3)
    return [rep if k < first else _faulty(rep, knee_bend_deg=bend_deg) for k, rep in enumerate(reps)]


def _short(reps: list[RepPlan], rng: Generator) -> list[RepPlan]:
    """Shorten one repetition to well under 70 % and well over 35 % of the others."""
    k = int(rng.integers(1, len(reps)))
    rep, share = reps[k], rng.uniform(0.52, 0.62)
    if rep.range_deg >= 25.0 and rep.bottom_deg >= 0.0:
        reps[k] = replace(rep, top_deg=_at(rep, share))
    return reps


def _at(rep: RepPlan, share: float) -> float:
    """Return the leg elevation at a share of the repetition's range above its bottom."""
    return rep.bottom_deg + share * rep.range_deg


def _faulty(rep: RepPlan, **faults: float | str) -> RepPlan:
    return replace(rep, faults=replace(rep.faults, **faults))  # type: ignore[arg-type]
