"""The even count of a sensor, by its own clock if it has one, else by its sample number.

Late samples are sorted in, copies are dropped, and restarts begin new epochs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.recording import SensorHeader
from imu_reps.domain.samples import MAX_CLOCK_S, FloatArray, IntArray, SampleBlock
from imu_reps.errors import RecordingError
from imu_reps.kinematics.clock.envelope import coarse_slope, packet_ends
from imu_reps.kinematics.clock.losses import uncounted_losses

#: A number further behind the newest than this shows a restarted count, not a late packet.
LATEST_S = 1.0
#: So does a longer run of numbers that occurred before: at most three packets of ten samples are late.
LATEST_RUN = 32
#: Standard deviation of a data sheet's rate, or of a sensor's second, as a share.
DATA_SHEET_ERROR = 0.007
#: Relative difference above which a rate is another one, not an inexact one.
OTHER_RATE = 0.1
#: A permanent leap of the tick against the arrivals by more than this shows a reset clock.
LEAP_S = 1.0
LEAP_PACKETS = 64
#: A backlog gathers, and drains, within so many times the time by which it is late: at half the sensor's rate
#: or at twice it within once or twice that time.
BACKLOG_SPANS = 2.5
#: A backlog drains at one and a half times the sensor's rate or faster: by so much a second it is less late.
DRAINS_BY = 0.5
#: A silence in which uncounted samples are lost is also longer than this many usual gaps.
SILENT_PACKETS = 10
#: Device clocks count microseconds at best: stamps equal to this many digits are the same.
CLOCK_DIGITS = 6
#: Greatest share of samples at which a device clock stands still: more often it stamps packets, not samples.
#: And the same of samples with different readings, which an occasional error allows: more often the clock is
#: written too coarsely.
MAX_STANDING, MAX_COARSE = 0.1, 0.001


@dataclass(frozen=True, slots=True)
class Ticks:
    """Samples in the order they were taken, with their ticks.

    Attributes
    ----------
    tick : (n,) float
        Device seconds or sample numbers, from 0 in each epoch, strictly increasing within it.
    arrival_s : (n,) float
        Arrival of each sample.
    epoch : (n,) int
        Number of the epoch; increases where the sensor's count restarts.
    rows : (n,) int
        Row of each sample in the block.
    slope : float
        First guess of the host seconds per tick.
    nominal_s : float or None
        Host seconds per tick by the data sheet; None if unknown.
    has_clock : bool
        Whether the tick is the sensor's clock.
    duplicates, reordered : int
        Number of copies dropped, and of late samples sorted in.
    silences : int
        Number of epochs begun because the sensor had been away, not because its count restarted.
    """

    tick: FloatArray
    arrival_s: FloatArray
    epoch: IntArray
    rows: IntArray
    slope: float
    nominal_s: float | None
    has_clock: bool
    duplicates: int
    reordered: int
    silences: int = 0


def has_device_clock(block: SampleBlock) -> bool:
    """Whether the sensor stamps each of its samples with its own clock."""
    if not len(block) or not (np.abs(block.device_time_s) <= MAX_CLOCK_S).all():
        return False
    step = np.diff(np.round(block.device_time_s, CLOCK_DIGITS))
    if len(step) < 1 or (step > 0).all():
        return True
    differ = (np.diff(block.acc_mps2, axis=0) != 0).any(axis=1) & (np.diff(block.sample) > 0)
    return bool((step <= 0).mean() <= MAX_STANDING and (differ & (step == 0)).mean() <= MAX_COARSE)


def sample_ticks(block: SampleBlock, header: SensorHeader) -> Ticks:
    """Place the samples of a whole set on the sensor's own even count, leaving holes.

    Raises
    ------
    RecordingError
        If the rate cannot be determined.
    """
    ticks = _in_order(block, header)
    uncounted = header.counter == "host" and not ticks.has_clock
    ticks = _split_at_leaps(ticks, behind=not uncounted)
    return _with_uncounted_losses(_split_at_silences(ticks)) if uncounted else ticks


def no_rate(block: SampleBlock) -> RecordingError:
    """Return the error for a sensor whose rate cannot be determined."""
    return RecordingError(
        f"The {block.sensor} sensor's rate is unknown: {len(block)} samples do not show it, nor the header.",
        hint=f"Record longer, or add the line '# {block.sensor}.rate_hz: 100' with the sensor's rate.",
        code="no_rate",
    )


def _in_order(block: SampleBlock, header: SensorHeader) -> Ticks:
    has_clock = has_device_clock(block)
    number = np.round(block.device_time_s, CLOCK_DIGITS) if has_clock else block.sample.astype(np.float64)
    nominal_s = 1.0 if has_clock else 1.0 / header.rate_hz if header.rate_hz else None
    rows, epoch, reordered = _sorted(number, _furthest_back(block, nominal_s))
    tick, arrival = number[rows], block.time_s[rows]
    tick = tick - tick[np.flatnonzero(np.diff(epoch, prepend=-1))][epoch]
    ends = packet_ends(arrival, epoch)
    slope = coarse_slope(tick[ends], arrival[ends]) or nominal_s
    if slope is None:
        raise no_rate(block)
    return Ticks(
        tick,
        arrival,
        epoch,
        rows,
        slope,
        nominal_s,
        has_clock,
        duplicates=len(block) - len(rows),
        reordered=reordered,
    )


def _furthest_back(block: SampleBlock, nominal_s: float | None) -> float:
    """Return `LATEST_S` in ticks."""
    if nominal_s is None:
        nominal_s = float(block.time_s[-1] - block.time_s[0]) / len(block) or 1.0
    return LATEST_S if nominal_s == 1.0 else max(LATEST_S / nominal_s, LATEST_RUN)


def _with_uncounted_losses(ticks: Ticks) -> Ticks:
    """Leave holes in the host's numbering where the arrivals show losses."""
    tick, slope = ticks.tick.copy(), ticks.slope
    nominal = ticks.nominal_s or slope
    guesses = (nominal, slope) if abs(nominal / slope - 1.0) < OTHER_RATE else (slope,)
    for epoch in range(int(ticks.epoch[-1]) + 1):
        here = ticks.epoch == epoch
        lost, slope = uncounted_losses(tick[here], ticks.arrival_s[here], guesses)
        tick[here] += lost
    return replace(ticks, tick=tick, slope=slope)


def _split_at_silences(ticks: Ticks) -> Ticks:
    """Begin a new epoch after each long silence, in which only time shows how many samples were lost."""
    waited = np.diff(ticks.arrival_s, prepend=ticks.arrival_s[0])
    between = waited[waited > 0.0]
    usual = float(np.median(between)) if len(between) else 0.0
    silent = (waited > max(LEAP_S, SILENT_PACKETS * usual)) & (np.diff(ticks.epoch, prepend=0) == 0)
    return replace(ticks, epoch=ticks.epoch + np.cumsum(silent), silences=int(silent.sum()))


def _split_at_leaps(ticks: Ticks, *, behind: bool) -> Ticks:
    """Begin a new epoch where the tick permanently leaps ahead of the arrivals, or behind them."""
    ends = packet_ends(ticks.arrival_s, ticks.epoch)
    tick, arrival, epoch = ticks.tick[ends], ticks.arrival_s[ends], ticks.epoch[ends]
    delay = arrival - ticks.slope * tick
    allowed = LEAP_S + 2 * DATA_SHEET_ERROR * np.abs(np.diff(arrival))
    leaps = np.zeros_like(ticks.epoch)
    leap = np.abs(np.diff(delay)) if behind else -np.diff(delay)
    last = 0
    for i in np.flatnonzero((leap > allowed) & (np.diff(epoch) == 0)).tolist():
        last = max(last, int(epoch.searchsorted(epoch[i])))
        reach_s = BACKLOG_SPANS * leap[i]
        start = min(i + 1 - LEAP_PACKETS, int(arrival.searchsorted(arrival[i] - reach_s)))
        stop = max(i + 1 + LEAP_PACKETS, int(arrival.searchsorted(arrival[i + 1] + reach_s)))
        stop = min(stop, int(epoch.searchsorted(epoch[i], side="right")))
        before, after = slice(max(last, start), i + 1), slice(i + 1, stop)
        lasts = float(delay[after].min() - delay[before].min())
        if delay[i + 1] < delay[i]:  # the end of a backlog is no earlier than what came before it
            lasts = -lasts
        elif drains(arrival[after], delay[after]):
            continue
        if lasts > allowed[i]:
            leaps[ends[i] + 1] = True
            last = i + 1
    return replace(ticks, epoch=ticks.epoch + np.cumsum(leaps)) if leaps.any() else ticks


def drains(arrival_s: FloatArray, delay_s: FloatArray) -> bool:
    """Whether arrivals are those of a backlog: all at once, or at more than one and a half times the rate."""
    least = int(delay_s.argmin())
    caught_up_s = delay_s[0] - delay_s[least]
    at_once = arrival_s[-1] == arrival_s[0]
    return bool(at_once or caught_up_s > LEAP_S / 2 + DRAINS_BY * (arrival_s[least] - arrival_s[0]))


def _sorted(number: FloatArray, furthest_back: float) -> tuple[IntArray, IntArray, int]:
    """Return rows by epoch and number, without copies, the epoch of each, and how many follow a later one.

    Parameters
    ----------
    number : (n,) float
        Running number or device time, in order of arrival.
    furthest_back : float
        Distance behind the newest number beyond which a new epoch begins, in the unit of `number`.
    """
    rows = np.arange(len(number))
    epoch = np.zeros_like(rows)
    behind = np.flatnonzero(np.diff(number) <= 0) + 1
    if not len(behind):
        return rows, epoch, 0
    epoch[_restarts(number, behind, furthest_back)] = 1
    epoch = np.cumsum(epoch)
    rows = np.lexsort((number, epoch))
    copy = (np.diff(number[rows]) == 0) & (np.diff(epoch[rows]) == 0)
    rows = rows[np.append(True, ~copy)]
    first_after = np.minimum.accumulate(rows[::-1])[::-1][1:]
    return rows, epoch[rows], int((rows[:-1] > first_after).sum())


def _restarts(number: FloatArray, behind: IntArray, furthest_back: float) -> list[int]:
    """Return the first rows of new epochs, among the rows where the number falls behind its predecessor."""
    found: list[int] = []
    newest = -np.inf
    for start, stop in zip(behind.tolist(), [*behind[1:].tolist(), len(number)], strict=True):
        newest = max(newest, number[start - 1])
        already_seen = np.searchsorted(number[start:stop], newest, side="right")
        if newest - number[start] > furthest_back or already_seen > LATEST_RUN:
            found.append(start)
            newest = -np.inf
    return found
