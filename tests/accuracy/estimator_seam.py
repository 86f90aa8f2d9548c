"""The single place in the accuracy scripts that knows how the estimator takes its parameters."""

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

#: Where the parameters are, and what can be left out: tuples of names, or of objects with a name.
PARAMS = ("imu_reps.analysis.estimate", "EstimatorParams")
PARTS = (("imu_reps.analysis.set.evidence", "TERMS"), ("imu_reps.analysis.estimate", "CORRECTIONS"))

#: Module that estimates a finished set, as long as `analyze` takes no parameters itself.
ANALYZE = "imu_reps.analysis.analyze"

#: Field of the parameters, or of a group of them, that names the omitted parts.
WITHOUT = "without"

#: Names that lead to a single value: of the group, and of the value in it.
Path = tuple[str, ...]


class NoParametersError(Exception):
    """This version of the estimator has no parameters."""


def parts() -> tuple[str, ...]:
    """Return every term of evidence and every correction that can be left out."""
    found = [part for module, name in PARTS for part in _found(module, name, ())]
    if not found:
        raise NoParametersError("no terms of evidence in this version")
    return tuple(getattr(part, "name", part) for part in found)


def defaults() -> Any:
    """Return the default parameters."""
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
    """Return the parameters with a term or correction left out, in every group that names omitted parts."""
    changes: dict[str, Any] = {
        name: without(value, part) for name, value in _items(params) if is_dataclass(value)
    }
    if WITHOUT in dict(_items(params)):
        changes[WITHOUT] = getattr(params, WITHOUT) | {part}
    return replace(params, **changes)


def numbers(params: Any) -> Iterator[tuple[Path, float]]:
    """Yield every numeric value with the names that lead to it."""
    for name, value in _items(params):
        if is_dataclass(value):
            yield from (((name, *path), number) for path, number in numbers(value))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield (name,), value


def changed(params: Any, path: Path, value: float) -> Any:
    """Return the parameters with one value replaced; integers stay integers."""
    first, *rest = path
    before = getattr(params, first)
    if rest:
        return replace(params, **{first: changed(before, tuple(rest), value)})
    return replace(params, **{first: round(value) if isinstance(before, int) else value})


def _items(params: Any) -> list[tuple[str, Any]]:
    return [(field.name, getattr(params, field.name)) for field in fields(params)]


def analyze_with(params: Any) -> Analyze:
    """Return an analysis with the given parameters."""
    if "params" in signature(imu_reps.analyze).parameters:
        return partial(imu_reps.analyze, params=params)
    module = import_module(ANALYZE)
    estimate = partial(module.estimate_set, params=params)

    def analyze(recording: Recording) -> Analysis:
        with patch.object(module, "estimate_set", estimate):
            return imu_reps.analyze(recording)

    return analyze
