"""Real recordings: counts by protocol, inclination against an optical reference."""

from __future__ import annotations

from pathlib import Path

from real_figures import inclination
from real_recordings import Counted, nobody_raises, pelvis_only_walks, supine_raises


def wrong(found: tuple[Counted, ...]) -> list[Counted]:
    assert found, "the folder holds none of these recordings"
    return [one for one in found if one.found != one.expected]


def test_every_supine_raise_is_counted_whole_and_set_by_set(datasets: Path) -> None:
    assert wrong(supine_raises(datasets)) == []


def test_where_no_leg_is_raised_none_is_counted(datasets: Path) -> None:
    assert wrong(nobody_raises(datasets)) == []


def test_without_an_ankle_sensor_nothing_is_counted(datasets: Path) -> None:
    assert wrong(pelvis_only_walks(datasets)) == []


def test_inclination_is_no_worse_than_the_published_filter(datasets: Path) -> None:
    figures = inclination(datasets)
    assert len(figures) == 3
    assert [figure for figure in figures if not figure.reached] == []
