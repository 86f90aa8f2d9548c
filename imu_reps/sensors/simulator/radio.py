"""From a sensor's readings to what arrives at the host, and when."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from imu_reps.domain.samples import BoolArray, FloatArray, SampleBlock, SensorPlace
from imu_reps.sensors.simulator.sensing import Readings
from imu_reps.sensors.simulator.sensor_plan import RadioPlan

_STALL_S = (0.05, 0.15)


def transmit(readings: Readings, place: SensorPlace, plan: RadioPlan, rng: Generator) -> SampleBlock:
    """Send readings over the radio.

    The block's `time_s` is on the simulation's own time. Its lower envelope over the true instants is
    `plan.latency_s`.
    """
    n = len(readings.time_s)
    packet = np.arange(n) // plan.batch
    last = np.minimum((np.arange(packet[-1] + 1) + 1) * plan.batch, n) - 1
    sent_s = readings.time_s[last]
    arrival_s = arrivals(sent_s, plan, rng)
    kept = survivors(arrival_s, plan, rng)[packet]
    number = np.arange(n, dtype=np.int64)[kept]
    return SampleBlock(
        sensor=place,
        time_s=arrival_s[packet][kept],
        sample=np.arange(len(number), dtype=np.int64) if plan.counter == "host" else number,
        device_time_s=_device_time(readings.time_s, plan)[kept],
        acc_mps2=readings.acc_mps2[kept],
        gyr_dps=readings.gyr_dps[kept],
    )


def arrivals(sent_s: FloatArray, plan: RadioPlan, rng: Generator) -> FloatArray:
    """Arrival of packets ready then: events, the floor, an exponential delay, stalls; none overtakes."""
    sent_s = _at_events(sent_s, plan.connection_interval_s, rng)
    delay = plan.latency_s + rng.exponential(plan.jitter_s, len(sent_s))
    span_s = float(sent_s[-1] - sent_s[0])
    for start_s in sent_s[0] + span_s * rng.random(rng.poisson(plan.stalls_per_min * span_s / 60.0)):
        end_s = start_s + rng.uniform(*_STALL_S)
        held = (sent_s >= start_s) & (sent_s < end_s)
        delay[held] += end_s - sent_s[held]
    return np.asarray(np.maximum.accumulate(sent_s + delay))


def _at_events(ready_s: FloatArray, interval_s: float, rng: Generator) -> FloatArray:
    """When packets leave that wait for the next connection event."""
    if interval_s == 0.0:
        return ready_s
    first_s = interval_s * rng.random()
    return np.asarray(first_s + interval_s * np.ceil((ready_s - first_s) / interval_s))


def survivors(arrival_s: FloatArray, plan: RadioPlan, rng: Generator) -> BoolArray:
    """Which packets arrive at all."""
    kept = rng.random(len(arrival_s)) >= plan.loss
    for start_s, duration_s in plan.drop_outs:
        kept &= (arrival_s < start_s) | (arrival_s >= start_s + duration_s)
    return np.asarray(kept)


def _device_time(true_s: FloatArray, plan: RadioPlan) -> FloatArray:
    if not plan.device_clock:
        return np.full(len(true_s), np.nan)
    shown = plan.clock_start_s + true_s * (1.0 + 1e-6 * plan.drift_ppm)
    return np.asarray(np.round(shown, 6))
