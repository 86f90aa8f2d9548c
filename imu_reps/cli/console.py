"""What commands write to the terminal, and what they ask there."""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, TextIO, TypeVar

import click

from imu_reps.domain.untrusted import NOBODY, matches_name, normalize_name, printable
from imu_reps.errors import ImuRepsError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console, RenderableType
    from rich.table import Table

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
#: The only non-printable characters that this program itself writes, except for colour.
_LAYOUT = "\n\t"


def _plain_characters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character, "?") for character in characters), error.end


def replace_unencodable() -> None:
    """Make standard output and error replace characters that they cannot encode.

    A stream that was closed before the program began (``>&-``) is replaced by the null device: otherwise
    the next file that is opened would take its descriptor.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - open until exit
    codecs.register_error(_ERRORS, _plain_characters)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)


def rich_console(file: TextIO | None = None) -> Console:
    """Return a rich console on `file`, by default standard output."""
    from rich.console import Console

    # rich would take 0 columns, and fails on digits that are no number
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("COLUMNS", "LINES") or re.fullmatch("[1-9][0-9]{0,4}", value)
    }
    return Console(file=file or sys.stdout, highlight=False, markup=False, emoji=False, _environ=environment)


def echo(text: str = "", *, nl: bool = True) -> None:
    """Print to standard output in its own encoding; click alone would take UTF-8 for ASCII."""
    click.echo(printable(text, _LAYOUT), file=sys.stdout, nl=nl)


def echo_stderr(text: str) -> None:
    """Print to standard error in its own encoding."""
    click.echo(printable(text, _LAYOUT), file=sys.stderr)


def render(content: Callable[[int], RenderableType]) -> None:
    """Print what `content` returns for the console's width."""
    from rich.segment import Segment, Segments

    console = rich_console()
    parts = console.render(content(console.width))
    with console.capture() as capture:
        segments = Segments(Segment(printable(part.text, _LAYOUT), part.style) for part in parts)
        console.print(segments, crop=False, soft_wrap=True)  # paths stay unbroken, to be copied
    # rich pads cells with spaces, which would stay in a file or a pipe; colour is already decided
    text = "\n".join(line.rstrip() for line in capture.get().splitlines())
    click.echo(text, file=sys.stdout, color=True)


def echo_wrapped(words: str, indent: int = 0) -> None:
    """Print text wrapped to the terminal, with a hanging indent for list items."""
    from textwrap import fill

    mark = re.match(r"(?:•|\d+\.) ", words)
    hang = " " * (indent + len(mark[0] if mark else ""))
    begin = " " * indent
    render(
        lambda width: fill(words, width, initial_indent=begin, subsequent_indent=hang, break_on_hyphens=False)
    )


def echo_error(error: ImuRepsError, of: str | Path | None = None) -> None:
    """Print an error and its hint to standard error, with the file it is of, if it does not name it."""
    from imu_reps.report.findings import with_message

    error = with_message(error)
    whose = "" if of is None or str(of) in error.message else f"{of}: "
    echo_stderr(f"{whose}{error.message}\n  {error.hint}")


@contextlib.contextmanager
def exit_on_error() -> Iterator[None]:
    """Print errors a user can cause and exit with their code, without a traceback."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except ImuRepsError as error:
        echo_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.filename is not None:  # a file, not standard output
            from imu_reps.storage.file_access import access_error

            echo_error(access_error(error, str(error.filename)))
            sys.exit(1)
        _silence_stdout()
        if error.errno not in (errno.EPIPE, errno.EINVAL):  # EINVAL: a broken pipe on Windows
            echo_stderr(
                f"The output could not be written: {error.strerror or error}.\n  Check where it is sent to."
            )
        sys.exit(1)


def _silence_stdout() -> None:
    """Discard buffered output, on which the interpreter would fail at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


Row = Sequence[str]


def show_table(
    titles: Row, rows: Sequence[Row], *, whole: Collection[str] = (), styles: Sequence[str] | None = None
) -> None:
    """Print a table to standard output.

    Parameters
    ----------
    whole : collection of str
        Titles of the columns whose cells are never wrapped, so that they can be copied.
    styles : sequence of str, optional
        A rich style for each row, used in a terminal only.
    """
    if sys.stdout.isatty():
        render(lambda _: _rich_table(titles, rows, whole, styles or [""] * len(rows)))
    else:
        echo("\n".join(_aligned_lines([titles, *rows])))


def _rich_table(titles: Row, rows: Sequence[Row], whole: Collection[str], styles: Sequence[str]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold", no_wrap=title in whole)
    for row, style in zip(rows, styles, strict=True):
        table.add_row(*row, style=style)
    return table


def _aligned_lines(rows: Sequence[Row]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return [line.rstrip() for line in padded]


#: Label of the sets without a person.
UNNAMED_SETS = "sets that name nobody"


def choose_person(
    known: Sequence[str | None], name: str | None, of: str = "sets", new: str = ""
) -> str | None:
    """Return the person that is meant; None for the sets without a person.

    Parameters
    ----------
    known : sequence of str or None
        Persons to choose from.
    name : str or None
        As given with ``--person``; if None, a terminal prompts where there are several.
    of : str
        What the persons have, for messages.
    new : str
        Hint for a person without any.

    Raises
    ------
    UsageError
        ``unknown_person``; ``which_person``: there are several, none was named, and there is no terminal.
    """
    if name is not None:
        return _named(known, name, of, new)
    if len(known) <= 1:
        return next(iter(known), None)
    if sys.stdin.isatty() and sys.stdout.isatty():
        return _prompt_person(known)
    raise UsageError(
        f"There are {of} of several persons, and they are never mixed: {_joined_names(known)}.",
        hint="Name one: --person NAME.",
        code="which_person",
    )


def person_label(person: str | None) -> str:
    """Return a person's name, or the label of sets without one."""
    return UNNAMED_SETS if person is None else person


def _joined_names(known: Sequence[str | None]) -> str:
    """Join names in one line, each as ``--person`` takes it."""
    return ", ".join(f"{NOBODY} ({UNNAMED_SETS})" if person is None else person for person in known)


def _named(known: Sequence[str | None], name: str, of: str, new: str) -> str | None:
    if name == NOBODY and None in known:
        return None
    named = [person for person in known if person is not None]
    same = [person for person in named if matches_name(person, name)]
    exact = [person for person in same if person == normalize_name(name)]
    if len(exact or same) == 1:
        return (exact or same)[0]
    if same:
        raise UsageError(
            f"Several persons are called {name!r}, and they are never mixed: {_joined_names(same)}.",
            hint="Write the name as it stands here; imu-reps persons merge makes two of them one.",
            code="which_person",
        )
    raise UsageError(
        f"There are no {of} of {name!r}.",
        hint=f"There are {of} of: {_joined_names(known)}. {new}".rstrip()
        if known
        else new or "Record one first.",
        code="unknown_person",
    )


def _prompt_person(known: Sequence[str | None]) -> str | None:
    for number, person in enumerate(known, 1):
        echo(f"  {number}. {person_label(person)}")
    return known[click.prompt("Whose sets?", type=click.IntRange(1, len(known))) - 1]


def what_ends() -> str:
    """Return what ends a program that would go on: Ctrl-C, or ``kill`` where Ctrl-C is ignored.

    A shell without job control starts what it puts in the background so, as does ``trap '' INT``.
    """
    return f"kill {os.getpid()}" if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else "Ctrl-C"


T = TypeVar("T")


def ask(question: str, default: str, read: Callable[[str], T], *, yes: bool) -> T:
    """Prompt until `read` accepts the answer; it raises `click.BadParameter` otherwise.

    With `yes` the default is taken, and printed.
    """
    if yes:
        echo(f"{question}: {default}")
        return read(default)
    with _reporting_eof(question, "take the usual answers"):
        answer: T = click.prompt(question, default=default, value_proc=read)
    return answer


def confirm(question: str, *, yes: bool, default: bool = True) -> bool:
    """Prompt for yes or no, Enter alone is the default; with `yes` it is agreed to, and printed."""
    if yes:
        echo(f"{question}: yes")
        return True
    with _reporting_eof(question, "agree"):
        return click.confirm(question, default=default)


def parse_numbers(text: str, choices: Sequence[object], count: int) -> tuple[int, ...]:
    """Parse `count` different numbers from 1 to the number of choices."""
    words = text.replace(",", " ").split()
    picked = tuple(int(word) for word in words if word.isdecimal() and len(word) < 10)
    if (
        len(picked) != len(words)
        or len(set(picked)) != count
        or not set(picked) <= set(range(1, len(choices) + 1))
    ):
        wanted = "One number" if count == 1 else f"{count} different numbers"
        raise click.BadParameter(f"{wanted} from 1 to {len(choices)}, please.")
    return picked


@contextlib.contextmanager
def _reporting_eof(question: str, what_yes_does: str) -> Iterator[None]:
    """Raise `UsageError` at end of input; let Ctrl-C end the prompt, which an event loop would swallow."""
    try:
        with _interruptible():
            yield
    except click.Abort as abort:
        if not isinstance(abort.__context__, EOFError):
            raise
        raise UsageError(
            f"There was a question and nobody to answer it: {question}",
            hint=f"Run this in a terminal, or give --yes to {what_yes_does}.",
            code="nobody_to_ask",
        ) from None


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
