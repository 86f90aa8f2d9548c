"""Latency and cost of the page of a recording in real time; by hand with ``-m soak -s``, when quiet.

Conditions: virtual sensors at 100 Hz and their radio in the same process, over loopback, Chromium that
watches, 30 snapshots a second. The delay of a moment begins with the arrival of the oldest packet that was
taken together with the one it follows from.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest

from imu_reps import RepPlan, SampleBlock, SetPlan, Settings
from imu_reps.sensors.stream_items import Item
from imu_reps.sensors.streams import Streams
from imu_reps.session.rehearsal import direct
from imu_reps.session.session import Session
from imu_reps.session.session_events import Resting, SessionEvent, SetProgress
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.session.set_recorder import SessionFolder
from imu_reps.sim.radio.fast_loop import run
from imu_reps.sim.wearer import LifePlan
from imu_reps.sources import sensor_requests
from imu_reps.sources.virtual_source import VirtualWorld
from imu_reps.view.session_snapshot import Moment, Snapshot
from imu_reps.web.server import PageServer
from imu_reps.web.session_view import SessionView

pytestmark = pytest.mark.soak

MAX_DELAY_MS = 60.0
MAX_CORE = 0.15
RUNS = 3

GOAL = SetGoal("single_leg_raise", "left", "low", reps=9)
PLAN = SetPlan(reps=(RepPlan(),) * 10, life=LifePlan(still_before_s=4.0, rest_after_s=4.6))

#: Everything of a recording except the recording: both sensors, the radio, bleak's client.
THE_WORLD_ALONE = """
import asyncio, sys
from imu_reps.sensors.streams import Streams
from imu_reps.sim.wearer import RepPlan, SetPlan
from imu_reps.sim.radio.fast_loop import run
from imu_reps.sources.virtual_source import VirtualWorld
from imu_reps.sources import sensor_requests

async def stream():
    async with VirtualWorld(sys.argv[1], [SetPlan(reps=(RepPlan(),) * 12)]) as world:
        streams = Streams(world.radio(), sensor_requests(world.person))
        await streams.open()
        world.performance.begin(1, world.air.now_s())
        print("streaming", flush=True)
        while True:
            await streams.items()

run(stream(), 1.0)
"""


class Recorded:
    """A recording of one set with its page, in a thread; notes the arrivals that moments follow from."""

    def __init__(self, family: str, folder: Path) -> None:
        self._world = VirtualWorld(family, [PLAN])
        self._session_folder = SessionFolder(
            folder, self._world.person, lambda: datetime.now(UTC), simulated=True
        )
        self._loop_began_s = self._oldest_s = np.inf
        self._arrived_s: list[float] = []
        self.view = SessionView(GOAL, Settings())
        self._show = self.view.hub.show
        self.view.hub.show = self._noted  # type: ignore[method-assign]
        self.thread = threading.Thread(target=lambda: run(self._record(), 1.0))

    @property
    def arrived_ms(self) -> np.ndarray:
        """Wall-clock time of the arrival each moment follows from, ms; infinite where there is none."""
        return 1000.0 * (self._loop_began_s + np.array(self._arrived_s))

    async def _record(self) -> None:
        async with self._world:
            streams = Streams(self._world.radio(), sensor_requests(self._world.person))
            handed_out = streams.items

            async def timed_items() -> list[Item]:
                items = await handed_out()
                arrived_s = [float(item.time_s[0]) for item in items if isinstance(item, SampleBlock)]
                self._oldest_s = min([self._oldest_s, *arrived_s])
                return items

            streams.items = timed_items  # type: ignore[method-assign]
            await Session(streams, SessionPlan((GOAL,)), self._session_folder, self._emit).run()

    def _emit(self, event: SessionEvent) -> None:
        # The loop's time stands still while something runs: the least difference is the true one.
        self._loop_began_s = min(self._loop_began_s, time.time() - asyncio.get_running_loop().time())
        direct(self._world, event)
        self.view(event)
        if isinstance(event, SetProgress | Resting):
            self._oldest_s = np.inf

    def _noted(self, snapshot: Snapshot, *moments: Moment) -> None:
        self._arrived_s += [self._oldest_s] * len(moments)
        self._show(snapshot, *moments)


def delays_ms(recorded: Recorded, stamped: Any) -> np.ndarray:
    """Return the time from arrival to reception and to painting of each moment, (n, 2), ms."""
    with PageServer(recorded.view.hub, recorded.view.ask) as server:
        tab = stamped(server.access.view_link)
        recorded.thread.start()
        while recorded.thread.is_alive():
            tab.wait_for_timeout(200)
        tab.wait_for_timeout(300)
        stamps = np.array(tab.evaluate("stamps"))
        tab.close()
    arrived_ms = recorded.arrived_ms
    on_page_ms = np.repeat(stamps[:, :2], stamps[:, 2].astype(int), axis=0)
    follows = np.isfinite(arrived_ms)
    assert len(on_page_ms) == len(arrived_ms)
    return np.asarray(on_page_ms[follows] - arrived_ms[follows, None])


@pytest.mark.parametrize("family", ["open_profile", "witmotion"])
def test_events_are_on_the_page_at_once(family: str, stamped: Any, tmp_path: Path) -> None:
    p95 = []
    for number in range(RUNS):
        found_ms = delays_ms(Recorded(family, tmp_path / str(number)), stamped)
        figures = np.percentile(found_ms, [50, 95, 100], axis=0).T.round(1)
        print(f"\n{family}, {len(found_ms)} moments, median, p95, worst ms: taken in, painted", *figures)
        assert len(found_ms) > 15
        p95.append(figures[:, 1])
    taken_in_ms, painted_ms = (median(column) for column in zip(*p95, strict=True))

    assert taken_in_ms <= MAX_DELAY_MS
    assert painted_ms <= MAX_DELAY_MS


@pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="processor time of a process is read from /proc"
)
@pytest.mark.parametrize("viewers", [1, 3])
def test_server_and_pipeline_need_little_of_one_core(viewers: int, visit: Any, tmp_path: Path) -> None:
    """Processor time of the same recording, beyond that of the virtual sensors and their radio."""
    with started("-c", THE_WORLD_ALONE, "open_profile") as world:
        assert world.stdout is not None
        world.stdout.readline()
        alone = share_of(world.pid)
    words = ["record", "--virtual", "open_profile", "--speed", "1", "--page", "--duration", "60", "--quiet"]
    with started("-m", "imu_reps", *words, "--folder", str(tmp_path)) as recording:
        assert recording.stdout is not None
        link = next(line.split()[-1] for line in recording.stdout if line.startswith("Page"))
        pages = [visit(link) for _ in range(viewers)]
        pages[0].wait_for_timeout(3000)
        whole = share_of(recording.pid)
        for tab in pages:
            tab.close()
    print(
        f"\n{viewers} viewers: {whole:.1%} of one core, {alone:.1%} of it the virtual sensors and their air"
    )

    assert whole - alone <= MAX_CORE


@contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[str]]:
    """Start a Python process and end it afterwards."""
    with subprocess.Popen([sys.executable, "-u", *words], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def share_of(pid: int, watched_s: float = 40.0) -> float:
    """Return the processor time of a process per real time."""
    before_s, began_s = _processor_s(pid), time.monotonic()
    time.sleep(watched_s)
    return (_processor_s(pid) - before_s) / (time.monotonic() - began_s)


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
