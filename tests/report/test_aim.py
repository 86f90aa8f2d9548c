"""Whether the target tempo was kept: each way within 0.25 s or 15 %, each pause within 0.35 s."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from imu_reps import Rep, RepPlan, SetPlan, Summary, Tempo, analyze, load, save, simulate
from imu_reps.domain.progress import Floor
from imu_reps.report.phrases import meaning_sentences, tempo_sentences
from imu_reps.session.session_plan import SetGoal
from imu_reps.session.set_recorder import SessionFolder
from imu_reps.storage.profile import PairedSensor, Person

Make = Callable[..., Summary]
MakeRep = Callable[..., Rep]
NAMES = ("eccentric_s_mean", "bottom_pause_s_mean", "concentric_s_mean", "top_pause_s_mean")


def figures(aim: str | None, *means: float | None) -> dict[str, object]:
    return {"tempo_target": aim, **dict(zip(NAMES, means, strict=True))}


@pytest.mark.parametrize(
    ("means", "kept"),
    [
        ((2.0, 0.0, 2.0, 0.0), True),
        # 15 % of 2 s is more than 0.25 s
        ((2.30, 0.0, 1.70, 0.0), True),
        ((2.31, 0.0, 2.0, 0.0), False),
        ((2.0, 0.0, 1.69, 0.0), False),
        ((2.0, 0.35, 2.0, 0.35), True),
        ((2.0, 0.36, 2.0, 0.0), False),
        ((2.0, 0.0, 2.0, 0.36), False),
    ],
)
def test_a_target_of_two_seconds(
    make_summary: Make, make_rep: MakeRep, means: tuple[float, ...], kept: bool
) -> None:
    (sentence,) = tempo_sentences(make_summary(make_rep(1), figures=figures("2.0-0.0-2.0-0.0", *means)))

    assert (sentence == "You kept the tempo you aimed at, 2-0-2-0.") == kept


@pytest.mark.parametrize(("way_s", "kept"), [(1.25, True), (0.75, True), (1.26, False), (0.74, False)])
def test_a_target_of_one_second_is_kept_within_a_quarter(way_s: float, kept: bool) -> None:
    aim = Tempo(1.0, 0.0, 1.0, 0.0)

    assert (Tempo(way_s, 0.0, 1.0, 0.0).missed(aim) == ()) == kept
    assert (Tempo(1.0, 0.0, way_s, 0.0).missed(aim) == ()) == kept


def test_moving_with_the_metronome_keeps_the_tempo_although_flanks_read_a_tenth_short(
    make_summary: Make, make_rep: MakeRep
) -> None:
    (sentence,) = tempo_sentences(make_summary(make_rep(1), figures=figures("4-3-2-0", 3.6, 3.3, 1.8, 0.2)))

    assert sentence == "You kept the tempo you aimed at, 4-3-2-0."


def test_missed_parts_are_named_with_their_figures(make_summary: Make, make_rep: MakeRep) -> None:
    (sentence,) = tempo_sentences(
        make_summary(make_rep(1), figures=figures("4.0-0.0-2.0-0.0", 2.6, 0.1, 2.0, 0.6))
    )

    assert sentence == (
        "Not quite the tempo you aimed at: the way down took 2.6 s (aim 4.0 s) and "
        "the pause at the top was 0.6 s (aim 0.0 s)."
    )


def test_slow_turns_where_no_pause_was_aimed_at_are_no_other_tempo(
    make_summary: Make, make_rep: MakeRep
) -> None:
    turned, paused = (
        tempo_sentences(make_summary(make_rep(1), figures=figures("4-3-2-0", 3.9, 3.1, 2.0, top_s)))
        for top_s in (0.5, 1.5)
    )

    assert turned == ["You kept the tempo you aimed at, 4-3-2-0, but for turns that took 0.5 s at the top."]
    assert paused == ["Not quite the tempo you aimed at: the pause at the top was 1.5 s (aim 0.0 s)."]


@pytest.mark.parametrize(
    "known", [figures(None, 2.0, 0.0, 2.0, 0.0), figures("2.0-0.0-2.0-0.0", 2.0, None, 2.0, 0.0)]
)
def test_without_a_target_or_a_tempo_there_is_no_sentence(
    make_summary: Make, make_rep: MakeRep, known: dict[str, object]
) -> None:
    assert tempo_sentences(make_summary(make_rep(1), figures=known)) == []


@pytest.mark.parametrize(
    ("floor_from", "origin"),
    [
        ("asked", "as asked for with this set"),
        ("end_range", "your own, from the end-range test"),
        (None, "as the recording has it"),
    ],
)
def test_the_origin_of_the_floor_angle_is_reported_also_from_a_file(
    tmp_path: Path, floor_from: Any, origin: str
) -> None:
    """Hovering at 20° is above a floor of 15° and below one of 30°."""
    recording = simulate(SetPlan(reps=(RepPlan(bottom_deg=20.0),) * 4)).recording
    sentences = {}
    for floor_deg in (15.0, 30.0):
        header = replace(recording.header, floor_deg=floor_deg, floor_from=floor_from)
        save(replace(recording, header=header), tmp_path / f"{floor_deg:.0f}.csv")
        sentences[floor_deg] = meaning_sentences(analyze(load(tmp_path / f"{floor_deg:.0f}.csv")).summary)

    assert f"You kept to the floor angle set, 15°, {origin}, the last lowering aside." in sentences[15.0]
    assert f"The floor angle set was 30°, {origin}." in sentences[30.0]


def test_without_a_given_floor_that_of_the_end_range_test_applies_and_the_recording_says_so(
    tmp_path: Path,
) -> None:
    sensor = PairedSensor("witmotion", "A", 100.0)
    own = Floor(28.0, 2.0, date(2026, 11, 1), "single_leg_raise")
    person = Person("kim", sensor, sensor, floors={"left": own})
    opener = SessionFolder(tmp_path, person, lambda: datetime(2026, 11, 28, tzinfo=UTC))
    goal = SetGoal("single_leg_raise", "left", "low")
    headers = []
    for number, one in enumerate((goal, replace(goal, floor_deg=25.0), replace(goal, side="right")), 1):
        opened = opener(one, number, {}, frozenset())
        opened.recorder.file.close()
        headers.append(opened.header)

    assert [(header.floor_deg, header.floor_from) for header in headers] == [
        (28.0, "end_range"),
        (25.0, "asked"),
        (None, None),
    ]
