"""A finished recording as motion on the grid, its orientation estimated looking both ways.

Knocks: jerks of the pelvis that take a sample or two, of which neither sensor sums up to what is true.

A gyroscope is then at the end of its range, or looks between two samples: what is summed up of it is off by 5
to 20 degrees, which the orientation filter takes seconds to forget. Gravity before and after says how far it
turned. An accelerometer sees a tip of the jolt and not its way back: 50 m/s² for one sample of 25 Hz tip the
filter's gravity by 4 degrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate, pairwise

import numpy as np
from scipy.spatial.transform import Rotation

from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import FloatArray, IntArray, SampleBlock, SensorPlace
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.motion import GridMotion, Motion, grid_times, on_grid, with_impacts
from imu_reps.kinematics.mounting import cross, unit
from imu_reps.kinematics.orientation import offline_motion
from imu_reps.kinematics.rest import stretches

#: No pelvis turns for so short by this much faster than in the samples around, deg/s (ours; other people's
#: simulators have 250 and more in a jerk, 160 in a swung lift seen by a slow sensor).
KNOCK_DPS = 230.0

#: Nor does a pelvis that lies or hangs press so much harder for so short, m/s² (ours; 0.5 to 8 do as well).
JOLT_MPS2 = 4.0

#: Samples over which the usual is taken; what lasts half of them or more is a movement.
AROUND = 7

#: Gravity is looked at for this long before and after, seconds (ours: shorter, a lift's acceleration counts;
#: longer, the rate's error).
GRAVITY_S = 1.0

#: Samples next to a knock in which the jolt itself is measured.
JOLTED = 2

#: Fewer samples of gravity than this say nothing.
MIN_SAMPLES_BESIDE = 5


def jerks(values: FloatArray, limit: float) -> tuple[IntArray, FloatArray]:
    """Samples (k,) of (n, 3) that stick out by more than a limit, and what is usual around them, (k, 3)."""
    half = AROUND // 2
    # whoever sticks out has a step of a sixth of it within the window: by far the most have none
    steps = np.flatnonzero(np.linalg.norm(np.diff(values, axis=0), axis=1) > limit / 6.0)
    near = np.unique(np.clip(steps[:, None] + np.arange(-half, half + 2), 0, len(values) - 1))
    around = np.clip(near[:, None] + np.arange(-half, half + 1), 0, len(values) - 1)
    usual = np.median(values[around], axis=1)
    out = np.linalg.norm(values[near] - usual, axis=1) > limit
    return near[out], usual[out]


def without_knocks(timed: TimedSamples, block: SampleBlock) -> SampleBlock:
    """A block without jolts, whose angular rate in a knock turns gravity as the accelerometer saw it turned.

    Parameters
    ----------
    timed : TimedSamples
        The clock fit of `block`.
    block : SampleBlock
        All samples of one sensor.
    """
    gyr, acc = block.gyr_dps.take(timed.order, axis=0), block.acc_mps2.take(timed.order, axis=0)
    jolts, usual = jerks(acc, JOLT_MPS2)
    knocked = np.zeros(len(gyr), bool)
    knocked[jerks(gyr, KNOCK_DPS)[0]] = True
    found = stretches(knocked)
    if not found and len(jolts) == 0:
        return block
    acc[jolts] = usual
    step_s = np.diff(timed.time_s, append=timed.time_s[-1] + timed.period_s)
    # what follows the next knock is not looked at, its angle is not known yet; what went before is
    for (start, end), (following, _) in pairwise([*found, (len(gyr), len(gyr))]):
        turned_deg = _turned_deg(gyr, acc, step_s, (start, end), following)
        if turned_deg is not None:
            gyr[start:end] = turned_deg / step_s[start:end].sum()
    repaired_gyr, repaired_acc = block.gyr_dps.copy(), block.acc_mps2.copy()
    repaired_gyr[timed.order], repaired_acc[timed.order] = gyr, acc
    return replace(block, gyr_dps=repaired_gyr, acc_mps2=repaired_acc)


def _turned_deg(
    gyr_dps: FloatArray, acc_mps2: FloatArray, step_s: FloatArray, knock: tuple[int, int], following: int
) -> FloatArray | None:
    """The turn, as a rotation vector in degrees, that takes up before a knock to up after it."""
    length = round(GRAVITY_S / float(np.median(step_s)))
    before = slice(max(0, knock[0] - length), knock[0])
    after = slice(knock[1], min(following, knock[1] + length))
    if min(before.stop - before.start, after.stop - after.start) < MIN_SAMPLES_BESIDE + JOLTED:
        return None
    turned = gyr_dps * step_s[:, None]
    up_before = _gravity(-turned[before][::-1], acc_mps2[before][::-1])
    up_after = _gravity(turned[after], acc_mps2[after])
    across = cross(up_after, up_before)
    sine = float(np.linalg.norm(across))
    return np.asarray(across * np.degrees(np.arctan2(sine, up_before @ up_after)) / max(sine, 1e-9))


def _gravity(turned_deg: FloatArray, acc_mps2: FloatArray) -> FloatArray:
    """Mean direction of specific force, in the sensor's axes at the first of some samples."""
    turns = Rotation.from_rotvec(turned_deg[:-1], degrees=True)
    since = Rotation.concatenate(
        list(accumulate(turns, lambda here, turn: here * turn, initial=Rotation.identity()))
    )
    return unit(since.apply(acc_mps2)[JOLTED:].mean(axis=0))


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
