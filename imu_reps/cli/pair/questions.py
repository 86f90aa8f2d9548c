"""Questions to whoever sits at the terminal; ``--yes`` answers all of them."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import click

from imu_reps.cli.console import say
from imu_reps.errors import UsageError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Questions:
    """Asks, or takes the usual answer.

    Attributes
    ----------
    yes : bool
        Take the usual answer to everything, and say so.
    """

    yes: bool

    def ask(self, question: str, usual: str, read: Callable[[str], T]) -> T:
        """Ask until `read` accepts the answer; it raises `click.BadParameter` for what it does not."""
        if self.yes:
            say(f"{question}: {usual}")
            return read(usual)
        with _answered(question):
            answer: T = click.prompt(question, default=usual, value_proc=read)
        return answer

    def agree(self, question: str, *, usual: bool = True) -> bool:
        """Ask for yes or no; Enter alone is the usual answer."""
        if self.yes:
            say(f"{question}: yes")
            return True
        with _answered(question):
            return click.confirm(question, default=usual)


def numbers(text: str, choices: Sequence[object], count: int) -> tuple[int, ...]:
    """Read `count` different numbers from 1 to the number of choices."""
    words = text.replace(",", " ").split()
    picked = tuple(int(word) for word in words if word.isdecimal())
    if len(picked) != len(words) or len(set(picked)) != count or not set(picked) <= _up_to(len(choices)):
        wanted = "One number" if count == 1 else f"{count} different numbers"
        raise click.BadParameter(f"{wanted} from 1 to {len(choices)}, please.")
    return picked


def _up_to(count: int) -> set[int]:
    return set(range(1, count + 1))


@contextlib.contextmanager
def _answered(question: str) -> Iterator[None]:
    """Where nobody can be asked, say so; let Ctrl-C end the question, which an event loop would swallow."""
    try:
        with _interruptible():
            yield
    except click.Abort as abort:
        if not isinstance(abort.__context__, EOFError):
            raise
        raise UsageError(
            f"There was a question and nobody to answer it: {question}",
            hint="Run this in a terminal, or give --yes to take the usual answers.",
            code="nobody_to_ask",
        ) from None


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
