"""What a computer's Bluetooth does that no standard asks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
