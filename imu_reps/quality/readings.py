"""Validity of samples: failed transfers, spikes, frozen channels and copies are no readings.

An invalid sample becomes a hole, which costs only the repetitions that it lies in. A finished recording is
judged whole, by its channels, (6, n) arrays as made by `channels_of`. Samples that arrive are judged by past
ones alone; a frozen axis shows only in the finished recording, whose checks decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import (
    STANDARD_GRAVITY_MPS2,
    BoolArray,
    FloatArray,
    IntArray,
    SampleBlock,
    SensorPlace,
)
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.rest import mask_of_runs, runs_of
from imu_reps.kinematics.robust import median, medians
from imu_reps.quality.accelerometer import of_other_scale
from imu_reps.quality.channels import (
    COLUMNS,
    DEAD_BAND_DPS,
    SMALLEST_RANGE,
    Stream,
    coarse_channels,
    is_noisy,
    is_random,
    least_beside_zero,
    spans_of,
)
from imu_reps.quality.spikes import (
    LONGEST_SPIKE,
    SPIKE,
    SPIKE_LEVEL,
    at_the_same_end,
    leaps_alone,
    noise,
    small_spikes,
    spikes,
    zeros,
)


@dataclass(frozen=True, slots=True)
class ReadingParams:
    """Parameters of invalid samples.

    Attributes
    ----------
    min_force_mps2 : float
        Limit for failed transfers, which read the same in all axes: 0, -1, or the end of the range. The
        accelerometer alone may do so in a knock beyond its range, the gyroscope alone by chance at less than
        the end of any range.
    knock_share : float
        Three equal axes of the accelerometer alone, beyond the end of the smallest range, are a failed
        transfer too, unless the samples next to them are a knock's flanks: these have at least this share of
        the force (ours).
    turning_dps, stopped_samples : float or int
        Rate of a sensor that evidently turns: frozen at less, its last reading is as good as a new one; and
        fewest samples of exactly 0 in all axes, between such rates, that show no rest: a limb does not stop
        from one sample to the next, and a dead band is narrower (ours).
    straight_share, straight_samples, straight_alone : float or int
        Greatest second difference, as a share of its median, of samples on a straight line, and the fewest of
        them in a row, in all axes and in one alone: noise leaves one of a hundred so small in each axis
        (ours).
    leap_times, leaping_channels, leaps_alike : float or int
        Smallest leap of a value that was put in for a missing one, as a multiple of the change over two
        samples and the median change over one; number of channels that leap together; and fewest such leaps
        to the same value (ours).
    near_mean : float
        Greatest distance of a value that was put in from the mean of its column, in standard deviations, if
        single cells were missing: the digits of a file round it.
    absurd_share : float
        Greatest share of a channel's values beyond `NO_SENSOR` that are no readings; if there are more, the
        column has another unit. One value alone stands for "no reading", however often (ours).
    with_gravity_mps2 : tuple
        Range of the specific force of a sensor whose readings include gravity.
    spikes_listed : int
        Fewest spikes that are worth a caution: a tap of a finger may cause fewer.
    around_samples, once_by_chance : int or float
        Samples before and after a run of equal readings that show how often readings repeat, and the odds
        against chance at which the run is frozen: runs are common if a channel's resolution is as coarse as
        its noise (ours).
    dead_share, dead_s : float
        Share of valid readings up to the recording's end below which a sensor has died, and the shortest time
        for that.
    min_readings : int
        Fewest readings of a usable sensor, which last for `dead_s` in all too.
    """

    min_force_mps2: float = 2.5
    knock_share: float = 0.5
    turning_dps: float = 10.0
    stopped_samples: int = 4
    straight_share: float = 0.02
    straight_samples: int = 8
    straight_alone: int = 24
    leap_times: float = 8.0
    leaping_channels: int = 2
    leaps_alike: int = 4
    near_mean: float = 1e-4
    absurd_share: float = 0.05
    with_gravity_mps2: tuple[float, float] = (7.0, 13.0)
    spikes_listed: int = 3
    around_samples: int = 100
    once_by_chance: float = 1e6
    dead_share: float = 0.1
    dead_s: float = 1.0
    min_readings: int = 4


PARAMS = ReadingParams()


#: Values that no part gives: twice the widest range of such parts for the force, ±200 g (ADXL375), and the
#: widest for the rate, ±4,000 deg/s (ICM-45686, LSM6DSV), more 5 % of scale error.
NO_SENSOR = np.array([400.0 * STANDARD_GRAVITY_MPS2] * 3 + [4200.0] * 3)

#: Values that were put in are looked for in every third sample first.
LOOKED_AT = 3
#: A channel with exactly equal readings for this long is frozen, since noise changes the last digit; all six
#: together need fewer samples. Runs that chance explains are excepted, see `ReadingParams.once_by_chance`
#: (ours).
FROZEN_S, FROZEN_SAMPLES, ALL_FROZEN_SAMPLES = 0.12, 10, 4
#: Change of the specific force during which a gyroscope cannot rest; with a dead band it reads 0 at rest.
MOVES_MPS2 = 1.0
#: The same between the means of the first and the last quarter, by a turn of 2 degrees (ours).
TURNS_MPS2 = 0.35
#: Number of readings before a spike that show its level in a running set.
_BEFORE = 2


@dataclass(frozen=True, slots=True)
class MarkedSamples:
    """Samples of one sensor, in the order they were taken, with masks of invalid ones.

    Attributes
    ----------
    timed : TimedSamples
        The samples' fitted times.
    channels : (6, n) float
        Their channels.
    kinds : mapping
        Masks over the samples of `timed`, by kind (``flat``, ``spike``, ``noise``, ``frozen``, ``cut_off``,
        ``filled``, ``put_in``, ``scaled``, ``copy``).
    columns : mapping
        Columns that were frozen, cut off or filled in for a while, by kind.
    bad : (n,) bool
        Samples that are invalid by any kind.
    """

    timed: TimedSamples
    channels: FloatArray
    kinds: Mapping[str, BoolArray]
    columns: Mapping[str, tuple[str, ...]]
    bad: BoolArray

    def channels_without(self, unused: BoolArray) -> FloatArray:
        """Return the channels without some samples."""
        return self.channels[:, ~unused] if unused.any() else self.channels


def mark_readings(stream: Stream, timed: TimedSamples) -> MarkedSamples:
    """Mark invalid samples of a stream whose clock was fitted."""
    values = stream.channels.take(timed.order, axis=1)
    reach = np.maximum(values.max(axis=1), -values.min(axis=1))
    absurd = _absurd(values, reach)
    failed = flat(values) | _without_rate(values[3:])
    if reach[:3].min() > SMALLEST_RANGE[0]:
        failed |= _at_one_rail(values[:3], absurd)
    failed |= _without_force(values[:3], timed.time_s)
    leaping = absurd | spikes(values, timed, failed | absurd) | zeros(values)
    leaping |= small_spikes(values, timed, failed | leaping)
    leaping |= at_the_same_end(values, leaping)
    noisy, noisy_columns = noise(values, failed | leaping, timed.period_s)
    frozen, cut_off, columns = _frozen_channels(values, timed.period_s)
    filled, filled_columns = _filled(values)
    put_in, put_in_columns = _put_in(values)
    scaled = of_other_scale(values, failed | frozen, timed.period_s)
    kinds, before = {"flat": failed, "spike": leaping & ~failed, "noise": noisy & ~failed}, failed
    lasting = {"frozen": frozen, "cut_off": cut_off, "filled": filled, "put_in": put_in, "scaled": scaled}
    for kind, found in lasting.items():  # each counts as the first kind that it is
        kinds[kind], before = found & ~before, before | found
    kinds["copy"] = stream.copies[timed.order]
    columns = {**columns, "noise": noisy_columns, "filled": filled_columns, "put_in": put_in_columns}
    return MarkedSamples(timed, values, kinds, columns, np.logical_or.reduce(list(kinds.values())))


def without_invalid(timed: TimedSamples, bad: BoolArray) -> TimedSamples:
    """Return the samples without invalid ones, which become holes."""
    if not bad.any():
        return timed
    keep = ~bad
    return replace(timed, time_s=timed.time_s[keep], index=timed.index[keep], order=timed.order[keep])


def check_readings(place: SensorPlace, readings: MarkedSamples) -> Iterator[Finding]:
    """Report invalid samples: their number, kind and times."""
    timed, bad = readings.timed, readings.bad
    if not bad.any():
        return
    died = died_at(readings)
    few = max(PARAMS.min_readings, PARAMS.dead_s / timed.period_s)
    if (~bad).sum() < few or (died is not None and died - timed.time_s[0] < PARAMS.dead_s):
        yield Finding("no_readings", severity="refuse", sensor=place)
        return
    before = bad & (timed.time_s < died) if died is not None else bad
    if died is not None:
        end_s = float(timed.time_s[-1])
        values = {"columns": readings.columns["frozen"] if readings.kinds["frozen"][-1] else ()}
        yield Finding(
            "sensor_died", values=values, severity="caution", sensor=place, start_s=died, end_s=end_s
        )
    for kind, mask in readings.kinds.items():
        where = mask & before
        if kind == "copy" or not where.any():
            continue
        spans = spans_of(timed.time_s[where])
        yield Finding(
            f"{kind}_samples",
            values={
                "samples": int(where.sum()),
                "sent": len(bad),
                "spans": spans,
                "columns": readings.columns.get(kind, ()),
            },
            severity="info" if kind == "spike" and where.sum() < PARAMS.spikes_listed else "caution",
            sensor=place,
            start_s=spans[0][0],
            end_s=spans[-1][1],
        )


def died_at(readings: MarkedSamples) -> float | None:
    """Return the time from which a sensor gave hardly any reading until the end; None if it gave some."""
    alive = readings.kinds["copy"] | readings.kinds["scaled"]
    bad, time_s = readings.bad & ~alive, readings.timed.time_s
    if not bad[-1]:
        return None
    from_there = np.cumsum(~bad[::-1])[::-1] / np.arange(len(bad), 0, -1)
    dead = bad & (from_there < PARAMS.dead_share)
    first = int(np.argmax(dead)) if dead.any() else len(bad) - 1
    return float(time_s[first]) if time_s[-1] - time_s[first] >= PARAMS.dead_s else None


def flat(values: FloatArray) -> BoolArray:
    """Return which samples, of (6, n) channels, come from failed transfers."""
    size = [np.abs(channel) for channel in values]
    acc, gyr = ((x == y) & (y == z) for x, y, z in (size[:3], size[3:]))
    nothing = size[0] < PARAMS.min_force_mps2
    return np.asarray(acc & (gyr | nothing) | gyr & (size[3] > SMALLEST_RANGE[3]))


def _without_rate(gyr_dps: FloatArray) -> BoolArray:
    """Return samples whose rate, (3, n), is exactly 0, in runs between fast turns."""
    nothing = (gyr_dps == 0.0).all(axis=0)
    starts, ends = runs_of(nothing)
    inside = (starts > 0) & (ends < len(nothing)) & (ends - starts >= PARAMS.stopped_samples)
    starts, ends = starts[inside], ends[inside]
    if not len(starts):
        return np.zeros(len(nothing), bool)
    turns = np.minimum(*(np.linalg.norm(gyr_dps[:, rows], axis=0) for rows in (starts - 1, ends)))
    fast = turns > PARAMS.turning_dps
    return mask_of_runs(len(nothing), starts[fast], ends[fast])


def _filled(values: FloatArray) -> tuple[BoolArray, tuple[str, ...]]:
    """Return samples on straight lines in a part or a column that has noise elsewhere, and the columns."""
    found, columns = np.zeros(values.shape[1], bool), tuple[str, ...]()
    if len(found) <= PARAMS.straight_samples + 2:
        return found, columns
    # every run has a sample among few
    step = PARAMS.straight_samples
    few = [values[:, k : len(found) - 2 + k : step] for k in range(3)]
    bend = np.abs(few[0] - 2.0 * few[1] + few[2])
    perhaps = bend <= 2.0 * PARAMS.straight_share * bend.mean(axis=1, keepdims=True)
    for part in (slice(0, 3), slice(3, 6)):
        if not perhaps[part].all(axis=0).any():
            continue
        runs = _straight(values[part], PARAMS.straight_samples)
        if runs.any() and all(map(is_random, values[part])):
            found |= runs
            columns = (*columns, *COLUMNS[part])
    for column in np.flatnonzero((perhaps[:, 2:] & perhaps[:, 1:-1] & perhaps[:, :-2]).any(axis=1)).tolist():
        if COLUMNS[column] in columns:
            continue
        runs = _straight(values[column : column + 1], PARAMS.straight_alone)
        if runs.any() and is_random(values[column]):
            found |= runs
            columns = (*columns, COLUMNS[column])
    return found, columns


def _put_in(values: FloatArray) -> tuple[BoolArray, tuple[str, ...]]:
    """Return samples that a program put in where some were missing, and their columns.

    They leap from both their neighbours, mostly to the mean of their column: all channels to the same values,
    to the last digit, several times.
    """
    found, columns = np.zeros(values.shape[1], bool), set[int]()
    if len(found) < 2 * PARAMS.leaps_alike:
        return found, ()
    apart = 1 + len(found) // 1000
    usual = medians(np.abs(values[:, 1::apart] - values[:, :-1:apart]).T)
    usual[usual == 0.0] = np.inf  # a coarse channel
    if not _leaps(values, usual, step=LOOKED_AT).any():
        return found, ()
    leaps = _leaps(values, usual)
    (rows,) = (np.count_nonzero(leaps, axis=0) >= PARAMS.leaping_channels).nonzero()
    for reading in _often(values[:, rows + 1]).T:
        same = (values == reading[:, None]).all(axis=0)
        if 5 * np.count_nonzero(same[rows + 1]) > np.count_nonzero(same):
            found |= same
            columns |= set(range(len(values)))
    for column in np.flatnonzero(np.count_nonzero(leaps, axis=1) >= PARAMS.leaps_alike).tolist():
        channel = values[column]
        for value in _often(channel[1:-1][None, leaps[column]])[0].tolist():
            same = channel == value
            is_mean = abs(channel[~same].mean() - value) < PARAMS.near_mean * channel.std()
            if is_mean and 2 * np.count_nonzero(leaps[column] & same[1:-1]) > np.count_nonzero(same):
                found |= same
                columns.add(column)
    return found, tuple(COLUMNS[column] for column in sorted(columns))


def _leaps(values: FloatArray, usual: FloatArray, step: int = 1) -> BoolArray:
    """Return which of the inner samples, or of every `step`-th, leap away from both their neighbours."""
    last = values.shape[1] - 2
    leaps = np.empty((len(values), len(range(0, last, step))), bool)
    for channel, least, found in zip(values, usual, leaps, strict=True):  # one by one, to save memory
        before, at, after = (channel[k : last + k : step] for k in range(3))
        usual_change = PARAMS.leap_times * (np.abs(after - before) + least)
        np.greater(np.abs(before - 2.0 * at + after), usual_change, out=found)
    return leaps


def _often(readings: FloatArray) -> FloatArray:
    """Return the readings, columns of (k, n), that occur at least `leaps_alike` times."""
    if readings.shape[1] < PARAMS.leaps_alike:
        return readings[:, :0]
    different, times = np.unique(readings, axis=1, return_counts=True)
    return different[:, times >= PARAMS.leaps_alike]


def _straight(part: FloatArray, fewest: int) -> BoolArray:
    """Return samples on straight lines in all axes of a part, (k, n), in runs too long for chance."""
    found = np.zeros(part.shape[1], bool)
    straight = np.ones((1, len(found) - 2), bool)
    for channel in part:
        bend = np.abs(np.diff(channel, n=2))
        straight &= bend <= PARAMS.straight_share * median(bend[:: 1 + len(bend) // 1000])
        if not _has_run(straight, fewest).any():
            return found
    straight[0] &= np.diff(part[:, 1:]).any(axis=0)  # at rest coarse readings stay the same
    found[:-1] = _long_runs(straight[0], fewest)
    return found


def _without_force(acc_mps2: FloatArray, time_s: FloatArray) -> BoolArray:
    """Return samples in stretches, longer than a fall, without specific force, as from floating wires."""
    square = np.einsum("ij,ij->j", acc_mps2, acc_mps2)
    nothing = square < PARAMS.min_force_mps2**2
    if nothing.any():
        weighs = (square > PARAMS.with_gravity_mps2[0] ** 2) & (square < PARAMS.with_gravity_mps2[1] ** 2)
        # in another unit the force is small throughout, except in knocks
        if _lasting(weighs, time_s).any():
            return _lasting(nothing, time_s)
    return np.zeros(len(time_s), bool)


def _lasting(mask: BoolArray, time_s: FloatArray) -> BoolArray:
    """Return a mask with only its stretches of at least `dead_s`."""
    starts, ends = runs_of(mask)
    long = time_s[ends - 1] - time_s[starts] >= PARAMS.dead_s
    return mask_of_runs(len(mask), starts[long], ends[long])


def _absurd(values: FloatArray, reach: FloatArray) -> BoolArray:
    """Return samples with values that no part can give, unless a column of this reach is full of them."""
    found = np.zeros(values.shape[1], bool)
    for column in np.flatnonzero(reach > NO_SENSOR).tolist():
        beyond = np.abs(values[column]) > NO_SENSOR[column]
        one_value = np.ptp(values[column, beyond]) == 0.0
        if beyond.mean() < PARAMS.absurd_share or (one_value and not beyond.all()):
            found |= beyond
    return found


def _at_one_rail(acc_mps2: FloatArray, absurd: BoolArray) -> BoolArray:
    """Return samples whose force, (3, n), is as far in all axes, beyond the smallest range; knocks aside."""
    size = np.abs(acc_mps2)
    rail = (size[0] == size[1]) & (size[1] == size[2]) & (size[0] > SMALLEST_RANGE[0]) & ~absurd
    starts, ends = runs_of(rail)
    if not len(starts):
        return np.zeros(len(rail), bool)
    force = np.linalg.norm(acc_mps2, axis=0)
    least = PARAMS.knock_share * force[starts]
    before = (starts > 0) & (force[starts - 1] >= least)
    after = (ends < len(rail)) & (force[np.minimum(ends, len(rail) - 1)] >= least)
    alone = ~before & ~after & (ends - starts <= LONGEST_SPIKE)
    return mask_of_runs(len(rail), starts[alone], ends[alone])


def _frozen_channels(
    values: FloatArray, period_s: float
) -> tuple[BoolArray, BoolArray, Mapping[str, tuple[str, ...]]]:
    """Return where channels are frozen, where they are repeatedly cut off at an extreme, and which ones."""
    cut_off = np.zeros(values.shape[1], bool)
    same = values[:, 1:] == values[:, :-1]
    minimum = max(FROZEN_SAMPLES, round(FROZEN_S / period_s))
    found, long = _long_runs(same.all(axis=0), ALL_FROZEN_SAMPLES), _has_run(same, minimum)
    if found.any() or long.any():  # what is coarser than its noise stays the same without being frozen
        coarse = coarse_channels(values)
        found &= not coarse.any()
        long &= ~coarse
    if found.any() and not any(map(is_noisy, values)):
        found[:] = False
    frozen_columns, cut_columns = [], []
    for column in np.flatnonzero(long).tolist():
        runs = _long_runs(same[column], minimum)
        if runs.any() and column >= 3:
            if DEAD_BAND_DPS < least_beside_zero(values[column]) < np.inf:
                continue
            runs = _while_moving(runs, values[:3])
        if not runs.any() or not is_noisy(values[column]):
            continue
        at_end = _at_extreme(values[column], runs)
        if at_end.any():
            cut_off |= at_end
            cut_columns.append(COLUMNS[column])
        if (runs & ~at_end).any():
            found |= runs & ~at_end
            frozen_columns.append(COLUMNS[column])
    return found, cut_off, {"frozen": tuple(frozen_columns), "cut_off": tuple(cut_columns)}


def _at_extreme(channel: FloatArray, runs: BoolArray) -> BoolArray:
    """Return the runs at the channel's highest or lowest value, if there is more than one there."""
    found = np.zeros_like(runs)
    for extreme in (channel.max(), channel.min()):
        at_end = runs & (channel == extreme)
        if len(runs_of(at_end)[0]) > 1:
            found |= at_end
    return found


def _has_run(same: BoolArray, minimum: int) -> BoolArray:
    """Return the rows of a mask (k, n) that hold for at least `minimum` samples in a row, (k,)."""
    run, length = same, 1
    while length < minimum:
        more = min(length, minimum - length)
        run, length = run[:, more:] & run[:, :-more], length + more
    return np.asarray(run.any(axis=1))


def _long_runs(same: BoolArray, minimum: int) -> BoolArray:
    """Return samples that repeat the one before, in runs too long for chance; none if all is one run."""
    found = np.zeros(len(same) + 1, bool)
    starts, ends = runs_of(same)
    long = ends - starts >= minimum
    for start, end in zip(starts[long].tolist(), ends[long].tolist(), strict=True):
        around = np.append(
            same[max(0, start - PARAMS.around_samples) : start], same[end : end + PARAMS.around_samples]
        )
        if not len(around):
            continue
        share = (around.sum() + 1) / (len(around) + 2)
        if (end - start) * np.log(1.0 / share) > np.log(PARAMS.once_by_chance):
            found[start + 1 : end + 1] = True
    return found


def _while_moving(runs: BoolArray, acc_mps2: FloatArray) -> BoolArray:
    """Return only the runs during which the specific force, (3, n), changes, or turns from end to end."""
    starts, ends = runs_of(runs)
    moves = [_changes(acc_mps2[:, start:end]) for start, end in zip(starts, ends, strict=True)]
    return mask_of_runs(len(runs), starts[moves], ends[moves])


def _changes(acc_mps2: FloatArray) -> bool:
    quarter = acc_mps2.shape[1] // 4 or 1
    turned = acc_mps2[:, -quarter:].mean(axis=1) - acc_mps2[:, :quarter].mean(axis=1)
    return bool(np.ptp(acc_mps2, axis=1).max() > MOVES_MPS2 or np.abs(turned).max() > TURNS_MPS2)


class LiveReadings:
    """Leaves out invalid samples of one sensor as they arrive; any block size gives the same result.

    Invalid are failed transfers, values that are no numbers or that no part gives, up to `LONGEST_SPIKE`
    consecutive samples that leap away from a level, and repeated readings of a sensor that is frozen while it
    turns.
    """

    def __init__(self) -> None:
        self._before = self._since = np.full((1, 6), np.nan)
        self._repeats: IntArray | int = 0
        self._level = np.full((_BEFORE, 6), np.nan)
        self._spikes = 0

    def without_invalid(self, block: SampleBlock) -> SampleBlock:
        """Return the valid samples of the next block."""
        if not len(block):
            return block
        values = np.concatenate([block.acc_mps2, block.gyr_dps], axis=1)
        bad = flat(values.T) | ~(np.abs(values) < NO_SENSOR).all(axis=1) | self._hanging(values)
        bad[self._leaping(values, ~bad)] = True
        return block[~bad] if bad.any() else block

    def _hanging(self, values: FloatArray) -> BoolArray:
        """Return repeated readings, of all channels or of one part, while the sensor evidently moves."""
        same = values == np.concatenate([self._before, values[:-1]])
        acc, gyr = same.reshape(-1, 2, 3).all(axis=2).T
        self._before = values[-1:]
        if not (acc | gyr).any():
            self._since, self._repeats = values[-1:], 0
            return np.zeros(len(values), bool)
        rows = np.arange(1, len(values) + 1)
        began = np.maximum.accumulate(np.where([acc, gyr, acc & gyr], 0, rows), axis=1)
        repeats = rows - began + np.where(began, 0, self._repeats)
        since = np.concatenate([self._since, values])[began[1]]
        self._since, self._repeats = since[-1:], repeats[:, -1:]
        turns = np.abs(values[:, 3:]).max(axis=1) > PARAMS.turning_dps
        with np.errstate(invalid="ignore"):  # values that are no numbers are left out anyway
            moved = np.abs(values[:, :3] - since[:, :3]).max(axis=1) > MOVES_MPS2
        acc_hangs, gyr_hangs, _ = repeats >= FROZEN_SAMPLES
        all_hang = repeats[2] >= ALL_FROZEN_SAMPLES - 1
        return np.asarray((all_hang | acc_hangs) & turns | gyr_hangs & (moved | turns))

    def _leaping(self, values: FloatArray, readings: BoolArray) -> list[int]:
        """Return the rows of spikes among the readings."""
        known = np.concatenate([self._level, values[readings]])
        if not self._spikes and not (np.abs(known[_BEFORE:] - known[_BEFORE - 1 : -1]) > SPIKE).any():
            self._level = known[-_BEFORE:]
            return []
        return [row for row in np.flatnonzero(readings).tolist() if self._is_spike(values[row])]

    def _is_spike(self, reading: FloatArray) -> bool:
        """Whether a reading leaps away from the level before it; if not, it becomes part of the level."""
        off = np.abs(reading - self._level[-1])
        level = (np.ptp(self._level, axis=0) < SPIKE_LEVEL * SPIKE).all()
        column = int(np.argmax(off / SPIKE))
        spike = level and off[column] > SPIKE[column] and leaps_alone(off[:3], column)
        self._spikes = self._spikes + 1 if spike else 0
        if spike and self._spikes <= LONGEST_SPIKE:
            return True
        self._spikes = 0
        self._level = np.concatenate([self._level[1:], reading[None]])
        return False
