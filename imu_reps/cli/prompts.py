"""Prompts at the terminal, which ``--yes`` answers, and the choice of the person a command is about."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import click

from imu_reps.cli.console import echo
from imu_reps.domain.untrusted import NOBODY, matches_name, normalize_name
from imu_reps.errors import UsageError

#: Label of the sets without a person.
UNNAMED_SETS = "sets that name nobody"


def choose_person(
    known: Sequence[str | None], name: str | None, of: str = "sets", new: str = ""
) -> str | None:
    """Return the person that is meant; None for the sets without a person.

    Parameters
    ----------
    known : sequence of str or None
        Persons to choose from.
    name : str or None
        As given with ``--person``; if None, a terminal prompts where there are several.
    of : str
        What the persons have, for messages.
    new : str
        Hint for a person without any.

    Raises
    ------
    UsageError
        ``unknown_person``; ``which_person``: there are several, none was named, and there is no terminal.
    """
    if name is not None:
        return _named(known, name, of, new)
    if len(known) <= 1:
        return next(iter(known), None)
    if sys.stdin.isatty() and sys.stdout.isatty():
        return _prompt_person(known)
    raise UsageError(
        f"There are {of} of several persons, and they are never mixed: {joined_names(known)}.",
        hint="Name one: --person NAME.",
        code="which_person",
    )


def person_label(person: str | None) -> str:
    """Return a person's name, or the label of sets without one."""
    return UNNAMED_SETS if person is None else person


def joined_names(known: Sequence[str | None]) -> str:
    """Join names in one line, each as ``--person`` takes it."""
    return ", ".join(f"{NOBODY} ({UNNAMED_SETS})" if person is None else person for person in known)


def _named(known: Sequence[str | None], name: str, of: str, new: str) -> str | None:
    if name == NOBODY and None in known:
        return None
    named = [person for person in known if person is not None]
    same = [person for person in named if matches_name(person, name)]
    exact = [person for person in same if person == normalize_name(name)]
    if len(exact or same) == 1:
        return (exact or same)[0]
    if same:
        raise UsageError(
            f"Several persons are called {name!r}, and they are never mixed: {joined_names(same)}.",
            hint="Write the name as it stands here; imu-reps persons merge makes two of them one.",
            code="which_person",
        )
    raise UsageError(
        f"There are no {of} of {name!r}.",
        hint=f"There are {of} of: {joined_names(known)}. {new}".rstrip()
        if known
        else new or "Record one first.",
        code="unknown_person",
    )


def _prompt_person(known: Sequence[str | None]) -> str | None:
    for number, person in enumerate(known, 1):
        echo(f"  {number}. {person_label(person)}")
    return known[click.prompt("Whose sets?", type=click.IntRange(1, len(known))) - 1]


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Prompter:
    """Prompts the user, or takes the defaults.

    Attributes
    ----------
    yes : bool
        Take every default, and print it.
    """

    yes: bool

    def ask(self, question: str, default: str, read: Callable[[str], T]) -> T:
        """Prompt until `read` accepts the answer; it raises `click.BadParameter` otherwise."""
        if self.yes:
            echo(f"{question}: {default}")
            return read(default)
        with _reporting_eof(question):
            answer: T = click.prompt(question, default=default, value_proc=read)
        return answer

    def confirm(self, question: str, *, default: bool = True) -> bool:
        """Prompt for yes or no; Enter alone is the default."""
        if self.yes:
            echo(f"{question}: yes")
            return True
        with _reporting_eof(question):
            return click.confirm(question, default=default)


def parse_numbers(text: str, choices: Sequence[object], count: int) -> tuple[int, ...]:
    """Parse `count` different numbers from 1 to the number of choices."""
    words = text.replace(",", " ").split()
    picked = tuple(int(word) for word in words if word.isdecimal())
    if (
        len(picked) != len(words)
        or len(set(picked)) != count
        or not set(picked) <= set(range(1, len(choices) + 1))
    ):
        wanted = "One number" if count == 1 else f"{count} different numbers"
        raise click.BadParameter(f"{wanted} from 1 to {len(choices)}, please.")
    return picked


@contextlib.contextmanager
def _reporting_eof(question: str) -> Iterator[None]:
    """Raise `UsageError` at end of input; let Ctrl-C end the prompt, which an event loop would swallow."""
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
