"""The options of a command that speaks: what the person wants to hear beside warnings."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, TypeVar

import click

from imu_reps.domain.cue import Spoken

F = TypeVar("F", bound=Callable[..., Any])


def spoken_options(command: F) -> F:
    """Add ``--count-at``, ``--no-metronome`` and ``--breathing``; the command is given `spoken`."""

    @wraps(command)
    def with_spoken(
        *args: Any, count_at: Literal["end", "top"], no_metronome: bool, breathing: bool, **others: Any
    ) -> Any:
        return command(*args, spoken=Spoken(count_at, not no_metronome, breathing), **others)

    options = (
        click.option(
            "--count-at",
            type=click.Choice(["end", "top"]),
            default="end",
            show_default=True,
            help="Count a rep as it ends, or at its top.",
        ),
        click.option(
            "--no-metronome", is_flag=True, help="With a tempo: no count-in, no beats, no up, down."
        ),
        click.option("--breathing", is_flag=True, help="Breathe out, breathe in: with the first reps."),
    )
    for option in reversed(options):
        with_spoken = option(with_spoken)
    return with_spoken  # type: ignore[return-value]
