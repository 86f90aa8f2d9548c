"""Signs and axes: bodies turned in ISB axes, sensors in any mounting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from imu_reps.analysis.set.leg import LegFrame, LegParams, elevation_deg, lift_and_roll, swing_axis
from imu_reps.domain.exercise import Posture, Side
from imu_reps.domain.recording import Axis, axis_vector
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.mounting import (
    PelvisAxes,
    angle_about,
    components,
    cross,
    lean_deg,
    pelvis_axes_from_rocks,
    pelvis_axes_hanging,
    pelvis_axes_supine,
    tilt_and_rotation,
    with_yaw,
)
from imu_reps.kinematics.rest import AT_ONCE

UP = np.array([0.0, 0.0, 1.0])
ANTERIOR, CRANIAL, RIGHT = np.eye(3)

#: ISB axes as columns, in a world with z up. Lying: anterior is up. Hanging: cranial is up.
LYING = Rotation.from_matrix(np.column_stack([[0, 0, 1], [1, 0, 0], [0, 1, 0]]))
HANGING = Rotation.from_matrix(np.column_stack([[1, 0, 0], [0, 0, 1], [0, -1, 0]]))

vectors = st.tuples(*[st.floats(-3.0, 3.0)] * 3)
mountings = vectors.map(lambda v: Rotation.from_rotvec(np.array(v)))
degrees = st.floats(-60.0, 60.0)


def up_in_body(posture: Rotation, turn: Rotation) -> np.ndarray:
    """Return up in body axes, after the body was turned by `turn` about its own axes."""
    return np.asarray((posture * turn).inv().apply(UP))


def anterior_tilt(deg: float) -> Rotation:
    """Return a turn of the top of the pelvis forward: cranial moves towards anterior."""
    turn = Rotation.from_rotvec(-np.radians(deg) * RIGHT)
    assert deg < 1e-6 or turn.apply(CRANIAL) @ ANTERIOR > 0
    return turn


def right_side_forward(deg: float) -> Rotation:
    """Return a turn of the right side forward, which is up when lying."""
    turn = Rotation.from_rotvec(np.radians(deg) * CRANIAL)
    assert deg < 1e-6 or turn.apply(RIGHT) @ ANTERIOR > 0
    return turn


def axes_of(posture: Posture, mounting: Rotation) -> PelvisAxes:
    if posture == "supine":
        return pelvis_axes_supine(mounting.apply(ANTERIOR), mounting.apply(CRANIAL))
    return pelvis_axes_hanging(mounting.apply(CRANIAL), mounting.apply(ANTERIOR))


def angles(
    posture: Posture, turn: Rotation, mounting: Rotation, side: Side | None = None
) -> tuple[float, float]:
    stance = LYING if posture == "supine" else HANGING
    up = mounting.apply(up_in_body(stance, turn))
    tilt, rotation = tilt_and_rotation(axes_of(posture, mounting), up[None], posture, side)
    return float(tilt[0]), float(rotation[0])


@given(deg=degrees, mounting=mountings)
@settings(max_examples=50, deadline=None)
def test_anterior_tilt_is_positive_in_any_mounting(deg: float, mounting: Rotation) -> None:
    tilt, rotation = angles("supine", anterior_tilt(deg), mounting)

    assert tilt == pytest.approx(deg, abs=1e-6)
    assert rotation == pytest.approx(0.0, abs=1e-6)
    assert angles("hanging", anterior_tilt(deg), mounting)[0] == pytest.approx(deg, abs=1e-6)


@given(deg=degrees, mounting=mountings)
@settings(max_examples=50, deadline=None)
def test_rotation_that_raises_the_right_side_is_positive_in_any_mounting(
    deg: float, mounting: Rotation
) -> None:
    tilt, rotation = angles("supine", right_side_forward(deg), mounting)

    assert rotation == pytest.approx(deg, abs=1e-6)
    assert tilt == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(("side", "sign"), [("left", 1.0), ("right", -1.0), ("both", 1.0), (None, 1.0)])
def test_rotation_is_positive_if_the_side_opposite_the_working_leg_rises(
    side: Side | None, sign: float
) -> None:
    _, rotation = angles("supine", right_side_forward(12.0), Rotation.identity(), side)

    assert rotation == pytest.approx(sign * 12.0, abs=1e-6)


@given(tilt=st.floats(-40.0, 40.0), rotation=st.floats(-30.0, 30.0), mounting=mountings)
@settings(max_examples=50, deadline=None)
def test_tilt_and_rotation_together_are_the_angles_of_up_in_pelvis_axes(
    tilt: float, rotation: float, mounting: Rotation
) -> None:
    turn = anterior_tilt(tilt) * right_side_forward(rotation)
    x, y, z = up_in_body(LYING, turn)

    assert angles("supine", turn, mounting) == pytest.approx(
        (np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, x))), abs=1e-6
    )


def test_rotation_of_a_hanging_pelvis_is_not_measured() -> None:
    assert np.isnan(angles("hanging", right_side_forward(20.0), Rotation.identity())[1])


@given(mounting=mountings, askew_deg=st.floats(-15.0, 15.0))
@settings(max_examples=50, deadline=None)
def test_only_the_level_part_of_the_named_axis_is_used(mounting: Rotation, askew_deg: float) -> None:
    """With a belt on a slanting belly the sensor's cranial axis is not level; gravity defines up."""
    slanting = Rotation.from_rotvec(np.radians(askew_deg) * RIGHT).apply(CRANIAL)
    axes = pelvis_axes_supine(mounting.apply(ANTERIOR), mounting.apply(slanting))

    assert axes.matrix == pytest.approx(mounting.apply(np.eye(3)), abs=1e-9)


def axes_from_rocks(mounting: Rotation, turns: Sequence[Rotation]) -> tuple[PelvisAxes, np.ndarray]:
    """Return the axes found from these turns of a lying pelvis, and the error of each in degrees."""
    up = mounting.apply(np.stack([up_in_body(LYING, turn) for turn in turns]))
    axes = pelvis_axes_from_rocks(mounting.apply(ANTERIOR), up)
    cosine = (axes.matrix * mounting.apply(np.eye(3))).sum(axis=1)
    return axes, np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))


@given(mounting=mountings, rolling=st.floats(-0.1, 0.1), rock_deg=st.floats(6.0, 25.0))
@settings(max_examples=50, deadline=None)
def test_posterior_rocks_determine_the_axes_of_a_sensor_in_any_mounting(
    mounting: Rotation, rolling: float, rock_deg: float
) -> None:
    phase = np.sin(np.linspace(0.0, 3.0 * np.pi, 61)) ** 2
    turns = [anterior_tilt(-rock_deg * p) * right_side_forward(rolling * rock_deg * p) for p in phase]
    axes, error_deg = axes_from_rocks(mounting, turns)

    # rolling along with each rock turns the plane of rocking by about that share
    assert error_deg.max() < np.degrees(np.arctan(abs(rolling))) * 1.05 + 0.01
    assert np.linalg.det(axes.matrix) == pytest.approx(1.0)


@given(mounting=mountings, settles_deg=st.floats(-3.0, 3.0), rock_deg=st.floats(6.0, 25.0))
@settings(max_examples=50, deadline=None)
def test_rocks_determine_the_axes_while_up_still_settles_sideways(
    mounting: Rotation, settles_deg: float, rock_deg: float
) -> None:
    """Estimated causally, up settles only seconds after the wearer lay down."""
    phase = np.sin(np.linspace(0.0, 3.0 * np.pi, 301)) ** 2
    drift = settles_deg * np.linspace(0.0, 1.0, 301)
    turns = [anterior_tilt(-rock_deg * p) * right_side_forward(d) for p, d in zip(phase, drift, strict=True)]
    _, error_deg = axes_from_rocks(mounting, turns)

    assert error_deg.max() < 4.0


@given(mounting=mountings, deg=st.floats(-90.0, 90.0))
@settings(max_examples=50, deadline=None)
def test_turning_the_axes_is_a_right_handed_turn_about_anterior(mounting: Rotation, deg: float) -> None:
    axes = axes_of("supine", mounting)
    expected = Rotation.from_rotvec(np.radians(deg) * axes.matrix[0]).apply(axes.matrix)

    assert with_yaw(axes, deg).matrix == pytest.approx(expected, abs=1e-9)
    assert with_yaw(with_yaw(axes, deg), -deg).matrix == pytest.approx(axes.matrix, abs=1e-9)


@pytest.mark.parametrize("turn_deg", [-6.0, 4.0])
def test_a_sensor_turned_about_gravity_leaks_tilt_into_rotation_until_turned_back(turn_deg: float) -> None:
    up = up_in_body(LYING, anterior_tilt(-17.0))[None]
    misaligned = with_yaw(PelvisAxes(np.eye(3)), turn_deg)
    leaked = tilt_and_rotation(misaligned, up, "supine", None)[1][0]
    corrected = tilt_and_rotation(with_yaw(misaligned, -turn_deg), up, "supine", None)[1][0]

    sideways = np.sin(np.radians(turn_deg)) * np.sin(np.radians(17.0))
    assert leaked == pytest.approx(np.degrees(np.arctan2(sideways, np.cos(np.radians(17.0)))), abs=1e-9)
    assert corrected == pytest.approx(0.0, abs=1e-9)


def up_in_shank(elevation_deg: float) -> np.ndarray:
    """Return up in the axes of a lying wearer's lifted shank: a right-handed turn about the right."""
    lift = Rotation.from_rotvec(np.radians(elevation_deg) * RIGHT)
    foot = (LYING * lift).apply(-CRANIAL)
    assert foot @ UP == pytest.approx(np.sin(np.radians(elevation_deg)), abs=1e-9)
    return up_in_body(LYING, lift)


@given(
    elevation=st.floats(-89.0, 179.0),
    reference=st.floats(-30.0, 120.0),
    mounting=mountings,
)
@settings(max_examples=100, deadline=None)
def test_leg_elevation_runs_past_vertical_for_any_axis_and_reference(
    elevation: float, reference: float, mounting: Rotation
) -> None:
    frame = LegFrame(mounting.apply(RIGHT), mounting.apply(up_in_shank(reference)), reference)
    up = mounting.apply(up_in_shank(elevation))[None]

    assert elevation_deg(frame, up, "hanging", LegParams())[0] == pytest.approx(elevation, abs=1e-6)


@given(turn=st.floats(-179.0, 179.0), mounting=mountings)
@settings(max_examples=50, deadline=None)
def test_the_angle_about_an_axis_is_that_of_a_right_handed_turn_of_the_segment(
    turn: float, mounting: Rotation
) -> None:
    axis = mounting.apply(RIGHT)
    zero = mounting.apply(ANTERIOR)
    up = Rotation.from_rotvec(-np.radians(turn) * axis).apply(zero)

    assert angle_about(axis, up[None], zero)[0] == pytest.approx(turn, abs=1e-6)


@given(mounting=mountings, out_of_plane=st.floats(-0.3, 0.3))
@settings(max_examples=50, deadline=None)
def test_a_lean_along_the_axis_does_not_change_the_angle(mounting: Rotation, out_of_plane: float) -> None:
    axis, zero = mounting.apply(RIGHT), mounting.apply(up_in_shank(0.0))
    up = mounting.apply(up_in_shank(40.0)) + out_of_plane * axis

    assert angle_about(axis, up[None], zero)[0] == pytest.approx(40.0, abs=1e-6)


@given(mounting=mountings, top=st.floats(15.0, 90.0))
@settings(max_examples=50, deadline=None)
def test_the_flexion_axis_is_found_from_the_swing_up_to_its_sign(mounting: Rotation, top: float) -> None:
    up = mounting.apply(np.stack([up_in_shank(deg) for deg in np.linspace(0.0, top, 41)]))
    axis = swing_axis(np.degrees(np.cross(up[1:], up[:-1])) * GRID_HZ, LegParams())

    assert axis is not None
    assert abs(axis @ mounting.apply(RIGHT)) == pytest.approx(1.0, abs=1e-9)


@given(mounting=mountings, lift=st.floats(15.0, 30.0), roll=st.floats(15.0, 30.0))
@settings(max_examples=50, deadline=None)
def test_turning_the_foot_before_the_lift_is_separated_from_the_lift(
    mounting: Rotation, lift: float, roll: float
) -> None:
    right, along = mounting.apply(RIGHT), mounting.apply(CRANIAL)
    turning = np.concatenate([np.tile(roll * along, (60, 1)), np.tile(lift * right, (60, 1))])

    found = lift_and_roll(turning, LegParams())

    assert max(abs(axis @ right) for axis in found) == pytest.approx(1.0, abs=1e-9)
    assert max(abs(axis @ along) for axis in found) == pytest.approx(1.0, abs=1e-9)


@given(mounting=mountings)
@settings(max_examples=20, deadline=None)
def test_a_leg_that_rolls_while_it_is_lifted_turns_about_one_axis(mounting: Rotation) -> None:
    turning = np.tile(mounting.apply(20.0 * RIGHT + 15.0 * CRANIAL), (120, 1))

    assert lift_and_roll(turning, LegParams()) == ()


@given(deg=st.floats(0.0, 89.0), mounting=mountings)
@settings(max_examples=50, deadline=None)
def test_lean_is_measured_from_level_when_lying_and_from_upright_when_hanging(
    deg: float, mounting: Rotation
) -> None:
    cranial = mounting.apply(CRANIAL)
    for side in (1.0, -1.0):
        lying = mounting.apply(up_in_body(LYING, anterior_tilt(side * deg)))[None]
        hanging = mounting.apply(up_in_body(HANGING, anterior_tilt(side * deg)))[None]
        assert lean_deg(lying, cranial, "supine")[0] == pytest.approx(deg, abs=1e-5)
        assert lean_deg(hanging, cranial, "hanging")[0] == pytest.approx(deg, abs=1e-5)


def test_rolling_about_the_long_axis_is_not_a_lean() -> None:
    up = up_in_body(LYING, right_side_forward(40.0))[None]

    assert lean_deg(up, CRANIAL, "supine")[0] == pytest.approx(0.0, abs=1e-6)


def test_sitting_up_is_a_lean_of_ninety_degrees_from_lying() -> None:
    upright = up_in_body(HANGING, Rotation.identity())[None]

    assert lean_deg(upright, CRANIAL, "supine")[0] == pytest.approx(90.0)


@pytest.mark.parametrize(
    ("name", "vector"),
    [
        ("+x", [1, 0, 0]),
        ("-x", [-1, 0, 0]),
        ("+y", [0, 1, 0]),
        ("-y", [0, -1, 0]),
        ("+z", [0, 0, 1]),
        ("-z", [0, 0, -1]),
    ],
)
def test_an_axis_name_gives_its_unit_vector(name: Axis, vector: list[float]) -> None:
    assert axis_vector(name).tolist() == vector


@given(a=vectors, b=vectors)
@settings(max_examples=30, deadline=None)
def test_the_fast_cross_product_equals_that_of_numpy(a: tuple[float, ...], b: tuple[float, ...]) -> None:
    assert cross(np.array(a), np.array(b)) == pytest.approx(np.cross(a, b), abs=1e-12)


@pytest.mark.parametrize("count", [0, 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE + 7])
def test_components_of_a_long_set_are_those_of_each_vector(count: int) -> None:
    vectors = np.random.default_rng(0).normal(size=(count, 3))
    direction = np.array([0.6, 0.0, -0.8])
    expected = (vectors * direction).sum(axis=1)
    np.testing.assert_allclose(components(vectors, direction), expected, atol=1e-14)
