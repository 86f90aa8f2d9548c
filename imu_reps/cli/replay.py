"""``imu-reps replay``: play a recording through the live pipeline."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import echo, what_ends
from imu_reps.cli.session_options import PageOptions, page_options, page_server, speech_options
from imu_reps.cli.shared_options import settings_options
from imu_reps.domain.cue import DEFAULT_SPEECH, SpeechOptions
from imu_reps.errors import ImuRepsError

if TYPE_CHECKING:
    from imu_reps.domain.recording import Recording
    from imu_reps.domain.settings import Settings
    from imu_reps.session.session_events import Finished, SessionEvent
    from imu_reps.web.session_view import SessionView


def _pace(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:  # noqa: ARG001
    """Validate the pace; None is as fast as possible."""
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
@speech_options
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
    spoken: SpeechOptions,
    mute: bool,
    page: PageOptions | None,
    settings: Settings,
) -> None:
    """Play a recording through the live pipeline: what would have been heard, then the report.

    As text, the counts, faults and cues that would have been called out; as JSON every event, phases
    included. With --speed, in a terminal, a live panel shows how the set stands. With --page it is shown in
    a browser, and played when somebody there presses Start.
    """
    if as_json and spoken != DEFAULT_SPEECH:
        raise click.UsageError(
            "--json gives events; what is spoken (--count-at and others) is not among them."
        )
    if page is not None:
        if as_json:
            raise click.UsageError("--json is for programs, --page for people: choose one.")
        _play_on_page(_playable(file), settings, speed or 1.0, spoken, page)
        return
    try:
        speak = not mute and speed == 1.0  # only in real time
        code = _play(_playable(file), settings, spoken, speed, quiet=quiet, as_json=as_json, speak=speak)
    except ImuRepsError as error:
        if not as_json:
            raise
        from imu_reps.report.findings import with_message
        from imu_reps.storage.plain_json import error_line

        echo(error_line(file, with_message(error)))
        code = error.exit_code
    ctx.exit(code)


def _playable(file: str) -> Recording:
    """Load a recording with continuous sample numbers and clocks, as from live sensors."""
    from imu_reps.quality.numbering import numbered
    from imu_reps.storage.recording import load

    return numbered(load(file))[0]


def play(
    recording: Recording,
    settings: Settings,
    spoken: SpeechOptions,
    speed: float | None,
    emit: Callable[[SessionEvent], None],
    view: SessionView | None = None,
) -> Finished:
    """Play a recording once; a `view` shows it on its page, where it can be stopped.

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
    spoken: SpeechOptions,
    speed: float | None,
    *,
    quiet: bool,
    as_json: bool,
    speak: bool,
) -> int:
    """Play a recording to standard output and return the exit code."""
    from imu_reps.cli.record import run
    from imu_reps.cli.speech import CueSpeaker

    if as_json:
        finished = play(recording, settings, spoken, speed, _echo_json)
        if finished.unusable is not None:
            raise finished.unusable
    else:
        shown = run.session_display(settings, quiet=quiet or speed is None, reports=True)
        speaker = CueSpeaker() if speak else contextlib.nullcontext()
        with run.ThreadedEmitter(shown, run.PATIENCE_S) as emit, speaker as voice:
            finished = play(recording, settings, spoken, speed, run.broadcast([emit, voice]))
    return run.exit_code_of(finished)


def _play_on_page(
    recording: Recording, settings: Settings, speed: float, spoken: SpeechOptions, options: PageOptions
) -> None:
    """Play the recording to a page on each Start, until Ctrl-C."""
    from imu_reps.session.rehearsal import replay_goal

    with page_server(options, replay_goal(recording), settings, lambda felt: None) as view:  # noqa: ARG005
        echo(f"A replay: nothing is recorded. {what_ends()} ends.")
        while view.wait_for_start():
            play(recording, settings, spoken, speed, view, view)


def _echo_json(session_event: SessionEvent) -> None:
    """Print every event as a line, and the summary as the last."""
    from imu_reps.report.findings import finding_text
    from imu_reps.session.session_events import SetDone, SetEvent
    from imu_reps.storage.plain_json import event_line, summary_line

    match session_event:
        case SetEvent(event=event):
            echo(event_line(event))
        case SetDone(finished=finished):
            for event in finished.events:
                echo(event_line(event))
            if finished.summary is not None:
                echo(summary_line(finished.summary, finding_text))
