"""Where words leave the program: characters that can be shown, errors, how a command ends."""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

import click

from imu_reps.domain.foreign_text import shown
from imu_reps.errors import ImuRepsError
from imu_reps.storage.file_access import access_error

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_PLAIN = {
    "°": " deg",
    "²": "2",
    "±": "+/-",
    "−": "-",
    "–": "-",
    "·": "-",
    "…": "...",
    "×": "x",
    "≥": ">=",
    "≤": "<=",
    "’": "'",
    "•": "-",
    "─": "-",
}
_ERRORS = "imu_reps_plain"
#: The only characters without a picture that this program itself writes, colour aside.
_LAYOUT = "\n\t"


def _plain_characters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character, "?") for character in characters), error.end


def speak_plainly() -> None:
    """Write plain characters for those that standard output or error cannot encode, rather than fail.

    A stream that was closed before the program began (``>&-``) becomes the null device: Python has none then,
    and the next file that is opened would take its number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - to the end
    codecs.register_error(_ERRORS, _plain_characters)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)


def rich_console(file: TextIO | None = None) -> Console:
    """A console on `file`, by default standard output: colour and width as far as they are known there."""
    from rich.console import Console

    return Console(file=file or sys.stdout, highlight=False, markup=False, emoji=False)


def say(text: str = "", *, nl: bool = True) -> None:
    """Write on standard output, in its own encoding; click alone would take UTF-8 for ASCII."""
    click.echo(shown(text, _LAYOUT), file=sys.stdout, nl=nl)


def mention(text: str) -> None:
    """Write on standard error, in its own encoding."""
    click.echo(shown(text, _LAYOUT), file=sys.stderr)


def show(content: Callable[[int], RenderableType]) -> None:
    """Print on standard output what `content` makes of the width there is."""
    from rich.segment import Segment, Segments

    console = rich_console()
    parts = console.render(content(console.width))
    with console.capture() as capture:
        segments = Segments(Segment(shown(part.text, _LAYOUT), part.style) for part in parts)
        console.print(segments, crop=False, soft_wrap=True)  # a path stays whole, to be copied
    # Cells are filled up with spaces; in a file or a pipe they would stay. Colour is already decided.
    text = "\n".join(line.rstrip() for line in capture.get().splitlines())
    click.echo(text, file=sys.stdout, color=True)


def tell(words: str, indent: int = 0) -> None:
    """Print whole sentences, broken between words where the terminal ends; a point of a list hangs."""
    from textwrap import fill

    mark = re.match(r"(?:•|\d+\.) ", words)
    hang = " " * (indent + len(mark[0] if mark else ""))
    begin = " " * indent
    show(
        lambda width: fill(words, width, initial_indent=begin, subsequent_indent=hang, break_on_hyphens=False)
    )


def complain(error: ImuRepsError) -> None:
    """Say on standard error what is wrong, and the mend."""
    from imu_reps.report.findings import worded

    error = worded(error)
    mention(f"{error.message}\n  {error.hint}")


@contextlib.contextmanager
def ending_well() -> Iterator[None]:
    """End a command with words and an exit code, never with a traceback for what a user can cause."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except ImuRepsError as error:
        complain(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.filename is not None:  # a file, not where the words go
            complain(access_error(error, str(error.filename)))
            sys.exit(1)
        _silence_stdout()
        if error.errno not in (errno.EPIPE, errno.EINVAL):  # EINVAL: a broken pipe on Windows
            mention(
                f"The output could not be written: {error.strerror or error}.\n  Check where it is sent to."
            )
        sys.exit(1)


def _silence_stdout() -> None:
    """Send what is still buffered nowhere, or the interpreter would fail on it at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
