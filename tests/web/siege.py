"""Strangers at a page: ``python siege.py HOST CONNECTIONS KINDS [SOURCE]`` runs until killed."""

from __future__ import annotations

import asyncio
import random
import socket
import sys
from contextlib import suppress

UPGRADE = (
    "GET /live HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
#: What each kind of stranger sends at once; {host} is that of the page.
SENT = {
    "nothing": "",
    "half a request": "GET / HTTP/1.1\r\nHost: ",
    "a whole request and a byte": "GET / HTTP/1.1\r\nHost: {host}\r\n\r\nG",
    "two requests in one": 2 * "GET /page.js HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n",
    "a request that keeps alive": "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n",
    "a body that never comes": "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n",
    "a handshake and no token": UPGRADE,
    "half a frame": UPGRADE + "\x01\x7f",
    "no HTTP": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
    "oversize": "GET / HTTP/1.1\r\nA: " + "x" * 200_000,
}
#: What others go on to send, a piece every so many seconds.
SENT_ON = {
    "slow": (0.4, ["G", "E", "T", " ", *"/ HTTP/1.1\r\nHost: x\r\n" * 20]),
    "pings": (0.005, [UPGRADE, *[50 * "\x89\x8a\0\0\0\0xxxxxxxxxx"] * 200]),
}


def standing(host: str, sent: str = "", source: str = "") -> socket.socket:
    """Return a connection that has sent `sent` and does nothing more."""
    address, port = host.split(":")
    connection = socket.create_connection((address, int(port)), timeout=10.0, source_address=(source, 0))
    try:
        connection.sendall(sent.replace("{host}", host).encode("latin-1"))
    except OSError:
        connection.close()
        raise
    return connection


async def stand(host: str, kind: str, source: str) -> None:
    """Connect and send, again and again whenever the page closes the connection."""
    address, port = host.split(":")
    pause_s, pieces = SENT_ON.get(kind) or (0.0, [SENT[kind]])
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(address, int(port), local_addr=(source, 0))
            try:
                for piece in pieces:
                    writer.write(piece.replace("{host}", host).encode("latin-1"))
                    await writer.drain()
                    await asyncio.sleep(pause_s)
                await reader.read()
            finally:
                writer.close()
        await asyncio.sleep(0.05 * random.random())


async def besiege(host: str, connections: int, kinds: list[str], source: str = "") -> None:
    """Keep up `connections` connections of the kinds in turn."""
    source = source or "127.0.0.1"
    await asyncio.gather(*(stand(host, kinds[n % len(kinds)], source) for n in range(connections)))


if __name__ == "__main__":
    asyncio.run(besiege(sys.argv[1], int(sys.argv[2]), sys.argv[3].split(","), *sys.argv[4:]))
