"""Ends and limits reported while the leg moves: causal, independent of blocks, once per repetition."""

from __future__ import annotations

from collections.abc import Callable
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
    SetPlan,
    Simulated,
    Tempo,
    simulate,
)
from imu_reps.domain.events import EndReached, FloorNear, LimitCrossed, RepCompleted
from imu_reps.domain.rep import floor_angle

ARCH = RepFaults(arch_deg=10.0, arch_below_deg=30.0)
ARCHING = simulate(SetPlan(reps=(RepPlan(bottom_deg=8.0, eccentric_s=3.0, faults=ARCH),) * 4))
POPPING = simulate(SetPlan(reps=(RepPlan(faults=RepFaults(rotation_deg=12.0)),) * 3))
SWINGING = simulate(
    SetPlan(reps=(RepPlan(concentric_s=0.6, concentric_ramp=(0.3, 0.65), eccentric_s=2.5),) * 4)
)
SMALL_ARCH = RepFaults(arch_deg=10.0, arch_below_deg=15.0)
SMALL = simulate(SetPlan(reps=(RepPlan(top_deg=20.0, bottom_deg=2.0, faults=SMALL_ARCH),) * 4))
DROPPING = simulate(SetPlan(reps=(RepPlan(eccentric_s=0.6),) * 4))
QUICK = simulate(SetPlan(reps=(RepPlan(concentric_s=1.1),) * 4))
CLEAN = simulate(SetPlan(reps=(RepPlan(),) * 4))


def live_events(recording: Recording, block_s: float = 0.25) -> list[Event]:
    """Return the events of the pipeline for blocks of `block_s` of both sensors."""
    pipeline = Pipeline(recording.header)
    events = []
    for begin_s in np.arange(0.0, recording_end_s(recording), block_s):
        both = (recording.pelvis, recording.ankle)
        events += pipeline.push(*(_between(sensor, begin_s, begin_s + block_s) for sensor in both))
    return events


def recording_end_s(recording: Recording) -> float:
    assert recording.ankle is not None
    return float(recording.ankle.time_s[-1])


def _between(block: SampleBlock | None, begin_s: float, end_s: float) -> SampleBlock:
    assert block is not None
    first, last = np.searchsorted(block.time_s, (begin_s, end_s))
    return block[int(first) : int(last)]


def crossings(made: Simulated) -> list[LimitCrossed]:
    return [event for event in live_events(made.recording) if isinstance(event, LimitCrossed)]


def test_each_end_of_a_clean_repetition_is_reported_as_it_is_reached() -> None:
    ends = [event for event in live_events(CLEAN.recording) if isinstance(event, EndReached)]

    assert [(e.number, e.end, e.completes) for e in ends] == [
        (n, *end) for n in range(1, 5) for end in (("top", False), ("bottom", True))
    ]
    for end, rep in zip(ends[1::2], CLEAN.truth.reps, strict=True):
        assert end.arrival_s == pytest.approx(rep.end_s, abs=0.1)
        assert abs(end.time_s - rep.end_s) < 0.2


def test_a_clean_set_crosses_no_limit() -> None:
    assert crossings(CLEAN) == []


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_samples_missing_in_mid_lift_are_no_swing(share: float) -> None:
    """0.1 s at 60°/s: held over the gap, the angle would jump by 6°."""
    ankle = QUICK.recording.ankle
    assert ankle is not None
    at_s = [rep.start_s + share * rep.concentric_s for rep in QUICK.truth.reps]
    received = ~np.any([(ankle.time_s > s) & (ankle.time_s < s + 0.1) for s in at_s], axis=0)
    broken = replace(QUICK.recording, ankle=ankle[received])

    assert [event for event in live_events(broken) if isinstance(event, LimitCrossed)] == []


@pytest.mark.parametrize(
    ("made", "code", "first"),
    [
        (ARCHING, "back_arch", 1),
        (POPPING, "hip_pop", 1),
        (SWINGING, "momentum", 1),
        (DROPPING, "fast_lowering", 1),
    ],
)
def test_a_fault_is_reported_once_in_each_repetition_before_it_is_complete(
    made: Simulated, code: str, first: int
) -> None:
    found = [event for event in crossings(made) if event.code == code]

    assert [event.number for event in found] == list(range(first, made.truth.rep_count + 1))
    for event in found:
        rep = made.truth.reps[event.number - 1]
        assert rep.start_s < event.crossed_s < event.time_s < rep.end_s + 0.5


def test_small_raises_are_numbered_and_coached_one_by_one() -> None:
    """They may count late, all at once; until then numbers follow the ends that were reported."""
    events = live_events(SMALL.recording)
    ends = [event for event in events if isinstance(event, EndReached)]
    arches = [event for event in events if isinstance(event, LimitCrossed)]

    assert [(e.number, e.end) for e in ends] == [(n, end) for n in range(1, 5) for end in ("top", "bottom")]
    assert [(event.number, event.code) for event in arches] == [(n, "back_arch") for n in range(1, 5)]


def test_a_lowering_is_compared_with_the_target_tempo() -> None:
    slow = replace(
        CLEAN.recording, header=replace(CLEAN.recording.header, tempo_target=Tempo(4.0, 0, 2.0, 0))
    )
    found = [event for event in live_events(slow) if isinstance(event, LimitCrossed)]

    assert [(event.number, event.code) for event in found] == [(n, "fast_lowering") for n in (1, 2, 3, 4)]
    assert all(event.limit == pytest.approx(3.0) for event in found)


def test_the_known_floor_is_reported_before_the_leg_reaches_it() -> None:
    recording = replace(CLEAN.recording, header=replace(CLEAN.recording.header, floor_deg=20.0))
    near = [event for event in live_events(recording) if isinstance(event, FloorNear)]

    assert [event.number for event in near] == [1, 2, 3, 4]
    angles = CLEAN.truth.angles
    for event in near:
        assert event.leg_elevation_deg > 20.0
        reached = angles.time_s[(angles.time_s > event.time_s) & (angles.leg_elevation_deg < 20.0)][0]
        assert 0.2 < reached - event.time_s < 1.6


def test_without_a_known_floor_the_sets_own_lift_off_is_reported_from_then_on() -> None:
    events = live_events(ARCHING.recording)
    near = [event for event in events if isinstance(event, FloorNear)]
    completed = [event for event in events if isinstance(event, RepCompleted)]

    assert [event.number for event in near] == [2, 3, 4]
    assert near[0].floor_deg == completed[0].rep.lift_off_angle_deg


def test_the_reported_floor_is_the_one_the_report_would_give_so_far() -> None:
    events = live_events(ARCHING.recording)
    near = [event for event in events if isinstance(event, FloorNear)]
    reps = [event.rep for event in events if isinstance(event, RepCompleted)]

    assert len({rep.lift_off_angle_deg for rep in reps}) > 1
    for event in near[1:]:
        assert event.floor_deg == floor_angle(reps[: event.number - 1])[0]


@given(st.floats(0.02, 2.0))
@settings(max_examples=5, deadline=None)
def test_any_block_size_gives_the_same_events(
    same_events: Callable[[list[Event], list[Event]], None], block_s: float
) -> None:
    same_events(live_events(ARCHING.recording, block_s), live_events(ARCHING.recording, 0.25))


@pytest.mark.parametrize("bottom_deg", [10.0, 20.0, 30.0])
def test_a_first_repetition_that_ends_above_the_floor_is_reported_at_its_dwell(bottom_deg: float) -> None:
    rep = RepPlan(top_deg=70.0, bottom_deg=bottom_deg, bottom_pause_s=2.0)
    simulated = simulate(SetPlan(reps=(rep,) * 3))
    completed = [e for e in live_events(simulated.recording, 0.05) if isinstance(e, RepCompleted)]
    ends_s = [true.end_s for true in simulated.truth.reps]
    assert completed[0].time_s == pytest.approx(ends_s[0], abs=1.0)
