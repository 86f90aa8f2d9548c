"""Options of commands that run a session: speech, and the page with its links."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

import click

from imu_reps.cli.console import echo
from imu_reps.cli.shared_options import with_options
from imu_reps.domain.cue import SpeechOptions, SpokenFigure

if TYPE_CHECKING:
    from imu_reps.domain.settings import Settings
    from imu_reps.session.session_events import Rating
    from imu_reps.session.session_plan import SetGoal
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
    page: PageOptions, goal: SetGoal, settings: Settings, feel: Callable[[Rating], None]
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
QUIET_ZONE = 2


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

    modules = [list(row) for row in segno.make(link, error="l").matrix_iter(border=QUIET_ZONE)]
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
