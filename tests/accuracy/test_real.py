"""Real recordings: counts by protocol, inclination against an optical reference."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from real_figures import inclination
from real_recordings import Counted, labelled_sets, nobody_raises, pelvis_only_walks, supine_raises

from imu_reps import Summary


def wrong(found: tuple[Counted, ...]) -> list[Counted]:
    assert found, "the folder holds none of these recordings"
    return [one for one in found if one.found != one.expected]


def test_every_supine_raise_is_counted_whole_and_set_by_set(datasets: Path) -> None:
    assert wrong(supine_raises(datasets)) == []


def test_where_no_leg_is_raised_nothing_is_counted(datasets: Path) -> None:
    assert wrong(nobody_raises(datasets)) == []


def test_without_an_ankle_sensor_nothing_is_counted(datasets: Path) -> None:
    assert wrong(pelvis_only_walks(datasets)) == []


def test_inclination_is_no_worse_than_the_published_filter(datasets: Path) -> None:
    figures = inclination(datasets)
    assert len(figures) == 3
    assert [figure for figure in figures if not figure.reached] == []


def test_kinds_of_set_of_one_person_differ_in_hold_and_range(datasets: Path) -> None:
    sets = labelled_sets(datasets)
    for person in {person for person, _ in sets}:
        hold_s, range_deg = (
            {kind: middle(sets[person, kind], name) for kind in ("correct", "fast", "low_amplitude")}
            for name in ("top_pause_s", "range_deg")
        )

        assert hold_s["fast"] < 0.5 < 2.0 < min(hold_s["correct"], hold_s["low_amplitude"])
        assert range_deg["low_amplitude"] < 0.7 * range_deg["correct"]
        assert range_deg["fast"] > 0.9 * range_deg["correct"]


def test_without_a_pelvis_sensor_the_pelvis_is_not_judged(datasets: Path) -> None:
    for summary in labelled_sets(datasets).values():
        for rep in summary.reps:
            assert {"back_arch", "hip_pop"} <= set(rep.not_judged)
            assert rep.pelvic_tilt_deg is rep.pelvic_rotation_deg is rep.lift_off_angle_deg is None
            assert not rep.clean
        assert summary.set.floor_angle_deg is None
        assert summary.set.pelvic_tilt_deg_max is None


def middle(summary: Summary, name: str) -> float:
    return median(value for rep in summary.reps if (value := getattr(rep, name)) is not None)
