"""``imu-reps scan``: list the sensors that are near."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from imu_reps.cli.console import echo, echo_stderr, render, show_table
from imu_reps.cli.shared_options import NumberRange, run_with_radio, sensor_options, virtual_option
from imu_reps.errors import RadioError

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Radio
    from imu_reps.setup.candidates import NearbyDevice
    from imu_reps.sources.virtual_source import VirtualWorld

#: Names of signal strengths, by their minimum in dBm.
SIGNALS = ((-60, "strong"), (-75, "good"), (-85, "weak"))


TITLES = ("name", "kind", "id", "signal", "battery", "usable")
WHOLE = ("id", "signal", "battery", "usable")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A device that was found, with its battery level; None if unknown."""

    device: NearbyDevice
    battery_percent: float | None = None


@click.command()
@click.option("--seconds", type=NumberRange(1, 120), default=10.0, show_default=True, help="How long.")
@click.option("--all", "everything", is_flag=True, help="Show devices of unknown kinds too.")
@click.option("--quick", is_flag=True, help="Do not connect to read the battery.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--families", is_flag=True, help="List the kinds of sensors this program knows; scan nothing.")
@virtual_option()
@sensor_options
@click.pass_context
def scan(
    ctx: click.Context,
    /,
    *,
    seconds: float,
    everything: bool,
    quick: bool,
    as_json: bool,
    virtual: str | None,
    families: bool,
) -> None:
    """List the sensors that are near, strongest first, and tell which can do the job.

    To read the battery, each sensor that can is connected for a moment. A sensor that is connected to a
    phone cannot be heard; one that this computer is connected to already is listed as such, and left alone.

    Exit code 3 if no sensor is near or Bluetooth cannot be used.
    """
    if families:
        _show_families()
        return
    if sys.stderr.isatty():
        echo_stderr(f"Listening for {seconds:.0f} s ...")
    try:
        seen = run_with_radio(virtual, partial(_look, seconds=seconds, batteries=not quick))
        shown = [s for s in seen if everything or s.device.kind]
        if not shown:
            raise _nobody(len(seen), seconds)
    except RadioError as error:
        if not as_json:
            raise
        from imu_reps.storage.plain_json import error_tree

        echo(json.dumps({"error": error_tree(error)}))
        ctx.exit(error.exit_code)
    if as_json:
        echo(json.dumps({"devices": [_as_dict(s) for s in shown]}))
    else:
        _show(shown, others=len(seen) - len(shown))


def _show_families() -> None:
    from imu_reps.sensors.families import FAMILIES
    from imu_reps.sim.radio.devices import DEVICES

    rows = [
        (
            known.name,
            known.title,
            ", ".join(f"{rate:g}" for rate in known.rates_hz),
            "yes" if known.name in DEVICES else "no",
            "virtually" if known.tried else "on bytes alone",
        )
        for known in FAMILIES
    ]
    show_table(("family", "kind", "samples a second", "virtual", "tried"), rows, whole=("family",))


async def _look(radio: Radio, _: VirtualWorld | None, *, seconds: float, batteries: bool) -> list[Sighting]:
    from imu_reps.setup.candidates import nearby

    devices = nearby(await radio.scan(seconds))
    return [Sighting(d, await _battery(radio, d) if batteries else None) for d in devices]


async def _battery(radio: Radio, device: NearbyDevice) -> float | None:
    """Read the battery level; None if it is unknown or cannot be read.

    A sensor that is connected already is left alone: reading would end the link of a program that records.
    """
    import asyncio

    from imu_reps.setup.candidates import read_battery

    if device.family is None or device.found.is_connected:
        return None
    try:
        async with asyncio.timeout(15.0):
            return await read_battery(radio, device.found, device.family)
    except (RadioError, TimeoutError):
        return None


def _nobody(others: int, seconds: float) -> RadioError:
    hint = (
        "Switch the sensor on, move it, bring it near, and disconnect it from any phone or other program. "
        "Some are heard only every few seconds: --seconds 30 listens for longer."
    )
    if others:
        hint += f" {_unknown(others)}"
    return RadioError(f"No sensor was heard in {seconds:.0f} s.", hint=hint, code="nothing_near")


def _unknown(count: int) -> str:
    from imu_reps.setup.computer_check import devices_heard

    return f"Of unknown kinds {devices_heard(count)}: --all lists them."


def _show(seen: Sequence[Sighting], others: int) -> None:
    styles = ["" if s.device.family else "dim" for s in seen]
    show_table(TITLES, [_row(s) for s in seen], whole=WHOLE, styles=styles)
    notes = list(dict.fromkeys(filter(None, (_note(s.device) for s in seen))))
    if others:
        notes.append(_unknown(others))
    if notes:
        echo()
        render(lambda _: "\n".join(notes))


def _row(seen: Sighting) -> tuple[str, ...]:
    found = seen.device.found
    battery = "-" if seen.battery_percent is None else f"{seen.battery_percent:.0f} %"
    kind = seen.device.kind.title if seen.device.kind else "unknown"
    return (
        found.advertisement.name or "-",
        kind,
        found.host_id,
        "connected" if found.is_connected else signal(found.rssi_dbm),
        battery,
        _usable(seen.device),
    )


def signal(rssi_dbm: int | None) -> str:
    """Format signal strength in dBm and in a word."""
    if rssi_dbm is None:
        return "-"
    word = next((word for minimum, word in SIGNALS if rssi_dbm >= minimum), "very weak")
    return f"{rssi_dbm} dBm, {word}"


def _usable(device: NearbyDevice) -> str:
    if device.kind is None:
        return "unknown"
    if device.family is None:
        return "no"
    return "yes" if device.family.tried else "untried"


def _note(device: NearbyDevice) -> str | None:
    """Return a caution about a kind of sensor; None if there is none."""
    if device.kind is None:
        return None
    if device.family is None:
        return f"{device.kind.title}: {device.unfit}"
    untried = None if device.family.tried else "nobody has tried this kind with a set yet."
    words = " ".join(filter(None, (untried, device.family.caution)))
    return f"{device.kind.title}: {words}" if words else None


def _as_dict(seen: Sighting) -> dict[str, Any]:
    device = seen.device
    return {
        "name": device.found.advertisement.name,
        "kind": device.kind.title if device.kind else None,
        "family": device.family.name if device.family else None,
        "host_id": device.found.host_id,
        "rssi_dbm": device.found.rssi_dbm,
        "connected": device.found.is_connected,
        "battery_percent": seen.battery_percent,
        "fit": None if device.kind is None else device.family is not None,
        "reason": device.unfit,
        "tried": device.family.tried if device.family else None,
        "caution": device.family.caution if device.family else None,
    }
