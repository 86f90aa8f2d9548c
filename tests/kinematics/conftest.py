"""A synthetic radio link: when samples were taken and when they arrived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from imu_reps import SampleBlock, SensorHeader

SHORTEST_DELAY_S = 0.015


@dataclass(frozen=True)
class Link:
    """Samples that arrived, with the true times and counts.

    `taken_s` is the arrival time of each row under the shortest delay alone, `tick` its true position in the
    sensor's count, `rate_hz` the true rate on the host's clock.
    """

    block: SampleBlock
    header: SensorHeader
    taken_s: np.ndarray
    tick: np.ndarray
    rate_hz: float

    def rows(self, index: object) -> Link:
        """Return the link with the rows of `index` only."""
        b = self.block
        columns = (b.time_s, b.sample, b.device_time_s, b.acc_mps2, b.gyr_dps)
        block = SampleBlock(b.sensor, *(column[index] for column in columns))
        return replace(self, block=block, taken_s=self.taken_s[index], tick=self.tick[index])

    def renumbered(self, first: int, by: int, by_s: float) -> Link:
        """Return the link with count and device clock shifted from row `first` on."""
        sample, stamp = self.block.sample.copy(), self.block.device_time_s.copy()
        sample[first:] += by
        stamp[first:] += by_s
        return replace(self, block=replace(self.block, sample=sample, device_time_s=stamp))

    def long_after_loss(self, seconds: float) -> np.ndarray:
        """Return a mask of the rows that arrived at least `seconds` after the preceding loss."""
        arrival = self.block.time_s
        after = np.flatnonzero(np.diff(self.tick) > 1) + 1
        last = np.searchsorted(after, np.arange(len(arrival)), side="right") - 1
        since = arrival - arrival[after[np.maximum(last, 0)]] if len(after) else np.full(len(arrival), np.inf)
        return np.where(last < 0, np.inf, since) >= seconds


def make_link(
    kind: str,
    *,
    seed: int,
    duration_s: float = 60.0,
    nominal_hz: float = 100.0,
    rate_error: float = 0.007,
    drift_ppm: float = 50.0,
    batch: int = 5,
    jitter_s: float = 0.008,
    loss: float = 0.02,
    stalls_hz: float = 0.1,
    silent_s: tuple[tuple[float, float], ...] = (),
) -> Link:
    """Return samples in packets of `batch`, with the shortest delay, exponential jitter and 50-150 ms stalls.

    `kind` is ``clock`` (device clock and counter), ``stamps`` (device clock, host counter), ``number``
    (device counter) or ``host`` (host counter). `rate_error` is the relative deviation from the nominal rate,
    `drift_ppm` that of the device clock; packets are lost with probability `loss`, and all packets in the
    spans `silent_s` are lost.
    """
    rng = np.random.default_rng(seed)
    rate_hz = nominal_hz * (1 + rate_error)
    count = max(1, int(duration_s * rate_hz) // batch) * batch
    taken = 0.3 + np.arange(count) / rate_hz
    sent = taken[batch - 1 :: batch]
    arrival = sent + SHORTEST_DELAY_S + rng.exponential(jitter_s, len(sent))
    for start in rng.uniform(0, duration_s, rng.poisson(stalls_hz * duration_s)):
        end = start + rng.uniform(0.05, 0.15)
        arrival[(arrival > start) & (arrival < end)] = end
    arrival = np.maximum.accumulate(arrival)
    received = rng.random(len(sent)) >= loss
    for start, end in silent_s:
        received &= (sent < start) | (sent > end)
    received[0] = True
    rows = np.repeat(received, batch)
    tick = np.arange(count)[rows]
    number = np.arange(len(tick)) if kind in ("host", "stamps") else tick
    stamps = 495.25 + taken[rows] * (1 + drift_ppm * 1e-6)
    block = SampleBlock(
        "ankle",
        np.repeat(arrival, batch)[rows],
        number.astype(np.int64),
        stamps if kind in ("clock", "stamps") else np.full(len(tick), np.nan),
        rng.normal(size=(len(tick), 3)),
        rng.normal(size=(len(tick), 3)),
    )
    header = SensorHeader(rate_hz=nominal_hz, counter="host" if kind in ("host", "stamps") else "device")
    return Link(block, header, taken[rows] + SHORTEST_DELAY_S, tick, rate_hz)


@pytest.fixture
def link() -> Callable[..., Link]:
    """Make a synthetic radio link: see `make_link`."""
    return make_link
