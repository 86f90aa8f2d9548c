"""Plan a repetition for a given measured tempo.

A phase is measured between the lines of its flanks (docs/definitions.md#phases), or, if the leg turns without
a dwell, between zero crossings. A commanded movement is longer than that by its soft beginning and end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.tempo import Tempo
from imu_reps.sim.wearer.leg_phases import RULES
from imu_reps.sim.wearer.score import PEAK_OVER_MEAN
from imu_reps.sim.wearer.set_plan import RepPlan

#: Margin to that limit on either side, for the effect of the 6 Hz low-pass.
_MARGIN_S = 0.03
#: Default time to get up to speed: ours.
_RAMP_S = 0.35


def _line_foot(at_10: float, at_40: float) -> float:
    """Return where the line through 10 % and 40 % of a peak meets zero."""
    return at_10 - (at_40 - at_10) / 3.0


def _minimum_jerk_at(share: float) -> float:
    """Return the share of its time at which a minimum-jerk movement has this share of its peak speed."""
    return float(0.5 - 0.5 * np.sqrt(1.0 - np.sqrt(share)))


def _ramp_at(share: float) -> float:
    """Return the share of its time at which a ramp 3x²-2x³ has this share of its speed."""
    return float(0.5 - np.sin(np.arcsin(1.0 - 2.0 * min(share, 1.0)) / 3.0))


#: Share of a minimum-jerk movement, and of a ramp, before the flank's line begins.
_MINIMUM_JERK_FOOT = _line_foot(_minimum_jerk_at(0.1), _minimum_jerk_at(0.4))
_RAMP_FOOT = _line_foot(_ramp_at(0.1), _ramp_at(0.4))


@dataclass(frozen=True, slots=True)
class _Turn:
    """One end of the leg's way: time to slow down and to speed up there, and rest between."""

    ramp_s: float
    pause_s: float

    @property
    def lost_s(self) -> float:
        """Time that each phase loses there to the pause; 0 for a turn without a dwell."""
        return _RAMP_FOOT * self.ramp_s if self.pause_s >= 0.5 * RULES.dwell_s else 0.0

    @property
    def commanded_s(self) -> float:
        """Commanded rest."""
        return max(0.0, self.pause_s - 2.0 * self.lost_s) if self.lost_s else 0.0


def paced(rep: RepPlan, aim: Tempo) -> RepPlan:
    """Return the repetition with times that are measured as `aim`, within a tenth of a second.

    The movements are minimum jerk if the pauses leave room for their soft ends; else they get up to speed
    and stop as fast as needed.

    Parameters
    ----------
    rep : RepPlan
        Without stalls and swells.
    aim : Tempo
        Pauses under an eighth of a second become turns without a dwell.
    """
    soft = 1.0 / (1.0 - 2.0 * _MINIMUM_JERK_FOOT)
    lost_s = _MINIMUM_JERK_FOOT * soft * (aim.concentric_s + aim.eccentric_s)
    peak_dps = PEAK_OVER_MEAN * rep.range_deg / (soft * aim.concentric_s)
    creeps_s = 2.0 * soft * aim.concentric_s * _minimum_jerk_at(min(1.0, RULES.slow_dps / peak_dps))
    spare_s = min(aim.top_s, aim.bottom_s) - lost_s
    if spare_s < 0.0 or spare_s + creeps_s < RULES.dwell_s + _MARGIN_S:
        return _crisp(rep, aim)
    return replace(
        rep,
        concentric_s=soft * aim.concentric_s,
        eccentric_s=soft * aim.eccentric_s,
        top_pause_s=aim.top_s - lost_s,
        bottom_pause_s=aim.bottom_s - lost_s,
        concentric_ramp=None,
        eccentric_ramp=None,
    )


def _crisp(rep: RepPlan, aim: Tempo) -> RepPlan:
    """Return the repetition with ramps at both ends of a steady movement."""
    top, bottom = (_turn(pause_s, rep, aim) for pause_s in (aim.top_s, aim.bottom_s))
    lost_s = top.lost_s + bottom.lost_s
    up_s, down_s = aim.concentric_s + lost_s, aim.eccentric_s + lost_s
    return replace(
        rep,
        concentric_s=up_s,
        eccentric_s=down_s,
        top_pause_s=top.commanded_s,
        bottom_pause_s=bottom.commanded_s,
        concentric_ramp=(bottom.ramp_s / up_s, top.ramp_s / up_s),
        eccentric_ramp=(top.ramp_s / down_s, bottom.ramp_s / down_s),
    )


def _turn(pause_s: float, rep: RepPlan, aim: Tempo) -> _Turn:
    """Return a turn that is measured as this pause, without a dwell for none."""
    slower_s, faster_s = sorted((aim.concentric_s, aim.eccentric_s), reverse=True)
    longest_s = 0.45 * faster_s
    if pause_s < 0.5 * RULES.dwell_s:
        creeping = _ramp_at(RULES.slow_dps * slower_s / rep.range_deg)
        return _Turn(min(_RAMP_S, longest_s, 0.5 * (RULES.dwell_s - _MARGIN_S) / creeping), pause_s)
    creeping = _ramp_at(RULES.slow_dps * 0.7 * faster_s / rep.range_deg)
    lacking_s = RULES.dwell_s + _MARGIN_S - pause_s
    needed_s = 0.5 * lacking_s / max(creeping - _RAMP_FOOT, 0.01)
    return _Turn(min(max(_RAMP_S, needed_s), longest_s), pause_s)
