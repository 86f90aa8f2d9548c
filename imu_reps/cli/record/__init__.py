"""``imu-reps record``: record sets with both sensors and count them live."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imu_reps.cli.console import echo
from imu_reps.cli.session_options import (
    PageOptions,
    aim_options,
    page_options,
    read_sides,
    read_tempo,
    session_plan,
    speech_options,
    wearer_plan,
)
from imu_reps.cli.shared_options import NumberRange, sensor_options, settings_options, virtual_option
from imu_reps.cli.simulate import TEMPO_HELP
from imu_reps.domain.cue import SpeechOptions
from imu_reps.domain.exercise import EXERCISES, STARTS

if TYPE_CHECKING:
    from imu_reps.domain.samples import SensorPlace
    from imu_reps.domain.settings import Settings


@click.command()
@click.option("--exercise", type=click.Choice(EXERCISES), default="single_leg_raise", show_default=True)
@click.option(
    "--side",
    "sides",
    metavar="SIDE",
    callback=read_sides,
    help="Leg with the ankle sensor: left, right, both; left,right changes from set to set.",
)
@click.option("--start", type=click.Choice(STARTS), help="Where the leg rests between reps.")
@click.option("--reps", type=click.IntRange(1, 1000), help="The set ends by itself after so many.")
@click.option("--tempo", callback=read_tempo, help=f"Aim: {TEMPO_HELP}")
@click.option(
    "--duration",
    "duration_s",
    type=NumberRange(1),
    help="The set ends after so many seconds; a hold is held for so many.",
)
@click.option("--sets", type=click.IntRange(1, 50), help="How many. [default: one, or one a side]")
@click.option(
    "--rest",
    "rest_s",
    type=NumberRange(0, 3600),
    default=60.0,
    show_default=True,
    help="Seconds between sets.",
)
@click.option("--person", metavar="NAME", help="Whose sensors, if several persons are paired.")
@click.option(
    "--pelvis",
    metavar="PHONE",
    help="A phone as the pelvis sensor, untried: phone, phone:ios, phone:ADDRESS (imu-reps docs importing).",
)
@click.option("--ankle", metavar="PHONE", help="The same for the ankle; alone, it is recorded alone.")
@click.option("--tap", is_flag=True, help="Knock the sensors together at the start, to set their clocks.")
@click.option("--quiet", is_flag=True, help="Plain lines, no live panel, in a terminal too.")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="For the files. [default: see imu-reps where]"
)
@virtual_option("No hardware: virtual sensors on a virtual wearer who does the set.")
@click.option(
    "--speed",
    type=NumberRange(0),
    help="With --virtual: 1 is real time, 10 ten times as fast, 0 as fast as possible.",
)
@aim_options
@speech_options
@page_options
@settings_options
@sensor_options
def record(  # noqa: PLR0913 - an argument an option
    *,
    person: str | None,
    quiet: bool,
    folder: Path | None,
    pelvis: str | None,
    ankle: str | None,
    virtual: str | None,
    speed: float | None,
    spoken: SpeechOptions,
    mute: bool,
    page: PageOptions | None,
    settings: Settings,
    **options: Any,
) -> None:
    """Record a set with both sensors; count it while it happens; report.

    One file a set, in the folder that `imu-reps where` prints. A set ends with its target of repetitions,
    when you leave the posture, after its duration, or by Enter; never because you rest. p and Enter says
    that it hurts, and ends the session; d and Enter discards the set. Ctrl-C ends everything and reports
    what there is.
    """
    named: dict[SensorPlace, str | None] = {"pelvis": pelvis, "ankle": ankle}
    phones = {place: phone for place, phone in named.items() if phone is not None}
    if speed is not None and virtual is None:
        raise click.UsageError("--speed needs --virtual: real sensors cannot be hurried.")
    if person is not None and virtual is not None:
        raise click.UsageError("Virtual sensors are worn by nobody; leave out --person.")
    if phones and virtual is not None:
        raise click.UsageError("Virtual sensors need no phone; leave out --pelvis and --ankle.")
    if phones and "ankle" not in phones:
        raise click.UsageError("Repetitions are counted at the ankle; name a phone for it with --ankle.")
    with _starting():
        from imu_reps.cli.record.run import Run, exit_code, run_virtually, run_with_phones, run_with_sensors

        if virtual is not None:
            import imu_reps.sources.virtual_source  # noqa: F401 - takes seconds
    plan = session_plan(spoken, **options)
    aloud = not mute and page is None and speed in (None, 1.0)  # a page speaks itself
    run = Run(plan, folder, settings, quiet, page, aloud=aloud)
    if phones:
        done = run_with_phones(run, person, phones)
    elif virtual is None:
        done = run_with_sensors(run, person)
    else:
        wearers = [wearer_plan(goal) for goal in plan.goals]
        done = run_virtually(run, virtual, wearers, 1.0 if speed is None else speed)
    click.get_current_context().exit(exit_code(done))


@contextlib.contextmanager
def _starting() -> Iterator[None]:
    """Say so where Ctrl-C comes while the program still loads what it records with."""
    try:
        yield
    except KeyboardInterrupt:
        echo("Nothing was recorded.")
        raise
