"""The options of a set's own aims: target and floor, practice, and the rules that end it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--range-target",
        metavar="DEG",
        type=click.FloatRange(5, 140),
        help="Aim: the leg moves so far; shorter reps are judged by it, reaching it has a sound.",
    ),
    click.option(
        "--floor",
        metavar="DEG",
        type=click.FloatRange(0, 120),
        help="The leg stays above this angle. [default: the person's, from test end-range]",
    ),
    click.option(
        "--practice",
        metavar="REPS",
        type=click.IntRange(0, 50),
        default=0,
        help="So many reps at the beginning are neither counted nor judged.",
    ),
    click.option(
        "--stop-faulty",
        metavar="REPS",
        type=click.IntRange(1, 50),
        help="The set ends after so many faulty reps in a row.",
    ),
    click.option(
        "--stop-range",
        metavar="PERCENT",
        type=click.FloatRange(5, 95),
        help="The set ends when two reps in a row lost so much of the range of the first three.",
    ),
    click.option(
        "--stop-speed",
        metavar="PERCENT",
        type=click.FloatRange(5, 95),
        help="The same of the speed on the way up.",
    ),
)


def aim_options(command: Command) -> Command:
    """Give `imu-reps record` these options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
