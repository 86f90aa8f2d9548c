"""Errors that a user can cause: each names the place and ends in a hint."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self


class ImuRepsError(Exception):
    """Base of every error a user can cause.

    Parameters
    ----------
    message : str
        The problem, naming the file, line, column or value.
    hint : str
        What to do about it, in one sentence.
    code : str
        Short stable name of the cause, for JSON and tests.

    Attributes
    ----------
    exit_code : int
        Exit code of the command line (docs/summary-json.md#exit-codes): 1 a file could not be read or
        written, 2 usage, 3 radio, 4 the recording is implausible or unusable.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code

    def __str__(self) -> str:
        return f"{self.message} {self.hint}"


class FileAccessError(ImuRepsError):
    """A file could not be read or written: missing, no permission, disk full, exists already."""

    exit_code = 1

    def with_hint(self, more: str) -> Self:
        """Return the same error with a further sentence of what to do."""
        return type(self)(self.message, hint=f"{self.hint} {more}", code=self.code)


class UsageError(ImuRepsError):
    """An argument or option is wrong: an unknown exercise, a setting out of range."""

    exit_code = 2


class RefusedValueError(UsageError, ValueError):
    """An argument has the wrong type or length, is out of range or unknown; also a `ValueError`."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message, hint=hint, code="refused_value")


class RadioError(ImuRepsError):
    """The Bluetooth adapter or a sensor could not be used."""

    exit_code = 3


class RecordingError(ImuRepsError):
    """The recording is not in the format, implausible or unusable."""

    exit_code = 4


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """Return a question that suggests the names most like an unknown word; empty if none is similar.

    Examples
    --------
    >>> did_you_mean("tilt_flg_deg", ["tilt_flag_deg", "rotation_flag_deg"])
    " Did you mean 'tilt_flag_deg'?"
    """
    from difflib import SequenceMatcher

    likeness = {name: SequenceMatcher(None, name, word).ratio() for name in names}
    most = max(likeness.values(), default=0.0)
    close = [repr(name) for name, alike in likeness.items() if alike == most >= 0.6]
    return f" Did you mean {' or '.join(close)}?" if close else ""


def require_extra(extra: str, library: str) -> None:
    """Raise an error with a hint if the library of an extra is not installed.

    Raises
    ------
    UsageError
        ``missing_extra``.
    """
    from importlib.util import find_spec

    if find_spec(library) is None:
        raise UsageError(
            f"This needs the package {library}, which is not installed.",
            hint=f"Install it: pip install 'imu-reps[{extra}]'.",
            code="missing_extra",
        )
