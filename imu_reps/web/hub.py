"""Passes snapshots and moments from a session to its viewers; neither waits for the other.

A snapshot replaces the one before it, moments are queued.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Annotated

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from imu_reps.view.session_snapshot import Moment, Snapshot
from imu_reps.web.access import LIMITS, Role


class Hub:
    """Holds the latest snapshot and passes every moment to every viewer.

    `show` may be called from any thread and never waits for a viewer.

    Parameters
    ----------
    snapshot : Snapshot
        The first snapshot.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._mailboxes: dict[Mailbox, Role] = {}
        self._joining = threading.Lock()

    @property
    def viewers(self) -> int:
        """Number of viewers."""
        return len(self._mailboxes)

    def show(self, snapshot: Snapshot, *moments: Moment) -> None:
        """Replace the snapshot, and queue the moments that led to it."""
        self.snapshot = snapshot
        if moments:
            with self._joining:
                for mailbox in self._mailboxes:
                    mailbox.put(moments)

    def join(self, role: Role = "viewer") -> Mailbox | None:
        """Return a new mailbox for the running event loop; None if `LIMITS.max_viewers` of the role have one.

        Those who only watch never keep out who starts and stops the sets.
        """
        mailbox = Mailbox(self, asyncio.get_running_loop())
        with self._joining:
            if [*self._mailboxes.values()].count(role) >= LIMITS.max_viewers:
                return None
            self._mailboxes[mailbox] = role
        return mailbox

    def leave(self, mailbox: Mailbox) -> None:
        """Remove a viewer's mailbox."""
        with self._joining:
            self._mailboxes.pop(mailbox, None)


class Mailbox:
    """Updates for one viewer: queued moments in order, and the latest snapshot only.

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
        """Return the snapshot and the queued moments, once there is a moment or a snapshot is due."""
        while not (self._moments or self.behind) and (wait_s := self._due_in_s()) > 0.0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
        self._wake.clear()
        # Moments first: a snapshot taken after them is never older than they are.
        moments = [self._moments.popleft() for _ in range(len(self._moments))]
        self._seen, self._seen_s = self._hub.snapshot, self._loop.time()
        return self._seen, moments

    def _due_in_s(self) -> float:
        """Return the time to wait before the next check for a snapshot; 0 if one is due now."""
        since_s = self._loop.time() - self._seen_s
        if since_s < 1.0 / LIMITS.snapshots_hz:
            return 1.0 / LIMITS.snapshots_hz - since_s
        is_new = self._hub.snapshot is not self._seen
        return 0.0 if is_new else min(LIMITS.look_s, LIMITS.heartbeat_s - since_s)


#: Close codes of the WebSocket, which the page explains in words.
NOT_UNDERSTOOD, TOO_FAST, TOO_SLOW, TOO_MANY = 4400, 4429, 4408, 4503


#: Pain or effort, 0 to 10.
Rating = Annotated[int, msgspec.Meta(ge=0, le=10)]


class _Command(msgspec.Struct, frozen=True, tag_field="do", forbid_unknown_fields=True):
    """A command of a viewer."""


class Start(_Command, frozen=True, tag="start"):
    """Begin the session, or end the rest before the next set."""


class StopSet(_Command, frozen=True, tag="stop"):
    """End the running set."""


class Discard(_Command, frozen=True, tag="discard"):
    """End the running set and discard it."""


class Hurt(_Command, frozen=True, tag="hurt"):
    """End the running set, and the session, because of pain."""


class Pain(_Command, frozen=True, tag="pain"):
    """Pain during the last set."""

    value: Rating


class Effort(_Command, frozen=True, tag="effort"):
    """Effort of the last set."""

    value: Rating


Command = Start | StopSet | Discard | Hurt | Pain | Effort

_COMMAND: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)


def read_command(text: str) -> Command | None:
    """Return the command in a message; None if it is not one."""
    try:
        return _COMMAND.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


#: Takes the commands of viewers with control; must not block.
Ask = Callable[[Command], None]


async def serve_viewer(hub: Hub, ask: Ask, socket: ServerConnection, role: Role) -> None:
    """Send updates to a viewer and pass on its commands until it leaves."""
    mailbox = hub.join(role)
    if mailbox is None:
        await socket.close(TOO_MANY)
        return
    try:
        code = await _attend(ask, socket, role, mailbox)
        if code is not None:
            await socket.close(code)
    finally:
        hub.leave(mailbox)


async def _attend(ask: Ask, socket: ServerConnection, role: Role, mailbox: Mailbox) -> int | None:
    """Send and receive concurrently; return the code to close with, or None if the viewer left."""
    showing = asyncio.create_task(_show(socket, role, mailbox))
    listening = asyncio.create_task(_listen(ask, socket, role))
    done, waiting = await asyncio.wait({showing, listening}, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return done.pop().result()


async def _show(socket: ServerConnection, role: Role, mailbox: Mailbox) -> int | None:
    """Send snapshots and moments until the viewer leaves (None) or cannot keep up (`TOO_SLOW`)."""
    encoder = msgspec.json.Encoder()
    try:
        await socket.send(encoder.encode({"role": role}).decode())
        while not mailbox.behind:
            snapshot, moments = await mailbox.take()
            # A page that slept receives all queued messages at once: the time tells it which are old.
            message = {"snapshot": snapshot, "moments": moments, "sent_s": round(time.time(), 3)}
            text = encoder.encode(message).decode()
            async with asyncio.timeout(LIMITS.send_s):
                await socket.send(text)
    except TimeoutError:
        return TOO_SLOW
    except ConnectionClosed:
        return None
    return TOO_SLOW


async def _listen(ask: Ask, socket: ServerConnection, role: Role) -> int | None:
    """Pass on commands until the viewer leaves (None), sends too many messages or an invalid one (a code)."""
    loop = asyncio.get_running_loop()
    allowance, last_message_s = LIMITS.burst, loop.time()
    while True:
        try:
            message = await socket.recv()
        except ConnectionClosed:
            return None
        now_s = loop.time()
        allowance = min(LIMITS.burst, allowance + (now_s - last_message_s) * LIMITS.messages_hz) - 1.0
        last_message_s = now_s
        if allowance < 0.0:
            return TOO_FAST
        command = read_command(message) if isinstance(message, str) else None  # the page sends no bytes
        if command is None:
            return NOT_UNDERSTOOD
        if role == "control":
            ask(command)
