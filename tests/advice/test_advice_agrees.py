"""Advice agrees with its numbers: 400 random histories, and the sentences about them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from imu_reps import Settings, analyze, simulate
from imu_reps.advice.comparisons import progress, since_last
from imu_reps.advice.next_session import LIMITS, advise, repetitions, session_key
from imu_reps.domain.rep import floor_angle
from imu_reps.domain.summary import DoneSet, StoredSet
from imu_reps.report.formatting import format_degrees
from imu_reps.report.history_text import advice_lines
from imu_reps.report.session_text import best_and_worst
from imu_reps.sim.wearer import random_plan
from imu_reps.storage.toml_files import load_programme

PROGRAMME = load_programme()
DRAWN, SEED = 400, 1400
FLAG = {
    "arching": "back_arch",
    "hip_popping": "hip_pop",
    "swinging": "momentum",
    "fast_lowering": "fast_lowering",
}
EXERCISES = [rung.exercise for rung in PROGRAMME.ladder]


@pytest.fixture
def history(make_summary, make_rep, make_fault):
    """Draw some sessions of one exercise, with random frequencies of each fault, pain and effort."""

    def _set(rng, k, exercise, side, shares):
        reps = []
        for number in range(1, int(rng.integers(4, 16)) + 1):
            codes = [code for code, share in shares.items() if rng.random() < share]
            unjudged = tuple(code for code in shares if code not in codes and rng.random() < 0.05)
            faults = [make_fault(code=code, at_angle_deg=float(rng.uniform(10, 50))) for code in codes]
            lift_off = float(rng.uniform(10, 50)) if "back_arch" in codes else None
            reps.append(make_rep(number, *faults, lift_off_angle_deg=lift_off, not_judged=unjudged))
        recording = {"created": f"2026-11-{3 * k + 1:02d}T07:30:00+00:00", "exercise": exercise, "side": side}
        ratings = [None if rng.random() < 0.6 else int(rng.integers(0, 7)) for _ in range(2)]
        summary = make_summary(*reps, recording=recording)
        return StoredSet(f"/{rng.random()}", "Anna", f"s{k}", 1, *ratings, summary)

    def _history(seed):
        rng = np.random.default_rng(seed)
        exercise = EXERCISES[rng.integers(len(EXERCISES))]
        level = rng.choice([0.0, 0.1, 0.6])
        shares = {code: level * rng.random() for code in (*FLAG.values(), "snap")}
        sessions = range(int(rng.integers(1, 6)))
        sides = ("left", "right") if rng.random() < 0.5 else ("left",)
        return [_set(rng, k, exercise, side, shares) for k in sessions for side in sides for _ in range(2)]

    return _history


def test_every_advice_agrees_with_its_numbers(history) -> None:
    """400 random histories, seeds 1400 to 1799; each reason is recounted from the repetitions."""
    decided = set()
    for seed in range(SEED, SEED + DRAWN):
        sets = history(seed)
        advice = advise(sets, PROGRAMME)
        names = [*dict.fromkeys(map(session_key, sets))]
        latest = [one for one in sets if session_key(one) == names[-1]]
        pains = [one.pain for one in latest if one.pain is not None]
        decided.add(advice.recommendation)
        for reason in advice.reasons:
            referred_sets = [one for one in sets if session_key(one) in names[-max(1, reason.sessions) :]]
            _check_reason(reason, referred_sets, latest, pains)
        _check_decision(advice, sets, names, pains)
        _check_sentence(advice)
    assert decided == {"stay", "regress", "progress", "stop"}


def _check_reason(reason, referred_sets, latest, pains) -> None:
    """Check that the figures of a reason are those of the sets that it refers to."""
    if reason.code in FLAG:
        flag = FLAG[reason.code]
        judged = [rep for rep in repetitions(referred_sets) if flag not in rep.not_judged]
        assert (reason.count, reason.of) == (sum(flag in rep.flags for rep in judged), len(judged))
        has_floor = flag == "back_arch" and referred_sets[0].summary.recording.exercise != "heel_tap"
        expected = floor_angle(judged)[0] if has_floor else None
        assert reason.below_deg == expected
    elif reason.code == "pain":
        assert reason.value == max(pains)
    elif reason.code == "pain_with_jolt":
        assert reason.value in pains
        assert (reason.count, reason.of) in [
            (sum("snap" in rep.flags for rep in one.summary.reps), len(one.summary.reps)) for one in latest
        ]
    elif reason.code == "effort_low":
        assert reason.value == max(one.effort for one in latest if one.effort is not None)
    elif reason.code == "clean_sessions":
        assert (
            reason.count
            == len(repetitions(referred_sets))
            == sum(bool(rep.clean) for rep in repetitions(referred_sets))
        )


def _check_decision(advice, sets, names, pains) -> None:
    """Check that the decision follows from the sets."""
    two = [[one for one in sets if session_key(one) == name] for name in names[-2:]]
    if max(pains, default=0) >= LIMITS.pain_stop:
        assert advice.recommendation == "stop"
    if advice.recommendation == "progress":
        assert len(two) == 2
        assert not max(pains, default=0)
        assert all(rep.clean for session in two for rep in repetitions(session))
    if advice.recommendation == "regress":
        flag = FLAG[advice.reasons[0].code]
        for session in two:
            judged = [rep for rep in repetitions(session) if flag not in rep.not_judged]
            assert sum(flag in rep.flags for rep in judged) >= LIMITS.often * len(judged)
    step = {"regress": -1, "progress": 1}.get(advice.recommendation)
    if step is None:
        assert advice.next is None
    else:
        assert EXERCISES.index(advice.next.exercise) == EXERCISES.index(advice.exercise) + step


def _check_sentence(advice) -> None:
    """Check that the sentence has the numbers of the reason, and no others."""
    for reason, line in zip(advice.reasons, advice_lines(advice)[1:], strict=True):
        numbers = {int(number) for number in re.findall(r"\d+", line)}
        allowed = {reason.count, reason.of, reason.sessions, reason.value, 7, 10}
        if reason.below_deg is not None:
            allowed.add(round(reason.below_deg))
            assert format_degrees(reason.below_deg) in line
        assert numbers <= allowed
        assert reason.of == 0 or {reason.count, reason.of} <= numbers


def test_changes_and_the_best_rep_agree_with_their_sets(history) -> None:
    """100 random histories, seeds 1400 to 1499."""
    for seed in range(SEED, SEED + 100):
        sets = history(seed)
        for one in progress(sets):
            same = [s.summary for s in sets if s.summary.recording.side == one.side]
            assert one.best_clean == max(summary.set.clean_count for summary in same)
            for change in one.changes:
                course = change.since_first
                if course.direction in ("more", "less"):
                    assert (course.last > course.first) == (course.direction == "more")
        for since in since_last(sets):
            assert since.day < sets[-1].day
        done = [DoneSet(number, "target", one.summary) for number, one in enumerate(sets, 1)]
        for line in best_and_worst(done):
            if (match := re.search(r"(best|worst): rep (\d+) of set (\d+)", line)) is not None:
                rep = sets[int(match[3]) - 1].summary.reps[int(match[2]) - 1]
                assert rep.clean if match[1] == "best" else rep.flags


@pytest.mark.soak
def test_the_advice_of_simulated_sets_agrees_with_their_reports() -> None:
    """400 simulated sets, seeds 1400 to 1799: floor and count of the advice are those of the report."""
    for seed in range(SEED, SEED + DRAWN):
        recording = simulate(random_plan(np.random.default_rng(seed)), seed=seed).recording
        summary = analyze(recording, Settings()).summary
        one = StoredSet("/a.csv", None, None, None, None, None, replace(summary, settings=Settings()))
        for reason in advise([one], PROGRAMME).reasons:
            if reason.code == "arching":
                assert reason.below_deg == summary.set.floor_angle_deg
                assert reason.count == sum("back_arch" in rep.flags for rep in summary.reps)
            if reason.code == "clean_sessions":
                assert reason.count == summary.set.clean_count
