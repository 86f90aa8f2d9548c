"""Rules that end a set: n faulty repetitions in a row, range or speed lost."""

from __future__ import annotations

import pytest

from imu_reps.session.session_plan import StopRules, stop_reason

NOTHING = StopRules()
FAULTY = StopRules(faulty_reps=3)
RANGE = StopRules(range_loss=0.2)
SPEED = StopRules(speed_loss=0.3)


@pytest.fixture
def reps(make_rep, make_fault):
    """Repetitions with the given ranges and speeds; `x` in the pattern marks a faulty one."""

    def _reps(pattern="", ranges=None, speeds=None):
        count = max(len(pattern), len(ranges or ()), len(speeds or ()))
        return [
            make_rep(
                k + 1,
                *([make_fault()] if pattern[k : k + 1] == "x" else []),
                range_deg=ranges[k] if ranges else 60.0,
                peak_concentric_dps=speeds[k] if speeds else 55.0,
            )
            for k in range(count)
        ]

    return _reps


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [("xx", None), ("xxx", "faulty_reps"), ("xx.x", None), ("..xxx", "faulty_reps"), ("xxx.", None)],
)
def test_faulty_reps_in_a_row_end_a_set(reps, pattern, reason) -> None:
    assert stop_reason(FAULTY, reps(pattern)) == reason
    assert stop_reason(NOTHING, reps(pattern)) is None


def test_a_leg_possibly_just_put_down_ends_no_set(make_rep, make_fault) -> None:
    below = [make_rep(number, make_fault(code="below_floor")) for number in (1, 2, 3, 4)]

    assert stop_reason(FAULTY, below[:3]) is None
    assert stop_reason(FAULTY, below) == "faulty_reps"
    assert stop_reason(FAULTY, below[:3], "high") == "faulty_reps"


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ([60, 60, 60, 40], False),
        ([60, 60, 60, 40, 40], True),
        ([60, 60, 60, 50, 50], False),
        ([60, 60, 60, 40, 60], False),
        ([60, 30, 60, 47, 47], True),
        ([60, 60, None, 40, 40], False),
        ([60, 60, 60, 40, None], False),
    ],
)
def test_two_reps_in_a_row_with_the_given_loss_end_a_set(reps, values, ends) -> None:
    assert stop_reason(RANGE, reps(ranges=values)) == ("range_lost" if ends else None)


def test_speed_loss_is_judged_like_range_loss(reps) -> None:
    assert stop_reason(SPEED, reps(speeds=[60.0, 62.0, 58.0, 40.0, 38.0])) == "speed_lost"
    assert stop_reason(SPEED, reps(speeds=[60.0, 62.0, 58.0, 50.0, 48.0])) is None
