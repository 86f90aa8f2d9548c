"""Life around the set: standing, walking, lying down, shuffling, sitting up, hanging up.

Each act starts from wherever the one before it has ended.

What a body does beside what it means to: legs that wander, feet that fall outward, hips that give way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.random import Generator

from imu_reps.domain.samples import FloatArray
from imu_reps.sim.wearer.curves import Curve, bump, smoothstep
from imu_reps.sim.wearer.score import Pose, Score
from imu_reps.sim.wearer.set_plan import Act, Activity, SetPlan

STANDING: Pose = {"pelvis": -90.0, "shank": -90.0, "knee": 0.0, "up": 0.95}
SQUATTING: Pose = {"pelvis": -75.0, "shank": -62.0, "knee": 112.0, "up": 0.14}
SITTING: Pose = {"pelvis": -72.0, "shank": 0.0, "knee": 0.0, "up": 0.12}
LYING: Pose = {"pelvis": 0.0, "shank": 0.0, "knee": 0.0, "up": 0.10}
LYING_KNEES_BENT: Pose = {"pelvis": 0.0, "shank": -48.0, "knee": 98.0, "up": 0.10}
TABLETOP: Pose = {"shank": 0.0, "knee": 90.0}
HANGING: Pose = {"pelvis": -90.0, "shank": -90.0, "knee": 0.0, "up": 1.25}

_UPRIGHT: frozenset[Activity] = frozenset({"stand", "walk", "lie_down", "hang_up"})


@dataclass(frozen=True, slots=True)
class Liver:
    """One person living: writes acts into a score.

    Attributes
    ----------
    score : Score
    rest : Pose
        How the person lies (or hangs) between acts.
    rng : Generator
        Chance of the small variations.
    """

    score: Score
    rest: Pose
    rng: Generator

    def live(self, acts: tuple[Act, ...]) -> None:
        """Do the acts, one after another."""
        doing: dict[Activity, Callable[[float], None]] = {
            "stand": self._stand,
            "walk": self._walk,
            "lie_down": self._lie_down,
            "shuffle": self._shuffle,
            "fidget": self._fidget,
            "still": self.score.wait,
            "sit_up": self._sit_up,
            "stand_up": self._stand_up,
            "hang_up": self._hang_up,
            "let_go": self._let_go,
        }
        for act in acts:
            doing[act.activity](act.duration_s)

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
        # a turn, then straight on: two spans, so that the path is a path and not a slide
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
        """Get comfortable: the pelvis lifts, turns and slides, one knee bends, the heel slides along."""
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
        """Lift the leg a little and put it down again, less than a repetition."""
        lift = self.rng.uniform(2.0, 6.5)
        pose: Pose = {
            "shank": self.score.curves["shank"].value + lift,
            "roll": float(self.rng.uniform(-2.0, 2.0)),
        }
        self.score.there_and_back(duration_s, pose)

    def _sit_up(self, duration_s: float) -> None:
        self.score.move(duration_s, SITTING)

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

    def _let_go(self, duration_s: float) -> None:
        self.score.move(duration_s, STANDING)


def first_pose(acts: tuple[Act, ...], rest: Pose) -> Pose:
    """The pose in which a recording begins whose first acts these are; `rest` if there are none."""
    upright = bool(acts) and acts[0].activity in _UPRIGHT
    return STANDING if upright else rest


#: Lowest and highest frequency of a wandering leg, and of how many waves it is made: ours.
_WANDER_HZ = (0.25, 1.2)
_WAVES = 10
#: Seconds between two small changes of position, and how long one takes at least and at most: ours.
_SHIFT_EVERY_S = 6.0
_SHIFT_TAKES_S = (0.5, 1.5)
#: The foot is turned straight from so long before a lift until so long into it, and falls likewise: ours.
_STRAIGHTENS_S = (0.35, 0.25)
_FALLS_S = (0.1, 0.7)
#: In a shorter rest it stays straight.
_SHORT_REST_S = 1.2
#: In a shorter pause the other leg stays down.
_SHORT_PAUSE_S = 1.5
#: What the pelvis takes of a leg's wandering, and how far the other leg rolls it: ours.
_PELVIS_WANDERS = 0.1
_OTHER_HIP_DEG = 2.0


@dataclass(frozen=True, slots=True)
class Unrest:
    """Motion on top of the score, in degrees.

    Attributes
    ----------
    flexion_deg, abduction_deg, turnout_deg : (n,) float
        Of the working leg; abduction and turnout outward.
    pitch_deg, roll_deg : (n,) float
        Of the pelvis, signed as in `PelvisResponse`.
    """

    flexion_deg: FloatArray
    abduction_deg: FloatArray
    turnout_deg: FloatArray
    pitch_deg: FloatArray
    roll_deg: FloatArray


def stir(plan: SetPlan, score: Score, t: FloatArray, out: FloatArray, rng: Generator) -> Unrest:
    """Everything a `PersonPlan` adds to the leg and the pelvis.

    Parameters
    ----------
    out : (n,) float
        How far out the leg is: 0 at its resting end, 1 at the far end.
    """
    person, inside = plan.person, score.in_posture(t, edge_s=1.0)
    flexion, abduction, turnout, roll = (
        inside * share * _wander(t, person.wander_dps, person.shift_deg, rng)
        for share in (0.5, 0.5, 1.0, _PELVIS_WANDERS)
    )
    scattered = _scattered(t, score, rng)
    other = _other_leg(t, score)
    flexion = flexion + person.sympathy_deg * other
    return Unrest(
        flexion_deg=flexion,
        abduction_deg=abduction + person.hip_abduction_deg * scattered * smoothstep(out),
        turnout_deg=turnout
        + person.foot_falls_deg * _fallen(plan, score, t)
        + person.hip_roll_deg * scattered * bump(out, 0.5, 0.5),
        pitch_deg=plan.body.share * (flexion + person.other_leg_deg * other),
        roll_deg=roll - plan.rotation_sign * _OTHER_HIP_DEG * other * float(person.other_leg_deg > 0.0),
    )


def _wander(t: FloatArray, rms_dps: float, shift_deg: float, rng: Generator) -> FloatArray:
    """Waves of equal angular rate all over the band, on a position that changes now and then."""
    frequency = 2 * np.pi * np.geomspace(*_WANDER_HZ, _WAVES) * rng.uniform(0.9, 1.1, _WAVES)
    phase, amplitude_dps = rng.uniform(0.0, 2 * np.pi, _WAVES), rms_dps * np.sqrt(2.0 / _WAVES)
    count = max(1, round(float(t[-1]) / _SHIFT_EVERY_S))
    at_s, takes_s = rng.uniform(0.0, t[-1], count), rng.uniform(*_SHIFT_TAKES_S, count)
    steps = np.diff(shift_deg * rng.uniform(-1.0, 1.0, count), prepend=0.0)
    wandered = np.zeros_like(t)
    if rms_dps > 0.0:
        for w, p in zip(frequency, phase, strict=True):
            wandered += amplitude_dps / w * np.sin(w * t + p)
    if shift_deg > 0.0:
        for step, start_s, duration_s in zip(steps, np.sort(at_s), takes_s, strict=True):
            begin, end = np.searchsorted(t, (start_s, start_s + duration_s))
            wandered[begin:end] += step * smoothstep((t[begin:end] - start_s) / duration_s)
            wandered[end:] += step
    return wandered


def _scattered(t: FloatArray, score: Score, rng: Generator) -> FloatArray:
    """How much of its habit a hip shows in each excursion: 0.6 to 1.4."""
    starts_s = [e.start_s for e in score.excursions]
    shown = np.concatenate([[1.0], rng.uniform(0.6, 1.4, len(starts_s))])
    return np.asarray(shown[np.searchsorted(starts_s, t, side="right")])


def _fallen(plan: SetPlan, score: Score, t: FloatArray) -> FloatArray:
    """1 where the foot has fallen outward, 0 where it is held straight."""
    curve = Curve(1.0)
    before_s, into_s = _STRAIGHTENS_S
    held_s, falls_s = _FALLS_S
    for start_s, end_s in _lifted(plan, score):
        begin_s = max(0.0, start_s - before_s)
        curve.move(begin_s, start_s + into_s - begin_s, 0.0)
        curve.move(end_s - held_s, held_s + falls_s, 1.0)
    return curve.sample(t)


def _lifted(plan: SetPlan, score: Score) -> list[tuple[float, float]]:
    """Stretches in which the foot is held: lifts with short rests between them are one."""
    if plan.resting_end == "high":
        begin_s = score.rest_s[0] - (plan.life.lift_s if plan.life.floor_stretch else 0.0)
        return [(begin_s, score.rest_s[1] + plan.life.lowering_s)]
    lifts: list[tuple[float, float]] = []
    for e in score.excursions:
        joined = lifts and e.start_s - lifts[-1][1] < _SHORT_REST_S
        lifts[-1:] = [(lifts[-1][0], e.end_s)] if joined else [*lifts[-1:], (e.start_s, e.end_s)]
    return lifts


def _other_leg(t: FloatArray, score: Score) -> FloatArray:
    """How far up the other leg is, 0 to 1: in every pause that is long enough and no break."""
    up = np.zeros_like(t)
    for one, following in pairwise(score.excursions):
        pause_s, middle_s = following.start_s - one.end_s, 0.5 * (following.start_s + one.end_s)
        broken = any(begin_s < middle_s < end_s for begin_s, end_s in score.breaks_s)
        if pause_s >= _SHORT_PAUSE_S and not broken:
            up += bump(t, middle_s, 0.5 * pause_s)
    return up
