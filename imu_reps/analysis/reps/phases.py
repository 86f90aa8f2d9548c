"""Phase boundaries by two rules: zero crossing of speed without a dwell, the flank's line with one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from imu_reps.analysis.reps.segmentation import Excursion, Turn
from imu_reps.analysis.set_motion import SetMotion
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import ZeroPhase

SLOW_DPS = 5.0
DWELL_S = 0.25
#: The same in ticks, and how far a dwelling leg may move in it.
DWELL_TICKS = int(DWELL_S * GRID_HZ)
DWELL_DEG = SLOW_DPS * DWELL_S
BAND_SHARE = 0.20
LOW_SHARE, HIGH_SHARE = 0.10, 0.40

#: Band in which soft tissue under a strap rings, 6 to 14 Hz, above leg movement; the low-pass leaves a third.
RING_BAND = ZeroPhase((6.5, 14.0), "bandpass")

#: Travel below this is a bending knee or walking, not the resting end of a repetition.
FLOOR_DEG = -1.0

#: Ratio of ringing to speed above which flanks and dwells are obscured (ours: on other people's simulators
#: smoothing helps above it, and only blurs below).
RINGING_SHARE = 0.01

#: Length of the moving average that removes the ringing: one period of 11 Hz.
RING_TICKS = 9


@dataclass(frozen=True, slots=True)
class Phases:
    """Boundaries of one repetition in fractional ticks: the way out, then the way back."""

    out_start: float
    out_end: float
    back_start: float
    back_end: float


def find_phases(motion: SetMotion, reps: Sequence[Excursion], first: int, last: int) -> list[Phases]:
    """Return the phases of consecutive repetitions, between the first and the last tick of their spell."""
    travel = motion.header.travel_sign * motion.elevation_deg
    speed = motion.header.travel_sign * without_ringing(motion.speed_dps, reps)
    # travel below the floor comes from a bent knee or walking, not from the lift
    above = travel if motion.start_high else np.maximum(travel, FLOOR_DEG)

    def on_travel(turn: Turn) -> Turn:
        return Turn(turn.tick, float(above[turn.tick]))

    far_ends = [first, *(rep.far.tick for rep in reps), last]
    return [
        phase_boundaries(above, speed, rep.with_turns(on_travel), before, after)
        for rep, before, after in zip(reps, far_ends, far_ends[2:], strict=False)
    ]


def phase_boundaries(
    travel_deg: FloatArray, speed_dps: FloatArray, rep: Excursion, first_tick: int, last_tick: int
) -> Phases:
    """Return where the way out and the way back of a repetition begin and end.

    Parameters
    ----------
    travel_deg, speed_dps : (n,) float
        Low-passed travel from the resting end and its rate, no NaN between the limits.
    rep : Excursion
        The repetition's turns.
    first_tick, last_tick : int
        The neighbours' far ends, or the limits of the spell: nothing outside belongs to this repetition.

    Notes
    -----
    Each boundary is found as the end of a flank, with time and travel reversed where needed.
    """
    travel, speed = travel_deg[first_tick : last_tick + 1], speed_dps[first_tick : last_tick + 1]
    near, far, back = (turn.tick - first_tick for turn in (rep.near, rep.far, rep.back))
    band = BAND_SHARE * rep.range_deg
    # if the strap slips outside of a way, the turn itself lies on another level
    left_deg = min(rep.near.value, float(travel[near : far + 1].min()))
    entered_deg = min(rep.back.value, float(travel[far : back + 1].min()))
    # a way much shorter than the other, as from halfway down up again, lies within the band as a whole
    out_band, back_band = (min(band, 0.5 * (rep.far.value - end_deg)) for end_deg in (left_deg, entered_deg))
    leaves_near = far - int(np.argmax(travel[near : far + 1][::-1] <= left_deg + out_band))
    enters_near = far + int(np.argmax(travel[far : back + 1] <= entered_deg + back_band))
    enters_far = leaves_near + int(np.argmax(travel[leaves_near : far + 1] >= rep.far.value - out_band))
    leaves_far = enters_near - int(
        np.argmax(travel[far : enters_near + 1][::-1] >= rep.far.value - back_band)
    )
    out_peak = float(speed[leaves_near : far + 1].max())
    back_peak = float(-speed[far : enters_near + 1].min())
    out_end = flank_end(speed, enters_far, out_peak)
    back_start = flank_start(-speed, leaves_far, back_peak)
    if out_end > back_start:
        out_end = back_start = (out_end + back_start) / 2.0
    # where a lift shakes on the way, a flank may seem to begin after it ended
    out_start = min(flank_start(speed, leaves_near, out_peak), out_end)
    back_end = max(flank_end(-speed, enters_near, back_peak), back_start)
    return Phases(*(first_tick + tick for tick in (out_start, out_end, back_start, back_end)))


def without_ringing(speed_dps: FloatArray, reps: Sequence[Excursion]) -> FloatArray:
    """Return the leg's speed for finding flanks, smoothed if the strap rings on soft tissue.

    Parameters
    ----------
    speed_dps : (n,) float
        Low-passed speed, no NaN.
    reps : sequence of Excursion
        The repetitions in it.
    """
    if not reps:
        return speed_dps
    moving = np.concatenate([np.arange(rep.near.tick, rep.back.tick) for rep in reps])
    ringing = np.abs(RING_BAND(speed_dps).take(moving))
    if np.median(ringing) < RINGING_SHARE * np.sqrt((speed_dps.take(moving) ** 2).mean()):
        return speed_dps
    return np.asarray(uniform_filter1d(speed_dps, RING_TICKS))


def flank_start(speed_dps: FloatArray, start: int, peak_dps: float) -> float:
    """Return where the flank in progress at `start` began; see `flank_end`."""
    last = len(speed_dps) - 1
    return last - flank_end(speed_dps[::-1], last - start, peak_dps)


def flank_end(speed_dps: FloatArray, start: int, peak_dps: float) -> float:
    """Return where the flank in progress at `start` ends, in ticks.

    Parameters
    ----------
    speed_dps : (n,) float
        Speed, positive along the flank.
    start : int
        A tick within the band at the flank's end.
    peak_dps : float
        The phase's own peak speed; without a positive one there is no flank, and `start` is returned.

    Notes
    -----
    If the leg turns and then creeps on along the flank, slower than a flank, the flank ends at the turn: dips
    and bounces belong to the pause. If it goes on faster, it had stalled, and the stall belongs to the phase.
    """
    if peak_dps <= 0.0:
        return float(start)
    position, length = start, len(speed_dps)
    # masks as bytes are searched several times as fast
    moves = (np.abs(speed_dps) >= SLOW_DPS).tobytes()
    stopping = (speed_dps < min(LOW_SHARE * peak_dps, SLOW_DPS)).tobytes()
    while True:
        begin = _next(stopping, position)
        if begin == length:
            return float(length - 1)
        end, first = _next(moves, begin), _after_last(moves, begin)
        if end - first >= DWELL_S * GRID_HZ:
            return min(_line_end(speed_dps, begin, peak_dps), float(end - 1))
        turned = end == length or bool(speed_dps[begin : end + 1].min() < 0)
        if turned:
            stops = _next((speed_dps <= 0).tobytes(), end)
            if speed_dps[end:stops].max(initial=0.0) < HIGH_SHARE * peak_dps:
                return _zero_crossing(speed_dps, first, end)
        position = end


def _next(mask: bytes, start: int) -> int:
    """Return the first index from `start` on at which `mask` holds, or its length."""
    first = mask.find(1, start)
    return first if first >= 0 else len(mask)


def _after_last(mask: bytes, end: int) -> int:
    """Return the index after the last one before `end` at which `mask` holds; 0 if none does."""
    return mask.rfind(1, 0, end) + 1


def _zero_crossing(speed_dps: FloatArray, first: int, end: int) -> float:
    low = max(first - 1, 0)
    piece = speed_dps[low : end + 1]
    falls = np.flatnonzero((piece[:-1] > 0) & (piece[1:] <= 0))
    if len(falls) == 0:
        return float(min(end, len(speed_dps) - 1))
    k = int(falls[0])
    return low + k + float(piece[k] / (piece[k] - piece[k + 1]))


def _line_end(speed_dps: FloatArray, begin: int, peak_dps: float) -> float:
    """Return where the line through 10 and 40 % of the peak, of the flank at rest at `begin`, meets zero."""
    low, high = LOW_SHARE * peak_dps, HIGH_SHARE * peak_dps
    at_low = _after_last((speed_dps >= low).tobytes(), begin)
    at_high = _after_last((speed_dps >= high).tobytes(), at_low)
    if at_high == 0:
        return float(at_low)
    t_low, t_high = _falls_through(speed_dps, at_low, low), _falls_through(speed_dps, at_high, high)
    return t_low + (t_low - t_high) * LOW_SHARE / (HIGH_SHARE - LOW_SHARE)


def _falls_through(speed_dps: FloatArray, index: int, level_dps: float) -> float:
    """Return the fractional tick at which speed falls through the level between `index` - 1 and `index`."""
    above, below = speed_dps[index - 1], speed_dps[index]
    return index - 1 + float((above - level_dps) / (above - below))
