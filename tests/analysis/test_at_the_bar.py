"""At the bar, who swings or pulls up raises no leg; who draws the knees up does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.signal import lfilter

from imu_reps import Header, Recording, SensorHeader, analyze
from imu_reps.domain.samples import FloatArray

HEADER = Header(
    exercise="hanging_leg_raise",
    side="both",
    simulated=True,
    pelvis=SensorHeader(cranial_axis="+y", anterior_axis="+z"),
)
KNEE_DEG, SWING_S, SWINGS = 4.0, 2.3, 5

Joints = dict[str, FloatArray]
Part = tuple[float, dict[str, float]]


def raises(thigh_deg: float, knee_deg: float = KNEE_DEG) -> tuple[Part, ...]:
    """Three raises."""
    up, down = {"thigh": thigh_deg, "knee": knee_deg}, {"thigh": 0.0, "knee": KNEE_DEG}
    return ((1.2, up), (0.3, {}), (1.4, down), (0.8, {})) * 3


def tipping_back(moved: Joints, share: float) -> Joints:
    """Return the joints of a body whose pelvis follows the thighs beyond 35 degrees, late by 0.15 s."""
    kept = np.exp(-(moved["time_s"][1] - moved["time_s"][0]) / 0.15)
    follows = lfilter([1.0 - kept], [1.0, -kept], np.clip(moved["thigh"] - 35.0, 0.0, None))
    return moved | {"curl": share * follows}


@pytest.mark.parametrize(("swing_deg", "top_deg"), [(20.0, 45.0), (25.0, 45.0), (30.0, 45.0), (30.0, 75.0)])
@pytest.mark.parametrize("first", ["swings", "raises"])
def test_a_body_that_swings_on_the_bar_adds_no_repetition(
    first: str,
    swing_deg: float,
    top_deg: float,
    joints: Callable[..., Joints],
    worn: Callable[..., Recording],
) -> None:
    swings: tuple[Part, ...] = ((SWING_S * SWINGS, {}), (1.5, {}))
    parts = [*swings, *raises(top_deg)] if first == "swings" else [*raises(top_deg), (1.0, {}), *swings]
    moved = tipping_back(joints([(3.0, {}), *parts], knee=KNEE_DEG), 0.3)
    since_s = moved["time_s"] - (3.0 if first == "swings" else moved["time_s"][-1] - SWING_S * SWINGS - 1.5)
    share = np.clip(np.minimum(since_s, SWING_S * SWINGS - since_s) / SWING_S, 0.0, 1.0)
    swing = swing_deg * share**2 * (3.0 - 2.0 * share) * np.sin(2.0 * np.pi * since_s / SWING_S)
    found = analyze(worn(HEADER, moved | {"swing": swing})).summary

    assert [rep.top_angle_deg for rep in found.reps] == pytest.approx([top_deg - KNEE_DEG] * 3, abs=6.0)


@pytest.mark.parametrize(("thigh_deg", "knee_deg"), [(90.0, 70.0), (95.0, 72.0), (105.0, 80.0)])
@pytest.mark.parametrize("tips_deg", [20.0, 25.0])
def test_knees_drawn_up_are_raises(
    tips_deg: float,
    thigh_deg: float,
    knee_deg: float,
    joints: Callable[..., Joints],
    worn: Callable[..., Recording],
) -> None:
    moved = joints([(3.0, {}), *raises(thigh_deg, knee_deg) * 2, (2.0, {})], knee=KNEE_DEG)
    moved = tipping_back(moved, tips_deg / (thigh_deg - 35.0))

    found = analyze(worn(HEADER, moved)).summary.set

    assert (found.rep_count, found.rep_count_certainty) == (6, "high")


@pytest.mark.parametrize(("thigh_deg", "knee_deg"), [(35.0, KNEE_DEG), (90.0, 62.0), (90.0, 68.0)])
@pytest.mark.parametrize("forward_deg", [9.0, 13.0])
def test_pull_ups_between_raises_do_not_count(
    forward_deg: float,
    thigh_deg: float,
    knee_deg: float,
    joints: Callable[..., Joints],
    worn: Callable[..., Recording],
) -> None:
    """The legs swing a little as the body is pulled up."""
    pulled = {"pulled": 0.42, "thigh": forward_deg + 8.0, "knee": 8.0}
    hanging = {"pulled": 0.0, "thigh": 0.0, "knee": KNEE_DEG}
    pull_ups = ((1.0, pulled), (0.2, {}), (1.2, hanging), (0.4, {})) * 3
    sets = raises(thigh_deg, knee_deg)
    moved = tipping_back(joints([(3.0, {}), *sets, *pull_ups, *sets, (2.0, {})], knee=KNEE_DEG), 0.36)

    assert analyze(worn(HEADER, moved)).summary.set.rep_count == 6


@pytest.mark.parametrize("seed", range(3))
def test_legs_that_swing_as_far_back_as_forward_are_counted_with_low_certainty(
    seed: int, joints: Callable[..., Joints], worn: Callable[..., Recording]
) -> None:
    """Either may be the raise: of fierce swings the ways back were counted, and the count called certain."""
    ways = [(1.1, {"thigh": 45.0}), (1.8, {"thigh": -45.0})] * 6
    moved = joints([(3.0, {}), (0.8, {"thigh": -45.0}), *ways, (0.8, {}), (3.0, {})], knee=KNEE_DEG)

    assert analyze(worn(HEADER, moved, seed)).summary.set.rep_count_certainty == "low"
