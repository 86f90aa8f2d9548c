"""Counting that does not keep up: the file has every sample at its time, and only words are missing."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest

from imu_reps import Pipeline, RepPlan, SampleBlock, SetPlan, Settings, load, simulate
from imu_reps.cli.replay import play
from imu_reps.domain.cue import USUALLY_SPOKEN
from imu_reps.domain.events import RepCompleted
from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.session.session_events import CountingLate, Cued, LinkChanged, SetEvent, SetProgress
from imu_reps.session.session_plan import SessionPlan, SetGoal

#: Simulated seconds in a real one, and how long a push takes of the latter: three simulated seconds.
SPEED, PUSH_S = 3.0, 1.0
DURATION_S = 24.0


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    push = Pipeline.push

    def slowly(pipeline: Pipeline, *blocks: SampleBlock) -> Any:
        until_s = time.monotonic() + PUSH_S
        while time.monotonic() < until_s:  # busy, as counting is: it gives nothing up by itself
            pass
        return push(pipeline, *blocks)

    monkeypatch.setattr(Pipeline, "push", slowly)


def test_a_pipeline_that_takes_three_seconds_a_push_loses_no_sample(
    perform: Any,
    slow: None,  # noqa: ARG001
) -> None:
    goal = SetGoal("single_leg_raise", "left", "low", duration_s=DURATION_S)
    happened = perform(plan=SessionPlan((goal,)), speed=SPEED)
    (finished,) = happened.done
    loaded = load(finished.path)
    said = [event.cue for event in happened.emitted if isinstance(event, Cued)]
    late = [event for event in happened.emitted if isinstance(event, CountingLate)]

    for place in SENSOR_PLACES:
        samples = loaded.samples(place)
        assert set(np.diff(samples.sample)) == {1}
        assert samples.time_s[-1] > DURATION_S - 0.3
        assert np.diff(samples.time_s).max() < 1.0
    assert {note.key for note in loaded.notes} <= {"cue", "battery", "end"}
    assert not [event for event in happened.emitted if isinstance(event, LinkChanged)]
    assert len(late) == 1
    assert late[0].behind_s > 1.0
    assert finished.summary.set.rep_count == 3
    assert any(isinstance(event, SetEvent) for event in happened.emitted)
    assert all(cue.time_s - cue.due_s < 1.0 for cue in said)


def test_a_replay_that_does_not_keep_up_speaks_of_no_recording(
    slow: None,  # noqa: ARG001
) -> None:
    told: list[Any] = []
    recording = simulate(SetPlan(reps=(RepPlan(),) * 2)).recording
    finished = play(recording, Settings(), USUALLY_SPOKEN, SPEED, told.append)

    assert finished.summary is not None
    assert finished.summary.set.rep_count == 2
    assert not [one for one in told if isinstance(one, CountingLate)]


def test_a_set_ends_at_its_time_while_counting_hangs(perform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    push, hangs_s, hung = Pipeline.push, 5.0, []

    def stuck(pipeline: Pipeline, *blocks: SampleBlock) -> Any:
        if blocks[0].time_s[-1] > 2.0 and not hung:
            hung.append(True)
            time.sleep(hangs_s)
        return push(pipeline, *blocks)

    monkeypatch.setattr(Pipeline, "push", stuck)
    goal = SetGoal("single_leg_raise", "left", "low", duration_s=8.0)
    happened = perform(plan=SessionPlan((goal,)), speed=SPEED)
    (finished,) = happened.done
    loaded = load(finished.path)

    assert hung
    assert loaded.notes[-1].value == "duration"
    for place in SENSOR_PLACES:
        samples = loaded.samples(place)
        assert set(np.diff(samples.sample)) == {1}
        assert 7.0 < samples.time_s[-1] < 2.0 + SPEED * hangs_s - 4.0
    assert [event for event in happened.emitted if isinstance(event, CountingLate)]
    assert finished.summary.recording.duration_s > 7.0


def test_what_a_push_tells_is_followed_though_it_ends_when_nobody_waits_for_it(
    perform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    push, looked = Pipeline.push, threading.Event()

    def until_looked(pipeline: Pipeline, *blocks: SampleBlock) -> Any:
        looked.wait(timeout=1.0)
        looked.clear()
        return push(pipeline, *blocks)

    def look(_: float, told: object) -> None:
        if isinstance(told, SetProgress):
            looked.set()
            time.sleep(0.02)

    monkeypatch.setattr(Pipeline, "push", until_looked)
    goal = SetGoal("single_leg_raise", "left", "low", reps=3, duration_s=40.0)
    happened = perform(plan=SessionPlan((goal,)), speed=SPEED, listen=look)
    (finished,) = happened.done
    told = [event.event for event in happened.emitted if isinstance(event, SetEvent)]

    assert finished.reason == "target"
    assert [event.number for event in told if isinstance(event, RepCompleted)] == [1, 2, 3]
