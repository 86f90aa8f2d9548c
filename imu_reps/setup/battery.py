"""Read the battery of a sensor that is not streaming, over a short connection."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from imu_reps.errors import RadioError
from imu_reps.sensors.starting import take_steps
from imu_reps.sensors.stream_items import loop_time_s
from imu_reps.sensors.wire import Family, Step, Subscribe
from imu_reps.setup.candidates import nearest_rate

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Found, Radio

#: An answer comes within a few connection intervals; sensors that measure first take up to a second.
ANSWER_S = 1.5


class _Listener:
    """Decode notifications until one holds the battery level."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._state = family.begin(nearest_rate(family))
        self.percent: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def hear(self, characteristic: str, data: bytes) -> None:
        """Process a notification or a value that was read."""
        now_s = loop_time_s()
        self._state, decoded = self._family.decode(self._state, characteristic, data, now_s)
        percent = decoded.facts.battery_percent
        if percent is not None and not self.percent.done():
            self.percent.set_result(percent)


async def read_battery(radio: Radio, found: Found, family: Family) -> float | None:
    """Connect, read the battery level, and disconnect.

    Returns
    -------
    float or None
        Percent; None if the sensor does not report it.

    Raises
    ------
    RadioError
        If it cannot be connected.
    """
    listener = _Listener(family)
    connection = radio.connection(found, lambda: None)
    try:
        await connection.open()
        for step in _questions(family):
            # an unsupported request does no harm: the others are still sent
            with suppress(RadioError):
                await take_steps((step,), connection, listener.hear)
        return await asyncio.wait_for(listener.percent, ANSWER_S)
    except TimeoutError:
        return None
    finally:
        listener.percent.cancel()
        await connection.close()


def _questions(family: Family) -> tuple[Step, ...]:
    """Return steps that subscribe and poll, without starting a stream or changing a setting."""
    start = family.start(nearest_rate(family), 0)
    return (*(step for step in start if isinstance(step, Subscribe)), *family.poll())
