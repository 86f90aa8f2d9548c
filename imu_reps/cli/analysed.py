"""Recordings named on the command line, analysed one after the other: each once, errors as they come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from imu_reps.cli.console import echo_error, echo_stderr, rich_console
from imu_reps.errors import ImuRepsError

if TYPE_CHECKING:
    from imu_reps.analysis.analyze import Analysis
    from imu_reps.domain.recording import Recording
    from imu_reps.domain.settings import Settings

#: Progress is shown from this many files on.
MANY_FILES = 6


def files_of(named: Sequence[str]) -> list[str]:
    """Return the named files and the recordings of named folders."""
    from imu_reps.storage.folders import recordings_in

    return [
        str(file) for name in named for file in (recordings_in(Path(name)) if Path(name).is_dir() else [name])
    ]


def analysed(
    files: Sequence[str],
    settings: Settings,
    codes: list[int],
    show_error: Callable[[ImuRepsError, str], None] = echo_error,
) -> Iterator[tuple[Recording, Analysis]]:
    """Yield recordings with their analysis, one at a time: the angles of many do not fit into memory.

    A copy of an earlier one is told and left out. Of a recording that cannot be analysed the error is told
    with its file, and the exit code appended to `codes`.
    """
    from imu_reps.analysis.analyze import analyze
    from imu_reps.storage.recording import load

    earlier = dict[bytes, str]()
    for file in _with_progress(files):
        try:
            recording = load(file)
            if file_before := earlier.get(content := _digest(recording)):
                _tell_copy(file, file_before)
                continue
            earlier[content] = file
            analysis = analyze(recording, settings)
        except ImuRepsError as error:
            show_error(error, file)
            codes.append(error.exit_code)
        else:
            yield recording, analysis


def _digest(recording: Recording) -> bytes:
    """Return a hash of the header and all samples: equal by another path, packed, or with other notes."""
    found = sha256(repr(recording.header).encode())
    for block in recording.blocks:
        for value in (getattr(block, field.name) for field in fields(block)):
            found.update(value.encode() if isinstance(value, str) else value.tobytes())
    return found.digest()


def _tell_copy(file: str, earlier: str) -> None:
    same = "named twice" if earlier == file else f"the same recording as {earlier}"
    echo_stderr(f"{file}: {same}, counted once.")


def _with_progress(files: Sequence[str]) -> Iterator[str]:
    """Yield the files; show progress over many on standard error, unless the reports are visible."""
    if len(files) < MANY_FILES or sys.stdout.isatty():
        yield from files
    elif sys.stderr.isatty():
        from rich.progress import Progress

        with Progress(console=rich_console(sys.stderr), transient=True, redirect_stdout=False) as progress:
            yield from progress.track(files, description="Reading")
    else:
        for number, file in enumerate(files, 1):
            echo_stderr(f"{number}/{len(files)} {file}")
            yield file
