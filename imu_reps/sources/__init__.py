"""What a session records from: a radio, a recording played again, or virtual sensors.

`imu_reps.sensors.streams.Streams` is the source of a radio.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from imu_reps.domain.samples import SensorPlace
from imu_reps.sensors.stream_items import Item, SensorStatus


class Source(Protocol):
    """Where samples come from; whoever takes them cannot tell which kind it is."""

    async def open(self) -> None:
        """Begin; returns when all that is wanted is coming."""

    async def items(self) -> list[Item]:
        """The next items in order of arrival; waits for at least one. Empty: nothing more will come."""

    async def close(self) -> None:
        """End; closing twice does nothing."""

    def status(self) -> Mapping[SensorPlace, SensorStatus]:
        """How each sensor is doing now."""
