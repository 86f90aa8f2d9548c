"""Sets that go on for longer than anybody means them to: counted as well, at no more cost."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from imu_reps.analysis.live_angles import LiveAngles
from imu_reps.analysis.live_announced import Announced
from imu_reps.analysis.live_measure import ROOM_S, LiveTrack

from imu_reps import Pipeline, Recording, SampleBlock, SetPlan, simulate
from imu_reps.analysis.reps.segmentation import Excursion, Turn, TurnFinder
from imu_reps.domain.events import Event, RepCompleted, RepRetracted
from imu_reps.domain.recording import Start
from imu_reps.domain.samples import concatenate
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import Motion
from imu_reps.sensors.simulator import LifePlan, RepPlan

ROOM = int(ROOM_S * GRID_HZ)


def filled(count: int) -> LiveTrack:
    """A track whose angle is its tick."""
    track = LiveTrack()
    push(track, count)
    return track


def push(track: LiveTrack, count: int) -> None:
    motion = Motion(np.arange(1) / GRID_HZ, None, None)
    for tick in range(track.next_tick, track.next_tick + count):
        track.push(motion, 0, LiveAngles(float(tick), 0.0, 0.0, rested=True), ready=False)


@settings(deadline=None, max_examples=25)
@given(
    cuts=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 120)), min_size=1, max_size=4),
    start=st.integers(0, 40),
)
def test_every_tick_that_is_kept_is_found_where_it_was_put(cuts: list[tuple[int, int]], start: int) -> None:
    track, kept = filled(0), set[int]()
    for more, length in cuts:
        kept |= set(range(track.next_tick, track.next_tick + more + length + start))
        push(track, more + length + start)
        begin = track.gap_start if track.gap_start > 0 else start
        end = max(track.first_tick, begin + length)
        track.forget(begin, end)
        kept -= set(range(begin, end))

    angles = track.since(0).angle_deg

    assert angles.tolist() == sorted(kept)
    assert [track.tick(row) for row in range(len(angles))] == sorted(kept)
    assert [track.row(tick) for tick in sorted(kept)] == list(range(len(angles)))


def test_with_no_room_left_the_older_half_goes() -> None:
    track = filled(ROOM + 1)

    assert track.first_tick == ROOM // 2
    assert track.since(0).angle_deg.tolist() == list(range(ROOM // 2, ROOM + 1))


def test_turns_that_are_forgotten_are_still_counted() -> None:
    finder = TurnFinder(8.0)
    finder.push(0, 20.0 * np.abs((np.arange(1000) % 100) / 50.0 - 1.0))
    before, all_turns = finder.confirmed_count, finder.turns

    finder.forget(200, 700)

    assert finder.confirmed_count == before
    assert finder.turns == [turn for turn in all_turns if not 200 <= turn.tick < 700]


def test_an_extreme_that_may_yet_be_a_turn_is_put_after_the_gap() -> None:
    finder = TurnFinder(8.0)
    finder.push(0, np.concatenate([np.arange(20.0, 0.0, -1.0), np.full(500, 0.5)]))

    finder.forget(10, 400)

    assert finder.turns[-1] == Turn(400, 0.5)


def rep_at(tick: int) -> Excursion:
    return Excursion(Turn(tick, 0.0), Turn(tick + 100, 50.0), Turn(tick + 200, 0.0))


def test_settled_repetitions_count_and_are_never_taken_back() -> None:
    announced = Announced()
    for tick in range(0, 1000, 200):
        announced.add(rep_at(tick))

    announced.forget(200, 600)
    gone, new = announced.compare([rep_at(0), rep_at(800)])

    assert gone == [rep_at(600)]
    assert new == []
    assert list(announced) == [rep_at(0), rep_at(200), rep_at(400), rep_at(800)]
    assert announced.number_of(rep_at(800)) == 4
    assert announced.number_of(rep_at(1000)) == 5


def heard(recording: Recording) -> tuple[list[Event], Pipeline]:
    """Everything a set says, and its pipeline."""
    pipeline, events = Pipeline(recording.header), list[Event]()
    for blocks in slots(recording, 0.25):
        events += pipeline.push(*blocks)
    return events, pipeline


def counted(events: Sequence[Event]) -> int:
    return sum(isinstance(event, RepCompleted) - isinstance(event, RepRetracted) for event in events)


@pytest.mark.parametrize("start", ["low", "high"])
def test_a_set_for_which_there_is_no_room_is_counted_to_its_end(start: Start) -> None:
    count = int(ROOM_S / 4.4)
    simulated = simulate(SetPlan(start=start, reps=(RepPlan(),) * count, life=LifePlan(rest_after_s=4.6)))
    assert simulated.recording.ankle is not None
    assert simulated.recording.ankle.time_s[-1] > 1.1 * ROOM_S

    events, pipeline = heard(simulated.recording)
    _, analysis = pipeline.finish()

    assert counted(events) == analysis.summary.set.rep_count == count
    assert not any(isinstance(event, RepRetracted) for event in events)
    ranges = [event.rep.range_deg for event in events if isinstance(event, RepCompleted)]
    finals = [rep.range_deg for rep in analysis.summary.reps]
    assert ranges == pytest.approx(finals, abs=3.0)


def forgotten(times: int) -> Recording:
    """Ten minutes of a set, so many times over."""
    ten = simulate(SetPlan(reps=(RepPlan(),) * 110, life=LifePlan(rest_after_s=4.6))).recording
    assert ten.pelvis is not None
    assert ten.ankle is not None
    return replace(ten, pelvis=_repeated(ten.pelvis, times), ankle=_repeated(ten.ankle, times))


def _repeated(block: SampleBlock, times: int) -> SampleBlock:
    """The samples so many times over, counted and timed on."""
    number, time_s = int(block.sample[-1] - block.sample[0]) + 1, float(np.round(block.time_s[-1], 2)) + 0.01
    pieces = [
        replace(
            block,
            time_s=block.time_s + turn * time_s,
            sample=block.sample + turn * number,
            device_time_s=block.device_time_s + turn * time_s,
        )
        for turn in range(times)
    ]
    return concatenate(pieces)


def slots(recording: Recording, slot_s: float) -> Iterator[list[SampleBlock]]:
    """What both sensors sent within the same stretch."""
    blocks = (recording.pelvis, recording.ankle)
    end_s = max(float(block.time_s[-1]) for block in blocks if block is not None)
    for begin_s in np.arange(0.0, end_s, slot_s):
        slot = [
            block[slice(*np.searchsorted(block.time_s, (begin_s, begin_s + slot_s)).tolist())]
            for block in blocks
            if block is not None
        ]
        yield [block for block in slot if len(block)]


@pytest.mark.soak
def test_a_set_forgotten_for_two_hours_goes_on_at_the_same_cost() -> None:
    recording, took_s, events = forgotten(12), list[float](), list[Event]()
    pipeline = Pipeline(recording.header)
    for blocks in slots(recording, 0.025):
        began_s = time.process_time()
        events += pipeline.push(*blocks)
        took_s.append(time.process_time() - began_s)
    quarters_s = [float(np.sum(part)) for part in np.array_split(took_s, 4)]
    print("\nprocessor seconds of each half hour", np.round(quarters_s, 1))
    _, analysis = pipeline.finish()

    assert counted(events) == analysis.summary.set.rep_count == 12 * 110
    assert quarters_s[3] < 1.5 * quarters_s[0]
