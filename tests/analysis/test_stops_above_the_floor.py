"""A leg that stops on its way up, or hovers between raises, shows the floor where it lies, not there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imu_reps import Header, Recording, analyze

HEADER = Header(side="left", simulated=True)

Part = tuple[float, dict[str, float]]


def up(top_deg: float) -> tuple[Part, ...]:
    return (1.5, {"thigh": top_deg, "curl": 8.0}), (0.3, {})


def down(to_deg: float, rests_s: float) -> tuple[Part, ...]:
    return (1.9, {"thigh": to_deg, "curl": 0.0}), (rests_s, {})


@pytest.mark.parametrize("stops_s", [1.5, 2.0, 3.0])
@pytest.mark.parametrize("top_deg", [60.0, 75.0])
def test_a_stop_on_the_first_way_up_is_no_floor(
    top_deg: float, stops_s: float, joints: Callable[..., dict], worn: Callable[..., Recording]
) -> None:
    first = ((0.9, {"thigh": top_deg / 4.0}), (stops_s, {}), *up(top_deg), *down(0.0, 1.2))
    moved = joints([(3.0, {}), *first, *(*up(top_deg), *down(0.0, 1.2)) * 4, (1.5, {})])
    reps = analyze(worn(HEADER, moved)).summary.reps

    assert [rep.top_angle_deg for rep in reps] == pytest.approx([top_deg] * 5, abs=2.0)


@pytest.mark.parametrize("hovers_deg", [8.0, 11.0, 14.0])
@pytest.mark.parametrize("hovers_s", [0.2, 1.0, 2.0])
def test_where_a_leg_hovers_between_raises_is_no_floor(
    hovers_s: float, hovers_deg: float, joints: Callable[..., dict], worn: Callable[..., Recording]
) -> None:
    """It is held there before the first raise too, and lies before that and at the end."""
    lifted, laid_down = ((0.8, {"thigh": hovers_deg}), (3.0, {})), ((0.8, {"thigh": 0.0}), (3.0, {}))
    moved = joints([(3.0, {}), *lifted, *(*up(60.0), *down(hovers_deg, hovers_s)) * 6, *laid_down])
    reps = analyze(worn(HEADER, moved)).summary.reps

    assert [rep.top_angle_deg for rep in reps] == pytest.approx([60.0] * 6, abs=2.0)
