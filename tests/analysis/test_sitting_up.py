"""Sitting up suppresses cues of the back and ends no repetition; without a tilt the pelvis is not judged."""

from __future__ import annotations

import math

import numpy as np
import pytest

from imu_reps import Header, Settings
from imu_reps.analysis.live.follower import Follower, FollowerEvent, Known
from imu_reps.domain.events import EndReached, LimitCrossed
from imu_reps.domain.exercise import Posture
from imu_reps.domain.track import GRID_HZ

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
