"""Orientation: from one sensor's samples to the direction of up in its own axes.

VQF (Laidig and Seel, Information Fusion 2023) is used as published, without a magnetometer: its real-time
update for the stream, its acausal form for a finished set. Only up is used, since these sensors do not show
the heading.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise, starmap

import numpy as np
from vqf import VQF, offlineVQF

from imu_reps.domain.samples import BoolArray, FloatArray, IntArray, SampleBlock, interpolate_columns
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.rest import (
    RunningStillness,
    bias_at_rest,
    find_rests,
    still_mask,
    warming_curve,
    window_length,
)

#: Longest hole that is bridged linearly, for the filter only, in a finished set and live; after a longer one
#: the filter restarts (ours: bridged holes of half a second put angles of the next seconds of swung sets off
#: by up to 10 degrees; live, where a filter that restarts knows nothing of what follows, they cost less).
BRIDGE_S, LIVE_BRIDGE_S = 0.4, 0.6

#: Largest angle between up and the accelerometer at rest. More than any accelerometer's bias explains (0.5
#: m/s² is 3 degrees) means a wrong estimate: samples were lost uncounted, or the first directions were wrong.
#: A strap slips by up to 15 degrees, which the leg's frame takes care of (ours).
ASTRAY_DEG = 20.0

#: Time for which a restarted filter is fed the rest, three times its time constant: otherwise the
#: acceleration of the next movement would pass for gravity (4 to 10 degrees over ten seconds, in a simulated
#: set).
SETTLED_S = 9.0

#: Number of latest still half seconds that give the live bias: enough to see a gyroscope warm up.
LATEST_RESTS = 240


@dataclass(frozen=True, slots=True)
class SensorMotion:
    """Motion of one sensor on its own regular ticks; lost samples stay holes between ticks.

    Attributes
    ----------
    time_s : (n,) float
        Times on the recording's `time_s`, increasing.
    index : (n,) int
        Tick number; a step over 1 is a hole.
    up : (n, 3) float
        Direction of up in sensor axes, unit length.
    gyr_dps, acc_mps2 : (n, 3) float
        Angular rate without the bias shown by rests; specific force.
    still : (n,) bool
        Whether the half second that ends here is still.
    period_s : float
        Tick length.
    """

    time_s: FloatArray
    index: IntArray
    up: FloatArray
    gyr_dps: FloatArray
    acc_mps2: FloatArray
    still: BoolArray
    period_s: float


def up_from_quaternions(quaternions: FloatArray) -> FloatArray:
    """Return the direction of earth's z in sensor axes, for sensor-to-earth quaternions (n, 4), w first."""
    w, x, y, z = quaternions.T
    up = np.empty((len(quaternions), 3))
    up[:, 0], up[:, 1], up[:, 2] = 2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)
    return up


def offline_motion(
    timed: TimedSamples, block: SampleBlock, bias_dps: FloatArray | None = None
) -> SensorMotion:
    """Estimate the motion of a sensor in a finished set, acausally.

    Parameters
    ----------
    timed : TimedSamples
        The clock fit of `block`.
    block : SampleBlock
        All samples of one sensor.
    bias_dps : (3,) or (n, 3) float, optional
        Bias of the gyroscope by these samples' rests, if already known.
    """
    gyr, acc = block.gyr_dps.take(timed.order, axis=0), block.acc_mps2.take(timed.order, axis=0)
    length = window_length(timed.period_s)
    bias = bias_at_rest(gyr, acc, length) if bias_dps is None else bias_dps
    gyr = gyr if bias is None else gyr - bias
    up = np.empty_like(acc)
    for span in _filter_spans(timed):
        up[span] = up_from_quaternions(_filtered(timed, span, gyr, acc))
    return SensorMotion(timed.time_s, timed.index, up, gyr, acc, still_mask(gyr, acc, length), timed.period_s)


def offline_quaternions(timed: TimedSamples, block: SampleBlock) -> FloatArray:
    """Return sensor-to-earth orientations of a finished set, (n, 4), w first, z up, of arbitrary heading.

    Signs are continuous, so that neighbours can be averaged. After a hole that is not bridged the heading
    restarts.
    """
    gyr, acc = block.gyr_dps.take(timed.order, axis=0), block.acc_mps2.take(timed.order, axis=0)
    bias = bias_at_rest(gyr, acc, window_length(timed.period_s))
    gyr = gyr if bias is None else gyr - bias
    whole = np.concatenate([_filtered(timed, span, gyr, acc) for span in _filter_spans(timed)])
    flips = np.where((whole[1:] * whole[:-1]).sum(axis=1) < 0.0, -1.0, 1.0)
    return np.asarray(whole * np.append(1.0, np.cumprod(flips))[:, None])


def _filter_spans(timed: TimedSamples) -> list[slice]:
    breaks = np.flatnonzero(np.diff(timed.index) * timed.period_s > BRIDGE_S) + 1
    return list(starmap(slice, pairwise([0, *breaks.tolist(), len(timed.index)])))


def _filtered(timed: TimedSamples, span: slice, gyr_dps: FloatArray, acc_mps2: FloatArray) -> FloatArray:
    """Return the orientations over a span without a break, (n, 4), by all samples' rate and force."""
    ticks = timed.index[span] - timed.index[span.start]
    gyr = np.radians(on_every_tick(ticks, gyr_dps[span]))
    acc = np.ascontiguousarray(on_every_tick(ticks, acc_mps2[span]))
    quaternions = offlineVQF(gyr, acc, None, timed.period_s)["quat6D"]
    del gyr, acc
    return np.asarray(quaternions if len(quaternions) == len(ticks) else quaternions[ticks])


def is_astray(up: FloatArray, force_mps2: FloatArray) -> bool:
    """Whether up (3,) is far from the mean specific force (3,) of a rest, see `ASTRAY_DEG`."""
    least = np.cos(np.radians(ASTRAY_DEG)) * np.linalg.norm(force_mps2)
    return bool(up @ force_mps2 < least)


def on_every_tick(ticks: IntArray, values: FloatArray) -> FloatArray:
    """Return values on every tick, (m, 3) from (n, 3), with holes interpolated linearly; for filters only."""
    if ticks[-1] + 1 == len(ticks):
        return values
    return interpolate_columns(np.arange(ticks[-1] + 1), ticks, values)


class LiveMotion:
    """Estimates the motion of a sensor's stream, in order; any block size gives the same result.

    Parameters
    ----------
    period_s : float
        Tick length; the real rate may differ by the data sheet's error.
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._length = window_length(period_s)
        self._filter = VQF(period_s)
        self._still = RunningStillness(self._length)
        self._bias = np.zeros(3)
        self._rests: deque[tuple[int, FloatArray]] = deque(maxlen=LATEST_RESTS)
        self._latest: list[tuple[FloatArray, FloatArray]] = []
        self._last_index: int | None = None
        self._seen = 0

    def push(
        self, time_s: FloatArray, index: IntArray, gyr_dps: FloatArray, acc_mps2: FloatArray
    ) -> SensorMotion:
        """Estimate the next samples; see `SensorMotion`."""
        up, gyr = np.empty(acc_mps2.shape), np.empty(gyr_dps.shape)
        still = np.zeros(len(index), bool)
        for start, end in self._pieces(index):
            span = slice(start, end)
            acc = np.ascontiguousarray(acc_mps2[span], dtype=float)
            gyr[span] = gyr_dps[span] - self._bias
            self._cross_hole(int(index[start]), gyr[start], acc[0])
            up[span] = up_from_quaternions(self._filter.updateBatch(np.radians(gyr[span]), acc)["quat6D"])
            still[span] = self._still.push(gyr[span], acc)
            self._latest.append((gyr[span], acc))
            self._last_index = int(index[end - 1])
            self._seen += end - start
            if self._seen % self._length == 0:
                self._learn_from_rest(up[end - 1])
        return SensorMotion(time_s, index, up, gyr, acc_mps2, still, self._period_s)

    def _pieces(self, index: IntArray) -> list[tuple[int, int]]:
        """Return the pieces between holes and whole windows; a window may be a rest that shows the bias."""
        count = len(index)
        cuts = {0, count, *range(self._length - self._seen % self._length, count, self._length)}
        if count and index[-1] - index[0] >= count:
            cuts.update((np.flatnonzero(np.diff(index) != 1) + 1).tolist())
        return list(pairwise(sorted(cuts)))

    def _cross_hole(self, index: int, gyr_dps: FloatArray, acc_mps2: FloatArray) -> None:
        missing = 0 if self._last_index is None else index - self._last_index - 1
        if missing <= 0:
            return
        if missing * self._period_s > LIVE_BRIDGE_S:
            self._filter = VQF(self._period_s)
            return
        share = np.arange(1, missing + 1)[:, None] / (missing + 1)
        last_gyr, last_acc = (values[-1] for values in self._latest[-1])
        gyr = last_gyr + share * (gyr_dps - last_gyr)
        acc = last_acc + share * (acc_mps2 - last_acc)
        self._filter.updateBatch(np.radians(gyr), acc)

    def _learn_from_rest(self, up: FloatArray) -> None:
        """If the last window was a rest, update the bias, and restart the filter if `up` is astray."""
        gyr, acc = (np.concatenate(values)[-self._length + 1 :] for values in zip(*self._latest, strict=True))
        rests = find_rests(gyr, acc, len(gyr))
        for reading, force in zip(rests.gyr_dps, rests.acc_mps2, strict=True):
            before = self._bias
            self._rests.append((self._seen, reading + before))
            self._bias = self._latest_bias()
            gyr = gyr + before - self._bias
            if is_astray(up, force):
                self._filter = VQF(self._period_s)
                times = int(np.ceil(SETTLED_S / (len(acc) * self._period_s)))
                self._filter.updateBatch(np.radians(np.tile(gyr, (times, 1))), np.tile(acc, (times, 1)))
        self._latest = [(gyr, acc)]
        self._still = RunningStillness(self._length)
        self._still.push(gyr, acc)

    def _latest_bias(self) -> FloatArray:
        """Return the bias by the first rest, or its present value if the rests show that it wanders."""
        at, readings = (np.array(column, float) for column in zip(*self._rests, strict=True))
        warmed = warming_curve(at / self._length, readings, at[-1:] / self._length)
        if warmed is not None:
            return np.asarray(warmed[0])
        return np.asarray(readings[0]) if len(readings) == 1 else self._bias
