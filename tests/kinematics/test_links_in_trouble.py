"""Links that stall, trickle and catch up: live times stay within their bounds and recover."""

from __future__ import annotations

import numpy as np
import pytest
from troubled_links import SHORTEST_WAY_S, delivered, random_troubles, well_again

from imu_reps import SampleBlock, SensorHeader
from imu_reps.kinematics.clock.stream import LiveClock

KINDS = ("host", "number", "stamps", "clock")
#: What live times must hold: so near to the truth, once the link has been well for a second.
NEAR_S = 0.3


def sensor_in_trouble(seed: int) -> tuple[SampleBlock, SensorHeader, np.ndarray, np.ndarray]:
    """What a sensor of any kind of timing delivers over a link in trouble; true times; where it is well."""
    rng = np.random.default_rng(seed)
    kind = KINDS[seed % len(KINDS)]
    nominal_hz, batch = float(rng.choice([25, 50, 60, 100, 120, 208])), int(rng.choice([1, 2, 3, 5, 10]))
    rate_hz = nominal_hz * (1.0 + rng.uniform(-0.007, 0.007))
    duration_s = rng.uniform(12.0, 25.0)
    packets = int(duration_s * rate_hz / batch)
    taken = 0.3 + np.arange(packets * batch) / rate_hz
    due = taken[batch - 1 :: batch] + SHORTEST_WAY_S + rng.exponential(rng.uniform(0.001, 0.01), packets)
    due = np.maximum.accumulate(due)
    troubles = random_troubles(rng, duration_s)
    kept = rng.random(packets) >= rng.choice([0.0, 0.02])
    for trouble in troubles:
        kept &= ~(trouble.loses & trouble.holds(due))
    kept[0] = True
    due, rows = due[kept], np.repeat(kept, batch)
    arrival = delivered(due, batch / rate_hz, [each for each in troubles if not each.loses])
    taken, number = taken[rows], np.flatnonzero(rows)
    counter = "host" if kind in ("host", "stamps") else "device"
    clocked = kind in ("stamps", "clock")
    number = np.arange(len(taken)) if counter == "host" else number
    none = np.zeros((len(taken), 3))
    stamp = 40.0 + taken * (1.0 + rng.uniform(-1e-4, 1e-4)) if clocked else np.full(len(taken), np.nan)
    block = SampleBlock("ankle", np.repeat(arrival, batch), number, stamp, none, none)
    well = np.repeat(well_again(arrival, due, batch / rate_hz), batch)
    return block, SensorHeader(rate_hz=nominal_hz, counter=counter), taken + SHORTEST_WAY_S, well


def violations(seed: int) -> list[str]:
    """What a live clock does wrong over one link in trouble."""
    block, header, taken_s, well = sensor_in_trouble(seed)
    timed = LiveClock(header).push(block)
    arrival_s, fair = block.time_s[timed.order], well[timed.order]
    wrong = []
    if (timed.time_s > arrival_s).any():
        wrong.append(f"{np.max(timed.time_s - arrival_s):.3f} s after its arrival")
    if (off_s := np.abs(timed.time_s - taken_s[timed.order])[fair]).max(initial=0.0) > NEAR_S:
        wrong.append(f"{off_s.max():.3f} s off when the link is well")
    if len(lost := np.setdiff1d(np.flatnonzero(well), timed.order)):
        wrong.append(f"{len(lost)} samples left out when the link is well")
    if not (np.diff(timed.time_s) > 0.0).all():
        wrong.append("time stands still")
    return [f"{KINDS[seed % len(KINDS)]} {header.rate_hz:g} Hz, seed {seed}: {each}" for each in wrong]


def test_live_times_keep_their_bounds_whatever_the_link_does():
    assert [each for seed in range(200) for each in violations(seed)] == []


@pytest.mark.faults
def test_ten_thousand_links_in_trouble(capsys):
    wrong = [each for seed in range(10_000) for each in violations(seed)]
    with capsys.disabled():
        print(f"\n10,000 links in trouble, seeds 0 to 9,999: {len(wrong)} violations")
    assert wrong == []
