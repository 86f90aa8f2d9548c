"""Whole sets over links that stall, trickle and catch up: no false event is emitted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from troubled_links import Trouble, delivered, random_troubles

from imu_reps import Event, Pipeline, Recording, RepPlan, SampleBlock, SensorPlan, SetPlan, simulate
from imu_reps.domain.events import FaultSeen, SensorSilent
from imu_reps.domain.samples import SENSOR_PLACES
from imu_reps.kinematics.stream_grid import WAIT_S
from imu_reps.sim.wearer import RadioPlan

pytestmark = pytest.mark.faults

#: Timing of every family: where samples are counted, and whether the sensor has a clock.
KINDS = (("host", False), ("device", False), ("host", True), ("device", True))
SETS = 5
STEP_S = 0.05
#: How long after its end trouble of a link has effects: a silence is reported after 1 s.
FELT_S = 2.0


@cache
def undisturbed(kind: int, number: int) -> Recording:
    """Return a set without a fault, over good links."""
    counter, clock = KINDS[kind]
    radio = RadioPlan(batch=(1, 5)[number % 2], counter=counter, device_clock=clock, stalls_per_min=0.0)
    reps = tuple(RepPlan(concentric_s=1.8, eccentric_s=1.8) for _ in range(4))
    plan = SetPlan(reps=reps, pelvis=SensorPlan(named=True, radio=radio), ankle=SensorPlan(radio=radio))
    return simulate(plan, seed=number).recording


def held_up(block: SampleBlock, troubles: list[Trouble]) -> SampleBlock:
    """Return the same samples, delivered over a link in trouble."""
    ends = np.flatnonzero(np.diff(block.time_s, append=np.inf))
    sizes = np.diff(ends, prepend=-1)
    packet_s = float(np.median(np.diff(block.time_s[ends])))
    return replace(block, time_s=np.repeat(delivered(block.time_s[ends], packet_s, troubles), sizes))


def pushes(recording: Recording) -> Iterator[list[SampleBlock]]:
    """Yield the blocks that arrive in each step."""
    blocks = [recording.samples(place) for place in SENSOR_PLACES]
    last_s = max(float(block.time_s[-1]) for block in blocks)
    for now_s in np.arange(0.0, last_s + STEP_S, STEP_S).tolist():
        arrived = [(b.time_s > now_s - STEP_S) & (b.time_s <= now_s) for b in blocks]
        yield [
            b[rows]
            for b, in_step in zip(blocks, arrived, strict=True)
            if len(rows := np.flatnonzero(in_step))
        ]


def followed(recording: Recording) -> tuple[list[Event], int]:
    """Return the live events of a set, and its count at the end."""
    pipeline = Pipeline(recording.header)
    events = [event for blocks in pushes(recording) if blocks for event in pipeline.push(*blocks)]
    return events, pipeline.rep_count


@cache
def events_undisturbed(kind: int, number: int) -> tuple[set[str], int]:
    events, count = followed(undisturbed(kind, number))
    return {event.fault.code for event in events if isinstance(event, FaultSeen)}, count


def never(_: float) -> bool:
    """Return False: nothing is missing on a good link, nor where both links wait alike."""
    return False


def violations(seed: int) -> list[str]:
    """Return false events over links in trouble: both links (a busy computer) or one."""
    rng = np.random.default_rng(seed)
    kind, number = seed % len(KINDS), int(rng.integers(SETS))
    recording = undisturbed(kind, number)
    both = bool(rng.random() < 0.5)
    ill = SENSOR_PLACES if both else (str(rng.choice(SENSOR_PLACES)),)
    troubles = [replace(each, loses=0.0) for each in random_troubles(rng, recording.ankle.time_s[-1])]
    late = {place: held_up(recording.samples(place), troubles) for place in ill}
    missing = {} if both else {place: _missing(late[place], recording.samples(place)) for place in ill}
    events, count = followed(replace(recording, **late))
    faults, true_count = events_undisturbed(kind, number)
    wrong = []
    for event in events:
        if isinstance(event, FaultSeen) and event.fault.code not in faults:
            wrong.append(f"false {event.fault.code} at {event.time_s:.1f} s")
        if isinstance(event, SensorSilent) and not (
            event.sensor in missing and missing[event.sensor](event.time_s)
        ):
            wrong.append(f"false silence of {event.sensor} at {event.time_s:.1f} s")
    if both and count != true_count:
        wrong.append(f"count {count} for {true_count}")
    return [f"{KINDS[kind]} seed {seed} {'both' if both else ill}: {each}" for each in wrong]


def _missing(late: SampleBlock, undisturbed: SampleBlock) -> Callable[[float], bool]:
    """Return a predicate: whether recent samples were delayed for longer than a grid instant waits."""
    waited_s = late.time_s - undisturbed.time_s

    def missing(time_s: float) -> bool:
        recent = (undisturbed.time_s > time_s - FELT_S) & (undisturbed.time_s <= time_s)
        return bool((waited_s[recent] > 0.9 * WAIT_S).any())

    return missing


@pytest.mark.parametrize("seeds", [range(12), pytest.param(range(12, 100), marks=pytest.mark.soak)], ids=str)
def test_no_false_event_is_emitted_whatever_the_links_do(seeds):
    assert [each for seed in seeds for each in violations(seed)] == []


@pytest.mark.parametrize("seed", [56, 72, 152, 316, 446, 760, 1480, 1720, 2744])
def test_samples_that_are_only_late_are_no_silence(seed):
    assert violations(seed) == []


@pytest.mark.parametrize("seed", [288, 356, 636])
def test_a_repetition_whose_samples_were_late_is_counted(seed):
    assert violations(seed) == []


@pytest.mark.parametrize("seed", [336, 492, 792, 800, 1428])
def test_two_sensors_that_wait_alike_show_no_fault(seed):
    assert violations(seed) == []


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_a_repetition_begun_before_the_first_samples_arrive_is_counted(kind):
    """The computer is busy as the set begins, whatever counts the samples."""
    recording = undisturbed(kind, 0)
    trouble = [Trouble(-1.0, 4.5, share=0.0, times=6.3)]
    late = {place: held_up(recording.samples(place), trouble) for place in SENSOR_PLACES}
    assert followed(replace(recording, **late))[1] == events_undisturbed(kind, 0)[1]


@pytest.mark.soak
@pytest.mark.faults
def test_a_thousand_sets_over_links_in_trouble(capsys):
    wrong = [each for seed in range(1000) for each in violations(seed)]
    with capsys.disabled():
        print(
            f"\n1,000 sets over links in trouble, seeds 0 to 999: {len(wrong)} violations", *wrong, sep="\n"
        )
    assert wrong == []
