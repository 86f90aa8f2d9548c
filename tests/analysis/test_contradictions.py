"""A header that contradicts the measurement is reported; a correct one never is."""

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

#: Rests low between repetitions and turns at the top without a pause.
RESTS_LOW = RepPlan(top_pause_s=0.1, bottom_pause_s=1.5)
RESTS_HIGH = RepPlan(top_deg=70.0, bottom_deg=15.0, top_pause_s=1.5, bottom_pause_s=0.2)

Simulate = Callable[[SetPlan], Simulated]


def summarised(recording: Recording, **header: Any) -> Summary:
    return analyze(replace(recording, header=replace(recording.header, **header))).summary


def contradictions(summary: Summary) -> list[str]:
    codes = [finding.code for finding in summary.findings]
    return [code.removesuffix("_contradicted") for code in codes if code.endswith("_contradicted")]


def words(summary: Summary) -> str:
    return " ".join(map(finding_text, summary.findings))


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


def test_a_set_that_rests_low_contradicts_a_high_start(low: Recording) -> None:
    assert contradictions(summarised(low)) == []
    wrong = summarised(low, start="high")
    assert contradictions(wrong) == ["start"]
    assert "start: low" in words(wrong)


def test_a_set_that_begins_with_the_legs_up_contradicts_a_low_start(high: Recording) -> None:
    assert contradictions(summarised(high)) == []
    wrong = summarised(high, start="low")
    assert contradictions(wrong) == ["start"]
    assert "start: high" in words(wrong)


def test_a_set_that_hangs_down_between_repetitions_contradicts_a_high_start(hanging: Recording) -> None:
    assert contradictions(summarised(hanging)) == []
    assert contradictions(summarised(hanging, start="high")) == ["start"]


def test_lying_contradicts_a_hanging_posture(low: Recording) -> None:
    text = words(summarised(low, exercise="hanging_leg_raise", posture="hanging"))
    assert "exercise" in text


def test_hanging_contradicts_a_lying_posture(hanging: Recording) -> None:
    text = words(summarised(hanging, exercise="double_leg_raise", posture="supine"))
    assert "exercise" in text


@pytest.mark.parametrize("posture", ["lying", "hanging"])
def test_the_ankle_alone_shows_whether_the_leg_hung(posture: str, low: Recording, hanging: Recording) -> None:
    recording = replace(low if posture == "lying" else hanging, pelvis=None)
    other: Header = hanging.header if posture == "lying" else low.header
    wrong = summarised(recording, exercise=other.exercise, posture=other.posture)
    assert contradictions(summarised(recording)) == []
    assert contradictions(wrong) == ["posture"]


def test_repetitions_contradict_a_hold(low: Recording) -> None:
    wrong = summarised(low, exercise="hollow_hold")
    assert contradictions(wrong) == ["hold"]
    assert wrong.set.rep_count is None


def test_a_hold_contradicts_repetitions() -> None:
    held = RepPlan(top_deg=30.0, top_pause_s=20.0, hold=HoldPlan())
    plan = SetPlan(exercise="hollow_hold", side="both", reps=(held,))
    recording = simulate(plan).recording
    assert contradictions(summarised(recording)) == []
    assert contradictions(summarised(recording, exercise="double_leg_raise")) == ["reps"]


@pytest.mark.parametrize("seed", range(40, 52))
def test_a_correct_header_is_never_contradicted(seed: int) -> None:
    recording = simulate(random_plan(np.random.default_rng(seed)), seed=seed).recording
    assert contradictions(summarised(recording)) == []


@pytest.mark.parametrize(
    "path", FOREIGN or [pytest.param(None, marks=pytest.mark.skip("IMU_REPS_DATASETS names no folder"))]
)
def test_the_header_of_a_foreign_recording_is_not_contradicted(path: Path) -> None:
    assert contradictions(analyze(load(path)).summary) == []
