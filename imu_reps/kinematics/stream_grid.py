"""Both streams on one regular grid, as they arrive.

Every value is a function of the samples and their arrival alone, never of how they were cut into blocks:
a grid instant waits for `WAIT_S` after the first sensor got past it; what arrives later does not reach it.
Where all links stall together nothing is lost, however late it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imu_reps.domain.recording import Header, SensorHeader
from imu_reps.domain.samples import SENSOR_PLACES, BoolArray, FloatArray, IntArray, SampleBlock, SensorPlace
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.clock.stream import LiveClock
from imu_reps.kinematics.motion import HOLE_PERIODS, GridMotion, Motion, between
from imu_reps.kinematics.orientation import LiveMotion

#: How long a grid instant that one sensor has got past waits for the others.
WAIT_S = 0.5

#: Samples are held back this long at the start, to see whether the header's rate is about right.
RATE_CHECK_S = 1.0
RATE_TOLERANCE = 0.1

#: A sensor that cannot show its rate within this time is no longer waited for.
RATE_PATIENCE_S = 3.0


#: Of a silence of all sensors so much is told; what is longer is a clock that was set, or a night.
LONGEST_SILENCE_TICKS = round(30.0 * GRID_HZ)

#: Between two samples of any sensor lies more than the one and less than the other: docs/recording-format.md.
_PERIODS_S = (0.9e-4, 1.1)


@dataclass(frozen=True, slots=True)
class _Tail:
    """Samples that grid instants to come still need; `values` are up, angular rate and specific force."""

    time_s: FloatArray
    arrival_s: FloatArray
    values: FloatArray
    still: BoolArray

    def __len__(self) -> int:
        return len(self.time_s)

    def joined(self, other: _Tail) -> _Tail:
        return _Tail(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in _Tail.__slots__))

    def since(self, index: int) -> _Tail:
        return _Tail(*(getattr(self, n)[index:] for n in _Tail.__slots__))


def _empty_tail() -> _Tail:
    none, rows = np.empty(0), np.empty((0, 9))
    return _Tail(none, none, rows, np.zeros(0, bool))


class LiveSensor:
    """One sensor's stream: clock, orientation, and the samples the grid still needs."""

    def __init__(self, header: SensorHeader) -> None:
        self._clock = LiveClock(header)
        self._nominal_hz = header.rate_hz
        self._motion: LiveMotion | None = None
        self._held: list[tuple[FloatArray, FloatArray, np.ndarray, FloatArray, FloatArray]] = []
        self._period_s = 0.0
        self.first_s = np.inf
        self.tail = _empty_tail()

    @property
    def holding(self) -> bool:
        """Whether samples wait for the rate check."""
        return bool(self._held)

    @property
    def latest_s(self) -> float:
        """Time of the newest sample; minus infinity before the first."""
        return float(self.tail.time_s[-1]) if len(self.tail) else -np.inf

    def push(self, block: SampleBlock, waited_until_s: float) -> None:
        """Take the next samples, in order of arrival; the grid waits for the rate check until then."""
        taken = 0
        while self._motion is None and taken < len(block):
            # one by one, so that the rate is judged on the same samples whatever the blocks
            self._take(block[taken : taken + 1], waited_until_s)
            taken += 1
        if taken < len(block):
            self._take(block[taken:], waited_until_s)

    def _take(self, block: SampleBlock, waited_until_s: float) -> None:
        timed = self._clock.push(block)
        if len(timed.time_s) == 0:
            return
        rows = timed.order
        self.first_s = min(self.first_s, float(timed.time_s[0]))
        self._held.append(
            (timed.time_s, block.time_s[rows], timed.index, block.gyr_dps[rows], block.acc_mps2[rows])
        )
        if self._motion is None:
            self._start(waited_until_s)
        if self._motion is not None:
            held = (np.concatenate(column) for column in zip(*self._held, strict=True))
            self._estimate(self._motion, *held)
            self._held = []

    def _start(self, waited_until_s: float) -> None:
        time_s, arrival_s = (float(column[-1]) for column in self._held[-1][:2])
        measured_s = self._clock.period_s
        if time_s < self.first_s + RATE_CHECK_S or measured_s is None:
            return
        if not _PERIODS_S[0] < measured_s < _PERIODS_S[1]:
            return
        nominal_s = measured_s if self._nominal_hz is None else 1.0 / self._nominal_hz
        near = abs(measured_s / nominal_s - 1.0) < RATE_TOLERANCE
        self._period_s = nominal_s if near else measured_s
        self._motion = LiveMotion(self._period_s)
        if arrival_s >= waited_until_s:
            # grid instants went by meanwhile: what was held back reaches the grid only now
            self._held = [(held[0], np.maximum(held[1], arrival_s), *held[2:]) for held in self._held]

    def _estimate(
        self,
        estimator: LiveMotion,
        time_s: FloatArray,
        arrival_s: FloatArray,
        index: np.ndarray,
        gyr_dps: FloatArray,
        acc_mps2: FloatArray,
    ) -> None:
        motion = estimator.push(time_s, index, gyr_dps, acc_mps2)
        values = np.concatenate([motion.up, motion.gyr_dps, acc_mps2], axis=1)
        self.tail = self.tail.joined(_Tail(time_s, arrival_s, values, motion.still))

    def passed_s(self, time_s: FloatArray) -> FloatArray:
        """When the first sample after each grid instant arrived; infinite where none has."""
        right = np.searchsorted(self.tail.time_s, time_s, side="right")
        return np.append(self.tail.arrival_s, np.inf)[right]

    def on_grid(self, time_s: FloatArray, due_s: FloatArray) -> GridMotion:
        """Values at grid instants, straight lines between samples; NaN in holes and past `due_s`.

        Impacts are left out: they need a look at both sides.
        """
        tail = self.tail
        if len(tail) < 2:
            return _nothing(len(time_s))
        right = np.searchsorted(tail.time_s, time_s, side="right")
        inside = (right > 0) & (right < len(tail))
        right = np.clip(right, 1, len(tail) - 1)
        left = right - 1
        step = tail.time_s[right] - tail.time_s[left]
        valid = inside & (step <= HOLE_PERIODS * self._period_s) & (tail.arrival_s[right] < due_s)
        share = np.where(valid, (time_s - tail.time_s[left]) / step, np.nan)[:, None]
        values = between(tail.values, left, share)
        nothing = np.full(len(time_s), np.nan)
        return GridMotion(values[:, :3], values[:, 3:6], values[:, 6:], nothing, tail.still[left] & valid)

    def forget(self, time_s: float) -> None:
        """Drop the samples that no grid instant from `time_s` on needs."""
        keep = int(np.searchsorted(self.tail.time_s, time_s, side="right")) - 1
        if keep > 0:
            self.tail = self.tail.since(min(keep, len(self.tail) - 1))


def _nothing(count: int) -> GridMotion:
    rows, one = np.full((count, 3), np.nan), np.full(count, np.nan)
    return GridMotion(rows, rows, rows, one, np.zeros(count, bool))


class LiveGrid:
    """Brings the streams of a set onto the common grid.

    Parameters
    ----------
    header : Header
        Of the recording that is being made.
    sensors : sequence of {"pelvis", "ankle"}
        Which sensors to expect; a grid instant waits for all of them, up to `WAIT_S`.
    """

    def __init__(self, header: Header, sensors: Sequence[SensorPlace] = SENSOR_PLACES) -> None:
        self._sensors = {place: LiveSensor(header.sensor(place)) for place in sensors}
        self._next_tick: int | None = None
        self._start_s = np.inf
        self._now_s = -np.inf

    def push(self, *blocks: SampleBlock) -> Motion:
        """Take blocks that arrived together; returns the grid instants that are now known, if any."""
        arrived = [block for block in blocks if len(block)]
        for block in arrived:
            self._start_s = min(self._start_s, float(block.time_s[0]))
            self._now_s = max(self._now_s, float(block.time_s[-1]))
        for block in arrived:
            self._sensors[block.sensor].push(block, self._start_s + RATE_PATIENCE_S)
        time_s, due_s = self._ready_times()
        if len(time_s) == 0:
            return Motion(time_s, None, None)
        grids = {place: sensor.on_grid(time_s, due_s) for place, sensor in self._sensors.items()}
        for sensor in self._sensors.values():
            sensor.forget(float(time_s[-1]) + 1.0 / GRID_HZ)
        return Motion(time_s, grids.get("pelvis"), grids.get("ankle"))

    def _ready_times(self) -> tuple[FloatArray, FloatArray]:
        """The grid instants that need wait no more, and until when each waited."""
        sensors = self._sensors.values()
        latest = [sensor.latest_s for sensor in sensors]
        held = any(sensor.holding for sensor in sensors)
        if max(latest) == -np.inf or (held and self._now_s < self._start_s + RATE_PATIENCE_S):
            return np.empty(0), np.empty(0)
        if self._next_tick is None:
            self._next_tick = int(np.ceil(min(sensor.first_s for sensor in sensors) * GRID_HZ))
        ticks = self._ticks(self._next_tick, max(latest))
        time_s = ticks / GRID_HZ
        due_s = WAIT_S + np.min([sensor.passed_s(time_s) for sensor in sensors], axis=0)
        ready = int(np.count_nonzero((time_s < min(latest)) | (due_s <= self._now_s)))
        if ready:
            self._next_tick = int(ticks[ready - 1]) + 1
        return time_s[:ready], due_s[:ready]

    def _ticks(self, first: int, latest_s: float) -> IntArray:
        """Grid instants from `first` up to the newest sample, long silences of all sensors left out."""
        heard_s = np.concatenate(
            [[first / GRID_HZ, latest_s], *(s.tail.time_s for s in self._sensors.values())]
        )
        heard = np.unique(np.ceil(heard_s * GRID_HZ).astype(np.int64))
        heard = heard[heard >= first]
        silent = np.flatnonzero(np.diff(heard) > LONGEST_SILENCE_TICKS)
        starts = [first, *heard[silent + 1].tolist()]
        stops = [*(heard[silent] + LONGEST_SILENCE_TICKS).tolist(), int(np.ceil(latest_s * GRID_HZ))]
        return np.concatenate([np.arange(a, max(a, b)) for a, b in zip(starts, stops, strict=True)])
