"""Replay of a recording, with its samples at their original arrival times."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import SENSOR_PLACES, SampleBlock, SensorPlace
from imu_reps.sensors.stream_items import Item, SensorStatus, loop_time_s

#: Samples that arrived within one slot are delivered together; shorter than the interval between pictures.
SLOT_S = 0.025
#: Time without samples after which a sensor's status is ``silent``, as for a radio link.
SILENT_S = 2.0


class ReplaySource:
    """Source that delivers the samples of a recording at their times on the event loop's clock."""

    def __init__(self, recording: Recording) -> None:
        self._sent = {block.sensor: 0 for block in recording.blocks}
        self._slots = itertools.groupby(
            replay_blocks(recording, SLOT_S), lambda block: int(block.time_s.max() / SLOT_S)
        )
        self._last_s: dict[SensorPlace, float] = {}
        self._began_s = 0.0

    async def open(self) -> None:
        """Start; the recording's time 0 is now."""
        self._began_s = loop_time_s()
        self._last_s = dict.fromkeys(self._sent, self._began_s)

    async def items(self) -> list[Item]:
        """Return the samples of the next slot, once their time has come; empty at the end."""
        _, blocks = next(self._slots, (0, ()))
        items = [replace(block, time_s=block.time_s + self._began_s) for block in blocks]
        if items:
            due_s = max(float(item.time_s.max()) for item in items)
            await asyncio.sleep(due_s - loop_time_s())
        for item in items:
            self._sent[item.sensor] += len(item)
            self._last_s[item.sensor] = float(item.time_s[-1])
        return list(items)

    async def close(self) -> None:
        """Do nothing; there is nothing to close."""

    def status(self) -> dict[SensorPlace, SensorStatus]:
        """Return the status of each recorded sensor: streaming, or silent in a gap of the recording."""
        now_s = loop_time_s()
        silent = {place for place in self._sent if now_s - self._last_s.get(place, now_s) > SILENT_S}
        return {
            place: SensorStatus("silent" if place in silent else "streaming", samples=sent)
            for place, sent in self._sent.items()
        }


def replay_blocks(recording: Recording, block_s: float = 0.05) -> Iterator[SampleBlock]:
    """Yield both sensors' samples, cut into slots of `block_s` of arrival time, in order.

    Within a slot, the sensor whose first sample arrived first comes first. Pacing is left to the caller.

    Parameters
    ----------
    block_s : float
        Length of a slot in seconds.

    Yields
    ------
    SampleBlock
        Never empty.

    Raises
    ------
    ValueError
        `block_s` is not positive.
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
