"""The truth of the simulator compared with results derived from the plan by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from imu_reps import RepFaults, RepPlan, simulate
from imu_reps.sim.wearer import Stall, Swell, idle_plan, random_plan, showcase
from imu_reps.sim.wearer.score import minimum_jerk
from imu_reps.sim.wearer.true_figures import held_peak, held_rotation, smoothness_sparc


def _line_start_share():
    """Return where the line through 10 and 40 % of a minimum jerk's peak is zero, as share of its time."""
    u = np.linspace(0.0, 0.5, 200_001)
    speed = (4.0 * u * (1.0 - u)) ** 2
    at_10, at_40 = np.interp([0.1, 0.4], speed, u)
    return at_10 - (at_40 - at_10) / 3.0


def test_a_phase_next_to_a_dwell_begins_and_ends_on_the_straight_line_of_its_flank(quiet_set):
    rep = RepPlan(top_deg=60.0, concentric_s=2.0, top_pause_s=1.0, eccentric_s=4.0)
    (found,) = simulate(quiet_set(rep)).truth.reps
    share = _line_start_share()
    assert found.concentric_s == pytest.approx(2.0 * (1.0 - 2.0 * share), abs=0.01)
    assert found.eccentric_s == pytest.approx(4.0 * (1.0 - 2.0 * share), abs=0.01)
    assert found.top_pause_s == pytest.approx(1.0 + 6.0 * share, abs=0.01)


def test_phases_without_a_dwell_meet_at_the_zero_crossing(quiet_set):
    rep = RepPlan(top_deg=60.0, concentric_s=1.0, top_pause_s=0.0, eccentric_s=1.0, bottom_pause_s=0.0)
    reps = simulate(quiet_set(rep, rep, rep)).truth.reps
    assert [r.top_pause_s for r in reps] == pytest.approx([0.0] * 3, abs=1e-9)
    assert [r.bottom_pause_s for r in reps[:2]] == pytest.approx([0.0] * 2, abs=1e-9)
    assert reps[2].bottom_pause_s is None
    assert reps[1].concentric_s == pytest.approx(1.0, abs=0.002)
    assert reps[1].eccentric_s == pytest.approx(1.0, abs=0.002)


@pytest.mark.parametrize(("duration_s", "share"), [(2.0, 0.0), (1.0, 0.06), (0.8, 0.19), (0.6, 0.30)])
def test_momentum_of_the_reference_movement_agrees_with_physics(quiet_set, duration_s, share):
    rep = RepPlan(top_deg=60.0, concentric_s=duration_s, top_pause_s=1.0)
    (found,) = simulate(quiet_set(rep)).truth.reps
    assert found.momentum == pytest.approx(share, abs=0.015)


def test_a_stall_belongs_to_its_phase_and_a_swell_to_its_pause(quiet_set):
    plain = RepPlan(top_deg=60.0, top_pause_s=1.5, bottom_pause_s=1.5)
    stalled = replace(plain, stalls=(Stall("eccentric", 0.5, 1.0),))
    swelling = replace(plain, wobbles=(Swell(12.0, 1.2),), bounces=(Swell(6.0, 1.0),))
    # a stalled phase consists of two movements, each with flanks of its own
    half_flanks_s = 2.0 * _line_start_share() / 2.0
    one, two, three = simulate(quiet_set(plain, stalled, swelling)).truth.reps
    assert two.eccentric_s - one.eccentric_s == pytest.approx(1.0 + half_flanks_s * 2.0, abs=0.05)
    assert three.concentric_s == pytest.approx(one.concentric_s, abs=0.02)
    assert three.top_pause_s == pytest.approx(one.top_pause_s, abs=0.08)
    assert three.eccentric_s == pytest.approx(one.eccentric_s, abs=0.08)


def test_a_tenth_and_a_quarter_of_the_range_are_partial_repetitions(quiet_set):
    whole = RepPlan(top_deg=60.0)
    partial_rep = RepPlan(top_deg=14.0, concentric_s=1.0, eccentric_s=1.0)
    truth = simulate(quiet_set(whole, partial_rep, whole, whole)).truth
    assert truth.rep_count == 3
    assert [p.range_deg for p in truth.partials] == pytest.approx([14.0], abs=0.3)


@pytest.mark.parametrize("start", ["low", "high"])
def test_lifting_into_a_start_and_lowering_out_of_it_are_no_repetitions(quiet_set, start):
    rep = RepPlan(top_deg=85.0, bottom_deg=0.0, bottom_pause_s=0.8)
    plan = quiet_set(rep, rep, rep, exercise="double_leg_raise", side="both", start=start)
    truth = simulate(plan).truth
    assert truth.rep_count == 3
    assert [r.range_deg for r in truth.reps] == pytest.approx([85.0] * 3, abs=1.0)


def test_a_high_start_without_a_floor_stretch_has_no_tilt(quiet_set):
    rep = RepPlan(top_deg=90.0, bottom_deg=20.0, eccentric_s=4.0)
    plan = quiet_set(rep, rep, exercise="double_leg_raise", side="both", start="high")
    truth = simulate(replace(plan, life=replace(plan.life, floor_stretch=False))).truth
    assert np.isnan(truth.angles.pelvic_tilt_deg).all()
    assert truth.angles.leg_elevation_deg[50] == pytest.approx(90.0, abs=0.01)
    assert all(r.pelvic_tilt_deg is None and r.clean is None for r in truth.reps)
    assert all("back_arch" in r.not_judged for r in truth.reps)


def test_the_pelvis_tips_backward_by_its_share(quiet_set, quiet_body):
    plan = quiet_set(RepPlan(top_deg=60.0, top_pause_s=1.0), body=replace(quiet_body, share=0.25))
    (rep,) = simulate(plan).truth.reps
    assert rep.pelvic_curl_deg == pytest.approx(15.0, abs=0.05)
    assert rep.pelvic_tilt_deg < 0.5


def test_an_arch_is_anterior_tilt_below_its_angle(quiet_set):
    rep = RepPlan(top_deg=60.0, eccentric_s=3.0, faults=RepFaults(arch_deg=8.0, arch_below_deg=30.0))
    (found,) = simulate(quiet_set(rep)).truth.reps
    assert found.pelvic_tilt_deg == pytest.approx(8.0, abs=0.4)
    assert 5.0 < found.lift_off_angle_deg < 30.0
    assert "back_arch" in found.flags
    assert found.clean is False


def test_the_floor_is_the_highest_of_few_lift_offs(quiet_set):
    reps = (
        RepPlan(top_deg=60.0, eccentric_s=3.0, faults=RepFaults(arch_deg=8.0, arch_below_deg=below))
        for below in (20.0, 34.0, 27.0)
    )
    truth = simulate(quiet_set(*reps)).truth
    assert truth.to_dict()["set"]["floor_angle_deg"] == max(rep.lift_off_angle_deg for rep in truth.reps)


def test_hanging_hip_pops_cannot_be_seen_and_do_not_make_a_rep_unclean(quiet_set):
    plan = quiet_set(RepPlan(top_deg=80.0), exercise="hanging_leg_raise", side="both")
    (rep,) = simulate(plan).truth.reps
    assert "hip_pop" in rep.not_judged
    assert rep.clean is True


@pytest.mark.parametrize("side", ["left", "right"])
def test_rotation_is_positive_when_the_side_opposite_the_working_leg_rises(quiet_set, side):
    rep = RepPlan(top_deg=60.0, top_pause_s=1.0, faults=RepFaults(rotation_deg=9.0))
    simulated = simulate(quiet_set(rep, side=side))
    assert simulated.truth.reps[0].pelvic_rotation_deg == pytest.approx(9.0, abs=0.1)
    assert "hip_pop" in simulated.truth.reps[0].flags
    # the sensor's x points left, its z forward: the left side rises when the right leg works
    at_top = np.argmax(simulated.truth.angles.leg_elevation_deg)
    force = simulated.recording.pelvis.acc_mps2[int(2 * at_top)]
    assert np.sign(force[0]) == (1.0 if side == "right" else -1.0)


def test_a_heel_tap_is_the_change_of_the_shank_from_the_start(quiet_set):
    rep = RepPlan(top_deg=0.0, bottom_deg=-45.0, bottom_pause_s=0.3)
    truth = simulate(quiet_set(rep, rep, rep, exercise="heel_tap")).truth
    assert truth.rep_count == 3
    for found in truth.reps:
        assert found.top_angle_deg == pytest.approx(0.0, abs=0.5)
        assert found.bottom_angle_deg == pytest.approx(-45.0, abs=1.0)
        assert found.momentum is None
        assert found.lift_off_angle_deg is None


def test_a_heel_touch_is_flagged_and_measured(quiet_set):
    rep = RepPlan(top_deg=50.0, faults=RepFaults(heel_touch_mps2=8.0, heel_touch_s=0.02))
    simulated = simulate(quiet_set(rep))
    assert simulated.truth.reps[0].flags == ("heel_touch",)
    force = np.linalg.norm(simulated.recording.ankle.acc_mps2, axis=1)
    assert np.abs(force - 9.81).max() > 4.0


def test_a_hold_has_no_repetitions(quiet_set):
    plan = quiet_set(RepPlan(top_deg=25.0, top_pause_s=20.0), exercise="hollow_hold", side="both")
    assert simulate(plan).truth.rep_count == 0


def test_the_time_of_the_truth_is_the_minimum_of_the_arrivals(quiet_set):
    rep = RepPlan(top_deg=60.0, concentric_s=1.0, eccentric_s=1.0)
    simulated = simulate(quiet_set(rep, rep))
    ankle, angles = simulated.recording.ankle, simulated.truth.angles
    # without jitter a sample arrives on the truth's own time: gravity along the shank shows the angle
    still = np.abs(np.gradient(angles.leg_elevation_deg)) < 1e-3
    top = angles.time_s[still & (angles.leg_elevation_deg > 59.9)]
    at_top = np.searchsorted(ankle.time_s, top[len(top) // 2])
    assert np.degrees(np.arctan2(-ankle.acc_mps2[at_top, 1], ankle.acc_mps2[at_top, 2])) == pytest.approx(
        60.0, abs=1.0
    )
    speed = np.gradient(angles.leg_elevation_deg, 0.01)
    read = np.interp(angles.time_s, ankle.time_s, np.linalg.norm(ankle.gyr_dps, axis=1))
    shifts = [np.mean((np.abs(np.roll(speed, k)) - read) ** 2) for k in (-1, 0, 1)]
    assert np.argmin(shifts) == 1


def test_the_same_plan_and_seed_give_the_same_recording():
    plan = random_plan(np.random.default_rng(3))
    assert plan == random_plan(np.random.default_rng(3))
    one, two, other = simulate(plan, seed=5), simulate(plan, seed=5), simulate(plan, seed=6)
    np.testing.assert_array_equal(one.recording.ankle.acc_mps2, two.recording.ankle.acc_mps2)
    np.testing.assert_array_equal(one.recording.pelvis.time_s, two.recording.pelvis.time_s)
    assert one.truth.to_dict() == two.truth.to_dict()
    assert not np.array_equal(one.recording.ankle.acc_mps2[:100], other.recording.ankle.acc_mps2[:100])


@pytest.mark.parametrize("seed", range(20))
def test_random_sets_contain_what_was_planned(seed):
    plan = random_plan(np.random.default_rng(seed))
    simulated = simulate(plan, seed=seed)
    ranges = np.array([rep.range_deg for rep in plan.reps])
    share = ranges / np.median(ranges)
    assert not ((share > 0.27) & (share < 0.43)).any()
    assert simulated.truth.rep_count == (share > 0.35).sum()
    assert len(simulated.truth.partials) == (share < 0.35).sum()
    for rep in simulated.truth.reps:
        assert rep.start_s < rep.end_s
        assert min(rep.concentric_s, rep.eccentric_s) > 0.3
        assert rep.top_pause_s is None or rep.top_pause_s >= 0.0
        assert rep.bottom_pause_s is None or rep.bottom_pause_s >= 0.0
    json.dumps(simulated.truth.to_dict(), allow_nan=False)


@pytest.mark.parametrize("seed", range(5))
def test_idle_recordings_have_no_repetitions(seed):
    truth = simulate(idle_plan(np.random.default_rng(seed)), seed=seed).truth
    assert truth.rep_count == 0
    assert truth.partials == ()


def test_unknown_constraints_are_refused():
    with pytest.raises(TypeError, match="tempo"):
        random_plan(np.random.default_rng(0), tempo=3)


def test_the_showcase_sets_contain_what_their_names_say():
    truths = {name: simulate(plan, seed=1).truth for name, plan in showcase().items()}
    assert len(truths) == 10
    flags = {name: {flag for rep in truth.reps for flag in rep.flags} for name, truth in truths.items()}
    assert flags["clean"] == set()
    assert "momentum" in flags["momentum"]
    assert flags["back_arch_fatigue"] == {"back_arch"}
    assert flags["hip_pop"] == {"hip_pop"}
    assert all(3.5 < rep.eccentric_s < 5.0 for rep in truths["slow_four_count"].reps)
    assert all(30.0 < truth.angles.time_s[-1] < 60.0 for truth in truths.values())


def test_figures_of_held_angles_need_the_full_duration():
    short, long = np.zeros(2000), np.zeros(2000)
    short[500:750], long[500:850] = 9.0, -9.0
    assert held_peak(short, 0.3) == 0.0
    assert held_rotation(long, 0.3) == -9.0
    assert held_peak(short[:100], 0.3) is None


def test_smoothness_of_the_minimum_jerk_movement_has_its_known_value():
    u = np.arange(0.0, 1.0, 1e-3)
    assert smoothness_sparc(np.gradient(minimum_jerk(u), 1e-3)) == pytest.approx(-1.41, abs=0.02)
