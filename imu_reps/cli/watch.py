"""``imu-reps watch``: show live readings of both sensors."""

from __future__ import annotations

import contextlib
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import echo, rich_console, what_ends
from imu_reps.cli.shared_options import NumberRange, run_with_radio, sensor_options, virtual_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.table import Table

    from imu_reps.domain.samples import SampleBlock, SensorPlace
    from imu_reps.sensors.ble import Radio
    from imu_reps.sensors.stream_items import SensorStatus
    from imu_reps.sources.virtual_source import VirtualWorld
    from imu_reps.storage.profile import Person

    ShowReadings = Callable[[float, dict[SensorPlace, SampleBlock], dict[SensorPlace, SensorStatus]], None]

#: Averaging time and refresh interval in a terminal; interval of lines in a file or pipe.
MEAN_S, LINE_S = 0.2, 1.0


@click.command()
@click.option("--person", metavar="NAME", help="Whose sensors, if several persons are paired.")
@click.option("--seconds", type=NumberRange(1), help="How long. [default: until Ctrl-C]")
@click.option(
    "--blink",
    type=click.Choice(("pelvis", "ankle")),
    help="Have this sensor blink or buzz first, where it can.",
)
@virtual_option()
@sensor_options
def watch(person: str | None, seconds: float | None, blink: SensorPlace | None, virtual: str | None) -> None:
    """Show what both sensors read, live: acceleration, turning, rate, losses and battery.

    Nothing is recorded. To see whether a sensor streams, which one it is, and which side is up: the axis that
    reads +9.8 at rest.
    """
    from imu_reps.storage.profile import load_profiles

    if virtual is not None and person is not None:
        raise click.UsageError("Virtual sensors are worn by nobody; leave out --person.")
    wearer = None if virtual is not None else load_profiles().person(person)
    length = 10.0 if seconds is None and virtual is not None else seconds
    with contextlib.suppress(KeyboardInterrupt):
        run_with_radio(virtual, partial(_watch, wearer=wearer, seconds=length, blink=blink))


async def _watch(
    radio: Radio,
    world: VirtualWorld | None,
    *,
    wearer: Person | None,
    seconds: float | None,
    blink: SensorPlace | None,
) -> None:
    from imu_reps.sensors.stream_items import loop_time_s
    from imu_reps.sensors.streams import Streams
    from imu_reps.setup.pairing import RecentSamples, next_items
    from imu_reps.sources import sensor_requests

    if world is not None:
        world.performance.begin(1, world.air.now_s())
    person = world.person if wearer is None and world is not None else wearer
    assert person is not None
    sensors = sensor_requests(person)
    streams = Streams(radio, sensors)
    latest = RecentSamples(MEAN_S, {place: want.rate_hz for place, want in sensors.items()})
    echo("Connecting ...")
    try:
        await streams.open()
        if blink is not None:
            asked = await streams.identify(blink)
            echo(f"The {blink} sensor {'was asked to blink' if asked else 'cannot be asked to blink'}.")
        began_s = loop_time_s()
        until_s = began_s + (seconds or float("inf"))
        with _shown() as show:
            while (items := await next_items(streams, until_s)) is not None:
                latest.take(items)
                show(loop_time_s() - began_s, latest.whole(), streams.status())
    finally:
        await streams.close()


@contextlib.contextmanager
def _shown() -> Iterator[ShowReadings]:
    """Yield a function that shows readings: in a live table, or as lines."""
    if not sys.stdout.isatty():
        yield _Lines()
        return
    from rich.live import Live

    with Live(console=rich_console(), refresh_per_second=5, transient=False) as live:
        yield lambda time_s, blocks, status: live.update(_table(time_s, blocks, status))


class _Lines:
    """Print a line per sensor and second."""

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
            echo(f"{time_s:5.1f} s  {place:6}  {'  '.join(_cells(block, status[place]))}")


def _cells(block: SampleBlock, status: SensorStatus) -> list[str]:
    acc = " ".join(f"{value:+6.1f}" for value in block.acc_mps2.mean(axis=0))
    gyr = " ".join(f"{value:+7.1f}" for value in block.gyr_dps.mean(axis=0))
    battery = "-" if status.battery_percent is None else f"{status.battery_percent:.0f} %"
    return [f"{acc} m/s²", f"{gyr} °/s", f"battery {battery}"]


def _table(
    time_s: float, blocks: dict[SensorPlace, SampleBlock], status: dict[SensorPlace, SensorStatus]
) -> Table:
    from rich.table import Table

    table = Table(
        box=None, pad_edge=False, title=f"{time_s:.0f} s · {what_ends()} ends", title_justify="left"
    )
    for head in ("", "x      y      z, acceleration", "x       y       z, turning", ""):
        table.add_column(head, no_wrap=True)
    for place, block in blocks.items():
        table.add_row(place, *_cells(block, status[place]))
    return table
