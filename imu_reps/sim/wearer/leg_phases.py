"""Ground truth of the phases of repetitions, from the commanded leg.

Written from docs/definitions.md#phases alone, independently of the analysis.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.signal import butter, sosfiltfilt

from imu_reps.domain.exercise import Start
from imu_reps.domain.rep import Partial
from imu_reps.domain.samples import FloatArray
from imu_reps.sim.wearer.body import DENSE_HZ
from imu_reps.sim.wearer.score import CommandedExcursion, Score, Span


@dataclass(frozen=True, slots=True)
class PhaseRules:
    """Limits of docs/definitions.md#phases and #a-repetition."""

    #: Share of the range below a far end that belongs to it.
    band: float = 0.2
    #: Smallest range of a movement, and of a repetition as a share of the set's median.
    min_range_deg: float = 8.0
    min_range_share: float = 0.35
    #: A movement cut off within this share of the range from its resting end is complete.
    near_rest: float = 0.15
    #: Tolerance of the far end below the highest elevation.
    at_far_end: float = 0.02
    #: Speed limit and minimum duration of a dwell.
    slow_dps: float = 5.0
    dwell_s: float = 0.25


RULES = PhaseRules()


@dataclass(frozen=True, slots=True)
class LegCurve:
    """The leg on the dense grid after the 6 Hz low-pass.

    Attributes
    ----------
    time_s, elevation_deg, speed_dps, acceleration_dps2 : (n,) float
    """

    time_s: FloatArray
    elevation_deg: FloatArray
    speed_dps: FloatArray
    acceleration_dps2: FloatArray

    def part(self, kept: slice) -> LegCurve:
        """Return a slice of the curve."""
        curves = (self.time_s, self.elevation_deg, self.speed_dps, self.acceleration_dps2)
        return LegCurve(*(curve[kept] for curve in curves))


@dataclass(frozen=True, slots=True)
class CommandedPhases:
    """One excursion, measured.

    Attributes
    ----------
    excursion : CommandedExcursion
        The commanded excursion.
    out_s, back_s : tuple of float
        Begin and end of the way out of rest and of the way back.
    ends_spell : bool
        Whether a break or the end of the set follows.
    """

    excursion: CommandedExcursion
    out_s: Span
    back_s: Span
    ends_spell: bool


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of the set without a break.

    Attributes
    ----------
    excursions : list of CommandedExcursion
        Commanded excursions, in order.
    rest_s : tuple of float
        Begin of the rest before the first and end of the rest after the last.
    """

    excursions: list[CommandedExcursion]
    rest_s: Span


def spells(score: Score, span_s: Span) -> list[Spell]:
    """Return the stretches of the set without a break, within the recording."""
    begins_s = [score.rest_s[0], *(end_s for _, end_s in score.breaks_s)]
    ends_s = [*(begin_s for begin_s, _ in score.breaks_s), score.rest_s[1]]
    found = []
    for begin_s, end_s in zip(begins_s, ends_s, strict=True):
        inside = [e for e in score.excursions if begin_s <= e.start_s and e.end_s <= end_s]
        if inside:
            found.append(Spell(inside, (max(begin_s, span_s[0]), min(end_s, span_s[1]))))
    return found


def within(leg: LegCurve, spell: Spell, span_s: Span, start: Start) -> tuple[Spell, list[Partial]]:
    """Return the complete and the truncated excursions of a spell within the recording.

    Parameters
    ----------
    leg : LegCurve
        Of the whole set.
    span_s : tuple of float
        Begin and end of the recording.
    """
    up = leg.elevation_deg if start == "low" else -leg.elevation_deg
    whole, cut_off = [], []
    for e in spell.excursions:
        seen_s = (max(e.start_s, span_s[0]), min(e.end_s, span_s[1]))
        if seen_s[0] >= seen_s[1]:
            continue
        seen = slice(*np.searchsorted(leg.time_s, seen_s))
        planned = slice(*np.searchsorted(leg.time_s, (e.start_s, e.end_s)))
        if seen_s == (e.start_s, e.end_s) or _is_whole(up[planned], up[seen]):
            whole.append(e)
        elif (size_deg := float(np.ptp(up[seen]))) >= RULES.min_range_deg:
            cut_off.append(Partial(*seen_s, size_deg, "cut_off"))
    return Spell(whole, spell.rest_s), cut_off


def _is_whole(up: FloatArray, seen: FloatArray) -> bool:
    """Return whether the far end and both movements, to within 15 % of the range, were recorded."""
    far = float(up.max())
    range_deg = far - max(float(up[0]), float(up[-1]))
    both_ways = max(seen[0] - up[0], seen[-1] - up[-1]) <= RULES.near_rest * range_deg
    return bool(both_ways and seen.max() >= far - RULES.at_far_end * range_deg)


def low_pass(values: FloatArray) -> FloatArray:
    """Low-pass a dense curve at 6 Hz: second-order Butterworth, forward and backward."""
    return np.asarray(sosfiltfilt(butter(2, 6.0, fs=DENSE_HZ, output="sos"), values))


def leg_curve(time_s: FloatArray, elevation_deg: FloatArray) -> LegCurve:
    """Filter and differentiate a commanded leg."""
    smooth = low_pass(elevation_deg)
    speed = np.gradient(smooth, 1.0 / DENSE_HZ)
    return LegCurve(time_s, smooth, speed, np.gradient(speed, 1.0 / DENSE_HZ))


def split(leg: LegCurve, spells: list[Spell], start: Start) -> tuple[list[CommandedPhases], list[Partial]]:
    """Return repetitions with their phases, and partial repetitions with their size.

    Parameters
    ----------
    spells : list of Spell
        The repetitions of all are one set: what counts follows from all their sizes.
    """
    up = leg.elevation_deg if start == "low" else -leg.elevation_deg
    sizes = [_sizes(up, _turns(leg.time_s, up, spell)) for spell in spells]
    min_deg = _least_counted([size for of_spell in sizes for size in of_spell])
    phases: list[CommandedPhases] = []
    partials: list[Partial] = []
    for spell, of_spell in zip(spells, sizes, strict=True):
        sized = list(zip(spell.excursions, of_spell, strict=True))
        reps = Spell([e for e, size in sized if size >= min_deg], spell.rest_s)
        if reps.excursions:
            phases += _phases(leg, reps, start)
        partials += [
            Partial(e.start_s, e.end_s, size) for e, size in sized if RULES.min_range_deg <= size < min_deg
        ]
    return phases, partials


def _phases(leg: LegCurve, reps: Spell, start: Start) -> list[CommandedPhases]:
    up = leg.elevation_deg if start == "low" else -leg.elevation_deg
    speed = leg.speed_dps if start == "low" else -leg.speed_dps
    far, near = _turns(leg.time_s, up, reps)
    flanks: list[Span] = []
    for k in range(len(far)):
        lowest = up[near[k + 1]] if start == "low" else min(up[near[k]], up[near[k + 1]])
        band = RULES.band * (up[far[k]] - lowest)
        # the way back is the way out in reversed time
        flanks.append(_flank(leg.time_s, up, speed, (near[k], far[k]), band))
        flanks.append(_flank(leg.time_s, -up, -speed, (far[k], near[k + 1]), band))
    turns = [i for pair in zip(far, near[1:], strict=True) for i in pair]
    flanks = _met(flanks, [float(leg.time_s[i]) for i in turns])
    last = len(far) - 1
    parts = zip(reps.excursions, flanks[::2], flanks[1::2], strict=True)
    return [CommandedPhases(e, out, back, k == last) for k, (e, out, back) in enumerate(parts)]


def _met(flanks: list[Span], turns_s: list[float]) -> list[Span]:
    """Make overlapping phases meet at the turn between them, so that no pause is negative."""
    begins, ends = [f[0] for f in flanks], [f[1] for f in flanks]
    for k in range(len(flanks) - 1):
        if ends[k] > begins[k + 1]:
            ends[k] = begins[k + 1] = turns_s[k]
    return list(zip(begins, ends, strict=True))


Turns = tuple[list[int], list[int]]


def _turns(t: FloatArray, up: FloatArray, spell: Spell) -> Turns:
    """Return indices of the far end of each excursion, and of the lowest rest before, between and after."""
    far = []
    for e in spell.excursions:
        begin, end = np.searchsorted(t, (e.start_s, e.end_s))
        far.append(int(begin + np.argmax(up[begin:end])))
    first, last = (int(i) for i in np.searchsorted(t, spell.rest_s))
    edges = [first, *far, last]
    near = [a + int(np.argmin(up[a : max(b, a + 1)])) for a, b in pairwise(edges)]
    return far, near


def _sizes(up: FloatArray, turns: Turns) -> list[float]:
    """Return the smaller of the way out and the way back of each excursion."""
    far, near = turns
    return [float(up[f] - max(up[near[k]], up[near[k + 1]])) for k, f in enumerate(far)]


def _least_counted(sizes: list[float]) -> float:
    """Return the minimum size that counts: at least 8 degrees, and 35 % of the median of those left."""
    left = [s for s in sizes if s >= RULES.min_range_deg]
    while left and min(left) < RULES.min_range_share * float(np.median(left)):
        limit = RULES.min_range_share * float(np.median(left))
        left = [s for s in left if s >= limit]
    return min(left, default=np.inf)


def _flank(t: FloatArray, up: FloatArray, speed: FloatArray, between: tuple[int, int], band: float) -> Span:
    """Return begin and end of a rising phase between the turns below and above it."""
    below, above = between
    high = below + int(np.argmax(up[below : above + 1] >= up[above] - band))
    low = high - int(np.argmax(up[below : high + 1][::-1] <= up[below] + band))
    peak = _phase_peak(speed, low, high)
    last = len(t) - 1
    begin = _boundary(-t[::-1], speed[::-1], last - low, peak)
    return -begin, _boundary(t, speed, high, peak)


def _phase_peak(speed: FloatArray, low: int, high: int) -> float:
    slow = speed < 0.1 * float(np.max(speed[low : high + 1]))
    before = low - int(np.argmax(slow[: low + 1][::-1]))
    after = high + int(np.argmax(slow[high:]))
    return float(np.max(speed[before : after + 1]))


def _boundary(t: FloatArray, speed: FloatArray, entered: int, peak: float) -> float:
    """Return the end of a rising flank near its far end, by the two-case rule."""
    limit = min(0.1 * peak, RULES.slow_dps)
    moving = np.abs(speed) >= RULES.slow_dps
    stop = entered
    while True:
        stop = _first(speed < limit, stop)
        moving_again = _first(moving, stop)
        slow_since = stop - _first(moving[: stop + 1][::-1], 0)
        if t[moving_again] - t[slow_since] >= RULES.dwell_s:
            break
        turn = _first(speed <= 0.0, stop)
        if turn <= moving_again:
            return _crossing(t, speed, turn, 0.0)
        stop = moving_again
    # extrapolate the line through 10 % and 40 % of the peak to zero
    at_40 = _last_above(t, speed, stop, 0.4 * peak)
    at_10 = _last_above(t, speed, stop, 0.1 * peak)
    return at_10 + (at_10 - at_40) / 3.0


def _first(condition: np.typing.NDArray[np.bool_], begin: int) -> int:
    """Return the first index from `begin` on where the condition holds, else the last index."""
    found = int(np.argmax(condition[begin:]))
    return begin + found if condition[begin + found] else len(condition) - 1


def _last_above(t: FloatArray, speed: FloatArray, end: int, level: float) -> float:
    """Return when the speed last falls through `level` before `end`."""
    k = end - int(np.argmax(speed[: end + 1][::-1] >= level))
    return _crossing(t, speed, k + 1, level)


def _crossing(t: FloatArray, speed: FloatArray, k: int, level: float) -> float:
    """Interpolate when the speed passes `level` between samples `k - 1` and `k`."""
    k = min(max(k, 1), len(t) - 1)
    before, after = float(speed[k - 1]), float(speed[k])
    if before == after:
        return float(t[k])
    share = (before - level) / (before - after)
    return float(t[k - 1] + np.clip(share, 0.0, 1.0) * (t[k] - t[k - 1]))
