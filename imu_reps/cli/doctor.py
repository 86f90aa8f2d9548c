"""``imu-reps doctor``: diagnose the computer, Bluetooth and the sensors."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import echo, echo_stderr, render
from imu_reps.cli.shared_options import NumberRange, run_with_radio, sensor_options, virtual_option
from imu_reps.errors import FileAccessError, ImuRepsError, RadioError

if TYPE_CHECKING:
    from rich.table import Table

    from imu_reps.domain.samples import SensorPlace
    from imu_reps.sensors.ble import Radio
    from imu_reps.setup.computer_check import Check, ComputerFacts
    from imu_reps.setup.sensor_check import SensorFacts
    from imu_reps.sources.virtual_source import VirtualWorld
    from imu_reps.storage.profile import Person


#: Sensors that advertise rarely are found within this.
MAX_SCAN_S = 20.0

_STYLES = {"ok": "green", "watch": "yellow", "bad": "bold red"}


@dataclass(frozen=True, slots=True)
class RadioFindings:
    """Result of the scan and of letting the sensors stream.

    Attributes
    ----------
    devices_found : int or None
        Number of devices; None if there was no scan, or it failed.
    error : ImuRepsError or None
        Why the scan failed.
    sensors : dict
        Facts about each sensor, by place.
    paired : bool
        Whether they are a person's sensors, or just those that were near.
    """

    devices_found: int | None = None
    error: ImuRepsError | None = None
    sensors: Mapping[SensorPlace, SensorFacts] | None = None
    paired: bool = True


@click.command()
@click.option("--person", metavar="NAME", help="Whose sensors, if several persons are paired.")
@click.option("--sensors/--no-sensors", default=True, help="Let the sensors stream for a while, or not.")
@click.option(
    "--seconds", type=NumberRange(3, 600), default=10.0, show_default=True, help="How long they stream."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@virtual_option()
@sensor_options
@click.pass_context
def doctor(
    ctx: click.Context, person: str | None, sensors: bool, seconds: float, as_json: bool, virtual: str | None
) -> None:
    """Find out what is wrong: Bluetooth, permissions, folder, and how the sensors do; each with its mend.

    Lay the paired sensors on a table, still, before you start. Without paired sensors those near are looked
    at.

    Exit code 3 if anything is bad.
    """
    from imu_reps.setup.computer_check import Check, check_computer, exit_code
    from imu_reps.setup.sensor_check import check_sensor

    checks: list[Check] = []
    wearer = None if virtual else _chosen_person(person, checks)
    if sys.stderr.isatty():
        then = f", then both sensors stream for {seconds:.0f} s: leave them lying still" if sensors else ""
        echo_stderr(f"Listening for up to {MAX_SCAN_S:.0f} s{then} ...")
    found = run_with_radio(virtual, partial(_examine, wearer=wearer, seconds=seconds if sensors else 0.0))
    checks = [*check_computer(_computer_facts(found.devices_found, found.error)), *checks]
    for place, facts in (found.sensors or {}).items():
        checks += check_sensor(place, facts)
    if sensors and not found.sensors and not found.error:
        hint = "Switch the sensors on, bring them near, and disconnect them from any phone or other program."
        checks.append(Check("sensors", "bad", "No sensor that can do the job was heard.", hint))
    if as_json:
        echo(json.dumps({"checks": [asdict(check) for check in checks]}))
    else:
        render(lambda _: _laid_out(checks, found.paired))
        echo(_verdict(checks))
    ctx.exit(exit_code(checks))


def _chosen_person(name: str | None, checks: list[Check]) -> Person | None:
    """Return whose sensors to examine; problems with the profile become checks."""
    from imu_reps.setup.computer_check import Check
    from imu_reps.storage.profile import load_profiles

    try:
        profiles = load_profiles()
        if name is None and not profiles.persons:
            checks.append(Check("profile", "watch", "No sensors are paired yet.", "Run `imu-reps pair`."))
            return None
        person = profiles.person(name)
    except RadioError as error:
        checks.append(Check("profile", "watch", error.message, error.hint))
    except ImuRepsError as error:
        if error.exit_code == 2:  # a usage error is not a finding
            raise
        checks.append(Check("profile", "bad", error.message, error.hint))
    else:
        checks.append(Check("profile", "ok", f"Paired for {person.name}."))
        return person
    return None


async def _examine(
    radio: Radio, world: VirtualWorld | None, *, wearer: Person | None, seconds: float
) -> RadioFindings:
    """Scan, then let the sensors stream; errors become findings."""
    from imu_reps.setup.sensor_check import examine, scan_for, sensors_to_examine

    person = world.person if world else wearer
    try:  # three seconds at least: is any device found at all?
        devices_found = await scan_for(radio, person, min_s=3.0, max_s=MAX_SCAN_S)
    except RadioError as error:
        return RadioFindings(error=error)
    if not seconds:
        return RadioFindings(len(devices_found), paired=person is not None)
    requests, missing = sensors_to_examine(person, devices_found)
    sensors = missing | await examine(radio, requests, seconds) if requests else missing
    return RadioFindings(len(devices_found), sensors=sensors, paired=person is not None)


def _laid_out(checks: Sequence[Check], paired: bool) -> Table:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    about: str | None = ""
    for check in checks:
        if check.sensor != about:
            about = check.sensor
            table.add_row(Text(_heading(about, paired), style="bold"))
        table.add_row(Text(f"  {check.level}", style=_STYLES[check.level]), check.code, check.message)
        if check.hint:
            table.add_row("", "", Padding(Text(check.hint, style="italic"), (0, 0, 0, 2)))
    return table


def _heading(place: SensorPlace | None, paired: bool) -> str:
    if place is None:
        return "computer"
    return place if paired else {"pelvis": "one", "ankle": "other"}[place]


def _verdict(checks: Sequence[Check]) -> str:
    levels = [check.level for check in checks]
    if "bad" in levels:
        return "\nSomething must be mended before a set can be recorded: see bad above."
    if "watch" in levels:
        return "\nIt will do; see watch above for what could be better."
    return "\nAll is well."


def _computer_facts(devices_found: int | None, radio_error: ImuRepsError | None) -> ComputerFacts:
    """Collect what `check_computer` judges; the caller did the scan."""
    from imu_reps.setup.computer_check import ComputerFacts
    from imu_reps.storage.folders import default_folder

    folder = default_folder()
    return ComputerFacts(
        system=platform.system(),
        python=platform.python_version(),
        bleak=_version("bleak"),
        bluez=_bluez() if platform.system() == "Linux" else None,
        devices_found=devices_found,
        radio_error=radio_error,
        folder=str(folder),
        folder_error=_folder_error(folder),
        free_bytes=_free_bytes(folder),
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _bluez() -> str | None:
    """Read the version from ``bluetoothctl --version``, which prints ``bluetoothctl: 5.66``."""
    program = shutil.which("bluetoothctl")
    if program is None:
        return None
    try:
        output = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            timeout=5.0,  # it answers at once unless its service hangs
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = output.split()
    return words[-1] if words and words[-1][:1].isdigit() else None


def _existing_parent(folder: Path) -> Path:
    """Return the folder, or its nearest parent that exists."""
    return next((place for place in (folder, *folder.parents) if place.exists()), folder)


def _folder_error(folder: Path) -> FileAccessError | None:
    """Return why no recording can be written, by writing a temporary file rather than from permissions."""
    from imu_reps.storage.file_access import access_error

    try:
        with tempfile.NamedTemporaryFile(dir=_existing_parent(folder)):
            return None
    except OSError as error:
        return access_error(error, str(folder))


def _free_bytes(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(_existing_parent(folder)).free
    except OSError:
        return None
