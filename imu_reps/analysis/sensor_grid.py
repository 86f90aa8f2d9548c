"""Resampling of both sensors' readings and orientations onto one regular grid, for other programs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.cross_time import agree_on_time
from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import FloatArray, SampleBlock, SensorPlace
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.motion import between, brackets, grid_times
from imu_reps.kinematics.orientation import offline_quaternions
from imu_reps.quality.plausibility import usable


@dataclass(frozen=True, slots=True)
class SensorReadings:
    """Readings of one sensor on the grid, in its own axes; NaN in holes.

    Attributes
    ----------
    acc_mps2, gyr_dps : (n, 3) float
        The sensor's readings, linearly interpolated.
    quaternion : (n, 4) float
        Rotation from the sensor's axes to earth axes with z up, w first; the heading is arbitrary and drifts.
    """

    acc_mps2: FloatArray
    gyr_dps: FloatArray
    quaternion: FloatArray


def sensor_grid(recording: Recording) -> tuple[FloatArray, dict[SensorPlace, SensorReadings]]:
    """Resample a recording.

    Returns
    -------
    time_s : (n,) float
        Grid times on the recording's `time_s`; empty without samples.
    sensors : dict
        Readings of each sensor that was worn.

    Raises
    ------
    RecordingError
        If the recording is implausible or unusable; with a hint.
    """
    checked = usable(recording)
    clocks = checked.without_invalid(agree_on_time(checked.recording, checked.clocks).clocks)
    timed_sensors = {place: timed for place, timed in clocks.items() if len(timed.time_s) > 3}
    if not timed_sensors:
        return np.empty(0), {}
    time_s = grid_times(
        begin_s(recording),
        max(float(timed.time_s[-1]) for timed in timed_sensors.values()),
    )
    found = {}
    for place, timed in timed_sensors.items():
        block = checked.recording.samples(place)
        if block is not None:
            found[place] = _on_grid(timed, block, time_s)
    return time_s, found


def begin_s(recording: Recording) -> float:
    """Return the first grid time: the hundredth of a second at or before the first arrival; 0 if none."""
    first_s = min((float(block.time_s[0]) for block in recording.blocks), default=0.0)
    return float(np.floor(first_s * GRID_HZ + 1e-6) / GRID_HZ)


def _on_grid(timed: TimedSamples, block: SampleBlock, time_s: FloatArray) -> SensorReadings:
    left, share = brackets(timed.time_s, time_s, timed.period_s)
    quaternion = between(offline_quaternions(timed, block), left, share)
    return SensorReadings(
        between(block.acc_mps2.take(timed.order, axis=0), left, share),
        between(block.gyr_dps.take(timed.order, axis=0), left, share),
        quaternion / np.linalg.norm(quaternion, axis=1, keepdims=True),
    )
