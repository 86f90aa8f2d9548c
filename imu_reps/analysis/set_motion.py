"""Low-passed motion of a set, from which figures are computed: docs/definitions.md#angles."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from imu_reps.domain.recording import Header
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.track import GRID_HZ, AngleTrack
from imu_reps.kinematics.lever import ArcMotion
from imu_reps.kinematics.motion import LEG_HZ, ZeroPhase, bridged, low_pass

#: Second order, run forwards and backwards: zero phase.
LOW_PASS = low_pass(LEG_HZ)
TREMOR_BAND = ZeroPhase((4.0, 12.0), "bandpass")

#: Fewest values that the filters' start-up needs.
SHORTEST = 40


def low_passed(values: FloatArray) -> FloatArray:
    """Return (n,) values after a zero-phase 6 Hz low-pass; NaN is bridged and comes back as NaN."""
    known = np.isfinite(values)
    if len(values) < SHORTEST or not known.any():
        return np.full(len(values), np.nan)
    return np.where(known, LOW_PASS(bridged(values)), np.nan)


def tremor_band(values: FloatArray) -> FloatArray:
    """Return the zero-phase 4 to 12 Hz band of (n, m) columns; NaN is bridged and comes back as NaN."""
    if len(values) < SHORTEST or not np.isfinite(values).any():
        return np.full(values.shape, np.nan)
    band = TREMOR_BAND(bridged(values))
    return np.where(np.isfinite(values), band, np.nan)


class LiveLowPass:
    """The causal version of `low_passed`, one value at a time; NaN repeats the previous value.

    Once a hole is over it is bridged by a straight line, as in `low_passed`: the value held until then would
    leap at the end of the hole, and a leap looks like a jolt.

    Attributes
    ----------
    bridged : list of float
        Low-passed values of the hole that ended with the latest value, the newest last; empty if none did.
    """

    def __init__(self) -> None:
        b0, b1, b2, _, a1, a2 = LOW_PASS.sections[0].tolist()
        self._section = b0, b1, b2, a1, a2
        self._measured: float | None = None
        self._state = self._held_state = (0.0, 0.0)
        self._hole = 0
        self.bridged: list[float] = []

    def resume(self, value: float, state: FloatArray) -> None:
        """Continue from the filter's state (2,) after `value`."""
        self._measured, self._state, self._hole = value, (float(state[0]), float(state[1])), 0

    def step(self, value: float) -> float:
        """Process the next value and return the low-passed one."""
        self.bridged = []
        if self._measured is None:
            b0, _, b2, _, a2 = self._section
            self._measured = 0.0 if math.isnan(value) else value
            self._state = (self._measured * (1.0 - b0), self._measured * (b2 - a2))
        if math.isnan(value):
            if self._hole == 0:
                self._held_state = self._state
            self._hole += 1
            return self._filtered(self._measured)
        if self._hole:
            self._state = self._held_state
            slope = (value - self._measured) / (self._hole + 1)
            self.bridged = [self._filtered(self._measured + slope * k) for k in range(1, self._hole + 1)]
        self._measured, self._hole = value, 0
        return self._filtered(value)

    def _filtered(self, value: float) -> float:
        b0, b1, b2, a1, a2 = self._section
        first, second = self._state
        smooth: float = b0 * value + first
        self._state = (b1 * value - a1 * smooth + second, b2 * value - a2 * smooth)
        return smooth


def rate_of_change(values: FloatArray) -> FloatArray:
    """Return the (n,) central differences per second on the grid, one-sided at both ends."""
    rate = np.zeros(len(values))
    if len(values) > 1:
        rate[1:-1] = (values[2:] - values[:-2]) / (2.0 / GRID_HZ)
        rate[0], rate[-1] = (values[1] - values[0]) * GRID_HZ, (values[-1] - values[-2]) * GRID_HZ
    return rate


def held_high(values: FloatArray, hold_s: float) -> FloatArray:
    """Return for each instant the level that `values` stays above for `hold_s` around it; NaN stays NaN."""
    return np.where(np.isfinite(values), minimum_filter1d(bridged(values), _ticks(hold_s)), np.nan)


def held_low(values: FloatArray, hold_s: float) -> FloatArray:
    """Return for each instant the level that `values` stays below for `hold_s` around it; NaN stays NaN."""
    return np.where(np.isfinite(values), maximum_filter1d(bridged(values), _ticks(hold_s)), np.nan)


def _ticks(hold_s: float) -> int:
    return 2 * round(hold_s * GRID_HZ / 2) + 1


@dataclass(frozen=True, slots=True)
class SetMotion:
    """Low-passed angles and rates on the grid, over the ticks of one track.

    Attributes
    ----------
    track : AngleTrack
        The unfiltered angles.
    elevation_deg, speed_dps, acceleration_dps2 : (n,) float
        Leg elevation and its derivatives, holes bridged; see `leg_missing`.
    tilt_deg, rotation_deg : (n,) float
        Pelvic angles, holes bridged; rotation with the reported sign. NaN without a valid zero: in a spell
        that has none, and after the sensor shifted; all NaN where not measured.
    leg_missing, pelvis_missing : (n,) bool
        Holes; all True for an absent sensor.
    carried : ArcMotion or None
        How the ankle sensor is carried round the hip; None if not known.
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
    carried: ArcMotion | None = None
    zero_between_reps: bool = False

    @property
    def start_high(self) -> bool:
        """Whether the leg rests high between repetitions."""
        return self.header.start == "high"


def set_motion(
    track: AngleTrack,
    header: Header,
    carried: ArcMotion | None = None,
    elevation_deg: FloatArray | None = None,
    *,
    zero_between_reps: bool = False,
) -> SetMotion:
    """Low-pass a track and differentiate it.

    Parameters
    ----------
    carried : ArcMotion, optional
        Motion of the ankle over the same ticks.
    elevation_deg : (n,) float, optional
        Leg elevation, if it is already low-passed.
    """
    elevation = low_passed(bridged(track.leg_elevation_deg)) if elevation_deg is None else elevation_deg
    speed = rate_of_change(elevation)
    measured = np.isfinite(track.pelvis_gyr_dps[:, 0])
    return SetMotion(
        track,
        header,
        elevation,
        speed,
        rate_of_change(speed),
        _low_passed_pelvis(track.pelvic_tilt_deg, measured),
        _low_passed_pelvis(track.pelvic_rotation_deg, measured),
        ~np.isfinite(track.leg_elevation_deg),
        ~measured,
        carried,
        zero_between_reps,
    )


def _low_passed_pelvis(angle_deg: FloatArray, measured: BoolArray) -> FloatArray:
    """Low-pass an angle and bridge its holes, but not where it was measured without a valid zero."""
    return np.where(measured & ~np.isfinite(angle_deg), np.nan, low_passed(bridged(angle_deg)))
