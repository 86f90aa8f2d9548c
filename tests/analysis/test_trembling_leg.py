"""A leg that trembles under a strap that springs does not bend its knee; one that bends it is seen to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from imu_reps import Header, Recording, analyze

COUNT, BENT_FROM = 10, 8
TREMOR_HZ = (8.3, 9.4, 10.5, 11.6)


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
    moved = joints([(4.0, {}), *parts, (2.0, {})])
    time_s, phases = moved["time_s"], np.random.default_rng(1).uniform(0.0, 2.0 * np.pi, len(TREMOR_HZ))
    waves = sum(np.sin(2.0 * np.pi * hz * time_s + at) for hz, at in zip(TREMOR_HZ, phases, strict=True))
    grows = trembles_deg * np.clip(moved["thigh"] / 6.0, 0.0, 1.0) * (time_s / time_s[-1]) ** 2
    moved |= {"thigh": moved["thigh"] + grows * waves}
    recording = worn(Header(side="left", simulated=True), moved, 1, 0.1, springs_hz)
    reps = analyze(recording).summary.reps

    assert len(reps) == COUNT
    flagged = [rep.number for rep in reps if "knee_bend" in rep.flags]
    assert flagged == (list(range(BENT_FROM, COUNT + 1)) if bends else [])
