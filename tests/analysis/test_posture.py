"""Lying, hanging, ready and left, by the person's own direction; the axes of a sensor strapped on anyhow."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from imu_reps import Header, SensorHeader
from imu_reps.analysis.set.spells import Posture, Rest, find_posture, rests_in
from imu_reps.domain.exercise import Start
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import GridMotion, Motion

ANYHOW = Rotation.from_rotvec([1.1, -0.7, 2.0])
MOUNTED = SensorHeader(cranial_axis="+y", anterior_axis="+x")
FUNCTIONAL = SensorHeader(alignment="functional")
UPRIGHT_DEG = -90.0


def grid(up: np.ndarray, still: np.ndarray) -> GridMotion:
    rows = np.zeros((len(up), 3))
    return GridMotion(up, rows, rows, np.zeros(len(up)), still)


def still_mask(moving: np.ndarray) -> np.ndarray:
    """Return still where nothing has moved for half a second."""
    recent = np.convolve(moving.astype(float), np.ones(50))[: len(moving)]
    mask = recent == 0.0
    mask[:49] = False
    return np.asarray(mask)


def tipped(posterior_deg: np.ndarray) -> np.ndarray:
    """Return up in pelvis axes (x anterior, y cranial) of a pelvis tipped back from lying."""
    angle = np.radians(posterior_deg)
    return np.column_stack([np.cos(angle), -np.sin(angle), np.zeros_like(angle)])


def spans(*each: tuple[float, float]) -> np.ndarray:
    """Return angles held for the given durations, one after the other."""
    return np.concatenate([np.full(round(seconds * GRID_HZ), deg) for deg, seconds in each])


def posture(posterior_deg: np.ndarray, header: Header, mounting: Rotation | None = None) -> Posture:
    up = tipped(posterior_deg)
    moving = np.abs(np.gradient(posterior_deg)) > 0.02
    up = up if mounting is None else mounting.apply(up)
    leg = np.tile([1.0, 0.0, 0.0], (len(up), 1))
    still = still_mask(moving)
    return find_posture(Motion(np.arange(len(up)) / GRID_HZ, grid(up, still), grid(leg, still)), header)


def spells(found: Posture) -> list[tuple[int, int]]:
    return [(spell.start, spell.stop) for spell in found.spells]


def test_rests_are_known_from_the_half_second_that_showed_them() -> None:
    still = np.zeros(300, bool)
    still[100:200] = True

    assert rests_in(still) == [Rest(51, 200)]
    assert rests_in(np.ones(20, bool)) == [Rest(0, 20)]
    assert Rest(0, 150).duration_s == 1.5


def test_lying_is_a_spell_and_upright_is_none() -> None:
    found = posture(spans((0.0, 10.0), (UPRIGHT_DEG, 10.0)), Header(pelvis=MOUNTED))

    assert found.checked
    assert spells(found) == [(0, 1000)]
    assert not found.ready[1001:].any()


def test_hanging_is_the_spell_of_a_hanging_exercise_and_lying_is_none() -> None:
    up = spans((0.0, 10.0), (UPRIGHT_DEG, 10.0))

    assert spells(posture(up, Header(posture="hanging", pelvis=MOUNTED))) == [(1000, 2000)]


def test_a_wearer_who_never_lies_has_no_spell() -> None:
    found = posture(spans((UPRIGHT_DEG, 20.0)), Header(pelvis=MOUNTED))

    assert found.checked
    assert found.spells == ()
    assert not found.ready.any()


def test_who_has_only_begun_to_lie_down_has_not_lain_while_standing() -> None:
    """The trunk rests half-way down, by 50 degrees from upright: so far that is where the person lies."""
    found = posture(spans((UPRIGHT_DEG, 20.0), (UPRIGHT_DEG * 0.45, 3.0)), Header(pelvis=MOUNTED))

    assert [start for start, _ in spells(found)] == [pytest.approx(2000, abs=100)]


@pytest.mark.parametrize("pitch_deg", [-25.0, -10.0, 0.0, 25.0])
@pytest.mark.parametrize(("lean_deg", "ready"), [(28.0, True), (-28.0, True), (32.0, False), (-32.0, False)])
def test_ready_is_within_thirty_degrees_of_the_persons_own_lying_direction(
    pitch_deg: float, lean_deg: float, ready: bool
) -> None:
    """Holds however the belt is pitched on the person."""
    found = posture(spans((pitch_deg, 20.0), (pitch_deg + lean_deg, 5.0)), Header(pelvis=MOUNTED))

    assert found.ready[49:1990].all()
    assert found.ready[2050:].all() == ready
    assert not found.ready[2050:].any() or ready
    assert spells(found) == [(0, 2500)]


@pytest.mark.parametrize("pitch_deg", [-35.0, -20.0, 0.0, 20.0, 35.0])
def test_sitting_up_leaves_the_posture_however_the_belt_is_pitched(pitch_deg: float) -> None:
    """Sitting up by 58° with a belt pitched the other way by 20° is 38° from the named axis."""
    found = posture(
        spans((pitch_deg, 10.0), (pitch_deg - 58.0, 5.0), (pitch_deg, 10.0)), Header(pelvis=MOUNTED)
    )

    assert spells(found) == [(0, 1000), (1500, 2500)]


@pytest.mark.parametrize("pitch_deg", [-25.0, 25.0])
def test_hanging_is_measured_from_the_persons_own_direction_too(pitch_deg: float) -> None:
    hang = UPRIGHT_DEG + pitch_deg
    found = posture(
        spans((hang, 10.0), (hang + 28.0, 5.0), (hang + 70.0, 5.0)),
        Header(posture="hanging", pelvis=MOUNTED),
    )

    assert found.ready[49:990].all()
    assert found.ready[1050:1490].all()
    assert spells(found) == [(0, 1500)]


def test_a_high_lift_that_tips_the_pelvis_back_does_not_leave_the_posture() -> None:
    lifting = 35.0 * np.sin(np.linspace(0.0, np.pi, 400)) ** 2

    assert spells(posture(lifting, Header(pelvis=MOUNTED))) == [(0, 400)]


@pytest.mark.parametrize(("away_s", "count"), [(0.5, 1), (1.9, 1), (2.0, 2), (5.0, 2)])
def test_two_seconds_out_of_posture_end_a_spell_and_less_does_not(away_s: float, count: int) -> None:
    away = spans((0.0, 10.0), (UPRIGHT_DEG, away_s), (0.0, 10.0))
    found = spells(posture(away, Header(pelvis=MOUNTED)))

    assert len(found) == count
    assert found[0][1] == (1000 if count == 2 else len(away))


@pytest.mark.parametrize(("away_s", "end"), [(1.9, 1190), (2.0, 1000)])
def test_at_the_end_of_the_recording_the_same_rule_holds(away_s: float, end: int) -> None:
    away = spans((0.0, 10.0), (UPRIGHT_DEG, away_s))

    assert spells(posture(away, Header(pelvis=MOUNTED))) == [(0, end)]


def test_a_spell_needs_no_rest() -> None:
    """A wearer who rocks all the time lies all the time; only ready is never reported."""
    found = posture(5.0 * np.sin(np.arange(2000) / 20.0), Header(pelvis=MOUNTED))

    assert spells(found) == [(0, 2000)]
    assert not found.ready.any()


def test_walking_and_lying_down_come_before_the_spell() -> None:
    down = np.concatenate([spans((UPRIGHT_DEG, 10.0)), np.linspace(UPRIGHT_DEG, 0.0, 300), np.zeros(1500)])
    ((start, end),) = spells(posture(down, Header(pelvis=MOUNTED)))

    assert 1000 < start < 1300
    assert end == len(down)


def test_ready_needs_every_sensor_still() -> None:
    up = np.tile([1.0, 0.0, 0.0], (200, 1))
    still = np.ones(200, bool)
    motion = Motion(np.arange(200) / GRID_HZ, grid(up, still), grid(up, ~still))

    assert not find_posture(motion, Header(pelvis=MOUNTED)).ready.any()


def test_a_gap_keeps_the_posture() -> None:
    up = np.tile([1.0, 0.0, 0.0], (800, 1))
    up[200:550] = np.nan
    motion = Motion(np.arange(800) / GRID_HZ, grid(up, np.ones(800, bool)), None)

    assert spells(find_posture(motion, Header(pelvis=MOUNTED))) == [(0, 800)]


def test_without_a_pelvis_sensor_any_rest_counts_and_posture_is_not_checked() -> None:
    still = np.arange(300) > 100
    motion = Motion(np.arange(300) / GRID_HZ, None, grid(np.tile([1.0, 0.0, 0.0], (300, 1)), still))
    found = find_posture(motion, Header())

    assert not found.checked
    assert spells(found) == [(0, 300)]
    assert (found.ready == still).all()


def rocks(count: int, tip_deg: float, pause_s: float = 0.0) -> np.ndarray:
    """Return 2 s of rest, rocks of 1.5 s each followed by `pause_s` of rest, and 2 s of rest."""
    one = tip_deg * np.sin(np.linspace(0.0, np.pi, 150)) ** 2
    each = np.concatenate([one, spans((0.0, pause_s))])
    return np.concatenate([np.zeros(200), np.tile(each, count), np.zeros(200)])


@pytest.mark.parametrize("pause_s", [0.0, 0.8, 3.0, 10.0])
def test_three_rocks_show_the_head_direction_for_any_mounting_and_any_pause(
    pause_s: float,
) -> None:
    found = posture(rocks(3, 12.0, pause_s), Header(pelvis=FUNCTIONAL), ANYHOW)

    assert found.checked
    assert found.cranial is not None
    assert found.cranial == pytest.approx(ANYHOW.apply([0.0, 1.0, 0.0]), abs=0.01)


@pytest.mark.parametrize(("start", "ready"), [("low", False), ("high", True)])
def test_after_rocks_a_leg_held_high_may_tip_the_pelvis_as_far_as_with_named_axes(
    start: Start, ready: bool
) -> None:
    """Lying flat lasts longer than the legs are held, so flat is the person's own direction."""
    lift = 36.0 * np.sin(np.linspace(0.0, np.pi / 2, 100)) ** 2
    tilt = np.concatenate([rocks(3, 12.0), spans((0.0, 10.0)), -lift, np.full(300, -36.0)])
    found = posture(tilt, Header(start=start, pelvis=FUNCTIONAL), ANYHOW)

    assert found.ready[-100:].all() == ready
    assert spells(found)[-1][1] == len(tilt)


def test_without_rocks_the_axes_stay_unknown() -> None:
    for tilt in (np.zeros(900), rocks(3, 2.0), rocks(1, 12.0)):
        found = posture(tilt, Header(pelvis=FUNCTIONAL), ANYHOW)
        assert found.cranial is None
        assert not found.checked


def test_a_pelvis_that_follows_a_lifted_leg_is_not_rocking() -> None:
    tilt = rocks(3, 12.0)
    up, still = ANYHOW.apply(tipped(tilt)), still_mask(np.abs(np.gradient(tilt)) > 0.02)
    leg = tipped(4.0 * tilt)
    motion = Motion(np.arange(len(tilt)) / GRID_HZ, grid(up, still), grid(leg, still))

    assert find_posture(motion, Header(pelvis=FUNCTIONAL)).cranial is None


def test_rocks_that_stop_while_tipped_also_show_the_head_direction() -> None:
    up_and_held = np.concatenate([6.0 * (1.0 - np.cos(np.linspace(0.0, np.pi, 75))), spans((12.0, 0.8))])
    one = np.concatenate([up_and_held, 6.0 * (1.0 + np.cos(np.linspace(0.0, np.pi, 75))), spans((0.0, 0.8))])
    found = posture(
        np.concatenate([np.zeros(200), np.tile(one, 3), np.zeros(200)]), Header(pelvis=FUNCTIONAL), ANYHOW
    )

    assert found.cranial == pytest.approx(ANYHOW.apply([0.0, 1.0, 0.0]), abs=0.01)
    assert spells(found)[0][0] < 200 + 3 * len(one) + 60


def test_rocks_are_over_once_the_leg_is_lifted_even_if_the_pelvis_stays() -> None:
    tilt = np.concatenate([rocks(3, 12.0), spans((0.0, 6.0)), rocks(1, 5.0)])
    lift = np.concatenate([np.zeros(len(rocks(3, 12.0))), 30.0 * np.sin(np.linspace(0.0, np.pi, 600)) ** 2])
    lift = np.concatenate([lift, np.zeros(len(tilt) - len(lift))])
    up, still = ANYHOW.apply(tipped(tilt)), still_mask(np.abs(np.gradient(tilt)) > 0.02)
    leg = tipped(lift)
    motion = Motion(np.arange(len(tilt)) / GRID_HZ, grid(up, still), grid(leg, still))

    assert spells(find_posture(motion, Header(pelvis=FUNCTIONAL)))[0][0] < len(rocks(3, 12.0))
