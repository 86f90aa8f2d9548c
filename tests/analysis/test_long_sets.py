"""Sets that go on far longer than intended are counted equally well, at no higher cost."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from imu_reps import Event, Pipeline, Recording, RepPlan, SampleBlock, SetPlan, simulate
from imu_reps.analysis.live.announced import DOUBT_TICKS, Announced
from imu_reps.analysis.live.frame import HEAD_S, ROOM_S, TAIL_S, MotionBuffer, rows_of
from imu_reps.analysis.reps.segmentation import Excursion, Turn
from imu_reps.domain.events import RepCompleted, RepRetracted
from imu_reps.domain.exercise import Start
from imu_reps.domain.samples import concatenate
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import GridMotion, Motion
from imu_reps.sim.wearer import LifePlan

ROOM, HEAD, TAIL = (int(seconds * GRID_HZ) for seconds in (ROOM_S, HEAD_S, TAIL_S))


def ticks_in(buffer: MotionBuffer) -> np.ndarray:
    """Return the ticks in a buffer, checking that each row holds the values pushed with them."""
    motion = buffer.motion()
    ticks = np.rint(motion.time_s * GRID_HZ).astype(int)
    assert motion.pelvis is not None
    assert motion.ankle is not None
    for sensor, sign in ((motion.pelvis, 1.0), (motion.ankle, -1.0)):
        assert (sensor.up[:, 0] == sign * ticks).all()
        assert (sensor.gyr_dps[:, 1] == sign * ticks).all()
        assert (sensor.acc_mps2[:, 2] == sign * ticks).all()
        assert (sensor.still == (ticks % 2 == 0)).all()
    return ticks


def push(buffer: MotionBuffer, first: int, count: int) -> None:
    ticks = np.arange(first, first + count)
    rows, still = np.repeat(ticks[:, None].astype(float), 3, axis=1), ticks % 2 == 0
    nothing = np.zeros(count)
    pelvis = GridMotion(rows, rows, rows, nothing, still)
    motion = Motion(ticks / GRID_HZ, pelvis, GridMotion(-rows, -rows, -rows, nothing, still))
    for row in rows_of(motion):
        buffer.append(row)


def forgotten_by(buffer: MotionBuffer, boundaries_s: Sequence[float]) -> tuple[int, int]:
    """Return the first and the end tick of the stretch that `make_room` forgets."""
    start_s, end_s = buffer.make_room(np.array(boundaries_s))
    return round(start_s * GRID_HZ), round(end_s * GRID_HZ)


@settings(deadline=None, max_examples=15)
@given(
    rounds=st.lists(
        st.lists(st.floats(0.0, ROOM_S), max_size=12, unique=True).map(sorted), min_size=1, max_size=3
    )
)
def test_making_room_keeps_the_order_and_forgets_the_returned_stretch(rounds: list[list[float]]) -> None:
    """Holds for any number of rounds and any ends of repetitions."""
    buffer, expected, ticks = MotionBuffer(), np.empty(0, int), 0
    for boundaries_s in rounds:
        count = ROOM - buffer.count
        push(buffer, ticks, count)
        expected, ticks = np.concatenate([expected, np.arange(ticks, ticks + count)]), ticks + count
        assert buffer.is_full
        first_s, last_s = expected[0] / GRID_HZ, expected[-1] / GRID_HZ

        start, end = forgotten_by(
            buffer, [first_s + share * (last_s - first_s) / ROOM_S for share in boundaries_s]
        )

        expected = expected[(expected < start) | (expected >= end)]
        assert start < end
        assert not buffer.is_full
        assert ticks_in(buffer).tolist() == expected.tolist()
        assert expected[-1] == ticks - 1


def test_without_repetitions_a_beginning_and_the_latest_minutes_stay() -> None:
    buffer = MotionBuffer()
    push(buffer, 0, ROOM)

    assert forgotten_by(buffer, []) == (HEAD, ROOM - 1 - TAIL)


def test_room_is_made_from_one_end_of_a_repetition_to_another() -> None:
    buffer = MotionBuffer()
    push(buffer, 0, ROOM)
    ends_s = np.arange(3.0, ROOM_S, 4.4)
    start, end = forgotten_by(buffer, ends_s.tolist())

    assert min(abs(start / GRID_HZ - ends_s)) < 0.01
    assert min(abs(end / GRID_HZ - ends_s)) < 0.01
    assert HEAD - 440 <= start <= HEAD
    assert ROOM - TAIL - 441 <= end <= ROOM - TAIL


def rep_at(tick: int) -> Excursion:
    return Excursion(Turn(tick, 0.0), Turn(tick + 100, 50.0), Turn(tick + 200, 0.0))


def announce_new(
    announced: Announced, estimated: Sequence[Excursion], tick: int
) -> tuple[list[Excursion], list[Excursion]]:
    """Return the repetitions withdrawn and added by an estimate; the added ones are announced."""
    changes = announced.compare(estimated, tick)
    for rep in changes.new:
        announced.add(rep)
    return changes.gone, changes.new


def test_a_repetition_no_longer_in_the_estimate_is_doubted_before_it_is_withdrawn() -> None:
    announced = Announced()
    first, second = rep_at(0), rep_at(200)
    assert announce_new(announced, [first, second], 400) == ([], [first, second])

    assert announce_new(announced, [first], 500) == ([], [])
    assert len(announced) == 2
    assert announce_new(announced, [first], 500 + DOUBT_TICKS - 1) == ([], [])
    assert announce_new(announced, [first], 500 + DOUBT_TICKS) == ([second], [])
    assert list(announced) == [first]


def test_a_repetition_that_returns_while_doubted_stays_announced() -> None:
    announced = Announced()
    first, second = rep_at(0), rep_at(200)
    announce_new(announced, [first, second], 400)

    assert announce_new(announced, [first], 500) == ([], [])
    assert announce_new(announced, [first, second], 700) == ([], [])
    # a later doubt starts again
    assert announce_new(announced, [first], 800) == ([], [])
    assert announce_new(announced, [first], 500 + DOUBT_TICKS + 100) == ([], [])
    assert list(announced) == [first, second]


def test_nothing_new_is_announced_over_a_doubted_repetition() -> None:
    """Three replace one: they are announced when the one is withdrawn."""
    announced = Announced()
    whole = Excursion(Turn(0, 0.0), Turn(300, 50.0), Turn(600, 0.0))
    announce_new(announced, [whole], 650)
    three = [rep_at(0), Excursion(Turn(200, 0.0), Turn(450, 10.0), Turn(470, 0.0)), rep_at(600)]

    assert announce_new(announced, three, 900) == ([], [rep_at(600)])
    gone, new = announce_new(announced, three, 900 + DOUBT_TICKS)
    assert gone == [whole]
    again = announce_new(announced, three, 1000 + DOUBT_TICKS)
    assert [*new, *again[1]] == three[:2]
    assert list(announced) == three


def test_settled_repetitions_count_and_are_never_withdrawn() -> None:
    announced = Announced()
    for tick in range(0, 1000, 200):
        announced.add(rep_at(tick))

    announced.forget(200, 600)
    for tick in (1200, 1200 + DOUBT_TICKS):
        changes = announced.compare([rep_at(0), rep_at(800)], tick)

    assert changes.gone == [rep_at(600)]
    assert changes.new == []
    assert list(announced) == [rep_at(0), rep_at(200), rep_at(400), rep_at(800)]
    assert announced.number_of(rep_at(800)) == 4
    assert announced.number_of(rep_at(1000)) == 5


@settings(deadline=None, max_examples=100)
@given(estimates=st.lists(st.lists(st.integers(0, 12), unique=True).map(sorted), min_size=1, max_size=12))
def test_at_any_time_the_count_is_what_was_announced_less_what_was_withdrawn(
    estimates: list[list[int]],
) -> None:
    """Holds for any estimates; once they have agreed for long enough the count is theirs."""
    announced, count, tick = Announced(), 0, 0
    for estimate in [*estimates, estimates[-1], estimates[-1], estimates[-1]]:
        tick += 150 if estimate is not estimates[-1] else DOUBT_TICKS
        gone, new = announce_new(announced, [rep_at(250 * k) for k in estimate], tick)
        count += len(new) - len(gone)
        assert len(announced) == count
        far = [rep.far.tick for rep in announced]
        assert far == sorted(set(far))
    assert list(announced) == [rep_at(250 * k) for k in estimates[-1]]


def run(recording: Recording) -> tuple[list[Event], Pipeline]:
    """Return all events of a set, and its pipeline."""
    pipeline, events = Pipeline(recording.header), list[Event]()
    for blocks in slots(recording, 0.25):
        events += pipeline.push(*blocks)
    return events, pipeline


def counted(events: Sequence[Event]) -> int:
    return sum(isinstance(event, RepCompleted) - isinstance(event, RepRetracted) for event in events)


@pytest.mark.parametrize("start", ["low", "high"])
def test_a_set_longer_than_the_buffer_is_counted_to_its_end(start: Start) -> None:
    count = int(ROOM_S / 4.4)
    simulated = simulate(SetPlan(start=start, reps=(RepPlan(),) * count, life=LifePlan(rest_after_s=4.6)))
    assert simulated.recording.ankle is not None
    assert simulated.recording.ankle.time_s[-1] > 1.1 * ROOM_S

    events, pipeline = run(simulated.recording)
    _, analysis = pipeline.finish()

    assert counted(events) == analysis.summary.set.rep_count == count
    assert not any(isinstance(event, RepRetracted) for event in events)
    ranges = [event.rep.range_deg for event in events if isinstance(event, RepCompleted)]
    finals = [rep.range_deg for rep in analysis.summary.reps]
    assert ranges == pytest.approx(finals, abs=3.0)


def forgotten(times: int) -> Recording:
    """Return a set of ten minutes, repeated `times` times."""
    ten = simulate(SetPlan(reps=(RepPlan(),) * 110, life=LifePlan(rest_after_s=4.6))).recording
    assert ten.pelvis is not None
    assert ten.ankle is not None
    return replace(ten, pelvis=_repeated(ten.pelvis, times), ankle=_repeated(ten.ankle, times))


def _repeated(block: SampleBlock, times: int) -> SampleBlock:
    """Return the samples repeated `times` times, with sample numbers and times continued."""
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
    """Yield what both sensors sent within the same stretch of time."""
    blocks = (recording.pelvis, recording.ankle)
    end_s = max(float(block.time_s[-1]) for block in blocks if block is not None)
    for begin_s in np.arange(0.0, end_s, slot_s):
        slot = [
            block[slice(*np.searchsorted(block.time_s, (begin_s, begin_s + slot_s)).tolist())]
            for block in blocks
            if block is not None
        ]
        yield [block for block in slot if len(block)]


def timed_run(recording: Recording, slot_s: float) -> tuple[list[Event], list[float], Pipeline]:
    """Return the events of a set, the processor seconds of each push, and its pipeline."""
    took_s, events, pipeline = list[float](), list[Event](), Pipeline(recording.header)
    for blocks in slots(recording, slot_s):
        began_s = time.process_time()
        events += pipeline.push(*blocks)
        took_s.append(time.process_time() - began_s)
    return events, took_s, pipeline


def test_a_forgotten_set_has_constant_cost() -> None:
    """Ten minutes; the first four are cheaper, since there is less data."""
    recording = forgotten(1)
    events, took_s, pipeline = timed_run(recording, 0.5)
    quarters_s = [float(np.sum(part)) for part in np.array_split(took_s, 4)]
    _, analysis = pipeline.finish()

    assert counted(events) == analysis.summary.set.rep_count == 110
    assert quarters_s[3] < 1.5 * quarters_s[2]
    assert not any(isinstance(event, RepRetracted) for event in events)


@pytest.mark.soak
def test_a_set_forgotten_for_two_hours_goes_on_at_the_same_cost() -> None:
    events, took_s, pipeline = timed_run(forgotten(12), 0.025)
    quarters_s = [float(np.sum(part)) for part in np.array_split(took_s, 4)]
    began_s = time.process_time()
    _, analysis = pipeline.finish()
    finish_s = time.process_time() - began_s
    print(
        "\nprocessor seconds of each half hour", np.round(quarters_s, 1), "of finishing", round(finish_s, 1)
    )

    assert counted(events) == analysis.summary.set.rep_count == 12 * 110
    assert quarters_s[3] < 1.5 * quarters_s[0]
    assert finish_s < 3.0
