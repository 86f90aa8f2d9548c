"""Sample times on the host's clock, as samples arrive.

Each sample is timed from the arrivals up to its own, one by one, so that the block size does not matter.
Samples that arrive after a later one can no longer be put in order: they are left out and counted.

No sample is timed after its own arrival. If the host numbers the samples, a late sample is assumed to have
waited, until arrivals that stay as late, at the sensor's usual pace, show that others before it were lost; if
that proves wrong, samples are left out until they are later than the newest again. No wait is longer than
`LONGEST_BACKLOG_S`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from imu_reps.domain.recording import SensorHeader
from imu_reps.domain.samples import FloatArray, IntArray, SampleBlock
from imu_reps.kinematics.clock.stream_envelope import UNKNOWN_SLOPE, LiveEnvelope
from imu_reps.kinematics.clock.stream_losses import LiveLosses
from imu_reps.kinematics.clock.ticks import CLOCK_DIGITS, LATEST_RUN, LATEST_S, LEAP_S


@dataclass(frozen=True, slots=True)
class StreamClockParams:
    """Parameters of times given to samples as they arrive.

    Attributes
    ----------
    slew_s : float
        Time within which sample times approach a refitted line, instead of jumping to it.
    min_advance : float
        Smallest advance of time between samples, as a share of the period, as far as there is room.
    no_room_s : float
        Smallest time before the arrival that is room.
    left_room_s, left_share : float and tuple
        Time left before the arrival, so that the next samples of the same packet have room too, and the least
        share of it: while the rate is unknown, and afterwards.
    scarce_s, scarce_share : float
        Room below which a stream that has just begun leaves this share of it instead: any number of its first
        samples may have waited for one arrival.
    packet_s : float
        Longest wait of a first sample for the others of its packet.
    apart_periods : float
        Smallest time, in periods, between the samples before and after some that were left out.
    same_s, stood_still_windows : float or int
        Number of consecutive windows late by the same amount, within `same_s`, after which the clock is taken
        to have stood still rather than the windows to have waited.
    usual_step, shorter_steps, longer_steps : tuple or int
        Range of a device clock's step, as shares of the usual one. A shorter step becomes the usual one once
        it was repeated, since a clock may be set in between; a longer one after this many in a row, since
        samples are lost.
    slept_s : float
        Lateness of arrivals against the count above which the computer slept, or a clock was set: longer than
        the delay of any link, and than a silence of a set.
    no_clock_s : float
        Magnitude above which a clock's value is invalid.
    """

    slew_s: float = 0.15
    min_advance: float = 0.5
    no_room_s: float = 1e-9
    left_room_s: float = 0.001
    left_share: tuple[float, float] = (0.5, 0.125)
    scarce_s: float = 1e-5
    scarce_share: float = 0.99
    packet_s: float = 0.1
    apart_periods: float = 2.0
    same_s: float = 0.03
    stood_still_windows: int = 8
    usual_step: tuple[float, float] = (0.6, 1.5)
    shorter_steps: int = 2
    longer_steps: int = 8
    slept_s: float = 60.0
    no_clock_s: float = 1e12


PARAMS = StreamClockParams()

#: Number of units in a second in which a device clock counts.
UNITS = 10.0**CLOCK_DIGITS


@dataclass(frozen=True, slots=True)
class TimedBlock:
    """The samples of a block that were not left out, each with its time.

    Attributes
    ----------
    time_s : (n,) float
        Sample time on the recording's `time_s`, strictly increasing from block to block.
    index : (n,) int
        Position on the sensor's regular tick, from 0; holes where samples are missing.
    order : (n,) int
        Row of each sample in the block.
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
    """

    def __init__(self, header: SensorHeader) -> None:
        self._header = header
        self._stream: _Stream | None = None

    @property
    def period_s(self) -> float | None:
        """Current estimate of the host seconds between two samples; None before there are two."""
        return self._stream.period_s if self._stream else None

    def counted_back_s(self, index: IntArray) -> FloatArray:
        """Return the times of earlier positions on the regular tick, counted back from the newest sample."""
        newest = self._stream
        if newest is None or newest.period_s is None:
            return np.full(len(index), np.inf)
        return np.asarray(newest.time_s - (newest.index - index) * newest.period_s)

    def push(self, block: SampleBlock) -> TimedBlock:
        """Time the next samples, in order of arrival."""
        times: list[float] = []
        indices: list[int] = []
        rows: list[int] = []
        columns = (block.time_s.tolist(), block.sample.tolist(), block.device_time_s.tolist())
        for row, (arrival_s, number, clock_s) in enumerate(zip(*columns, strict=True)):
            stamp = round(clock_s * UNITS) / UNITS if abs(clock_s) < PARAMS.no_clock_s else nan
            if self._stream is None:
                self._stream = _Stream(self._header, arrival_s, number, stamp)
            elif not self._stream.take(arrival_s, number, stamp):
                continue  # a copy, a late one, or one whose time the arrivals do not show
            times.append(self._stream.time_s)
            indices.append(self._stream.index)
            rows.append(row)
        return TimedBlock(np.array(times), np.array(indices, dtype=np.int64), np.array(rows, dtype=np.int64))


class _Stream:
    """State of a stream that has begun: its count, its line, and the newest sample's time."""

    def __init__(self, header: SensorHeader, arrival_s: float, number: int, stamp: float) -> None:
        self._header = header
        self._number, self._standing = number, 0
        self.time_s, self.index = arrival_s - PARAMS.packet_s, 0
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
        uncounted = self._header.counter == "host" and not has_clock
        self._line = LiveEnvelope(nominal_s, arrival_s, seconds=has_clock, uncounted=uncounted)
        self._losses = LiveLosses(key, arrival_s) if uncounted else None
        self._key, self._origin, self._tick, self._placed_tick = key, -key, 0.0, 0.0
        self._arrival_s = arrival_s
        self._behind = 0
        self._has_passed = False
        self._late: list[float] = []
        self._step, self._steps_seen = (0.0, 0) if has_clock else (1.0, 0)
        self._other_step, self._unlike = 0.0, 0

    @property
    def period_s(self) -> float | None:
        """Host seconds between two samples."""
        return self._step * self._line.slope or None

    def take(self, arrival_s: float, number: int, stamp: float) -> bool:
        """Time one sample; return False if it must be left out."""
        if self._has_clock and self.index < LATEST_RUN and self._stamps_packets(number, stamp):
            self._count_by_number(number - 1, arrival_s)
        key = stamp if self._has_clock else float(number)
        # a slope from two packets around a stall cannot be used to find leaps
        slope = self._line.slope if self._line.has_slope else min(self._line.slope, UNKNOWN_SLOPE)
        leap_s = (key - self._key) * slope - (arrival_s - self._arrival_s)
        slept = -leap_s > PARAMS.slept_s and self._losses is None
        if leap_s > LEAP_S or slept or self._began_anew(key):
            self._join(key, arrival_s)
        elif not key > self._key:
            return False
        if arrival_s != self._arrival_s and self._line.window_full(arrival_s):
            self._end_window(arrival_s)
        lost = self._lost_before(key, arrival_s)
        self._origin += lost or 0.0
        tick = self._origin + key
        self._count(tick)
        self._key, self._arrival_s, self._number = key, arrival_s, number
        if lost is None:
            return False
        self._line.take(tick, arrival_s)
        return self._place(tick, arrival_s)

    def _stamps_packets(self, number: int, stamp: float) -> bool:
        """Whether the clock is found, early on, to stamp packets instead of samples."""
        self._standing += stamp == self._key and number > self._number
        return self._standing > 2

    def _began_anew(self, key: float) -> bool:
        """Whether a number behind the newest shows that the sensor's count has restarted."""
        if not key <= self._key:
            self._behind = 0
            return False
        self._behind += 1
        latest = LATEST_S if self._has_clock else max(LATEST_S / self._line.slope, LATEST_RUN)
        return self._key - key > latest or self._behind > LATEST_RUN

    def _join(self, key: float, arrival_s: float) -> None:
        """Continue the count by the time that passed."""
        passed = max((arrival_s - self._arrival_s) / self._line.slope, self._step or UNKNOWN_SLOPE)
        self._origin = self._tick + passed - key
        self._behind = 0
        self._line.begin(self._tick + passed, arrival_s)
        self.time_s, self._placed_tick = max(self.time_s, arrival_s - PARAMS.packet_s), self._tick + passed

    def _end_window(self, arrival_s: float) -> None:
        """Refit the line; ticks that stay late by the same amount restart it."""
        late_s, minimum = self._line.min_delay_s, self._line.minimum
        same = [each for each in self._late if abs(each - late_s) < PARAMS.same_s] if self._line.late else []
        self._late = [*same, late_s] if self._line.late else []
        self._line.end_window(arrival_s)
        if len(self._late) >= PARAMS.stood_still_windows and not self._losses:
            self._line.begin(*minimum)
            self._late.clear()

    def _lost_before(self, key: float, arrival_s: float) -> float | None:
        """Return newly found losses before a sample, in ticks; None while in doubt."""
        if self._losses is None:
            return 0
        lost = self._losses.before(self._line, self._origin + key, key, arrival_s)
        if lost:
            self._line.begin_after_loss(lost, arrival_s)
        return lost

    def _count(self, tick: float) -> None:
        """Advance tick and index."""
        ticks = tick - self._tick
        if self._has_clock:
            self._learn_step(ticks)
        self.index += max(1, round(ticks / self._step))
        self._tick = tick

    def _place(self, tick: float, arrival_s: float) -> bool:
        """Advance time to a tick, slewing towards the line; return False if its time has already passed."""
        line_s, period_s = self._line.at(tick), self._step * self._line.slope
        behind = line_s < self.time_s - PARAMS.slew_s or (
            self._has_passed and line_s < self.time_s + PARAMS.apart_periods * period_s
        )
        room_s = arrival_s - self.time_s
        self._has_passed = behind or room_s < PARAMS.no_room_s
        if self._has_passed:
            return False
        passed_s = max(0.0, (tick - self._placed_tick) * self._line.slope)
        error_s = line_s - self.time_s - passed_s
        step_s = max(passed_s + error_s * min(1.0, passed_s / PARAMS.slew_s), PARAMS.min_advance * period_s)
        is_scarce = room_s < PARAMS.scarce_s and not self._line.settled
        left_share = PARAMS.scarce_share if is_scarce else PARAMS.left_share[self._line.has_slope]
        left_s = min(PARAMS.left_room_s, room_s * left_share)
        self.time_s += min(step_s, room_s - left_s)
        self._placed_tick = tick
        return True

    def _learn_step(self, ticks: float) -> None:
        """Update the ticks between two samples of a device clock: the mean of steps without losses."""
        if not self._steps_seen or self._is_new_step(ticks):
            self._step, self._steps_seen = ticks, 1
        elif not self._unlike:
            self._steps_seen = min(self._steps_seen + 1, 1000)
            self._step += (ticks - self._step) / self._steps_seen

    def _is_new_step(self, ticks: float) -> bool:
        """Whether a step different from the usual one was repeated often enough to replace it."""
        if _is_step(ticks, self._step):
            self._unlike = 0
            return False
        self._unlike = self._unlike + 1 if self._unlike and _is_step(ticks, self._other_step) else 1
        self._other_step = ticks
        return self._unlike >= (PARAMS.shorter_steps if ticks < self._step else PARAMS.longer_steps)


def _is_step(ticks: float, usual: float) -> bool:
    shortest, longest = PARAMS.usual_step
    return shortest * usual <= ticks < longest * usual
