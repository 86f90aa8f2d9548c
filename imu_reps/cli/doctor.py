"""``imu-reps doctor``: what is wrong with the computer, Bluetooth or a sensor."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import mention, say, show
from imu_reps.cli.on_the_air import on_the_air, virtual_option
from imu_reps.cli.sensor_options import sensor_options
from imu_reps.errors import ImuRepsError, RadioError

if TYPE_CHECKING:
    from rich.table import Table

    from imu_reps.domain.samples import SensorPlace
    from imu_reps.sensors.ble import Radio
    from imu_reps.setup.computer_check import Check
    from imu_reps.setup.sensor_check import SensorFacts
    from imu_reps.sources.virtual_source import VirtualWorld
    from imu_reps.storage.profile import Person

#: Sensors that advertise seldom are heard within this.
SCAN_S = 20.0
#: So long is listened at least, to see whether anything at all is heard.
MIN_SCAN_S = 3.0

_STYLES = {"ok": "green", "watch": "yellow", "bad": "bold red"}


@dataclass(frozen=True, slots=True)
class Findings:
    """What the radio showed.

    Attributes
    ----------
    heard : int or None
        Devices; None: there was no scan, or it failed.
    trouble : ImuRepsError or None
        Why it failed.
    sensors : dict
        What each sensor did, by place.
    paired : bool
        Whether they are a person's, or just the ones that were near.
    """

    heard: int | None = None
    trouble: ImuRepsError | None = None
    sensors: Mapping[SensorPlace, SensorFacts] | None = None
    paired: bool = True


@click.command()
@click.option("--person", metavar="NAME", help="Whose sensors, if several persons are paired.")
@click.option("--sensors/--no-sensors", default=True, help="Let the sensors stream for a while, or not.")
@click.option(
    "--seconds", type=click.FloatRange(3, 600), default=10.0, show_default=True, help="How long they stream."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@virtual_option
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
    from imu_reps.cli.computer import computer_facts
    from imu_reps.setup.computer_check import check_computer, exit_code
    from imu_reps.setup.sensor_check import check_sensor

    checks: list[Check] = []
    whom = None if virtual else _whom(person, checks)
    _announce(sensors, seconds)
    found = on_the_air(virtual, partial(_examine, whom=whom, seconds=seconds if sensors else 0.0))
    checks = [*check_computer(computer_facts(found.heard, found.trouble)), *checks]
    for place, facts in (found.sensors or {}).items():
        checks += check_sensor(place, facts)
    if sensors and not found.sensors and not found.trouble:
        checks.append(_nothing_to_look_at())
    if as_json:
        say(json.dumps({"checks": [asdict(check) for check in checks]}))
    else:
        show(partial(_laid_out, checks, found.paired))
        say(_verdict(checks))
    ctx.exit(exit_code(checks))


def _announce(sensors: bool, seconds: float) -> None:
    if sys.stderr.isatty():
        streaming = (
            f", then both sensors stream for {seconds:.0f} s: leave them lying still" if sensors else ""
        )
        mention(f"Listening for up to {SCAN_S:.0f} s{streaming} ...")


def _whom(name: str | None, checks: list[Check]) -> Person | None:
    """Whose sensors to look at; what is wrong with the profile is one of the findings."""
    from imu_reps.setup.computer_check import Check
    from imu_reps.storage.profile_file import load_profiles

    try:
        profiles = load_profiles()
        if name is None and not profiles.persons:
            checks.append(Check("profile", "watch", "No sensors are paired yet.", "Run `imu-reps pair`."))
            return None
        person = profiles.person(name)
    except RadioError as error:
        checks.append(Check("profile", "watch", error.message, error.hint))
    except ImuRepsError as error:
        if error.exit_code == 2:  # a wrong word on the command line is no finding
            raise
        checks.append(Check("profile", "bad", error.message, error.hint))
    else:
        checks.append(Check("profile", "ok", f"Paired for {person.name}."))
        return person
    return None


async def _examine(
    radio: Radio, world: VirtualWorld | None, *, whom: Person | None, seconds: float
) -> Findings:
    """Scan, then let the sensors stream; what goes wrong is a finding."""
    from imu_reps.setup.examination import examine, look_for, worn_or_near

    person = world.person if world else whom
    try:
        heard = await look_for(radio, person, min_s=MIN_SCAN_S, max_s=SCAN_S)
    except RadioError as error:
        return Findings(trouble=error)
    if not seconds:
        return Findings(len(heard), paired=person is not None)
    wanted, missing = worn_or_near(person, heard)
    sensors = missing | await examine(radio, wanted, seconds) if wanted else missing
    return Findings(len(heard), sensors=sensors, paired=person is not None)


def _nothing_to_look_at() -> Check:
    from imu_reps.setup.computer_check import Check

    hint = "Switch the sensors on, bring them near, and disconnect them from any phone or other program."
    return Check("sensors", "bad", "No sensor that can do the job was heard.", hint)


def _laid_out(checks: Sequence[Check], paired: bool, width: int) -> Table:  # noqa: ARG001
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
