"""Checks of times: unit, duration, rate, losses, drift and order of the samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.finding import Finding, Severity
from imu_reps.domain.recording import MAX_RATE_HZ, Recording, SensorHeader
from imu_reps.domain.samples import (
    LONGEST_HOLE_S,
    MAX_CLOCK_S,
    FloatArray,
    IntArray,
    SampleBlock,
    SensorPlace,
)
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.motion import HOLE_PERIODS
from imu_reps.kinematics.robust import median
from imu_reps.quality.rates import MIN_RATE_HZ, MIN_SAMPLES, clock_is_count


@dataclass(frozen=True, slots=True)
class TimingParams:
    """Parameters of rates, losses, clocks and units of time.

    Attributes
    ----------
    good_rate_hz : float
        Rate below which the recording format cautions, less 2 % as for impulses: clocks are 1 % off.
    rate_off_caution, rate_off_info : float
        Deviations from the header's rate that are reported; clocks of such parts are within 1 %.
    loss_caution, loss_strong : float
        Shares of lost samples that are reported: from a fiftieth on some reps cannot be judged, with a fifth
        most of them.
    drift_ppm : float
        Greatest drift: crystals are within 100 ppm, ceramic and RC oscillators within 500 once warm.
    drift_sds : float
        Standard deviations of the drift by which a reported one is greater.
    uncertain_ms : float
        Greatest uncertainty of times: half of the tenth of a second to which tempo is given.
    min_duration_s : float
        Shortest recording: one repetition with a still half second on either side.
    long_s, impossible_s : float
        Durations above which a recording is very long for a set, and impossible.
    overlap_share : float
        Smallest share of the longer sensor's time that both sensors have.
    rates_hz, senseless_hz : tuple
        Rates of such sensors: beyond the first range the unit is probably another, beyond the second
        certainly.
    usual_hz : tuple
        Usual rates of such sensors.
    far_off : float
        Ratio of two rates that losses cannot explain: the unit is another.
    agree, agree_header : float
        Greatest relative difference of two clocks with one unit, and of a header's rate and the true one.
    contradicts : float
        Relative difference from which two scales of time contradict each other: `time_s` and the sensor's own
        clock, or its rate (at most 0.013 in good recordings, ours), or two speeds of one clock.
    parts, most_parts : int or float
        Number of parts of a recording whose times are compared with the sensor's clock, and smallest share of
        them that must agree (ours).
    max_share : float
        Share of the whole above which a step is a silence or a clock that was set, and is left out of the
        rate.
    """

    good_rate_hz: float = 50.0 * 0.98
    rate_off_caution: float = 0.02
    rate_off_info: float = 0.007
    loss_caution: float = 0.02
    loss_strong: float = 0.20
    drift_ppm: float = 500.0
    drift_sds: float = 3.0
    uncertain_ms: float = 50.0
    min_duration_s: float = 3.0
    long_s: float = 3600.0
    impossible_s: float = 24 * 3600.0
    overlap_share: float = 0.9
    rates_hz: tuple[float, float] = (8.0, 3000.0)
    senseless_hz: tuple[float, float] = (1.0, 30_000.0)
    usual_hz: tuple[float, float] = (20.0, 1000.0)
    far_off: float = 20.0
    agree: float = 0.02
    agree_header: float = 0.3
    contradicts: float = 0.1
    parts: int = 8
    most_parts: float = 0.7
    max_share: float = 0.3


PARAMS = TimingParams()


#: Number of units per second, of units that programs write times in.
UNITS = {"ms": 1e3, "µs": 1e6, "ns": 1e9, "minutes": 1 / 60, "hours": 1 / 3600, "days": 1 / 86400}


def check_presence(recording: Recording) -> Iterator[Finding]:
    """Report sensors without samples."""
    if not recording.pelvis and not recording.ankle:
        yield Finding("no_samples", severity="refuse")
    elif not recording.pelvis:
        yield Finding("no_pelvis", severity="caution", sensor="pelvis")
    elif not recording.ankle:
        yield Finding("no_ankle", severity="caution", sensor="ankle")


def check_span(clocks: Mapping[SensorPlace, TimedSamples], *, broke_off: bool) -> Iterator[Finding]:
    """Check the length of the recording, which may have broken off, and the time both sensors share."""
    spans = {place: (float(c.time_s[0]), float(c.time_s[-1])) for place, c in clocks.items()}
    longest = max(last - first for first, last in spans.values())
    overall = max(last for _, last in spans.values()) - min(first for first, _ in spans.values())
    if longest < PARAMS.min_duration_s:
        values = {"duration_s": longest, "broke_off": broke_off}
        yield Finding("too_short", values=values, severity="refuse")
    else:
        for place, (first, last) in spans.items():
            if last - first < PARAMS.min_duration_s:
                values = {"samples": len(clocks[place].time_s), "duration_s": last - first}
                yield Finding("too_short", values=values, severity="refuse", sensor=place)
    if overall > PARAMS.impossible_s:
        yield Finding("time_span", values={"span_s": overall}, severity="refuse")
    elif longest > PARAMS.long_s:
        yield Finding("very_long", values={"duration_s": longest}, severity="caution")
    if len(spans) == 2 and overall <= PARAMS.impossible_s:
        yield from _overlap(spans, longest)


def _overlap(spans: Mapping[SensorPlace, tuple[float, float]], longest: float) -> Iterator[Finding]:
    shared = min(last for _, last in spans.values()) - max(first for first, _ in spans.values())
    values = {"spans": dict(spans), "shared_s": shared, "longest_s": longest}
    if shared <= 0:
        yield Finding("no_overlap", values=values, severity="refuse")
    elif shared < PARAMS.overlap_share * longest:
        yield Finding("partial_overlap", values=values, severity="caution")


def check_timing(place: SensorPlace, header: SensorHeader, timed: TimedSamples) -> Iterator[Finding]:
    """Check rate, loss in samples or in time, holes, drift and order of one sensor's samples."""
    yield from _check_rate(place, header, timed)
    yield from _loss(place, timed)
    yield from _clock(place, timed)
    yield from _order(place, timed)


def _check_rate(place: SensorPlace, header: SensorHeader, timed: TimedSamples) -> Iterator[Finding]:
    rate = timed.clock.rate_hz
    if rate > MAX_RATE_HZ:
        yield Finding("rate_too_high", values={"rate_hz": rate}, severity="refuse", sensor=place)
    elif rate < MIN_RATE_HZ:
        yield Finding("rate_too_low", values={"rate_hz": rate}, severity="refuse", sensor=place)
    elif rate < PARAMS.good_rate_hz:
        yield Finding("rate_low", values={"rate_hz": rate}, severity="caution", sensor=place)
    off = rate / header.rate_hz - 1.0 if header.rate_hz else 0.0
    if abs(off) > PARAMS.rate_off_info:
        values = {"rate_hz": rate, "header_hz": header.rate_hz, "off": off}
        severity: Severity = "caution" if abs(off) > PARAMS.rate_off_caution else "info"
        yield Finding("rate_off", values=values, severity=severity, sensor=place)


def _loss(place: SensorPlace, timed: TimedSamples) -> Iterator[Finding]:
    lost, steps_s = timed.clock.lost, np.diff(timed.time_s)
    is_hole = steps_s > max(LONGEST_HOLE_S, 2.5 * timed.period_s)
    skipped_s = steps_s[(steps_s > HOLE_PERIODS * timed.period_s) & ~is_hole] - timed.period_s
    share = float(skipped_s.sum() / max(steps_s.sum(), timed.period_s))
    if lost is not None:
        counted = lost / (lost + len(timed.time_s))
        if share > counted + PARAMS.loss_caution:
            lost = None  # the numbers go on where the sensor's clock skips
        else:
            share = counted
    if share > PARAMS.loss_caution:
        values = {"share": share, "lost": lost, "sent": (lost or 0) + len(timed.time_s)}
        code = "loss_severe" if share > PARAMS.loss_strong else "loss"
        yield Finding(code, values=values, severity="caution", sensor=place)
    holes = steps_s[is_hole]
    if len(holes):
        values = {"times": len(holes), "longest_s": float(holes.max())}
        yield Finding("drop_out", values=values, severity="caution", sensor=place)


def _clock(place: SensorPlace, timed: TimedSamples) -> Iterator[Finding]:
    clock = timed.clock
    drift, drift_sd, uncertainty = clock.drift_ppm, clock.drift_sd_ppm, clock.uncertainty_ms
    limit = None if drift_sd is None else PARAMS.drift_ppm + PARAMS.drift_sds * drift_sd
    if drift is not None and limit is not None and abs(drift) > limit:
        yield Finding("drift", values={"drift_ppm": drift}, severity="caution", sensor=place)
    if uncertainty is not None and uncertainty > PARAMS.uncertain_ms:
        values = {"uncertainty_ms": uncertainty}
        yield Finding("clock_uncertain", values=values, severity="caution", sensor=place)


def _order(place: SensorPlace, timed: TimedSamples) -> Iterator[Finding]:
    clock = timed.clock
    counts = {"duplicates": clock.duplicates, "reordered": clock.reordered, "restarts": clock.restarts}
    for code, count in counts.items():
        if count:
            yield Finding(code, values={"count": count}, severity="caution", sensor=place)


def in_seconds(recording: Recording) -> tuple[Recording, list[Finding]]:
    """Find columns that are not in seconds; a sensor's clock in another unit is converted.

    `time_s` in another unit is refused, since silences, notes and tempo depend on it.
    """
    found: list[Finding] = []
    for block in recording.blocks:
        if len(block) < MIN_SAMPLES:
            continue
        by_host, by_clock = _rate(block.time_s), _rate(block.device_time_s)
        header_hz = recording.header.sensor(block.sensor).rate_hz
        values = _unit_of(by_host, by_clock, header_hz)
        if values is None and not clock_is_count(block, recording.header.sensor(block.sensor)):
            values = _scale_of(block, by_clock, header_hz)
        if values is not None:
            return recording, [Finding("time_unit", values=values, severity="refuse", sensor=block.sensor)]
        unit = _unit_of_clock(by_host, by_clock)
        if unit is not None:
            clock = block.device_time_s / UNITS[unit]
            recording = recording.with_samples(replace(block, device_time_s=clock))
            values = {"unit": unit, "factor": UNITS[unit]}
            found.append(Finding("clock_unit", values=values, severity="caution", sensor=block.sensor))
        elif _changes_speed(block):
            recording = recording.with_samples(replace(block, device_time_s=np.full(len(block), np.nan)))
            found.append(Finding("clock_speed", severity="caution", sensor=block.sensor))
    return recording, found


def _changes_speed(block: SampleBlock) -> bool:
    """Whether the sensor's own clock goes at two speeds, while its samples come and count evenly."""
    rows = _parts(block)
    if not np.isfinite(block.device_time_s[rows]).all():
        return False
    waited, passed, counted = (np.diff(x[rows]) for x in (block.time_s, block.device_time_s, block.sample))
    if not ((waited > 0.0).all() and (passed > 0.0).all() and (counted > 0).all()):
        return False
    every_s, ticked_s = waited / counted, passed / counted
    even = np.abs(every_s / median(every_s) - 1.0) < PARAMS.contradicts
    slow, fast = np.sort(ticked_s)[[1, -2]]  # the change is within one part, at most two are mixed
    return bool(even.all() and slow > 0.0 and fast / slow - 1.0 > PARAMS.contradicts)


def _parts(block: SampleBlock) -> IntArray:
    """Return the first row of each of the parts of a recording, and its last row."""
    return np.linspace(0, len(block) - 1, PARAMS.parts + 1).astype(np.int64)


def _scale_of(
    block: SampleBlock, by_clock: float | None, header_hz: float | None
) -> dict[str, str | float | None] | None:
    """Return how many seconds of `time_s` are one by the sensor's clock, if not one, and its rate agrees.

    A jump of the computer's clock is in one part alone.
    """
    if by_clock is None or header_hz is None or abs(by_clock / header_hz - 1.0) > PARAMS.contradicts:
        return None
    whole = float(np.ptp(block.time_s[[0, -1]]) / max(np.ptp(block.device_time_s[[0, -1]]), 1e-9))
    if abs(whole - 1.0) < PARAMS.contradicts:
        return None
    rows = _parts(block)
    waited, passed = np.diff(block.time_s[rows]), np.diff(block.device_time_s[rows])
    if not (passed > 0.0).all():
        return None
    factor = median(waited / passed)
    alike = np.abs(waited / passed / factor - 1.0) < PARAMS.contradicts if factor > 0.0 else np.zeros(1)
    apart = abs(factor - 1.0) > PARAMS.contradicts and alike.mean() > PARAMS.most_parts
    return {"unit": None, "factor": factor} if apart else None


def check_time_scale(block: SampleBlock, header: SensorHeader, ratio: float) -> Iterator[Finding]:
    """Report times that are off by the factor by which the gyroscope's scale seems wrong.

    Parameters
    ----------
    block : SampleBlock
    header : SensorHeader
    ratio : float
        Turns by the gyroscope over those by gravity.
    """
    by_host = _rate(block.time_s)
    for rate in (_rate(block.device_time_s), header.rate_hz):
        if rate is None or by_host is None or abs(rate / by_host - 1.0) < PARAMS.contradicts:
            continue
        if abs(ratio * by_host / rate - 1.0) < PARAMS.contradicts:
            values = {"unit": None, "factor": rate / by_host}
            yield Finding("time_unit", values=values, severity="refuse", sensor=block.sensor)
            return


def _rate(times: FloatArray) -> float | None:
    """Return the samples per unit of time, without silences and jumps of a clock; None if not known."""
    step = np.diff(times[np.abs(times) <= MAX_CLOCK_S])
    size = np.abs(step)
    step = step[size <= PARAMS.max_share * size.sum()]
    span = float(step.sum())
    return len(step) / span if span > 0.0 else None


def _unit_of(
    by_host: float | None, by_clock: float | None, header_hz: float | None
) -> dict[str, str | float | None] | None:
    """Return the unit of `time_s` and its number per second, as far as known, if it is not seconds."""
    if by_host is None:
        return None
    others = [
        rate
        for rate in (by_clock, header_hz)
        if rate is not None and PARAMS.usual_hz[0] <= rate <= PARAMS.usual_hz[1]
    ]
    far_off = others and all(not 1.0 / PARAMS.far_off < by_host / rate < PARAMS.far_off for rate in others)
    if PARAMS.rates_hz[0] <= by_host <= PARAMS.rates_hz[1] and not far_off:
        return None
    for unit, factor in UNITS.items():
        if any(abs(by_host * factor / other - 1.0) < PARAMS.agree_header for other in others):
            return {"unit": unit, "factor": factor}
    if others and far_off:
        return {"unit": None, "factor": others[0] / by_host}
    usual = [
        unit for unit, factor in UNITS.items() if PARAMS.usual_hz[0] <= by_host * factor <= PARAMS.usual_hz[1]
    ]
    if len(usual) == 1 and not others:
        return {"unit": usual[0], "factor": UNITS[usual[0]]}
    senseless = not PARAMS.senseless_hz[0] <= by_host <= PARAMS.senseless_hz[1]
    return {"unit": None, "factor": None} if senseless else None


def _unit_of_clock(by_host: float | None, by_clock: float | None) -> str | None:
    """Return the unit of `device_time_s`, if it is not seconds and `time_s` is in seconds."""
    if by_host is None or by_clock is None or PARAMS.rates_hz[0] <= by_clock <= PARAMS.rates_hz[1]:
        return None
    return next(
        (unit for unit, factor in UNITS.items() if abs(by_clock * factor / by_host - 1.0) < PARAMS.agree),
        None,
    )
