"""Who may come in to the page, and how many: tokens, checks of Host and Origin, limits on strangers."""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Literal

from imu_reps.domain.untrusted import oldest_of_crowd

Role = Literal["viewer", "control"]


@dataclass(frozen=True, slots=True)
class Access:
    """The secret tokens of one page, and the addresses it is served at.

    The token is in the fragment (after ``#``) of a link, which browsers never send, so it is in no log. The
    page sends it to this server only, which keeps no log: as a pass in the URL of its WebSocket request, so
    that a crowd of other connections cannot hold it up, and then in its first message to authenticate.

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
        return f"http://{self.hosts[0]}/#{self.view_token}"

    @property
    def control_link(self) -> str:
        """Link for the person who starts and stops sets."""
        return f"http://{self.hosts[0]}/#{self.control_token}"

    def role(self, token: str) -> Role | None:
        """Return the role a token grants; None if it is neither token. Compares in constant time."""
        given = token.encode("utf-8", "replace")
        is_control = compare_digest(given, self.control_token.encode())
        is_view = compare_digest(given, self.view_token.encode())
        return "control" if is_control else "viewer" if is_view else None

    def has_pass(self, request: str) -> bool:
        """Whether a request, or its path alone, has a valid token; such a viewer is no stranger."""
        found = re.search(r"/live\?pass=([\w-]+)", request, re.ASCII)
        return found is not None and self.role(found[1]) is not None

    def is_host(self, host: str | None) -> bool:
        """Whether a Host header names this page; another name for this machine suggests DNS rebinding."""
        return host is not None and host.lower() in self.hosts

    def is_origin(self, origin: str | None) -> bool:
        """Whether an Origin header names this page."""
        return origin is not None and origin.removeprefix("http://").lower() in self.hosts and "//" in origin


#: A pending connection, as `socket.accept` returns it: the socket and the remote address.
Visitor = tuple[socket.socket, tuple[str, int]]


class Entrance(socket.socket):
    """A listening socket that takes all pending connections at once and admits a few of them.

    Connections whose request has a pass come first, then those that have sent nothing yet; among equals, one
    per remote address in turn, newest first. The others are closed and may reconnect at once. In a plain
    queue a viewer would wait until the whole crowd before it had been served.

    Where the event loop does not call `accept` (Windows), this is an ordinary socket.

    Attributes
    ----------
    has_pass : callable
        Returns whether the first bytes of a request have a valid pass.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_pass: Callable[[bytes], bool] = lambda _: False
        self._admitted: deque[Visitor] = deque()
        self._has_polled = False

    def accept(self) -> Visitor:
        """Return the next admitted connection.

        Raises
        ------
        BlockingIOError
            None is left of those that were pending at the first call.
        """
        if not self._has_polled:
            self._admitted.extend(self._admit([*self._pending()]))
        self._has_polled = bool(self._admitted)
        if not self._admitted:
            raise BlockingIOError
        return self._admitted.popleft()

    def _pending(self) -> Iterator[Visitor]:
        """Yield pending connections, newest last, `LIMITS.at_a_glance` at most."""
        for taken in range(LIMITS.at_a_glance):
            try:
                yield super().accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:
                # no file handle is left: closing some of those already taken frees handles
                if not taken:
                    raise
                return

    def _admit(self, pending: list[Visitor]) -> list[Visitor]:
        """Return the connections to admit, `LIMITS.at_once` at most, and close the others."""
        if len(pending) <= LIMITS.at_once:
            return pending
        of_address: Counter[str] = Counter()
        ranked = []
        for connection, address in reversed(pending):
            of_address[address[0]] += 1
            ranked.append((self._rank(connection), of_address[address[0]], (connection, address)))
        ranked.sort(key=lambda entry: entry[:2])
        for *_, (connection, _) in ranked[LIMITS.at_once :]:
            connection.close()
        return [visitor for *_, visitor in ranked[: LIMITS.at_once]]

    def _rank(self, connection: socket.socket) -> int:
        """Rank a connection: 0 with a pass, 1 if it has sent nothing yet and may have one, 2 without."""
        request = _peek(connection)
        return 0 if self.has_pass(request) else 2 if request else 1


def _peek(connection: socket.socket) -> bytes:
    """Return the first bytes received so far, without consuming them."""
    connection.setblocking(False)
    with suppress(OSError):
        return connection.recv(LIMITS.look_bytes, socket.MSG_PEEK)
    return b""


class Door:
    """Keeps the strangers of one page, oldest first; runs in the server's event loop only."""

    def __init__(self) -> None:
        self._strangers: OrderedDict[asyncio.Transport, asyncio.TimerHandle] = OrderedDict()

    def enter(self, transport: asyncio.Transport) -> None:
        """Add a stranger, to be closed after `LIMITS.stranger_s`."""
        if len(self._strangers) >= LIMITS.max_strangers:
            self._close(self._oldest_of_crowd())
        loop = asyncio.get_running_loop()
        self._strangers[transport] = loop.call_later(LIMITS.stranger_s, self._close, transport)

    def forget(self, transport: asyncio.Transport) -> None:
        """Remove a connection that was closed or has authenticated."""
        timer = self._strangers.pop(transport, None)
        if timer is not None:
            timer.cancel()

    def empty(self) -> None:
        """Close all strangers."""
        for transport in [*self._strangers]:
            self._close(transport)

    def _oldest_of_crowd(self) -> asyncio.Transport:
        """Return the oldest stranger of the address that has most of them."""
        strangers = [*self._strangers]
        return strangers[oldest_of_crowd(one.get_extra_info("peername") for one in strangers)]

    def _close(self, transport: asyncio.Transport) -> None:
        self.forget(transport)
        transport.abort()


@dataclass(frozen=True, slots=True)
class PageLimits:
    """Limits on connections, messages and waiting times; a stranger has not authenticated yet.

    Attributes
    ----------
    stranger_s : float
        Time limit for a stranger to request and receive a file, or to send a valid token. A slow wireless
        network takes seconds for the page's 70 kB.
    max_strangers : int
        Maximum number of strangers; the recording needs file handles too, and some systems allow only 256.
        One more closes the oldest connection of the address that has most of them: idle connections cannot
        block the page, and a crowd from one machine displaces only itself. A browser that loads the page
        opens six connections.
    at_once : int
        Strangers admitted per pass, few enough that earlier connections are served in between.
    at_a_glance : int
        Pending connections taken per pass; each needs a file handle for that time.
    outside : int
        Backlog of the listening socket, capped by the system (Linux: 4096); a connection refused there
        retries only after a second.
    look_bytes : int
        Bytes of a request examined for a pass.
    hello_s : float
        Time limit for a viewer to authenticate.
    send_s : float
        Time limit for sending to a stalled viewer.
    burst : float
        Messages a viewer may send in a burst.
    messages_hz : float
        Messages per second a viewer may send in the long run.
    max_bytes : int
        Maximum length of a viewer's message.
    ping_s : float
        Interval of pings, and time limit for the answer, after which a connection counts as dead.
    close_s : float
        Time limit for a viewer to answer the closing handshake.
    start_s : float
        Longest wait for the server's thread to start.
    stop_s : float
        Longest wait for it to stop.
    pictures_hz : float
        Maximum rate of pictures sent to a viewer.
    heartbeat_s : float
        Interval after which a picture is sent even if nothing has changed.
    look_s : float
        Interval of checks for a new picture.
    max_moments : int
        Moments queued for one viewer; a viewer further behind is disconnected, and reconnects to the full
        state.
    max_viewers : int
        Maximum number of viewers.
    max_reports : int
        Reports kept in memory, the latest ones; older ones can be made again from the recordings.
    """

    stranger_s: float = 10.0
    max_strangers: int = 96
    at_once: int = 6
    at_a_glance: int = 64
    outside: int = 4096
    look_bytes: int = 256
    hello_s: float = 5.0
    send_s: float = 15.0
    burst: float = 20.0
    messages_hz: float = 5.0
    max_bytes: int = 1024
    ping_s: float = 10.0
    close_s: float = 1.0
    start_s: float = 10.0
    stop_s: float = 5.0
    pictures_hz: float = 30.0
    heartbeat_s: float = 1.0
    look_s: float = 0.008
    max_moments: int = 256
    max_viewers: int = 16
    max_reports: int = 20


LIMITS = PageLimits()
