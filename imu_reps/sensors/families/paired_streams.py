"""Pairing of accelerometer and gyroscope samples that arrive in separate streams.

With times in both, the gyroscope is interpolated to the accelerometer's times. Without times, packets of the
two alternate and neighbours belong together; a packet without its neighbour is dropped and counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from imu_reps.domain.samples import BoolArray, FloatArray, IntArray, interpolate_columns
from imu_reps.sensors.wire import Samples, no_samples

#: Maximum number of samples that wait for the other stream: 10 s at 100 Hz. More mean that it has ended.
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
        """Return the streams with newer accelerometer samples appended."""
        return replace(
            self,
            number=np.concatenate([self.number, number])[-MAX_WAITING:],
            acc_time_s=np.concatenate([self.acc_time_s, time_s])[-MAX_WAITING:],
            acc_mps2=np.concatenate([self.acc_mps2, acc_mps2])[-MAX_WAITING:],
        )

    def with_gyr(self, time_s: FloatArray, gyr_dps: FloatArray) -> TimedStreams:
        """Return the streams with newer gyroscope samples appended."""
        return replace(
            self,
            gyr_time_s=np.concatenate([self.gyr_time_s, time_s])[-MAX_WAITING:],
            gyr_dps=np.concatenate([self.gyr_dps, gyr_dps])[-MAX_WAITING:],
        )


def pair_by_time(streams: TimedStreams, longest_gap_s: float) -> tuple[TimedStreams, Samples]:
    """Pair samples at those of the accelerometer's times that have gyroscope samples on both sides.

    Parameters
    ----------
    longest_gap_s : float
        Gyroscope samples further apart have a loss between them: no samples are paired there, which leaves a
        gap in the numbers.

    Returns
    -------
    TimedStreams
        The samples that still wait.
    Samples
        The paired samples.
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
        interpolate_columns(times, streams.gyr_time_s, streams.gyr_dps),
    )
    return _without_decided(streams, decided), samples


def _covered(acc_time_s: FloatArray, gyr_time_s: FloatArray, longest_gap_s: float) -> BoolArray:
    """Return a mask of the times between two gyroscope samples that are close enough to each other."""
    after = np.searchsorted(gyr_time_s, acc_time_s, side="left").clip(0, len(gyr_time_s) - 1)
    before = (np.searchsorted(gyr_time_s, acc_time_s, side="right") - 1).clip(0)
    near: BoolArray = gyr_time_s[after] - gyr_time_s[before] <= longest_gap_s
    started: BoolArray = acc_time_s >= gyr_time_s[0]
    return np.logical_and(near, started)


def _without_decided(streams: TimedStreams, decided: int) -> TimedStreams:
    """Return the streams without decided samples; the last gyroscope sample before the rest is kept."""
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
        The stream whose packet came first; None before the first packet.
    waiting : (n, 3) float
        Its samples not yet paired.
    """

    leader: Stream | None = None
    waiting: FloatArray = field(default_factory=_empty_vectors)


@dataclass(frozen=True, slots=True)
class Paired:
    """Result of one packet: paired readings of each stream, (n, 3), and how many samples were dropped."""

    acc: FloatArray = field(default_factory=_empty_vectors)
    gyr: FloatArray = field(default_factory=_empty_vectors)
    dropped: int = 0


def pair_by_turn(
    streams: AlternatingStreams, stream: Stream, values: FloatArray
) -> tuple[AlternatingStreams, Paired]:
    """Pair a packet with the one before it, if that is of the other stream.

    Two packets of one stream in a row mean that one between them was lost: a lost packet costs its neighbour
    and shifts nothing after it. Two lost in a row may go unnoticed and mix up one pair; if the very first
    packet was lost, the two streams stay one packet apart. Without times neither can be detected.

    Parameters
    ----------
    stream : {"acc", "gyr"}
        Stream of this packet.
    values : (n, 3) float
        Its samples.
    """
    leader = streams.leader or stream
    if stream == leader:
        return AlternatingStreams(leader, values), Paired(dropped=len(streams.waiting))
    n = min(len(streams.waiting), len(values))
    dropped = len(streams.waiting) + len(values) - 2 * n
    first, second = streams.waiting[:n], values[:n]
    acc, gyr = (first, second) if leader == "acc" else (second, first)
    return AlternatingStreams(leader), Paired(acc, gyr, dropped)
