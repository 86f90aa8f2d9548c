"""Who may come in to the page: the tokens in its links, checks of Host and Origin, the door."""

from __future__ import annotations

import asyncio
import secrets
import selectors
import socket
import sys
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hmac import compare_digest
from typing import Literal

if sys.platform != "win32":
    import resource

Role = Literal["viewer", "control"]


@dataclass(frozen=True, slots=True)
class Access:
    """The secret tokens of one page, and the addresses it is served at.

    Every path begins with a token, so that the door knows from a request's first line who has the link. The
    server keeps no log, its answers forbid the Referer, and its pages ask nothing of others. The link
    stays in the history of browsers, where it is worthless once the page has closed.

    Attributes
    ----------
    hosts : tuple of str
        ``address:port`` as in the Host header of browsers; the first is used in links.
    """

    hosts: tuple[str, ...]
    view_token: str
    control_token: str

    @classmethod
    def new(cls, hosts: tuple[str, ...]) -> Access:
        """Create access with new random tokens."""
        return cls(hosts, secrets.token_urlsafe(16), secrets.token_urlsafe(16))

    @property
    def view_link(self) -> str:
        """Link for viewers who only watch."""
        return f"http://{self.hosts[0]}/{self.view_token}"

    @property
    def control_link(self) -> str:
        """Link for the person who starts and stops sets."""
        return f"http://{self.hosts[0]}/{self.control_token}"

    def path(self, target: str) -> str | None:
        """Return the path of a target, which may be a whole URL; None if that is of another host."""
        if not target.lower().startswith("http://"):
            return target
        host, _, path = target.partition("//")[2].partition("/")
        return f"/{path}" if self.is_host(host) else None

    def role(self, target: str) -> Role | None:
        """Return the role that the token in a target grants; None without one. Compares in constant time."""
        given = (self.path(target) or "").partition("?")[0][1:].partition("/")[0].encode("utf-8", "replace")
        is_control = compare_digest(given, self.control_token.encode())
        is_view = compare_digest(given, self.view_token.encode())
        return "control" if is_control else "viewer" if is_view else None

    def has_token(self, request: bytes) -> bool:
        """Whether a request, of which the first line is enough, is for a path with a token."""
        _, _, target = request.partition(b" ")
        return self.role(target.partition(b" ")[0].decode("latin-1")) is not None

    def is_host(self, host: str | None) -> bool:
        """Whether a Host header names this page; another name for this machine suggests DNS rebinding."""
        return host is not None and host.lower() in self.hosts

    def is_origin(self, origin: str | None) -> bool:
        """Whether an Origin header names this page."""
        return origin is not None and origin.removeprefix("http://").lower() in self.hosts and "//" in origin


#: A remote address, as `socket.accept` returns it.
Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A connection at the door.

    Attributes
    ----------
    until_s : float
        Time of the event loop when the connection is closed if it has no token by then.
    """

    connection: socket.socket
    address: Address
    until_s: float


class Door(socket.socket):
    """Lets in to the server only connections whose request has a token.

    All connections are accepted and wait at the door for the first line of their request, which costs a file
    handle and nothing else. Those with a token go in. The others get a short answer, one at a time, and are
    closed: who is held cannot come back at once. The door is opened for a moment `LIMITS.turn_s` apart,
    however many press for entry.

    The server takes the door for its listening socket: it is one of a pair of sockets, and has a byte to read
    for everyone who may go in. The event loop must be one that calls `accept`, as those with a selector do.

    Parameters
    ----------
    listeners : sequence of socket.socket
        Bound sockets; closed with the door.
    has_token : callable
        Returns whether the first line of a request has a valid token.
    refusal : bytes
        The answer to a request without one.
    """

    def __init__(
        self, listeners: Sequence[socket.socket], has_token: Callable[[bytes], bool], refusal: bytes
    ) -> None:
        inside, self._bell = socket.socketpair()
        super().__init__(inside.family, inside.type, inside.proto, inside.detach())
        self._listeners = listeners
        self._has_token = has_token
        self._refusal = refusal
        self._waiting: dict[socket.socket, Visitor] = {}  # in the order of their arrival
        self._silent = selectors.DefaultSelector()
        self._refused: deque[socket.socket] = deque()
        self._admitted: deque[tuple[socket.socket, Address]] = deque()
        self._next_turn: asyncio.TimerHandle | None = None

    def listen(self, _: int = 0, /) -> None:
        """Begin to accept connections, in the running event loop."""
        for listener in self._listeners:
            listener.setblocking(False)
            listener.listen(LIMITS.outside)
        self._rest()

    def accept(self) -> tuple[socket.socket, Address]:
        """Return the next connection that has a token.

        Raises
        ------
        BlockingIOError
            There is none at present.
        """
        self.recv(1)
        return self._admitted.popleft()

    def shut(self) -> None:
        """Let nobody in any more."""
        self._pause()

    def close(self) -> None:
        """Close all that is not inside yet."""
        self._pause()
        for one in (*self._listeners, *self._waiting, *(one for one, _ in self._admitted), self._bell):
            one.close()
        self._silent.close()
        super().close()

    def _rest(self) -> None:
        for listener in self._listeners:
            asyncio.get_running_loop().add_reader(listener, self._turn)

    def _pause(self) -> None:
        if self._next_turn is not None:
            self._next_turn.cancel()
        with suppress(RuntimeError):  # no event loop: the door was never opened
            for listener in self._listeners:
                if listener.fileno() >= 0:
                    asyncio.get_running_loop().remove_reader(listener)

    def _turn(self) -> None:
        """Accept those outside, let in who has a token, close one who has none and one who waits too long."""
        loop = asyncio.get_running_loop()
        self._pause()
        accepted = [self._accept(listener, loop.time() + LIMITS.line_s) for listener in self._listeners]
        for key, _ in self._silent.select(0):
            self._look(self._waiting[key.fileobj])  # type: ignore[index]  # what is registered is a socket
        if self._refused:
            self._refuse(self._refused.popleft())
        oldest = next(iter(self._waiting.values()), None)
        if oldest is not None and oldest.until_s < loop.time():
            self._close(oldest.connection)
        self._close_all_but(most_waiting())
        if self._waiting or any(accepted):
            self._next_turn = loop.call_later(LIMITS.turn_s, self._turn)
        else:
            self._rest()

    def _accept(self, listener: socket.socket, until_s: float) -> bool:
        """Accept `LIMITS.at_a_glance` connections at most; return whether there were any."""
        for taken in range(LIMITS.at_a_glance):
            try:
                connection, address = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return taken > 0
            except OSError:  # no file handle is left
                self._close_all_but(len(self._waiting) // 2)
                return True
            connection.setblocking(False)
            self._waiting[connection] = Visitor(connection, address, until_s)
            self._silent.register(connection, selectors.EVENT_READ)
        return True

    def _look(self, visitor: Visitor) -> None:
        """Let in a connection with a token; nothing happens before its first line is whole."""
        connection, line = visitor.connection, b""
        with suppress(OSError):
            line = connection.recv(LIMITS.line_bytes, socket.MSG_PEEK)
        if self._has_token(line) and b"\n" in line:
            self._leave(connection)
            self._admitted.append((connection, visitor.address))
            self._bell.send(b"\0")
        elif not line:
            self._close(connection)
        elif b"\n" in line or len(line) == LIMITS.line_bytes:
            self._silent.unregister(connection)
            self._refused.append(connection)

    def _refuse(self, connection: socket.socket) -> None:
        with suppress(OSError):  # it may be closed by now
            connection.recv(1 << 16)  # unread bytes would have the answer discarded
            connection.send(self._refusal)
        self._close(connection)

    def _leave(self, connection: socket.socket) -> None:
        self._waiting.pop(connection, None)
        with suppress(KeyError, ValueError):  # it had been refused, or was closed
            self._silent.unregister(connection)

    def _close(self, connection: socket.socket) -> None:
        self._leave(connection)
        connection.close()

    def _close_all_but(self, most: int) -> None:
        """Close connections beyond a number, one per address in turn, newest first."""
        if len(self._waiting) <= most:
            return
        of_address: Counter[str] = Counter()
        ranked = []
        for connection, visitor in reversed(self._waiting.items()):
            of_address[visitor.address[0]] += 1
            ranked.append((of_address[visitor.address[0]], connection))
        ranked.sort(key=lambda entry: entry[0])
        for _, connection in ranked[most:]:
            self._close(connection)


def most_waiting() -> int:
    """Return how many connections may wait: half of what this process may open or look at, at most."""
    if sys.platform == "win32":  # a selector takes 512 there
        return min(LIMITS.max_waiting, 256)
    return min(LIMITS.max_waiting, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)


@dataclass(frozen=True, slots=True)
class PageLimits:
    """Limits on connections, messages and waiting times."""

    #: Time limit at the door for the first line of a request. Browsers send it with the connection; some open
    #: one more in advance, and open it again when they need it.
    line_s: float = 3.0
    #: Maximum length of that line.
    line_bytes: int = 1024
    #: Maximum number of connections that wait at the door, where file handles allow it (`most_waiting`). One
    #: more closes the oldest of the address that has most of them.
    max_waiting: int = 600
    #: Interval of the turns of the door: a crowd that comes back at once is served no more often.
    turn_s: float = 0.01
    #: Connections accepted per turn; each needs a file handle for that time.
    at_a_glance: int = 64
    #: Backlog of the listening socket, capped by the system (Linux: 4096); a connection refused there retries
    #: only after a second.
    outside: int = 4096
    #: Time limit for the rest of a request.
    request_s: float = 5.0
    #: Size of the buffer of a page's connection: the system takes the whole page at once, and delivers it as
    #: slowly as the network demands.
    answer_bytes: int = 1 << 18
    #: Time limit for sending to a stalled viewer.
    send_s: float = 15.0
    #: Messages a viewer may send in a burst.
    burst: float = 20.0
    #: Messages per second a viewer may send in the long run.
    messages_hz: float = 5.0
    #: Maximum length of a viewer's message.
    max_bytes: int = 1024
    #: Interval of pings, and time limit for the answer, after which a connection counts as dead.
    ping_s: float = 10.0
    #: Time limit for a viewer to answer the closing handshake.
    close_s: float = 1.0
    #: Longest wait for the server's thread to start.
    start_s: float = 10.0
    #: Longest wait for it to stop.
    stop_s: float = 5.0
    #: Maximum rate of snapshots sent to a viewer.
    snapshots_hz: float = 30.0
    #: Interval after which a snapshot is sent even if nothing has changed.
    heartbeat_s: float = 1.0
    #: Interval of checks for a new snapshot.
    look_s: float = 0.008
    #: Moments queued for one viewer; a viewer further behind is disconnected, and reconnects to the full
    #: state.
    max_moments: int = 256
    #: Maximum number of viewers who only watch, and of those with control.
    max_viewers: int = 16
    #: Reports kept in memory, the latest ones; older ones can be made again from the recordings.
    max_reports: int = 20


LIMITS = PageLimits()
