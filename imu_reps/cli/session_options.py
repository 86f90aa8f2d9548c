"""Options of commands that run a session: speech, the page with its links, the sets, and a virtual wearer."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, get_args

import click

from imu_reps.cli.console import echo
from imu_reps.cli.shared_options import with_options
from imu_reps.cli.simulate import SimulationOptions, set_plan
from imu_reps.domain.cue import DEFAULT_SPEECH, SpeechOptions, SpokenFigure
from imu_reps.domain.exercise import BOTH_LEGS, HOLDS, SIDES, Exercise, Side, Start, default_start
from imu_reps.domain.tempo import Tempo, named_tempo

if TYPE_CHECKING:
    from imu_reps.domain.settings import Settings
    from imu_reps.session.session_events import HurtAfter, Rating
    from imu_reps.session.session_plan import SessionPlan, SetGoal
    from imu_reps.sim.wearer import SetPlan
    from imu_reps.web.access import Access
    from imu_reps.web.session_view import SessionView

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class PageOptions:
    """Options of the page; port 0 is any free port; `share` allows other devices in the network."""

    port: int
    share: bool


def page_options(command: F) -> F:
    """Add ``--page``, ``--port`` and ``--share``; the command is given `page`, `PageOptions` or None."""

    @wraps(command)
    def with_page(*args: Any, page: bool, port: int | None, share: bool, **others: Any) -> Any:
        if not page and (share or port is not None):
            raise click.UsageError("--port and --share belong to --page.")
        return command(*args, page=PageOptions(port or 0, share) if page else None, **others)

    add = with_options(
        click.option("--page", is_flag=True, help="Show it in a browser: count, wearer, cues, report."),
        click.option("--port", type=click.IntRange(0, 65535), help="Of the page. [default: any free one]"),
        click.option("--share", is_flag=True, help="The page also for devices in this network, unencrypted."),
    )
    return add(with_page)  # type: ignore[return-value]


def speech_options(command: F) -> F:
    """Add the speech options; the command is given `spoken` and `mute`."""

    @wraps(command)
    def with_spoken(
        *args: Any,
        count_at: Literal["end", "top"],
        no_metronome: bool,
        breathing: bool,
        figure: SpokenFigure | None,
        **others: Any,
    ) -> Any:
        return command(*args, spoken=SpeechOptions(count_at, not no_metronome, breathing, figure), **others)

    add = with_options(
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
            "--say",
            "figure",
            type=click.Choice(get_args(SpokenFigure)),
            help="Say this figure after each rep.",
        ),
        click.option("--mute", is_flag=True, help="No tones and no voice in the terminal."),
    )
    return add(with_spoken)  # type: ignore[return-value]


@contextlib.contextmanager
def page_server(
    page: PageOptions, goal: SetGoal, settings: Settings, feel: Callable[[Rating | HurtAfter], None]
) -> Iterator[SessionView]:
    """Serve the page of a session that begins with `goal`, and print its links.

    `feel` is called with ratings given on the page.
    """
    from imu_reps.web.server import PageServer
    from imu_reps.web.session_view import SessionView

    view = SessionView(goal, settings, feel)
    with PageServer(view.hub, view.ask, port=page.port, share=page.share) as server:
        view.reports = server.reports
        echo_links(server.access, share=page.share)
        yield view


#: Half blocks by the upper and lower module of the QR code; light is 1.
_HALVES = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}


def echo_links(access: Access, *, share: bool) -> None:
    """Print the links of the page."""
    echo(f"Page: {access.control_link}")
    if share:
        if _can_show(_HALVES[1, 1]):
            echo(link_picture(access.control_link))
            echo("The picture is that link, for the phone beside you: it starts and stops.")
        echo(f"Only to watch: {access.view_link}")
        echo("Plain HTTP, not encrypted: whoever has a link, or listens in this network, can see the page,")
        echo("and with the first link start and stop. Share it in a network you trust.")


def link_picture(link: str) -> str:
    """Draw a QR code of the link in half blocks."""
    import segno

    modules = [list(row) for row in segno.make(link, error="l").matrix_iter(border=2)]
    light = [[1 - module for module in row] for row in modules]
    if len(light) % 2:
        light.append([0] * len(light[0]))
    pairs = zip(light[::2], light[1::2], strict=True)
    return "\n".join("".join(_HALVES[both] for both in zip(*rows, strict=True)) for rows in pairs)


def _can_show(character: str) -> bool:
    try:
        character.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class RecordOptions:
    """The options as given; None if not given."""

    exercise: str
    sides: tuple[str, ...]
    start: str | None
    reps: int | None
    tempo: str | None
    duration_s: float | None
    sets: int | None
    rest_s: float
    tap: bool
    range_target: float | None = None
    floor: float | None = None
    practice: int = 0
    stop_faulty: int | None = None
    stop_range: float | None = None
    stop_speed: float | None = None


def read_sides(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...]:  # noqa: ARG001
    """Parse ``left``, or ``left,right`` for sets in turn."""
    sides = tuple(side.strip() for side in value.split(",")) if value else ()
    if any(side not in SIDES for side in sides):
        raise click.BadParameter("is left, right or both, or several such as left,right.")
    return sides


def read_tempo(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001
    """Parse a tempo to its four numbers."""
    try:
        return None if value is None else str(named_tempo(value))
    except ValueError as error:
        raise click.BadParameter(f"{str(error).removesuffix('.')}.") from error


def session_plan(options: RecordOptions, spoken: SpeechOptions = DEFAULT_SPEECH) -> SessionPlan:
    """Build the session plan from the options.

    Raises
    ------
    click.UsageError
        If a hold is given options of repetitions.
    """
    from imu_reps.session.session_plan import SessionPlan

    _refuse_for_hold(options)
    count = options.sets or max(1, len(options.sides))
    return SessionPlan(tuple(_goal(options, k) for k in range(count)), options.rest_s, options.tap, spoken)


def _refuse_for_hold(options: RecordOptions) -> None:
    for name, value in (("reps", options.reps), ("tempo", options.tempo)):
        if options.exercise in HOLDS and value is not None:
            raise click.UsageError(f"A hold has no {name}; leave out --{name}, --duration says how long.")
    given = {
        "--range-target": options.range_target,
        "--floor": options.floor,
        "--practice": options.practice or None,
        "--stop-faulty": options.stop_faulty,
        "--stop-range": options.stop_range,
        "--stop-speed": options.stop_speed,
    }
    of_reps = [name for name, value in given.items() if value is not None]
    if options.exercise in HOLDS and of_reps:
        raise click.UsageError(f"A hold has no reps; leave out {', '.join(of_reps)}.")
    if options.exercise == "heel_tap" and options.floor is not None:
        raise click.UsageError("Heel taps are not judged by a floor; leave out --floor.")


def _goal(options: RecordOptions, k: int) -> SetGoal:
    from imu_reps.session.session_plan import SetGoal, StopRules

    exercise = cast("Exercise", options.exercise)
    default = "both" if options.exercise in BOTH_LEGS else None
    side = options.sides[k % len(options.sides)] if options.sides else default
    return SetGoal(
        exercise=exercise,
        side=cast("Side | None", side),
        start=cast("Start", options.start) if options.start else default_start(exercise),
        reps=options.reps,
        tempo=None if options.tempo is None else Tempo.parse(options.tempo),
        duration_s=options.duration_s,
        range_target_deg=options.range_target,
        floor_deg=options.floor,
        practice_reps=options.practice,
        stop=StopRules(options.stop_faulty, _share(options.stop_range), _share(options.stop_speed)),
    )


def _share(percent: float | None) -> float | None:
    return None if percent is None else percent / 100.0


def wearer_plans(plan: SessionPlan) -> list[SetPlan]:
    """Plan what a virtual wearer does in each set.

    Raises
    ------
    click.UsageError
        If it cannot be simulated.
    """
    return [_wearer_plan(goal) for goal in plan.goals]


def _wearer_plan(goal: SetGoal) -> SetPlan:
    request = SimulationOptions(
        exercise=goal.exercise,
        side=goal.side,
        reps=(goal.reps or 8) + goal.practice_reps,
        tempo=None if goal.tempo is None else str(goal.tempo),
        range_deg=None,
        faults=(),
        rate_hz=100.0,
        loss=0.0,
        life=False,
        hold_s=None if goal.duration_s is None else goal.duration_s + 1.0,  # a little more than asked
    )
    try:
        return replace(set_plan(request), start=goal.start)
    except ValueError as error:
        raise click.UsageError(f"{str(error).removesuffix('.')}.") from error


#: Targets of a set, and rules that end it.
aim_options = with_options(
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
