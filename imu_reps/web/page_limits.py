"""Limits of the page's server."""

from __future__ import annotations

from dataclasses import dataclass


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
