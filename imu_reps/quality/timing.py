"""Enough samples, often enough, on clocks that can be trusted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from imu_reps.domain.finding import Finding, Severity
from imu_reps.domain.recording import Recording, SensorHeader
from imu_reps.domain.samples import SampleBlock, SensorPlace
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.motion import HOLE_PERIODS
from imu_reps.quality.rates import MIN_RATE_HZ

#: No part measures motion more often: docs/recording-format.md.
MAX_RATE_HZ = 10_000.0

#: The recording format cautions below this. 1 % of tolerance: what the clocks of such parts are off by.
GOOD_RATE_HZ = 50.0 * 0.99

#: Clocks of such parts are within 1 %; more is another rate than the header says.
RATE_OFF_CAUTION = 0.02
RATE_OFF_INFO = 0.007

#: A fiftieth lost begins to leave reps that cannot be judged; with a fifth lost most of them are.
LOSS_CAUTION = 0.02
LOSS_STRONG = 0.20

#: A hole longer than this leaves a rep unjudged: docs/definitions.md#per-repetition.
HOLE_S = 0.15

#: Crystals are within 100 ppm, ceramic and RC oscillators within 500 once warm.
DRIFT_PPM = 500.0

#: Tempo is told to a tenth of a second; half of that.
UNCERTAIN_MS = 50.0

#: One repetition with a still half second on either side needs this at the least.
MIN_DURATION_S = 3.0
LONG_S = 3600.0
IMPOSSIBLE_S = 24 * 3600.0

#: Both sensors are needed for this share of the longer one's time.
OVERLAP_SHARE = 0.9


def check_presence(recording: Recording) -> Iterator[Finding]:
    """Which sensors sent anything at all."""
    if not recording.pelvis and not recording.ankle:
        yield Finding("no_samples", severity="refuse")
    elif not recording.pelvis:
        yield Finding("no_pelvis", severity="caution", sensor="pelvis")
    elif not recording.ankle:
        yield Finding("no_ankle", severity="caution", sensor="ankle")


def check_sample_count(block: SampleBlock) -> Iterator[Finding]:
    """Whether a sensor sent so little that not even its rate is known."""
    if len(block) == 1:
        yield Finding("too_short", severity="refuse", sensor=block.sensor)


def check_span(clocks: Mapping[SensorPlace, TimedSamples]) -> Iterator[Finding]:
    """Length of the recording, and the time both sensors share."""
    spans = {place: (float(c.time_s[0]), float(c.time_s[-1])) for place, c in clocks.items()}
    longest = max(last - first for first, last in spans.values())
    overall = max(last for _, last in spans.values()) - min(first for first, _ in spans.values())
    if longest < MIN_DURATION_S:
        yield Finding("too_short", values={"duration_s": longest}, severity="refuse")
    if overall > IMPOSSIBLE_S:
        yield Finding("time_span", values={"span_s": overall}, severity="refuse")
    elif longest > LONG_S:
        yield Finding("very_long", values={"duration_s": longest}, severity="caution")
    if len(spans) == 2 and overall <= IMPOSSIBLE_S:
        yield from _overlap(spans, longest)


def _overlap(spans: Mapping[SensorPlace, tuple[float, float]], longest: float) -> Iterator[Finding]:
    shared = min(last for _, last in spans.values()) - max(first for first, _ in spans.values())
    values = {"spans": dict(spans), "shared_s": shared, "longest_s": longest}
    if shared <= 0:
        yield Finding("no_overlap", values=values, severity="refuse")
    elif shared < OVERLAP_SHARE * longest:
        yield Finding("partial_overlap", values=values, severity="caution")


def check_timing(place: SensorPlace, header: SensorHeader, timed: TimedSamples) -> Iterator[Finding]:
    """Rate, loss in samples or in time, holes, drift and order of one sensor's samples."""
    yield from _rate(place, header, timed)
    yield from _loss(place, timed)
    yield from _clock(place, timed)
    yield from _order(place, timed)


def _rate(place: SensorPlace, header: SensorHeader, timed: TimedSamples) -> Iterator[Finding]:
    rate = timed.clock.rate_hz
    if rate > MAX_RATE_HZ:
        yield Finding("rate_too_high", values={"rate_hz": rate}, severity="refuse", sensor=place)
    elif rate < MIN_RATE_HZ:
        yield Finding("rate_too_low", values={"rate_hz": rate}, severity="refuse", sensor=place)
    elif rate < GOOD_RATE_HZ:
        yield Finding("rate_low", values={"rate_hz": rate}, severity="caution", sensor=place)
    off = rate / header.rate_hz - 1.0 if header.rate_hz else 0.0
    if abs(off) > RATE_OFF_INFO:
        values = {"rate_hz": rate, "header_hz": header.rate_hz, "off": off}
        severity: Severity = "caution" if abs(off) > RATE_OFF_CAUTION else "info"
        yield Finding("rate_off", values=values, severity=severity, sensor=place)


def _loss(place: SensorPlace, timed: TimedSamples) -> Iterator[Finding]:
    lost, steps_s = timed.clock.lost, np.diff(timed.time_s)
    is_hole = steps_s > max(HOLE_S, 2.5 * timed.period_s)
    if lost is None:  # nobody counted them: those between the holes show in time alone
        skipped_s = steps_s[(steps_s > HOLE_PERIODS * timed.period_s) & ~is_hole] - timed.period_s
        share = float(skipped_s.sum() / steps_s.sum())
    else:
        share = lost / (lost + len(timed.time_s))
    if share > LOSS_CAUTION:
        values = {"share": share, "lost": lost, "sent": (lost or 0) + len(timed.time_s)}
        code = "loss_severe" if share > LOSS_STRONG else "loss"
        yield Finding(code, values=values, severity="caution", sensor=place)
    holes = steps_s[is_hole]
    if len(holes):
        values = {"times": len(holes), "longest_s": float(holes.max())}
        yield Finding("drop_out", values=values, severity="caution", sensor=place)


def _clock(place: SensorPlace, timed: TimedSamples) -> Iterator[Finding]:
    drift, uncertainty = timed.clock.drift_ppm, timed.clock.uncertainty_ms
    if drift is not None and abs(drift) > DRIFT_PPM:
        yield Finding("drift", values={"drift_ppm": drift}, severity="caution", sensor=place)
    if uncertainty is not None and uncertainty > UNCERTAIN_MS:
        values = {"uncertainty_ms": uncertainty}
        yield Finding("clock_uncertain", values=values, severity="caution", sensor=place)


def _order(place: SensorPlace, timed: TimedSamples) -> Iterator[Finding]:
    clock = timed.clock
    counts = {"duplicates": clock.duplicates, "reordered": clock.reordered, "restarts": clock.restarts}
    for code, count in counts.items():
        if count:
            yield Finding(code, values={"count": count}, severity="caution", sensor=place)
