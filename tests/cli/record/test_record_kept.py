"""What is stored and printed after a set while the sensors are still disconnecting, and after a signal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from programs import Program, in_terminal
from websockets.sync.client import connect
from websockets.typing import Origin

from imu_reps import load
from imu_reps.storage.history_store import History

pytestmark = [pytest.mark.faults, pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")]

#: ``imu-reps record`` with virtual sensors at ten times the speed; first argument: time to disconnect in s.
RECORD_VIRTUALLY = """
import asyncio, sys
from functools import partial
from types import SimpleNamespace
from imu_reps.__main__ import main
from imu_reps.cli.record import run
from imu_reps.sensors import ble, streams
from imu_reps.session.rehearsal import direct
from imu_reps.sim.radio import fast_loop
from imu_reps.sim.wearer import RepPlan, SetPlan
from imu_reps.sources.virtual_source import VirtualWorld

disconnecting_s = float(sys.argv.pop(1))
world = VirtualWorld("open_profile", [SetPlan(reps=(RepPlan(),) * 3)])
emit_to_all, close = run.broadcast, streams.Streams.close

async def on_the_air(session):
    async with world:
        return await session

async def slowly(self):
    await asyncio.sleep(disconnecting_s)
    await close(self)

asyncio.run = lambda session: fast_loop.run(on_the_air(session), 10.0)
streams.Streams.close = slowly
ble.Radio = lambda adapter=None: world.radio()
run.load_profiles = lambda: SimpleNamespace(person=lambda name: world.person, persons=())
run.broadcast = lambda listeners: emit_to_all([partial(direct, world), *listeners])
sys.argv = ["imu-reps", "record", "--reps", "3", "--side", "left", "--mute", *sys.argv[1:]]
main()
"""

#: The same, sent a signal when the set is over but not yet in the history.
SIGNALLED_BEFORE_HISTORY = (
    """
import os, signal, sys
from imu_reps.session.diary import Diary

number, remember = int(sys.argv.pop(2)), Diary._remember
Diary._remember = lambda *what: (os.kill(os.getpid(), number), remember(*what))
"""
    + RECORD_VIRTUALLY
)

#: The same; prints at the end what threads other than the first have imported.
IMPORTS_OF_THREADS = """
import sys, threading

class Watch:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if threading.current_thread() is not threading.main_thread():
            imported.append(name)

imported = []
sys.meta_path.insert(0, Watch)
""" + RECORD_VIRTUALLY.replace(
    "\nmain()", "\ntry:\n    main()\nfinally:\n    print('threads imported', imported)"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    return tmp_path


def start_recording(
    *arguments: str, code: str = RECORD_VIRTUALLY, before: Sequence[str] = (), disconnecting_s: float = 5.0
) -> subprocess.Popen[str]:
    """Start a recording whose sensors take `disconnecting_s` simulated seconds to disconnect."""
    words = ["-u", "-c", code, str(disconnecting_s), *arguments]
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    if before:
        return subprocess.Popen([*before, sys.executable, *words], stdin=nothing, stdout=pipe, text=True)
    return Program(*words, stdin=nothing, stdout=pipe, text=True)


def wait_for_line(process: subprocess.Popen[str], text: str) -> tuple[float, str]:
    """Return the time at which a process prints a line with this text, and the line."""
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return time.monotonic(), line
    raise AssertionError(f"it never said {text!r}")


def page_address(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Return host and port of the page of a process, and the token of its address."""
    _, line = wait_for_line(process, "Page:")
    address, _, token = line.split()[-1].removeprefix("http://").partition("/")
    return address, token


@pytest.mark.usefixtures("home")
def test_advice_for_the_next_time_is_printed_before_the_sensors_are_disconnected() -> None:
    with start_recording("--quiet", disconnecting_s=80.0) as process:
        set_over_s, _ = wait_for_line(process, "set over, 3 reps")
        advice_s, _ = wait_for_line(process, "Next time")
        with History() as history:
            stored_counts = [
                stored.summary.set.rep_count for stored in history.sets(person=history.persons()[0])
            ]
        process.wait(timeout=30)
        ended_s = time.monotonic()

    print(
        f"said {advice_s - set_over_s:.1f} s after the set, disconnected after {ended_s - set_over_s:.1f} s"
    )
    assert stored_counts == [3]
    assert advice_s - set_over_s < 0.5 * (ended_s - set_over_s)
    assert process.returncode == 0


@pytest.mark.usefixtures("home")
def test_no_thread_imports_anything_while_another_may() -> None:
    command = [sys.executable, "-u", "-c", IMPORTS_OF_THREADS, "0"]
    program = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "threads imported []" in program.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_ratings_given_on_the_page_survive_a_signal(home: Path, number: signal.Signals) -> None:
    with start_recording("--quiet", "--page") as process:
        address, token = page_address(process)
        wait_for_line(process, "The report is on the page")
        live, origin = f"ws://{address}/{token}/live", Origin(f"http://{address}")
        with connect(live, origin=origin, proxy=None) as viewer:
            viewer.send(json.dumps({"do": "pain", "value": 3}))
            viewer.send(json.dumps({"do": "effort", "value": 6}))
            while json.loads(viewer.recv(timeout=10.0)).get("snapshot", {}).get("effort") != 6:
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
def test_a_program_ended_in_mid_set_does_not_go_on_serving_its_page(
    home: Path, number: signal.Signals
) -> None:
    with start_recording("--quiet", "--page", "--reps", "9") as process:
        wait_for_line(process, " s  2")
        process.send_signal(number)
        process.wait(timeout=30)
    (file,) = (home / "recordings").glob("*.csv")
    with History() as history:
        sets = history.sets(person=history.persons()[0])

    assert process.returncode == 0
    assert load(file).notes[-1].value == "user"
    assert len(sets) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_set_is_stored_in_the_history_whatever_signal_arrives_as_it_ends(
    home: Path, number: signal.Signals
) -> None:
    with start_recording(str(int(number)), "--quiet", code=SIGNALLED_BEFORE_HISTORY) as process:
        process.communicate(timeout=60)
    (file,) = (home / "recordings").glob("*.csv")
    with History() as history:
        sets = history.sets(person=history.persons()[0])

    assert process.returncode in (0, 128 + number)
    assert load(file).notes[-1].key == "end"
    assert [stored.file for stored in sets] == [str(file)]


def test_an_ignored_signal_does_not_end_a_set(home: Path) -> None:
    with start_recording("--quiet", before=["nohup"]) as process:
        wait_for_line(process, " s  1")
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=60)
    (file,) = (home / "recordings").glob("*.csv")

    assert load(file).notes[-1].value == "target"


@pytest.mark.usefixtures("home")
def test_where_ctrl_c_is_ignored_the_page_ends_a_set_and_kill_the_program() -> None:
    """As in a script that puts it in the background: ``imu-reps record --page &``."""
    without_ctrl_c = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]
    with start_recording("--quiet", "--page", "--reps", "9", before=without_ctrl_c) as process:
        address, token = page_address(process)
        wait_for_line(process, " s  1")
        process.send_signal(signal.SIGINT)
        with connect(
            f"ws://{address}/{token}/live", origin=Origin(f"http://{address}"), proxy=None
        ) as viewer:
            viewer.send(json.dumps({"do": "stop"}))
            wait_for_line(process, "all right, we stop here")
            _, line = wait_for_line(process, "The report is on the page")
        process.terminate()
        process.wait(timeout=30)

    assert f"kill {process.pid} ends." in line
    assert process.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("ended_by", ["closed terminal", "SIGKILL"])
def test_a_typed_answer_is_kept_whatever_ends_the_program_at_the_next_question(
    home: Path, ended_by: str
) -> None:
    program, terminal = in_terminal("-u", "-c", RECORD_VIRTUALLY, "0.1", "--quiet")

    def until(text: bytes) -> None:
        shown = b""
        while text not in shown:
            shown += os.read(terminal, 65536)

    until(b"Pain in the last set")
    os.write(terminal, b"3\n")
    until(b"Effort in the last set")
    time.sleep(0.5)
    if ended_by == "SIGKILL":
        program.kill()
    else:
        os.close(terminal)
    program.wait(timeout=30)

    (recording,) = home.glob("recordings/*.csv")
    assert [note.value for note in load(recording).notes if note.key == "pain"] == ["3"]
