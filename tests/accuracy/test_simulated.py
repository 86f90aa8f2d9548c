"""Figures over simulated sets, each held to its limit.

A population is simulated once in a process: `--dist loadfile` keeps its tests in one.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import simulated_figures as of
from figures import Figure, measured_share
from populations import FOLLOWED_LONG, MIXED, measured


def hold(*figures: Figure) -> None:
    """Every figure keeps its limit; where not, say which and at which seeds."""
    missed = [
        f"{f.what}: {f.measured} over {f.limit} {f.unit}, worst {f.worst}" for f in figures if not f.reached
    ]
    assert not missed, "\n".join(missed)


def test_every_finished_set_is_counted_exactly() -> None:
    hold(of.count_of_mixed_sets())


def test_every_live_set_is_counted_exactly_once_closed() -> None:
    hold(of.closed_count_of_mixed_sets())


@pytest.mark.soak
def test_every_live_set_of_many_is_counted_exactly_once_closed() -> None:
    hold(of.closed_count_of_mixed_sets(FOLLOWED_LONG))


def test_nobody_doing_a_repetition_counts_none() -> None:
    hold(of.count_of_idle_recordings(), of.heard_count_of_idle_recordings())


@pytest.mark.parametrize(
    "durations", [of.durations_at_100_hz, of.durations_at_100_hz_with_stalls, of.durations_at_any_rate]
)
def test_durations_are_within_their_limits(durations: Callable[[], tuple[Figure, ...]]) -> None:
    hold(*durations())


def test_durations_at_25_hz_are_within_their_limits() -> None:
    hold(*of.durations_at_25_hz())


def test_leg_elevation_at_controlled_tempo() -> None:
    hold(*of.elevation_at_controlled_tempo())


@pytest.mark.soak
def test_leg_elevation_when_swinging() -> None:
    hold(*of.elevation_when_swinging())


def test_leg_elevation_with_cheap_parts() -> None:
    hold(of.elevation_with_cheap_parts())


def test_range_of_a_repetition() -> None:
    hold(of.leg_range())


def test_peak_tilt_and_rotation_of_the_pelvis() -> None:
    hold(of.peak_tilt(), of.peak_rotation())


@pytest.mark.soak
def test_momentum_share_when_swinging() -> None:
    hold(*of.momentum_when_swinging())


def test_momentum_share_of_everything() -> None:
    hold(*of.momentum_of_mixed_sets())


@pytest.mark.parametrize("name", ["concentric_s", "eccentric_s", "range_deg", "pelvic_tilt_deg", "momentum"])
def test_little_is_left_unmeasured(name: str) -> None:
    """Lost samples may leave a figure out, and no more than a twentieth of all: an error needs a figure."""
    assert measured_share(measured(MIXED), name) >= 0.95
