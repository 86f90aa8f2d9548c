"""Is this recording plausible? Each doubt is told with its mend; nothing is repaired."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from imu_reps.analysis.plausibility.accelerometer import check_accelerometer
from imu_reps.analysis.plausibility.channels import check_channels, check_finite
from imu_reps.analysis.plausibility.finding import PlausibilityFinding
from imu_reps.analysis.plausibility.gyroscope import check_gyroscope, check_warming
from imu_reps.analysis.plausibility.placement import check_pelvis_axes, check_swapped
from imu_reps.analysis.plausibility.timing import (
    check_presence,
    check_sample_count,
    check_span,
    check_timing,
)
from imu_reps.analysis.plausibility.windows import Windows, windows_of
from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.errors import RecordingError
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.recorded import fit_clocks

__all__ = ["PlausibilityFinding", "check_recording", "fit_clocks", "refuse_implausible", "refuse_unusable"]


def check_recording(
    recording: Recording, clocks: Mapping[SensorPlace, TimedSamples] | None = None
) -> tuple[PlausibilityFinding, ...]:
    """Everything that is doubtful about a recording, the graver first.

    Parameters
    ----------
    recording : Recording
        As it was read.
    clocks : mapping, optional
        The fitted clock of each sensor that has samples; fitted here if not given.

    Returns
    -------
    tuple of PlausibilityFinding
        Empty: the recording looks plausible.
    """
    found = list(_unusable(recording))
    if not _refused(found):
        try:
            found += _doubts(recording, fit_clocks(recording) if clocks is None else clocks)
        except RecordingError as error:
            found.append(PlausibilityFinding(error.code, "refuse", None, error.message, error.hint))
    order = ("refuse", "caution", "info")
    return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))


def refuse_implausible(
    recording: Recording, clocks: Mapping[SensorPlace, TimedSamples] | None = None
) -> tuple[PlausibilityFinding, ...]:
    """Stop before a wrong number is given; else the cautions that the numbers stand under.

    Raises
    ------
    RecordingError
        With the code, message and hint of the gravest finding, if any must be refused.
    """
    found = check_recording(recording, clocks)
    _raise_refusal(found)
    return found


def refuse_unusable(recording: Recording) -> None:
    """Stop before clocks are fitted to samples that hold no reading or no time.

    Raises
    ------
    RecordingError
        As `refuse_implausible`.
    """
    _raise_refusal(_unusable(recording))


def _raise_refusal(findings: Iterable[PlausibilityFinding]) -> None:
    for finding in findings:
        if finding.severity == "refuse":
            raise RecordingError(finding.message, hint=finding.hint, code=finding.code)


def _refused(findings: Iterable[PlausibilityFinding]) -> bool:
    return any(finding.severity == "refuse" for finding in findings)


def _unusable(recording: Recording) -> Iterator[PlausibilityFinding]:
    """What keeps one from even fitting clocks."""
    yield from check_presence(recording)
    for place in SENSOR_PLACES:
        block = recording.samples(place)
        if block:
            yield from check_finite(block)
            yield from check_sample_count(block)


def _doubts(
    recording: Recording, clocks: Mapping[SensorPlace, TimedSamples]
) -> Iterator[PlausibilityFinding]:
    span = list(check_span(clocks))
    yield from span
    for place, timed in clocks.items():
        yield from check_timing(place, recording.header.sensor(place), timed)
    if not _refused(span):
        yield from _doubtful_signals(recording, clocks)


def _doubtful_signals(
    recording: Recording, clocks: Mapping[SensorPlace, TimedSamples]
) -> Iterator[PlausibilityFinding]:
    windows = windows_of(recording, clocks)
    sound: dict[SensorPlace, Windows] = {}
    for place, timed in clocks.items():
        accelerometer = list(check_accelerometer(place, windows[place]))
        yield from accelerometer
        if not _refused(accelerometer):
            sound[place] = windows[place]
            yield from check_gyroscope(place, windows[place])
        block = recording.samples(place)
        if block:
            yield from check_warming(block, timed)
            yield from check_channels(block, timed.clock.rate_hz, recording.header.simulated)
    yield from _worn(recording, sound)


def _worn(recording: Recording, sound: Mapping[SensorPlace, Windows]) -> Iterator[PlausibilityFinding]:
    pelvis, ankle = sound.get("pelvis"), sound.get("ankle")
    if pelvis is not None and ankle is not None and recording.header.exercise != "hollow_hold":
        swapped = list(check_swapped(recording.header.start, pelvis, ankle))
        yield from swapped
        if swapped:
            return
    if pelvis is not None:
        yield from check_pelvis_axes(recording.header, pelvis, ankle)
