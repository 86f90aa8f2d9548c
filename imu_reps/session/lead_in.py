"""The last seconds before a set, kept in memory so that its recording can begin with them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np

from imu_reps.domain.samples import SampleBlock, SensorPlace
from imu_reps.sensors.stream_items import Item, LinkChange
from imu_reps.session.recorder import LOST

#: Length of the lead-in. The tremor baseline needs 5 s of stillness and the zero 1 s
#: (docs/definitions.md#the-zero), so even a set that begins with the first repetition has both.
LEAD_IN_S = 6.0

#: Turn rate above which a sensor is being handled, strapped on or put down with its leg. On a leg at rest it
#: stays below, including the bias.
MOVED_DPS = 20.0


class LeadIn:
    """Buffers the last `LEAD_IN_S` of a stream, and knows which sensors were lost before that."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._lost: set[SensorPlace] = set()

    def push(self, items: Iterable[Item]) -> None:
        """Add items that arrived."""
        self._items.extend(items)
        newest_s = max((_time_s(item) for item in self._items), default=0.0)
        while self._items and _time_s(self._items[0]) < newest_s - LEAD_IN_S:
            self._forget(self._items.popleft())

    @property
    def has_samples(self) -> bool:
        """Whether samples are buffered, so that a set can begin."""
        return any(isinstance(item, SampleBlock) for item in self._items)

    def settle(self, sensor: SensorPlace) -> None:
        """Drop everything up to the last handling of a sensor: it may have been worn elsewhere before."""
        moved = [k for k, item in enumerate(self._items) if _is_moved(item, sensor)]
        for _ in range(moved[-1] + 1 if moved else 0):
            self._forget(self._items.popleft())

    def take(self) -> tuple[list[Item], frozenset[SensorPlace]]:
        """Return the buffered items, oldest first, and the sensors lost before them; empties the buffer."""
        kept, lost = list(self._items), frozenset(self._lost)
        self.follow(kept)
        self._items.clear()
        return kept, lost

    def follow(self, items: Iterable[Item]) -> None:
        """Track lost sensors over items without buffering them, as a running set has taken them."""
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
