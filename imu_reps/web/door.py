"""Limits on strangers, connections that have not authenticated yet: few at once, and not for long."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from imu_reps.domain.untrusted import oldest_of_crowd
from imu_reps.web.page_limits import LIMITS

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
