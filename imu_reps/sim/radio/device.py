"""The firmware of a sensor, without any Bluetooth: what it offers, what it answers, what it sends when.

Times are true seconds on the feed's own axis: 0 is where the wearer's story begins. A device is told the
instant of everything that happens to it and never asks for the time itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from imu_reps.domain.samples import FloatArray

#: ``feed(time_s)`` gives the true acc_mps2 (n, 3) and gyr_dps (n, 3) at true instants (n,).
Feed = Callable[[FloatArray], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, slots=True)
class CharacteristicSpec:
    """One characteristic a device offers.

    Attributes
    ----------
    uuid : str
        Full, lower case.
    notify, indicate, read, write, write_without_response : bool
        What can be done with it.
    value : bytes
        What it holds before anything happened.
    """

    uuid: str
    notify: bool = False
    indicate: bool = False
    read: bool = False
    write: bool = False
    write_without_response: bool = False
    value: bytes = b""


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """One service and its characteristics."""

    uuid: str
    characteristics: tuple[CharacteristicSpec, ...]


@dataclass(frozen=True, slots=True)
class SentPacket:
    """One notification or indication.

    Attributes
    ----------
    time_s : float
        True instant it leaves the firmware: that of its last sample, or of the answer.
    characteristic : str
    data : bytes
    """

    time_s: float
    characteristic: str
    data: bytes


@dataclass(frozen=True, slots=True)
class DeviceClock:
    """A sensor's oscillator.

    Attributes
    ----------
    rate_error : float
        Share by which it runs fast: 1e-3 samples a nominal 100 Hz at 100.1 Hz.
    start_s : float
        What the device's own clock shows at its first power-on; after a reboot it shows 0.
    """

    rate_error: float = 0.0
    start_s: float = 0.0


class RefusedError(Exception):
    """A write that the device answers with an ATT error.

    Parameters
    ----------
    code : int
        ATT error code, 0x80 and above the device's own.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"ATT error 0x{code:02x}")
        self.code = code


class Device(Protocol):
    """What a virtual sensor's firmware does.

    Attributes
    ----------
    family : str
        Name of the family that reads it.
    services : tuple of ServiceSpec
    service_uuids : tuple of str
        Those it advertises.
    company_id : int or None
        Of its manufacturer data.
    default_name : str
        What it calls itself in its advertisement.
    """

    family: str
    services: tuple[ServiceSpec, ...]
    service_uuids: tuple[str, ...]
    company_id: int | None
    default_name: str

    def power_on(self, time_s: float) -> None:
        """Begin, also after a reboot: clock and counters at zero, settings as the real device keeps them."""

    def subscribed(self, characteristic: str, on: bool, time_s: float) -> list[SentPacket]:
        """Notifications of a characteristic were switched; gives the answers."""
        ...

    def written(self, characteristic: str, data: bytes, time_s: float) -> list[SentPacket]:
        """Bytes were written; gives the answers, or raises `RefusedError`."""
        ...

    def read(self, characteristic: str, time_s: float) -> bytes:
        """What a read of the characteristic gives."""
        ...

    def produce(self, until_s: float, max_notification: int) -> list[SentPacket]:
        """Every packet that became complete by `until_s`, in order, at most `max_notification` long."""
        ...

    def link_lost(self) -> None:
        """The central has gone: what the real device then stops and forgets."""
