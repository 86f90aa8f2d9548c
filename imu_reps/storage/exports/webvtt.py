"""Export of repetitions and cues as subtitles (WebVTT) for a video of the set."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from imu_reps.domain.file_kinds import DocumentKind
from imu_reps.domain.recording import Note
from imu_reps.domain.rep import Rep
from imu_reps.domain.untrusted import printable
from imu_reps.errors import UsageError
from imu_reps.storage.file_access import save_document

_TITLE = "WEBVTT imu-reps"

#: Time for which a cue is shown: about as long as it is spoken.
CUE_S = 2.0

#: Cue setting: cues are shown near the top, repetitions at the bottom like subtitles.
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
    """Write the figures of each repetition, and the cues that were given, as subtitles.

    Parameters
    ----------
    reps : sequence of Rep
    notes : iterable of Note
        Notes of the recording; those with the key ``cue`` are cues.
    path : path-like
    offset_s : float
        The video's time at the recording's `time_s` of 0; anything before the video begins is omitted.
    force : bool
        As in `save_document`.

    Raises
    ------
    UsageError
        ``nothing_to_show``: there is nothing, or nothing after the beginning of the video.
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
    blocks = [_TITLE, units]
    blocks += [f"{_clock(a)} --> {_clock(b)}{place}\n{text}" for a, b, place, text in moved]
    save_document(path, "\n\n".join(blocks) + "\n", kind=DocumentKind(_TITLE), force=force)


def _reps(reps: Sequence[Rep]) -> Iterator[Shown]:
    for rep in reps:
        words = [f"Rep {rep.number}"]
        words += [f"up {rep.concentric_s:.1f} s"] if rep.concentric_s is not None else []
        words += [f"down {rep.eccentric_s:.1f} s"] if rep.eccentric_s is not None else []
        words += [f"{rep.range_deg:.0f} deg"] if rep.range_deg is not None else []
        words += [flag.replace("_", " ") for flag in rep.flags]
        yield rep.start_s, rep.end_s, "", ", ".join(words)


def _cues(notes: Iterable[Note]) -> Iterator[Shown]:
    for note in notes:
        code = note.value.partition(" (")[0]
        if note.key == "cue" and code:
            yield note.time_s, note.time_s + CUE_S, _CUE_PLACE, _plain(code.replace("_", " "))


def _plain(text: str) -> str:
    """Escape the markup of the format."""
    return printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(at_s: float) -> str:
    ms = round(at_s * 1000.0)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
