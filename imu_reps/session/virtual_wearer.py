"""A virtual wearer does what the session is at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imu_reps.session.session_events import SetBegan, SetProgress, Told

if TYPE_CHECKING:
    from imu_reps.sources.virtual_source import VirtualWorld


def direct(world: VirtualWorld, told: Told) -> None:
    """Have the wearer begin with a set, and lie down after it as before the next one."""
    match told:
        case SetBegan(number=number):
            world.performance.begin(number, world.air.now_s())
        case SetProgress(state=state) if state.stage == "ended":
            world.performance.rest(world.air.now_s())
