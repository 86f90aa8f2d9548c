"""The division of samples into blocks does not change the events of the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps import (
    Event,
    Pipeline,
    Recording,
    RepFaults,
    RepPlan,
    SampleBlock,
    SensorPlan,
    SetPlan,
    Simulated,
)
from imu_reps.domain.events import RepCompleted
from imu_reps.domain.samples import FloatArray
from imu_reps.sim.wearer import Act, LifePlan, PersonPlan, RadioPlan, SitUp, SlipPlan
from imu_reps.sources.replay_source import replay_blocks

Cut = Callable[[Recording, Iterable[int]], Iterator[tuple[SampleBlock, ...]]]
Simulate = Callable[[SetPlan], Simulated]
Same = Callable[[list[Event], list[Event]], None]

REP = RepPlan(concentric_s=1.2, eccentric_s=1.4, top_pause_s=0.2, bottom_pause_s=0.4)
QUIET = SetPlan(reps=(REP,) * 3)
LOSSY = RadioPlan(loss=0.03, batch=3, jitter_s=0.008, stalls_per_min=6.0, drop_outs=((8.0, 0.3), (10.5, 1.3)))
PLANS = {
    "quiet": QUIET,
    "lossy": replace(QUIET, pelvis=SensorPlan(named=True, radio=LOSSY), ankle=SensorPlan(radio=LOSSY)),
    "hanging": SetPlan("hanging_leg_raise", "both", reps=(replace(REP, top_deg=80.0),) * 3),
    "high start": SetPlan(
        "double_leg_raise", "both", "high", reps=(RepPlan(85.0, 25.0, 1.5, 0.3, 2.2, 0.2),) * 3
    ),
    "rocks, a walk and a late ankle": replace(
        QUIET,
        alignment="functional",
        life=replace(
            QUIET.life, before=(Act("walk", 4.0), Act("lie_down", 4.0)), rocks_deg=(10.0, 11.0, 10.0)
        ),
        ankle=SensorPlan(radio=RadioPlan(drop_outs=((0.0, 4.5),))),
    ),
    "begun at once, broken off, with a strap that slips": replace(
        QUIET,
        reps=(replace(REP, bottom_pause_s=0.0),) * 6,
        life=LifePlan(still_before_s=0.0),
        person=PersonPlan(sit_ups=(SitUp(1, up_s=1.5, stay_s=3.0, down_s=1.5),)),
        pelvis=SensorPlan(named=True, turned_deg=(0.0, 0.0, 20.0)),
        ankle=SensorPlan(slip=SlipPlan((0.0, 40.0, 0.0), 0.7, 0.2)),
    ),
    "faults": replace(
        QUIET,
        reps=(
            REP,
            replace(REP, concentric_s=0.6, eccentric_s=0.7),
            replace(REP, faults=RepFaults(arch_deg=9.0)),
            replace(REP, faults=RepFaults(rotation_deg=11.0)),
            replace(REP, faults=RepFaults(heel_touch_mps2=12.0, heel_touch_s=0.03)),
        ),
    ),
}


@pytest.fixture(scope="module", params=PLANS)
def recording(request: pytest.FixtureRequest, simulated: Simulate) -> Recording:
    return simulated(PLANS[request.param]).recording


def events_of(recording: Recording, pushes: Iterable[tuple[SampleBlock, ...]]) -> list[Event]:
    pipeline = Pipeline(recording.header)
    return [event for blocks in pushes for event in pipeline.push(*blocks)]


@pytest.fixture(scope="module")
def at_once(recording: Recording, in_blocks: Cut) -> list[Event]:
    return events_of(recording, in_blocks(recording, [0]))


def count_of(recording: Recording) -> int:
    return sum(len(block) for block in (recording.pelvis, recording.ankle) if block is not None)


def test_there_are_events_to_compare(at_once: list[Event]) -> None:
    assert sum(isinstance(event, RepCompleted) for event in at_once) >= 2


@pytest.mark.parametrize("size", [7, 64, 1001])
def test_blocks_of_one_size(
    recording: Recording, at_once: list[Event], in_blocks: Cut, same_events: Same, size: int
) -> None:
    same_events(events_of(recording, in_blocks(recording, range(0, count_of(recording), size))), at_once)


@pytest.mark.parametrize("name", ["quiet", "lossy", "hanging"])
def test_single_samples(simulated: Simulate, in_blocks: Cut, same_events: Same, name: str) -> None:
    recording = simulated(PLANS[name]).recording
    singly = events_of(recording, in_blocks(recording, range(count_of(recording))))

    same_events(singly, events_of(recording, in_blocks(recording, [0])))


def test_any_blocks(recording: Recording, at_once: list[Event], in_blocks: Cut, same_events: Same) -> None:
    @given(cuts=st.lists(st.integers(1, count_of(recording) - 1), max_size=6))
    @settings(max_examples=6, deadline=None)
    def holds(cuts: list[int]) -> None:
        same_events(events_of(recording, in_blocks(recording, [0, *sorted(set(cuts))])), at_once)

    holds()


@pytest.mark.parametrize("name", ["quiet", "hanging"])
def test_replayed_slot_by_slot(simulated: Simulate, in_blocks: Cut, same_events: Same, name: str) -> None:
    """A replay delivers one sensor after the other, 0.05 s at a time."""
    recording = simulated(PLANS[name]).recording
    replayed = events_of(recording, ((block,) for block in replay_blocks(recording, 0.05)))

    same_events(replayed, events_of(recording, in_blocks(recording, [0])))


def test_a_second_pipeline_gives_the_same_events(
    recording: Recording, at_once: list[Event], in_blocks: Cut
) -> None:
    assert events_of(recording, in_blocks(recording, [0])) == at_once


@pytest.mark.parametrize("layout", ["columns first", "every second row"])
def test_arrays_of_any_layout_give_the_same_events(
    simulated: Simulate, in_blocks: Cut, same_events: Same, layout: str
) -> None:
    recording = simulated(PLANS["lossy"]).recording

    def laid_out(values: FloatArray) -> FloatArray:
        return np.asfortranarray(values) if layout == "columns first" else np.repeat(values, 2, axis=0)[::2]

    def blocks(size: int) -> Iterator[tuple[SampleBlock, ...]]:
        for pushed in in_blocks(recording, range(0, count_of(recording), size)):
            yield tuple(
                replace(block, acc_mps2=laid_out(block.acc_mps2), gyr_dps=laid_out(block.gyr_dps))
                for block in pushed
            )

    expected = events_of(recording, in_blocks(recording, [0]))
    same_events(events_of(recording, blocks(64)), expected)
    same_events(events_of(recording, blocks(10**6)), expected)
