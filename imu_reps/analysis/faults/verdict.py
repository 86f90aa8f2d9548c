"""What a detector sees and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.reps.measure import Measured, Span
from imu_reps.analysis.set_motion import SetMotion
from imu_reps.domain.rep import Certainty, Fault, Flag, Level
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings


@dataclass(frozen=True, slots=True)
class RepView:
    """One repetition as the detectors see it.

    Attributes
    ----------
    of_set : sequence of Measured
        All repetitions of the set so far (live) or of the whole set, this one among them.
    ankle_rate_hz : float or None
        Real rate of the ankle sensor.
    ends_set : bool
        Whether it is known to be the set's last.
    """

    rep: Measured
    motion: SetMotion
    settings: Settings
    of_set: Sequence[Measured]
    ankle_rate_hz: float | None
    ends_set: bool = False

    @property
    def lowest_tick(self) -> int:
        """Where the lowering is at its lowest."""
        down = self.rep.eccentric.ticks
        return int(down.start + np.argmin(self.motion.elevation_deg[down]))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Judged or not; the fault, if there is one."""

    code: Flag
    judged: bool
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """A quantity's two levels, in its unit, and how sure a finding is."""

    watch: float
    flag: float
    unit: str
    certainty: Certainty

    def level_over(self, value: float) -> tuple[Level, float] | None:
        """The level that `value` passes upwards, and that level's limit."""
        if value > self.flag:
            return "flag", self.flag
        return ("watch", self.watch) if value > self.watch else None

    def level_under(self, value: float) -> tuple[Level, float] | None:
        """The level that `value` passes downwards, and that level's limit."""
        if value < self.flag:
            return "flag", self.flag
        return ("watch", self.watch) if value < self.watch else None


def verdict(
    view: RepView,
    code: Flag,
    value: float,
    passed: tuple[Level, float] | None,
    limits: Limits,
    tick: int | None,
) -> Verdict:
    """Judged, with a fault if a limit was passed; `tick` is when it showed, None if that is no instant."""
    if passed is None:
        return Verdict(code, judged=True)
    at_s = None if tick is None else float(view.motion.track.time_s[tick])
    angle = None if tick is None else float(view.motion.elevation_deg[tick])
    fault = Fault(code, passed[0], value, passed[1], limits.unit, at_s, angle, limits.certainty)
    return Verdict(code, True, fault)


def fastest_tick(view: RepView, span: Span, direction: float) -> int:
    """The tick of `span` at which the leg moves fastest: upwards for `direction` 1, downwards for -1."""
    ticks = span.ticks
    return int(ticks.start + np.argmax(direction * view.motion.speed_dps[ticks]))


def passing_tick(values: FloatArray, limit: float, maximum: int, start: int) -> int:
    """Where `values` passed `limit` last before it was at its most, from tick `start` on."""
    within = np.flatnonzero(values[start : maximum + 1] <= limit)
    return start if len(within) == 0 else min(maximum, start + int(within[-1]) + 1)
