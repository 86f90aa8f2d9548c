"""A session with a live page runs for hours, unaffected by viewers that watch or stall."""

from __future__ import annotations

import gc
import os
import socket
import statistics
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from imu_reps import Event, Pipeline, RepPlan, SampleBlock, SetPlan, Settings
from imu_reps.sensors.streams import Streams
from imu_reps.session.session import Session
from imu_reps.session.session_events import SessionEvent, SetBegan, SetDone, SetProgress
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.session.set_recorder import SessionFolder
from imu_reps.sim.radio.fast_loop import run
from imu_reps.sim.wearer import LifePlan
from imu_reps.sources import sensor_requests
from imu_reps.sources.virtual_source import VirtualWorld
from imu_reps.web.server import PageServer
from imu_reps.web.session_view import SessionView

CREATED = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)

#: Queue of a page that reads everything, and of a socket that takes a few updates and then stops reading.
OPEN, STALLED = 64, 2


#: Number of simulated wearers, who do their sets in turn.
WEARERS = 4

#: Number of sets per hour in the day-long session.
SETS_AN_HOUR = 6


@dataclass
class Held:
    """Outcome of a session: its files, the wall-clock time of each progress event, remaining viewers."""

    files: list[Path] = field(default_factory=list)
    progress_s: list[float] = field(default_factory=list)
    viewers_left: int = 0


def _watch(connection: ClientConnection) -> None:
    """Read all messages until the connection closes."""
    try:
        for _ in connection:
            pass
    except ConnectionClosed:
        return


@contextmanager
def viewer(server: PageServer, *, watches: bool) -> Iterator[None]:
    """Connect a viewer that reads everything, or one that never reads its socket."""
    host, port = server.access.hosts[0].split(":")
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20 if watches else 2048)
    plain.connect((host, int(port)))
    with connect(
        f"ws://{host}:{port}/{server.access.view_token}/live",
        sock=plain,
        origin=Origin(f"http://{host}:{port}"),
        proxy=None,
        max_queue=OPEN if watches else STALLED,
        close_timeout=0.5,
    ) as connection:
        if watches:
            threading.Thread(target=_watch, args=(connection,), daemon=True).start()
        yield


def direct_in_turn(world: VirtualWorld, event: SessionEvent) -> None:
    """Start a performance with each set and lie down after it.

    A few wearers take turns, because each performance is computed in memory.
    """
    match event:
        case SetBegan(number=number):
            world.performance.begin(1 + (number - 1) % WEARERS, world.air.now_s())
        case SetProgress(state=state) if state.stage == "ended":
            world.performance.lie_down(1, world.air.now_s())


def hold(
    folder: Path,
    sets: int,
    reps: int,
    *,
    rest_s: float = 20.0,
    speed: float | None = None,
    watching: int = 0,
    stalled: int = 0,
    after_set: Callable[[Held], None] = lambda _: None,
) -> Held:
    """Run a session of virtual sensors with its page and the given numbers of viewers."""
    plan = SetPlan(reps=(RepPlan(),) * (reps + 1), life=LifePlan(still_before_s=4.0))
    world = VirtualWorld("open_profile", [plan] * min(sets, WEARERS))
    goals = tuple(SetGoal("single_leg_raise", "left", "low", reps) for _ in range(sets))
    view = SessionView(goals[0], Settings())
    session_folder = SessionFolder(folder, world.person, lambda: CREATED, simulated=True)
    held = Held()

    def emit(event: SessionEvent) -> None:
        direct_in_turn(world, event)
        view(event)
        if isinstance(event, SetProgress):
            held.progress_s.append(time.perf_counter())
        if isinstance(event, SetDone):
            held.files.append(Path(event.finished.path))
            after_set(held)

    async def session() -> None:
        async with world:
            streams = Streams(world.radio(), sensor_requests(world.person))
            await Session(streams, SessionPlan(goals, rest_s), session_folder, emit).run()

    with PageServer(view.hub, view.ask) as server, ExitStack() as stack:
        view.reports = server.reports
        for number in range(watching + stalled):
            stack.enter_context(viewer(server, watches=number < watching))
        while view.hub.viewers < watching + stalled:
            time.sleep(0.01)
        run(session(), speed)
        held.viewers_left = view.hub.viewers
    return held


def test_stalled_viewers_change_nothing_in_the_file(tmp_path: Path) -> None:
    alone = hold(tmp_path / "alone", sets=1, reps=2)
    watched = hold(tmp_path / "watched", sets=1, reps=2, stalled=2)

    assert [file.read_bytes() for file in watched.files] == [file.read_bytes() for file in alone.files]


@pytest.mark.soak
def test_stalled_viewers_do_not_slow_the_recording(tmp_path: Path) -> None:
    """Two minutes in real time: long enough for viewers that read nothing to be disconnected."""
    quiet, stalling = (
        hold(tmp_path / str(stalled), sets=1, reps=9, speed=1.0, watching=1, stalled=stalled)
        for stalled in (0, 2)
    )
    steps_ms = [1000.0 * np.diff(held.progress_s) for held in (quiet, stalling)]
    for name, step_ms in zip(("one who watches", "and two who stall"), steps_ms, strict=True):
        print(f"\n{name}: from taking to taking, median, p99 ms", np.percentile(step_ms, [50, 99]).round(1))

    assert (quiet.viewers_left, stalling.viewers_left) == (1, 1)
    assert np.median(steps_ms[1]) == pytest.approx(np.median(steps_ms[0]), rel=0.1)
    assert np.percentile(steps_ms[1], 99) < 2.0 * np.percentile(steps_ms[0], 99)


@pytest.mark.soak
def test_two_hours_of_sets_do_not_increase_memory_or_processing_time(tmp_path: Path) -> None:
    """Sets of one minute, rests of one minute, reports; one viewer reads everything, one reads nothing.

    The last quarter is compared with the second, when the report cache is full; the summary of a set, some
    hundred objects, stays in memory until the session is over.
    """
    objects: list[float] = []
    resident_mb: list[float] = []
    took_s: list[float] = []
    began_s = time.process_time()

    def measure(held: Held) -> None:
        nonlocal began_s
        held.progress_s.clear()
        while any(thread.name == "report" for thread in threading.enumerate()):
            time.sleep(0.05)
        took_s.append(time.process_time() - began_s)
        gc.collect()
        objects.append(sys.getallocatedblocks())
        resident_mb.append(_resident_mb())
        began_s = time.process_time()

    held = hold(tmp_path, sets=60, reps=12, rest_s=60.0, watching=1, stalled=1, after_set=measure)
    for name, values in (("objects", objects), ("MB resident", resident_mb), ("s a set", took_s)):
        print(f"\n{name}, second and last quarter: {_quarter(values, 1):.1f}, {_quarter(values, 3):.1f}")

    assert len(held.files) == 60
    assert held.viewers_left == 1
    assert _quarter(objects, 3) < 1.02 * _quarter(objects, 1)
    assert _quarter(resident_mb, 3) < _quarter(resident_mb, 1) + 10.0
    assert _quarter(took_s, 3) < 1.2 * _quarter(took_s, 1)


@dataclass
class Hour:
    """Cost of an hour of a session: resident memory after each set, and the processor time of its pushes."""

    resident_mb: list[float] = field(default_factory=list)
    push_ms: array[float] = field(default_factory=lambda: array("f"))  # a list of floats would grow

    @property
    def p99_ms(self) -> float:
        """99th percentile of the processor time of a push."""
        return float(np.percentile(self.push_ms, 99))


@pytest.mark.soak
@pytest.mark.faults
def test_a_day_of_sets_and_rests_does_not_increase_memory_or_processing_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sets of 2.5 minutes with rests of 7.5 minutes, as fast as the processor goes.

    24 hours, or the number given by ``IMU_REPS_SOAK_HOURS``; one viewer reads everything, one reads nothing.
    """
    hours = int(os.environ.get("IMU_REPS_SOAK_HOURS", "24"))
    hour_costs = [Hour() for _ in range(hours)]
    push = Pipeline.push
    held_sets = 0

    def timed(pipeline: Pipeline, *blocks: SampleBlock) -> list[Event]:
        began_s = time.thread_time()
        events = push(pipeline, *blocks)
        hour_costs[min(held_sets // SETS_AN_HOUR, hours - 1)].push_ms.append(
            1000.0 * (time.thread_time() - began_s)
        )
        return events

    def measure(held: Held) -> None:
        nonlocal held_sets
        held.progress_s.clear()
        while any(thread.name == "report" for thread in threading.enumerate()):
            time.sleep(0.05)
        gc.collect()
        hour = hour_costs[held_sets // SETS_AN_HOUR]
        hour.resident_mb.append(_resident_mb())
        held_sets += 1
        if held_sets % SETS_AN_HOUR == 0:
            resident_mb, number = statistics.median(hour.resident_mb), held_sets // SETS_AN_HOUR
            figures = f"{resident_mb:.1f} MB resident, p99 of {len(hour.push_ms)} pushes {hour.p99_ms:.2f} ms"
            with capsys.disabled():
                print(f"\nhour {number}: {figures}", end="", flush=True)

    monkeypatch.setattr(Pipeline, "push", timed)
    held = hold(tmp_path, SETS_AN_HOUR * hours, 30, rest_s=450.0, watching=1, stalled=1, after_set=measure)
    first, last = hour_costs[0], hour_costs[-1]

    assert len(held.files) == SETS_AN_HOUR * hours
    assert statistics.median(last.resident_mb) < 1.05 * statistics.median(first.resident_mb)
    assert last.p99_ms < 1.25 * first.p99_ms


def _quarter(values: list[float], number: int) -> float:
    """Return the median of a quarter, numbered from 0."""
    size = len(values) // 4
    return statistics.median(values[number * size : (number + 1) * size])


def _resident_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1000.0
