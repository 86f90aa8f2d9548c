"""Plans and headers that name only the exercise get the defaults of that exercise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imu_reps import Header, RepPlan, SetPlan, analyze, simulate
from imu_reps.domain.exercise import EXERCISES, HOLDS, Exercise, default_posture, default_start
from imu_reps.errors import RefusedValueError


@pytest.mark.parametrize("exercise", [one for one in EXERCISES if one not in HOLDS])
def test_eight_repetitions_of_any_exercise_can_be_simulated_and_are_counted(exercise: Exercise) -> None:
    simulated = simulate(SetPlan(exercise=exercise))
    assert simulated.truth.rep_count == 8
    assert analyze(simulated.recording).summary.set.rep_count == 8


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_header_has_the_start_and_posture_of_its_exercise(exercise: Exercise) -> None:
    header = Header(exercise=exercise)
    assert (header.start, header.posture) == (default_start(exercise), default_posture(exercise))
    assert replace(header, start="high").start == "high"


def test_a_heel_tap_without_lowering_is_refused() -> None:
    with pytest.raises(RefusedValueError, match="heel tap"):
        SetPlan(exercise="heel_tap", reps=(RepPlan(),))


def test_a_heel_tap_from_the_floor_is_refused_for_its_angles_are_below_its_start() -> None:
    with pytest.raises(RefusedValueError, match="starts high"):
        SetPlan(exercise="heel_tap", start="low")
