"""Figures of the cues over simulated sets at 100 Hz, each checked against its limit.

A population is simulated once per process: the group keeps its tests in one.
"""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

import cue_figures as of
import pytest
from cued_sets import FEW_FAULTY, FEW_PLAIN
from figures import Figure

#: Allowance for few sets, percentage points: two standard deviations of ten crossings.
BY_CHANCE = 30.0


def missed(*figures: Figure) -> list[str]:
    """Return the figures that miss their limit, with the seeds."""
    return [
        f"{f.what}: {f.measured} over {f.limit} {f.unit}, worst {f.worst}" for f in figures if not f.reached
    ]


def test_a_few_sets_are_cued_in_time_by_one_voice_with_few_false_cues() -> None:
    """The figures of the table, over few enough sets for everyday runs."""
    figures = [f for f in of.all_figures(FEW_PLAIN, FEW_FAULTY) if isfinite(max(f.measured))]
    shares = [replace(f, limit=f.limit + BY_CHANCE) for f in figures if f.unit == "%" and f.limit is not None]

    assert not missed(*shares, *(f for f in figures if f.unit != "%"))


@pytest.mark.soak
def test_every_figure_of_the_cues_keeps_its_limit() -> None:
    assert not missed(*of.all_figures())


@pytest.mark.soak
def test_the_floor_is_cued_before_the_back_lets_go() -> None:
    (share,) = of.floor_warnings_before_lift_off().measured

    assert share > 90.0
