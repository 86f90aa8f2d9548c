"""Recording files: `load` reads them; `writer` has `save`, and `RecordingWriter` for live samples."""

from __future__ import annotations

from imu_reps.storage.recording.reader import load, load_comments, parse_recording

__all__ = ["load", "load_comments", "parse_recording"]
