"""Remembered sets as CSV: a row a set, columns named as in the summary."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from imu_reps.domain.history import StoredSet
from imu_reps.storage.plain_json import plain

_OF_SET = ("file", "person", "session", "set_number", "pain", "effort")
_OF_RECORDING = ("created", "exercise", "side", "simulated", "duration_s")


def history_csv(sets: Iterable[StoredSet]) -> str:
    """The figures of the sets; what was not measured is empty."""
    rows = [_row(plain(stored)) for stored in sets]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else list(_OF_SET), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _row(stored: dict[str, Any]) -> dict[str, Any]:
    summary = stored["summary"]
    figures = {name: value for name, value in summary["set"].items() if name != "trend"}
    return {
        **{name: stored[name] for name in _OF_SET},
        **{name: summary["recording"][name] for name in _OF_RECORDING},
        **figures,
        "version": summary["version"],
        "preset": summary["settings"]["preset"],
    }
