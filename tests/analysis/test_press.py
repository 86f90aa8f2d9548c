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
