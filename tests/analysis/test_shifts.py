"""Sensors that shift in mid-set are found where they do, not where a person lies differently for a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from imu_reps import Header, Settings
from imu_reps.analysis.estimate import SetEstimate, estimate_set
from imu_reps.analysis.reps.segmentation import Excursion, Turn
from imu_reps.analysis.set.leg import LegFrame
from imu_reps.analysis.set.leg_frames import LegFrames
from imu_reps.analysis.set.shifts import find_shift, find_step
from imu_reps.analysis.set.spells import STILL_TICKS, Rest, rests_in
from imu_reps.analysis.set_findings import pelvis_shifted
from imu_reps.analysis.set_motion import held_high, set_motion
from imu_reps.analysis.slipped_strap import _changes_deg
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import GridMotion, Motion
from imu_reps.kinematics.rest import still_mask
from imu_reps.report.findings import sentence

Leg = Callable[..., np.ndarray]

REPS = 8
TOP_DEG = 50.0
LOW_DEG = 4.0
LEG_M = 0.8

#: Between the fourth and the fifth repetition: 3 s of rest, then 5 s per repetition.
SLIPPED = round((3.0 + 4 * 5.0 - 0.5) * GRID_HZ)


def sensor(orientation: Rotation, place_m: np.ndarray | None = None) -> GridMotion:
    """Return the motion of an ideal sensor of the given orientation (sensor to world, z up) and position."""
    turns = np.degrees((orientation[:-1].inv() * orientation[1:]).as_rotvec()) * GRID_HZ
    gyr = np.vstack([turns[:1], turns])
    up = orientation.inv().apply([0.0, 0.0, 1.0])
    force = np.tile([0.0, 0.0, 9.81], (len(up), 1))
    if place_m is not None:
        force += np.gradient(np.gradient(place_m, 1.0 / GRID_HZ, axis=0), 1.0 / GRID_HZ, axis=0)
    acc = orientation.inv().apply(force)
    return GridMotion(up, gyr, acc, np.zeros(len(up)), still_mask(gyr, acc, STILL_TICKS))


def about(axis: str, angle_deg: np.ndarray | float) -> Rotation:
    return Rotation.from_euler(axis, np.atleast_1d(angle_deg)[:, None], degrees=True)


def from_then_on(angle_deg: float, count: int) -> np.ndarray:
    """Return an angle that is 0 until the slip and `angle_deg` from 0.2 s later on."""
    return np.interp(np.arange(count), [SLIPPED, SLIPPED + 0.2 * GRID_HZ], [0.0, angle_deg])


def lifted(leg: Leg) -> np.ndarray:
    """Return leg elevation of a set: 3 s on the floor, then repetitions that end `LOW_DEG` above it."""
    ways = [(0.0, 3.0)]
    for _ in range(REPS):
        ways += [(TOP_DEG, 2.0), (LOW_DEG, 2.0), (LOW_DEG, 1.0)]
    return leg(0.0, ways)


def estimated(
    elevation_deg: np.ndarray, strap: Rotation, tilt_deg: np.ndarray, belt: Rotation
) -> SetEstimate:
    """Return the estimate of a set with strap and belt turned on shank and pelvis as given, sensor to body.

    World and body axes: x towards the head, y to the left, z up while lying.
    """
    angle = np.radians(elevation_deg)
    ankle_m = LEG_M * np.column_stack([-np.cos(angle), 0.0 * angle, np.sin(angle)])
    ankle = sensor(about("y", elevation_deg) * strap, ankle_m)
    pelvis = sensor(about("y", -tilt_deg) * belt)
    time = np.arange(len(elevation_deg)) / GRID_HZ
    return estimate_set(Motion(time, pelvis, ankle), Header(side="right"), Settings())


def worn_pelvis() -> Rotation:
    """Return the mounting of the pelvis sensor: y towards the head, z up while lying."""
    return Rotation.from_euler("z", -90.0, degrees=True)


@pytest.mark.parametrize("turned_deg", [20.0, -35.0])
def test_leg_elevation_continues_where_the_strap_turned_on_the_shank(leg: Leg, turned_deg: float) -> None:
    elevation = lifted(leg)
    strap = about("x", from_then_on(turned_deg, len(elevation))) * Rotation.from_rotvec([0.5, 1.1, -0.4])

    estimate = estimated(elevation, strap, -0.1 * elevation, worn_pelvis())

    assert estimate.leg is not None
    assert [slip.tick for slip in estimate.leg.slips] == [pytest.approx(SLIPPED, abs=0.3 * GRID_HZ)]
    assert len(estimate.segmentation.reps) == REPS
    settled = np.abs(np.arange(len(elevation)) - SLIPPED) > 0.5 * GRID_HZ
    assert np.abs(estimate.track.leg_elevation_deg - elevation)[settled].max() < 1.0


def test_a_leg_that_rests_higher_from_some_repetition_on_is_no_strap_slip(leg: Leg) -> None:
    elevation = lifted(leg)
    higher = leg(0.0, [(0.0, 3.0), *[(TOP_DEG, 2.0), (LOW_DEG, 2.0), (LOW_DEG, 1.0)] * 4])
    elevation = np.concatenate([higher, leg(LOW_DEG, [(TOP_DEG, 2.0), (7.0, 2.0), (7.0, 1.0)] * 4)[1:]])
    strap = Rotation.from_rotvec([0.5, 1.1, -0.4])

    estimate = estimated(elevation, strap, -0.1 * elevation, worn_pelvis())

    assert estimate.leg is not None
    assert estimate.leg.slips == ()


@pytest.mark.parametrize("axis", ["x", "y"])
def test_the_pelvis_is_not_judged_from_the_shift_of_its_sensor_on(leg: Leg, axis: str) -> None:
    elevation = lifted(leg)
    belt = about(axis, from_then_on(15.0, len(elevation))) * worn_pelvis()

    estimate = estimated(elevation, Rotation.identity(), -0.1 * elevation, belt)

    shift = estimate.pelvis.shift
    assert shift is not None
    assert shift.by_deg == pytest.approx(15.0, abs=1.0)
    assert shift.tick == pytest.approx(SLIPPED, abs=0.3 * GRID_HZ)
    assert np.isfinite(estimate.track.pelvic_tilt_deg[: SLIPPED - 50]).all()
    assert np.isnan(estimate.track.pelvic_tilt_deg[SLIPPED + 50 :]).all()
    assert np.isnan(estimate.track.pelvic_rotation_deg[SLIPPED + 50 :]).all()
    assert [sentence(found) for found in pelvis_shifted(shift)] == [
        "The pelvis sensor shifted by about 15° at 23 s: from there on the pelvis was not judged."
    ]


@pytest.mark.parametrize("axis", ["x", "z"])
@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_a_belt_that_slips_within_the_last_repetitions_but_one_shifts(leg: Leg, axis: str, at: float) -> None:
    """About the body's long axis, or about gravity, which the gyroscope alone shows; at rest or in a way."""
    elevation = lifted(leg)
    slips = round((3.0 + 5.0 * (REPS - 2 + at)) * GRID_HZ)
    turned = np.interp(np.arange(len(elevation)), [slips, slips + 0.3 * GRID_HZ], [0.0, 12.0])

    estimate = estimated(
        elevation, Rotation.identity(), -0.1 * elevation, about(axis, turned) * worn_pelvis()
    )

    shift = estimate.pelvis.shift
    assert shift is not None
    assert shift.by_deg == pytest.approx(12.0, abs=1.0)
    assert shift.tick == pytest.approx(slips + 0.15 * GRID_HZ, abs=0.3 * GRID_HZ)


@pytest.mark.parametrize("rolls_s", [1.5, 3.0])
def test_a_pelvis_that_rolls_slowly_and_stays_so_has_not_slipped(leg: Leg, rolls_s: float) -> None:
    elevation = lifted(leg)
    starts = round((3.0 + 5.0 * (REPS - 1) - 1.0) * GRID_HZ)
    rolled = np.interp(np.arange(len(elevation)), [starts, starts + rolls_s * GRID_HZ], [0.0, 8.0])

    estimate = estimated(elevation, Rotation.identity(), -0.1 * elevation, about("x", rolled) * worn_pelvis())

    assert estimate.pelvis.shift is None


def test_a_back_that_arches_in_one_pause_is_no_shift(leg: Leg) -> None:
    elevation = lifted(leg)
    at = np.arange(len(elevation))
    arched = 12.0 * np.exp(-(((at - SLIPPED) / (0.8 * GRID_HZ)) ** 2))

    estimate = estimated(elevation, Rotation.identity(), -0.1 * elevation + arched, worn_pelvis())

    assert estimate.pelvis.shift is None
    assert np.isfinite(estimate.track.pelvic_tilt_deg).all()


def test_without_repetitions_no_shift_is_reported() -> None:
    assert find_shift(np.tile([0.0, 0.0, 1.0], (500, 1)), ()) is None


def test_lost_packets_end_no_rest() -> None:
    still = np.ones(400, bool)
    still[150:160] = False
    still[300:330] = False

    assert [(rest.start, rest.end) for rest in rests_in(still)] == [(0, 300), (281, 400)]


def test_there_is_no_angle_where_no_zero_holds(leg: Leg) -> None:
    elevation = lifted(leg)
    belt = about("y", from_then_on(15.0, len(elevation))) * worn_pelvis()
    estimate = estimated(elevation, Rotation.identity(), -0.1 * elevation, belt)

    motion = set_motion(estimate.track, Header(side="right"))

    assert np.isnan(motion.tilt_deg[SLIPPED + 50 :]).all()
    assert np.isnan(held_high(motion.tilt_deg, 0.3)[SLIPPED + 50 :]).all()
    assert np.isfinite(held_high(motion.tilt_deg, 0.3)[: SLIPPED - 50]).all()


def stepped(rests_deg: Sequence[tuple[float, float]], *, second_from: int = 150) -> tuple[int, float] | None:
    """Return the step found for a pelvis that rests at two tilts, degrees, in each gap between repetitions.

    Each rest takes 1 s, and the pelvis moves from one to the next in 0.5 s; a repetition takes 3 s. The
    second rest is said to begin `second_from` ticks after the first.
    """
    tilt, elevation, reps, rests = [np.zeros(0)], [np.zeros(0)], [], []
    for number, (first, second) in enumerate(rests_deg):
        start = sum(map(len, tilt))
        rests += [Rest(start, start + 100), Rest(start + second_from, start + 250)]
        tilt += [np.full(100, first), np.linspace(first, second, 50), np.full(100, second)]
        elevation += [np.zeros(250)]
        if number + 1 < len(rests_deg):
            tilt += [np.linspace(second, rests_deg[number + 1][0], 300)]
            elevation += [TOP_DEG * np.sin(np.linspace(0.0, np.pi, 300))]
            reps += [Excursion(*(Turn(start + 250 + at, 0.0) for at in (0, 150, 299)))]
    angle = np.radians(np.concatenate(tilt))
    up = np.column_stack([np.cos(angle), np.sin(angle), 0.0 * angle])
    return find_step(up, rests, np.concatenate(elevation), reps, np.array([0.0, 1.0, 0.0]))


@pytest.mark.parametrize("by_deg", [-12.0, 9.0])
def test_a_belt_that_is_pulled_between_two_repetitions_shifts_there(by_deg: float) -> None:
    found = stepped([(0.0, 0.0), (0.0, 0.0), (0.0, by_deg), (by_deg, by_deg)])

    assert found is not None
    tick, deg = found
    assert tick == pytest.approx(2 * 550 + 125, abs=30)
    assert deg == pytest.approx(abs(by_deg), abs=0.5)


def test_a_belt_may_be_pulled_within_the_half_second_from_which_a_rest_counts() -> None:
    found = stepped([(0.0, 0.0), (0.0, 0.0), (0.0, 12.0), (12.0, 12.0)], second_from=95)

    assert found is not None
    assert found[0] == pytest.approx(2 * 550 + 125, abs=50)


def test_one_repetition_after_it_is_enough_to_see_that_a_belt_stays_shifted() -> None:
    assert stepped([(0.0, 0.0), (0.0, 9.0), (9.0, 9.0)]) is not None


@pytest.mark.parametrize(
    "rests_deg",
    [
        [(0.0, 0.0), (8.0, 0.0), (8.0, 0.0), (8.0, 0.0)],
        [(0.0, 0.0), (8.0, 8.0), (8.0, 0.0), (0.0, 0.0)],
        [(0.0, 0.0), (0.0, -12.0), (0.0, 0.0), (0.0, 0.0)],
    ],
    ids=["an arch goes back in each rest", "an arch goes back for good", "the other leg is lifted once"],
)
def test_a_pelvis_that_goes_back_to_where_it_lay_is_no_shift(rests_deg: list[tuple[float, float]]) -> None:
    assert stepped(rests_deg) is None


def test_an_arch_that_arises_while_the_leg_is_lowered_is_no_step() -> None:
    assert stepped([(0.0, 0.0), (0.0, 0.0), (8.0, 8.0), (8.0, 8.0)]) is None


def test_knees_bent_until_the_leg_is_laid_flat_before_the_first_lift_are_no_slip(leg: Leg) -> None:
    """The way to the first top begins with the foot on the floor, and the leg lies flat only on that way."""
    lift = [(60.0, 1.5), (0.0, 1.5), (0.0, 1.0)]
    elevation_deg = leg(-50.0, [(-50.0, 2.0), (0.0, 1.5), (0.0, 2.0), *lift * 4])
    angle, speed_dps = np.radians(elevation_deg), np.gradient(elevation_deg) * GRID_HZ
    up = np.stack([np.cos(angle), -np.sin(angle), 0.0 * angle], axis=1)
    starts = [200, *(550 + 400 * k for k in range(1, 4))]
    moves = [
        Excursion(Turn(one, 0.0), Turn(700 + 400 * k, 60.0), Turn(850 + 400 * k, 0.0))
        for k, one in enumerate(starts)
    ]
    frame = LegFrame(np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0]))
    flat = LegFrames(((slice(0, len(up)), frame),), (Rest(360, 540),), True, ())

    found = _changes_deg(moves, speed_dps, up, flat, (slice(0, len(up)),))
    assert found == pytest.approx([0.0] * 4, abs=0.5)
