"""Recording files: read with `load`, written with `save` or, as samples arrive, with `RecordingWriter`."""

from __future__ import annotations

from imu_reps.storage.folders import default_folder, latest_recording
from imu_reps.storage.recording.reader import load, load_comments, parse_recording
from imu_reps.storage.recording.writer import RecordingWriter, save

__all__ = [
    "RecordingWriter",
    "default_folder",
    "latest_recording",
    "load",
    "load_comments",
    "parse_recording",
    "save",
]
