"""Between one who shows and many who watch: pictures are replaced, moments are kept, nobody waits."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque

from imu_reps.view.snapshot import Moment, Snapshot

#: So many pictures a second a viewer gets at most.
PICTURES_HZ = 30.0
#: A viewer who has heard nothing for so long hears that nothing has changed.
HEARTBEAT_S = 1.0
#: So often it is looked whether there is a new picture.
LOOK_S = 0.008
#: So many moments wait for one viewer; one who is further behind is let go, and comes back to the full state.
MAX_MOMENTS = 256
#: More viewers at once are refused.
MAX_VIEWERS = 16


class Hub:
    """Holds the latest picture and hands every moment to every viewer.

    `show` and `tell` may be called from any thread and never wait for a viewer.

    Parameters
    ----------
    picture : Snapshot
        What is seen first.
    """

    def __init__(self, picture: Snapshot) -> None:
        self.picture = picture
        self._mailboxes: set[Mailbox] = set()
        self._joining = threading.Lock()

    @property
    def viewers(self) -> int:
        """How many are watching."""
        return len(self._mailboxes)

    def show(self, picture: Snapshot, *moments: Moment) -> None:
        """Replace the picture, and tell what happened with it."""
        self.picture = picture
        if moments:
            with self._joining:
                for mailbox in self._mailboxes:
                    mailbox.put(moments)

    def join(self) -> Mailbox | None:
        """A mailbox of the running event loop; None if there are too many already."""
        mailbox = Mailbox(self, asyncio.get_running_loop())
        with self._joining:
            if len(self._mailboxes) >= MAX_VIEWERS:
                return None
            self._mailboxes.add(mailbox)
        return mailbox

    def leave(self, mailbox: Mailbox) -> None:
        """Forget a viewer."""
        with self._joining:
            self._mailboxes.discard(mailbox)


class Mailbox:
    """What one viewer has still to see: moments in order, and always the latest picture only.

    Attributes
    ----------
    behind : bool
        More moments happened than are kept for a viewer: the rest is lost to him.
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
        """Take moments; from any thread."""
        if len(self._moments) + len(moments) > MAX_MOMENTS:
            self.behind = True
        else:
            self._moments.extend(moments)
        with contextlib.suppress(RuntimeError):  # the server is gone, and the viewer with it
            self._loop.call_soon_threadsafe(self._wake.set)

    async def take(self) -> tuple[Snapshot, list[Moment]]:
        """Give the picture and the moments, once there is a moment or a picture is due."""
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
        """How long a picture is not due yet; looking for a new one before it could be sent is idle."""
        since_s = self._loop.time() - self._seen_s
        if since_s < 1.0 / PICTURES_HZ:
            return 1.0 / PICTURES_HZ - since_s
        new = self._hub.picture is not self._seen
        return 0.0 if new else min(LOOK_S, HEARTBEAT_S - since_s)
