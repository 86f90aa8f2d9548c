"""Activities around the set: standing, walking, lying down, shuffling, sitting up, hanging up.

Each starts where the previous one ended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.random import Generator

from imu_reps.sim.wearer.score import Pose, Score
from imu_reps.sim.wearer.set_plan import Act, Activity

STANDING: Pose = {"pelvis": -90.0, "shank": -90.0, "knee": 0.0, "up": 0.95}
SQUATTING: Pose = {"pelvis": -75.0, "shank": -62.0, "knee": 112.0, "up": 0.14}
SITTING: Pose = {"pelvis": -72.0, "shank": 0.0, "knee": 0.0, "up": 0.12}
LYING: Pose = {"pelvis": 0.0, "shank": 0.0, "knee": 0.0, "up": 0.10}
LYING_KNEES_BENT: Pose = {"pelvis": 0.0, "shank": -48.0, "knee": 98.0, "up": 0.10}
TABLETOP: Pose = {"shank": 0.0, "knee": 90.0}
HANGING: Pose = {"pelvis": -90.0, "shank": -90.0, "knee": 0.0, "up": 1.25}

_UPRIGHT: frozenset[Activity] = frozenset({"stand", "walk", "lie_down", "hang_up"})


@dataclass(frozen=True, slots=True)
class Actor:
    """Writes the activities of a person around the set into a score.

    Attributes
    ----------
    rest : Pose
        Pose of the person between acts.
    rng : Generator
        Generator of the small variations.
    """

    score: Score
    rest: Pose
    rng: Generator

    def do(self, acts: tuple[Act, ...]) -> None:
        """Do the acts, one after another."""
        deeds: dict[Activity, Callable[[float], None]] = {
            "stand": self._stand,
            "walk": self._walk,
            "lie_down": self._lie_down,
            "shuffle": self._shuffle,
            "fidget": self._fidget,
            "still": self.score.wait,
            "sit_up": partial(self.score.move, pose=SITTING),
            "stand_up": self._stand_up,
            "hang_up": self._hang_up,
            "let_go": partial(self.score.move, pose=STANDING),
        }
        for act in acts:
            deeds[act.activity](act.duration_s)

    def _stand(self, duration_s: float) -> None:
        sway_hz = self.rng.uniform(0.2, 0.4)
        self.score.wave("pelvis", duration_s, lambda t: 1.0 * np.sin(2 * np.pi * sway_hz * t))
        self.score.wave("shank", duration_s, lambda t: 0.6 * np.sin(2 * np.pi * sway_hz * t))
        self.score.wait(duration_s)

    def _walk(self, duration_s: float) -> None:
        score, stride = self.score, 2 * np.pi * self.rng.uniform(0.55, 0.95)
        score.wave("shank", duration_s, lambda t: -10.0 + 35.0 * np.sin(stride * t), 1.2)
        score.wave("knee", duration_s, lambda t: 30.0 - 26.0 * np.sin(stride * t + 1.1), 1.2)
        score.wave("pelvis", duration_s, lambda t: 2.0 * np.sin(2 * stride * t))
        score.wave("roll", duration_s, lambda t: 5.0 * np.sin(stride * t))
        score.wave("obliquity", duration_s, lambda t: 4.0 * np.sin(stride * t + 0.5))
        score.wave("up", duration_s, lambda t: 0.02 * np.cos(2 * stride * t))
        # a turn, then straight on, so that the person does not slide sideways
        turn_s = min(2.0, duration_s / 3.0)
        score.move(turn_s, {"heading": score.curves["heading"].value + self.rng.uniform(-120.0, 120.0)})
        score.move(duration_s - turn_s, {"forward": score.curves["forward"].value + duration_s - turn_s})

    def _lie_down(self, duration_s: float) -> None:
        self.score.move(0.45 * duration_s, SQUATTING)
        lean = float(self.rng.uniform(-12.0, 12.0))
        half = 0.275 * duration_s
        self.score.curves["roll"].move(self.score.now_s, half, lean)
        self.score.curves["roll"].move(self.score.now_s + half, half, 0.0)
        self.score.move(2.0 * half, self.rest)

    def _shuffle(self, duration_s: float) -> None:
        """Shuffle: the pelvis lifts, turns and slides, one knee bends, the heel slides along."""
        tilt, roll, turn = self.rng.uniform((-8.0, -8.0, -6.0), (8.0, 8.0, 6.0))
        knee = self.rng.uniform(15.0, 45.0)
        score = self.score
        rest = {joint: score.curves[joint].value for joint in ("pelvis", "shank", "knee", "up", "heading")}
        there: Pose = {
            "pelvis": rest["pelvis"] + tilt,
            "roll": roll,
            "heading": rest["heading"] + turn,
            "up": rest["up"] + 0.03,
            "shank": rest["shank"] - knee / 2.0,
            "knee": rest["knee"] + knee,
        }
        back: Pose = {**self.rest, "roll": 0.0, "heading": rest["heading"] + self.rng.uniform(-3.0, 3.0)}
        score.move(0.5 * duration_s, there)
        score.move(0.5 * duration_s, back)

    def _fidget(self, duration_s: float) -> None:
        """Lift the leg by less than a repetition and put it down."""
        lift = self.rng.uniform(2.0, 6.5)
        pose: Pose = {
            "shank": self.score.curves["shank"].value + lift,
            "roll": float(self.rng.uniform(-2.0, 2.0)),
        }
        self.score.there_and_back(duration_s, pose)

    def _stand_up(self, duration_s: float) -> None:
        self.score.move(0.5 * duration_s, SQUATTING)
        self.score.move(0.5 * duration_s, STANDING)

    def _hang_up(self, duration_s: float) -> None:
        """Reach up, take the bar, let the legs swing out."""
        self.score.move(0.5 * duration_s, HANGING)
        swing_hz = self.rng.uniform(0.4, 0.5)
        self.score.wave(
            "shank",
            0.5 * duration_s,
            lambda t: 12.0 * np.exp(-0.8 * t) * np.sin(2 * np.pi * swing_hz * t),
            1.0,
        )
        self.score.wait(0.5 * duration_s)


def first_pose(acts: tuple[Act, ...], rest: Pose) -> Pose:
    """Return the initial pose for these acts; `rest` if there are none."""
    upright = bool(acts) and acts[0].activity in _UPRIGHT
    return STANDING if upright else rest
