"""Momentum: reference figures, pendulums, and movements that cannot be judged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.analysis.reps.control import MIN_DEG, MIN_LEVER, PENDULUM_RAD2_S2, coasting_share
from imu_reps.domain.exercise import Posture
from imu_reps.domain.track import GRID_HZ

Leg = Callable[..., np.ndarray]


def acceleration(elevation_deg: np.ndarray) -> np.ndarray:
    return np.gradient(np.gradient(elevation_deg, 1.0 / GRID_HZ), 1.0 / GRID_HZ)


def share(elevation_deg: np.ndarray, posture: Posture = "supine", direction: int = 1) -> float | None:
    return coasting_share(elevation_deg, acceleration(elevation_deg), posture, direction)


def exact_share(top_deg: float, duration_s: float, posture: Posture) -> float:
    """Return the share by definition on a minimum-jerk rise with a very fine grid."""
    u = np.linspace(0.0, 1.0, 200_001)
    angle = np.radians(top_deg) * u**3 * (10.0 - 15.0 * u + 6.0 * u**2)
    alpha = np.radians(top_deg) * (60.0 * u - 180.0 * u**2 + 120.0 * u**3) / duration_s**2
    lever = np.sin(angle) if posture == "hanging" else np.cos(angle)
    way = np.gradient(angle) * (lever >= 0.34)
    return float(way[alpha / 16.0 + lever < 0.2].sum() / way.sum())


@pytest.mark.parametrize(("duration_s", "reference"), [(2.0, 0.00), (1.0, 0.06), (0.8, 0.19), (0.6, 0.30)])
def test_a_lift_to_sixty_degrees_as_in_the_reference(leg: Leg, duration_s: float, reference: float) -> None:
    """The profile is a minimum-jerk one; the reference is given in whole percent."""
    found = share(leg(0.0, [(60.0, duration_s)]))

    # faster lifts span fewer grid steps: one step at peak speed is 1.9 / duration of the way in percent
    assert found == pytest.approx(reference, abs=0.005 + 0.01 * 1.9 / duration_s)


@pytest.mark.parametrize("posture", ["supine", "hanging"])
@given(top=st.floats(35.0, 90.0), duration_s=st.floats(0.5, 2.5))
@settings(max_examples=30, deadline=None)
def test_a_minimum_jerk_lift_has_the_share_of_the_definition(
    leg: Leg, posture: Posture, top: float, duration_s: float
) -> None:
    duration_s = round(duration_s, 2)
    found = share(leg(0.0, [(top, duration_s)]), posture)

    # one grid step at peak speed at each end: where the leg coasts and where the lever is too short
    assert found == pytest.approx(exact_share(top, duration_s, posture), abs=4.0 * 0.019 / duration_s)


def test_a_slow_lift_from_a_bar_is_muscle_and_a_jerked_one_momentum(leg: Leg) -> None:
    assert share(leg(0.0, [(80.0, 2.5)]), "hanging") == 0.0
    jerked = share(leg(0.0, [(80.0, 0.5)]), "hanging")
    assert jerked is not None
    assert jerked > 0.2


def swing(start_deg: float, speed_dps: float, posture: Posture) -> np.ndarray:
    """Return the elevation of a leg thrown up and then left to gravity alone, until it stops."""
    step_s = 1e-4
    angle, speed, way = np.radians(start_deg), np.radians(speed_dps), []
    while speed > 0.0:
        way.append(np.degrees(angle))
        lever = np.sin(angle) if posture == "hanging" else np.cos(angle)
        speed -= PENDULUM_RAD2_S2 * lever * step_s
        angle += speed * step_s
    return np.array(way[:: round(1.0 / (GRID_HZ * step_s))])


@pytest.mark.parametrize(("posture", "start_deg"), [("supine", 0.0), ("hanging", 22.0)])
@pytest.mark.parametrize("speed_dps", [150.0, 250.0])
def test_a_free_swing_is_all_momentum(posture: Posture, start_deg: float, speed_dps: float) -> None:
    way = swing(start_deg, speed_dps, posture)
    lever = np.sin(np.radians(way)) if posture == "hanging" else np.cos(np.radians(way))
    free = np.degrees(-PENDULUM_RAD2_S2 * lever)

    assert coasting_share(way, free, posture, 1) == 1.0


@pytest.mark.parametrize(("posture", "start_deg", "held"), [("supine", 0.0, 60.0), ("hanging", 25.0, 85.0)])
def test_a_steady_rise_is_all_muscle(posture: Posture, start_deg: float, held: float) -> None:
    way = np.linspace(start_deg, held, 300)

    assert coasting_share(way, np.zeros(300), posture, 1) == 0.0


def test_a_dropped_leg_shows_on_the_way_down(leg: Leg) -> None:
    dropped = share(leg(60.0, [(0.0, 0.6)]), direction=-1)
    lowered = share(leg(60.0, [(0.0, 3.0)]), direction=-1)

    # the accelerations of the mirrored lift at the same lever: dropping is lifting played backwards
    assert dropped == pytest.approx(exact_share(60.0, 0.6, "supine"), abs=0.04)
    assert lowered == 0.0


def test_under_ten_degrees_nothing_is_judged(leg: Leg) -> None:
    assert share(leg(0.0, [(MIN_DEG - 0.5, 0.6)])) is None
    assert share(leg(0.0, [(MIN_DEG + 0.5, 0.6)])) is not None
    assert share(leg(0.0, [(60.0, 1.0)]), direction=-1) is None  # a rise has no way down


def test_where_gravity_has_no_lever_nothing_is_judged(leg: Leg) -> None:
    short = np.degrees(np.arccos(MIN_LEVER))  # 70 degrees lying

    assert share(leg(short + 1.0, [(110.0 - 1.0, 1.0)])) is None
    assert share(leg(0.0, [(18.0, 0.4)]), "hanging") is None  # a leg that hangs nearly straight down
    past = share(leg(0.0, [(short, 2.0), (120.0, 0.4)]))
    assert past is not None
    assert past < 0.2  # the flick past the vertical is excluded
