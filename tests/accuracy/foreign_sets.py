"""Sets of foreign simulators, and the errors of an analysis relative to their truth.

The folder is not part of the project; nothing is read from it at import.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from imu_reps import Analysis, Recording, Rep, load

RECORDING, TRUTH = ".csv.gz", ".truth.json"

#: Figures of the truth that each error refers to.
_COMPARED = {
    "phase_ms": ("concentric_s", "eccentric_s"),
    "tilt_deg": ("pelvic_tilt_deg",),
    "rotation_deg": ("pelvic_rotation_abs_deg",),
    "lift_off_deg": ("lift_off_angle_deg",),
    "top_deg": ("top_angle_deg",),
}


@dataclass(frozen=True)
class TrueRep:
    """One repetition as the body performed it; see docs/definitions.md#per-repetition. None is not known.

    Attributes
    ----------
    pelvic_rotation_abs_deg : float or None
        Without its sign, which may be defined differently by the author of the truth.
    """

    start_s: float
    end_s: float
    concentric_s: float | None
    eccentric_s: float | None
    top_angle_deg: float | None
    bottom_angle_deg: float | None
    lift_off_angle_deg: float | None
    pelvic_tilt_deg: float | None
    pelvic_rotation_abs_deg: float | None

    @classmethod
    def of(cls, rep: Rep) -> TrueRep:
        """Return the truth of a repetition of our own simulator."""
        rotation = rep.pelvic_rotation_deg
        same = {name.name: getattr(rep, name.name) for name in fields(cls)[:-1]}
        return cls(**same, pelvic_rotation_abs_deg=None if rotation is None else abs(rotation))


@dataclass(frozen=True)
class ForeignSet:
    """A set of another simulator.

    Attributes
    ----------
    name : str
        Name of its file, without the ending.
    path : Path
        Path of the recording.
    exercise : str
    rep_count : int
    reps : tuple of TrueRep
    """

    name: str
    path: Path
    exercise: str
    rep_count: int
    reps: tuple[TrueRep, ...]

    @property
    def recording(self) -> Recording:
        """Load the recording."""
        return load(self.path)

    def known(self, error: str) -> int:
        """Return how many values a field of `SetErrors` has if everything in the truth is also measured."""
        if error == "top_deg" and self.exercise == "heel_tap":
            return 0
        return sum(getattr(rep, name) is not None for rep in self.reps for name in _COMPARED[error])


@dataclass(frozen=True)
class SetErrors:
    """Errors of an analysis, one value for each repetition (or phase) that it shares with the truth.

    Attributes
    ----------
    phase_ms, tilt_deg, rotation_deg, lift_off_deg, top_deg : tuple of float
        Absolute errors of both phases' durations, anterior tilt, rotation, lift-off angle and top angle.
    swapped : bool
        Whether the leg, by its angle, went down where it truly went up.
    """

    phase_ms: tuple[float, ...] = ()
    tilt_deg: tuple[float, ...] = ()
    rotation_deg: tuple[float, ...] = ()
    lift_off_deg: tuple[float, ...] = ()
    top_deg: tuple[float, ...] = ()
    swapped: bool = False


def foreign_sets(folder: Path) -> tuple[ForeignSet, ...]:
    """Return every set of a folder of recordings with their truth files."""
    return tuple(_foreign_set(path) for path in sorted(folder.glob(f"*{RECORDING}")))


def _foreign_set(path: Path) -> ForeignSet:
    name = path.name.removesuffix(RECORDING)
    truth = json.loads(path.with_name(name + TRUTH).read_text("utf-8"))
    known = [field.name for field in fields(TrueRep)]
    reps = tuple(TrueRep(**{key: rep.get(key) for key in known}) for rep in truth["reps"])
    return ForeignSet(name, path, truth["exercise"], truth["rep_count"], reps)


def errors(analysis: Analysis, reps: Sequence[TrueRep]) -> SetErrors:
    """Compare the analysis with each true repetition in whose middle it found one."""
    pairs = list(_paired(analysis.summary.reps, reps))
    tops = [] if analysis.summary.recording.exercise == "heel_tap" else pairs
    return SetErrors(
        phase_ms=_apart(
            (_milliseconds(of_rep), _milliseconds(of_truth))
            for found, true in pairs
            for of_rep, of_truth in (
                (found.concentric_s, true.concentric_s),
                (found.eccentric_s, true.eccentric_s),
            )
        ),
        tilt_deg=_apart((_not_below_0(f.pelvic_tilt_deg), _not_below_0(t.pelvic_tilt_deg)) for f, t in pairs),
        rotation_deg=_apart((_size(f.pelvic_rotation_deg), t.pelvic_rotation_abs_deg) for f, t in pairs),
        lift_off_deg=_apart((f.lift_off_angle_deg, t.lift_off_angle_deg) for f, t in pairs),
        top_deg=_apart((f.top_angle_deg, t.top_angle_deg) for f, t in tops),
        swapped=_swapped(analysis, reps),
    )


def _paired(found: Sequence[Rep], true: Sequence[TrueRep]) -> Iterator[tuple[Rep, TrueRep]]:
    for rep in true:
        middle_s = (rep.start_s + rep.end_s) / 2.0
        same = next((one for one in found if one.start_s <= middle_s <= one.end_s), None)
        if same is not None:
            yield same, rep


def _apart(pairs: Iterable[tuple[float | None, float | None]]) -> tuple[float, ...]:
    return tuple(abs(found - true) for found, true in pairs if found is not None and true is not None)


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else 1000.0 * seconds


def _not_below_0(tilt_deg: float | None) -> float | None:
    """Return anterior tilt; posterior tilt is a different figure."""
    return None if tilt_deg is None else max(tilt_deg, 0.0)


def _size(rotation_deg: float | None) -> float | None:
    return None if rotation_deg is None else abs(rotation_deg)


def _swapped(analysis: Analysis, reps: Sequence[TrueRep]) -> bool:
    """Return whether the angle of the leg falls over most of the true ways up."""
    track, starts_high = analysis.track, analysis.summary.recording.start == "high"
    known = np.isfinite(track.leg_elevation_deg)
    if not known.any():
        return False
    rises = [
        float(np.diff(np.interp(way, track.time_s[known], track.leg_elevation_deg[known]))[0])
        for rep in reps
        if (way := _way_up(rep, starts_high)) is not None
    ]
    return bool(rises) and float(np.median(rises)) < 0.0


def _way_up(rep: TrueRep, starts_high: bool) -> tuple[float, float] | None:
    if rep.concentric_s is None:
        return None
    if starts_high:
        return rep.end_s - rep.concentric_s, rep.end_s
    return rep.start_s, rep.start_s + rep.concentric_s
