"""Angles of one set on a regular grid: what everything after the estimators reads."""

from __future__ import annotations

from dataclasses import dataclass

from imu_reps.domain.samples import BoolArray, FloatArray

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
    """

    time_s: FloatArray
    leg_elevation_deg: FloatArray
    pelvic_tilt_deg: FloatArray
    pelvic_rotation_deg: FloatArray
    pelvis_gyr_dps: FloatArray
    ankle_impact_mps2: FloatArray
    pelvis_still: BoolArray

    def __len__(self) -> int:
        return len(self.time_s)

    def __getitem__(self, index: slice) -> AngleTrack:
        return AngleTrack(*(getattr(self, name)[index] for name in AngleTrack.__slots__))
