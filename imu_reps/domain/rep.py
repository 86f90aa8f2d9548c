"""A repetition with its figures and faults, and a labelled one that a count is compared with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from imu_reps.domain.validation import require_declared_types
from imu_reps.errors import RefusedValueError

Flag = Literal[
    "momentum",
    "fast_lowering",
    "back_arch",
    "hip_pop",
    "snap",
    "heel_touch",
    "knee_bend",
    "short_range",
    "below_floor",
]
Level = Literal["watch", "flag"]
Certainty = Literal["high", "fair", "low", "experimental"]

#: Why an excursion of the leg did not count.
PartialReason = Literal["too_small", "cut_off", "not_carried_round_hip", "by_hand", "practice"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one repetition, with its evidence.

    Attributes
    ----------
    level : {"watch", "flag"}
        Only `flag` makes a repetition unclean.
    value, limit : float
        Measured value, and the limit of this level that it passed, in `unit`.
    at_s : float or None
        Time of the fault on the recording's `time_s`.
    at_angle_deg : float or None
        Leg elevation at the fault.
    """

    code: Flag
    level: Level
    value: float
    limit: float
    unit: str
    at_s: float | None
    at_angle_deg: float | None
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class Rep:
    """One repetition; fields: docs/definitions.md#per-repetition; None is "not measured"."""

    number: int
    start_s: float
    end_s: float
    concentric_s: float | None
    eccentric_s: float | None
    top_pause_s: float | None
    bottom_pause_s: float | None
    top_angle_deg: float | None
    bottom_angle_deg: float | None
    range_deg: float | None
    peak_concentric_dps: float | None
    peak_eccentric_dps: float | None
    pelvic_tilt_deg: float | None
    pelvic_curl_deg: float | None
    pelvic_rotation_deg: float | None
    lift_off_angle_deg: float | None
    smoothness_sparc: float | None
    tremor_ratio: float | None
    momentum: float | None
    flags: tuple[Flag, ...]
    not_judged: tuple[Flag, ...]
    clean: bool | None
    faults: tuple[Fault, ...]

    def far_end_s(self, start: Literal["low", "high"]) -> tuple[float, float] | None:
        """Return when the leg reaches its far end and when it leaves it; None if not measured.

        Parameters
        ----------
        start : {"low", "high"}
            Where the leg rests between repetitions.
        """
        ways = (self.concentric_s, self.eccentric_s)
        out_s, back_s = ways if start == "low" else ways[::-1]
        return None if out_s is None or back_s is None else (self.start_s + out_s, self.end_s - back_s)


def judged(reps: Iterable[Rep], flag: Flag | None = None) -> list[Rep]:
    """Return the repetitions that were judged: clean or not, or with or without a flag if one is given."""
    if flag is None:
        return [rep for rep in reps if rep.clean is not None]
    return [rep for rep in reps if flag not in rep.not_judged]


def clean_share(reps: Iterable[Rep]) -> float | None:
    """Return the share of clean repetitions among those judged; None if none is."""
    known = judged(reps)
    return sum(rep.clean is True for rep in known) / len(known) if known else None


@dataclass(frozen=True, slots=True)
class Partial:
    """An excursion of the leg that did not count, with the reason."""

    start_s: float
    end_s: float
    range_deg: float
    reason: PartialReason = "too_small"


#: Quantile of the lift-off angles that is the floor: docs/definitions.md#per-set.
FLOOR_SHARE = 0.8


def safe_angle(lift_offs_deg: Sequence[float]) -> float:
    """Return the floor angle for the angles at which the back let go, at least one.

    The back stayed flat above it in four of five repetitions with a lift-off; of two neighbouring angles the
    higher one is taken, since advice must err on the safe side.
    """
    rank = math.ceil(FLOOR_SHARE * (len(lift_offs_deg) - 1))
    return float(sorted(lift_offs_deg)[rank])


def floor_angle(reps: Sequence[Rep]) -> tuple[float | None, float | None]:
    """Return the floor angle, or else None and the lowest angle reached without a lift-off."""
    judged = [rep for rep in reps if rep.pelvic_tilt_deg is not None]
    lift_offs = [rep.lift_off_angle_deg for rep in judged if rep.lift_off_angle_deg is not None]
    if len(lift_offs) >= 2:
        return safe_angle(lift_offs), None
    bottoms = [rep.bottom_angle_deg for rep in judged if rep.bottom_angle_deg is not None]
    return None, min(bottoms) if bottoms else None


@dataclass(frozen=True, slots=True)
class RepLabel:
    """One labelled repetition, on the recording's `time_s`.

    Attributes
    ----------
    start_s, end_s : float
        Start of the way out, and end of the way back.
    far_s : tuple of float, or None
        When the leg reaches its far end and when it leaves it; equal for a single time. None: not labelled.
    flags : tuple of Flag, or None
        Its faults; None: faults were not labelled.

    Raises
    ------
    RefusedValueError
        If the times are invalid, or not in this order.
    """

    start_s: float
    end_s: float
    far_s: tuple[float, float] | None = None
    flags: tuple[Flag, ...] | None = None

    def __post_init__(self) -> None:
        require_declared_types(self)
        times = (self.start_s, *(self.far_s or ()), self.end_s)
        if list(times) != sorted(times) or self.start_s == self.end_s:
            raise RefusedValueError(
                f"The times {', '.join(f'{time_s:g}' for time_s in times)} are not in their order.",
                hint="A repetition starts, turns and ends.",
            )

    def moved(self, by_s: float) -> RepLabel:
        """Return the label shifted by `by_s`."""
        far_s = None if self.far_s is None else (self.far_s[0] + by_s, self.far_s[1] + by_s)
        return RepLabel(self.start_s + by_s, self.end_s + by_s, far_s, self.flags)
