"""Taking the steps a family names, on a connected sensor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from imu_reps.errors import RadioError
from imu_reps.sensors.wire import Pause, Read, Step, Subscribe, Write

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Connection

#: ``hear(characteristic, data)``: told of every notification, and of what a read gave.
Hear = Callable[[str, bytes], None]


async def take_steps(steps: tuple[Step, ...], connection: Connection, hear: Hear) -> None:
    """Take steps one after the other.

    Parameters
    ----------
    steps : tuple of Step
    connection : Connection
        Open.
    hear : callable

    Raises
    ------
    RadioError
        If a step fails that is not optional.
    """
    for step in steps:
        try:
            await _take(step, connection, hear)
        except RadioError:
            if isinstance(step, Pause) or not step.optional:
                raise


async def _take(step: Step, connection: Connection, hear: Hear) -> None:
    match step:
        case Subscribe():
            await connection.subscribe(step.characteristic, hear)
        case Write():
            await connection.write(step.characteristic, step.data, step.response)
        case Read():
            hear(*await connection.read(step.characteristic))
        case Pause():
            await asyncio.sleep(step.seconds)
