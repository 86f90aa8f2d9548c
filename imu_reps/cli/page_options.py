"""The options of a command that can show itself on a page, and how somebody gets there: its links."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from imu_reps.cli.console import say

if TYPE_CHECKING:
    from imu_reps.domain.settings import Settings
    from imu_reps.session.session_events import Rating
    from imu_reps.session.session_plan import SetGoal
    from imu_reps.web.access import Access
    from imu_reps.web.session_view import SessionView

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class PageOptions:
    """A page that was asked for; port 0: any free one; `share`: with other devices in the network."""

    port: int
    share: bool


def page_options(command: F) -> F:
    """Add ``--page``, ``--port`` and ``--share``; the command is given `page`, a PageWish or None."""

    @wraps(command)
    def with_page(*args: Any, page: bool, port: int | None, share: bool, **others: Any) -> Any:
        if not page and (share or port is not None):
            raise click.UsageError("--port and --share belong to --page.")
        return command(*args, page=PageOptions(port or 0, share) if page else None, **others)

    options = (
        click.option("--page", is_flag=True, help="Show it in a browser: count, wearer, cues, report."),
        click.option("--port", type=click.IntRange(0, 65535), help="Of the page. [default: any free one]"),
        click.option("--share", is_flag=True, help="The page also for devices in this network, unencrypted."),
    )
    for option in reversed(options):
        with_page = option(with_page)
    return with_page  # type: ignore[return-value]


@contextlib.contextmanager
def paged(
    page: PageOptions, goal: SetGoal, settings: Settings, feel: Callable[[Rating], None]
) -> Iterator[SessionView]:
    """Serve a page of a session that begins with `goal`, and say where it is.

    `feel` is called with what somebody there says of a set.
    """
    from imu_reps.web.server import PageServer
    from imu_reps.web.session_view import SessionView

    view = SessionView(goal, settings, feel)
    with PageServer(view.hub, view.ask, port=page.port, share=page.share) as server:
        view.reports = server.reports
        say_links(server.access, share=page.share)
        yield view


#: Upper and lower module of two rows of the picture, light is 1: as a lit terminal shows it.
_HALVES = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
QUIET_ZONE = 2


def say_links(access: Access, *, share: bool) -> None:
    """Say where the page is."""
    say(f"Page: {access.control_link}")
    if share:
        if _can_show(_HALVES[1, 1]):
            say(link_picture(access.control_link))
            say("The picture is that link, for the phone beside you: it starts and stops.")
        say(f"Only to watch: {access.view_link}")
        say("Plain HTTP, not encrypted: whoever has a link, or listens in this network, can see the page,")
        say("and with the first link start and stop. Share it in a network you trust.")


def link_picture(link: str) -> str:
    """A QR code of the link, in half blocks."""
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
