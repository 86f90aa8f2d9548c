"""Unauthenticated connections to a page: ``python siege.py HOST CONNECTIONS [SOURCE]`` runs until killed."""

from __future__ import annotations

import socket
import sys
from time import sleep

UPGRADE = (
    "GET /live HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
#: What each kind of stranger sends at once; {host} is that of the page.
SENT = {
    "nothing": "",
    "half a request": "GET / HTTP/1.1\r\nHost: ",
    "a whole request and a byte": "GET / HTTP/1.1\r\nHost: {host}\r\n\r\nG",
    "two requests in one": 2 * "GET /page.js HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n",
    "a request that keeps alive": "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n",
    "a body that never comes": "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n",
    "a handshake and no token": UPGRADE.replace("{key}", "MDEyMzQ1Njc4OWFiY2RlZg=="),
    "half a frame": UPGRADE.replace("{key}", "MDEyMzQ1Njc4OWFiY2RlZg==") + "\x01\x7f",
    "no HTTP": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
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


def besiege(host: str, connections: int, source: str = "") -> None:
    """Keep up `connections` connections of every kind; those that are closed come back at once."""
    kinds = [*SENT.values()]
    crowd: list[socket.socket] = []
    while True:
        try:
            crowd.append(standing(host, kinds[len(crowd) % len(kinds)], source))
        except OSError:
            sleep(0.001)
        if len(crowd) >= connections:
            for one in crowd[: connections // 10]:
                one.close()
            del crowd[: connections // 10]


if __name__ == "__main__":
    besiege(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
