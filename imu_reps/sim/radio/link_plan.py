"""What the air does to packets, as plain data and arithmetic: when they may leave, what is broken.

What a computer's Bluetooth does that no standard asks for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

#: How much of an interval an event lasts: a packet handed over until then still leaves with it.
_EVENT_SHARE = 0.05
#: A loop's timers may ring this much early.
_ROUNDING_S = 1e-9
_STALL_S = (0.05, 0.15)


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """How a connection carries packets. Times are the air's own, from its beginning.

    Attributes
    ----------
    interval_s : float
        Connection interval: packets leave at its events only. 15 ms is what Android and Apple grant and
        the upper end of what a good sensor asks for.
    packets_per_event : int
        Packets that leave in one event and one direction.
    jitter_s : float
        Mean of the exponential delay between the radio and the program: controller, kernel, D-Bus.
    supervision_s : float
        Silence after which either side gives the connection up; BlueZ's own default.
    queue_packets : int
        Notifications the sensor holds while none can leave; more are lost in the sensor.
    stalls : tuple of (start_s, duration_s)
        Stretches without any connection event. The link outlives them; for one that does not, see
        `VirtualSensor.vanish`.
    stalls_per_min : float
        How often chance adds a stall of 50 to 150 ms.
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
    """What may be wrong with a notification, each as a probability.

    Attributes
    ----------
    loss : float
        It never arrives.
    duplicate : float
        It arrives twice.
    truncate : float
        It is cut short.
    garble : float
        Some of its bytes are others.
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
    """What arrives in place of one notification."""
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
    """`data` with at least one byte changed."""
    struck = rng.random(len(data)) < 0.1
    struck[rng.integers(len(data))] = True
    noise = np.where(struck, rng.integers(1, 256, len(data)), 0).astype(np.uint8)
    return bytes(np.frombuffer(data, np.uint8) ^ noise)


class Timetable:
    """When a connection's events are.

    Parameters
    ----------
    plan : LinkPlan
    begins_s : float
        When the connection was made, on whatever axis is asked about.
    zero_s : float
        Where the plan's time zero lies on that axis.
    rng : Generator
        Of the phase and the chance stalls.
    """

    def __init__(self, plan: LinkPlan, begins_s: float, zero_s: float, rng: np.random.Generator) -> None:
        self._plan = plan
        self._first_s = begins_s + float(rng.uniform(0.0, plan.interval_s))
        self._rng = rng
        self._stalls = sorted((zero_s + start_s, duration_s) for start_s, duration_s in plan.stalls)
        self._chance_stall = self._next_stall(begins_s)

    def event_from(self, time_s: float) -> float:
        """First event at `time_s` or later; `time_s` itself while an event is under way."""
        return self._free(self._on_grid(time_s, 0))

    def event_after(self, time_s: float) -> float:
        """First event after the one at `time_s`."""
        return self._free(self._on_grid(time_s, 1))

    def turn_after(self, time_s: float) -> float:
        """When the event after the one at `time_s` would be, stalled or not."""
        return self._on_grid(time_s, 1)

    def _on_grid(self, time_s: float, later: int) -> float:
        interval_s = self._plan.interval_s
        step = max(math.ceil((time_s - self._first_s) / interval_s - _EVENT_SHARE), 0)
        under_way = self._first_s + step * interval_s <= time_s + _ROUNDING_S
        return time_s if under_way and not later else self._first_s + (step + later * under_way) * interval_s

    def _free(self, event_s: float) -> float:
        """The event itself, or the first after the stall it falls into."""
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
        wait_s = float(self._rng.exponential(60.0 / self._plan.stalls_per_min))
        return (from_s + wait_s, float(self._rng.uniform(*_STALL_S)))


@dataclass(frozen=True, slots=True)
class Quirks:
    """Habits of the computer's Bluetooth; by default it has none.

    Attributes
    ----------
    settle_s : float
        A connection asked for this soon after a link to the sensor ended fails with ``Input/output error``.
    cut_discoveries : tuple of int
        Which connections (0 is the first of all) break while services are looked up.
    forgets_s : float or None
        A sensor not heard for so long is "not found" until the next scan hears it.
    disconnect_s : tuple of (float, float)
        How long `disconnect()` takes, from and to.
    doubled : bool
        After a lost link, a connection made before the old client was disconnected delivers everything
        twice.
    busy_scanning : bool
        A connection asked for during a scan fails with ``Operation already in progress``.
    """

    settle_s: float = 0.0
    cut_discoveries: tuple[int, ...] = ()
    forgets_s: float | None = None
    disconnect_s: tuple[float, float] = (0.0, 0.0)
    doubled: bool = False
    busy_scanning: bool = False


WELL_BEHAVED = Quirks()
#: As BlueZ was seen to be.
BLUEZ = Quirks(settle_s=0.3, forgets_s=30.0, disconnect_s=(2.0, 2.7), doubled=True)


class Habits:
    """What the computer remembers, and does by its quirks. Clients are known by their `id`."""

    def __init__(self, quirks: Quirks, rng: np.random.Generator) -> None:
        self.quirks = quirks
        self._rng = rng
        self._last_arrival_s: dict[str, float] = {}
        self._ended_s: dict[str, float] = {}
        self._unreleased: set[tuple[str, int]] = set()
        self._connections = 0

    def heard(self, address: str, now_s: float) -> None:
        """A scan has heard the sensor."""
        self._last_arrival_s[address] = now_s

    def linked(self) -> None:
        """A connection was made."""
        self._connections += 1

    def ended(self, address: str, client: int, now_s: float) -> None:
        """A client's link has ended, by whomever."""
        self._last_arrival_s[address] = self._ended_s[address] = now_s
        self._unreleased.add((address, client))

    def released(self, address: str, client: int) -> None:
        """The client was disconnected by the program."""
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
        """Whether the link made last breaks while services are looked up."""
        return self._connections - 1 in self.quirks.cut_discoveries

    def copies(self, address: str) -> int:
        """How often a new connection's notifications are delivered."""
        return 2 if self.quirks.doubled and any(address == held for held, _ in self._unreleased) else 1

    def disconnect_takes_s(self) -> float:
        """How long the next `disconnect()` takes."""
        return float(self._rng.uniform(*self.quirks.disconnect_s))
