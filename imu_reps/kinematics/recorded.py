"""A finished recording as motion on the grid: clocks, then orientation looking both ways."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import SENSOR_PLACES, FloatArray, SampleBlock, SensorPlace
from imu_reps.kinematics.clocks import TimedSamples, fit_clock
from imu_reps.kinematics.knocks import without_knocks
from imu_reps.kinematics.motion import GridMotion, Motion, grid_times, on_grid, with_impacts
from imu_reps.kinematics.orientation import offline_motion


def fit_clocks(recording: Recording) -> dict[SensorPlace, TimedSamples]:
    """The sample times of every sensor that sent anything."""
    fitted: dict[SensorPlace, TimedSamples] = {}
    for place in SENSOR_PLACES:
        block = recording.samples(place)
        if block is not None and len(block):
            fitted[place] = fit_clock(block, recording.header.sensor(place))
    return fitted


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
