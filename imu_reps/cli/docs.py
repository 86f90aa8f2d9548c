"""Commands about the program itself: ``docs``, ``settings``, ``where`` and ``completion``."""

from __future__ import annotations

import re
import sys
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from imu_reps.cli.console import echo, render
from imu_reps.domain.settings import Preset, Settings
from imu_reps.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from rich.console import RenderableType

_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]*)\)")


@click.command()
@click.argument("page", required=False)
def docs(page: str | None) -> None:
    """Print a page of the documentation, or a part of it, or list the pages there are.

    A part as pages name it: guide#from-python. Formatted in a terminal, the page's own Markdown in a file
    or a pipe.
    """
    folder = files("imu_reps") / "docs"
    pages = {
        entry.name.removesuffix(".md"): entry for entry in folder.iterdir() if entry.name.endswith(".md")
    }
    if page is None:
        _list_pages(pages, folder)
        return
    page_name, _, heading = page.lower().partition("#")
    name = page_name.removesuffix(".md")
    if name not in pages:
        raise UsageError(
            f"There is no page {page!r}.{did_you_mean(name, pages)}",
            hint=f"The pages are: {', '.join(sorted(pages))}.",
            code="no_page",
        )
    text = _PICTURE.sub(lambda found: f"Picture: {found[1]}: {folder / found[2]}", _page_text(pages[name]))
    if heading:
        text = _part(text, name, heading)
    if not sys.stdout.isatty():
        echo(text, nl=False)
        return
    from rich.markdown import Markdown

    render(lambda _: Markdown(text))


def _part(text: str, page: str, heading: str) -> str:
    """Return the part of a page below a heading, which is written as links write it: words with hyphens."""
    found = list(re.finditer(r"^(#+) (.+)$", text, re.MULTILINE))
    marks = [re.sub(r"[^\w -]", "", one[2]).lower().replace(" ", "-") for one in found]
    if heading not in marks:
        raise UsageError(
            f"The page {page} has no part {heading!r}.{did_you_mean(heading, marks)}",
            hint=f"Its parts are: {', '.join(marks[1:])}.",
            code="no_part",
        )
    begin = found[marks.index(heading)]
    later = (one.start() for one in found if one.start() > begin.start() and len(one[1]) <= len(begin[1]))
    return text[begin.start() : next(later, len(text))].rstrip() + "\n"


def _list_pages(pages: dict[str, Traversable], folder: Traversable) -> None:
    width = max(map(len, pages))
    for name in sorted(pages):
        echo(f"{name:{width}}  {_page_text(pages[name]).splitlines()[2]}")
    echo("\nPrint one with imu-reps docs PAGE, a part of it with PAGE#PART.")
    echo(f"They, and examples to run, are in {folder}")


def _page_text(page: Traversable) -> str:
    return page.read_text(encoding="utf-8")


@click.command()
@click.option("--profile", is_flag=True, help="Print the file that says who is paired with which sensors.")
def where(profile: bool) -> None:
    """Print the folder recordings are kept in.

    There `imu-reps report` looks for the latest set that was kept when it is given none.
    """
    from imu_reps.storage.folders import default_folder
    from imu_reps.storage.profile import profile_path

    echo(str(profile_path() if profile else default_folder()))


PROGRAM = "imu-reps"
#: Where each shell looks for completions, below the home folder; zsh needs its `fpath` set.
INSTALL_PATHS = {
    "bash": Path(".local/share/bash-completion/completions/imu-reps"),
    "zsh": Path(".zfunc/_imu-reps"),
    "fish": Path(".config/fish/completions/imu-reps.fish"),
}
#: Environment variable by which the shell requests completions.
COMPLETE_VARIABLE = "_IMU_REPS_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(list(INSTALL_PATHS)))
@click.option("--install", is_flag=True, help="Write it where the shell looks for it.")
@click.option("--force", is_flag=True, help="Replace an older completion.")
def completion(shell: str, install: bool, force: bool) -> None:
    """Print what makes SHELL complete commands, options and their values, or install it."""
    script = _completion_script(shell)
    if not install:
        echo(script, nl=False)
        return
    from imu_reps.domain.file_kinds import DocumentKind
    from imu_reps.storage.file_access import make_folder, save_document
    from imu_reps.storage.folders import user_home

    path = user_home() / INSTALL_PATHS[shell]
    make_folder(path.parent)
    kind = DocumentKind(script.partition("\n")[0] + "\n")
    if path.is_file() and path.read_bytes() == script.encode():
        echo(f"Installed already, in {path}.")
    else:
        save_document(path, script, kind=kind, force=force)
        echo(f"Written to {path}. It works in every new shell.")
    if shell == "zsh":
        echo("If it does not, put this into ~/.zshrc: fpath+=~/.zfunc; autoload -Uz compinit && compinit")


def _completion_script(shell: str) -> str:
    from click.shell_completion import get_completion_class

    from imu_reps.cli.main import main

    completing = get_completion_class(shell)
    if completing is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    maker = completing(main, {}, PROGRAM, COMPLETE_VARIABLE)
    # what `source` would print, without asking which version of the shell there is
    return str(maker.source_template % maker.source_vars()) + "\n"


#: Row of docs/thresholds.md: name, value, unit, meaning.
_ROW = re.compile(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \|", re.MULTILINE)


@click.command(name="settings")
@click.argument("name", required=False)
def settings_(name: str | None) -> None:
    """List the settings that --set changes, with unit, default and meaning, and the presets.

    NAME: only the settings whose name holds it. Sources and sensitivity: imu-reps docs thresholds.
    """
    rows = [row for row in _setting_rows() if name is None or name in row[0]]
    if not rows:
        names = [field.name for field in fields(Settings)]
        raise UsageError(
            f"There is no setting {name!r}.{did_you_mean(name or '', names)}",
            hint="`imu-reps settings` lists all.",
            code="no_setting",
        )
    render(lambda _: _settings_table(rows))
    echo()
    for preset in get_args(Preset):
        echo(f"--preset {preset}: {_preset_changes(preset)}")
    echo("\nChange one for a report: imu-reps report set.csv --set tilt_flag_deg=8")


def _setting_rows() -> list[tuple[str, str, str, str]]:
    """Read name, value, unit and meaning of each setting from the generated page of thresholds."""
    page = (files("imu_reps") / "docs" / "thresholds.md").read_text(encoding="utf-8")
    of_settings = page.partition("\n## Settings\n")[2].partition("\n## ")[0]
    return _ROW.findall(of_settings)


def _settings_table(rows: list[tuple[str, str, str, str]]) -> RenderableType:
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    parts: list[RenderableType] = []
    for name, value, unit, meaning in rows:
        default = "not set" if value == "None" else f"{value} {unit}".strip()
        parts += [
            Text(f"{name} = {default}", style="bold"),
            Padding(f"{meaning}{_past(name)}.", (0, 0, 0, 4)),
        ]
    return Group(*parts)


def _past(name: str) -> str:
    levels = {"_watch": "past it, worth watching", "_flag": "past it, a fault"}
    return next((f": {words}" for level, words in levels.items() if level in name), "")


def _preset_changes(preset: Preset) -> str:
    usual, other = Settings(), Settings.for_preset(preset)
    changed = [
        f"{field.name}={getattr(other, field.name):g}"
        for field in fields(Settings)
        if field.name != "preset" and getattr(other, field.name) != getattr(usual, field.name)
    ]
    return ", ".join(changed) or "as listed"
