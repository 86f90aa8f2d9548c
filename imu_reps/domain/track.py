"""Angles of one set on a regular grid, and the live pose at one instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imu_reps.domain.exercise import Start
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Pose:
    """Live angles as in docs/definitions.md#angles, causal and not low-passed; None if not measured."""

    time_s: float
    leg_elevation_deg: float | None
    pelvic_tilt_deg: float | None
    pelvic_rotation_deg: float | None


#: Columns of an angle's row, at 100 Hz.
ANGLE_COLUMNS = ("time_s", "leg_elevation_deg", "pelvic_tilt_deg", "pelvic_rotation_deg")

#: Rate of the common grid of both sensors.
GRID_HZ = 100.0


@dataclass(frozen=True, slots=True)
class AngleTrack:
    """Angles and signals needed to judge them, on a 100 Hz grid of the recording's `time_s`.

    NaN marks "not measured" in every array: a gap, an absent sensor, no zero.

    Attributes
    ----------
    time_s : (n,) float
        Regular, 1 / `GRID_HZ` apart.
    leg_elevation_deg, pelvic_tilt_deg, pelvic_rotation_deg : (n,) float
        As in docs/definitions.md#angles, not low-passed.
    pelvis_gyr_dps : (n, 3) float
        Angular rate of the pelvis in sensor axes, bias removed.
    ankle_impact_mps2 : (n,) float
        Largest deviation of the ankle's specific force from its local mean within the grid step.
    pelvis_still : (n,) bool
        Whether the pelvis was still in the half second that ends here.
    reps : tuple of Rep
        Counted repetitions, if known.
    start : {"low", "high"}
        Where the leg rests between repetitions.
    """

    time_s: FloatArray
    leg_elevation_deg: FloatArray
    pelvic_tilt_deg: FloatArray
    pelvic_rotation_deg: FloatArray
    pelvis_gyr_dps: FloatArray
    ankle_impact_mps2: FloatArray
    pelvis_still: BoolArray
    reps: tuple[Rep, ...] = ()
    start: Start = "low"

    def __len__(self) -> int:
        return len(self.time_s)

    def __repr__(self) -> str:
        span = f"{self.time_s[0] + 0.0:.2f} to {self.time_s[-1]:.2f} s" if len(self) else "empty"
        return f"AngleTrack({span}, {len(self.reps)} reps)"

    def __getitem__(self, index: slice) -> AngleTrack:
        return replace(self, **{name: getattr(self, name)[index] for name in ARRAYS})

    def to_frame(self) -> pd.DataFrame:
        """Return a DataFrame at 100 Hz with the angles, NaN if not measured, and repetition and phase.

        `rep` is missing outside of repetitions; `phase` is concentric, top, eccentric, bottom or missing.
        """
        import pandas as pd

        frame = pd.DataFrame({name: getattr(self, name) + 0.0 for name in ANGLE_COLUMNS})
        number, phase = _rep_and_phase(self.time_s, self.reps, self.start)
        frame["rep"] = pd.array(number, dtype="Int64")
        frame.loc[number == 0, "rep"] = pd.NA
        frame["phase"] = pd.array(phase, dtype="string")
        return frame


#: Names of the array fields, in their order.
ARRAYS = tuple(name for name in AngleTrack.__slots__ if name not in ("reps", "start"))


def _rep_and_phase(
    time_s: FloatArray, reps: Sequence[Rep], start: Start
) -> tuple[IntArray, NDArray[np.object_]]:
    """Return the repetition (0: none) and phase (None: none) of each instant.

    Parameters
    ----------
    time_s : (n,) float
        Increasing.
    start : {"low", "high"}
        Where the leg rests between them, which decides the order of phases.
    """
    number, phase = np.zeros(len(time_s), np.int64), np.full(len(time_s), None, object)
    ways = ("concentric", "top", "eccentric", "bottom")
    out, far, back, near = ways if start == "low" else (*ways[2:], *ways[:2])
    for rep in reps:
        first, last = np.searchsorted(time_s, [rep.start_s, rep.end_s])
        number[first:last] = rep.number
        pause_s, far_s = getattr(rep, f"{near}_pause_s"), rep.far_end_s(start)
        if far_s is not None:
            turn, leave = np.searchsorted(time_s, far_s)
            phase[first:turn], phase[turn:leave], phase[leave:last] = out, far, back
        if pause_s is not None:
            phase[last : np.searchsorted(time_s, rep.end_s + pause_s)] = near
    return number, phase
