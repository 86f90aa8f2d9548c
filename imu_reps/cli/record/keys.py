"""Keyboard lines and signals on an event loop, without threads."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import FrameType

#: Polling interval of the keyboard.
POLL_S = 0.1

#: Signals that end a program: Ctrl-C, `kill`, a closed terminal.
SIGNALS = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]


async def on_line(calls: Mapping[str, Callable[[], None]]) -> None:
    """Call back at every typed line, until cancelled or until the end of input.

    Parameters
    ----------
    calls : mapping
        By the line's first letter; "" is Enter alone. Other lines are ignored, so that a random key ends no
        set.
    """
    with _keyboard(echo=False) as typed:
        partial_line = ""
        while typed is not None:
            await asyncio.sleep(POLL_S)
            text = typed()
            if text is None:
                return
            *lines, partial_line = (partial_line + text).split("\n")
            for line in lines:
                calls.get(line.strip().lower()[:1], lambda: None)()


async def typed_line(cancelled: asyncio.Event) -> str | None:
    """Read the next typed line, echoed; None at the end of input or if cancelled."""
    partial_line = ""
    with _keyboard(echo=True) as typed:
        while typed is not None and not cancelled.is_set():
            await asyncio.sleep(POLL_S)
            if (text := typed()) is None:
                break
            partial_line += text
            if "\n" in partial_line:
                return partial_line.partition("\n")[0]
    return None


@contextlib.contextmanager
def on_signal(call: Callable[[], None]) -> Iterator[list[int]]:
    """Call back, within the loop, at the first signal to end; the second has its default effect.

    Signals that are ignored, as by ``nohup``, stay ignored. Yields a list of the signals received.
    """
    loop = asyncio.get_running_loop()
    received: list[int] = []
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    before = {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}

    def polite(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the handler's signature
        restore()
        received.append(number)
        loop.call_soon_threadsafe(call)

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in before:
        signal.signal(number, polite)
    try:
        yield received
    finally:
        restore()


#: Returns the text typed since the last call, Enter as a newline; None at the end of input.
Typed = Callable[[], str | None]


@contextlib.contextmanager
def _keyboard(*, echo: bool) -> Iterator[Typed | None]:
    """Open the keyboard, without echo under a live display; None if there is none to read."""
    if sys.platform == "win32":
        there = sys.stdin is not None and sys.stdin.isatty()
        yield partial(_typed_on_windows, echo=echo) if there else None
        return
    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        yield None
        return
    if not os.isatty(descriptor):
        yield lambda: _typed(descriptor)
    elif os.tcgetpgrp(descriptor) != os.getpgrp():
        yield None  # reading the terminal in the background would stop the program
    else:
        with contextlib.nullcontext() if echo else _without_echo(descriptor):
            yield lambda: _typed(descriptor)


@contextlib.contextmanager
def _without_echo(terminal: int) -> Iterator[None]:
    import termios

    before = termios.tcgetattr(terminal)
    silent = [*before]
    silent[3] &= ~termios.ECHO
    # at once: TCSADRAIN waits for what is still to be shown, and a stopped terminal (Ctrl-S) shows nothing
    termios.tcsetattr(terminal, termios.TCSANOW, silent)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)


def _typed(descriptor: int) -> str | None:
    import select

    if not select.select([descriptor], [], [], 0.0)[0]:
        return ""
    typed = os.read(descriptor, 4096)
    return typed.decode("utf-8", "replace") if typed else None


def _typed_on_windows(*, echo: bool) -> str | None:
    import msvcrt

    typed = ""
    while msvcrt.kbhit():  # type: ignore[attr-defined, unused-ignore]
        typed += msvcrt.getwche() if echo else msvcrt.getwch()  # type: ignore[attr-defined, unused-ignore]
    return typed.replace("\r", "\n")
