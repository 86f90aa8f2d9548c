"""How prompt and how cheap the page is, in real time; run by hand with ``-m soak -s`` on a quiet machine.

Conditions: a simulated minute of two sensors at 100 Hz, over loopback, one Chromium that watches, 30
pictures a second. A sample's delay begins with its own arrival: it waits for the others of its slot.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import threading
import time
import tracemalloc
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imu_reps import Recording, SetPlan, Settings, save, simulate
from imu_reps.domain.tempo import Tempo
from imu_reps.sim.wearer import LifePlan, RepPlan
from imu_reps.view.played_set import slots
from imu_reps.view.scene import first_picture
from imu_reps.web.hub import Hub
from imu_reps.web.playing import Following, Player
from imu_reps.web.server import PageServer

pytestmark = pytest.mark.soak

MOST_DELAY_MS = 60.0
MOST_CORE = 0.15


@pytest.fixture(scope="module")
def minute() -> Recording:
    """A minute with a metronome: many events."""
    plan = SetPlan(
        reps=(RepPlan(),) * 10,
        life=LifePlan(still_before_s=4.0, rest_after_s=4.6),
        tempo_target=Tempo(2, 0, 2, 0),
    )
    return simulate(plan).recording


def test_what_happens_is_on_the_page_at_once(minute: Recording, stamped: Any) -> None:
    hub = Hub(first_picture(minute.header, Settings()))
    following = Following(minute, Settings(), hub)
    arrived_ms: list[float] = []
    arrival_ms = 0.0
    show = hub.show

    def noted(picture: Any, *moments: Any) -> None:
        if moments:
            arrived_ms.append(arrival_ms)
        show(picture, *moments)

    hub.show = noted  # type: ignore[method-assign]
    with PageServer(hub, [].append) as server:
        seen = stamped(server.access.view_link)

        def play() -> None:
            nonlocal arrival_ms
            began_s = time.time()
            for until_s, blocks in slots(minute):
                time.sleep(max(0.0, began_s + until_s - time.time()))
                arrival_ms = 1000.0 * (began_s + min(float(block.time_s[0]) for block in blocks))
                following.push(blocks, until_s)

        player = threading.Thread(target=play)
        player.start()
        while player.is_alive():
            seen.wait_for_timeout(200)
        seen.wait_for_timeout(300)
        stamps = np.array(seen.evaluate("stamps"))
        seen.close()
    taken_ms, painted_ms = (stamps[:, column] - np.array(arrived_ms) for column in (0, 1))
    for name, delay_ms in (("taken in", taken_ms), ("painted", painted_ms)):
        print(
            f"\n{len(delay_ms)} events {name}: median, p95, worst ms",
            np.percentile(delay_ms, [50, 95, 100]).round(1),
        )

    assert len(stamps) > 30
    assert np.percentile(taken_ms, 95) <= MOST_DELAY_MS
    assert np.percentile(painted_ms, 95) <= MOST_DELAY_MS


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
        for seen in pages:
            seen.close()
        replay.terminate()
    print(f"\n{viewers} viewers: {share:.1%} of one core")

    assert share <= MOST_CORE


def test_two_hours_with_stalled_viewers_cost_no_memory_and_no_time(minute: Recording) -> None:
    """The pictures and moments of 120 such minutes, as fast as the viewer who watches takes them."""
    hub = Hub(first_picture(minute.header, Settings()))
    shown = _one_set(minute)
    sizes, took_s = [], []
    with PageServer(hub, [].append) as server, ExitStack() as stack:
        watching = _viewers(server, stack, watching=1, stalled=2)
        tracemalloc.start()
        for _ in range(121):
            began_s = time.perf_counter()
            for picture, moments in shown:
                hub.show(picture, *moments)
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
    """Everything that is shown of a set."""
    hub = Hub(first_picture(minute.header, Settings()))
    following = Following(minute, Settings(), hub)
    shown: list[tuple[Any, tuple[Any, ...]]] = []
    show = hub.show

    def kept(picture: Any, *moments: Any) -> None:
        shown.append((picture, moments))
        show(picture, *moments)

    hub.show = kept  # type: ignore[method-assign]
    for until_s, blocks in slots(minute):
        following.push(blocks, until_s)
    return shown


def _viewers(server: PageServer, stack: ExitStack, *, watching: int, stalled: int) -> list[threading.Thread]:
    """Viewers who take what they are sent, and viewers who do not; gives the first ones' threads."""
    from websockets.sync.client import connect

    host = server.access.hosts[0]
    threads = []
    for number in range(watching + stalled):
        socket = stack.enter_context(
            connect(f"ws://{host}/live", origin=f"http://{host}", proxy=None, max_queue=4)  # type: ignore[arg-type]
        )
        socket.send(json.dumps({"token": server.access.view_token}))
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


def test_a_page_that_watches_for_long_stays_at_speed(visit: Any, minute: Recording) -> None:
    """A minute at ten times the speed: the page's own memory and elements stay as they were."""
    player = Player(minute, Settings(), 10.0)
    with PageServer(player.hub, player.ask) as server:
        playing = threading.Thread(target=player.run, args=(server.reports,))
        playing.start()
        seen = visit(server.access.control_link)
        sizes = []
        for _ in range(8):
            seen.get_by_role("button", name="Start").click()
            seen.wait_for_timeout(8000)
            sizes.append(
                seen.evaluate("[document.querySelectorAll('*').length, performance.memory.usedJSHeapSize]")
            )
        player.close()
        playing.join()
    print("\nelements and heap after each set", sizes)

    assert len({elements for elements, _ in sizes}) == 1
    assert sizes[-1][1] < 2 * sizes[0][1] + 10e6
