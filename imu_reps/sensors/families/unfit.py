"""Devices that have a motion sensor and still cannot do the job: what they are, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.sensors.wire import Advertisement

SENSORTAG_MOVEMENT = "f000aa80-0451-4000-b000-000000000000"
SENSORTAG_MOVEMENT_DATA = "f000aa81-0451-4000-b000-000000000000"
SENSORTAG_BYTES = 18
INSTEAD = "Use a WitMotion, a Movesense or a board with the open profile instead."


@dataclass(frozen=True, slots=True)
class Unfit:
    """A device that cannot do the job.

    Attributes
    ----------
    title : str
        For people.
    why : str
        What is missing, and what to use instead.
    names : tuple of str
        How its advertised name begins, lower case.
    service_uuids : tuple of str
        Services it may advertise.
    """

    title: str
    why: str
    names: tuple[str, ...]
    service_uuids: tuple[str, ...] = ()

    def recognises(self, advertisement: Advertisement) -> bool:
        """Whether an advertisement is this device's."""
        name = (advertisement.name or "").lower()
        return name.startswith(self.names) or bool(set(self.service_uuids) & set(advertisement.service_uuids))


NO_GYROSCOPE = "It has no gyroscope, so it cannot tell turning from pushing."
UNFIT: tuple[Unfit, ...] = (
    Unfit(
        "SensorTag",
        f"It sends at most 10 readings a second, and a leg raise needs 20 or more. {INSTEAD}",
        ("sensortag", "cc2650 sensortag"),
        (SENSORTAG_MOVEMENT,),
    ),
    Unfit("Polar H10", f"{NO_GYROSCOPE} Use a Polar Verity Sense or another sensor instead.", ("polar h10",)),
    Unfit("Polar OH1", f"{NO_GYROSCOPE} Use a Polar Verity Sense or another sensor instead.", ("polar oh1",)),
    Unfit("Bangle.js", f"{NO_GYROSCOPE} {INSTEAD}", ("bangle.js",)),
)


def unfit_device(advertisement: Advertisement) -> Unfit | None:
    """The device that cannot do the job which advertises like this; None if it is none of them."""
    return next((device for device in UNFIT if device.recognises(advertisement)), None)


def sensortag_movement(data: bytes) -> tuple[FloatArray, FloatArray] | None:
    """What a SensorTag's movement data hold, at its 8 g range: the bytes are fine, 10 a second too few.

    Its period is set in steps of 10 ms and is at least 100 ms, by its firmware.

    Parameters
    ----------
    data : bytes
        Gyroscope, accelerometer, magnetometer, three 16-bit numbers each.

    Returns
    -------
    tuple of (3,) float or None
        Angular rate in deg/s and acceleration in g; None if cut short.
    """
    if len(data) < SENSORTAG_BYTES:
        return None
    counts = np.frombuffer(data[:SENSORTAG_BYTES], "<i2")
    return counts[:3] * (500 / 65536), counts[3:6] / 4096
