"""Making a connected sensor stream at the asked rate, in another way where one does not work.

Taking the steps a family names, on a connected sensor.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from imu_reps.errors import RadioError
from imu_reps.sensors.hearing import Hearing
from imu_reps.sensors.radio_errors import radio_error
from imu_reps.sensors.stream_items import Wanted
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


_log = logging.getLogger(__name__)

#: The slowest family fills a packet for 2.7 s before it sends it.
FIRST_SAMPLES_S = 4.0
#: Arrivals are counted for so long to tell the rates of a sensor (10, 20, 50, 100, 200 Hz) apart.
COUNT_S = 1.0
#: Between any two rates of a sensor lies a factor of nearly two; stalls move a count by a fifth at most.
RATE_TOLERANCE = 0.25
#: Below this a recording cannot be judged.
MIN_RATE_HZ = 20.0
#: Ways of asking that a family may know.
START_TRIES = 3
#: How soon something awaited is noticed.
NOTICE_WITHIN_S = 0.1


class Starter:
    """Starts one sensor, and remembers which way of asking worked.

    Parameters
    ----------
    who : str
        The sensor, as a sentence begins.
    wanted : Wanted
    hearing : Hearing
    receive : callable
        Where notifications go.
    broken : asyncio.Event
        Set when the connection breaks: nothing is waited for then.
    """

    def __init__(
        self,
        who: str,
        wanted: Wanted,
        hearing: Hearing,
        receive: Receive,
        broken: asyncio.Event,
    ) -> None:
        self._who = who
        self._wanted = wanted
        self._hearing = hearing
        self._receive = receive
        self._broken = broken
        self._way = 0

    async def start(self, connection: Connection) -> None:
        """Ask for the stream, in another way if it does not come at about the asked rate.

        Raises
        ------
        RadioError
            ``no_stream``, ``refused`` or ``too_slow``; or what the connection raises.
        """
        rates: dict[int, float] = {}
        others = [way for way in range(START_TRIES) if way != self._way]
        for way in (self._way, *others):
            await self._ask(connection, way, again=bool(rates))
            rates[way] = await self._counted_rate()
            _log.info(
                "%s: asked for %g Hz, way %d: %.1f Hz", self._who, self._wanted.rate_hz, way, rates[way]
            )
            if abs(rates[way] - self._wanted.rate_hz) <= RATE_TOLERANCE * self._wanted.rate_hz:
                self._way = way
                return
        self._way = max(rates, key=lambda way: min(rates[way], self._wanted.rate_hz))
        self._refuse_too_slow(rates[self._way])
        await self.restart(connection)

    async def restart(self, connection: Connection) -> None:
        """Subscribe and ask once more in the way that worked, on the same connection."""
        await self._ask(connection, self._way, again=True)

    async def _ask(self, connection: Connection, way: int, again: bool) -> None:
        """Have it stream; what was asked before on this connection is ended first."""
        family = self._wanted.family
        if again:
            with suppress(RadioError):
                await take_steps(family.stop(), connection, self._receive)
            await connection.unsubscribe_all()
        self._hearing.ask_anew()
        await take_steps(family.start(self._wanted.rate_hz, way), connection, self._receive)

    async def _counted_rate(self) -> float:
        """Samples a second since the sensor was asked; 0 if none came."""
        pace = self._hearing.pace
        pace.forget()
        if await until(lambda: pace.rate_hz() is not None, FIRST_SAMPLES_S, self._broken):
            await until(lambda: pace.span_s >= COUNT_S, FIRST_SAMPLES_S, self._broken)
        if self._broken.is_set():
            raise radio_error("connect_failed", self._who, "the connection broke")
        return pace.rate_hz() or 0.0

    def _refuse_too_slow(self, rate_hz: float) -> None:
        refused = self._hearing.facts.refused
        if rate_hz == 0.0 and refused:
            raise radio_error("refused", self._who, f"it {refused.rstrip('.')}")
        if rate_hz == 0.0:
            raise radio_error("no_stream", self._who)
        if rate_hz < MIN_RATE_HZ:
            raise radio_error("too_slow", self._who, f"{rate_hz:.0f} a second")


async def until(condition: Callable[[], bool], longest_s: float, broken: asyncio.Event) -> bool:
    """Wait for a condition, a time, or the end of the connection; whether the condition holds."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + longest_s
    while not condition() and not broken.is_set() and (left_s := end_s - loop.time()) > 0.0:
        with suppress(TimeoutError):
            async with asyncio.timeout(min(NOTICE_WITHIN_S, left_s)):
                await broken.wait()
    return condition()
