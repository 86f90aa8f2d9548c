"""Duplicate data: repeated packets and stretches, one sensor under both names, two sensors under one name.

Six channels with noise never have exactly the same readings twice: several such rows in a row are copies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Counter, Recording
from imu_reps.domain.samples import BoolArray, FloatArray, IntArray, SampleBlock, SensorPlace
from imu_reps.kinematics.rest import mask_of_runs, runs_of
from imu_reps.kinematics.robust import median
from imu_reps.quality.channels import Stream, channels_of, coarse_channels, is_random
from imu_reps.quality.spikes import zeros


@dataclass(frozen=True, slots=True)
class CopyParams:
    """Parameters of duplicate samples, and of two streams under one name.

    Attributes
    ----------
    max_lag : int
        Greatest number of samples after which a packet is repeated.
    max_alike : int
        Longest run of one reading that repeated packets of one sample make; a longer one is a frozen sensor.
    stretch_s, stretch_rows : float or int
        Shortest time, and fewest samples, of a stretch that is repeated later: with noise in all channels a
        single sample hardly ever comes again.
    distinct_rows : int
        Different samples in a stretch above which it repeats an earlier one although readings are coarse
        (ours).
    changing_share : float
        Smallest share of its samples that differ from the one before: a sensor at rest may read the same.
    min_copies : int
        Fewest samples of a repeated packet, or repeated packets of one sample, that show copies.
    max_doubled, min_doubled : int
        Where readings are too coarse to show a copy by themselves: greatest number of samples in a packet
        that comes twice, and fewest such packets in a row that others follow, which by chance is so of every
        other one (ours: of 600 rounded good sensors none has copies).
    same_share : float
        Share of common samples above which both names have one stream: two sensors never read the same by
        chance.
    leaps_mps2, leaps, leaps_s : tuple, float or int
        Smallest leaps that are tried between the readings of two sensors under one name, and the fewest leaps
        in a span of this length, as made by packets of a third of a second in turn.
    alone_s : float
        Shortest time at the end, with the other sensor silent, in which such leaps are looked for apart.
    comes_back, back_share : float
        Greatest distance from where they leapt from after the next leap, as a share of the leap, and smallest
        share of such leaps (ours: at most 0.3 with good sensors, shaken or not).
    group_share, leaping_share : float
        Smallest share of either sensor's readings, and smallest share of the time with such leaps.
    one_side, one_sided_share : float
        Smallest sum of leaps, every other one reversed, as a share of their sizes, of leaps between two
        levels; and smallest share of the time with such leaps (ours: at most 0.1 with one sensor shaken at
        25 Hz, at least 0.19 with two).
    packet_s, together_s : float
        Longest time between samples of two sensors with one number, a packet apart or arriving together.
    apart_mps2, apart_times : float
        Smallest difference of such samples, and as a multiple of that of successive samples.
    twice_share : float
        Smallest share of samples with a repeated number.
    """

    max_lag: int = 64
    max_alike: int = 3
    stretch_s: float = 1.0
    stretch_rows: int = 20
    distinct_rows: int = 100
    changing_share: float = 0.5
    min_copies: int = 8
    max_doubled: int = 32
    min_doubled: int = 40
    same_share: float = 0.05
    leaps_mps2: tuple[float, ...] = (1.0, 5.0)
    leaps: int = 8
    leaps_s: float = 3.0
    alone_s: float = 6.0
    comes_back: float = 0.5
    back_share: float = 0.6
    group_share: float = 0.2
    leaping_share: float = 0.45
    one_side: float = 0.8
    one_sided_share: float = 0.15
    packet_s: float = 1.0
    together_s: float = 0.05
    apart_times: float = 8.0
    apart_mps2: float = 0.5
    twice_share: float = 0.2


PARAMS = CopyParams()


#: Factors of the six channels, whose sums hardly ever agree.
FACTORS = np.sqrt([1.0, 2.0, 3.0, 5.0, 7.0, 11.0])


@dataclass(frozen=True, slots=True)
class Signatures:
    """Samples of a sensor, each reduced to one number.

    Attributes
    ----------
    of : (n,) float
        One number a sample that hardly any two different samples share.
    alike : (k,) int
        Samples that may have the number of another sample, of either sensor.
    """

    of: FloatArray
    alike: IntArray


def signatures(channels: Mapping[SensorPlace, FloatArray]) -> dict[SensorPlace, Signatures]:
    """Return the signatures of both sensors from their channels, (6, n)."""
    # a matrix product may round the last samples differently from those before
    every = {place: np.asarray((values * FACTORS[:, None]).sum(axis=0)) for place, values in channels.items()}
    edges = np.cumsum([0, *map(len, every.values())])
    signature = np.concatenate(list(every.values()))
    ordered = np.sort(signature)
    alike = np.flatnonzero(np.isin(signature, ordered[1:][ordered[1:] == ordered[:-1]]))
    parts = np.split(alike, alike.searchsorted(edges[1:-1]))
    return {
        place: Signatures(own, rows - start)
        for (place, own), rows, start in zip(every.items(), parts, edges[:-1], strict=True)
    }


def check_streams(
    recording: Recording,
    channels: Mapping[SensorPlace, FloatArray],
    reads: Mapping[SensorPlace, Signatures],
) -> Iterator[Finding]:
    """Check that each name has one sensor, and each sensor one name."""
    for sent in recording.blocks:
        values = channels[sent.sensor]
        # zeros between readings and packets that come again would leap as well
        readings = _not_flat(values) & ~zeros(values) & ~copied(values, reads[sent.sensor], counted=True)
        block, acc_mps2 = sent, values[:3]
        if not readings.all():
            block, acc_mps2 = sent[readings], acc_mps2[:, readings]
        if len(block) > PARAMS.leaps and (_leaps(block.time_s, acc_mps2) or _one_number_twice(block)):
            yield Finding("two_streams", severity="refuse", sensor=block.sensor)
        elif since_s := _leaps_alone(block, acc_mps2, recording):
            yield Finding("two_streams", severity="refuse", sensor=block.sensor, start_s=since_s)
    if len(recording.blocks) == 2:
        yield from _same_data(recording.blocks[1], channels["ankle"], reads["pelvis"], reads["ankle"])


def _leaps(time_s: FloatArray, acc_mps2: FloatArray) -> bool:
    """Whether the specific force, (3, n), leaps to and fro between two directions."""
    steps = np.diff(acc_mps2)
    square = np.einsum("ij,ij->j", steps, steps)
    rows = np.flatnonzero(square > min(PARAMS.leaps_mps2) ** 2)
    # a fast leg leaps a little between its own samples too
    if len(rows) < PARAMS.leaps:
        return False
    tried = [rows[square[rows] > leap_mps2**2] for leap_mps2 in PARAMS.leaps_mps2]
    return any(_in_turn(time_s, acc_mps2, far) for far in tried) and any(
        _to_one_side(time_s, acc_mps2, far) for far in tried
    )


def _leaps_alone(block: SampleBlock, acc_mps2: FloatArray, recording: Recording) -> float | None:
    """Return since when a sensor's force leaps to and fro, with the other one silent; None if it does not."""
    for other in (one for one in recording.blocks if one.sensor != block.sensor):
        first = int(np.searchsorted(block.time_s, other.time_s[-1], side="right"))
        time_s = block.time_s[first:]
        lasts = len(time_s) > PARAMS.leaps and time_s[-1] - time_s[0] > PARAMS.alone_s
        if lasts and _leaps(time_s, acc_mps2[:, first:]):
            return float(time_s[0])
    return None


def _in_turn(time_s: FloatArray, acc_mps2: FloatArray, rows: IntArray) -> bool:
    """Whether leaps after these rows lead to and fro for much of the time."""
    if len(rows) < PARAMS.leaps:
        return False
    size = np.linalg.norm(acc_mps2[:, rows + 1] - acc_mps2[:, rows], axis=0)
    apart = np.linalg.norm(acc_mps2[:, rows[1:] + 1] - acc_mps2[:, rows[:-1]], axis=0)
    comes_back = np.append(apart < PARAMS.comes_back * np.minimum(size[1:], size[:-1]), False)
    span = _spans(time_s)
    edges = np.flatnonzero(np.diff(span, prepend=-1))
    leapt, returned = (np.bincount(at, minlength=len(time_s)) for at in (rows, rows[comes_back]))
    often, back = np.add.reduceat(leapt, edges), np.add.reduceat(returned, edges)
    other = np.add.reduceat(np.cumsum(leapt) % 2, edges) / np.diff(edges, append=len(time_s))
    in_turn = (
        (often >= PARAMS.leaps)
        & (back > PARAMS.back_share * often)
        & (np.minimum(other, 1.0 - other) > PARAMS.group_share)
    )
    return bool(in_turn.sum() > PARAMS.leaping_share * len(edges))


def _to_one_side(time_s: FloatArray, acc_mps2: FloatArray, rows: IntArray) -> bool:
    """Whether every other leap after these rows leads to the same side, for some of the time.

    One sensor that is shaken, at hardly more than two samples a swing, leaps to and fro about its mean, soon
    the other way round; two sensors leap between their two levels.
    """
    span = _spans(time_s)
    leaps = (acc_mps2[:, rows + 1] - acc_mps2[:, rows]) * (1.0 - 2.0 * (np.arange(len(rows)) % 2))
    often = np.bincount(span[rows], minlength=span[-1] + 1)
    sums = [np.bincount(span[rows], axis, minlength=span[-1] + 1) for axis in leaps]
    size = np.bincount(span[rows], np.linalg.norm(leaps, axis=0), minlength=span[-1] + 1)
    one_side = (often >= PARAMS.leaps) & (np.linalg.norm(sums, axis=0) > PARAMS.one_side * size)
    return bool(one_side.sum() > PARAMS.one_sided_share * len(np.unique(span)))


def _spans(time_s: FloatArray) -> IntArray:
    """Return the number of the span of time that each sample lies in; time that goes back stands still."""
    passed_s = np.maximum.accumulate(time_s) - time_s[0]
    return np.asarray(np.minimum(passed_s / PARAMS.leaps_s, len(time_s)).astype(np.int64))


def _one_number_twice(block: SampleBlock) -> bool:
    """Whether samples with one number that arrived together have very different readings."""
    if (np.diff(block.sample) > 0).all():
        return False
    rows = np.argsort(block.sample, kind="stable")
    same, waits_s = np.diff(block.sample[rows]) == 0, np.abs(np.diff(block.time_s[rows]))
    acc = block.acc_mps2
    apart = np.linalg.norm(np.diff(acc[rows], axis=0), axis=1)
    many = PARAMS.twice_share * len(block)
    # with two counters each number occurs twice, with a packet of the other sensor between; one counter goes
    # on
    between = same & (waits_s < PARAMS.packet_s) & (np.diff(rows) > 1)
    if same.sum() < (1.0 - PARAMS.twice_share) * len(block) and between.sum() > many:
        return median(apart[between]) > PARAMS.apart_mps2
    twice = same & (waits_s < PARAMS.together_s)
    if twice.sum() < many:
        return False
    follows = min(median(np.linalg.norm(acc[lag:] - acc[:-lag], axis=1)) for lag in (1, 2))
    return median(apart[twice]) > max(PARAMS.apart_mps2, PARAMS.apart_times * follows)


def _same_data(
    ankle: SampleBlock, values: FloatArray, of_pelvis: Signatures, of_ankle: Signatures
) -> Iterator[Finding]:
    common = np.zeros(len(ankle), bool)
    common[of_ankle.alike] = np.isin(of_ankle.of[of_ankle.alike], of_pelvis.of[of_pelvis.alike])
    if common.any():  # only samples that differ from the one before and between axes
        common &= (np.diff(of_ankle.of, prepend=np.nan) != 0) & _not_flat(values)
    if common.mean() > PARAMS.same_share:
        times = ankle.time_s[common]
        yield Finding(
            "same_data",
            values={"share": float(common.mean())},
            severity="refuse",
            start_s=float(times[0]),
            end_s=float(times[-1]),
        )


def _lags(reads: Signatures, fewest: int) -> IntArray | None:
    """Return how many samples before each one the last equal one was, 0 if none; None if few have one."""
    if len(reads.alike) < fewest:
        return None
    rows = reads.alike[np.argsort(reads.of[reads.alike], kind="stable")]
    again = np.flatnonzero(np.diff(reads.of[rows]) == 0)
    if len(again) < fewest:
        return None
    lag = np.zeros(len(reads.of), dtype=np.int64)
    lag[rows[again + 1]] = rows[again + 1] - rows[again]
    return lag


def copied(values: FloatArray, reads: Signatures, *, counted: bool) -> BoolArray:
    """Return which samples are copies of earlier packets, by their channels, (6, n).

    A copy repeats several samples in order, the same number of samples later; or, with packets of one sample,
    the previous one a few times. If the sensor counts its samples, equal consecutive ones are no copies: it
    is then polled more often than it measures.
    """
    count, lag = values.shape[1], _lags(reads, PARAMS.min_copies)
    if lag is None:
        return np.zeros(count, bool)
    lag[(lag > PARAMS.max_lag) | ~_not_flat(values)] = 0
    if np.count_nonzero(lag) < PARAMS.min_copies:
        return np.zeros(count, bool)
    if coarse_channels(values).any():
        return np.zeros(count, bool) if counted else _doubled(reads.of)
    edges = np.flatnonzero(np.diff(lag, prepend=-1, append=-1))
    length, value = np.diff(edges), lag[edges[:-1]]
    packets = (value > 1) & (length > 1)
    singles = (value == 1) & (length <= PARAMS.max_alike)
    if counted or length[singles].sum() < PARAMS.min_copies:
        singles[:] = False
    return np.asarray(np.repeat(packets | singles, length))


def _doubled(signature: FloatArray) -> BoolArray:
    """Return which samples are copies where all packets come twice, (n,), by a number that equal ones share.

    Coarse readings come again by chance at rest, but not packet by packet while the sensor moves: every
    second packet repeats the one before from end to end, and the packets between do not.
    """
    found = [_doubled_in(signature, size) for size in range(1, PARAMS.max_doubled + 1)]
    return max(found, key=np.count_nonzero)


def _doubled_in(signature: FloatArray, size: int) -> BoolArray:
    """Return the copies in packets of one size that come twice, (n,)."""
    found = np.zeros(len(signature), bool)
    equal = np.append(0, np.cumsum(signature[size:] == signature[:-size]))
    comes_again = equal[size:] - equal[:-size] == size  # the packet that begins here
    for phase in range(2 * size):
        first = np.arange(phase, len(comes_again) - size, 2 * size)
        followed = np.append(0, np.cumsum(~comes_again[first + size]))
        starts, ends = runs_of(comes_again[first])
        sure = followed[ends] - followed[starts] >= PARAMS.min_doubled
        rows = first[mask_of_runs(len(first), starts[sure], ends[sure])]
        found[rows[:, None] + size + np.arange(size)] = True
    return found


def _not_flat(values: FloatArray) -> BoolArray:
    size = np.abs(values[:3])
    return np.asarray((size[0] != size[1]) | (size[1] != size[2]))


def repeated_stretches(stream: Stream, reads: Signatures) -> list[tuple[int, int, int]]:
    """Return stretches that repeat earlier ones: first row, row after the last, distance in rows."""
    lag, time_s = _lags(reads, PARAMS.stretch_rows), stream.block.time_s
    if lag is None:
        return []
    lag[lag <= PARAMS.max_lag] = 0
    edges = np.flatnonzero(np.diff(lag, prepend=-1, append=-1))
    found = []
    for start, end in pairwise(edges.tolist()):
        few = end - start < PARAMS.stretch_rows or time_s[end - 1] - time_s[start] < PARAMS.stretch_s
        if lag[start] and not few:
            changing = np.diff(reads.of[start:end]) != 0.0
            if changing.mean() > PARAMS.changing_share:
                found.append((start, end, int(lag[start])))
    random = [is_random(channel) for channel in stream.channels] if found else []
    if all(random):
        return found
    if not any(np.ptp(channel) for channel, one in zip(stream.channels, random, strict=True) if one):
        return []
    # where noise shows in some axes only, few readings come again by chance, but not many in the same order
    return [one for one in found if len(np.unique(reads.of[one[0] : one[1]])) > PARAMS.distinct_rows]


def _check_stretches(stream: Stream, repeats: list[tuple[int, int, int]]) -> Iterator[Finding]:
    if not repeats:
        return
    block, time_s = stream.block, stream.block.time_s.tolist()
    spans = tuple((time_s[start], time_s[end - 1]) for start, end, _ in repeats)
    yield Finding(
        "stretch_repeated",
        values={
            "samples": sum(end - start for start, end, _ in repeats),
            "sent": len(block),
            "spans": spans,
            "of_s": tuple(time_s[start - lag] for start, _, lag in repeats),
        },
        severity="caution",
        sensor=block.sensor,
        start_s=spans[0][0],
        end_s=spans[-1][1],
    )


def without_copies(stream: Stream, reads: Signatures, counter: Counter) -> tuple[Stream, list[Finding]]:
    """Leave out repeated packets if the host numbers the samples.

    If the sensor itself counts, a copy takes the place of a lost sample: it is only marked; so is a stretch
    that repeats an earlier one, in place of what happened then.

    Parameters
    ----------
    stream : Stream
    reads : Signatures
        Signatures of its samples.
    counter : {"device", "host"}
        What numbers the samples.
    """
    repeats = repeated_stretches(stream, reads)
    found = list(_check_stretches(stream, repeats))
    if repeats:
        marks = stream.copies.copy()
        for start, end, _ in repeats:
            marks[start:end] = True
        stream = replace(stream, copies=marks)
    block = stream.block
    counted = counter == "device" or bool(np.isfinite(block.device_time_s).any())
    copies = copied(stream.channels, reads, counted=counted)
    if not copies.any():
        return stream, found
    times = block.time_s[copies]
    twice = Finding(
        "copies",
        values={"samples": int(copies.sum()), "sent": len(block)},
        severity="caution",
        sensor=block.sensor,
        start_s=float(times[0]),
        end_s=float(times[-1]),
    )
    if counted:
        return replace(stream, copies=stream.copies | copies), [*found, twice]
    # copies that the host numbered took a number each; others have those of their originals
    took = copies & (np.diff(np.maximum.accumulate(block.sample), prepend=-1) > 0)
    kept = replace(block, sample=block.sample - np.cumsum(took))[~copies]
    return Stream(kept, channels_of(kept), stream.copies[~copies]), [*found, twice]
