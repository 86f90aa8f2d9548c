"""The pipeline over a whole set: order of events, count, and what ends the set."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from imu_reps import (
    Analysis,
    Event,
    ImuRepsError,
    Note,
    Pipeline,
    Recording,
    RepFaults,
    RepPlan,
    SampleBlock,
    SensorPlan,
    SetPlan,
    Settings,
    Simulated,
    analyze,
    simulate,
)
from imu_reps.analysis.estimate import SetEstimate, estimate_set
from imu_reps.domain.events import (
    EndReached,
    FaultSeen,
    FloorNear,
    LimitCrossed,
    PhaseChanged,
    PostureLeft,
    Ready,
    RepAtFarEnd,
    RepCompleted,
    RepRetracted,
    RepRevised,
    SetEnded,
)
from imu_reps.domain.samples import SensorPlace
from imu_reps.errors import RecordingError, RefusedValueError
from imu_reps.kinematics.motion import Motion
from imu_reps.sim.wearer import Act, LifePlan, PersonPlan, RadioPlan, SitUp, Stall, random_plan
from imu_reps.sources.replay_source import replay_blocks

Cut = Callable[[Recording, Iterable[int]], Iterator[tuple[SampleBlock, ...]]]
Simulate = Callable[[SetPlan], Simulated]

REP = RepPlan(concentric_s=1.5, eccentric_s=1.7, top_pause_s=0.3, bottom_pause_s=0.6)
LOSSY = RadioPlan(loss=0.03, drop_outs=((9.0, 0.4),))
PLANS = {
    "quiet": SetPlan(reps=(REP,) * 5),
    "lossy": SetPlan(
        reps=(REP,) * 5, pelvis=SensorPlan(named=True, radio=LOSSY), ankle=SensorPlan(radio=LOSSY)
    ),
    "hanging": SetPlan("hanging_leg_raise", "both", reps=(replace(REP, top_deg=80.0),) * 4),
    "heel tap": SetPlan("heel_tap", reps=(replace(REP, top_deg=0.0, bottom_deg=-45.0),) * 5),
    "high start": SetPlan(
        "double_leg_raise", "both", "high", reps=(RepPlan(85.0, 25.0, 1.5, 0.5, 2.5, 0.3),) * 4
    ),
    "fidgets first": SetPlan(
        reps=(*(replace(REP, top_deg=11.0, concentric_s=0.7, eccentric_s=0.7),) * 2, *(REP,) * 5)
    ),
    "life around it": SetPlan(
        reps=(REP,) * 4,
        life=replace(
            SetPlan().life,
            before=(Act("walk", 4.0), Act("lie_down", 4.0)),
            after=(Act("sit_up", 2.0), Act("stand_up", 2.0), Act("walk", 5.0)),
        ),
    ),
    "rocks": SetPlan(
        alignment="functional", reps=(REP,) * 3, life=replace(SetPlan().life, rocks_deg=(10.0, 12.0, 11.0))
    ),
    "rocks with pauses": SetPlan(
        alignment="functional",
        reps=(REP,) * 3,
        life=replace(SetPlan().life, rocks_deg=(10.0, 12.0, 11.0), rock_pause_s=2.0),
        pelvis=SensorPlan(turned_deg=(40.0, -65.0, 20.0)),
    ),
}


def run(recording: Recording, cut: Cut, size: int = 50) -> tuple[list[Event], list[Event], Analysis]:
    pipeline = Pipeline(recording.header)
    total = sum(len(b) for b in (recording.pelvis, recording.ankle) if b is not None)
    live = [e for blocks in cut(recording, range(0, total, size)) for e in pipeline.push(*blocks)]
    closing, analysis = pipeline.finish()
    return live, closing, analysis


Run = tuple[SetPlan, Simulated, list[Event], list[Event], Analysis]


@pytest.fixture(scope="module", params=PLANS)
def done(request: pytest.FixtureRequest, simulated: Simulate, in_blocks: Cut) -> Run:
    plan = PLANS[request.param]
    return plan, simulated(plan), *run(simulated(plan).recording, in_blocks)


def counted(events: list[Event]) -> int:
    completed = sum(isinstance(event, RepCompleted) for event in events)
    return completed - sum(isinstance(event, RepRetracted) for event in events)


def test_live_and_final_count_match_the_performed_repetitions(done: Run) -> None:
    _, truth, live, closing, analysis = done

    assert analysis.summary.set.rep_count == truth.truth.rep_count
    assert counted(live) == truth.truth.rep_count
    assert counted([*live, *closing]) == truth.truth.rep_count


def test_events_are_in_order_and_begin_with_ready_and_end_once(done: Run) -> None:
    _, _, live, closing, analysis = done
    events = [*live, *closing]
    times = [event.time_s for event in events]

    assert isinstance(events[0], Ready)
    assert times == sorted(times)
    (ended,) = [event for event in events if isinstance(event, SetEnded)]
    assert ended.rep_count == analysis.summary.set.rep_count


def test_no_event_uses_the_future(done: Run) -> None:
    """A repetition is reported after it has turned back; a phase and a far end after they began."""
    _, _, live, _, _ = done
    for event in live:
        if isinstance(event, RepCompleted):
            assert event.rep.end_s <= event.time_s + 1e-9
            assert event.rep.start_s < event.rep.end_s
        if isinstance(event, FaultSeen) and event.fault.at_s is not None:
            assert event.fault.at_s <= event.time_s


def test_every_repetition_is_reported_within_a_second_of_its_end(done: Run) -> None:
    _, _, live, _, analysis = done
    reported_s = [event.time_s for event in live if isinstance(event, RepCompleted)]
    for rep in analysis.summary.reps:
        # part of the way back is needed before it counts, and half a second of dwell or a turn after it
        assert any(rep.start_s < time_s < rep.end_s + 1.0 for time_s in reported_s), rep.number


def test_each_repetition_reaches_its_far_end_once_before_it_is_complete(done: Run) -> None:
    _, truth, live, _, _ = done
    far = [event for event in live if isinstance(event, RepAtFarEnd)]

    assert len(far) >= truth.truth.rep_count
    completed = [event for event in live if isinstance(event, RepCompleted)]
    assert all(any(f.time_s <= c.time_s for f in far) for c in completed)


def test_phases_change_only_into_others(done: Run) -> None:
    phases = [event.phase for event in done[2] if isinstance(event, PhaseChanged)]

    assert {"concentric", "eccentric"} <= set(phases)
    assert all(a != b for a, b in pairwise(phases))


def test_live_figures_are_near_the_final_ones(done: Run) -> None:
    """The figures announced at the end of a repetition are those of the report, up to two estimators."""
    _, _, live, _, analysis = done
    compared = 0
    for event in live:
        if isinstance(event, RepCompleted) and event.rep.range_deg is not None:
            for rep in analysis.summary.reps:
                if rep.start_s < event.rep.end_s and event.rep.start_s < rep.end_s:
                    assert event.rep.range_deg == pytest.approx(rep.range_deg, abs=4.0)
                    compared += 1
    assert compared >= len(analysis.summary.reps) - 1


def test_finishing_is_the_analysis_of_what_was_pushed(done: Run) -> None:
    _, truth, _, _, analysis = done

    again = analyze(truth.recording).summary
    assert again.reps == analysis.summary.reps
    assert again.set == analysis.summary.set


def test_fidgets_before_the_set_are_not_counted_live_and_are_partials(
    simulated: Simulate, in_blocks: Cut
) -> None:
    live, _, analysis = run(simulated(PLANS["fidgets first"]).recording, in_blocks)

    assert [event.number for event in live if isinstance(event, RepCompleted)] == [1, 2, 3, 4, 5]
    assert [partial.reason for partial in analysis.summary.partials] == ["too_small"] * 2


def test_a_repetition_that_later_ones_show_to_be_a_fidget_is_withdrawn_with_a_reason(
    simulated: Simulate, in_blocks: Cut
) -> None:
    """A first lift of 26° may be a repetition, until the leg goes up by 85°."""
    first = replace(REP, top_deg=26.0, concentric_s=0.9, eccentric_s=0.9)
    plan = SetPlan(reps=(first, *(replace(REP, top_deg=85.0),) * 4))
    live, closing, analysis = run(simulated(plan).recording, in_blocks)
    (back,) = [event for event in live if isinstance(event, RepRetracted)]

    assert back.reason
    assert back.start_s < analysis.summary.reps[0].start_s < back.time_s
    assert [type(event) for event in closing] == [SetEnded]
    assert counted(live) == analysis.summary.set.rep_count == 4
    assert [partial.reason for partial in analysis.summary.partials] == ["too_small"]


@pytest.mark.parametrize("usual_range_deg", [None, 60.0])
@pytest.mark.parametrize("seed", range(5))
def test_the_live_count_is_right_whatever_fidgets_came_first(
    simulated: Simulate, seed: int, usual_range_deg: float | None
) -> None:
    """One to three small lifts are followed by five real ones, from the floor or from a hover."""
    rng = np.random.default_rng(seed)
    hover = float(rng.uniform(0.0, 6.0)) * (seed % 2)
    small = replace(REP, bottom_deg=hover, concentric_s=0.7, eccentric_s=0.7)
    fidgets = [replace(small, top_deg=hover + float(rng.uniform(9.5, 12.0))) for _ in range(1 + seed % 3)]
    recording = simulated(SetPlan(reps=(*fidgets, *(replace(REP, bottom_deg=hover),) * 4, REP))).recording
    pipeline = Pipeline(recording.header, Settings(usual_range_deg=usual_range_deg))
    assert recording.pelvis is not None
    assert recording.ankle is not None
    live = pipeline.push(recording.pelvis, recording.ankle)
    closing, analysis = pipeline.finish()

    assert counted(live) == pipeline.rep_count == analysis.summary.set.rep_count == 5
    assert [type(event) for event in closing] == [SetEnded]


def test_three_seconds_of_holding_and_stalling_neither_split_nor_end(
    simulated: Simulate, in_blocks: Cut
) -> None:
    resting = replace(
        REP,
        top_pause_s=3.5,
        bottom_pause_s=4.0,
        stalls=(Stall("concentric", 0.5, 3.0), Stall("eccentric", 0.4, 3.0)),
    )
    plan = SetPlan(reps=(REP, resting, resting, REP))
    live, closing, analysis = run(simulated(plan).recording, in_blocks)

    assert counted(live) == analysis.summary.set.rep_count == 4
    assert not any(isinstance(event, SetEnded) for event in live)
    (ended,) = [event for event in closing if isinstance(event, SetEnded)]
    assert ended.reason == "end_of_recording"


def test_getting_up_is_reported_and_does_not_end_the_set_by_itself(
    simulated: Simulate, in_blocks: Cut
) -> None:
    """Whether the set is over is decided by the session."""
    plan = PLANS["life around it"]
    live, closing, analysis = run(simulated(plan).recording, in_blocks)
    (left,) = [event for event in live if isinstance(event, PostureLeft)]

    assert left.rep_count == analysis.summary.set.rep_count == 4
    assert left.time_s > analysis.summary.reps[-1].end_s + 2.0
    assert [type(event) for event in closing] == [SetEnded]
    assert not any(isinstance(event, RepCompleted) for event in live[live.index(left) :])


def test_without_rocks_that_show_the_sensor_axes_leaving_the_posture_is_not_reported(
    simulated: Simulate, in_blocks: Cut
) -> None:
    """Nor are the cues of a lifted leg withheld."""
    plan = SetPlan(reps=(REP,) * 4, alignment="functional")
    live, _, analysis = run(simulated(plan).recording, in_blocks)

    assert counted(live) == analysis.summary.set.rep_count == 4
    assert not any(isinstance(event, PostureLeft) for event in live)
    first = next(k for k, event in enumerate(live) if isinstance(event, RepCompleted))
    assert sum(isinstance(event, EndReached) for event in live[first:]) == 6


def test_leaving_the_posture_is_not_reported_before_the_first_repetition(
    simulated: Simulate, in_blocks: Cut
) -> None:
    acts = (Act("still", 3.0), Act("sit_up", 2.0), Act("still", 4.0), Act("lie_down", 3.0))
    plan = SetPlan(reps=(REP,) * 3, life=replace(SetPlan().life, before=acts))
    live, _, analysis = run(simulated(plan).recording, in_blocks)

    assert counted(live) == analysis.summary.set.rep_count == 3
    assert not any(isinstance(event, PostureLeft) for event in live)


@pytest.mark.parametrize("pitch_deg", [-22.0, 0.0, 22.0])
def test_repetitions_before_and_after_a_sit_up_are_one_set(
    simulated: Simulate, in_blocks: Cut, pitch_deg: float
) -> None:
    """Holds live and in the report, however the belt is pitched; each spell has its own zero."""
    plan = SetPlan(
        reps=(REP,) * 6,
        person=PersonPlan(sit_ups=(SitUp(2, turn_deg=15.0),)),
        pelvis=SensorPlan(named=True, turned_deg=(0.0, 0.0, pitch_deg)),
    )
    truth = simulated(plan)
    live, closing, analysis = run(truth.recording, in_blocks)
    (left,) = [event for event in live if isinstance(event, PostureLeft)]

    assert counted(live) == analysis.summary.set.rep_count == truth.truth.rep_count == 6
    assert [type(event) for event in closing] == [SetEnded]
    assert left.rep_count == 3
    assert sum(isinstance(e, RepCompleted) for e in live[: live.index(left)]) == 3
    for rep, true in zip(analysis.summary.reps, truth.truth.reps, strict=True):
        assert rep.start_s == pytest.approx(true.start_s, abs=0.15)
        assert rep.range_deg == pytest.approx(true.range_deg, abs=1.5)
        assert rep.pelvic_tilt_deg == pytest.approx(true.pelvic_tilt_deg, abs=1.5)
    assert "interrupted" in {finding.code for finding in analysis.summary.findings}


@pytest.mark.parametrize("name", ["supine", "hanging", "without a pelvis sensor", "belt pitched"])
def test_a_set_that_begins_at_once_is_counted_completely_in_the_report_and_live(
    simulated: Simulate, in_blocks: Cut, name: str
) -> None:
    """There is no rest before it, and none between its repetitions."""
    restless = replace(REP, top_pause_s=0.0, bottom_pause_s=0.0)
    life = LifePlan(still_before_s=0.0, rest_after_s=1.0)
    plan = SetPlan(reps=(restless,) * 7, life=life)
    if name == "hanging":
        plan = SetPlan("hanging_leg_raise", "both", reps=(replace(restless, top_deg=80.0),) * 7, life=life)
    if name == "belt pitched":
        plan = replace(plan, pelvis=SensorPlan(named=True, turned_deg=(0.0, 0.0, 25.0)))
    truth = simulated(plan)
    recording = truth.recording
    if name == "without a pelvis sensor":
        recording = replace(recording, pelvis=None)
    live, closing, analysis = run(recording, in_blocks)

    assert analysis.summary.set.rep_count == counted([*live, *closing]) == truth.truth.rep_count == 7
    assert counted(live) == 7
    assert analysis.summary.reps[0].start_s < 0.5
    for rep, true in zip(analysis.summary.reps, truth.truth.reps, strict=True):
        assert rep.range_deg == pytest.approx(true.range_deg, abs=1.5)


def test_a_wearer_who_never_lies_still_is_ready_with_the_first_repetition(
    simulated: Simulate, in_blocks: Cut
) -> None:
    restless = replace(REP, top_pause_s=0.0, bottom_pause_s=0.0)
    plan = SetPlan(reps=(restless,) * 5, life=LifePlan(still_before_s=0.0, rest_after_s=0.0))
    live, _, _ = run(simulated(plan).recording, in_blocks)
    (ready,) = [event for event in live if isinstance(event, Ready)]
    first = next(event for event in live if isinstance(event, RepCompleted))

    assert ready.time_s == first.time_s
    assert live[0] is ready


def test_a_belt_pitched_by_25_degrees_is_ready_and_sitting_up_with_it_is_left(
    simulated: Simulate, in_blocks: Cut
) -> None:
    """The belt leans 32° on the lying pelvis, and 44° as the person sits up to 58°."""
    after = (Act("still", 1.0), Act("sit_up", 2.0), Act("still", 5.0))
    for pitch_deg in (-25.0, 25.0):
        plan = SetPlan(
            reps=(REP,) * 4,
            life=LifePlan(after=after),
            pelvis=SensorPlan(named=True, turned_deg=(0.0, 0.0, pitch_deg)),
        )
        live, _, analysis = run(simulated(plan).recording, in_blocks)

        assert isinstance(live[0], Ready)
        assert live[0].time_s < 3.0
        assert analysis.summary.set.rep_count == 4
        assert [event.rep_count for event in live if isinstance(event, PostureLeft)] == [4]


def test_the_user_can_end_a_set(simulated: Simulate) -> None:
    recording = simulated(PLANS["quiet"]).recording
    pipeline = Pipeline(recording.header)
    assert recording.pelvis is not None
    assert recording.ankle is not None
    pipeline.push(recording.pelvis, recording.ankle)
    closing, _ = pipeline.finish("user")

    assert [event.reason for event in closing if isinstance(event, SetEnded)] == ["user"]


def test_faults_are_reported_after_their_repetition(simulated: Simulate, in_blocks: Cut) -> None:
    arched = replace(REP, bottom_pause_s=1.2, faults=RepFaults(arch_deg=9.0))
    plan = SetPlan(reps=(REP, arched, REP, REP))
    live, _, analysis = run(simulated(plan).recording, in_blocks)

    flagged = [event for event in live if isinstance(event, FaultSeen) and event.fault.level == "flag"]
    assert "back_arch" in analysis.summary.reps[1].flags
    for event in flagged:
        (completed,) = [e for e in live if isinstance(e, RepCompleted) and e.number == event.number]
        assert live.index(completed) < live.index(event)
        assert completed.time_s == event.time_s


def test_a_recurring_fault_is_also_reported_for_its_earlier_repetitions(
    simulated: Simulate, in_blocks: Cut
) -> None:
    """Three jolts at one angle make a snap: the first two are reported with the third."""
    jolted = replace(REP, faults=RepFaults(jolt_mps2=8.0, jolt_at_deg=25.0))
    live, _, analysis = run(simulated(SetPlan(reps=(jolted,) * 4)).recording, in_blocks)

    assert all("snap" in rep.flags for rep in analysis.summary.reps)
    third = next(event for event in live if isinstance(event, RepCompleted) and event.number == 3)
    revised = [event for event in live if isinstance(event, RepRevised)]
    assert [(event.number, event.time_s) for event in revised] == [(1, third.time_s), (2, third.time_s)]
    assert all("snap" in event.rep.flags for event in revised)


def test_an_ankle_alone_counts_and_reports_that_posture_was_not_checked(simulated: Simulate) -> None:
    recording = replace(simulated(PLANS["quiet"]).recording, pelvis=None)
    pipeline = Pipeline(recording.header, sensors=("ankle",))
    assert recording.ankle is not None
    events = pipeline.push(recording.ankle)
    _, analysis = pipeline.finish()

    assert [event.posture_checked for event in events if isinstance(event, Ready)] == [False]
    assert counted(events) == 5
    assert "posture_unchecked" in {finding.code for finding in analysis.summary.findings}


def test_notes_are_kept(simulated: Simulate) -> None:
    recording = simulated(PLANS["quiet"]).recording
    pipeline = Pipeline(recording.header, file="set.csv")
    note = Note(2.0, "rpe", "7")
    pipeline.note(note)
    assert recording.pelvis is not None
    assert recording.ankle is not None
    pipeline.push(recording.pelvis[:50], recording.ankle[:40])
    pipeline.push(recording.pelvis[50:], recording.ankle[40:])
    again = pipeline.recording()

    assert again.notes == (note,)
    assert again.file == "set.csv"
    assert again.ankle is not None
    assert np.array_equal(again.ankle.acc_mps2, recording.ankle.acc_mps2)


@pytest.mark.parametrize("seed", range(6))
def test_random_sets_live_and_final_agree(seed: int, in_blocks: Cut, simulated: Simulate) -> None:
    plan = random_plan(np.random.default_rng(1000 + seed))
    live, closing, analysis = run(simulated(plan).recording, in_blocks, 400)

    assert counted([*live, *closing]) == analysis.summary.set.rep_count
    assert analysis.summary.set.rep_count == simulated(plan).truth.rep_count


#: Events that lead to cues.
UNDERWAY = PhaseChanged | EndReached | LimitCrossed | RepAtFarEnd | FloorNear


def test_walking_lying_down_and_fidgeting_give_no_repetition_and_no_cue(
    in_blocks: Cut, simulated: Simulate
) -> None:
    acts = (Act("walk", 6.0), Act("lie_down", 4.0), Act("still", 3.0), Act("fidget", 1.5), Act("still", 5.0))
    life = replace(
        SetPlan().life, before=acts, after=(Act("sit_up", 2.0), Act("stand_up", 2.0), Act("walk", 6.0))
    )
    live, closing, analysis = run(simulated(SetPlan(reps=(), life=life)).recording, in_blocks)

    assert isinstance(live[0], Ready)
    assert live[0].time_s > 9.0
    assert not any(isinstance(event, RepCompleted) for event in [*live, *closing])
    assert analysis.summary.set.rep_count == 0
    up_s = analysis.summary.recording.duration_s - 6.0 - 2.0
    assert not [event for event in live if isinstance(event, UNDERWAY) and event.time_s > up_s + 2.0]


@pytest.mark.parametrize("seed", range(4))
def test_steps_count_nothing_before_the_wearing_of_the_pelvis_sensor_is_known(
    in_blocks: Cut, seed: int
) -> None:
    """Steps are distinguished from raises by the push of each one, alone and before a set."""
    acts = (Act("stand", 1.5), Act("walk", 9.0), Act("lie_down", 5.0), Act("shuffle", 2.0))
    life = replace(LifePlan(still_before_s=5.0), before=acts, rocks_deg=(11.0, 12.0, 11.0))
    turned = SensorPlan(turned_deg=(40.0 * seed, 70.0, -25.0), named=False)
    plan = SetPlan(reps=(REP,) * 4, life=life, pelvis=turned, alignment="functional")
    made = simulate(plan, seed=seed)
    lying_s = made.truth.reps[0].start_s - 1.0

    live, _, analysis = run(made.recording, in_blocks)
    walked = replace(
        made.recording,
        pelvis=made.recording.pelvis[made.recording.pelvis.time_s < 10.0],
        ankle=made.recording.ankle[made.recording.ankle.time_s < 10.0],
    )

    assert not [event for event in live if isinstance(event, RepCompleted) and event.time_s < lying_s]
    assert analysis.summary.set.rep_count == 4
    assert analyze(walked).summary.set.rep_count == 0


WALK_TO_THE_BAR = SetPlan(
    "hanging_leg_raise",
    "both",
    reps=(replace(REP, top_deg=80.0),) * 4,
    life=replace(SetPlan().life, before=(Act("walk", 8.0), Act("hang_up", 3.0))),
)
AND_AWAY = replace(
    WALK_TO_THE_BAR, life=replace(WALK_TO_THE_BAR.life, after=(Act("let_go", 2.0), Act("walk", 6.0)))
)


@pytest.mark.parametrize("plan", [WALK_TO_THE_BAR, AND_AWAY], ids=["there", "and away"])
def test_walking_to_the_bar_and_away_is_no_repetition(
    analysed: Callable[[SetPlan], Analysis], plan: SetPlan
) -> None:
    summary = analysed(plan).summary

    assert summary.set.rep_count == 4
    assert summary.reps[0].start_s > 11.0


@pytest.mark.parametrize("plan", [WALK_TO_THE_BAR, AND_AWAY], ids=["there", "and away"])
def test_walking_to_the_bar_and_away_is_not_counted_live(
    in_blocks: Cut, simulated: Simulate, plan: SetPlan
) -> None:
    live, closing, _ = run(simulated(plan).recording, in_blocks)

    assert [event.number for event in live if isinstance(event, RepCompleted)] == [1, 2, 3, 4]
    assert spoken_ends(live) == [1, 2, 3, 4]
    assert [type(event) for event in closing] == [SetEnded]


def spoken_ends(events: list[Event]) -> list[int]:
    """Return the numbers spoken as repetitions end."""
    return [event.number for event in events if isinstance(event, EndReached) and event.completes]


def test_getting_up_after_heel_taps_is_not_counted_live(in_blocks: Cut, simulated: Simulate) -> None:
    acts = (Act("sit_up", 2.0), Act("stand_up", 2.0), Act("walk", 5.0))
    plan = PLANS["heel tap"]
    gets_up = replace(plan, life=replace(plan.life, knees_bent=True, after=acts))
    live, _, _ = run(simulated(gets_up).recording, in_blocks)

    assert spoken_ends(live)[-1] == len(plan.reps)


@pytest.mark.parametrize("column", ["time_s", "acc_mps2", "gyr_dps"])
def test_a_sample_without_a_reading_or_a_time_is_refused(column: str) -> None:
    recording = simulate().recording
    ankle = recording.ankle
    assert ankle is not None
    values = getattr(ankle, column).copy()
    values[50] = np.nan
    spoiled = replace(recording, ankle=replace(ankle, **{column: values}))
    with pytest.raises(RecordingError) as refused:
        analyze(spoiled)
    assert refused.value.code == "not_finite"


@pytest.mark.parametrize("place", ["pelvis", "ankle"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_pushed_samples_without_a_reading_cost_their_stretch_alone(place: SensorPlace, value: float) -> None:
    recording = simulate().recording
    block = recording.samples(place)
    assert block is not None
    acc = block.acc_mps2.copy()
    acc[100:120, 1], acc[900:903] = value, value
    spoiled = recording.with_samples(replace(block, acc_mps2=acc))
    pipeline = Pipeline(recording.header)
    for block_pushed in replay_blocks(spoiled, 0.5):
        pipeline.push(block_pushed)
    _, analysis = pipeline.finish()

    assert analysis.summary.set.rep_count == pipeline.rep_count == 8
    kept = pipeline.recording().samples(place)
    assert kept is not None
    assert len(kept) == len(block) - 23


@pytest.mark.parametrize("first", ["pelvis", "ankle"])
def test_a_sensor_pushed_whole_before_the_other_takes_no_longer(first: SensorPlace) -> None:
    recording = simulate(SetPlan(reps=(RepPlan(),) * 30)).recording
    blocks = sorted(recording.blocks, key=lambda block: block.sensor != first)
    took_s = []
    for pushes in ([tuple(blocks)], [(block,) for block in blocks]):
        pipeline, began_s = Pipeline(recording.header), time.process_time()
        for push in pushes:
            pipeline.push(*push)
        took_s.append(time.process_time() - began_s)

    assert took_s[1] < 3.0 * took_s[0]


@pytest.mark.parametrize("time_s", [-1.7e308, -1e9, 1e12, 1.7e308])
def test_a_last_time_out_of_range_is_refused(time_s: float) -> None:
    recording = simulate().recording
    pelvis = recording.pelvis
    assert pelvis is not None
    times = pelvis.time_s.copy()
    times[-1] = time_s
    with pytest.raises(ImuRepsError):
        analyze(replace(recording, pelvis=replace(pelvis, time_s=times)))


def test_a_leg_that_starts_high_has_no_phase_until_its_position_is_seen() -> None:
    made = simulate(PLANS["high start"])
    pipeline, truth = Pipeline(made.recording.header), made.truth.angles
    early, errors_deg, unplaced = 0, [], True
    for block in replay_blocks(made.recording, 0.05):
        events = pipeline.push(block)
        unplaced = unplaced and not any(isinstance(event, RepCompleted) for event in events)
        pose = pipeline.pose
        if pose is None or pose.leg_elevation_deg is None:
            early += unplaced
            continue
        true_deg = float(np.interp(pose.time_s, truth.time_s, truth.leg_elevation_deg))
        errors_deg.append(abs(pose.leg_elevation_deg - true_deg))

    assert early > 20
    assert np.median(errors_deg) < 2.0
    assert max(errors_deg) < 10.0


@pytest.mark.parametrize("spoilt", [np.nan, np.inf, 1e10, -5.0])
def test_invalid_or_decreasing_times_are_refused_as_they_are_pushed(spoilt: float) -> None:
    recording = simulate().recording
    ankle = recording.ankle
    assert ankle is not None
    time_s = ankle.time_s.copy()
    time_s[150] = spoilt
    pipeline = Pipeline(recording.header)
    pipeline.push(ankle[:100])
    with pytest.raises(RefusedValueError, match="time_s"):
        pipeline.push(replace(ankle, time_s=time_s)[100:200])
    with pytest.raises(RefusedValueError, match="goes back"):
        pipeline.push(ankle[:50])
    pipeline.push(ankle[100:200])  # nothing that was refused is kept
    stored = pipeline.recording().ankle
    assert stored is not None
    assert np.array_equal(stored.time_s, ankle.time_s[:200])


def test_a_clock_of_unusual_size_and_a_pelvis_without_readings_are_followed_without_a_warning(
    in_blocks: Cut, simulated: Simulate
) -> None:
    recording = simulated(PLANS["hanging"]).recording
    pelvis, ankle = recording.pelvis, recording.ankle
    assert pelvis is not None
    assert ankle is not None
    dead = replace(recording, pelvis=replace(pelvis, acc_mps2=np.full_like(pelvis.acc_mps2, np.nan)))
    huge = replace(dead, ankle=replace(ankle, device_time_s=np.full(len(ankle), 1e308)))
    for spoilt in (dead, huge):
        pipeline = Pipeline(spoilt.header)
        for blocks in in_blocks(spoilt, range(0, 10_000, 100)):
            pipeline.push(*blocks)


def test_after_all_repetitions_were_withdrawn_the_next_end_is_the_first_again(
    simulated: Simulate, in_blocks: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An estimate may show, as the leg goes up by 85°, that a lift of 26° was no repetition."""

    def shows_none_then(motion: Motion, *known: Any) -> SetEstimate:
        estimate = estimate_set(motion, *known)
        if not 6.0 < motion.time_s[-1] < 10.5:
            return estimate
        return replace(estimate, segmentation=replace(estimate.segmentation, reps=()))

    monkeypatch.setattr("imu_reps.analysis.live.set.estimate_set", shows_none_then)
    first = replace(REP, top_deg=26.0, concentric_s=0.9, eccentric_s=0.9)
    plan = SetPlan(reps=(first, *(replace(REP, top_deg=85.0),) * 3))
    live, _, _ = run(simulated(plan).recording, in_blocks)
    (at,) = [k for k, event in enumerate(live) if isinstance(event, RepRetracted)]
    ends = [event.number for event in live[at:] if isinstance(event, EndReached)]

    assert live[at].rep_count == 0
    assert ends[0] == 1
