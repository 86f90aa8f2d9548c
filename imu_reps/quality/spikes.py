"""Spikes and bursts of noise: values that leap as no body does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from imu_reps.domain.samples import ACC_COLUMNS, GYR_COLUMNS, BoolArray, FloatArray
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.motion import HOLE_PERIODS
from imu_reps.kinematics.rest import mask_of_runs, runs_of
from imu_reps.kinematics.robust import medians


@dataclass(frozen=True, slots=True)
class SpikeParams:
    """Parameters of small spikes of a gyroscope and of bursts of noise.

    Attributes
    ----------
    bend : tuple
        Smallest distance of a small spike from the middle of its neighbours, by channel, m/s² and deg/s.
    usual_times : float
        The same as a multiple of the channel's usual one.
    other_share, next_share, apart_share : float
        Greatest such distance of other channels and of the next but one samples, and greatest difference of
        the neighbours, as shares of the spike's: a blow is felt in several channels and for some samples
        (ours: none in 384 sensors, simulated, of others' simulators and real ones; of the accelerometer 60
        simulated knocks of one sample look so, and single axes of it are left out).
    burst_s, resolved_hz : float
        Length of the blocks in which noise shows; and the smallest rate, samples a second, at which noise and
        small spikes differ from motion (ours).
    burst_bend : tuple
        Smallest mean distance from the middle of the neighbours in such a block, by channel, m/s² and deg/s.
    white_share : float
        Smallest share that it has of the mean change from sample to sample: white noise has 0.87, motion that
        is resolved less than 0.5 (ours: 4 of 70 real sensors on arms and legs, shaken at 50 samples a
        second, and none of 1,279 others have a block with all six).
    alone_times : float
        Smallest such distance in all axes of one part alone, as a multiple of its usual one (ours: arms
        that are shaken at 50 samples a second have at most 3 in the axis that has least).
    force_alone : float
        Smallest such distance in all axes of an accelerometer whose gyroscope shows nothing, m/s² (ours: at
        1.5 none of 224 real sensors on arms, legs and machines has such a block, at 1 one has).
    usual_share : float
        Smallest median of that distance, as a share of `burst_bend`: of white noise it is 0.85 of the mean,
        of a knock that lasts for some of the samples far less (ours).
    foretold_by, unforetold_share : int or float
        Number of samples that foretell the next one, and smallest share of the motion that they leave: white
        noise leaves 0.63 and more of it, a floor or a machine that shakes at 15 to 45 Hz, with its overtone,
        at most 0.19 (ours).
    min_alike : int
        Fewest spikes to one end of a channel that show what all of its readings there are (ours).
    """

    bend: tuple[float, float] = (1.0, 10.0)
    usual_times: float = 12.0
    other_share: float = 0.2
    next_share: float = 0.25
    apart_share: float = 0.4
    burst_s: float = 0.4
    resolved_hz: float = 40.0
    burst_bend: tuple[float, float] = (0.6, 6.0)
    white_share: float = 0.6
    alone_times: float = 5.0
    force_alone: float = 2.5
    usual_share: float = 0.5
    foretold_by: int = 4
    unforetold_share: float = 0.4
    min_alike: int = 3


PARAMS = SpikeParams()


#: Smallest leap of a spike, a sample that leaps away and back. No impact on a strapped sensor does so, since
#: the part's own filter, at half its rate, spreads it over at least two samples (ours).
SPIKE = np.array([40.0] * 3 + [200.0] * 3)
#: Greatest difference of a spike's neighbours in every channel, as a share of `SPIKE`: a blow that moves the
#: sensor leaves it at another rate.
SPIKE_LEVEL = 0.15
#: Greatest number of consecutive samples of a spike.
LONGEST_SPIKE = 3
#: A value of exactly 0 is invalid between readings of one sign that are at least this far from it and that,
#: with the next ones, differ by less than this share of it: noise and motion make no such value (ours; at a
#: half, one of 16,000 samples of a real sensor turned by hand does).
FROM_ZERO, ALIKE_SHARE = np.array([0.5] * 3 + [5.0] * 3), 0.3


def spikes(values: FloatArray, timed: TimedSamples, bad: BoolArray) -> BoolArray:
    """Return runs of up to `LONGEST_SPIKE` samples that leap away together and back to the level before.

    Where samples begin or end, and at holes, the level on one side decides. Samples known to be bad, and then
    the spikes found, are left aside, so that each shows its neighbours.
    """
    found = np.zeros(values.shape[1], bool)
    rows = np.flatnonzero(~bad)
    while True:
        few = values[:, rows] if len(rows) < len(found) else values
        steps = np.diff(few)
        leap = (steps > SPIKE[:, None]) | (steps < -SPIKE[:, None])
        if not leap.any():
            return found
        lasting = np.diff(timed.time_s[rows]) > (HOLE_PERIODS + LONGEST_SPIKE) * timed.period_s
        more = _leaping(few, leap) | _leaping_at_edges(few, leap, lasting)
        if not more.any():
            return found
        found[rows[more]] = True
        rows = rows[~more]


def at_the_same_end(values: FloatArray, leaping: BoolArray) -> BoolArray:
    """Return the samples at an end of a channel's values, of (6, n), that spikes alone reach.

    Two of them a sample apart hide each other: neither leaps away from a level and back to it.
    """
    found = np.zeros(len(leaping), bool)
    if np.count_nonzero(leaping) < PARAMS.min_alike:
        return found
    for channel, spiking, leap in zip(values, values.compress(leaping, axis=1), SPIKE, strict=True):
        for end in {float(channel.min()), float(channel.max())}:
            same = channel == end
            beside = (np.append(same[1:], False) | np.append(False, same[:-1])) & ~same
            often = np.count_nonzero(spiking == end) >= PARAMS.min_alike
            if often and (np.abs(channel[beside] - end) > leap).all():
                found |= same
    return found


def _leaping(values: FloatArray, leap: BoolArray) -> BoolArray:
    """Return spikes with a level on both sides; leaps (6, n - 1) are from each sample to the next."""
    found = np.zeros(values.shape[1], bool)
    for column, row in np.argwhere(leap).tolist():
        series = values[column]
        for length in range(1, LONGEST_SPIKE + 1):
            after = row + 1 + length
            if row < 1 or after + 1 >= len(series):
                break
            off = np.abs(values[:, row + 1 : after] - 0.5 * (values[:, [row]] + values[:, [after]]))
            around = values[:, [row - 1, row, after, after + 1]]
            level = (np.ptp(around, axis=1) < SPIKE_LEVEL * SPIKE).all()
            if off[column].min() > SPIKE[column] and level and leaps_alone(off[:3].max(axis=1), column):
                found[row + 1 : after] = True
                break
    return found


def _leaping_at_edges(values: FloatArray, leap: BoolArray, lasting: BoolArray) -> BoolArray:
    """Return spikes next to the first or last sample or a hole, by the level of two samples beyond them."""
    found = np.zeros(values.shape[1], bool)
    holes = np.flatnonzero(lasting) + 1
    begins, ends = np.append(0, holes), np.append(holes, len(found))
    rows = np.flatnonzero((leap & ~lasting).any(axis=0)) + 1  # first sample after each leap
    of = begins.searchsorted(rows, side="right") - 1
    for begin, row in zip(begins[of].tolist(), rows.tolist(), strict=True):
        if row - begin <= LONGEST_SPIKE:
            found[begin:row] |= _off_level(values[:, begin:row], values[:, row : row + 2])
    for end, row in zip(ends[of].tolist(), rows.tolist(), strict=True):
        if end - row <= LONGEST_SPIKE:
            found[row:end] |= _off_level(values[:, row:end], values[:, max(row - 2, 0) : row])
    return found


def _off_level(values: FloatArray, level: FloatArray) -> bool:
    """Whether all samples, (6, k), are far from a level, (6, 2), in one channel alone."""
    if level.shape[1] < 2 or (np.ptp(level, axis=1) >= SPIKE_LEVEL * SPIKE).any():
        return False
    off = np.abs(values - level.mean(axis=1, keepdims=True))
    far = np.flatnonzero(off.min(axis=1) > SPIKE)
    return any(leaps_alone(off[:3].max(axis=1), column) for column in far.tolist())


def leaps_alone(off_mps2: FloatArray, column: int) -> bool:
    """Whether no other axis of the accelerometer leaps too, as in a knock, by the leaps of its axes (3,)."""
    return column >= 3 or bool(np.delete(off_mps2, column).max() <= SPIKE_LEVEL * off_mps2[column])


def zeros(values: FloatArray) -> BoolArray:
    """Return runs of up to `LONGEST_SPIKE` samples of exactly 0 in a channel that is far from it around."""
    found = np.zeros(values.shape[1], bool)
    far = (values > FROM_ZERO[:, None]) | (values < -FROM_ZERO[:, None])
    zero = values == 0.0
    for column in np.flatnonzero((far[:, :-1] & zero[:, 1:]).any(axis=1)).tolist():
        series = values[column]
        starts, ends = runs_of(zero[column])
        inside = (starts > 0) & (ends < len(series)) & (ends - starts <= LONGEST_SPIKE)
        starts, ends = starts[inside], ends[inside]
        before, after = series[starts - 1], series[ends]
        least = np.minimum(np.abs(before), np.abs(after))
        beyond = series[np.maximum(starts - 2, 0)], series[np.minimum(ends + 1, len(series) - 1)]
        steps = np.max(np.abs([before - after, before - beyond[0], after - beyond[1]]), axis=0)
        alike = (before * after > 0.0) & (steps < ALIKE_SHARE * least)
        chosen = alike & (least > FROM_ZERO[column])
        found |= mask_of_runs(len(series), starts[chosen], ends[chosen])
    return found


def small_spikes(values: FloatArray, timed: TimedSamples, bad: BoolArray) -> BoolArray:
    """Return samples, of (6, n), that leap away and back in one axis of the gyroscope alone."""
    found = np.zeros(values.shape[1], bool)
    rows = np.flatnonzero(~bad)
    if len(rows) < 9 or timed.period_s * PARAMS.resolved_hz > 1.0:
        return found
    few = values[:, rows] if len(rows) < len(found) else values
    rate_bend = 0.5 * np.abs(np.diff(few[3:], n=2))
    usual = medians(rate_bend[:, :: 1 + rate_bend.shape[1] // 1000].T)
    big = rate_bend > np.maximum(PARAMS.bend[1], PARAMS.usual_times * usual)[:, None]
    at = np.flatnonzero((big.sum(axis=0) == 1)[3:-3]) + 4  # with three samples and more on both sides
    if not len(at):
        return found
    axis, reach = 3 + big[:, at - 1].argmax(axis=0), np.arange(-4, 5)
    around = few[:, at[:, None] + reach] / np.repeat(PARAMS.bend, 3)[:, None, None]
    bend = 0.5 * np.abs(np.diff(around, n=2))  # (6, k, 7), the spike's in the middle
    own = bend[axis, np.arange(len(at))]
    bend[axis, np.arange(len(at))] = 0.0
    size = own[:, 3]
    alone = bend[..., 2:5].max(axis=(0, 2)) < PARAMS.other_share * size
    alone &= own[:, [0, 1, 5, 6]].max(axis=1) < PARAMS.next_share * size
    alone &= np.abs(np.diff(around[axis, np.arange(len(at))][:, [3, 5]]))[:, 0] < PARAMS.apart_share * size
    time_s = timed.time_s[rows]
    alone &= time_s[at + 1] - time_s[at - 1] < (HOLE_PERIODS + 1.0) * timed.period_s
    found[rows[at[alone]]] = True
    return found


def noise(values: FloatArray, bad: BoolArray, period_s: float) -> tuple[BoolArray, tuple[str, ...]]:
    """Return bursts of white noise, as of a cable that picks up a field, and the columns; none are all six.

    The gyroscope may have them alone; so may an accelerometer, if they are louder than a floor that is
    drummed on, and its sensor does not turn at all with what would be blows.
    """
    found = np.zeros(values.shape[1], bool)
    length = max(8, round(PARAMS.burst_s / period_s))
    rows = np.flatnonzero(~bad)
    count = (len(rows) - 2) // length
    if period_s * PARAMS.resolved_hz > 1.0 or count < 2:
        return found, ()
    few = values[:, rows] if len(rows) < len(found) else values
    step = np.diff(few)
    force, rate = (_bends(step[part], count, length) for part in (slice(3), slice(3, 6)))
    unusual = rate > PARAMS.alone_times * medians(rate.T)[:, None]
    loud = np.asarray((rate > PARAMS.burst_bend[1]).all(axis=0))
    least = np.maximum(PARAMS.force_alone, PARAMS.alone_times * medians(force.T))
    blows = np.asarray((force > least[:, None]).all(axis=0) & ~loud & ~unusual.any(axis=0))
    kinds = np.zeros((3, count), bool)
    for k in np.flatnonzero(loud | blows).tolist():
        block = step[:, k * length : (k + 1) * length]
        in_force = _is_white(block[:3], PARAMS.force_alone if blows[k] else PARAMS.burst_bend[0])
        in_rate = loud[k] and _is_white(block[3:], PARAMS.burst_bend[1])
        kinds[:, k] = in_force & in_rate, in_rate & unusual[:, k].all(), blows[k] & in_force
    white: BoolArray = np.asarray(kinds.any(axis=0))
    # it begins and ends in the blocks beside those that it fills
    white[1:] |= white[:-1].copy()
    white[:-1] |= white[1:].copy()
    found[rows[: count * length][np.repeat(white, length)]] = True
    all_six, of_rate, of_force = (kind.any() for kind in kinds)
    if all_six or of_rate == of_force:
        return found, ()
    return found, GYR_COLUMNS if of_rate else ACC_COLUMNS


def _bends(step: FloatArray, count: int, length: int) -> FloatArray:
    """Return the mean distance of samples from the middle of their neighbours, by axis and block."""
    bend = 0.5 * np.abs(np.diff(step))
    return np.asarray(bend[:, : count * length].reshape(3, count, length).mean(axis=2))


def _is_white(steps: FloatArray, least: float) -> bool:
    """Whether steps from sample to sample, (3, n), are loud throughout, and nothing foretells the next one.

    A knock is loud for a few samples; a floor or a machine that shakes repeats itself.
    """
    bend = 0.5 * np.abs(np.diff(steps))
    usual, mean = medians(bend.T), bend.mean(axis=1)
    loud = (mean > least) & (usual > PARAMS.usual_share * least)
    if not (loud & (mean > PARAMS.white_share * np.abs(steps).mean(axis=1))).all():
        return False
    values = np.cumsum(steps, axis=1)
    values -= values.mean(axis=1, keepdims=True)
    return _unforetold(values / values.std(axis=1, keepdims=True)) > PARAMS.unforetold_share


def _unforetold(part: FloatArray) -> float:
    """Return the share of three axes, (3, n), that the samples before each one leave, by one rule for all."""
    rows = sliding_window_view(part, PARAMS.foretold_by + 1, axis=1).reshape(-1, PARAMS.foretold_by + 1)
    before, at = rows[:, :-1], rows[:, -1]
    left = at - before @ np.linalg.lstsq(before, at, rcond=None)[0]
    return float(left @ left / (at @ at))
