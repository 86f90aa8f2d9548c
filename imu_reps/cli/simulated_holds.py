"""What ``imu-reps simulate --fault`` knows of holds, as changes of a planned hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imu_reps.sensors.simulator import HoldPlan


def _back_arch(hold: HoldPlan, from_s: float) -> HoldPlan:
    return replace(hold, arch_deg=10.0, arch_from_s=from_s)


def _sinking(hold: HoldPlan, from_s: float) -> HoldPlan:
    return replace(hold, sink_deg=8.0, sink_from_s=from_s)


HOLD_FAULTS: dict[str, Callable[[HoldPlan, float], HoldPlan]] = {"back_arch": _back_arch, "sinking": _sinking}


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
