"""Analyse many files: in this process, in local processes, or on a cluster."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from types import NoneType
from typing import TYPE_CHECKING, TypeVar

from imu_reps import __version__
from imu_reps.domain.settings import Settings
from imu_reps.domain.summary import YEARS, StoredSet
from imu_reps.domain.validation import require_instance, short_repr
from imu_reps.errors import ImuRepsError, RefusedValueError
from imu_reps.fleet.files import fetch

if TYPE_CHECKING:
    from imu_reps.domain.recording import Recording

Result = TypeVar("Result")

#: A file of a task, and the hash of its analysed content if known: unchanged files are skipped.
KnownFile = tuple[str, str | None]
Task = tuple[KnownFile, ...]

#: Runs a function on tasks popped from the left of the deque until it is empty; None for a lost worker.
Engine = Callable[[Callable[[Task], list[Result]], deque[Task]], Iterator[tuple[Task, list[Result] | None]]]

#: Maximum number of workers lost on a single file before it is given up.
MAX_LOST = 3


@dataclass(frozen=True, slots=True)
class BatchError:
    """Error of a file, as in `ImuRepsError`; ``discarded`` with exit code 0 is not an error."""

    code: str
    message: str
    hint: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Result of one file.

    Attributes
    ----------
    file : str
        Path or address.
    content : str or None
        SHA-256 of the file's bytes; None if they could not be read.
    exercise, day : str or None
        From its header, if that could be read; `day` is ISO 8601.
    stored : StoredSet or None
        The analysed set.
    error : BatchError or None
        With neither `stored` nor `error` the content is unchanged.
    version : str
        Version of imu_reps that computed it.
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
    """Analyse many recordings; yield one result for each, in order of completion.

    Parameters
    ----------
    paths : iterable of path-like
        Files, or fsspec URLs such as ``s3://bucket/set.csv``.
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
        If `paths` or `settings` are invalid.
    """
    waiting: deque[Task] = deque(((path, None),) for path in _checked_paths(paths, settings))
    return run_all(chosen_engine(workers, cluster), partial(analyze_task, settings=settings), waiting)


def analyze_partition(
    files: Iterable[str | os.PathLike[str]], settings: Settings | None = None
) -> list[BatchResult]:
    """Analyse recordings in this process, for the partitions of another engine.

    For ``mapPartitions`` of Spark and ``map_partitions`` of a Dask bag, which cannot take a generator from
    another process; a file that cannot be analysed gives a result with its error, never an exception.

    Parameters
    ----------
    files : iterable of path-like
        As `analyze_many`.

    Raises
    ------
    RefusedValueError
        If `files` or `settings` are invalid.
    """
    return [_analyzed(path, settings) for path in _checked_paths(files, settings)]


def _checked_paths(paths: Iterable[str | os.PathLike[str]], settings: Settings | None) -> list[str]:
    """Validate and convert the paths; a single path is refused."""
    if isinstance(paths, str | bytes | os.PathLike) or not isinstance(paths, Iterable):
        raise RefusedValueError(f"The paths are {short_repr(paths)}.", hint="Give a list of paths.")
    require_instance("settings", settings, Settings, NoneType)
    every = list(paths)
    for path in every:
        require_instance("One of the paths", path, str, os.PathLike)
    return [os.fspath(path) for path in every]


def analyze_task(
    task: Task,
    settings: Settings | None = None,
    finish: Callable[[BatchResult], Result] = lambda result: result,  # type: ignore[assignment, return-value]
) -> list[Result]:
    """Analyse the files of a task, and apply `finish` to each result."""
    return [finish(_analyzed(file, settings, known)) for file, known in task]


def chosen_engine(workers: int | None, cluster: str | None) -> Engine[Result]:
    """Return the engine: local processes, or a cluster.

    Raises
    ------
    UsageError
        ``missing_extra``.
    """
    if cluster is None:
        from imu_reps.fleet.workers import in_processes

        return partial(in_processes, count=workers or core_count())
    from imu_reps.fleet.workers import on_cluster

    return partial(on_cluster, address=cluster)


def core_count() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_all(
    engine: Engine[Result],
    work: Callable[[Task], list[Result]],
    waiting: deque[Task],
    finish: Callable[[BatchResult], Result] = lambda result: result,  # type: ignore[assignment, return-value]
) -> Iterator[Result]:
    """Yield every file's result exactly once, even if workers are lost.

    The files of a task whose worker was lost are retried, each alone; one on which several workers were lost
    is given up with an error.
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

    from imu_reps.storage.recording import parse_recording

    result = BatchResult(file)
    try:
        raw = fetch(file)
        result = replace(result, content=sha256(raw).hexdigest())
        if result.content == known:
            return result
        recording = parse_recording(raw, name=file)
        del raw
        result = replace(result, exercise=recording.header.exercise, day=_day(recording))
        if recording.discarded:
            words = f"{file} was discarded.", "It is not to count: nothing needs doing."
            return replace(result, error=BatchError("discarded", *words, exit_code=0))
        from imu_reps.analysis.analyze import analyze
        from imu_reps.storage.history_store import to_stored_set

        summary = analyze(recording, settings).summary
        return replace(result, stored=to_stored_set(recording, summary, file))
    except ImuRepsError as error:
        from imu_reps.report.findings import with_message

        readable = with_message(error)
        return replace(
            result, error=BatchError(readable.code, readable.message, readable.hint, error.exit_code)
        )
    except Exception as error:  # one file never ends the batch
        what = f"{file}: {type(error).__name__}: {error}"
        hint = "This is a fault of imu_reps: please report it, with the file if you may."
        return replace(result, error=BatchError("unexpected", what, hint, exit_code=1))


def _day(recording: Recording) -> str | None:
    created = recording.header.created
    return None if created is None or created.year not in YEARS else created.date().isoformat()
