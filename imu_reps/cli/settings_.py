"""``imu-reps settings``: list the thresholds that can be changed, and the presets."""

from __future__ import annotations

import re
from dataclasses import fields
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, get_args

import click

from imu_reps.cli.console import echo, render
from imu_reps.domain.settings import Preset, Settings

if TYPE_CHECKING:
    from rich.console import RenderableType

#: Row of docs/thresholds.md: name, value, unit, meaning.
_ROW = re.compile(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \|", re.MULTILINE)


@click.command(name="settings")
@click.argument("name", required=False)
def settings_(name: str | None) -> None:
    """List the settings that --set changes, with unit, default and meaning, and the presets.

    NAME: only the settings whose name holds it. Sources and sensitivity: imu-reps docs thresholds.
    """
    from imu_reps.errors import UsageError, did_you_mean

    rows = [row for row in _rows() if name is None or name in row[0]]
    if not rows:
        names = [field.name for field in fields(Settings)]
        raise UsageError(
            f"There is no setting {name!r}.{did_you_mean(name or '', names)}",
            hint="`imu-reps settings` lists all.",
            code="no_setting",
        )
    render(partial(_laid_out, rows))
    echo()
    for preset in get_args(Preset):
        echo(f"--preset {preset}: {_changes(preset)}")
    echo("\nChange one for a report: imu-reps report set.csv --set tilt_flag_deg=8")


def _rows() -> list[tuple[str, str, str, str]]:
    """Read name, value, unit and meaning of each setting from the generated page of thresholds."""
    page = (files("imu_reps") / "docs" / "thresholds.md").read_text(encoding="utf-8")
    of_settings = page.partition("\n## Settings\n")[2].partition("\n## ")[0]
    return [(name, value, unit, meaning) for name, value, unit, meaning in _ROW.findall(of_settings)]


def _laid_out(rows: list[tuple[str, str, str, str]], width: int) -> RenderableType:
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
    return Group(*parts) if width else Group()


def _past(name: str) -> str:
    levels = {"_watch": "past it, worth watching", "_flag": "past it, a fault"}
    return next((f": {words}" for level, words in levels.items() if level in name), "")


def _changes(preset: Preset) -> str:
    usual, other = Settings(), Settings.for_preset(preset)
    changed = [
        f"{field.name}={getattr(other, field.name):g}"
        for field in fields(Settings)
        if field.name != "preset" and getattr(other, field.name) != getattr(usual, field.name)
    ]
    return ", ".join(changed) or "as listed"
