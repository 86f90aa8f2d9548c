"""The one place of the accuracy commands that knows how the estimator takes its parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import partial
from importlib import import_module
from inspect import signature
from typing import Any
from unittest.mock import patch

from judged import Analyze

import imu_reps
from imu_reps import Analysis, Recording

#: Where the parameters are, and what may be left out: tuples of names, or of what has a name.
PARAMS = ("imu_reps.analysis.estimate", "EstimatorParams")
PARTS = (("imu_reps.analysis.set.evidence", "TERMS"), ("imu_reps.analysis.estimate", "CORRECTIONS"))

#: Where a finished set is estimated, for as long as `analyze` takes no parameters itself.
ANALYZE = "imu_reps.analysis.analyze"

#: Field of the parameters, or of a group of them, that names what is left out.
WITHOUT = "without"

#: Names that lead to a single value: of the group, and of the value in it.
Path = tuple[str, ...]


class NoParametersError(Exception):
    """This version of the estimator has none."""


def parts() -> tuple[str, ...]:
    """Every term of evidence and every correction that can be left out."""
    found = [part for module, name in PARTS for part in _found(module, name, ())]
    if not found:
        raise NoParametersError("no terms of evidence in this version")
    return tuple(getattr(part, "name", part) for part in found)


def defaults() -> Any:
    """The parameters as they are."""
    params = _found(*PARAMS, None)
    if params is None:
        raise NoParametersError("no parameters of the estimator in this version")
    return params()


def _found(module: str, name: str, otherwise: Any) -> Any:
    try:
        return getattr(import_module(module), name, otherwise)
    except ImportError:
        return otherwise


def without(params: Any, part: str) -> Any:
    """The same parameters with a term or correction left out, wherever they name what is."""
    changes: dict[str, Any] = {
        name: without(value, part) for name, value in _items(params) if is_dataclass(value)
    }
    if WITHOUT in dict(_items(params)):
        changes[WITHOUT] = getattr(params, WITHOUT) | {part}
    return replace(params, **changes)


def numbers(params: Any) -> Iterator[tuple[Path, float]]:
    """Every numeric value with the names that lead to it."""
    for name, value in _items(params):
        if is_dataclass(value):
            yield from (((name, *path), number) for path, number in numbers(value))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield (name,), value


def changed(params: Any, path: Path, value: float) -> Any:
    """The same parameters with another value there; whole numbers stay whole."""
    first, *rest = path
    before = getattr(params, first)
    if rest:
        return replace(params, **{first: changed(before, tuple(rest), value)})
    return replace(params, **{first: round(value) if isinstance(before, int) else value})


def _items(params: Any) -> list[tuple[str, Any]]:
    return [(field.name, getattr(params, field.name)) for field in fields(params)]


def analyze_with(params: Any) -> Analyze:
    """An analysis with these parameters."""
    if "params" in signature(imu_reps.analyze).parameters:
        return partial(imu_reps.analyze, params=params)
    module = import_module(ANALYZE)
    estimate = partial(module.estimate_set, params=params)

    def analyze(recording: Recording) -> Analysis:
        with patch.object(module, "estimate_set", estimate):
            return imu_reps.analyze(recording)

    return analyze
