"""Taking the steps a family names, on a connected sensor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from imu_reps.errors import RadioError
from imu_reps.sensors.wire import Pause, Read, Step, Subscribe, Write

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Connection

#: ``receive(characteristic, data)``: told of every notification, and of what a read gave.
Receive = Callable[[str, bytes], None]


async def take_steps(steps: tuple[Step, ...], connection: Connection, receive: Receive) -> None:
    """Take steps one after the other.

    Parameters
    ----------
    steps : tuple of Step
    connection : Connection
        Open.
    receive : callable

    Raises
    ------
    RadioError
        If a step fails that is not optional.
    """
    for step in steps:
        try:
            await _take(step, connection, receive)
        except RadioError:
            if isinstance(step, Pause) or not step.optional:
                raise


async def _take(step: Step, connection: Connection, receive: Receive) -> None:
    match step:
        case Subscribe():
            await connection.subscribe(step.characteristic, receive)
        case Write():
            await connection.write(step.characteristic, step.data, step.response)
        case Read():
            receive(*await connection.read(step.characteristic))
        case Pause():
            await asyncio.sleep(step.seconds)
