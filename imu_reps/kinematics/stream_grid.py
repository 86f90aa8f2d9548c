"""Resampling of both streams onto one regular grid, as they arrive.

Every value depends on the samples and their arrivals alone, never on the block size: a grid instant waits for
`WAIT_S` after the first sensor has passed it; samples that arrive later are not used for it. If all links
stall together nothing is lost, however late the samples are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imu_reps.domain.recording import Header, SensorHeader
from imu_reps.domain.samples import SENSOR_PLACES, BoolArray, FloatArray, IntArray, SampleBlock, SensorPlace
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.clock.stream import LiveClock
from imu_reps.kinematics.clock.ticks import OTHER_RATE
from imu_reps.kinematics.motion import GridMotion, Motion, between, brackets
from imu_reps.kinematics.orientation import LiveMotion

#: Time for which a grid instant that one sensor has passed waits for the others.
WAIT_S = 0.5

#: Samples are held back this long at the start, to check the header's rate.
RATE_CHECK_S = 1.0

#: They are held back until this long while a backlog drains: while those that arrived some time ago prove to
#: have waited longer than the newest, by this.
BACKLOG_CHECK_S, DRAINED_S, BACKLOG_S = 2.0, 0.3, 0.1

#: Time after which the grid no longer waits for a sensor's rate check; so much of what is held back is then
#: enough for a stated rate.
RATE_PATIENCE_S, SHORT_CHECK_S = 3.0, 0.5


#: Longest part of a common silence of all sensors that is kept; a longer one is a clock that was set, or a
#: pause.
LONGEST_SILENCE_TICKS = round(30.0 * GRID_HZ)

#: Smallest and greatest sample period of any sensor: docs/recording-format.md.
_PERIODS_S = (0.9e-4, 1.1)

#: Time, arrival, tick, angular rate and specific force of some samples.
_Samples = tuple[FloatArray, FloatArray, IntArray, FloatArray, FloatArray]

#: Columns of the samples that future instants need: time, arrival, up, angular rate, specific force, still.
_TIME, _ARRIVAL, _UP, _GYR, _ACC, _STILL, _WIDTH = 0, 1, 2, 5, 8, 11, 12


class LiveSensor:
    """One sensor's stream: clock, orientation, and the samples the grid still needs.

    Attributes
    ----------
    first_s, latest_s : float
        Times of the first and the newest sample; infinite and minus infinity before the first.
    """

    def __init__(self, header: SensorHeader) -> None:
        self._clock = LiveClock(header)
        self._nominal_hz = header.rate_hz
        self._motion: LiveMotion | None = None
        self._held: list[_Samples] = []
        self._period_s = 0.0
        self._tail = np.empty((0, _WIDTH))
        self.first_s, self.latest_s = np.inf, -np.inf

    @property
    def holding(self) -> bool:
        """Whether samples are held back for the rate check."""
        return bool(self._held)

    @property
    def times_s(self) -> FloatArray:
        """Times of the samples that the grid still needs."""
        return self._tail[:, _TIME]

    def push(self, block: SampleBlock, waited_until_s: float) -> None:
        """Process the next samples, in order of arrival.

        The grid waits for the rate check until `waited_until_s`; samples held back longer count as arriving
        at the end of the check.
        """
        taken = 0
        while self._motion is None and taken < len(block):
            # one by one, so that the rate is judged on the same samples for any block size
            if block.time_s[taken] >= waited_until_s:
                self.end_wait(waited_until_s)
            self._take(block[taken : taken + 1], waited_until_s)
            taken += 1
        if taken < len(block):
            self._take(block[taken:] if taken else block, waited_until_s)

    def _take(self, block: SampleBlock, waited_until_s: float) -> None:
        timed = self._clock.push(block)
        if len(timed.time_s) == 0:
            return
        kept = block if len(timed.order) == len(block) else block[timed.order]
        samples = (timed.time_s, kept.time_s, timed.index, kept.gyr_dps, kept.acc_mps2)
        if self._motion is not None:
            self._estimate(self._motion, samples)
            return
        self.first_s = min(self.first_s, float(timed.time_s[0]))
        self._held.append(samples)
        self._start(waited_until_s, RATE_CHECK_S)

    def end_wait(self, waited_until_s: float) -> None:
        """Use what was held back when the grid ceased to wait: the link may stall for long.

        What has come since is checked as usual, and so is an unknown rate.
        """
        if self._held and self._nominal_hz is not None and self._held[-1][1][-1] < waited_until_s:
            self._start(waited_until_s, SHORT_CHECK_S)

    def _start(self, waited_until_s: float, check_s: float) -> None:
        self._judge_rate(waited_until_s, check_s)
        if self._motion is not None:
            times, arrivals, indices, gyr, acc = map(np.concatenate, zip(*self._held, strict=True))
            self._estimate(self._motion, (times, arrivals, indices, gyr, acc))
            self._held = []

    def _judge_rate(self, waited_until_s: float, check_s: float) -> None:
        time_s, arrival_s = (float(column[-1]) for column in self._held[-1][:2])
        measured_s = self._clock.period_s
        if time_s < self.first_s + check_s or measured_s is None:
            return
        if not _PERIODS_S[0] < measured_s < _PERIODS_S[1]:
            return
        drained = self._has_drained()
        if not drained and time_s < self.first_s + BACKLOG_CHECK_S:
            return
        nominal_s = measured_s if self._nominal_hz is None else 1.0 / self._nominal_hz
        near = abs(measured_s / nominal_s - 1.0) < OTHER_RATE
        self._period_s = nominal_s if near else measured_s
        self._motion = LiveMotion(self._period_s)
        if drained:
            self._time_anew()
        if arrival_s >= waited_until_s:
            # grid instants have passed meanwhile: samples held back count as arriving only now
            self._held = [(held[0], np.maximum(held[1], arrival_s), *held[2:]) for held in self._held]

    def _has_drained(self) -> bool:
        """Whether no backlog drains any more; it seems to if the sensor is faster than its header says."""
        newest_s, newest_arrival_s = (float(column[-1]) for column in self._held[-1][:2])
        earlier = (held for held in reversed(self._held) if held[1][-1] <= newest_arrival_s - DRAINED_S)
        _, arrival_s, index, *_ = next(earlier, self._held[0])
        waited_s = float((arrival_s - self._clock.counted_back_s(index))[-1])
        return waited_s - (newest_arrival_s - newest_s) < BACKLOG_S

    def _time_anew(self) -> None:
        """Time the samples held back by the newest, if that shows that the first of them waited."""
        earlier = [np.minimum(held[0], self._clock.counted_back_s(held[2])) for held in self._held]
        if self._held[0][0][0] - earlier[0][0] >= BACKLOG_S:
            self._held = [(time_s, *held[1:]) for time_s, held in zip(earlier, self._held, strict=True)]
            self.first_s = float(earlier[0][0])

    def _estimate(self, estimator: LiveMotion, samples: _Samples) -> None:
        time_s, arrival_s, index, gyr_dps, acc_mps2 = samples
        motion = estimator.push(time_s, index, gyr_dps, acc_mps2)
        columns = [time_s[:, None], arrival_s[:, None], motion.up, motion.gyr_dps, acc_mps2]
        rows = np.concatenate([*columns, motion.still[:, None]], axis=1)
        self._tail = np.concatenate([self._tail, rows])
        self.latest_s = float(time_s[-1])

    def passed_s(self, time_s: FloatArray) -> FloatArray:
        """Return for each grid instant the arrival of the first sample after it; infinite if none has."""
        after = self.times_s.searchsorted(time_s, side="right")
        return np.concatenate([self._tail[:, _ARRIVAL], [np.inf]]).take(after)

    def on_grid(self, time_s: FloatArray, in_time: BoolArray) -> GridMotion:
        """Return linearly interpolated values at grid instants; NaN in holes and where not `in_time`.

        Impacts are left out: their filter needs samples on both sides.
        """
        if len(self._tail) < 2:
            return _nothing(len(time_s))
        left, share = brackets(self.times_s, time_s, self._period_s)
        share[~in_time] = np.nan
        values = between(self._tail, left, share)
        return GridMotion(
            values[:, _UP:_GYR],
            values[:, _GYR:_ACC],
            values[:, _ACC:_STILL],
            np.full(len(time_s), np.nan),
            (self._tail[:, _STILL].take(left) > 0.0) & np.isfinite(share),
        )

    def forget(self, time_s: float) -> None:
        """Drop the samples not needed by grid instants from `time_s` on."""
        keep = int(self.times_s.searchsorted(time_s, side="right")) - 1
        if keep > 0:
            self._tail = self._tail[min(keep, len(self._tail) - 1) :]


def _nothing(count: int) -> GridMotion:
    rows, one = np.full((count, 3), np.nan), np.full(count, np.nan)
    return GridMotion(rows, rows, rows, one, np.zeros(count, bool))


class LiveGrid:
    """Resamples the streams of a set onto the common grid.

    Parameters
    ----------
    header : Header
        Header of the recording.
    sensors : sequence of {"pelvis", "ankle"}
        The sensors to expect; a grid instant waits for all of them, up to `WAIT_S`.
    """

    def __init__(self, header: Header, sensors: Sequence[SensorPlace] = SENSOR_PLACES) -> None:
        self._sensors = {place: LiveSensor(header.sensor(place)) for place in sensors}
        self._next_tick: int | None = None
        self._start_s = np.inf
        self._now_s = -np.inf

    def push(self, *blocks: SampleBlock) -> Motion:
        """Process blocks that arrived together; return the grid instants that are now final, if any."""
        arrived = [block for block in blocks if len(block)]
        for block in arrived:
            self._start_s = min(self._start_s, float(block.time_s[0]))
            self._now_s = max(self._now_s, float(block.time_s[-1]))
        for block in arrived:
            self._sensors[block.sensor].push(block, self._start_s + RATE_PATIENCE_S)
        sensors = self._sensors.values()
        if self._now_s >= self._start_s + RATE_PATIENCE_S:
            for sensor in sensors:
                sensor.end_wait(self._start_s + RATE_PATIENCE_S)
        time_s = self._coming_s()
        passed_s = [sensor.passed_s(time_s) for sensor in sensors]
        due_s = WAIT_S + np.minimum.reduce(passed_s)
        all_passed = time_s < min(sensor.latest_s for sensor in sensors)
        ready = int(np.count_nonzero(all_passed | (due_s <= self._now_s)))
        time_s, due_s = time_s[:ready], due_s[:ready]
        if not ready:
            return Motion(time_s, None, None)
        self._next_tick = round(float(time_s[-1]) * GRID_HZ) + 1
        grids = {
            place: sensor.on_grid(time_s, arrived_s[:ready] < due_s)
            for (place, sensor), arrived_s in zip(self._sensors.items(), passed_s, strict=True)
        }
        for sensor in sensors:
            sensor.forget(self._next_tick / GRID_HZ)
        return Motion(time_s, grids.get("pelvis"), grids.get("ankle"))

    def _coming_s(self) -> FloatArray:
        """Return the grid instants, not final yet, that a sensor has passed; none during a rate check."""
        sensors = self._sensors.values()
        latest_s = max(sensor.latest_s for sensor in sensors)
        patient = self._now_s < self._start_s + RATE_PATIENCE_S
        if latest_s == -np.inf or (patient and any(sensor.holding for sensor in sensors)):
            return np.empty(0)
        if self._next_tick is None:
            self._next_tick = int(np.ceil(min(sensor.first_s for sensor in sensors) * GRID_HZ))
        first, stop = self._next_tick, int(np.ceil(latest_s * GRID_HZ))
        ticks = np.arange(first, stop) if stop <= first + LONGEST_SILENCE_TICKS else self._ticks(first, stop)
        return np.asarray(ticks / GRID_HZ)

    def _ticks(self, first: int, stop: int) -> IntArray:
        """Return the grid ticks from `first` to `stop`, without long silences of all sensors."""
        sample_s = np.concatenate([sensor.times_s for sensor in self._sensors.values()])
        sampled = np.unique([first, stop, *np.ceil(sample_s * GRID_HZ).astype(np.int64).tolist()])
        sampled = sampled[sampled >= first]
        silent = np.flatnonzero(np.diff(sampled) > LONGEST_SILENCE_TICKS)
        starts = [first, *sampled[silent + 1].tolist()]
        stops = [*(sampled[silent] + LONGEST_SILENCE_TICKS).tolist(), stop]
        return np.concatenate([np.arange(a, max(a, b)) for a, b in zip(starts, stops, strict=True)])
