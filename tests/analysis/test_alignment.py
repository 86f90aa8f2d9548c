"""The leg's axis, its direction and its zero, for an ankle sensor strapped on in any way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imu_reps.analysis.alignment import LegAlignment, Rest, align_leg, rests_in
from scipy.spatial.transform import Rotation

from imu_reps.domain.exercise import Exercise
from imu_reps.domain.recording import Header, Posture, SensorHeader, Start, default_posture
from imu_reps.domain.settings import Settings
from imu_reps.kinematics.motion import GridMotion
from imu_reps.kinematics.mounting import leg_elevation

Leg = Callable[..., np.ndarray]
SHARE = 0.22
LEVER_M = 0.8
ANTERIOR, CRANIAL, RIGHT = np.eye(3)
STILL = [(0.0, 2.0)]

mountings = st.tuples(*[st.floats(-3.0, 3.0)] * 3).map(lambda v: Rotation.from_rotvec(np.array(v)))


def ankle_motion(elevation_deg: np.ndarray, posture: Posture, mounting: Rotation) -> GridMotion:
    """An ankle `LEVER_M` below a hip that stays where it is, lifted by a turn about the body's right."""
    lift = Rotation.from_rotvec(np.outer(np.radians(elevation_deg), RIGHT))
    up = lift.inv().apply(CRANIAL if posture == "hanging" else ANTERIOR)
    rate = np.gradient(np.radians(elevation_deg), 0.01)
    turning = np.outer(np.gradient(rate, 0.01), ANTERIOR) + np.outer(rate**2, CRANIAL)
    acc = 9.81 * up + LEVER_M * turning
    still = still_mask(elevation_deg)
    zero = np.zeros(len(up))
    gyr = np.degrees(np.outer(rate, RIGHT))
    return GridMotion(mounting.apply(up), mounting.apply(gyr), mounting.apply(acc), zero, still)


def still_mask(elevation_deg: np.ndarray) -> np.ndarray:
    moving = np.abs(np.gradient(elevation_deg, 0.01)) > 1.0
    quiet = np.convolve(moving.astype(float), np.ones(50))[: len(moving)] == 0.0
    quiet[:49] = False
    return np.asarray(quiet)


def aligned(
    elevation: np.ndarray,
    mounting: Rotation,
    exercise: Exercise = "single_leg_raise",
    start: Start = "low",
    **ankle: str,
) -> tuple[LegAlignment, np.ndarray]:
    """The alignment and the elevation it gives; the pelvis takes its share of every lift."""
    posture = default_posture(exercise)
    header = Header(exercise=exercise, start=start, posture=posture, ankle=SensorHeader(**ankle))  # type: ignore[arg-type]
    ankle = ankle_motion(elevation, posture, mounting)
    tilt = -SHARE * (elevation - elevation[0])
    found = align_leg(ankle, rests_in(ankle.still), header, Settings(), tilt)
    return found, leg_elevation(found.axes, ankle.up)


def test_rests_are_seen_from_the_half_second_that_showed_them() -> None:
    still = np.zeros(300, bool)
    still[100:200] = True

    assert rests_in(still) == [Rest(51, 200)]
    assert rests_in(np.ones(20, bool)) == [Rest(0, 20)]
    assert Rest(0, 150).duration_s == 1.5


@given(mounting=mountings)
@settings(max_examples=30, deadline=None)
def test_a_set_from_the_floor_for_any_strapping(leg: Leg, mounting: Rotation) -> None:
    true = leg(0.0, [*STILL, *[(60.0, 1.5), (0.0, 1.5), (0.0, 0.6)] * 4])
    found, elevation = aligned(true, mounting)

    assert elevation == pytest.approx(true, abs=0.01)
    assert len(found.segmentation.reps) == 4
    assert found.certain
    assert found.floor_rests[0].start == 0


@given(mounting=mountings)
@settings(max_examples=20, deadline=None)
def test_a_set_from_a_bar_for_any_strapping(leg: Leg, mounting: Rotation) -> None:
    true = leg(0.0, [*STILL, *[(85.0, 1.5), (0.0, 1.5)] * 4])
    found, elevation = aligned(true, mounting, "hanging_leg_raise")

    assert elevation == pytest.approx(true, abs=0.01)
    assert len(found.segmentation.reps) == 4


@given(mounting=mountings, top=st.floats(70.0, 110.0))
@settings(max_examples=20, deadline=None)
def test_a_high_start_lifted_from_the_floor_for_any_strapping(
    leg: Leg, mounting: Rotation, top: float
) -> None:
    """The lift into the start and the final lowering are no repetitions; the floor is the zero."""
    reps = [(20.0, 2.5), (top, 2.0), (top, 0.5)] * 4
    true = leg(0.0, [*STILL, (top, 2.5), (top, 1.5), *reps, (0.0, 3.0), (0.0, 1.0)])
    found, elevation = aligned(true, mounting, "double_leg_raise", "high")

    assert elevation == pytest.approx(true, abs=0.01)
    assert len(found.segmentation.reps) == 4
    assert [rep.range_deg for rep in found.segmentation.reps] == pytest.approx([top - 20.0] * 4, abs=0.5)
    assert found.certain


@given(mounting=mountings)
@settings(max_examples=20, deadline=None)
def test_a_high_start_without_a_floor_is_taken_to_start_vertical_and_says_so(
    leg: Leg, mounting: Rotation
) -> None:
    true = leg(90.0, [(90.0, 2.0), *[(25.0, 2.5), (90.0, 2.0)] * 4, (90.0, 1.0)])
    found, elevation = aligned(true, mounting, "double_leg_raise", "high")

    assert elevation == pytest.approx(true, abs=0.01)
    assert len(found.segmentation.reps) == 4
    assert not found.certain
    assert found.floor_rests == ()


@given(mounting=mountings)
@settings(max_examples=20, deadline=None)
def test_a_heel_tap_is_the_change_from_its_start(leg: Leg, mounting: Rotation) -> None:
    """The legs are brought up from the floor first; taps go down from there."""
    true = leg(0.0, [*STILL, (45.0, 2.0), (45.0, 1.5), *[(0.0, 1.5), (45.0, 1.5), (45.0, 0.6)] * 5])
    found, change = aligned(true, mounting, "heel_tap", "high")

    assert change == pytest.approx(true - 45.0, abs=0.2)
    assert len(found.segmentation.reps) == 5


def test_the_axis_up_the_shank_is_the_zero_where_there_was_no_floor(leg: Leg) -> None:
    """Starting out of a hover: without the named axis the hover itself would be zero."""
    true = leg(20.0, [(70.0, 1.5), (20.0, 1.5)] * 4)
    named, elevation = aligned(true, Rotation.identity(), cranial_axis="+y")

    assert elevation == pytest.approx(true, abs=0.01)
    assert named.certain


def test_the_zero_is_the_last_rest_on_the_floor_before_the_first_lift(leg: Leg) -> None:
    """Someone lies with the leg a little raised on a cushion, then flat, then lifts."""
    true = leg(6.0, [(6.0, 2.0), (0.0, 1.0), (0.0, 2.0), *[(60.0, 1.5), (0.0, 1.5)] * 4])
    _, elevation = aligned(true, Rotation.identity())

    assert elevation == pytest.approx(true, abs=0.05)


def test_holes_do_not_move_the_alignment(leg: Leg) -> None:
    true = leg(0.0, [*STILL, *[(60.0, 1.5), (0.0, 1.5)] * 4])
    ankle = ankle_motion(true, "supine", Rotation.identity())
    for values in (ankle.up, ankle.gyr_dps, ankle.acc_mps2):
        values[300:330] = np.nan
    found = align_leg(ankle, rests_in(ankle.still), Header(), Settings(), None)

    known = np.isfinite(ankle.up[:, 0])
    assert leg_elevation(found.axes, ankle.up[known]) == pytest.approx(true[known], abs=0.05)
    assert len(found.segmentation.reps) == 4


def test_a_leg_that_never_moves_has_no_repetition() -> None:
    ankle = ankle_motion(np.zeros(500), "supine", Rotation.identity())
    found = align_leg(ankle, [Rest(0, 500)], Header(), Settings(), None)

    assert found.segmentation.reps == ()
    assert np.isfinite(leg_elevation(found.axes, ankle.up)).all()
