"""Two sensors on one computer: sampling times and arrival times, simulated independently of the package.

A packet is ready with its last sample and leaves at the next connection event, of which there is one per
connection interval, with a random phase. The shortest transmission time and an exponential delay of the host
follow; now and then the host stalls for 50 to 150 ms, and one packet in 500 is lost. The oscillators of the
sensors deviate by as much as is known for their kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.signal import butter, sosfilt

from imu_reps import SampleBlock, SensorHeader
from imu_reps.domain.recording import Counter
from imu_reps.domain.samples import FloatArray, SensorPlace

WAY_S = 0.006
DURATION_S = 60.0
JITTER_S = (0.002, 0.005)
LOSS = 0.002
STALLS = 1


@dataclass(frozen=True)
class Kind:
    """How a kind of sensor sends: true rate, rate in its header, samples per packet, clock, rate error."""

    rate_hz: float
    header_hz: float
    batch: int
    clock_s: float | None
    counter: Counter
    error: float


WITMOTION = Kind(99.3, 100.0, 4, None, "host", 7e-3)
OPEN_PROFILE = Kind(100.0, 100.0, 5, 1e-6, "device", 40e-6)
MOVESENSE = Kind(104.0, 104.0, 8, 1e-3, "device", 40e-6)
KINDS = {"witmotion": WITMOTION, "open profile": OPEN_PROFILE, "movesense": MOVESENSE}
#: Packets of 60 ms: a multiple of 15 and of 30 ms.
IN_STEP = Kind(100.0, 100.0, 6, 1e-6, "device", 0.0)


@dataclass(frozen=True)
class Link:
    """Received samples of one sensor, and when each row was sampled (plus the shortest transmission time)."""

    block: SampleBlock
    header: SensorHeader
    taken_s: FloatArray


def link(kind: Kind, place: SensorPlace, interval_s: float, jitter_s: float, rng: Generator) -> Link:
    """Simulate one motionless sensor over `DURATION_S`."""
    batch = kind.batch
    rate_hz = kind.rate_hz * (1.0 + kind.error * rng.uniform(-1.0, 1.0))
    count = int(DURATION_S * rate_hz) // batch * batch
    taken = rng.uniform(0.3, 0.6) + np.arange(count) / rate_hz
    arrival = arrivals(taken[batch - 1 :: batch], interval_s, jitter_s, rng)
    received = rng.random(len(arrival)) >= LOSS
    rows = np.repeat(received, batch)
    number = np.arange(count)[rows]
    motion = np.zeros((len(number), 3))
    block = SampleBlock(
        place,
        np.repeat(arrival, batch)[rows],
        np.arange(len(number)) if kind.counter == "host" else number,
        stamps(kind, count)[rows],
        motion,
        motion,
    )
    return Link(block, SensorHeader(rate_hz=kind.header_hz, counter=kind.counter), taken[rows] + WAY_S)


def arrivals(ready_s: FloatArray, interval_s: float, jitter_s: float, rng: Generator) -> FloatArray:
    """Return the arrival times of packets that are ready at given times; none overtakes another."""
    first_s = rng.uniform(0.0, interval_s)
    left_s = first_s + interval_s * np.ceil((ready_s - first_s) / interval_s)
    arrival = left_s + WAY_S + rng.exponential(jitter_s, len(ready_s))
    for start_s in rng.uniform(0.0, DURATION_S, rng.poisson(STALLS)):
        end_s = start_s + rng.uniform(0.05, 0.15)
        arrival[(arrival > start_s) & (arrival < end_s)] = end_s
    return np.asarray(np.maximum.accumulate(arrival))


def stamps(kind: Kind, count: int) -> FloatArray:
    """Return device times: that of a packet's first sample in whole ticks, the others at the nominal rate."""
    if kind.clock_s is None:
        return np.full(count, np.nan)
    first = np.repeat(np.arange(count)[:: kind.batch], kind.batch) / kind.rate_hz
    within = np.tile(np.arange(kind.batch), count // kind.batch) / kind.header_hz
    return np.asarray(12.0 + kind.clock_s * np.round(first / kind.clock_s) + within)


DENSE_HZ = 4000.0


def knocks(rng: Generator, count: int, seconds: float = 8.0) -> tuple[FloatArray, list[FloatArray]]:
    """Return the specific force of two sensors in one hand that knocks them `count` times, at `DENSE_HZ`.

    The hand sways at 0.5 to 3 Hz. A knock is a half sine of 6 to 15 ms and 40 to 120 m/s², in each sensor in
    a direction of its own, and rings at 25 to 60 Hz for some 15 ms.
    """
    time_s = np.arange(int(seconds * DENSE_HZ)) / DENSE_HZ
    at_s = 3.0 + np.concatenate([[0.0], np.cumsum(rng.uniform(0.3, 0.8, count - 1))])
    sway = sum(
        rng.uniform(0.5, 2.0)
        * np.sin(2 * np.pi * rng.uniform(0.5, 3.0) * time_s + rng.uniform(0, 6))[:, None]
        * rng.normal(size=3)
        for _ in range(3)
    )
    felt = []
    for _ in range(2):
        force = sway * rng.uniform(0.8, 1.2) + 9.8 * direction(rng)
        for start_s in at_s:
            force = force + knock(time_s - start_s, rng)[:, None] * direction(rng)
        felt.append(force)
    return time_s, felt


def knock(since_s: FloatArray, rng: Generator) -> FloatArray:
    """Return a knock over the time since it began."""
    width, peak = rng.uniform(0.006, 0.015), rng.uniform(40.0, 120.0)
    pulse = np.where((since_s > 0) & (since_s < width), np.sin(np.pi * np.clip(since_s / width, 0, 1)), 0.0)
    after = np.clip(since_s - width, 0.0, None)
    ringing = 0.3 * np.sin(2 * np.pi * rng.uniform(25.0, 60.0) * after) * np.exp(-after / 0.015)
    return np.asarray(peak * (pulse + ringing))


def direction(rng: Generator) -> FloatArray:
    vector = rng.normal(size=3)
    return np.asarray(vector / np.linalg.norm(vector))


def sampled(
    time_s: FloatArray, force: FloatArray, at_s: FloatArray, rng: Generator, range_g: float = 8.0
) -> FloatArray:
    """Sample the force as a sensor does: low-pass of 38 to 52 Hz, noise, clipping at its range."""
    sections = butter(2, rng.uniform(38.0, 52.0), fs=DENSE_HZ, output="sos")
    smooth = sosfilt(sections, force - force[0], axis=0) + force[0]
    values = np.column_stack([np.interp(at_s, time_s, column) for column in smooth.T])
    return np.clip(values + rng.normal(0.0, 0.05, values.shape), -9.81 * range_g, 9.81 * range_g)
