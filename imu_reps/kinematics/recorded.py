"""Motion of a finished recording on the grid, estimated acausally, with knocks of the pelvis corrected.

A knock is a jerk of the pelvis of one or two samples, over which neither sensor integrates to the true
motion. The gyroscope saturates, or the jerk lies between two samples: its integral is off by 5 to 20 degrees,
which the orientation filter takes seconds to forget. Gravity before and after shows the true turn. The
accelerometer samples a peak of the jolt and not its reversal: 50 m/s² for one sample at 25 Hz tip the
filter's gravity by 4 degrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True)
class KnockParams:
    """Parameters of knocks of the pelvis.

    Attributes
    ----------
    knock_dps : float
        Smallest excess of the angular rate over the surrounding samples in a knock (ours; other people's
        simulators have 250 and more in a jerk, 160 in a swung lift seen by a slow sensor).
    jolt_mps2 : float
        Smallest excess of the specific force over the surrounding samples in a jolt (ours; 0.5 to 8 do as
        well).
    around : int
        Number of surrounding samples whose median is the reference; what lasts half of them is a movement.
    gravity_s : float
        Time before and after a knock over which gravity is measured, seconds (ours: shorter, a lift's
        acceleration matters; longer, the rate's error).
    jolted : int
        Number of samples next to a knock that still contain the jolt.
    min_gravity_samples : int
        Fewest samples that show gravity.
    """

    knock_dps: float = 230.0
    jolt_mps2: float = 4.0
    around: int = 7
    gravity_s: float = 1.0
    jolted: int = 2
    min_gravity_samples: int = 5


PARAMS = KnockParams()


def jerks(values: FloatArray, limit: float) -> tuple[IntArray, FloatArray]:
    """Return samples (k,) of (n, 3) further than a limit from the median around, and the medians (k, 3)."""
    half = PARAMS.around // 2
    # a sample that exceeds the limit has a step of a sixth of it within the window: almost all windows have
    # none
    step = np.diff(values, axis=0)
    steps = np.flatnonzero(np.einsum("ni,ni->n", step, step) > (limit / 6.0) ** 2)
    near = np.unique(np.clip(steps[:, None] + np.arange(-half, half + 2), 0, len(values) - 1))
    around = np.clip(near[:, None] + np.arange(-half, half + 1), 0, len(values) - 1)
    usual = np.median(values[around], axis=1)
    out = np.linalg.norm(values[near] - usual, axis=1) > limit
    return near[out], usual[out]


def without_knocks(timed: TimedSamples, block: SampleBlock) -> SampleBlock:
    """Return a block without jolts, whose angular rate in a knock matches the turn of gravity.

    Parameters
    ----------
    timed : TimedSamples
        The clock fit of `block`.
    block : SampleBlock
        All samples of one sensor.
    """
    gyr, acc = block.gyr_dps.take(timed.order, axis=0), block.acc_mps2.take(timed.order, axis=0)
    jolts, usual = jerks(acc, PARAMS.jolt_mps2)
    knocked = np.zeros(len(gyr), bool)
    knocked[jerks(gyr, PARAMS.knock_dps)[0]] = True
    found = stretches(knocked)
    if not found and len(jolts) == 0:
        return block
    acc[jolts] = usual
    step_s = np.diff(timed.time_s, append=timed.time_s[-1] + timed.period_s)
    # samples after the next knock are not used, since its angle is not known yet; those before are
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
    """Return the rotation vector, degrees, that takes up before a knock to up after it; None if not known."""
    length = round(PARAMS.gravity_s / float(np.median(step_s)))
    before = slice(max(0, knock[0] - length), knock[0])
    after = slice(knock[1], min(following, knock[1] + length))
    if min(before.stop - before.start, after.stop - after.start) < PARAMS.min_gravity_samples + PARAMS.jolted:
        return None
    turned = gyr_dps * step_s[:, None]
    up_before = _gravity(-turned[before][::-1], acc_mps2[before][::-1])
    up_after = _gravity(turned[after], acc_mps2[after])
    across = cross(up_after, up_before)
    sine = float(np.linalg.norm(across))
    return np.asarray(across * np.degrees(np.arctan2(sine, up_before @ up_after)) / max(sine, 1e-9))


def _gravity(turned_deg: FloatArray, acc_mps2: FloatArray) -> FloatArray:
    """Return the mean direction of specific force, in the sensor's axes at the first sample."""
    turns = Rotation.from_rotvec(turned_deg[:-1], degrees=True)
    since = Rotation.concatenate(
        list(accumulate(turns, lambda here, turn: here * turn, initial=Rotation.identity()))
    )
    return unit(since.apply(acc_mps2)[PARAMS.jolted :].mean(axis=0))


def estimate_motion(
    recording: Recording,
    clocks: Mapping[SensorPlace, TimedSamples],
    biases_dps: Mapping[SensorPlace, FloatArray | None] | None = None,
) -> Motion:
    """Estimate the motion of both sensors on the grid, acausally.

    Parameters
    ----------
    recording : Recording
    clocks : mapping
        Fitted clocks of the valid samples, by sensor.
    biases_dps : mapping, optional
        Bias of each gyroscope by these samples' rests, if already known.
    """
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
            grids[place] = _sensor_on_grid(timed, block, time_s, (biases_dps or {}).get(place))
    return Motion(time_s, grids.get("pelvis"), grids.get("ankle"))


def _sensor_on_grid(
    timed: TimedSamples, block: SampleBlock, time_s: FloatArray, bias_dps: FloatArray | None
) -> GridMotion:
    """Estimate one sensor on the grid: the pelvis without its knocks, the ankle with its impacts."""
    if block.sensor == "pelvis":
        calm = without_knocks(timed, block)
        # a rest that contains a knock is found only now
        return on_grid(offline_motion(timed, calm, bias_dps if calm is block else None), time_s)
    sensor = offline_motion(timed, block, bias_dps)
    return with_impacts(on_grid(sensor, time_s), sensor, time_s)
