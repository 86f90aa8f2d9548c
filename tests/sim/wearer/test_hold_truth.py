"""A simulated hold: its truth against values derived from the plan, its readings against physics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imu_reps import RepPlan, SetPlan, Simulated, simulate
from imu_reps.sim.wearer import BodyPlan, HoldPlan, HoldTruth, LifePlan
from imu_reps.sim.wearer.score import minimum_jerk

BEFORE_S, WAY_S, HELD_S, TOP_DEG, LIMIT_DEG = 3.0, 2.0, 12.0, 28.0, 6.0
QUIET = BodyPlan(share=0.2, breathing_deg=0.0, unsteady_dps=0.0, rotation_deg=0.0)


def held(hold: HoldPlan, *more: RepPlan, body: BodyPlan = QUIET) -> Simulated:
    rep = RepPlan(TOP_DEG, concentric_s=WAY_S, top_pause_s=HELD_S, eccentric_s=WAY_S, hold=hold)
    life = LifePlan(still_before_s=BEFORE_S)
    plan = SetPlan(exercise="hollow_hold", side="both", reps=(rep, *more), body=body, life=life)
    return simulate(plan, seed=4)


def truth_of(made: Simulated) -> HoldTruth:
    assert made.truth.hold is not None
    return made.truth.hold


def line_share() -> float:
    """Return where the line through 10 and 40 % of a minimum jerk's peak is zero, as share of its time."""
    u = np.linspace(0.0, 0.5, 200_001)
    at_10, at_40 = np.interp([0.1, 0.4], (4.0 * u * (1.0 - u)) ** 2, u)
    return float(at_10 - (at_40 - at_10) / 3.0)


def test_a_hold_lasts_from_the_end_of_the_way_up_to_the_beginning_of_the_way_down() -> None:
    found, edge_s = truth_of(held(HoldPlan())), WAY_S * line_share()

    assert found.start_s == pytest.approx(BEFORE_S + WAY_S - edge_s, abs=0.05)
    assert found.duration_s == pytest.approx(HELD_S + 2.0 * edge_s, abs=0.02)
    assert (found.arch_after_s, found.clean_from_s) == (None, 0.0)
    assert found.clean_s == pytest.approx(found.duration_s)
    assert found.greatest_tilt_deg == pytest.approx(-QUIET.share * TOP_DEG, abs=0.1)


def test_the_back_lets_go_when_the_commanded_tilt_passes_its_limit() -> None:
    hold = HoldPlan(arch_deg=9.0, arch_from_s=5.0, arch_takes_s=2.0)
    found = truth_of(held(hold))
    natural_deg = -QUIET.share * TOP_DEG
    gone = np.linspace(0.0, 1.0, 20_001)
    tilt_deg = natural_deg + (9.0 - natural_deg) * minimum_jerk(gone)
    crossed_s = WAY_S * line_share() + 5.0 + 2.0 * gone[int(np.argmax(tilt_deg > LIMIT_DEG))]

    assert found.arch_after_s == pytest.approx(crossed_s, abs=0.02)
    assert found.clean_s == pytest.approx(crossed_s, abs=0.02)
    assert found.greatest_tilt_deg == pytest.approx(9.0, abs=0.1)


def test_the_legs_sink_by_the_planned_angle() -> None:
    made = held(HoldPlan(sink_deg=8.0, sink_from_s=4.0))
    angles, found = made.truth.angles, truth_of(made)
    at = np.searchsorted(angles.time_s, [found.start_s + 3.5, found.end_s - 0.2])

    assert angles.leg_elevation_deg[at] == pytest.approx([TOP_DEG, TOP_DEG - 8.0], abs=0.1)
    assert found.duration_s == pytest.approx(HELD_S + 2.0 * WAY_S * line_share(), abs=0.05)
    assert angles.leg_elevation_deg[-1] == pytest.approx(0.0, abs=0.1)


def test_the_pelvis_sensor_reads_the_commanded_tilt() -> None:
    made = held(HoldPlan(arch_deg=9.0, arch_from_s=3.0), body=replace(QUIET, skin_share=0.0))
    angles, pelvis = made.truth.angles, made.recording.pelvis
    assert pelvis is not None
    inside = (pelvis.time_s > 10.0) & (pelvis.time_s < 15.0)
    _, cranial, anterior = pelvis.acc_mps2[inside].mean(axis=0)
    commanded = (angles.time_s > 10.0) & (angles.time_s < 15.0)

    assert np.degrees(np.arctan2(cranial, anterior)) == pytest.approx(
        angles.pelvic_tilt_deg[commanded].mean(), abs=0.5
    )


def test_a_hold_has_the_planned_tremor() -> None:
    shaking, quiet = (held(HoldPlan(), body=replace(QUIET, tremor_dps=dps)) for dps in (4.0, 0.0))
    rates = []
    for made in (shaking, quiet):
        assert made.recording.pelvis is not None
        inside = (made.recording.pelvis.time_s > 7.0) & (made.recording.pelvis.time_s < 15.0)
        rates.append(float(np.sqrt((made.recording.pelvis.gyr_dps[inside].var(axis=0)).sum())))

    # pitch, and half as much of roll
    assert np.sqrt(rates[0] ** 2 - rates[1] ** 2) == pytest.approx(4.0 * np.sqrt(1.25), rel=0.15)


def test_the_truth_is_that_of_the_longest_hold() -> None:
    longer = RepPlan(TOP_DEG, top_pause_s=HELD_S + 3.0, hold=HoldPlan())

    assert truth_of(held(HoldPlan(), longer)).duration_s == pytest.approx(HELD_S + 3.5, abs=0.5)


def test_the_truth_of_a_hold_has_no_count_and_that_of_repetitions_has_no_hold() -> None:
    document = held(HoldPlan()).truth.to_dict()

    assert [document["set"][name] for name in ("rep_count", "clean_count", "partial_count")] == [None] * 3
    assert document["set"]["time_under_tension_s"] == pytest.approx(
        document["hold"]["end_s"] - document["hold"]["start_s"]
    )
    assert "hold" not in simulate(SetPlan(reps=(RepPlan(),))).truth.to_dict()
