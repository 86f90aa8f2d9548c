"""A person compared with a body that only follows commands: the physics of every part of `PersonPlan`."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from imu_reps import RepFaults, RepPlan, simulate
from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2
from imu_reps.sim.wearer import CutPlace, CutPlan, LifePlan, PersonPlan, SitUp
from imu_reps.sim.wearer.body import command
from imu_reps.sim.wearer.choreography import choreograph
from imu_reps.sim.wearer.sensing import mounting

REP = RepPlan(top_deg=60.0, bottom_pause_s=3.0)


def _commanded(plan):
    rng = np.random.default_rng(1)
    return command(plan, choreograph(plan, rng), rng)


def _norm(values):
    return np.linalg.norm(values, axis=1)


def _rms(values):
    return float(np.sqrt(np.mean(np.sum(values**2, axis=1))))


def _pauses(simulated, margin_s=0.3):
    """Return the rows of the ankle in the rests between repetitions."""
    time_s, reps = simulated.recording.ankle.time_s, simulated.truth.reps
    between = np.zeros(len(time_s), dtype=bool)
    for one, following in pairwise(reps):
        between |= (time_s > one.end_s + margin_s) & (time_s < following.start_s - margin_s)
    return between


def test_a_leg_that_wanders_is_never_still_and_still_does_its_reps(quiet_set):
    plan = quiet_set(REP, REP, REP, REP)
    calm = simulate(plan)
    restless = simulate(replace(plan, person=PersonPlan(wander_dps=3.0, shift_deg=2.0)))
    assert _rms(calm.recording.ankle.gyr_dps[_pauses(calm)]) < 0.5
    rests = np.flatnonzero(_pauses(restless))
    rates = restless.recording.ankle.gyr_dps[rests]
    assert 2.0 < _rms(rates) < 10.0
    halves = [_rms(chunk) for chunk in np.array_split(rates, len(rates) // 100)]  # half a second each
    assert np.mean(np.array(halves) > 2.0) > 0.8
    assert restless.truth.rep_count == 4
    assert restless.truth.partials == ()


def test_a_foot_falls_outward_about_the_shank_at_rest_and_is_straight_in_the_lift(quiet_set):
    plan = quiet_set(REP, REP)
    falling = replace(plan, person=PersonPlan(foot_falls_deg=25.0))
    straight, fallen = _commanded(plan), _commanded(falling)
    turn = straight.ankle_sensor.orientation.inverse().after(fallen.ankle_sensor.orientation)
    angles = turn.rotation_vectors_deg()
    first, second = straight.score.excursions
    at = np.searchsorted(straight.time_s, [0.5, np.mean(first.rising), 0.5 * (first.end_s + second.start_s)])
    # the left leg's foot falls to the left: about the axis towards the head, positive
    np.testing.assert_allclose(angles[at], [[0, 25, 0], [0, 0, 0], [0, 25, 0]], atol=1e-6)
    np.testing.assert_allclose(fallen.leg_elevation_deg, straight.leg_elevation_deg)


@pytest.mark.parametrize(("roll_deg", "low", "high"), [(0.0, 0.0, 0.03), (27.0, 0.3, 0.55)])
def test_a_loose_hip_takes_up_to_half_the_gyro_power_off_the_swing_axis(quiet_set, roll_deg, low, high):
    person = PersonPlan(hip_roll_deg=roll_deg, hip_abduction_deg=0.2 * roll_deg)
    simulated = simulate(quiet_set(REP, REP, REP, person=person))
    power = np.linalg.eigvalsh(np.cov(simulated.recording.ankle.gyr_dps.T))
    assert low <= 1.0 - power[-1] / power.sum() <= high
    assert [rep.range_deg for rep in simulated.truth.reps] == pytest.approx([60.0] * 3, abs=0.5)


def test_a_hanging_body_swings_as_one_pendulum_about_the_bar(quiet_set):
    person = PersonPlan(swing_deg=5.0, swing_hz=0.42)
    life = LifePlan(still_before_s=12.0)
    plan = quiet_set(REP, exercise="hanging_leg_raise", side="both", person=person, life=life)
    simulated = simulate(plan)
    pelvis, ankle = simulated.recording.pelvis, simulated.recording.ankle
    before = slice(600, 2000)  # 3 to 10 s
    # one body: the same rate at both, about the axis to the right
    rates = [mounting(plan.pelvis).apply(block.gyr_dps)[before, 2] for block in (pelvis, ankle)]
    np.testing.assert_allclose(rates[0], rates[1], atol=0.3)
    assert np.abs(rates[0]).max() == pytest.approx(5.0 * 2 * np.pi * 0.42, rel=0.05)
    # a point r below the bar: across the body g sin(angle) + r times the angular acceleration
    w, r = 2 * np.pi * 0.42, 1.15 + plan.body.thigh_m + plan.body.shank_m
    across = mounting(plan.ankle).apply(ankle.acc_mps2)[before, 0]
    expected = np.abs(STANDARD_GRAVITY_MPS2 - r * w**2) * np.sin(np.radians(5.0))
    assert np.ptp(across) / 2.0 == pytest.approx(expected, rel=0.1)


def test_the_other_leg_moves_the_pelvis_and_hardly_the_leg_that_rests(quiet_set, quiet_body):
    person = PersonPlan(other_leg_deg=50.0, sympathy_deg=1.5)
    plan = quiet_set(REP, REP, REP, body=replace(quiet_body, share=0.2), person=person)
    truth = simulate(plan).truth
    resting = np.zeros(len(truth.angles.time_s), dtype=bool)
    for one, following in pairwise(truth.reps):
        resting |= (truth.angles.time_s > one.end_s) & (truth.angles.time_s < following.start_s)
    assert truth.rep_count == 3
    assert 1.0 < truth.angles.leg_elevation_deg[resting].max() < 3.0
    assert truth.angles.pelvic_tilt_deg[resting].min() == pytest.approx(-10.0, abs=0.7)
    # it rises on its own side now
    assert truth.angles.pelvic_rotation_deg[resting].min() == pytest.approx(-2.0, abs=0.3)


@pytest.mark.parametrize(
    ("exercise", "start"), [("single_leg_raise", "low"), ("double_leg_raise", "high"), ("heel_tap", "high")]
)
def test_a_set_interrupted_by_a_sit_up_is_one_set(quiet_set, exercise, start):
    rep = RepPlan(top_deg=0.0, bottom_deg=-45.0) if exercise == "heel_tap" else REP
    person = PersonPlan(sit_ups=(SitUp(1, stay_s=4.0),))
    simulated = simulate(quiet_set(*[rep] * 4, exercise=exercise, start=start, person=person))
    truth = simulated.truth
    assert truth.rep_count == 4
    assert truth.partials == ()
    assert [r.concentric_s for r in truth.reps] == pytest.approx([truth.reps[0].concentric_s] * 4, abs=0.05)
    ((left_s, back_s),) = truth.breaks_s
    assert truth.reps[1].end_s <= left_s < back_s <= truth.reps[2].start_s + 0.5
    paused = "bottom_pause_s" if start == "low" else "top_pause_s"
    assert getattr(truth.reps[1], paused) is None
    # out of the posture for over 2 s: up has turned by 50° or more in trunk axes
    pelvis = simulated.recording.pelvis
    away = np.degrees(np.arccos(pelvis.acc_mps2 @ pelvis.acc_mps2[50] / _norm(pelvis.acc_mps2) / 9.81))
    assert np.mean(np.diff(pelvis.time_s)) * (away > 50.0).sum() > 2.5
    assert "breaks" in truth.to_dict()


def test_there_is_no_sit_up_while_hanging(quiet_set):
    plan = quiet_set(REP, exercise="hanging_leg_raise", side="both", person=PersonPlan(sit_ups=(SitUp(0),)))
    with pytest.raises(ValueError, match="hanging"):
        simulate(plan)


def test_a_handled_sensor_lies_on_a_table_turns_in_the_hand_and_is_worn_in_the_end(quiet_set):
    plan = quiet_set(REP, REP)
    bare = simulate(plan)
    handled = simulate(replace(plan, person=PersonPlan(handling_before_s=8.0, handling_after_s=6.0)))
    ankle, plain = handled.recording.ankle, bare.recording.ankle
    table = ankle.time_s < 1.4
    assert _rms(ankle.gyr_dps[table]) < 0.5
    np.testing.assert_allclose(_norm(ankle.acc_mps2[table]), STANDARD_GRAVITY_MPS2, atol=0.03)
    in_hand = (ankle.time_s > 2.0) & (ankle.time_s < 6.5)
    assert _rms(ankle.gyr_dps[in_hand]) > 15.0
    # strapped on it has its usual readings
    strapped, resting = ankle.time_s > 8.1, plain.time_s > 0.1
    np.testing.assert_allclose(ankle.acc_mps2[strapped][0], plain.acc_mps2[resting][0], atol=0.02)
    back_on_table = ankle.time_s > ankle.time_s[-1] - 1.0
    assert _rms(ankle.gyr_dps[back_on_table]) < 0.5
    assert [r.start_s - 8.0 for r in handled.truth.reps] == pytest.approx(
        [r.start_s for r in bare.truth.reps], abs=0.01
    )


def test_rocks_can_have_pauses_between_them(quiet_set):
    life = LifePlan(still_before_s=1.5, rocks_deg=(10.0, 10.0, 10.0), rock_pause_s=2.0)
    tilt = simulate(quiet_set(REP, life=life)).truth.angles.pelvic_tilt_deg
    # 1.5 s of rest, a rock of 1.5 s, a pause of 2 s
    assert tilt[225] == pytest.approx(-10.0, abs=0.1)
    np.testing.assert_allclose(tilt[310:490], 0.0, atol=0.05)
    assert tilt[575] == pytest.approx(-10.0, abs=0.1)


def test_a_hard_heel_has_the_planned_impact(quiet_set):
    rep = replace(REP, faults=RepFaults(heel_touch_mps2=25.0, heel_touch_s=0.02))
    simulated = simulate(quiet_set(rep))
    assert np.abs(_norm(simulated.recording.ankle.acc_mps2) - STANDARD_GRAVITY_MPS2).max() == pytest.approx(
        25.0, rel=0.4
    )
    assert "heel_touch" in simulated.truth.reps[0].flags


CUTS = {
    "a rest": (CutPlace(0, "rest"), CutPlace(4, "rest"), 4, 0),
    "a top": (CutPlace(0, "far"), CutPlace(5, "far"), 4, 2),
    "a way out": (CutPlace(0, "out", 0.8), CutPlace(5, "out", 0.5), 4, 2),
    "a way back": (CutPlace(0, "back", 0.3), CutPlace(5, "back", 0.5), 4, 2),
    "nearly whole": (CutPlace(0, "out", 0.1), CutPlace(5, "back", 0.9), 6, 0),
}


@pytest.mark.parametrize("start", ["low", "high"])
@pytest.mark.parametrize("name", CUTS)
def test_a_repetition_cut_off_by_the_recording_does_not_count(quiet_set, name, start):
    begin, end, count, cut_off = CUTS[name]
    rep = RepPlan(top_deg=70.0, top_pause_s=0.6, bottom_pause_s=0.6)
    plan = quiet_set(*[rep] * 6, exercise="double_leg_raise", side="both", start=start)
    whole, cut = simulate(plan), simulate(replace(plan, cut=CutPlan(begin, end)))
    assert whole.truth.rep_count == 6
    assert cut.truth.rep_count == count
    assert [p.reason for p in cut.truth.partials if p.reason == "cut_off"] == ["cut_off"] * cut_off
    assert cut.recording.ankle.time_s[0] == pytest.approx(0.0, abs=0.02)
    assert all(-0.02 <= r.start_s < r.end_s <= cut.recording.ankle.time_s[-1] + 0.05 for r in cut.truth.reps)
    complete_reps = whole.truth.reps[1:5] if count == 4 else whole.truth.reps
    middle = [r.eccentric_s for r in cut.truth.reps][1:-1]
    assert middle == pytest.approx([r.eccentric_s for r in complete_reps][1:-1], abs=0.02)


def test_a_cut_high_start_has_no_zero(quiet_set):
    plan = quiet_set(REP, REP, REP, exercise="double_leg_raise", side="both", start="high")
    cut = simulate(replace(plan, cut=CutPlan(begin=CutPlace(0, "rest"))))
    assert np.isnan(cut.truth.angles.pelvic_tilt_deg).all()
    assert cut.truth.rep_count == 2


def test_a_recording_does_not_end_before_it_begins(quiet_set):
    plan = quiet_set(REP, REP, cut=CutPlan(CutPlace(1, "rest"), CutPlace(0, "far")))
    with pytest.raises(ValueError, match="cut before it begins"):
        simulate(plan)
