"""The sensor families, and recognition of a device by its advertisement."""

from __future__ import annotations

from dataclasses import dataclass

from imu_reps.errors import UsageError, did_you_mean
from imu_reps.sensors.families import (
    metamotion,
    movella_dot,
    movesense,
    nordic_uart,
    open_profile,
    polar,
    thingy,
    witmotion,
)
from imu_reps.sensors.wire import Advertisement, Family, Signs

#: In order of recognition: families run from scan to report first, text over Nordic UART, which many devices
#: offer, last.
FAMILIES: tuple[Family, ...] = (
    witmotion.FAMILY,
    open_profile.FAMILY,
    movesense.FAMILY,
    polar.FAMILY,
    movella_dot.FAMILY,
    metamotion.FAMILY,
    thingy.FAMILY,
    nordic_uart.FAMILY,
)


SENSORTAG_MOVEMENT = "f000aa80-0451-4000-b000-000000000000"
INSTEAD = "Use a WitMotion, a Movesense or a board with the open profile instead."


@dataclass(frozen=True, slots=True)
class Unfit:
    """A device that cannot be used.

    Attributes
    ----------
    title : str
        Name for people.
    why : str
        What it lacks, and what to use instead.
    signs : Signs
        What shows in its advertisement.
    """

    title: str
    why: str
    signs: Signs


OTHER_POLAR = "Use a Polar Verity Sense or another sensor instead."
NO_GYROSCOPE = "It has no gyroscope, so it cannot tell turning from pushing."
UNFIT: tuple[Unfit, ...] = (
    Unfit(
        "SensorTag",
        f"It sends at most 10 readings a second, and a leg raise needs 20 or more. {INSTEAD}",
        Signs(r"(?i)(cc2650 )?sensortag", (SENSORTAG_MOVEMENT,)),
    ),
    Unfit("Polar H10", f"{NO_GYROSCOPE} {OTHER_POLAR}", Signs("(?i)polar h10")),
    Unfit("Polar OH1", f"{NO_GYROSCOPE} {OTHER_POLAR}", Signs("(?i)polar oh1")),
    Unfit("Bangle.js", f"{NO_GYROSCOPE} {INSTEAD}", Signs(r"(?i)bangle\.js")),
)


def family(name: str) -> Family:
    """Return the family of that name.

    Raises
    ------
    UsageError
        There is none.
    """
    for known in FAMILIES:
        if known.name == name:
            return known
    names = [known.name for known in FAMILIES]
    raise UsageError(
        f"There is no kind of sensor named {name!r}.{did_you_mean(name, names)}",
        hint=f"Known are: {', '.join(names)}.",
        code="unknown_family",
    )


def recognise(advertisement: Advertisement) -> Family | Unfit | None:
    """Return which kind of device an advertisement is of; None if it is unknown."""
    kinds: tuple[Family | Unfit, ...] = (*UNFIT, *FAMILIES)
    return next((kind for kind in kinds if kind.signs.are_in(advertisement)), None)
