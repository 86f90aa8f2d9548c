"""One viewer's connection: who it is, what he is shown, what he may ask for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from imu_reps.web.access import Access, Role
from imu_reps.web.commands import Command, read_command, read_hello
from imu_reps.web.hub import Hub, Mailbox

#: Who does not say who he is within this is not waited for.
HELLO_S = 5.0
#: What a stalled viewer does not take within this is not sent any more.
SEND_S = 15.0
#: Messages a viewer may send in a burst, and a second in the long run.
BURST, MESSAGES_HZ = 20.0, 5.0

#: Codes a connection is closed with, which the page knows how to explain.
WRONG_TOKEN, NOT_UNDERSTOOD, TOO_FAST, TOO_SLOW, TOO_MANY = 4401, 4400, 4429, 4408, 4503


@dataclass(frozen=True, slots=True)
class Desk:
    """What all viewers share.

    Attributes
    ----------
    hub : Hub
    access : Access
    ask : callable
        Called with each command of a viewer who may control; must not block.
    """

    hub: Hub
    access: Access
    ask: Callable[[Command], None]


async def serve_viewer(desk: Desk, socket: ServerConnection, admit: Callable[[], None]) -> None:
    """Show a viewer the set, and pass on what he asks for, until he goes; `admit` is called if he may."""
    role = await _role(desk.access, socket)
    if role is None:
        await socket.close(WRONG_TOKEN)
        return
    admit()
    mailbox = desk.hub.join()
    if mailbox is None:
        await socket.close(TOO_MANY)
        return
    try:
        code = await _attend(desk, socket, role, mailbox)
        if code is not None:
            await socket.close(code)
    finally:
        desk.hub.leave(mailbox)


async def _role(access: Access, socket: ServerConnection) -> Role | None:
    try:
        async with asyncio.timeout(HELLO_S):
            hello = read_hello(await _text(socket))
    except (TimeoutError, ConnectionClosed):
        return None
    return None if hello is None else access.role(hello.token)


async def _attend(desk: Desk, socket: ServerConnection, role: Role, mailbox: Mailbox) -> int | None:
    """Show and listen at once; gives the code to close with, None: he went."""
    showing = asyncio.create_task(_show(socket, role, mailbox))
    listening = asyncio.create_task(_listen(desk, socket, role))
    done, waiting = await asyncio.wait({showing, listening}, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return done.pop().result()


async def _show(socket: ServerConnection, role: Role, mailbox: Mailbox) -> int | None:
    """Send what there is to see until the viewer goes or cannot keep up."""
    encoder = msgspec.json.Encoder()
    try:
        await socket.send(encoder.encode({"role": role}).decode())
        while not mailbox.behind:
            picture, moments = await mailbox.take()
            # A page that slept takes in all at once what waited for it: by this it knows what is old.
            message = {"picture": picture, "moments": moments, "sent_s": round(time.time(), 3)}
            text = encoder.encode(message).decode()
            async with asyncio.timeout(SEND_S):
                await socket.send(text)
    except TimeoutError:
        return TOO_SLOW
    except ConnectionClosed:
        return None
    return TOO_SLOW


async def _listen(desk: Desk, socket: ServerConnection, role: Role) -> int | None:
    """Pass on commands; who talks too much, or what is no command, ends the connection."""
    loop = asyncio.get_running_loop()
    allowance, last_message_s = BURST, loop.time()
    while True:
        try:
            text = await _text(socket)
        except ConnectionClosed:
            return None
        now_s = loop.time()
        allowance = min(BURST, allowance + (now_s - last_message_s) * MESSAGES_HZ) - 1.0
        last_message_s = now_s
        if allowance < 0.0:
            return TOO_FAST
        command = read_command(text)
        if command is None:
            return NOT_UNDERSTOOD
        if role == "control":
            desk.ask(command)


async def _text(socket: ServerConnection) -> str:
    """The next message; bytes are nothing this page ever sends."""
    message = await socket.recv()
    return message if isinstance(message, str) else ""
