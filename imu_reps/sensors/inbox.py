"""The queue between the radio's callbacks and the recording: decoded items in order of arrival."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from imu_reps.domain.samples import SampleBlock, SensorPlace, concatenate
from imu_reps.sensors.receiver import Receiver
from imu_reps.sensors.stream_items import Item, LinkChange, Notification

#: Samples that may wait: five minutes of two sensors at 200 Hz. A longer queue is never emptied.
MAX_WAITING = 120_000


class Inbox:
    """Queue of samples, up to `MAX_WAITING`, and of link changes and restarts, which are never dropped.

    Parameters
    ----------
    receivers : mapping of Receiver
        They decode what is put, and count what was dropped.
    """

    def __init__(self, receivers: Mapping[SensorPlace, Receiver]) -> None:
        self._receivers = receivers
        self._items: list[Item] = []
        self._samples = 0
        self._news = asyncio.Event()
        self._failure: BaseException | None = None
        self._closed = False

    def put(self, arrival: Notification | LinkChange) -> None:
        """Decode and queue a notification or a change of the link; runs in the radio's callback."""
        receiver = self._receivers[arrival.sensor]
        try:
            items = receiver.take(arrival)
        except Exception as error:  # a fault of this program: raised in `take`, not into the radio's callback
            self.fail(error)
            return
        for item in items:
            if not isinstance(item, SampleBlock):
                self._items.append(item)
            elif self._samples < MAX_WAITING:
                self._items.append(item)
                self._samples += len(item)
            else:
                receiver.dropped += 1
        self._news.set()

    def fail(self, failure: BaseException | None) -> None:
        """End the queue with an exception, which `take` raises once it is empty."""
        self._failure = failure
        self._news.set()

    def close(self) -> None:
        """End the queue; items that wait can still be taken."""
        self._closed = True
        self._news.set()

    async def take(self) -> list[Item]:
        """Return all queued items, oldest first, waiting for at least one; after `close` possibly none.

        Successive blocks of one sensor are joined.
        """
        while not self._items and not self._closed:
            if self._failure is not None:
                raise self._failure
            self._news.clear()
            await self._news.wait()
        return self.take_waiting()

    def take_waiting(self) -> list[Item]:
        """Return all queued items as `take`, without waiting."""
        items, self._items, self._samples = self._items, [], 0
        return joined(items)


def joined(items: Iterable[Item]) -> list[Item]:
    """Join successive blocks of one sensor."""
    result: list[Item] = []
    blocks: list[SampleBlock] = []
    for item in items:
        if blocks and not (isinstance(item, SampleBlock) and item.sensor == blocks[0].sensor):
            result.append(concatenate(blocks))
            blocks = []
        if isinstance(item, SampleBlock):
            blocks.append(item)
        else:
            result.append(item)
    return [*result, concatenate(blocks)] if blocks else result
