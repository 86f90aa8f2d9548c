"""Unauthenticated connections, slow, silent or many, are closed, and nobody else has to wait for them."""

from __future__ import annotations

import os
import re
import signal
import socket as sockets
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit

import pytest
import siege
from programs import Program
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
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 60 connections wait at the door."""
    monkeypatch.setattr(access, "LIMITS", replace(LIMITS, max_waiting=60))


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit the time of a stranger to 0.5 s."""
    monkeypatch.setattr(access, "LIMITS", replace(LIMITS, line_s=0.5))


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("sent", SENT)
def test_an_unauthenticated_connection_is_closed(page: Any, sent: str) -> None:
    with standing(page.host, SENT[sent]) as idle:
        assert is_closed(idle)


@pytest.mark.parametrize("sent", [sent for sent in SENT if "/ HTTP" in SENT[sent] or "/live" in SENT[sent]])
def test_a_connection_with_a_token_that_asks_for_the_page_is_closed_too(page: Any, sent: str) -> None:
    asked = re.sub(r" /(live)? HTTP", f" /{page.access.view_token} HTTP", SENT[sent])
    with standing(page.host, asked) as idle:
        assert is_closed(idle, within_s=LIMITS.request_s + LIMITS.close_s + 1.0)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("sent", ["GET / HTTP/1.1\r\nHost: " + "x" * 80, SENT["a handshake and no token"]])
def test_an_unauthenticated_connection_that_sends_slowly_is_closed_too(page: Any, sent: str) -> None:
    def dribble(connection: sockets.socket) -> None:
        for character in 20 * sent.replace("{host}", page.host):
            connection.sendall(character.encode())
            sleep(0.02)

    with standing(page.host) as slow, pytest.raises(ConnectionError):
        dribble(slow)


def test_a_request_that_arrives_in_pieces_is_answered(page: Any) -> None:
    request = f"GET /{page.access.view_token} HTTP/1.1\r\nHost: {page.host}\r\n\r\n"
    with standing(page.host) as slow:
        for at in range(0, len(request), 5):
            slow.sendall(request[at : at + 5].encode())
            sleep(0.02)
        slow.settimeout(10.0)

        assert slow.recv(100).startswith(b"HTTP/1.1 200")


def test_a_slow_network_gets_the_whole_page_and_a_large_report(page: Any) -> None:
    for path, size in (("", 40_000), (page.reports.add("<p>" + "x" * 180_000), 180_000)):
        with sockets.socket() as slow:
            slow.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
            slow.settimeout(10.0)
            address, port = page.host.split(":")
            slow.connect((address, int(port)))
            request = f"GET /{page.access.view_token}{path} HTTP/1.1\r\nHost: {page.host}\r\n\r\n"
            slow.sendall(request.encode())
            sleep(1.5 * LIMITS.close_s)
            got = b""
            while part := slow.recv(65536):
                got += part
        length = re.search(rb"Content-Length: (\d+)", got)

        assert length is not None
        assert int(length[1]) > size
        assert len(got.partition(b"\r\n\r\n")[2]) == int(length[1])


@pytest.mark.usefixtures("hurried")
def test_a_viewer_is_not_taken_for_a_stranger(page: Any, receive: Any) -> None:
    with page.viewer() as socket:
        receive(socket)
        sleep(1.0)
        page.hub.show(replace(page.hub.snapshot, count=7))
        while receive(socket)["snapshot"]["count"] != 7:
            pass


@pytest.mark.usefixtures("narrow")
def test_a_viewer_stays_connected_in_a_crowd_of_strangers(page: Any, receive: Any) -> None:
    with page.viewer() as socket, ExitStack() as stack:
        receive(socket)
        for _ in range(180):
            stack.enter_context(standing(page.host))
        page.hub.show(replace(page.hub.snapshot, count=7))
        while receive(socket)["snapshot"]["count"] != 7:
            pass


@pytest.mark.usefixtures("narrow")
def test_the_number_of_strangers_is_limited(page: Any) -> None:
    with ExitStack() as stack:
        crowd = [stack.enter_context(standing(page.host)) for _ in range(65)]

        assert all(is_closed(one, within_s=0.5) for one in crowd[:5])
        assert not is_closed(crowd[-1], within_s=0.2)


@pytest.mark.usefixtures("narrow")
@pytest.mark.skipif(sys.platform == "darwin", reason="has one local address")
def test_a_crowd_displaces_only_itself(page: Any) -> None:
    with standing(page.host, source="127.0.0.2") as lone, ExitStack() as stack:
        for _ in range(120):
            stack.enter_context(standing(page.host))

        assert not is_closed(lone, within_s=0.2)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_no_more_wait_than_half_of_the_file_handles(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 4096))

    assert access.most_waiting() == 128


@contextmanager
def besieged(host: str, connections: int, kinds: str = "mixed", source: str = "") -> Iterator[None]:
    """Run a crowd of strangers in a process of its own, as if on another machine."""
    words = [sys.executable, siege.__file__, host, str(connections), KINDS.get(kinds, kinds), source]
    with subprocess.Popen(words) as strangers:
        try:
            yield
        finally:
            strangers.kill()


#: Kinds of strangers in a crowd.
KINDS = {"mixed": ",".join([*siege.SENT, *siege.SENT_ON]), "silent": "nothing", "half-open": "half a request"}
CROWDS = [*KINDS, "slow", "a whole request and a byte", "oversize", "pings"]


def open_link(page: Any, receive: Any) -> None:
    """Do what a browser does that opens a link: load the page and all it refers to, then its WebSocket."""
    html = page.get(urlsplit(page.access.view_link).path)[2].decode()
    assert html.endswith("</html>\n")
    referred = re.findall(r'(?:href|src)="(/[^"]+)"', html)
    with ThreadPoolExecutor(6) as connections:
        assert all(status == 200 for status, *_ in connections.map(page.get, referred))
    watch(page, receive)


def watch(page: Any, receive: Any) -> None:
    """Connect as a viewer and get the set; try again when that fails, as the page does."""
    end_s = monotonic() + 10.0
    while monotonic() < end_s:
        try:
            with page.viewer(page.access.view_token) as socket:
                receive(socket), receive(socket)
        except (OSError, EOFError, WebSocketException):
            continue
        return
    raise TimeoutError


def waits_under_siege(
    page: Any, receive: Any, connections: int, kinds: str, source: str, for_s: float
) -> tuple[list[float], list[float]]:
    """Return how long viewers take to get the set, and browsers to open the link, s, in turn; sorted."""
    watched, opened = [], []
    with besieged(page.host, connections, kinds, source):
        sleep(1.0)
        end_s = monotonic() + for_s
        while monotonic() < end_s:
            for come_in, waits in ((watch, watched), (open_link, opened)):
                began_s = monotonic()
                come_in(page, receive)
                waits.append(monotonic() - began_s)
                sleep(0.02)
    return sorted(watched), sorted(opened)


def test_16_visitors_at_once_each_get_the_whole_page(page: Any, receive: Any) -> None:
    for _ in range(3):
        with ThreadPoolExecutor(16) as visitors:
            for visitor in [visitors.submit(open_link, page, receive) for _ in range(16)]:
                visitor.result()


#: The viewer's own address, and another one: all of 127/8 is local on Linux and Windows.
SOURCES = ["127.0.0.1", *([] if sys.platform == "darwin" else ["127.0.0.2"])]


@pytest.mark.parametrize("kinds", CROWDS)
def test_whoever_has_the_link_gets_in_through_a_crowd(page: Any, receive: Any, kinds: str) -> None:
    watched, opened = waits_under_siege(page, receive, 500, kinds, SOURCES[0], for_s=2.0)

    assert len(watched) >= 3
    assert watched[-1] < 1.0
    assert median(opened) < 1.0
    assert opened[-1] < 2.0


DURATION_S = 15.0


def recorded(
    folder: Path, connections: int, *, duration_s: float = DURATION_S, speed: float = 4.0
) -> list[bytes]:
    """Record a virtual set while strangers connect to its page; return header, rows and notes.

    Whatever depends on the wall clock differs between runs even without strangers: the cues, as counting has
    its own thread, and the time of the end. So cues are left out, rows end 0.5 s before the set does, and
    other notes are without their time.
    """
    words = [
        "record",
        "--virtual",
        "--speed",
        f"{speed}",
        "--duration",
        f"{duration_s}",
        "--quiet",
        "--page",
        "--folder",
    ]
    output = []
    with (
        ExitStack() as crowd,
        Program("-m", "imu_reps", *words, str(folder), stdout=subprocess.PIPE) as recording,
    ):
        assert recording.stdout is not None
        for line in map(bytes.decode, recording.stdout):
            output.append(line)
            if connections and (link := re.search(r"http://([^/]+)/", line)):
                for source in SOURCES:
                    crowd.enter_context(besieged(link[1], connections // len(SOURCES), source=source))
                connections = 0
            if "report is on the page" in line:
                recording.send_signal(signal.SIGINT)
    assert recording.returncode == 0, output
    (file,) = folder.glob("*.csv")
    lines = file.read_bytes().splitlines()
    notes = [re.sub(rb"# @\S+", b"", line) for line in lines if re.match(rb"# @\S+ (?!cue:)", line)]
    header = [line for line in lines if re.match(rb"# (?!@|created|session)|[a-z]", line)]
    rows = [line for line in lines if line[:1].isdigit() and float(line.split(b",")[0]) < duration_s - 0.5]
    return header + rows + notes


@pytest.mark.skipif(os.name != "posix", reason="ends by a signal")
def test_a_recording_is_the_same_byte_for_byte_whatever_connects_to_its_page(tmp_path: Path) -> None:
    undisturbed = recorded(tmp_path / "undisturbed", 0)

    assert len(undisturbed) > 2000
    assert recorded(tmp_path / "besieged", 150) == undisturbed


@pytest.mark.soak
@pytest.mark.skipif(os.name != "posix", reason="ends by a signal")
def test_ten_minutes_are_recorded_the_same_byte_for_byte_under_500_hostile_connections(
    tmp_path: Path,
) -> None:
    undisturbed = recorded(tmp_path / "undisturbed", 0, duration_s=600.0, speed=8.0)

    assert len(undisturbed) > 100_000
    assert recorded(tmp_path / "besieged", 500, duration_s=600.0, speed=1.0) == undisturbed


@pytest.mark.soak
@pytest.mark.faults
@pytest.mark.parametrize("source", SOURCES)
def test_500_hostile_connections_for_ten_minutes_keep_nobody_out_who_has_the_link(
    page: Any, receive: Any, capsys: pytest.CaptureFixture[str], source: str
) -> None:
    watched, opened = waits_under_siege(page, receive, 500, "mixed", source, for_s=600.0)
    with capsys.disabled():
        for name, waits in (("viewers", watched), ("browsers", opened)):
            print(f"\n{len(waits)} {name}: median {median(waits):.3f} s, worst {waits[-1]:.3f} s")

    assert watched[-1] < 1.0
    assert median(watched) < 0.25
    assert median(opened) < 1.0
    assert opened[-1] < 2.0


@pytest.mark.skipif(sys.platform != "linux", reason="counts file handles as Linux does")
def test_a_crowd_that_uses_all_file_handles_is_closed_and_frees_them(page: Any, receive: Any) -> None:
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    # the handles in use, and a few more
    in_use = max(map(int, os.listdir("/proc/self/fd"))) + 1  # noqa: PTH208  # /proc is no plain folder
    with besieged(page.host, 200, "silent"):
        resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 16, limits[1]))
        try:
            sleep(1.0)
            end_s = monotonic() + 10.0
            while monotonic() < end_s:
                with suppress(OSError):  # the browser is in this process as well, and may find none left
                    open_link(page, receive)
                    break
            assert monotonic() < end_s
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
