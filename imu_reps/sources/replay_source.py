"""A recording as the blocks that arrived: what the live pipeline would have been given."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import SENSOR_PLACES, SampleBlock


def replay_blocks(recording: Recording, block_s: float = 0.05) -> Iterator[SampleBlock]:
    """Both sensors' samples, cut into slots of `block_s` of arrival time, slot after slot.

    Within a slot the sensor whose first sample arrived first comes first. No pacing: that is the caller's.

    Parameters
    ----------
    recording : Recording
    block_s : float
        Length of a slot in seconds.

    Yields
    ------
    SampleBlock
        Never empty.

    Raises
    ------
    ValueError
        If `block_s` is not positive.
    """
    if not block_s > 0.0:
        raise ValueError(f"block_s must be above 0, not {block_s!r}")
    slots = [
        (slot, block.time_s[0], block)
        for place in SENSOR_PLACES
        if (samples := recording.samples(place)) is not None
        for slot, block in _slots(samples, block_s)
    ]
    for _, _, block in sorted(slots, key=lambda entry: entry[:2]):
        yield block


def _slots(samples: SampleBlock, block_s: float) -> Iterator[tuple[int, SampleBlock]]:
    slot = np.floor(np.maximum.accumulate(samples.time_s) / block_s).astype(int)
    edges = [0, *(np.flatnonzero(np.diff(slot)) + 1).tolist(), len(samples)]
    for first, last in itertools.pairwise(edges):
        if last > first:
            yield int(slot[first]), samples[first:last]
