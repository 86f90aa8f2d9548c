"""How a connection carries packets: its events and stalls, faults, and quirks of the computer's Bluetooth."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from imu_reps.sim.wearer.sensor_plan import STALL_S


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """How a connection carries packets. Times are those of the air.

    Attributes
    ----------
    interval_s : float
        Connection interval: packets leave only at its events. 15 ms is what Android and Apple grant, and the
        most a good sensor requests.
    packets_per_event : int
        Maximum number of packets per event and direction.
    jitter_s : float
        Mean of the exponential delay between the radio and the program: controller, kernel, D-Bus.
    supervision_s : float
        Supervision timeout: silence after which either side gives up the connection; BlueZ's default.
    queue_packets : int
        Notifications the sensor queues while none can leave; more are lost in the sensor.
    stalls : tuple of (start_s, duration_s)
        Stretches without any connection event, which do not end the link; to end it, see
        `VirtualSensor.vanish`.
    stalls_per_min : float
        Mean rate of random stalls of 50 to 150 ms.
    """

    interval_s: float = 0.015
    packets_per_event: int = 6
    jitter_s: float = 0.003
    supervision_s: float = 0.42
    queue_packets: int = 200
    stalls: tuple[tuple[float, float], ...] = ()
    stalls_per_min: float = 0.0


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities of faults of a notification.

    Attributes
    ----------
    loss : float
        It never arrives.
    duplicate : float
        It arrives twice.
    truncate : float
        It is truncated.
    garble : float
        Some of its bytes are changed.
    garbage : float
        Random bytes arrive before it.
    """

    loss: float = 0.0
    duplicate: float = 0.0
    truncate: float = 0.0
    garble: float = 0.0
    garbage: float = 0.0


NO_FAULTS = Faults()
GOOD_LINK = LinkPlan()


def spoil(data: bytes, faults: Faults, rng: np.random.Generator) -> list[bytes]:
    """Return the notifications that arrive in place of one."""
    if faults == NO_FAULTS:
        return [data]
    lost, doubled, cut, garbled, preceded = rng.random(5) < (
        faults.loss,
        faults.duplicate,
        faults.truncate,
        faults.garble,
        faults.garbage,
    )
    sent = [rng.bytes(int(rng.integers(1, 40)))] if preceded else []
    if cut and data:
        data = data[: int(rng.integers(0, len(data)))]
    if garbled and data:
        data = _garbled(data, rng)
    return sent + [data] * (0 if lost else 2 if doubled else 1)


def _garbled(data: bytes, rng: np.random.Generator) -> bytes:
    """Return `data` with at least one byte changed."""
    struck = rng.random(len(data)) < 0.1
    struck[rng.integers(len(data))] = True
    noise = np.where(struck, rng.integers(1, 256, len(data)), 0).astype(np.uint8)
    return bytes(np.frombuffer(data, np.uint8) ^ noise)


class Timetable:
    """Times of a connection's events.

    Parameters
    ----------
    begins_s : float
        Time at which the connection was made, on the time axis of all calls.
    zero_s : float
        The plan's time zero on that axis.
    rng : Generator
        For the phase and the random stalls.
    """

    def __init__(self, plan: LinkPlan, begins_s: float, zero_s: float, rng: np.random.Generator) -> None:
        self._plan = plan
        self._first_s = begins_s + rng.uniform(0.0, plan.interval_s)
        self._rng = rng
        self._stalls = sorted((zero_s + start_s, duration_s) for start_s, duration_s in plan.stalls)
        self._chance_stall = self._next_stall(begins_s)

    def event_from(self, time_s: float) -> float:
        """Return the first event at `time_s` or later; `time_s` itself during an event."""
        return self._free(self._on_grid(time_s, 0))

    def event_after(self, time_s: float) -> float:
        """Return the first event after the one at `time_s`."""
        return self._free(self._on_grid(time_s, 1))

    def turn_after(self, time_s: float) -> float:
        """Return the time of the event after the one at `time_s`, even if it is stalled."""
        return self._on_grid(time_s, 1)

    def _on_grid(self, time_s: float, later: int) -> float:
        interval_s = self._plan.interval_s
        # a packet queued within the first twentieth of an interval still leaves with its event
        step = max(math.ceil((time_s - self._first_s) / interval_s - 0.05), 0)
        under_way = self._first_s + step * interval_s <= time_s + 1e-9  # timers may fire this early
        return time_s if under_way and not later else self._first_s + (step + later * under_way) * interval_s

    def _free(self, event_s: float) -> float:
        """Return the event itself, or the first one after the stall it falls into."""
        while (end_s := self._stalled_until(event_s)) is not None:
            event_s = self._on_grid(end_s, 0)
        return event_s

    def _stalled_until(self, time_s: float) -> float | None:
        while self._stalls and sum(self._stalls[0]) <= time_s:
            del self._stalls[0]
        while sum(self._chance_stall) <= time_s:
            self._chance_stall = self._next_stall(sum(self._chance_stall))
        for start_s, duration_s in (*self._stalls[:1], self._chance_stall):
            if start_s <= time_s < start_s + duration_s:
                return start_s + duration_s
        return None

    def _next_stall(self, from_s: float) -> tuple[float, float]:
        if not self._plan.stalls_per_min:
            return (math.inf, 0.0)
        wait_s = self._rng.exponential(60.0 / self._plan.stalls_per_min)
        return (from_s + wait_s, self._rng.uniform(*STALL_S))


class Carrier:
    """One direction of a connection: packets wait for an event, travel, and arrive in order."""

    def __init__(
        self, timetable: Timetable, plan: LinkPlan, jitter_s: float, rng: np.random.Generator
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._timetable, self._plan, self._rng = timetable, plan, rng
        self._jitter_s = jitter_s
        self._waiting: deque[Callable[[], None]] = deque()
        self._travelling: deque[Callable[[], None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._event_s, self._used = -1.0, 0
        self._last_arrival_s = 0.0
        self._held = self._closed = False

    @property
    def waiting(self) -> int:
        """Number of packets that have not left yet."""
        return len(self._waiting)

    def send(self, deliver: Callable[[], None]) -> None:
        """Queue a packet; `deliver` is called when it arrives."""
        self._waiting.append(deliver)
        self._arm()

    def hold(self, held: bool) -> None:
        """Hold all packets, as out of range, or release them."""
        self._held = held
        self._arm()

    def close(self) -> None:
        """Drop all packets that have not arrived."""
        self._closed = True
        self._waiting.clear()
        self._travelling.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        if self._waiting and self._timer is None and not self._held and not self._closed:
            now_s = self._loop.time()
            event_s = self._timetable.event_from(now_s)
            if self._same_event(event_s) and self._used >= self._plan.packets_per_event:
                event_s = self._timetable.event_after(now_s)
            if event_s > now_s:
                self._timer = self._loop.call_at(event_s, self._event)
            else:
                self._event()

    def _event(self) -> None:
        self._timer = None
        now_s = self._loop.time()
        if not self._same_event(now_s):
            self._event_s, self._used = now_s, 0
        while self._waiting and self._used < self._plan.packets_per_event and not self._held:
            self._used += 1
            self._depart(now_s, self._waiting.popleft())
        self._arm()

    def _same_event(self, time_s: float) -> bool:
        return time_s - self._event_s < 0.5 * self._plan.interval_s

    def _depart(self, now_s: float, deliver: Callable[[], None]) -> None:
        delay_s = self._rng.exponential(self._jitter_s) if self._jitter_s else 0.0
        self._last_arrival_s = max(self._last_arrival_s, now_s + delay_s)
        self._travelling.append(deliver)
        self._loop.call_at(self._last_arrival_s, self._arrive)

    def _arrive(self) -> None:
        # timers set for the same time may fire in any order, so the oldest packet arrives
        if self._travelling:
            self._travelling.popleft()()


@dataclass(frozen=True, slots=True)
class Quirks:
    """Quirks of the computer's Bluetooth that no standard requires; none by default.

    Attributes
    ----------
    settle_s : float
        Time after the end of a link to a sensor in which connecting fails with ``Input/output error``.
    cut_discoveries : tuple of int
        Numbers of the connections (from 0) that break during service discovery.
    forgets_s : float or None
        Time without advertisement after which a sensor is "not found" until the next scan finds it.
    disconnect_s : tuple of (float, float)
        Range of the time that `disconnect()` takes.
    doubled : bool
        After a lost link, a connection made before the old client was disconnected delivers everything
        twice.
    busy_scanning : bool
        Connecting during a scan fails with ``Operation already in progress``.
    """

    settle_s: float = 0.0
    cut_discoveries: tuple[int, ...] = ()
    forgets_s: float | None = None
    disconnect_s: tuple[float, float] = (0.0, 0.0)
    doubled: bool = False
    busy_scanning: bool = False


WELL_BEHAVED = Quirks()
#: Quirks observed with BlueZ.
BLUEZ = Quirks(settle_s=0.3, forgets_s=30.0, disconnect_s=(2.0, 2.7), doubled=True)


class Habits:
    """State of the computer's Bluetooth and its behaviour by its quirks; clients are known by their `id`."""

    def __init__(self, quirks: Quirks, rng: np.random.Generator) -> None:
        self.quirks = quirks
        self._rng = rng
        self._last_arrival_s: dict[str, float] = {}
        self._ended_s: dict[str, float] = {}
        self._unreleased: set[tuple[str, int]] = set()
        self._connections = 0

    def heard(self, address: str, now_s: float) -> None:
        """Note that a scan has found the sensor."""
        self._last_arrival_s[address] = now_s

    def linked(self) -> None:
        """Note that a connection was made."""
        self._connections += 1

    def ended(self, address: str, client: int, now_s: float) -> None:
        """Note that a client's link has ended, from either side."""
        self._last_arrival_s[address] = self._ended_s[address] = now_s
        self._unreleased.add((address, client))

    def released(self, address: str, client: int) -> None:
        """Note that the program has disconnected the client."""
        self._unreleased.discard((address, client))

    def forgotten(self, address: str, now_s: float) -> bool:
        """Whether the sensor counts as not found."""
        if address not in self._last_arrival_s:
            return True
        forgets_s = self.quirks.forgets_s
        return forgets_s is not None and now_s - self._last_arrival_s[address] > forgets_s

    def unsettled(self, address: str, now_s: float) -> bool:
        """Whether it is too soon to connect again."""
        return now_s - self._ended_s.get(address, -1e9) < self.quirks.settle_s

    def cuts_discovery(self) -> bool:
        """Whether the latest connection breaks during service discovery."""
        return self._connections - 1 in self.quirks.cut_discoveries

    def copies(self, address: str) -> int:
        """Return how many times each notification of a new connection is delivered."""
        return 2 if self.quirks.doubled and any(address == held for held, _ in self._unreleased) else 1

    def disconnect_takes_s(self) -> float:
        """Return how long the next `disconnect()` takes."""
        return self._rng.uniform(*self.quirks.disconnect_s)
