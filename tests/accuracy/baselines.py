"""Plain counters as baselines: on no population may the estimator count fewer sets right than these.

Each uses the plainest angle of the leg and ignores posture, rest, zero, lever and the direction of up: it
gives the counts of both directions, and the one nearer to the truth is taken. That is generous.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from judged import JudgedSet, Outcome, is_right, tried
from leg_angle import LegAngle, leg_angle
from scipy.signal import find_peaks

from imu_reps.domain.samples import FloatArray

#: A turn is a reversal by this share of the span from the 5th to the 95th percentile of the angle.
TURN_SHARE = 0.35

#: Range of the duration of a repetition for the autocorrelation, s.
SHORTEST_S, LONGEST_S = 1.0, 15.0

#: The leg moves where its smoothed speed is above this share of the 95th percentile.
MOVING_SHARE = 0.1


@dataclass(frozen=True)
class Baseline:
    """A counter of one angle.

    Attributes
    ----------
    name : str
    counts : callable
        Every count that it may have meant.
    """

    name: str
    counts: Callable[[LegAngle], tuple[int, ...]]


def baseline_outcome(one: JudgedSet, baseline: Baseline) -> Outcome:
    """Return the outcome with the best of the baseline's counts of a set."""
    found = tried(lambda: _nearest(one, baseline))
    return Outcome(one.name, one.allowed, found, is_right(one, found))


def _nearest(one: JudgedSet, baseline: Baseline) -> int | None:
    ankle = one.load().ankle
    if ankle is None:
        return None
    allowed = [count for count in one.allowed if count is not None]
    counts = baseline.counts(leg_angle(ankle))
    return min(counts, key=lambda count: min((abs(count - right) for right in allowed), default=0))


def zigzag(angle: LegAngle) -> tuple[int, ...]:
    """Count pairs of opposite moves between turns, beginning with the first and with the second move."""
    moves = len(list(turns(angle.angle_deg, TURN_SHARE * _span_deg(angle)))) - 1
    return moves // 2, (moves - 1) // 2


def turns(angle_deg: FloatArray, min_deg: float) -> Iterator[float]:
    """Yield the lowest and highest angles alternately, each at least `min_deg` from the one before."""
    low = high = angle_deg[0]
    rising: bool | None = None
    for angle in angle_deg:
        low, high = min(low, angle), max(high, angle)
        if rising is not True and angle - low >= min_deg:
            yield low
            rising, high = True, angle
        elif rising is not False and high - angle >= min_deg:
            yield high
            rising, low = False, angle
    if rising is not None:
        yield high if rising else low


def peaks(angle: LegAngle) -> tuple[int, ...]:
    """Count peaks of the angle and of its negative, with at least the prominence of a turn."""
    min_deg = TURN_SHARE * _span_deg(angle)
    return tuple(len(find_peaks(sign * angle.angle_deg, prominence=min_deg)[0]) for sign in (1.0, -1.0))


def autocorrelation(angle: LegAngle) -> tuple[int, ...]:
    """Count how often the period of largest autocorrelation fits into the duration of the movement."""
    first, last = _moving(angle)
    moved = angle.angle_deg[first:last] - angle.angle_deg[first:last].mean()
    spectrum = np.abs(np.fft.rfft(moved, 2 * len(moved))) ** 2
    alike = np.fft.irfft(spectrum)[: len(moved)] / np.arange(len(moved), 0, -1)
    lags = np.arange(len(moved)) * angle.period_s
    allowed_lags = (lags >= SHORTEST_S) & (lags <= min(LONGEST_S, 0.75 * lags[-1]))
    found = find_peaks(np.where(allowed_lags, alike, -np.inf))[0]
    if not len(found):
        return (1,)
    return (round(lags[-1] / lags[found[np.argmax(alike[found])]]),)


def _span_deg(angle: LegAngle) -> float:
    low, high = np.percentile(angle.angle_deg, (5, 95))
    return float(high - low)


def _moving(angle: LegAngle) -> tuple[int, int]:
    """Return the first and last sample of the leg's movement."""
    width = max(1, round(0.5 / angle.period_s))
    speed = np.convolve(np.abs(np.gradient(angle.angle_deg)), np.ones(width) / width, mode="same")
    moving = np.flatnonzero(speed > MOVING_SHARE * np.percentile(speed, 95))
    return int(moving[0]), int(moving[-1]) + 1


BASELINES = (
    Baseline("zigzag", zigzag),
    Baseline("find_peaks", peaks),
    Baseline("autocorrelation", autocorrelation),
)
