"""What a stream of sensors is made of: samples, changes of the link, restarts."""

from __future__ import annotations

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
    """A sensor's link changed.

    Attributes
    ----------
    sensor : {"pelvis", "ankle"}
    time_s : float
        The event loop's time.
    state : LinkState
        ``awaited`` not heard yet, ``found`` heard, ``away`` not there, ``connecting``, ``connected`` but not
        yet streaming, ``streaming``, ``silent`` connected but nothing arrives, ``gone`` closed for good.
    detail : str or None
        Why, in words for people.
    """

    sensor: SensorPlace
    time_s: float
    state: LinkState
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Restarted:
    """A sensor began its numbering or its clock anew; the samples that follow count from there."""

    sensor: SensorPlace
    time_s: float


Item = SampleBlock | LinkChange | Restarted


@dataclass(frozen=True, slots=True)
class Wanted:
    """A sensor to be connected.

    Attributes
    ----------
    family : Family
    host_id : str
        As `imu_reps.sensors.found.Found.host_id`.
    rate_hz : float
        The rate asked for.
    identity : str or None
        What the device itself must say it is; None: not known.
    name : str or None
        What it is called, for messages.
    """

    family: Family
    host_id: str
    rate_hz: float
    identity: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class SensorStatus:
    """How one sensor is doing.

    Attributes
    ----------
    state : LinkState
    rate_hz : float or None
        As counted over the last seconds.
    battery_percent, identity, firmware, rssi_dbm
        As it was last heard; None: not said.
    samples : int
        Arrived since the streams opened.
    lost : int or None
        Missing from the numbering; None without a numbering of the sensor's own.
    damaged, repeated : int
        Pieces that could not be read; samples or notifications that came twice and were dropped.
    restarts : int
        How often the sensor began anew.
    dropped : int
        Notifications that found a queue full.
    delay_s : float or None
        By how much the latest of the last seconds' arrivals lagged behind the promptest.
    """

    state: LinkState
    rate_hz: float | None
    battery_percent: float | None
    identity: str | None
    firmware: str | None
    rssi_dbm: int | None
    samples: int
    lost: int | None
    damaged: int
    repeated: int
    restarts: int
    dropped: int
    delay_s: float | None
