"""Between the radio's callbacks and whoever records: the one queue, decoded, in order of arrival."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from imu_reps.domain.samples import SampleBlock, SensorPlace, concatenate
from imu_reps.sensors.hearing import Hearing
from imu_reps.sensors.stream_items import Item, LinkChange, Notification

#: Samples that may wait to be taken: five minutes of two sensors at 200 Hz. More waits only for somebody
#: who does not come.
MAX_WAITING = 120_000


class Inbox:
    """Samples up to a limit, and words about the link without one: none of those is ever dropped.

    Parameters
    ----------
    hearings : mapping of Hearing
        They decode what is put, and count what found the queue full.
    """

    def __init__(self, hearings: Mapping[SensorPlace, Hearing]) -> None:
        self._hearings = hearings
        self._items: list[Item] = []
        self._samples = 0
        self._news = asyncio.Event()
        self._failure: BaseException | None = None
        self._closed = False

    def put(self, word: Notification | LinkChange) -> None:
        """Decode and queue an arrival, or a word about the link; runs in the radio's callback."""
        hearing = self._hearings[word.sensor]
        try:
            items = hearing.take(word)
        except Exception as error:  # a fault of this program, for whoever takes: the radio cannot handle it
            self.fail(error)
            return
        for item in items:
            if not isinstance(item, SampleBlock):
                self._items.append(item)
            elif self._samples < MAX_WAITING:
                self._items.append(item)
                self._samples += len(item)
            else:
                hearing.dropped += 1
        self._news.set()

    def fail(self, failure: BaseException | None) -> None:
        """Nothing more comes, for this reason: whoever waits is told."""
        self._failure = failure
        self._news.set()

    def close(self) -> None:
        """Nothing more comes; what waits can still be taken."""
        self._closed = True
        self._news.set()

    async def take(self) -> list[Item]:
        """Everything that waits, oldest first; waits for at least one. After `close` it may be none.

        Successive blocks of one sensor are joined.
        """
        while not self._items and not self._closed:
            if self._failure is not None:
                raise self._failure
            self._news.clear()
            await self._news.wait()
        return self.take_waiting()

    def take_waiting(self) -> list[Item]:
        """As `take`, but does not wait."""
        items, self._items, self._samples = self._items, [], 0
        return joined(items)


def joined(items: Iterable[Item]) -> list[Item]:
    """Successive blocks of one sensor as one."""
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
