"""The coach: which events become cues and which do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest

from imu_reps import Event, Note, Rep, Tempo
from imu_reps.coaching.coach import Coach, cue_note
from imu_reps.coaching.cues import CoachPlan
from imu_reps.domain.cue import CUES, SpeechOptions
from imu_reps.domain.events import (
    EndReached,
    FloorNear,
    LimitCrossed,
    PhaseChanged,
    Ready,
    RepCompleted,
    RepRetracted,
    SensorSilent,
    SetEnded,
    StopAsked,
)
from imu_reps.domain.tempo import TEMPO_PRESETS

SLOW_WITH_HOLD = TEMPO_PRESETS["slow_with_hold"]


def bottom(number: int, at_s: float) -> EndReached:
    """Return the end of repetition `number` of a set that starts low."""
    return EndReached(at_s, number, "bottom", True, at_s, 1.0)


def top(number: int, at_s: float) -> EndReached:
    return EndReached(at_s, number, "top", False, at_s, 60.0)


def crossed(code: Any, at_s: float) -> LimitCrossed:
    return LimitCrossed(at_s, 3, code, at_s - 0.15, 7.4, 6.0, "deg", 20.0)


def spoken_cues(coach: Coach, *events: Event, until_s: float = 0.0) -> list[tuple[float, str]]:
    """Return times and cues, polling the coach every 50 ms until the last event or `until_s`."""
    last_s = max([until_s, *(event.time_s for event in events)])
    cues = []
    for k in range(round(last_s / 0.05) + 2):
        now_s = k * 0.05
        now = [event for event in events if now_s - 0.05 < event.time_s <= now_s]
        cues += [(round(cue.time_s, 2), cue.words) for cue in coach.take(now, now_s)]
    return cues


def words(cues: list[tuple[float, str]]) -> list[str]:
    return [text for _, text in cues if text]


def test_repetitions_are_counted_at_their_end_and_the_last_ones_announced() -> None:
    coach = Coach(CoachPlan(reps=4))

    cues = spoken_cues(coach, *(bottom(n, 4.0 * n) for n in range(1, 5)), until_s=18.0)

    assert words(cues) == ["1, three more", "2", "3, one more", "4", "and done"]
    assert [at_s for at_s, _ in cues[:4]] == [4.0, 8.0, 12.0, 16.0]
    assert coach.counted == 4


def test_repetitions_are_counted_at_the_top_if_configured() -> None:
    events = [top(1, 2.0), bottom(1, 4.0), top(2, 6.0), bottom(2, 8.0)]

    assert spoken_cues(Coach(CoachPlan(spoken=SpeechOptions(count_at="top"))), *events) == [
        (2.0, "1"),
        (6.0, "2"),
    ]


def test_an_end_repeated_after_a_stall_is_counted_once() -> None:
    assert words(spoken_cues(Coach(CoachPlan()), bottom(1, 2.0), bottom(1, 4.0))) == ["1"]


def test_a_predicted_count_waits_for_the_arrival() -> None:
    early = EndReached(3.0, 1, "bottom", True, 3.2, 4.0)

    assert spoken_cues(Coach(CoachPlan()), early, until_s=4.0) == [(3.2, "1")]


def test_a_withdrawn_count_is_cued_and_counting_goes_on_from_there() -> None:
    coach = Coach(CoachPlan())

    cues = spoken_cues(
        coach, bottom(1, 2.0), bottom(2, 4.0), RepRetracted(6.0, 1, 3.0, "small"), bottom(2, 8.0)
    )

    assert words(cues) == ["1", "2", "back to 1", "2"]


def test_a_repetition_known_only_when_complete_is_counted_if_it_is_not_too_late(
    make_rep: Callable[..., Rep],
) -> None:
    rep = make_rep(1)
    coach = Coach(CoachPlan())

    assert words(spoken_cues(coach, RepCompleted(rep.end_s + 0.2, 1, rep))) == ["1"]

    late = Coach(CoachPlan())
    assert words(spoken_cues(late, RepCompleted(rep.end_s + 2.0, 1, rep))) == []
    assert late.counted == 1


def test_a_hold_at_the_bottom_is_counted_down_after_the_count_and_ends_with_up() -> None:
    coach = Coach(CoachPlan(tempo=SLOW_WITH_HOLD))

    cues = spoken_cues(coach, bottom(1, 4.0), PhaseChanged(4.2, "bottom", 1.0), until_s=9.0)

    assert cues == [(4.0, "1, hold, 3"), (5.0, "2"), (6.0, "1"), (7.0, "up")] or cues[0][1] == "1, hold, 3"
    assert words(cues) == ["1, hold, 3", "2", "1", "up"]


def test_the_countdown_of_a_hold_stops_when_the_hold_is_left() -> None:
    coach = Coach(CoachPlan(tempo=SLOW_WITH_HOLD, spoken=SpeechOptions(metronome=False)))

    cues = spoken_cues(coach, bottom(1, 4.0), PhaseChanged(5.5, "concentric", 8.0), until_s=9.0)

    assert "1" not in words(cues)


def test_the_metronome_counts_in_and_then_beats_the_seconds_of_each_phase() -> None:
    coach = Coach(CoachPlan(tempo=Tempo(4.0, 0.0, 2.0, 0.0)))

    cues = spoken_cues(coach, Ready(1.0, True), PhaseChanged(6.5, "concentric", 3.0), until_s=10.0)

    assert cues == [
        (1.0, "ready"),
        (3.0, "3"),
        (4.0, "2"),
        (5.0, "1"),
        (6.0, "up"),
        (7.5, ""),
        (8.5, ""),
    ]


def test_a_wearer_who_begins_early_is_not_counted_in() -> None:
    coach = Coach(CoachPlan(tempo=Tempo(4.0, 0.0, 2.0, 0.0)))

    cues = spoken_cues(coach, Ready(1.0, True), PhaseChanged(3.5, "concentric", 3.0), until_s=4.9)

    assert words(cues) == ["ready", "3"]


@pytest.mark.parametrize(
    ("code", "expected_words"),
    [
        ("back_arch", "flat back"),
        ("hip_pop", "hips level"),
        ("momentum", "no swing"),
        ("fast_lowering", "slower"),
    ],
)
def test_a_crossed_limit_is_cued_at_once(code: Any, expected_words: str) -> None:
    assert spoken_cues(Coach(CoachPlan()), crossed(code, 5.0)) == [(5.0, expected_words)]


def ended(time_s: float, number: int, end: Literal["top", "bottom"]) -> EndReached:
    return EndReached(time_s, number, end, end == "bottom", time_s, 0.0)


def test_a_number_spoken_for_a_fidget_is_repeated_for_the_repetition_it_belongs_to() -> None:
    fidget = ended(4.0, 1, "top"), ended(5.0, 1, "bottom"), ended(6.5, 1, "bottom")
    raised = ended(9.0, 1, "top"), ended(10.0, 1, "bottom")

    assert spoken_cues(Coach(CoachPlan()), *fidget, *raised) == [(5.0, "1"), (10.0, "1")]


def test_the_number_of_a_complete_repetition_is_spoken_once(make_rep: Callable[..., Rep]) -> None:
    complete = ended(4.0, 1, "top"), ended(5.0, 1, "bottom"), RepCompleted(5.2, 1, make_rep(1))

    assert spoken_cues(Coach(CoachPlan()), *complete, ended(9.0, 1, "top"), ended(10.0, 1, "bottom")) == [
        (5.0, "1")
    ]


def test_of_simultaneous_faults_the_back_comes_first_and_late_ones_are_dropped() -> None:
    coach = Coach(CoachPlan())

    cues = spoken_cues(coach, crossed("fast_lowering", 5.0), crossed("back_arch", 5.0), until_s=9.0)

    assert words(cues) == ["flat back"]


def test_the_floor_is_cued_only_where_the_back_let_go_recently(
    make_rep: Callable[..., Rep], make_fault: Callable[..., Any]
) -> None:
    near = FloorNear(30.0, 4, 20.0, 31.5, 32.0)
    arched, clean = make_rep(1, make_fault()), make_rep(1)

    assert spoken_cues(Coach(CoachPlan()), near) == []
    assert words(spoken_cues(Coach(CoachPlan()), RepCompleted(20.0, 1, arched), near)) == [
        "press your back down"
    ]
    assert words(spoken_cues(Coach(CoachPlan(floor_known=True)), near)) == ["press your back down"]
    assert spoken_cues(Coach(CoachPlan(floor_known=True)), RepCompleted(20.0, 1, clean), near) == []


def test_breathing_cues_follow_the_phase_if_configured() -> None:
    phases = [PhaseChanged(2.0, "concentric", 3.0), PhaseChanged(5.0, "eccentric", 60.0)]

    assert words(spoken_cues(Coach(CoachPlan(spoken=SpeechOptions(breathing=True))), *phases)) == [
        "breathe out",
        "breathe in",
    ]
    assert words(spoken_cues(Coach(CoachPlan()), *phases)) == []


@pytest.mark.parametrize(
    ("pain", "expected_words"), [(True, "stop, and rest"), (False, "all right, we stop here")]
)
def test_a_request_to_stop_precedes_everything_and_ends_the_coaching(pain: bool, expected_words: str) -> None:
    coach = Coach(CoachPlan())

    got = spoken_cues(coach, crossed("back_arch", 5.0), StopAsked(5.0, pain), bottom(1, 8.0), until_s=9.0)

    assert words(got) == [expected_words]


def test_a_silent_sensor_is_cued() -> None:
    assert words(spoken_cues(Coach(CoachPlan()), SensorSilent(3.0, "ankle"))) == [
        "the ankle sensor is silent, please wait"
    ]


def test_a_set_that_ends_before_its_target_is_cued_with_its_count() -> None:
    coach = Coach(CoachPlan(reps=10))

    assert words(spoken_cues(coach, bottom(1, 3.0), SetEnded(6.0, "left_posture", 1))) == ["1", "set over, 1"]


def test_a_spoken_cue_becomes_a_note_with_its_evidence() -> None:
    (cue,) = Coach(CoachPlan()).take([crossed("back_arch", 5.0)], 5.0)

    assert cue_note(cue) == Note(5.0, "cue", "press_back (back_arch 7.4 over 6 deg)")


def test_priorities_are_pain_tilt_rotation_swing_tempo_count() -> None:
    order = ["stop", "press_back", "hips_level", "no_swing", "slower", "count"]

    assert sorted(order, key=lambda code: -CUES[code].priority) == order  # type: ignore[index]


def test_a_slow_lowering_completed_early_is_counted_as_it_ends(make_rep: Callable[..., Rep]) -> None:
    rep = make_rep(1)
    still_moving = RepCompleted(rep.end_s, 1, rep)

    cues = spoken_cues(Coach(CoachPlan()), still_moving, bottom(1, rep.end_s + 1.5))

    assert [text for _, text in cues] == ["1"]
    assert cues[0][0] == pytest.approx(rep.end_s + 1.5, abs=0.06)


def test_a_repetition_completed_where_the_leg_has_arrived_is_counted(
    make_rep: Callable[..., Rep],
) -> None:
    rep = make_rep(2)
    coach = Coach(CoachPlan())

    cues = spoken_cues(coach, bottom(1, rep.end_s - 0.1), RepCompleted(rep.end_s, 2, rep))

    assert coach.counted == 2
    assert words(cues)[0] == "1"


def test_a_number_too_late_for_its_end_is_spoken_at_the_next_arrival_of_the_leg(
    make_rep: Callable[..., Rep],
) -> None:
    rep = make_rep(1)
    coach = Coach(CoachPlan())

    assert spoken_cues(coach, RepCompleted(rep.end_s + 3.0, 1, rep)) == []
    assert coach.counted == 1
    at_s = rep.end_s + 5.0
    assert [cue.words for cue in coach.take([bottom(1, at_s)], at_s)] == ["1"]


def test_a_fault_does_not_wait_for_the_number_and_the_screen_keeps_the_number() -> None:
    coach = Coach(CoachPlan(reps=2))

    cues = spoken_cues(coach, bottom(1, 5.0), crossed("momentum", 5.3))

    assert [at_s for at_s, _ in cues] == [5.0, 5.3]
    assert words(cues)[1] == "no swing"
    assert coach.counted == 1
