"""``imu-reps watch``: what both sensors read, live and raw."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import rich_console, say
from imu_reps.cli.on_the_air import on_the_air, virtual_option
from imu_reps.cli.sensor_options import sensor_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.table import Table

    from imu_reps.domain.samples import SampleBlock, SensorPlace
    from imu_reps.sensors.ble import Radio
    from imu_reps.sensors.streams import SensorStatus
    from imu_reps.sources.virtual_source import VirtualWorld
    from imu_reps.storage.profile import Person

    Tell = Callable[[float, dict[SensorPlace, SampleBlock], dict[SensorPlace, SensorStatus]], None]

#: Shown is the mean of the last so many seconds, anew as often; in a file or a pipe a line a second.
MEAN_S, LINE_S = 0.2, 1.0


@click.command()
@click.option("--person", metavar="NAME", help="Whose sensors, if several persons are paired.")
@click.option("--seconds", type=click.FloatRange(1), help="How long. [default: until Ctrl-C]")
@click.option(
    "--blink",
    type=click.Choice(("pelvis", "ankle")),
    help="Have this sensor blink or buzz first, where it can.",
)
@virtual_option
@sensor_options
def watch(person: str | None, seconds: float | None, blink: SensorPlace | None, virtual: str | None) -> None:
    """Show what both sensors read, live: acceleration, turning, rate, losses and battery.

    Nothing is recorded. To see whether a sensor streams, which one it is, and which side is up: the axis that
    reads +9.8 at rest.
    """
    from imu_reps.storage.profile_file import load_profiles

    if virtual is not None and person is not None:
        raise click.UsageError("Virtual sensors are worn by nobody; leave out --person.")
    who = None if virtual is not None else load_profiles().person(person)
    length = 10.0 if seconds is None and virtual is not None else seconds
    with contextlib.suppress(KeyboardInterrupt):
        on_the_air(virtual, partial(_watch, who=who, seconds=length, blink=blink))


async def _watch(
    radio: Radio,
    world: VirtualWorld | None,
    *,
    who: Person | None,
    seconds: float | None,
    blink: SensorPlace | None,
) -> None:
    from imu_reps.sensors.streams import Streams
    from imu_reps.setup.pairing import Latest, next_items
    from imu_reps.sources.radio_source import wanted

    if world is not None:
        world.performance.begin(1, world.air.now_s())
    sensors = wanted(_person(who, world))
    streams, latest = Streams(radio, sensors), Latest(MEAN_S, {p: w.rate_hz for p, w in sensors.items()})
    say("Connecting ...")
    try:
        await streams.open()
        if blink is not None:
            asked = await streams.identify(blink)
            say(f"The {blink} sensor {'was asked to blink' if asked else 'cannot be asked to blink'}.")
        began_s = asyncio.get_running_loop().time()
        until_s = began_s + (seconds or float("inf"))
        with _shown() as tell:
            while (items := await next_items(streams, until_s)) is not None:
                latest.take(items)
                tell(asyncio.get_running_loop().time() - began_s, latest.whole(), streams.status())
    finally:
        await streams.close()


def _person(who: Person | None, world: VirtualWorld | None) -> Person:
    """Whose sensors: a paired person's, or those of a virtual world."""
    known = world.person if who is None and world is not None else who
    assert known is not None
    return known


@contextlib.contextmanager
def _shown() -> Iterator[Tell]:
    """What shows the readings at a time: a table that is drawn over, or lines."""
    if not sys.stdout.isatty():
        yield _Lines()
        return
    from rich.live import Live

    with Live(console=rich_console(), refresh_per_second=5, transient=False) as live:
        yield lambda time_s, blocks, status: live.update(_table(time_s, blocks, status))


class _Lines:
    """A line a sensor and second."""

    def __init__(self) -> None:
        self._next_s = 0.0

    def __call__(
        self,
        time_s: float,
        blocks: dict[SensorPlace, SampleBlock],
        status: dict[SensorPlace, SensorStatus],
    ) -> None:
        if time_s < self._next_s:
            return
        self._next_s += LINE_S
        for place, block in blocks.items():
            say(f"{time_s:5.1f} s  {place:6}  {'  '.join(_cells(block, status[place]))}")


def _cells(block: SampleBlock, status: SensorStatus) -> list[str]:
    """Acceleration, turning, battery, as they are written."""
    acc = " ".join(f"{value:+6.1f}" for value in block.acc_mps2.mean(axis=0))
    gyr = " ".join(f"{value:+7.1f}" for value in block.gyr_dps.mean(axis=0))
    battery = "-" if status.battery_percent is None else f"{status.battery_percent:.0f} %"
    return [f"{acc} m/s²", f"{gyr} °/s", f"battery {battery}"]


def _table(
    time_s: float, blocks: dict[SensorPlace, SampleBlock], status: dict[SensorPlace, SensorStatus]
) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, title=f"{time_s:.0f} s · Ctrl-C ends", title_justify="left")
    for head in ("", "x      y      z, acceleration", "x       y       z, turning", ""):
        table.add_column(head, no_wrap=True)
    for place, block in blocks.items():
        table.add_row(place, *_cells(block, status[place]))
    return table
