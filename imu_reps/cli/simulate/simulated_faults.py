"""Faults that ``imu-reps simulate --fault`` knows, as changes of a planned repetition or hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from imu_reps.errors import did_you_mean

if TYPE_CHECKING:
    from imu_reps.sim.wearer import RepPlan
if TYPE_CHECKING:
    from imu_reps.sim.wearer import HoldPlan


def _momentum(rep: RepPlan) -> RepPlan:
    return replace(rep, concentric_s=0.6)


def _fast_lowering(rep: RepPlan) -> RepPlan:
    return replace(rep, eccentric_s=0.7)


def _back_arch(rep: RepPlan) -> RepPlan:
    return replace(rep, faults=replace(rep.faults, arch_deg=10.0))


def _hip_pop(rep: RepPlan) -> RepPlan:
    return replace(rep, faults=replace(rep.faults, rotation_deg=10.0))


def _heel_touch(rep: RepPlan) -> RepPlan:
    return replace(rep, faults=replace(rep.faults, heel_touch_mps2=10.0))


def _snap(rep: RepPlan) -> RepPlan:
    return replace(rep, faults=replace(rep.faults, jolt_mps2=8.0))


def _knee_bend(rep: RepPlan) -> RepPlan:
    return replace(rep, faults=replace(rep.faults, knee_bend_deg=50.0))


def _short_range(rep: RepPlan) -> RepPlan:
    """Half of the way: a heel tap that ends above the floor, a raise that ends below its height."""
    middle = 0.5 * (rep.top_deg + rep.bottom_deg)
    tap = rep.bottom_deg < 0.0
    return replace(rep, bottom_deg=middle) if tap else replace(rep, top_deg=middle)


FAULTS: dict[str, Callable[[RepPlan], RepPlan]] = {
    "momentum": _momentum,
    "fast_lowering": _fast_lowering,
    "back_arch": _back_arch,
    "hip_pop": _hip_pop,
    "heel_touch": _heel_touch,
    "snap": _snap,
    "knee_bend": _knee_bend,
    "short_range": _short_range,
}


def parse_fault(text: str, rep_count: int) -> tuple[str, set[int]]:
    """Read ``NAME`` or ``NAME:REPS``: the fault and the repetitions (from 1) that have it.

    Raises
    ------
    ValueError
        If the name is unknown, or the repetitions are not numbers of the set such as ``3,5`` or ``7-10``.
    """
    name, colon, where = text.partition(":")
    if name not in FAULTS:
        raise ValueError(
            f"there is no fault {name!r}; there are {', '.join(FAULTS)}{did_you_mean(name, FAULTS)}"
        )
    if not colon:
        return name, set(range(1, rep_count + 1))
    numbers: set[int] = set()
    for part in where.split(","):
        first, _, last = part.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()):
            raise ValueError(f"{where!r} names no reps; write 3, or 3,5, or 7-10")
        numbers |= set(range(int(first), min(int(last or first), rep_count) + 1))
    if not numbers or not numbers <= set(range(1, rep_count + 1)):
        raise ValueError(f"{where!r} names reps outside of 1-{rep_count}")
    return name, numbers


def _arched_hold(hold: HoldPlan, from_s: float) -> HoldPlan:
    return replace(hold, arch_deg=10.0, arch_from_s=from_s)


def _sinking(hold: HoldPlan, from_s: float) -> HoldPlan:
    return replace(hold, sink_deg=8.0, sink_from_s=from_s)


HOLD_FAULTS: dict[str, Callable[[HoldPlan, float], HoldPlan]] = {
    "back_arch": _arched_hold,
    "sinking": _sinking,
}


def parse_hold_fault(text: str, hold_s: float) -> tuple[str, float]:
    """Read ``NAME`` or ``NAME:SECOND``: the fault, and from which second of the hold on it is there.

    Raises
    ------
    ValueError
        If the name is unknown, or the second is no number within the hold.
    """
    name, colon, where = text.partition(":")
    if name not in HOLD_FAULTS:
        raise ValueError(f"there is no fault {name!r} of a hold; there are {', '.join(HOLD_FAULTS)}")
    if not colon:
        return name, hold_s / 2.0
    if not (where.isdecimal() and float(where) < hold_s):
        raise ValueError(f"{where!r} is no second of a hold of {hold_s:.0f} s; write 12")
    return name, float(where)
