"""From events to the picture: what a viewer is shown of a set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imu_reps.domain.cue import Cue
from imu_reps.domain.events import (
    Event,
    PhaseChanged,
    PostureLeft,
    Ready,
    SensorBack,
    SensorSilent,
    SetEnded,
)
from imu_reps.domain.pose import Pose
from imu_reps.domain.recording import Header
from imu_reps.domain.settings import Settings
from imu_reps.domain.tempo import Tempo
from imu_reps.view.scene import alert, counted, cued, first_picture, heard, posed
from imu_reps.view.snapshot import Counted, Ended, Moment, Snapshot


def after(*events: Event) -> tuple[Snapshot, list[Moment]]:
    """The picture after these events, and what was told on the way."""
    picture, moments = first_picture(Header(), Settings()), list[Moment]()
    for event in events:
        picture, more = heard(picture, event)
        moments += more
    return picture, moments


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


def test_a_set_goes_from_waiting_over_ready_and_running_to_its_end() -> None:
    events: list[Event] = [
        Ready(3.0, True),
        PhaseChanged(3.5, "bottom", 0.0),
        PhaseChanged(5.0, "concentric", 4.0),
        SetEnded(60.0, "target", 8),
    ]

    states = [after(*events[:known])[0].state for known in range(5)]

    assert states == ["waiting", "ready", "ready", "running", "ended"]


def test_who_sits_up_is_in_no_phase_and_the_set_goes_on() -> None:
    events = [Ready(3.0, True), PhaseChanged(5.0, "eccentric", 4.0), PostureLeft(20.0, 3)]
    up, moments = after(*events)
    again, _ = after(*events, PhaseChanged(40.0, "concentric", 4.0))

    assert (up.state, up.phase, moments) == ("running", None, [])
    assert (again.state, again.phase) == ("running", "concentric")


def test_repetitions_are_counted_and_taken_back_as_the_coach_says() -> None:
    picture, told = first_picture(Header(), Settings()), list[Moment]()
    for count in (0, 1, 2, 2, 1):
        picture, moments = counted(picture, count, 9.0)
        told += moments

    assert picture.count == 1
    assert told == [Counted(9.0, 1), Counted(9.0, 2), Counted(9.0, 1, taken_back=True)]


def test_after_the_end_the_whole_sets_count_stays() -> None:
    over, _ = after(SetEnded(60.0, "target", 8))

    assert counted(over, 7, 61.0) == (over, ())


def test_the_phase_is_known_since_when() -> None:
    picture, _ = after(Ready(1.0, True), PhaseChanged(5.0, "concentric", 3.0), PhaseChanged(7.0, "top", 60.0))

    assert (picture.phase, picture.phase_since_s) == ("top", 7.0)


def test_the_end_is_told_once_with_its_count() -> None:
    picture, moments = after(SetEnded(60.0, "left_posture", 8))

    assert moments == [Ended(60.0, "left_posture", 8)]
    assert (picture.count, picture.ended, picture.phase) == (8, "left_posture", None)


@pytest.mark.parametrize("place", ["pelvis", "ankle"])
def test_a_silent_sensor_is_seen_until_it_is_back(place: str) -> None:
    silent, _ = after(SensorSilent(9.0, place))  # type: ignore[arg-type]
    back, _ = after(SensorSilent(9.0, place), SensorBack(12.0, place))  # type: ignore[arg-type]

    assert [link.state for link in silent.links.values()] == ["silent"]
    assert [link.state for link in back.links.values()] == ["streaming"]


def test_the_wearer_moves_and_what_is_not_measured_is_not_drawn() -> None:
    first = first_picture(Header(), Settings())

    picture = posed(first, Pose(12.3456, 47.24, None, -2.06))

    assert (picture.time_s, picture.leg_deg, picture.tilt_deg, picture.rotation_deg) == (
        12.346,
        47.2,
        None,
        -2.1,
    )
    assert posed(picture, None) == picture


@pytest.mark.parametrize("exercise", ["double_leg_raise", "heel_tap"])
def test_a_leg_that_starts_high_has_no_angle_until_it_moves(exercise: str) -> None:
    first = first_picture(Header(exercise=exercise, start="high"), Settings())  # type: ignore[arg-type]
    moving, _ = heard(replace(first, state="ready"), PhaseChanged(5.0, "eccentric", 80.0))
    pose = Pose(5.0, 80.0, -3.0, 0.0)

    assert [posed(picture, pose).leg_deg for picture in (first, replace(first, state="ready"), moving)] == [
        None,
        None,
        80.0,
    ]
    assert posed(first, pose).tilt_deg == -3.0


def test_what_is_about_to_go_wrong_warns_less_gravely_than_what_has() -> None:
    arch = Cue("press_back", "press your back down", 80, 9.0, 9.0, 9.4, "tilt 5°", "fault")
    asked = Cue("stop", "all right, we stop here", 100, 9.0, 9.0, 9.4, "asked for", "notice")

    assert alert(arch) == "flag"
    assert alert(replace(arch, tone="notice")) == "watch"
    assert alert(asked) == "none"
    assert alert(replace(asked, tone="stop")) == "flag"


def test_a_warning_colours_the_screen_and_stays_known() -> None:
    first = first_picture(Header(), Settings())
    arch = Cue("press_back", "press your back down", 80, 9.0, 9.0, 9.4, "tilt 5°", "fault")
    beat = Cue("beat", "", 0, 9.5, 9.5, 9.6, "tempo", "beat")

    warned, _ = cued(first, arch)
    later, moments = cued(warned, beat)

    assert warned.cue is not None
    assert (warned.cue.words, warned.cue.alert) == ("press your back down", "flag")
    assert later.cue == warned.cue
    assert len(moments) == 1
