"""Sample times on the host's clock, as samples arrive.

Each sample is timed from what arrived up to itself, one by one, so that no cut into blocks can matter.
Samples that come after a later one cannot be put back in order any more: they are left out, and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from imu_reps.domain.recording import SensorHeader
from imu_reps.domain.samples import FloatArray, IntArray, SampleBlock
from imu_reps.kinematics.live_envelope import UNKNOWN_SLOPE, LiveEnvelope
from imu_reps.kinematics.live_losses import LiveLosses
from imu_reps.kinematics.sample_order import LATEST_RUN, LATEST_S
from imu_reps.kinematics.sample_ticks import CLOCK_DIGITS, DATA_SHEET_ERROR, LEAP_S

#: Times approach a refitted line within about this long instead of jumping to it.
SLEW_S = 0.15
#: Time advances by at least this share of a period from sample to sample.
LEAST_ADVANCE = 0.5
#: A window this late against the line is a clock that stood still.
LATE_S = 0.5


@dataclass(frozen=True, slots=True)
class TimedBlock:
    """The samples of a block that count, each with its time.

    Attributes
    ----------
    time_s : (n,) float
        Sample time on the recording's `time_s`, strictly increasing from block to block.
    index : (n,) int
        Position on the sensor's regular tick, from 0; holes where samples are missing.
    order : (n,) int
        Rows of the block these samples are.
    """

    time_s: FloatArray
    index: IntArray
    order: IntArray


class LiveClock:
    """Times the samples of one sensor as they arrive.

    Parameters
    ----------
    header : SensorHeader
        The sensor's nominal rate and the kind of its counter.

    Attributes
    ----------
    left_out : int
        Copies and late samples, which are not timed.
    """

    def __init__(self, header: SensorHeader) -> None:
        self.left_out = 0
        self._header = header
        self._stream: _Stream | None = None

    @property
    def period_s(self) -> float | None:
        """Host seconds between two samples as now known; None before there are two."""
        return self._stream.period_s if self._stream else None

    def push(self, block: SampleBlock) -> TimedBlock:
        """Time the next samples, in order of arrival."""
        times: list[float] = []
        indices: list[int] = []
        rows: list[int] = []
        stamps = np.round(block.device_time_s, CLOCK_DIGITS)
        columns = (block.time_s.tolist(), block.sample.tolist(), stamps.tolist())
        for row, (arrival_s, number, stamp) in enumerate(zip(*columns, strict=True)):
            if self._stream is None:
                self._stream = _Stream(self._header, arrival_s, number, stamp)
            elif not self._stream.take(arrival_s, number, stamp):
                self.left_out += 1
                continue
            times.append(self._stream.time_s)
            indices.append(self._stream.index)
            rows.append(row)
        return TimedBlock(np.array(times), np.array(indices, dtype=np.int64), np.array(rows, dtype=np.int64))


class _Stream:
    """A stream that has begun: its count, its line, and the newest sample's time."""

    def __init__(self, header: SensorHeader, arrival_s: float, number: int, stamp: float) -> None:
        self._header = header
        self._number, self._standing = number, 0
        self.time_s, self.index = arrival_s, 0
        if isfinite(stamp):
            self._count_by(stamp, arrival_s, nominal_s=1.0, has_clock=True)
        else:
            self._count_by_number(number, arrival_s)

    def _count_by_number(self, number: int, arrival_s: float) -> None:
        rate_hz = self._header.rate_hz
        self._count_by(
            float(number), arrival_s, nominal_s=1.0 / rate_hz if rate_hz else None, has_clock=False
        )

    def _count_by(self, key: float, arrival_s: float, *, nominal_s: float | None, has_clock: bool) -> None:
        self._has_clock = has_clock
        self._envelope = LiveEnvelope(nominal_s, DATA_SHEET_ERROR, 0.0, arrival_s)
        uncounted = self._header.counter == "host" and not has_clock
        self._losses = LiveLosses(key, arrival_s) if uncounted else None
        self._key, self._origin, self._tick = key, -key, 0.0
        self._arrival_s = arrival_s
        self._behind = 0
        self._step, self._steps_seen = (0.0, 0) if has_clock else (1.0, 0)

    @property
    def period_s(self) -> float | None:
        """Host seconds between two samples."""
        return self._step * self._envelope.slope or None

    def take(self, arrival_s: float, number: int, stamp: float) -> bool:
        """Time one sample; False if it is to be left out."""
        if self._has_clock and self._stamps_packets(number, stamp):
            self._count_by_number(number - 1, arrival_s)
        key = stamp if self._has_clock else float(number)
        leap_s = (key - self._key) * self._envelope.slope - (arrival_s - self._arrival_s)
        if leap_s > LEAP_S or self._began_anew(key) or self._was_away(key, arrival_s):
            self._join(key, arrival_s)
        elif not key > self._key:
            return False
        if arrival_s != self._arrival_s and self._envelope.window_full(arrival_s):
            self._end_window(arrival_s)
        tick = self._origin + key
        if self._losses:
            lost = self._losses.before(self._envelope, tick, key, arrival_s)
            if lost:
                self._origin += lost
                tick += lost
                self._envelope.begin_window(arrival_s)
        self._envelope.take(tick, arrival_s)
        self._advance(tick)
        self._key, self._arrival_s, self._number = key, arrival_s, number
        return True

    def _stamps_packets(self, number: int, stamp: float) -> bool:
        """Whether the clock proves, early on, to stamp packets instead of samples."""
        self._standing += stamp == self._key and number > self._number
        return self._standing > 2 and self.index < LATEST_RUN

    def _was_away(self, key: float, arrival_s: float) -> bool:
        """Whether samples that nothing counts were lost in a long silence."""
        late_s = arrival_s - self._envelope.at(self._origin + key)
        return self._losses is not None and self._losses.hole_before(late_s, arrival_s)

    def _began_anew(self, key: float) -> bool:
        """Whether a number that lies behind the newest is that of a sensor that counts anew."""
        self._behind = self._behind + 1 if key <= self._key else 0
        latest = LATEST_S if self._has_clock else max(LATEST_S / self._envelope.slope, LATEST_RUN)
        return self._key - key > latest or self._behind > LATEST_RUN

    def _join(self, key: float, arrival_s: float) -> None:
        """Go on counting where the time that passed leads to."""
        passed = max((arrival_s - self._arrival_s) / self._envelope.slope, self._step or UNKNOWN_SLOPE)
        self._origin = self._tick + passed - key
        self._behind = 0
        self._envelope.begin(self._tick + passed, arrival_s)

    def _end_window(self, arrival_s: float) -> None:
        """Refit the line; a tick that stays far behind it stood still for that time."""
        late_s = self._envelope.least_delay_s
        if late_s > LATE_S and self._envelope.settled and not self._losses:
            stood_still = late_s / self._envelope.slope
            self._origin += stood_still
            self._envelope.begin(self._tick + stood_still, arrival_s)
        else:
            self._envelope.end_window(arrival_s)

    def _advance(self, tick: float) -> None:
        """Move time and index on to a tick, slewing towards the line."""
        ticks = tick - self._tick
        self._learn_step(ticks)
        passed_s = ticks * self._envelope.slope
        error_s = self._envelope.at(tick) - self.time_s - passed_s
        passed_s += error_s * min(1.0, passed_s / SLEW_S)
        self.time_s += max(passed_s, LEAST_ADVANCE * self._step * self._envelope.slope)
        self.index += max(1, round(ticks / self._step))
        self._tick = tick

    def _learn_step(self, ticks: float) -> None:
        """Ticks between two samples: of a device clock, the mean of the steps that lost nothing."""
        if not self._has_clock:
            return
        if not self._steps_seen or ticks < 0.6 * self._step:
            self._step, self._steps_seen = ticks, 1
        elif ticks < 1.5 * self._step:
            self._steps_seen = min(self._steps_seen + 1, 1000)
            self._step += (ticks - self._step) / self._steps_seen
