"""Involuntary motion on top of the score.

The pelvis follows the leg's lift and has the planned faults, breathing and tremor. A person's legs also
wander, feet fall outward, hips roll, and the other leg moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.random import Generator

from imu_reps.domain.samples import FloatArray
from imu_reps.sim.wearer.score import CommandedExcursion, Curve, Score, bump, smoothstep
from imu_reps.sim.wearer.set_plan import BodyPlan, SetPlan


@dataclass(frozen=True, slots=True)
class PelvisResponse:
    """The pelvis's own motion on top of its resting pose, in degrees.

    Attributes
    ----------
    pitch_deg : (n,) float
        Posterior positive (about the axis to the right).
    roll_deg : (n,) float
        Right side rising positive (about the axis to the head).
    """

    pitch_deg: FloatArray
    roll_deg: FloatArray


def respond(
    plan: SetPlan,
    score: Score,
    t: FloatArray,
    elevation_deg: FloatArray,
    lift_deg: FloatArray,
    rng: Generator,
) -> PelvisResponse:
    """Return the response of the pelvis to the commanded leg.

    Parameters
    ----------
    t : (n,) float
    elevation_deg : (n,) float
        Commanded leg elevation.
    lift_deg : (n,) float
        Hip flexion that moves the pelvis.
    """
    inside = (t >= score.posture_s[0]) & (t <= score.posture_s[1])
    natural = np.where(inside, plan.body.share * lift_deg, 0.0)
    pitch, roll, load = natural.copy(), np.zeros_like(t), np.zeros_like(t)
    for k, excursion in enumerate(score.excursions):
        following = score.excursions[k + 1].lowering[0] if k + 1 < len(score.excursions) else np.inf
        _arch(pitch, natural, t, elevation_deg, excursion, following)
        _let_go(pitch, natural, t, excursion)
        span = slice(*np.searchsorted(t, (excursion.start_s, excursion.end_s)))
        out = _share_gone(elevation_deg[span], excursion)
        roll[span] = plan.rotation_sign * _rotation(out, excursion, plan.body)
        load[span] = smoothstep(out / 0.25)
    breath = np.sin(2 * np.pi * plan.body.breathing_hz * t)
    pitch += plan.body.breathing_deg * score.in_posture(t, edge_s=1.0) * breath
    pitch += load * shake(t, plan.body.tremor_hz, plan.body.tremor_dps, rng)
    roll += load * shake(t, 1.1 * plan.body.tremor_hz, 0.5 * plan.body.tremor_dps, rng)
    return PelvisResponse(pitch, roll)


def shake(t: FloatArray, middle_hz: float, rms_dps: float, rng: Generator) -> FloatArray:
    """Return narrow-band tremor of a given RMS angular rate: three sines around `middle_hz`, in degrees."""
    frequencies = 2 * np.pi * middle_hz * np.array([0.85, 1.0, 1.2]) * rng.uniform(0.97, 1.03, 3)
    phases = rng.uniform(0.0, 2 * np.pi, 3)
    amplitude_dps = rms_dps * np.sqrt(2.0 / 3.0)
    if rms_dps == 0.0:
        return np.zeros_like(t)
    waves = [amplitude_dps / w * np.sin(w * t + p) for w, p in zip(frequencies, phases, strict=True)]
    return np.asarray(np.sum(waves, axis=0))


def excursion_share(t: FloatArray, elevation_deg: FloatArray, score: Score) -> FloatArray:
    """Return the excursion of the leg: 0 at its resting end, 1 at the far end."""
    out = np.zeros_like(t)
    for excursion in score.excursions:
        span = slice(*np.searchsorted(t, (excursion.start_s, excursion.end_s)))
        out[span] = _share_gone(elevation_deg[span], excursion)
    return out


def _share_gone(elevation_deg: FloatArray, excursion: CommandedExcursion) -> FloatArray:
    rep = excursion.plan
    if excursion.rising < excursion.lowering:
        rest, far = max(excursion.start_deg, excursion.end_deg), rep.top_deg
    else:
        rest, far = min(excursion.start_deg, excursion.end_deg), rep.bottom_deg
    return np.asarray(np.clip((elevation_deg - rest) / (far - rest), 0.0, None))


def _arch(
    pitch: FloatArray,
    natural: FloatArray,
    t: FloatArray,
    elevation_deg: FloatArray,
    excursion: CommandedExcursion,
    following_s: float,
) -> None:
    """Blend the natural tilt into the arch as the leg sinks, and back once it rests or rises."""
    faults, (start_s, end_s) = excursion.plan.faults, excursion.lowering
    if faults.arch_deg == 0.0:
        return
    top, bottom = excursion.plan.top_deg, excursion.plan.bottom_deg
    below = min(faults.arch_below_deg, top - 0.1 * (top - bottom))
    begin, end = np.searchsorted(t, (start_s, end_s))
    held_s = max(0.0, excursion.rising[0] - end_s) or min(0.4, 0.3 * (following_s - end_s))
    freed = smoothstep((t - end_s - held_s) / min(0.8, 0.5 * (following_s - end_s)))
    weight = np.zeros_like(t)
    weight[begin:end] = smoothstep((below - elevation_deg[begin:end]) / (below - bottom))
    weight[end:] = 1.0 - freed[end:]
    pitch += weight * (-faults.arch_deg - natural)


def _let_go(pitch: FloatArray, natural: FloatArray, t: FloatArray, excursion: CommandedExcursion) -> None:
    """Blend into the arch of a hold as the back lets go, and back as the leg is lowered."""
    hold = excursion.plan.hold
    if hold is None or hold.arch_deg == 0.0:
        return
    letting = smoothstep((t - excursion.rising[1] - hold.arch_from_s) / hold.arch_takes_s)
    start_s, end_s = excursion.lowering
    weight = letting * (1.0 - smoothstep((t - start_s) / (end_s - start_s)))
    pitch += weight * (-hold.arch_deg - natural)


def _rotation(out: FloatArray, excursion: CommandedExcursion, body: BodyPlan) -> FloatArray:
    """Return the rotation of one excursion; zero at its ends."""
    faults = excursion.plan.faults
    growing = smoothstep((out - 0.1) / 0.8)
    if faults.rotation_shape == "grows":
        return np.asarray((body.rotation_deg + faults.rotation_deg) * growing)
    return np.asarray(body.rotation_deg * growing + faults.rotation_deg * bump(out, 0.55, 0.4))


@dataclass(frozen=True, slots=True)
class StirringHabits:
    """How a body stirs: frequencies in Hz, times in seconds; ours."""

    #: Frequency range of a wandering leg, and its number of waves: ours.
    wander_hz: tuple[float, float] = (0.25, 1.2)
    waves: int = 10
    #: Interval of small changes of position, and range of their duration, in seconds: ours.
    shift_every_s: float = 6.0
    shift_takes_s: tuple[float, float] = (0.5, 1.5)
    #: Times before and into a lift between which the foot turns straight, and falls likewise: ours.
    straightens_s: tuple[float, float] = (0.35, 0.25)
    falls_s: tuple[float, float] = (0.1, 0.7)
    #: Minimum rest for the foot to fall outward.
    short_rest_s: float = 1.2
    #: Minimum pause for the other leg to move.
    short_pause_s: float = 1.5
    #: Share of a leg's wandering that moves the pelvis, and roll by the other leg: ours.
    pelvis_wanders: float = 0.1
    other_hip_deg: float = 2.0


STIRRING = StirringHabits()


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
    """Return the motion that a `PersonPlan` adds to the leg and the pelvis.

    Parameters
    ----------
    out : (n,) float
        Excursion of the leg: 0 at its resting end, 1 at the far end.
    """
    person, inside = plan.person, score.in_posture(t, edge_s=1.0)
    flexion, abduction, turnout, roll = (
        inside * share * _wander(t, person.wander_dps, person.shift_deg, rng)
        for share in (0.5, 0.5, 1.0, STIRRING.pelvis_wanders)
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
        roll_deg=roll
        - plan.rotation_sign * STIRRING.other_hip_deg * other * float(person.other_leg_deg > 0.0),
    )


def _wander(t: FloatArray, rms_dps: float, shift_deg: float, rng: Generator) -> FloatArray:
    """Return waves of equal angular rate over the band, on a position that changes occasionally."""
    band, waves = STIRRING.wander_hz, STIRRING.waves
    frequency = 2 * np.pi * np.geomspace(*band, waves) * rng.uniform(0.9, 1.1, waves)
    phase, amplitude_dps = rng.uniform(0.0, 2 * np.pi, waves), rms_dps * np.sqrt(2.0 / waves)
    count = max(1, round(float(t[-1]) / STIRRING.shift_every_s))
    at_s, takes_s = rng.uniform(0.0, t[-1], count), rng.uniform(*STIRRING.shift_takes_s, count)
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
    """Return the strength of a hip's habit in each excursion: 0.6 to 1.4."""
    starts_s = [e.start_s for e in score.excursions]
    shown = np.concatenate([[1.0], rng.uniform(0.6, 1.4, len(starts_s))])
    return np.asarray(shown[np.searchsorted(starts_s, t, side="right")])


def _fallen(plan: SetPlan, score: Score, t: FloatArray) -> FloatArray:
    """Return 1 where the foot has fallen outward, 0 where it is held straight."""
    curve = Curve(1.0)
    before_s, into_s = STIRRING.straightens_s
    held_s, falls_s = STIRRING.falls_s
    for start_s, end_s in _lifted(plan, score):
        begin_s = max(0.0, start_s - before_s)
        curve.move(begin_s, start_s + into_s - begin_s, 0.0)
        curve.move(end_s - held_s, held_s + falls_s, 1.0)
    return curve.sample(t)


def _lifted(plan: SetPlan, score: Score) -> list[tuple[float, float]]:
    """Return stretches in which the foot is held; lifts with short rests between are merged."""
    if plan.resting_end == "high":
        begin_s = score.rest_s[0] - (plan.life.lift_s if plan.life.floor_stretch else 0.0)
        return [(begin_s, score.rest_s[1] + plan.life.lowering_s)]
    lifts: list[tuple[float, float]] = []
    for e in score.excursions:
        joined = lifts and e.start_s - lifts[-1][1] < STIRRING.short_rest_s
        lifts[-1:] = [(lifts[-1][0], e.end_s)] if joined else [*lifts[-1:], (e.start_s, e.end_s)]
    return lifts


def _other_leg(t: FloatArray, score: Score) -> FloatArray:
    """Return the lift of the other leg, 0 to 1, in every pause that is long enough and not a break."""
    up = np.zeros_like(t)
    for one, following in pairwise(score.excursions):
        pause_s, middle_s = following.start_s - one.end_s, 0.5 * (following.start_s + one.end_s)
        broken = any(begin_s < middle_s < end_s for begin_s, end_s in score.breaks_s)
        if pause_s >= STIRRING.short_pause_s and not broken:
            up += bump(t, middle_s, 0.5 * pause_s)
    return up
