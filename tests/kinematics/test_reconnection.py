"""Clocks of a sensor that disconnects and reconnects: gaps, new packet boundaries, a count from zero."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imu_reps.kinematics.clock.offline import fit_clock
from imu_reps.kinematics.clock.stream import LiveClock

COUNTED = ("clock", "stamps", "number")
SEEDS = range(5)
BATCH = 4


def disconnected(link, kind, gap_s, seed):
    """Return a link that is silent from 20 s on for `gap_s`, and its first row afterwards.

    Packets after the gap lie anywhere within their period.
    """
    made = link(
        kind,
        seed=seed,
        duration_s=45.0 + gap_s,
        batch=BATCH,
        rate_error=0.007 * (-1) ** seed,
        jitter_s=0.004,
        loss=0.0,
        stalls_hz=0.05,
        silent_s=((20.0, 20.0 + gap_s),),
    )
    first = int(np.argmax(np.diff(made.block.time_s))) + 1
    if kind != "host":
        return made, first
    # only time shows how long the sensor was away: any duration is possible, not only whole packets
    shift = np.random.default_rng(seed).uniform(0.0, BATCH / 100.0) * (np.arange(len(made.block)) >= first)
    block = replace(made.block, time_s=made.block.time_s + shift)
    return replace(made, block=block, taken_s=made.taken_s + shift), first


@pytest.mark.parametrize("gap_s", [3.0, 30.0])
@pytest.mark.parametrize("kind", [*COUNTED, "host"])
def test_whole_set_times_are_right_at_once_after_a_gap(link, kind, gap_s):
    for seed in SEEDS:
        made, first = disconnected(link, kind, gap_s, seed)
        timed = fit_clock(made.block, made.header)
        error = np.abs(timed.time_s - made.taken_s[timed.order])
        assert error[first:].max() < 0.010
        assert error[:first].max() < 0.010
        assert timed.clock.restarts == 0
        assert timed.clock.longest_gap_s == pytest.approx(gap_s, abs=0.3)


@pytest.mark.parametrize("gap_s", [3.0, 30.0])
@pytest.mark.parametrize("kind", [*COUNTED, "host"])
def test_live_times_are_right_within_half_a_second_after_a_gap(link, kind, gap_s):
    for seed in SEEDS:
        made, first = disconnected(link, kind, gap_s, seed)
        timed = LiveClock(made.header).push(made.block)
        later = np.flatnonzero(made.block.time_s > made.block.time_s[first] + 0.5)
        assert np.isin(later, timed.order).all()
        since = timed.order >= later[0]
        assert np.abs(timed.time_s - made.taken_s[timed.order])[since].max() < 0.010


@pytest.mark.parametrize("kind", COUNTED)
@pytest.mark.parametrize("gap_s", [3.0, 30.0])
def test_the_times_of_a_sensor_that_restarts_at_zero_after_a_gap_continue(link, kind, gap_s):
    """Switched off and on: the sensor's number and clock restart at zero, the host's numbering continues."""
    for seed in SEEDS:
        made, first = disconnected(link, kind, gap_s, seed)
        number = 0 if kind == "stamps" else -int(made.block.sample[first])
        again = made.renumbered(first, number, -float(made.block.device_time_s[first]))
        timed = fit_clock(again.block, again.header)
        error = np.abs(timed.time_s - made.taken_s[timed.order])
        assert timed.clock.restarts == 1
        assert error.max() < 0.010
        live = LiveClock(again.header).push(again.block)
        later = made.block.time_s > made.block.time_s[first] + 0.5
        assert np.abs(live.time_s - made.taken_s)[later].max() < 0.010


def test_a_long_stall_without_loss_is_not_a_gap(link):
    made = link("host", seed=1, batch=BATCH, loss=0.0, jitter_s=0.004)
    arrival = made.block.time_s.copy()
    delayed = (arrival > 20.0) & (arrival < 21.5)
    arrival[delayed] = 21.5
    timed = fit_clock(replace(made.block, time_s=np.maximum.accumulate(arrival)), made.header)
    assert np.abs(timed.time_s - made.taken_s[timed.order]).max() < 0.012
    assert timed.clock.longest_gap_s < 0.02
