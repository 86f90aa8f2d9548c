"""Rules of every fault detector: quiet when clean, one event per fault, silent without data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from math import isfinite

import numpy as np
import pytest

from imu_reps import (
    Analysis,
    Fault,
    Pipeline,
    Recording,
    Rep,
    RepFaults,
    RepPlan,
    SampleBlock,
    SensorPlan,
    SetPlan,
    Simulated,
    analyze,
)
from imu_reps.analysis.faults.judge import DETECTORS
from imu_reps.analysis.set_motion import low_passed
from imu_reps.domain.events import FaultSeen
from imu_reps.domain.rep import Flag
from imu_reps.domain.samples import SensorPlace, concatenate
from imu_reps.domain.track import GRID_HZ

Analysed = Callable[[SetPlan], Analysis]
Simulate = Callable[[SetPlan], Simulated]
Cut = Callable[[Recording, Iterable[int]], Iterator[tuple[SampleBlock, ...]]]

FAULTY = (2, 5)
CODES = [detector.__name__ for detector in DETECTORS]
#: Brisk enough to show the lever of the leg, slow enough to be lifted by muscle.
PLAIN = RepPlan(concentric_s=1.7, eccentric_s=1.8, top_pause_s=0.4, bottom_pause_s=0.6)
HOVERING = replace(PLAIN, bottom_deg=12.0)
CLEAN = SetPlan(reps=(PLAIN,) * 6)
FLOOR_DEG = 10.0

#: One repetition with the fault of each detector, well past its flag.
INJECTED: dict[str, RepPlan] = {
    "momentum": replace(PLAIN, concentric_s=0.6),
    "fast_lowering": replace(PLAIN, eccentric_s=0.8),
    "back_arch": replace(PLAIN, bottom_pause_s=1.2, faults=RepFaults(arch_deg=9.0)),
    "hip_pop": replace(PLAIN, faults=RepFaults(rotation_deg=11.0)),
    "heel_touch": replace(PLAIN, faults=RepFaults(heel_touch_mps2=12.0, heel_touch_s=0.03)),
    "short_range": replace(PLAIN, top_deg=34.0),
    "below_floor": replace(PLAIN, bottom_deg=3.0),
    "knee_bend": replace(PLAIN, faults=RepFaults(knee_bend_deg=50.0)),
    "snap": replace(PLAIN, faults=RepFaults(jolt_mps2=8.0, jolt_at_deg=25.0)),
}
NEEDS: dict[str, SensorPlace] = {
    "momentum": "ankle",
    "fast_lowering": "ankle",
    "back_arch": "pelvis",
    "hip_pop": "pelvis",
    "heel_touch": "ankle",
    "short_range": "ankle",
    "below_floor": "ankle",
    "knee_bend": "ankle",
    "snap": "ankle",
}
UNITS = {"share", "s", "deg", "deg/s", "m/s²"}


def faulty(code: str) -> tuple[int, ...]:
    """Return the repetitions of `spoiled` with the fault: a jolt recurs, and a knee is straight at first."""
    return {"snap": (2, 3, 4, 5), "knee_bend": (3, 5)}.get(code, FAULTY)


def blind(code: str) -> tuple[int, ...]:
    """Return the repetitions, of six, that a detector can never judge."""
    return {"knee_bend": (1, 2), "below_floor": (6,)}.get(code, ())


def clean(code: str) -> SetPlan:
    """Return six repetitions without a fault; above the person's floor where a floor matters."""
    return replace(CLEAN, reps=(HOVERING,) * 6, floor_deg=FLOOR_DEG) if code == "below_floor" else CLEAN


def spoiled(code: str) -> SetPlan:
    """Return six repetitions, some with the fault."""
    reps = (INJECTED[code] if k in faulty(code) else rep for k, rep in enumerate(clean(code).reps, start=1))
    return replace(clean(code), reps=tuple(reps))


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


def test_every_detector_has_its_case_in_this_module() -> None:
    assert set(CODES) == set(INJECTED) == set(NEEDS)


def test_a_clean_set_is_quiet(analysed: Analysed, code: str) -> None:
    """Not judged: the reference of a bent knee; the last lowering of a low start, as it ends on the floor."""
    reps = analysed(clean(code)).summary.reps

    assert len(reps) == 6
    for rep in reps:
        assert faults_of(rep, code) == []
        assert (code in rep.not_judged) == (rep.number in blind(code))
        assert rep.clean is True


@pytest.mark.parametrize("plan", OTHER_CLEAN.values(), ids=OTHER_CLEAN)
def test_other_clean_exercises_are_quiet(analysed: Analysed, plan: SetPlan) -> None:
    reps = analysed(plan).summary.reps

    assert len(reps) == len(plan.reps)
    assert [rep.flags for rep in reps] == [()] * len(reps)


def test_a_fault_fires_once_in_exactly_its_repetitions(analysed: Analysed, code: str) -> None:
    reps = analysed(spoiled(code)).summary.reps

    assert len(reps) == 6
    for rep in reps:
        flagged = [fault for fault in faults_of(rep, code) if fault.level == "flag"]
        assert len(flagged) == (1 if rep.number in faulty(code) else 0), (rep.number, rep.faults)
        assert (code in rep.flags) == (rep.number in faulty(code))
        assert rep.clean == (rep.number not in faulty(code))


def test_a_fault_states_its_evidence(analysed: Analysed, code: str) -> None:
    for rep in analysed(spoiled(code)).summary.reps:
        for fault in rep.faults:
            assert fault.unit in UNITS
            assert isfinite(fault.value)
            assert isfinite(fault.limit)
            past = abs(fault.value) - fault.limit
            falls_short = fault.code in ("short_range", "below_floor") or (
                fault.code == "fast_lowering" and fault.unit == "s"
            )
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


@pytest.mark.parametrize(("code", "angle"), [("back_arch", "tilt"), ("hip_pop", "rotation")])
def test_a_fault_of_the_pelvis_is_dated_where_it_passed_its_limit(
    analysed: Analysed, code: str, angle: str
) -> None:
    analysis = analysed(spoiled(code))
    track = analysis.track
    values = np.abs(low_passed(getattr(track, f"pelvic_{angle}_deg")))
    faults = [fault for rep in analysis.summary.reps for fault in faults_of(rep, code)]

    assert faults
    for fault in faults:
        assert fault.at_s is not None
        tick = round((fault.at_s - track.time_s[0]) * GRID_HZ)
        assert values[tick - 1] <= fault.limit + 0.05
        assert values[tick] >= fault.limit - 0.05


def test_a_repetition_cut_off_by_the_end_is_a_partial_and_excluded_from_all_figures(
    simulated: Simulate,
) -> None:
    recording = simulated(CLEAN).recording
    whole = analyze(recording).summary
    last = whole.reps[-1]
    assert last.eccentric_s is not None
    middle_s = last.end_s - 0.5 * last.eccentric_s
    cut = analyze(without(without(recording, "ankle", middle_s, 100.0), "pelvis", middle_s, 100.0)).summary

    assert cut.set.rep_count == len(cut.reps) == len(whole.reps) - 1
    assert [partial.reason for partial in cut.partials] == ["cut_off"]
    assert whole.reps[-2].end_s <= cut.partials[0].start_s <= last.start_s
    assert cut.set.time_under_tension_s == pytest.approx(
        sum(rep.end_s - rep.start_s for rep in whole.reps[:-1]), abs=0.1
    )


def without(recording: Recording, place: SensorPlace, start_s: float, length_s: float) -> Recording:
    """Return the recording without a stretch of one sensor, as if lost in transmission."""
    block = recording.samples(place)
    assert block is not None
    a, b = np.searchsorted(block.time_s, [start_s, start_s + length_s])
    lost: SampleBlock = concatenate([block[: int(a)], block[int(b) :]])
    return replace(recording, **{place: lost})


def test_a_gap_in_its_sensor_silences_it_for_that_repetition_alone(
    simulated: Simulate, analysed: Analysed, code: str
) -> None:
    plan = spoiled(code)
    first, *rest = faulty(code)
    rep = analysed(plan).summary.reps[first - 1]
    middle = (rep.start_s + rep.end_s) / 2.0
    holed = analyze(without(simulated(plan).recording, NEEDS[code], middle - 0.15, 0.30)).summary.reps

    assert len(holed) == 6
    for other in holed:
        assert (code in other.not_judged) == (other.number in (first, *blind(code))), other.number
        assert bool([f for f in faults_of(other, code) if f.level == "flag"]) == (other.number in rest)


def test_a_gap_of_a_tenth_of_a_second_silences_nothing(
    simulated: Simulate, analysed: Analysed, code: str
) -> None:
    plan = clean(code)
    whole = analysed(plan).summary.reps
    start_s = whole[2].start_s + 0.25 * (whole[2].end_s - whole[2].start_s)
    holed = analyze(without(simulated(plan).recording, NEEDS[code], start_s, 0.10)).summary.reps

    assert [other.not_judged for other in holed] == [other.not_judged for other in whole]
    assert [other.flags for other in holed] == [()] * 6


def test_a_gap_in_the_other_sensor_does_not_silence_it(
    simulated: Simulate, analysed: Analysed, code: str
) -> None:
    plan = spoiled(code)
    other: SensorPlace = "pelvis" if NEEDS[code] == "ankle" else "ankle"
    rep = analysed(plan).summary.reps[faulty(code)[0] - 1]
    middle = (rep.start_s + rep.end_s) / 2.0
    reps = analyze(without(simulated(plan).recording, other, middle - 0.15, 0.30)).summary.reps

    assert code in reps[rep.number - 1].flags
    assert all((code in rep.not_judged) == (rep.number in blind(code)) for rep in reps)


def test_without_its_sensor_it_is_silent(simulated: Simulate, code: str) -> None:
    reps = analyze(replace(simulated(spoiled(code)).recording, pelvis=None)).summary.reps

    assert len(reps) == 6
    for rep in reps:
        if NEEDS[code] == "pelvis":
            assert code in rep.not_judged
            assert faults_of(rep, code) == []
            assert rep.clean is (None if not rep.flags else False)
        else:
            assert (code in rep.flags) == (rep.number in faulty(code))
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
    assert all(rep.clean is True for rep in hanging)  # faults that hanging never shows are excluded
    assert all("back_arch" in rep.not_judged and rep.pelvic_tilt_deg is None for rep in unzeroed.reps)
    assert all(rep.clean is None for rep in unzeroed.reps)
    assert unzeroed.zero.time_s is None
    assert unzeroed.zero.reason


@pytest.mark.parametrize("place", ["pelvis", "ankle"])
def test_no_figure_is_ever_nan(simulated: Simulate, place: SensorPlace) -> None:
    """A value that is not measured is None, also with gaps over turns, boundaries and whole repetitions."""
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
    """Positive is the side opposite the working leg, whichever leg works."""
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


def test_flags_are_the_codes_of_faults_of_that_level_only(analysed: Analysed, code: str) -> None:
    for rep in analysed(spoiled(code)).summary.reps:
        flagged: tuple[Flag, ...] = tuple(fault.code for fault in rep.faults if fault.level == "flag")
        assert rep.flags == flagged
        assert not set(rep.flags) & set(rep.not_judged)


def test_a_slow_sensor_does_not_judge_impacts(analysed: Analysed) -> None:
    slow = SensorPlan(rate_hz=25.0)

    for rep in analysed(replace(CLEAN, ankle=slow)).summary.reps:
        assert {"heel_touch", "snap"} <= set(rep.not_judged)


def test_a_sensor_of_50_hz_reports_a_touch_and_judges_none_that_it_may_have_missed(
    analysed: Analysed,
) -> None:
    long = replace(PLAIN, faults=RepFaults(heel_touch_mps2=12.0, heel_touch_s=0.06))
    plan = replace(CLEAN, reps=(PLAIN, long, PLAIN), ankle=SensorPlan(rate_hz=50.0))

    first, touched, _ = analysed(plan).summary.reps
    assert "heel_touch" in touched.flags
    assert "heel_touch" in first.not_judged
    assert "snap" not in first.not_judged


def test_a_fault_is_reported_the_same_in_any_blocks(simulated: Simulate, in_blocks: Cut, code: str) -> None:
    recording = simulated(spoiled(code)).recording
    faults_seen = []
    for size in (13, 700):
        pipeline = Pipeline(recording.header)
        count = sum(len(block) for block in (recording.pelvis, recording.ankle) if block is not None)
        pushes = in_blocks(recording, range(0, count, size))
        events = [event for blocks in pushes for event in pipeline.push(*blocks)]
        faults_seen.append([e for e in events if isinstance(e, FaultSeen) and e.fault.code == code])
        _, analysis = pipeline.finish()
        flagged = [rep.number for rep in analysis.summary.reps if code in rep.flags]
        assert flagged == list(faulty(code))

    assert [replace(e, fault=rounded(e.fault)) for e in faults_seen[0]] == [
        replace(e, fault=rounded(e.fault)) for e in faults_seen[1]
    ]
    assert faulty(code)[-1] in [event.number for event in faults_seen[0]]


def rounded(fault: Fault) -> Fault:
    """Return the fault with floats rounded against differences in their last bits."""
    numbers = {name: value for name in Fault.__slots__ if isinstance(value := getattr(fault, name), float)}
    return replace(fault, **{name: round(value, 6) for name, value in numbers.items()})  # type: ignore[arg-type]
