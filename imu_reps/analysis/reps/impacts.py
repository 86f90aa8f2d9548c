"""Impulses of the ankle while the leg is lowered: the heel's contact with the floor, and jolts before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d, median_filter

from imu_reps.analysis.set_motion import SetMotion
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import bridged
from imu_reps.kinematics.mounting import row_dots
from imu_reps.kinematics.robust import median

#: Lowest rate at which a sensor sees an impulse of 10 to 60 ms.
MIN_RATE_HZ = 50.0

#: Touch-down is searched for in the last degrees of lowering, from this long before its end until this long
#: after.
LAST_DEG = 10.0
BEFORE_S = 0.25
AFTER_S = 0.15

#: A leg whose lowest elevation is above this has not met the floor, however sharply it turns.
NEAR_FLOOR_DEG = 8.0

#: An impulse of 10 to 60 ms lies mostly above the low-pass cutoff, voluntary movement mostly below: an impact
#: exceeds the low-passed acceleration of the ankle everywhere within this of it.
AROUND_S = 0.03

#: Window of the median that gives the noise around an impulse.
NOISE_S = 1.0

#: Longest duration of a jolt, between the ends of what exceeds half of its peak.
LONGEST_JOLT_S = 0.06

#: Jolts are not searched for at speeds under this share of the lowering's peak: the leg sets off, or turns.
MOVING_SHARE = 0.2

#: Jolts are not searched for this near to the heel's contact, after which the leg still shakes; nor in the
#: last degrees above a floor the leg is set down on, where even a gentle contact is one of the floor (ours).
CONTACT_S = 0.2
CONTACT_DEG = 2.0


@dataclass(frozen=True, slots=True)
class Impulse:
    """One impulse of the ankle.

    Attributes
    ----------
    tick : int
        Tick of the set motion.
    angle_deg : float
        Leg elevation at the impulse.
    peak_mps2 : float
        Peak of the part of the specific force above the leg's own motion (`AngleTrack.ankle_impact_mps2`).
    noise_mps2 : float
        Median of the same around it.
    """

    tick: int
    angle_deg: float
    peak_mps2: float
    noise_mps2: float


def sees_impulses(rate_hz: float | None, min_hz: float = MIN_RATE_HZ) -> bool:
    """Whether a sensor of this rate sees impulses; up to 2 % slow is tolerated, None is taken to be fast."""
    return rate_hz is None or rate_hz >= 0.98 * min_hz


def touch_down(motion: SetMotion, down: slice, bottom_deg: float, settings: Settings) -> Impulse | None:
    """Return the strongest impulse as the leg reaches its lowest; None if there is none, or above the floor.

    A heel tap is not held to the floor, since its angles count from the start position. An impulse weaker
    than a heel's touch, noise included, is none.
    """
    if bottom_deg > NEAR_FLOOR_DEG and motion.header.exercise != "heel_tap":
        return None
    low = np.flatnonzero(motion.elevation_deg[down] <= bottom_deg + LAST_DEG)
    if len(low) == 0:
        return None
    start = max(down.start + int(low[0]), down.stop - int(BEFORE_S * GRID_HZ))
    impact = motion.track.ankle_impact_mps2
    end = slice(start, down.stop + int(AFTER_S * GRID_HZ))
    if not (impact[end] > settings.heel_touch_mps2).any():
        return None
    sharp = impact[end] > maximum_filter1d(_leg_acceleration(motion, end), 2 * round(AROUND_S * GRID_HZ) + 1)
    if not sharp.any() or not np.isfinite(impact[down]).any():
        return None
    tick = start + int(np.argmax(np.where(sharp, impact[end], 0.0)))
    noise = median(impact[down][np.isfinite(impact[down])])
    return Impulse(tick, float(motion.elevation_deg[tick]), float(impact[tick]), noise)


def _leg_acceleration(motion: SetMotion, ticks: slice) -> FloatArray:
    """Return the magnitude of the low-passed acceleration of the ankle, m/s²; 0 if not known."""
    if motion.carried is None:
        return np.zeros(len(motion.track.time_s[ticks]))
    acceleration = motion.carried.acceleration_mps2[ticks]
    return np.asarray(np.sqrt(row_dots(acceleration, acceleration)))


def strongest_jolt(
    motion: SetMotion, down: slice, contact: Impulse | None, settings: Settings
) -> Impulse | None:
    """Return the strongest jolt of a lowering above the noise, before the floor is met; None without one."""
    margin = int(0.5 * NOISE_S * GRID_HZ)
    around = slice(max(0, down.start - margin), down.stop + margin)
    impact = bridged(motion.track.ankle_impact_mps2[around])
    if not np.isfinite(impact).all():
        return None
    first = down.start - around.start
    inside = slice(first, first + down.stop - down.start)
    candidate = impact[inside].copy()
    if contact is not None and contact.peak_mps2 - contact.noise_mps2 > settings.heel_touch_mps2:
        near = np.abs(np.arange(down.start, down.start + len(candidate)) - contact.tick) < CONTACT_S * GRID_HZ
        candidate[near] = 0.0
    speed = np.abs(motion.speed_dps[down])
    moving = (speed > MOVING_SHARE * speed.max(initial=0.0)) & ~_on_floor(motion, down)
    stands_out = moving & (candidate > jolt_limit(0.0, settings))
    if not stands_out.any():
        return None
    noise = median_filter(impact, int(NOISE_S * GRID_HZ) + 1, mode="nearest")
    stands_out &= candidate > jolt_limit(noise[inside], settings)
    peaks = first + np.flatnonzero(stands_out & (candidate == maximum_filter1d(candidate, 3)))
    short = [at for at in peaks.tolist() if _length_s(impact, at) <= LONGEST_JOLT_S]
    if not short:
        return None
    at = max(short, key=lambda k: float(impact[k]))
    tick = around.start + at
    return Impulse(tick, float(motion.elevation_deg[tick]), float(impact[at]), float(noise[at]))


def _on_floor(motion: SetMotion, down: slice) -> BoolArray:
    """Return where a leg that is lowered to the floor has reached it, or nearly, (n,)."""
    elevation = motion.elevation_deg[down]
    lowest = float(elevation.min(initial=np.inf))
    lying = motion.header.exercise != "heel_tap" and motion.header.posture == "supine"
    return (
        elevation < lowest + CONTACT_DEG
        if lying and lowest < NEAR_FLOOR_DEG
        else np.zeros(len(elevation), bool)
    )


def jolt_limit(noise_mps2: FloatArray | float, settings: Settings) -> FloatArray:
    """Return what a jolt's peak must exceed at this level of noise, m/s²."""
    return np.maximum(settings.snap_noise_ratio * np.asarray(noise_mps2), settings.snap_least_mps2)


def _length_s(impact: FloatArray, at: int) -> float:
    """Return the time from the first to the last instant near `at` that exceeds half of its peak."""
    reach = 2 * int(LONGEST_JOLT_S * GRID_HZ)
    start = max(0, at - reach)
    over = np.flatnonzero(impact[start : at + reach + 1] > 0.5 * impact[at])
    return float(over[-1] - over[0]) / GRID_HZ
