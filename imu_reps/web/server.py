"""The page's server, in a thread of its own: whatever it does, the recording goes on."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from types import TracebackType
from typing import Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from imu_reps.errors import UsageError
from imu_reps.web.access import Access
from imu_reps.web.app import application
from imu_reps.web.commands import Command
from imu_reps.web.hub import Hub
from imu_reps.web.reports import Reports
from imu_reps.web.viewer import Desk

LOOPBACK = "127.0.0.1"
#: Nothing a viewer says is longer.
MOST_BYTES = 1024
#: A connection that does not answer is found out after this.
PING_S = 10.0
START_S, STOP_S = 10.0, 5.0


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
        self.reports = Reports()
        self._server = uvicorn.Server(
            uvicorn.Config(
                application(Desk(hub, self.access, ask), self.reports),
                http=Doorway,
                ws="websockets-sansio",
                ws_max_size=MOST_BYTES,
                ws_ping_interval=PING_S,
                ws_ping_timeout=PING_S,
                ws_per_message_deflate=False,
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=1,
                h11_max_incomplete_event_size=16384,
            )
        )
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        waited = threading.Event()
        for _ in range(int(START_S / 0.02)):
            if self._server.started or not self._thread.is_alive():
                break
            waited.wait(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(STOP_S)
        for listener in self._sockets:
            with suppress(OSError):
                listener.close()

    def _run(self) -> None:
        self._server.run(sockets=self._sockets)


def _listening(port: int, *, share: bool) -> list[socket.socket]:
    """A socket for this machine, and one for the network if it is to be shared."""
    listeners = [_bound(LOOPBACK, port)]
    if share:
        try:
            listeners.append(_bound(network_address(), listeners[0].getsockname()[1]))
        except UsageError:
            listeners[0].close()
            raise
    return listeners


def _bound(address: str, port: int) -> socket.socket:
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


#: Who connects and has not asked for anything within this is not waited for.
REQUEST_S = 5.0
#: Connections at once, viewers among them, of one address and of all: nobody alone shuts the others out, and
#: the file handles that recording needs are not used up here.
MOST_OF_ONE, MOST_OF_ALL = 40, 96


class Doorway(H11Protocol):
    """Plain HTTP as uvicorn speaks it, for a bounded number of connections that do ask for something."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or refuse it without a word."""
        super().connection_made(transport)
        mine = sum(_address(other) == _address(self) for other in self.connections)
        if mine > MOST_OF_ONE or len(self.connections) > MOST_OF_ALL:
            transport.abort()
        else:
            self._patience = self.loop.call_later(REQUEST_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        if self._patience is not None:
            self._patience.cancel()
        super().connection_lost(exc)

    def _give_up(self) -> None:
        if self.cycle is None and self in self.connections:  # not a viewer's by now
            self.transport.abort()


def _address(connection: object) -> str | None:
    client = getattr(connection, "client", None)
    return client[0] if client else None
