"""The judgement over simulated sets with and without each fault, each figure checked against its limit."""

from __future__ import annotations

from collections.abc import Callable

import fault_figures as of
import pytest
from figures import Figure
from populations import measured

pytestmark = pytest.mark.soak

HELD: list[Callable[[], Figure]] = [
    of.momentum,
    of.back_arch,
    of.hip_pop,
    of.heel_touch,
    of.recurring_jolts,
    of.jolts_out_of_nothing,
    of.floor_angle,
    of.equal_sides,
]


@pytest.mark.parametrize("figure", HELD, ids=[figure.__name__ for figure in HELD])
def test_a_figure_of_the_judgement_keeps_its_limit(figure: Callable[[], Figure]) -> None:
    found = figure()
    assert found.reached, f"{found.what}: {found.measured} over {found.limit} {found.unit}, {found.worst}"


def test_a_bent_knee_is_flagged_and_a_straight_one_is_not() -> None:
    missed = [f"{f.what}: {f.measured} over {f.limit} {f.unit}" for f in of.bent_knee() if not f.reached]
    assert not missed, "\n".join(missed)


def test_the_population_has_enough_of_every_fault() -> None:
    """A percentage of few repetitions is not significant."""
    sets = measured(of.FAULTY)
    assert len(sets) >= 400
    for code in ("momentum", "back_arch", "hip_pop", "heel_touch", "snap", "knee_bend"):
        assert sum(code in true.flags for one in sets for _, true in one.reps) >= 50, code


def test_few_repetitions_are_left_out_around_a_limit() -> None:
    """The undecided band contains less than a tenth of the repetitions."""
    sets = measured(of.FAULTY)
    reps = sum(len(one.reps) for one in sets)
    for code, near in (
        ("momentum", of.near_momentum),
        ("back_arch", of.near_arch),
        ("hip_pop", of.near_pop),
    ):
        assert of.compare(sets, code, near).left_out < 0.1 * reps, code
