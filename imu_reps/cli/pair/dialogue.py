"""The dialogue of pairing: what is said and asked from the scan until it is known who wears what, and how."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import say, tell
from imu_reps.cli.pair.questions import Questions, numbers
from imu_reps.cli.scan import signal
from imu_reps.errors import RadioError

if TYPE_CHECKING:
    from imu_reps.domain.recording import Axis
    from imu_reps.domain.samples import SensorPlace
    from imu_reps.sensors.ble import Radio
    from imu_reps.setup.candidates import Nearby
    from imu_reps.setup.pairing import TwoSensors
    from imu_reps.setup.placement_check import Wear
    from imu_reps.sources.virtual_source import VirtualWorld
    from imu_reps.storage.profile import PairedSensor, Person
if TYPE_CHECKING:
    from imu_reps.domain.recording import Axis
    from imu_reps.setup.candidates import Nearby
    from imu_reps.setup.placement_check import Wear
    from imu_reps.storage.profile import PairedSensor

AXES: tuple[Axis, ...] = ("+x", "-x", "+y", "-y", "+z", "-z")

#: How the pelvis sensor is mounted unless told otherwise: docs/recording-format.md#header.
USUAL_UP: Axis = "+z"
USUAL_HEAD: Axis = "+y"
LOW_BATTERY_PERCENT = 20.0


@dataclass(frozen=True, slots=True)
class PairingOptions:
    """What the user said on the command line.

    Attributes
    ----------
    named : dict
        Host id or name by place.
    up, head : Axis or None
        Axes of the pelvis sensor.
    check : bool
        Whether the wearer lies down to have the mounting checked.
    """

    name: str
    named: dict[SensorPlace, str]
    rate_hz: float
    up: Axis | None
    head: Axis | None
    seconds: float
    check: bool
    questions: Questions

    @property
    def finds_axes(self) -> bool:
        """Whether the wearer's standing and lying tell the axes: nobody named one."""
        return self.check and self.up is None and self.head is None


async def pair_sensors(radio: Radio, world: VirtualWorld | None, *, options: PairingOptions) -> Person:
    """Find both sensors, tell them apart, see how they are worn; give what is to be stored."""
    from imu_reps.setup.pairing import streaming
    from imu_reps.storage.profile import Person

    devices, known = await _find(radio, options)
    wear = None
    say("Connecting ...")
    async with streaming(radio, devices, options.rate_hz) as two:
        if not known:
            await _tell_apart(two, world)
        if await two.identify("ankle"):
            tell(BLINKS)
        found = await _stand_and_lie(two, world) if options.finds_axes else None
        if options.check:
            wear = await _lie_still(
                two, world, found[0] if found else options.up or USUAL_UP, put_on=not found
            )
        sensors: dict[SensorPlace, PairedSensor] = {
            "pelvis": two.paired("pelvis"),
            "ankle": two.paired("ankle"),
        }
        _show(two)
    up, head = found or _axes(wear, options)
    return Person(options.name, _mounted(sensors["pelvis"], up, head), sensors["ankle"])


async def _find(radio: Radio, options: PairingOptions) -> tuple[dict[SensorPlace, Nearby], bool]:
    """Two sensors, and whether it is known which is which."""
    from imu_reps.setup.candidates import listen, named_sensors, others

    say(f"Looking for both sensors, for up to {options.seconds:.0f} s ...")
    devices = await listen(radio, options.seconds, options.named)
    picked = named_sensors(devices, options.named)
    if len(picked) == 2:
        return picked, True
    free = _choose(others(devices, picked), 2 - len(picked), options.questions)
    for place in ("pelvis", "ankle"):
        if place not in picked:
            picked[place] = free.pop(0)
    return picked, bool(options.named)


def _choose(free: list[Nearby], count: int, questions: Questions) -> list[Nearby]:
    """As many sensors as are needed; asked for where there are more, the strongest unless told otherwise."""
    if len(free) == count:
        return free
    for number, device in enumerate(free, 1):
        say(f"  {number}  {called(device)}, {signal(device.found.rssi_dbm)}")
    usual = " ".join(str(number) for number in range(1, count + 1))
    question = "Which one" if count == 1 else "Which two"
    picked = questions.ask(question, usual, lambda text: numbers(text, free, count))
    return [free[number - 1] for number in picked]


async def _tell_apart(two: TwoSensors, world: VirtualWorld | None) -> None:
    from imu_reps.setup.pairing import LIFT_TRIES

    if world:
        world.performance.begin(1, world.air.now_s())
    for attempt in range(LIFT_TRIES):
        tell(LIFT_AGAIN if attempt else LIFT)
        place = await two.who_moved()
        if place is not None:
            if place == "pelvis":
                two.swap()
            say(f"It is {called(two.device('ankle'))}.")
            return
    raise RadioError(
        "It could not be told which sensor is lifted.",
        hint="Name them: --pelvis ID --ankle ID, with the ids that `imu-reps scan` shows.",
        code="cannot_tell",
    )


async def _stand_and_lie(two: TwoSensors, world: VirtualWorld | None) -> tuple[Axis, Axis] | None:
    """The pelvis sensor's sides that are up and to the head, from two postures; None: it did not show."""
    from imu_reps.setup.placement_check import axes_of

    if world:
        world.performance.begin(2, world.air.now_s())
    tell(STAND)
    standing = await two.stand()
    if standing is None:
        tell(NOT_SEEN)
        return None
    tell("Seen. Now lie on your back, legs flat, and keep still.")
    lying = await two.lie(standing)
    found = None if lying is None else axes_of(standing, lying)
    if found is None:
        tell(NOT_SEEN)
    else:
        say(f"The pelvis sensor's {found[0]} side faces forward, its {found[1]} side points to your head.")
    return found


async def _lie_still(two: TwoSensors, world: VirtualWorld | None, up: Axis, *, put_on: bool = True) -> Wear:
    if world and put_on:
        world.performance.lie_down(1, world.air.now_s())
    said: set[str] = set()

    def seen(wear: Wear) -> None:
        words = advice(wear, up)
        if words and words not in said:
            said.add(words)
            tell(words, indent=2)

    tell(PUT_ON if put_on else "Keep lying still.")
    wear = await two.lie_still(up, seen)
    if wear.fault is None:
        say("Both lie still, and the pelvis sensor the right way round.")
    return wear


def _show(two: TwoSensors) -> None:
    """Say what was found out of both, and what to know before relying on them."""
    places: tuple[SensorPlace, ...] = ("pelvis", "ankle")
    for place in places:
        device, status = two.device(place), two.status(place)
        percent = status.battery_percent
        battery = "" if percent is None else f", battery {percent:.0f} %"
        say(f"  {place:6}  {called(device)}, {two.rate_hz(place):g} Hz{battery}")
        if percent is not None and percent < LOW_BATTERY_PERCENT:
            tell("Charge it before the next set.", indent=10)
        if device.family and device.family.caution:
            tell(device.family.caution, indent=10)


def _axes(wear: Wear | None, options: PairingOptions) -> tuple[Axis, Axis]:
    """The pelvis sensor's sides that are up and to the head: as wished, or as it lies and is to be kept."""
    up: Axis = options.up or USUAL_UP
    if wear is not None and wear.fault is not None:
        question = f"Keep the pelvis sensor as it is, with {wear.up_axis} up"
        turned = wear.fault in ("upside_down", "on_edge") and wear.up_axis is not None
        if not turned or not options.questions.agree(question):
            hint = "Run `imu-reps pair` again; --no-check leaves this check out."
            raise RadioError(in_the_way(wear, up), hint=hint, code="not_worn")
        up = wear.up_axis or up
    return up, _head(up, options)


def _head(up: Axis, options: PairingOptions) -> Axis:
    """The side to the head: gravity cannot tell it while lying."""
    if options.head and options.head[1] != up[1]:
        return options.head
    axes = [axis for axis in AXES if axis[1] != up[1]]
    usual = USUAL_HEAD if USUAL_HEAD in axes else "+z"

    def read(text: str) -> Axis:
        axis = next((axis for axis in axes if axis == text.strip()), None)
        if axis is None:
            raise click.BadParameter(f"It is one of {', '.join(axes)}: {up} is up.")
        return axis

    question = f"Which side of the pelvis sensor points to your head ({' '.join(axes)})"
    return options.questions.ask(question, usual, read)


def _mounted(sensor: PairedSensor, up: Axis, head: Axis) -> PairedSensor:
    return replace(sensor, cranial_axis=head, anterior_axis=up)


LIFT = "Lay both sensors down. Now lift the ankle sensor, and turn it about in your hand."
LIFT_AGAIN = "That was not clear. Leave the pelvis sensor lying, lift the ankle sensor and turn it about."
BLINKS = "The ankle sensor was asked to blink for a few seconds: if it has a light, look for it."
STAND = (
    "Now put them on: the pelvis sensor on a belt at the front, near the hip bone, the ankle sensor just "
    "above the ankle. Then stand upright and keep still for two seconds."
)
NOT_SEEN = "Which way the pelvis sensor is worn did not show from standing and lying: you will be asked."
PUT_ON = (
    "Now put them on: the pelvis sensor on a belt at the front, near the hip bone, the ankle sensor just "
    "above the ankle. Lie on your back, legs flat, and keep still."
)


def called(device: Nearby) -> str:
    """A sensor by its name and id."""
    return f"{device.name} ({device.found.host_id})"


def advice(wear: Wear, anterior: Axis) -> str | None:
    """What the wearer should do; None where waiting is all there is to do."""
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


def in_the_way(wear: Wear, anterior: Axis) -> str:
    """Why the sensors' places were not checked to the end."""
    if wear.fault == "no_samples":
        return f"The {wear.sensor} sensor sent too little to see how it is worn."
    return advice(wear, anterior) or f"The {wear.sensor} sensor never lay still."


def sensor_line(sensor: PairedSensor) -> tuple[str, ...]:
    """A stored sensor as cells of a table: name, kind, id, rate, axes."""
    up = f"up {sensor.anterior_axis}" if sensor.anterior_axis else ""
    head = f"head {sensor.cranial_axis}" if sensor.cranial_axis else ""
    axes = ", ".join(filter(None, (up, head))) or "-"
    return sensor.name or "-", sensor.family, sensor.host_id, f"{sensor.rate_hz:g} Hz", axes
