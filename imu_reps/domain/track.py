"""Angles of one set on a regular grid: what everything after the estimators reads.

Where leg and pelvis are at one instant, as it is known while the set runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from imu_reps.domain.recording import Start
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import BoolArray, FloatArray

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Pose:
    """Angles as docs/definitions.md#angles says, causal and not low-passed; None: not measured.

    Attributes
    ----------
    time_s : float
    leg_elevation_deg, pelvic_tilt_deg, pelvic_rotation_deg : float or None
    """

    time_s: float
    leg_elevation_deg: float | None
    pelvic_tilt_deg: float | None
    pelvic_rotation_deg: float | None


#: Rate of the common grid of both sensors.
GRID_HZ = 100.0


@dataclass(frozen=True, slots=True)
class AngleTrack:
    """Angles and what is needed to judge them, on the 100 Hz grid of the recording's `time_s`.

    NaN marks "not measured" in every array: a gap, an absent sensor, no zero.

    Attributes
    ----------
    time_s : (n,) float
        Regular, 1 / `GRID_HZ` apart.
    leg_elevation_deg, pelvic_tilt_deg, pelvic_rotation_deg : (n,) float
        As docs/definitions.md#angles says, not low-passed.
    pelvis_gyr_dps : (n, 3) float
        Angular rate of the pelvis in sensor axes, bias removed.
    ankle_impact_mps2 : (n,) float
        Largest departure of the ankle's specific force from its own surroundings within the grid step.
    pelvis_still : (n,) bool
        The pelvis was still in the half second that ends here.
    reps : tuple of Rep
        What was counted on it, where that is known.
    start : {"low", "high"}
        Where the leg rests between them.
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
        """A row a hundredth of a second: the angles, NaN where not measured, and in which rep and phase.

        `rep` is missing outside of repetitions; `phase` is concentric, top, eccentric, bottom or missing.
        """
        import pandas as pd

        from imu_reps.domain.rep_rows import ANGLE_COLUMNS, rep_and_phase

        frame = pd.DataFrame({name: getattr(self, name) + 0.0 for name in ANGLE_COLUMNS})
        number, phase = rep_and_phase(self.time_s, self.reps, self.start)
        frame["rep"] = pd.array(number, dtype="Int64")
        frame.loc[number == 0, "rep"] = pd.NA
        frame["phase"] = pd.array(phase, dtype="string")
        return frame


#: The arrays of a track, in its order.
ARRAYS = tuple(name for name in AngleTrack.__slots__ if name not in ("reps", "start"))
