"""Decoded pieces of one sensor, put together."""

from __future__ import annotations

import numpy as np

from imu_reps.sensors.wire import Decoded, Facts, Samples


def decoded(*numbers: int, facts: Facts | None = None, restarted: bool = False) -> Decoded:
    n = len(numbers)
    samples = Samples(np.array(numbers, np.int64), np.zeros(n), np.zeros((n, 3)), np.zeros((n, 3)))
    return Decoded(samples, facts or Facts(), restarted=restarted)


def test_samples_follow_each_other() -> None:
    both = decoded(1, 2).then(decoded(3))

    assert both.samples.number.tolist() == [1, 2, 3]
    assert (both.damaged, both.restarted) == (0, False)


def test_samples_from_before_a_restart_are_dropped_and_counted() -> None:
    both = decoded(5000, 5001).then(decoded(0, 1, restarted=True))

    assert both.samples.number.tolist() == [0, 1]
    assert (both.damaged, both.restarted) == (2, True)


def test_a_restart_before_keeps_what_follows_it() -> None:
    both = decoded(0, 1, restarted=True).then(decoded(2))

    assert both.samples.number.tolist() == [0, 1, 2]
    assert (both.damaged, both.restarted) == (0, True)


def test_of_each_fact_the_latest_that_was_reported_counts() -> None:
    before = decoded(facts=Facts(battery_percent=50.0, refused="is in its charger"))

    both = before.then(decoded(facts=Facts(battery_percent=49.0)))

    assert both.facts == Facts(battery_percent=49.0, refused="is in its charger")
