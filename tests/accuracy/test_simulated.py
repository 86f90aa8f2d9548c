"""Figures over simulated sets, each checked against its limit.

A population is simulated once per process: `--dist loadfile` keeps its tests in one.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import simulated_figures as of
from figures import Figure, measured_share
from populations import FOLLOWED_LONG, MIXED, MIXED_FEW, Population, measured


def hold(*figures: Figure) -> None:
    """Check that every figure keeps its limit; otherwise name it and its seeds."""
    missed = [
        f"{f.what}: {f.measured} over {f.limit} {f.unit}, worst {f.worst}" for f in figures if not f.reached
    ]
    assert not missed, "\n".join(missed)


@pytest.fixture(
    scope="module",
    params=[pytest.param(MIXED_FEW, id="few"), pytest.param(MIXED, id="all", marks=pytest.mark.soak)],
)
def mixed(request: pytest.FixtureRequest) -> Population:
    """Random sets of all kinds: few by default, all of them by hand."""
    return request.param


def test_every_finished_set_is_counted_exactly(mixed: Population) -> None:
    hold(of.count_of_mixed_sets(mixed))


def test_every_live_set_is_counted_exactly_once_closed() -> None:
    hold(of.closed_count_of_mixed_sets())


@pytest.mark.soak
def test_every_live_set_of_many_is_counted_exactly_once_closed() -> None:
    hold(of.closed_count_of_mixed_sets(FOLLOWED_LONG))


def test_recordings_without_repetitions_are_counted_as_zero() -> None:
    hold(of.count_of_idle_recordings(), of.live_count_of_idle_recordings())


@pytest.mark.parametrize(
    "durations", [of.durations_at_100_hz, of.durations_at_100_hz_with_stalls, of.durations_at_any_rate]
)
def test_durations_are_within_their_limits(
    mixed: Population, durations: Callable[[Population], tuple[Figure, ...]]
) -> None:
    hold(*durations(mixed))


def test_durations_at_25_hz_are_within_their_limits() -> None:
    hold(*of.durations_at_25_hz())


def test_leg_elevation_at_controlled_tempo(mixed: Population) -> None:
    hold(*of.elevation_at_controlled_tempo(mixed))


@pytest.mark.soak
def test_leg_elevation_when_swinging() -> None:
    hold(*of.elevation_when_swinging())


def test_leg_elevation_with_cheap_parts() -> None:
    hold(of.elevation_with_cheap_parts())


def test_range_of_a_repetition(mixed: Population) -> None:
    hold(of.leg_range(mixed))


def test_peak_tilt_and_rotation_of_the_pelvis(mixed: Population) -> None:
    hold(of.peak_tilt(mixed), of.peak_rotation(mixed))


@pytest.mark.soak
def test_momentum_share_when_swinging() -> None:
    hold(*of.momentum_when_swinging())


def test_momentum_share_of_everything(mixed: Population) -> None:
    hold(*of.momentum_of_mixed_sets(mixed))


@pytest.mark.parametrize("name", ["concentric_s", "eccentric_s", "range_deg", "pelvic_tilt_deg", "momentum"])
def test_few_values_are_left_unmeasured(mixed: Population, name: str) -> None:
    """Lost samples may leave a figure out in at most a twentieth of cases: an error needs a figure."""
    assert measured_share(measured(mixed), name) >= 0.95
