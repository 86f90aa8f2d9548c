"""A finished recording as motion on the grid, its orientation estimated looking both ways."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import FloatArray, SampleBlock, SensorPlace
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.motion import GridMotion, Motion, grid_times, on_grid, with_impacts
from imu_reps.kinematics.orientation import offline_motion
from imu_reps.kinematics.sync.knocks import without_knocks


def estimate_motion(recording: Recording, clocks: Mapping[SensorPlace, TimedSamples]) -> Motion:
    """Both sensors on the grid, estimated acausally."""
    if not clocks:
        return Motion(np.empty(0), None, None)
    time_s = grid_times(
        min(float(timed.time_s[0]) for timed in clocks.values()),
        max(float(timed.time_s[-1]) for timed in clocks.values()),
    )
    grids = {}
    for place, timed in clocks.items():
        block = recording.samples(place)
        if block is not None and len(timed.time_s) > 3:
            grids[place] = _sensor_on_grid(timed, block, time_s)
    return Motion(time_s, grids.get("pelvis"), grids.get("ankle"))


def _sensor_on_grid(timed: TimedSamples, block: SampleBlock, time_s: FloatArray) -> GridMotion:
    """The pelvis without its knocks; the ankle with its impacts."""
    if block.sensor == "pelvis":
        return on_grid(offline_motion(timed, without_knocks(timed, block)), time_s)
    sensor = offline_motion(timed, block)
    return with_impacts(on_grid(sensor, time_s), sensor, time_s)
