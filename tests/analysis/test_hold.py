"""Timed holds: they begin and end by themselves, nothing is counted, the pelvis is judged throughout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from imu_reps import Event, Pipeline, Recording, RepPlan, SetPlan, Settings, analyze, simulate
from imu_reps.analysis.estimate import SetEstimate, estimate_set
from imu_reps.analysis.hold import Hold, find_hold, hold_findings
from imu_reps.analysis.set_motion import SetMotion, set_motion
from imu_reps.coaching.coach import Coach
from imu_reps.coaching.cues import CoachPlan
from imu_reps.domain.cue import Cue
from imu_reps.domain.events import (
    HoldBegan,
    HoldEnded,
    HoldGoesOn,
    LimitCrossed,
    Ready,
    RepAtFarEnd,
    RepCompleted,
    RepRetracted,
    SetEnded,
)
from imu_reps.kinematics.recorded import estimate_motion
from imu_reps.quality.plausibility import examined
from imu_reps.report.findings import finding_text as words
from imu_reps.sim.wearer import Act, BodyPlan, HoldPlan, HoldTruth, LifePlan, Stall
from imu_reps.sources.replay_source import replay_blocks

Moved = tuple[SetMotion, tuple[slice, ...]]

RISE_S, HELD_S = 2.0, 20.0
HOLD = RepPlan(top_deg=25.0, concentric_s=RISE_S, top_pause_s=HELD_S, eccentric_s=RISE_S, bottom_pause_s=2.0)
KICK = RepPlan(top_deg=25.0, concentric_s=1.0, top_pause_s=0.2, eccentric_s=1.0, bottom_pause_s=2.0)
SHORT = replace(HOLD, top_pause_s=6.0)
LETTING_GO = replace(SHORT, top_pause_s=8.0, hold=HoldPlan(arch_deg=10.0, arch_from_s=3.0, arch_takes_s=1.0))
#: Rest before the set, s.
BEFORE_S = 3.0
RESTED = LifePlan(still_before_s=BEFORE_S)


def recorded(*reps: RepPlan, life: LifePlan = RESTED) -> Recording:
    return simulate(SetPlan(exercise="hollow_hold", side="both", reps=reps, life=life), seed=3).recording


def live(recording: Recording) -> list[Event]:
    pipeline = Pipeline(recording.header)
    return [event for block in replay_blocks(recording, 0.5) for event in pipeline.push(block)]


def estimated(recording: Recording) -> SetEstimate:
    return estimate_set(estimate_motion(recording, examined(recording).clocks), recording.header, Settings())


def held(recording: Recording) -> float | None:
    return analyze(recording).summary.set.time_under_tension_s


@dataclass(frozen=True)
class CuedHold:
    """One simulated hold: its truth, its final estimate, and the times of the cues about the back."""

    seed: int
    truth: HoldTruth
    found_s: float
    clean_s: float
    press_back_s: tuple[float, ...]


def drawn(seed: int) -> SetPlan:
    """Return the plan of a hold of random length, height and tremor; with odd seeds the back lets go."""
    rng = np.random.default_rng(seed)
    held_s, arch_from_s = rng.uniform(6.0, 12.0), rng.uniform(1.5, 3.5)
    arch_deg = rng.uniform(8.0, 12.0) if seed % 2 else 0.0
    sink_deg = rng.choice([0.0, 6.0])
    hold = HoldPlan(arch_deg, arch_from_s, rng.uniform(0.8, 2.0), sink_deg, sink_from_s=2.0)
    rep = replace(HOLD, top_deg=rng.uniform(20.0, 40.0), top_pause_s=held_s, hold=hold)
    body = BodyPlan(tremor_dps=rng.uniform(0.0, 4.0))
    return SetPlan(exercise="hollow_hold", side="both", reps=(rep,), body=body)


def coached(seed: int) -> CuedHold:
    made = simulate(drawn(seed), seed=seed)
    pipeline, coach = Pipeline(made.recording.header), Coach(CoachPlan())
    cues: list[Cue] = []
    for block in replay_blocks(made.recording, 0.05):
        cues += coach.take(pipeline.push(block), float(block.time_s.max()))
    whole = estimated(made.recording)
    motion = set_motion(whole.track, made.recording.header)
    found = find_hold(motion, whole.posture.spells, Settings())
    assert made.truth.hold is not None
    assert found is not None
    assert found.clean_s is not None
    cued_s = tuple(cue.time_s for cue in cues if cue.code == "press_back")
    return CuedHold(seed, made.truth.hold, found.duration_s, found.clean_s, cued_s)


@pytest.fixture(scope="module")
def cued_holds() -> list[CuedHold]:
    return [coached(seed) for seed in range(8000, 8010)]


@pytest.fixture(scope="module")
def hold() -> Recording:
    return recorded(HOLD)


@pytest.fixture(scope="module")
def moved(hold: Recording) -> Moved:
    whole = estimated(hold)
    return set_motion(whole.track, hold.header), whole.posture.spells


def tipped(moved: Moved, by_deg: Callable[[np.ndarray], np.ndarray]) -> Hold:
    """Return the hold with the pelvis tipped by `by_deg`, a function of the time in s since its start."""
    motion, spells = moved
    tilt = by_deg(motion.track.time_s - BEFORE_S - RISE_S)
    found = find_hold(replace(motion, tilt_deg=np.asarray(tilt, float)), spells, Settings())
    assert found is not None
    return found


def test_a_hold_is_timed_and_nothing_is_counted(hold: Recording) -> None:
    summary = analyze(hold).summary

    assert summary.set.time_under_tension_s == pytest.approx(HELD_S, abs=0.5)
    assert (summary.set.rep_count, summary.set.clean_count, summary.set.partial_count) == (None, None, None)
    assert (summary.reps, summary.partials) == ((), ())
    assert words(summary.findings[-2]) == "Held for 20 s."
    assert "all the time" in words(summary.findings[-1])


def test_the_tilt_zero_is_taken_before_the_legs_go_up() -> None:
    rested = LifePlan(still_before_s=BEFORE_S, rest_after_s=6.0)
    zero_s = analyze(recorded(HOLD, life=rested)).summary.zero.time_s

    assert zero_s is not None
    assert zero_s <= BEFORE_S + 0.5


def test_movements_around_a_hold_are_not_part_of_it() -> None:
    life = LifePlan(
        before=(Act("walk", 6.0), Act("lie_down", 4.0), Act("shuffle", 3.0)),
        after=(Act("still", 2.0), Act("sit_up", 2.0), Act("stand_up", 3.0)),
    )

    made = simulate(SetPlan(exercise="hollow_hold", side="both", reps=(HOLD,), life=life), seed=3)
    whole = estimated(made.recording)
    motion = set_motion(whole.track, made.recording.header)
    found = find_hold(motion, whole.posture.spells, Settings())
    true = made.truth.angles

    assert found is not None
    assert made.truth.hold is not None
    assert found.duration_s == pytest.approx(made.truth.hold.duration_s, abs=0.25)
    assert found.clean_s == pytest.approx(found.duration_s)
    held_deg = motion.elevation_deg[(whole.track.time_s > found.start_s) & (whole.track.time_s < found.end_s)]
    assert np.median(held_deg) == pytest.approx(
        np.interp(0.5 * (found.start_s + found.end_s), true.time_s, true.leg_elevation_deg), abs=2.0
    )


def test_the_longest_hold_is_the_result_and_the_others_are_reported() -> None:
    summary = analyze(recorded(SHORT, HOLD)).summary

    assert summary.set.time_under_tension_s == pytest.approx(HELD_S, abs=0.5)
    assert summary.findings[-1].code == "hold_others"


def test_a_lift_without_a_hold_is_no_hold() -> None:
    summary = analyze(recorded(KICK, KICK)).summary

    assert summary.set.time_under_tension_s is None
    assert summary.set.rep_count is None
    assert "No hold was seen" in words(summary.findings[-1])


def test_a_hold_that_lasts_until_the_recording_ends_counts_until_then(hold: Recording) -> None:
    end_s = BEFORE_S + RISE_S + 12.0
    assert hold.pelvis is not None
    assert hold.ankle is not None
    cut = replace(
        hold,
        pelvis=hold.pelvis[: int(np.searchsorted(hold.pelvis.time_s, end_s))],
        ankle=hold.ankle[: int(np.searchsorted(hold.ankle.time_s, end_s))],
    )

    assert held(cut) == pytest.approx(12.0, abs=0.5)


def test_without_an_ankle_sensor_a_hold_is_not_timed(hold: Recording) -> None:
    summary = analyze(replace(hold, ankle=None)).summary

    assert summary.set.time_under_tension_s is None
    assert "no ankle sensor" in words(summary.findings[-1])


def test_without_a_pelvis_sensor_it_is_timed_and_not_judged(hold: Recording) -> None:
    summary = analyze(replace(hold, pelvis=None)).summary

    assert summary.set.time_under_tension_s == pytest.approx(HELD_S, abs=0.5)
    assert summary.findings[-1].code == "hold_unjudged"


def test_the_longest_clean_stretch_is_the_one_within_the_limit(moved: Moved) -> None:
    found = tipped(moved, lambda after_s: np.where((after_s > 5.0) & (after_s < 8.0), 9.0, 1.0))

    assert found.clean_s == pytest.approx(12.0, abs=0.5)
    assert found.clean_from_s == pytest.approx(8.0, abs=0.5)
    assert found.greatest_tilt_deg == pytest.approx(9.0)


def test_a_pelvis_that_lets_go_is_clean_until_then(moved: Moved) -> None:
    found = tipped(moved, lambda after_s: 0.5 * after_s)
    texts = [words(finding) for finding in hold_findings(found, Settings(), leg_seen=True)]

    assert found.clean_s == pytest.approx(12.0, abs=0.5)
    assert found.greatest_tilt_after_s == pytest.approx(HELD_S, abs=0.7)
    assert "12 s" in texts[1]
    assert "10°" in texts[2]


def test_a_twitch_shorter_than_the_required_duration_breaks_nothing(moved: Moved) -> None:
    found = tipped(moved, lambda after_s: np.where((after_s > 5.0) & (after_s < 5.2), 9.0, 1.0))

    assert found.clean_s == pytest.approx(found.duration_s)
    assert found.greatest_tilt_deg == pytest.approx(1.0)


def test_a_pelvis_never_within_its_limit_has_no_clean_stretch(moved: Moved) -> None:
    found = tipped(moved, lambda after_s: np.full(len(after_s), 9.0))

    assert found.clean_s == 0.0
    assert "never within" in words(hold_findings(found, Settings(), leg_seen=True)[1])


@pytest.mark.parametrize("size", [7, 64])
def test_live_a_hold_ends_when_the_legs_come_down_and_counts_nothing(
    hold: Recording, in_blocks: Callable[..., object], size: int
) -> None:
    pipeline = Pipeline(hold.header)
    blocks = list(in_blocks(hold, range(0, 2 * len(hold.ankle or ()), size)))  # type: ignore[call-overload]
    events = [event for block in blocks for event in pipeline.push(*block)]
    closing, analysis = pipeline.finish()
    ended = [event for event in events if isinstance(event, SetEnded)]

    assert not [e for e in events + closing if isinstance(e, RepCompleted | RepRetracted | RepAtFarEnd)]
    assert [(event.reason, event.rep_count) for event in ended] == [("legs_down", None)]
    assert BEFORE_S + RISE_S + HELD_S < ended[0].time_s < BEFORE_S + 2 * RISE_S + HELD_S + 1.5
    assert closing == []
    assert analysis.summary.set.rep_count is None
    assert pipeline.rep_count == 0


def test_live_the_seconds_are_reported_as_they_pass(hold: Recording) -> None:
    events = live(hold)
    (began,) = [event for event in events if isinstance(event, HoldBegan)]
    (ended,) = [event for event in events if isinstance(event, HoldEnded)]
    seconds = [event for event in events if isinstance(event, HoldGoesOn)]

    assert began.time_s - 0.2 < began.began_s <= began.time_s
    assert began.leg_elevation_deg == pytest.approx(25.0, abs=1.5)
    assert [event.held_s for event in seconds] == list(range(1, int(HELD_S) + 1))
    assert [event.time_s - began.began_s for event in seconds] == pytest.approx(
        [event.held_s for event in seconds], abs=0.011
    )
    assert ended.counts
    assert ended.held_s == pytest.approx(held(hold), abs=0.2)


def test_live_a_kick_is_no_hold_and_the_next_lift_may_be() -> None:
    events = [e for e in live(recorded(KICK, SHORT)) if isinstance(e, HoldBegan | HoldEnded | SetEnded)]

    assert [type(event) for event in events] == [HoldBegan, HoldEnded, HoldBegan, HoldEnded, SetEnded]
    assert [event.counts for event in events if isinstance(event, HoldEnded)] == [False, True]


def test_live_a_hold_begins_after_a_stall_on_the_way_up() -> None:
    stalled = replace(SHORT, top_deg=35.0, stalls=(Stall("concentric", 0.5, 1.0),))
    events = live(recorded(stalled))
    began = [event.began_s for event in events if isinstance(event, HoldBegan)]
    (ended,) = [event for event in events if isinstance(event, HoldEnded)]

    assert ended.held_s == pytest.approx(SHORT.top_pause_s, abs=0.5)
    assert began[-1] == pytest.approx(BEFORE_S + RISE_S + 1.0, abs=0.3)


def test_live_legs_that_sink_a_little_are_still_held() -> None:
    events = live(recorded(replace(SHORT, hold=HoldPlan(sink_deg=8.0, sink_from_s=1.0))))
    (ended,) = [event for event in events if isinstance(event, HoldEnded)]

    assert ended.held_s == pytest.approx(SHORT.top_pause_s, abs=0.5)


def test_live_a_back_that_lets_go_is_reported_once_while_it_stays_so() -> None:
    crossed = [event for event in live(recorded(LETTING_GO)) if isinstance(event, LimitCrossed)]

    assert [(event.code, event.number, event.limit, event.unit) for event in crossed] == [
        ("back_arch", 1, Settings().tilt_flag_deg, "deg")
    ]
    assert crossed[0].value > Settings().tilt_flag_deg


def test_live_getting_up_after_lying_still_is_no_hold() -> None:
    life = LifePlan(after=(Act("still", 2.0), Act("sit_up", 2.0), Act("stand_up", 3.0), Act("walk", 4.0)))
    events = live(recorded(life=life))

    assert isinstance(events[0], Ready)
    assert not [event for event in events if isinstance(event, SetEnded)]


def test_live_block_sizes_make_no_difference(
    in_blocks: Callable[..., object], same_events: Callable[[list[Event], list[Event]], None]
) -> None:
    recording = recorded(LETTING_GO)
    events = []
    for size in (3, 64, 400):
        pipeline = Pipeline(recording.header)
        blocks = list(in_blocks(recording, range(0, 2 * len(recording.ankle or ()), size)))  # type: ignore[call-overload]
        events.append([event for block in blocks for event in pipeline.push(*block)])

    same_events(events[1], events[0])
    same_events(events[2], events[0])


def test_a_hold_and_its_arch_are_timed_as_commanded(cued_holds: list[CuedHold]) -> None:
    for cued_hold in cued_holds:
        assert cued_hold.found_s == pytest.approx(cued_hold.truth.duration_s, abs=0.3), cued_hold.seed
        if cued_hold.truth.arch_after_s is not None:
            assert cued_hold.clean_s == pytest.approx(cued_hold.truth.arch_after_s, abs=0.5), cued_hold.seed


def test_the_cue_comes_as_the_back_lets_go_and_never_in_a_clean_hold(cued_holds: list[CuedHold]) -> None:
    for cued_hold in cued_holds:
        crossings = (
            []
            if cued_hold.truth.arch_after_s is None
            else [cued_hold.truth.start_s + cued_hold.truth.arch_after_s]
        )
        assert len(cued_hold.press_back_s) == len(crossings), cued_hold.seed
        assert all(
            0.0 <= cued_s - true <= 0.4
            for cued_s, true in zip(cued_hold.press_back_s, crossings, strict=True)
        )
