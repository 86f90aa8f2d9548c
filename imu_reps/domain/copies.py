"""Recordings that are copies of each other: equal samples under an equal header, in whatever file."""

from __future__ import annotations

from dataclasses import fields
from hashlib import sha256

from imu_reps.domain.recording import Recording


class Copies:
    """Recognises a recording that comes again: by another path, packed, or with other notes."""

    def __init__(self) -> None:
        self._files: dict[bytes, str] = {}

    def earlier(self, recording: Recording) -> str | None:
        """Return the file in which a recording came before; None, and remember it, if it is new."""
        key = _digest(recording)
        if (file := self._files.get(key)) is None:
            self._files[key] = str(recording.file)
        return file


def _digest(recording: Recording) -> bytes:
    """Return a hash of the header and all samples."""
    found = sha256(repr(recording.header).encode())
    for block in recording.blocks:
        for field in fields(block):
            value = getattr(block, field.name)
            found.update(value.encode() if isinstance(value, str) else value.tobytes())
    return found.digest()
