"""Enter and Ctrl-C while something runs on an event loop: no threads, and the terminal is left as it was."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType

#: So often the keyboard is looked at.
LOOK_S = 0.1

#: What ends a program politely: Ctrl-C, `kill`, a terminal that is closed.
SIGNALS = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]


async def on_enter(call: Callable[[], None]) -> None:
    """Call back whenever Enter is pressed, until cancelled or until there is nobody to press it."""
    with _quiet_keyboard() as pressed:
        while pressed is not None:
            await asyncio.sleep(LOOK_S)
            enter = pressed()
            if enter is None:
                return
            if enter:
                call()


@contextlib.contextmanager
def on_signal(call: Callable[[], None]) -> Iterator[None]:
    """Call back, within the loop, at the first signal to end; the second one ends the hard way."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def polite(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the handler's signature
        restore()
        loop.call_soon_threadsafe(call)

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in SIGNALS:
        signal.signal(number, polite)
    try:
        yield
    finally:
        restore()


#: Whether Enter was pressed since the last look; None: it can never be again.
Pressed = Callable[[], bool | None]


@contextlib.contextmanager
def _quiet_keyboard() -> Iterator[Pressed | None]:
    """The keyboard without echo, which would tear a live display; None where there is none to be read."""
    if sys.platform == "win32":
        yield _pressed_on_windows if sys.stdin is not None and sys.stdin.isatty() else None
        return
    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        yield None
        return
    if not os.isatty(descriptor):
        yield lambda: _pressed(descriptor)
    elif os.tcgetpgrp(descriptor) != os.getpgrp():
        yield None  # in the background a look at the terminal would stop the program
    else:
        with _without_echo(descriptor):
            yield lambda: _pressed(descriptor)


@contextlib.contextmanager
def _without_echo(terminal: int) -> Iterator[None]:
    import termios

    before = termios.tcgetattr(terminal)
    silent = [*before]
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _pressed(descriptor: int) -> bool | None:
    import select

    if not select.select([descriptor], [], [], 0.0)[0]:
        return False
    typed = os.read(descriptor, 4096)
    return b"\n" in typed if typed else None


def _pressed_on_windows() -> bool | None:
    import msvcrt

    typed = ""
    while msvcrt.kbhit():  # type: ignore[attr-defined, unused-ignore]
        typed += msvcrt.getwch()  # type: ignore[attr-defined, unused-ignore]
    return "\r" in typed
