"""Check a recording as it was read: refuse it, or make it usable and say what was repaired and is doubtful.

`_stages` is the page to read: times in seconds; one stream per name; continuous numbers and clocks; repeated
packets; values that wrapped round; the clock of each stretch of constant rate; invalid samples, which become
holes; a great bias of the gyroscope; and then doubts about the remaining samples. What samples cannot show is
listed in docs/recording-format.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.finding import Finding, ImplausibleError
from imu_reps.domain.recording import Header, Recording, SensorHeader
from imu_reps.domain.samples import SENSOR_PLACES, BoolArray, FloatArray, SampleBlock, SensorPlace
from imu_reps.errors import RecordingError
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.rest import bias_at_rest, window_length
from imu_reps.quality.accelerometer import check_accelerometer, check_exchanged
from imu_reps.quality.bias import without_bias
from imu_reps.quality.channels import (
    Stream,
    channels_of,
    check_clipping,
    check_constant,
    check_dead_axes,
    check_dead_band,
    check_finite,
    check_interpolated,
    check_repeated,
    check_resolution,
    check_smoothed,
    unwrapped,
)
from imu_reps.quality.copies import Signatures, check_streams, signatures, without_copies
from imu_reps.quality.exchanged import check_exchanged_names
from imu_reps.quality.gyroscope import (
    Turns,
    check_gyroscope,
    check_signs,
    check_unit,
    check_warming,
    check_zero,
    seen_turns,
)
from imu_reps.quality.gyroscope_drift import check_drift
from imu_reps.quality.gyroscope_in_motion import (
    TurningFit,
    check_axes_in_motion,
    check_scale_in_motion,
    fit_turning,
    may_show_more,
    shows_axes,
    shows_more,
)
from imu_reps.quality.gyroscope_in_pieces import TurnedForce, check_pieces, turned_force
from imu_reps.quality.numbering import numbered
from imu_reps.quality.placement import check_one_limb, check_pelvis_axes, check_swapped, check_unmoved
from imu_reps.quality.rates import fit_changing_clock
from imu_reps.quality.readings import MarkedSamples, check_readings, died_at, mark_readings, without_invalid
from imu_reps.quality.slipped import check_slipped
from imu_reps.quality.timing import check_presence, check_span, check_time_scale, check_timing, in_seconds
from imu_reps.quality.windows import Windows, windows_of


@dataclass(frozen=True, slots=True)
class Checked:
    """A recording made usable, and the findings about it.

    Attributes
    ----------
    recording : Recording
        Samples numbered continuously, times in seconds, copies left out, wrapped values unwrapped.
    findings : tuple of Finding
        The most serious first; empty if the recording looks plausible.
    readings : mapping
        Fitted times of each sensor's samples, and which of them are valid; empty if refused before.
    unused : mapping
        Which samples are invalid, or came after the ankle's sensor died, by sensor.
    biases_dps : mapping
        Bias of each gyroscope by the rests of its used samples, None if they show none; empty if the
        recording is refused before.
    turned : mapping
        How the turns of each sensor explain its force; likewise.
    """

    recording: Recording
    findings: tuple[Finding, ...] = ()
    readings: Mapping[SensorPlace, MarkedSamples] = field(default_factory=dict)
    unused: Mapping[SensorPlace, BoolArray] = field(default_factory=dict)
    biases_dps: Mapping[SensorPlace, FloatArray | None] = field(default_factory=dict)
    turned: Mapping[SensorPlace, TurnedForce] = field(default_factory=dict)

    @property
    def clocks(self) -> dict[SensorPlace, TimedSamples]:
        """Fitted clock of each sensor; empty if the recording is refused before."""
        return {place: marked.timed for place, marked in self.readings.items()}

    @property
    def refusal(self) -> Finding | None:
        """The finding for which the recording cannot be used; None if it can."""
        return next((finding for finding in self.findings if finding.severity == "refuse"), None)

    def without_invalid(self, clocks: Mapping[SensorPlace, TimedSamples]) -> dict[SensorPlace, TimedSamples]:
        """Return the clocks without invalid samples, and without any after the ankle's sensor died."""
        return {place: without_invalid(timed, self.unused[place]) for place, timed in clocks.items()}


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
    checked = _staged(recording)
    refusals = [finding for finding in checked.findings if finding.severity == "refuse"]
    if not refusals or not recording.ankle or not all(map(_is_dead_pelvis, refusals)):
        return checked
    cautions = [replace(refusal, severity="caution") for refusal in refusals]
    without = _staged(replace(recording, pelvis=None))
    return replace(without, findings=_graver_first([*cautions, *without.findings]))


def _is_dead_pelvis(finding: Finding) -> bool:
    """Whether a finding says that the pelvis sensor gave no readings, rather than implausible ones."""
    nothing = (
        finding.code in ("no_readings", "too_short", "frozen_sensor", "frozen_part", "frozen_axis")
        or "dead" in finding.values
    )
    return finding.sensor == "pelvis" and nothing


def _staged(recording: Recording) -> Checked:
    """Check a recording all of whose sensors are needed, up to the stage that refuses it."""
    checked, found = Checked(recording), list[Finding]()
    for checked in _stages(recording):
        found += checked.findings
        if checked.refusal is not None:
            break
    return replace(checked, findings=_graver_first(found))


def _graver_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    order = ("refuse", "caution", "info")
    return tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))


def _stages(recording: Recording) -> Iterator[Checked]:
    """Yield what is known after each stage, with the findings of that stage alone."""
    channels = {block.sensor: channels_of(block) for block in recording.blocks}
    yield Checked(recording, tuple(_as_sent(recording, channels)))

    recording, units = in_seconds(recording)
    reads = signatures(channels)
    names = (*check_streams(recording, channels, reads), *check_exchanged_names(recording, channels))
    yield Checked(recording, (*units, *names))

    recording, numbers = numbered(recording)
    streams = {block.sensor: Stream.of(block, channels[block.sensor]) for block in recording.blocks}
    streams, repairs = _repaired(streams, reads, recording.header)
    streams, readings, invalid = _timed(streams, recording.header)
    streams, readings, biased = _unbiased(streams, readings)
    for place, stream in streams.items():
        if stream.block is not recording.samples(place):
            recording = recording.with_samples(stream.block)
    timed = Checked(recording, (*numbers, *repairs, *invalid, *biased), readings, _unused(readings))
    yield timed

    doubts = tuple(_doubtful_times(recording, timed.clocks))
    timed = replace(timed, findings=doubts)
    yield timed

    biases = {place: _bias_dps(marked, timed.unused[place]) for place, marked in readings.items()}
    limbs = _limbs(readings, biases)
    doubts = tuple(_doubtful_signals(recording.header, streams, biases, limbs))
    changed = _changed(readings, doubts)
    unused = {place: bad | changed.get(place, readings[place]).bad for place, bad in timed.unused.items()}
    none_left = [place for place, bad in unused.items() if bad.all()]
    doubts += tuple(Finding("no_readings", severity="refuse", sensor=place) for place in none_left)
    biases |= {place: _bias_dps(marked, unused[place]) for place, marked in changed.items()}
    forces = {place: turned_force(limb.finer, limb.fit) for place, limb in limbs.items()}
    turned = {place: force for place, force in forces.items() if force is not None}
    yield replace(
        timed, findings=doubts, readings=readings | changed, biases_dps=biases, unused=unused, turned=turned
    )


def _as_sent(recording: Recording, channels: Mapping[SensorPlace, FloatArray]) -> Iterator[Finding]:
    """Check that each sensor sent samples, all of them finite, fine enough, and enough to know a rate."""
    yield from check_presence(recording)
    for block in recording.blocks:
        infinite = list(check_finite(block, channels[block.sensor]))
        yield from infinite or check_resolution(block.sensor, channels[block.sensor])
        if not (infinite or recording.header.simulated):  # a simulated sensor may be free of noise
            yield from check_smoothed(block.sensor, channels[block.sensor])
        if len(block) == 1:
            values = {"samples": 1, "duration_s": 0.0}
            yield Finding("too_short", values=values, severity="refuse", sensor=block.sensor)


def _repaired(
    streams: Mapping[SensorPlace, Stream], reads: Mapping[SensorPlace, Signatures], header: Header
) -> tuple[dict[SensorPlace, Stream], list[Finding]]:
    """Leave out or mark copies, and continue values that wrapped round."""
    repaired, copied, wrapped = dict[SensorPlace, Stream](), list[Finding](), list[Finding]()
    for place, stream in streams.items():
        once, copies = without_copies(stream, reads[place], header.sensor(place).counter)
        repaired[place], wraps = unwrapped(once)
        copied += copies
        wrapped += wraps
    return repaired, [*copied, *wrapped]


def _timed(
    streams: Mapping[SensorPlace, Stream], header: Header
) -> tuple[dict[SensorPlace, Stream], dict[SensorPlace, MarkedSamples], list[Finding]]:
    """Fit the clock of each sensor, and mark its invalid samples; streams of one rate each."""
    steady, readings, found = dict(streams), dict[SensorPlace, MarkedSamples](), list[Finding]()
    for place, stream in streams.items():
        try:
            block, timed, changed = fit_changing_clock(stream.block, header.sensor(place))
        except RecordingError as error:
            values = {"message": error.message, "hint": error.hint}
            found.append(Finding(error.code, values=values, severity="refuse"))
            continue
        if changed:
            steady[place] = Stream.of(block, channels_of(block))
        readings[place] = mark_readings(steady[place], timed)
        lines = check_interpolated(place, stream.channels, timed.clock.rate_hz)
        invalid = list(check_readings(place, readings[place]))
        if not _none_refuses(invalid):  # rates in the columns of the accelerometer are no readings of it
            windows = windows_of({place: timed}, {place: steady[place].channels})[place]
            invalid = list(check_exchanged(place, windows)) or invalid
        found += [*changed, *lines, *invalid]
    return steady, readings, found


def _unbiased(
    streams: Mapping[SensorPlace, Stream], readings: Mapping[SensorPlace, MarkedSamples]
) -> tuple[dict[SensorPlace, Stream], dict[SensorPlace, MarkedSamples], list[Finding]]:
    """Take off biases that rests would not show; the channels of a stream stay as the sensor read them."""
    corrected, unbiased, found = dict(streams), dict[SensorPlace, MarkedSamples](), list[Finding]()
    for place, marked in readings.items():
        block, unbiased[place], biased = without_bias(streams[place].block, marked)
        corrected[place] = replace(streams[place], block=block)
        found += biased
    return corrected, unbiased, found


def _unused(readings: Mapping[SensorPlace, MarkedSamples]) -> dict[SensorPlace, BoolArray]:
    """Return which samples are invalid, or came after the ankle's sensor died."""
    died = died_at(readings["ankle"]) if "ankle" in readings else None
    if died is None:
        return {place: marked.bad for place, marked in readings.items()}
    return {place: marked.bad | (marked.timed.time_s > died) for place, marked in readings.items()}


def _changed(
    readings: Mapping[SensorPlace, MarkedSamples], doubts: Iterable[Finding]
) -> dict[SensorPlace, MarkedSamples]:
    """Return the samples of sensors whose gyroscope changed, with those of that time invalid."""
    found = dict[SensorPlace, MarkedSamples]()
    for finding in doubts:
        if finding.code == "gyro_changed" and finding.sensor and finding.start_s is not None:
            marked = readings[finding.sensor]
            time_s = marked.timed.time_s
            there = (time_s >= finding.start_s) & (time_s <= (finding.end_s or time_s[-1]))
            found[finding.sensor] = replace(marked, bad=marked.bad | there)
    return found


def _bias_dps(marked: MarkedSamples, unused: BoolArray) -> FloatArray | None:
    acc, gyr = np.vsplit(marked.channels_without(unused), 2)
    return bias_at_rest(gyr.T, acc.T, window_length(marked.timed.period_s))


def _doubtful_times(recording: Recording, clocks: Mapping[SensorPlace, TimedSamples]) -> Iterator[Finding]:
    broke_off = any(caution.code == "broken_off" for caution in recording.cautions)
    yield from check_span(clocks, broke_off=broke_off)
    for place, timed in clocks.items():
        yield from check_timing(place, recording.header.sensor(place), timed)


@dataclass(frozen=True, slots=True)
class _Limb:
    """What a sensor shows of its limb.

    Attributes
    ----------
    channels : (6, n) float
        Valid samples.
    clock : TimedSamples
        Their times.
    windows, finer : Windows
        Quarter-second windows, without a bias that wanders; and the same, or shorter ones for a limb that
        turns fast.
    fit : TurningFit or None
        How its turns explain the force.
    """

    channels: FloatArray
    clock: TimedSamples
    windows: Windows
    finer: Windows
    fit: TurningFit | None


def _limbs(
    readings: Mapping[SensorPlace, MarkedSamples], biases_dps: Mapping[SensorPlace, FloatArray | None]
) -> dict[SensorPlace, _Limb]:
    clocks = {place: without_invalid(marked.timed, marked.bad) for place, marked in readings.items()}
    sent = {place: marked.channels_without(marked.bad) for place, marked in readings.items()}
    channels = {place: _without_wander(values, biases_dps[place]) for place, values in sent.items()}
    limbs = dict[SensorPlace, _Limb]()
    for place, windows in windows_of(clocks, channels).items():
        tried = finer = windows
        fit = fit_turning(windows)
        while may_show_more(tried, fit):
            tried = windows_of({place: clocks[place]}, {place: channels[place]}, tried.hop_s / 2)[place]
            again = fit_turning(tried)
            if fit is None or (again and shows_more(again, fit)):
                finer, fit = tried, again
            elif not fit.pieces.left_out:
                break
        limbs[place] = _Limb(sent[place], clocks[place], windows, finer, fit)
    return limbs


def _without_wander(channels: FloatArray, bias_dps: FloatArray | None) -> FloatArray:
    """Return the channels, (6, n), without a bias that wanders: windows take off a constant one."""
    if bias_dps is None or bias_dps.ndim < 2 or len(bias_dps) != channels.shape[1]:
        return channels
    return np.vstack([channels[:3], channels[3:] - bias_dps.T])


def _none_refuses(findings: Iterable[Finding]) -> bool:
    return all(finding.severity != "refuse" for finding in findings)


def _doubtful_signals(
    header: Header,
    streams: Mapping[SensorPlace, Stream],
    biases_dps: Mapping[SensorPlace, FloatArray | None],
    limbs: Mapping[SensorPlace, _Limb],
) -> Iterator[Finding]:
    sound: dict[SensorPlace, _Limb] = {}
    for place, limb in limbs.items():
        channels, windows, rate_hz = limb.channels, limb.windows, limb.clock.clock.rate_hz
        force = list(check_exchanged(place, windows)) or list(check_accelerometer(place, windows))
        own = header.sensor(place)
        rate = _gyroscope(place, limb, streams[place].block, own) if _none_refuses(force) else []
        bias = list(check_warming(place, biases_dps[place]))
        bias = bias or ([] if force or rate else list(check_zero(place, windows)))
        constant = list(check_constant(place, channels, rate_hz, header.simulated))
        if _none_refuses(constant) and not _none_refuses([*force, *rate]):
            constant = list(check_dead_axes(place, channels)) or constant
        # a constant axis is the cause of what contradicts it
        yield from [*constant, *force, *rate] if _none_refuses(constant) else constant
        if _none_refuses([*constant, *force]) and all(finding.code != "sensor_turned" for finding in rate):
            sound[place] = limb
        yield from bias
        yield from check_repeated(place, channels, rate_hz)
        yield from check_dead_band(place, channels)
        yield from check_clipping(streams[place])
    yield from _worn(header, sound)


def _gyroscope(place: SensorPlace, limb: _Limb, block: SampleBlock, header: SensorHeader) -> list[Finding]:
    """Return findings on a gyroscope; if it contradicts gravity at a few moments only, the sensor slipped.

    Where the times contradict the sensor's own clock or rate in the same way, they are wrong, not its scale.
    """
    turns = seen_turns(limb.windows)
    if unit := list(check_unit(place, turns)):
        return unit
    if limb.fit and not shows_axes(limb.fit) and (signs := list(check_signs(place, limb.windows))):
        return signs
    changed = list(check_pieces(place, limb.finer, limb.fit))
    if any(finding.code == "gyro_late" for finding in changed):
        return changed
    if changed:
        limb = _without_rate(limb, changed)
        turns = seen_turns(limb.windows)
    return changed + _unchanging(place, limb, turns, block, header)


def _without_rate(limb: _Limb, findings: Iterable[Finding]) -> _Limb:
    """Return the limb with the rate unknown at the times of findings."""
    finer = limb.finer.without_rate(_hops(limb.finer, findings))
    windows = limb.windows.without_rate(_hops(limb.windows, findings))
    return replace(limb, windows=windows, finer=finer, fit=fit_turning(finer))


def _hops(windows: Windows, findings: Iterable[Finding]) -> list[int]:
    """Return the hops within the times of findings, or of their moments."""
    timed = [(f.start_s, f.end_s or f.start_s) for f in findings if f.start_s is not None]
    return [hop for start_s, end_s in timed for hop in range(windows.at(start_s), windows.at(end_s) + 1)]


def _unchanging(
    place: SensorPlace, limb: _Limb, turns: Turns, block: SampleBlock, header: SensorHeader
) -> list[Finding]:
    """Return findings on a gyroscope that is the same all along."""
    if axes := list(check_axes_in_motion(place, limb.windows, limb.fit)):
        return axes
    scale = list(check_drift(place, limb.finer.start_s, limb.fit))
    scale = scale or list(check_scale_in_motion(place, limb.fit))
    slips = [] if scale else list(check_slipped(place, limb.windows))
    if slips:
        limb = _without_rate(limb, slips)
        turns = seen_turns(limb.windows)
    found = list(check_gyroscope(place, limb.windows, turns)) or scale
    off = [finding for finding in found if finding.code == "gyro_scale"]
    causes = list(_causes(place, limb.windows, off[0], block, header)) if off else []
    return causes or found or slips


def _causes(
    place: SensorPlace, windows: Windows, scale: Finding, block: SampleBlock, header: SensorHeader
) -> Iterator[Finding]:
    """Report what appears as a wrong scale: times in another unit, or a zero that moves beside that scale."""
    ratio = scale.values["ratio"]
    times = list(check_time_scale(block, header, ratio))
    yield from times or (
        replace(zero, severity=scale.severity) for zero in check_zero(place, windows.scaled_rate(1.0 / ratio))
    )


def _worn(header: Header, sound: Mapping[SensorPlace, _Limb]) -> Iterator[Finding]:
    pelvis, ankle = (sound[place].windows if place in sound else None for place in SENSOR_PLACES)
    if pelvis is not None and ankle is not None:
        wrong = list(check_one_limb(pelvis, ankle))
        if not wrong and header.exercise not in HOLDS:
            wrong = list(check_swapped(header, pelvis, ankle, sound["pelvis"].fit))
        yield from wrong
        if wrong:
            return
    if header.exercise not in HOLDS:
        for place, limb in sound.items():
            yield from check_unmoved(place, limb.windows)
    if pelvis is not None:
        yield from check_pelvis_axes(header, pelvis, ankle)
