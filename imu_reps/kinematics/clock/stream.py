"""Sample times on the host's clock, as samples arrive.

Each sample is timed from what arrived up to itself, one by one, so that no cut into blocks can matter.
Samples that come after a later one cannot be put back in order any more: they are left out, and counted.

No sample is timed after its own arrival. Where only the host counts, a late sample has waited, until arrivals
at the sensor's usual pace show that others before it were lost; where that proves wrong, samples are left out
until they are later than the newest again. More than `MAX_LATE_S` nothing waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from imu_reps.domain.recording import SensorHeader
from imu_reps.domain.samples import FloatArray, IntArray, SampleBlock
from imu_reps.kinematics.clock.stream_envelope import UNKNOWN_SLOPE, LiveEnvelope
from imu_reps.kinematics.clock.stream_losses import LiveLosses
from imu_reps.kinematics.clock.ticks import CLOCK_DIGITS, DATA_SHEET_ERROR, LATEST_RUN, LATEST_S, LEAP_S

#: Times approach a refitted line within about this long instead of jumping to it.
SLEW_S = 0.15
#: Time advances by at least this share of a period from sample to sample, where there is room.
MIN_ADVANCE = 0.5
#: Room for less than this before the arrival is none.
NO_ROOM_S = 1e-9
#: Time never reaches the arrival, so that the next of the same packet has room, too.
LEFT_ROOM_S = 0.001
#: A first sample waited this long at the most for the others of its packet.
PACKET_S = 0.1
#: So far apart are the samples on both sides of some that were left out.
APART_PERIODS = 2.0
#: A late window waited, or its clock stood still: that is believed once so many windows in a row were late
#: by the same, within `SAME_S`.
SAME_S = 0.03
STOOD_STILL_WINDOWS = 8
#: A device clock's step within these shares of the usual one is one. A shorter one is believed once it was
#: repeated, for a clock may be set in between; a longer one after so many in a row, for samples are lost.
USUAL_STEP = (0.6, 1.5)
SHORTER_STEPS, LONGER_STEPS = 2, 8
#: No clock has run for so long: what reads more is no reading.
NO_CLOCK_S = 1e12


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
        Samples that are not timed: copies, late ones, and those of which the arrivals do not tell when.
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
        stamps[~(np.abs(stamps) < NO_CLOCK_S)] = np.nan
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
        self.time_s, self.index = arrival_s - PACKET_S, 0
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
        self._line = LiveEnvelope(nominal_s, DATA_SHEET_ERROR, 0.0, arrival_s, seconds=has_clock)
        uncounted = self._header.counter == "host" and not has_clock
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
        """Time one sample; False if it is to be left out."""
        if self._has_clock and self._stamps_packets(number, stamp):
            self._count_by_number(number - 1, arrival_s)
        key = stamp if self._has_clock else float(number)
        leap_s = (key - self._key) * self._line.slope - (arrival_s - self._arrival_s)
        if leap_s > LEAP_S or self._began_anew(key):
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
        """Whether the clock proves, early on, to stamp packets instead of samples."""
        self._standing += stamp == self._key and number > self._number
        return self._standing > 2 and self.index < LATEST_RUN

    def _began_anew(self, key: float) -> bool:
        """Whether a number that lies behind the newest is that of a sensor that counts anew."""
        self._behind = self._behind + 1 if key <= self._key else 0
        latest = LATEST_S if self._has_clock else max(LATEST_S / self._line.slope, LATEST_RUN)
        return self._key - key > latest or self._behind > LATEST_RUN

    def _join(self, key: float, arrival_s: float) -> None:
        """Go on counting where the time that passed leads to."""
        passed = max((arrival_s - self._arrival_s) / self._line.slope, self._step or UNKNOWN_SLOPE)
        self._origin = self._tick + passed - key
        self._behind = 0
        self._line.begin(self._tick + passed, arrival_s)
        self.time_s, self._placed_tick = max(self.time_s, arrival_s - PACKET_S), self._tick + passed

    def _end_window(self, arrival_s: float) -> None:
        """Refit the line; where ticks stay behind it by the same, they are late for good."""
        late_s, minimum = self._line.min_delay_s, self._line.minimum
        same = [each for each in self._late if abs(each - late_s) < SAME_S] if self._line.late else []
        self._late = [*same, late_s] if self._line.late else []
        self._line.end_window(arrival_s)
        if len(self._late) >= STOOD_STILL_WINDOWS and not self._losses:
            self._line.begin(*minimum)
            self._late.clear()

    def _lost_before(self, key: float, arrival_s: float) -> float | None:
        """Ticks lost before a sample that were not known of; None as long as that is in doubt."""
        if self._losses is None:
            return 0
        lost = self._losses.before(self._line, self._origin + key, key, arrival_s)
        if lost:
            self._line.begin_window(arrival_s)
        return lost

    def _count(self, tick: float) -> None:
        """Move tick and index on."""
        ticks = tick - self._tick
        if self._has_clock:
            self._learn_step(ticks)
        self.index += max(1, round(ticks / self._step))
        self._tick = tick

    def _place(self, tick: float, arrival_s: float) -> bool:
        """Move time on to a tick, slewing towards the line; False where its time has passed already."""
        line_s, period_s = self._line.at(tick), self._step * self._line.slope
        behind = line_s < self.time_s - SLEW_S or (
            self._has_passed and line_s < self.time_s + APART_PERIODS * period_s
        )
        room_s = arrival_s - self.time_s
        self._has_passed = behind or room_s < NO_ROOM_S
        if self._has_passed:
            return False
        passed_s = max(0.0, (tick - self._placed_tick) * self._line.slope)
        error_s = line_s - self.time_s - passed_s
        step_s = max(passed_s + error_s * min(1.0, passed_s / SLEW_S), MIN_ADVANCE * period_s)
        self.time_s += min(step_s, room_s - min(LEFT_ROOM_S, room_s / 8.0))
        self._placed_tick = tick
        return True

    def _learn_step(self, ticks: float) -> None:
        """Ticks between two samples: of a device clock, the mean of the steps that lost nothing."""
        if not self._steps_seen or self._is_new_step(ticks):
            self._step, self._steps_seen = ticks, 1
        elif not self._unlike:
            self._steps_seen = min(self._steps_seen + 1, 1000)
            self._step += (ticks - self._step) / self._steps_seen

    def _is_new_step(self, ticks: float) -> bool:
        """Whether a step unlike the usual one came again and again."""
        if _is_step(ticks, self._step):
            self._unlike = 0
            return False
        self._unlike = self._unlike + 1 if self._unlike and _is_step(ticks, self._other_step) else 1
        self._other_step = ticks
        return self._unlike >= (SHORTER_STEPS if ticks < self._step else LONGER_STEPS)


def _is_step(ticks: float, usual: float) -> bool:
    shortest, longest = USUAL_STEP
    return shortest * usual <= ticks < longest * usual
