"""The score of a set: one smooth commanded curve per joint.

All sagittal segment angles are pitches in the world, about the axis to the person's right: 0 lying, -90
upright (standing or hanging), 90 for a leg straight up while lying. Every piece of a curve has a continuous
second derivative at its ends (rest to rest), so that accelerations have no steps except planned impacts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.sim.wearer.set_plan import RepPlan

#: Travelled share (0 to 1) as a function of elapsed share (0 to 1).
Profile = Callable[[FloatArray], FloatArray]

#: Peak over mean speed of `minimum_jerk`.
PEAK_OVER_MEAN = 1.875


def minimum_jerk(u: FloatArray) -> FloatArray:
    """Return the minimum-jerk profile from rest to rest (Flash & Hogan 1985)."""
    return np.asarray(u * u * u * (10.0 + u * (-15.0 + 6.0 * u)))


def ramped(u: FloatArray, accelerate: float, decelerate: float) -> FloatArray:
    """Return a profile with a smooth rise of speed, a plateau, and a smooth fall.

    Parameters
    ----------
    accelerate, decelerate : float
        Shares of the time, each above 0, together at most 1.
    """
    if min(accelerate, decelerate) <= 0.0 or accelerate + decelerate > 1.0 + 1e-9:
        raise ValueError(f"a ramp's shares are above 0 and at most 1 together: {accelerate}, {decelerate}")
    plateau = 1.0 / (1.0 - 0.5 * (accelerate + decelerate))
    up = np.clip(u / accelerate, 0.0, 1.0)
    down = np.clip((u - 1.0 + decelerate) / decelerate, 0.0, 1.0)
    # integrals of 3x²-2x³ and of its mirror image
    gained = accelerate * up * up * up * (1.0 - 0.5 * up)
    lost = decelerate * down * (1.0 - down * down * (1.0 - 0.5 * down))
    steady = np.clip(u - accelerate, 0.0, 1.0 - accelerate - decelerate)
    return np.asarray(plateau * (gained + steady + lost))


def arriving(u: FloatArray, end_slope: float) -> FloatArray:
    """Return a profile that begins at rest and arrives with `end_slope` times the mean speed."""
    m = end_slope
    return np.asarray(u * u * u * ((10.0 - 4.0 * m) + u * ((7.0 * m - 15.0) + (6.0 - 3.0 * m) * u)))


def stopping(u: FloatArray) -> FloatArray:
    """Return a profile from twice the mean speed to rest: a heel meeting the floor.

    Peak deceleration is 1.5 times the speed at arrival over the duration.
    """
    return np.asarray(u * (2.0 + u**2 * (u - 2.0)))


def smoothstep(x: FloatArray) -> FloatArray:
    """Return a smooth step: 0 below 0, 1 above 1, twice continuously differentiable."""
    return minimum_jerk(np.clip(x, 0.0, 1.0))


def window(t: FloatArray, start_s: float, end_s: float, edge_s: float) -> FloatArray:
    """Return a window: 1 inside, 0 outside, with smooth edges inside the span."""
    return smoothstep((t - start_s) / edge_s) * smoothstep((end_s - t) / edge_s)


def bump(t: FloatArray, centre_s: float, half_width_s: float) -> FloatArray:
    """Return a smooth bump of height 1; its greatest second derivative is 8 / half_width²."""
    x = (t - centre_s) / half_width_s
    return np.asarray(((1.0 - np.minimum(x**2, 1.0)) ** 2) ** 2)


class Curve:
    """One commanded quantity over time.

    Parameters
    ----------
    value : float
        Initial value.
    """

    def __init__(self, value: float) -> None:
        self._start = value
        self.value = value
        self._pieces: list[tuple[float, float, float, float, Profile]] = []
        self._waves: list[tuple[float, float, float, Callable[[FloatArray], FloatArray]]] = []

    def move(self, start_s: float, duration_s: float, to: float, profile: Profile = minimum_jerk) -> None:
        """Move to `to` between `start_s` and `start_s + duration_s`."""
        self._pieces.append((start_s, start_s + duration_s, self.value, to, profile))
        self.value = to

    def wave(
        self, start_s: float, duration_s: float, wave: Callable[[FloatArray], FloatArray], edge_s: float
    ) -> None:
        """Add `wave`, a function of the time since `start_s`, with smooth edges."""
        self._waves.append((start_s, start_s + duration_s, edge_s, wave))

    def sample(self, t: FloatArray) -> FloatArray:
        """Evaluate the curve at increasing times `t`."""
        out = np.full(len(t), self._start)
        starts = [*np.searchsorted(t, [p[0] for p in self._pieces]), len(t)]
        for k, (start_s, end_s, before, after, profile) in enumerate(self._pieces):
            span = slice(int(starts[k]), int(starts[k + 1]))
            u = np.clip((t[span] - start_s) / (end_s - start_s), 0.0, 1.0)
            out[span] = before + (after - before) * profile(u)
        for start_s, end_s, edge_s, wave in self._waves:
            span = slice(*np.searchsorted(t, (start_s, end_s)))
            out[span] += window(t[span], start_s, end_s, edge_s) * wave(t[span] - start_s)
        return out


Joint = Literal["shank", "knee", "pelvis", "roll", "obliquity", "heading", "forward", "up"]
JOINTS: tuple[Joint, ...] = ("shank", "knee", "pelvis", "roll", "obliquity", "heading", "forward", "up")
Pose = dict[Joint, float]
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class CommandedExcursion:
    """Times of one commanded `RepPlan`.

    Attributes
    ----------
    start_s, end_s : float
        From the beginning of the way out to the end of the way back.
    rising, lowering : tuple of float
        Begin and end of the two movements.
    start_deg, end_deg : float
        Leg elevation at the resting end before and after.
    """

    plan: RepPlan
    start_s: float
    end_s: float
    rising: Span
    lowering: Span
    start_deg: float
    end_deg: float


@dataclass(slots=True)
class Score:
    """Commanded curves of all joints.

    Attributes
    ----------
    curves : dict of Joint to Curve
        Degrees; `forward` and `up` in metres.
    now_s : float
        Current time while writing.
    origin_deg : float
        Shank pitch at which leg elevation (docs/definitions.md#angles) is 0.
    posture_s : tuple of float
        Begin and end of the stretch in the posture of the exercise.
    rest_s : tuple of float
        Begin of the rest before the first excursion, end of the rest after the last.
    breaks_s : list of tuple of float
        Breaks of the set.
    """

    curves: dict[Joint, Curve]
    now_s: float = 0.0
    origin_deg: float = 0.0
    posture_s: Span = (0.0, 0.0)
    rest_s: Span = (0.0, 0.0)
    breaks_s: list[Span] = field(default_factory=list)
    excursions: list[CommandedExcursion] = field(default_factory=list)

    @property
    def set_s(self) -> Span:
        """Begin of the first excursion and end of the last; without any, the stretch in the posture."""
        if not self.excursions:
            return self.posture_s
        return self.excursions[0].start_s, self.excursions[-1].end_s

    @classmethod
    def from_pose(cls, pose: Pose) -> Score:
        """Create a score that begins at rest in `pose`."""
        return cls({joint: Curve(pose.get(joint, 0.0)) for joint in JOINTS})

    def in_posture(self, t: FloatArray, *, edge_s: float) -> FloatArray:
        """Return 1 in the posture of the exercise, 0 outside, with smooth edges."""
        start_s, end_s = self.posture_s
        begin = start_s - edge_s if start_s == 0.0 else start_s
        end = end_s + edge_s if end_s + edge_s > t[-1] else end_s
        return window(t, begin, end, edge_s)

    def wait(self, duration_s: float) -> None:
        """Rest for some time."""
        self.now_s += duration_s

    def move(self, duration_s: float, pose: Pose, profile: Profile = minimum_jerk) -> None:
        """Move all joints of `pose` together."""
        for joint, value in pose.items():
            self.curves[joint].move(self.now_s, duration_s, value, profile)
        self.now_s += duration_s

    def there_and_back(self, duration_s: float, pose: Pose, hold_s: float = 0.0) -> None:
        """Move to `pose`, stay, and move back; `duration_s` is the duration of each move."""
        before: Pose = {joint: self.curves[joint].value for joint in pose}
        self.move(duration_s / 2.0, pose)
        if hold_s:
            self.wait(hold_s)
        self.move(duration_s / 2.0, before)

    def wave(
        self, joint: Joint, duration_s: float, wave: Callable[[FloatArray], FloatArray], edge_s: float = 0.6
    ) -> None:
        """Add `wave`, a function of the time from now, to a joint for `duration_s`, with smooth edges."""
        self.curves[joint].wave(self.now_s, duration_s, wave, min(edge_s, duration_s / 2.0))
