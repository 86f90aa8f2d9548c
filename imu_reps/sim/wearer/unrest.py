"""What a body does beside what it means to: legs that wander, feet that fall outward, hips that give way."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.random import Generator

from imu_reps.domain.samples import FloatArray
from imu_reps.sim.wearer.curves import Curve, bump, smoothstep
from imu_reps.sim.wearer.score import Score
from imu_reps.sim.wearer.set_plan import SetPlan

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
    for w, p in zip(frequency, phase, strict=True):
        wandered += amplitude_dps / w * np.sin(w * t + p)
    for step, start_s, duration_s in zip(steps, np.sort(at_s), takes_s, strict=True):
        wandered += step * smoothstep((t - start_s) / duration_s)
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
