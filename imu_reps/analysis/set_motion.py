"""A set's low-passed motion: what every figure of a repetition is read from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.filters import low_passed, rate_of_change
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.track import AngleTrack
from imu_reps.kinematics.lever import Carried
from imu_reps.kinematics.motion import bridged


@dataclass(frozen=True, slots=True)
class SetMotion:
    """Low-passed angles and rates on the grid, over the ticks of one track.

    Attributes
    ----------
    track : AngleTrack
        What it was made from.
    header : Header
    elevation_deg, speed_dps, acceleration_dps2 : (n,) float
        Of the leg, holes bridged; see `leg_missing`.
    tilt_deg, rotation_deg : (n,) float
        Of the pelvis, holes bridged; rotation with the reported sign. NaN where no zero holds: in a spell
        without one, and from where the sensor shifted; all NaN where not measured.
    leg_missing, pelvis_missing : (n,) bool
        Holes, also where a sensor is absent.
    carried : Carried or None
        How the ankle sensor is carried round the hip; None where that is not known.
    zero_between_reps : bool
        Whether a zero of tilt had to be taken between repetitions.
    """

    track: AngleTrack
    header: Header
    elevation_deg: FloatArray
    speed_dps: FloatArray
    acceleration_dps2: FloatArray
    tilt_deg: FloatArray
    rotation_deg: FloatArray
    leg_missing: BoolArray
    pelvis_missing: BoolArray
    carried: Carried | None = None
    zero_between_reps: bool = False

    @property
    def start_high(self) -> bool:
        """Whether the leg rests high between repetitions."""
        return self.header.start == "high"

    @property
    def travel_sign(self) -> float:
        """+1 if the way out goes up, -1 if it goes down."""
        return -1.0 if self.start_high else 1.0


def set_motion(track: AngleTrack, header: Header, carried: Carried | None = None) -> SetMotion:
    """Low-pass a track and differentiate it; `carried` is over the same ticks."""
    elevation = low_passed(bridged(track.leg_elevation_deg))
    speed = rate_of_change(elevation)
    measured = np.isfinite(track.pelvis_gyr_dps[:, 0])
    return SetMotion(
        track,
        header,
        elevation,
        speed,
        rate_of_change(speed),
        _of_pelvis(track.pelvic_tilt_deg, measured),
        _of_pelvis(track.pelvic_rotation_deg, measured),
        ~np.isfinite(track.leg_elevation_deg),
        ~measured,
        carried,
    )


def _of_pelvis(angle_deg: FloatArray, measured: BoolArray) -> FloatArray:
    """Low-passed, holes bridged; where it was measured and no zero holds nothing is made up."""
    return np.where(measured & ~np.isfinite(angle_deg), np.nan, low_passed(bridged(angle_deg)))
