"""A repetition and what was judged of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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

#: Why an excursion of the leg that was seen did not count.
PartialReason = Literal[
    "too_small", "cut_off", "not_carried_round_hip", "out_of_posture", "walking", "by_hand", "practice"
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one repetition, with its evidence.

    Attributes
    ----------
    code : Flag
    level : {"watch", "flag"}
        Only `flag` makes a repetition unclean.
    value, limit : float
        What was measured, and the limit of this level it passed, in `unit`.
    at_s : float or None
        When, on the recording's `time_s`.
    at_angle_deg : float or None
        At which leg elevation.
    certainty : {"high", "fair", "low", "experimental"}
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
        """When the leg comes to its far end and when it leaves it; None where its ways were not measured.

        Parameters
        ----------
        start : {"low", "high"}
            Where it rests between repetitions.
        """
        ways = (self.concentric_s, self.eccentric_s)
        out_s, back_s = ways if start == "low" else ways[::-1]
        return None if out_s is None or back_s is None else (self.start_s + out_s, self.end_s - back_s)


@dataclass(frozen=True, slots=True)
class Partial:
    """An excursion of the leg that was seen and did not count, and why."""

    start_s: float
    end_s: float
    range_deg: float
    reason: PartialReason = "too_small"
