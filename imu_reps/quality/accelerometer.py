"""Unit and scale of the specific force: m/s², with gravity in it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import SensorPlace
from imu_reps.quality.windows import Windows

GRAVITY_MPS2 = 9.80665

#: What reads 1 at rest is in g: 20 % either way leaves room for the worst of scale errors and biases, and is
#: far from both 0 (gravity removed) and 9.81. In motion accelerations add to it.
G_UNIT = (0.8, 1.25)
G_UNIT_MOVING = (0.8, 2.0)

#: At rest the bias of the accelerometer is left where gravity was removed: 40 mg is a bad one, this twice it.
NO_GRAVITY_MPS2 = 0.8

#: Gravity keeps its direction over two seconds, as far as the sensor keeps its own; accelerations turn about
#: and cancel. This share of the force must remain in the mean where gravity is in it (a leg swung
#: through 90° leaves 0.7).
STEADY_SHARE = 0.4

#: A part off by more than this at rest is miscalibrated (cheap parts: 40 mg and 3 % together make 7 %).
MISCALIBRATED = 0.05

#: A part off by more than this is no accelerometer in m/s²: twice the worst of cheap parts.
WRONG_SCALE = 0.15

#: Without rest only the middle of all half seconds is known, which swinging raises.
WRONG_SCALE_MOVING = 0.40

MIN_STILL_WINDOWS = 4


def check_accelerometer(place: SensorPlace, windows: Windows) -> Iterator[Finding]:
    """Unit, gravity and scale of one sensor's specific force, by what it reads at rest.

    At rest a specific force of any direction has the length of gravity. Where nothing rests, the middle
    of all half seconds is judged, with more room.
    """
    still = windows.still
    rests = int(still.sum()) >= MIN_STILL_WINDOWS
    size = windows.size_mps2[still if rests else np.isfinite(windows.size_mps2)]
    if not len(size):
        return
    reading = float(np.median(size))
    off = reading / GRAVITY_MPS2 - 1.0
    in_g = G_UNIT if rests else G_UNIT_MOVING
    values = {"reading_mps2": reading, "at_rest": rests}
    without_gravity = reading < NO_GRAVITY_MPS2 or (not rests and _steady_share(windows) < STEADY_SHARE)
    if in_g[0] <= reading <= in_g[1] and not without_gravity:
        yield Finding("acc_unit_g", values=values, severity="refuse", sensor=place)
    elif without_gravity:
        yield Finding("gravity_removed", values=values, severity="refuse", sensor=place)
    elif abs(off) > (WRONG_SCALE if rests else WRONG_SCALE_MOVING):
        yield Finding("acc_scale", values=values, severity="refuse", sensor=place)
    elif rests and abs(off) > MISCALIBRATED:
        yield Finding("acc_scale", values=values, severity="caution", sensor=place)


def _steady_share(windows: Windows) -> float:
    """How much of the specific force is left in its mean over two seconds; 1 where that is not known."""
    halves = windows.acc_mps2[::2]
    groups = halves[: len(halves) // 4 * 4].reshape(-1, 4, 3)
    steady = np.linalg.norm(groups.mean(axis=1), axis=1)
    force = np.hypot(windows.size_mps2, windows.acc_sd_mps2)
    steady, force = steady[np.isfinite(steady)], force[np.isfinite(force)]
    return float(np.median(steady) / np.median(force)) if len(steady) else 1.0
