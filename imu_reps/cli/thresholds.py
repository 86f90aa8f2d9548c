"""The options that choose settings: ``--preset`` and ``--set``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar, cast, get_args, get_type_hints

import click

from imu_reps.domain.settings import Preset, Settings
from imu_reps.errors import did_you_mean

NAMES = [field.name for field in fields(Settings) if field.name != "preset"]

Command = TypeVar("Command", bound=Callable[..., Any])


def settings_options(command: Command) -> Command:
    """Give a command the options; it receives ``preset`` and ``changes``, for `chosen_settings`."""
    preset = click.option(
        "--preset",
        type=click.Choice(get_args(Preset)),
        default="default",
        show_default=True,
        help="How strictly the pelvis is judged.",
    )
    change = click.option(
        "--set",
        "changes",
        multiple=True,
        metavar="NAME=VALUE",
        help="Change one threshold, e.g. tilt_flag_deg=8 (see imu-reps settings). May be given again.",
    )
    return preset(change(command))


def chosen_settings(preset: str, changes: tuple[str, ...]) -> Settings:
    """The settings of a preset with single values changed.

    Raises
    ------
    click.BadParameter
        If a name is unknown or a value is none for it.
    """
    values = dict(_parsed(change) for change in changes)
    try:
        return Settings.for_preset(cast(Preset, preset), **values)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--set'") from error


def _parsed(change: str) -> tuple[str, Any]:
    import msgspec

    name, equals, text = change.partition("=")
    if not equals or name not in NAMES:
        raise click.BadParameter(
            f"{change!r} is not NAME=VALUE of a setting, such as tilt_flag_deg=8.{did_you_mean(name, NAMES)} "
            "`imu-reps settings` lists all.",
            param_hint="'--set'",
        )
    try:
        return name, msgspec.convert(text, get_type_hints(Settings)[name], strict=False)
    except msgspec.ValidationError as error:
        raise click.BadParameter(
            f"{name} is a number such as {getattr(Settings(), name) or 60.0:g}, not {text!r}.",
            param_hint="'--set'",
        ) from error
