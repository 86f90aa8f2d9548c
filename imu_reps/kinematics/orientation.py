"""Orientation: from one sensor's samples to the direction of up in its own axes.

VQF (Laidig and Seel, Information Fusion 2023) is used as published, without a magnetometer: its real-time
update for the stream, its acausal form for a finished set. Up is all that is taken from it, since heading
cannot be known from these sensors.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise, starmap

import numpy as np
from vqf import VQF, offlineVQF

from imu_reps.domain.samples import BoolArray, FloatArray, IntArray, SampleBlock
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.mounting import angle_between_deg, unit
from imu_reps.kinematics.rest import (
    gyroscope_bias,
    rest_readings,
    still_mask,
    warming_curve,
    window_length,
)

#: A hole up to this long is bridged by a straight line for the filter only; past it the filter starts anew.
BRIDGE_S = 1.0

#: Up at rest is where the accelerometer points. An estimate that is further from it than any sensor's bias
#: explains (0.5 m/s² is 3 degrees) lost its way: samples were lost uncounted, or the first directions were
#: wrong. A strap slips by up to 15, which is a matter of the leg's frame (ours).
ASTRAY_DEG = 20.0

#: A filter that begins anew sees the rest for so long, three times its time constant: the push of what comes
#: first would else be taken for gravity (4 to 10 degrees over ten seconds otherwise, in a simulated set).
SETTLED_S = 9.0

#: Live, the bias is read from so many half seconds of rest, the latest: enough to see a gyroscope warm up.
LATEST_RESTS = 240


@dataclass(frozen=True, slots=True)
class SensorMotion:
    """One sensor on its own regular ticks; what was lost stays a hole between ticks.

    Attributes
    ----------
    time_s : (n,) float
        On the recording's `time_s`, increasing.
    index : (n,) int
        Tick number; a step over 1 is a hole.
    up : (n, 3) float
        Direction of up in sensor axes, unit length.
    gyr_dps, acc_mps2 : (n, 3) float
        Angular rate without its bias, as rests show it; specific force.
    still : (n,) bool
        The half second that ends here is still.
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
    """Direction of earth's z in sensor axes, for sensor-to-earth quaternions (n, 4), w first."""
    w, x, y, z = quaternions.T
    return np.column_stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)])


def offline_motion(timed: TimedSamples, block: SampleBlock) -> SensorMotion:
    """Estimate a finished set, looking both ways in time.

    Parameters
    ----------
    timed : TimedSamples
        The clock fit of `block`.
    block : SampleBlock
        All samples of one sensor.
    """
    gyr, acc = block.gyr_dps.take(timed.order, axis=0), block.acc_mps2.take(timed.order, axis=0)
    length = window_length(timed.period_s)
    bias = gyroscope_bias(gyr, acc, length)
    gyr = gyr if bias is None else gyr - bias
    up = np.empty_like(acc)
    for start, end in _filter_spans(timed.index, timed.period_s):
        span = slice(start, end)
        up[span] = _offline_up(timed.index[span], gyr[span], acc[span], timed.period_s)
        if _astray(up[span], gyr[span], acc[span], length).any():
            pieces = pairwise(
                [start, *(start + leap for leap in _leaps(gyr[span], acc[span], timed.period_s)), end]
            )
            for piece in starmap(slice, pieces):
                up[piece] = _offline_up(timed.index[piece], gyr[piece], acc[piece], timed.period_s)
    return SensorMotion(timed.time_s, timed.index, up, gyr, acc, still_mask(gyr, acc, length), timed.period_s)


def offline_quaternions(timed: TimedSamples, block: SampleBlock) -> FloatArray:
    """Sensor-to-earth orientations of a finished set, (n, 4), w first, z up; where heading is 0 is unknown.

    The sign is that of the sample before, so that neighbours can be averaged. After a hole that is not
    bridged the heading begins anew.
    """
    gyr, acc = block.gyr_dps.take(timed.order, axis=0), block.acc_mps2.take(timed.order, axis=0)
    bias = gyroscope_bias(gyr, acc, window_length(timed.period_s))
    gyr = gyr if bias is None else gyr - bias
    pieces = [
        _offline_quaternions(timed.index[start:end], gyr[start:end], acc[start:end], timed.period_s)
        for start, end in _filter_spans(timed.index, timed.period_s)
    ]
    whole = np.concatenate(pieces)
    flips = np.where((whole[1:] * whole[:-1]).sum(axis=1) < 0.0, -1.0, 1.0)
    return np.asarray(whole * np.append(1.0, np.cumprod(flips))[:, None])


def _filter_spans(index: IntArray, period_s: float) -> list[tuple[int, int]]:
    breaks = np.flatnonzero(np.diff(index) * period_s > BRIDGE_S) + 1
    edges = [0, *breaks.tolist(), len(index)]
    return list(pairwise(edges))


def _offline_up(index: IntArray, gyr_dps: FloatArray, acc_mps2: FloatArray, period_s: float) -> FloatArray:
    """Direction of up over samples without a break, (n, 3) in sensor axes."""
    return up_from_quaternions(_offline_quaternions(index, gyr_dps, acc_mps2, period_s))


def _offline_quaternions(
    index: IntArray, gyr_dps: FloatArray, acc_mps2: FloatArray, period_s: float
) -> FloatArray:
    ticks = index - index[0]
    gyr, acc = np.radians(bridged(ticks, gyr_dps)), np.ascontiguousarray(bridged(ticks, acc_mps2))
    quaternions = offlineVQF(gyr, acc, None, period_s)["quat6D"]
    del gyr, acc
    return np.asarray(quaternions if len(quaternions) == len(ticks) else quaternions[ticks])


def _astray(up: FloatArray, gyr_dps: FloatArray, acc_mps2: FloatArray, length: int) -> BoolArray:
    """In which of its rests a sensor's estimate of up is not where the accelerometer shows it."""
    middles = rest_readings(gyr_dps, acc_mps2, length)[0]
    return np.array([is_astray(up[int(at)], acc_mps2[_window(at, length)]) for at in middles], bool)


def _window(middle: float, length: int) -> slice:
    start = round(middle - 0.5 * length)
    return slice(start, start + length)


def is_astray(up: FloatArray, resting_acc_mps2: FloatArray) -> bool:
    """Whether up (3,) is not where the specific force (n, 3) of a rest shows it."""
    force = resting_acc_mps2.mean(axis=0)
    return bool(force.any() and angle_between_deg(up, unit(force)) > ASTRAY_DEG)


def _leaps(gyr_dps: FloatArray, acc_mps2: FloatArray, period_s: float) -> list[int]:
    """Where rests begin at which a filter that looks forward only is astray: gravity leapt before them."""
    length = window_length(period_s)
    estimate, seen, leaps = VQF(period_s), 0, []
    for middle in rest_readings(gyr_dps, acc_mps2, length)[0]:
        rest = _window(middle, length)
        piece, seen = slice(seen, rest.stop), rest.stop
        result = estimate.updateBatch(np.radians(gyr_dps[piece]), np.ascontiguousarray(acc_mps2[piece]))
        if is_astray(up_from_quaternions(result["quat6D"][-1:])[0], acc_mps2[rest]):
            leaps.append(rest.start)
            estimate = VQF(period_s)
    return leaps


def bridged(ticks: IntArray, values: FloatArray) -> FloatArray:
    """Values on every tick, (m, 3) from (n, 3): holes crossed by a straight line, for the filter only."""
    if ticks[-1] + 1 == len(ticks):
        return values
    every = np.arange(ticks[-1] + 1)
    return np.column_stack([np.interp(every, ticks, column) for column in values.T])


class LiveMotion:
    """Estimate a stream, sample by sample in order; any block size gives the same result.

    Parameters
    ----------
    period_s : float
        Tick length; the real rate may differ by the data sheet's error.
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._length = window_length(period_s)
        self._filter = VQF(period_s)
        self._bias: FloatArray | None = None
        self._rests: deque[tuple[int, FloatArray]] = deque(maxlen=LATEST_RESTS)
        self._gyr = np.empty((0, 3))
        self._acc = np.empty((0, 3))
        self._last_index: int | None = None
        self._seen = 0

    def push(
        self, time_s: FloatArray, index: IntArray, gyr_dps: FloatArray, acc_mps2: FloatArray
    ) -> SensorMotion:
        """Estimate the next samples; see `SensorMotion`."""
        up = np.empty_like(acc_mps2)
        gyr = np.empty_like(gyr_dps)
        still = np.zeros(len(index), bool)
        for start, end in self._pieces(index):
            span = slice(start, end)
            gyr[span] = gyr_dps[span] if self._bias is None else gyr_dps[span] - self._bias
            self._cross_hole(int(index[start]), gyr[start], acc_mps2[start])
            result = self._filter.updateBatch(
                np.radians(gyr[span]), np.ascontiguousarray(acc_mps2[span], dtype=float)
            )
            up[span] = up_from_quaternions(result["quat6D"])
            still[span] = self._still(gyr[span], acc_mps2[span])
            self._last_index = int(index[end - 1])
            self._seen += end - start
            if self._seen % self._length == 0:
                self._learn_from_rest(up[end - 1])
        return SensorMotion(time_s, index, up, gyr, acc_mps2, still, self._period_s)

    def _pieces(self, index: IntArray) -> list[tuple[int, int]]:
        """Where to pause: at holes, and at whole windows, which may be rests that show the bias."""
        if len(index) == 0:
            return []
        cuts = set((np.flatnonzero(np.diff(index) != 1) + 1).tolist())
        cuts |= set(range(self._length - self._seen % self._length, len(index), self._length))
        edges = [0, *sorted(cuts), len(index)]
        return list(pairwise(edges))

    def _cross_hole(self, index: int, gyr_dps: FloatArray, acc_mps2: FloatArray) -> None:
        missing = 0 if self._last_index is None else index - self._last_index - 1
        if missing <= 0:
            return
        if missing * self._period_s > BRIDGE_S:
            self._filter = VQF(self._period_s)
            return
        share = np.arange(1, missing + 1)[:, None] / (missing + 1)
        gyr = self._gyr[-1] + share * (gyr_dps - self._gyr[-1])
        acc = self._acc[-1] + share * (acc_mps2 - self._acc[-1])
        self._filter.updateBatch(np.radians(gyr), acc)

    def _still(self, gyr_dps: FloatArray, acc_mps2: FloatArray) -> BoolArray:
        gyr = np.concatenate([self._gyr, gyr_dps])
        acc = np.concatenate([self._acc, acc_mps2])
        before = len(self._gyr)
        self._gyr, self._acc = gyr[-self._length + 1 :], acc[-self._length + 1 :]
        return still_mask(gyr, acc, self._length)[before:]

    def _learn_from_rest(self, up: FloatArray) -> None:
        """Where the last window was a rest, read the bias, and begin anew if `up` is astray."""
        before = np.zeros(3) if self._bias is None else self._bias
        for reading in rest_readings(self._gyr, self._acc, len(self._gyr))[1]:
            self._rests.append((self._seen, reading + before))
            self._bias = self._latest_bias()
            self._gyr = self._gyr + before - self._bias
            if is_astray(up, self._acc):
                self._filter = VQF(self._period_s)
                rests = int(np.ceil(SETTLED_S / (len(self._acc) * self._period_s)))
                settled = np.radians(np.tile(self._gyr, (rests, 1))), np.tile(self._acc, (rests, 1))
                self._filter.updateBatch(*settled)

    def _latest_bias(self) -> FloatArray:
        """What the first rest showed, or where the rests so far show the bias has wandered."""
        at, readings = (np.array(column, float) for column in zip(*self._rests, strict=True))
        warmed = warming_curve(at / self._length, readings, at[-1:] / self._length)
        if warmed is not None:
            return np.asarray(warmed[0])
        return np.asarray(readings[0]) if self._bias is None else self._bias
