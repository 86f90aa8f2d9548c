"""Results as JSON, written and read: numbers rounded, never NaN or infinity, text outside ASCII escaped.

A summary's tree (`imu_reps.domain.summary`) has the names and the order of the contract
``imu-reps-summary/1``; here it is only serialised, one document per line.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from numbers import Integral, Real
from typing import Any

import msgspec

from imu_reps.domain.events import Event
from imu_reps.domain.finding import Finding
from imu_reps.domain.summary import SUMMARY_FORMAT, Summary
from imu_reps.errors import ImuRepsError

#: Decimal places kept: far finer than the sensors' resolution.
DECIMALS = 4


def plain(tree: Any) -> Any:
    """Convert dataclasses, mappings, sequences and numbers to JSON's types, with numbers rounded.

    Raises
    ------
    ValueError
        A number is NaN or infinite; the message says where.
    """
    return _rounded(msgspec.to_builtins(tree, enc_hook=_number), "")


def one_line(tree: Any) -> str:
    """Serialise a tree as one line of JSON, without a line break.

    Raises
    ------
    ValueError
        A number is NaN or infinite.
    """
    return json.dumps(plain(tree), separators=(",", ":"))


def parse_json(content: str | bytes, kind: Any) -> Any:
    """Parse one JSON document into a type.

    Raises
    ------
    ValueError
        It is damaged, of another form, or nested too deeply.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _number(value: Any) -> int | float:
    """Convert numbers that are not Python's own, such as NumPy's."""
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


def summary_line(summary: Summary, words: Callable[[Finding], str]) -> str:
    """Serialise a summary as `one_line`; `words` returns the message of a finding."""
    findings = [
        {"code": finding.code, "reps": finding.reps, "message": words(finding)}
        for finding in summary.findings
    ]
    tree = plain(replace(summary, findings=())) | {"findings": findings}
    if summary.set.rep_count_by_sensors is None:  # only sets corrected by hand have this key
        del tree["set"]["rep_count_by_sensors"]
    return json.dumps(tree, separators=(",", ":"))


def error_tree(error: ImuRepsError) -> dict[str, str]:
    """Return an error as a tree for JSON."""
    return {"code": error.code, "message": error.message, "hint": error.hint}


def error_line(file: str | None, error: ImuRepsError) -> str:
    """Serialise an error as the line of a file that could not be analysed."""
    return one_line(
        {
            "format": SUMMARY_FORMAT,
            "recording": {"file": file},
            "error": error_tree(error),
        }
    )


def event_line(event: Event) -> str:
    """Serialise a live event as `one_line`: its name, its time, then its other fields."""
    return one_line({"event": event_name(event), **plain(event)})


def event_name(event: Event) -> str:
    """Return the name of an event, e.g. ``rep_completed``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
