"""Enough samples, often enough, on clocks that can be trusted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from imu_reps.analysis.plausibility.finding import PlausibilityFinding, Severity
from imu_reps.domain.recording import Recording, SensorHeader
from imu_reps.domain.samples import SampleBlock, SensorPlace
from imu_reps.kinematics.clock.offline import TimedSamples

#: The recording format refuses below the first and cautions below the second. 1 % of tolerance: what the
#: clocks of such parts are off by.
MIN_RATE_HZ = 20.0 * 0.99
GOOD_RATE_HZ = 50.0 * 0.99

#: Clocks of such parts are within 1 %; more is another rate than the header says.
RATE_OFF_CAUTION = 0.02
RATE_OFF_INFO = 0.007

#: A fiftieth lost begins to leave reps that cannot be judged; with a fifth lost most of them are.
LOSS_CAUTION = 0.02
LOSS_STRONG = 0.20

#: A hole longer than this leaves a rep unjudged (`definitions`).
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


def check_presence(recording: Recording) -> Iterator[PlausibilityFinding]:
    """Which sensors sent anything at all."""
    if not recording.pelvis and not recording.ankle:
        yield PlausibilityFinding(
            "no_samples",
            "refuse",
            None,
            "The recording holds no samples.",
            "Check that the sensors were connected, and record again.",
        )
    elif not recording.pelvis:
        yield PlausibilityFinding(
            "no_pelvis",
            "caution",
            "pelvis",
            "There are no pelvis samples: tilt and rotation are not measured, nor is the posture checked.",
            "Wear the second sensor on the front of the pelvis.",
        )
    elif not recording.ankle:
        yield PlausibilityFinding(
            "no_ankle",
            "caution",
            "ankle",
            "There are no ankle samples: repetitions cannot be counted.",
            "Wear a sensor above the ankle of the working leg.",
        )


def check_sample_count(block: SampleBlock) -> Iterator[PlausibilityFinding]:
    """Whether a sensor sent so little that not even its rate is known."""
    if len(block) == 1:
        yield PlausibilityFinding(
            "too_short",
            "refuse",
            block.sensor,
            f"The {block.sensor} sensor sent a single sample.",
            "Check its connection and record again, or leave that row out of the file.",
        )


def check_span(clocks: Mapping[SensorPlace, TimedSamples]) -> Iterator[PlausibilityFinding]:
    """Length of the recording, and the time both sensors share."""
    spans = {place: (float(c.time_s[0]), float(c.time_s[-1])) for place, c in clocks.items()}
    longest = max(last - first for first, last in spans.values())
    overall = max(last for _, last in spans.values()) - min(first for first, _ in spans.values())
    if longest < MIN_DURATION_S:
        yield PlausibilityFinding(
            "too_short",
            "refuse",
            None,
            f"The recording is {longest:.1f} s long: too short for one repetition.",
            "Record at least a whole repetition with a second of stillness before it.",
        )
    if overall > IMPOSSIBLE_S:
        yield PlausibilityFinding(
            "time_span",
            "refuse",
            None,
            f"The recording spans {overall / 3600:.0f} h in time_s: its times are wrong.",
            "Give time_s in seconds from the first row, without jumps.",
        )
    elif longest > LONG_S:
        yield PlausibilityFinding(
            "very_long",
            "caution",
            None,
            f"The recording is {longest / 3600:.1f} h long; one set is expected.",
            "Record each set in a file of its own.",
        )
    if len(spans) == 2 and overall <= IMPOSSIBLE_S:
        yield from _overlap(spans, longest)


def _overlap(
    spans: Mapping[SensorPlace, tuple[float, float]], longest: float
) -> Iterator[PlausibilityFinding]:
    shared = min(last for _, last in spans.values()) - max(first for first, _ in spans.values())
    told = ", ".join(f"{place} {first:.1f} to {last:.1f} s" for place, (first, last) in spans.items())
    if shared <= 0:
        yield PlausibilityFinding(
            "no_overlap",
            "refuse",
            None,
            f"The two sensors never sent at the same time ({told}).",
            "Give both sensors' time_s on the same clock of the host.",
        )
    elif shared < OVERLAP_SHARE * longest:
        yield PlausibilityFinding(
            "partial_overlap",
            "caution",
            None,
            f"Both sensors sent for only {shared:.1f} of {longest:.1f} s ({told}).",
            "Connect both sensors before the set; the rest is judged with one sensor alone.",
        )


def check_timing(
    place: SensorPlace, header: SensorHeader, timed: TimedSamples
) -> Iterator[PlausibilityFinding]:
    """Rate, loss, holes, drift and order of one sensor's samples."""
    yield from _rate(place, header, timed)
    yield from _loss(place, timed)
    yield from _clock(place, timed)
    yield from _order(place, timed)


def _rate(place: SensorPlace, header: SensorHeader, timed: TimedSamples) -> Iterator[PlausibilityFinding]:
    rate = timed.clock.rate_hz
    if rate < MIN_RATE_HZ:
        yield PlausibilityFinding(
            "rate_too_low",
            "refuse",
            place,
            f"The {place} sensor sends {rate:.1f} samples a second; at least 20 are needed.",
            "Set the sensor to 50 or better 100 samples a second.",
        )
    elif rate < GOOD_RATE_HZ:
        yield PlausibilityFinding(
            "rate_low",
            "caution",
            place,
            f"The {place} sensor sends {rate:.1f} samples a second: too few to see jolts.",
            "Set the sensor to 50 or better 100 samples a second.",
        )
    off = rate / header.rate_hz - 1.0 if header.rate_hz else 0.0
    if abs(off) > RATE_OFF_INFO:
        yield PlausibilityFinding(
            "rate_off",
            "caution" if abs(off) > RATE_OFF_CAUTION else "info",
            place,
            f"The {place} sensor sends {rate:.2f} samples a second, the header says {header.rate_hz:g} "
            f"({100 * off:+.1f} %). The measured rate is used.",
            f"If that is no surprise, correct '{place}.rate_hz' in the header.",
        )


def _loss(place: SensorPlace, timed: TimedSamples) -> Iterator[PlausibilityFinding]:
    lost = timed.clock.lost or 0
    share = lost / (lost + len(timed.time_s))
    if share > LOSS_CAUTION:
        strong = share > LOSS_STRONG
        yield PlausibilityFinding(
            "loss_severe" if strong else "loss",
            "caution",
            place,
            f"{100 * share:.0f} % of the {place} sensor's samples are lost "
            f"({lost} of {lost + len(timed.time_s)})"
            + ("; most of what needs them cannot be judged." if strong else "."),
            "Bring the receiver closer, with no body between, or lower the rate.",
        )
    holes = np.diff(timed.time_s)
    holes = holes[holes > max(HOLE_S, 2.5 * timed.period_s)]
    if len(holes):
        yield PlausibilityFinding(
            "drop_out",
            "caution",
            place,
            f"The {place} sensor is silent {len(holes)} time{'s' if len(holes) > 1 else ''} for more than "
            f"0.15 s, at most {holes.max():.2f} s. Repetitions there are not judged.",
            "Bring the receiver closer, with no body between.",
        )


def _clock(place: SensorPlace, timed: TimedSamples) -> Iterator[PlausibilityFinding]:
    drift, uncertainty = timed.clock.drift_ppm, timed.clock.uncertainty_ms
    if drift is not None and abs(drift) > DRIFT_PPM:
        yield PlausibilityFinding(
            "drift",
            "caution",
            place,
            f"The {place} sensor's clock runs {'fast' if drift > 0 else 'slow'} by {abs(drift):.0f} ppm. "
            "Times follow the host's clock.",
            "Nothing to do for one set; a sensor that is far off may be failing.",
        )
    if uncertainty is not None and uncertainty > UNCERTAIN_MS:
        yield PlausibilityFinding(
            "clock_uncertain",
            "caution",
            place,
            f"The times of the {place} sensor's samples are known to {uncertainty:.0f} ms only.",
            "Use a steadier connection, or a sensor with a clock of its own.",
        )


def _order(place: SensorPlace, timed: TimedSamples) -> Iterator[PlausibilityFinding]:
    clock = timed.clock
    told: tuple[tuple[str, int, str, str], ...] = (
        ("duplicates", clock.duplicates, "came twice; the second is left out", "Check the receiver."),
        ("reordered", clock.reordered, "came out of order; they are put in order", "Check the receiver."),
        ("restarts", clock.restarts, "began its numbering anew", "Check the sensor's battery and contacts."),
    )
    severity: Severity = "caution"
    for code, count, what, hint in told:
        if count:
            who = f"The {place} sensor" if code == "restarts" else f"{count} samples of the {place} sensor"
            times = f" {count} time{'s' if count > 1 else ''}." if code == "restarts" else "."
            yield PlausibilityFinding(code, severity, place, f"{who} {what}{times}", hint)
