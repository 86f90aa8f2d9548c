"""Foreign data: sets of other simulators, and real raises cut anywhere and turned randomly."""

from __future__ import annotations

from pathlib import Path

import foreign_figures as of
import pytest
from figures import Figure
from foreign_sets import TRUTH


@pytest.fixture(scope="module")
def with_foreign(datasets: Path) -> Path:
    """The folder of real recordings, if it contains the sets of other simulators too."""
    if not any((datasets / "foreign").glob(f"*{TRUTH}")):
        pytest.skip(f"no sets of other simulators in {datasets / 'foreign'}")
    return datasets


def assert_reached(*figures: Figure) -> None:
    assert [figure for figure in figures if not figure.reached] == []


def test_sets_of_other_simulators_are_counted_exactly_finished_and_live(with_foreign: Path) -> None:
    assert_reached(*of.counts_of_foreign_sets(with_foreign))


def test_real_raises_cut_anywhere_are_counted_exactly_finished_and_live(datasets: Path) -> None:
    assert_reached(*of.counts_of_cuts(datasets, finished=3))


@pytest.mark.soak
def test_every_cut_of_real_raises_is_counted_exactly_finished_and_live(datasets: Path) -> None:
    assert_reached(*of.counts_of_cuts(datasets, live=1))


def test_up_and_down_are_never_swapped(with_foreign: Path) -> None:
    assert_reached(of.swapped_sets(with_foreign))


def test_half_of_the_phases_of_other_simulators_are_timed_within_15_ms(with_foreign: Path) -> None:
    assert_reached(of.phase_durations(with_foreign)[0])


@pytest.mark.xfail(
    reason="168 ms measured: swung legs under soft tissue read 110 ms long, also with the ringing taken out;"
    " one truth lets repetitions overlap, and one hanging body swings at the far end"
)
def test_95_percent_of_the_phases_of_other_simulators_are_timed_within_120_ms(
    with_foreign: Path,
) -> None:
    assert_reached(of.phase_durations(with_foreign)[1])


@pytest.mark.xfail(
    reason="1.8 degrees measured: jerks between two samples of a gyroscope, a back arched at each rest"
)
def test_tilt_of_other_simulators_is_measured_within_one_degree(with_foreign: Path) -> None:
    assert_reached(of.angle(with_foreign, "tilt_deg"))


def test_rotation_of_other_simulators_is_measured(with_foreign: Path) -> None:
    assert_reached(of.angle(with_foreign, "rotation_deg"))


@pytest.mark.soak
def test_no_population_is_counted_worse_than_by_a_plain_zigzag(with_foreign: Path) -> None:
    assert_reached(of.behind_plain_zigzag(with_foreign))
