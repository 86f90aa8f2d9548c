"""A header that contradicts what the sensors saw is told; a right one never is."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imu_reps import Header, Recording, RepPlan, SetPlan, Simulated, Summary, analyze, load, simulate
from imu_reps.report.findings import finding_text
from imu_reps.sim.wearer import random_plan
from imu_reps.sim.wearer.set_plan import HoldPlan, LifePlan

DATASETS = Path(os.environ.get("IMU_REPS_DATASETS", "nowhere"))
FOREIGN = sorted(DATASETS.glob("foreign/*.csv.gz"))

#: Rests low between repetitions, and turns round at the top.
RESTS_LOW = RepPlan(top_pause_s=0.1, bottom_pause_s=1.5)
RESTS_HIGH = RepPlan(top_deg=70.0, bottom_deg=15.0, top_pause_s=1.5, bottom_pause_s=0.2)

Simulate = Callable[[SetPlan], Simulated]


def summary(recording: Recording, **header: Any) -> Summary:
    return analyze(replace(recording, header=replace(recording.header, **header))).summary


def told(summed_up: Summary) -> list[str]:
    codes = [finding.code for finding in summed_up.findings]
    return [code.removesuffix("_contradicted") for code in codes if code.endswith("_contradicted")]


def words(summed_up: Summary) -> str:
    return " ".join(map(finding_text, summed_up.findings))


@pytest.fixture(scope="module")
def low() -> Recording:
    return simulate(SetPlan(reps=(RESTS_LOW,) * 6)).recording


@pytest.fixture(scope="module")
def high() -> Recording:
    life = LifePlan(floor_stretch=False, final_lowering=False, hold_s=2.5)
    plan = SetPlan(exercise="double_leg_raise", side="both", start="high", reps=(RESTS_HIGH,) * 6, life=life)
    return simulate(plan).recording


@pytest.fixture(scope="module")
def hanging() -> Recording:
    return simulate(SetPlan(exercise="hanging_leg_raise", side="both")).recording


def test_a_set_that_rests_low_and_is_said_to_start_high(low: Recording) -> None:
    assert told(summary(low)) == []
    wrong = summary(low, start="high")
    assert told(wrong) == ["start"]
    assert "start: low" in words(wrong)


def test_a_set_that_begins_with_the_legs_up_and_is_said_to_start_low(high: Recording) -> None:
    assert told(summary(high)) == []
    wrong = summary(high, start="low")
    assert told(wrong) == ["start"]
    assert "start: high" in words(wrong)


def test_a_set_that_hangs_down_between_repetitions_and_is_said_to_start_high(hanging: Recording) -> None:
    assert told(summary(hanging)) == []
    assert told(summary(hanging, start="high")) == ["start"]


def test_somebody_who_lies_and_is_said_to_hang(low: Recording) -> None:
    said = words(summary(low, exercise="hanging_leg_raise", posture="hanging"))
    assert "exercise" in said


def test_somebody_who_hangs_and_is_said_to_lie(hanging: Recording) -> None:
    said = words(summary(hanging, exercise="double_leg_raise", posture="supine"))
    assert "exercise" in said


@pytest.mark.parametrize("posture", ["lying", "hanging"])
def test_the_ankle_alone_tells_whether_the_leg_hung(posture: str, low: Recording, hanging: Recording) -> None:
    recording = replace(low if posture == "lying" else hanging, pelvis=None)
    other: Header = hanging.header if posture == "lying" else low.header
    wrong = summary(recording, exercise=other.exercise, posture=other.posture)
    assert told(summary(recording)) == []
    assert told(wrong) == ["posture"]


def test_repetitions_that_are_said_to_be_a_hold(low: Recording) -> None:
    wrong = summary(low, exercise="hollow_hold")
    assert told(wrong) == ["hold"]
    assert wrong.set.rep_count is None


def test_a_hold_that_is_said_to_be_repetitions() -> None:
    held = RepPlan(top_deg=30.0, top_pause_s=20.0, hold=HoldPlan())
    plan = SetPlan(exercise="hollow_hold", side="both", reps=(held,))
    recording = simulate(plan).recording
    assert told(summary(recording)) == []
    assert told(summary(recording, exercise="double_leg_raise")) == ["reps"]


@pytest.mark.parametrize("seed", range(40, 52))
def test_a_right_header_is_never_contradicted(seed: int) -> None:
    recording = simulate(random_plan(np.random.default_rng(seed)), seed=seed).recording
    assert told(summary(recording)) == []


@pytest.mark.parametrize(
    "path", FOREIGN or [pytest.param(None, marks=pytest.mark.skip("IMU_REPS_DATASETS names no folder"))]
)
def test_the_header_of_a_recording_by_others_is_not_contradicted(path: Path) -> None:
    assert told(analyze(load(path)).summary) == []
