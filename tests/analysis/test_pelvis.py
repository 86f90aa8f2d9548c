"""Yaw of a mounted pelvis sensor about gravity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.analysis.set.pelvis import (
    ONE_LEG_ROLL_DEG,
    TWO_LEG_ROLL_DEG,
    SensorYaw,
    estimate_yaw,
    mean_up,
)
from imu_reps.analysis.set.spells import Rest
from imu_reps.kinematics.mounting import MAX_YAW_DEG, PelvisAxes, tilt_and_rotation, with_yaw

TRUE = PelvisAxes(np.eye(3))


def lifts(count: int, tip_deg: float = 14.0, roll_deg: float = 0.0) -> tuple[np.ndarray, list[slice]]:
    """Return up in true pelvis axes: the pelvis tips back with each lift, and rolls in between."""
    phase = np.sin(np.linspace(0.0, np.pi, 300)) ** 2
    tilt, rotation = -np.radians(tip_deg) * phase, np.radians(roll_deg) * phase
    up = np.column_stack([np.ones(300), np.tan(tilt), np.tan(rotation)])
    up /= np.linalg.norm(up, axis=1)[:, None]
    return np.tile(up, (count, 1)), [slice(300 * k, 300 * (k + 1)) for k in range(count)]


def turn_of(
    axes: PelvisAxes, up: np.ndarray, spans: list[slice], roll_deg: float = ONE_LEG_ROLL_DEG
) -> SensorYaw:
    """Return the yaw of a sensor worn with the given up, over repetitions of one spell."""
    return estimate_yaw([(axes, up[span]) for span in spans], roll_deg)


def test_the_mean_direction_ignores_gaps() -> None:
    up = np.array([[1.0, 0.0, 0.0], [np.nan] * 3, [0.0, 1.0, 0.0]])

    assert mean_up(up, Rest(0, 3)) == pytest.approx([np.sqrt(0.5), np.sqrt(0.5), 0.0])
    assert mean_up(up, Rest(1, 2)) is None


@given(turn_deg=st.floats(-5.0, 5.0))
@settings(max_examples=40, deadline=None)
def test_rotation_that_follows_tilt_is_attributed_to_a_turned_sensor(turn_deg: float) -> None:
    """The correction has the right sign, never exceeds the true turn, and its uncertainty covers the rest."""
    up, spans = lifts(6)
    worn = with_yaw(TRUE, turn_deg)
    found = turn_of(worn, up, spans)
    put_right = with_yaw(worn, found.yaw_deg)

    left = np.abs(tilt_and_rotation(put_right, up, "supine", None)[1]).max()
    leaked = np.abs(tilt_and_rotation(worn, up, "supine", None)[1]).max()
    assert left <= leaked + 1e-9
    assert found.yaw_deg * turn_deg <= 1e-9
    assert abs(found.yaw_deg) <= abs(turn_deg) + 1e-6
    assert abs(found.yaw_deg + turn_deg) <= 2.0 * found.sd_deg


@pytest.mark.parametrize("turn_deg", [-40.0, 25.0])
def test_the_correction_is_limited(turn_deg: float) -> None:
    up, spans = lifts(6)

    assert abs(turn_of(with_yaw(TRUE, turn_deg), up, spans).yaw_deg) <= MAX_YAW_DEG


def test_a_hip_pop_in_a_minority_of_the_repetitions_is_not_corrected_away() -> None:
    plain, spans = lifts(6)
    popped = plain.copy()
    popped[600:1200] = lifts(2, roll_deg=10.0)[0]
    found = turn_of(TRUE, popped, spans)

    assert abs(found.yaw_deg) < 0.1


def test_a_hip_that_pops_in_every_repetition_of_one_leg_keeps_most_of_it() -> None:
    """One leg's weight rolls the pelvis by itself; a sensor on a belt is seldom turned as far."""
    up, spans = lifts(6, roll_deg=10.0)
    found = turn_of(TRUE, up, spans)
    left = tilt_and_rotation(with_yaw(TRUE, found.yaw_deg), up, "supine", None)[1].max()

    assert 8.5 < left < 10.0


def test_rotation_that_follows_tilt_is_more_of_the_sensor_with_two_legs() -> None:
    worn = with_yaw(TRUE, 4.0)
    up, spans = lifts(6)

    of_one, of_two = turn_of(worn, up, spans), turn_of(worn, up, spans, TWO_LEG_ROLL_DEG)
    assert of_two.yaw_deg < of_one.yaw_deg < 0.0
    assert of_two.sd_deg < of_one.sd_deg


def test_without_tilt_or_with_a_single_repetition_nothing_is_corrected() -> None:
    still, spans = lifts(6, tip_deg=1.0, roll_deg=3.0)
    up, _ = lifts(6)

    assert turn_of(TRUE, still, spans).yaw_deg == 0.0
    assert turn_of(with_yaw(TRUE, 5.0), up, spans[:1]).yaw_deg == 0.0
    assert turn_of(TRUE, up, []).yaw_deg == 0.0


def test_gaps_do_not_matter() -> None:
    up, spans = lifts(6)
    holed = up.copy()
    holed[::7] = np.nan
    worn = with_yaw(TRUE, 4.0)

    assert turn_of(worn, holed, spans).yaw_deg == pytest.approx(turn_of(worn, up, spans).yaw_deg, abs=0.05)
