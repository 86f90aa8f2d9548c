"""The body as rigid segments: pelvis, thigh, shank, and the two sensors on them; their orientations.

World axes: X toward the head of a person lying with heading 0, Y to the person's right, Z up. Segment axes
(ISB): x anterior, y cranial, z right. A lying, level segment has x up, y along X, z along Y.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np
from numpy.random import Generator
from scipy.spatial.transform import Rotation

from imu_reps.domain.samples import FloatArray
from imu_reps.sim.wearer.choreography import LYING, LYING_KNEES_BENT, TABLETOP
from imu_reps.sim.wearer.involuntary import PelvisResponse, Unrest, excursion_share, respond, shake, stir
from imu_reps.sim.wearer.score import JOINTS, Joint, Score, bump, smoothstep, window
from imu_reps.sim.wearer.sensor_plan import Vector
from imu_reps.sim.wearer.set_plan import SetPlan

_BLOCK = 16384

#: Rows x, y, z, w; rows of a single instant are broadcast.
_Rows = FloatArray | tuple[FloatArray, FloatArray, FloatArray, FloatArray]


@dataclass(frozen=True, slots=True)
class Orientations:
    """Orientations, from body axes to the world.

    Attributes
    ----------
    xyzw : (4, n) float
        Of length 1.
    """

    xyzw: FloatArray

    @classmethod
    def about(cls, order: Literal["Z", "ZYX", "ZXY"], *angles_deg: FloatArray) -> Orientations:
        """Rotate about the body's own axes, one after another.

        Parameters
        ----------
        order : str
            Axes, the first outermost.
        *angles_deg : (n,) float
            An angle for each axis.
        """
        xyzw = np.empty((4, len(angles_deg[0])))
        for block in _blocks(xyzw):
            turns = (_about(axis, angle[block]) for axis, angle in zip(order, angles_deg, strict=True))
            _normalise(reduce(_product, turns), xyzw[:, block])
        return cls(xyzw)

    @classmethod
    def by(cls, rotation_vectors_deg: FloatArray) -> Orientations:
        """Create orientations from rotation vectors (n, 3)."""
        return cls(np.ascontiguousarray(Rotation.from_rotvec(rotation_vectors_deg, degrees=True).as_quat().T))

    def __len__(self) -> int:
        return int(self.xyzw.shape[1])

    def __getitem__(self, kept: slice) -> Orientations:
        return Orientations(self.xyzw[:, kept])

    def after(self, inner: Orientations | Rotation) -> Orientations:
        """Compose: first `inner`, then these."""
        single = isinstance(inner, Rotation)
        turns = inner.as_quat()[:, None] if isinstance(inner, Rotation) else inner.xyzw
        xyzw = np.empty_like(self.xyzw)
        for block in _blocks(xyzw):
            _normalise(_product(self.xyzw[:, block], turns if single else turns[:, block]), xyzw[:, block])
        return Orientations(xyzw)

    def inverse(self) -> Orientations:
        """Return the inverse, from the world to body axes."""
        return Orientations(self.xyzw * np.array([[-1.0], [-1.0], [-1.0], [1.0]]))

    def apply(self, vectors: FloatArray) -> FloatArray:
        """Rotate vectors (n, 3), or one (3,) for all, to (n, 3)."""
        columns = np.broadcast_to(vectors, (len(self), 3)).T
        turned = np.empty((3, len(self)))
        for block in _blocks(turned):
            a, b, c = columns[:, block]
            for row, (of_a, of_b, of_c) in zip(turned, _matrix(*self.xyzw[:, block]), strict=True):
                row[block] = of_a * a + of_c * c + of_b * b
        return turned.T

    def rotation_vectors_deg(self) -> FloatArray:
        """Return rotation vectors (n, 3) of rotations below 180°."""
        x, y, z, w = self.xyzw
        sine = np.sqrt(x * x + y * y + z * z)
        # the angle over the sine of its half; 2 in the limit of 0
        scale = np.where(sine > 1e-12, 2.0 * np.arctan2(sine, w) / np.maximum(sine, 1e-12), 2.0)
        return np.asarray(np.degrees(self.xyzw[:3] * scale).T)


def _blocks(rows: FloatArray) -> Iterator[slice]:
    count = rows.shape[1]
    return (slice(begin, min(begin + _BLOCK, count)) for begin in range(0, count, _BLOCK))


def _about(axis: str, angle_deg: FloatArray) -> _Rows:
    """Return rotations about one axis; a single one for a joint at rest."""
    if (angle_deg == angle_deg[0]).all():
        angle_deg = angle_deg[:1]
    half, none = np.radians(angle_deg) / 2.0, np.zeros(1)
    rows = [none, none, none, np.cos(half)]
    rows["XYZ".index(axis)] = np.sin(half)
    return rows[0], rows[1], rows[2], rows[3]


def _product(p: _Rows, q: _Rows) -> _Rows:
    """Return the Hamilton product."""
    (px, py, pz, pw), (qx, qy, qz, qw) = p, q
    return (
        pw * qx + px * qw + py * qz - pz * qy,
        pw * qy - px * qz + py * qw + pz * qx,
        pw * qz + px * qy - py * qx + pz * qw,
        pw * qw - px * qx - py * qy - pz * qz,
    )


def _normalise(rows: _Rows, into: FloatArray) -> None:
    x, y, z, w = rows
    length = np.sqrt(x * x + y * y + z * z + w * w)
    for row, component in zip(into, rows, strict=True):
        np.divide(component, length, out=row)


def _matrix(
    x: FloatArray, y: FloatArray, z: FloatArray, w: FloatArray
) -> Iterator[tuple[FloatArray, FloatArray, FloatArray]]:
    """Return the rows of the rotation matrices."""
    xx, yy, zz, ww = x * x, y * y, z * z, w * w
    xy, xz, yz, xw, yw, zw = x * y, x * z, y * z, x * w, y * w, z * w
    yield xx - yy - zz + ww, 2.0 * (xy - zw), 2.0 * (xz + yw)
    yield 2.0 * (xy + zw), -xx + yy - zz + ww, 2.0 * (yz - xw)
    yield 2.0 * (xz - yw), 2.0 * (yz + xw), -xx - yy + zz + ww


#: Sampling rate of the commanded motion.
DENSE_HZ = 1000.0

#: Columns: x, y, z of a lying, level segment in the world.
LYING_FRAME = Rotation.from_matrix([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
#: Where the pelvis rests on the mat, in pelvis axes: it rolls about there, not about the hips.
_CONTACT_M = np.array([-0.09, 0.03, 0.0])
#: Pelvis sensor on the belt near the hip bone, in pelvis axes.
_PELVIS_SENSOR_M = np.array([0.08, 0.06, 0.10])
_PELVIS_ARM_M: Vector = (0.08, 0.0, 0.10)
#: From the bar to the hips.
_BAR_M = 1.15


@dataclass(frozen=True, slots=True)
class RigidMotion:
    """Motion of a point of a rigid body on the dense grid.

    Attributes
    ----------
    orientation : Orientations
        From body axes to the world, one per instant.
    position_m : (n, 3) float
        In the world.
    arm_m : Vector
        From the segment's long axis to the point, in body axes: outward through the skin.
    """

    orientation: Orientations
    position_m: FloatArray
    arm_m: Vector = (0.0, 0.0, 0.0)

    def part(self, kept: slice) -> RigidMotion:
        """Return a slice of the motion."""
        return RigidMotion(self.orientation[kept], self.position_m[kept], self.arm_m)


@dataclass(frozen=True, slots=True)
class Commanded:
    """Commanded motion of a set on the dense grid, from which sensors and ground truth are derived.

    Attributes
    ----------
    time_s : (n,) float
        From the beginning of the simulation.
    leg_elevation_deg : (n,) float
        As docs/definitions.md#angles has it.
    pelvis : Orientations
        Pelvis axes to the world (the bone, not the skin).
    pelvis_sensor, ankle_sensor : RigidMotion
        Segment axes at the sensors' places (the skin, where it slides).
    has_zero : bool
        Whether there is a floor stretch from which a tilt zero can be taken.
    reference_deg : float
        Pelvic pitch from which tilt and rotation are counted: lying flat (hanging) 0; without a floor
        stretch that of the rest with the legs up.
    """

    time_s: FloatArray
    leg_elevation_deg: FloatArray
    pelvis: Orientations
    pelvis_sensor: RigidMotion
    ankle_sensor: RigidMotion
    has_zero: bool
    reference_deg: float
    score: Score


def command(plan: SetPlan, score: Score, rng: Generator) -> Commanded:
    """Sample the score on the dense grid and assemble the segments."""
    t = np.arange(0.0, score.now_s, 1.0 / DENSE_HZ)
    joints: dict[Joint, FloatArray] = {joint: score.curves[joint].sample(t) for joint in JOINTS}
    meant = joints["shank"] - score.origin_deg
    # a separate generator, so that plans without a person keep their random numbers
    unrest = stir(plan, score, t, excursion_share(t, meant, score), rng.spawn(1)[0])
    joints["shank"] = joints["shank"] + _unsettled(plan, score, t, meant, rng)
    elevation = joints["shank"] - score.origin_deg
    lift = _lift_deg(plan, joints, elevation)
    response = respond(plan, score, t, elevation, lift, rng)
    sway = _sway_deg(plan, score, t)
    joints["shank"] = joints["shank"] + sway + unrest.flexion_deg
    joints["pelvis"] = joints["pelvis"] + sway + unrest.pitch_deg
    joints["roll"] = joints["roll"] + unrest.roll_deg
    frame = Orientations.about("Z", joints["heading"]).after(LYING_FRAME)
    pelvis = frame.after(_pelvis(joints, response, 0.0))
    skin = frame.after(_pelvis(joints, response, plan.body.skin_share))
    centre = _pelvis_path(plan, joints, sway) + _mat_roll(plan, frame, pelvis)
    hip_m = np.array([0.0, 0.0, _side(plan) * 0.09])  # half the distance of the hips
    first_resting = plan.life.floor_stretch and plan.cut.begin is None
    has_zero = plan.resting_end == "low" or first_resting
    rests_high = int(np.searchsorted(t, score.rest_s[0]))
    start_deg = TABLETOP["shank"] if plan.exercise == "heel_tap" else 0.0
    return Commanded(
        time_s=t,
        leg_elevation_deg=joints["shank"] - score.origin_deg - start_deg,
        pelvis=pelvis,
        pelvis_sensor=RigidMotion(skin, centre + skin.apply(_PELVIS_SENSOR_M), _PELVIS_ARM_M),
        ankle_sensor=_ankle_sensor(plan, joints, unrest, frame, centre + pelvis.apply(hip_m)),
        has_zero=has_zero,
        reference_deg=0.0 if has_zero else plan.body.share * float(lift[rests_high]),
        score=score,
    )


def _unsettled(
    plan: SetPlan, score: Score, t: FloatArray, elevation_deg: FloatArray, rng: Generator
) -> FloatArray:
    """Add slow unsteadiness while lifted, and jolts, to a commanded leg."""
    load = smoothstep(excursion_share(t, elevation_deg, score) / 0.25)
    added = load * shake(t, 1.2, plan.body.unsteady_dps, rng)
    lever_m = plan.body.thigh_m + plan.body.shank_m
    for excursion in score.excursions:
        faults, (start_s, end_s) = excursion.plan.faults, excursion.lowering
        if faults.jolt_mps2 > 0.0:
            begin, end = np.searchsorted(t, (start_s, end_s))
            at_s = t[begin + int(np.argmax(elevation_deg[begin:end] < faults.jolt_at_deg))]
            height_deg = np.degrees(faults.jolt_mps2 * (0.5 * faults.jolt_s) ** 2 / 8.0 / lever_m)
            added = added + height_deg * bump(t, at_s, 0.5 * faults.jolt_s)
    return np.asarray(added)


def _lift_deg(plan: SetPlan, joints: dict[Joint, FloatArray], elevation: FloatArray) -> FloatArray:
    """Return the hip flexion that moves the pelvis: the leg's, or the thigh's in a heel tap."""
    if plan.exercise != "heel_tap":
        return elevation
    resting = LYING_KNEES_BENT if plan.life.knees_bent else LYING
    return np.asarray(joints["shank"] + joints["knee"] - resting["shank"] - resting["knee"])


def _sway_deg(plan: SetPlan, score: Score, t: FloatArray) -> FloatArray:
    """Return the swing of the hanging body about the bar, during repetitions and while it hangs."""
    if plan.posture != "hanging" or not score.excursions:
        return np.zeros_like(t)
    start_s, end_s = score.excursions[0].start_s, score.excursions[-1].end_s
    swing = np.sin(2 * np.pi * plan.body.sway_hz * (t - start_s))
    all_along = plan.person.swing_deg * np.sin(2 * np.pi * plan.person.swing_hz * (t - start_s))
    by_reps = plan.body.sway_deg * window(t, start_s, end_s, 1.0) * swing
    return np.asarray(by_reps + score.in_posture(t, edge_s=2.0) * all_along)


def _pelvis(joints: dict[Joint, FloatArray], response: PelvisResponse, skin_share: float) -> Orientations:
    """Return the pelvis axes in the lying frame; the skin follows all but `skin_share` of the response."""
    follows = 1.0 - skin_share
    pitch = joints["pelvis"] + follows * response.pitch_deg
    roll = joints["roll"] + follows * response.roll_deg
    return Orientations.about("ZYX", pitch, roll, joints["obliquity"])


def _pelvis_path(plan: SetPlan, joints: dict[Joint, FloatArray], sway_deg: FloatArray) -> FloatArray:
    """Return the midpoint of the hips: path, height, and swing about the bar."""
    heading = np.radians(joints["heading"])
    facing = -np.column_stack([np.cos(heading), np.sin(heading)])
    centre = np.zeros((len(heading), 3))
    centre[:, :2] = np.cumsum(np.gradient(joints["forward"])[:, None] * facing, axis=0)
    centre[:, 2] = joints["up"]
    if plan.posture == "hanging":
        psi = np.radians(sway_deg)
        centre[:, :2] += _BAR_M * np.sin(psi)[:, None] * facing
        centre[:, 2] += _BAR_M * (1.0 - np.cos(psi))
    return centre


def _mat_roll(plan: SetPlan, frame: Orientations, pelvis: Orientations) -> FloatArray:
    """Return the shift of the hips' midpoint as a lying pelvis rolls on the mat."""
    if plan.posture == "hanging":
        return np.zeros((len(frame), 3))
    return frame.apply(_CONTACT_M) - pelvis.apply(_CONTACT_M)


def _side(plan: SetPlan) -> float:
    """+1 for the leg on the right, which with both legs wears the sensor."""
    return -1.0 if plan.side == "left" else 1.0


def _ankle_sensor(
    plan: SetPlan, joints: dict[Joint, FloatArray], unrest: Unrest, frame: Orientations, hip_m: FloatArray
) -> RigidMotion:
    body, side = plan.body, _side(plan)
    spread = -side * (body.abduction_deg + unrest.abduction_deg)
    turnout = -side * (body.turnout_deg + unrest.turnout_deg)

    def segment(pitch_deg: FloatArray) -> Orientations:
        # in this order the long axis keeps its sagittal angle for any spread and turnout
        return frame.after(Orientations.about("ZXY", pitch_deg, spread, turnout))

    shank = segment(joints["shank"])
    thigh = segment(joints["shank"] + joints["knee"]) if joints["knee"].any() else shank
    knee_m = hip_m + thigh.apply(np.array([0.0, -body.thigh_m, 0.0]))
    arm_m = (0.03, 0.0, side * 0.03)
    return RigidMotion(shank, knee_m + shank.apply(np.array([0.03, -body.shank_m, side * 0.03])), arm_m)
