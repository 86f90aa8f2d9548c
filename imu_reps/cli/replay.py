"""``imu-reps replay``: a recording through the live pipeline."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import say, show
from imu_reps.cli.page_options import PageWish, page_options
from imu_reps.cli.spoken_options import spoken_options
from imu_reps.cli.thresholds import chosen_settings, settings_options
from imu_reps.domain.cue import USUALLY_SPOKEN, Spoken
from imu_reps.errors import ImuRepsError

if TYPE_CHECKING:
    from imu_reps.cli.panel.screen import LiveScreen
    from imu_reps.domain.recording import Recording
    from imu_reps.domain.settings import Settings
    from imu_reps.view.played_set import Step

#: What can be pressed while a recording is played in a terminal.
KEYS = "Ctrl-C ends."


def _positive(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:  # noqa: ARG001
    if value is not None and not (value > 0 and math.isfinite(value)):
        raise click.BadParameter("must be a number above 0; 1 is real time.")
    return value


@click.command()
@click.argument("file")
@click.option(
    "--speed",
    type=float,
    callback=_positive,
    metavar="N",
    help="Pace: 1 is real time, 2 twice as fast. Without it: as fast as possible, on a page 1.",
)
@click.option("--json", "as_json", is_flag=True, help="Events as JSON Lines, the summary as the last line.")
@click.option("--quiet", is_flag=True, help="Plain lines, no live panel, with --speed in a terminal too.")
@spoken_options
@page_options
@settings_options
@click.pass_context
def replay(  # noqa: PLR0913 - an argument an option
    ctx: click.Context,
    /,
    *,
    file: str,
    speed: float | None,
    as_json: bool,
    quiet: bool,
    spoken: Spoken,
    page: PageWish | None,
    preset: str,
    changes: tuple[str, ...],
) -> None:
    """Play a recording through the live pipeline: what would have been heard, then the report.

    As text, the counts, faults and cues that would have been called out; as JSON every event, phases
    included. With --speed, in a terminal, a live panel shows how the set stands. With --page it is shown in
    a browser, and played when somebody there presses Start.
    """
    from imu_reps.storage.recording import load

    settings = chosen_settings(preset, changes)
    if as_json and spoken != USUALLY_SPOKEN:
        raise click.UsageError(
            "--json gives events; what is spoken (--count-at and others) is not among them."
        )
    if page is not None:
        if as_json:
            raise click.UsageError("--json is for programs, --page for people: choose one.")
        _play_on_page(load(file), settings, speed or 1.0, spoken, page)
        return
    try:
        recording = load(file)
        if as_json:
            _show_json(recording, settings, speed)
        else:
            _show_text(recording, settings, spoken, speed, quiet=quiet)
    except ImuRepsError as error:
        if not as_json:
            raise
        ctx.exit(_echo_error(file, error))


def _play_on_page(
    recording: Recording, settings: Settings, speed: float, spoken: Spoken, wish: PageWish
) -> None:
    """Play the recording to a page as often as it is asked to, until Ctrl-C."""
    from imu_reps.cli.page_options import say_links
    from imu_reps.web.playing import Player
    from imu_reps.web.server import PageServer

    player = Player(recording, settings, speed, spoken)
    with PageServer(player.hub, player.ask, port=wish.port, share=wish.share) as server:
        say_links(server.access, share=wish.share)
        say("Ctrl-C ends.")
        player.run(server.reports)


def _show_json(recording: Recording, settings: Settings, speed: float | None) -> None:
    """Every event as a line, at once, and the summary as the last."""
    from imu_reps.report.findings import told
    from imu_reps.storage.exports import event_line, summary_line
    from imu_reps.view.played_set import play

    def say_events(step: Step) -> None:
        for event in step.events:
            say(event_line(event))

    say(summary_line(play(recording, settings, USUALLY_SPOKEN, speed, say_events), told))


def _show_text(
    recording: Recording, settings: Settings, spoken: Spoken, speed: float | None, *, quiet: bool
) -> None:
    """Show what is heard, on a panel where there can be one, then the report."""
    from imu_reps.cli.panel.screen import LiveScreen, can_show_panel
    from imu_reps.report.text import text_report
    from imu_reps.view.played_set import play

    if speed is None or quiet or not can_show_panel():
        summary = play(recording, settings, spoken, speed, _say_step)
    else:
        with LiveScreen() as screen:
            summary = play(recording, settings, spoken, speed, _on_screen(screen, recording, settings))
    say()
    show(partial(text_report, summary))


def _say_step(step: Step) -> None:
    from imu_reps.cli.record.plain_session import lines_of

    for line in lines_of(step.events, step.cues):
        say(line)


def _on_screen(screen: LiveScreen, recording: Recording, settings: Settings) -> Callable[[Step], None]:
    """What shows a step: lines, and below them the panel."""
    from imu_reps.cli.record.plain_session import lines_of
    from imu_reps.view.scene import next_picture, played_picture

    picture = played_picture(recording, settings)

    def show_step(step: Step) -> None:
        nonlocal picture
        picture, moments = next_picture(picture, step.pose, step.events, step.cues, step.count)
        screen.show(picture, KEYS, lines_of(step.events, step.cues), at_once=bool(moments))

    return show_step


def _echo_error(file: str, error: ImuRepsError) -> int:
    from imu_reps.report.findings import worded
    from imu_reps.storage.exports import error_line

    say(error_line(file, worded(error)))
    return error.exit_code
