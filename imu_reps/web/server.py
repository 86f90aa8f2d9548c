"""The page's server, in a thread of its own so that its faults do not affect the recording."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack, closing, suppress
from functools import partial
from typing import Any, Self

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from imu_reps.errors import UsageError
from imu_reps.web.access import LIMITS, Access, Door, Entrance
from imu_reps.web.hub import Command, Desk, Hub, serve_viewer
from imu_reps.web.pages import Pages, Reports

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
    listeners = [_bound(LOOPBACK, port)]
    if share:
        try:
            listeners.append(_bound(network_address(), listeners[0].getsockname()[1]))
        except UsageError:
            listeners[0].close()
            raise
    return listeners


def _bound(address: str, port: int) -> Entrance:
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
