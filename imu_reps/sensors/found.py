"""A sensor that was heard, put together from what it sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from imu_reps.domain.foreign_text import shown
from imu_reps.sensors.wire import Advertisement

#: Signal strengths that stand for "unknown" on Linux and macOS.
NO_RSSI = (-127, 127)


@dataclass(frozen=True, slots=True)
class Found:
    """A sensor that advertised.

    Attributes
    ----------
    host_id : str
        Its address; on macOS the id this computer gave it.
    advertisement : Advertisement
    rssi_dbm : int or None
        Signal strength.
    handle : Any
        What connecting needs.
    """

    host_id: str
    advertisement: Advertisement
    rssi_dbm: int | None
    handle: Any

    @property
    def title(self) -> str:
        """Its name and host id, for people."""
        return f"{self.advertisement.name or 'The sensor'} ({self.host_id})"


def as_found(device: Any, said: Any, before: Found | None) -> Found:
    """What was heard, as bleak's device and advertisement data.

    A part that came with an earlier packet only, as names in a scan response do, is kept.
    """
    known = before.advertisement if before else Advertisement()
    advertisement = Advertisement(
        shown(said.local_name or known.name or device.name or "") or None,
        tuple(dict.fromkeys((*known.service_uuids, *(uuid.lower() for uuid in said.service_uuids)))),
        tuple(dict.fromkeys((*known.company_ids, *said.manufacturer_data))),
    )
    return Found(device.address, advertisement, None if said.rssi in NO_RSSI else said.rssi, device)


def strongest_first(sensors: list[Found]) -> list[Found]:
    """Sorted by signal; those without one come last."""
    return sorted(sensors, key=lambda one: (one.rssi_dbm is None, -(one.rssi_dbm or 0)))
