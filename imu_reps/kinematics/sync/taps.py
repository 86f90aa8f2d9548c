"""Taps: both sensors, held in one hand, are knocked together a few times; each feels the same impacts.

An impact lasts a few milliseconds, a sample or two. Its time in each sensor is where the weight of its peak
lies, which is finer than a sample; which impact is which follows from the pattern of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from imu_reps.domain.samples import FloatArray, IntArray

#: The times of two sensors on one host are hardly this far apart.
MAX_OFFSET_S = 0.25

#: An impact stands out of what is around it by this much, and by so many times the sensor's own unrest.
MIN_IMPACT_MPS2 = 4.0
MIN_RATIO = 8.0
#: What is around an impact; an impact with its ringing; two taps are further apart.
AROUND_S = 0.25
RINGING_S = 0.04
RINGING_PERIODS = 2.2
APART_S = 0.12

#: Impacts of both sensors belong together if their times agree this well, or to a sample period.
TOGETHER_S = 0.015
#: One impact of each at the same time may be chance, and so may less than half of all.
MIN_ALIGNED_TAPS = 2
MIN_SHARE = 0.5
#: Another offset that matches nearly as many impacts makes the pattern ambiguous.
RIVAL = 0.7

#: What a single tap tells the time to at 100 Hz; of a slower sensor the more, as it may miss the peak.
TAP_S, AT_PERIOD_S = 0.003, 0.01
#: That is believed as much as so many taps' own scatter.
BELIEF = 4.0
#: The two sensors' own filters delay an impact differently by about so much, which more taps do not mend.
OTHER_FILTER_S = 0.0013
BOUND = 2.0


class Shaken(NamedTuple):
    """One sensor's specific force around the time of a tap: (n,) seconds, (n, 3) m/s²."""

    time_s: FloatArray
    acc_mps2: FloatArray


@dataclass(frozen=True, slots=True)
class TapOffset:
    """What taps showed.

    Attributes
    ----------
    offset_s : float
        To be added to the ankle's times, so that they agree with the pelvis's.
    uncertainty_s : float
        Bound of its error, kept in 95 of 100.
    taps : int
        Impacts that both sensors felt.
    time_s : float
        The first of them, on the pelvis's times.
    """

    offset_s: float
    uncertainty_s: float
    taps: int
    time_s: float


@dataclass(frozen=True, slots=True)
class NoTap:
    """Why no offset could be read from taps, in words that follow "because"."""

    reason: str


def find_taps(pelvis: Shaken, ankle: Shaken, max_s: float = MAX_OFFSET_S) -> TapOffset | NoTap:
    """Find the impacts that both sensors share, and the offset between their times.

    Parameters
    ----------
    pelvis, ankle : Shaken
        A few seconds of each, on the same host's clock.
    max_s : float
        Offsets beyond this are not thought possible.
    """
    felt = _impacts(pelvis), _impacts(ankle)
    for impacts, place in zip(felt, ("pelvis", "ankle"), strict=True):
        if not len(impacts.time_s):
            return NoTap(f"the {place} sensor felt no impact then")
    period_s = max(float(np.median(np.diff(shaken.time_s))) for shaken in (pelvis, ankle))
    pairs = _matched(*felt, max_s, max(TOGETHER_S, period_s))
    if isinstance(pairs, NoTap):
        return pairs
    apart = felt[0].time_s[pairs[0]] - felt[1].time_s[pairs[1]]
    return TapOffset(
        float(np.median(apart)), _bound(apart, period_s), len(apart), float(felt[0].time_s[pairs[0][0]])
    )


class _Impacts(NamedTuple):
    """Impacts of one sensor: when, and how hard."""

    time_s: FloatArray
    size_mps2: FloatArray


def _impacts(shaken: Shaken) -> _Impacts:
    size = _jolt(shaken)
    if len(size) < 3:
        return _Impacts(np.empty(0), np.empty(0))
    least = max(MIN_IMPACT_MPS2, MIN_RATIO * float(np.median(size)))
    peaks: list[int] = []
    for row in np.argsort(size)[::-1].tolist():
        if size[row] < least:
            break
        if all(abs(shaken.time_s[row] - shaken.time_s[other]) > APART_S for other in peaks):
            peaks.append(row)
    rows = np.sort(np.array(peaks, dtype=np.int64))
    return _Impacts(np.array([_middle(shaken.time_s, size, row) for row in rows.tolist()]), size[rows])


def _jolt(shaken: Shaken) -> FloatArray:
    """How far the specific force is from its median around, (n,) m/s²."""
    if len(shaken.time_s) < 3:
        return np.zeros(len(shaken.time_s))
    from scipy.ndimage import median_filter

    period_s = float(np.median(np.diff(shaken.time_s)))
    length = 2 * round(AROUND_S / period_s / 2) + 1
    around = median_filter(shaken.acc_mps2, size=(max(length, 3), 1), mode="nearest")
    return np.asarray(np.linalg.norm(shaken.acc_mps2 - around, axis=1))


def _middle(time_s: FloatArray, size: FloatArray, peak: int) -> float:
    """Where the weight of an impact lies."""
    period_s = float(np.median(np.diff(time_s)))
    ringing_s = max(RINGING_S, RINGING_PERIODS * period_s)
    near = slice(*np.searchsorted(time_s, [time_s[peak] - ringing_s, time_s[peak] + ringing_s]))
    weight = size[near] ** 2
    return float(weight @ time_s[near] / weight.sum())


def _matched(
    pelvis: _Impacts, ankle: _Impacts, max_s: float, together_s: float
) -> tuple[IntArray, IntArray] | NoTap:
    """Which impacts belong together, under the one offset that most of them agree on."""
    apart = pelvis.time_s[:, None] - ankle.time_s[None, :]
    weight = np.sqrt(np.minimum(pelvis.size_mps2[:, None], ankle.size_mps2[None, :]))
    tried = apart[np.abs(apart) < max_s]
    if not len(tried):
        return NoTap("the two sensors felt no impact at the same time")
    together = np.abs(apart[None] - tried[:, None, None]) < together_s
    support = (together * weight).max(axis=2).sum(axis=1)
    best = int(np.argmax(support))
    rivals = np.abs(tried - tried[best]) > 2.0 * together_s
    if rivals.any() and support[rivals].max() > RIVAL * support[best]:
        return NoTap("more than one offset fits the impacts")
    in_pelvis, in_ankle = np.nonzero(together[best])
    if len(in_pelvis) < max(MIN_ALIGNED_TAPS, MIN_SHARE * min(apart.shape)):
        return NoTap("the two sensors felt too few of the impacts together")
    return in_pelvis.astype(np.int64), in_ankle.astype(np.int64)


def _bound(apart_s: FloatArray, period_s: float) -> float:
    """From how well the taps agree, and what one tap can tell."""
    expected = (TAP_S * max(1.0, period_s / AT_PERIOD_S) ** 2) ** 2
    scatter = float(np.sum((apart_s - np.median(apart_s)) ** 2))
    variance = (BELIEF * expected + scatter) / (BELIEF + len(apart_s) - 1)
    return BOUND * float(np.sqrt(variance / len(apart_s) + OTHER_FILTER_S**2))
