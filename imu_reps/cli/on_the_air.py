"""Which radio a command uses: the computer's Bluetooth, or a virtual one with two sensors on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from imu_reps.cli.sensor_options import computers_radio

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Radio
    from imu_reps.sources.virtual_source import VirtualWorld

T = TypeVar("T")
Work = Callable[["Radio", "VirtualWorld | None"], Awaitable[T]]

#: The family of virtual sensors where none is named: the one that anyone can build.
USUAL_FAMILY = "open_profile"


def virtual_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--virtual`: try the command without hardware."""
    option = click.option(
        "--virtual",
        is_flag=False,
        flag_value=USUAL_FAMILY,
        default=None,
        metavar="[FAMILY]",
        help="No hardware: two virtual sensors on a virtual air.",
    )
    return option(command)


def on_the_air(virtual: str | None, work: Work[T]) -> T:
    """Run `work` with the computer's Bluetooth, or with virtual sensors as fast as they go."""
    if virtual is None:
        return asyncio.run(_with_bluetooth(work))
    from imu_reps.sim.radio.fast_loop import run

    return run(_with_virtual_sensors(virtual, work))


async def _with_bluetooth(work: Work[T]) -> T:
    return await work(computers_radio(), None)


async def _with_virtual_sensors(family: str, work: Work[T]) -> T:
    from imu_reps.sim.wearer import Act, LifePlan, SetPlan
    from imu_reps.sources.virtual_source import VirtualWorld

    stands = SetPlan(life=LifePlan(before=(Act("walk", 3.0), Act("stand", 8.0), Act("lie_down", 4.0))))
    async with VirtualWorld(family, [SetPlan(), stands]) as world:
        return await work(world.radio(), world)
