"""Sensors that change their rate during a set, temporarily or permanently."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import SensorHeader
from imu_reps.domain.samples import (
    MAX_CLOCK_S,
    BoolArray,
    FloatArray,
    IntArray,
    SampleBlock,
    interpolate_columns,
)
from imu_reps.kinematics.clock.offline import TimedSamples, fit_clock
from imu_reps.kinematics.rest import stretches
from imu_reps.kinematics.robust import median
from imu_reps.quality.channels import SLOWEST_HZ


@dataclass(frozen=True, slots=True)
class RateParams:
    """Parameters of rates that change.

    Attributes
    ----------
    window_s, min_windows : float or int
        Length of a window, and number of windows before and after a change over which rates are compared; a
        rate lasts for as many.
    max_recording_s : float
        Longest recording that is searched for changes: no set lasts for hours.
    min_change : float
        Smallest change, of the rate's logarithm.
    steady, steady_share : float
        Greatest relative deviation from a rate, and smallest share of the windows that keep within it.
    min_window_s : float
        Shortest span of the packets in a window that shows a rate.
    made_up : float
        Greatest share of the samples missing in a slow stretch, or too many in a fast one, that is still
        missing or too many when the rate is as before: at more, samples were not late but never sent (ours).
    by_count_s : float
        Greatest deviation of a clock that is a count, from a count at the nominal rate: its digits, of a
        millisecond at the coarsest. A clock of its own, off by 20 ppm, deviates by more after a minute.
    hole_periods : float
        Longest step between samples that is no hole, in periods of the stretch.
    """

    window_s: float = 1.5
    min_windows: int = 3
    max_recording_s: float = 2.0 * 3600.0
    min_change: float = 0.12
    steady: float = 0.06
    steady_share: float = 0.8
    min_window_s: float = 0.5
    made_up: float = 0.25
    by_count_s: float = 1.2e-3
    hole_periods: float = 1.6


PARAMS = RateParams()

#: Fewest samples that show a rate, and thereby a unit of time.
MIN_SAMPLES = 20

#: Lowest usable rate: docs/recording-format.md allows 20, less 1 % for the clocks of such parts.
MIN_RATE_HZ = 0.99 * SLOWEST_HZ


def fit_changing_clock(
    block: SampleBlock, header: SensorHeader
) -> tuple[SampleBlock, TimedSamples, list[Finding]]:
    """Fit a sensor's clock, to each stretch separately if its rate changes.

    Samples are then linearly interpolated to the ticks of the fastest stretch, so that one rate holds for
    all; the rate given is the slowest one.

    Returns
    -------
    block : SampleBlock
        The samples, interpolated if the rate changes.
    timed : TimedSamples
        Clock fit of that block.
    findings : list of Finding

    Raises
    ------
    RecordingError
        As in `fit_clock`.
    """
    by_count = clock_is_count(block, header)
    sent = replace(block, device_time_s=np.full(len(block), np.nan)) if by_count else block
    rows = _changes(sent, header)
    parts = [sent[start:end] for start, end in pairwise([0, *rows, len(sent)])] if rows else []
    fits = [_fit(part, header) for part in parts]
    rates_hz = np.array([fit.clock.rate_hz for fit in fits])
    used = np.flatnonzero(rates_hz >= MIN_RATE_HZ).tolist()
    if not used or not (np.abs(np.diff(np.log(rates_hz))) >= PARAMS.min_change).all():
        return block, fit_clock(block, header), []
    whole, timed = parts[used[0]], fits[used[0]]
    if len(used) > 1:
        whole, timed = _on_one_tick([parts[k] for k in used], [fits[k] for k in used])
    found = [
        Finding(
            "rate_changed",
            values={
                "before_hz": fits[k - 1].clock.rate_hz,
                "after_hz": fits[k].clock.rate_hz,
                "unused": not {k - 1, k} <= set(used),
            },
            severity="caution",
            sensor=block.sensor,
            start_s=float(fits[k].time_s[0]),
        )
        for k in range(1, len(fits))
    ]
    if by_count:
        found.append(Finding("clock_is_count", severity="caution", sensor=block.sensor))
    return whole, timed, found


def clock_is_count(block: SampleBlock, header: SensorHeader) -> bool:
    """Whether a sensor's clock is its count divided by the nominal rate, so that it shows no other rate."""
    clock = block.device_time_s
    if len(clock) < MIN_SAMPLES or not (np.abs(clock) <= MAX_CLOCK_S).all():
        return False
    passed_s = float(clock[-1] - clock[0])
    for number in (block.sample, np.arange(len(block))):
        count = (number - number[0]).astype(np.float64)
        nominal_hz = header.rate_hz or np.rint(count[-1] / max(passed_s, 1e-9))
        if nominal_hz > 0.0 and np.ptp(clock - clock[0] - count / nominal_hz) < PARAMS.by_count_s:
            return True
    return False


def _fit(part: SampleBlock, header: SensorHeader) -> TimedSamples:
    """Fit the clock of a stretch of one rate, whose numbers may increase by more than one."""
    usual = max(1, int(np.median(np.diff(part.sample))))
    rows = np.arange(len(part))
    number = np.maximum.accumulate((part.sample - part.sample[0]) // usual - rows) + rows
    span_s = float(part.time_s[-1] - part.time_s[0])
    return fit_clock(replace(part, sample=number), replace(header, rate_hz=(len(part) - 1) / span_s))


def _changes(block: SampleBlock, header: SensorHeader) -> list[int]:
    """Return the rows at which the rate changes, temporarily or permanently."""
    # impossible times are refused later
    if not 0.0 < block.time_s[-1] - block.time_s[0] <= PARAMS.max_recording_s:
        return []
    edges = np.searchsorted(block.time_s, np.arange(block.time_s[0], block.time_s[-1], PARAMS.window_s))
    if (
        len(edges) < 2 * PARAMS.min_windows + 1
        or not (_jumps(np.diff(edges).clip(1)) >= PARAMS.min_change / 2.0).any()
    ):
        return []
    rates = np.array([_rate(block, header, *pair) for pair in pairwise(edges.tolist())])
    with_rate = np.flatnonzero(rates > 0.0)  # a silence is no rate, nor are samples that waited
    begins = np.append(edges, len(block) - 1)
    counted = _counted(block, header, begins)
    with_rate = with_rate[~_waited(rates[with_rate], with_rate, block.time_s[begins], counted)]
    rates = rates[with_rate]
    if len(rates) < 2 * PARAMS.min_windows:
        return []
    cuts = _cuts(rates)
    packet = len(block) / (np.count_nonzero(np.diff(block.time_s)) + 1)
    steady = all(_steady(rates[start:end], packet) for start, end in pairwise([0, *cuts, len(rates)]))
    last = len(edges) - 1
    where = with_rate[cuts].tolist() if cuts else []
    rows = [_row_of_change(block, int(edges[at - 1]), int(edges[min(at + 1, last)])) for at in where]
    long = np.diff(block.time_s[[0, *rows, -1]]) > PARAMS.window_s
    many = np.diff([0, *rows, len(block)]) >= MIN_SAMPLES
    return rows if steady and long.all() and many.all() else []


def _cuts(rates: FloatArray) -> list[int]:
    """Return the windows from which on the rate is another one."""
    cuts = []
    for start, end in stretches(_jumps(rates) >= PARAMS.min_change):
        around = range(start + PARAMS.min_windows, end + PARAMS.min_windows)
        misfit = [
            _spread(rates[k - PARAMS.min_windows : k]) + _spread(rates[k : k + PARAMS.min_windows])
            for k in around
        ]
        cuts.append(around[int(np.argmin(misfit))])
    return cuts


def _waited(rates: FloatArray, windows: IntArray, time_s: FloatArray, count: FloatArray) -> BoolArray:
    """Return which windows have another rate than the sensor, since samples waited and then caught up.

    From before such windows to after them, or to the end, the samples are as many as at the sensor's rate.

    Parameters
    ----------
    rates : (n,) float
        Rates by arrival, of the windows that have one.
    windows : (n,) int
        Numbers of these windows.
    time_s, count : (m,) float
        Times at which windows begin, and samples sent by then; last those of the recording's end.
    """
    waited = np.zeros(len(rates), bool)
    cuts = _cuts(rates) if len(rates) >= 2 * PARAMS.min_windows else []
    parts = list(pairwise([0, *cuts, len(rates)]))
    for first, (start, stop) in enumerate(parts[:-1]):
        rate = median(rates[start:stop])
        before = windows[max((start + stop) // 2, stop - PARAMS.min_windows)]
        # a part at the same rate as this one, or the recording's end
        for again, end in [*parts[first + 2 :], (len(rates), len(rates))]:
            after = -1
            if again < end:
                if abs(np.log(median(rates[again:end]) / rate)) >= PARAMS.min_change:
                    continue
                after = windows[min((again + end) // 2, again + PARAMS.min_windows)]
            missing = rate * (time_s[after] - time_s[before]) - (count[after] - count[before])
            off = float(np.abs(rates[stop:again] - rate).sum()) * PARAMS.window_s
            waited[stop:again] |= abs(missing) < PARAMS.made_up * off
    return waited


def _counted(block: SampleBlock, header: SensorHeader, rows: IntArray) -> FloatArray:
    """Return how many samples were sent by each of these rows; the sensor may count on at its former rate."""
    if header.counter != "device":
        return rows.astype(np.float64)
    step = np.diff(block.sample)
    spans = [step[start:stop] for start, stop in pairwise(rows.tolist())]
    return np.cumsum([0.0, *(span.sum() / max(1.0, median(span)) if len(span) else 0.0 for span in spans)])


def _jumps(rates: FloatArray | IntArray) -> FloatArray:
    """Return the difference of the rate's logarithm between the windows before and after each cut."""
    last = len(rates) - PARAMS.min_windows + 1
    windows = np.sort([rates[k : last + k] for k in range(PARAMS.min_windows)], axis=0)
    usual = windows[PARAMS.min_windows // 2]
    return np.asarray(np.abs(np.log(usual[PARAMS.min_windows :] / usual[: -PARAMS.min_windows])))


def _steady(rates: FloatArray, packet: float) -> bool:
    """Whether nearly all windows have the usual rate; a packet more or less falls into each at random.

    One of few may be that in which the rate changes.
    """
    usual = median(rates)
    within = PARAMS.steady + packet / (usual * PARAMS.window_s)
    others = np.count_nonzero(np.abs(rates / usual - 1.0) > within)
    return bool(
        others <= (1.0 - PARAMS.steady_share) * len(rates) or others == 1 <= len(rates) - PARAMS.min_windows
    )


def _rate(block: SampleBlock, header: SensorHeader, start: int, stop: int) -> float:
    """Return the samples per second of a window, with lost ones if the sensor shows them; 0 with hardly any.

    The span is from the window's first packet, whose samples precede it, to its last: the number of packets
    in a window is random.
    """
    if stop - start < 3:
        return 0.0
    clock = block.device_time_s[start:stop]
    if np.isfinite(clock).all() and (steps := np.diff(clock)).min() > 0.0:
        return 1.0 / median(steps)
    time_s = block.time_s[start:stop]
    first = int(np.searchsorted(time_s, time_s[0], side="right")) - 1
    span_s = float(time_s[-1] - time_s[first])
    if span_s < PARAMS.min_window_s:
        return 0.0
    if header.counter != "device":
        return (stop - start - 1 - first) / span_s
    number = block.sample[start:stop]
    usual = max(1.0, median(np.diff(number)))
    return (float(number[-1]) - float(number[first])) / usual / span_s


def _spread(rates: FloatArray) -> float:
    return float(np.abs(rates - median(rates)).sum())


def _row_of_change(block: SampleBlock, start: int, stop: int) -> int:
    """Return the row at which two straight lines, rows over time, fit best."""
    low, high = max(0, start - (stop - start)), min(len(block), stop + (stop - start))
    time_s, rows = block.time_s[low:high], np.arange(low, high, dtype=np.float64)

    def misfit(row: int) -> float:
        halves = (slice(0, row - low), slice(row - low, None))
        return sum(
            float(np.polyfit(time_s[half], rows[half], 1, full=True)[1].sum())
            for half in halves
            if np.ptp(time_s[half]) > 0.0
        )

    candidates = range(max(start, low + 4), min(stop, high - 4), max(1, (stop - start) // 60))
    return min(candidates, key=misfit, default=start)


def _on_one_tick(parts: list[SampleBlock], fits: list[TimedSamples]) -> tuple[SampleBlock, TimedSamples]:
    """Interpolate all samples to the ticks of the fastest stretch; holes stay holes."""
    period_s = min(fit.period_s for fit in fits)
    offset = np.cumsum([0, *(len(part) for part in parts)])
    time_s = np.maximum.accumulate(np.concatenate([fit.time_s for fit in fits]))
    order = np.concatenate([fit.order + start for fit, start in zip(fits, offset, strict=False)])
    own_s = np.concatenate([np.full(len(fit.time_s), fit.period_s) for fit in fits])
    ticks = np.arange(int((time_s[-1] - time_s[0]) / period_s) + 1)
    grid_s = time_s[0] + ticks * period_s
    right = np.clip(np.searchsorted(time_s, grid_s, side="right"), 1, len(time_s) - 1)
    kept = time_s[right] - time_s[right - 1] <= PARAMS.hole_periods * np.maximum(
        own_s[right], own_s[right - 1]
    )
    ticks, grid_s = ticks[kept], grid_s[kept]
    acc = np.concatenate([part.acc_mps2 for part in parts])[order]
    gyr = np.concatenate([part.gyr_dps for part in parts])[order]
    values = interpolate_columns(grid_s, time_s, np.hstack([acc, gyr]))
    number = np.arange(len(grid_s))
    block = SampleBlock(
        parts[0].sensor, grid_s, number, np.full(len(grid_s), np.nan), values[:, :3], values[:, 3:]
    )
    clocks = [fit.clock for fit in fits]
    clock = replace(
        clocks[0],
        rate_hz=min(clock.rate_hz for clock in clocks),
        lost=None if clocks[0].lost is None else sum(clock.lost or 0 for clock in clocks),
        longest_gap_s=max(clock.longest_gap_s for clock in clocks),
        uncertainty_ms=max((clock.uncertainty_ms for clock in clocks if clock.uncertainty_ms), default=None),
        duplicates=sum(clock.duplicates for clock in clocks),
        reordered=sum(clock.reordered for clock in clocks),
        restarts=sum(clock.restarts for clock in clocks),
    )
    return block, TimedSamples(grid_s, ticks, number, period_s, clock)
