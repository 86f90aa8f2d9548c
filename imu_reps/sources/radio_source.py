"""What the streams hand on: as soon as something arrives, and some times a second when nothing does."""

from __future__ import annotations

import asyncio

from imu_reps.sensors.stream_items import Item
from imu_reps.sensors.streams import Streams

#: So long nothing more is handed on: taking each sample of a sensor that sends them one by one costs several
#: times what taking two or three together does, and nobody sees or hears the difference.
GATHER_S = 0.01
#: So long at most until it is looked again: what is due by the clock is never later, nor a picture.
TICK_S = 0.03


class Collector:
    """Collects from `Streams.items`, which waits for as long as nothing arrives."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._waiting: asyncio.Task[list[Item]] | None = None
        self._handed_on_s = float("-inf")

    async def tick(self) -> list[Item]:
        """Everything that has arrived, in order of arrival.

        Returns with the first arrival that is `GATHER_S` or more after the call before returned; after
        `TICK_S` with nothing, if nothing arrived.

        Raises
        ------
        RadioError
            As `Streams.items`.
        """
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._handed_on_s + GATHER_S - loop.time())
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._streams.items())
        await asyncio.wait({self._waiting}, timeout=max(0.0, self._handed_on_s + TICK_S - loop.time()))
        self._handed_on_s = loop.time()
        if not self._waiting.done():
            return []
        done, self._waiting = self._waiting, None
        return done.result()

    async def close(self) -> None:
        """Wait no longer."""
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.gather(self._waiting, return_exceptions=True)
            self._waiting = None
