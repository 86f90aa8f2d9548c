"""The options of a command that speaks: what the person wants to hear beside warnings."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, TypeVar, get_args

import click

from imu_reps.domain.cue import SaidFigure, Spoken

F = TypeVar("F", bound=Callable[..., Any])


def spoken_options(command: F) -> F:
    """Add what is spoken and whether it sounds; the command is given `spoken` and `mute`."""

    @wraps(command)
    def with_spoken(
        *args: Any,
        count_at: Literal["end", "top"],
        no_metronome: bool,
        breathing: bool,
        figure: SaidFigure | None,
        **others: Any,
    ) -> Any:
        return command(*args, spoken=Spoken(count_at, not no_metronome, breathing, figure), **others)

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
        click.option(
            "--say", "figure", type=click.Choice(get_args(SaidFigure)), help="Say this figure after each rep."
        ),
        click.option("--mute", is_flag=True, help="No tones and no voice in the terminal."),
    )
    for option in reversed(options):
        with_spoken = option(with_spoken)
    return with_spoken  # type: ignore[return-value]
