"""Counting that falls behind: every sample is in the file at its time, only cues are missing."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import Program

from imu_reps import Pipeline, RepPlan, SampleBlock, SetPlan, Settings, load, simulate
from imu_reps.cli.replay import play
from imu_reps.domain.cue import DEFAULT_SPEECH
from imu_reps.domain.events import RepCompleted
from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.session.session_events import CountingLate, Cued, LinkChanged, SetEvent, SetProgress
from imu_reps.session.session_plan import SessionPlan, SetGoal

pytestmark = pytest.mark.faults

#: Simulated seconds per real second while idle; a push takes 3 s of both.
SPEED, PUSH_S = 3.0, 3.0
DURATION_S = 18.0


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    push, hard = Pipeline.push, itertools.chain([True], itertools.repeat(False))

    def slowly(pipeline: Pipeline, *blocks: SampleBlock) -> Any:
        if next(hard):
            until_s = time.monotonic() + PUSH_S
            while time.monotonic() < until_s:  # a busy loop: counting does not release the processor either
                pass
        else:
            time.sleep(PUSH_S)
        return push(pipeline, *blocks)

    monkeypatch.setattr(Pipeline, "push", slowly)


def test_a_pipeline_that_takes_three_seconds_a_push_loses_no_sample(
    run_session: Any,
    slow: None,  # noqa: ARG001
) -> None:
    goal = SetGoal("single_leg_raise", "left", "low", duration_s=DURATION_S)
    outcome = run_session(plan=SessionPlan((goal,)), speed=SPEED)
    (finished,) = outcome.done
    loaded = load(finished.path)
    cues = [event.cue for event in outcome.emitted if isinstance(event, Cued)]
    late = [event for event in outcome.emitted if isinstance(event, CountingLate)]

    for place in SENSOR_PLACES:
        samples = loaded.samples(place)
        assert set(np.diff(samples.sample)) == {1}
        assert samples.time_s[-1] > DURATION_S - 0.3
        assert np.diff(samples.time_s).max() < 1.0
    assert {note.key for note in loaded.notes} <= {"cue", "battery", "end"}
    assert not [event for event in outcome.emitted if isinstance(event, LinkChanged)]
    assert len(late) == 1
    assert finished.summary.set.rep_count == 3
    assert any(isinstance(event, SetEvent) for event in outcome.emitted)
    assert all(cue.time_s - cue.due_s < 1.0 for cue in cues)


def test_a_replay_that_falls_behind_does_not_mention_a_recording(
    slow: None,  # noqa: ARG001
) -> None:
    emitted: list[Any] = []
    recording = simulate(SetPlan(reps=(RepPlan(),))).recording
    finished = play(recording, Settings(), DEFAULT_SPEECH, SPEED, emitted.append)

    assert finished.summary is not None
    assert finished.summary.set.rep_count == 1
    assert not [event for event in emitted if isinstance(event, CountingLate)]


def test_a_set_ends_at_its_time_while_counting_hangs(
    run_session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    push, hangs_s, hung = Pipeline.push, 9.0, []

    def stuck(pipeline: Pipeline, *blocks: SampleBlock) -> Any:
        if blocks[0].time_s[-1] > 2.0 and not hung:
            hung.append(True)
            time.sleep(hangs_s)
        return push(pipeline, *blocks)

    monkeypatch.setattr(Pipeline, "push", stuck)
    goal = SetGoal("single_leg_raise", "left", "low", duration_s=8.0)
    outcome = run_session(plan=SessionPlan((goal,)), speed=SPEED)
    (finished,) = outcome.done
    loaded = load(finished.path)

    assert hung
    assert loaded.notes[-1].value == "duration"
    for place in SENSOR_PLACES:
        samples = loaded.samples(place)
        assert set(np.diff(samples.sample)) == {1}
        assert 7.0 < samples.time_s[-1] < 2.0 + hangs_s - 1.0
    assert [event for event in outcome.emitted if isinstance(event, CountingLate)]
    assert finished.summary.recording.duration_s > 7.0


#: A program, run on its own, that records with a push that never returns.
HANGS = """
import time
from imu_reps import Pipeline

def hang(pipeline, *blocks):
    while True:
        time.sleep(0.1)

Pipeline.push = hang
from imu_reps.__main__ import main
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="ends by signals")
def test_counting_that_hangs_for_good_is_ended_by_a_second_ctrl_c(tmp_path: Path) -> None:
    words = ["record", "--virtual", "--speed", "1", "--reps", "3", "--quiet", "--folder", str(tmp_path)]
    process = Program("-c", HANGS, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "Ctrl-C ends all" in line:
                break
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=20.0)
    finally:
        process.kill()
    (path,) = tmp_path.glob("*.csv")
    loaded = load(path)

    assert process.returncode == 130
    assert "Traceback" not in complaints
    assert loaded.notes[-1].value == "user"
    assert all(set(np.diff(loaded.samples(place).sample)) == {1} for place in SENSOR_PLACES)


def test_events_of_a_push_are_handled_even_if_it_ends_when_nobody_waits_for_it(
    run_session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    push, looked = Pipeline.push, threading.Event()

    def until_looked(pipeline: Pipeline, *blocks: SampleBlock) -> Any:
        looked.wait(timeout=1.0)
        looked.clear()
        return push(pipeline, *blocks)

    def look(_: float, session_event: object) -> None:
        if isinstance(session_event, SetProgress):
            looked.set()
            time.sleep(0.02)

    monkeypatch.setattr(Pipeline, "push", until_looked)
    goal = SetGoal("single_leg_raise", "left", "low", reps=1, duration_s=40.0)
    outcome = run_session(plan=SessionPlan((goal,)), speed=SPEED, on_event=look)
    (finished,) = outcome.done
    events = [event.event for event in outcome.emitted if isinstance(event, SetEvent)]

    assert finished.reason == "target"
    assert [event.number for event in events if isinstance(event, RepCompleted)] == [1]
