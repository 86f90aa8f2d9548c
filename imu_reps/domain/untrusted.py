"""Text from outside: escaped for terminals and spreadsheets; names of persons normalised and compared."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from imu_reps.errors import UsageError

#: Where a spreadsheet may read a formula: at the beginning of a cell (OWASP, "CSV Injection"), and after a
#: semicolon, which separates cells in half of Europe, and by default in LibreOffice too.
_FORMULA = re.compile(r"(^|;)(?=[=+\-@\t\r＝＋－＠])")
_GUARDED = re.compile(r"(^|;)'(?=[=+\-@\t\r＝＋－＠])")


def printable(text: str, keep: str = "") -> str:
    r"""Escape characters that a terminal would interpret, as in JSON: ``\u001b``.

    Parameters
    ----------
    keep : str
        Characters to keep, such as line breaks.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else json.dumps(c)[1:-1] for c in text)


def spreadsheet_cell(value: Any) -> Any:
    """Escape a cell: text that a spreadsheet would take for a formula gets an apostrophe."""
    return printable(_FORMULA.sub(r"\1'", value)) if isinstance(value, str) else value


def text_of_cell(cell: str) -> str:
    """Return the text of a cell of `spreadsheet_cell`, without the apostrophes."""
    return _GUARDED.sub(r"\1", cell)


MAX_NAME_LENGTH = 60

#: Placeholder for sets without a person; not a valid name.
NOBODY = "-"


def parse_name(text: str) -> str:
    """Validate and normalise a typed name.

    Raises
    ------
    UsageError
        ``bad_name``: empty, too long, or with unprintable characters.
    """
    name = normalize_name(text)
    if name is None or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise UsageError(
            f"{text!r} is no name.",
            hint=f"A name is 1 to {MAX_NAME_LENGTH} letters, digits or signs that can be shown.",
            code="bad_name",
        )
    return name


def normalize_name(text: str | None) -> str | None:
    """Normalise a name to NFC with single spaces; None if it is empty or the placeholder.

    Examples
    --------
    >>> normalize_name("  Jose\u0301  Lee "), normalize_name("-")
    ('José Lee', None)
    """
    name = " ".join(unicodedata.normalize("NFC", text or "").split())
    return None if name in ("", NOBODY) else name


def matches_name(name: str, typed: str) -> bool:
    """Return whether a typed name matches, ignoring case.

    A name with unprintable characters also matches its escaped form.
    """
    wanted = (normalize_name(typed) or "").casefold()
    return wanted in (name.casefold(), printable(name).casefold())
