"""The ready gate: no set before lying (hanging) still, and its end on leaving the posture for two seconds."""

from __future__ import annotations

import numpy as np
import pytest

from imu_reps.analysis.ready import Window, ready_windows
from imu_reps.kinematics.rest import STILL_WINDOW_S


def spell(*spans_s: tuple[bool, float]) -> np.ndarray:
    return np.concatenate([np.full(round(seconds * 100), value) for value, seconds in spans_s])


def still_from(in_posture: np.ndarray, *spans_s: tuple[float, float]) -> np.ndarray:
    ready = np.zeros(len(in_posture), bool)
    for start, end in spans_s:
        ready[round(start * 100) : round(end * 100)] = True
    return ready & in_posture


def test_a_set_begins_with_the_half_second_of_rest_that_shows_ready() -> None:
    lying = spell((False, 10.0), (True, 30.0))
    (window,) = ready_windows(lying, still_from(lying, (12.0, 13.0)))

    assert window.ready == 1200
    assert window.start == 1200 - round(STILL_WINDOW_S * 100) + 1
    assert window.end == 4000
    assert not window.left_posture


def test_standing_and_walking_are_no_window_however_still() -> None:
    standing = spell((False, 20.0))

    assert ready_windows(standing, still_from(standing, (5.0, 15.0))) == []


def test_walking_then_lying_gives_the_lying_alone() -> None:
    lying = spell((False, 10.0), (True, 10.0), (False, 10.0))
    (window,) = ready_windows(lying, np.ones(len(lying), bool) & lying)

    assert (window.start, window.end, window.left_posture) == (1000, 2000, True)


@pytest.mark.parametrize(("away_s", "windows"), [(0.5, 1), (1.9, 1), (2.0, 2), (5.0, 2)])
def test_two_seconds_out_of_posture_end_a_set_and_less_does_not(away_s: float, windows: int) -> None:
    lying = spell((True, 10.0), (False, away_s), (True, 10.0))
    found = ready_windows(lying, still_from(lying, (1.0, 2.0), (10.0 + away_s, 12.0 + away_s)))

    assert len(found) == windows
    assert found[0].left_posture == (windows == 2)
    assert found[0].end == (1000 if windows == 2 else len(lying))


@pytest.mark.parametrize(("away_s", "left"), [(1.9, False), (2.0, True)])
def test_at_the_end_of_the_recording_the_same_rule_holds(away_s: float, left: bool) -> None:
    lying = spell((True, 10.0), (False, away_s))
    (window,) = ready_windows(lying, still_from(lying, (1.0, 2.0)))

    assert window.left_posture == left


def test_never_still_is_never_ready() -> None:
    lying = spell((True, 30.0))

    assert ready_windows(lying, np.zeros(len(lying), bool)) == []
    assert ready_windows(np.zeros(0, bool), np.zeros(0, bool)) == []


def test_each_spell_needs_its_own_rest() -> None:
    lying = spell((True, 10.0), (False, 4.0), (True, 10.0))

    assert [w.ready for w in ready_windows(lying, still_from(lying, (20.0, 21.0)))] == [2000]


def test_ready_at_once_is_a_window_from_the_first_instant() -> None:
    lying = spell((True, 5.0))

    assert ready_windows(lying, lying)[0] == Window(0, 0, 500, left_posture=False)
