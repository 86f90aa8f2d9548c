"""One sensor kept streaming: connected, started, watched, and connected again when it is lost."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from imu_reps.domain.samples import SensorPlace
from imu_reps.errors import RadioError
from imu_reps.sensors.hearing import Hearing
from imu_reps.sensors.inbox import Inbox
from imu_reps.sensors.radio_errors import PASSING, radio_error
from imu_reps.sensors.starting import Starter, take_steps, until
from imu_reps.sensors.stream_items import LinkChange, LinkState, Notification, Wanted
from imu_reps.sensors.wire import Step

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Connection, Radio
    from imu_reps.sensors.found import Found

__all__ = ["Link", "LinkChange", "LinkState"]

_log = logging.getLogger(__name__)

#: A stream that pauses so long has stopped: the longest stall seen on a working link was a quarter second.
SILENT_S = 2.0
#: A family that sends rarely is silent only after so many of its usual pauses.
SILENT_PAUSES = 2.0
#: A sensor that does not even answer is not waited for step by step.
WAKE_S = 8.0
#: How often the watchdog looks.
LOOK_EVERY_S = 0.25
#: Asking a WitMotion for its battery costs up to a hundredth of its samples if done every 10 s.
POLL_EVERY_S = 60.0
#: Answers take a few connection intervals.
ANSWER_S = 0.5
#: At this reading a coin cell or a small lithium cell is about to break down and takes a set with it.
FLAT_PERCENT = 2.0
#: From here on an empty battery is the likely reason of a loss.
LOW_PERCENT = 10.0
#: How long one look for a lost sensor takes; the other may need the radio meanwhile.
LOOK_S = 4.0
#: Pauses between attempts grow from the first, which BlueZ needs after a disconnection, to the longest.
FIRST_PAUSE_S = 0.3
LONGEST_PAUSE_S = 4.0
#: Stopping a stream politely must not hold up the end of a set.
STOP_S = 3.0


class Link:
    """One sensor's link.

    What arrives goes to the inbox; `hearing` is what that made of it. `open` connects and starts,
    `keep` then runs until cancelled and never gives the sensor up, `close` ends it.

    Parameters
    ----------
    place : {"pelvis", "ankle"}
    wanted : Wanted
    radio : Radio
    inbox : Inbox
    hearing : Hearing

    Attributes
    ----------
    rssi_dbm : int or None
        Signal strength when it was found last.
    """

    def __init__(
        self, place: SensorPlace, wanted: Wanted, radio: Radio, inbox: Inbox, hearing: Hearing
    ) -> None:
        self.rssi_dbm: int | None = None
        self._place = place
        self._wanted = wanted
        self._radio = radio
        self._inbox = inbox
        self._hearing = hearing
        self._connection: Connection | None = None
        self._broken = asyncio.Event()
        self._told: LinkState = "away"
        self._starter = Starter(self.who, wanted, hearing, self._on_data, self._broken)

    @property
    def who(self) -> str:
        """The sensor, as a sentence begins."""
        return f"The {self._place} sensor ({self._wanted.name or self._wanted.host_id})"

    async def open(self, found: Found, until_s: float) -> None:
        """Connect and start; returns when it streams at about the asked rate.

        Parameters
        ----------
        found : Found
        until_s : float
            The event loop's time until which a connection that fails is tried again.

        Raises
        ------
        RadioError
            ``connect_failed``, ``not_found``, ``in_use``, ``wrong_device``, ``refused``, ``no_stream``,
            ``too_slow`` or ``battery_flat``.
        """
        while True:
            try:
                await self._connect(found)
                await self._starter.start(self._connected())
                return await self._accept()
            except RadioError as error:
                await self._give_up(error.message)
                left_s = until_s - _now_s()
                if error.code not in PASSING or left_s <= 0.0:
                    raise self._named(error) from error
            await asyncio.sleep(FIRST_PAUSE_S)
            found = await self._radio.find(self._wanted.host_id, min(LOOK_S, left_s)) or found

    async def keep(self) -> None:
        """Watch over the stream and bring it back whenever it is lost; runs until cancelled."""
        while True:
            detail = await self._watch()
            await self._bring_back(detail)

    async def identify(self) -> bool:
        """Have the sensor blink or buzz; whether it took the wish, which is not worth a quarrel."""
        steps = self._wanted.family.identify
        try:
            await self._take(steps)
        except RadioError:
            return False
        return bool(steps)

    async def close(self) -> None:
        """Stop the stream and disconnect."""
        if self._connection and not self._broken.is_set():
            with suppress(RadioError, TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await self._take(self._wanted.family.stop())
        await self._hang_up()
        self._emit("gone")

    async def _connect(self, found: Found) -> None:
        self.rssi_dbm = found.rssi_dbm
        self._broken.clear()
        self._emit("connecting")
        self._connection = self._radio.connection(found, self._on_lost)
        await self._connection.open()
        self._emit("connected")

    def _on_lost(self) -> None:
        charge = self._hearing.facts.battery_percent
        low = charge is not None and charge <= LOW_PERCENT
        self._emit("away", f"its battery was at {charge:.0f} %" if low else "the connection broke")
        self._broken.set()

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            await connection.close()

    async def _give_up(self, detail: str | None) -> None:
        """Say why, unless it has been said that the sensor is away, and disconnect: that may take long."""
        if self._told != "away":
            self._emit("away", detail)
        await self._hang_up()

    async def _accept(self) -> None:
        """Refuse a sensor that is another one than was paired, or whose battery is empty."""
        await self._poll()
        await until(lambda: self._hearing.facts.battery_percent is not None, ANSWER_S, self._broken)
        facts, wanted = self._hearing.facts, self._wanted.identity
        if wanted and facts.identity and facts.identity.lower() != wanted.lower():
            raise radio_error("wrong_device", self.who, f"it is {facts.identity}, not {wanted}")
        if facts.battery_percent is not None and facts.battery_percent <= FLAT_PERCENT:
            raise radio_error("battery_flat", self.who, f"{facts.battery_percent:.0f} %")

    async def _watch(self) -> str | None:
        """Return, with the reason, when the link must be made anew."""
        poll_s = _now_s() + POLL_EVERY_S
        while True:
            await until(lambda: False, LOOK_EVERY_S, self._broken)
            if self._broken.is_set():
                return None
            if self._is_silent() and not await self._wake():
                return "it is connected but sends nothing"
            if _now_s() >= poll_s:
                poll_s = _now_s() + POLL_EVERY_S
                await self._poll()

    def _is_silent(self) -> bool:
        last_s = self._hearing.last_sample_s or 0.0
        return _now_s() - last_s > max(SILENT_S, SILENT_PAUSES * self._hearing.pace.spacing_s)

    async def _wake(self) -> bool:
        """Subscribe and start again on the same connection; whether samples come of it."""
        self._emit("silent", f"nothing for {SILENT_S:.0f} s")
        asked_s = _now_s()
        with suppress(RadioError, TimeoutError):
            async with asyncio.timeout(WAKE_S):
                await self._starter.restart(self._connected())
                await until(lambda: (self._hearing.last_sample_s or 0.0) > asked_s, SILENT_S, self._broken)
        return (self._hearing.last_sample_s or 0.0) > asked_s

    async def _bring_back(self, detail: str | None) -> None:
        """Try to connect and start until it streams again."""
        pause_s = FIRST_PAUSE_S
        while True:
            await self._give_up(detail)
            await asyncio.sleep(pause_s)
            pause_s = min(2.0 * pause_s, LONGEST_PAUSE_S)
            try:
                found = await self._radio.find(self._wanted.host_id, LOOK_S)
                if found is None:
                    continue
                await self._connect(found)
                return await self._starter.start(self._connected())
            except RadioError as error:
                _log.warning("%s: not back yet: %s", self.who, error.message)
                detail = error.message

    async def _poll(self) -> None:
        """Ask for the battery; it is not worth a quarrel."""
        with suppress(RadioError):
            await self._take(self._wanted.family.poll())

    async def _take(self, steps: tuple[Step, ...]) -> None:
        await take_steps(steps, self._connected(), self._on_data)

    def _on_data(self, characteristic: str, data: bytes) -> None:
        """Stamp and queue: this runs in the radio's callback."""
        self._inbox.put(Notification(self._place, _now_s(), characteristic, data))

    def _connected(self) -> Connection:
        if self._connection is None or self._broken.is_set():
            raise radio_error("connect_failed", self.who, "the connection broke")
        return self._connection

    def _emit(self, state: LinkState, detail: str | None = None) -> None:
        self._told = state
        level = logging.WARNING if state in ("away", "silent") else logging.INFO
        _log.log(level, "%s: %s%s", self.who, state, f", {detail}" if detail else "")
        self._inbox.put(LinkChange(self._place, _now_s(), state, detail))

    def _named(self, error: RadioError) -> RadioError:
        """The same error, naming the sensor by its place."""
        if self.who in error.message:
            return error
        return RadioError(f"{self.who}: {error.message}", hint=error.hint, code=error.code)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
