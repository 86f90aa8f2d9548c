"""A leg that trembles under a springy strap neither bends its knee nor swings; one that does is seen to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from imu_reps import Header, Pipeline, Recording, SampleBlock, analyze
from imu_reps.domain.events import LimitCrossed

COUNT, BENT_FROM = 10, 8
TREMOR_HZ = (8.3, 9.4, 10.5, 11.6)


def trembling(moved: dict, trembles_deg: float) -> dict:
    """Return the joints of a lifted leg that trembles ever more."""
    time_s, phases = moved["time_s"], np.random.default_rng(1).uniform(0.0, 2.0 * np.pi, len(TREMOR_HZ))
    waves = sum(np.sin(2.0 * np.pi * hz * time_s + at) for hz, at in zip(TREMOR_HZ, phases, strict=True))
    grows = trembles_deg * np.clip(moved["thigh"] / 6.0, 0.0, 1.0) * (time_s / time_s[-1]) ** 2
    return moved | {"thigh": moved["thigh"] + grows * waves}


@pytest.mark.parametrize("springs_hz", [8.0, 12.0])
@pytest.mark.parametrize("trembles_deg", [0.05, 0.2])
@pytest.mark.parametrize("bends", [False, True])
def test_only_a_knee_that_bends_is_flagged_on_a_leg_that_trembles_ever_more(
    bends: bool,
    trembles_deg: float,
    springs_hz: float,
    joints: Callable[..., dict],
    worn: Callable[..., Recording],
) -> None:
    straight = {"thigh": 55.0, "knee": 0.0, "curl": 8.0}
    bent = {"thigh": 95.0, "knee": 50.0, "curl": 8.0}
    flat = {"thigh": 0.0, "knee": 0.0, "curl": 0.0}
    parts = [
        part
        for number in range(1, COUNT + 1)
        for part in [
            (1.6, bent if bends and number >= BENT_FROM else straight),
            (0.3, {}),
            (2.0, flat),
            (0.8, {}),
        ]
    ]
    moved = trembling(joints([(4.0, {}), *parts, (2.0, {})]), trembles_deg)
    recording = worn(Header(side="left", simulated=True), moved, 1, 0.1, springs_hz)
    reps = analyze(recording).summary.reps

    assert len(reps) == COUNT
    flagged = [rep.number for rep in reps if "knee_bend" in rep.flags]
    assert flagged == (list(range(BENT_FROM, COUNT + 1)) if bends else [])


@pytest.mark.parametrize("up_s", [1.6, 0.5])
@pytest.mark.parametrize("trembles_deg", [0.0, 0.1, 0.2])
def test_only_a_leg_that_is_thrown_is_told_not_to_swing_while_it_trembles(
    trembles_deg: float,
    up_s: float,
    joints: Callable[..., dict],
    worn: Callable[..., Recording],
    in_blocks: Callable[..., Iterator[tuple[SampleBlock, ...]]],
) -> None:
    raised, flat = {"thigh": 55.0, "curl": 8.0}, {"thigh": 0.0, "curl": 0.0}
    parts = [part for _ in range(COUNT) for part in [(up_s, raised), (0.5, {}), (2.0, flat), (0.8, {})]]
    moved = trembling(joints([(4.0, {}), *parts, (2.0, {})]), trembles_deg)
    recording = worn(Header(side="left", simulated=True), moved, 1, 0.1, 8.0)
    pipeline = Pipeline(recording.header)
    samples = sum(len(recording.samples(place)) for place in ("pelvis", "ankle"))
    events = [e for blocks in in_blocks(recording, range(0, samples, 50)) for e in pipeline.push(*blocks)]
    swung = {e.number for e in events if isinstance(e, LimitCrossed) and e.code == "momentum"}

    assert len(swung) >= COUNT - 1 if up_s < 1.0 else not swung
