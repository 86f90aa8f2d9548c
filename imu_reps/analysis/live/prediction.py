"""Prediction of the leg's current way: its length, its duration, and whether it coasts."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import acos, asin, degrees

import numpy as np

from imu_reps.analysis.reps.control import MIN_DEG, MIN_LEVER, coasting_degrees
from imu_reps.analysis.reps.phases import BAND_SHARE, flank_start
from imu_reps.analysis.set_motion import rate_of_change
from imu_reps.domain.exercise import Posture
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ

#: A way is slowing down towards its end once its speed is under this share of its peak.
SLOWING_SHARE = 0.85
#: Window in which its deceleration is measured.
SLOWING_TICKS = 10

#: A way that seems to end before this share of the usual one is stalling and will go on.
MIN_SHARE = 0.75

#: Share of a way after which its pace is predicted.
HALF = 0.5

#: A peak over this many times the mean speed of the shortest lowering is too fast, whatever the speed
#: profile. The smoothest movement has 1.7, between the boundaries of docs/definitions.md#phases; one that
#: slows down only at the end has 2.1.
PEAK_OVER_MEAN = 2.1

#: Number of newest instants without a valid acceleration.
EDGE_TICKS = 2


@dataclass(frozen=True, slots=True)
class Stop:
    """Degrees and seconds left if the leg keeps its deceleration."""

    deg: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Pace:
    """Predicted duration of a whole way, and how many ticks ago its half was passed."""

    whole_s: float
    ticks_ago: int


def stop_ahead(travel_deg: FloatArray) -> Stop | None:
    """Return where a way will end; None while it does not slow down.

    Parameters
    ----------
    travel_deg : (n,) float
        Low-passed degrees since the way began, growing along it.

    Notes
    -----
    With speed v and constant deceleration a, v²/2a degrees and v/a seconds are left. A smooth movement's
    deceleration still grows just after its peak: that overestimates what is left, so that the whole way seems
    slower and longer rather than faster and shorter.
    """
    speed = rate_of_change(travel_deg)
    if len(speed) <= SLOWING_TICKS or not 0.0 < speed[-1] < SLOWING_SHARE * speed.max():
        return None
    falls_dps2 = float(speed[-1 - SLOWING_TICKS] - speed[-1]) * GRID_HZ / SLOWING_TICKS
    if falls_dps2 <= 0.0:
        return None
    speed_dps = float(speed[-1])
    return Stop(speed_dps**2 / (2.0 * falls_dps2), speed_dps / falls_dps2)


def whole_way_deg(travel_deg: FloatArray, usual_deg: float) -> float | None:
    """Predict the length of a way: the usual one, or up to where the leg is about to stop; None if unknown.

    Parameters
    ----------
    travel_deg : (n,) float
        Low-passed degrees since the way began, growing along it.
    usual_deg : float
        Length of the way to where the leg recently turned; 0 if it has not been there.
    """
    stop = _end_ahead(travel_deg, usual_deg)
    seen_deg = float(travel_deg[-1])
    if stop is None:
        return max(usual_deg, seen_deg) if usual_deg > 0.0 else None
    return min(max(usual_deg, seen_deg), seen_deg + stop.deg) if usual_deg > 0.0 else seen_deg + stop.deg


def _end_ahead(travel_deg: FloatArray, usual_deg: float) -> Stop | None:
    """Return where the way will stop; None if it does not slow down, or stalls."""
    stop = stop_ahead(travel_deg)
    return None if stop is None or travel_deg[-1] + stop.deg < MIN_SHARE * usual_deg else stop


def pace_ahead(travel_deg: FloatArray, usual_deg: float) -> Pace | None:
    """Predict the duration of a way in its second half; None before, and where its length is unknown.

    The shortest of three: twice the time of its first half, that by its peak speed, and that by its
    deceleration.

    Parameters
    ----------
    travel_deg : (n,) float
        Low-passed degrees since the way began, growing along it.
    usual_deg : float
        Length of the way to where the leg recently turned; 0 if it has not been there.
    """
    whole_deg = whole_way_deg(travel_deg, usual_deg)
    if whole_deg is None or travel_deg[-1] < HALF * whole_deg:
        return None
    half = int(np.argmax(travel_deg >= HALF * whole_deg))
    speed = rate_of_change(travel_deg)
    peak_dps = float(speed.max())
    began = flank_start(speed, int(np.argmax(travel_deg > BAND_SHARE * whole_deg)), peak_dps)
    found_s = [(half - began) / GRID_HZ / HALF, PEAK_OVER_MEAN * whole_deg / peak_dps]
    if (stop := _end_ahead(travel_deg, usual_deg)) is not None:
        found_s.append((len(travel_deg) - 1 - began) / GRID_HZ + stop.seconds)
    return Pace(min(found_s), len(travel_deg) - 1 - half)


@dataclass(frozen=True, slots=True)
class Coasting:
    """A coasting share past its limit, and how many ticks ago it passed it."""

    share: float
    ticks_ago: int


def coasting_past(
    elevation_deg: FloatArray, whole_deg: float, posture: Posture, direction: int, limit: float
) -> Coasting | None:
    """Return the coasting share of a way if it is already past `limit`; None if not, or not known.

    Parameters
    ----------
    elevation_deg : (n,) float
        Low-passed leg elevation since the way began.
    whole_deg : float
        Predicted length of the way.
    posture : {"supine", "hanging"}
    direction : {1, -1}
        1: rising, -1: lowering.
    limit : float
        Greatest share of the degrees of the whole way that can be judged.
    """
    acceleration = rate_of_change(rate_of_change(elevation_deg))
    known, moment = elevation_deg[:-EDGE_TICKS], acceleration[:-EDGE_TICKS]
    if len(known) < EDGE_TICKS or direction * (known[-1] - known[0]) < MIN_DEG:
        return None

    def coasted_deg(end: int) -> float:
        return coasting_degrees(known[:end], moment[:end], posture, direction)[0]

    coasted, judged = coasting_degrees(known, moment, posture, direction)
    begin_deg = float(known[0])
    judged = max(judged, judgeable_deg(begin_deg, begin_deg + direction * whole_deg, posture))
    if judged < MIN_DEG or coasted <= limit * judged:
        return None
    ends = range(EDGE_TICKS, len(known))
    passed = bisect_left(ends, True, key=lambda end: coasted_deg(end) > limit * judged)
    return Coasting(coasted / judged, len(elevation_deg) - EDGE_TICKS - passed)


def judgeable_deg(begin_deg: float, end_deg: float, posture: Posture) -> float:
    """Return how many degrees between two leg elevations have a gravity lever long enough to be judged."""
    if posture == "hanging":
        low = degrees(asin(MIN_LEVER))
        high = 180.0 - low
    else:
        high = degrees(acos(MIN_LEVER))
        low = -high
    return abs(min(max(end_deg, low), high) - min(max(begin_deg, low), high))
