"""Smooth commanded curves: pieces of movement laid end to end, waves on top.

Every piece has a continuous second derivative at its ends (rest to rest), so that accelerations have no
steps but the impacts that are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from imu_reps.domain.samples import FloatArray

#: Way gone (0 to 1) over time gone (0 to 1).
Profile = Callable[[FloatArray], FloatArray]

#: Peak over mean speed of `minimum_jerk`.
PEAK_OVER_MEAN = 1.875


def minimum_jerk(u: FloatArray) -> FloatArray:
    """Way of the smoothest movement from rest to rest (Flash & Hogan 1985)."""
    return np.asarray(u * u * u * (10.0 + u * (-15.0 + 6.0 * u)))


def ramped(accelerate: float, decelerate: float) -> Profile:
    """Profile with a steady middle: a smooth rise of speed, a plateau, a smooth fall.

    Parameters
    ----------
    accelerate, decelerate : float
        Shares of the time, each above 0, together at most 1.
    """
    if min(accelerate, decelerate) <= 0.0 or accelerate + decelerate > 1.0 + 1e-9:
        raise ValueError(f"a ramp's shares are above 0 and at most 1 together: {accelerate}, {decelerate}")
    return partial(_ramped, accelerate=accelerate, decelerate=decelerate)


def _ramped(u: FloatArray, accelerate: float, decelerate: float) -> FloatArray:
    plateau = 1.0 / (1.0 - 0.5 * (accelerate + decelerate))
    up = np.clip(u / accelerate, 0.0, 1.0)
    down = np.clip((u - 1.0 + decelerate) / decelerate, 0.0, 1.0)
    # integrals of 3x²-2x³ and of its mirror image
    gained = accelerate * up * up * up * (1.0 - 0.5 * up)
    lost = decelerate * down * (1.0 - down * down * (1.0 - 0.5 * down))
    steady = np.clip(u - accelerate, 0.0, 1.0 - accelerate - decelerate)
    return np.asarray(plateau * (gained + steady + lost))


def arriving(end_slope: float) -> Profile:
    """Profile that begins at rest and arrives with a speed: `end_slope` times the mean speed."""
    return partial(_arriving, m=end_slope)


def _arriving(u: FloatArray, m: float) -> FloatArray:
    return np.asarray(u * u * u * ((10.0 - 4.0 * m) + u * ((7.0 * m - 15.0) + (6.0 - 3.0 * m) * u)))


def stopping(u: FloatArray) -> FloatArray:
    """Profile that begins with twice its mean speed and ends at rest: a heel meeting the floor.

    Peak deceleration is 1.5 times the speed at arrival over the duration.
    """
    return np.asarray(u * (2.0 + u**2 * (u - 2.0)))


def smoothstep(x: FloatArray) -> FloatArray:
    """0 below 0, 1 above 1, twice continuously differentiable in between."""
    return minimum_jerk(np.clip(x, 0.0, 1.0))


def window(t: FloatArray, start_s: float, end_s: float, edge_s: float) -> FloatArray:
    """1 inside, 0 outside, with smooth edges inside the span."""
    return smoothstep((t - start_s) / edge_s) * smoothstep((end_s - t) / edge_s)


def bump(t: FloatArray, centre_s: float, half_width_s: float) -> FloatArray:
    """A single smooth hill of height 1; its greatest second derivative is 8 / half_width²."""
    x = (t - centre_s) / half_width_s
    return np.asarray(((1.0 - np.minimum(x**2, 1.0)) ** 2) ** 2)


class Curve:
    """One commanded quantity over time, in the making.

    Parameters
    ----------
    value : float
        Where it rests at the beginning.
    """

    def __init__(self, value: float) -> None:
        self._start = value
        self.value = value
        self._pieces: list[tuple[float, float, float, float, Profile]] = []
        self._waves: list[Callable[[FloatArray], FloatArray]] = []

    def move(self, start_s: float, duration_s: float, to: float, profile: Profile = minimum_jerk) -> None:
        """Go to `to` between `start_s` and `start_s + duration_s`; rests wherever nothing moves it."""
        self._pieces.append((start_s, start_s + duration_s, self.value, to, profile))
        self.value = to

    def wave(self, wave: Callable[[FloatArray], FloatArray]) -> None:
        """Add something that begins and ends smoothly at zero."""
        self._waves.append(wave)

    def sample(self, t: FloatArray) -> FloatArray:
        """The curve at the times `t`, which must rise."""
        out = np.full(len(t), self._start)
        starts = [*np.searchsorted(t, [p[0] for p in self._pieces]), len(t)]
        for k, (start_s, end_s, before, after, profile) in enumerate(self._pieces):
            span = slice(int(starts[k]), int(starts[k + 1]))
            u = np.clip((t[span] - start_s) / (end_s - start_s), 0.0, 1.0)
            out[span] = before + (after - before) * profile(u)
        for wave in self._waves:
            out += wave(t)
        return out
