"""From what a session tells to the picture: what a viewer is shown of a set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imu_reps import Header, Pose, Settings, Tempo
from imu_reps.domain.cue import Cue
from imu_reps.domain.events import PhaseChanged, PostureLeft, Ready, SetEnded
from imu_reps.sensors.stream_items import LinkState, SensorStatus
from imu_reps.session.session_events import Connecting, SetBegan, SetProgress
from imu_reps.session.session_plan import SetGoal
from imu_reps.session.set_state import SetState, after, counted_aloud
from imu_reps.view.session_picture import alert, cued, first_picture, goal_picture, session_picture
from imu_reps.view.snapshot import Counted, Moment, Snapshot

FIRST = first_picture(Header(), Settings())


def status(state: LinkState = "streaming") -> SensorStatus:
    return SensorStatus(state, 100.0, 80.0, None, None, None, 0, None, 0, 0, 0, 0, None)


def shown(
    picture: Snapshot, state: SetState, pose: Pose | None = None, **links: SensorStatus
) -> tuple[Snapshot, tuple[Moment, ...]]:
    progress = SetProgress(9.0, state, links, pose)  # type: ignore[arg-type]
    return session_picture(picture, progress, Settings())


def test_the_first_picture_knows_what_is_aimed_at_and_the_limits() -> None:
    header = Header(
        exercise="heel_tap", side="right", start="high", tempo_target=Tempo(4, 3, 2, 0), floor_deg=24
    )

    picture = first_picture(header, Settings.for_preset("strict"))

    assert (picture.aim.exercise, picture.aim.side, picture.aim.start) == ("heel_tap", "right", "high")
    assert picture.aim.eccentric_s == 4.0
    assert picture.aim.top_s == 0.0
    assert picture.limits.tilt_flag_deg == 4.0
    assert picture.limits.floor_deg == 24
    assert picture.state == "waiting"


def test_a_set_that_is_played_again_waits_for_its_start_and_says_what_it_is() -> None:
    goal = SetGoal("single_leg_raise", "left", "low", whole=True)
    waiting = goal_picture(goal, Settings())
    began, _ = session_picture(waiting, SetBegan(1, 1, goal, "set.csv", Header(floor_deg=20.0)), Settings())

    assert (waiting.replay, waiting.started, waiting.may_start) == (True, False, True)
    assert (began.replay, began.started, began.may_start) == (True, True, False)
    assert began.limits.floor_deg == 20.0


def test_a_set_goes_from_waiting_over_ready_and_running_to_its_end() -> None:
    state, states = SetState(), ["waiting"]
    for event in (
        Ready(3.0, True),
        PhaseChanged(3.5, "bottom", 0.0),
        PhaseChanged(5.0, "concentric", 4.0),
        SetEnded(60.0, "target", 8),
    ):
        state = after(state, event)
        states.append(shown(FIRST, state)[0].state)

    assert states == ["waiting", "ready", "ready", "running", "ended"]


def test_who_sits_up_is_in_no_phase_and_the_set_goes_on() -> None:
    state = SetState("running", "eccentric", 5.0)
    up = after(state, PostureLeft(20.0, 3))
    again = after(up, PhaseChanged(40.0, "concentric", 4.0))

    assert (up.stage, up.phase) == ("running", None)
    assert (again.stage, again.phase, again.phase_since_s) == ("running", "concentric", 40.0)


def test_repetitions_are_counted_and_taken_back_as_the_coach_says() -> None:
    picture, told, state = FIRST, list[Moment](), SetState("running")
    for count in (0, 1, 2, 2, 1):
        state = counted_aloud(state, count)
        picture, moments = shown(picture, state)
        told += moments

    assert picture.count == 1
    assert told == [Counted(9.0, 1), Counted(9.0, 2), Counted(9.0, 1, taken_back=True)]


def test_after_the_end_the_whole_sets_count_stays() -> None:
    over = after(SetState("running"), SetEnded(60.0, "left_posture", 8))
    picture, moments = shown(FIRST, over)

    assert counted_aloud(over, 7) == over
    assert (picture.count, picture.ended, picture.phase, moments) == (8, "left_posture", None, ())


def test_links_are_shown_as_they_are_and_while_connecting_too() -> None:
    silent, _ = shown(FIRST, SetState(), pelvis=status("silent"), ankle=status())
    half, _ = session_picture(
        FIRST, Connecting({"pelvis": status("awaited"), "ankle": status("found")}), Settings()
    )

    assert {place: link.state for place, link in silent.links.items()} == {
        "pelvis": "silent",
        "ankle": "streaming",
    }
    assert {place: link.state for place, link in half.links.items()} == {
        "pelvis": "awaited",
        "ankle": "found",
    }


def test_the_wearer_moves_and_what_is_not_measured_is_not_drawn() -> None:
    picture, _ = shown(FIRST, SetState(), Pose(12.3456, 47.24, None, -2.06))

    assert (picture.time_s, picture.leg_deg, picture.tilt_deg, picture.rotation_deg) == (
        12.346,
        47.2,
        None,
        -2.1,
    )


@pytest.mark.parametrize("exercise", ["double_leg_raise", "heel_tap"])
def test_a_leg_that_starts_high_has_no_angle_until_it_moves(exercise: str) -> None:
    first = first_picture(Header(exercise=exercise, start="high"), Settings())  # type: ignore[arg-type]
    pose = Pose(5.0, 80.0, -3.0, 0.0)
    pictures = [shown(first, SetState(stage), pose)[0] for stage in ("waiting", "ready", "running")]

    assert [picture.leg_deg for picture in pictures] == [None, None, 80.0]
    assert pictures[0].tilt_deg == -3.0


def test_the_tilt_under_a_leg_of_which_nobody_knows_where_it_is_is_not_shown() -> None:
    """Lifted into a high start the pelvis tips: no arch, as long as nobody knows that this is the lift."""
    high = first_picture(Header(start="high"), Settings())
    unknown, known = Pose(9.0, None, 8.0, 1.0), Pose(9.0, 60.0, -8.0, 1.0)

    assert shown(high, SetState("running"), unknown, ankle=status())[0].tilt_deg is None
    assert shown(high, SetState("running"), known, ankle=status())[0].tilt_deg == -8.0
    assert shown(high, SetState("running"), unknown)[0].tilt_deg == 8.0  # no ankle sensor: all there is
    assert shown(FIRST, SetState("running"), unknown, ankle=status())[0].tilt_deg == 8.0


def test_what_is_about_to_go_wrong_warns_less_gravely_than_what_has() -> None:
    arch = Cue("press_back", "press your back down", 80, 9.0, 9.0, 9.4, "tilt 5°", "fault")
    asked = Cue("stop", "all right, we stop here", 100, 9.0, 9.0, 9.4, "asked for", "notice")

    assert alert(arch) == "flag"
    assert alert(replace(arch, tone="notice")) == "watch"
    assert alert(asked) == "none"
    assert alert(replace(asked, tone="stop")) == "flag"


def test_a_warning_colours_the_screen_and_stays_known() -> None:
    arch = Cue("press_back", "press your back down", 80, 9.0, 9.0, 9.4, "tilt 5°", "fault")
    beat = Cue("beat", "", 0, 9.5, 9.5, 9.6, "tempo", "beat")

    warned, _ = cued(FIRST, arch)
    later, moments = cued(warned, beat)

    assert warned.cue is not None
    assert (warned.cue.words, warned.cue.alert) == ("press your back down", "flag")
    assert later.cue == warned.cue
    assert len(moments) == 1
