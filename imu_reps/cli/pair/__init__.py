"""``imu-reps pair``: find both sensors and store which is which and how they are worn."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from imu_reps.cli.console import echo
from imu_reps.cli.pair.dialogue import AXES, DEFAULT_HEAD, DEFAULT_UP, PairingOptions, pair_sensors
from imu_reps.cli.prompts import Prompter
from imu_reps.cli.shared_options import run_with_radio, sensor_options, virtual_option
from imu_reps.errors import UsageError

if TYPE_CHECKING:
    from imu_reps.domain.samples import SensorPlace
    from imu_reps.storage.profile import Person, Profiles

#: Name used where none is given and nobody is paired yet.
FIRST_PERSON = "me"


@click.command()
@click.option("--person", metavar="NAME", help="Whose sensors these are. [default: whoever was paired last]")
@click.option("--pelvis", metavar="ID", help="The pelvis sensor, by id or name (see imu-reps scan).")
@click.option("--ankle", metavar="ID", help="The ankle sensor; nothing need be lifted if one is named.")
@click.option(
    "--rate",
    "rate_hz",
    type=click.FloatRange(20, 1000),
    default=100.0,
    show_default=True,
    help="Samples a second to ask for; the sensor's nearest is taken.",
)
@click.option(
    "--pelvis-up",
    "up",
    type=click.Choice(AXES),
    help=f"Side of the pelvis sensor that is up while you lie. [default: {DEFAULT_UP}]",
)
@click.option(
    "--pelvis-head",
    "head",
    type=click.Choice(AXES),
    help=f"Side of the pelvis sensor that points to your head. [default: {DEFAULT_HEAD}]",
)
@click.option("--no-check", is_flag=True, help="Do not check how the sensors are worn.")
@click.option("--seconds", type=click.FloatRange(1, 120), default=30.0, show_default=True, help="To listen.")
@click.option("--yes", is_flag=True, help="Ask nothing: take the usual answers.")
@click.option("--list", "listing", is_flag=True, help="Show who is paired with which sensors.")
@click.option("--forget", metavar="NAME", help="Forget a person's sensors.")
@virtual_option()
@sensor_options
def pair(*, person: str | None, listing: bool, forget: str | None, virtual: str | None, **words: Any) -> None:
    """Get to know the two sensors, once: which is which, and how they are worn.

    Both are found in one scan. You lift the one for the ankle, put both on, stand still for a moment and lie
    down: from that it is seen which way the pelvis sensor is worn, however it is strapped on.
    Pairing somebody again replaces what was known of their sensors.

    With nobody there, by a script: name both sensors and how the pelvis sensor is worn, and nothing is asked
    or done.

    \b
      imu-reps pair --person kim --pelvis F0:11:22:33:44:55 --ankle F0:66:77:88:99:AA \\
        --pelvis-up +z --pelvis-head +y --no-check --yes

    Exit code 3 if a sensor or Bluetooth cannot be used.
    """  # noqa: D301 - click's mark of lines that stay as they are
    from imu_reps.storage.profile import load_profiles

    profiles = load_profiles()
    if listing:
        _list(profiles)
    elif forget is not None:
        _forget(profiles, forget)
    else:
        options = _options(_person_name(profiles, person), **words)
        known = profiles.find(options.name)
        if known and virtual is None:
            echo(f"{known.name} is paired already: what is known of their sensors will be replaced.")
        paired = run_with_radio(virtual, partial(pair_sensors, options=options))
        _keep(profiles, paired, stored=virtual is None)


def _person_name(profiles: Profiles, name: str | None) -> str:
    from imu_reps.domain.untrusted import parse_name

    if name is not None:
        name = parse_name(name)
        known = profiles.find(name)
        return known.name if known else name
    return profiles.person().name if profiles.persons else FIRST_PERSON


def _options(
    name: str, *, pelvis: str | None, ankle: str | None, no_check: bool, yes: bool, **others: Any
) -> PairingOptions:
    up, head = others["up"], others["head"]
    if (up or DEFAULT_UP)[1] == (head or DEFAULT_HEAD)[1] and head is not None:
        raise UsageError(
            f"The side to the head ({head}) lies along the side that is up ({up or DEFAULT_UP}).",
            hint="Name two sides at right angles: --pelvis-up and --pelvis-head.",
            code="same_axis",
        )
    named: dict[SensorPlace, str] = {}
    if pelvis:
        named["pelvis"] = pelvis
    if ankle:
        named["ankle"] = ankle
    return PairingOptions(name=name, named=named, check=not no_check, prompter=Prompter(yes), **others)


def _list(profiles: Profiles) -> None:
    from imu_reps.cli.console import show_table
    from imu_reps.cli.pair.dialogue import sensor_line

    if not profiles.persons:
        echo("Nobody is paired yet: run `imu-reps pair`.")
        return
    default = profiles.persons[0] if len(profiles.persons) == 1 else profiles.find(profiles.default or "")
    rows = []
    for person in profiles.persons:
        name = f"{person.name} *" if person is default else person.name
        rows.append((name, "pelvis", *sensor_line(person.pelvis)))
        rows.append(("", "ankle", *sensor_line(person.ankle)))
    show_table(("person", "worn at", "name", "kind", "id", "rate", "axes"), rows)


def _forget(profiles: Profiles, name: str) -> None:
    from imu_reps.storage.profile import save_profiles

    gone = profiles.person(name)
    save_profiles(profiles.without(name))
    echo(f"The sensors of {gone.name} are forgotten. Recordings are left as they are.")


def _keep(profiles: Profiles, paired: Person, stored: bool) -> None:
    from dataclasses import replace

    from imu_reps.storage.profile import save_profiles

    if not stored:
        echo("Virtual sensors are not stored.")
        return
    known = profiles.find(paired.name)
    if known:
        paired = replace(paired, extra=known.extra, floors=known.floors)
    path = save_profiles(profiles.with_person(paired))
    echo(f"Stored for {paired.name} in {path}. Next: imu-reps record")
