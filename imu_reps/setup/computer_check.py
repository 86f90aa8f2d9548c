"""Diagnose the computer: facts in, checks with hints out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from imu_reps.domain.samples import SensorPlace
from imu_reps.errors import ImuRepsError

Level = Literal["ok", "watch", "bad"]

#: The oldest BlueZ that bleak 3 works with.
OLDEST_BLUEZ = (5, 55)


@dataclass(frozen=True, slots=True)
class DiskLimits:
    """Free bytes that are enough for recordings, and few."""

    #: A minute of two sensors at 200 Hz is about 3 MB.
    enough_bytes: int = 200_000_000
    few_bytes: int = 10_000_000


DISK = DiskLimits()


@dataclass(frozen=True, slots=True)
class Check:
    """Result of one check.

    Attributes
    ----------
    code : str
        Short stable name: ``adapter``, ``battery``.
    message : str
        The finding, in one line.
    hint : str or None
        What to do; None if all is well.
    sensor : SensorPlace or None
        None for the computer.
    """

    code: str
    level: Level
    message: str
    hint: str | None = None
    sensor: SensorPlace | None = None


@dataclass(frozen=True, slots=True)
class ComputerFacts:
    """Facts about the computer; None is unknown.

    Attributes
    ----------
    system : str
        As `platform.system`: ``Linux``, ``Darwin``, ``Windows``.
    python, bleak, bluez : str or None
        Versions; BlueZ on Linux only.
    devices_found : int or None
        Number of devices found in a scan; None if it failed, see `radio_error`.
    folder : str
        Folder of recordings.
    folder_error : ImuRepsError or None
        Why it cannot be written.
    """

    system: str
    python: str
    bleak: str | None
    bluez: str | None
    devices_found: int | None
    radio_error: ImuRepsError | None
    folder: str
    folder_error: ImuRepsError | None
    free_bytes: int | None


def exit_code(checks: Sequence[Check]) -> int:
    """Return 3 if anything is bad, else 0."""
    return 3 if any(check.level == "bad" for check in checks) else 0


def check_computer(facts: ComputerFacts) -> list[Check]:
    """Judge the computer."""
    return [*_radio(facts), _versions(facts), *_bluez(facts), _folder(facts)]


def _radio(facts: ComputerFacts) -> Iterator[Check]:
    error = facts.radio_error
    if error:
        yield Check("adapter", "bad", error.message, error.hint)
    elif facts.devices_found:
        yield Check(
            "adapter", "ok", f"Bluetooth is on and may be used: {devices_heard(facts.devices_found)}."
        )
    elif facts.devices_found == 0:
        yield Check(
            "adapter",
            "watch",
            "Bluetooth is on, and nothing at all was heard.",
            "Switch a sensor on and bring it near; if nothing is ever heard, try another adapter.",
        )


def devices_heard(count: int) -> str:
    """Format how many devices a scan found: ``1 device was heard``."""
    return "1 device was heard" if count == 1 else f"{count} devices were heard"


def _versions(facts: ComputerFacts) -> Check:
    if facts.bleak is None:
        hint = "Install it anew: pip install --force-reinstall bleak."
        return Check("versions", "bad", f"Python {facts.python}; bleak is not installed.", hint)
    return Check("versions", "ok", f"Python {facts.python}, bleak {facts.bleak}, {facts.system}.")


def _bluez(facts: ComputerFacts) -> Iterator[Check]:
    if facts.system != "Linux":
        return
    oldest = ".".join(map(str, OLDEST_BLUEZ))
    if facts.bluez is None:
        hint = f"`bluetoothctl --version` should say {oldest} or newer; it comes with the package `bluez`."
        yield Check("bluez", "watch", "The version of BlueZ could not be found out.", hint)
    elif version_numbers(facts.bluez) < OLDEST_BLUEZ:
        hint = f"Update the package `bluez`, with the system if need be: {oldest} or newer is needed."
        yield Check("bluez", "bad", f"BlueZ {facts.bluez} is too old.", hint)
    else:
        yield Check("bluez", "ok", f"BlueZ {facts.bluez}.")


def version_numbers(version: str) -> tuple[int, ...]:
    """Parse the leading numbers of a version: ``5.66-2`` is (5, 66)."""
    found = re.match(r"\d+(\.\d+)*", version, re.ASCII)
    return tuple(map(int, found[0].split("."))) if found else ()


def _folder(facts: ComputerFacts) -> Check:
    if facts.folder_error:
        return Check("folder", "bad", facts.folder_error.message, facts.folder_error.hint)
    free = facts.free_bytes
    if free is None:
        return Check("folder", "ok", f"Recordings go to {facts.folder}.")
    found = f"Recordings go to {facts.folder}: {free / 1e9:.1f} GB free."
    if free >= DISK.enough_bytes:
        return Check("folder", "ok", found)
    return Check(
        "folder", "watch" if free >= DISK.few_bytes else "bad", found, "Free some space on that disk."
    )
