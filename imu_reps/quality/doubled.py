"""Packets that come twice with readings so coarse that equal ones show nothing by themselves.

Such readings come again by chance at rest, but not packet by packet while the sensor moves: in a doubled
stream every second packet repeats the one before from end to end, and the packets between do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.kinematics.rest import mask_of_runs, runs_of


@dataclass(frozen=True, slots=True)
class DoubledParams:
    """Parameters of doubled packets.

    Attributes
    ----------
    sizes : tuple
        Smallest and greatest number of samples in a packet.
    min_changing : int
        Fewest packets in a row that come twice and are followed by others: by chance as many packets are
        followed by others as do not come twice, so that each halves the odds.
    """

    sizes: tuple[int, int] = (1, 32)
    min_changing: int = 40


PARAMS = DoubledParams()


def doubled(signature: FloatArray) -> BoolArray:
    """Return which samples are copies in doubled packets, (n,), by a number that equal samples share."""
    found = [_of_size(signature, size) for size in range(PARAMS.sizes[0], PARAMS.sizes[1] + 1)]
    return max(found, key=np.count_nonzero)


def _of_size(signature: FloatArray, size: int) -> BoolArray:
    """Return the copies in doubled packets of one size, (n,)."""
    found = np.zeros(len(signature), bool)
    equal = np.append(0, np.cumsum(signature[size:] == signature[:-size]))
    comes_again = equal[size:] - equal[:-size] == size  # the packet that begins here
    for phase in range(2 * size):
        first = np.arange(phase, len(comes_again) - size, 2 * size)
        followed = np.append(0, np.cumsum(~comes_again[first + size]))
        starts, ends = runs_of(comes_again[first])
        sure = followed[ends] - followed[starts] >= PARAMS.min_changing
        rows = first[mask_of_runs(len(first), starts[sure], ends[sure])]
        found[rows[:, None] + size + np.arange(size)] = True
    return found
