"""Sitting up suppresses cues of the back, ends no repetition and is no arch; without a tilt none is seen."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from imu_reps import Header, Recording, RepPlan, SetPlan, Settings, analyze, simulate
from imu_reps.analysis.live.follower import Follower, FollowerEvent, Known
from imu_reps.domain.events import EndReached, LimitCrossed
from imu_reps.domain.exercise import Posture
from imu_reps.domain.samples import SensorPlace
from imu_reps.domain.track import GRID_HZ
from imu_reps.sim.wearer import LifePlan

LEG_DEG = 30.0 * (1.0 - np.cos(np.linspace(0.0, 6.0 * np.pi, 1500)))


def events_at(tilt_deg: float, posture: Posture = "supine") -> list[FollowerEvent]:
    """Return the events of three repetitions in which the pelvis turns by 15°, at a constant tilt."""
    follower = Follower(Header(exercise="single_leg_raise", posture=posture), Settings())
    follower.confirmed()
    known = Known(count=1, last_far_tick=None, threshold_deg=8.0, placed=True)
    rotation_deg = 15.0 * LEG_DEG / LEG_DEG.max()
    return [
        event
        for tick, (leg, rotation) in enumerate(zip(LEG_DEG.tolist(), rotation_deg.tolist(), strict=True))
        for event in follower.step(tick, tick / GRID_HZ, (leg, tilt_deg, rotation), known)
    ]


def popped(events: list[FollowerEvent]) -> bool:
    return any(isinstance(event, LimitCrossed) and event.code == "hip_pop" for event in events)


def ended(events: list[FollowerEvent]) -> bool:
    return any(isinstance(event, EndReached) for event in events)


@pytest.mark.parametrize("tilt_deg", [0.0, 29.0])
def test_a_lying_wearer_gets_hip_faults_and_ends(tilt_deg: float) -> None:
    events = events_at(tilt_deg)
    assert (popped(events), ended(events)) == (True, True)


def test_without_a_measured_tilt_ends_are_reported_and_hip_faults_are_not() -> None:
    events = events_at(math.nan)
    assert (popped(events), ended(events)) == (False, True)


@pytest.mark.parametrize("tilt_deg", [31.0, -45.0])
def test_a_wearer_who_sits_up_gets_neither(tilt_deg: float) -> None:
    events = events_at(tilt_deg)
    assert (popped(events), ended(events)) == (False, False)


def test_a_hanging_wearer_cannot_sit_up() -> None:
    events = events_at(35.0, "hanging")
    assert (popped(events), ended(events)) == (True, True)


@pytest.mark.parametrize("way", [1.0, -1.0])
def test_who_sits_up_right_after_the_last_repetition_arches_nothing(way: float) -> None:
    """The pelvis tips by 60 degrees in 1.5 s, beginning a fifth of a second after the leg lies."""
    recording = simulate(SetPlan(reps=(RepPlan(),) * 3, life=LifePlan(rest_after_s=4.0))).recording
    assert recording.pelvis is not None
    pelvis, end_s = recording.pelvis, analyze(recording).summary.reps[-1].end_s
    time_s = pelvis.time_s[0] + np.arange(len(pelvis)) / 100.0
    share = np.clip((time_s - end_s - 0.2) / 1.5, 0.0, 1.0)
    smooth = share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
    tips = Rotation.from_rotvec(np.radians(way * 60.0) * smooth[:, None] * [1.0, 0.0, 0.0]).inv()
    rate = np.gradient(way * 60.0 * smooth, time_s)[:, None] * [1.0, 0.0, 0.0]
    sat_up = replace(pelvis, acc_mps2=tips.apply(pelvis.acc_mps2), gyr_dps=tips.apply(pelvis.gyr_dps) + rate)
    reps = analyze(recording.with_samples(sat_up)).summary.reps

    assert len(reps) == 3
    assert all("back_arch" not in rep.flags for rep in reps)


def leaning(
    recording: Recording, place: SensorPlace, between_s: tuple[float, float], by_deg: float
) -> Recording:
    """Return the recording with a sensor that turns by an angle about the person's axis, and back."""
    block = recording.samples(place)
    assert block is not None
    _, _, axes = np.linalg.svd(block.gyr_dps - np.median(block.gyr_dps, axis=0), full_matrices=False)
    axis = axes[0] if place == "ankle" else np.array([1.0, 0.0, 0.0])
    out, back = (np.clip((block.time_s - at_s) / 1.5, 0.0, 1.0)[:, None] for at_s in between_s)
    share = out**2 * (3.0 - 2.0 * out) - back**2 * (3.0 - 2.0 * back)
    turn = Rotation.from_rotvec(np.radians(by_deg) * share * axis).inv()
    rate = by_deg * 6.0 * (out * (1.0 - out) - back * (1.0 - back)) / 1.5 * axis
    return recording.with_samples(
        replace(block, acc_mps2=turn.apply(block.acc_mps2), gyr_dps=turn.apply(block.gyr_dps) + rate)
    )


@pytest.mark.parametrize("way", [1.0, -1.0])
@pytest.mark.parametrize("seed", range(3))
def test_small_raises_count_although_the_shank_turns_far_as_the_wearer_sits_up(seed: int, way: float) -> None:
    """Raises of 14 degrees; the shank turns by 40 as the knees bend, the pelvis by 70."""
    reps = (RepPlan(top_deg=14.0, bottom_pause_s=1.0), RepPlan(top_deg=14.0, bottom_pause_s=12.0)) * 2
    simulated = simulate(SetPlan(reps=reps, life=LifePlan(rest_after_s=3.0)), seed=seed)
    end_s = simulated.truth.reps[1].end_s
    between_s = (end_s + 2.0, end_s + 8.0)
    recording = leaning(simulated.recording, "ankle", between_s, 40.0 * way)
    recording = leaning(recording, "pelvis", between_s, 70.0)

    assert analyze(recording).summary.set.rep_count == 4
