"""Which sensor was moved, and how the pelvis sensor lies, compared with plain physics."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from imu_reps import SampleBlock
from imu_reps.domain.recording import Axis, axis_vector
from imu_reps.domain.samples import SensorPlace
from imu_reps.kinematics.mounting import nearest_axis
from imu_reps.setup.placement_check import (
    Placement,
    are_perpendicular,
    is_still,
    judge_placement,
    moved_sensor,
    sensor_axes,
)

AXES: tuple[Axis, ...] = get_args(Axis)
G = 9.80665
RATES: dict[SensorPlace, float] = {"pelvis": 100.0, "ankle": 52.0}


def block(place: SensorPlace, acc, gyr=(0.0, 0.0, 0.0), seconds: float = 3.0) -> SampleBlock:
    """Return constant readings with the noise of a quiet sensor."""
    n = round(seconds * RATES[place])
    rng = np.random.default_rng(1)
    return SampleBlock(
        place,
        np.arange(n) / RATES[place],
        np.arange(n),
        np.full(n, np.nan),
        acc + rng.normal(0.0, 0.03, (n, 3)),
        gyr + rng.normal(0.0, 0.1, (n, 3)),
    )


def turning(place: SensorPlace, peak_dps: float, bias_dps: float = 0.0) -> SampleBlock:
    """Return a sensor swung to and fro about x once a second, with a gyroscope bias on each axis."""
    lying = block(place, np.array([0.0, 0.0, G]), np.full(3, bias_dps), seconds=1.0)
    lying.gyr_dps[:, 0] += peak_dps * np.sin(2.0 * np.pi * lying.time_s)
    return lying


def lying(pelvis_up, ankle_up=(1.0, 0.0, 0.0), pelvis_g: float = G) -> dict[SensorPlace, SampleBlock]:
    return {
        "pelvis": block("pelvis", pelvis_g * np.asarray(pelvis_up)),
        "ankle": block("ankle", G * np.asarray(ankle_up)),
    }


@pytest.mark.parametrize(
    ("pelvis_dps", "ankle_dps", "moved"),
    [
        (0.0, 60.0, "ankle"),
        (60.0, 0.0, "pelvis"),
        (60.0, 300.0, "ankle"),
        (60.0, 60.0, None),
        (100.0, 200.0, None),
        (0.0, 20.0, None),
        (0.0, 0.0, None),
    ],
)
def test_the_sensor_that_turns_clearly_more_was_moved(pelvis_dps, ankle_dps, moved) -> None:
    last_second = {"pelvis": turning("pelvis", pelvis_dps), "ankle": turning("ankle", ankle_dps)}

    assert moved_sensor(last_second) == moved


def test_a_bias_is_not_a_movement() -> None:
    assert (
        moved_sensor({"pelvis": turning("pelvis", 0.0, bias_dps=10.0), "ankle": turning("ankle", 0.0)})
        is None
    )


def test_no_sensor_is_identified_while_one_sends_nothing() -> None:
    assert moved_sensor({"ankle": turning("ankle", 200.0)}) is None


def test_rest_is_detected_despite_a_bias_and_movement_is_not_rest() -> None:
    assert is_still(block("pelvis", [0.0, 0.0, G], [9.0, -9.0, 9.0]), 100.0)
    assert not is_still(turning("pelvis", 15.0), 100.0)


def test_too_short_a_span_is_not_rest() -> None:
    assert not is_still(block("pelvis", [0.0, 0.0, G], seconds=0.6), 100.0)


@pytest.mark.parametrize("up", AXES)
@pytest.mark.parametrize("anterior", AXES)
def test_every_orientation_of_the_pelvis_sensor_is_distinguished(up: Axis, anterior: Axis) -> None:
    found = judge_placement(lying(axis_vector(up)), RATES, anterior)
    expected = "upside_down" if up[1] == anterior[1] else "on_edge"

    assert (found.fault, found.sensor) == (None if up == anterior else expected, "pelvis")
    assert found.up_axis == up


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 44.0), st.floats(0.0, 360.0))
def test_a_lean_of_up_to_thirty_degrees_is_accepted(lean_deg: float, towards_deg: float) -> None:
    axis = Rotation.from_euler("z", towards_deg, degrees=True).apply([1.0, 0.0, 0.0])
    up = Rotation.from_rotvec(axis * lean_deg, degrees=True).apply([0.0, 0.0, 1.0])
    found = judge_placement(lying(up), RATES, "+z")

    assert found.lean_deg == pytest.approx(lean_deg, abs=0.2)
    if abs(lean_deg - 30.0) > 0.2:
        assert found.fault == (None if lean_deg < 30.0 else "tilted")


@pytest.mark.parametrize(("force", "fault"), [(9.2, None), (10.4, None), (9.0, "gravity"), (1.0, "gravity")])
def test_the_measured_force_must_be_that_of_gravity(force: float, fault: str | None) -> None:
    found = judge_placement(lying([0.0, 0.0, 1.0], pelvis_g=force), RATES, "+z")

    assert found.fault == fault
    assert found.force_mps2 == pytest.approx(force, abs=0.02)


def test_a_sensor_that_moves_or_sends_nothing_is_reported_first() -> None:
    upside_down = lying([0.0, 0.0, -1.0])
    swinging = upside_down | {"ankle": turning("ankle", 90.0)}

    assert judge_placement(swinging, RATES, "+z") == Placement("moving", "ankle")
    assert judge_placement({"pelvis": upside_down["pelvis"]}, RATES, "+z") == Placement("no_samples", "ankle")


@pytest.mark.parametrize("axis", AXES)
def test_an_axis_is_nearest_to_itself(axis: Axis) -> None:
    assert nearest_axis(axis_vector(axis) + np.array([0.1, 0.2, -0.3])) == axis


@pytest.mark.parametrize("head", get_args(Axis))
@pytest.mark.parametrize("up", get_args(Axis))
def test_standing_and_lying_determine_the_axes_in_any_mounting(up: Axis, head: Axis) -> None:
    rng = np.random.default_rng(3)
    lean = Rotation.from_rotvec(np.radians(rng.uniform(-12.0, 12.0, 3)))
    standing, lying = (lean.apply(9.8 * axis_vector(axis)) for axis in (head, up))

    assert sensor_axes(standing, lying) == ((up, head) if are_perpendicular(up, head) else None)


def test_lying_both_times_determines_no_axes() -> None:
    assert sensor_axes(np.array([0.0, 0.5, 9.8]), np.array([0.3, 0.0, 9.8])) is None
