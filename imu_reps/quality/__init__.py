"""Plausibility of a recording, and validity of its samples; every repair is reported.

The order of the checks: times in seconds; one stream per name; continuous numbers and clocks; repeated
packets; values that wrapped round; the clock of each stretch of constant rate; invalid samples, which become
holes; and then doubts about the remaining samples. What samples cannot show is listed in
docs/recording-format.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.finding import Finding, ImplausibleError
from imu_reps.domain.recording import Header, Recording
from imu_reps.domain.samples import BoolArray, FloatArray, SampleBlock, SensorPlace
from imu_reps.errors import RecordingError
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.rest import AtRest, at_rest, window_length
from imu_reps.quality.accelerometer import check_accelerometer
from imu_reps.quality.channels import (
    channels_of,
    check_channels,
    check_clipping,
    check_finite,
    unwrapped,
)
from imu_reps.quality.copies import check_streams, signatures, without_copies
from imu_reps.quality.gyroscope import check_gyroscope, check_warming
from imu_reps.quality.gyroscope_in_motion import (
    borne_out,
    check_axes_in_motion,
    check_scale_in_motion,
    fit_turning,
)
from imu_reps.quality.marked_readings import MarkedSamples, check_readings, died_at, left, mark_readings
from imu_reps.quality.numbering import numbered
from imu_reps.quality.placement import check_pelvis_axes, check_swapped
from imu_reps.quality.rates import fit_changing_clock
from imu_reps.quality.timing import check_presence, check_span, check_timing, in_seconds
from imu_reps.quality.turned import check_turned
from imu_reps.quality.windows import Windows, windows_of

__all__ = ["Checked", "check_recording", "examined", "usable"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A recording made usable, and the findings about it.

    Attributes
    ----------
    recording : Recording
        Samples numbered continuously, times in seconds, copies left out, wrapped values unwrapped.
    clocks : mapping
        Fitted clock of each sensor; empty if the recording is refused before.
    readings : mapping
        Which samples are valid readings, by sensor.
    unused : mapping
        Which samples are invalid, or came after the ankle's sensor died, by sensor.
    resting : mapping
        Rests and bias of each sensor's valid samples; empty if the recording is refused before.
    findings : tuple of Finding
        The most serious first; empty if the recording looks plausible.
    """

    recording: Recording
    clocks: Mapping[SensorPlace, TimedSamples]
    readings: Mapping[SensorPlace, MarkedSamples]
    unused: Mapping[SensorPlace, BoolArray]
    resting: Mapping[SensorPlace, AtRest]
    findings: tuple[Finding, ...]

    @property
    def refusal(self) -> Finding | None:
        """The finding for which the recording cannot be used; None if it can."""
        return next((finding for finding in self.findings if finding.severity == "refuse"), None)

    def left(self, clocks: Mapping[SensorPlace, TimedSamples]) -> dict[SensorPlace, TimedSamples]:
        """Return the clocks without invalid samples, and without any after the ankle's sensor died."""
        return {place: left(timed, self.unused[place]) for place, timed in clocks.items()}


def usable(recording: Recording) -> Checked:
    """Make a recording usable, or refuse it rather than give wrong numbers.

    Raises
    ------
    ImplausibleError
        With the most serious finding, if the recording must be refused.
    """
    checked = examined(recording)
    if checked.refusal is not None:
        raise ImplausibleError(checked.refusal)
    return checked


def check_recording(recording: Recording) -> tuple[Finding, ...]:
    """Return all findings about a recording, the most serious first; empty if it looks plausible."""
    return examined(recording).findings


def examined(recording: Recording) -> Checked:
    """Check a recording as it was read, and make it usable as far as possible.

    Repetitions are counted at the ankle: a pelvis sensor without valid readings is left out, with a caution.
    """
    checked = _examined(recording)
    refusals = [finding for finding in checked.findings if finding.severity == "refuse"]
    if not refusals or not recording.ankle or not all(map(_is_dead_pelvis, refusals)):
        return checked
    cautions = [replace(refusal, severity="caution") for refusal in refusals]
    without = _examined(replace(recording, pelvis=None))
    return replace(without, findings=_graver_first([*cautions, *without.findings]))


def _is_dead_pelvis(finding: Finding) -> bool:
    """Whether a finding says that the pelvis sensor gave no readings, rather than implausible ones."""
    nothing = (
        finding.code in ("no_readings", "too_short", "frozen_sensor", "frozen_part")
        or "dead" in finding.values
    )
    return finding.sensor == "pelvis" and nothing


def _graver_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    order = ("refuse", "caution", "info")
    return tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))


@dataclass(frozen=True, slots=True)
class _CheckedStream:
    """Samples of one sensor.

    Attributes
    ----------
    block : SampleBlock
        Repaired, in order of arrival.
    arrived, taken : (6, n) and (6, m) float
        Its channels in that order, and in the order the samples were taken.
    readings : MarkedSamples
        Which of the latter are valid, and their times.
    """

    block: SampleBlock
    arrived: FloatArray
    taken: FloatArray
    readings: MarkedSamples

    def without(self, unused: BoolArray) -> FloatArray:
        """Return the channels without some samples, in the order taken."""
        return self.taken[:, ~unused] if unused.any() else self.taken


def _examined(recording: Recording) -> Checked:
    """Check a recording all of whose sensors are needed: first as it was sent, and then as it was timed."""
    recording, copies, channels, found = _repaired(recording)
    streams: dict[SensorPlace, _CheckedStream] = {}
    if not _refused(found):
        recording, streams, noticed = _timed(recording, copies, channels)
        found += noticed
    readings = {place: stream.readings for place, stream in streams.items()}
    clocks = {place: marked.timed for place, marked in readings.items()}
    unused = _unused(readings)
    resting: dict[SensorPlace, AtRest] = {}
    if streams and not _refused(found):
        for place, stream in streams.items():
            acc, gyr = np.vsplit(stream.without(unused[place]), 2)
            resting[place] = at_rest(gyr.T, acc.T, window_length(clocks[place].period_s))
        found += _doubts(recording.header, streams, resting)
    return Checked(recording, clocks, readings, unused, resting, _graver_first(found))


def _repaired(
    recording: Recording,
) -> tuple[Recording, Mapping[SensorPlace, BoolArray], Mapping[SensorPlace, FloatArray], list[Finding]]:
    """Check what was sent, and repair numbers, clocks, copies and wrapped values.

    Returns
    -------
    recording : Recording
    copies : mapping
        Which of its samples are copies, by sensor; empty if the recording is refused.
    channels : mapping
        Channels of its samples, (6, n) by sensor.
    findings : list of Finding
    """
    sent, found = recording, list(check_presence(recording))
    channels = {block.sensor: channels_of(block) for block in sent.blocks}
    for block in sent.blocks:
        found += check_finite(block, channels[block.sensor])
        if len(block) == 1:  # not even a rate is known
            found.append(Finding("too_short", severity="refuse", sensor=block.sensor))
    if _refused(found):
        return recording, {}, channels, found
    recording, units = in_seconds(recording)
    reads = signatures(channels)
    found += [*units, *check_streams(recording, channels, reads)]
    if _refused(found):
        return recording, {}, channels, found
    recording, numbers = numbered(recording)
    recording, copies, copied = without_copies(recording, channels, reads)
    recording, wrapped = unwrapped(recording, channels)
    for block in recording.blocks:
        if block is not sent.samples(block.sensor):
            channels[block.sensor] = channels_of(block)
    return recording, copies, channels, [*found, *numbers, *copied, *wrapped]


def _timed(
    recording: Recording, copies: Mapping[SensorPlace, BoolArray], channels: Mapping[SensorPlace, FloatArray]
) -> tuple[Recording, dict[SensorPlace, _CheckedStream], list[Finding]]:
    """Fit the clock of each sensor, and mark its invalid samples."""
    streams: dict[SensorPlace, _CheckedStream] = {}
    found: list[Finding] = []
    for block in recording.blocks:
        place, marks, arrived = block.sensor, copies[block.sensor], channels[block.sensor]
        try:
            whole, timed, changed = fit_changing_clock(block, recording.header.sensor(place))
        except RecordingError as error:
            values = {"message": error.message, "hint": error.hint}
            found.append(Finding(error.code, values=values, severity="refuse"))
            continue
        if whole is not block:
            recording = recording.with_samples(whole)
            marks, arrived = np.zeros(len(whole), bool), channels_of(whole)
        taken = arrived.take(timed.order, axis=1)
        readings = mark_readings(taken, timed, marks[timed.order])
        streams[place] = _CheckedStream(whole, arrived, taken, readings)
        found += [*changed, *check_readings(place, readings)]
    return recording, streams, found


def _unused(readings: Mapping[SensorPlace, MarkedSamples]) -> dict[SensorPlace, BoolArray]:
    """Return which samples are invalid, or came after the ankle's sensor died."""
    died = died_at(readings["ankle"]) if "ankle" in readings else None
    if died is None:
        return {place: marked.bad for place, marked in readings.items()}
    return {place: marked.bad | (marked.timed.time_s > died) for place, marked in readings.items()}


def _refused(findings: Iterable[Finding]) -> bool:
    return any(finding.severity == "refuse" for finding in findings)


def _doubts(
    header: Header, streams: Mapping[SensorPlace, _CheckedStream], resting: Mapping[SensorPlace, AtRest]
) -> Iterator[Finding]:
    clocks = {place: stream.readings.timed for place, stream in streams.items()}
    span = list(check_span(clocks))
    yield from span
    for place, timed in clocks.items():
        yield from check_timing(place, header.sensor(place), timed)
    if not _refused(span):
        yield from _doubtful_signals(header, streams, resting)


def _doubtful_signals(
    header: Header, streams: Mapping[SensorPlace, _CheckedStream], resting: Mapping[SensorPlace, AtRest]
) -> Iterator[Finding]:
    bad = {place: stream.readings.bad for place, stream in streams.items()}
    clocks = {place: left(stream.readings.timed, bad[place]) for place, stream in streams.items()}
    channels = {place: stream.without(bad[place]) for place, stream in streams.items()}
    every = windows_of(clocks, channels)
    forces = {place: list(check_accelerometer(place, windows)) for place, windows in every.items()}
    judged = {place: windows for place, windows in every.items() if not _refused(forces[place])}
    sound: dict[SensorPlace, Windows] = {}
    for place, stream in streams.items():
        yield from forces[place]
        if place in judged:
            gyroscope = _gyroscope(place, judged[place])
            yield from gyroscope
            if all(finding.code != "sensor_turned" for finding in gyroscope):
                sound[place] = judged[place]
        yield from check_warming(place, resting[place])
        yield from check_channels(place, channels[place], clocks[place].clock.rate_hz, header.simulated)
        yield from check_clipping(stream.block, stream.arrived)
    yield from _worn(header, sound)


def _gyroscope(place: SensorPlace, windows: Windows) -> list[Finding]:
    """Return findings on a gyroscope; if it contradicts gravity at a few moments only, the sensor turned."""
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


def _worn(header: Header, sound: Mapping[SensorPlace, Windows]) -> Iterator[Finding]:
    pelvis, ankle = sound.get("pelvis"), sound.get("ankle")
    if pelvis is not None and ankle is not None and header.exercise != "hollow_hold":
        swapped = list(check_swapped(header.start, pelvis, ankle))
        yield from swapped
        if swapped:
            return
    if pelvis is not None:
        yield from check_pelvis_axes(header, pelvis, ankle)
