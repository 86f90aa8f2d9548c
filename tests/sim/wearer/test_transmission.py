"""What the simulated radio may do to samples, and what it may not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.sim.wearer import RadioPlan
from imu_reps.sim.wearer.sensing import Readings
from imu_reps.sim.wearer.simulation import transmit

radios = st.builds(
    RadioPlan,
    batch=st.integers(1, 10),
    latency_s=st.floats(0.0, 0.05),
    jitter_s=st.floats(0.0, 0.02),
    stalls_per_min=st.floats(0.0, 20.0),
    loss=st.floats(0.0, 0.2),
    drop_outs=st.lists(st.tuples(st.floats(0.0, 8.0), st.floats(0.5, 3.0)), max_size=2).map(tuple),
    counter=st.sampled_from(["device", "host"]),
    device_clock=st.booleans(),
    drift_ppm=st.floats(-100.0, 100.0),
)


def _readings(count=1000, rate_hz=100.0):
    number = np.repeat(np.arange(count, dtype=float)[:, None], 3, axis=1)
    return Readings(np.arange(count) / rate_hz, number, number)


@settings(deadline=None, max_examples=60)
@given(plan=radios, seed=st.integers(0, 2**32 - 1))
def test_samples_arrive_in_order_after_the_latency_and_unaltered(plan, seed):
    readings = _readings()
    block = transmit(readings, "ankle", plan, np.random.default_rng(seed))
    true = block.acc_mps2[:, 0].astype(int)
    assert (np.diff(block.time_s) >= 0.0).all()
    assert (np.diff(true) > 0).all()
    assert (block.time_s - readings.time_s[true] >= plan.latency_s - 1e-9).all()
    expected = np.arange(len(block)) if plan.counter == "host" else true
    np.testing.assert_array_equal(block.sample, expected)
    np.testing.assert_array_equal(block.acc_mps2, block.gyr_dps)


@settings(deadline=None, max_examples=40)
@given(plan=radios, seed=st.integers(0, 2**32 - 1))
def test_packets_arrive_or_are_lost_completely_and_share_their_arrival_time(plan, seed):
    block = transmit(_readings(), "ankle", replace(plan, counter="device"), np.random.default_rng(seed))
    packet = block.sample // plan.batch
    last_size = 1000 - (1000 - 1) // plan.batch * plan.batch
    for number in np.unique(packet):
        of_packet = packet == number
        assert of_packet.sum() in (plan.batch, last_size)
        assert len(np.unique(block.time_s[of_packet])) == 1


@settings(deadline=None, max_examples=40)
@given(plan=radios, seed=st.integers(0, 2**32 - 1))
def test_nothing_arrives_in_a_drop_out(plan, seed):
    block = transmit(_readings(), "pelvis", plan, np.random.default_rng(seed))
    for start_s, duration_s in plan.drop_outs:
        assert not ((block.time_s >= start_s) & (block.time_s < start_s + duration_s)).any()


def test_the_device_clock_starts_at_any_value_and_drifts():
    plan = RadioPlan(drift_ppm=80.0, clock_start_s=900.0)
    block = transmit(_readings(), "ankle", plan, np.random.default_rng(0))
    np.testing.assert_allclose(block.device_time_s, 900.0 + _readings().time_s * (1.0 + 80e-6), atol=1e-6)
    without = transmit(_readings(), "ankle", replace(plan, device_clock=False), np.random.default_rng(0))
    assert np.isnan(without.device_time_s).all()


def test_the_shortest_delay_is_the_latency():
    block = transmit(_readings(5000), "ankle", RadioPlan(latency_s=0.012), np.random.default_rng(0))
    delay = block.time_s - _readings(5000).time_s
    assert 0.012 <= delay.min() < 0.0122


def test_packets_wait_for_the_next_connection_event():
    plan = RadioPlan(batch=4, jitter_s=0.0, stalls_per_min=0.0, connection_interval_s=0.03)
    block = transmit(_readings(rate_hz=99.3), "ankle", plan, np.random.default_rng(5))
    waited = block.time_s[3::4] - plan.latency_s - np.arange(3, 1000, 4) / 99.3
    events = np.unique(np.round(np.mod(block.time_s - block.time_s[0] + 0.015, 0.03), 9))
    assert waited.min() >= 0.0
    assert 0.02 < waited.max() < 0.03
    assert events == np.array([0.015])
