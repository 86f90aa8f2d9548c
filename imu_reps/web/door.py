"""Who has come in and not said yet who he is: few at once, and not for long."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict

#: A stranger has so long for everything: to ask for a file and get it, or to show a token. A slow wireless
#: network takes seconds for the page's 70 kB.
STRANGER_S = 10.0
#: So many at once; the recording needs file handles too, of which some systems give 256. One more sends one
#: away: of the address that has most of them there, the one who has stood there longest. So nobody shuts the
#: door by standing in it, and a crowd from one machine is in its own way alone. A browser that loads the page
#: is six strangers.
MAX_STRANGERS = 96


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
