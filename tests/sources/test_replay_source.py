"""A recording cut into the blocks in which it arrived."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps import Header, Recording, SampleBlock
from imu_reps.domain.samples import SensorPlace, concatenate
from imu_reps.sources.replay_source import replay_blocks


def samples(place: SensorPlace, time_s: list[float]) -> SampleBlock:
    n = len(time_s)
    motion = np.arange(3.0 * n).reshape(n, 3)
    return SampleBlock(place, np.array(time_s, float), np.arange(n), np.full(n, np.nan), motion, motion)


arrivals = st.lists(st.floats(0.0, 5.0), max_size=40).map(sorted)


@given(pelvis=arrivals, ankle=arrivals, block_s=st.floats(0.01, 6.0))
@settings(max_examples=60, deadline=None)
def test_no_sample_is_lost_repeated_or_moved_and_slots_are_in_order(
    pelvis: list[float], ankle: list[float], block_s: float
) -> None:
    recording = Recording(Header(), samples("pelvis", pelvis), samples("ankle", ankle))
    blocks = list(replay_blocks(recording, block_s))

    assert all(len(block) for block in blocks)
    for place, sent in (("pelvis", pelvis), ("ankle", ankle)):
        of_sensor = [block for block in blocks if block.sensor == place]
        assert (concatenate(of_sensor).time_s.tolist() if of_sensor else []) == sent
        assert (concatenate(of_sensor).sample.tolist() if of_sensor else []) == list(range(len(sent)))
    slots = [int(np.floor(block.time_s[0] / block_s)) for block in blocks]
    assert slots == sorted(slots)
    assert len(slots) <= 2 * len(set(slots))


def test_both_sensors_are_interleaved_by_arrival() -> None:
    recording = Recording(Header(), samples("pelvis", [0.02, 0.06]), samples("ankle", [0.01, 0.07]))

    assert [block.sensor for block in replay_blocks(recording, 0.05)] == [
        "ankle",
        "pelvis",
        "pelvis",
        "ankle",
    ]


def test_an_absent_sensor_does_not_change_the_other() -> None:
    recording = Recording(Header(), None, samples("ankle", [0.0, 0.1]))

    assert [block.sensor for block in replay_blocks(recording)] == ["ankle", "ankle"]


@pytest.mark.parametrize("block_s", [0.0, -1.0, float("nan")])
def test_the_length_of_a_block_must_be_positive(block_s: float) -> None:
    with pytest.raises(ValueError, match="block_s"):
        next(replay_blocks(Recording(Header(), None, samples("ankle", [0.0])), block_s))
