"""Breathing seen by the pelvis sensor while lying: rate at rest, and pauses without a breath."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imu_reps import AngleTrack, RepPlan, SetPlan, Settings, analyze, simulate
from imu_reps.analysis.breathing import breathing, breathing_findings
from imu_reps.domain.track import GRID_HZ
from imu_reps.report.findings import finding_text as words
from imu_reps.sim.wearer import BodyPlan, LifePlan

ON = Settings(no_breath_s=12.0)


def breathed(seconds: float, per_minute: float, deg: float = 0.3, noise_deg: float = 0.02) -> np.ndarray:
    time_s = np.arange(round(seconds * GRID_HZ)) / GRID_HZ
    noise = np.random.default_rng(1).normal(0.0, noise_deg, len(time_s))
    return np.asarray(deg * np.sin(2.0 * np.pi * per_minute / 60.0 * time_s + 0.7) + 0.01 * time_s + noise)


def lying(tilt_deg: np.ndarray) -> AngleTrack:
    time_s, zero = np.arange(len(tilt_deg)) / GRID_HZ, np.zeros(len(tilt_deg))
    still = np.ones(len(tilt_deg), bool)
    return AngleTrack(time_s, zero, tilt_deg, zero, np.zeros((len(tilt_deg), 3)), zero, still)


@pytest.mark.parametrize("per_minute", [9.0, 14.0, 20.0, 28.0])
@pytest.mark.parametrize("seconds", [14.0, 30.0])
def test_the_rate_at_rest_is_within_two_breaths_per_minute(per_minute: float, seconds: float) -> None:
    found = breathing(breathed(seconds, per_minute))

    assert found is not None
    assert found.per_minute == pytest.approx(per_minute, abs=2.0)
    assert found.rms_deg == pytest.approx(0.3 / np.sqrt(2.0), rel=0.35)


def test_a_simulated_person_breathes_as_commanded() -> None:
    rates = []
    for seed, hz in enumerate((0.18, 0.25, 0.33)):
        body, life = BodyPlan(breathing_deg=0.3, breathing_hz=hz), LifePlan(still_before_s=25.0)
        plan = SetPlan(reps=(RepPlan(),) * 2, body=body, life=life)
        findings = analyze(simulate(plan, seed=seed).recording, ON).summary.findings
        rates += [words(finding) for finding in findings if finding.code == "breathing"]

    assert [rate.split("about ")[1].split(" ")[0] for rate in rates] == ["11", "15", "20"]


def test_noise_drift_or_too_short_a_rest_give_no_breathing() -> None:
    rng = np.random.default_rng(2)

    assert breathing(rng.normal(0.0, 0.3, 3000)) is None
    assert breathing(np.linspace(0.0, 3.0, 3000)) is None
    assert breathing(np.zeros(3000)) is None
    assert breathing(breathed(8.0, 15.0)) is None


def test_a_pause_without_a_breath_is_reported_and_marked_experimental() -> None:
    calm = breathed(40.0, 15.0, deg=0.0)
    track = lying(np.concatenate([breathed(30.0, 15.0), calm[:1500], breathed(30.0, 15.0)]))
    found = breathing_findings(track, ON)

    assert [finding.code for finding in found] == ["breathing", "no_breath"]
    assert all("experimental" in words(finding) for finding in found)


def test_continuous_breathing_gives_no_finding() -> None:
    assert [finding.code for finding in breathing_findings(lying(breathed(90.0, 12.0)), ON)] == ["breathing"]


def test_breathing_is_off_by_default() -> None:
    assert breathing_findings(lying(breathed(60.0, 15.0)), Settings()) == []


def test_a_movement_or_an_unmeasured_pelvis_is_not_analysed() -> None:
    track = lying(breathed(60.0, 15.0))
    moving = replace(track, pelvis_still=np.zeros(len(track), bool))
    unknown = replace(track, pelvic_tilt_deg=np.full(len(track), np.nan))

    assert breathing_findings(moving, ON) == breathing_findings(unknown, ON) == []
