"""Summaries, errors and live events as JSON: the contract ``imu-reps-summary/1``, one document a line.

The summary tree of `imu_reps.domain.summary` has the names and the order of the contract; this module
only writes it down.
"""

from __future__ import annotations

import re

from imu_reps.domain.events import Event
from imu_reps.domain.summary import SUMMARY_FORMAT, Summary
from imu_reps.errors import ImuRepsError
from imu_reps.storage.plain_json import one_line, plain


def summary_line(summary: Summary) -> str:
    """One recording as one line of JSON, without a line break.

    Raises
    ------
    ValueError
        If a number is NaN or infinite: "not measured" is None.
    """
    return one_line(summary)


def error_line(file: str | None, error: ImuRepsError) -> str:
    """The line that stands for a file that could not be summed up."""
    return one_line(
        {
            "format": SUMMARY_FORMAT,
            "recording": {"file": file},
            "error": {"code": error.code, "message": error.message, "hint": error.hint},
        }
    )


def event_line(event: Event) -> str:
    """A live event as one line: its name, its time, then its other fields.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.
    """
    return one_line({"event": event_name(event), **plain(event)})


def event_name(event: Event) -> str:
    """The name of an event, e.g. ``rep_completed``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
