"""Validation of argument values: `RefusedValueError` with a message that says what is allowed."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import is_dataclass
from functools import cache
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from imu_reps.errors import RefusedValueError


def require_one_of(name: str, value: Any, allowed: Collection[str]) -> None:
    """Require one of the allowed words."""
    if not isinstance(value, str) or value not in allowed:
        raise RefusedValueError(
            f"{name} is {short_repr(value)}.", hint=f"Allowed is one of {', '.join(allowed)}."
        )


def require_number(name: str, value: Any, *, above: float = -math.inf, below: float = math.inf) -> None:
    """Require a finite number between these limits; booleans are refused."""
    if not _is_number(value, Real) or not above < value < below:
        limits = [
            f"above {above:g}" if above > -math.inf else "",
            f"below {below:g}" if below < math.inf else "",
        ]
        words = " and ".join(filter(None, limits))
        raise RefusedValueError(
            f"{name} is {short_repr(value)}.", hint=f"Give a number{words and ' ' + words}."
        )


def _is_number(value: Any, kind: type) -> bool:
    """Return whether a value is a finite number; booleans are not."""
    if not isinstance(value, kind) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)  # type: ignore[arg-type]
    except OverflowError:  # an integer too large for a float
        return False


def require_instance(name: str, value: Any, *kinds: type) -> None:
    """Require an instance of one of these classes."""
    if not isinstance(value, kinds):
        words = " or ".join(kind.__name__ for kind in kinds)
        raise RefusedValueError(f"{name} is {short_repr(value)}.", hint=f"Give a {words}.")


def require_declared_types(made: object) -> None:
    """Require that the fields of a dataclass have their declared types, at any depth; numbers are finite.

    Raises
    ------
    RefusedValueError
        With the field and what is allowed.
    """
    kind: Any = type(made)
    for name, declared in _declared(kind).items():
        value = getattr(made, name)
        if not _fits(value, declared):
            raise RefusedValueError(f"{name} is {short_repr(value)}.", hint=f"Allowed is {_words(declared)}.")


_declared = cache(get_type_hints)


def _fits(value: Any, declared: Any) -> bool:
    """Return whether a value has a type, recursively."""
    kind, parts = _kind_and_parts(declared)
    if kind in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if kind is Literal:
        return isinstance(value, str) and value in parts
    if kind in _NUMBERS:
        return _is_number(value, _NUMBERS[kind])
    return isinstance(value, kind) and _holds(value, kind, parts)


@cache
def _kind_and_parts(declared: Any) -> tuple[Any, tuple[Any, ...]]:
    return get_origin(declared) or declared, get_args(declared)


_NUMBERS: dict[Any, Any] = {float: Real, int: Integral}


def _holds(value: Any, kind: Any, parts: tuple[Any, ...]) -> bool:
    """Return whether the elements of a value have their declared types."""
    if kind is tuple:
        each = parts[:1] * len(value) if parts[1:] == (...,) else parts
        return len(each) == len(value) and all(map(_fits, value, each))
    if kind is Mapping:
        return all(_fits(key, parts[0]) and _fits(held, parts[1]) for key, held in value.items())
    if is_dataclass(kind) and not hasattr(kind, "__post_init__"):  # else checked on creation
        require_declared_types(value)
    return True


def _words(declared: Any) -> str:
    """Describe a type for messages."""
    kind, parts = _kind_and_parts(declared)
    if kind in (Union, UnionType):
        return " or ".join(_words(part) for part in parts)
    if kind is Literal:
        return f"one of {', '.join(parts)}"
    if kind is tuple:
        return f"a tuple of {_words(parts[0])}"
    named = {
        float: "a finite number",
        int: "a whole number",
        str: "text",
        NoneType: "None",
        bool: "True or False",
    }
    return named.get(kind, f"a {kind.__name__}")


def short_repr(value: Any) -> str:
    """Represent a value for messages: its repr, shortened, or its type."""
    if value is None or isinstance(value, str | int | float):
        text = repr(value)
        return text if len(text) <= 40 else f"{text[:40]}…"
    return f"a {type(value).__name__}"
