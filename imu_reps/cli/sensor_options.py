"""What every command that talks to sensors takes: which adapter, and what is logged of it."""

from __future__ import annotations

import contextlib
import functools
import logging
import platform
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from imu_reps.cli.console import mention

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Radio

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
        with logged(verbose, file):
            return command(*args, **kwargs)

    return with_radio


def computers_radio() -> Radio:
    """The computer's Bluetooth, by the adapter the running command was told to use."""
    from imu_reps.sensors.ble import Radio

    return Radio(adapter=click.get_current_context().meta.get(_ADAPTER))


@contextlib.contextmanager
def logged(verbose: int, file: Path | None) -> Iterator[None]:
    """Log to standard error as much as asked for, and everything to a new file, while the context lasts.

    Raises
    ------
    FileAccessError
        ``exists``, ``not_found``, ``permission``: the file cannot be made.
    """
    with contextlib.ExitStack() as ending:
        handlers: list[logging.Handler] = []
        if verbose:
            handlers.append(_Mentioning(logging.INFO if verbose == 1 else logging.DEBUG))
        if file is not None:
            handlers.append(_to_file(ending.enter_context(_new_file(file))))
        # bleak tells of every single notification: only who asks for every detail wants that
        levels = {"imu_reps": logging.DEBUG, "bleak": logging.DEBUG if verbose > 1 else logging.INFO}
        for name, level in levels.items() if handlers else ():
            ending.enter_context(_attached(logging.getLogger(name), level, handlers))
        ending.enter_context(_kept_apart(logging.getLogger("imu_reps")))
        yield


def _new_file(file: Path) -> TextIO:
    import io

    from imu_reps.storage.file_access import access_error, create

    try:
        raw = create(file)
    except OSError as error:
        raise access_error(error, str(file)) from error
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", line_buffering=True)


def _to_file(stream: TextIO) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(_LINE, _TIME))
    return handler


class _Mentioning(logging.Handler):
    """Writes on what is standard error at that moment: a live panel puts lines above itself."""

    def emit(self, record: logging.LogRecord) -> None:
        mention(f"{record.levelname.lower()}: {record.getMessage()}")


@contextlib.contextmanager
def _kept_apart(logger: logging.Logger) -> Iterator[None]:
    """Let nothing reach the root logger, to which a library may give a handler that prints (Bumble does)."""
    before, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.propagate = before


@contextlib.contextmanager
def _attached(logger: logging.Logger, level: int, handlers: list[logging.Handler]) -> Iterator[None]:
    before = logger.level
    logger.setLevel(level)
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        logger.setLevel(before)
        for handler in handlers:
            logger.removeHandler(handler)
