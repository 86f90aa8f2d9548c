"""``imu-reps pair``: find both sensors and store which is which and how they are worn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from imu_reps.cli.console import ask, confirm, echo, echo_wrapped, parse_numbers, show_table
from imu_reps.cli.scan import signal
from imu_reps.cli.shared_options import NumberRange, run_with_radio, sensor_options, virtual_option
from imu_reps.errors import RadioError, UsageError

if TYPE_CHECKING:
    from imu_reps.domain.recording import Axis
    from imu_reps.domain.samples import SensorPlace
    from imu_reps.sensors.ble import Radio
    from imu_reps.setup.candidates import NearbyDevice
    from imu_reps.setup.pairing import SensorPair
    from imu_reps.setup.placement_check import Placement
    from imu_reps.sources.virtual_source import VirtualWorld
    from imu_reps.storage.profile import PairedSensor, Person, Profiles

AXES: tuple[Axis, ...] = ("+x", "-x", "+y", "-y", "+z", "-z")

#: Default mounting of the pelvis sensor: docs/recording-format.md#header.
DEFAULT_UP: Axis = "+z"
DEFAULT_HEAD: Axis = "+y"


@dataclass(frozen=True, slots=True)
class PairingOptions:
    """Options of the command line.

    Attributes
    ----------
    named : dict
        Host id or name by place.
    up, head : Axis or None
        Axes of the pelvis sensor.
    check : bool
        Whether the wearer lies down so that the mounting is checked.
    yes : bool
        Whether to ask nothing, and take the usual answers.
    """

    name: str
    named: dict[SensorPlace, str]
    rate_hz: float
    up: Axis | None
    head: Axis | None
    seconds: float
    check: bool
    yes: bool


#: Name used where none is given and nobody is paired yet.
FIRST_PERSON = "me"


@click.command()
@click.option("--person", metavar="NAME", help="Whose sensors these are. [default: whoever was paired last]")
@click.option("--pelvis", metavar="ID", help="The pelvis sensor, by id or name (see imu-reps scan).")
@click.option("--ankle", metavar="ID", help="The ankle sensor; nothing need be lifted if one is named.")
@click.option(
    "--rate",
    "rate_hz",
    type=NumberRange(20, 1000),
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
@click.option("--seconds", type=NumberRange(1, 120), default=30.0, show_default=True, help="To listen.")
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
    from imu_reps.storage.profile import load_profiles, save_profiles

    profiles = load_profiles()
    if listing:
        _list(profiles)
    elif forget is not None:
        gone = profiles.person(forget)
        save_profiles(profiles.without(forget))
        echo(f"The sensors of {gone.name} are forgotten. Recordings are left as they are.")
    else:
        options = _options(_person_name(profiles, person), **words)
        known = profiles.find(options.name)
        if known and virtual is None:
            echo(f"{known.name} is paired already: what is known of their sensors will be replaced.")
        paired = run_with_radio(virtual, partial(pair_sensors, options=options))
        _keep(paired, stored=virtual is None)


def _person_name(profiles: Profiles, name: str | None) -> str:
    from imu_reps.domain.untrusted import parse_name

    if name is not None:
        name = parse_name(name)
        known = profiles.find(name)
        return known.name if known else name
    return profiles.person().name if profiles.persons else FIRST_PERSON


def _options(
    name: str, *, pelvis: str | None, ankle: str | None, no_check: bool, **others: Any
) -> PairingOptions:
    up, head = others["up"], others["head"]
    if (up or DEFAULT_UP)[1] == (head or DEFAULT_HEAD)[1] and head is not None:
        raise UsageError(
            f"The side to the head ({head}) lies along the side that is up ({up or DEFAULT_UP}).",
            hint="Name two sides at right angles: --pelvis-up and --pelvis-head.",
            code="same_axis",
        )
    given: dict[SensorPlace, str | None] = {"pelvis": pelvis, "ankle": ankle}
    named = {place: name_or_id for place, name_or_id in given.items() if name_or_id}
    return PairingOptions(name=name, named=named, check=not no_check, **others)


def _list(profiles: Profiles) -> None:
    if not profiles.persons:
        echo("Nobody is paired yet: run `imu-reps pair`.")
        return
    default = profiles.persons[0] if len(profiles.persons) == 1 else profiles.find(profiles.default or "")
    rows = []
    for person in profiles.persons:
        name = f"{person.name} *" if person is default else person.name
        rows.append((name, "pelvis", *_sensor_line(person.pelvis)))
        rows.append(("", "ankle", *_sensor_line(person.ankle)))
    show_table(("person", "worn at", "name", "kind", "id", "rate", "axes"), rows)


def _keep(paired: Person, stored: bool) -> None:
    from imu_reps.storage.profile import load_profiles, save_profiles

    if not stored:
        echo("Virtual sensors are not stored.")
        return
    profiles = load_profiles()  # again: somebody else may have been paired meanwhile
    known = profiles.find(paired.name)
    if known:
        paired = replace(paired, extra=known.extra, floors=known.floors)
    path = save_profiles(profiles.with_person(paired))
    echo(f"Stored for {paired.name} in {path}. Next: imu-reps record")


async def pair_sensors(radio: Radio, world: VirtualWorld | None, *, options: PairingOptions) -> Person:
    """Find both sensors, identify them, check how they are worn; return what is to be stored."""
    from imu_reps.setup.pairing import streaming
    from imu_reps.storage.profile import Person

    devices, known = await _find(radio, options)
    wear = None
    echo("Connecting ...")
    async with streaming(radio, devices, options.rate_hz) as two:
        if not known:
            await _identify_ankle(two, world)
        if await two.identify("ankle"):
            echo_wrapped(BLINKS)
        finds_axes = options.check and options.up is None and options.head is None
        found = await _stand_and_lie(two, world) if finds_axes else None
        if options.check:
            up = found[0] if found else options.up or DEFAULT_UP
            wear = await _lie_still(two, world, up, put_on=not found)
        pelvis, ankle = two.paired("pelvis"), two.paired("ankle")
        _show(two)
    up, head = found or _axes(wear, options)
    return Person(options.name, replace(pelvis, cranial_axis=head, anterior_axis=up), ankle)


async def _find(radio: Radio, options: PairingOptions) -> tuple[dict[SensorPlace, NearbyDevice], bool]:
    """Find two sensors, and whether it is known which is which."""
    from imu_reps.setup.candidates import named_sensors, remaining_devices, scan_for_pair

    echo(f"Looking for both sensors, for up to {options.seconds:.0f} s ...")
    devices = await scan_for_pair(radio, options.seconds, options.named)
    picked = named_sensors(devices, options.named)
    if len(picked) == 2:
        return picked, True
    free = _choose(remaining_devices(devices, picked), 2 - len(picked), yes=options.yes)
    for place in ("pelvis", "ankle"):
        if place not in picked:
            picked[place] = free.pop(0)
    return picked, bool(options.named)


def _choose(free: list[NearbyDevice], count: int, *, yes: bool) -> list[NearbyDevice]:
    """Choose `count` sensors, by a question if there are more; the default is the strongest."""
    if len(free) == count:
        return free
    for number, device in enumerate(free, 1):
        echo(f"  {number}  {_device_label(device)}, {signal(device.found.rssi_dbm)}")
    default = " ".join(str(number) for number in range(1, count + 1))
    question = "Which one" if count == 1 else "Which two"
    picked = ask(question, default, lambda text: parse_numbers(text, free, count), yes=yes)
    return [free[number - 1] for number in picked]


async def _identify_ankle(two: SensorPair, world: VirtualWorld | None) -> None:
    from imu_reps.setup.pairing import TIMES

    if world:
        world.performance.begin(1, world.air.now_s())
    for attempt in range(TIMES.lift_tries):
        echo_wrapped(LIFT_AGAIN if attempt else LIFT)
        place = await two.moved_sensor()
        if place is not None:
            if place == "pelvis":
                two.swap()
            echo(f"It is {_device_label(two.device('ankle'))}.")
            return
    raise RadioError(
        "It could not be told which sensor is lifted.",
        hint="Name them: --pelvis ID --ankle ID, with the ids that `imu-reps scan` shows.",
        code="cannot_tell",
    )


async def _stand_and_lie(two: SensorPair, world: VirtualWorld | None) -> tuple[Axis, Axis] | None:
    """Find the pelvis sensor's axes up and to the head from two postures; None if they are not clear."""
    from imu_reps.setup.placement_check import sensor_axes

    if world:
        world.performance.begin(2, world.air.now_s())
    echo_wrapped(STAND)
    standing = await two.wait_standing()
    if standing is None:
        echo_wrapped(NOT_SEEN)
        return None
    echo_wrapped("Seen. Now lie on your back, legs flat, and keep still.")
    lying = await two.wait_lying(standing)
    found = None if lying is None else sensor_axes(standing, lying)
    if found is None:
        echo_wrapped(NOT_SEEN)
    else:
        echo(f"The pelvis sensor's {found[0]} side faces forward, its {found[1]} side points to your head.")
    return found


async def _lie_still(two: SensorPair, world: VirtualWorld | None, up: Axis, *, put_on: bool) -> Placement:
    if world and put_on:
        world.performance.lie_down(1, world.air.now_s())
    shown: set[str] = set()

    def seen(wear: Placement) -> None:
        words = _placement_advice(wear, up)
        if words and words not in shown:
            shown.add(words)
            echo_wrapped(words, indent=2)

    echo_wrapped(PUT_ON if put_on else "Keep lying still.")
    wear = await two.wait_lying_still(up, seen)
    if wear.fault is None:
        echo("Both lie still, and the pelvis sensor the right way round.")
    return wear


def _show(two: SensorPair) -> None:
    places: tuple[SensorPlace, ...] = ("pelvis", "ankle")
    for place in places:
        device, status = two.device(place), two.status(place)
        percent = status.battery_percent
        battery = "" if percent is None else f", battery {percent:.0f} %"
        echo(f"  {place:6}  {_device_label(device)}, {two.rate_hz(place):g} Hz{battery}")
        if status.battery_low:
            echo_wrapped("Charge it before the next set.", indent=10)
        if device.family and device.family.caution:
            echo_wrapped(device.family.caution, indent=10)


def _axes(wear: Placement | None, options: PairingOptions) -> tuple[Axis, Axis]:
    """Return the pelvis sensor's axes up and to the head: as given, or as it lies if the user agrees."""
    up: Axis = options.up or DEFAULT_UP
    if wear is not None and wear.fault is not None:
        question = f"Keep the pelvis sensor as it is, with {wear.up_axis} up"
        turned = wear.fault in ("upside_down", "on_edge") and wear.up_axis is not None
        if not turned or not confirm(question, yes=options.yes):
            hint = "Run `imu-reps pair` again; --no-check leaves this check out."
            raise RadioError(_placement_problem(wear, up), hint=hint, code="not_worn")
        up = wear.up_axis or up
    return up, _head(up, options)


def _head(up: Axis, options: PairingOptions) -> Axis:
    """Return the axis to the head, by a question if needed: gravity does not show it while lying."""
    if options.head and options.head[1] != up[1]:
        return options.head
    axes = [axis for axis in AXES if axis[1] != up[1]]
    default = DEFAULT_HEAD if DEFAULT_HEAD in axes else "+z"

    def read(text: str) -> Axis:
        axis = next((axis for axis in axes if axis == text.strip()), None)
        if axis is None:
            raise click.BadParameter(f"It is one of {', '.join(axes)}: {up} is up.")
        return axis

    question = f"Which side of the pelvis sensor points to your head ({' '.join(axes)})"
    return ask(question, default, read, yes=options.yes)


LIFT = "Lay both sensors down. Now lift the ankle sensor, and turn it about in your hand."
LIFT_AGAIN = "That was not clear. Leave the pelvis sensor lying, lift the ankle sensor and turn it about."
BLINKS = "The ankle sensor was asked to blink for a few seconds: if it has a light, look for it."
_WORN = (
    "Now put them on: the pelvis sensor on a belt at the front, near the hip bone, the ankle sensor just "
    "above the ankle."
)
STAND = f"{_WORN} Then stand upright and keep still for two seconds."
PUT_ON = f"{_WORN} Lie on your back, legs flat, and keep still."
NOT_SEEN = "Which way the pelvis sensor is worn did not show from standing and lying: you will be asked."


def _device_label(device: NearbyDevice) -> str:
    return f"{device.name} ({device.found.host_id})"


def _placement_advice(wear: Placement, anterior: Axis) -> str | None:
    """Return what the wearer should do; None if there is nothing to do but wait."""
    match wear.fault:
        case "gravity":
            return (
                f"At rest the {wear.sensor} sensor reads {wear.force_mps2:.1f} m/s² and should read 9.8: "
                "calibrate its accelerometer with its maker's app."
            )
        case "upside_down":
            return (
                f"The pelvis sensor lies the wrong way round, its {anterior} side on your body: turn it over."
            )
        case "on_edge":
            return (
                f"The pelvis sensor's {wear.up_axis} side points up, and its {anterior} side should. If you "
                f"lie on your back, turn the sensor until its {anterior} side faces away from your body."
            )
        case "tilted":
            return (
                f"The pelvis sensor leans by {wear.lean_deg:.0f}°. Move it along the belt to where it lies "
                "flat, nearer to the navel."
            )
    return None


def _placement_problem(wear: Placement, anterior: Axis) -> str:
    """Return why the check of the sensors' placement did not finish."""
    if wear.fault == "no_samples":
        return f"The {wear.sensor} sensor sent too little to see how it is worn."
    return _placement_advice(wear, anterior) or f"The {wear.sensor} sensor never lay still."


def _sensor_line(sensor: PairedSensor) -> tuple[str, ...]:
    up = f"up {sensor.anterior_axis}" if sensor.anterior_axis else ""
    head = f"head {sensor.cranial_axis}" if sensor.cranial_axis else ""
    axes = ", ".join(filter(None, (up, head))) or "-"
    return sensor.name or "-", sensor.family, sensor.host_id, f"{sensor.rate_hz:g} Hz", axes
