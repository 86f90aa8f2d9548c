"""Options shared by many commands: thresholds, sensors real or virtual, the radio, and logging."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import math
import platform
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar, cast, get_args, get_type_hints

import click

from imu_reps.cli.console import echo_stderr
from imu_reps.domain.settings import Preset, Settings
from imu_reps.errors import did_you_mean

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Radio
    from imu_reps.sources.virtual_source import VirtualWorld

NAMES = [field.name for field in fields(Settings) if field.name != "preset"]

Command = TypeVar("Command", bound=Callable[..., Any])


class NumberRange(click.FloatRange):
    """A range of numbers; `nan` and `inf` are none, which click takes to be in every open range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or fail."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


#: Default family of virtual sensors: the one that anyone can build.
VIRTUAL_FAMILY = "open_profile"
#: All there are, for help, which loads none of them.
VIRTUAL_FAMILIES = "open_profile (without a name), witmotion or movesense"


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
        "--virtual",
        is_flag=False,
        flag_value=VIRTUAL_FAMILY,
        default=None,
        metavar="[FAMILY]",
        help=f"{text} FAMILY: {VIRTUAL_FAMILIES}. Needs the extra virtual.",
    )


def settings_options(command: Command) -> Command:
    """Add ``--preset`` and ``--set``; the command is given `settings`."""

    @wraps(command)
    def with_settings(*args: Any, preset: str, changes: tuple[str, ...], **others: Any) -> Any:
        return command(*args, settings=_chosen_settings(preset, changes), **others)

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


def _chosen_settings(preset: str, changes: tuple[str, ...]) -> Settings:
    values = dict(_parsed(change) for change in changes)
    try:
        return Settings.for_preset(cast(Preset, preset), **values)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--set'") from error


def _usual(name: str) -> float:
    """Return the default of a setting, or a likely angle where there is none."""
    return float(getattr(Settings(), name) or 60.0)


def _parsed(change: str) -> tuple[str, Any]:
    import msgspec

    name, equals, text = change.partition("=")
    if not equals and name in NAMES:
        raise click.BadParameter(
            f"{name!r} has no value; write it as {name}={_usual(name):g}.", param_hint="'--set'"
        )
    if name not in NAMES:
        raise click.BadParameter(
            f"{change!r} is not NAME=VALUE of a setting, such as tilt_flag_deg=8.{did_you_mean(name, NAMES)} "
            "`imu-reps settings` lists all.",
            param_hint="'--set'",
        )
    try:
        return name, msgspec.convert(text, get_type_hints(Settings)[name], strict=False)
    except msgspec.ValidationError as error:
        raise click.BadParameter(
            f"{name} is a number such as {_usual(name):g}, not {text!r}.",
            param_hint="'--set'",
        ) from error


T = TypeVar("T")
Work = Callable[["Radio", "VirtualWorld | None"], Awaitable[T]]

_ADAPTER = "imu_reps.adapter"
_LINE = "%(asctime)s.%(msecs)03d %(levelname)-7s %(name)s: %(message)s"
_TIME = "%Y-%m-%dT%H:%M:%S"


def sensor_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--adapter``, ``-v`` and ``--log`` to a command."""

    @click.option("--adapter", metavar="HCI", help="Which Bluetooth adapter, such as hci1. Linux only.")
    @click.option("-v", "--verbose", count=True, help="Say what the links do; -vv: in every detail.")
    @click.option(
        "--log", "file", metavar="FILE", type=click.Path(path_type=Path), help="Log it all in a new FILE."
    )
    @functools.wraps(command)
    def with_radio(*args: Any, adapter: str | None, verbose: int, file: Path | None, **kwargs: Any) -> Any:
        if adapter is not None and platform.system() != "Linux":
            raise click.UsageError("--adapter is for Linux; this system has one Bluetooth, which is used.")
        if adapter is not None and kwargs.get("virtual") is not None:
            raise click.UsageError("Virtual sensors need no adapter; leave out --adapter.")
        click.get_current_context().meta[_ADAPTER] = adapter
        with logging_to(verbose, file):
            return command(*args, **kwargs)

    return with_radio


def computer_radio() -> Radio:
    """Return the computer's Bluetooth radio, on the adapter given to the running command."""
    from imu_reps.sensors.ble import Radio

    return Radio(adapter=click.get_current_context().meta.get(_ADAPTER))


@contextlib.contextmanager
def logging_to(verbose: int, file: Path | None) -> Iterator[None]:
    """Log to standard error by verbosity, and everything to a new file, within the context.

    Raises
    ------
    FileAccessError
        ``exists``, ``not_found``, ``permission``: the file cannot be made.
    """
    with contextlib.ExitStack() as ending:
        handlers: list[logging.Handler] = []
        if verbose:
            handlers.append(_StderrHandler(logging.INFO if verbose == 1 else logging.DEBUG))
        if file is not None:
            handlers.append(logging.StreamHandler(ending.enter_context(_new_file(file))))
            handlers[-1].setFormatter(logging.Formatter(_LINE, _TIME))
        logging.getLogger("asyncio").addFilter(_is_no_unsent_message)  # for good: some are found at the end
        own, bleak = logging.getLogger("imu_reps"), logging.getLogger("bleak")
        # libraries such as Bumble add a printing handler to the root logger
        ending.callback(setattr, own, "propagate", own.propagate)
        own.propagate = False
        # bleak logs every single notification: only for -vv
        levels = {own: logging.DEBUG, bleak: logging.DEBUG if verbose > 1 else logging.INFO}
        for logger, level in levels.items() if handlers else ():
            ending.callback(logger.setLevel, logger.level)
            logger.setLevel(level)
            for handler in handlers:
                logger.addHandler(handler)
                ending.callback(logger.removeHandler, handler)
        yield


def _is_no_unsent_message(record: logging.LogRecord) -> bool:
    """Return whether a record is no message that nobody waits for, and that a lost D-Bus never took.

    dbus-fast leaves its future behind, and asyncio logs a traceback; the link tells that it is lost.
    """
    error = record.exc_info[1] if record.exc_info else None
    unsent = record.getMessage().startswith("Future exception was never retrieved")
    return not (unsent and isinstance(error, (OSError, EOFError)))


def _new_file(file: Path) -> TextIO:
    import io

    from imu_reps.storage.file_access import create, file_errors

    with file_errors(file):
        raw = create(file)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", line_buffering=True)


class _StderrHandler(logging.Handler):
    """Log to the current standard error, which a live panel redirects to lines above itself."""

    def emit(self, record: logging.LogRecord) -> None:
        echo_stderr(f"{record.levelname.lower()}: {record.getMessage()}")


def run_with_radio(virtual: str | None, work: Work[T]) -> T:
    """Run `work` with the computer's Bluetooth, or with virtual sensors as fast as possible."""
    if virtual is None:

        async def with_bluetooth() -> T:
            return await work(computer_radio(), None)

        return asyncio.run(with_bluetooth())
    from imu_reps.sim.radio.fast_loop import run

    return run(_with_virtual_sensors(virtual, work))


async def _with_virtual_sensors(family: str, work: Work[T]) -> T:
    from imu_reps.sim.wearer import Act, LifePlan, SetPlan
    from imu_reps.sources.virtual_source import VirtualWorld

    stands = SetPlan(life=LifePlan(before=(Act("walk", 3.0), Act("stand", 8.0), Act("lie_down", 4.0))))
    async with VirtualWorld(family, [SetPlan(), stands]) as world:
        return await work(world.radio(), world)
