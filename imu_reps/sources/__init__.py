"""Sources of a session: paired sensors by radio, phones, a replayed recording, or virtual sensors.

The source for sensors by radio is `imu_reps.sensors.streams.Streams`.
"""

from __future__ import annotations

from typing import Protocol

from imu_reps.sensors.stream_items import Item, Links


class Source(Protocol):
    """A source of samples; its users do not depend on which kind it is."""

    async def open(self) -> None:
        """Open the source; returns once every sensor is streaming."""

    async def items(self) -> list[Item]:
        """Return the next items in order of arrival, waiting for at least one; empty at the end."""

    async def close(self) -> None:
        """Close the source; closing twice does nothing."""

    def status(self) -> Links:
        """Return the current status of each sensor."""
