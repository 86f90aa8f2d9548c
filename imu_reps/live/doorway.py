"""How many may stand in the door: connections that ask for nothing, or come too thick, are let go."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

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
