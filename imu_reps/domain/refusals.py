"""Values refused where they are handed over, in words, before anything is computed from them."""

from __future__ import annotations

import math
from collections.abc import Collection
from numbers import Real
from typing import Any

from imu_reps.errors import RefusedValueError


def refuse_unless_one_of(name: str, value: Any, allowed: Collection[str]) -> None:
    """Refuse what is none of these words.

    Raises
    ------
    RefusedValueError
    """
    if not isinstance(value, str) or value not in allowed:
        raise RefusedValueError(f"{name} is {brief(value)}.", hint=f"Allowed is one of {', '.join(allowed)}.")


def refuse_unless_number(name: str, value: Any, *, above: float = -math.inf, below: float = math.inf) -> None:
    """Refuse what is no finite number between these limits; a truth value is none.

    Raises
    ------
    RefusedValueError
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not above < value < below:
        limits = [
            f"above {above:g}" if above > -math.inf else "",
            f"below {below:g}" if below < math.inf else "",
        ]
        words = " and ".join(filter(None, limits))
        raise RefusedValueError(f"{name} is {brief(value)}.", hint=f"Give a number{words and ' ' + words}.")


def refuse_unless_a(name: str, value: Any, *kinds: type) -> None:
    """Refuse what is not of one of these classes.

    Raises
    ------
    RefusedValueError
    """
    if not isinstance(value, kinds):
        words = " or ".join(kind.__name__ for kind in kinds)
        raise RefusedValueError(f"{name} is {brief(value)}.", hint=f"Give a {words}.")


def brief(value: Any) -> str:
    """A value as a message can show it: its text where that is short, its kind otherwise."""
    if value is None or isinstance(value, str | int | float):
        text = repr(value)
        return text if len(text) <= 40 else f"{text[:40]}…"
    return f"a {type(value).__name__}"
