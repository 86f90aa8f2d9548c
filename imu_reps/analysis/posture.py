"""Posture of a finished set: lying, hanging, ready; and the pelvis's axes from how it was strapped on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from imu_reps.analysis.alignment import Rest, rests_in
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.kinematics.holes import bridged_columns
from imu_reps.kinematics.motion import GridMotion, Motion
from imu_reps.kinematics.mounting import (
    LEFT_DEG,
    PelvisAxes,
    axis_vector,
    lean_deg,
    pelvis_axes_from_rocks,
    pelvis_axes_hanging,
    pelvis_axes_supine,
    ready_deg,
    unit,
)

#: Pelvic rocks: how far they tip, how closely they come back, and what the leg may do meanwhile.
ROCK_DEG = (4.0, 40.0)
ROCK_RETURN_DEG = 6.0
ROCK_LEG_DEG = 8.0

#: About three rocks are asked for; a single movement may be anything.
FEWEST_ROCKS = 2


@dataclass(frozen=True, slots=True)
class Posture:
    """Over the whole recording.

    Attributes
    ----------
    in_posture, ready : (n,) bool
        The pelvis has not left lying (hanging); it is there and everything is still.
    checked : bool
        False without a pelvis sensor, or when its axes are unknown.
    cranial : (3,) float or None
        Sensor axis that points to the head; None: unknown.
    not_before : int
        A set cannot be ready before this tick: pelvic rocks come first.
    """

    in_posture: BoolArray
    ready: BoolArray
    checked: bool
    cranial: FloatArray | None
    not_before: int = 0


def find_posture(motion: Motion, header: Header) -> Posture:
    """Whether and when the person was in posture and ready."""
    still = all_still(motion)
    if motion.pelvis is None:
        return Posture(np.ones(len(motion), bool), still, checked=False, cranial=None)
    if header.pelvis.alignment == "functional":
        return _posture_after_rocks(motion, motion.pelvis, still, ready_deg(header.start))
    cranial = axis_vector(header.pelvis.cranial_axis or "+y")
    lean = lean_deg(bridged_columns(motion.pelvis.up), cranial, header.posture)
    return Posture(lean < LEFT_DEG, still & (lean < ready_deg(header.start)), checked=True, cranial=cranial)


def all_still(motion: Motion) -> BoolArray:
    """Where every sensor there is was still."""
    still = np.ones(len(motion), bool)
    for sensor in (motion.pelvis, motion.ankle):
        if sensor is not None:
            still &= sensor.still
    return still


def _posture_after_rocks(motion: Motion, pelvis: GridMotion, still: BoolArray, within_deg: float) -> Posture:
    rocks = find_rocks(motion, pelvis)
    if rocks is None:
        return Posture(np.ones(len(motion), bool), still, checked=False, cranial=None)
    axes, after = rocks
    lean = np.degrees(np.arccos(np.clip(bridged_columns(pelvis.up) @ axes.matrix[0], -1.0, 1.0)))
    return Posture(lean < LEFT_DEG, still & (lean < within_deg), True, axes.matrix[1], after)


def find_rocks(motion: Motion, pelvis: GridMotion) -> tuple[PelvisAxes, int] | None:
    """Axes from the first pelvic rocks, and the tick from which on they are over; None without rocks.

    Rocks lie between two rests with the same direction of up, tip the pelvis and leave the leg where it is.
    """
    up = bridged_columns(pelvis.up)
    ankle = None if motion.ankle is None else bridged_columns(motion.ankle.up)
    rests = rests_in(pelvis.still)
    for before, after in pairwise(rests):
        start, end = _mean_up(up, before), _mean_up(up, after)
        between = slice(before.end, after.start)
        swing = _angle_deg(up[between], start)
        if len(swing) == 0 or not ROCK_DEG[0] < swing.max() < ROCK_DEG[1] or _times(swing) < FEWEST_ROCKS:
            continue
        if _angle_deg(end[None], start)[0] > ROCK_RETURN_DEG:
            continue
        if ankle is None or _angle_deg(ankle[between], ankle[before.end - 1]).max() < ROCK_LEG_DEG:
            return pelvis_axes_from_rocks(start, up[between]), after.seen
    return None


def _times(swing: FloatArray) -> int:
    """How often it swings past half its greatest angle."""
    return int((np.diff((swing > swing.max() / 2.0).astype(np.int8), prepend=0) > 0).sum())


def pelvis_axes_at(up: FloatArray, cranial: FloatArray, header: Header) -> PelvisAxes:
    """Body axes at a rest with mean direction `up`."""
    if header.posture == "hanging":
        return pelvis_axes_hanging(up, axis_vector(header.pelvis.anterior_axis or "+z"))
    return pelvis_axes_supine(up, cranial)


def _mean_up(up: FloatArray, rest: Rest) -> FloatArray:
    return unit(up[rest.start : rest.end].mean(axis=0))


def _angle_deg(up: FloatArray, reference: FloatArray) -> FloatArray:
    return np.asarray(np.degrees(np.arccos(np.clip(up @ reference, -1.0, 1.0))))
