"""The setup test: how far and how long the pelvis was tipped back from its rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imu_reps import Header, Recording, SampleBlock
from imu_reps.analysis.end_range_test import press_back
from imu_reps.errors import RecordingError
from imu_reps.report.history_text import press_sentences

RATE_HZ, REST_S = 100.0, 4.0


def recorded(*pressed: tuple[float, float], rest_s: float = REST_S, between_s: float = 2.0) -> Recording:
    """Return a pelvis that rests and is repeatedly tipped back, by the given degrees and seconds.

    A press begins and ends within 1 s each.
    """
    pieces = [np.zeros(round(rest_s * RATE_HZ))]
    ramp = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, round(RATE_HZ)))
    for degrees, held_s in pressed:
        pieces += [degrees * ramp, np.full(round(held_s * RATE_HZ), degrees), degrees * ramp[::-1]]
        pieces.append(np.zeros(round(between_s * RATE_HZ)))
    back = np.radians(np.concatenate(pieces))
    count, rng = len(back), np.random.default_rng(0)
    up = np.column_stack([np.zeros(count), -np.sin(back), np.cos(back)])
    rate = np.column_stack([-np.degrees(np.gradient(back, 1.0 / RATE_HZ)), np.zeros((count, 2))])
    time_s = np.arange(count) / RATE_HZ
    block = SampleBlock(
        "pelvis",
        time_s,
        np.arange(count),
        time_s,
        9.81 * up + rng.normal(0.0, 0.02, (count, 3)),
        rate + rng.normal(0.0, 0.1, (count, 3)),
    )
    return Recording(Header(exercise="single_leg_raise_bent"), block, None)


def test_a_press_has_its_angle_and_its_duration() -> None:
    press = press_back(recorded((9.0, 8.0)))

    assert press.pressed
    assert press.tilt_deg == pytest.approx(9.0, abs=0.5)
    assert press.held_s == pytest.approx(9.0, abs=0.3)  # half of each second of onset and release
    assert "tipped back by 9°" in press_sentences(press)[0]


def test_the_longest_press_gives_the_duration_and_the_strongest_the_angle() -> None:
    press = press_back(recorded((12.0, 2.0), (10.0, 6.0)))

    assert press.tilt_deg == pytest.approx(12.0, abs=0.5)
    assert press.held_s == pytest.approx(7.0, abs=0.3)


def test_an_angle_within_the_measurement_error_is_no_press() -> None:
    press = press_back(recorded((2.0, 5.0)))

    assert (press.pressed, press.held_s) == (False, 0.0)
    assert "may be nothing" in press_sentences(press)[0]


def with_leg(pelvis: Recording, lifted: tuple[float, float]) -> Recording:
    """Add an ankle sensor: a leg that lies, and is lifted by 60° between the two times, within 0.5 s each."""
    assert pelvis.pelvis is not None
    time_s = pelvis.pelvis.time_s
    ways = [0.5 - 0.5 * np.cos(np.pi * np.clip((time_s - at) / 0.5, 0.0, 1.0)) for at in lifted]
    lift = np.radians(60.0) * (ways[0] - ways[1])
    noise = np.random.default_rng(1).normal(0.0, [[0.02] * 3 + [0.1] * 3], (len(time_s), 6))
    force = 9.81 * np.column_stack([-np.sin(lift), np.zeros_like(lift), np.cos(lift)])
    rate = np.degrees(np.gradient(lift, time_s))[:, None] * [0.0, 1.0, 0.0]
    ankle = replace(pelvis.pelvis, sensor="ankle", acc_mps2=force + noise[:, :3], gyr_dps=rate + noise[:, 3:])
    return replace(pelvis, ankle=ankle)


def test_a_pelvis_that_tips_back_with_a_lifted_leg_is_no_press() -> None:
    press = press_back(with_leg(recorded((12.0, 3.0)), (3.5, 8.8)))
    said = " ".join(press_sentences(press))

    assert not press.pressed
    assert press.lifted_deg == pytest.approx(60.0, abs=2.0)
    assert "The leg turned by up to 60°" in said
    assert "may be nothing" in said


def test_a_press_before_the_leg_is_lifted_is_measured_all_the_same() -> None:
    press = press_back(with_leg(recorded((9.0, 4.0), (14.0, 3.0)), (11.5, 16.8)))

    assert press.tilt_deg == pytest.approx(9.0, abs=0.5)
    assert press.held_s == pytest.approx(5.0, abs=0.3)
    assert press.lifted_deg == pytest.approx(60.0, abs=2.0)


def test_a_leg_that_rests_leaves_nothing_out() -> None:
    alone = recorded((9.0, 4.0))

    assert press_back(with_leg(alone, (50.0, 60.0))) == press_back(alone)


def test_arching_is_no_press() -> None:
    assert not press_back(recorded((-12.0, 5.0))).pressed


def test_sitting_up_afterwards_is_no_press() -> None:
    assert press_back(recorded((8.0, 4.0), (-85.0, 3.0))).tilt_deg == pytest.approx(8.0, abs=0.5)


def test_without_a_rest_before_it_there_is_no_reference() -> None:
    with pytest.raises(RecordingError) as refused:
        press_back(recorded(*[(9.0, 0.1)] * 8, rest_s=0.2, between_s=0.1))

    assert refused.value.code == "no_zero"
    assert "Lie relaxed" in refused.value.hint


def test_without_a_pelvis_sensor_it_is_refused() -> None:
    with pytest.raises(RecordingError):
        press_back(replace(recorded((9.0, 5.0)), pelvis=None))
