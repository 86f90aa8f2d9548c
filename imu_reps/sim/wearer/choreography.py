"""Write the score of a planned set, and of what is done around it: standing, walking, lying down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.random import Generator

from imu_reps.errors import RefusedValueError
from imu_reps.sim.wearer.score import (
    CommandedExcursion,
    Pose,
    Profile,
    Score,
    Span,
    arriving,
    minimum_jerk,
    ramped,
    stopping,
)
from imu_reps.sim.wearer.set_plan import Act, Activity, Ramp, RepPlan, SetPlan, SitUp, Stall, Swell

#: Length of the recording after everything has come to rest.
TAIL_S = 0.5


def choreograph(plan: SetPlan, rng: Generator) -> Score:
    """Write the whole recording: life, rest, rocks, the way to the start, the repetitions, and back.

    Raises
    ------
    RefusedValueError
        If the acts before the set do not end in the posture of the exercise, or a hanging person sits up.
    """
    if plan.person.sit_ups and plan.posture == "hanging":
        raise RefusedValueError("Nobody sits up while hanging.", hint="Leave sit-ups to who lies.")
    rest = _floor_pose(plan)
    legs_up = {**rest, **_high_pose(plan)}
    upright = bool(plan.life.before) and plan.life.before[0].activity in _UPRIGHT
    score = Score.from_pose(legs_up if _begins_high(plan) else STANDING if upright else rest)
    score.origin_deg = _origin_deg(plan)
    actor = Actor(score, rest, rng)
    score.wait(plan.person.handling_before_s)
    actor.do(plan.life.before)
    if score.curves["pelvis"].value != rest["pelvis"] or (plan.life.before and _begins_high(plan)):
        raise RefusedValueError(
            "The acts before the set do not end in its posture.", hint="End them lying down, or hanging up."
        )
    posture_from_s = score.now_s
    score.wait(plan.life.still_before_s)
    _rock(score, plan)
    _go_to_start(score, plan)
    _do_reps(score, plan)
    _go_to_floor(score, plan)
    score.wait(plan.life.rest_after_s)
    score.posture_s = (posture_from_s, score.now_s)
    if plan.resting_end == "low":
        score.rest_s = (score.rest_s[0], score.now_s)
    actor.do(plan.life.after)
    score.wait(plan.person.handling_after_s)
    score.wait(TAIL_S)
    return score


def _origin_deg(plan: SetPlan) -> float:
    return -90.0 if plan.posture == "hanging" else 0.0


def _floor_pose(plan: SetPlan) -> Pose:
    if plan.posture == "hanging":
        return HANGING
    bent = plan.exercise == "heel_tap" and plan.life.knees_bent
    return LYING_KNEES_BENT if bent else LYING


def _legs_on_floor(plan: SetPlan) -> Pose:
    floor = _floor_pose(plan)
    return {"shank": floor["shank"], "knee": floor["knee"]}


def _begins_high(plan: SetPlan) -> bool:
    return plan.resting_end == "high" and not plan.life.floor_stretch


def _high_pose(plan: SetPlan) -> Pose:
    """Return the pose of a high start: knees over hips, or straight legs up."""
    if plan.exercise == "heel_tap":
        return TABLETOP
    return {"shank": _origin_deg(plan) + (plan.reps[0].top_deg if plan.reps else 90.0)}


def _rock(score: Score, plan: SetPlan) -> None:
    for tilt_deg in plan.life.rocks_deg:
        tipped: Pose = {"pelvis": score.curves["pelvis"].value + tilt_deg}
        score.there_and_back(1.5, tipped, plan.life.rock_hold_s)
        score.wait(plan.life.rock_pause_s)
    if plan.life.rocks_deg:
        score.wait(plan.life.rock_rest_s)


def _go_to_start(score: Score, plan: SetPlan) -> None:
    score.rest_s = (score.now_s - plan.life.still_before_s, score.now_s)
    if plan.resting_end == "low":
        return
    if plan.life.floor_stretch:
        score.move(plan.life.lift_s, _high_pose(plan))
        score.rest_s = (score.now_s, score.now_s)
    score.wait(plan.life.hold_s)


def _do_reps(score: Score, plan: SetPlan) -> None:
    low = plan.resting_end == "low"
    for number, rep in enumerate(plan.reps):
        start_s, start_deg = score.now_s, score.curves["shank"].value - score.origin_deg
        knee_deg = score.curves["knee"].value
        far_knee_deg = knee_deg + rep.faults.knee_bend_deg
        touch_dps = _touch_speed_dps(rep, plan)
        if low:
            rising = _rise(score, rep, start_deg, far_knee_deg)
            sunk_deg = _stay_up(score, rep)
            lowering = _lower(score, rep, rep.top_deg - sunk_deg, knee_deg, touch_dps)
        else:
            lowering = _lower(score, rep, start_deg, far_knee_deg, touch_dps)
            _dwell(score, rep.bottom_pause_s, _swells(rep, top=False))
            rising = _rise(score, rep, score.curves["shank"].value - score.origin_deg, knee_deg)
        end_deg = score.curves["shank"].value - score.origin_deg
        score.excursions.append(
            CommandedExcursion(rep, start_s, score.now_s, rising, lowering, start_deg, end_deg)
        )
        _dwell(score, rep.bottom_pause_s if low else rep.top_pause_s, _swells(rep, top=not low))
        for sit_up in plan.person.sit_ups:
            if sit_up.after_rep == number:
                _break_off(score, plan, sit_up)


def _break_off(score: Score, plan: SetPlan, sit_up: SitUp) -> None:
    """Write a break: legs to the floor, sit up, lie down, and back into a high start."""
    left_s, floor = score.now_s, _floor_pose(plan)
    score.move(plan.life.lowering_s if plan.resting_end == "high" else 1.0, _legs_on_floor(plan))
    score.move(sit_up.up_s, SITTING)
    score.wait(sit_up.stay_s)
    score.move(sit_up.down_s, {**floor, "heading": score.curves["heading"].value + sit_up.turn_deg})
    score.wait(sit_up.rest_s)
    if plan.resting_end == "high":
        score.move(plan.life.lift_s, _high_pose(plan))
        score.wait(plan.life.hold_s)
    score.breaks_s.append((left_s, score.now_s))


def _swells(rep: RepPlan, *, top: bool) -> tuple[Swell, ...]:
    """Return the swells of one end, positive upward."""
    return tuple(Swell(-s.size_deg, s.duration_s) for s in rep.wobbles) if top else rep.bounces


def _stay_up(score: Score, rep: RepPlan) -> float:
    """Write the top pause, or hold; return how far the leg sank in it."""
    hold = rep.hold
    if hold is None or hold.sink_deg == 0.0:
        _dwell(score, rep.top_pause_s, _swells(rep, top=True))
        return 0.0
    score.wait(hold.sink_from_s)
    lower: Pose = {"shank": score.curves["shank"].value - hold.sink_deg}
    score.move(rep.top_pause_s - hold.sink_from_s, lower)
    return hold.sink_deg


def _dwell(score: Score, pause_s: float, swells: tuple[Swell, ...]) -> None:
    """Rest for `pause_s`, or longer if the swells spread over it need it."""
    spare_s = max(0.0, pause_s - sum(s.duration_s for s in swells)) / (len(swells) + 1)
    score.wait(spare_s)
    for swell in swells:
        score.there_and_back(swell.duration_s, {"shank": score.curves["shank"].value + swell.size_deg})
        score.wait(spare_s)


def _rise(score: Score, rep: RepPlan, from_deg: float, knee_deg: float) -> Span:
    way = (from_deg, rep.top_deg)
    profile = _profile(rep.concentric_ramp)
    return _travel(score, way, knee_deg, rep.concentric_s, profile, _stalls(rep, "concentric"))


def _lower(score: Score, rep: RepPlan, from_deg: float, knee_deg: float, touch_dps: float) -> Span:
    way = (from_deg, rep.bottom_deg)
    if touch_dps == 0.0:
        profile = _profile(rep.eccentric_ramp)
        return _travel(score, way, knee_deg, rep.eccentric_s, profile, _stalls(rep, "eccentric"))
    mean_dps = (from_deg - rep.bottom_deg) / rep.eccentric_s
    # a faster leg would have to rise first; a slower heel stops in less time instead
    arrival_dps = min(touch_dps, 2.4 * mean_dps)
    stop_s = rep.faults.heel_touch_s * arrival_dps / touch_dps
    profile = partial(arriving, end_slope=arrival_dps / mean_dps)
    start_s, _ = _travel(score, way, knee_deg, rep.eccentric_s, profile, ())
    score.move(stop_s, {"shank": score.curves["shank"].value - 0.5 * arrival_dps * stop_s}, stopping)
    return start_s, score.now_s


def _touch_speed_dps(rep: RepPlan, plan: SetPlan) -> float:
    """Return the speed of a heel whose stop has the fault's duration and peak deceleration."""
    faults = rep.faults
    lever_m = plan.body.thigh_m + plan.body.shank_m
    return float(np.degrees(faults.heel_touch_mps2 * faults.heel_touch_s / 1.5 / lever_m))


def _travel(
    score: Score,
    way: tuple[float, float],
    knee_deg: float,
    duration_s: float,
    profile: Profile,
    stalls: tuple[Stall, ...],
) -> Span:
    """Move the leg along `way` with its stalls, every part at the same mean speed."""
    start_s, knee_from, gone = score.now_s, score.curves["knee"].value, 0.0
    for stall in (*stalls, Stall("concentric", 1.0, 0.0)):
        share = stall.at_share - gone
        gone = stall.at_share
        elevation = way[0] + gone * (way[1] - way[0])
        pose: Pose = {"shank": score.origin_deg + elevation}
        if knee_deg != knee_from:
            pose["knee"] = knee_from + gone * (knee_deg - knee_from)
        score.move(share * duration_s, pose, profile)
        score.wait(stall.duration_s)
    return start_s, score.now_s


def _stalls(rep: RepPlan, phase: str) -> tuple[Stall, ...]:
    return tuple(sorted((s for s in rep.stalls if s.phase == phase), key=lambda s: s.at_share))


def _profile(ramp: Ramp | None) -> Profile:
    return minimum_jerk if ramp is None else partial(ramped, accelerate=ramp[0], decelerate=ramp[1])


def _go_to_floor(score: Score, plan: SetPlan) -> None:
    """Write the end of a set: the rest of the way to the floor, or a hold and lowering for a high start."""
    if plan.resting_end == "low":
        if plan.reps and abs(score.curves["shank"].value - score.origin_deg) > 0.5:
            score.move(1.5, {"shank": score.origin_deg})
        return
    score.wait(0.8)
    score.rest_s = (score.rest_s[0], score.now_s)
    if plan.life.final_lowering:
        score.move(plan.life.lowering_s, _legs_on_floor(plan))
    else:
        score.rest_s = (score.rest_s[0], score.now_s + plan.life.rest_after_s)


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
        lean = self.rng.uniform(-12.0, 12.0)
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
            "roll": self.rng.uniform(-2.0, 2.0),
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
