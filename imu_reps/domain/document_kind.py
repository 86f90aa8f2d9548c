"""Signatures by which written documents are recognised."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """Signature of a kind of document, by which an older file of the kind may be replaced.

    Attributes
    ----------
    begins : str
        First characters of the file.
    line : str
        Prefix of one of its first lines, ignoring indentation; "" matches any file.
    footer : str
        Text near its end; "" matches any file.
    """

    begins: str
    line: str = ""
    footer: str = ""
