"""What arrival times reveal about a connection interval, and what they cannot reveal."""

from __future__ import annotations

import numpy as np
import pytest

from imu_reps.kinematics.sync.sensor_offset import connection_wait

JITTER_S = 0.003


def packets(period_s, interval_s, *, seed, count=1000, late_s=0.0):
    """Return true sending times, the same fitted `late_s` too late, and arrivals in events from 0 s on."""
    rng = np.random.default_rng(seed)
    ready = rng.uniform(1.0, 1.1) + period_s * np.arange(count)
    sent = interval_s * np.ceil(ready / interval_s) if interval_s else ready
    arrival = np.maximum.accumulate(sent + rng.exponential(JITTER_S, count))
    return ready, ready + late_s, arrival


@pytest.mark.parametrize("interval_s", [0.0075, 0.015, 0.030, 0.04875])
@pytest.mark.parametrize("period_s", [0.04028, 0.0769231])
def test_the_connection_interval_and_the_wait_are_found(interval_s, period_s):
    for seed in range(5):
        ready, fitted, arrival = packets(period_s, interval_s, seed=seed, late_s=0.003)
        wait = connection_wait(fitted, arrival)
        assert wait.interval_s == pytest.approx(interval_s)
        assert np.abs(wait.corrected(fitted) - ready).max() < 0.0015
        assert wait.hidden_s == 0.0


@pytest.mark.parametrize("period_s", [0.01, 0.04028, 0.05, 0.0769231])
def test_without_an_interval_none_is_found_and_nothing_is_corrected(period_s):
    for seed in range(5):
        _, fitted, arrival = packets(period_s, 0.0, seed=seed)
        wait = connection_wait(fitted, arrival)
        assert wait.interval_s is None
        assert np.array_equal(wait.corrected(fitted), fitted)


@pytest.mark.parametrize(("period_s", "interval_s"), [(0.06, 0.015), (0.06, 0.030), (0.05, 0.025)])
def test_a_constant_wait_is_hidden(period_s, interval_s):
    _, fitted, arrival = packets(period_s, interval_s, seed=1)
    wait = connection_wait(fitted, arrival)
    assert wait.interval_s is None
    assert wait.hidden_s >= 0.99 * interval_s


def test_the_interval_of_the_other_link_suggests_a_hidden_one():
    ready, _, arrival = packets(0.06, 0.030, seed=2)
    fitted = arrival.min() - ready[0] + ready - JITTER_S / 100
    wait = connection_wait(fitted, arrival, likely_s=0.030)
    assert wait.correction_s == pytest.approx(-0.015, abs=0.001)
    assert 0.008 < wait.sd_s < 0.012
    assert wait.hidden_s == 0.0


def test_few_phases_leave_the_wait_uncertain_by_the_gap_between_them():
    """Packets every 50 ms over a 30 ms interval: three phases, 10 ms apart."""
    for seed in range(20):
        ready, fitted, arrival = packets(0.05, 0.030, seed=seed)
        wait = connection_wait(fitted, arrival)
        assert np.abs(wait.corrected(fitted) - ready).max() < 0.0055
        assert 2.0 * wait.sd_s > 0.0045


def test_a_few_packets_determine_no_wait():
    _, fitted, arrival = packets(0.04, 0.015, seed=3, count=30)
    wait = connection_wait(fitted, arrival)
    assert (wait.interval_s, wait.correction_s) == (None, 0.0)
    assert wait.hidden_s > 0.03


def test_packets_that_missed_an_event_do_not_distort_the_wait():
    ready, fitted, arrival = packets(0.04028, 0.015, seed=4)
    repeated = np.random.default_rng(4).random(len(arrival)) < 0.05
    arrival = np.maximum.accumulate(arrival + 0.015 * repeated)
    wait = connection_wait(fitted, arrival)
    assert wait.interval_s == pytest.approx(0.015)
    assert np.abs(wait.corrected(fitted) - ready).max() < 0.0015
