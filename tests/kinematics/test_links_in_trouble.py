"""Links that stall, deliver slowly and catch up: live times stay within their bounds and recover."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from troubled_links import SHORTEST_DELAY_S, Trouble, delivered, random_troubles, well_again

from imu_reps import SampleBlock, SensorHeader
from imu_reps.kinematics.clock.stream import LiveClock

pytestmark = pytest.mark.faults

#: Who counts the samples, whether the sensor has a clock, and whether the header states the rate.
KINDS = tuple(
    (timing, has_rate) for has_rate in (True, False) for timing in ("host", "number", "stamps", "clock")
)
#: Largest error of live times, in s, once the link has been healthy for a second.
MAX_ERROR_S = 0.3
#: Number of packets within which live times recover where nothing counts losses, however long packets are.
UNCOUNTED_PACKETS = 3
#: Without a rate and without a loss count only arrivals are known, and they are accurate to a packet only.
ARRIVALS_ONLY = ("host", False)
#: Greatest relative difference of a sensor's rate from a stated one.
RATE_ERROR = 0.015
#: Every so many seeds a backlog drains slowly, and the link is well for a long time afterwards.
EVERY_SLOW = 4
#: Without a rate a backlog that drains for long shows one, until arrivals refute it for this long.
UNKNOWN_RATE_S = 8.0


def slow_backlogs(rng: np.random.Generator) -> tuple[list[Trouble], float]:
    """Draw stalls whose backlog drains little faster than the sensor sends; return them and a duration.

    The first is near the start, so that the rate is hardly known; another may follow once all has drained.
    """
    troubles, end_s = [], float(rng.choice([0.0, rng.uniform(0.0, 12.0)])) - 0.5
    for _ in range(rng.integers(1, 3)):
        start_s = end_s + float(rng.uniform(0.0, 3.0))
        lasts_s = float(rng.uniform(0.5, 5.0))
        times = float(rng.choice([rng.uniform(1.12, 1.4), rng.uniform(1.3, 3.0)]))
        troubles.append(Trouble(start_s, lasts_s, share=0.0, times=times))
        end_s = start_s + lasts_s * times / (times - 1.0)
    return troubles, min(end_s + float(rng.uniform(15.0, 60.0)), 120.0)


def sensor_in_trouble(seed: int) -> tuple[SampleBlock, SensorHeader, np.ndarray, np.ndarray]:
    """Return block, header, true times and healthy rows of a sensor of any kind over a link in trouble."""
    rng = np.random.default_rng(seed)
    kind, has_rate = KINDS[seed % len(KINDS)]
    nominal_hz = float(rng.choice([25, 50, 52, 60, 100, 104, 120, 208, 400]))
    batch = int(rng.choice([1, 2, 3, 4, 5, 8, 10, 16]))
    rate_hz = nominal_hz * (1.0 + rng.uniform(-RATE_ERROR, RATE_ERROR))
    duration_s = rng.uniform(12.0, 30.0)
    troubles = random_troubles(rng, duration_s)
    is_slow = seed // len(KINDS) % EVERY_SLOW == 0
    if is_slow:
        troubles, duration_s = slow_backlogs(rng)
    packets = int(duration_s * rate_hz / batch)
    taken = 0.3 + np.arange(packets * batch) / rate_hz
    due = taken[batch - 1 :: batch] + SHORTEST_DELAY_S + rng.exponential(rng.uniform(0.001, 0.01), packets)
    due = np.maximum.accumulate(due)
    received = rng.random(packets) >= rng.choice([0.0, 0.02])
    for trouble in troubles:
        received &= ~trouble.lost(due, rng)
    received[0] = True
    due, rows = due[received], np.repeat(received, batch)
    arrival = delivered(due, batch / rate_hz, troubles)
    taken, number = taken[rows], np.flatnonzero(rows)
    counter = "host" if kind in ("host", "stamps") else "device"
    has_clock = kind in ("stamps", "clock")
    number = np.arange(len(taken)) if counter == "host" else number
    zeros = np.zeros((len(taken), 3))
    stamp = 40.0 + taken * (1.0 + rng.uniform(-1e-4, 1e-4)) if has_clock else np.full(len(taken), np.nan)
    block = SampleBlock("ankle", np.repeat(arrival, batch), number, stamp, zeros, zeros)
    wait = UNCOUNTED_PACKETS if kind == "host" else 0
    if is_slow and not (has_rate or has_clock):
        wait = int(UNKNOWN_RATE_S * rate_hz / batch)
    healthy = np.repeat(well_again(arrival, due, batch / rate_hz, troubles, wait), batch)
    header = SensorHeader(rate_hz=nominal_hz if has_rate else None, counter=counter)
    return block, header, taken + SHORTEST_DELAY_S, healthy


def violations(seed: int) -> list[str]:
    """Return descriptions of what a live clock does wrong over one link in trouble."""
    block, header, taken_s, healthy = sensor_in_trouble(seed)
    timed = LiveClock(header).push(block)
    arrival_s, settled = block.time_s[timed.order], healthy[timed.order]
    ends = np.flatnonzero(np.diff(block.time_s, append=np.inf))
    batch = int(ends[0]) + 1 if KINDS[seed % len(KINDS)] == ARRIVALS_ONLY else 0
    max_error_s = max(MAX_ERROR_S, batch * float(np.median(np.diff(taken_s))))
    found = []
    if (timed.time_s > arrival_s).any():
        found.append(f"{np.max(timed.time_s - arrival_s):.3f} s after its arrival")
    if (error_s := np.abs(timed.time_s - taken_s[timed.order])[settled]).max(initial=0.0) > max_error_s:
        found.append(f"{error_s.max():.3f} s off when the link is well")
    lost = np.setdiff1d(np.flatnonzero(healthy), timed.order)
    if batch:
        lost = np.setdiff1d(block.time_s[lost], block.time_s[timed.order])
    if len(lost):
        found.append(f"{len(lost)} samples left out when the link is well")
    if not (np.diff(timed.time_s) > 0.0).all():
        found.append("time stands still")
    return [f"{KINDS[seed % len(KINDS)]} {header.rate_hz} Hz, seed {seed}: {each}" for each in found]


def test_live_times_keep_their_bounds_on_any_link():
    assert [each for seed in range(200) for each in violations(seed)] == []


@pytest.mark.parametrize(
    "seed", [1212, 1812, 4644, 5381, 5668, 5716, 5765, 5837, 7365, 8197, 8253, 8388, 9436]
)
def test_a_backlog_teaches_no_rate(seed):
    assert violations(seed) == []


def steady(header: SensorHeader, troubles: list[Trouble], missed_s=(0.0, 0.0), batch: int = 4):
    """Return true times and live errors of 101 Hz in packets; samples missed go uncounted."""
    taken = np.arange(6000) / 101.0
    due = (
        taken[batch - 1 :: batch]
        + SHORTEST_DELAY_S
        + np.random.default_rng(0).exponential(0.003, 6000 // batch)
    )
    arrival = np.repeat(delivered(np.maximum.accumulate(due), batch / 101.0, troubles), batch)
    kept = (taken < missed_s[0]) | (taken >= missed_s[1])
    taken, arrival, zeros = taken[kept], arrival[kept], np.zeros((kept.sum(), 3))
    nan = np.full(len(taken), np.nan)
    timed = LiveClock(header).push(SampleBlock("ankle", arrival, np.arange(len(taken)), nan, zeros, zeros))
    return taken[timed.order], timed.time_s - taken[timed.order] - SHORTEST_DELAY_S


@pytest.mark.parametrize("counter", ["device", "host"])
def test_a_rate_learned_from_arrivals_times_what_waits(counter):
    header = SensorHeader(rate_hz=None, counter=counter)
    taken, error_s = steady(header, [Trouble(12.0, 0.9, share=0.0, times=3.0)])
    assert np.abs(error_s[taken > 8.0]).max() < 0.05


def test_a_backlog_taken_for_a_rate_is_refuted_once_it_has_drained():
    header = SensorHeader(rate_hz=None, counter="device")
    taken, error_s = steady(header, [Trouble(-0.5, 4.5, share=0.0, times=1.12)], batch=10)
    assert np.abs(error_s[taken > 36.0]).max() < 0.5
    assert np.abs(error_s[taken > 44.0]).max() < 0.05


def test_samples_missed_uncounted_delay_times_for_few_seconds():
    header = SensorHeader(rate_hz=100.0, counter="device")
    taken, error_s = steady(header, [], missed_s=(20.0, 20.5))
    assert np.abs(error_s[(taken > 8.0) & (taken < 20.0)]).max() < 0.05
    assert np.abs(error_s[taken > 25.0]).max() < 0.05


#: Only arrivals show when samples were taken.
UNCOUNTED = SensorHeader(rate_hz=100.0, counter="host")


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("times", [8.0, 1e6])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.55, 0.75, 0.85])
def test_a_trickle_and_its_backlog_are_no_loss(share, times, batch):
    """Together they keep the sensor's pace for a moment, while the samples are late."""
    taken, error_s = steady(UNCOUNTED, [Trouble(20.0, 4.0, share=share, times=times)], batch=batch)
    assert len(taken) == 6000
    assert error_s[taken > 8.0].max() < 0.3
    assert np.abs(error_s[taken > 26.0]).max() < 0.05


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("times", [1.2, 1.3, 1.4, 1.5])
def test_a_backlog_after_a_silence_is_no_loss_however_slowly_it_drains(times, batch):
    taken, error_s = steady(UNCOUNTED, [Trouble(20.0, 1.8, share=0.0, times=times)], batch=batch)
    assert 6000 - len(taken) < 100
    assert error_s[taken > 8.0].max() < 0.05


@pytest.mark.parametrize("start_s", [-0.05, 0.5])
def test_a_period_is_not_measured_by_samples_that_waited(link, start_s):
    for seed in range(10):
        made = link("host", seed=seed, rate_error=0.0, loss=0.0, stalls_hz=0.0)
        due_s = made.block.time_s[::5]
        arrival_s = delivered(due_s, 0.05, [Trouble(start_s, 3.165, share=0.0, times=15.0)])
        timed = LiveClock(made.header).push(replace(made.block, time_s=np.repeat(arrival_s, 5)))
        error_s = (timed.time_s - made.taken_s[timed.order])[timed.time_s > 8.0]
        assert np.abs(error_s).max() < 0.002


@pytest.mark.parametrize("counter", ["device", "host"])
@pytest.mark.parametrize("start_s", [0.8, 1.2, 1.6, 2.0])
def test_the_pace_of_a_trickle_teaches_no_rate(start_s, counter):
    header = SensorHeader(rate_hz=100.0, counter=counter)
    _, error_s = steady(header, [Trouble(start_s, 5.0, share=0.74, times=1e6)])
    assert np.abs(error_s[20:]).max() < 0.1


@pytest.mark.parametrize("seed", [3260, 9880])
def test_a_dropout_is_told_although_the_link_loses_more_of_it_afterwards(seed):
    assert violations(seed) == []


@pytest.mark.parametrize("missed_s", [0.04, 0.2, 0.8, 3.0])
def test_a_loss_is_told_within_its_time(missed_s):
    taken, error_s = steady(UNCOUNTED, [], missed_s=(20.0, 20.0 + missed_s))
    assert np.abs(error_s[taken > 20.0 + missed_s + 0.75]).max() < 0.05


@pytest.mark.parametrize("counter", ["device", "host"])
def test_first_samples_that_waited_for_one_arrival_are_all_timed(counter):
    late, zeros = np.maximum(np.arange(1000) / 100.0, 3.0), np.zeros((1000, 3))
    block = SampleBlock("ankle", late, np.arange(1000), np.full(1000, np.nan), zeros, zeros)
    timed = LiveClock(SensorHeader(rate_hz=100.0, counter=counter)).push(block)
    assert len(timed.order) == 1000
    assert (np.diff(timed.time_s) > 0.0).all()


@pytest.mark.soak
@pytest.mark.faults
def test_ten_thousand_links_in_trouble(capsys):
    found = [each for seed in range(10_000) for each in violations(seed)]
    with capsys.disabled():
        print(f"\n10,000 links in trouble, seeds 0 to 9,999: {len(found)} violations")
    assert found == []
