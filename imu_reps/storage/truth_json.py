"""The truth of a simulated recording, kept beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imu_reps.storage.file_access import access_error
from imu_reps.storage.plain_json import plain


def truth_path(recording: str | Path) -> Path:
    """``set.csv`` has its truth in ``set.truth.json``."""
    return Path(recording).with_suffix(".truth.json")


def save_truth(truth: Mapping[str, Any], recording: str | Path) -> None:
    """Write the truth beside `recording`; never over a file that is there.

    Raises
    ------
    FileAccessError
        If the file exists already or cannot be written.
    ValueError
        If a number is NaN or infinite.
    """
    path = truth_path(recording)
    text = json.dumps(plain(truth), indent=1) + "\n"
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise access_error(error, str(path)) from error
