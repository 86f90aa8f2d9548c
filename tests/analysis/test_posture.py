"""Lying, hanging, ready; and the axes of a pelvis sensor that was strapped on anyhow."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from imu_reps.analysis.posture import Posture, find_posture
from imu_reps.domain.recording import Header, SensorHeader, Start
from imu_reps.kinematics.motion import GridMotion, Motion

ANYHOW = Rotation.from_rotvec([1.1, -0.7, 2.0])
MOUNTED = SensorHeader(cranial_axis="+y", anterior_axis="+x")
FUNCTIONAL = SensorHeader(alignment="functional")


def grid(up: np.ndarray, still: np.ndarray) -> GridMotion:
    rows = np.zeros((len(up), 3))
    return GridMotion(up, rows, rows, np.zeros(len(up)), still)


def still_mask(moving: np.ndarray) -> np.ndarray:
    """Still where nothing has moved for half a second."""
    recent = np.convolve(moving.astype(float), np.ones(50))[: len(moving)]
    mask = recent == 0.0
    mask[:49] = False
    return np.asarray(mask)


def tipped(posterior_deg: np.ndarray) -> np.ndarray:
    """Up in pelvis axes (x anterior, y cranial) of a pelvis tipped back so far from lying."""
    angle = np.radians(posterior_deg)
    return np.column_stack([np.cos(angle), -np.sin(angle), np.zeros_like(angle)])


def lying_then(other_deg: float) -> np.ndarray:
    """Ten seconds lying, then ten tipped so far."""
    return np.repeat([0.0, other_deg], 1000)


def posture(posterior_deg: np.ndarray, header: Header, mounting: Rotation | None = None) -> Posture:
    up = tipped(posterior_deg)
    moving = np.abs(np.gradient(posterior_deg)) > 0.02
    up = up if mounting is None else mounting.apply(up)
    leg = np.tile([1.0, 0.0, 0.0], (len(up), 1))
    still = still_mask(moving)
    return find_posture(Motion(np.arange(len(up)) / 100.0, grid(up, still), grid(leg, still)), header)


def test_lying_is_posture_and_upright_is_not() -> None:
    found = posture(lying_then(-90.0), Header(pelvis=MOUNTED))

    assert found.checked
    assert found.in_posture[:1000].all()
    assert not found.in_posture[1000:].any()
    assert not found.ready[1001:].any()


def test_hanging_is_posture_for_a_hanging_exercise_and_lying_is_not() -> None:
    found = posture(lying_then(-90.0), Header(posture="hanging", pelvis=MOUNTED))

    assert not found.in_posture[:1000].any()
    assert found.in_posture[1000:].all()


@pytest.mark.parametrize(("lean_deg", "ready"), [(28.0, True), (-28.0, True), (32.0, False), (-32.0, False)])
def test_ready_is_within_thirty_degrees(lean_deg: float, ready: bool) -> None:
    found = posture(np.full(500, lean_deg), Header(pelvis=MOUNTED))

    assert found.ready[49:].all() == ready
    assert found.in_posture.all()


def test_a_high_lift_that_tips_the_pelvis_back_does_not_leave_the_posture() -> None:
    lifting = 35.0 * np.sin(np.linspace(0.0, np.pi, 400)) ** 2

    assert posture(lifting, Header(pelvis=MOUNTED)).in_posture.all()


def test_moving_is_not_ready() -> None:
    rocking = 5.0 * np.sin(np.arange(500) / 20.0)

    assert not posture(rocking, Header(pelvis=MOUNTED)).ready.any()


def test_ready_needs_every_sensor_still() -> None:
    up = np.tile([1.0, 0.0, 0.0], (200, 1))
    still = np.ones(200, bool)
    motion = Motion(np.arange(200) / 100.0, grid(up, still), grid(up, ~still))

    assert not find_posture(motion, Header(pelvis=MOUNTED)).ready.any()


def test_a_hole_keeps_the_posture() -> None:
    up = np.tile([1.0, 0.0, 0.0], (300, 1))
    up[100:150] = np.nan
    motion = Motion(np.arange(300) / 100.0, grid(up, np.ones(300, bool)), None)

    assert find_posture(motion, Header(pelvis=MOUNTED)).in_posture.all()


def test_without_a_pelvis_sensor_any_rest_will_do_and_posture_is_not_checked() -> None:
    still = np.arange(300) > 100
    motion = Motion(np.arange(300) / 100.0, None, grid(np.tile([1.0, 0.0, 0.0], (300, 1)), still))
    found = find_posture(motion, Header())

    assert not found.checked
    assert found.in_posture.all()
    assert (found.ready == still).all()


def rocks(count: int, tip_deg: float) -> np.ndarray:
    """Two seconds of rest, rocks of a second and a half each, two seconds of rest."""
    one = tip_deg * np.sin(np.linspace(0.0, np.pi, 150)) ** 2
    return np.concatenate([np.zeros(200), np.tile(one, count), np.zeros(200)])


def test_three_rocks_show_the_head_whichever_way_the_sensor_sits() -> None:
    found = posture(rocks(3, 12.0), Header(pelvis=FUNCTIONAL), ANYHOW)

    assert found.checked
    assert found.cranial is not None
    assert found.cranial == pytest.approx(ANYHOW.apply([0.0, 1.0, 0.0]), abs=0.01)


@pytest.mark.parametrize(("start", "ready"), [("low", False), ("high", True)])
def test_after_rocks_a_leg_held_high_may_tip_the_pelvis_as_far_as_with_named_axes(
    start: Start, ready: bool
) -> None:
    lift = 36.0 * np.sin(np.linspace(0.0, np.pi / 2, 100)) ** 2
    tilt = np.concatenate([rocks(3, 12.0), -lift, np.full(300, -36.0)])
    found = posture(tilt, Header(start=start, pelvis=FUNCTIONAL), ANYHOW)

    assert found.ready[-100:].all() == ready
    assert found.in_posture.all()


def test_without_rocks_the_axes_stay_unknown() -> None:
    for tilt in (np.zeros(900), rocks(3, 2.0)):
        found = posture(tilt, Header(pelvis=FUNCTIONAL), ANYHOW)
        assert found.cranial is None
        assert not found.checked


def test_a_pelvis_that_follows_a_lifted_leg_is_not_rocking() -> None:
    tilt = rocks(3, 12.0)
    up, still = ANYHOW.apply(tipped(tilt)), still_mask(np.abs(np.gradient(tilt)) > 0.02)
    leg = tipped(4.0 * tilt)
    motion = Motion(np.arange(len(tilt)) / 100.0, grid(up, still), grid(leg, still))

    assert find_posture(motion, Header(pelvis=FUNCTIONAL)).cranial is None
