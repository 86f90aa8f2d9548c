"""What the streams hand on, some times a second, whether anything arrived or not."""

from __future__ import annotations

import asyncio

from imu_reps.sensors.stream_items import Item
from imu_reps.sensors.streams import Streams

#: So often what arrived is written and counted: about a picture's time. The file is never further behind,
#: the count is still heard at once, and taking packets together costs a fraction of taking each.
TICK_S = 0.03


class Collector:
    """Collects from `Streams.items`, which waits for as long as nothing arrives."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._waiting: asyncio.Task[list[Item]] | None = None

    async def tick(self) -> list[Item]:
        """Everything that has arrived `TICK_S` from now, in order of arrival; may be nothing.

        Raises
        ------
        RadioError
            As `Streams.items`.
        """
        await asyncio.sleep(TICK_S)
        items: list[Item] = []
        while (more := await self._at_hand()) is not None:
            items += more
        return items

    async def close(self) -> None:
        """Wait no longer."""
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.gather(self._waiting, return_exceptions=True)
            self._waiting = None

    async def _at_hand(self) -> list[Item] | None:
        """What can be had without waiting."""
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._streams.items())
        await asyncio.wait({self._waiting}, timeout=0.0)
        if not self._waiting.done():
            return None
        done, self._waiting = self._waiting, None
        return done.result()
