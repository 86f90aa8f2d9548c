"""Latency and cost of the page in real time; run by hand with ``-m soak -s`` on a quiet machine.

Conditions: a simulated minute of two sensors at 100 Hz, over loopback, one Chromium that watches, 30
snapshots a second. The latency of what is shown is tested by test_record_figures.py.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
import tracemalloc
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from imu_reps import Recording, RepPlan, SetPlan, Settings, Tempo, save, simulate
from imu_reps.cli.replay import play
from imu_reps.domain.cue import DEFAULT_SPEECH
from imu_reps.session.rehearsal import replay_goal
from imu_reps.sim.wearer import LifePlan
from imu_reps.view.session_snapshot import initial_snapshot
from imu_reps.web.hub import Hub
from imu_reps.web.server import PageServer
from imu_reps.web.session_view import SessionView

pytestmark = pytest.mark.soak

MAX_CORE = 0.15


@pytest.fixture(scope="module")
def minute() -> Recording:
    """A minute with a metronome, which has many events."""
    plan = SetPlan(
        reps=(RepPlan(),) * 10,
        life=LifePlan(still_before_s=4.0, rest_after_s=4.6),
        tempo_target=Tempo(2, 0, 2, 0),
    )
    return simulate(plan).recording


@pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="processor time of a process is read from /proc"
)
@pytest.mark.parametrize("viewers", [1, 3])
def test_server_and_pipeline_need_little_of_one_core(
    minute: Recording, visit: Any, tmp_path: Path, viewers: int
) -> None:
    save(minute, tmp_path / "set.csv")
    words = [sys.executable, "-u", "-m", "imu_reps", "replay", str(tmp_path / "set.csv"), "--page"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as replay:
        assert replay.stdout is not None
        link = replay.stdout.readline().split()[-1]
        pages = [visit(link) for _ in range(viewers)]
        pages[0].get_by_role("button", name="Start").click()
        pages[0].wait_for_timeout(3000)
        before_s, began_s = _processor_s(replay.pid), time.monotonic()
        pages[0].wait_for_timeout(45_000)
        share = (_processor_s(replay.pid) - before_s) / (time.monotonic() - began_s)
        for tab in pages:
            tab.close()
        replay.terminate()
    print(f"\n{viewers} viewers: {share:.1%} of one core")

    assert share <= MAX_CORE


def test_two_hours_with_stalled_viewers_do_not_increase_memory_or_time(minute: Recording) -> None:
    """Show the snapshots and moments of 120 such minutes, as fast as the watching viewer reads them."""
    hub = Hub(initial_snapshot(minute.header, Settings()))
    shown = _one_set(minute)
    sizes, took_s = [], []
    with PageServer(hub, [].append) as server, ExitStack() as stack:
        watching = _viewers(server, stack, watching=1, stalled=2)
        tracemalloc.start()
        for _ in range(121):
            began_s = time.perf_counter()
            for snapshot, moments in shown:
                hub.show(snapshot, *moments)
            took_s.append(time.perf_counter() - began_s)
            time.sleep(0.2)
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        alive = watching[0].is_alive()
    print(f"\n{sizes[0] / 1e6:.1f} MB after a minute, {sizes[-1] / 1e6:.1f} MB after two hours")
    print(f"showing a minute {1000 * took_s[0]:.0f} ms at first, {1000 * took_s[-1]:.0f} ms at the end")

    assert alive
    assert sizes[-1] - sizes[1] < 1e6
    assert max(took_s) < 1.0


def _one_set(minute: Recording) -> list[tuple[Any, tuple[Any, ...]]]:
    """Return everything that is shown of a set."""
    view = SessionView(replay_goal(minute), Settings())
    shown: list[tuple[Any, tuple[Any, ...]]] = []
    show = view.hub.show

    def note(snapshot: Any, *moments: Any) -> None:
        shown.append((snapshot, moments))
        show(snapshot, *moments)

    view.hub.show = note  # type: ignore[method-assign]
    play(minute, Settings(), DEFAULT_SPEECH, None, view, view)
    return shown


def _viewers(server: PageServer, stack: ExitStack, *, watching: int, stalled: int) -> list[threading.Thread]:
    """Connect viewers that read what they are sent, and viewers that do not; return the former's threads."""
    from websockets.sync.client import connect

    host, token = server.access.hosts[0], server.access.view_token
    threads = []
    for number in range(watching + stalled):
        socket = stack.enter_context(
            connect(f"ws://{host}/{token}/live", origin=f"http://{host}", proxy=None, max_queue=4)  # type: ignore[arg-type]
        )
        if number < watching:
            threads.append(threading.Thread(target=_drain, args=(socket,), daemon=True))
            threads[-1].start()
    return threads


def _drain(socket: Any) -> None:
    from websockets.exceptions import ConnectionClosed

    try:
        while True:
            socket.recv()
    except ConnectionClosed:
        return


def _processor_s(pid: int) -> float:
    import os

    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_page_watched_for_long_stays_fast(visit: Any, minute: Recording) -> None:
    """A minute at ten times the speed: memory and elements of the page stay constant."""
    view = SessionView(replay_goal(minute), Settings())

    def play_all() -> None:
        while view.wait_for_start():
            play(minute, Settings(), DEFAULT_SPEECH, 10.0, view, view)

    with PageServer(view.hub, view.ask) as server:
        view.reports = server.reports
        playing = threading.Thread(target=play_all)
        playing.start()
        tab = visit(server.access.control_link)
        sizes = []
        for _ in range(8):
            tab.get_by_role("button", name="Start").click()
            tab.wait_for_timeout(8000)
            sizes.append(
                tab.evaluate("[document.querySelectorAll('*').length, performance.memory.usedJSHeapSize]")
            )
        view.close()
        playing.join()
    print("\nelements and heap after each set", sizes)

    assert len({elements for elements, _ in sizes}) == 1
    assert sizes[-1][1] < 2 * sizes[0][1] + 10e6
