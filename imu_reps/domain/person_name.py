"""What a person is called: one name however it was typed, so that nobody is taken for two."""

from __future__ import annotations

import unicodedata

from imu_reps.domain.foreign_text import shown
from imu_reps.errors import UsageError

LONGEST_NAME = 60

#: How sets that name nobody are asked for; nobody is called so.
NOBODY = "-"


def person_name(text: str) -> str:
    """Take a name as somebody typed it.

    Raises
    ------
    UsageError
        ``bad_name``: nothing, too long, or characters that cannot be shown.
    """
    name = said_name(text)
    if name is None or len(name) > LONGEST_NAME or not name.isprintable():
        raise UsageError(
            f"{text!r} is no name.",
            hint=f"A name is 1 to {LONGEST_NAME} letters, digits or signs that can be shown.",
            code="bad_name",
        )
    return name


def said_name(text: str | None) -> str | None:
    """A name as a file has it; None where it names nobody.

    An accent is one letter with it or two characters, by the system that wrote it (Unicode's NFC and NFD);
    blanks are one.

    Examples
    --------
    >>> said_name("  Jose\u0301  Lee "), said_name("-")
    ('José Lee', None)
    """
    name = " ".join(unicodedata.normalize("NFC", text or "").split())
    return None if name in ("", NOBODY) else name


def is_called(name: str, typed: str) -> bool:
    """Whether somebody of this name may be meant, whatever the capitals.

    A name with characters that cannot be typed is known by how it is shown, too.
    """
    wanted = (said_name(typed) or "").casefold()
    return wanted in (name.casefold(), shown(name).casefold())
