"""Access to a page: who gets in, from where, and what is served."""

from __future__ import annotations

import gc
import json
import re
import socket
import threading
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from hashlib import sha256
from time import monotonic, sleep
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from imu_reps.web import hub
from imu_reps.web.access import LIMITS, Access
from imu_reps.web.hub import Effort, Hurt, Pain, Start, StopSet
from imu_reps.web.server import PageServer

ELSEWHERE = "http://example.org"


def closed_with(socket: Any) -> int | None:
    """Return the code with which a connection is closed."""
    try:
        while True:
            socket.recv(timeout=10.0)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another thread does."""
    end_s = monotonic() + 10.0
    while not condition():
        assert monotonic() < end_s, "it did not happen"
        sleep(0.005)


def test_two_tokens_give_two_roles_and_nothing_else_gives_any() -> None:
    access = Access.new(("127.0.0.1:8000",))

    for after in ("", "/", "/live", "?from=elsewhere", "/report/x"):
        assert access.role(f"/{access.view_token}{after}") == "viewer"
        assert access.role(f"/{access.control_token}{after}") == "control"
    for path in (
        "",
        "/",
        "//",
        "/live",
        f"/{access.control_token[:-1]}",
        f"//{access.view_token}",
        "/é\ud800",
    ):
        assert access.role(path) is None


def test_every_page_has_tokens_of_its_own() -> None:
    tokens = {
        token
        for access in (Access.new(("a",)) for _ in range(20))
        for token in (access.view_token, access.control_token)
    }

    assert len(tokens) == 40
    assert min(map(len, tokens)) >= 20


@pytest.mark.parametrize("link", ["view_token", "control_token"])
def test_a_viewer_with_a_link_gets_the_full_state_at_once(page: Any, receive: Any, link: str) -> None:
    with page.viewer(getattr(page.access, link)) as socket:
        role, first = receive(socket), receive(socket)

    assert role["role"] == ("control" if link == "control_token" else "viewer")
    assert first["snapshot"]["aim"]["side"] == "left"
    assert first["snapshot"]["count"] == 0


@pytest.mark.parametrize("token", ["wrong", "", "é", "x/live?", "%2e%2e"])
def test_a_wrong_token_gets_nothing(page: Any, token: str) -> None:
    with pytest.raises((InvalidStatus, UnicodeError)) as refused, page.viewer(token):
        pass

    if isinstance(refused.value, InvalidStatus):
        assert refused.value.response.status_code == 404
    assert page.hub.viewers == 0


@pytest.mark.parametrize(
    "origin", [ELSEWHERE, "null", "http://127.0.0.1", "127.0.0.1", "https://localhost:1"]
)
def test_another_page_cannot_connect(page: Any, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused, page.viewer(origin=origin):
        pass

    assert refused.value.response.status_code == 403


def test_a_connection_without_an_origin_is_refused(page: Any) -> None:
    with pytest.raises(InvalidStatus), page.viewer(origin=""):
        pass


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1", "127.0.0.1:1", "evil.127.0.0.1:80", ""])
@pytest.mark.parametrize("path", ["", "/report/x", "/live"])
def test_another_host_name_for_this_machine_is_refused(page: Any, path: str, host: str) -> None:
    assert page.get(f"/{page.access.view_token}{path}", Host=host)[0] in (400, 403)


def test_a_request_from_another_page_is_refused(page: Any) -> None:
    assert page.get(f"/{page.access.view_token}", Origin=ELSEWHERE)[0] == 403
    assert page.get(f"/{page.access.view_token}", Origin=f"http://{page.host}")[0] == 200


def assert_secure(headers: dict[str, str]) -> None:
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def test_the_page_is_one_document_with_security_headers(page: Any) -> None:
    status, headers, content = page.get(f"/{page.access.view_token}")

    assert status == 200
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert content.endswith(b"</html>\n")
    assert re.findall(rb'(?:src|href)="(?!data:)', content) == []
    assert {b"{icon}", b"{style}", b"{script}"} & set(re.findall(rb"{\w+}", content)) == set()
    assert_secure(headers)


def test_the_policy_allows_exactly_the_script_and_the_style_of_the_page(page: Any) -> None:
    _, headers, content = page.get(f"/{page.access.view_token}")
    policy = dict(one.split(" ", 1) for one in headers["content-security-policy"].split("; "))

    for name in ("script", "style"):
        (inlined,) = re.findall(rf"<{name}[^>]*>(.*?)</{name}>".encode(), content, re.DOTALL)
        assert policy[f"{name}-src"] == f"'sha256-{b64encode(sha256(inlined).digest()).decode()}'"
    assert (policy["img-src"], policy["connect-src"], policy["frame-src"]) == ("data:", "'self'", "'self'")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/index.html",
        "/page.js",
        "/../server.py",
        "/..%2fserver.py",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/report/",
        "/report/nothing",
        "/live",
    ],
)
def test_without_a_token_nothing_is_served(page: Any, path: str) -> None:
    report = page.reports.add("<p>Health data</p>")

    for wanted in (path, report):
        status, headers, content = page.get(wanted)
        assert status == 404
        assert content == b"This link is not valid (any more). Take the link from the terminal."
        assert_secure(headers)


@pytest.mark.parametrize("path", ["/index.html", "/page.js", "/../server.py", "/report/", "/live/"])
def test_with_a_token_no_other_file_is_served(page: Any, path: str) -> None:
    assert page.get(f"/{page.access.view_token}{path}")[0] == 404


def test_a_report_is_served_after_a_token(page: Any) -> None:
    status, _, content = page.get(f"/{page.access.view_token}{page.reports.add('<p>A set</p>')}")

    assert (status, content) == (200, b"<p>A set</p>")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_page_is_only_read(page: Any, method: str) -> None:
    assert page.get(f"/{page.access.view_token}", method)[0] == 405


def test_the_head_of_page_and_report_is_what_they_are_served_with_and_no_content(page: Any) -> None:
    for path in ("", page.reports.add("<p>A set</p>"), "/no/report"):
        wanted = f"/{page.access.view_token}{path}"
        status, headers, content = page.get(wanted)
        assert page.get(wanted, "HEAD") == (status, headers, b"")
        assert int(headers["content-length"]) == len(content)

    assert page.get(f"/{page.access.view_token}/live", "HEAD", Origin=f"http://{page.host}")[0] == 405
    assert page.get("/", "HEAD")[0] == 404


def test_a_target_may_be_a_whole_url_of_this_page_and_of_no_other(page: Any) -> None:
    path = f"/{page.access.view_token}"
    _, _, content = page.get(path)

    assert page.get(f"http://{page.host}{path}")[::2] == (200, content)
    assert page.get(f"HTTP://{page.host.upper()}{path}", Host="of-a-proxy.example")[::2] == (200, content)
    assert page.get(f"http://{page.host}{path}", Origin=ELSEWHERE)[0] == 403
    for url in (f"{ELSEWHERE}{path}", f"http:///{path}", f"http://{page.host}", f"https://{page.host}{path}"):
        assert page.get(url)[0] == 404


def test_a_viewer_may_come_by_a_whole_url(page: Any) -> None:
    address, port = page.host.split(":")
    with socket.create_connection((address, int(port)), timeout=10.0) as connection:
        connection.sendall(
            f"GET http://{page.host}/{page.access.view_token}/live HTTP/1.1\r\nHost: {page.host}\r\n"
            f"Origin: http://{page.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        assert connection.recv(1024).startswith(b"HTTP/1.1 101 ")
        until(lambda: page.hub.viewers == 1)


def test_the_page_requests_nothing_from_elsewhere_and_has_no_inline_handlers(page: Any) -> None:
    html = page.get(f"/{page.access.view_token}")[2].decode()
    foreign = html.replace("http://www.w3.org/2000/svg", "")

    assert "http://" not in foreign
    assert "https://" not in foreign
    assert "style=" not in html
    assert re.search(r'<[^>]*\son\w+="', html) is None


def test_a_command_of_the_control_link_arrives(page: Any) -> None:
    with page.viewer() as socket:
        for text in (
            '{"do":"start"}',
            '{"do":"stop"}',
            '{"do":"hurt"}',
            '{"do":"pain","value":3}',
            '{"do":"effort","value":10}',
        ):
            socket.send(text)
        until(lambda: len(page.commands) == 5)

    assert page.commands == [Start(), StopSet(), Hurt(), Pain(3), Effort(10)]


def test_a_viewer_cannot_send_commands(page: Any, receive: Any) -> None:
    with page.viewer(page.access.view_token) as onlooker, page.viewer() as owner:
        onlooker.send('{"do":"stop"}')
        receive(onlooker)
        owner.send('{"do":"start"}')
        until(lambda: bool(page.commands))

    assert page.commands == [Start()]


@pytest.mark.parametrize(
    "text",
    [
        "stop",
        '{"do":"pain","value":11}',
        '{"do":"pain","value":-1}',
        '{"do":"pain","value":"3"}',
        '{"do":"pain"}',
        '{"do":"format_disk"}',
        '{"do":"start","file":"/etc/passwd"}',
        "[]",
        "\x00",
        '{"x":' + "[" * 1010,
    ],
)
def test_an_invalid_command_ends_the_connection(page: Any, text: str) -> None:
    with page.viewer() as socket:
        socket.send(text)

        assert closed_with(socket) == hub.NOT_UNDERSTOOD
    assert page.commands == []


def test_bytes_are_an_invalid_command(page: Any) -> None:
    with page.viewer() as socket:
        socket.send(b'{"do":"start"}')

        assert closed_with(socket) == hub.NOT_UNDERSTOOD


def test_a_long_message_ends_the_connection(page: Any) -> None:
    with page.viewer() as socket:
        socket.send(json.dumps({"do": "x" * LIMITS.max_bytes}))

        assert closed_with(socket) == 1009


def test_a_viewer_that_sends_too_much_is_disconnected(page: Any) -> None:
    with page.viewer() as socket:
        try:
            for _ in range(60):
                socket.send('{"do":"start"}')
        except ConnectionClosed:
            pass

        assert closed_with(socket) == hub.TOO_FAST
    assert len(page.commands) <= LIMITS.burst + 1


def test_viewers_beyond_the_limit_are_told_so(page: Any, receive: Any) -> None:
    with ExitStack() as stack:
        for _ in range(LIMITS.max_viewers):
            receive(stack.enter_context(page.viewer()))
        with page.viewer() as late:
            assert closed_with(late) == hub.TOO_MANY


def test_however_many_watch_whoever_has_control_gets_in(page: Any, receive: Any) -> None:
    with ExitStack() as stack:
        for _ in range(LIMITS.max_viewers):
            receive(stack.enter_context(page.viewer(page.access.view_token)))
        with page.viewer(page.access.view_token) as late:
            assert closed_with(late) == hub.TOO_MANY
        with page.viewer(page.access.control_token) as owner:
            assert receive(owner) == {"role": "control"}


def test_whoever_comes_in_as_the_page_closes_is_closed_too(
    page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_open: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", left_open.append)
    closed = threading.Event()

    def call_again_and_again(server: PageServer) -> None:
        address, port = server.access.hosts[0].split(":")
        request = f"GET /{server.access.view_token} HTTP/1.1\r\nHost: {address}:{port}\r\n\r\n".encode()
        while not closed.is_set():
            with suppress(OSError), socket.create_connection((address, int(port)), timeout=2.0) as caller:
                caller.sendall(request)

    with ThreadPoolExecutor(3) as callers:
        with PageServer(page.hub, page.commands.append) as server:
            for _ in range(3):
                callers.submit(call_again_and_again, server)
            sleep(0.1)
        closed.set()
    gc.collect()

    assert left_open == []


def test_a_port_in_use_is_reported_with_a_hint(page: Any) -> None:
    from imu_reps.errors import UsageError

    with pytest.raises(UsageError, match="--port") as refused:
        PageServer(page.hub, page.commands.append, port=int(page.host.split(":")[1]))

    assert refused.value.code == "port_taken"


def test_without_sharing_the_server_listens_on_this_machine_only(page: Any) -> None:
    assert page.host.startswith("127.0.0.1:")


def test_a_link_is_its_token(page: Any) -> None:
    assert page.access.view_link == f"http://{page.host}/{page.access.view_token}"
    assert page.access.control_link == f"http://{page.host}/{page.access.control_token}"


def test_visits_are_not_logged(page: Any, receive: Any, capfd: pytest.CaptureFixture[str]) -> None:
    with page.viewer() as socket:
        receive(socket)
    page.get(f"/{page.access.view_token}")
    with pytest.raises(InvalidStatus), page.viewer("wrong"):
        pass
    with pytest.raises(InvalidStatus), page.viewer(origin=ELSEWHERE):
        pass

    assert capfd.readouterr() == ("", "")
