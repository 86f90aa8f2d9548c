"""A sensor found by a scan, assembled from its advertising packets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from imu_reps.domain.untrusted_text import printable
from imu_reps.sensors.wire import Advertisement

#: Values of the signal strength that mean "unknown" on Linux and macOS.
NO_RSSI = (-127, 127)


@dataclass(frozen=True, slots=True)
class Found:
    """A sensor found by a scan.

    Attributes
    ----------
    host_id : str
        Its address; on macOS the id given to it by this computer.
    advertisement : Advertisement
    rssi_dbm : int or None
        Signal strength; None if unknown.
    handle : Any
        bleak's device, for connecting.
    """

    host_id: str
    advertisement: Advertisement
    rssi_dbm: int | None
    handle: Any

    @property
    def title(self) -> str:
        """Name and host id, for messages."""
        return f"{self.advertisement.name or 'The sensor'} ({self.host_id})"


def as_found(device: Any, data: Any, before: Found | None) -> Found:
    """Convert bleak's device and advertisement data.

    Parts known from an earlier packet (`before`) are kept, such as a name that only a scan response has.
    """
    known = before.advertisement if before else Advertisement()
    advertisement = Advertisement(
        printable(data.local_name or known.name or device.name or "") or None,
        tuple(dict.fromkeys((*known.service_uuids, *(uuid.lower() for uuid in data.service_uuids)))),
        tuple(dict.fromkeys((*known.company_ids, *data.manufacturer_data))),
    )
    return Found(device.address, advertisement, None if data.rssi in NO_RSSI else data.rssi, device)


def strongest_first(sensors: list[Found]) -> list[Found]:
    """Sort sensors by signal strength, unknown ones last."""
    return sorted(sensors, key=lambda sensor: (sensor.rssi_dbm is None, -(sensor.rssi_dbm or 0)))
