"""The kinds of sensors the program knows: which there are, and which one is near."""

from __future__ import annotations

from dataclasses import dataclass

from imu_reps.errors import UsageError
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
from imu_reps.sensors.families.unfit import unfit_device
from imu_reps.sensors.wire import Advertisement, Family

#: Those that were run from scan to report come first; text over Nordic UART, which many devices offer, last.
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


@dataclass(frozen=True, slots=True)
class Recognised:
    """What an advertising device is.

    Attributes
    ----------
    title : str
        For people.
    family : Family or None
        How to use it; None if it cannot do the job.
    unfit : str or None
        Why it cannot, and what can instead.
    """

    title: str
    family: Family | None
    unfit: str | None = None


def family(name: str) -> Family:
    """The family of that name.

    Raises
    ------
    UsageError
        If there is none.
    """
    for known in FAMILIES:
        if known.name == name:
            return known
    names = ", ".join(known.name for known in FAMILIES)
    raise UsageError(
        f"There is no kind of sensor named {name!r}.", hint=f"Known are: {names}.", code="unknown_family"
    )


def recognise(advertisement: Advertisement) -> Recognised | None:
    """Tell what a device is from what it advertises; None for all the rest of the world."""
    useless = unfit_device(advertisement)
    if useless is not None:
        return Recognised(useless.title, None, useless.why)
    for known in FAMILIES:
        if known.recognises(advertisement):
            return Recognised(known.title, known)
    return None
