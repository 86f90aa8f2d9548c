"""Which samples are readings at all: failed transfers, spikes that no body makes, frozen channels, copies.

What is no reading is a hole: it costs the repetitions that it lies in, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import BoolArray, FloatArray, SampleBlock
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.rest import runs_of
from imu_reps.quality.frozen_channels import frozen_channels

#: A failed transfer reads the same in all axes: 0, -1, or the range's end. The accelerometer alone may do so
#: in a knock beyond its range, the gyroscope by chance as long as it reads less than the end of any range.
MIN_MPS2, RAIL_DPS = 2.5, 118.0

#: What a sensor reads in the middle while gravity is in it.
WITH_GRAVITY_MPS2 = (7.0, 13.0)

#: A single sample that leaps away by this and is back in the next: no impact on a strapped sensor does so,
#: since a part's own filter, at half its rate, spreads it over two samples and more (ours).
SPIKE = np.array([40.0] * 3 + [200.0] * 3)
#: How far its neighbours may be from each other in every channel, as a share of that: a blow that moves the
#: sensor leaves it at another rate.
SPIKE_LEVEL = 0.15
#: Fewer, which a finger's tap may make, are left out and hardly worth a word.
SPIKES_LISTED = 3
#: So many samples in a row may be off together.
LONGEST_SPIKE = 3
#: A channel reads exactly 0 between readings of one sign that are this far from it, and that, with the two
#: beyond, differ by less than this share of it: noise and motion leave no such value (ours; one of 16,000
#: samples of a real sensor that was turned by hand does at a half).
FROM_ZERO, ALIKE_SHARE = np.array([0.5] * 3 + [5.0] * 3), 0.3

#: A sensor that gives so few readings until the recording's end, for so long, has died.
DEAD_SHARE, DEAD_S = 0.1, 1.0
#: Fewer readings are none.
FEWEST = 4

#: Spans of one kind nearer to each other than this are told as one.
APART_S = 1.0

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class MarkedSamples:
    """One sensor's samples and which of them are no readings.

    Attributes
    ----------
    kinds : mapping
        By kind (``flat``, ``spike``, ``frozen``, ``cut_off``, ``copy``) a mask over the samples of `timed`.
    columns : mapping
        By kind the columns that froze, or are cut off, for a while.
    """

    timed: TimedSamples
    kinds: Mapping[str, BoolArray]
    columns: Mapping[str, tuple[str, ...]]

    @property
    def bad(self) -> BoolArray:
        """Samples that are no readings, in the order they were taken."""
        return np.asarray(np.logical_or.reduce(list(self.kinds.values())))


def mark_readings(block: SampleBlock, timed: TimedSamples, copies: BoolArray) -> MarkedSamples:
    """Tell readings from what is none.

    Parameters
    ----------
    block : SampleBlock
    timed : TimedSamples
        Its fitted clock.
    copies : (n,) bool
        Rows of the block that are copies of others.
    """
    values = np.hstack([block.acc_mps2, block.gyr_dps])[timed.order]
    failed = flat(values) | _without_force(values[:, :3], timed.time_s)
    frozen, cut_off, columns = frozen_channels(values, timed.period_s)
    kinds = {
        "flat": failed,
        "spike": _spikes(values) | zeros(values) & ~failed,
        "frozen": frozen & ~failed,
        "cut_off": cut_off & ~failed & ~frozen,
        "copy": copies[timed.order],
    }
    return MarkedSamples(timed, kinds, columns)


def left(timed: TimedSamples, bad: BoolArray) -> TimedSamples:
    """The samples without those that are no readings: holes in their place."""
    if not bad.any():
        return timed
    keep = ~bad
    return replace(timed, time_s=timed.time_s[keep], index=timed.index[keep], order=timed.order[keep])


def flat(values: FloatArray) -> BoolArray:
    """Rows, of all six channels, of a transfer that failed."""
    size = np.abs(values)
    acc = (size[:, 0] == size[:, 1]) & (size[:, 1] == size[:, 2])
    gyr = (size[:, 3] == size[:, 4]) & (size[:, 4] == size[:, 5])
    nothing = size[:, 0] < MIN_MPS2
    return np.asarray(acc & (gyr | nothing) | gyr & (size[:, 3] > RAIL_DPS))


def _without_force(acc_mps2: FloatArray, time_s: FloatArray) -> BoolArray:
    """Stretches, longer than anybody falls, without the force that there is otherwise: wires that float."""
    size = np.linalg.norm(acc_mps2, axis=1)
    nothing, weighs = size < MIN_MPS2, (size > WITH_GRAVITY_MPS2[0]) & (size < WITH_GRAVITY_MPS2[1])
    # in another unit there is next to nothing throughout, but for knocks
    if not nothing.any() or not _lasting(weighs, time_s).any():
        return np.zeros(len(size), bool)
    return _lasting(nothing, time_s)


def _lasting(mask: BoolArray, time_s: FloatArray) -> BoolArray:
    """Only the stretches of a mask that last for `DEAD_S`."""
    lasting = np.zeros_like(mask)
    for start, end in zip(*runs_of(mask), strict=True):
        lasting[start:end] = time_s[end - 1] - time_s[start] >= DEAD_S
    return lasting


def _spikes(values: FloatArray) -> BoolArray:
    """Up to `LONGEST_SPIKE` samples in a row that leap away together and back to where they came from."""
    found = np.zeros(len(values), bool)
    if len(values) < LONGEST_SPIKE + 4:
        return found
    leap = np.abs(values[1:] - values[:-1]) > SPIKE
    if not leap.any():
        return found
    for row, column in np.argwhere(leap).tolist():
        series = values[:, column]
        for length in range(1, LONGEST_SPIKE + 1):
            after = row + 1 + length
            if row < 1 or after + 1 >= len(series):
                break
            off = np.abs(series[row + 1 : after] - 0.5 * (series[row] + series[after]))
            around = values[[row - 1, row, after, after + 1]]
            level = (np.ptp(around, axis=0) < SPIKE_LEVEL * SPIKE).all()
            acc = np.abs(values[row + 1 : after, :3] - 0.5 * (values[row, :3] + values[after, :3])).max(
                axis=0
            )
            if off.min() > SPIKE[column] and level and leaps_alone(acc, column):
                found[row + 1 : after] = True
                break
    return found


def zeros(values: FloatArray) -> BoolArray:
    """Up to `LONGEST_SPIKE` samples in a row that read exactly 0 in a channel that is far from it around."""
    found = np.zeros(len(values), bool)
    zero = values == 0.0
    for column in np.flatnonzero(zero.any(axis=0)).tolist():
        series = values[:, column]
        starts, ends = runs_of(zero[:, column])
        inside = (starts > 0) & (ends < len(series)) & (ends - starts <= LONGEST_SPIKE)
        starts, ends = starts[inside], ends[inside]
        before, after = series[starts - 1], series[ends]
        least = np.minimum(np.abs(before), np.abs(after))
        beyond = series[np.maximum(starts - 2, 0)], series[np.minimum(ends + 1, len(series) - 1)]
        steps = np.max(np.abs([before - after, before - beyond[0], after - beyond[1]]), axis=0)
        alike = (before * after > 0.0) & (steps < ALIKE_SHARE * least)
        chosen = alike & (least > FROM_ZERO[column])
        for start, end in zip(starts[chosen].tolist(), ends[chosen].tolist(), strict=True):
            found[start:end] = True
    return found


def leaps_alone(off_mps2: FloatArray, column: int) -> bool:
    """Whether no other axis of the accelerometer leaps along, as in a knock; how far each does, (3,)."""
    return column >= 3 or bool(np.delete(off_mps2, column).max() <= SPIKE_LEVEL * off_mps2[column])


def check_readings(block: SampleBlock, readings: MarkedSamples) -> Iterator[Finding]:
    """What is no reading: how many samples, of which kind, and when."""
    timed, bad = readings.timed, readings.bad
    if not bad.any():
        return
    died = died_at(readings)
    if (~bad).sum() < FEWEST or (died is not None and died - timed.time_s[0] < DEAD_S):
        yield Finding("no_readings", severity="refuse", sensor=block.sensor)
        return
    before = bad & (timed.time_s < died) if died is not None else bad
    if died is not None:
        end_s = float(timed.time_s[-1])
        values = {"columns": readings.columns.get("frozen", ()) if readings.kinds["frozen"][-1] else ()}
        yield Finding(
            "sensor_died", values=values, severity="caution", sensor=block.sensor, start_s=died, end_s=end_s
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
            severity="info" if kind == "spike" and where.sum() < SPIKES_LISTED else "caution",
            sensor=block.sensor,
            start_s=spans[0][0],
            end_s=spans[-1][1],
        )


def died_at(readings: MarkedSamples) -> float | None:
    """From when on a sensor gave no readings until the end; None where it gave some."""
    bad, time_s = readings.bad, readings.timed.time_s
    if not bad[-1]:
        return None
    from_there = np.cumsum(~bad[::-1])[::-1] / np.arange(len(bad), 0, -1)
    dead = bad & (from_there < DEAD_SHARE)
    first = int(np.argmax(dead)) if dead.any() else len(bad) - 1
    return float(time_s[first]) if time_s[-1] - time_s[first] >= DEAD_S else None


def spans_of(time_s: FloatArray) -> tuple[Span, ...]:
    """Spans of samples at increasing times, what is near to each other drawn together."""
    cuts = np.flatnonzero(np.diff(time_s) > APART_S)
    starts, ends = time_s[np.append(0, cuts + 1)], time_s[np.append(cuts, len(time_s) - 1)]
    return tuple(zip(starts.tolist(), ends.tolist(), strict=True))
