"""Where the zero of pelvic tilt is taken: from a pelvis that lies flat, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from imu_reps import Header, Recording, analyze
from imu_reps.analysis.reps.segmentation import Excursion, Segmentation, Turn
from imu_reps.analysis.set.pelvis import PelvisEstimate, estimate_pelvis
from imu_reps.analysis.set.spells import STILL_TICKS, Posture
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import GridMotion, Motion

LIFT = ("lift", 3.0, 0.0)

#: A movement of the pelvis: its kind, duration in s, and tilt in deg ("rest" is still).
Part = tuple[str, float, float]


def lying(
    parts: Sequence[Part], header: Header, breath_deg: float = 0.0
) -> tuple[FloatArray, PelvisEstimate]:
    """Return true tilt, and the estimate of a pelvis that performs the parts in order; each lift counts."""
    tilt, still, reps = np.empty(0), np.empty(0, bool), []
    for kind, lasts_s, at_deg in parts:
        ticks = round(lasts_s * GRID_HZ)
        if kind == "lift":
            turns = (Turn(len(tilt) + at, 0.0) for at in (0, ticks // 2, ticks - 1))
            reps.append(Excursion(*turns))
        way = -12.0 * np.sin(np.linspace(0.0, np.pi, ticks)) ** 2 if kind == "lift" else 0.0
        tilt = np.append(tilt, at_deg + way * np.ones(ticks))
        still = np.append(still, (kind == "rest") & (np.arange(ticks) >= STILL_TICKS - 1))
    time = np.arange(len(tilt)) / GRID_HZ
    resting_up = np.radians(tilt + breath_deg * np.sin(2.0 * np.pi * time / 4.0))
    up = np.column_stack([np.cos(resting_up), np.sin(resting_up), 0.0 * resting_up])
    everywhere = np.ones(len(tilt), bool)
    posture = Posture(
        (slice(0, len(tilt)),), still, everywhere, True, np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
    )
    motion = Motion(time, GridMotion(up, 0.0 * up, 9.81 * up, 0.0 * time, still), None)
    unmeasured = np.full(len(tilt), np.nan)
    return tilt, estimate_pelvis(
        motion, posture, unmeasured, unmeasured, Segmentation(tuple(reps), (), 8.0), None, header
    )


def off_deg(true: FloatArray, estimate: PelvisEstimate) -> float:
    return float(np.abs(estimate.tilt_deg - true).max())


def test_a_rest_between_repetitions_while_the_other_leg_is_up_is_no_zero() -> None:
    """The legs alternate and one is seen: its lift begins flat, the other leg curls the pelvis meanwhile."""
    other_leg = [("rest", 1.5, -15.0), ("move", 0.5, -7.0), ("rest", 1.2, 0.0)]

    true, found = lying([LIFT, *other_leg, LIFT, *other_leg, LIFT], Header())

    assert found.between_reps
    assert off_deg(true, found) < 0.1


def test_there_is_no_tilt_if_the_pelvis_was_curled_in_every_long_rest() -> None:
    other_leg = [("rest", 1.5, -15.0), ("move", 0.5, -7.0), ("rest", 0.8, 0.0)]

    _, found = lying([LIFT, *other_leg, LIFT, *other_leg, LIFT], Header())

    assert np.isnan(found.tilt_deg).all()
    assert np.isfinite(found.rotation_deg).all()
    assert found.zero.time_s is None
    assert "otherwise than before a lift" in found.zero.reason


def test_the_zero_averages_over_breathing() -> None:
    """The last second of stillness alone would be wrong by nearly the full amplitude of a breath."""
    parts = [("rest", 5.0, 0.0), ("move", 0.4, 0.0), ("rest", 1.2, 0.0), LIFT]

    true, found = lying(parts, Header(), breath_deg=1.2)

    breath = 1.2 * np.sin(2.0 * np.pi * np.arange(len(true)) / GRID_HZ / 4.0)
    assert off_deg(true + breath, found) < 0.5


@pytest.mark.parametrize("hovering_deg", [-15.0, -8.0])
def test_the_zero_of_heel_taps_precedes_the_lifting_of_the_legs(hovering_deg: float) -> None:
    """A leg that stops half-way down before the first tap tips the pelvis less, but it does not lie flat."""
    tap = ("lift", 3.0, -20.0)
    parts = [("rest", 5.0, 0.0), ("move", 1.0, -10.0), ("rest", 1.5, hovering_deg), ("rest", 1.0, -20.0)]

    true, found = lying([*parts, tap, tap, tap], Header(exercise="heel_tap", start="high"))

    assert off_deg(true, found) < 0.1


@pytest.mark.parametrize("tips_deg", [2.0, 10.0])
@pytest.mark.parametrize("propped_deg", [12.0, 20.0, 32.0])
def test_the_zero_of_heel_taps_is_none_of_a_trunk_that_was_propped_on_the_elbows(
    propped_deg: float, tips_deg: float, joints: Callable[..., dict], worn: Callable[..., Recording]
) -> None:
    """The trunk is up for 5 s, then flat for 3 s; rather no tilt than one that is off by the elbows'."""
    heel_in, table_top = {"thigh": 46.0, "knee": 92.0}, {"thigh": 92.0, "curl": tips_deg}
    tap = ((1.0, {"thigh": 50.0, "curl": 0.5 * tips_deg}), (0.4, {}), (1.0, table_top), (0.5, {}))
    flat = ((1.0, {"curl": 0.0}), (3.0, {}))
    begin = ((5.0, {}), *flat, (1.0, heel_in), (0.8, {}), (1.0, table_top), (1.5, {}))
    recording = worn(
        Header(exercise="heel_tap", side="left", simulated=True),
        joints([*begin, *tap * 6, (1.5, {})], curl=-propped_deg),
    )
    tilts = [rep.pelvic_tilt_deg for rep in analyze(recording).summary.reps]

    assert len(tilts) == 6
    assert all(tilt is None or abs(tilt + 0.5 * tips_deg) < 1.0 for tilt in tilts)
