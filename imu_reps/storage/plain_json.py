"""Trees of results as JSON: numbers rounded, never NaN or infinity, text outside ASCII escaped."""

from __future__ import annotations

import json
import math
from numbers import Integral, Real
from typing import Any

import msgspec

#: Decimals kept: far below what the sensors resolve.
DECIMALS = 4


def plain(tree: Any) -> Any:
    """Dataclasses, mappings, sequences and numbers as what JSON knows, numbers rounded.

    Raises
    ------
    ValueError
        If a number is NaN or infinite; the message says where.
    """
    return _rounded(msgspec.to_builtins(tree, enc_hook=_number), "")


def one_line(tree: Any) -> str:
    """A tree as one line of JSON, without a line break.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.
    """
    return json.dumps(plain(tree), separators=(",", ":"))


def _number(value: Any) -> int | float:
    """Numbers that are not Python's own, such as NumPy's."""
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no place in a result")


def _rounded(tree: Any, path: str) -> Any:
    if isinstance(tree, dict):
        return {key: _rounded(value, f"{path}.{key}") for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_rounded(value, f"{path}[{i}]") for i, value in enumerate(tree)]
    if isinstance(tree, float):
        if not math.isfinite(tree):
            raise ValueError(f"{path.lstrip('.')} is {tree}; what was not measured is None")
        return round(tree, DECIMALS) + 0.0  # + 0.0: no negative zero
    return tree
