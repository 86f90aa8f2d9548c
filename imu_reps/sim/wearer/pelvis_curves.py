"""What the pelvis does while the leg moves: its natural share, and the faults asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from imu_reps.domain.samples import FloatArray
from imu_reps.sim.wearer.curves import bump, smoothstep
from imu_reps.sim.wearer.score import CommandedExcursion, Score
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
    """The pelvis's answer to the commanded leg.

    Parameters
    ----------
    t : (n,) float
    elevation_deg : (n,) float
        Commanded leg elevation.
    lift_deg : (n,) float
        Hip flexion the pelvis takes its share of.
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
    pitch += _breathing(plan.body, score, t)
    pitch += load * shake(t, plan.body.tremor_hz, plan.body.tremor_dps, rng)
    roll += load * shake(t, 1.1 * plan.body.tremor_hz, 0.5 * plan.body.tremor_dps, rng)
    return PelvisResponse(pitch, roll)


def shake(t: FloatArray, middle_hz: float, rms_dps: float, rng: Generator) -> FloatArray:
    """Narrow-band shake of the given RMS angular rate: three sines around `middle_hz`, in degrees."""
    frequencies = 2 * np.pi * middle_hz * np.array([0.85, 1.0, 1.2]) * rng.uniform(0.97, 1.03, 3)
    phases = rng.uniform(0.0, 2 * np.pi, 3)
    amplitude_dps = rms_dps * np.sqrt(2.0 / 3.0)
    if rms_dps == 0.0:
        return np.zeros_like(t)
    waves = [amplitude_dps / w * np.sin(w * t + p) for w, p in zip(frequencies, phases, strict=True)]
    return np.asarray(np.sum(waves, axis=0))


def excursion_share(t: FloatArray, elevation_deg: FloatArray, score: Score) -> FloatArray:
    """How far out the leg is: 0 at its resting end, 1 at the far end of the excursion."""
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
    """Blend the natural tilt over into the arch as the leg sinks, and back once it rests or rises."""
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
    """Blend over into the arch of a hold as the back lets go, and back as the leg is lowered."""
    hold = excursion.plan.hold
    if hold is None or hold.arch_deg == 0.0:
        return
    letting = smoothstep((t - excursion.rising[1] - hold.arch_from_s) / hold.arch_takes_s)
    start_s, end_s = excursion.lowering
    weight = letting * (1.0 - smoothstep((t - start_s) / (end_s - start_s)))
    pitch += weight * (-hold.arch_deg - natural)


def _rotation(out: FloatArray, excursion: CommandedExcursion, body: BodyPlan) -> FloatArray:
    """Rotation of one excursion from how far out the leg is; zero at its ends."""
    faults = excursion.plan.faults
    growing = smoothstep((out - 0.1) / 0.8)
    if faults.rotation_shape == "grows":
        return np.asarray((body.rotation_deg + faults.rotation_deg) * growing)
    return np.asarray(body.rotation_deg * growing + faults.rotation_deg * bump(out, 0.55, 0.4))


def _breathing(body: BodyPlan, score: Score, t: FloatArray) -> FloatArray:
    breath = np.sin(2 * np.pi * body.breathing_hz * t)
    return np.asarray(body.breathing_deg * score.in_posture(t, edge_s=1.0) * breath)
