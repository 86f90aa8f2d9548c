"""Coasting while it happens: the share of a way that is not over yet, and when it passed its limit."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import acos, asin, degrees

from imu_reps.analysis.filters import rate_of_change
from imu_reps.analysis.reps.momentum import LEAST_DEG, LEAST_LEVER, coasting_degrees
from imu_reps.domain.recording import Posture
from imu_reps.domain.samples import FloatArray

#: The newest instants say nothing about acceleration yet.
EDGE_TICKS = 2


@dataclass(frozen=True, slots=True)
class Coasting:
    """A share past its limit, and how many instants before the newest it passed it."""

    share: float
    ticks_ago: int


def coasting_past(
    elevation_deg: FloatArray, whole_deg: float, posture: Posture, direction: int, limit: float
) -> Coasting | None:
    """Whether what has coasted of a way is past `limit` of its whole; None where not, or not known.

    Parameters
    ----------
    elevation_deg : (n,) float
        Low-passed, since the way began.
    whole_deg : float
        How long the way will be.
    direction : {1, -1}
        1: rising, -1: lowering.
    limit : float
        Share of the degrees of the whole way that can be judged.
    """
    acceleration = rate_of_change(rate_of_change(elevation_deg))
    known, moment = elevation_deg[:-EDGE_TICKS], acceleration[:-EDGE_TICKS]
    if len(known) < EDGE_TICKS or direction * (known[-1] - known[0]) < LEAST_DEG:
        return None

    def coasted_deg(end: int) -> float:
        return coasting_degrees(known[:end], moment[:end], posture, direction)[0]

    coasted, judged = coasting_degrees(known, moment, posture, direction)
    begin_deg = float(known[0])
    judged = max(judged, judgeable_deg(begin_deg, begin_deg + direction * whole_deg, posture))
    if judged < LEAST_DEG or coasted <= limit * judged:
        return None
    ends = range(EDGE_TICKS, len(known))
    passed = bisect_left(ends, True, key=lambda end: coasted_deg(end) > limit * judged)
    return Coasting(coasted / judged, len(elevation_deg) - EDGE_TICKS - passed)


def judgeable_deg(begin_deg: float, end_deg: float, posture: Posture) -> float:
    """How many of the degrees between two leg elevations have a gravity lever long enough to be judged."""
    if posture == "hanging":
        low = degrees(asin(LEAST_LEVER))
        high = 180.0 - low
    else:
        high = degrees(acos(LEAST_LEVER))
        low = -high
    return abs(min(max(end_deg, low), high) - min(max(begin_deg, low), high))
