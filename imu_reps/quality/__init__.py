"""Is this recording plausible, and which of its samples are readings? Nothing is repaired in silence.

What is done, in this order: times in seconds; one stream a name; numbers and clocks that run on; packets that
came again; values that wrapped round; the clock of each stretch of one rate; samples that are no reading,
which become holes; and then the doubts about what is left. What cannot be known from the samples
is listed in docs/recording-format.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.finding import Finding, ImplausibleError
from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.errors import RecordingError
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.quality.accelerometer import check_accelerometer
from imu_reps.quality.carried_round import fit_turning
from imu_reps.quality.channels import check_channels, check_finite
from imu_reps.quality.copies import check_streams, without_copies
from imu_reps.quality.failed_readings import MarkedSamples, check_readings, died_at, left, mark_readings
from imu_reps.quality.gyroscope import check_gyroscope, check_warming
from imu_reps.quality.gyroscope_in_motion import borne_out, check_axes_in_motion, check_scale_in_motion
from imu_reps.quality.numbering import numbered
from imu_reps.quality.placement import check_pelvis_axes, check_swapped
from imu_reps.quality.ranges import check_clipping, unwrapped
from imu_reps.quality.rates import fit_changing_clock
from imu_reps.quality.time_unit import in_seconds
from imu_reps.quality.timing import check_presence, check_sample_count, check_span, check_timing
from imu_reps.quality.turned import check_turned
from imu_reps.quality.windows import Windows, windows_of

__all__ = ["Checked", "check_recording", "examined", "usable"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A recording as it can be used, and what is doubtful about it.

    Attributes
    ----------
    recording : Recording
        Samples numbered throughout, times in seconds, copies left out, wrapped values unwrapped.
    clocks : mapping
        The fitted clock of each sensor; empty where the recording is refused before.
    readings : mapping
        Which samples are readings, by sensor.
    findings : tuple of Finding
        The graver first; empty: the recording looks plausible.
    """

    recording: Recording
    clocks: Mapping[SensorPlace, TimedSamples]
    readings: Mapping[SensorPlace, MarkedSamples]
    findings: tuple[Finding, ...]

    @property
    def refusal(self) -> Finding | None:
        """Why the recording cannot be used; None: it can."""
        return next((finding for finding in self.findings if finding.severity == "refuse"), None)

    def left(self, clocks: Mapping[SensorPlace, TimedSamples]) -> dict[SensorPlace, TimedSamples]:
        """The samples that are readings, on these clocks; none after the ankle's sensor died."""
        ankle = self.readings.get("ankle")
        died = None if ankle is None else died_at(ankle)
        return {
            place: left(timed, self.readings[place].bad | (timed.time_s > (np.inf if died is None else died)))
            for place, timed in clocks.items()
        }


def usable(recording: Recording) -> Checked:
    """Make a recording usable, and stop before a wrong number is given.

    Raises
    ------
    ImplausibleError
        With the gravest finding, if any must be refused.
    """
    checked = examined(recording)
    if checked.refusal is not None:
        raise ImplausibleError(checked.refusal)
    return checked


def check_recording(recording: Recording) -> tuple[Finding, ...]:
    """Everything that is doubtful about a recording, the graver first; empty: it looks plausible."""
    return examined(recording).findings


def examined(recording: Recording) -> Checked:
    """Look at a recording as it was read, and make it usable as far as that can be.

    Repetitions are counted at the ankle: a pelvis sensor that gave nothing is told, and left out.
    """
    checked = _examined(recording)
    refusals = [finding for finding in checked.findings if finding.severity == "refuse"]
    if not refusals or not recording.ankle or not all(map(_is_dead_pelvis, refusals)):
        return checked
    told = [replace(refusal, severity="caution") for refusal in refusals]
    without = _examined(replace(recording, pelvis=None))
    return replace(without, findings=_graver_first([*told, *without.findings]))


def _is_dead_pelvis(finding: Finding) -> bool:
    """Whether the pelvis sensor gave nothing, rather than something that is not understood."""
    nothing = (
        finding.code in ("no_readings", "too_short", "frozen_sensor", "frozen_part")
        or "dead" in finding.values
    )
    return finding.sensor == "pelvis" and nothing


def _graver_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    order = ("refuse", "caution", "info")
    return tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))


def _examined(recording: Recording) -> Checked:
    """The same, of a recording whose sensors are all needed."""
    found = list(_unusable(recording))
    clocks: dict[SensorPlace, TimedSamples] = {}
    readings: dict[SensorPlace, MarkedSamples] = {}
    if not _refused(found):
        recording, told = in_seconds(recording)
        found += [*told, *check_streams(recording)]
    if not _refused(found):
        continued = numbered(recording)
        recording, copies, copied = without_copies(continued.recording)
        recording, wrapped = unwrapped(recording)
        found += [*continued.findings, *copied, *wrapped]
        for block in recording.blocks:
            try:
                fitted = fit_changing_clock(block, recording.header.sensor(block.sensor))
            except RecordingError as error:
                values = {"message": error.message, "hint": error.hint}
                found.append(Finding(error.code, values=values, severity="refuse"))
                continue
            whole, clocks[block.sensor], changed = fitted
            marks = copies[block.sensor] if whole is block else np.zeros(len(whole), bool)
            recording = recording.with_samples(whole)
            readings[block.sensor] = mark_readings(whole, clocks[block.sensor], marks)
            found += [*changed, *check_readings(whole, readings[block.sensor])]
        if clocks and not _refused(found):
            found += _doubts(recording, clocks, readings)
    return Checked(recording, clocks, readings, _graver_first(found))


def _refused(findings: Iterable[Finding]) -> bool:
    return any(finding.severity == "refuse" for finding in findings)


def _unusable(recording: Recording) -> Iterator[Finding]:
    """What keeps one from even fitting clocks."""
    yield from check_presence(recording)
    for place in SENSOR_PLACES:
        block = recording.samples(place)
        if block:
            yield from check_finite(block)
            yield from check_sample_count(block)


def _doubts(
    recording: Recording,
    clocks: Mapping[SensorPlace, TimedSamples],
    readings: Mapping[SensorPlace, MarkedSamples],
) -> Iterator[Finding]:
    span = list(check_span(clocks))
    yield from span
    for place, timed in clocks.items():
        yield from check_timing(place, recording.header.sensor(place), timed)
    if not _refused(span):
        kept = {place: left(timed, readings[place].bad) for place, timed in clocks.items()}
        yield from _doubtful_signals(recording, kept)


def _doubtful_signals(recording: Recording, clocks: Mapping[SensorPlace, TimedSamples]) -> Iterator[Finding]:
    windows = windows_of(recording, clocks)
    sound: dict[SensorPlace, Windows] = {}
    for place, timed in clocks.items():
        accelerometer = list(check_accelerometer(place, windows[place]))
        yield from accelerometer
        if not _refused(accelerometer):
            gyroscope = _gyroscope(place, windows[place])
            yield from gyroscope
            if all(finding.code != "sensor_turned" for finding in gyroscope):
                sound[place] = windows[place]
        block = recording.samples(place)
        if block:
            yield from check_warming(block, timed)
            yield from check_channels(block, timed, recording.header.simulated)
            yield from check_clipping(block)
    yield from _worn(recording, sound)


def _gyroscope(place: SensorPlace, windows: Windows) -> list[Finding]:
    """What is wrong with a gyroscope; one that contradicts gravity at a few moments alone was turned then."""
    fit = fit_turning(windows)
    if axes := list(check_axes_in_motion(place, windows, fit)):
        return axes
    scale = list(check_scale_in_motion(place, fit))
    turned = [] if scale else list(check_turned(place, windows))
    if turned:
        windows = windows.without_rate([windows.at(f.start_s) for f in turned if f.start_s is not None])
        fit = fit_turning(windows)
    calm = [finding for finding in check_gyroscope(place, windows) if borne_out(finding, fit)]
    return calm or scale or turned


def _worn(recording: Recording, sound: Mapping[SensorPlace, Windows]) -> Iterator[Finding]:
    pelvis, ankle = sound.get("pelvis"), sound.get("ankle")
    if pelvis is not None and ankle is not None and recording.header.exercise != "hollow_hold":
        swapped = list(check_swapped(recording.header.start, pelvis, ankle))
        yield from swapped
        if swapped:
            return
    if pelvis is not None:
        yield from check_pelvis_axes(recording.header, pelvis, ankle)
