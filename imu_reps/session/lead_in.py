"""The last seconds before a set: kept in memory, so that its file begins with what was just before."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np

from imu_reps.domain.samples import SampleBlock, SensorPlace
from imu_reps.sensors.stream_items import Item, LinkChange
from imu_reps.session.recorder import LOST

#: The tremor baseline wants 5 s of stillness, the zero 1 s (docs/definitions.md#the-zero); a set that begins
#: with the first repetition has both.
LEAD_IN_S = 6.0

#: A sensor that is taken in the hand, strapped on or put down with its leg turns faster; one on a leg at
#: rest does not, whatever its bias.
MOVED_DPS = 20.0


class LeadIn:
    """Forgets what is older than `LEAD_IN_S`, but not whether a sensor is lost."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._lost: set[SensorPlace] = set()

    def push(self, items: Iterable[Item]) -> None:
        """Take what arrived."""
        self._items.extend(items)
        newest_s = max((_time_s(item) for item in self._items), default=0.0)
        while self._items and _time_s(self._items[0]) < newest_s - LEAD_IN_S:
            self._forget(self._items.popleft())

    def settle(self, sensor: SensorPlace) -> None:
        """Forget all from before a sensor was last moved about: it may have been worn elsewhere."""
        moved = [k for k, item in enumerate(self._items) if _is_moved(item, sensor)]
        for _ in range(moved[-1] + 1 if moved else 0):
            self._forget(self._items.popleft())

    def take(self) -> tuple[list[Item], frozenset[SensorPlace]]:
        """What is kept, oldest first, and the sensors that were lost before it; empty from then on."""
        kept, lost = list(self._items), frozenset(self._lost)
        self.follow(kept)
        self._items.clear()
        return kept, lost

    def follow(self, items: Iterable[Item]) -> None:
        """Know of items without keeping them: those a set has taken."""
        for item in items:
            self._forget(item)

    def _forget(self, item: Item) -> None:
        if isinstance(item, LinkChange) and item.state in LOST:
            self._lost.add(item.sensor)
        elif isinstance(item, SampleBlock):
            self._lost.discard(item.sensor)


def _is_moved(item: Item, sensor: SensorPlace) -> bool:
    if not isinstance(item, SampleBlock) or item.sensor != sensor:
        return False
    return bool((np.linalg.norm(item.gyr_dps, axis=1) > MOVED_DPS).any())


def _time_s(item: Item) -> float:
    return float(item.time_s[-1]) if isinstance(item, SampleBlock) else item.time_s
