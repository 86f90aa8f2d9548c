"""Phase boundaries by the two-case rule: zero crossing without a dwell, the flank's line with one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from imu_reps.analysis.reps.segmentation import Excursion
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.zero_phase import ZeroPhase

SLOW_DPS = 5.0
DWELL_S = 0.25
#: The same in ticks, and what a leg may move in it.
DWELL_TICKS = int(DWELL_S * GRID_HZ)
DWELL_DEG = SLOW_DPS * DWELL_S
BAND_SHARE = 0.20
LOW_SHARE, HIGH_SHARE = 0.10, 0.40

#: Soft tissue under a strap rings at 6 to 14 Hz, above what a leg does; the low-pass leaves a third of it.
RING_BAND = ZeroPhase((6.5, 14.0), "bandpass")

#: More of the speed than this, ringing over moving, and flanks and dwells are not seen for it (ours: on other
#: people's simulators smoothing helps from here on, and blurs what rings less).
RINGING_SHARE = 0.01

#: A mean over one period of it, 11 Hz, takes it out.
RING_TICKS = 9


@dataclass(frozen=True, slots=True)
class Phases:
    """Boundaries of one repetition in ticks (fractions included): the way out, then the way back."""

    out_start: float
    out_end: float
    back_start: float
    back_end: float


def phase_boundaries(
    travel_deg: FloatArray, speed_dps: FloatArray, rep: Excursion, first_tick: int, last_tick: int
) -> Phases:
    """Where the way out and the way back of a repetition begin and end.

    Parameters
    ----------
    travel_deg, speed_dps : (n,) float
        Low-passed travel from the resting end and its rate, no NaN between the limits.
    rep : Excursion
        The repetition's turns.
    first_tick, last_tick : int
        The neighbours' far ends, or the limits of the set: nothing outside belongs to this repetition.

    Notes
    -----
    Each boundary is the end of a flank, looked at in the right direction of time and of travel.
    """
    travel, speed = travel_deg[first_tick : last_tick + 1], speed_dps[first_tick : last_tick + 1]
    near, far, back = (turn.tick - first_tick for turn in (rep.near, rep.far, rep.back))
    band = BAND_SHARE * rep.range_deg
    # where a strap slips beside a way, the turn itself lies on another level
    left_deg = min(rep.near.value, float(travel[near : far + 1].min()))
    entered_deg = min(rep.back.value, float(travel[far : back + 1].min()))
    leaves_near = far - int(np.argmax(travel[near : far + 1][::-1] <= left_deg + band))
    enters_near = far + int(np.argmax(travel[far : back + 1] <= entered_deg + band))
    enters_far = leaves_near + int(np.argmax(travel[leaves_near : far + 1] >= rep.far.value - band))
    leaves_far = enters_near - int(np.argmax(travel[far : enters_near + 1][::-1] >= rep.far.value - band))
    out_peak = float(speed[leaves_near : far + 1].max())
    back_peak = float(-speed[far : enters_near + 1].min())
    out_end = flank_end(speed, enters_far, out_peak)
    back_start = flank_start(-speed, leaves_far, back_peak)
    if out_end > back_start:
        out_end = back_start = (out_end + back_start) / 2.0
    out_start = flank_start(speed, leaves_near, out_peak)
    back_end = flank_end(-speed, enters_near, back_peak)
    return Phases(*(first_tick + tick for tick in (out_start, out_end, back_start, back_end)))


def without_ringing(speed_dps: FloatArray, reps: Sequence[Excursion]) -> FloatArray:
    """The leg's speed as its flanks are looked at: smoothed where the strap rings on soft tissue.

    Parameters
    ----------
    speed_dps : (n,) float
        Low-passed, no NaN.
    reps : sequence of Excursion
        The repetitions in it.
    """
    if not reps:
        return speed_dps
    moving = np.concatenate([np.arange(rep.near.tick, rep.back.tick) for rep in reps])
    ringing = np.abs(RING_BAND(speed_dps)[moving])
    if np.median(ringing) < RINGING_SHARE * np.sqrt((speed_dps[moving] ** 2).mean()):
        return speed_dps
    return np.asarray(uniform_filter1d(speed_dps, RING_TICKS))


def flank_start(speed_dps: FloatArray, start: int, peak_dps: float) -> float:
    """Where the flank that is under way at `start` began; see `flank_end`."""
    last = len(speed_dps) - 1
    return last - flank_end(speed_dps[::-1], last - start, peak_dps)


def flank_end(speed_dps: FloatArray, start: int, peak_dps: float) -> float:
    """Where the flank that is under way at `start` ends, in ticks.

    Parameters
    ----------
    speed_dps : (n,) float
        Speed, positive along the flank.
    start : int
        A tick within the band at the flank's end.
    peak_dps : float
        The phase's own peak speed; where it is not above 0 there is no flank, and `start` is its end.

    Notes
    -----
    Where the leg turns and then creeps on the way it came, slower than a flank is, the flank has ended at the
    turn: dips and bounces belong to the pause. What goes on quicker was a stall, and belongs to the phase.
    """
    if peak_dps <= 0.0:
        return float(start)
    position, length = start, len(speed_dps)
    slow = np.abs(speed_dps) < SLOW_DPS
    stopping = speed_dps < min(LOW_SHARE * peak_dps, SLOW_DPS)
    while True:
        begin = _next(stopping, position)
        if begin == length:
            return float(length - 1)
        end = _next(~slow, begin)
        first = begin - _run_before(slow, begin)
        if end - first >= DWELL_S * GRID_HZ:
            return min(_line_end(speed_dps, begin, peak_dps), float(end - 1))
        turned = end == length or bool((speed_dps[begin : end + 1] < 0).any())
        onward_dps = speed_dps[end : _next(speed_dps <= 0, end)].max(initial=0.0)
        if turned and onward_dps < HIGH_SHARE * peak_dps:
            return _zero_crossing(speed_dps, first, end)
        position = end


def _next(mask: np.ndarray, start: int) -> int:
    """First index from `start` on at which `mask` holds, or its length."""
    ahead = mask[start:]
    return start + int(ahead.argmax()) if ahead.any() else len(mask)


def _run_before(mask: np.ndarray, index: int) -> int:
    """How many values right before `index` hold."""
    before = mask[:index][::-1]
    return index if before.all() else int(before.argmin())


def _zero_crossing(speed_dps: FloatArray, first: int, end: int) -> float:
    low = max(first - 1, 0)
    piece = speed_dps[low : end + 1]
    falls = np.flatnonzero((piece[:-1] > 0) & (piece[1:] <= 0))
    if len(falls) == 0:
        return float(min(end, len(speed_dps) - 1))
    k = int(falls[0])
    return low + k + float(piece[k] / (piece[k] - piece[k + 1]))


def _line_end(speed_dps: FloatArray, begin: int, peak_dps: float) -> float:
    """The line through 10 % and 40 % of its peak of the flank that has come to rest at `begin`, at zero.

    A flank between a stall and the turn that stays under 40 % of the phase's peak has its own.
    """
    low, high = LOW_SHARE * peak_dps, HIGH_SHARE * peak_dps
    at_low = begin - _run_before(speed_dps < low, begin)
    own_peak = float(speed_dps[at_low - _run_before(speed_dps >= low, at_low) : at_low].max(initial=0.0))
    if 0.0 < own_peak < high:
        return _line_end(speed_dps, begin, own_peak)
    at_high = at_low - _run_before(speed_dps < high, at_low)
    if at_high == 0:
        return float(at_low)
    t_low, t_high = _falls_through(speed_dps, at_low, low), _falls_through(speed_dps, at_high, high)
    return t_low + (t_low - t_high) * LOW_SHARE / (HIGH_SHARE - LOW_SHARE)


def _falls_through(speed_dps: FloatArray, index: int, level_dps: float) -> float:
    """Fraction of a tick at which speed falls through the level between `index` - 1 and `index`."""
    above, below = speed_dps[index - 1], speed_dps[index]
    return index - 1 + float((above - level_dps) / (above - below))
