"""Options of commands that run a session: speech, the page with its links, the sets, and a virtual wearer."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

import click

from imu_reps.cli.console import echo
from imu_reps.cli.shared_options import NumberRange, with_options
from imu_reps.cli.simulate import SimulationOptions, set_plan
from imu_reps.domain.cue import SpeechOptions, SpokenFigure
from imu_reps.domain.exercise import BOTH_LEGS, HOLDS, SIDES, Exercise, Side, Start, default_start
from imu_reps.domain.tempo import Tempo, named_tempo
from imu_reps.errors import did_you_mean

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
        _echo_links(server.access, share=page.share)
        yield view


#: Half blocks by the upper and lower module of the QR code; light is 1.
_HALVES = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}


def _echo_links(access: Access, *, share: bool) -> None:
    echo(f"Page: {access.control_link}")
    if share:
        if _can_show(_HALVES[1, 1]):
            echo(_link_picture(access.control_link))
            echo("The picture is that link, for the phone beside you: it starts and stops.")
        echo(f"Only to watch: {access.view_link}")
        echo("Plain HTTP, not encrypted: whoever has a link, or listens in this network, can see the page,")
        echo("and with the first link start and stop. Share it in a network you trust.")


def _link_picture(link: str) -> str:
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


def read_sides(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...]:  # noqa: ARG001
    """Parse ``left``, or ``left,right`` for sets in turn."""
    sides = tuple(side.strip() for side in value.split(",")) if value else ()
    for side in sides:
        if side not in SIDES:
            raise click.BadParameter(
                f"{side!r} is not left, right or both; several are given as left,right."
                f"{did_you_mean(side, SIDES)}"
            )
    return sides


def read_tempo(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001
    """Parse a tempo to its four numbers."""
    try:
        return None if value is None else str(named_tempo(value))
    except ValueError as error:
        raise click.BadParameter(f"{str(error).removesuffix('.')}.") from error


def session_plan(
    spoken: SpeechOptions,
    *,
    exercise: Exercise,
    sides: Sequence[Side],
    sets: int | None,
    rest_s: float,
    tap: bool,
    **of_set: Any,
) -> SessionPlan:
    """Build the session plan from the options; `of_set` are those of every set.

    Raises
    ------
    click.UsageError
        If a hold is given options of repetitions.
    """
    from imu_reps.session.session_plan import SessionPlan

    refuse_unfitting(exercise, of_set)
    in_turn: Sequence[Side | None] = sides or ("both" if exercise in BOTH_LEGS else None,)
    count = sets or len(in_turn)
    goals = tuple(_goal(exercise, in_turn[k % len(in_turn)], **of_set) for k in range(count))
    return SessionPlan(goals, rest_s, tap, spoken)


def refuse_unfitting(exercise: Exercise | None, of_set: Mapping[str, Any]) -> None:
    """Refuse options that the exercise has no use for.

    Raises
    ------
    click.UsageError
        A hold is given options of repetitions, heel taps a floor.
    """
    if exercise == "heel_tap" and of_set["floor"] is not None:
        raise click.UsageError("Heel taps are not judged by a floor; leave out --floor.")
    if exercise not in HOLDS:
        return
    for name in ("reps", "tempo"):
        if of_set[name] is not None:
            raise click.UsageError(f"A hold has no {name}; leave out --{name}, --duration says how long.")
    aims = ("range_target", "floor", "practice", "stop_faulty", "stop_range", "stop_speed")
    given = [f"--{name.replace('_', '-')}" for name in aims if of_set.get(name) is not None]
    if given:
        raise click.UsageError(f"A hold has no reps; leave out {', '.join(given)}.")


def _goal(
    exercise: Exercise,
    side: Side | None,
    *,
    start: Start | None,
    reps: int | None,
    tempo: str | None,
    duration_s: float | None,
    **aims: Any,
) -> SetGoal:
    from imu_reps.session.session_plan import SetGoal, StopRules

    losses = (None if aims[name] is None else aims[name] / 100.0 for name in ("stop_range", "stop_speed"))
    return SetGoal(
        exercise=exercise,
        side=side,
        start=start or default_start(exercise),
        reps=reps,
        tempo=None if tempo is None else Tempo.parse(tempo),
        duration_s=duration_s,
        range_target_deg=aims["range_target"],
        floor_deg=aims["floor"],
        practice_reps=aims["practice"] or 0,
        stop=StopRules(aims["stop_faulty"], *losses),
    )


def wearer_plan(goal: SetGoal) -> SetPlan:
    """Plan what a virtual wearer does in a set.

    Raises
    ------
    click.UsageError
        If it cannot be simulated.
    """
    options = SimulationOptions(
        exercise=goal.exercise,
        side=goal.side,
        reps=(goal.reps or 8) + goal.practice_reps,
        tempo=None if goal.tempo is None else str(goal.tempo),
        hold_s=None if goal.duration_s is None else goal.duration_s + 1.0,  # a little more than asked
        start=goal.start,
    )
    return set_plan(options)


#: Targets of a set, and rules that end it.
aim_options = with_options(
    click.option(
        "--range-target",
        metavar="DEG",
        type=NumberRange(5, 140),
        help="Aim: the leg moves so far; shorter reps are judged by it, reaching it has a sound.",
    ),
    click.option(
        "--floor",
        metavar="DEG",
        type=NumberRange(0, 120),
        help="The leg stays above this angle. [default: the person's, from test end-range]",
    ),
    click.option(
        "--practice",
        metavar="REPS",
        type=click.IntRange(0, 50),
        callback=lambda ctx, param, value: value or None,  # noqa: ARG005
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
        type=NumberRange(5, 95),
        help="The set ends when two reps in a row lost so much of the range of the first three.",
    ),
    click.option(
        "--stop-speed",
        metavar="PERCENT",
        type=NumberRange(5, 95),
        help="The same of the speed on the way up.",
    ),
)
