"""Sensors that turn against the limb: gravity moves over, and the gyroscope saw nothing turn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import FloatArray, IntArray, SensorPlace
from imu_reps.kinematics.rest import stretches
from imu_reps.quality.gyroscope import calm_windows, hop_rotations
from imu_reps.quality.windows import HOP_S, Windows, angle_deg, usual_direction

#: Between calm windows so many hops apart gravity is carried along by the gyroscope.
LAGS = (4, 8, 16)
#: A pair that misses by this contradicts itself; one that misses by less than that agrees (ours, over 500
#: random simulated sets: good pairs miss by 1 to 4°).
MISSED_DEG, AGREED_DEG = 12.0, 8.0
#: So many pairs over one moment must miss, and none agree; of the others over which gravity turns by so much
#: nearly all agree. More moments than this are a gyroscope that fails.
MIN_MISSED, TURNING_DEG, AGREEING_SHARE, MOST = 4, 8.0, 0.9, 3
#: Where the sensor dwells has moved by this as well: after a swing that a gyroscope missed it has not.
DWELLS_APART_DEG = 8.0
#: A moment that lasts longer is none: a gyroscope that fails.
LONGEST_S = 3.0


def check_turned(place: SensorPlace, windows: Windows) -> Iterator[Finding]:
    """When a sensor turned against its limb, and by how much."""
    first, last, way, missed = _pairs(windows)
    bad, good = missed > MISSED_DEG, missed < AGREED_DEG
    if bad.sum() < MIN_MISSED:
        return
    over_bad, over_good = (_over(first[which], last[which], len(windows)) for which in (bad, good))
    moments = [
        (start, stop)
        for start, stop in stretches((over_bad >= MIN_MISSED) & (over_good == 0))
        if (stop - start) * HOP_S <= LONGEST_S
    ]
    explained = np.zeros(len(missed), bool)
    for start, stop in moments:
        explained |= (first < stop) & (last > start)
    others = ((way > TURNING_DEG) | bad) & ~explained
    if len(moments) > MOST or good[others].sum() < AGREEING_SHARE * others.sum():
        return
    edges = [0, *(round((start + stop) / 2) for start, stop in moments), len(windows)]
    for before, at, after in zip(edges, edges[1:], edges[2:], strict=False):
        was, now = usual_direction(windows.up[before:at]), usual_direction(windows.up[at + 2 : after])
        if was is not None and now is not None and (by := float(angle_deg(was, now))) > DWELLS_APART_DEG:
            at_s = windows.start_s + HOP_S * (at + 0.5)
            values = {"turned_deg": by}
            yield Finding("sensor_turned", values=values, severity="caution", sensor=place, start_s=at_s)


def _pairs(windows: Windows) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Pairs of calm windows, first and last; by how much gravity turns, and where the gyroscope misses it."""
    calm = calm_windows(windows)
    step, lag, found = hop_rotations(windows, calm), 1, []
    while lag < LAGS[-1] and len(step) > lag:
        step, lag = step[lag:] @ step[:-lag], 2 * lag
        if lag not in LAGS:
            continue
        rows = np.flatnonzero(calm[:-lag] & calm[lag:] & np.isfinite(step[:, 0, 0]))
        before, after = windows.up[rows], windows.up[rows + lag]
        carried = np.einsum("nij,nj->ni", step[rows], before)
        found.append(np.column_stack([rows, rows + lag, angle_deg(before, after), angle_deg(carried, after)]))
    first, last, way, missed = np.concatenate([np.empty((0, 4)), *found]).T
    return first.astype(np.int64), last.astype(np.int64), way, missed


def _over(first: IntArray, last: IntArray, count: int) -> IntArray:
    """How many pairs lead over each hop."""
    edges = np.zeros(count + 1, dtype=np.int64)
    np.add.at(edges, first + 1, 1)
    np.add.at(edges, last, -1)
    return np.asarray(np.cumsum(edges)[:count])
