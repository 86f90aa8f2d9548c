"""Between the radio's callbacks and the decoder: a queue in order of arrival."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace

#: Both sensors send some 50 to 400 notifications a second; the decoder empties the queue as soon as the
#: program has a moment. So many waiting are a flood, or a program that stood still for half a minute.
LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Notification:
    """Bytes of one notification or read, stamped on arrival with the event loop's time."""

    sensor: SensorPlace
    time_s: float
    characteristic: str
    data: bytes


Word = TypeVar("Word")


class Inbox(Generic[Word]):
    """Arrivals up to a limit, and words about the link without one: none of those is ever dropped.

    Attributes
    ----------
    dropped : dict
        Arrivals of each sensor that found the queue full.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.dropped: dict[SensorPlace, int] = dict.fromkeys(SENSOR_PLACES, 0)
        self._limit = limit
        self._waiting: deque[Notification | Word] = deque()
        self._news = asyncio.Event()

    def put(self, arrival: Notification) -> None:
        """Queue what arrived, or count it as dropped."""
        if len(self._waiting) >= self._limit:
            self.dropped[arrival.sensor] += 1
            return
        self._waiting.append(arrival)
        self._news.set()

    def post(self, word: Word) -> None:
        """Queue a word about the link."""
        self._waiting.append(word)
        self._news.set()

    async def wait(self) -> None:
        """Wait until something is there."""
        await self._news.wait()

    def take_all(self) -> list[Notification | Word]:
        """Everything that waits, oldest first."""
        taken = list(self._waiting)
        self._waiting.clear()
        self._news.clear()
        return taken
