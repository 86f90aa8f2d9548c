"""``imu-reps docs``: print pages of the documentation."""

from __future__ import annotations

import re
import sys
from importlib.resources import files
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import echo, render
from imu_reps.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]*)\)")


@click.command()
@click.argument("page", required=False)
def docs(page: str | None) -> None:
    """Print a page of the documentation, or list the pages there are.

    Formatted in a terminal, the page's own Markdown in a file or a pipe.
    """
    folder = files("imu_reps") / "docs"
    pages = {
        entry.name.removesuffix(".md"): entry for entry in folder.iterdir() if entry.name.endswith(".md")
    }
    if page is None:
        _list(pages, folder)
        return
    name = page.removesuffix(".md")
    if name not in pages:
        raise UsageError(
            f"There is no page {page!r}.{did_you_mean(name, pages)}",
            hint=f"The pages are: {', '.join(sorted(pages))}.",
            code="no_page",
        )
    text = _PICTURE.sub(lambda found: f"Picture: {found[1]}: {folder / found[2]}", _text(pages[name]))
    if not sys.stdout.isatty():
        echo(text, nl=False)
        return
    from rich.markdown import Markdown

    render(lambda _: Markdown(text))


def _list(pages: dict[str, Traversable], folder: Traversable) -> None:
    width = max(map(len, pages))
    for name in sorted(pages):
        echo(f"{name:{width}}  {_text(pages[name]).splitlines()[2]}")
    echo(f"\nPrint one with imu-reps docs PAGE. They, and examples to run, are in {folder}")


def _text(page: Traversable) -> str:
    return page.read_text(encoding="utf-8")
