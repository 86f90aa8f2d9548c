"""The governor: one voice, never late, the more important first, the same however often it is asked."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.coaching.cue_ranks import PATIENCE_S, PRIORITY
from imu_reps.coaching.governor import ASKED_S, REFRACTORY_S, Voice, advance, cancel, offer, spoken_until
from imu_reps.domain.cue import VOICE_START_S, Cue, CueCode, Tone

WORDS: dict[CueCode, str] = {
    "stop": "stop, and rest",
    "press_back": "press your back down",
    "hips_level": "hips level",
    "no_swing": "no swing",
    "slower": "slower",
    "count": "7",
    "beat": "",
}

TONES: dict[CueCode, Tone] = {"stop": "stop", "count": "count", "beat": "beat"}

MOMENTS = st.integers(0, 400).map(lambda k: k / 20.0)


def cue(code: CueCode, due_s: float, patience_s: float | None = None) -> Cue:
    patience_s = PATIENCE_S.get(code, 0.5) if patience_s is None else patience_s
    tone = TONES.get(code, "fault")
    return Cue(code, WORDS[code], PRIORITY[code], due_s, due_s, due_s + patience_s, "seen", tone)


@st.composite
def offered(draw: st.DrawFn) -> list[tuple[float, Cue]]:
    """Cues with when they are thought of, in that order; their moments come then or a little later."""
    found = []
    for at_s in sorted(draw(st.lists(MOMENTS, max_size=25))):
        code = draw(st.sampled_from(sorted(WORDS)))
        ahead_s = draw(st.sampled_from([0.0, 0.05, 0.4, 1.0]))
        found.append((at_s, cue(code, at_s + ahead_s, draw(st.sampled_from([None, 0.3, 1.5])))))
    return found


def coached(cues: list[tuple[float, Cue]], between: list[float]) -> list[tuple[float, Cue]]:
    """Ask the governor regularly and at the times `between`: when it said what."""
    regular = [k * ASKED_S for k in range(int(25.0 / ASKED_S))]
    voice, said = Voice(), []
    for now_s in sorted({at_s for at_s, _ in cues} | set(between) | set(regular)):
        voice, early = advance(voice, now_s)
        voice = offer(voice, [one for at_s, one in cues if at_s == now_s])
        voice, late = advance(voice, now_s)
        said += [(now_s, one) for one in early + late]
    return said


@given(offered(), st.lists(MOMENTS, max_size=40))
@settings(max_examples=150, deadline=None)
def test_asked_more_often_it_says_the_same_at_the_same_moments(
    cues: list[tuple[float, Cue]], between: list[float]
) -> None:
    assert [one for _, one in coached(cues, [])] == [one for _, one in coached(cues, between)]


@given(offered())
@settings(max_examples=150, deadline=None)
def test_never_two_at_once_never_late_never_again_so_soon(cues: list[tuple[float, Cue]]) -> None:
    said = coached(cues, [])

    spoken = spoken_until([one for _, one in said])
    # a voice needs no time to begin where it goes on speaking
    assert all(one.time_s + VOICE_START_S >= end_s - 1e-9 for (_, end_s), (one, _) in pairwise(spoken))
    cut = [before for (before, end_s), _ in pairwise(spoken) if end_s < before.time_s + before.lasts_s]
    assert all(one.tone == "count" or one.tone == "fault" for one in cut)
    assert sum("cutting off" in one.evidence for one, _ in spoken) == len(cut)
    assert all(one.due_s <= one.time_s <= now_s <= one.until_s + 1e-9 for now_s, one in said)
    for code, rest_s in REFRACTORY_S.items():
        times = [one.time_s for _, one in said if one.code == code]
        assert all(after - before >= rest_s - 1e-9 for before, after in pairwise(times))


@given(offered())
@settings(max_examples=150, deadline=None)
def test_what_was_said_was_the_most_important_that_could_be_said(cues: list[tuple[float, Cue]]) -> None:
    """Where a lesser cue was said in its stead, the more important one had been said shortly before."""
    said = [one for _, one in coached(cues, [])]
    for at_s, wanted in cues:
        if any(one.code == wanted.code and one.due_s == wanted.due_s for one in said):
            continue
        last_chance_s = wanted.until_s - ASKED_S
        less = [
            one
            for one in said
            if one.priority < wanted.priority
            and at_s < one.time_s
            and wanted.due_s <= one.time_s <= last_chance_s
        ]
        for one in less:
            again = [
                other.time_s
                for other in said
                if other.code == wanted.code
                and 0.0 <= one.time_s - other.time_s < REFRACTORY_S.get(wanted.code, 0.0)
            ]
            assert again


def test_a_cue_whose_moment_has_passed_is_dropped() -> None:
    voice = offer(advance(Voice(), 0.0)[0], [cue("slower", 1.0, patience_s=0.5)])

    voice, said = advance(voice, 9.0)

    assert said == []
    assert voice.waiting == ()


def test_a_free_voice_says_a_cue_at_its_moment() -> None:
    voice = offer(advance(Voice(), 0.0)[0], [cue("count", 1.0)])

    voice, before = advance(voice, 0.99)
    voice, at = advance(voice, 1.04)

    assert before == []
    assert [(one.words, one.time_s) for one in at] == [("7", 1.0)]


def test_a_cancelled_cue_is_not_said() -> None:
    voice = cancel(offer(advance(Voice(), 0.0)[0], [cue("count", 1.0), cue("slower", 1.0)]), ["count"])

    assert [one.code for one in advance(voice, 1.0)[1]] == ["slower"]


@pytest.mark.parametrize("code", ["slower", "stop"])
def test_a_fault_or_a_stop_cuts_off_a_number_that_is_being_spoken_and_says_so(code: CueCode) -> None:
    voice, (number,) = advance(offer(Voice(), [cue("count", 1.0)]), 1.0)

    _, (after,) = advance(offer(voice, [cue(code, 1.1)]), 1.1)

    assert (after.time_s, after.evidence) == (1.1, 'seen, cutting off "7"')
    assert spoken_until([number, after])[0] == (number, 1.1)


def test_a_fault_after_a_number_cuts_off_nothing() -> None:
    voice, (number,) = advance(offer(Voice(), [cue("count", 1.0)]), 1.0)

    _, (after,) = advance(offer(voice, [cue("slower", 2.0)]), 2.0)

    assert after.evidence == "seen"
    assert spoken_until([number, after])[0] == (number, 1.0 + number.lasts_s)


def test_a_fault_waits_for_another_fault_and_a_stop_for_nothing() -> None:
    voice, (first,) = advance(offer(Voice(), [cue("slower", 1.0)]), 1.0)

    _, fault = advance(offer(voice, [cue("hips_level", 1.1)]), 1.1)
    _, stop = advance(offer(voice, [cue("stop", 1.1)]), 1.1)

    assert fault == []
    assert [one.code for one in stop] == ["stop"]
    assert spoken_until([first, *stop])[0] == (first, 1.1)


@pytest.mark.parametrize("words", ["slower", "press your back down", "7, three more"])
def test_more_words_keep_the_voice_busy_for_longer(words: str) -> None:
    one = Cue("slower", words, 1, 0.0, 0.0, 1.0, "", "fault")

    assert one.lasts_s > 0.25 * len(words.split())


def test_a_fault_said_before_takes_fewer_words_so_that_the_number_is_heard() -> None:
    first, again = cue("press_back", 10.0), cue("press_back", 20.0)
    number = cue("count", 20.6)

    said = coached([(10.0, first), (20.0, again), (20.6, number)], [])

    assert [(one.words, round(one.time_s, 2)) for _, one in said] == [
        ("press your back down", 10.0),
        ("flat", 20.0),
        ("7", 20.6),
    ]


def test_a_number_and_another_fault_follow_a_fault_without_a_breath() -> None:
    swing, number = cue("no_swing", 10.0), cue("count", 10.6)
    fast = cue("slower", 10.5)

    said = coached([(10.0, swing), (10.5, fast), (10.6, number)], [])

    given = [(one.code, round(one.time_s, 2)) for _, one in said]
    assert given == [("no_swing", 10.0), ("slower", 10.6), ("count", 10.9)]
    said = coached([(10.0, swing), (10.6, number)], [])
    assert [(one.code, round(one.time_s, 2)) for _, one in said] == [("no_swing", 10.0), ("count", 10.6)]
