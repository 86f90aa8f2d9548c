"""``imu-reps replay``: a recording through the live pipeline."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import say
from imu_reps.cli.page_options import PageOptions, page_options
from imu_reps.cli.spoken_options import spoken_options
from imu_reps.cli.thresholds import chosen_settings, settings_options
from imu_reps.domain.cue import USUALLY_SPOKEN, Spoken
from imu_reps.errors import ImuRepsError

if TYPE_CHECKING:
    from imu_reps.domain.recording import Recording
    from imu_reps.domain.settings import Settings
    from imu_reps.session.session_events import Finished, SessionEvent
    from imu_reps.web.session_view import SessionView


def _pace(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:  # noqa: ARG001
    """None: as fast as possible."""
    if value is not None and not (value >= 0 and math.isfinite(value)):
        raise click.BadParameter("must be a number of 0 or more; 1 is real time, 0 as fast as possible.")
    return value or None


@click.command()
@click.argument("file")
@click.option(
    "--speed",
    type=float,
    callback=_pace,
    metavar="N",
    help="Pace: 1 is real time, 2 twice as fast. Without it, or 0: as fast as possible, on a page 1.",
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
    mute: bool,
    page: PageOptions | None,
    preset: str,
    changes: tuple[str, ...],
) -> None:
    """Play a recording through the live pipeline: what would have been heard, then the report.

    As text, the counts, faults and cues that would have been called out; as JSON every event, phases
    included. With --speed, in a terminal, a live panel shows how the set stands. With --page it is shown in
    a browser, and played when somebody there presses Start.
    """
    settings = chosen_settings(preset, changes)
    if as_json and spoken != USUALLY_SPOKEN:
        raise click.UsageError(
            "--json gives events; what is spoken (--count-at and others) is not among them."
        )
    if page is not None:
        if as_json:
            raise click.UsageError("--json is for programs, --page for people: choose one.")
        _play_on_page(_playable(file), settings, speed or 1.0, spoken, page)
        return
    try:
        loud = not mute and speed == 1.0  # as it was heard, or not at all
        code = _play(_playable(file), settings, spoken, speed, quiet=quiet, as_json=as_json, loud=loud)
    except ImuRepsError as error:
        if not as_json:
            raise
        code = _echo_error(file, error)
    ctx.exit(code)


def _playable(file: str) -> Recording:
    """A recording whose numbers and clocks run on, as those of sensors that are listened to."""
    from imu_reps.quality.numbering import numbered
    from imu_reps.storage.recording import load

    return numbered(load(file)).recording


def play(
    recording: Recording,
    settings: Settings,
    spoken: Spoken,
    speed: float | None,
    emit: Callable[[SessionEvent], None],
    view: SessionView | None = None,
) -> Finished:
    """Play a recording once; `view`: on its page, from where it can be stopped.

    `speed` None is as fast as possible.
    """
    import asyncio

    from imu_reps.session.rehearsal import replay_session
    from imu_reps.sim.radio import fast_loop

    async def played() -> Finished:
        session = replay_session(recording, emit, settings, spoken)
        steering = asyncio.create_task(asyncio.sleep(0) if view is None else view.steer(session))
        try:
            (finished,) = await session.run()
        finally:
            steering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await steering
        return finished

    return fast_loop.run(played(), speed)


def _play(
    recording: Recording,
    settings: Settings,
    spoken: Spoken,
    speed: float | None,
    *,
    quiet: bool,
    as_json: bool,
    loud: bool,
) -> int:
    """Play a recording to standard output; gives the exit code."""
    from imu_reps.cli.aloud import Aloud
    from imu_reps.cli.record.run import ThreadedEmitter, exit_code_of, shown_session, to_all

    if as_json:
        finished = play(recording, settings, spoken, speed, _say_json)
        if finished.unusable is not None:
            raise finished.unusable
    else:
        shown = shown_session(settings, quiet=quiet or speed is None)
        heard = Aloud() if loud else contextlib.nullcontext()
        with shown as show, ThreadedEmitter(show) as emit, heard as voice:
            finished = play(recording, settings, spoken, speed, to_all([emit, voice]))
    return exit_code_of(finished)


def _play_on_page(
    recording: Recording, settings: Settings, speed: float, spoken: Spoken, options: PageOptions
) -> None:
    """Play the recording to a page as often as it is asked to, until Ctrl-C."""
    from imu_reps.cli.page_options import paged
    from imu_reps.session.rehearsal import replay_goal

    with paged(options, replay_goal(recording), settings, lambda felt: None) as view:  # noqa: ARG005
        say("A replay: nothing is recorded. Ctrl-C ends.")
        while view.wait_for_start():
            play(recording, settings, spoken, speed, view, view)


def _say_json(said: SessionEvent) -> None:
    """Every event as a line, at once, and the summary as the last."""
    from imu_reps.report.findings import finding_text
    from imu_reps.session.session_events import SetDone, SetEvent
    from imu_reps.storage.exports import event_line, summary_line

    match said:
        case SetEvent(event=event):
            say(event_line(event))
        case SetDone(finished=finished):
            for event in finished.events:
                say(event_line(event))
            if finished.summary is not None:
                say(summary_line(finished.summary, finding_text))


def _echo_error(file: str, error: ImuRepsError) -> int:
    from imu_reps.report.findings import worded
    from imu_reps.storage.exports import error_line

    say(error_line(file, worded(error)))
    return error.exit_code
