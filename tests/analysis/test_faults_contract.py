"""What every fault detector keeps to: quiet when clean, once per fault, silent when blind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from math import isfinite

import numpy as np
import pytest

from imu_reps.analysis.analyze import Analysis, analyze
from imu_reps.analysis.judge import DETECTORS
from imu_reps.domain.recording import Recording
from imu_reps.domain.rep import Fault, Flag, Rep
from imu_reps.domain.samples import SampleBlock, SensorPlace, concatenate
from imu_reps.sensors.simulator import RepFaults, RepPlan, SensorPlan, SetPlan, Simulated

Analysed = Callable[[SetPlan], Analysis]
Simulate = Callable[[SetPlan], Simulated]

FAULTY = (2, 5)
CODES = [detector.__name__ for detector in DETECTORS]
PLAIN = RepPlan(top_pause_s=0.4, bottom_pause_s=0.6)

#: One repetition with each detector's fault, well past its flag.
INJECTED: dict[str, RepPlan] = {
    "momentum": replace(PLAIN, concentric_s=0.6),
    "fast_lowering": replace(PLAIN, eccentric_s=0.8),
    "back_arch": replace(PLAIN, bottom_pause_s=1.2, faults=RepFaults(arch_deg=9.0)),
    "hip_pop": replace(PLAIN, faults=RepFaults(rotation_deg=11.0)),
    "heel_touch": replace(PLAIN, faults=RepFaults(heel_touch_mps2=12.0, heel_touch_s=0.03)),
    "short_range": replace(PLAIN, top_deg=34.0),
}
NEEDS: dict[str, SensorPlace] = {
    "momentum": "ankle",
    "fast_lowering": "ankle",
    "back_arch": "pelvis",
    "hip_pop": "pelvis",
    "heel_touch": "ankle",
    "short_range": "ankle",
}
UNITS = {"share", "s", "deg", "deg/s", "m/s²"}


def spoiled(code: str) -> SetPlan:
    """Six repetitions, the second and the fifth with the fault."""
    return SetPlan(reps=tuple(INJECTED[code] if k in FAULTY else PLAIN for k in range(1, 7)))


CLEAN = SetPlan(reps=(PLAIN,) * 6)
OTHER_CLEAN = {
    "right side": replace(CLEAN, side="right"),
    "both legs": SetPlan(
        "double_leg_raise", "both", reps=(replace(PLAIN, top_deg=80.0, eccentric_s=4.5),) * 4
    ),
    "hanging": SetPlan("hanging_leg_raise", "both", reps=(replace(PLAIN, top_deg=80.0),) * 4),
    "heel tap": SetPlan("heel_tap", reps=(replace(PLAIN, top_deg=0.0, bottom_deg=-45.0),) * 5),
    "functional": replace(
        CLEAN, alignment="functional", life=replace(CLEAN.life, rocks_deg=(10.0, 12.0, 11.0))
    ),
}


@pytest.fixture(params=CODES)
def code(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def faults_of(rep: Rep, code: str) -> list[Fault]:
    return [fault for fault in rep.faults if fault.code == code]


def test_every_detector_has_its_case_here() -> None:
    assert set(CODES) == set(INJECTED) == set(NEEDS)


def test_a_clean_set_is_quiet(analysed: Analysed, code: str) -> None:
    reps = analysed(CLEAN).summary.reps

    assert len(reps) == 6
    for rep in reps:
        assert faults_of(rep, code) == []
        assert code not in rep.not_judged
        assert rep.clean is True


@pytest.mark.parametrize("plan", OTHER_CLEAN.values(), ids=OTHER_CLEAN)
def test_other_exercises_done_cleanly_are_quiet(analysed: Analysed, plan: SetPlan) -> None:
    reps = analysed(plan).summary.reps

    assert len(reps) == len(plan.reps)
    assert [rep.flags for rep in reps] == [()] * len(reps)


def test_a_fault_fires_once_in_exactly_its_repetitions(analysed: Analysed, code: str) -> None:
    reps = analysed(spoiled(code)).summary.reps

    assert len(reps) == 6
    for rep in reps:
        flagged = [fault for fault in faults_of(rep, code) if fault.level == "flag"]
        assert len(flagged) == (1 if rep.number in FAULTY else 0), (rep.number, rep.faults)
        assert (code in rep.flags) == (rep.number in FAULTY)
        assert rep.clean == (rep.number not in FAULTY)


def test_a_fault_states_its_evidence(analysed: Analysed, code: str) -> None:
    for rep in analysed(spoiled(code)).summary.reps:
        for fault in rep.faults:
            assert fault.unit in UNITS
            assert isfinite(fault.value)
            assert isfinite(fault.limit)
            past = abs(fault.value) - fault.limit
            falls_short = fault.code == "short_range" or (fault.code == "fast_lowering" and fault.unit == "s")
            assert (past < 0.0) if falls_short else (past > 0.0)
            if fault.at_s is not None:
                # a heel that meets the floor shows up to 0.15 s after the leg has stopped
                assert rep.start_s <= fault.at_s <= rep.end_s + 0.15
                assert fault.at_angle_deg is not None
                assert rep.bottom_angle_deg is not None
                assert rep.top_angle_deg is not None
                assert rep.bottom_angle_deg - 1.0 <= fault.at_angle_deg <= rep.top_angle_deg + 1.0
            else:
                assert fault.code == "short_range"


def without(recording: Recording, place: SensorPlace, start_s: float, length_s: float) -> Recording:
    """The recording with a stretch of one sensor lost on the way."""
    block = recording.samples(place)
    assert block is not None
    a, b = np.searchsorted(block.time_s, [start_s, start_s + length_s])
    lost: SampleBlock = concatenate([block[: int(a)], block[int(b) :]])
    return replace(recording, **{place: lost})


def test_a_hole_in_its_sensor_silences_it_for_that_repetition_alone(
    simulated: Simulate, analysed: Analysed, code: str
) -> None:
    plan = spoiled(code)
    rep = analysed(plan).summary.reps[FAULTY[0] - 1]
    middle = (rep.start_s + rep.end_s) / 2.0
    holed = analyze(without(simulated(plan).recording, NEEDS[code], middle - 0.15, 0.30)).summary.reps

    assert len(holed) == 6
    for other in holed:
        blind = other.number == FAULTY[0]
        assert (code in other.not_judged) == blind, other.number
        assert bool([f for f in faults_of(other, code) if f.level == "flag"]) == (other.number == FAULTY[1])


def test_a_hole_of_a_tenth_of_a_second_silences_nothing(
    simulated: Simulate, analysed: Analysed, code: str
) -> None:
    rep = analysed(CLEAN).summary.reps[2]
    start_s = rep.start_s + 0.25 * (rep.end_s - rep.start_s)
    holed = analyze(without(simulated(CLEAN).recording, NEEDS[code], start_s, 0.10)).summary.reps

    assert [other.not_judged for other in holed] == [()] * 6
    assert [other.flags for other in holed] == [()] * 6


def test_a_hole_in_the_other_sensor_does_not_silence_it(
    simulated: Simulate, analysed: Analysed, code: str
) -> None:
    plan = spoiled(code)
    other: SensorPlace = "pelvis" if NEEDS[code] == "ankle" else "ankle"
    rep = analysed(plan).summary.reps[FAULTY[0] - 1]
    middle = (rep.start_s + rep.end_s) / 2.0
    reps = analyze(without(simulated(plan).recording, other, middle - 0.15, 0.30)).summary.reps

    assert code in reps[FAULTY[0] - 1].flags
    assert all(code not in rep.not_judged for rep in reps)


def test_without_its_sensor_it_is_silent(simulated: Simulate, code: str) -> None:
    reps = analyze(replace(simulated(spoiled(code)).recording, pelvis=None)).summary.reps

    assert len(reps) == 6
    for rep in reps:
        if NEEDS[code] == "pelvis":
            assert code in rep.not_judged
            assert faults_of(rep, code) == []
            assert rep.clean is (None if not rep.flags else False)
        else:
            assert (code in rep.flags) == (rep.number in FAULTY)
            assert {"back_arch", "hip_pop"} <= set(rep.not_judged)


def test_without_the_ankle_nothing_is_counted_and_nothing_flagged(simulated: Simulate) -> None:
    summary = analyze(replace(simulated(CLEAN).recording, ankle=None)).summary

    assert summary.reps == ()
    assert summary.set.rep_count is None


def test_rotation_is_not_judged_hanging_and_tilt_not_without_a_zero(analysed: Analysed) -> None:
    hanging = analysed(OTHER_CLEAN["hanging"]).summary.reps
    legs_up = SetPlan(
        "double_leg_raise",
        "both",
        "high",
        reps=(RepPlan(90.0, 30.0, eccentric_s=4.5, top_pause_s=0.5),) * 3,
        life=replace(CLEAN.life, floor_stretch=False, final_lowering=False),
    )
    unzeroed = analysed(legs_up).summary

    assert all("hip_pop" in rep.not_judged and rep.pelvic_rotation_deg is None for rep in hanging)
    assert all("back_arch" in rep.not_judged and rep.pelvic_tilt_deg is None for rep in unzeroed.reps)
    assert all(rep.clean is None for rep in unzeroed.reps)
    assert unzeroed.zero.time_s is None
    assert unzeroed.zero.reason


@pytest.mark.parametrize("place", ["pelvis", "ankle"])
def test_no_figure_is_ever_nan(simulated: Simulate, place: SensorPlace) -> None:
    """Not measured is None: also with holes over turns, boundaries and whole repetitions."""
    recording = simulated(CLEAN).recording
    for start_s, length_s in ((4.0, 0.2), (6.5, 0.6), (9.0, 2.0), (14.0, 6.0), (24.0, 20.0)):
        recording = without(recording, place, start_s, length_s)
    summary = analyze(recording).summary

    for rep in summary.reps:
        for field in fields(Rep):
            value = getattr(rep, field.name)
            assert not isinstance(value, float) or isfinite(value), (rep.number, field.name)
    for field in fields(summary.set):
        value = getattr(summary.set, field.name)
        assert not isinstance(value, float) or isfinite(value), field.name


def test_a_jolt_high_above_the_floor_is_no_heel_touch(analysed: Analysed) -> None:
    jolted = replace(PLAIN, faults=RepFaults(jolt_mps2=12.0, jolt_at_deg=35.0))
    reps = analysed(replace(CLEAN, reps=(PLAIN, jolted, PLAIN, PLAIN))).summary.reps

    assert all("heel_touch" not in rep.flags for rep in reps)


def test_the_sign_of_a_pop_is_the_side_that_rises(analysed: Analysed) -> None:
    """Positive: the side opposite the working leg, whichever leg works."""
    for side in ("left", "right"):
        plan = replace(spoiled("hip_pop"), side=side)
        other = replace(
            plan,
            reps=tuple(
                replace(r, faults=RepFaults(rotation_deg=-11.0)) if r.faults.rotation_deg else r
                for r in plan.reps
            ),
        )
        for made, sign in ((plan, 1.0), (other, -1.0)):
            (fault,) = faults_of(analysed(made).summary.reps[FAULTY[0] - 1], "hip_pop")
            assert fault.value * sign > 7.0


def test_flags_are_of_the_faults_and_only_those_of_that_level(analysed: Analysed, code: str) -> None:
    for rep in analysed(spoiled(code)).summary.reps:
        flagged: tuple[Flag, ...] = tuple(fault.code for fault in rep.faults if fault.level == "flag")
        assert rep.flags == flagged
        assert not set(rep.flags) & set(rep.not_judged)


def test_a_slow_sensor_does_not_judge_impacts(analysed: Analysed) -> None:
    slow = SensorPlan(rate_hz=25.0)

    assert all("heel_touch" in rep.not_judged for rep in analysed(replace(CLEAN, ankle=slow)).summary.reps)
