"""Sensors as far as the program can tell: what is kept, and said, while they are disconnected."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from imu_reps import load
from imu_reps.storage.history_store import History

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

#: ``imu-reps record`` over a virtual air at ten times the speed; disconnecting takes eight real seconds.
A_COMPUTER = """
import asyncio, sys
from functools import partial
from types import SimpleNamespace
from imu_reps.cli.main import main
from imu_reps.cli.record import run
from imu_reps.sensors import ble, streams
from imu_reps.session.rehearsal import direct
from imu_reps.sim.radio import fast_loop
from imu_reps.sim.wearer import RepPlan, SetPlan
from imu_reps.sources.virtual_source import VirtualWorld

world = VirtualWorld("open_profile", [SetPlan(reps=(RepPlan(),) * 3)])
emit_to_all, close = run.to_all, streams.Streams.close

async def on_the_air(session):
    async with world:
        return await session

async def slowly(self):
    await asyncio.sleep(80.0)
    await close(self)

asyncio.run = lambda session: fast_loop.run(on_the_air(session), 10.0)
streams.Streams.close = slowly
ble.Radio = lambda adapter=None: world.radio()
run.load_profiles = lambda: SimpleNamespace(person=lambda name: world.person, persons=())
run.to_all = lambda listeners: emit_to_all([partial(direct, world), *listeners])
main(["record", "--reps", "3", "--side", "left", *sys.argv[1:]])
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    return tmp_path


def started(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-c", A_COMPUTER, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )


def said_at(process: subprocess.Popen[str], words: str) -> tuple[float, str]:
    """When a process says this, and the line."""
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return time.monotonic(), line
    raise AssertionError(f"it never said {words!r}")


@pytest.mark.usefixtures("home")
def test_what_it_means_for_the_next_time_is_said_before_the_sensors_are_disconnected() -> None:
    with started("--quiet") as process:
        over_s, _ = said_at(process, "set over, 3 reps")
        next_s, _ = said_at(process, "Next time")
        with History() as history:
            remembered = [
                stored.summary.set.rep_count for stored in history.sets(person=history.persons()[0])
            ]
        process.wait(timeout=30)
        ended_s = time.monotonic()

    print(f"said {next_s - over_s:.1f} s after the set, disconnected after {ended_s - over_s:.1f} s")
    assert remembered == [3]
    assert next_s - over_s < 0.5 * (ended_s - over_s)
    assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_is_said_on_the_page_outlives_a_signal(home: Path, number: signal.Signals) -> None:
    with started("--quiet", "--page") as process:
        _, line = said_at(process, "Page:")
        address, _, token = line.split()[-1].removeprefix("http://").partition("/#")
        said_at(process, "The report is on the page")
        with connect(f"ws://{address}/live", origin=Origin(f"http://{address}"), proxy=None) as viewer:
            viewer.send(json.dumps({"token": token}))
            viewer.send(json.dumps({"do": "pain", "value": 3}))
            viewer.send(json.dumps({"do": "effort", "value": 6}))
            while json.loads(viewer.recv(timeout=10.0)).get("picture", {}).get("effort") != 6:
                pass
        time.sleep(0.5)
        process.send_signal(number)
        process.wait(timeout=30)
    (file,) = (home / "recordings").glob("*.csv")
    with History() as history:
        (stored,) = history.sets(person=history.persons()[0])

    assert {n.key: n.value for n in load(file).notes if n.key in ("pain", "effort")} == {
        "pain": "3",
        "effort": "6",
    }
    assert (stored.pain, stored.effort) == (3, 6)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_page_is_not_served_on_by_a_program_that_was_ended_in_mid_set(
    home: Path, number: signal.Signals
) -> None:
    with started("--quiet", "--page", "--reps", "9") as process:
        said_at(process, " s  2")
        process.send_signal(number)
        process.wait(timeout=30)
    (file,) = (home / "recordings").glob("*.csv")
    with History() as history:
        sets = history.sets(person=history.persons()[0])

    assert process.returncode == 0
    assert load(file).notes[-1].value == "user"
    assert len(sets) == 1
