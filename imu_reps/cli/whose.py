"""Whose sets a command is about: one person's, never several together."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from imu_reps.cli.console import say
from imu_reps.domain.person_name import NOBODY, is_called, said_name
from imu_reps.errors import UsageError

#: What the sets that name nobody are called.
NAMELESS = "sets that name nobody"


def whose(known: Sequence[str | None], name: str | None, of: str = "sets", new: str = "") -> str | None:
    """The one person who is meant; None: the sets that name nobody.

    Parameters
    ----------
    known : sequence of str or None
        Everybody there is something of.
    name : str or None
        As it was given with ``--person``; None: asked for in a terminal, if there are several.

    of : str
        What there is of them, in words.
    new : str
        What to do for somebody of whom there is nothing yet.

    Raises
    ------
    UsageError
        ``unknown_person``; ``which_person``: there are several, none was named, and nobody can be asked.
    """
    if name is not None:
        return _named(known, name, of, new)
    if len(known) <= 1:
        return next(iter(known), None)
    if sys.stdin.isatty() and sys.stdout.isatty():
        return _asked(known)
    raise UsageError(
        f"There are {of} of several persons, and they are never mixed: {listed_persons(known)}.",
        hint="Name one: --person NAME.",
        code="which_person",
    )


def called(person: str | None) -> str:
    """What a person is called here."""
    return NAMELESS if person is None else person


def listed_persons(known: Sequence[str | None]) -> str:
    """All of them in one line, each as ``--person`` takes it."""
    return ", ".join(f"{NOBODY} ({NAMELESS})" if person is None else person for person in known)


def _named(known: Sequence[str | None], name: str, of: str, new: str) -> str | None:
    if name == NOBODY and None in known:
        return None
    there = [person for person in known if person is not None]
    same = [person for person in there if is_called(person, name)]
    exact = [person for person in same if person == said_name(name)]
    if len(exact or same) == 1:
        return (exact or same)[0]
    if same:
        raise UsageError(
            f"Several persons are called {name!r}, and they are never mixed: {listed_persons(same)}.",
            hint="Write the name as it stands here; imu-reps persons merge makes two of them one.",
            code="which_person",
        )
    raise UsageError(
        f"There are no {of} of {name!r}.",
        hint=f"There are {of} of: {listed_persons(known)}. {new}".rstrip()
        if known
        else new or "Record one first.",
        code="unknown_person",
    )


def _asked(known: Sequence[str | None]) -> str | None:
    for number, person in enumerate(known, 1):
        say(f"  {number}. {called(person)}")
    return known[click.prompt("Whose sets?", type=click.IntRange(1, len(known))) - 1]
