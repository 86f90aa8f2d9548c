"""Taps: both sensors, held in one hand, are knocked on something a few times and record the same impacts.

An impact lasts a few milliseconds, one or two samples. Its time in each sensor is the centroid of its peak,
to a fraction of a sample; impacts are matched by their pattern.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from imu_reps.domain.samples import FloatArray, IntArray
from imu_reps.kinematics.robust import median

#: Bound of 95 %, in standard deviations.
BOUND = 2.0
#: Largest offset considered possible between two sensors on one host.
MAX_OFFSET_S = 0.25


@dataclass(frozen=True, slots=True)
class TapParams:
    """Parameters of taps and of the uncertainty of their times.

    Attributes
    ----------
    min_impact_mps2, min_ratio : float
        Smallest impact above its surroundings, and as a multiple of the sensor's median deviation from them.
    around_s : float
        Window of the median that gives an impact's surroundings.
    ringing_s, ringing_periods : float
        Time before and after an impact that contains its ringing, in seconds or in periods, whichever is
        longer.
    apart_s : float
        Shortest time between two taps.
    together_s : float
        Largest difference of the times of one impact in both sensors, or a sample period if that is longer.
    min_aligned_taps, min_share : int or float
        Fewest impacts that must match, and smallest share of all: a single one, or less than half, may be
        chance.
    rival_share : float
        Support of another offset, relative to the best one, above which the pattern is ambiguous.
    tap_s, at_period_s : float
        Standard deviation of the time of a single tap, and the sample period it holds for; it grows with the
        square of longer periods, as these may miss the peak.
    belief_taps : float
        Weight of that prior, in number of taps, against the taps' own scatter.
    other_filter_s : float
        Difference of the delays of the two sensors' own filters, which more taps do not reduce.
    """

    min_impact_mps2: float = 4.0
    min_ratio: float = 8.0
    around_s: float = 0.25
    ringing_s: float = 0.04
    ringing_periods: float = 2.2
    apart_s: float = 0.12
    together_s: float = 0.015
    min_aligned_taps: int = 2
    min_share: float = 0.5
    rival_share: float = 0.7
    tap_s: float = 0.003
    at_period_s: float = 0.01
    belief_taps: float = 4.0
    other_filter_s: float = 0.0013


PARAMS = TapParams()


class TapWindow(NamedTuple):
    """Specific force of one sensor around the time of a tap: (n,) seconds, (n, 3) m/s²."""

    time_s: FloatArray
    acc_mps2: FloatArray


@dataclass(frozen=True, slots=True)
class TapOffset:
    """Offset between the two sensors, from taps.

    Attributes
    ----------
    offset_s : float
        Correction to add to the ankle's times, so that they agree with the pelvis's.
    uncertainty_s : float
        Bound of its error, which holds in 95 %.
    taps : int
        Number of impacts in both sensors.
    time_s : float
        Time of the first one, on the pelvis's times.
    """

    offset_s: float
    uncertainty_s: float
    taps: int
    time_s: float


@dataclass(frozen=True, slots=True)
class TapNotFound:
    """Reason why taps gave no offset, in words that follow "because"."""

    reason: str


def find_taps(pelvis: TapWindow, ankle: TapWindow, max_s: float = MAX_OFFSET_S) -> TapOffset | TapNotFound:
    """Find the impacts common to both sensors, and the offset between their times.

    Parameters
    ----------
    pelvis, ankle : TapWindow
        A few seconds of each, on the same host's clock.
    max_s : float
        Largest offset considered.
    """
    felt = _impacts(pelvis), _impacts(ankle)
    for impacts, place in zip(felt, ("pelvis", "ankle"), strict=True):
        if not len(impacts.time_s):
            return TapNotFound(f"the {place} sensor felt no impact then")
    period_s = max(median(np.diff(window.time_s)) for window in (pelvis, ankle))
    pairs = _matched(*felt, max_s, max(PARAMS.together_s, period_s))
    if isinstance(pairs, TapNotFound):
        return pairs
    apart = felt[0].time_s[pairs[0]] - felt[1].time_s[pairs[1]]
    return TapOffset(median(apart), _bound(apart, period_s), len(apart), float(felt[0].time_s[pairs[0][0]]))


class _Impacts(NamedTuple):
    """Times and sizes of the impacts of one sensor."""

    time_s: FloatArray
    size_mps2: FloatArray


def _impacts(window: TapWindow) -> _Impacts:
    if len(window.time_s) < 3:
        return _Impacts(np.empty(0), np.empty(0))
    size = _jolt(window)
    least = max(PARAMS.min_impact_mps2, PARAMS.min_ratio * median(size))
    peaks: list[int] = []
    for row in np.argsort(size)[::-1].tolist():
        if size[row] < least:
            break
        if all(abs(window.time_s[row] - window.time_s[other]) > PARAMS.apart_s for other in peaks):
            peaks.append(row)
    rows = np.sort(np.array(peaks, dtype=np.int64))
    return _Impacts(np.array([_middle(window.time_s, size, row) for row in rows.tolist()]), size[rows])


def _jolt(window: TapWindow) -> FloatArray:
    """Return the distance of the specific force from its running median, (n,) m/s²."""
    from scipy.ndimage import median_filter

    period_s = median(np.diff(window.time_s))
    length = 2 * round(PARAMS.around_s / period_s / 2) + 1
    around = median_filter(window.acc_mps2, size=(max(length, 3), 1), mode="nearest")
    return np.asarray(np.linalg.norm(window.acc_mps2 - around, axis=1))


def _middle(time_s: FloatArray, size: FloatArray, peak: int) -> float:
    """Return the time of an impact's centroid."""
    period_s = median(np.diff(time_s))
    ringing_s = max(PARAMS.ringing_s, PARAMS.ringing_periods * period_s)
    near = slice(*np.searchsorted(time_s, [time_s[peak] - ringing_s, time_s[peak] + ringing_s]))
    weight = size[near] ** 2
    return float(weight @ time_s[near] / weight.sum())


def _matched(
    pelvis: _Impacts, ankle: _Impacts, max_s: float, together_s: float
) -> tuple[IntArray, IntArray] | TapNotFound:
    """Return the matching impacts of both sensors under the offset with the most support."""
    apart = pelvis.time_s[:, None] - ankle.time_s[None, :]
    weight = np.sqrt(np.minimum(pelvis.size_mps2[:, None], ankle.size_mps2[None, :]))
    tried = apart[np.abs(apart) < max_s]
    if not len(tried):
        return TapNotFound("the two sensors felt no impact at the same time")
    together = np.abs(apart[None] - tried[:, None, None]) < together_s
    support = (together * weight).max(axis=2).sum(axis=1)
    best = int(np.argmax(support))
    rivals = np.abs(tried - tried[best]) > 2.0 * together_s
    if rivals.any() and support[rivals].max() > PARAMS.rival_share * support[best]:
        return TapNotFound("more than one offset fits the impacts")
    in_pelvis, in_ankle = np.nonzero(together[best])
    if len(in_pelvis) < max(PARAMS.min_aligned_taps, PARAMS.min_share * min(apart.shape)):
        return TapNotFound("the two sensors felt too few of the impacts together")
    return in_pelvis.astype(np.int64), in_ankle.astype(np.int64)


def _bound(apart_s: FloatArray, period_s: float) -> float:
    """Return the bound of the offset's error, by the taps' scatter and the prior of a single tap."""
    expected = (PARAMS.tap_s * max(1.0, period_s / PARAMS.at_period_s) ** 2) ** 2
    scatter = float(np.sum((apart_s - median(apart_s)) ** 2))
    variance = (PARAMS.belief_taps * expected + scatter) / (PARAMS.belief_taps + len(apart_s) - 1)
    return BOUND * float(np.sqrt(variance / len(apart_s) + PARAMS.other_filter_s**2))
