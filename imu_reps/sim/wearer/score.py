"""The score of a set: one commanded curve per joint, a clock that runs while it is written.

All segments' angles in the sagittal plane are pitches in the world, about the axis to the person's right:
0 lying, -90 upright (standing or hanging), 90 for a leg straight up while lying.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from imu_reps.domain.samples import FloatArray
from imu_reps.sim.wearer.curves import Curve, Profile, minimum_jerk, window
from imu_reps.sim.wearer.set_plan import RepPlan

Joint = Literal["shank", "knee", "pelvis", "roll", "obliquity", "heading", "forward", "up"]
JOINTS: tuple[Joint, ...] = ("shank", "knee", "pelvis", "roll", "obliquity", "heading", "forward", "up")
Pose = dict[Joint, float]
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class CommandedExcursion:
    """When one `RepPlan` was commanded.

    Attributes
    ----------
    plan : RepPlan
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
        Where the writing has got to.
    origin_deg : float
        Shank pitch at which leg elevation (docs/definitions.md#angles) is 0.
    posture_s : tuple of float
        Begin and end of the stretch in the posture of the exercise.
    rest_s : tuple of float
        Begin of the rest before the first excursion, end of the rest after the last.
    breaks_s : list of tuple of float
        Stretches in which the set is broken off.
    excursions : list of CommandedExcursion
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
        """Begin of the first excursion and end of the last; of none, the whole stretch in the posture."""
        if not self.excursions:
            return self.posture_s
        return self.excursions[0].start_s, self.excursions[-1].end_s

    @classmethod
    def from_pose(cls, pose: Pose) -> Score:
        """A score that begins at rest in `pose`."""
        return cls({joint: Curve(pose.get(joint, 0.0)) for joint in JOINTS})

    def in_posture(self, t: FloatArray, *, edge_s: float) -> FloatArray:
        """1 in the posture of the exercise, 0 outside, smooth where the recording goes on beyond it."""
        start_s, end_s = self.posture_s
        begin = start_s - edge_s if start_s == 0.0 else start_s
        end = end_s + edge_s if end_s + edge_s > t[-1] else end_s
        return window(t, begin, end, edge_s)

    def wait(self, duration_s: float) -> None:
        """Let time pass at rest."""
        self.now_s += duration_s

    def move(self, duration_s: float, pose: Pose, profile: Profile = minimum_jerk) -> None:
        """Move all joints of `pose` there together."""
        for joint, value in pose.items():
            self.curves[joint].move(self.now_s, duration_s, value, profile)
        self.now_s += duration_s

    def there_and_back(self, duration_s: float, pose: Pose, hold_s: float = 0.0) -> None:
        """Move to `pose`, stay, and back to where the joints were; `duration_s` is of the moves."""
        before: Pose = {joint: self.curves[joint].value for joint in pose}
        self.move(duration_s / 2.0, pose)
        if hold_s:
            self.wait(hold_s)
        self.move(duration_s / 2.0, before)

    def wave(
        self, joint: Joint, duration_s: float, wave: Callable[[FloatArray], FloatArray], edge_s: float = 0.6
    ) -> None:
        """Lay `wave`, a function of the time from now, over a joint for `duration_s`, with smooth edges."""
        start_s = self.now_s
        edge_s = min(edge_s, duration_s / 2.0)
        self.curves[joint].wave(
            lambda t: window(t, start_s, start_s + duration_s, edge_s) * wave(t - start_s)
        )
