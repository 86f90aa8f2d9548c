"""Heels drawn in along the floor before the legs are lifted for heel taps, and slid out after: no taps.

The shank alone cannot tell it: it sinks as the heel is drawn in, and comes up as the legs are lifted, by the
way of a tap. The leg is a thigh and a shank in the sagittal plane; its sensor reads what such a chain feels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from imu_reps import Header, Recording, SampleBlock, analyze
from imu_reps.domain.samples import FloatArray, SensorPlace
from imu_reps.domain.track import GRID_HZ

GRAVITY_MPS2 = 9.80665
THIGH_M, SHANK_M = 0.42, 0.37
FEET_FLAT, HIGH, TAP_DEG = (46.0, 92.0), (90.0, 90.0), 40.0

Pose = tuple[float, float, float]  # thigh over the floor, knee, degrees, and the time to get there
Move = Callable[[float, Iterable[tuple[float, float]]], FloatArray]

DRAWN_IN: tuple[Pose, ...] = ((*FEET_FLAT, 1.2), (*FEET_FLAT, 1.0))
SLID_OUT: tuple[Pose, ...] = ((*FEET_FLAT, 1.2), (*FEET_FLAT, 0.8), (0.0, 0.0, 1.4))


def reading(place: SensorPlace, force: FloatArray, rate_dps: FloatArray) -> SampleBlock:
    """What a sensor of middling quality makes of it, sensor axes along those of the bone."""
    rng = np.random.default_rng(4)
    force = force + rng.normal(0.0, 0.02, force.shape)
    rate_dps = rate_dps + rng.normal(0.0, 0.1, rate_dps.shape)
    time_s = np.arange(len(force)) / GRID_HZ
    return SampleBlock(place, time_s, np.arange(len(force)), np.full(len(force), np.nan), force, rate_dps)


def recording_of(poses: Iterable[Pose], move: Move) -> Recording:
    """A lying person with legs straight at first, the pelvis still."""
    poses = [(0.0, 0.0, 2.0), *poses]
    thigh = np.radians(move(0.0, [(thigh, in_s) for thigh, _, in_s in poses]))
    shank = thigh - np.radians(move(0.0, [(knee, in_s) for _, knee, in_s in poses]))
    place = THIGH_M * np.exp(1j * thigh) + SHANK_M * np.exp(1j * shank)  # along the floor, and up
    accelerated = np.gradient(np.gradient(place)) * GRID_HZ**2 + 1j * GRAVITY_MPS2
    felt = accelerated * np.exp(-1j * shank)
    nothing = np.zeros(len(felt))
    ankle = np.stack([felt.imag, -felt.real, nothing], axis=1)  # x away from the shin, y up the shank
    rate = np.stack([nothing, nothing, np.degrees(np.gradient(shank)) * GRID_HZ], axis=1)
    pelvis = np.tile([0.0, 0.0, GRAVITY_MPS2], (len(felt), 1))
    header = Header(exercise="heel_tap", side="left", simulated=True)
    return Recording(header, reading("pelvis", pelvis, 0.0 * pelvis), reading("ankle", ankle, rate))


def taps(count: int, way_s: float) -> tuple[Pose, ...]:
    """Taps with the knee kept bent, from legs that are up."""
    down, pause = (HIGH[0] - TAP_DEG, HIGH[1], way_s), (*HIGH, 0.5)
    return (*HIGH, 1.2), (*HIGH, 1.0), *(down, (*HIGH, way_s), pause) * count


@pytest.mark.parametrize("way_s", [0.8, 1.5, 2.5])
@pytest.mark.parametrize(
    ("before", "after"), [(DRAWN_IN, ()), ((), SLID_OUT), (DRAWN_IN, SLID_OUT)], ids=["in", "out", "both"]
)
def test_only_the_taps_count(
    before: tuple[Pose, ...], after: tuple[Pose, ...], way_s: float, leg: Move
) -> None:
    made = recording_of((*before, *taps(5, way_s), *after), leg)

    assert analyze(made).summary.set.rep_count == 5


def test_the_lift_is_told_as_no_tap(leg: Move) -> None:
    summary = analyze(recording_of((*DRAWN_IN, *taps(5, 1.2)), leg)).summary

    assert [partial.reason for partial in summary.partials] == ["not_carried_round_hip"]


@pytest.mark.parametrize(("drawn_in_s", "certainty"), [(1.2, "high"), (6.0, "fair")])
def test_heels_drawn_in_too_slowly_to_be_felt_leave_the_count_uncertain(
    drawn_in_s: float, certainty: str, leg: Move
) -> None:
    drawn_in = (*FEET_FLAT, drawn_in_s), DRAWN_IN[1]
    found = analyze(recording_of((*drawn_in, *taps(5, 1.0)), leg)).summary.set

    assert found.rep_count == 5
    assert found.rep_count_certainty == certainty
