"""Unauthenticated connections, slow, silent or many, are closed, and nobody else has to wait for them."""

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
from siege import SENT, standing
from websockets.exceptions import WebSocketException

from imu_reps.web import access
from imu_reps.web.access import LIMITS

pytestmark = pytest.mark.faults


def is_closed(connection: sockets.socket, within_s: float = 10.0) -> bool:
    """Return whether the server closes the connection, whatever it sends before."""
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
    """Limit the time of a stranger to 0.5 s."""
    monkeypatch.setattr(access, "LIMITS", replace(LIMITS, stranger_s=0.5))


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("sent", SENT)
def test_an_unauthenticated_connection_is_closed(page: Any, sent: str) -> None:
    with standing(page.host, SENT[sent]) as idle:
        assert is_closed(idle)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("sent", ["GET / HTTP/1.1\r\nHost: " + "x" * 80, SENT["a handshake and no token"]])
def test_an_unauthenticated_connection_that_sends_slowly_is_closed_too(page: Any, sent: str) -> None:
    def dribble(connection: sockets.socket) -> None:
        for character in 20 * sent.replace("{host}", page.host):
            connection.sendall(character.encode())
            sleep(0.02)

    with standing(page.host) as slow, pytest.raises(ConnectionError):
        dribble(slow)


@pytest.mark.usefixtures("hurried")
def test_a_viewer_is_not_taken_for_a_stranger(page: Any, receive: Any) -> None:
    with page.viewer() as socket:
        receive(socket)
        sleep(1.0)
        page.hub.show(replace(page.hub.picture, count=7))
        while receive(socket)["picture"]["count"] != 7:
            pass


def test_a_viewer_stays_connected_in_a_crowd_of_strangers(page: Any, receive: Any) -> None:
    with page.viewer() as socket, ExitStack() as stack:
        receive(socket)
        for _ in range(3 * LIMITS.max_strangers):
            stack.enter_context(standing(page.host))
        page.hub.show(replace(page.hub.picture, count=7))
        while receive(socket)["picture"]["count"] != 7:
            pass


def test_the_number_of_strangers_is_limited(page: Any) -> None:
    with ExitStack() as stack:
        crowd = []
        for _ in range(LIMITS.max_strangers + 5):  # one after the other: in a crowd some are closed at once
            crowd.append(stack.enter_context(standing(page.host)))
            sleep(0.01)

        assert all(is_closed(one) for one in crowd[:5])
        assert not is_closed(crowd[-1], within_s=0.2)


@contextmanager
def besieged(host: str, connections: int, source: str = "") -> Iterator[None]:
    """Run a crowd of strangers in a process of its own, as if on another machine."""
    words = [sys.executable, siege.__file__, host, str(connections), source]
    with subprocess.Popen(words) as strangers:
        try:
            yield
        finally:
            strangers.kill()


def waits_under_siege(page: Any, receive: Any, connections: int, source: str, for_s: float) -> list[float]:
    """Return the times until a viewer with a token gets the set, for repeated attempts, s."""
    waits: list[float] = []
    with besieged(page.host, connections, source):
        end_s = monotonic() + for_s
        while monotonic() < end_s:
            began_s = monotonic()
            while True:
                try:
                    with page.viewer(page.access.view_token) as socket:
                        receive(socket), receive(socket)
                    break
                except (OSError, EOFError, WebSocketException):  # a viewer's page retries as well
                    continue
            waits.append(monotonic() - began_s)
            sleep(0.02)
    return waits


#: The viewer's own address, and another one: all of 127/8 is local on Linux and Windows.
SOURCES = ["", *([] if sys.platform == "darwin" else ["127.0.0.2"])]


@pytest.mark.parametrize("source", SOURCES)
def test_a_viewer_gets_in_through_a_crowd(page: Any, receive: Any, source: str) -> None:
    waits = waits_under_siege(page, receive, 150, source, for_s=3.0)

    assert len(waits) >= 3
    assert median(waits) < 1.0
    assert max(waits) < 3.0


DURATION_S = 15.0


def recorded(folder: Path, connections: int) -> list[bytes]:
    """Record a virtual set while strangers connect to its page; return header, rows and notes.

    Whatever depends on the wall clock differs between runs even without strangers: the cues, as counting has
    its own thread, and the time of the end. So cues are left out, rows end 0.5 s before the set does, and
    other notes are without their time.
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
    output = []
    with (
        ExitStack() as crowd,
        subprocess.Popen(
            [sys.executable, "-m", "imu_reps", *words, str(folder)], stdout=subprocess.PIPE
        ) as recording,
    ):
        assert recording.stdout is not None
        for line in map(bytes.decode, recording.stdout):
            output.append(line)
            if connections and (link := re.search(r"http://([^/]+)/", line)):
                crowd.enter_context(besieged(link[1], connections))
                connections = 0
            if "report is on the page" in line:
                recording.send_signal(signal.SIGINT)
    assert recording.returncode == 0, output
    (file,) = folder.glob("*.csv")
    lines = file.read_bytes().splitlines()
    notes = [re.sub(rb"# @\S+", b"", line) for line in lines if re.match(rb"# @\S+ (?!cue:)", line)]
    header = [line for line in lines if re.match(rb"# (?!@|created|session)|[a-z]", line)]
    rows = [line for line in lines if line[:1].isdigit() and float(line.split(b",")[0]) < DURATION_S - 0.5]
    return header + rows + notes


@pytest.mark.skipif(os.name != "posix", reason="ends by a signal")
def test_a_recording_is_the_same_byte_for_byte_whatever_connects_to_its_page(tmp_path: Path) -> None:
    undisturbed = recorded(tmp_path / "undisturbed", 0)

    assert len(undisturbed) > 2000
    assert recorded(tmp_path / "besieged", 150) == undisturbed


@pytest.mark.soak
@pytest.mark.faults
@pytest.mark.parametrize("source", SOURCES)
def test_500_hostile_connections_for_ten_minutes_keep_no_viewer_out(
    page: Any, receive: Any, capsys: pytest.CaptureFixture[str], source: str
) -> None:
    waits = sorted(waits_under_siege(page, receive, 500, source, for_s=600.0))
    with capsys.disabled():
        print(f"\n{len(waits)} viewers: median {median(waits):.3f} s, worst {waits[-1]:.3f} s")

    assert waits[-1] < 1.0
    assert median(waits) < 0.25


@pytest.mark.skipif(sys.platform != "linux", reason="counts file handles as Linux does")
def test_a_crowd_that_uses_all_file_handles_is_closed_and_frees_them() -> None:
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        entrance = stack.enter_context(access.Entrance())
        entrance.bind(("127.0.0.1", 0))
        entrance.listen(LIMITS.outside)
        entrance.setblocking(False)
        host = "{}:{}".format(*entrance.getsockname())
        for _ in range(LIMITS.at_a_glance):
            stack.enter_context(standing(host))
        # the handles in use, and a few more
        in_use = max(map(int, os.listdir("/proc/self/fd"))) + 1  # noqa: PTH208  # /proc is no plain folder
        resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 8, limits[1]))
        try:
            let_in = [stack.enter_context(entrance.accept()[0]) for _ in range(LIMITS.at_once)]
            assert len({one.fileno() for one in let_in}) == LIMITS.at_once
            with Path(os.devnull).open():
                pass
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
