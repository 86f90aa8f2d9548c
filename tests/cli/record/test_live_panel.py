"""The live panel of a set, drawn from a snapshot of it."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from imu_reps.cli.record.gauges import BLOCKS, LINE_ROWS, PLAIN, SIZES, big, big_words, gauges
from imu_reps.cli.record.panel import LivePanel
from imu_reps.domain.exercise import EXERCISES
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.report.phrases import COUNTING_LATE
from imu_reps.view.session_snapshot import Aim, Alert, CueView, LimitsView, LinkView, Snapshot

LIMITS = LimitsView(3.0, 6.0, 4.0, 7.0, floor_deg=30.0)
LOWERING = Snapshot(
    Aim("single_leg_raise", "left", reps=10, eccentric_s=4.0, bottom_s=3.0, concentric_s=2.0, top_s=0.0),
    LIMITS,
    {"pelvis": LinkView("streaming", 100.0, 80.0), "ankle": LinkView("streaming", 99.0, 70.0)},
    state="running",
    started=True,
    time_s=42.0,
    leg_deg=45.0,
    tilt_deg=1.0,
    rotation_deg=-2.0,
    phase="eccentric",
    phase_since_s=40.0,
    count=7,
    set_number=1,
    set_of=3,
)
KEYS = "Enter ends the set, Ctrl-C ends all."


def cue(words: str, alert: Alert = "none", time_s: float = 41.0) -> CueView:
    return CueView(time_s, "slower" if words == "slower" else "press_back", words, "fault", alert)


def drawn(
    snapshot: Snapshot, columns: int = 80, rows: int = 24, *, encoding: str = "utf-8", **console: bool
) -> str:
    """Return the drawn panel, without colours by default."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace", newline="\n")
    settings = {"legacy_windows": False, "no_color": True, **console}
    Console(file=file, width=columns, height=rows, emoji=False, **settings).print(LivePanel(snapshot, KEYS))  # type: ignore[arg-type]
    file.seek(0)
    return file.read()


def row_of(screen: str, name: str) -> str:
    return next(line for line in screen.splitlines() if line.startswith(f"│ {name}"))


def contains_big(screen: str, text: str, min_rows: int) -> bool:
    """Return whether the text appears in big letters of at least `min_rows` rows."""
    return any(
        letters and all(row.rstrip() in screen for row in letters)
        for rows in range(min_rows, 24)
        if len(letters := big(text, 200, rows)) >= min_rows
    )


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (40, 24), (120, 50)])
def test_everything_is_shown_and_the_count_is_big(columns: int, rows: int) -> None:
    screen = drawn(LOWERING, columns, rows)

    assert contains_big(screen, "7", 5)
    for words in (
        "7 of 10 reps",
        "Single leg raise",
        "0:42",
        "2.0 of 4 s",
        "45° floor 30°",
        "1° good",
        "-2° good",
    ):
        assert words in screen
    assert "pelvis 100 Hz, battery 80 %" in screen
    assert "ankle 99 Hz, battery 70 %" in screen
    assert "Ctrl-C ends all" in screen


def test_a_wide_terminal_has_the_phase_in_big_letters_and_the_set() -> None:
    screen = drawn(LOWERING)

    assert contains_big(screen, "down", 3)
    assert "set 1 of 3" in screen


def test_the_count_fills_a_large_terminal() -> None:
    assert contains_big(drawn(LOWERING, 120, 50), "7", 20)


def test_a_low_terminal_keeps_count_cue_and_links() -> None:
    screen = drawn(replace(LOWERING, cue=cue("press your back down", "flag")), 80, 10)

    assert "7 of 10 reps" in screen
    assert "!!" in screen
    assert "press your back down" in screen
    assert "pelvis 100 Hz" in screen


@pytest.mark.parametrize(
    ("elapsed_s", "share"), [(0.0, 0.0), (1.0, 0.25), (2.0, 0.5), (4.0, 1.0), (4.5, 1.0)]
)
def test_the_bar_shows_the_share_of_the_lowering_that_is_over(elapsed_s: float, share: float) -> None:
    line = row_of(drawn(replace(LOWERING, time_s=40.0 + elapsed_s)), "down")
    full, empty = line.count(BLOCKS.full), line.count(BLOCKS.empty)

    assert full / (full + empty) == pytest.approx(share, abs=0.01)
    assert f"{elapsed_s:.1f} of 4 s" in line


def test_late_and_too_fast_are_shown() -> None:
    late = replace(LOWERING, time_s=40.0 + 4.0 * SIZES.late + 0.1)
    fast = replace(LOWERING, cue=cue("slower", "watch"))
    earlier = replace(LOWERING, cue=cue("slower", "watch", time_s=30.0))

    assert "late" in row_of(drawn(late), "down")
    assert "too fast" in row_of(drawn(fast), "down")
    assert "too fast" not in row_of(drawn(earlier), "down")


def test_a_tempo_part_without_duration_is_no_hold() -> None:
    assert "no hold" in drawn(replace(LOWERING, phase="top"))


def test_without_a_tempo_the_bar_shows_the_leg() -> None:
    screen = drawn(replace(LOWERING, aim=Aim(), limits=replace(LIMITS, floor_deg=None)))
    line = row_of(screen, "leg")
    full, empty = line.count(BLOCKS.full), line.count(BLOCKS.empty)

    assert full / (full + empty) == pytest.approx(0.5, abs=0.01)
    assert " of 4 s" not in screen
    assert "floor" not in screen


@pytest.mark.parametrize(("exercise", "leg_deg"), [("single_leg_raise", 30.0), ("heel_tap", -60.0)])
def test_the_floor_is_a_mark_at_its_angle(exercise: str, leg_deg: float) -> None:
    aim = Aim(exercise)  # type: ignore[arg-type]
    line = row_of(
        drawn(replace(LOWERING, aim=aim, leg_deg=0.0, limits=replace(LIMITS, floor_deg=leg_deg))), "leg"
    )
    bar = line.removeprefix("│ leg").split("°")[0].strip()[: -len("0") - 1]

    assert bar.index(BLOCKS.floor) / len(bar) == pytest.approx(1 / 3, abs=0.04)


@pytest.mark.parametrize(
    ("tilt_deg", "text"), [(-9.0, "-9° good"), (2.9, "3° good"), (3.1, "3° watch"), (6.1, "6° too far")]
)
def test_only_an_arched_back_is_outside_its_band(tilt_deg: float, text: str) -> None:
    assert text in row_of(drawn(replace(LOWERING, tilt_deg=tilt_deg)), "back")


@pytest.mark.parametrize(
    ("rotation_deg", "text"),
    [(-9.0, "-9° too far"), (-5.0, "-5° watch"), (3.9, "4° good"), (7.5, "8° too far")],
)
def test_hips_may_turn_to_neither_side(rotation_deg: float, text: str) -> None:
    assert text in row_of(drawn(replace(LOWERING, rotation_deg=rotation_deg)), "hips")


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("rotation_deg", [-30.0, -7.5, 0.0, 7.4, 15.0])
def test_the_needle_is_at_the_angle_among_zones_with_their_own_marks(
    rotation_deg: float, columns: int
) -> None:
    zones = gauges(LOWERING, BLOCKS)[-1].bar(columns).plain
    bar = gauges(replace(LOWERING, rotation_deg=rotation_deg), BLOCKS)[-1].bar(columns).plain
    where = (max(-SIZES.span_deg, min(SIZES.span_deg, rotation_deg)) / SIZES.span_deg + 1.0) / 2.0

    assert (bar.index(BLOCKS.needle) + 0.5) / columns == pytest.approx(where, abs=1.6 / columns)
    assert set(zones) == {*BLOCKS.zones.values(), BLOCKS.needle, " "}
    assert len(bar) == columns


def test_an_unmeasured_angle_has_no_needle_and_is_named() -> None:
    screen = drawn(replace(LOWERING, tilt_deg=None, rotation_deg=None, leg_deg=None))

    for name in ("back", "hips"):
        assert "not measured" in row_of(screen, name)
        assert BLOCKS.needle not in row_of(screen, name)


def test_a_lost_sensor_is_marked_and_a_low_battery_is_shown() -> None:
    low = LinkView("streaming", 100.0, 9.0, battery_low=True)
    screen = drawn(replace(LOWERING, links={"pelvis": LinkView("away"), "ankle": low}))

    assert "! pelvis lost, trying again" in screen
    assert "battery 9 % (low)" in screen


def test_a_cue_is_in_big_letters_until_it_is_old() -> None:
    snapshot = replace(LOWERING, cue=cue("slower", "watch"))

    assert contains_big(drawn(snapshot), "slower", LINE_ROWS)
    assert not contains_big(drawn(replace(snapshot, time_s=44.0)), "slower", LINE_ROWS)


def test_the_number_alone_is_not_shown_twice() -> None:
    snapshot = replace(LOWERING, cue=cue("7"))

    assert drawn(snapshot) == drawn(replace(LOWERING, cue=None))


def test_a_warning_is_marked_by_more_than_colour() -> None:
    assert "!!" in drawn(replace(LOWERING, cue=cue("press your back down", "flag")))
    assert "!" not in drawn(LOWERING)


def test_a_rest_shows_its_clock_the_next_set_and_what_to_move() -> None:
    screen = drawn(replace(LOWERING, state="resting", phase=None, remaining_s=83.0, move_to="right"), 40, 24)

    assert contains_big(screen, "1:23", 3)
    assert "until set 2 of 3" in screen
    assert "Move the ankle sensor" in screen
    assert "back" not in screen


def test_a_rest_that_is_over_waits_for_the_lost_sensor() -> None:
    links: dict[SensorPlace, LinkView] = {"pelvis": LinkView("streaming"), "ankle": LinkView("away")}
    screen = drawn(replace(LOWERING, state="resting", remaining_s=0.0, links=links), 40, 14)

    assert "waiting for the ankle sensor" in screen


def test_an_ended_set_shows_its_end_and_what_went_wrong() -> None:
    screen = drawn(
        replace(LOWERING, state="ended", ended="user", trouble="The disk is full. Free some space.")
    )

    assert contains_big(screen, "set over", LINE_ROWS)
    assert "! The disk is full." in screen


@pytest.mark.parametrize("columns", [30, 40])
def test_errors_are_not_cut_in_a_narrow_terminal(columns: int) -> None:
    trouble = COUNTING_LATE
    screen = " ".join(drawn(replace(LOWERING, trouble=trouble), columns, 24).replace("│", " ").split())

    assert f"! {trouble}" in screen


def test_without_counting_the_time_is_shown() -> None:
    screen = drawn(replace(LOWERING, aim=Aim("single_leg_raise_bent", counts=False), count=0))

    assert "Press the back flat" in screen
    assert contains_big(screen, "0:42", 3)
    assert "rep" not in screen


def test_a_hold_shows_its_duration() -> None:
    screen = drawn(replace(LOWERING, aim=Aim("hollow_hold", "both"), held_s=12.4, phase=None, count=0))

    assert contains_big(screen, "0:12", 3)
    assert "reps" not in screen


def test_before_anything_begins_the_search_for_sensors_is_shown() -> None:
    screen = drawn(Snapshot(Aim(), LIMITS), 80, 14)

    assert "Keep them near and awake." in screen
    assert "rep" not in screen.replace("imu-reps", "")


def test_without_colour_the_words_are_the_same() -> None:
    snapshot = replace(LOWERING, cue=cue("press your back down", "flag"), tilt_deg=9.0)
    coloured = drawn(snapshot, no_color=False, force_terminal=True)

    assert Text.from_ansi(coloured).plain.rstrip() == drawn(snapshot).rstrip()
    assert "\x1b[" in coloured
    assert "\x1b[" not in drawn(snapshot)


def test_a_terminal_without_block_characters_gets_plain_ones() -> None:
    screen = drawn(replace(LOWERING, cue=cue("slower", "watch")), encoding="ascii").replace("°", "")

    assert "7 of 10 reps" in screen
    assert PLAIN.needle in screen
    assert all(row in screen for row in big("7", 20, 10, plain=True))


def test_big_words_break_into_lines_of_similar_length() -> None:
    lines = big_words("press your back down", 72, 9)

    assert len(lines) == 2 * LINE_ROWS
    assert max(map(len, lines)) <= 45
    assert big_words("press your back down", 72, 5) == ()
    assert big_words("naïve", 72, 9) == ()


numbers = st.none() | st.floats(-400.0, 400.0)
links = st.builds(
    LinkView,
    st.sampled_from(["streaming", "away", "silent", "gone", "connecting", "connected"]),
    st.none() | st.floats(0.0, 1000.0),
    st.none() | st.floats(0.0, 100.0),
)
seconds = st.none() | st.floats(0.0, 20.0)
sides = st.sampled_from([None, "left", "right", "both"])
snapshots = st.builds(
    Snapshot,
    st.builds(
        Aim,
        st.sampled_from(EXERCISES),
        sides,
        reps=st.none() | st.integers(1, 1000),
        eccentric_s=seconds,
        bottom_s=seconds,
        concentric_s=seconds,
        top_s=seconds,
    ),
    st.builds(LimitsView, *[st.floats(0.0, 40.0)] * 4, numbers),
    st.dictionaries(st.sampled_from(SENSOR_PLACES), links),
    state=st.sampled_from(["waiting", "ready", "running", "resting", "ended"]),
    started=st.booleans(),
    time_s=st.floats(-5.0, 10_000.0),
    leg_deg=numbers,
    tilt_deg=numbers,
    rotation_deg=numbers,
    phase=st.sampled_from([None, "concentric", "top", "eccentric", "bottom"]),
    phase_since_s=st.floats(-5.0, 10_000.0),
    count=st.integers(0, 1000),
    held_s=st.none() | st.floats(0.0, 5000.0),
    set_number=st.integers(1, 50),
    set_of=st.integers(1, 50),
    remaining_s=st.none() | st.floats(0.0, 3600.0),
    move_to=sides,
    cue=st.none() | st.builds(cue, st.text(max_size=60), st.sampled_from(["none", "watch", "flag"])),
    trouble=st.none() | st.text(max_size=200),
)


@given(snapshot=snapshots, columns=st.integers(1, 220), rows=st.integers(1, 70), plain=st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_snapshot_fits_any_terminal(snapshot: Snapshot, columns: int, rows: int, plain: bool) -> None:
    file = io.StringIO()
    console = Console(file=file, width=columns, height=rows, legacy_windows=False, emoji=False)
    options = console.options.update(width=columns)
    options.encoding = "ascii" if plain else "utf-8"
    lines = console.render_lines(LivePanel(snapshot, KEYS), options, pad=False)

    assert all(sum(segment.cell_length for segment in line) <= columns for line in lines)
    assert len(lines) <= max(rows - SIZES.spared_rows, SIZES.frame_rows, 1)
