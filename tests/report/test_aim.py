"""Whether the tempo aimed at was kept: each way within 0.25 s or 15 %, each pause within 0.35 s."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imu_reps import Rep, Summary, Tempo
from imu_reps.report.aim import aim_sentences

Make = Callable[..., Summary]
MakeRep = Callable[..., Rep]
NAMES = ("eccentric_s_mean", "bottom_pause_s_mean", "concentric_s_mean", "top_pause_s_mean")


def figures(aim: str | None, *means: float | None) -> dict[str, object]:
    return {"tempo_target": aim, **dict(zip(NAMES, means, strict=True))}


@pytest.mark.parametrize(
    ("means", "kept"),
    [
        ((2.0, 0.0, 2.0, 0.0), True),
        # 15 % of two seconds are more than a quarter of one
        ((2.30, 0.0, 1.70, 0.0), True),
        ((2.31, 0.0, 2.0, 0.0), False),
        ((2.0, 0.0, 1.69, 0.0), False),
        ((2.0, 0.35, 2.0, 0.35), True),
        ((2.0, 0.36, 2.0, 0.0), False),
        ((2.0, 0.0, 2.0, 0.36), False),
    ],
)
def test_an_aim_of_two_seconds(
    make_summary: Make, make_rep: MakeRep, means: tuple[float, ...], kept: bool
) -> None:
    (sentence,) = aim_sentences(make_summary(make_rep(1), figures=figures("2.0-0.0-2.0-0.0", *means)))

    assert (sentence == "You kept the tempo you aimed at, 2-0-2-0.") == kept


@pytest.mark.parametrize(("way_s", "kept"), [(1.25, True), (0.75, True), (1.26, False), (0.74, False)])
def test_an_aim_of_one_second_is_kept_within_a_quarter(way_s: float, kept: bool) -> None:
    aim = Tempo(1.0, 0.0, 1.0, 0.0)

    assert (Tempo(way_s, 0.0, 1.0, 0.0).missed(aim) == ()) == kept
    assert (Tempo(1.0, 0.0, way_s, 0.0).missed(aim) == ()) == kept


def test_who_moves_with_the_metronome_is_told_so_though_the_flanks_read_a_tenth_short(
    make_summary: Make, make_rep: MakeRep
) -> None:
    (sentence,) = aim_sentences(make_summary(make_rep(1), figures=figures("4-3-2-0", 3.6, 3.3, 1.8, 0.2)))

    assert sentence == "You kept the tempo you aimed at, 4-3-2-0."


def test_what_was_not_kept_is_named_with_its_figures(make_summary: Make, make_rep: MakeRep) -> None:
    (sentence,) = aim_sentences(
        make_summary(make_rep(1), figures=figures("4.0-0.0-2.0-0.0", 2.6, 0.1, 2.0, 0.6))
    )

    assert sentence == (
        "Not quite the tempo you aimed at: the way down took 2.6 s (aim 4.0 s) and "
        "the pause at the top was 0.6 s (aim 0.0 s)."
    )


@pytest.mark.parametrize(
    "known", [figures(None, 2.0, 0.0, 2.0, 0.0), figures("2.0-0.0-2.0-0.0", 2.0, None, 2.0, 0.0)]
)
def test_without_an_aim_or_a_tempo_nothing_is_said(
    make_summary: Make, make_rep: MakeRep, known: dict[str, object]
) -> None:
    assert aim_sentences(make_summary(make_rep(1), figures=known)) == []
