"""Timed holds: they begin and end by themselves, nothing is counted, the pelvis is judged all along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from imu_reps.analysis.analyze import analyze
from imu_reps.analysis.estimate import estimate_motion, fit_clocks
from imu_reps.analysis.hold import Hold, find_hold, hold_findings
from imu_reps.analysis.pipeline import Pipeline
from imu_reps.analysis.ready import Window
from imu_reps.analysis.set_motion import SetMotion, set_motion
from imu_reps.analysis.whole_set import find_set
from imu_reps.domain.events import RepAtFarEnd, RepCompleted, RepRetracted, SetEnded
from imu_reps.domain.recording import Recording
from imu_reps.domain.settings import Settings
from imu_reps.sensors.simulator import Act, LifePlan, RepPlan, SetPlan, simulate

RISE_S, HELD_S = 2.0, 20.0
HOLD = RepPlan(top_deg=25.0, concentric_s=RISE_S, top_pause_s=HELD_S, eccentric_s=RISE_S, bottom_pause_s=2.0)
KICK = RepPlan(top_deg=25.0, concentric_s=1.0, top_pause_s=0.2, eccentric_s=1.0, bottom_pause_s=2.0)
SHORT = replace(HOLD, top_pause_s=6.0)
#: Rest before the set.
BEFORE_S = 3.0
RESTED = LifePlan(still_before_s=BEFORE_S)


def recorded(*reps: RepPlan, life: LifePlan = RESTED) -> Recording:
    return simulate(SetPlan(exercise="hollow_hold", side="both", reps=reps, life=life), seed=3).recording


def held(recording: Recording) -> float | None:
    return analyze(recording).summary.set.time_under_tension_s


@pytest.fixture(scope="module")
def hold() -> Recording:
    return recorded(HOLD)


@pytest.fixture(scope="module")
def moved(hold: Recording) -> tuple[SetMotion, Window]:
    whole = find_set(estimate_motion(hold, fit_clocks(hold)), hold.header, Settings())
    assert whole.window is not None
    return set_motion(whole.track, hold.header), whole.window


def tipped(moved: tuple[SetMotion, Window], by_deg: Callable[[np.ndarray], np.ndarray]) -> Hold:
    """The hold with the pelvis tipped by so much so long after its start."""
    motion, window = moved
    tilt = by_deg(motion.track.time_s - BEFORE_S - RISE_S)
    found = find_hold(replace(motion, tilt_deg=np.asarray(tilt, float)), window, Settings())
    assert found is not None
    return found


def test_a_hold_is_timed_and_nothing_is_counted(hold: Recording) -> None:
    summary = analyze(hold).summary

    assert summary.set.time_under_tension_s == pytest.approx(HELD_S, abs=0.5)
    assert (summary.set.rep_count, summary.set.clean_count, summary.set.partial_count) == (None, None, None)
    assert summary.reps == summary.partials == ()
    assert summary.findings[-2].message == "Held for 20 s."
    assert "all the time" in summary.findings[-1].message


def test_life_around_a_hold_is_not_part_of_it() -> None:
    life = LifePlan(
        before=(Act("walk", 6.0), Act("lie_down", 4.0), Act("shuffle", 3.0)),
        after=(Act("still", 2.0), Act("sit_up", 2.0), Act("stand_up", 3.0)),
    )

    assert held(recorded(HOLD, life=life)) == pytest.approx(HELD_S, abs=0.5)


def test_the_longest_hold_stands_and_the_others_are_told() -> None:
    summary = analyze(recorded(SHORT, HOLD)).summary

    assert summary.set.time_under_tension_s == pytest.approx(HELD_S, abs=0.5)
    assert summary.findings[-1].code == "hold_others"


def test_a_lift_without_a_hold_is_none() -> None:
    summary = analyze(recorded(KICK, KICK)).summary

    assert summary.set.time_under_tension_s is None
    assert summary.set.rep_count is None
    assert "No hold was seen" in summary.findings[-1].message


def test_a_hold_that_lasts_until_the_recording_ends_counts_until_there(hold: Recording) -> None:
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
    assert "no ankle sensor" in summary.findings[-1].message


def test_without_a_pelvis_sensor_it_is_timed_and_not_judged(hold: Recording) -> None:
    summary = analyze(replace(hold, pelvis=None)).summary

    assert summary.set.time_under_tension_s == pytest.approx(HELD_S, abs=0.5)
    assert summary.findings[-1].code == "hold_unjudged"


def test_the_longest_clean_stretch_is_the_one_within_the_limit(moved: tuple[SetMotion, Window]) -> None:
    found = tipped(moved, lambda after_s: np.where((after_s > 5.0) & (after_s < 8.0), 9.0, 1.0))

    assert found.clean_s == pytest.approx(12.0, abs=0.5)
    assert found.clean_from_s == pytest.approx(8.0, abs=0.5)
    assert found.greatest_tilt_deg == pytest.approx(9.0)


def test_a_pelvis_that_lets_go_is_clean_until_there(moved: tuple[SetMotion, Window]) -> None:
    found = tipped(moved, lambda after_s: 0.5 * after_s)
    words = [finding.message for finding in hold_findings(found, Settings(), leg_seen=True)]

    assert found.clean_s == pytest.approx(12.0, abs=0.5)
    assert found.greatest_tilt_after_s == pytest.approx(HELD_S, abs=0.7)
    assert "12 s" in words[1]
    assert "10°" in words[2]


def test_a_twitch_shorter_than_the_hold_of_an_angle_breaks_nothing(moved: tuple[SetMotion, Window]) -> None:
    found = tipped(moved, lambda after_s: np.where((after_s > 5.0) & (after_s < 5.2), 9.0, 1.0))

    assert found.clean_s == pytest.approx(found.duration_s)
    assert found.greatest_tilt_deg == pytest.approx(1.0)


def test_a_pelvis_never_within_its_limit_has_no_clean_stretch(moved: tuple[SetMotion, Window]) -> None:
    found = tipped(moved, lambda after_s: np.full(len(after_s), 9.0))

    assert found.clean_s == 0.0
    assert "never within" in hold_findings(found, Settings(), leg_seen=True)[1].message


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
