"""The page's server, in a thread of its own: whatever it does, the recording goes on."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack, closing, suppress
from functools import partial
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from imu_reps.errors import UsageError
from imu_reps.web.access import Access
from imu_reps.web.app import Pages
from imu_reps.web.commands import Command
from imu_reps.web.door import AT_ONCE, OUTSIDE, STRANGER_S, Door, Entrance
from imu_reps.web.hub import Hub
from imu_reps.web.reports import Reports
from imu_reps.web.viewer import Desk, serve_viewer

LOOPBACK = "127.0.0.1"
#: Nothing a viewer says is longer.
MAX_BYTES = 1024
#: A connection that does not answer is found out after this.
PING_S = 10.0
#: Who is told goodbye and does not answer is let go after this.
CLOSE_S = 1.0
#: Turns of the event loop from somebody's coming in until the door knows of him (asyncio takes three).
THRESHOLD = 8
START_S, STOP_S = 10.0, 5.0
#: What strangers send is in no log, nor what viewers are sent: it holds their tokens.
_SILENT = logging.Logger("page", logging.CRITICAL)


class PageServer:
    """Serves one hub's page; a context manager.

    Parameters
    ----------
    hub : Hub
    ask : callable
        Called in the server's thread with each command of a viewer who may control; must not block.
    port : int
        0: any free one.
    share : bool
        Also for other devices in the same network; else for this machine alone.

    Attributes
    ----------
    access : Access
        Its links.
    reports : Reports

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
        # The network's address first: it is the one other devices can use.
        names = [*reversed(addresses), "localhost"]
        self.access = Access.new(tuple(name if bound == 80 else f"{name}:{bound}" for name in names))
        for listener in self._sockets:
            listener.has_pass = lambda said: self.access.has_pass(said.decode("latin-1"))
        self.reports = Reports()
        self._desk = Desk(hub, self.access, ask)
        self._started = threading.Event()
        self._stop: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait(START_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stop is not None:
            with suppress(RuntimeError):  # its loop has ended already
                self._stop()
        self._thread.join(STOP_S)
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
                    backlog=AT_ONCE + 1,
                    process_request=answer,
                    create_connection=partial(Visit, door),  # type: ignore[arg-type]  # a factory will do
                    compression=None,
                    server_header=None,
                    open_timeout=STRANGER_S,
                    ping_interval=PING_S,
                    ping_timeout=PING_S,
                    close_timeout=CLOSE_S,
                    max_size=MAX_BYTES,
                    logger=_SILENT,
                )
                await listening.enter_async_context(server)
                listener.listen(OUTSIDE)
            self._started.set()
            await stopped.wait()
            await self._shut()
            door.empty()

    async def _shut(self) -> None:
        """Let nobody else in, and those who are on the threshold come in, to be sent away with the others."""
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError):  # Windows
            for listener in self._sockets:
                loop.remove_reader(listener)
        for _ in range(THRESHOLD):
            await asyncio.sleep(0)


class Visit(ServerConnection):
    """A connection that the door knows of (`create_connection` is where websockets wants this said)."""

    def __init__(self, door: Door, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._door = door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody comes in."""
        super().connection_made(transport)
        self._door.enter(self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """He has gone."""
        self._door.forget(self.transport)
        super().connection_lost(exc)


def _listening(port: int, *, share: bool) -> list[Entrance]:
    """A socket for this machine, and one for the network if it is to be shared."""
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
    """The address of this machine in its network.

    Raises
    ------
    UsageError
        There is none.
    """
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent: the system only says which way it would go
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
