"""Who has come in and not said yet who he is: few at once, and not for long."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

#: A stranger has so long for everything: to ask for a file and get it, or to show a token. A slow wireless
#: network takes seconds for the page's 70 kB.
STRANGER_S = 10.0
#: So many at once; the recording needs file handles too, of which some systems give 256. One more sends one
#: away: of the address that has most of them there, the one who has stood there longest. So nobody shuts the
#: door by standing in it, and a crowd from one machine is in its own way alone. A browser that loads the page
#: is six strangers.
MAX_STRANGERS = 96
#: So many come in at a time, so that whoever came before is listened to meanwhile. So many are seen at a
#: time, for each needs a file handle meanwhile. So many may wait outside, or what the system allows (Linux:
#: 4096): who finds no room there asks again after a second only.
AT_ONCE, AT_A_GLANCE, OUTSIDE = 6, 64, 4096
#: So much of what somebody says is looked at there.
LOOK_BYTES = 256

#: Who waits outside: the connection, and where it comes from.
Visitor = tuple[socket.socket, tuple[str, int]]


class Entrance(socket.socket):
    """A listening socket before which no queue forms: all who wait are seen at once, and some let in.

    Those are who shows a pass, then who has said nothing yet, of each address in turn and the newest first;
    the rest is sent away, and may ask again at once. In a queue behind a crowd a viewer would wait for as
    long as it takes to listen to all of the crowd.

    Where a loop does not accept by itself (Windows), this is a socket like any other.

    Attributes
    ----------
    has_pass : callable
        Whether what somebody says first shows that he may come in.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_pass: Callable[[bytes], bool] = lambda _: False
        self._let_in: deque[Visitor] = deque()
        self._has_looked = False

    def accept(self) -> Visitor:
        """Who comes in next.

        Raises
        ------
        BlockingIOError
            Nobody more of those who waited when this was asked first.
        """
        if not self._has_looked:
            self._let_in.extend(self._welcome([*self._waiting()]))
        self._has_looked = bool(self._let_in)
        if not self._let_in:
            raise BlockingIOError
        return self._let_in.popleft()

    def _waiting(self) -> Iterator[Visitor]:
        """Who waits outside, as many as are seen at a time, the newest last."""
        for seen in range(AT_A_GLANCE):
            try:
                yield super().accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:
                # no file handle is left: to send away who was seen gives some back
                if not seen:
                    raise
                return

    def _welcome(self, crowd: list[Visitor]) -> list[Visitor]:
        """Who of a crowd is let in; the others are sent away."""
        if len(crowd) <= AT_ONCE:
            return crowd
        before: Counter[str] = Counter()
        turns = []
        for connection, address in reversed(crowd):
            before[address[0]] += 1
            turns.append((self._rank(connection), before[address[0]], (connection, address)))
        turns.sort(key=lambda turn: turn[:2])
        for *_, (connection, _) in turns[AT_ONCE:]:
            connection.close()
        return [visitor for *_, visitor in turns[:AT_ONCE]]

    def _rank(self, connection: socket.socket) -> int:
        """0 of who shows a pass, 1 of who has said nothing yet and may have one, 2 of who has none."""
        said = _first_said(connection)
        return 0 if self.has_pass(said) else 2 if said else 1


def _first_said(connection: socket.socket) -> bytes:
    """What somebody said so far; it stays to be read."""
    connection.setblocking(False)
    with suppress(OSError):
        return connection.recv(LOOK_BYTES, socket.MSG_PEEK)
    return b""


class Door:
    """The strangers of one page, oldest first; all of it in the server's event loop."""

    def __init__(self) -> None:
        self._strangers: OrderedDict[asyncio.Transport, asyncio.TimerHandle] = OrderedDict()

    def enter(self, transport: asyncio.Transport) -> None:
        """Let somebody in, for a while."""
        if len(self._strangers) >= MAX_STRANGERS:
            self._send_away(self._least_welcome())
        loop = asyncio.get_running_loop()
        self._strangers[transport] = loop.call_later(STRANGER_S, self._send_away, transport)

    def forget(self, transport: asyncio.Transport) -> None:
        """He has gone, or is a stranger no more."""
        timer = self._strangers.pop(transport, None)
        if timer is not None:
            timer.cancel()

    def empty(self) -> None:
        """Send all strangers away."""
        for transport in [*self._strangers]:
            self._send_away(transport)

    def _least_welcome(self) -> asyncio.Transport:
        crowds = Counter(map(_address, self._strangers))
        largest = max(crowds, key=crowds.__getitem__)
        return next(one for one in self._strangers if _address(one) == largest)

    def _send_away(self, transport: asyncio.Transport) -> None:
        self.forget(transport)
        transport.abort()


def _address(transport: asyncio.Transport) -> str:
    return str((transport.get_extra_info("peername") or [""])[0])
