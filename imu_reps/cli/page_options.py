"""The options of a command that can show itself on a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class PageWish:
    """A page that was asked for; port 0: any free one; `share`: with other devices in the network."""

    port: int
    share: bool


def page_options(command: F) -> F:
    """Add ``--page``, ``--port`` and ``--share``; the command is given `page`, a PageWish or None."""

    @wraps(command)
    def with_page(*args: Any, page: bool, port: int | None, share: bool, **others: Any) -> Any:
        if not page and (share or port is not None):
            raise click.UsageError("--port and --share belong to --page.")
        return command(*args, page=PageWish(port or 0, share) if page else None, **others)

    options = (
        click.option("--page", is_flag=True, help="Show it in a browser: count, wearer, cues, report."),
        click.option("--port", type=click.IntRange(0, 65535), help="Of the page. [default: any free one]"),
        click.option("--share", is_flag=True, help="The page also for devices in this network, unencrypted."),
    )
    for option in reversed(options):
        with_page = option(with_page)
    return with_page  # type: ignore[return-value]
