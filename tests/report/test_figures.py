"""Formatting of numbers."""

from __future__ import annotations

import doctest

import pytest

from imu_reps.report import formatting as figures
from imu_reps.report.formatting import format_reps, format_value, past_limit


def test_the_examples_hold() -> None:
    assert doctest.testmod(figures).failed == 0


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(-0.4, "deg", "0°"), (-12.0, "deg", "−12°"), (0.049, "share", "5 %"), (-0.04, "s", "0.0 s")],
)
def test_numbers_have_their_unit_a_true_minus_and_no_negative_zero(
    value: float, unit: str, text: str
) -> None:
    assert format_value(value, unit) == text


def test_a_value_that_rounds_to_its_limit_is_distinguished_from_it() -> None:
    assert past_limit([6.4], 6.0, "deg") == "just over 6° (limit 6°)"
    assert past_limit([0.98], 1.0, "s", bound="at least") == "just under 1.0 s (at least 1.0 s)"


def test_only_three_or_more_neighbours_are_joined_to_a_range() -> None:
    assert format_reps([1, 2, 4, 5, 6]) == "reps 1, 2 and 4–6"
