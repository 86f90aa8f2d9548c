"""Processor time of a whole recording session with virtual sensors, per simulated second.

Run by hand: ``python tests/benchmarks/recorder_cpu.py [family ...]``. Everything in the process counts: both
virtual sensors, two Bluetooth stacks and the air between them, bleak's client, decoding, the file, counting,
and the lines shown. A real recording has neither the virtual sensors nor the air.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from imu_reps import RepPlan, SetPlan
from imu_reps.cli.record.plain_session import PlainSession
from imu_reps.sensors.streams import Streams
from imu_reps.session.rehearsal import direct
from imu_reps.session.session import Session
from imu_reps.session.session_events import SessionEvent, SetDone, SetProgress
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.session.set_recorder import SessionFolder
from imu_reps.sim.radio.fast_loop import run
from imu_reps.sources import sensor_requests
from imu_reps.sources.virtual_source import VirtualWorld

MINUTES = 3.0
FAMILIES = ("witmotion", "open_profile", "movesense")

#: Limit as a share of one core, with both sensors at 100 Hz.
LIMIT = 0.15


def recording_share(family: str, folder: Path, minutes: float = MINUTES) -> float:
    """Return processor seconds per simulated second while a set is recorded."""
    world = VirtualWorld(family, [SetPlan(reps=(RepPlan(),) * int(minutes * 11))])
    goal = SetGoal("single_leg_raise", "left", "low", duration_s=60.0 * minutes)
    session_folder = SessionFolder(folder, world.person, lambda: datetime.now(UTC), simulated=True)
    readings: list[tuple[float, float]] = []
    show = PlainSession()

    async def session() -> None:
        async with world:

            def emit(event: SessionEvent) -> None:
                direct(world, event)
                if not isinstance(event, SetDone):  # the report comes once, whatever the length
                    show(event)
                if isinstance(event, SetProgress):
                    readings.append((time.process_time(), event.time_s))

            streams = Streams(world.radio(), sensor_requests(world.person))
            await Session(streams, SessionPlan((goal,)), session_folder, emit).run()

    run(session())
    (cpu_began_s, began_s), (cpu_ended_s, ended_s) = readings[0], readings[-1]
    return (cpu_ended_s - cpu_began_s) / (ended_s - began_s)


def main() -> None:
    """Measure the families named, or all of `FAMILIES`."""
    for family in sys.argv[1:] or FAMILIES:
        with tempfile.TemporaryDirectory() as folder:
            share = recording_share(family, Path(folder))
        print(f"{family}: {100 * share:.1f} % of one core (limit {100 * LIMIT:.0f} %)")


if __name__ == "__main__":
    main()
