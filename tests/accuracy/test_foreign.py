"""What is not ours: sets of other simulators, and real raises cut anywhere and turned any way round."""

from __future__ import annotations

from pathlib import Path

import foreign_figures as of
import pytest
from figures import Figure
from foreign_sets import TRUTH


@pytest.fixture(scope="module")
def with_foreign(datasets: Path) -> Path:
    """The folder of real recordings, where it holds the sets of other simulators too."""
    if not any((datasets / "foreign").glob(f"*{TRUTH}")):
        pytest.skip(f"no sets of other simulators in {datasets / 'foreign'}")
    return datasets


def assert_reached(*figures: Figure) -> None:
    assert [figure for figure in figures if not figure.reached] == []


def test_sets_of_other_simulators_are_counted_exactly_finished_and_live(with_foreign: Path) -> None:
    assert_reached(*of.counts_of_foreign_sets(with_foreign))


def test_real_raises_cut_anywhere_are_counted_exactly_finished_and_live(datasets: Path) -> None:
    assert_reached(*of.counts_of_cuts(datasets))


def test_up_and_down_are_never_swapped(with_foreign: Path) -> None:
    assert_reached(of.swapped_sets(with_foreign))


def test_phases_of_other_simulators_are_timed(with_foreign: Path) -> None:
    assert_reached(*of.phase_durations(with_foreign))


def test_angles_of_other_simulators_are_measured(with_foreign: Path) -> None:
    assert_reached(*of.angles(with_foreign))


def test_no_population_is_counted_worse_than_by_a_plain_zigzag(with_foreign: Path) -> None:
    assert_reached(of.behind_plain_zigzag(with_foreign))
