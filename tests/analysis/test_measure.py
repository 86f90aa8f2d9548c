"""Figures of one repetition as in docs/definitions.md#per-repetition, on angles made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from imu_reps import AngleTrack, Header, Settings
from imu_reps.analysis.reps.measure import Measured, Meter
from imu_reps.analysis.reps.phases import Phases
from imu_reps.analysis.set_motion import set_motion
from imu_reps.domain.track import GRID_HZ

Leg = Callable[..., np.ndarray]

#: Durations: 1 s of rest, 2 s up, 1 s at the top, 3 s down, 1 s of rest.
WAYS = [(0.0, 1.0), (60.0, 2.0), (60.0, 1.0), (0.0, 3.0), (0.0, 1.0)]
PHASES = Phases(100.0, 300.0, 400.0, 700.0)
HIGH = Header(exercise="double_leg_raise", start="high")


@pytest.fixture
def track(leg: Leg) -> AngleTrack:
    elevation = leg(0.0, WAYS)
    count = len(elevation)
    zero = np.zeros(count)
    return AngleTrack(
        5.0 + np.arange(count) / GRID_HZ,
        elevation,
        -0.2 * elevation,
        0.02 * elevation,
        np.zeros((count, 3)),
        zero,
        np.zeros(count, bool),
    )


def measured(track: AngleTrack, header: Header | None = None, next_start: float | None = 760.0) -> Measured:
    return Meter(set_motion(track, header or Header()), Settings()).measure(PHASES, next_start)


def bump(centre: int, width_s: float, size: float) -> np.ndarray:
    """Return a bump of the given size whose plateau lasts about `width_s`."""
    time = (np.arange(801) - centre) / GRID_HZ
    return np.asarray(np.where(np.abs(time) <= width_s / 2.0, size, 0.0))


def test_durations_angles_and_speeds(track: AngleTrack) -> None:
    rep = measured(track)

    assert (rep.start_s, rep.end_s) == (6.0, 12.0)
    assert (rep.concentric_s, rep.top_pause_s, rep.eccentric_s, rep.bottom_pause_s) == (2.0, 1.0, 3.0, 0.6)
    assert (rep.top_angle_deg, rep.bottom_angle_deg, rep.range_deg) == pytest.approx(
        (60.0, 0.0, 60.0), abs=0.05
    )
    # minimum jerk peaks at 15/8 of the mean speed; the 6 Hz low-pass takes less than 1 % of it
    assert rep.peak_concentric_dps == pytest.approx(60.0 / 2.0 * 15.0 / 8.0, rel=0.01)
    assert rep.peak_eccentric_dps == pytest.approx(60.0 / 3.0 * 15.0 / 8.0, rel=0.01)


def test_a_high_start_goes_down_first(track: AngleTrack) -> None:
    lowered = replace(track, leg_elevation_deg=90.0 - track.leg_elevation_deg)
    rep = measured(lowered, HIGH)

    assert (rep.eccentric_s, rep.bottom_pause_s, rep.concentric_s, rep.top_pause_s) == (2.0, 1.0, 3.0, 0.6)
    assert (rep.top_angle_deg, rep.bottom_angle_deg) == pytest.approx((90.0, 30.0), abs=0.05)


def test_the_pause_after_the_last_repetition_and_one_over_ten_seconds_are_not_measured(
    track: AngleTrack,
) -> None:
    assert measured(track, next_start=None).bottom_pause_s is None
    assert measured(track, next_start=700.0 + 1001.0).bottom_pause_s is None
    assert measured(track, next_start=700.0 + 999.0).bottom_pause_s == pytest.approx(9.99)


def test_the_bottom_is_that_of_the_lowering(leg: Leg, track: AngleTrack) -> None:
    stopped = leg(0.0, [(0.0, 1.0), (60.0, 2.0), (60.0, 1.0), (25.0, 3.0), (25.0, 1.0)])
    rep = measured(replace(track, leg_elevation_deg=stopped))

    assert rep.bottom_angle_deg == pytest.approx(25.0, abs=0.1)
    assert rep.range_deg == pytest.approx(35.0, abs=0.1)


def test_tipping_back_is_curl_and_not_tilt(track: AngleTrack) -> None:
    rep = measured(track)

    # the top is held for its whole second; the least tipped 0.3 s reach slightly into a movement
    assert rep.pelvic_curl_deg == pytest.approx(12.0, abs=0.1)
    assert rep.pelvic_tilt_deg is not None
    assert -0.2 < rep.pelvic_tilt_deg <= 0.0
    assert rep.lift_off_angle_deg is None


@pytest.mark.parametrize(("lasts_s", "reached"), [(0.15, False), (0.6, True)])
def test_an_angle_counts_when_held_for_three_tenths_of_a_second(
    track: AngleTrack, lasts_s: float, reached: bool
) -> None:
    knocked = replace(
        track, pelvic_tilt_deg=bump(550, lasts_s, 8.0), pelvic_rotation_deg=-bump(550, lasts_s, 8.0)
    )
    rep = measured(knocked)

    assert rep.pelvic_tilt_deg is not None
    assert rep.pelvic_rotation_deg is not None
    assert (rep.pelvic_tilt_deg > 6.0) == reached
    assert (rep.pelvic_rotation_deg < -6.0) == reached


def test_rotation_keeps_the_sign_of_its_larger_side(track: AngleTrack) -> None:
    both = bump(250, 0.6, 4.0) - bump(550, 0.6, 7.0)

    assert measured(replace(track, pelvic_rotation_deg=both)).pelvic_rotation_deg == pytest.approx(
        -7.0, abs=0.6
    )
    assert measured(replace(track, pelvic_rotation_deg=-both)).pelvic_rotation_deg == pytest.approx(
        7.0, abs=0.6
    )


def test_lift_off_is_the_elevation_at_which_tilt_passes_three_degrees_while_lowering(
    track: AngleTrack,
) -> None:
    elevation = track.leg_elevation_deg
    arching = np.where(np.arange(801) > 350, np.maximum(0.0, (20.0 - elevation) * 0.3), 0.0)
    rep = measured(replace(track, pelvic_tilt_deg=arching))

    assert rep.lift_off_angle_deg == pytest.approx(10.0, abs=0.5)
    tap = replace(Header(), exercise="heel_tap")
    assert measured(replace(track, pelvic_tilt_deg=arching), tap).lift_off_angle_deg is None


def test_pelvic_angles_before_and_after_belong_to_other_repetitions(track: AngleTrack) -> None:
    rep = measured(replace(track, pelvic_tilt_deg=bump(40, 0.6, 9.0) + bump(770, 0.5, 9.0)))

    assert rep.pelvic_tilt_deg == pytest.approx(0.0, abs=0.3)


def ramp(ways: list[tuple[int, float]]) -> np.ndarray:
    """Return straight lines through the points (tick, deg)."""
    return np.interp(np.arange(801), *zip(*ways, strict=True))


def test_an_arch_is_measured_on_the_way_down_and_at_the_bottom_only(track: AngleTrack) -> None:
    on_the_way_up = measured(replace(track, pelvic_tilt_deg=bump(200, 0.8, 9.0))).arch
    at_the_bottom = measured(replace(track, pelvic_tilt_deg=ramp([(690, 0.0), (710, 9.0), (750, 9.0)]))).arch

    assert on_the_way_up is not None
    assert on_the_way_up.tilt_deg < 0.5
    assert at_the_bottom is not None
    assert at_the_bottom.tilt_deg == pytest.approx(9.0, abs=0.1)


def test_an_arch_that_has_not_come_back_belongs_to_the_repetition_before(track: AngleTrack) -> None:
    never_back = measured(replace(track, pelvic_tilt_deg=np.full(801, 8.0)))
    growing = measured(replace(track, pelvic_tilt_deg=ramp([(400, 7.0), (650, 10.0)])))
    twice = ramp([(0, 8.0), (250, 8.0), (280, 0.0), (450, 0.0), (550, 10.0), (600, 10.0), (640, 0.0)])
    again = measured(replace(track, pelvic_tilt_deg=twice))

    assert never_back.pelvic_tilt_deg == pytest.approx(8.0)
    assert never_back.arch is not None
    assert never_back.arch.tilt_deg == 0.0
    assert growing.arch is not None
    assert growing.arch.tilt_deg == pytest.approx(10.0, abs=0.1)
    assert again.arch is not None
    assert again.arch.tilt_deg == pytest.approx(10.0, abs=0.2)
    assert 550 <= again.arch.tick <= 600


def test_an_arch_begun_on_the_way_up_and_kept_belongs_to_its_own_repetition(track: AngleTrack) -> None:
    arch = measured(replace(track, pelvic_tilt_deg=ramp([(150, 0.0), (250, 9.0), (800, 9.0)]))).arch

    assert arch is not None
    assert arch.tilt_deg == pytest.approx(9.0, abs=0.1)


def test_the_bottom_of_a_high_start_is_between_the_ways(track: AngleTrack) -> None:
    high = replace(track, leg_elevation_deg=90.0 - track.leg_elevation_deg)
    bottom = measured(
        replace(high, pelvic_tilt_deg=ramp([(320, 0.0), (330, 8.0), (370, 8.0), (380, 0.0)])), HIGH
    )
    back_up = measured(replace(high, pelvic_tilt_deg=bump(600, 0.8, 8.0)), HIGH)

    assert bottom.arch is not None
    assert bottom.arch.tilt_deg > 6.0
    assert back_up.arch is not None
    assert back_up.arch.tilt_deg < 0.5


def holed(track: AngleTrack, start: int, length: int, name: str) -> AngleTrack:
    values = getattr(track, name).copy()
    values[start : start + length] = np.nan
    return replace(track, **{name: values})


LEG_FIGURES = ("range_deg", "top_angle_deg", "peak_concentric_dps", "smoothness_sparc", "momentum", "drop")


@pytest.mark.parametrize(("ticks", "known"), [(15, True), (16, False)])
def test_a_gap_of_more_than_150_ms_is_not_measured(track: AngleTrack, ticks: int, known: bool) -> None:
    rep = measured(holed(track, 500, ticks, "leg_elevation_deg"))

    assert rep.leg_known == known
    for name in LEG_FIGURES:
        assert (getattr(rep, name) is not None) == known, name


def test_gaps_of_more_than_a_tenth_in_total_are_not_measured(track: AngleTrack) -> None:
    few, many = track, track
    for start in range(110, 690, 100):
        few = holed(few, start, 9, "leg_elevation_deg")
        many = holed(many, start, 12, "leg_elevation_deg")

    assert measured(few).leg_known
    assert not measured(many).leg_known


def test_a_gap_in_the_pelvis_does_not_affect_the_leg(track: AngleTrack) -> None:
    rep = measured(holed(track, 500, 30, "pelvis_gyr_dps"))

    assert rep.leg_known
    assert not rep.pelvis_known
    assert (rep.pelvic_tilt_deg, rep.pelvic_curl_deg, rep.pelvic_rotation_deg) == (None, None, None)


def test_a_gap_outside_the_repetition_does_not_matter(track: AngleTrack) -> None:
    assert measured(holed(track, 20, 40, "leg_elevation_deg")).leg_known


def test_a_boundary_within_a_wide_gap_is_not_measured(track: AngleTrack) -> None:
    narrow = measured(holed(track, 295, 10, "leg_elevation_deg"))
    wide = measured(holed(track, 290, 20, "leg_elevation_deg"))

    assert (narrow.concentric_s, narrow.top_pause_s, narrow.eccentric_s) == (2.0, 1.0, 3.0)
    assert (wide.concentric_s, wide.top_pause_s, wide.eccentric_s) == (None, None, 3.0)


@pytest.mark.parametrize(("ticks", "known"), [(45, True), (60, False)])
def test_a_phase_or_pause_of_which_half_a_second_was_not_seen_has_no_duration(
    track: AngleTrack, ticks: int, known: bool
) -> None:
    """The leg may have turned and come back meanwhile, or the clock been set."""
    moving = measured(holed(track, 500, ticks, "leg_elevation_deg"))
    resting = measured(holed(track, 320, ticks, "leg_elevation_deg"))

    assert (moving.concentric_s, moving.top_pause_s) == (2.0, 1.0)
    assert moving.eccentric_s == (3.0 if known else None)
    assert (resting.concentric_s, resting.eccentric_s) == (2.0, 3.0)
    assert resting.top_pause_s == (1.0 if known else None)


def test_an_arch_in_a_lowering_shorter_than_the_holding_time_is_looked_for_within_it(
    track: AngleTrack,
) -> None:
    """In a high start it begins with the repetition, whose first moments show no arch yet."""
    short = Phases(100.0, 120.0, 400.0, 700.0)
    arch = Meter(set_motion(track, HIGH), Settings()).measure(short, None).arch
    assert arch is not None
    assert 100 < arch.tick < 120


def test_without_a_zero_there_is_rotation_but_no_tilt(track: AngleTrack) -> None:
    rep = measured(replace(track, pelvic_tilt_deg=np.full(801, np.nan)))

    assert (rep.pelvic_tilt_deg, rep.pelvic_curl_deg, rep.lift_off_angle_deg) == (None, None, None)
    assert rep.pelvic_rotation_deg is not None


def test_momentum_of_a_heel_tap_is_not_measured(track: AngleTrack) -> None:
    rep = measured(track, Header(exercise="heel_tap"))

    assert (rep.momentum, rep.drop) == (None, None)
    assert measured(track).momentum == 0.0
