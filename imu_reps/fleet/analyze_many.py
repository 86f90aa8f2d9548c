"""The same analysis over many files: in this process, in processes of this machine, or on a cluster."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from types import NoneType
from typing import TYPE_CHECKING, TypeVar

from imu_reps import __version__
from imu_reps.domain.refusals import brief, refuse_unless_a
from imu_reps.domain.settings import Settings
from imu_reps.domain.stored_set import StoredSet
from imu_reps.errors import ImuRepsError, RefusedValueError
from imu_reps.fleet.inputs import fetch, read

if TYPE_CHECKING:
    from imu_reps.domain.recording import Recording

Result = TypeVar("Result")

#: A file of a task, and its content's hash if it is known: the same content need not be summed up again.
Known = tuple[str, str | None]
Task = tuple[Known, ...]

#: Runs a function on tasks taken from the left of the deque until it is empty; None: the worker was lost.
Engine = Callable[[Callable[[Task], list[Result]], deque[Task]], Iterator[tuple[Task, list[Result] | None]]]

#: So many workers may be lost over one file alone before the file is taken for the cause.
MAX_LOST = 3


@dataclass(frozen=True, slots=True)
class BatchError:
    """Why a file could not be summed up, as `ImuRepsError`; ``discarded``, exit code 0, is no fault."""

    code: str
    message: str
    hint: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of one file.

    Attributes
    ----------
    file : str
        Path or address.
    content : str or None
        SHA-256 of the file's bytes; None if they could not be read.
    exercise, day : str or None
        What its header says, as far as that could be read; `day` is ISO 8601.
    stored : StoredSet or None
        The set summed up.
    error : BatchError or None
        With neither `stored` nor `error` the content is the one that was known.
    version : str
        Of imu_reps, where it was computed.
    """

    file: str
    content: str | None = None
    exercise: str | None = None
    day: str | None = None
    stored: StoredSet | None = None
    error: BatchError | None = None
    version: str = __version__


def analyze_many(
    paths: Iterable[str | os.PathLike[str]],
    settings: Settings | None = None,
    *,
    workers: int | None = None,
    cluster: str | None = None,
) -> Iterator[BatchResult]:
    """Sum up many recordings; each gives one result, in the order in which they are ready.

    Parameters
    ----------
    paths : iterable of path-like
        Files, or addresses of fsspec such as ``s3://bucket/set.csv``.
    settings : Settings, optional
        Thresholds; the defaults otherwise.
    workers : int, optional
        Processes on this machine; by default one a core.
    cluster : str, optional
        Address of a Dask scheduler to run on instead, e.g. ``tcp://10.0.0.1:8786``.

    Raises
    ------
    UsageError
        ``missing_extra``; ``workers_fail``: no worker can start; ``no_cluster``, ``cluster_fails``.
    RefusedValueError
        If `paths` are none, or `settings` no settings.
    """
    waiting: deque[Task] = deque(((path, None),) for path in _given(paths, settings))
    return each_once(chosen_engine(workers, cluster), partial(analyze_task, settings=settings), waiting)


def analyze_partition(
    files: Iterable[str | os.PathLike[str]], settings: Settings | None = None
) -> list[BatchResult]:
    """Sum up recordings here and now, for the partitions of an engine of your own.

    For ``mapPartitions`` of Spark and ``map_partitions`` of a Dask bag, which takes no generator from another
    process; a file that cannot be summed up is a result with its error, never an exception.

    Parameters
    ----------
    files : iterable of path-like
        As `analyze_many`.
    settings : Settings, optional

    Raises
    ------
    RefusedValueError
        If `files` are none, or `settings` no settings.
    """
    return [_analyzed(path, settings) for path in _given(files, settings)]


def _given(paths: Iterable[str | os.PathLike[str]], settings: Settings | None) -> list[str]:
    """The paths, once it is known that they are some; one alone is no list of letters."""
    if isinstance(paths, str | bytes | os.PathLike) or not isinstance(paths, Iterable):
        raise RefusedValueError(f"The paths are {brief(paths)}.", hint="Give a list of paths.")
    refuse_unless_a("settings", settings, Settings, NoneType)
    every = list(paths)
    for path in every:
        refuse_unless_a("One of the paths", path, str, os.PathLike)
    return [os.fspath(path) for path in every]


def analyze_task(
    task: Task,
    settings: Settings | None = None,
    finish: Callable[[BatchResult], Result] = lambda result: result,  # type: ignore[assignment, return-value]
) -> list[Result]:
    """The results of a task's files, each finished by a function that travels with it."""
    return [finish(_analyzed(file, settings, known)) for file, known in task]


def chosen_engine(workers: int | None, cluster: str | None) -> Engine[Result]:
    """Processes of this machine, or a cluster.

    Raises
    ------
    UsageError
        ``missing_extra``.
    """
    if cluster is None:
        from imu_reps.fleet.processes import in_processes

        return partial(in_processes, count=workers or cores())
    from imu_reps.fleet.cluster import on_cluster

    return partial(on_cluster, address=cluster)


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def each_once(
    engine: Engine[Result],
    work: Callable[[Task], list[Result]],
    waiting: deque[Task],
    finish: Callable[[BatchResult], Result] = lambda result: result,  # type: ignore[assignment, return-value]
) -> Iterator[Result]:
    """Every file's result once, whatever becomes of the workers.

    The files of a task whose worker was lost are done again, each alone; one over which several workers in
    turn were lost is given up, with an error.
    """
    lost: Counter[str] = Counter()
    for task, results in engine(work, waiting):
        if results is not None:
            yield from results
        elif len(task) > 1:
            waiting.extend((known,) for known in task)
        else:
            ((file, _),) = task
            lost[file] += 1
            if lost[file] < MAX_LOST:
                waiting.append(task)
            else:
                yield finish(_given_up(file))


def _given_up(file: str) -> BatchResult:
    what = f"{file}: {MAX_LOST} workers ended while they read it."
    hint = "Look at it alone with imu-reps check; perhaps there is too little memory."
    return BatchResult(file, error=BatchError("worker_lost", what, hint, exit_code=1))


def _analyzed(file: str, settings: Settings | None, known: str | None = None) -> BatchResult:
    from hashlib import sha256

    result = BatchResult(file)
    try:
        raw = fetch(file)
        result = replace(result, content=sha256(raw).hexdigest())
        if result.content == known:
            return result
        recording = read(raw, file)
        del raw
        result = replace(result, exercise=recording.header.exercise, day=_day(recording))
        if recording.discarded:
            return replace(result, error=_discarded(file))
        return replace(result, stored=_summed_up(recording, file, settings))
    except ImuRepsError as error:
        from imu_reps.report.findings import worded

        told = worded(error)
        return replace(result, error=BatchError(told.code, told.message, told.hint, error.exit_code))
    except Exception as error:  # one file is never the end of all
        what = f"{file}: {type(error).__name__}: {error}"
        hint = "This is a fault of imu_reps: please report it, with the file if you may."
        return replace(result, error=BatchError("unexpected", what, hint, exit_code=1))


def _summed_up(recording: Recording, file: str, settings: Settings | None) -> StoredSet:
    from imu_reps.analysis.analyze import analyze
    from imu_reps.storage.remembered import as_stored

    return as_stored(recording, analyze(recording, settings).summary, file)


def _discarded(file: str) -> BatchError:
    return BatchError("discarded", f"{file} was discarded.", "It is not to count: nothing needs doing.", 0)


def _day(recording: Recording) -> str | None:
    from imu_reps.domain.stored_set import YEARS

    created = recording.header.created
    return None if created is None or created.year not in YEARS else created.date().isoformat()
