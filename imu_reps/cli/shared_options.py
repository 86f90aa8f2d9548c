"""Options shared by many commands: thresholds and virtual sensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any, TypeVar, cast, get_args, get_type_hints

import click

from imu_reps.domain.settings import Preset, Settings
from imu_reps.errors import did_you_mean

NAMES = [field.name for field in fields(Settings) if field.name != "preset"]

Command = TypeVar("Command", bound=Callable[..., Any])


#: Default family of virtual sensors: the one that anyone can build.
VIRTUAL_FAMILY = "open_profile"


def with_options(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Combine several click options into one decorator, in the order of the help."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def virtual_option(text: str = "No hardware: two virtual sensors on a virtual air.") -> Callable[[Any], Any]:
    """Return the option ``--virtual``, with or without a sensor family."""
    return click.option(
        "--virtual", is_flag=False, flag_value=VIRTUAL_FAMILY, default=None, metavar="[FAMILY]", help=text
    )


def settings_options(command: Command) -> Command:
    """Add ``--preset`` and ``--set``; the command is given `settings`."""

    @wraps(command)
    def with_settings(*args: Any, preset: str, changes: tuple[str, ...], **others: Any) -> Any:
        return command(*args, settings=chosen_settings(preset, changes), **others)

    add = with_options(
        click.option(
            "--preset",
            type=click.Choice(get_args(Preset)),
            default="default",
            show_default=True,
            help="How strictly the pelvis is judged.",
        ),
        click.option(
            "--set",
            "changes",
            multiple=True,
            metavar="NAME=VALUE",
            help="Change one threshold, e.g. tilt_flag_deg=8 (see imu-reps settings). May be given again.",
        ),
    )
    return add(with_settings)  # type: ignore[return-value]


def chosen_settings(preset: str, changes: tuple[str, ...]) -> Settings:
    """Return the settings of a preset with single values changed.

    Raises
    ------
    click.BadParameter
        If a name is unknown or a value invalid.
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
