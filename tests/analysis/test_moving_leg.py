"""A leg that wobbles or rolls about its own length, as any leg does, or that moves very slowly.

A wobble of a degree or two at 1 to 2 Hz turns the shank faster than a lift over four seconds does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pytest

from imu_reps import Header, Pipeline, Recording, SampleBlock, Summary, analyze
from imu_reps.domain.events import RepCompleted
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ

GRAVITY_MPS2, LEG_M, TOP_DEG = 9.80665, 0.8, 30.0

Move = Callable[[float, Iterable[tuple[float, float]]], FloatArray]


def recording_of(elevation: FloatArray, roll: FloatArray) -> Recording:
    """What a sensor on a straight leg reads; x is away from the shin, y up the shank; angles in radians."""
    rate, rolling = np.gradient(elevation) * GRID_HZ, np.gradient(roll) * GRID_HZ
    carried = np.gradient(rate) * GRID_HZ * LEG_M
    forward = GRAVITY_MPS2 * np.cos(elevation) + carried
    along = -GRAVITY_MPS2 * np.sin(elevation) + rate**2 * LEG_M
    force = np.stack([forward * np.cos(roll), along, forward * np.sin(roll)], axis=1)
    turning = np.stack([-rate * np.sin(roll), rolling, rate * np.cos(roll)], axis=1)
    rng = np.random.default_rng(2)
    number = np.arange(len(force))
    ankle = SampleBlock(
        "ankle",
        number / GRID_HZ,
        number,
        np.full(len(force), np.nan),
        force + rng.normal(0.0, 0.02, force.shape),
        np.degrees(turning) + rng.normal(0.0, 0.1, force.shape),
    )
    return Recording(Header(side="left", simulated=True), None, ankle)


def wobbling(wobble_deg: float, seed: int, move: Move) -> Summary:
    """Five quick raises and four slow ones with a pause at the top, the leg wobbling while it is up."""
    quick, slow = [(TOP_DEG, 1.0), (0.0, 1.0), (0.0, 1.0)], [(TOP_DEG, 4.0), (TOP_DEG, 3.0), (0.0, 5.0)]
    elevation = move(0.0, [(0.0, 2.0), *quick * 5, *[*slow, (0.0, 1.0)] * 4, (0.0, 1.0)])
    time_s = np.arange(len(elevation)) / GRID_HZ
    phases = np.random.default_rng(seed).uniform(0.0, 2.0 * np.pi, 3)
    waves = sum(
        np.sin(2.0 * np.pi * hz * time_s + at) for hz, at in zip((1.1, 1.5, 1.9), phases, strict=True)
    )
    up = np.clip(elevation / 6.0, 0.0, 1.0)
    return analyze(recording_of(np.radians(elevation), np.radians(wobble_deg * waves * up))).summary


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("wobble_deg", [0.5, 1.0])
def test_the_leg_keeps_its_angle(wobble_deg: float, seed: int, leg: Move) -> None:
    summary = wobbling(wobble_deg, seed, leg)

    assert [rep.top_angle_deg for rep in summary.reps] == pytest.approx([TOP_DEG] * 9, abs=3.0)
    assert "ankle_turned" not in {finding.code for finding in summary.findings}


@pytest.mark.parametrize("roll_deg", [10.0, 25.0])
def test_a_foot_that_rolls_before_the_first_raise_silences_no_live_count(roll_deg: float, leg: Move) -> None:
    lifts = [(40.0, 1.5), (40.0, 0.7), (0.0, 1.5), (0.0, 0.7)] * 5
    elevation = leg(0.0, [(0.0, 8.0), *lifts, (0.0, 2.0)])
    roll = leg(0.0, [(0.0, 3.0), (roll_deg, 1.0), (roll_deg, 0.5), (0.0, 1.0), (0.0, 2.5 + 4.4 * 5 + 2.0)])
    recording = recording_of(np.radians(elevation), np.radians(roll))
    reached_s = completed_s(recording)

    assert np.array(reached_s) == pytest.approx(8.0 + 4.4 * np.arange(1, 6) - 0.7, abs=0.7)


@pytest.mark.parametrize(("top_deg", "way_s"), [(17.0, 4.0), (40.0, 9.0), (45.0, 12.0)])
def test_a_leg_that_never_turns_at_10_dps_is_counted(top_deg: float, way_s: float, leg: Move) -> None:
    rep = [(top_deg, way_s), (top_deg, 1.0), (0.0, way_s), (0.0, 1.5)]
    elevation = leg(0.0, [(0.0, 4.0), *rep * 4])
    recording = recording_of(np.radians(elevation), np.zeros(len(elevation)))
    summary = analyze(recording).summary

    assert np.abs(np.gradient(elevation)).max() * GRID_HZ < 10.0
    assert summary.set.rep_count == 4
    assert [rep.range_deg for rep in summary.reps] == pytest.approx([top_deg] * 4, abs=1.5)


def completed_s(recording: Recording) -> list[float]:
    """Return when repetitions are completed live, in blocks of a twentieth of a second."""
    ankle = recording.ankle
    assert ankle is not None
    pipeline, reached_s = Pipeline(recording.header), []
    for begin in range(0, len(ankle), 5):
        for event in pipeline.push(ankle[begin : begin + 5]):
            reached_s += [event.time_s] if isinstance(event, RepCompleted) else []
    return reached_s


@pytest.mark.parametrize(("at_deg", "snaps"), [(0.3, 0), (20.0, 5)])
def test_a_jolt_at_the_floor_is_a_heel_set_down_and_no_snap(at_deg: float, snaps: int, leg: Move) -> None:
    rep = [(40.0, 1.5), (40.0, 0.7), (0.0, 2.5), (0.0, 0.7)]
    elevation = leg(0.0, [(0.0, 4.0), *rep * 5])
    recording = recording_of(np.radians(elevation), np.zeros(len(elevation)))
    assert recording.ankle is not None
    lowered = np.flatnonzero((elevation[1:] < at_deg) & (elevation[:-1] >= at_deg))
    force = recording.ankle.acc_mps2.copy()
    for tick in lowered:
        force[tick : tick + 2, 1] += 2.5
    ankle = replace(recording.ankle, acc_mps2=force)
    faults = [
        fault.code for rep in analyze(replace(recording, ankle=ankle)).summary.reps for fault in rep.faults
    ]

    assert len(lowered) == 5
    assert faults.count("snap") == snaps
