"""Starts the stream of a connected sensor at the requested rate, by the steps its family defines.

If one way of asking does not work, another is tried.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imu_reps.errors import RadioError
from imu_reps.sensors.radio_errors import radio_error
from imu_reps.sensors.receiver import Receiver
from imu_reps.sensors.stream_items import SensorRequest, loop_time_s
from imu_reps.sensors.wire import Pause, Read, Step, Subscribe, Write

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Connection

#: ``receive(characteristic, data)``: called with every notification and with the value of every read.
Receive = Callable[[str, bytes], None]


async def take_steps(steps: tuple[Step, ...], connection: Connection, receive: Receive) -> None:
    """Take steps in order.

    Parameters
    ----------
    connection : Connection
        An open connection.
    receive : callable
        Receives notifications and values read.

    Raises
    ------
    RadioError
        A step failed that is not optional.
    """
    for step in steps:
        try:
            match step:
                case Subscribe():
                    await connection.subscribe(step.characteristic, receive)
                case Write():
                    await connection.write(step.characteristic, step.data, step.response)
                case Read():
                    receive(*await connection.read(step.characteristic))
                case Pause():
                    await asyncio.sleep(step.seconds)
        except RadioError:
            if isinstance(step, Pause) or not step.optional:
                raise


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StartLimits:
    """When a stream counts as the requested one.

    Attributes
    ----------
    first_samples_s : float
        Time limit for the first samples; the slowest family fills a packet for 2.7 s before it sends it.
    count_s : float
        Time for which arrivals are counted to tell the rates of a sensor (10, 20, 50, 100, 200 Hz) apart.
    rate_tolerance : float
        Tolerance of the counted rate, as a fraction. The rates of a sensor differ by nearly a factor of two;
        stalls change a count by a fifth at most.
    min_rate_hz : float
        Least rate at which a recording can be judged.
    start_tries : int
        Number of ways of asking that a family may define.
    notice_within_s : float
        Interval of checks for an awaited condition.
    """

    first_samples_s: float = 4.0
    count_s: float = 1.0
    rate_tolerance: float = 0.25
    min_rate_hz: float = 20.0
    start_tries: int = 3
    notice_within_s: float = 0.1


_LIMITS = StartLimits()


class Starter:
    """Starts one sensor, and remembers which way of asking worked.

    Parameters
    ----------
    label : str
        The sensor, as the beginning of a sentence.
    receiver : Receiver
        Counts the rate, and holds any refusal.
    receive : callable
        Receives notifications and values read.
    broken : asyncio.Event
        Set when the connection breaks, which ends all waiting.
    """

    def __init__(
        self,
        label: str,
        request: SensorRequest,
        receiver: Receiver,
        receive: Receive,
        broken: asyncio.Event,
    ) -> None:
        self._label = label
        self._request = request
        self._receiver = receiver
        self._receive = receive
        self._broken = broken
        self._way = 0

    async def start(self, connection: Connection) -> None:
        """Ask for the stream, and in other ways if it does not come at about the requested rate.

        Raises
        ------
        RadioError
            ``no_stream``, ``refused`` or ``too_slow``; or what the connection raises.
        """
        rates: dict[int, float] = {}
        other_ways = [way for way in range(_LIMITS.start_tries) if way != self._way]
        for way in (self._way, *other_ways):
            await self._ask(connection, way, again=bool(rates))
            rates[way] = await self._counted_rate()
            _log.info(
                "%s: asked for %g Hz, way %d: %.1f Hz", self._label, self._request.rate_hz, way, rates[way]
            )
            if abs(rates[way] - self._request.rate_hz) <= _LIMITS.rate_tolerance * self._request.rate_hz:
                self._way = way
                return
        self._way = max(rates, key=lambda way: min(rates[way], self._request.rate_hz))
        self._refuse_too_slow(rates[self._way])
        await self.restart(connection)

    async def restart(self, connection: Connection) -> None:
        """Subscribe and ask again in the way that worked, on the same connection."""
        await self._ask(connection, self._way, again=True)

    async def _ask(self, connection: Connection, way: int, again: bool) -> None:
        """Ask for the stream; with `again`, end an earlier one on this connection first."""
        family = self._request.family
        if again:
            with suppress(RadioError):
                await take_steps(family.stop, connection, self._receive)
            await connection.unsubscribe_all()
        self._receiver.reset_request()
        await take_steps(family.start(self._request.rate_hz, way), connection, self._receive)

    async def _counted_rate(self) -> float:
        """Return the sample rate since the request; 0 if no samples came."""
        pace = self._receiver.pace
        pace.forget()
        if await until(lambda: pace.rate_hz() is not None, _LIMITS.first_samples_s, self._broken):
            await until(lambda: pace.span_s >= _LIMITS.count_s, _LIMITS.first_samples_s, self._broken)
        if self._broken.is_set():
            raise radio_error("connect_failed", self._label, "the connection broke")
        return pace.rate_hz() or 0.0

    def _refuse_too_slow(self, rate_hz: float) -> None:
        refused = self._receiver.facts.refused
        if rate_hz == 0.0 and refused:
            raise radio_error("refused", self._label, f"it {refused.rstrip('.')}")
        if rate_hz == 0.0:
            raise radio_error("no_stream", self._label)
        if rate_hz < _LIMITS.min_rate_hz:
            raise radio_error("too_slow", self._label, f"{rate_hz:.0f} a second")


async def until(condition: Callable[[], bool], longest_s: float, broken: asyncio.Event) -> bool:
    """Wait for a condition, for at most `longest_s` or until `broken`; return whether it holds."""
    end_s = loop_time_s() + longest_s
    while not condition() and not broken.is_set() and (left_s := end_s - loop_time_s()) > 0.0:
        with suppress(TimeoutError):
            async with asyncio.timeout(min(_LIMITS.notice_within_s, left_s)):
                await broken.wait()
    return condition()
