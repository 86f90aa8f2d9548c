"""Figures of the cues over simulated sets at 100 Hz, each held to its limit.

A population is simulated once in a process: the group keeps its tests in one.
"""

from __future__ import annotations

from collections.abc import Callable

import cue_figures as of
import pytest
from figures import Figure

pytestmark = [pytest.mark.xdist_group("cued_sets"), pytest.mark.soak]


def hold(*figures: Figure) -> None:
    """Every figure keeps its limit; where not, say which and at which seeds."""
    missed = [
        f"{f.what}: {f.measured} over {f.limit} {f.unit}, worst {f.worst}" for f in figures if not f.reached
    ]
    assert not missed, "\n".join(missed)


def test_the_count_is_heard_at_the_true_end_of_a_repetition() -> None:
    hold(*of.count_at_the_end())


def test_faults_are_told_as_they_happen() -> None:
    hold(*of.faults_as_they_happen())


@pytest.mark.parametrize("figure", [of.false_cues, of.words_at_once])
def test_the_coach_is_quiet_when_all_is_well_and_speaks_with_one_voice(figure: Callable[[], Figure]) -> None:
    hold(figure())


def test_the_floor_is_told_before_the_back_lets_go() -> None:
    (share,) = of.floor_before_it_is_reached().measured

    assert share > 90.0
