"""From session events to the snapshot: what a viewer is shown of a set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imu_reps import Header, Pose, Settings, Tempo
from imu_reps.domain.cue import Cue
from imu_reps.domain.events import PhaseChanged, PostureLeft, Ready, SetEnded
from imu_reps.sensors.stream_items import LinkState, SensorStatus
from imu_reps.session.session_events import (
    Connecting,
    FileMoved,
    SetBegan,
    SetProgress,
    SetState,
    after,
    counted_aloud,
)
from imu_reps.session.session_plan import SetGoal
from imu_reps.view.session_snapshot import (
    Counted,
    Moment,
    Snapshot,
    apply_cue,
    cue_alert,
    goal_snapshot,
    initial_snapshot,
    update_snapshot,
)

INITIAL = initial_snapshot(Header(), Settings())


def status(state: LinkState = "streaming") -> SensorStatus:
    return SensorStatus(state, 100.0, 80.0)


def updated(
    snapshot: Snapshot, state: SetState, pose: Pose | None = None, **links: SensorStatus
) -> tuple[Snapshot, tuple[Moment, ...]]:
    progress = SetProgress(9.0, state, links, pose)  # type: ignore[arg-type]
    return update_snapshot(snapshot, progress, Settings())


def test_the_initial_snapshot_holds_the_goal_and_the_limits() -> None:
    header = Header(
        exercise="heel_tap", side="right", start="high", tempo_target=Tempo(4, 3, 2, 0), floor_deg=24
    )

    snapshot = initial_snapshot(header, Settings.for_preset("strict"))

    assert (snapshot.aim.exercise, snapshot.aim.side, snapshot.aim.start) == ("heel_tap", "right", "high")
    assert snapshot.aim.eccentric_s == 4.0
    assert snapshot.aim.top_s == 0.0
    assert snapshot.limits.tilt_flag_deg == 4.0
    assert snapshot.limits.floor_deg == 24
    assert snapshot.state == "waiting"


def test_a_replayed_set_waits_for_its_start_and_is_marked_as_a_replay() -> None:
    goal = SetGoal("single_leg_raise", "left", "low", whole=True)
    waiting = goal_snapshot(goal, Settings())
    began, _ = update_snapshot(waiting, SetBegan(1, 1, goal, "set.csv", Header(floor_deg=20.0)), Settings())

    assert (waiting.replay, waiting.started, waiting.may_start) == (True, False, True)
    assert (began.replay, began.started, began.may_start) == (True, True, False)
    assert began.limits.floor_deg == 20.0


def test_a_set_goes_from_waiting_through_ready_and_running_to_its_end() -> None:
    state, states = SetState(), ["waiting"]
    for event in (
        Ready(3.0, True),
        PhaseChanged(3.5, "bottom", 0.0),
        PhaseChanged(5.0, "concentric", 4.0),
        SetEnded(60.0, "target", 8),
    ):
        state = after(state, event)
        states.append(updated(INITIAL, state)[0].state)

    assert states == ["waiting", "ready", "ready", "running", "ended"]


def test_sitting_up_ends_the_phase_but_not_the_set() -> None:
    state = SetState("running", "eccentric", 5.0)
    sitting = after(state, PostureLeft(20.0, 3))
    lying_again = after(sitting, PhaseChanged(40.0, "concentric", 4.0))

    assert (sitting.stage, sitting.phase) == ("running", None)
    assert (lying_again.stage, lying_again.phase, lying_again.phase_since_s) == (
        "running",
        "concentric",
        40.0,
    )


def test_repetitions_are_counted_and_taken_back_with_the_cues() -> None:
    snapshot, counted, state = INITIAL, list[Moment](), SetState("running")
    for count in (0, 1, 2, 2, 1):
        state = counted_aloud(state, count)
        snapshot, moments = updated(snapshot, state)
        counted += moments

    assert snapshot.count == 1
    assert counted == [Counted(9.0, 1), Counted(9.0, 2), Counted(9.0, 1, taken_back=True)]


def test_the_count_of_the_whole_set_stays_after_the_end() -> None:
    ended = after(SetState("running"), SetEnded(60.0, "left_posture", 8))
    snapshot, moments = updated(INITIAL, ended)

    assert counted_aloud(ended, 7) == ended
    assert (snapshot.count, snapshot.ended, snapshot.phase, moments) == (8, "left_posture", None, ())


def test_links_are_shown_during_a_set_and_while_connecting() -> None:
    silent, _ = updated(INITIAL, SetState(), pelvis=status("silent"), ankle=status())
    connecting, _ = update_snapshot(
        INITIAL, Connecting({"pelvis": status("awaited"), "ankle": status("found")}), Settings()
    )

    assert {place: link.state for place, link in silent.links.items()} == {
        "pelvis": "silent",
        "ankle": "streaming",
    }
    assert {place: link.state for place, link in connecting.links.items()} == {
        "pelvis": "awaited",
        "ankle": "found",
    }


def test_the_wearers_angles_are_rounded_and_unmeasured_ones_stay_none() -> None:
    snapshot, _ = updated(INITIAL, SetState(), Pose(12.3456, 47.24, None, -2.06))

    assert (snapshot.time_s, snapshot.leg_deg, snapshot.tilt_deg, snapshot.rotation_deg) == (
        12.346,
        47.2,
        None,
        -2.1,
    )


@pytest.mark.parametrize("exercise", ["double_leg_raise", "heel_tap"])
def test_a_leg_that_starts_high_has_no_angle_until_it_moves(exercise: str) -> None:
    initial = initial_snapshot(Header(exercise=exercise, start="high"), Settings())  # type: ignore[arg-type]
    pose = Pose(5.0, 80.0, -3.0, 0.0)
    snapshots = [updated(initial, SetState(stage), pose)[0] for stage in ("waiting", "ready", "running")]

    assert [snapshot.leg_deg for snapshot in snapshots] == [None, None, 80.0]
    assert snapshots[0].tilt_deg == -3.0


def test_the_tilt_is_hidden_while_the_leg_angle_is_unknown() -> None:
    """The pelvis tips as the legs are lifted into a high start; until that lift is known, it is no arch."""
    high = initial_snapshot(Header(start="high"), Settings())
    unknown, known = Pose(9.0, None, 8.0, 1.0), Pose(9.0, 60.0, -8.0, 1.0)

    assert updated(high, SetState("running"), unknown, ankle=status())[0].tilt_deg is None
    assert updated(high, SetState("running"), known, ankle=status())[0].tilt_deg == -8.0
    assert (
        updated(high, SetState("running"), unknown)[0].tilt_deg == 8.0
    )  # no ankle sensor: only the tilt is known
    assert updated(INITIAL, SetState("running"), unknown, ankle=status())[0].tilt_deg == 8.0


def test_an_imminent_fault_warns_less_gravely_than_one_that_occurred() -> None:
    arch = Cue("press_back", "press your back down", 80, 9.0, 9.0, 9.4, "tilt 5°", "fault")
    requested_stop = Cue("stop", "all right, we stop here", 100, 9.0, 9.0, 9.4, "asked for", "notice")

    assert cue_alert(arch) == "flag"
    assert cue_alert(replace(arch, tone="notice")) == "watch"
    assert cue_alert(requested_stop) == "none"
    assert cue_alert(replace(requested_stop, tone="stop")) == "flag"


def test_the_last_warning_stays_after_other_cues() -> None:
    arch = Cue("press_back", "press your back down", 80, 9.0, 9.0, 9.4, "tilt 5°", "fault")
    beat = Cue("beat", "", 0, 9.5, 9.5, 9.6, "tempo", "beat")

    warned, _ = apply_cue(INITIAL, arch)
    later, moments = apply_cue(warned, beat)

    assert warned.cue is not None
    assert (warned.cue.words, warned.cue.alert) == ("press your back down", "flag")
    assert later.cue == warned.cue
    assert len(moments) == 1


def test_a_battery_that_may_not_last_is_marked_low() -> None:
    links = {"pelvis": SensorStatus("streaming", 100.0, 14.9), "ankle": SensorStatus("streaming", 100.0)}

    shown, _ = update_snapshot(INITIAL, Connecting(links), Settings())

    assert [(link.battery_percent, link.battery_low) for link in shown.links.values()] == [
        (15, True),
        (None, False),
    ]


def test_trouble_with_the_file_is_shown_without_its_path() -> None:
    shown, _ = update_snapshot(INITIAL, FileMoved("/home/me/set.csv", was_removed=True), Settings())

    assert (
        shown.trouble
        == "The file of this set was removed or changed by another program; it was written anew."
    )
