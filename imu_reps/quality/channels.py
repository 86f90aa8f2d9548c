"""Checks of a sensor's six channels: not finite, constant, repeated, wrapped round, clipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.finding import Finding, Severity
from imu_reps.domain.samples import (
    ACC_COLUMNS,
    GYR_COLUMNS,
    STANDARD_GRAVITY_MPS2,
    BoolArray,
    FloatArray,
    IntArray,
    SampleBlock,
    SensorPlace,
)
from imu_reps.kinematics.rest import stretches
from imu_reps.kinematics.robust import median, medians

COLUMNS = (*ACC_COLUMNS, *GYR_COLUMNS)


@dataclass(frozen=True, slots=True)
class ChannelParams:
    """Parameters of channels that are constant, wrap round or are clipped.

    Attributes
    ----------
    moving_gyr_dps, moving_acc_mps2 : float
        Range of a channel within a second at which no axis of the sensor can be exactly constant: even one
        about which nothing turns shows noise and 1 to 2 % of its neighbours (cross-axis sensitivity of such
        parts).
    moving_s : int
        Time of movement after which a constant channel is dead, not quiet.
    min_noise : float
        Smallest third difference between samples of a channel with noise, as all real parts have.
    noise_steps : float
        Smallest third difference (median) of a channel whose noise is above its resolution, in steps of that:
        a simulation without noise repeats itself and goes straight on (ours; white noise of one step has
        three).
    repeated_share : float
        Share of repeated rows above which the sensor is slower than its rate: six channels with noise never
        all repeat at once.
    line_share, bend_share : float
        Greatest distance of a sample on a straight line from the middle of its neighbours, as a share of
        their difference; and smallest one where lines meet.
    few_on_lines, on_lines, lined_seconds : float
        Share of such samples from which interpolated ones are looked for; share in a second that shows them,
        and of such seconds (ours: 0.012 of the samples at most, of 700 clean sensors with and without noise).
    smooth_bend : tuple
        Smallest second difference (median, of the noisiest axis) of a part with noise, m/s² and deg/s: white
        noise of 70 µg/√Hz and 4 mdps/√Hz, the least of such parts, has 0.008 and 0.05 at 100 samples a second
        (ours: 0.007 and 0.03 in 700 clean sensors at least; filtered at 5 Hz less than 0.003 and 0.02).
    min_zeros, band_steps : int or float
        Fewest readings of exactly 0 in an axis of a gyroscope with a dead band, and smallest other reading as
        a multiple of the step between readings (ours).
    wrap_fall, wrap_from, min_wraps : float or int
        Limits for wraps, as shares of the extreme: smallest step from near one end to near the other, and
        smallest magnitude before and after it; and fewest wraps.
    wrap_others : float
        Reading of the other axes, as a share of the extreme, from which their change of sign shows a limb
        that shakes rather than a wrap (ours).
    wrap_evenly : float
        Greatest step before and after, as a share, of an axis that wraps at the same moment (ours).
    wrap_agrees : float
        Greatest relative scatter of the range that the wraps show.
    clear_wraps : int
        Fewest wraps that are reported even if they do not agree on a range, as on a jolted limb.
    max_turns : int
        Greatest number of times a value may be wrapped.
    plateau_level, min_plateau_samples : float or int
        Depth of a plateau as a share of the extreme, and its fewest samples.
    steeper, min_plateaus : float or int
        Steepness with which a plateau is entered and left, as a multiple of that of a rounded peak (a
        parabola) of its size; and fewest plateaus that show the end of a range.
    apart_s : float
        Spans of one kind nearer to each other than this are one.
    """

    moving_gyr_dps: float = 20.0
    moving_acc_mps2: float = 2.0
    moving_s: int = 2
    min_noise: float = 2e-3
    noise_steps: float = 2.0
    repeated_share: float = 0.2
    line_share: float = 0.003
    bend_share: float = 0.03
    few_on_lines: float = 0.05
    on_lines: float = 0.2
    lined_seconds: float = 0.2
    smooth_bend: tuple[float, float] = (0.004, 0.025)
    min_zeros: int = 3
    band_steps: float = 3.0
    wrap_fall: float = 1.4
    wrap_from: float = 0.5
    min_wraps: int = 2
    wrap_others: float = 0.1
    wrap_evenly: float = 0.2
    wrap_agrees: float = 0.1
    clear_wraps: int = 4
    max_turns: int = 1
    plateau_level: float = 0.03
    min_plateau_samples: int = 4
    steeper: float = 2.5
    min_plateaus: int = 2
    apart_s: float = 1.0


PARAMS = ChannelParams()


#: Magnitude beyond the count of any converter.
NO_READING = 1e9

#: Magnitude beyond any time, in any unit: nanoseconds since 1970 are 2e18.
NO_TIME = 1e30


#: The smallest ranges of such parts, ±2 g and ±125 deg/s, less 5 % of scale error: an extreme below them is
#: not the end of a range, however often it repeats.
SMALLEST_RANGE = np.array([18.6] * 3 + [118.0] * 3)


#: Steps between readings that are coarser than any of 16 bits: ±16 g have 0.005 m/s², ±4,000 deg/s have 0.14
#: deg/s; a hundredth of g is 0.098 m/s². Of the gyroscope, steps from 0.1 deg/s on hide the noise.
COARSE_MPS2, COARSE_DPS, HIDES_NOISE_DPS = 0.08, 0.2, 0.09
#: Step of the force that leaves its direction, and so every angle, uncertain by 3° (ours).
TOO_COARSE_MPS2 = 0.5
#: Least rate of a gyroscope with a dead band, deg/s; noise makes smaller ones without (ours: 0.1 at most).
DEAD_BAND_DPS = 0.25
#: Number of samples that show the resolution of fine readings.
_FEW = 200
#: Smallest rate that shows a repetition, samples a second.
SLOWEST_HZ = 20.0


Span = tuple[float, float]


def channels_of(block: SampleBlock) -> FloatArray:
    """Return specific force and angular rate, (6, n): contiguous samples are many times faster to process."""
    values = np.empty((6, len(block)))
    values[:3], values[3:] = block.acc_mps2.T, block.gyr_dps.T
    return values


@dataclass(frozen=True, slots=True)
class Stream:
    """Samples of one sensor in order of arrival, while they are repaired.

    Attributes
    ----------
    block : SampleBlock
    channels : (6, n) float
        Its specific force and angular rate, as by `channels_of`.
    copies : (n,) bool
        Samples that are copies of earlier ones.
    """

    block: SampleBlock
    channels: FloatArray
    copies: BoolArray

    @classmethod
    def of(cls, block: SampleBlock, channels: FloatArray) -> Stream:
        """Return samples of which none is known to be a copy."""
        return cls(block, channels, np.zeros(len(block), bool))


def check_finite(block: SampleBlock, values: FloatArray) -> Iterator[Finding]:
    """Report NaN, infinity and absurd values in the samples, with (6, n) channels."""
    if np.abs(block.time_s).max() < NO_TIME and values.min() > -NO_READING and values.max() < NO_READING:
        return
    read = (
        (("time_s",), np.where(np.abs(block.time_s) < NO_TIME, 0.0, np.nan)[None]),
        (COLUMNS[:3], values[:3]),
        (COLUMNS[3:], values[3:]),
    )
    for columns, rows in read:
        bad = ~(np.abs(rows) < NO_READING)
        if bad.any():
            names = ", ".join(c for c, hit in zip(columns, bad, strict=True) if hit.any())
            yield Finding(
                "not_finite",
                values={"samples": int(bad.any(axis=0).sum()), "columns": names},
                severity="refuse",
                sensor=block.sensor,
            )


def resolutions(values: FloatArray) -> tuple[float, float]:
    """Return the smallest step between readings, (6, n), of the accelerometer and of the gyroscope.

    If they are fine a few samples decide, and it is somewhat smaller.
    """
    few = slice(None, _FEW) if values.shape[1] > 2 * _FEW else slice(None)
    found = []
    for part, fine in ((slice(0, 3), COARSE_MPS2), (slice(3, 6), HIDES_NOISE_DPS)):
        step = _least_step(values[part, few])
        found.append(step if 0.0 < step < fine else _least_step(values[part]))
    return found[0], found[1]


def _least_step(values: FloatArray) -> float:
    """Return the smallest change from sample to sample; 0 if nothing changes."""
    steps = np.abs(np.diff(values))
    return float(steps.min(initial=np.inf, where=steps > 0.0)) if steps.any() else 0.0


def coarse_channels(values: FloatArray) -> BoolArray:
    """Return the channels, of (6, n), whose steps hide the noise, so that equal readings show nothing."""
    acc, gyr = resolutions(values)
    return np.repeat([acc > COARSE_MPS2, gyr > HIDES_NOISE_DPS], 3)


def check_resolution(place: SensorPlace, values: FloatArray) -> Iterator[Finding]:
    """Report readings, (6, n), that are rounded more coarsely than any sensor does; raw counts are whole."""
    acc, gyr = resolutions(values)
    if acc > COARSE_MPS2:
        size = median(np.linalg.norm(values[:3], axis=0))
        if acc * STANDARD_GRAVITY_MPS2 > COARSE_MPS2 * size:
            severity: Severity = "refuse" if acc > TOO_COARSE_MPS2 else "caution"
            values_of = {"part": "acceleration", "step": acc}
            yield Finding("rounded", values=values_of, severity=severity, sensor=place)
    if gyr > COARSE_DPS:
        yield Finding(
            "rounded", values={"part": "angular rate", "step": gyr}, severity="caution", sensor=place
        )


def check_constant(
    place: SensorPlace, values: FloatArray, rate_hz: float, simulated: bool
) -> Iterator[Finding]:
    """Report channels (6, n) that never change.

    A simulated sensor may be free of noise, and an axis about which nothing turns is then exactly constant:
    for these the severity is only a caution.
    """
    constant = values.max(axis=1) == values.min(axis=1)
    if constant.any() and not constant.all():
        constant &= ~coarse_channels(values)
    if not constant.any() or (moving := _moving_seconds(values, rate_hz)) is None:
        return
    severity: Severity = "caution" if simulated else "refuse"
    if constant.all():
        yield Finding("frozen_sensor", severity=severity, sensor=place)
    elif constant[:3].all() or (constant[3:].all() and moving.sum() >= PARAMS.moving_s):
        part = "accelerometer" if constant[:3].all() else "gyroscope"
        yield Finding("frozen_part", values={"part": part}, severity="refuse", sensor=place)
    elif moving.sum() >= PARAMS.moving_s:
        yield from _frozen_axes(place, values, constant, severity)


def check_dead_axes(place: SensorPlace, values: FloatArray) -> Iterator[Finding]:
    """Report constant channels, (6, n), of a sensor whose other channels have noise."""
    constant = values.max(axis=1) == values.min(axis=1)
    if constant.any() and all(map(is_noisy, values[~constant])) and not coarse_channels(values).any():
        yield from _frozen_axes(place, values, constant, "refuse")


def _frozen_axes(
    place: SensorPlace, values: FloatArray, constant: BoolArray, severity: Severity
) -> Iterator[Finding]:
    for column in np.flatnonzero(constant):
        facts = {"column": COLUMNS[column], "value": float(values[column, 0])}
        yield Finding("frozen_axis", values=facts, severity=severity, sensor=place)


def is_noisy(channel: FloatArray) -> bool:
    """Whether a channel shows noise from sample to sample, where it changes."""
    rough = np.abs(np.diff(channel, n=3))
    return bool(rough.any() and np.median(rough[rough > 0.0]) > PARAMS.min_noise)


def is_random(channel: FloatArray) -> bool:
    """Whether noise changes a channel by more than its resolution each time; or it never changes."""
    steps = np.abs(np.diff(channel))
    if not steps.any():
        return True
    rough = float(np.median(np.abs(np.diff(channel, n=3))))
    return is_noisy(channel) and rough > PARAMS.noise_steps * float(steps[steps > 0.0].min())


def _moving_seconds(values: FloatArray, rate_hz: float) -> BoolArray | None:
    """Return the whole seconds in which a sensor moves; None if there is none."""
    length = max(2, round(rate_hz))
    if values.shape[1] < length:
        return None
    seconds = values[:, : values.shape[1] // length * length].reshape(6, -1, length)
    spread = seconds.max(axis=2) - seconds.min(axis=2)
    least = np.array([PARAMS.moving_acc_mps2] * 3 + [PARAMS.moving_gyr_dps] * 3)
    return np.asarray((spread >= least[:, None]).any(axis=0))


def check_repeated(place: SensorPlace, values: FloatArray, rate_hz: float) -> Iterator[Finding]:
    """Report samples, (6, n), that repeat the one before while the sensor moves."""
    same = (values[:, 1:] == values[:, :-1]).all(axis=0)
    seconds = _moving_seconds(values, rate_hz) if same.any() else None
    if seconds is None or seconds.sum() < PARAMS.moving_s:
        return
    moving = np.repeat(seconds, max(2, round(rate_hz)))[1:]
    share = float(same[: len(moving)][moving].mean())
    if share > PARAMS.repeated_share and not coarse_channels(values).any():
        values_of = {"share": share, "real_hz": rate_hz * (1.0 - share), "rate_hz": rate_hz}
        yield _slower("repeated_rows", place, values_of)


def _slower(code: str, place: SensorPlace, values: dict[str, float]) -> Finding:
    """Return a finding about a sensor that is slower than its rate."""
    severity: Severity = "refuse" if values["real_hz"] < SLOWEST_HZ else "caution"
    return Finding(code, values=values, severity=severity, sensor=place)


def check_interpolated(place: SensorPlace, values: FloatArray, rate_hz: float) -> Iterator[Finding]:
    """Report samples, (6, n), on straight lines between slower ones, where a program put them."""
    few = _off_line(values, 1 + values.shape[1] // 1000)
    if np.count_nonzero(few < PARAMS.line_share) <= PARAMS.few_on_lines * len(few):
        return
    length, off_line = max(2, round(rate_hz)), _off_line(values, 1)
    off_line = off_line[: len(off_line) // length * length].reshape(-1, length)
    seconds, bends = off_line < PARAMS.line_share, off_line > PARAMS.bend_share
    # what was smoothed is nearly straight, but has no bends
    lined = (seconds.mean(axis=1) > PARAMS.on_lines) & (bends.sum(axis=1) > 0.5 * (~seconds).sum(axis=1))
    if len(lined) and lined.mean() > PARAMS.lined_seconds:
        # a line begins at each sample that was measured
        real_hz = median(np.count_nonzero(seconds[lined, 1:] & ~seconds[lined, :-1], axis=1).astype(float))
        yield _slower("interpolated_rows", place, {"real_hz": real_hz, "rate_hz": rate_hz})


def check_dead_band(place: SensorPlace, values: FloatArray) -> Iterator[Finding]:
    """Report a gyroscope, (6, n), whose small rates are all set to exactly 0."""
    few = np.abs(values[3:, :_FEW])
    if ((few > 0.0) & (few <= DEAD_BAND_DPS)).any(axis=1).all():
        return
    zeroed = np.count_nonzero(values[3:] == 0.0, axis=1) >= PARAMS.min_zeros
    least = np.array([least_beside_zero(axis) for axis in values[3:][zeroed]])
    least = least[(least > DEAD_BAND_DPS) & (least < np.inf)]
    # rounded readings are exactly 0 too
    if len(least) and least.max() > PARAMS.band_steps * resolutions(values)[1]:
        band = {"band_dps": float(least.max())}
        yield Finding("gyro_dead_band", values=band, severity="caution", sensor=place)


def least_beside_zero(channel: FloatArray) -> float:
    """Return the smallest magnitude in a channel, (n,), that is not exactly 0; infinite if there is none."""
    return float(np.abs(channel[channel != 0.0]).min(initial=np.inf))


def check_smoothed(place: SensorPlace, values: FloatArray) -> Iterator[Finding]:
    """Report channels, (6, n), with less noise than any sensor makes."""
    if values.shape[1] < 3:
        return
    before, at, after = _neighbours(values, 1 + values.shape[1] // 1000)
    bend = medians(np.abs(before + after - 2.0 * at).T)
    least = np.array([bend[:3].max(), bend[3:].max()])
    smooth = bool(((least > 0.0) & (least < PARAMS.smooth_bend)).all())
    if smooth and (2.0 * np.array(resolutions(values)) < PARAMS.smooth_bend).all():
        yield Finding("smoothed", severity="caution", sensor=place)


def _off_line(values: FloatArray, every: int) -> FloatArray:
    """Return how far inner samples, every `every`-th, are from the middle of their neighbours.

    The greatest distance of all channels, as a share of the neighbours' greatest difference; infinite if they
    do not differ.
    """
    before, at, after = _neighbours(values, every)
    off = np.abs(before + after - 2.0 * at).max(axis=0)
    steps = np.abs(after - before).max(axis=0)
    return np.asarray(np.divide(off, steps, out=np.full(off.shape, np.inf), where=steps > 0.0))


def _neighbours(values: FloatArray, every: int) -> Iterator[FloatArray]:
    """Return the samples before every `every`-th inner sample, these samples, and those after them."""
    return (values[:, k : values.shape[1] - 2 + k : every] for k in range(3))


def unwrapped(stream: Stream) -> tuple[Stream, list[Finding]]:
    """Continue values beyond the end of the range, the same on all three axes, where they wrapped round."""
    block, sent, whole = stream.block, stream.channels, stream.channels
    found: list[Finding] = []
    size = np.maximum(sent.max(axis=1), -sent.min(axis=1))
    next_row = np.diff(block.sample) == 1  # over a hole a reading may have come from anywhere
    for column in np.flatnonzero(size >= SMALLEST_RANGE).tolist():
        series = sent[column]
        most = float(size[column // 3 * 3 :][:3].max())
        other_axes = np.delete(sent[column // 3 * 3 :][:3], column % 3, axis=0)
        falls, period = _wraps(series, most, next_row & ~_reverses(other_axes, most))
        if not len(falls):
            continue
        continued = _continued(series, period) if np.isfinite(period) else None
        beyond = np.isin(np.arange(len(series)), falls) if continued is None else continued != series
        if continued is not None:
            whole = sent.copy() if whole is sent else whole
            whole[column] = continued
        reach = float(np.abs(series).max())
        facts = {"samples": int(beyond.sum()), "range": reach, "continued": continued is not None}
        found.append(_of_channel("wrapped", block, column, spans_of(block.time_s[beyond]), facts))
    if whole is sent:
        return stream, found
    block = replace(block, acc_mps2=whole[:3].T.copy(), gyr_dps=whole[3:].T.copy())
    return replace(stream, block=block, channels=whole), found


def _of_channel(
    code: str, block: SampleBlock, column: int, spans: tuple[Span, ...], values: Mapping[str, float]
) -> Finding:
    """Return a caution about one channel, with its spans."""
    return Finding(
        code,
        values={"column": COLUMNS[column], "spans": spans, **values},
        severity="caution",
        sensor=block.sensor,
        start_s=spans[0][0],
        end_s=spans[-1][1],
    )


def _wraps(series: FloatArray, most: float, may_wrap: BoolArray) -> tuple[IntArray, float]:
    """Return the rows before clear wraps, and twice the range they agree on; infinite if they do not.

    A knock crosses zero as fast, but hardly ever from the greatest reading of all three axes, `most`.
    """
    step = np.diff(series)
    falls = np.flatnonzero(_from_end_to_end(series, most) & may_wrap)
    falls = falls[(falls > 1) & (falls < len(series) - 2)]
    if len(falls) < PARAMS.min_wraps:
        return falls[:0], 0.0
    beside = np.stack([falls - 1, falls + 1])
    other = ~np.isin(beside, falls)  # where few samples wrap, the next step may be the one back
    jump = np.abs(step[falls] - (step[beside] * other).sum(axis=0) / np.maximum(other.sum(axis=0), 1))
    period = median(jump)
    if median(np.abs(jump - period)) > PARAMS.wrap_agrees * period:
        return (falls if len(falls) >= PARAMS.clear_wraps else falls[:0]), np.inf
    return falls, max(period, float(np.ptp(series)))


def _from_end_to_end(series: FloatArray, most: float) -> BoolArray:
    """Whether a channel steps from near one end of its range to near the other, (n - 1,) bool."""
    far = np.minimum(np.abs(series[1:]), np.abs(series[:-1])) > PARAMS.wrap_from * most
    return np.asarray(
        (np.abs(np.diff(series)) > PARAMS.wrap_fall * most) & far & (series[1:] * series[:-1] < 0)
    )


def _reverses(axes: FloatArray, most: float) -> BoolArray:
    """Whether other axes change their sign between two rows too: the limb shakes, (n - 1,) bool.

    One that goes on evenly before and after a step from end to end wraps as well.
    """
    product = axes[:, 1:] * axes[:, :-1]
    for axis, products in zip(axes, product, strict=True):
        step = np.abs(np.diff(axis))
        at = np.flatnonzero(_from_end_to_end(axis, most)[1:-1]) + 1
        evenly = np.maximum(step[at - 1], step[at + 1]) < PARAMS.wrap_evenly * step[at]
        products[at[evenly]] = 0.0
    return np.asarray(product.sum(axis=0) < -((PARAMS.wrap_others * most) ** 2))


def _continued(series: FloatArray, period: float) -> FloatArray | None:
    """Return a channel's values continued over the wraps; None if they do not return into the range."""
    turns = np.cumsum(np.append(0.0, -np.round(np.diff(series) / period)))
    whole = series + period * turns
    return np.asarray(whole) if turns[-1] == 0 and np.abs(turns).max() <= PARAMS.max_turns else None


def check_clipping(stream: Stream) -> Iterator[Finding]:
    """Report channels that are clipped at the end of their range."""
    block, values = stream.block, stream.channels
    for sign, top in ((1.0, values.max(axis=1)), (-1.0, -values.min(axis=1))):
        for column in np.flatnonzero(top >= SMALLEST_RANGE).tolist():
            spans = _plateaus(sign * values[column], float(top[column]))
            samples = sum(end - start for start, end in spans)
            if len(spans) >= PARAMS.min_plateaus:
                times = tuple(
                    (float(block.time_s[start]), float(block.time_s[end - 1])) for start, end in spans
                )
                facts = {"at": float(sign * top[column]), "samples": samples}
                yield _of_channel("clipped", block, column, times, facts)


def _plateaus(series: FloatArray, top: float) -> list[tuple[int, int]]:
    """Return where a channel stays near its extreme, entered and left too steeply for a rounded peak."""
    found = []
    for start, end in stretches(series > (1.0 - PARAMS.plateau_level) * top):
        length = end - start
        if length < PARAMS.min_plateau_samples or start < 2 or end + 2 > len(series):
            continue
        steep = min(series[start] - series[start - 2], series[end - 1] - series[end + 1]) / 2.0
        if steep > PARAMS.steeper * 4.0 * PARAMS.plateau_level * top / length:
            found.append((start, end))
    return found


def spans_of(time_s: FloatArray) -> tuple[Span, ...]:
    """Return the spans of samples at increasing times, merging near ones."""
    cuts = np.flatnonzero(np.diff(time_s) > PARAMS.apart_s)
    starts, ends = time_s[np.append(0, cuts + 1)], time_s[np.append(cuts, len(time_s) - 1)]
    return tuple(zip(starts.tolist(), ends.tolist(), strict=True))
