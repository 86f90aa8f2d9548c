"""Items of a stream of sensors: samples, changes of the link, restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from imu_reps.domain.samples import SampleBlock, SensorPlace
from imu_reps.sensors.wire import Family

LinkState = Literal["awaited", "found", "away", "connecting", "connected", "streaming", "silent", "gone"]


@dataclass(frozen=True, slots=True)
class Notification:
    """Bytes of one notification or read, stamped on arrival with the event loop's time."""

    sensor: SensorPlace
    time_s: float
    characteristic: str
    data: bytes


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A change in the state of a sensor's link.

    Attributes
    ----------
    time_s : float
        The event loop's time.
    state : LinkState
        ``awaited`` not found yet, ``found`` by a scan, ``away`` not connected, ``connecting``, ``connected``
        but not yet streaming, ``streaming``, ``silent`` connected but sending nothing, ``gone`` closed for
        good.
    detail : str or None
        The reason, for the user.
    """

    sensor: SensorPlace
    time_s: float
    state: LinkState
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Restarted:
    """A sensor restarted its numbering or clock; the samples that follow count from there."""

    sensor: SensorPlace
    time_s: float


Item = SampleBlock | LinkChange | Restarted


def loop_time_s() -> float:
    """Return the event loop's time, by which everything that arrives is stamped."""
    return asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True)
class SensorRequest:
    """A sensor to be connected.

    Attributes
    ----------
    host_id : str
        As `imu_reps.sensors.ble.Found.host_id`.
    rate_hz : float
        Requested rate.
    identity : str or None
        Identity the device itself must report (serial number or hardware address); None: not known.
    name : str or None
        Name for messages.
    """

    family: Family
    host_id: str
    rate_hz: float
    identity: str | None = None
    name: str | None = None


#: A battery below this may not last a session. A board of the open profile reports a low battery below the
#: same level (`firmware_notes/open-profile.md`).
LOW_BATTERY_PERCENT = 15.0


@dataclass(frozen=True, slots=True)
class SensorStatus:
    """Status of one sensor.

    Attributes
    ----------
    rate_hz : float or None
        Sample rate over the last seconds; None while not streaming.
    battery_percent, identity, firmware, rssi_dbm
        Latest values; None: not reported.
    samples : int
        Samples received since the streams opened.
    lost : int or None
        Samples missing from the numbering; None if the sensor does not number its samples.
    damaged, repeated : int
        Pieces that could not be read; samples or notifications dropped because they came twice.
    restarts : int
        Restarts of the sensor's numbering or clock.
    dropped : int
        Blocks of samples dropped because the queue was full.
    delay_s : float or None
        Range of delays over the last seconds, largest minus smallest; None while not streaming.
    """

    state: LinkState
    rate_hz: float | None = None
    battery_percent: float | None = None
    identity: str | None = None
    firmware: str | None = None
    rssi_dbm: int | None = None
    samples: int = 0
    lost: int | None = None
    damaged: int = 0
    repeated: int = 0
    restarts: int = 0
    dropped: int = 0
    delay_s: float | None = None

    @property
    def battery_low(self) -> bool:
        """Whether the battery is known to be below `LOW_BATTERY_PERCENT`."""
        return self.battery_percent is not None and self.battery_percent < LOW_BATTERY_PERCENT


#: Status of each sensor, by place.
Links = Mapping[SensorPlace, SensorStatus]
