"""Samples in the order they were taken: late ones sorted in, copies dropped, restarts told apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imu_reps.domain.samples import IntArray

#: A number this far behind the newest is no late packet but a sensor that began to count anew.
LATEST_S = 1.0
#: Nor is a longer run of numbers that were there before: three packets of ten are the most that come late.
LATEST_RUN = 32


@dataclass(frozen=True, slots=True)
class SampleOrder:
    """Which rows to keep, in the order they were taken.

    Attributes
    ----------
    rows : (n,) int
        Rows of the original block, ordered by epoch and number, copies dropped.
    epoch : (n,) int
        Counts up where the numbering began anew.
    duplicates, reordered : int
        Rows dropped because the same sample had arrived before; rows that arrived after a later sample.
    """

    rows: IntArray
    epoch: IntArray
    duplicates: int
    reordered: int


def put_in_order(number: NDArray[np.float64], furthest_back: float) -> SampleOrder:
    """Order samples by their running number (or clock).

    Parameters
    ----------
    number : (n,) float
        Running number or device time, in order of arrival.
    furthest_back : float
        A number further behind the newest than this begins a new epoch, in the unit of `number`.
    """
    rows = np.arange(len(number))
    behind = np.flatnonzero(np.diff(number) <= 0) + 1
    if not len(behind):
        return SampleOrder(rows, np.zeros_like(rows), 0, 0)
    epoch = np.zeros_like(rows)
    epoch[_restarts(number, behind, furthest_back)] = 1
    epoch = np.cumsum(epoch)
    rows = np.lexsort((number, epoch))
    copy = (np.diff(number[rows]) == 0) & (np.diff(epoch[rows]) == 0)
    rows = rows[np.append(True, ~copy)]
    earliest_after = np.minimum.accumulate(rows[::-1])[::-1]
    return SampleOrder(rows, epoch[rows], int(copy.sum()), int(np.sum(rows[:-1] > earliest_after[1:])))


def _restarts(number: NDArray[np.float64], behind: IntArray, furthest_back: float) -> list[int]:
    """First rows of new epochs, among the rows where the number falls behind its predecessor."""
    found: list[int] = []
    newest = -np.inf
    for start, stop in zip(behind.tolist(), [*behind[1:].tolist(), len(number)], strict=True):
        newest = max(newest, number[start - 1])
        already_seen = np.searchsorted(number[start:stop], newest, side="right")
        if newest - number[start] > furthest_back or already_seen > LATEST_RUN:
            found.append(start)
            newest = -np.inf
    return found
