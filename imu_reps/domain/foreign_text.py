"""Text that a file, a header or a radio brought: made harmless for a terminal and for a spreadsheet."""

from __future__ import annotations

import json
from typing import Any

#: What makes a spreadsheet read a cell as a formula (OWASP, "CSV Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def shown(text: str, keep: str = "") -> str:
    r"""Text with every character a terminal would obey instead of show as JSON escapes it: ``\u001b``.

    Parameters
    ----------
    text : str
    keep : str
        Characters that may stay, such as line breaks of whole texts.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else json.dumps(c)[1:-1] for c in text)


def spreadsheet_cell(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula: text that begins like one gets an apostrophe."""
    if not isinstance(value, str):
        return value
    return "'" + shown(value) if value.startswith(FORMULA) else shown(value)
