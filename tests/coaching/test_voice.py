"""The coach's voice: one cue at a time, none late, important ones first, the same at any polling rate."""

from __future__ import annotations

from itertools import pairwise

import pytest
from cued_sets import spoken_until
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.coaching.coach import Voice, advance, cancel, enqueue
from imu_reps.coaching.cue_words import TIMING
from imu_reps.domain.cue import CUES, VOICE_START_S, Cue, CueCode, Tone

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
    patience_s = CUES[code].patience_s if patience_s is None else patience_s
    tone = TONES.get(code, "fault")
    return Cue(code, WORDS[code], CUES[code].priority, due_s, due_s, due_s + patience_s, "seen", tone)


@st.composite
def offered(draw: st.DrawFn) -> list[tuple[float, Cue]]:
    """Cues with the times at which they are offered, in order; each is due then or a little later."""
    found = []
    for at_s in sorted(draw(st.lists(MOMENTS, max_size=25))):
        code = draw(st.sampled_from(sorted(WORDS)))
        ahead_s = draw(st.sampled_from([0.0, 0.05, 0.4, 1.0]))
        found.append((at_s, cue(code, at_s + ahead_s, draw(st.sampled_from([None, 0.3, 1.5])))))
    return found


def spoken_cues(cues: list[tuple[float, Cue]], between: list[float]) -> list[tuple[float, Cue]]:
    """Poll the voice regularly and at the times `between`; return times and cues."""
    regular = [k * TIMING.asked_s for k in range(int(25.0 / TIMING.asked_s))]
    voice, emitted = Voice(), []
    for now_s in sorted({at_s for at_s, _ in cues} | set(between) | set(regular)):
        voice, early = advance(voice, now_s)
        voice = enqueue(voice, [one for at_s, one in cues if at_s == now_s])
        voice, late = advance(voice, now_s)
        emitted += [(now_s, one) for one in early + late]
    return emitted


@given(offered(), st.lists(MOMENTS, max_size=40))
@settings(max_examples=150, deadline=None)
def test_polling_more_often_gives_the_same_cues_at_the_same_times(
    cues: list[tuple[float, Cue]], between: list[float]
) -> None:
    assert [one for _, one in spoken_cues(cues, [])] == [one for _, one in spoken_cues(cues, between)]


@given(offered())
@settings(max_examples=150, deadline=None)
def test_cues_never_overlap_never_come_late_and_never_repeat_too_soon(cues: list[tuple[float, Cue]]) -> None:
    emitted = spoken_cues(cues, [])

    spoken = spoken_until([one for _, one in emitted])
    # no onset delay where speech continues
    assert all(one.time_s + VOICE_START_S >= end_s - 1e-9 for (_, end_s), (one, _) in pairwise(spoken))
    cut = [before for (before, end_s), _ in pairwise(spoken) if end_s < before.time_s + before.duration_s]
    assert all(one.tone == "count" or one.tone == "fault" for one in cut)
    assert sum("cutting off" in one.evidence for one, _ in spoken) == len(cut)
    assert all(one.due_s <= one.time_s <= now_s <= one.until_s + 1e-9 for now_s, one in emitted)
    for code, kind in CUES.items():
        times = [one.time_s for _, one in emitted if one.code == code]
        assert all(after - before >= kind.refractory_s - 1e-9 for before, after in pairwise(times))


@given(offered())
@settings(max_examples=150, deadline=None)
def test_the_most_important_possible_cue_is_spoken(cues: list[tuple[float, Cue]]) -> None:
    """A lesser cue is spoken instead only shortly after the more important one has been."""
    emitted = [one for _, one in spoken_cues(cues, [])]
    for at_s, candidate in cues:
        if any(one.code == candidate.code and one.due_s == candidate.due_s for one in emitted):
            continue
        latest_s = candidate.until_s - TIMING.asked_s
        less = [
            one
            for one in emitted
            if one.priority < candidate.priority
            and at_s < one.time_s
            and candidate.due_s <= one.time_s <= latest_s
        ]
        for one in less:
            again = [
                other.time_s
                for other in emitted
                if other.code == candidate.code
                and 0.0 <= one.time_s - other.time_s < CUES[candidate.code].refractory_s
            ]
            assert again


def test_a_cue_whose_moment_has_passed_is_dropped() -> None:
    voice = enqueue(advance(Voice(), 0.0)[0], [cue("slower", 1.0, patience_s=0.5)])

    voice, emitted = advance(voice, 9.0)

    assert emitted == []
    assert voice.waiting == ()


def test_an_idle_voice_speaks_a_cue_at_its_moment() -> None:
    voice = enqueue(advance(Voice(), 0.0)[0], [cue("count", 1.0)])

    voice, before = advance(voice, 0.99)
    voice, at = advance(voice, 1.04)

    assert before == []
    assert [(one.words, one.time_s) for one in at] == [("7", 1.0)]


def test_a_cancelled_cue_is_not_spoken() -> None:
    voice = cancel(enqueue(advance(Voice(), 0.0)[0], [cue("count", 1.0), cue("slower", 1.0)]), ["count"])

    assert [one.code for one in advance(voice, 1.0)[1]] == ["slower"]


@pytest.mark.parametrize("code", ["slower", "stop"])
def test_a_fault_or_a_stop_interrupts_a_number_being_spoken_and_marks_it(code: CueCode) -> None:
    voice, (number,) = advance(enqueue(Voice(), [cue("count", 1.0)]), 1.0)

    _, (after,) = advance(enqueue(voice, [cue(code, 1.1)]), 1.1)

    assert (after.time_s, after.evidence) == (1.1, 'seen, cutting off "7"')
    assert spoken_until([number, after])[0] == (number, 1.1)


def test_a_fault_after_a_number_interrupts_nothing() -> None:
    voice, (number,) = advance(enqueue(Voice(), [cue("count", 1.0)]), 1.0)

    _, (after,) = advance(enqueue(voice, [cue("slower", 2.0)]), 2.0)

    assert after.evidence == "seen"
    assert spoken_until([number, after])[0] == (number, 1.0 + number.duration_s)


def test_a_fault_waits_for_another_fault_and_a_stop_for_nothing() -> None:
    voice, (first,) = advance(enqueue(Voice(), [cue("slower", 1.0)]), 1.0)

    _, fault = advance(enqueue(voice, [cue("hips_level", 1.1)]), 1.1)
    _, stop = advance(enqueue(voice, [cue("stop", 1.1)]), 1.1)

    assert fault == []
    assert [one.code for one in stop] == ["stop"]
    assert spoken_until([first, *stop])[0] == (first, 1.1)


@pytest.mark.parametrize("words", ["slower", "press your back down", "7, three more"])
def test_more_words_keep_the_voice_busy_for_longer(words: str) -> None:
    one = Cue("slower", words, 1, 0.0, 0.0, 1.0, "", "fault")

    assert one.duration_s > 0.25 * len(words.split())


def test_a_repeated_fault_uses_fewer_words_so_that_the_number_fits() -> None:
    first, again = cue("press_back", 10.0), cue("press_back", 20.0)
    number = cue("count", 20.6)

    emitted = spoken_cues([(10.0, first), (20.0, again), (20.6, number)], [])

    assert [(one.words, round(one.time_s, 2)) for _, one in emitted] == [
        ("press your back down", 10.0),
        ("flat", 20.0),
        ("7", 20.6),
    ]


def test_a_number_and_another_fault_follow_a_fault_without_a_pause() -> None:
    swing, number = cue("no_swing", 10.0), cue("count", 10.6)
    fast = cue("slower", 10.5)

    emitted = spoken_cues([(10.0, swing), (10.5, fast), (10.6, number)], [])

    given = [(one.code, round(one.time_s, 2)) for _, one in emitted]
    assert given == [("no_swing", 10.0), ("slower", 10.6), ("count", 10.9)]
    emitted = spoken_cues([(10.0, swing), (10.6, number)], [])
    assert [(one.code, round(one.time_s, 2)) for _, one in emitted] == [("no_swing", 10.0), ("count", 10.6)]
