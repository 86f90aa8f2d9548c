"""Devices that have a motion sensor and still cannot do the job: what they are, and why."""

from __future__ import annotations

from dataclasses import dataclass

from imu_reps.sensors.wire import Advertisement

SENSORTAG_MOVEMENT = "f000aa80-0451-4000-b000-000000000000"
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
