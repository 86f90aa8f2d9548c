"""Accelerometer and gyroscope that arrive in separate streams, made one.

Where both carry times, the gyroscope is interpolated onto the accelerometer's instants. Where they carry
none, packets of the two alternate and each belongs to its neighbour; one whose neighbour never came is
dropped and counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from imu_reps.domain.samples import BoolArray, FloatArray, IntArray
from imu_reps.sensors.wire import Samples, no_samples

#: So many samples wait for the other stream: 10 s at 100 Hz. More means that the other stream has ended.
MAX_WAITING = 1000


def _empty_times() -> FloatArray:
    return np.zeros(0)


def _empty_numbers() -> IntArray:
    return np.zeros(0, np.int64)


def _empty_vectors() -> FloatArray:
    return np.zeros((0, 3))


@dataclass(frozen=True, slots=True)
class TimedStreams:
    """Samples of two streams on one clock that wait for each other.

    Attributes
    ----------
    number, acc_time_s, acc_mps2 : arrays of n and (n, 3)
        Accelerometer samples not yet paired; times increase.
    gyr_time_s, gyr_dps : arrays of m and (m, 3)
        Gyroscope samples that may still be needed; times increase.
    """

    number: IntArray = field(default_factory=_empty_numbers)
    acc_time_s: FloatArray = field(default_factory=_empty_times)
    acc_mps2: FloatArray = field(default_factory=_empty_vectors)
    gyr_time_s: FloatArray = field(default_factory=_empty_times)
    gyr_dps: FloatArray = field(default_factory=_empty_vectors)

    def with_acc(self, number: IntArray, time_s: FloatArray, acc_mps2: FloatArray) -> TimedStreams:
        """These and newer accelerometer samples."""
        return replace(
            self,
            number=np.concatenate([self.number, number])[-MAX_WAITING:],
            acc_time_s=np.concatenate([self.acc_time_s, time_s])[-MAX_WAITING:],
            acc_mps2=np.concatenate([self.acc_mps2, acc_mps2])[-MAX_WAITING:],
        )

    def with_gyr(self, time_s: FloatArray, gyr_dps: FloatArray) -> TimedStreams:
        """These and newer gyroscope samples."""
        return replace(
            self,
            gyr_time_s=np.concatenate([self.gyr_time_s, time_s])[-MAX_WAITING:],
            gyr_dps=np.concatenate([self.gyr_dps, gyr_dps])[-MAX_WAITING:],
        )


def pair_by_time(streams: TimedStreams, longest_gap_s: float) -> tuple[TimedStreams, Samples]:
    """Samples at the accelerometer's instants that gyroscope samples lie on both sides of.

    Parameters
    ----------
    streams : TimedStreams
    longest_gap_s : float
        Gyroscope samples further apart have a loss between them: nothing is paired there, and the
        accelerometer's samples leave a hole.

    Returns
    -------
    TimedStreams
        What still waits.
    Samples
    """
    if not len(streams.acc_time_s) or not len(streams.gyr_time_s):
        return streams, no_samples()
    decided = int(np.searchsorted(streams.acc_time_s, streams.gyr_time_s[-1], side="right"))
    covered = _covered(streams.acc_time_s[:decided], streams.gyr_time_s, longest_gap_s)
    times = streams.acc_time_s[:decided][covered]
    samples = Samples(
        streams.number[:decided][covered],
        times,
        streams.acc_mps2[:decided][covered],
        _interpolated(times, streams.gyr_time_s, streams.gyr_dps),
    )
    return _without_decided(streams, decided), samples


def _covered(acc_time_s: FloatArray, gyr_time_s: FloatArray, longest_gap_s: float) -> BoolArray:
    """Mask of the instants between two gyroscope samples that are near enough to each other."""
    after = np.searchsorted(gyr_time_s, acc_time_s, side="left").clip(0, len(gyr_time_s) - 1)
    before = (np.searchsorted(gyr_time_s, acc_time_s, side="right") - 1).clip(0)
    near: BoolArray = gyr_time_s[after] - gyr_time_s[before] <= longest_gap_s
    started: BoolArray = acc_time_s >= gyr_time_s[0]
    return np.logical_and(near, started)


def _interpolated(time_s: FloatArray, gyr_time_s: FloatArray, gyr_dps: FloatArray) -> FloatArray:
    return np.column_stack([np.interp(time_s, gyr_time_s, axis) for axis in gyr_dps.T])


def _without_decided(streams: TimedStreams, decided: int) -> TimedStreams:
    """The undecided accelerometer samples, and the gyroscope from the last sample at or before them."""
    reached = streams.acc_time_s[decided - 1] if decided else -np.inf
    first = max(int(np.searchsorted(streams.gyr_time_s, reached, side="right")) - 1, 0)
    return TimedStreams(
        streams.number[decided:],
        streams.acc_time_s[decided:],
        streams.acc_mps2[decided:],
        streams.gyr_time_s[first:],
        streams.gyr_dps[first:],
    )


Stream = Literal["acc", "gyr"]


@dataclass(frozen=True, slots=True)
class AlternatingStreams:
    """The packet of the leading stream that waits for its neighbour.

    Attributes
    ----------
    leader : {"acc", "gyr"} or None
        The stream whose packet came first; None before any came.
    waiting : (n, 3) float
        Its samples not yet paired.
    """

    leader: Stream | None = None
    waiting: FloatArray = field(default_factory=_empty_vectors)


@dataclass(frozen=True, slots=True)
class Paired:
    """What one packet completed: (n, 3) readings of each stream, and how many samples found no neighbour."""

    acc: FloatArray = field(default_factory=_empty_vectors)
    gyr: FloatArray = field(default_factory=_empty_vectors)
    dropped: int = 0


def pair_by_turn(
    streams: AlternatingStreams, stream: Stream, values: FloatArray
) -> tuple[AlternatingStreams, Paired]:
    """Lay a packet beside the one before it, if that is the other stream's.

    Two packets of one stream in a row mean that a packet between them was lost: a lost packet costs its
    neighbour and shifts nothing after it. Two lost in a row may go unseen and mix one pair; if the very first
    packet was lost, the two streams stay one packet apart. Without times nothing can show either.

    Parameters
    ----------
    streams : AlternatingStreams
    stream : {"acc", "gyr"}
        Whose packet this is.
    values : (n, 3) float

    Returns
    -------
    AlternatingStreams
    Paired
    """
    leader = streams.leader or stream
    if stream == leader:
        return AlternatingStreams(leader, values), Paired(dropped=len(streams.waiting))
    n = min(len(streams.waiting), len(values))
    dropped = len(streams.waiting) + len(values) - 2 * n
    first, second = streams.waiting[:n], values[:n]
    acc, gyr = (first, second) if leader == "acc" else (second, first)
    return AlternatingStreams(leader), Paired(acc, gyr, dropped)
