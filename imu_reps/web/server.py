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
from collections.abc import Callable
from contextlib import AsyncExitStack, closing, suppress
from dataclasses import replace
from functools import partial
from hashlib import sha256
from html import unescape
from importlib.resources import files
from pathlib import PurePath
from typing import Any, Self

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from imu_reps.analysis.analyze import Analysis
from imu_reps.errors import UsageError
from imu_reps.web.access import LIMITS, Access, Door, Entrance
from imu_reps.web.hub import Command, Desk, Hub, serve_viewer

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

    def __init__(
        self, hub: Hub, ask: Callable[[Command], None], *, port: int = 0, share: bool = False
    ) -> None:
        self._sockets = _listening(port, share=share)
        bound = self._sockets[0].getsockname()[1]
        addresses = [listener.getsockname()[0] for listener in self._sockets]
        # The network address first: it is the one other devices can use.
        names = [*reversed(addresses), "localhost"]
        self.access = Access.new(tuple(name if bound == 80 else f"{name}:{bound}" for name in names))
        for listener in self._sockets:
            listener.has_pass = lambda request: self.access.has_pass(request.decode("latin-1"))
        self.reports = Reports()
        self._desk = Desk(hub, self.access, ask)
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
        for listener in self._sockets:
            with suppress(OSError):
                listener.close()

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(self._serve())
        finally:
            self._started.set()

    async def _serve(self) -> None:
        stopped, door = asyncio.Event(), Door()
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.call_soon_threadsafe(stopped.set)

        pages = Pages(self.access, self.reports)

        def answer(connection: ServerConnection, request: Request) -> Response | None:
            if self.access.has_pass(request.path):
                door.forget(connection.transport)
            return pages.answer(request)

        async def attend(connection: ServerConnection) -> None:
            await serve_viewer(self._desk, connection, lambda: door.forget(connection.transport))

        self._stop = stop
        async with AsyncExitStack() as listening:
            for listener in self._sockets:
                server = serve(
                    attend,
                    sock=listener,
                    backlog=LIMITS.at_once + 1,
                    process_request=answer,
                    create_connection=partial(Visit, door),  # type: ignore[arg-type]  # a factory will do
                    compression=None,
                    server_header=None,
                    open_timeout=LIMITS.stranger_s,
                    ping_interval=LIMITS.ping_s,
                    ping_timeout=LIMITS.ping_s,
                    close_timeout=LIMITS.close_s,
                    max_size=LIMITS.max_bytes,
                    logger=_SILENT,
                )
                await listening.enter_async_context(server)
                listener.listen(LIMITS.outside)
            self._started.set()
            await stopped.wait()
            await self._shut()
            door.empty()

    async def _shut(self) -> None:
        """Stop accepting, and let connections just accepted reach the door, to be closed with the others."""
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError):  # Windows
            for listener in self._sockets:
                loop.remove_reader(listener)
        for _ in range(8):  # turns of the loop until the door has a connection; asyncio takes three
            await asyncio.sleep(0)


class Visit(ServerConnection):
    """A connection that registers with the door (passed to websockets as `create_connection`)."""

    def __init__(self, door: Door, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._door = door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register as a stranger."""
        super().connection_made(transport)
        self._door.enter(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove from the door."""
        self._door.forget(self.transport)
        super().connection_lost(exc)


def _listening(port: int, *, share: bool) -> list[Entrance]:
    """Return bound sockets: one on the loopback address and, if shared, one on the network address."""
    listeners = [_bound_socket(LOOPBACK, port)]
    if share:
        try:
            listeners.append(_bound_socket(network_address(), listeners[0].getsockname()[1]))
        except UsageError:
            listeners[0].close()
            raise
    return listeners


def _bound_socket(address: str, port: int) -> Entrance:
    listener = Entrance(socket.AF_INET, socket.SOCK_STREAM)
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


#: The files that are served, with their media types; no other file can be requested.
STATIC = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/page.js": ("page.js", "text/javascript"),
    "/link.js": ("link.js", "text/javascript"),
    "/wearer.js": ("wearer.js", "text/javascript"),
    "/gauges.js": ("gauges.js", "text/javascript"),
    "/sound.js": ("sound.js", "text/javascript"),
    "/words.js": ("words.js", "text/javascript"),
}
#: Path of the viewers' WebSocket.
LIVE = "/live"

#: The page may use its own scripts, styles and images and connect to its own server; nothing else.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Connection": "close",
}


class Pages:
    """Answers HTTP requests; those with another Host, or with the Origin of another page, are refused."""

    def __init__(self, access: Access, reports: Reports) -> None:
        self._access = access
        self._reports = reports
        folder = files("imu_reps.web") / "static"
        self._files = {path: ((folder / name).read_bytes(), kind) for path, (name, kind) in STATIC.items()}

    def answer(self, request: Request) -> Response | None:
        """Return the answer to a request; None if it may become a viewer's WebSocket."""
        if not self._is_allowed(request):
            return _text_response(http.HTTPStatus.FORBIDDEN, "This page is not served under that address.")
        if request.method != "GET":
            return _text_response(http.HTTPStatus.METHOD_NOT_ALLOWED, "This page is only read.")
        path = request.path.partition("?")[0]
        if path == LIVE:
            return None
        if path in self._files:
            content, kind = self._files[path]
            return _response(http.HTTPStatus.OK, content, kind)
        report = self._reports.get(path.removeprefix("/report/")) if path.startswith("/report/") else None
        if report is None:
            return _text_response(http.HTTPStatus.NOT_FOUND, "There is no such page.")
        return _response(http.HTTPStatus.OK, report.encode(), "text/html", report_policy(report))

    def _is_allowed(self, request: Request) -> bool:
        hosts, origins = (request.headers.get_all(name) for name in ("Host", "Origin"))
        if len(hosts) != 1 or not self._access.is_host(hosts[0]) or len(origins) > 1:
            return False
        if not origins:  # browsers always send the Origin of a WebSocket
            return not request.path.startswith(LIVE)
        return self._access.is_origin(origins[0])


def _text_response(status: http.HTTPStatus, text: str) -> Response:
    return _response(status, text.encode(), "text/plain")


def _response(status: http.HTTPStatus, content: bytes, kind: str, policy: str = PAGE_POLICY) -> Response:
    headers = Headers(
        **HEADERS,
        **{
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(content)),
            "Content-Security-Policy": policy,
        },
    )
    return Response(status.value, status.phrase, headers, content)


_STYLE_ELEMENTS = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_STYLE_ATTRIBUTES = re.compile(r'\sstyle="([^"]*)"')


class Reports:
    """Report pages by name, compressed, as they stay in memory while sets are recorded."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, bytes] = OrderedDict()

    def add(self, page: str) -> str:
        """Store a page under a random name and return its path."""
        name = secrets.token_urlsafe(16)
        self._pages[name] = zlib.compress(page.encode())
        while len(self._pages) > LIMITS.max_reports:
            self._pages.popitem(last=False)
        return f"/report/{name}"

    def get(self, name: str) -> str | None:
        """Return the page of that name; None if there is none."""
        packed = self._pages.get(name)
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


def report_policy(page: str) -> str:
    """Return the Content-Security-Policy of a report: nothing but its own styles, allowed by their hashes."""
    elements = sorted({_style_hash(style) for style in _STYLE_ELEMENTS.findall(page)})
    attributes = sorted({_style_hash(unescape(style)) for style in _STYLE_ATTRIBUTES.findall(page)})
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src 'unsafe-hashes' {' '.join(elements + attributes)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
            "sandbox allow-same-origin",
        ]
    )


def _style_hash(style: str) -> str:
    return f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"
