"""Repetitions and cues as subtitles beside a video of the set: WebVTT."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from imu_reps.domain.foreign_text import shown
from imu_reps.domain.recording import Note
from imu_reps.domain.rep import Rep
from imu_reps.errors import UsageError
from imu_reps.storage.file_access import save_document

_MARK = "WEBVTT imu-reps"

#: How long a cue stands: about as long as it is spoken.
CUE_S = 2.0

#: Lines from the top: cues above, repetitions at the bottom as subtitles are.
_CUE_PLACE = " line:1"

Shown = tuple[float, float, str, str]


def save_vtt(
    reps: Sequence[Rep],
    notes: Iterable[Note],
    path: str | os.PathLike[str],
    *,
    offset_s: float = 0.0,
    force: bool = False,
) -> None:
    """Write what is shown of each repetition, and the cues that were given.

    Parameters
    ----------
    reps : sequence of Rep
    notes : iterable of Note
        Of the recording: those with the key ``cue`` are cues.
    offset_s : float
        The video's time at the recording's `time_s` of 0; what lies before the video's begin is left out.

    Raises
    ------
    UsageError
        ``nothing_to_show``: all of it lies before the video's begin, or there is nothing.
    FileAccessError
        As `imu_reps.storage.file_access.save_document`.
    """
    whole = sorted((*_reps(reps), *_cues(notes)))
    moved = [
        (max(begin + offset_s, 0.0), end + offset_s, place, words)
        for begin, end, place, words in whole
        if end + offset_s > 0.001
    ]
    if not moved:
        raise UsageError(
            "There is no repetition and no cue to show in the video.",
            hint="--offset is the video's time, in seconds, at which the recording begins.",
            code="nothing_to_show",
        )
    units = "NOTE Times are the video's. up and down in seconds (s), range in degrees (deg)."
    blocks = [_MARK, units]
    blocks += [f"{_clock(a)} --> {_clock(b)}{place}\n{text}" for a, b, place, text in moved]
    save_document(path, "\n\n".join(blocks) + "\n", mark=_MARK, force=force)


def _reps(reps: Sequence[Rep]) -> Iterator[Shown]:
    for rep in reps:
        told = [f"Rep {rep.number}"]
        told += [f"up {rep.concentric_s:.1f} s"] if rep.concentric_s is not None else []
        told += [f"down {rep.eccentric_s:.1f} s"] if rep.eccentric_s is not None else []
        told += [f"{rep.range_deg:.0f} deg"] if rep.range_deg is not None else []
        told += [flag.replace("_", " ") for flag in rep.flags]
        yield rep.start_s, rep.end_s, "", ", ".join(told)


def _cues(notes: Iterable[Note]) -> Iterator[Shown]:
    for note in notes:
        code = note.value.partition(" (")[0]
        if note.key == "cue" and code:
            yield note.time_s, note.time_s + CUE_S, _CUE_PLACE, _plain(code.replace("_", " "))


def _plain(text: str) -> str:
    """Text that is no markup of the format."""
    return shown(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(at_s: float) -> str:
    ms = round(at_s * 1000.0)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
