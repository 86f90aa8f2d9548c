"""The page's server, in a thread of its own so that its faults do not affect the recording; its URLs."""

from __future__ import annotations

import asyncio
import http
import logging
import re
import secrets
import socket
import threading
import zlib
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import replace
from hashlib import sha256
from html import unescape
from importlib.resources import files
from pathlib import PurePath
from typing import Self

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from imu_reps.analysis.analyze import Analysis
from imu_reps.errors import UsageError
from imu_reps.web.access import LIMITS, Access, Door
from imu_reps.web.hub import Ask, Hub, serve_viewer

LOOPBACK = "127.0.0.1"
#: A logger that drops everything: messages of strangers are noise, and those of viewers hold their tokens.
_SILENT = logging.Logger("page", logging.CRITICAL)


class PageServer:
    """Serves one hub's page; a context manager.

    Parameters
    ----------
    ask : callable
        Called in the server's thread with each command of a viewer with control; must not block.
    port : int
        0: any free port.
    share : bool
        Whether to serve other devices in the same network too, not this machine alone.

    Attributes
    ----------
    access : Access
        Links and tokens of the page.
    reports : Reports
        Reports that the page can show.

    Raises
    ------
    UsageError
        The port is taken, or there is no network to share with.
    """

    def __init__(self, hub: Hub, ask: Ask, *, port: int = 0, share: bool = False) -> None:
        listeners = _listening(port, share=share)
        bound = listeners[0].getsockname()[1]
        addresses = [listener.getsockname()[0] for listener in listeners]
        # The network address first: it is the one other devices can use.
        names = [*reversed(addresses), "localhost"]
        self.access = Access.new(tuple(name if bound == 80 else f"{name}:{bound}" for name in names))
        self.reports = Reports()
        self._pages = Pages(self.access, self.reports)
        self._door = Door(listeners, self.access.has_token, NOT_FOUND.serialize())
        self._hub, self._ask = hub, ask
        self._started = threading.Event()
        self._stop: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait(LIMITS.start_s)
        return self

    def __exit__(self, *_: object) -> None:
        if self._stop is not None:
            with suppress(RuntimeError):  # its loop has ended already
                self._stop()
        self._thread.join(LIMITS.stop_s)
        self._door.close()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._serve())
        finally:
            self._started.set()

    async def _serve(self) -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.call_soon_threadsafe(stopped.set)

        self._stop = stop
        async with serve(
            self._attend,
            sock=self._door,
            process_request=self._answer,
            compression=None,
            server_header=None,
            open_timeout=LIMITS.request_s,
            ping_interval=LIMITS.ping_s,
            ping_timeout=LIMITS.ping_s,
            close_timeout=LIMITS.close_s,
            max_size=LIMITS.max_bytes,
            logger=_SILENT,
        ):
            self._started.set()
            await stopped.wait()
            # what follows closes every viewer's WebSocket with 1001, on which the page says that it is over;
            # first the door: a server of asyncio that is closed leaves open who is on the way in
            self._door.shut()
            await asyncio.sleep(LIMITS.turn_s)

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        response = self._pages.answer(request)
        if response is not None:
            plain: socket.socket = connection.transport.get_extra_info("socket")
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LIMITS.answer_bytes)
        return response

    async def _attend(self, connection: ServerConnection) -> None:
        role = None if connection.request is None else self.access.role(connection.request.path)
        if role is not None:
            await serve_viewer(self._hub, self._ask, connection, role)


def _listening(port: int, *, share: bool) -> list[socket.socket]:
    """Return bound sockets: one on the loopback address and, if shared, one on the network address."""
    listeners = [_bound_socket(LOOPBACK, port)]
    if share:
        try:
            listeners.append(_bound_socket(network_address(), listeners[0].getsockname()[1]))
        except UsageError:
            listeners[0].close()
            raise
    return listeners


def _bound_socket(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except OSError as error:
        listener.close()
        raise UsageError(
            f"The page cannot be served at {address}, port {port}: {error.strerror or error}.",
            hint="Name another port with --port, or leave it out to take any free one.",
            code="port_taken",
        ) from error
    return listener


def network_address() -> str:
    """Return the IPv4 address of this machine in its network.

    Raises
    ------
    UsageError
        The machine is in no network.
    """
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing (UDP): the system only chooses the route
            address = str(probe.getsockname()[0])
        except OSError:
            address = LOOPBACK
    if address in (LOOPBACK, "0.0.0.0"):
        raise UsageError(
            "This machine is in no network the page could be shared with.",
            hint="Connect it to the network of the other device, or leave out --share.",
            code="no_network",
        )
    return address


#: The page's scripts, in the order in which they stand in it.
SCRIPTS = ("words", "wearer", "gauges", "sound", "link", "page")


def _document() -> str:
    """Return the page with its style, scripts and icon inside: whoever opens the link asks once."""
    folder = files("imu_reps.web") / "static"

    def text(name: str) -> str:
        return (folder / name).read_text(encoding="utf-8")

    return (
        text("index.html")
        .replace("{icon}", b64encode(text("icon.svg").encode()).decode())
        .replace("{style}", text("page.css"))
        .replace("{script}", "".join(text(f"{name}.js") for name in SCRIPTS))
    )


#: Path of the viewers' WebSocket, after a token.
LIVE = "/live"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Connection": "close",
}


class Pages:
    """Answers HTTP requests; those with another Host, or with the Origin of another page, are refused.

    After the token of every path comes nothing for the page itself, ``/live`` for the WebSocket of
    viewers, or the path of a report.
    """

    def __init__(self, access: Access, reports: Reports) -> None:
        self._access = access
        self._reports = reports
        document = _document()
        self._page = _html_response(document, _page_policy(document))

    def answer(self, request: Request) -> Response | None:
        """Return the answer to a request; None if it may become a viewer's WebSocket.

        A target may be a whole URL, whose host then counts instead of the header's (RFC 9112, 3.2.2).
        """
        target = self._access.path(request.path)
        if target is None or self._access.role(target) is None:
            return NOT_FOUND
        path = "/" + target.partition("?")[0][1:].partition("/")[2]
        if not self._is_allowed(request, is_url=target != request.path, is_live=path == LIVE):
            return _text_response(http.HTTPStatus.FORBIDDEN, "This page is not served under that address.")
        if request.method == "HEAD" and path != LIVE:
            return replace(self._content(path), body=b"")
        if request.method != "GET":
            return _text_response(http.HTTPStatus.METHOD_NOT_ALLOWED, "This page is only read.")
        return None if path == LIVE else self._content(path)

    def _content(self, path: str) -> Response:
        if path == "/":
            return self._page
        report = self._reports.get(path)
        return NOT_FOUND if report is None else _html_response(report, _report_policy(report))

    def _is_allowed(self, request: Request, *, is_url: bool, is_live: bool) -> bool:
        hosts, origins = (request.headers.get_all(name) for name in ("Host", "Origin"))
        if len(hosts) != 1 or not (is_url or self._access.is_host(hosts[0])) or len(origins) > 1:
            return False
        if not origins:  # browsers always send the Origin of a WebSocket
            return not is_live
        return self._access.is_origin(origins[0])


def _html_response(page: str, policy: str) -> Response:
    return _response(http.HTTPStatus.OK, page, "text/html", policy)


def _text_response(status: http.HTTPStatus, text: str) -> Response:
    return _response(status, text, "text/plain", "default-src 'none'")


def _response(status: http.HTTPStatus, text: str, kind: str, policy: str) -> Response:
    content = text.encode()
    headers = Headers(
        **HEADERS,
        **{
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(content)),
            "Content-Security-Policy": policy,
        },
    )
    return Response(status.value, status.phrase, headers, content)


NOT_FOUND = _text_response(
    http.HTTPStatus.NOT_FOUND, "This link is not valid (any more). Take the link from the terminal."
)


class Reports:
    """Report pages by path, compressed, as they stay in memory while sets are recorded."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, bytes] = OrderedDict()

    def add(self, page: str) -> str:
        """Store a page and return its path, which follows the token of a link."""
        path = f"/report/{secrets.token_urlsafe(16)}"
        self._pages[path] = zlib.compress(page.encode())
        while len(self._pages) > LIMITS.max_reports:
            self._pages.popitem(last=False)
        return path

    def get(self, path: str) -> str | None:
        """Return the page at that path; None if there is none."""
        packed = self._pages.get(path)
        return None if packed is None else zlib.decompress(packed).decode()


def page_of(analysis: Analysis, floor_deg: float | None) -> str:
    """Return the report of a set as HTML, with the file's name but not its folder.

    Slow: do not call it in a thread that records.
    """
    from imu_reps.report.page.page import set_page

    recording = analysis.summary.recording
    file = None if recording.file is None else PurePath(recording.file).name
    summary = replace(analysis.summary, recording=replace(recording, file=file))
    return set_page(summary, analysis.track, person=analysis.person, floor_deg=floor_deg)


_ELEMENTS = {name: re.compile(rf"<{name}[^>]*>(.*?)</{name}>", re.DOTALL) for name in ("style", "script")}
_STYLE_ATTRIBUTES = re.compile(r'\sstyle="([^"]*)"')


def _page_policy(page: str) -> str:
    """Return the Content-Security-Policy of the live page: its own script and style, its own server."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hashes(_ELEMENTS['script'].findall(page))}",
            f"style-src {_hashes(_ELEMENTS['style'].findall(page))}",
            "img-src data:",
            "connect-src 'self'",
            "frame-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def _report_policy(page: str) -> str:
    """Return the Content-Security-Policy of a report: nothing but its own styles, allowed by their hashes."""
    attributes = map(unescape, _STYLE_ATTRIBUTES.findall(page))
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src 'unsafe-hashes' {_hashes([*_ELEMENTS['style'].findall(page), *attributes])}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
            "sandbox allow-same-origin",
        ]
    )


def _hashes(inlined: Iterable[str]) -> str:
    """Return the sources of a policy that allow exactly these inlined texts."""
    digests = {b64encode(sha256(text.encode()).digest()).decode() for text in inlined}
    return " ".join(f"'sha256-{digest}'" for digest in sorted(digests))
