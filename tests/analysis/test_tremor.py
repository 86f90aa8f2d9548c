"""Tremor of the pelvis in 4 to 12 Hz while lowering, relative to the person's own still baseline."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from imu_reps import AngleTrack, Header, Rep
from imu_reps.analysis.reps.control import baseline_dps, shake_squared, tremor_findings, tremor_ratio
from imu_reps.analysis.set_motion import SetMotion, set_motion
from imu_reps.domain.track import GRID_HZ
from imu_reps.report.findings import finding_text as words

STILL_S, MOVING_S = 8.0, 4.0
START, END = STILL_S * GRID_HZ, (STILL_S + MOVING_S) * GRID_HZ


def shaking(at_rest_dps: float, moving_dps: float, hz: float = 8.0, still_s: float = STILL_S) -> SetMotion:
    """Return a pelvis that shakes on two axes, first at rest, then while lowering; RMS rates as given."""
    time = np.arange(round((still_s + MOVING_S) * GRID_HZ)) / GRID_HZ
    still = time < still_s
    rms = np.where(still, at_rest_dps, moving_dps)
    wave = np.sqrt(2.0) * np.sin(2.0 * np.pi * hz * time) * rms
    gyr = np.column_stack([0.6 * wave, 0.0 * wave, 0.8 * wave])
    zero = np.zeros(len(time))
    return set_motion(AngleTrack(time, zero, zero, zero, gyr, zero, still), Header())


def ratio(motion: SetMotion, start: float = START, end: float = END) -> float | None:
    shake = shake_squared(motion)
    return tremor_ratio(shake, baseline_dps(shake, motion), start, end)


@pytest.mark.parametrize("times", [1.0, 2.0, 4.0])
def test_the_ratio_is_that_of_the_rms_rates(times: float) -> None:
    # the edges of the band blur half a second where the amplitude changes
    assert ratio(shaking(0.5, 0.5 * times)) == pytest.approx(times, rel=0.05)


def test_the_baseline_is_the_rms_rate_at_rest() -> None:
    motion = shaking(0.7, 0.7)

    assert baseline_dps(shake_squared(motion), motion) == pytest.approx(0.7, rel=0.05)


@pytest.mark.parametrize("hz", [0.5, 1.5, 30.0])
def test_movement_and_rattling_outside_the_band_are_no_tremor(hz: float) -> None:
    inside, outside = shake_squared(shaking(1.0, 1.0)), shake_squared(shaking(1.0, 1.0, hz))
    middle = slice(200, -200)

    assert outside[middle].mean() < 0.1 * inside[middle].mean()


def test_less_than_five_seconds_of_rest_are_no_baseline() -> None:
    motion = shaking(0.5, 2.0, still_s=4.0)

    assert ratio(motion, 4.0 * GRID_HZ, 8.0 * GRID_HZ) is None


def test_a_fast_lowering_is_not_measured_because_it_shakes_by_itself() -> None:
    motion = shaking(0.5, 2.0)

    assert ratio(motion, START, START + 0.79 * GRID_HZ) is None
    assert ratio(motion, START, START + 0.81 * GRID_HZ) is not None


def test_an_unmeasured_pelvis_has_no_ratio() -> None:
    motion = shaking(0.5, 2.0)
    motion.track.pelvis_gyr_dps[:] = np.nan

    assert ratio(motion) is None


def finding_of(make_rep: Callable[..., Rep], *ratios: float | None) -> tuple[tuple[int, ...], str] | None:
    found = tremor_findings([make_rep(k, tremor_ratio=value) for k, value in enumerate(ratios, start=1)])
    return (found[0].reps, words(found[0])) if found else None


def test_tremor_is_reported_from_twice_and_called_strong_from_four_times_the_baseline(
    make_rep: Callable[..., Rep],
) -> None:
    some, much = finding_of(make_rep, 1.0, 2.2, 2.4, 2.1), finding_of(make_rep, 1.0, 3.2, 4.4, 4.1)

    assert some is not None
    assert much is not None
    assert some[0] == much[0] == (2, 3, 4)
    assert "a little" in some[1]
    assert "strongly" in much[1]
    assert "not a fault" in some[1]


@pytest.mark.parametrize(
    "ratios", [(1.0, 1.9, 1.9, 1.9), (1.0, 5.0, 1.0, 5.0, 5.0, 1.0), (None, None), (), (2.5, None, 2.5)]
)
def test_occasional_tremor_is_not_reported(
    make_rep: Callable[..., Rep], ratios: tuple[float | None, ...]
) -> None:
    assert finding_of(make_rep, *ratios) is None
