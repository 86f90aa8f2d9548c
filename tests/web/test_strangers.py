"""Who stands in the door, slow, silent or many: he is let go, and nobody else has to wait for it."""

from __future__ import annotations

import os
import re
import signal
import socket as sockets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any

import pytest
import siege
from siege import SAID, standing
from websockets.exceptions import WebSocketException

from imu_reps.web import door


def is_let_go(connection: sockets.socket, within_s: float = 10.0) -> bool:
    """Whether the server ends it, whatever it says before."""
    end_s = monotonic() + within_s
    try:
        while monotonic() < end_s:
            connection.settimeout(max(0.01, end_s - monotonic()))
            if connection.recv(65536) == b"":
                return True
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return False


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strangers have half a second."""
    monkeypatch.setattr(door, "STRANGER_S", 0.5)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("said", SAID)
def test_who_stands_in_the_door_is_let_go(page: Any, said: str) -> None:
    with standing(page.host, SAID[said]) as idle:
        assert is_let_go(idle)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("said", ["GET / HTTP/1.1\r\nHost: " + "x" * 80, SAID["a handshake and no token"]])
def test_who_sends_a_byte_now_and_then_is_let_go_too(page: Any, said: str) -> None:
    def dribble(connection: sockets.socket) -> None:
        for character in 20 * said.replace("{host}", page.host):
            connection.sendall(character.encode())
            sleep(0.02)

    with standing(page.host) as slow, pytest.raises(ConnectionError):
        dribble(slow)


@pytest.mark.usefixtures("hurried")
def test_a_viewer_is_not_taken_for_a_stranger(page: Any, hear: Any) -> None:
    with page.viewer() as socket:
        hear(socket)
        sleep(1.0)
        page.hub.show(replace(page.hub.picture, count=7))
        while hear(socket)["picture"]["count"] != 7:
            pass


def test_a_viewer_stays_while_strangers_crowd_in(page: Any, hear: Any) -> None:
    with page.viewer() as socket, ExitStack() as stack:
        hear(socket)
        for _ in range(3 * door.MAX_STRANGERS):
            stack.enter_context(standing(page.host))
        page.hub.show(replace(page.hub.picture, count=7))
        while hear(socket)["picture"]["count"] != 7:
            pass


def test_there_are_never_more_strangers_than_places(page: Any) -> None:
    with ExitStack() as stack:
        crowd = []
        for _ in range(door.MAX_STRANGERS + 5):  # one after the other: of a crowd some are sent away at once
            crowd.append(stack.enter_context(standing(page.host)))
            sleep(0.01)

        assert all(is_let_go(one) for one in crowd[:5])
        assert not is_let_go(crowd[-1], within_s=0.2)


@contextmanager
def besieged(host: str, connections: int, source: str = "") -> Iterator[None]:
    """So many strangers in a page's door, in a process of their own as on a machine of their own."""
    words = [sys.executable, siege.__file__, host, str(connections), source]
    with subprocess.Popen(words) as strangers:
        try:
            yield
        finally:
            strangers.kill()


def waits_under_siege(page: Any, hear: Any, connections: int, source: str, for_s: float) -> list[float]:
    """How long a viewer with a token takes to see the set, again and again, seconds."""
    waits: list[float] = []
    with besieged(page.host, connections, source):
        end_s = monotonic() + for_s
        while monotonic() < end_s:
            began_s = monotonic()
            while True:
                try:
                    with page.viewer(page.access.view_token) as socket:
                        hear(socket), hear(socket)
                    break
                except (OSError, EOFError, WebSocketException):  # as the page does, he tries again
                    continue
            waits.append(monotonic() - began_s)
            sleep(0.02)
    return waits


#: The viewer's own address, and another: the latter is all of 127/8 on Linux and Windows.
SOURCES = ["", *([] if sys.platform == "darwin" else ["127.0.0.2"])]


@pytest.mark.parametrize("source", SOURCES)
def test_a_viewer_gets_in_through_a_crowd(page: Any, hear: Any, source: str) -> None:
    waits = waits_under_siege(page, hear, 150, source, for_s=3.0)

    assert len(waits) >= 3
    assert median(waits) < 1.0
    assert max(waits) < 3.0


DURATION_S = 15.0


def recorded(folder: Path, connections: int) -> list[bytes]:
    """A virtual set recorded beside a page, with so many strangers in its door: header, rows and notes.

    What is stamped by the clock as it is told differs from run to run without any stranger: the cues, as
    counting runs in a thread of its own, and the moment of the end. So cues are left out, rows end half a
    second before the set does, and other notes are without their time.
    """
    words = [
        "record",
        "--virtual",
        "--speed",
        "4",
        "--duration",
        f"{DURATION_S}",
        "--quiet",
        "--page",
        "--folder",
    ]
    said = []
    with (
        ExitStack() as crowd,
        subprocess.Popen(
            [sys.executable, "-m", "imu_reps", *words, str(folder)], stdout=subprocess.PIPE
        ) as recording,
    ):
        assert recording.stdout is not None
        for line in map(bytes.decode, recording.stdout):
            said.append(line)
            if connections and (link := re.search(r"http://([^/]+)/", line)):
                crowd.enter_context(besieged(link[1], connections))
                connections = 0
            if "report is on the page" in line:
                recording.send_signal(signal.SIGINT)
    assert recording.returncode == 0, said
    (file,) = folder.glob("*.csv")
    lines = file.read_bytes().splitlines()
    notes = [re.sub(rb"# @\S+", b"", line) for line in lines if re.match(rb"# @\S+ (?!cue:)", line)]
    header = [line for line in lines if re.match(rb"# (?!@|created|session)|[a-z]", line)]
    rows = [line for line in lines if line[:1].isdigit() and float(line.split(b",")[0]) < DURATION_S - 0.5]
    return header + rows + notes


@pytest.mark.skipif(os.name != "posix", reason="ends by a signal")
def test_a_recording_is_the_same_byte_for_byte_whoever_stands_in_the_pages_door(tmp_path: Path) -> None:
    undisturbed = recorded(tmp_path / "undisturbed", 0)

    assert len(undisturbed) > 2000
    assert recorded(tmp_path / "besieged", 150) == undisturbed


@pytest.mark.faults
@pytest.mark.parametrize("source", SOURCES)
def test_500_hostile_connections_for_ten_minutes_keep_no_viewer_out(
    page: Any, hear: Any, capsys: pytest.CaptureFixture[str], source: str
) -> None:
    waits = sorted(waits_under_siege(page, hear, 500, source, for_s=600.0))
    with capsys.disabled():
        print(f"\n{len(waits)} viewers: median {median(waits):.3f} s, worst {waits[-1]:.3f} s")

    assert waits[-1] < 1.0
    assert median(waits) < 0.25


@pytest.mark.skipif(sys.platform != "linux", reason="counts file handles as Linux does")
def test_a_crowd_that_takes_all_file_handles_is_sent_away_and_gives_them_back() -> None:
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        entrance = stack.enter_context(door.Entrance())
        entrance.bind(("127.0.0.1", 0))
        entrance.listen(door.OUTSIDE)
        entrance.setblocking(False)
        host = "{}:{}".format(*entrance.getsockname())
        for _ in range(door.AT_A_GLANCE):
            stack.enter_context(standing(host))
        # as many handles as are in use, and a few
        in_use = max(map(int, os.listdir("/proc/self/fd"))) + 1  # noqa: PTH208  # /proc is no folder of ours
        resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 8, limits[1]))
        try:
            let_in = [stack.enter_context(entrance.accept()[0]) for _ in range(door.AT_ONCE)]
            assert len({one.fileno() for one in let_in}) == door.AT_ONCE
            with Path(os.devnull).open():
                pass
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
