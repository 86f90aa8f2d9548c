"""Counting that does not keep up: the file has every sample at its time, and only words are missing."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from imu_reps import Pipeline, RepPlan, SampleBlock, SetPlan, Settings, load, simulate
from imu_reps.cli.replay import play
from imu_reps.domain.cue import USUALLY_SPOKEN
from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.session.session_events import CountingLate, Cued, LinkChanged, SetEvent
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
