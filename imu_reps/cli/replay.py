"""``imu-reps replay``: a recording through the live pipeline."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import say, show
from imu_reps.cli.page_options import PageWish, page_options
from imu_reps.cli.thresholds import chosen_settings, settings_options
from imu_reps.errors import ImuRepsError

if TYPE_CHECKING:
    from imu_reps.domain.events import Event
    from imu_reps.domain.recording import Recording
    from imu_reps.domain.samples import SampleBlock
    from imu_reps.domain.settings import Settings
    from imu_reps.domain.summary import Summary


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
@page_options
@settings_options
@click.pass_context
def replay(
    ctx: click.Context,
    file: str,
    speed: float | None,
    as_json: bool,
    page: PageWish | None,
    preset: str,
    changes: tuple[str, ...],
) -> None:
    """Play a recording through the live pipeline: what would have been heard, then the report.

    As text, the counts and faults that would have been called out; as JSON every event, phases included.
    With --page it is shown in a browser, and played when somebody there presses Start.
    """
    from imu_reps.storage.recording_file import load

    settings = chosen_settings(preset, changes)
    if page is not None:
        if as_json:
            raise click.UsageError("--json is for programs, --page for people: choose one.")
        _play_on_page(load(file), settings, speed or 1.0, page)
        return
    try:
        recording = load(file)
        if as_json:
            _show_json(_play(recording, settings, speed, _echo_json))
        else:
            _show_text(_play(recording, settings, speed, _echo_heard))
    except ImuRepsError as error:
        if not as_json:
            raise
        ctx.exit(_echo_error(file, error))


def _play_on_page(recording: Recording, settings: Settings, speed: float, wish: PageWish) -> None:
    """Play the recording to a page as often as it is asked to, until Ctrl-C."""
    from imu_reps.cli.page_links import say_links
    from imu_reps.live.playing import Player
    from imu_reps.live.server import PageServer

    player = Player(recording, settings, speed)
    with PageServer(player.hub, player.ask, port=wish.port, share=wish.share) as server:
        say_links(server.access, share=wish.share)
        say("Ctrl-C ends.")
        player.run(server.reports)


def _play(
    recording: Recording, settings: Settings, speed: float | None, say: Callable[[Event], None]
) -> Summary:
    """Push the recording through the pipeline, say every event at once, and sum the set up."""
    from imu_reps.analysis.pipeline import Pipeline
    from imu_reps.sensors.replay import replay_blocks

    pipeline = Pipeline(recording.header, settings)
    blocks = replay_blocks(recording)
    for block in blocks if speed is None else _paced(blocks, speed):
        for event in pipeline.push(block):
            say(event)
    for note in recording.notes:
        pipeline.note(note)
    last_events, analysis = pipeline.finish()
    for event in last_events:
        say(event)
    # The pipeline saw samples only; which file they came from is known here.
    return replace(analysis.summary, recording=replace(analysis.summary.recording, file=recording.file))


def _paced(blocks: Iterator[SampleBlock], speed: float) -> Iterator[SampleBlock]:
    began = time.monotonic()
    for block in blocks:
        time.sleep(max(0.0, began + float(block.time_s[-1]) / speed - time.monotonic()))
        yield block


def _echo_json(event: Event) -> None:
    from imu_reps.storage.summary_json import event_line

    say(event_line(event))


def _echo_heard(event: Event) -> None:
    from imu_reps.report.heard import heard

    words = heard(event)
    if words is not None:
        say(f"{event.time_s:7.1f} s  {words}")


def _show_json(summary: Summary) -> None:
    from imu_reps.storage.summary_json import summary_line

    say(summary_line(summary))


def _show_text(summary: Summary) -> None:
    from imu_reps.report.text import text_report

    say()
    show(partial(text_report, summary))


def _echo_error(file: str, error: ImuRepsError) -> int:
    from imu_reps.storage.summary_json import error_line

    say(error_line(file, error))
    return error.exit_code
