"""Options of commands that talk to sensors: the radio, real or virtual, and logging."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import platform
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from imu_reps.cli.console import echo_stderr

if TYPE_CHECKING:
    from imu_reps.sensors.ble import Radio
    from imu_reps.sources.virtual_source import VirtualWorld


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
            handlers.append(_to_file(ending.enter_context(_new_file(file))))
        # bleak logs every single notification: only for -vv
        levels = {"imu_reps": logging.DEBUG, "bleak": logging.DEBUG if verbose > 1 else logging.INFO}
        for name, level in levels.items() if handlers else ():
            ending.enter_context(_attached(logging.getLogger(name), level, handlers))
        ending.enter_context(_without_propagation(logging.getLogger("imu_reps")))
        yield


def _new_file(file: Path) -> TextIO:
    import io

    from imu_reps.storage.file_access import create, file_errors

    with file_errors(file):
        raw = create(file)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", line_buffering=True)


def _to_file(stream: TextIO) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(_LINE, _TIME))
    return handler


class _StderrHandler(logging.Handler):
    """Log to the current standard error, which a live panel redirects to lines above itself."""

    def emit(self, record: logging.LogRecord) -> None:
        echo_stderr(f"{record.levelname.lower()}: {record.getMessage()}")


@contextlib.contextmanager
def _without_propagation(logger: logging.Logger) -> Iterator[None]:
    """Keep records from the root logger, to which libraries such as Bumble add a printing handler."""
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
