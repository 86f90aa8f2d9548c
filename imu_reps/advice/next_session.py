"""Recommend the next exercise by fixed rules over recorded sets, with reasons and evidence.

The rules follow the coaching texts of the programme: stability before repetitions, easier if the back lets
go, two legs only after whole sets without an arch, slower rather than more, and stop with pain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise

from imu_reps.domain.exercise import Exercise
from imu_reps.domain.programme import (
    Adherence,
    Advice,
    Plan,
    Programme,
    Reason,
    ReasonCode,
    Recommendation,
    Rung,
)
from imu_reps.domain.recording import STOPPED_WITH_PAIN
from imu_reps.domain.rep import Flag, Rep, floor_angle, judged
from imu_reps.domain.summary import StoredSet


@dataclass(frozen=True, slots=True)
class AdviceLimits:
    """Thresholds of the recommendation; the rules follow the coaching texts, the numbers are ours."""

    #: Number of sessions of the same exercise considered together.
    sessions: int = 2
    #: Minimum pain (0 to 10) to advise stopping; less is only mentioned.
    pain_stop: int = 4
    #: Effort up to this (0 to 10) is easy.
    effort_easy: int = 3
    #: A fault in at least this share of a session's repetitions is frequent.
    often: float = 1 / 3


LIMITS = AdviceLimits()


@dataclass(frozen=True, slots=True)
class Sessions:
    """The latest sessions of one exercise, oldest first, and the plan.

    Attributes
    ----------
    together : tuple of StoredSet
        All sets of the last session or its day, of any exercise, since pain is not tied to one.
    """

    sessions: tuple[tuple[StoredSet, ...], ...]
    plan: Plan
    together: tuple[StoredSet, ...] = ()

    @property
    def latest(self) -> tuple[StoredSet, ...]:
        """The sets of the last session."""
        return self.sessions[-1]

    @property
    def reps(self) -> list[Rep]:
        """All repetitions of these sessions."""
        return [rep for session in self.sessions for rep in repetitions(session)]


Rule = Callable[[Sessions], Reason | None]


def advise(sets: Sequence[StoredSet], programme: Programme, today: date | None = None) -> Advice:
    """Recommend what to do next.

    Parameters
    ----------
    sets : sequence of StoredSet
        Of one person, oldest first; the last one determines the exercise.
    today : date, optional
        Day for the adherence; by default that of the last set.

    Raises
    ------
    ValueError
        If there are no sets.
    """
    if not sets:
        raise ValueError("advice needs at least one set")
    exercise = sets[-1].summary.recording.exercise
    same = [stored for stored in sets if stored.summary.recording.exercise == exercise]
    sessions = tuple(tuple(group) for _, group in groupby(same, key=session_key))
    together = tuple(one for one in sets if _is_with(one, sets[-1]))
    seen = Sessions(sessions[-LIMITS.sessions :], programme.plan, together)
    recommendation, reasons = _decide(seen)
    on_ladder = any(rung.exercise == exercise for rung in programme.ladder)
    if not on_ladder and reasons[0].code == "not_enough_yet":
        reasons = (Reason("beside_the_ladder", sessions=len(seen.sessions)),)
    step = {"regress": -1, "progress": +1}.get(recommendation, 0)
    rung = _rung(programme, exercise, step) if step else None
    if step and rung is None:  # at the end of the ladder, or not on it
        recommendation = "stay"
    return Advice(recommendation, exercise, rung, reasons, adherence(sets, programme.plan, today))


def adherence(sets: Sequence[StoredSet], plan: Plan, today: date | None = None) -> Adherence | None:
    """Compare the days with sets to the plan, over the week up to `today` (by default the last set's day)."""
    days = sorted({stored.day for stored in sets if stored.day is not None})
    if not days:
        return None
    until = today or days[-1]
    week = [day for day in days if timedelta() <= until - day < timedelta(days=7)]
    gaps = [(after - before).days - 1 for before, after in pairwise(week)]
    return Adherence(
        until=until,
        sessions_this_week=len(week),
        planned=plan.sessions_a_week,
        days_since_last=(until - days[-1]).days,
        rest_days_kept=all(gap >= plan.rest_days for gap in gaps),
    )


def session_key(stored: StoredSet) -> tuple[str | None, date | None]:
    """Return the key shared by the sets of a session: its id, else the day."""
    return (stored.session, None) if stored.session else (None, stored.day)


def _is_with(one: StoredSet, last: StoredSet) -> bool:
    """Return whether a set was done in the session or on the day of the last one."""
    return session_key(one) == session_key(last) or (one.day is not None and one.day == last.day)


def repetitions(session: Sequence[StoredSet]) -> list[Rep]:
    """Return all repetitions of a session."""
    return [rep for stored in session for rep in stored.summary.reps]


def _decide(seen: Sessions) -> tuple[Recommendation, tuple[Reason, ...]]:
    """Return the recommendation of the first group of rules with a reason, and its reasons."""
    for recommendation, rules in _RULES:
        reasons = tuple(reason for rule in rules if (reason := rule(seen)) is not None)
        if reasons:
            return recommendation, reasons
    return "stay", (Reason("not_enough_yet", sessions=len(seen.sessions)),)


def _rung(programme: Programme, exercise: Exercise, step: int) -> Rung | None:
    places = [rung.exercise for rung in programme.ladder]
    if exercise not in places:
        return None
    place = places.index(exercise) + step
    return programme.ladder[place] if 0 <= place < len(places) else None


def _pain_with_jolt(seen: Sessions) -> Reason | None:
    for stored in seen.latest:
        jolts = sum("snap" in rep.flags for rep in stored.summary.reps)
        if stored.pain and jolts:
            return Reason("pain_with_jolt", jolts, len(stored.summary.reps), 1, value=stored.pain)
    return None


def _pain(seen: Sessions) -> Reason | None:
    worst = _max_rating("pain", seen.together)
    return (
        Reason("pain", sessions=1, value=worst) if worst is not None and worst >= LIMITS.pain_stop else None
    )


def _stopped_with_pain(seen: Sessions) -> Reason | None:
    """A set was stopped with pain, and no rating says so already."""
    hurt = any(finding.code == STOPPED_WITH_PAIN for one in seen.together for finding in one.summary.findings)
    return Reason("stopped_with_pain", sessions=1) if hurt and _pain(seen) is None else None


def _some_pain(seen: Sessions) -> Reason | None:
    worst = _max_rating("pain", seen.together)
    return Reason("pain", sessions=1, value=worst) if worst else None


def _max_rating(what: str, sets: Sequence[StoredSet]) -> int | None:
    ratings = [value for stored in sets if (value := getattr(stored, what)) is not None]
    return max(ratings, default=None)


def _in_every_session(code: ReasonCode, flag: Flag) -> Rule:
    """Return a rule for a fault that is frequent in each of the last sessions."""

    def rule(seen: Sessions) -> Reason | None:
        if len(seen.sessions) < LIMITS.sessions:
            return None
        shares = [_share(flag, repetitions(session)) for session in seen.sessions]
        return _reason(code, flag, seen) if min(shares) >= LIMITS.often else None

    return rule


def _sometimes(code: ReasonCode, flag: Flag) -> Rule:
    """Return a rule for a fault that occurs in the last session."""

    def rule(seen: Sessions) -> Reason | None:
        last = Sessions(seen.sessions[-1:], seen.plan)
        return _reason(code, flag, last) if _share(flag, last.reps) > 0 else None

    return rule


def _share(flag: Flag, reps: Sequence[Rep]) -> float:
    known = judged(reps, flag)
    return sum(flag in rep.flags for rep in known) / len(known) if known else 0.0


def _reason(code: ReasonCode, flag: Flag, seen: Sessions) -> Reason:
    known = judged(seen.reps, flag)
    faulty = [rep for rep in known if flag in rep.flags]
    # the same angle as the floor in the report of a set
    has_floor = flag == "back_arch" and seen.latest[-1].summary.recording.exercise != "heel_tap"
    below = floor_angle(known)[0] if has_floor else None
    return Reason(code, len(faulty), len(known), len(seen.sessions), below)


def _too_many(seen: Sessions) -> Reason | None:
    maximum = max((stored.summary.set.rep_count or 0 for stored in seen.latest), default=0)
    return Reason("too_many_easy_reps", maximum, sessions=1) if maximum >= seen.plan.easy_reps else None


def _easy(seen: Sessions) -> Reason | None:
    effort = _max_rating("effort", seen.latest)
    easy = effort is not None and effort <= LIMITS.effort_easy
    return Reason("effort_low", sessions=1, value=effort) if easy else None


def _clean_sessions(seen: Sessions) -> Reason | None:
    """Each session had enough whole sets on each side, with every repetition clean."""
    whole = [_whole(session, seen.plan) for session in seen.sessions]
    if len(whole) < LIMITS.sessions or not all(whole):
        return None
    clean = len(seen.reps)
    return Reason("clean_sessions", clean, clean, len(seen.sessions))


def _whole(session: Sequence[StoredSet], plan: Plan) -> bool:
    full = Counter(
        stored.summary.recording.side
        for stored in session
        if (stored.summary.set.clean_count or 0) >= plan.reps[0]
    )
    sides = {stored.summary.recording.side for stored in session}
    enough = all(full[side] >= plan.sets[0] for side in sides)
    return enough and all(rep.clean for rep in repetitions(session))


_RULES: tuple[tuple[Recommendation, tuple[Rule, ...]], ...] = (
    ("stop", (_pain_with_jolt, _pain, _stopped_with_pain)),
    (
        "regress",
        (_in_every_session("arching", "back_arch"), _in_every_session("hip_popping", "hip_pop")),
    ),
    ("stay", (_too_many, _some_pain)),
    ("progress", (_clean_sessions,)),
    (
        "stay",
        (
            _sometimes("arching", "back_arch"),
            _sometimes("hip_popping", "hip_pop"),
            _sometimes("swinging", "momentum"),
            _sometimes("fast_lowering", "fast_lowering"),
            _easy,
        ),
    ),
)
