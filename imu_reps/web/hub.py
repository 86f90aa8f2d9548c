"""Passes pictures and moments from a session to its viewers; neither waits for the other.

A picture replaces the one before it, moments are queued.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque

from imu_reps.view.session_snapshot import Moment, Snapshot
from imu_reps.web.access import LIMITS


class Hub:
    """Holds the latest picture and passes every moment to every viewer.

    `show` may be called from any thread and never waits for a viewer.

    Parameters
    ----------
    picture : Snapshot
        The first picture.
    """

    def __init__(self, picture: Snapshot) -> None:
        self.picture = picture
        self._mailboxes: set[Mailbox] = set()
        self._joining = threading.Lock()

    @property
    def viewers(self) -> int:
        """Number of viewers."""
        return len(self._mailboxes)

    def show(self, picture: Snapshot, *moments: Moment) -> None:
        """Replace the picture, and queue the moments that led to it."""
        self.picture = picture
        if moments:
            with self._joining:
                for mailbox in self._mailboxes:
                    mailbox.put(moments)

    def join(self) -> Mailbox | None:
        """Return a new mailbox for the running event loop; None if there are `LIMITS.max_viewers` already."""
        mailbox = Mailbox(self, asyncio.get_running_loop())
        with self._joining:
            if len(self._mailboxes) >= LIMITS.max_viewers:
                return None
            self._mailboxes.add(mailbox)
        return mailbox

    def leave(self, mailbox: Mailbox) -> None:
        """Remove a viewer's mailbox."""
        with self._joining:
            self._mailboxes.discard(mailbox)


class Mailbox:
    """Updates for one viewer: queued moments in order, and the latest picture only.

    Attributes
    ----------
    behind : bool
        Whether the queue overflowed (`LIMITS.max_moments`), so that moments were dropped.
    """

    def __init__(self, hub: Hub, loop: asyncio.AbstractEventLoop) -> None:
        self._hub = hub
        self._loop = loop
        self._moments: deque[Moment] = deque()
        self._wake = asyncio.Event()
        self._seen: Snapshot | None = None
        self._seen_s = float("-inf")
        self.behind = False

    def put(self, moments: tuple[Moment, ...]) -> None:
        """Queue moments; may be called from any thread."""
        if len(self._moments) + len(moments) > LIMITS.max_moments:
            self.behind = True
        else:
            self._moments.extend(moments)
        with contextlib.suppress(RuntimeError):  # the server's loop is closed, and the viewer gone
            self._loop.call_soon_threadsafe(self._wake.set)

    async def take(self) -> tuple[Snapshot, list[Moment]]:
        """Return the picture and the queued moments, once there is a moment or a picture is due."""
        while not (self._moments or self.behind) and (wait_s := self._due_in_s()) > 0.0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
        self._wake.clear()
        # Moments first: a picture taken after them is never older than they are.
        moments = [self._moments.popleft() for _ in range(len(self._moments))]
        self._seen, self._seen_s = self._hub.picture, self._loop.time()
        return self._seen, moments

    def _due_in_s(self) -> float:
        """Return the time to wait before the next check for a picture; 0 if one is due now."""
        since_s = self._loop.time() - self._seen_s
        if since_s < 1.0 / LIMITS.pictures_hz:
            return 1.0 / LIMITS.pictures_hz - since_s
        is_new = self._hub.picture is not self._seen
        return 0.0 if is_new else min(LIMITS.look_s, LIMITS.heartbeat_s - since_s)
