"""When a level shank is held up, by how the ankle was carried there and how the pelvis tipped."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from imu_reps.analysis.reps.segmentation import Excursion, Turn
from imu_reps.analysis.set.held_leg import carries_up, held_up
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import GridMotion

#: Where a leg stops: the shank's elevation, the ankle's height in m, and the pelvis's tilt, degrees.
Place = tuple[float, float, float]

FLAT: Place = (0.0, 0.0, 0.0)
FLAT_PRESSED: Place = (0.0, 0.0, -10.0)
FOOT_STANDING: Place = (-48.0, 0.08, 0.0)
TABLE_TOP: Place = (3.0, 0.45, -12.0)
KNEE_AT_CHEST: Place = (-8.0, 0.5, -20.0)
VERTICAL: Place = (90.0, 0.75, -12.0)

STOP_S, MOVE_S = 2.0, 1.4


def held_at(places: Sequence[Place]) -> list[bool]:
    """Return, for each place that a leg stops at in order, whether it was found to be held up there."""
    stop, move = int(STOP_S * GRID_HZ), int(MOVE_S * GRID_HZ)
    share = np.linspace(0.0, 1.0, move)
    smooth = share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
    values = np.array(places)
    pieces: list[FloatArray] = [np.repeat(values[:1], stop, axis=0)]
    for one, other in pairwise(values):
        pieces += [one + smooth[:, None] * (other - one), np.repeat(other[None], stop, axis=0)]
    elevation, height, tilt = np.concatenate(pieces).T
    held = _held(elevation, height, tilt)
    return [bool(held[k * (stop + move) + stop // 2]) for k in range(len(places))]


def _held(elevation_deg: FloatArray, height_m: FloatArray, tilt_deg: FloatArray) -> BoolArray:
    ankle = carried(elevation_deg, height_m)
    speed = np.gradient(elevation_deg) * GRID_HZ
    # the ankle is carried at all times, however little the shank turns meanwhile
    speed += np.where(np.abs(np.gradient(height_m)) > 1e-4, 20.0, 0.0)
    return held_up(ankle, tilt_deg, elevation_deg, speed, slice(0, len(speed)))


def carried(elevation_deg: FloatArray, height_m: FloatArray) -> GridMotion:
    """Return the motion of an ankle at the given heights."""
    angle = np.radians(elevation_deg)
    up = np.column_stack([np.cos(angle), np.sin(angle), 0.0 * angle])
    rises = np.gradient(np.gradient(height_m)) * GRID_HZ**2
    nothing = 0.0 * angle
    return GridMotion(up, 0.0 * up, up * (9.81 + rises)[:, None], nothing, nothing == 0.0)


@pytest.mark.parametrize("before", [FLAT, FOOT_STANDING])
def test_a_leg_at_table_top_is_held_up(before: Place) -> None:
    assert held_at([before, TABLE_TOP, VERTICAL]) == [False, True, False]


def test_a_knee_at_the_chest_is_held_up_until_the_leg_is_let_down() -> None:
    assert held_at([FLAT, KNEE_AT_CHEST, FLAT, VERTICAL]) == [False, True, False, False]


def test_a_back_pressed_to_the_floor_is_no_leg_held_up() -> None:
    """The pelvis tips as far, but the leg did not rise."""
    assert not any(held_at([FLAT, FLAT_PRESSED, VERTICAL, FLAT_PRESSED]))


def test_a_straight_leg_raised_first_lay_on_the_floor() -> None:
    assert not any(held_at([FLAT, VERTICAL, FLAT, VERTICAL]))


@pytest.mark.parametrize("tips_deg", [0.0, -3.0])
def test_a_pelvis_that_hardly_follows_the_leg_is_no_evidence_of_a_leg_held_up(tips_deg: float) -> None:
    raised = (80.0, 0.72, tips_deg)

    assert not any(held_at([FLAT, raised, FLAT, raised, FLAT]))


@pytest.mark.parametrize(
    ("rises_m", "first_is_way_in", "last_is_way_out"),
    [(0.0, False, False), (0.4, True, False), (-0.4, False, True)],
)
def test_heels_drawn_in_and_lifted_end_higher_than_they_began(
    rises_m: float, first_is_way_in: bool, last_is_way_out: bool
) -> None:
    """Three dips of the shank by 30 degrees; the ankle ends the first or the last one at another height."""
    share = np.linspace(0.0, 1.0, 150)
    dip, rise = -30.0 * np.sin(np.pi * share) ** 2, share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
    still, one = np.zeros(100), np.ones(350)
    angle = np.concatenate([still, dip, still] * 3)
    first, last = (max(rises_m, 0.0), min(rises_m, 0.0))
    rising = np.concatenate([still, rise, still + 1.0])
    height = np.concatenate([first * rising, first * one, first * one + last * rising])
    ticks = [(100 + 350 * k, 175 + 350 * k, 250 + 350 * k) for k in range(3)]
    reps = [Excursion(*(Turn(tick, float(angle[tick])) for tick in three)) for three in ticks]
    ratios = carries_up(carried(angle, height), angle, reps, [slice(0, len(angle))])

    assert (ratios[0] > 1.0, ratios[2] > 1.0) == (first_is_way_in, last_is_way_out)
    assert ratios[1] == -np.inf
    assert min(ratios[0], ratios[2]) < 0.0


def test_legs_laid_down_at_once_after_the_last_tap_do_not_make_it_the_way_down() -> None:
    """The leg does not stop at table top: it is carried down by 0.4 m right after the tap, not in it."""
    share = np.linspace(0.0, 1.0, 150)
    dip, sinks = -30.0 * np.sin(np.pi * share) ** 2, share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
    still = np.zeros(100)
    tap, last = np.concatenate([still, dip]), np.concatenate([still, -30.0 * np.sin(np.pi * share)])
    # the shank turns on as the leg is carried, so that its angle shows no stop before
    angle = np.concatenate([tap, tap, last, 8.0 * np.sin(np.pi * share), still])
    height = np.concatenate([np.zeros(750), -0.4 * sinks, still - 0.4])
    ticks = [(100 + 250 * k, 175 + 250 * k, 249 + 250 * k) for k in range(3)]
    reps = [Excursion(*(Turn(tick, float(angle[tick])) for tick in three)) for three in ticks]
    ratios = carries_up(carried(angle, height), angle, reps, [slice(0, len(angle))])

    assert ratios[2] < 0.0
