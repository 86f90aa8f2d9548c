"""The same samples twice: packets that came again, one sensor's data under both names, two sensors under one.

Six channels with noise never read exactly the same twice: rows that do, several in a row, are copies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import BoolArray, FloatArray, IntArray, SampleBlock, SensorPlace
from imu_reps.quality.failed_readings import zeros

#: A packet comes again within so many samples.
FURTHEST = 64
#: Longer runs of one reading are no packets of one sample that came again: the sensor hangs.
MAX_ALIKE = 3
#: A copy is told by so many samples of a packet, or by so many packets of one sample.
MIN_COPIES = 8

#: Two sensors never read the same by chance: so large a share of their samples is one stream named twice.
SAME_SHARE = 0.05

#: Two sensors under one name: readings that leap to and fro so often in so long, as packets of a third of a
#: second in turn do, and come back to where they leapt from, to within this share of the leap, in so many of
#: them (ours: of good sensors, shaken or not, in 0.3 at the most); either group so large; for this share of
#: the time.
LEAP_MPS2 = 1.0
LEAPS, LEAPS_S = 8, 3.0
COMES_BACK, BACK_SHARE, GROUP_SHARE = 0.5, 0.6, 0.2
LEAPING_SHARE = 0.45
#: Or readings with one number that differ, at most a packet apart; side by side by so many times what follows
#: each other does.
PACKET_S, TOGETHER_S, APART_TIMES = 1.0, 0.05, 8.0
APART_MPS2 = 0.5
TWICE_SHARE = 0.2


def check_streams(recording: Recording) -> Iterator[Finding]:
    """Whether each name stands for one sensor, and each sensor for one name."""
    for block in recording.blocks:
        values = np.hstack([block.acc_mps2, block.gyr_dps])
        readings = block[_not_flat(block) & ~zeros(values)]  # zeros between readings would leap as well
        if len(readings) > LEAPS and (_leaps(readings) or _one_number_twice(readings)):
            yield Finding("two_streams", severity="refuse", sensor=block.sensor)
    if len(recording.blocks) == 2:
        yield from _same_data(*recording.blocks)


def _leaps(block: SampleBlock) -> bool:
    """Whether the specific force leaps to and fro between two directions."""
    time_s, acc = block.time_s, block.acc_mps2
    steps = np.diff(acc, axis=0)
    leaps = np.einsum("ij,ij->i", steps, steps) > LEAP_MPS2**2
    if leaps.sum() < LEAPS:
        return False
    rows, size = np.flatnonzero(leaps), np.linalg.norm(steps[leaps], axis=1)
    apart = np.linalg.norm(acc[rows[1:] + 1] - acc[rows[:-1]], axis=1)
    comes_back = np.append(apart < COMES_BACK * np.minimum(size[1:], size[:-1]), False)
    span = np.minimum((time_s - time_s[0]) / LEAPS_S, len(time_s)).astype(np.int64)
    edges = np.flatnonzero(np.diff(span, prepend=-1))
    often, back, samples = (
        np.add.reduceat(values, edges)
        for values in (_at(rows, time_s), _at(rows[comes_back], time_s), np.ones(len(time_s)))
    )
    other = np.add.reduceat(np.cumsum(_at(rows, time_s)) % 2.0, edges) / samples
    in_turn = (often >= LEAPS) & (back > BACK_SHARE * often) & (np.minimum(other, 1.0 - other) > GROUP_SHARE)
    return bool(in_turn.sum() > LEAPING_SHARE * len(edges))


def _at(rows: IntArray, time_s: FloatArray) -> FloatArray:
    """One for each of these rows, else zero."""
    marks = np.zeros(len(time_s))
    marks[rows] = 1.0
    return marks


def _one_number_twice(block: SampleBlock) -> bool:
    """Whether samples of one number that came together read quite differently."""
    if (np.diff(block.sample) > 0).all():
        return False
    rows = np.argsort(block.sample, kind="stable")
    same, waits_s = np.diff(block.sample[rows]) == 0, np.abs(np.diff(block.time_s[rows]))
    acc = block.acc_mps2
    apart = np.linalg.norm(np.diff(acc[rows], axis=0), axis=1)
    many = TWICE_SHARE * len(block)
    # of two counters each number comes twice, a packet of the other sensor between; one counter counts on
    between = same & (waits_s < PACKET_S) & (np.diff(rows) > 1)
    if same.sum() < (1.0 - TWICE_SHARE) * len(block) and between.sum() > many:
        return bool(np.median(apart[between]) > APART_MPS2)
    twice = same & (waits_s < TOGETHER_S)
    if twice.sum() < many:
        return False
    follows = min(float(np.median(np.linalg.norm(acc[lag:] - acc[:-lag], axis=1))) for lag in (1, 2))
    return bool(np.median(apart[twice]) > max(APART_MPS2, APART_TIMES * follows))


def _same_data(pelvis: SampleBlock, ankle: SampleBlock) -> Iterator[Finding]:
    common = np.isin(_signature(ankle), _signature(pelvis)) & _varied(ankle)
    if common.mean() > SAME_SHARE:
        times = ankle.time_s[common]
        yield Finding(
            "same_data",
            values={"share": float(common.mean())},
            severity="refuse",
            start_s=float(times[0]),
            end_s=float(times[-1]),
        )


def _signature(block: SampleBlock) -> FloatArray:
    """One number a sample that hardly any two different samples share."""
    acc, gyr = block.acc_mps2, block.gyr_dps
    return np.asarray(
        acc @ [1.0, np.sqrt(2.0), np.sqrt(3.0)] + gyr @ [np.sqrt(5.0), np.sqrt(7.0), np.sqrt(11.0)]
    )


def _varied(block: SampleBlock) -> BoolArray:
    """Samples that read otherwise than the one before, and not the same in all axes."""
    signature = _signature(block)
    return np.asarray((np.diff(signature, prepend=np.nan) != 0) & _not_flat(block))


def copied(block: SampleBlock, *, counted: bool) -> BoolArray:
    """Which samples are copies of packets that came before, by what they read.

    A copy repeats several samples in their order, the same number of samples later; or, of packets of one
    sample, the one before, up to `MAX_ALIKE` times. Samples that a sensor counts and that read the same
    one by one are no copies: it is asked more often than it measures.
    """
    signature = _signature(block)
    count = len(signature)
    rows = np.argsort(signature, kind="stable")
    again = np.flatnonzero(np.diff(signature[rows]) == 0)
    lag = np.zeros(count, dtype=np.int64)
    lag[rows[again + 1]] = rows[again + 1] - rows[again]
    lag[(lag > FURTHEST) | ~_not_flat(block)] = 0
    if np.count_nonzero(lag) < MIN_COPIES:
        return np.zeros(count, bool)
    edges = np.flatnonzero(np.diff(lag, prepend=-1, append=-1))
    length, value = np.diff(edges), lag[edges[:-1]]
    packets = (value > 1) & (length > 1)
    singles = (value == 1) & (length <= MAX_ALIKE)
    if counted or length[singles].sum() < MIN_COPIES:
        singles[:] = False
    return np.asarray(np.repeat(packets | singles, length))


def _not_flat(block: SampleBlock) -> BoolArray:
    acc = np.abs(block.acc_mps2)
    return np.asarray((acc[:, 0] != acc[:, 1]) | (acc[:, 1] != acc[:, 2]))


def without_copies(recording: Recording) -> tuple[Recording, Mapping[SensorPlace, BoolArray], list[Finding]]:
    """Leave out packets that came again and were numbered on by the host.

    Where the sensor itself counts, a copy stands in the place of a sample that was lost: it is marked.

    Returns
    -------
    recording : Recording
    copies : mapping
        Which of its samples are copies, by sensor.
    findings : list of Finding
    """
    marks: dict[SensorPlace, BoolArray] = {}
    found: list[Finding] = []
    for block in recording.blocks:
        counter = recording.header.sensor(block.sensor).counter
        counted = counter == "device" or bool(np.isfinite(block.device_time_s).any())
        copies = copied(block, counted=counted)
        marks[block.sensor] = copies
        if not copies.any():
            continue
        times = block.time_s[copies]
        found.append(
            Finding(
                "copies",
                values={"samples": int(copies.sum()), "sent": len(block)},
                severity="caution",
                sensor=block.sensor,
                start_s=float(times[0]),
                end_s=float(times[-1]),
            )
        )
        if not counted:
            recording = recording.with_samples(_left_out(block, copies))
            marks[block.sensor] = np.zeros(int((~copies).sum()), bool)
    return recording, marks, found


def _left_out(block: SampleBlock, copies: BoolArray) -> SampleBlock:
    return replace(block, sample=block.sample - np.cumsum(copies))[~copies]
