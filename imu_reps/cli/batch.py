"""``imu-reps batch``: analyse many recordings into tables, on all cores or on a cluster."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import echo, echo_stderr, rich_console
from imu_reps.cli.shared_options import settings_options

if TYPE_CHECKING:
    from imu_reps.domain.settings import Settings
    from imu_reps.fleet.analyze_many import Engine
    from imu_reps.fleet.batch_run import BatchOrder, BatchProgress
    from imu_reps.fleet.result_rows import ResultRows

#: Interval of progress lines where no bar can be drawn.
PROGRESS_EVERY_S = 10.0


@click.command()
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option("-o", "--out", metavar="OUT", help="Folder or address of the result; made if it is not there.")
@click.option(
    "--format",
    "row_format",
    type=click.Choice(["parquet", "csv"]),
    default="parquet",
    show_default=True,
    help="What the tables are written as.",
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes on this machine. Default: one a core.")
@click.option("--cluster", metavar="ADDRESS", help="Work on a Dask cluster: the address of its scheduler.")
@click.option("--compare", "older", metavar="OLD", help="Show which numbers moved from result OLD to SOURCE.")
@settings_options
@click.pass_context
def batch(  # noqa: PLR0913 - an argument an option
    ctx: click.Context,
    *,
    sources: tuple[str, ...],
    out: str | None,
    row_format: str,
    workers: int | None,
    cluster: str | None,
    older: str | None,
    settings: Settings,
) -> None:
    """Sum up all recordings of SOURCE into tables of sets, reps, faults and errors.

    SOURCE is a folder (with all below it), a file, a pattern with *, an address such as s3://bucket/folder,
    or @LIST: a file with one of these a line. Started again, it goes on where it stopped: what changed, or
    was done by another version or with other settings, is done anew.

    imu-reps batch --compare OLD NEW compares two results.

    Exit code: as of `imu-reps report`; a file that cannot be summed up is a row of the errors, and the others
    go on.
    """
    if older is not None:
        _compare(older, sources)
        return
    if not sources or not all(sources) or not out:
        raise click.UsageError("Name the recordings and, with -o OUT, where the result is to be.")
    from imu_reps.fleet.analyze_many import chosen_engine
    from imu_reps.fleet.batch_run import LIMITS, BatchOrder

    if cluster is not None:
        silence_cluster_logs()
    order = BatchOrder(sources, out, settings, row_format, LIMITS.files_a_task if cluster else 1)  # type: ignore[arg-type]
    ctx.exit(_run(order, chosen_engine(workers, cluster)))


def silence_cluster_logs() -> None:
    """Silence the tracebacks that Dask logs when a scheduler is lost; the command explains it itself.

    Dask sets these loggers' levels on import, so import it first
    (https://distributed.dask.org/en/stable/logging.html).
    """
    from imu_reps.errors import require_extra

    require_extra("cluster", "distributed")
    import distributed

    for name in (distributed.__name__, "distributed.client", "tornado.application", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _compare(older: str, sources: tuple[str, ...]) -> None:
    if len(sources) != 1:
        raise click.UsageError("Two results are compared: --compare OLD NEW.")
    from imu_reps.fleet.dataset import comparison_lines

    echo("\n".join(comparison_lines(older, sources[0])))


def _run(order: BatchOrder, engine: Engine[ResultRows]) -> int:
    from imu_reps.fleet.batch_run import run_batch
    from imu_reps.report.formatting import pluralize

    progress: BatchProgress | None = None
    try:
        for progress in _shown(run_batch(order, engine)):  # noqa: B007 - the last one is used below
            pass
    except BaseException:
        if progress is not None:
            echo_stderr(f"Stopped: {_summed(progress)}. The same command goes on from there.")
        raise
    assert progress is not None
    echo(f"{_summed(progress)}. The tables are in {order.out}.")
    if progress.copies:
        echo_stderr(
            f"  {pluralize(progress.copies, 'recording')} with the same content as another: each has its own "
            "row, and `content` is equal."
        )
    if progress.errors:
        echo_stderr("  The table errors says which could not be summed up, why, and what to do about it.")
    return progress.exit_code


def _summed(progress: BatchProgress) -> str:
    before = f", {progress.before:,} done before" if progress.before else ""
    errors = f", {progress.errors:,} could not be" if progress.errors else ""
    return f"{progress.done - progress.errors:,} of {progress.total:,} recordings summed up{errors}{before}"


def _shown(run: Iterator[BatchProgress]) -> Iterator[BatchProgress]:
    """Yield the progress while showing it on standard error, as a bar in a terminal, else as lines."""
    if sys.stderr.isatty():
        yield from _with_bar(run)
        return
    printed_s = monotonic()
    for progress in run:
        if monotonic() - printed_s >= PROGRESS_EVERY_S:
            printed_s = monotonic()
            echo_stderr(f"{progress.before + progress.done:,}/{progress.total:,}  {_pace(progress)}")
        yield progress


def _with_bar(run: Iterable[BatchProgress]) -> Iterator[BatchProgress]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Bars(*columns, console=rich_console(sys.stderr), transient=True) as bars:
        bar = bars.add_task("")
        for progress in run:
            done = progress.before + progress.done
            bars.update(bar, total=progress.total, completed=done, description=_pace(progress))
            yield progress


def _pace(progress: BatchProgress) -> str:
    errors = f"{progress.errors:,} error{'' if progress.errors == 1 else 's'}"
    if progress.rate_hz is None or progress.left_s is None:
        return errors
    return f"{progress.rate_hz:.1f}/s  {errors}  {_clock(progress.left_s)} left"


def _clock(seconds: float) -> str:
    minutes, of_minute = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{of_minute:02}" if hours else f"{minutes}:{of_minute:02}"
