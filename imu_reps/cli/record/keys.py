"""Typed lines and Ctrl-C while something runs on an event loop: no threads, the terminal left as it was."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import FrameType

#: So often the keyboard is looked at.
LOOK_S = 0.1

#: What ends a program politely: Ctrl-C, `kill`, a terminal that is closed.
SIGNALS = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]


async def on_line(calls: Mapping[str, Callable[[], None]]) -> None:
    """Call back at every typed line, until cancelled or until there is nobody to type.

    Parameters
    ----------
    calls : mapping
        By the line's first letter; "" is Enter alone. Any other line does nothing: nobody who leans on the
        keyboard, or who looks for the right key, ends a set.
    """
    with _keyboard(echo=False) as typed:
        begun = ""
        while typed is not None:
            await asyncio.sleep(LOOK_S)
            text = typed()
            if text is None:
                return
            *lines, begun = (begun + text).split("\n")
            for line in lines:
                calls.get(line.strip().lower()[:1], _nothing)()


def _nothing() -> None: ...


async def typed_line(given_up: asyncio.Event) -> str | None:
    """The next line that is typed, seen as it is typed; None: nobody types, or it was given up."""
    begun = ""
    with _keyboard(echo=True) as typed:
        while typed is not None and not given_up.is_set():
            await asyncio.sleep(LOOK_S)
            if (text := typed()) is None:
                break
            begun += text
            if "\n" in begun:
                return begun.partition("\n")[0]
    return None


@contextlib.contextmanager
def on_signal(call: Callable[[], None]) -> Iterator[list[int]]:
    """Call back, within the loop, at the first signal to end; the second one ends the hard way.

    Gives a list of what was heard.
    """
    loop = asyncio.get_running_loop()
    heard: list[int] = []
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def polite(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the handler's signature
        restore()
        heard.append(number)
        loop.call_soon_threadsafe(call)

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in SIGNALS:
        signal.signal(number, polite)
    try:
        yield heard
    finally:
        restore()


#: What was typed since the last look, Enter as a newline; None: nothing ever can be again.
Typed = Callable[[], str | None]


@contextlib.contextmanager
def _keyboard(*, echo: bool) -> Iterator[Typed | None]:
    """The keyboard; an echo would tear a live display. None where there is none to be read."""
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
        yield None  # in the background a look at the terminal would stop the program
    else:
        with contextlib.nullcontext() if echo else _without_echo(descriptor):
            yield lambda: _typed(descriptor)


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
