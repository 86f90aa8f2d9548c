"""Texts between sessions: the history, progress, advice, prescriptions, the sides compared, two tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from imu_reps.domain.programme import Adherence, Advice, Plan, Prescription, Reason, ReasonCode
from imu_reps.domain.progress import (
    EndRange,
    Grade,
    Press,
    Progress,
    Quantity,
    QuantityChange,
    SideComparison,
    SideDifference,
    SideQuantity,
)
from imu_reps.domain.summary import StoredSet
from imu_reps.report.findings import AFTER_PAIN
from imu_reps.report.formatting import (
    exercise_name,
    format_day,
    format_degrees,
    format_tempo,
    format_value,
    join_words,
    pluralize,
)
from imu_reps.report.tables import (
    BY_HAND,
    OF_HISTORY,
    SetRow,
    cells,
    is_by_hand,
    sets_table,
    titled_section,
)

#: Name of a quantity, and the words for more and for less of it.
QUANTITIES: dict[Quantity, tuple[str, str, str]] = {
    "clean_share": ("share of clean reps", "higher", "lower"),
    "range_deg": ("range", "more", "less"),
    "eccentric_s": ("lowering", "slower", "faster"),
    "pelvic_tilt_deg": ("greatest forward tilt of the pelvis", "more", "less"),
    "pelvic_rotation_deg": ("greatest turn of the pelvis", "more", "less"),
    "floor_angle_deg": ("floor angle", "higher", "lower"),
}


def history_report(sets: Sequence[StoredSet], progress: Sequence[Progress], width: int) -> Group:
    """Render the last sets and the progress for rich.

    Parameters
    ----------
    sets : sequence of StoredSet
        Sets to show, oldest first.
    width : int
        Available columns; a narrow table omits the tempo.
    """
    rows = [cells(SetRow(stored.summary, day=stored.day), OF_HISTORY) for stored in sets]
    parts: list[RenderableType] = [sets_table(rows, OF_HISTORY, width)]
    if any(is_by_hand(stored.summary) for stored in sets):
        parts.append(Text(BY_HAND, style="dim"))
    for one in progress:
        head, lines = progress_text(one)
        parts += titled_section(head, [f"• {line}" for line in lines], width)
    return Group(*parts)


def progress_text(progress: Progress) -> tuple[str, list[str]]:
    """Return a heading and lines for the progress of one exercise and side."""
    name = exercise_name(progress.exercise, progress.side)
    since = "" if progress.since is None else f" since {format_day(progress.since)}"
    head, lines = f"{name[0].upper()}{name[1:]}: {pluralize(progress.sets, 'set')}{since}", []
    on = "" if progress.best_day is None else f" ({format_day(progress.best_day)})"
    if progress.best_clean:
        lines.append(f"most clean reps in a set: {progress.best_clean}{on}")
    if progress.best_held_s is not None:
        lines.append(f"longest hold: {progress.best_held_s:.0f} s{on}")
    certain = [change for change in progress.changes if _is_certain(change)]
    lines += [_changed(change) for change in certain]
    level = [
        QUANTITIES[change.what][0]
        for change in progress.changes
        if change not in certain and change.since_first.direction == "level"
    ]
    if level:
        lines.append(f"no certain change: {join_words(level)}")
    unknown = [change for change in progress.changes if change.since_first.direction is None]
    if unknown and not level and not certain:
        visits = max(change.since_first.visits for change in unknown)
        lines.append(f"{pluralize(visits, 'visit')} so far: what changes shows from the fourth on")
    return head, lines


def _is_certain(change: QuantityChange) -> bool:
    courses = (change.since_first, change.recent)
    return any(course is not None and course.direction in ("more", "less") for course in courses)


def _changed(change: QuantityChange) -> str:
    """Describe a quantity's change since the first visit, and over the last ones if it differs."""
    what, more, less = QUANTITIES[change.what]
    words = {"more": more, "less": less, "level": "no certain change"}
    whole, recent = change.since_first, change.recent
    first, last = format_value(whole.first, change.unit), format_value(whole.last, change.unit)
    parts = [f"{words[whole.direction or 'level']} since the first visit ({first}, now {last})"]
    if recent is not None and recent.direction is not None and recent.direction != whole.direction:
        then = format_value(recent.first, change.unit)
        parts.append(f"over the last {recent.visits} visits {words[recent.direction]} ({then}, now {last})")
    return f"{what}: {'; '.join(parts)}"


_DECIDED = {
    "stay": "Stay with this exercise",
    "regress": "Make it easier",
    "progress": "You can make it harder",
    "stop": "Stop here",
}

#: One sentence per reason: the finding, then what to do. {place}: how many repetitions, over how long.
_REASONS: dict[ReasonCode, str] = {
    "pain_with_jolt": "You said pain {value} of 10, and the leg jolted at the same height in {count} of {of} "
    "reps. Do not train through that: see a professional.",
    "pain": "You said pain {value} of 10. Train without pain only; if it stays, see a professional.",
    "stopped_with_pain": AFTER_PAIN,
    "arching": "The pelvis tipped forward in {place}{below}. Lower only as far as it stays flat.",
    "hip_popping": "The pelvis turned in {place}. Keep both sides of it equally heavy on the floor.",
    "swinging": "Swing did part of the work in {place}. Start each rep gently.",
    "fast_lowering": "The leg came down fast in {place}. Count while you lower it.",
    "too_many_easy_reps": "{count} reps in one set are a sign of swing, not of strength: do fewer, slower.",
    "effort_low": "You said effort {value} of 10. Lower more slowly before you add reps.",
    "clean_sessions": "All {count} reps of the last {sessions} sessions were clean, in whole sets.",
    "not_enough_yet": "There are not enough whole, clean sets yet to move on.",
    "beside_the_ladder": "It stands beside the steps of the programme: go on with it as it is.",
    "no_sets": "There are no sets yet.",
}


def advice_lines(advice: Advice) -> list[str]:
    """Return the recommendation and its reasons, the deciding one first."""
    head = _DECIDED[advice.recommendation]
    if advice.next is not None:
        head += f": {advice.next.title}. {advice.next.how}"
    lines = [head if head.endswith(".") else f"{head}."]
    lines += [f"• {_reason(reason)}" for reason in advice.reasons]
    return lines


def adherence_lines(adherence: Adherence, plan: Plan) -> list[str]:
    """Return this week's sessions against the plan."""
    done = pluralize(adherence.sessions_this_week, "session")
    lines = [f"{done} in the last seven days; planned {adherence.planned}."]
    if not adherence.rest_days_kept:
        lines.append(f"Leave {pluralize(plan.rest_days, 'day')} of rest between sessions.")
    return lines


def plan_line(plan: Plan) -> str:
    """Format the plan in one line.

    Examples
    --------
    >>> plan_line(Plan((2, 3), (10, 15), 2, 1, 50))
    '2 to 3 sets of 10 to 15 reps, 2 times a week, 1 day of rest between'
    """
    return (
        f"{plan.sets[0]} to {plan.sets[1]} sets of {plan.reps[0]} to {plan.reps[1]} reps, "
        f"{pluralize(plan.sessions_a_week, 'time')} a week, "
        f"{pluralize(plan.rest_days, 'day')} of rest between"
    )


def prescription_line(one: Prescription) -> str:
    """Format a prescription, with who gave it and when.

    Examples
    --------
    >>> from datetime import date
    >>> lee = Prescription("heel_tap", "Dr. Lee", date(2026, 11, 2), 3, 10, "left", "2-0-2-0")
    >>> prescription_line(lee)
    'Prescribed by Dr. Lee on 2026-11-02: heel tap, left: 3 sets of 10 reps, tempo 2-0-2-0.'
    """
    amount = f"{one.duration_s:g} s" if one.reps is None else pluralize(one.reps, "rep")
    words = [f"{pluralize(one.sets, 'set')} of {amount}"]
    if one.tempo is not None:
        words.append(f"tempo {format_tempo(one.tempo)}")
    if one.range_target_deg is not None:
        words.append(f"range {format_degrees(one.range_target_deg)}")
    if one.floor_deg is not None:
        words.append(f"no lower than {format_degrees(one.floor_deg)}")
    what = f"{exercise_name(one.exercise, one.side)}: {', '.join(words)}"
    return f"Prescribed by {one.by} on {one.given.isoformat()}: {what}."


def _reason(reason: Reason) -> str:
    span = "the last session" if reason.sessions <= 1 else f"the last {reason.sessions} sessions"
    return _REASONS[reason.code].format(
        place=f"{reason.count} of {reason.of} reps of {span}",
        below=""
        if reason.below_deg is None
        else f", below about {format_degrees(reason.below_deg)} of leg height",
        count=reason.count,
        of=reason.of,
        sessions=reason.sessions,
        value=reason.value,
    )


#: Name of a quantity, and the phrase for the side with the larger value.
_SIDE_QUANTITIES: dict[SideQuantity, tuple[str, str]] = {
    "range_deg": ("range", "the {side} leg moves further"),
    "concentric_s": ("way up", "the {side} leg goes up more slowly"),
    "eccentric_s": ("way down", "the {side} leg comes down more slowly"),
    "pelvic_tilt_deg": ("forward tilt", "the pelvis tips further with the {side} leg"),
    "pelvic_rotation_deg": ("turn of the pelvis", "the pelvis turns further with the {side} leg"),
    "lift_off_angle_deg": ("floor angle", "the back lets go higher up with the {side} leg"),
    "clean_share": ("share of clean reps", "more reps are clean with the {side} leg"),
}


def side_lines(comparisons: Iterable[SideComparison]) -> list[str]:
    """Describe what differs between left and right, and what does not.

    Examples
    --------
    >>> difference = SideDifference("range_deg", 62.0, 48.0, "deg", "different")
    >>> side_lines([SideComparison("single_leg_raise", 12, 12, (difference,))])[1]
    '• range: left 62°, right 48°: the left leg moves further.'
    """
    lines = []
    for comparison in comparisons:
        left, right = pluralize(comparison.left_reps, "rep"), pluralize(comparison.right_reps, "rep")
        name = exercise_name(comparison.exercise).capitalize()
        lines.append(f"{name}, {left} left and {right} right:")
        lines += [f"• {_side_line(d)}" for d in comparison.differences if d.verdict != "equal"]
        equal = [_SIDE_QUANTITIES[d.what][0] for d in comparison.differences if d.verdict == "equal"]
        if equal:
            lines.append(f"• equal, as far as these sensors and your own scatter tell: {join_words(equal)}.")
    return lines


def _side_line(difference: SideDifference) -> str:
    what, direction = _SIDE_QUANTITIES[difference.what]
    larger = "left" if difference.left > difference.right else "right"
    left, right = (format_value(value, difference.unit) for value in (difference.left, difference.right))
    doubt = ", worth watching" if difference.verdict == "watch" else ""
    return f"{what}: left {left}, right {right}: {direction.format(side=larger)}{doubt}."


_BANDS: dict[Grade, str] = {"normal": "0–15°", "good": "16–45°", "fair": "46–75°", "poor": "76–90°"}


def end_range_sentences(result: EndRange) -> list[str]:
    """Describe the end-range test of one side, the floor angle first."""
    legs = {"left": ", left leg", "right": ", right leg"}.get(result.side or "", "")
    sentences = [f"{exercise_name(result.exercise).capitalize()}{legs}: {_floor_sentence(result)}"]
    if result.grade is not None:
        sentences.append(_grade_sentence(result, result.grade))
    if result.too_fast:
        sentences.append(
            f"{pluralize(result.too_fast, 'lowering')} left out: too fast. Count to eight on the way down."
        )
    if result.unjudged:
        sentences.append(
            f"{pluralize(result.unjudged, 'lowering')} left out: the pelvis was not measured then."
        )
    return sentences


def _floor_sentence(result: EndRange) -> str:
    lowerings = f"{result.lowerings} slow {'lowering' if result.lowerings == 1 else 'lowerings'}"
    if result.floor_deg is not None:
        spread = "" if result.spread_deg is None else f" (± {format_degrees(max(result.spread_deg, 1.0))})"
        return (
            f"your floor angle is about {format_degrees(result.floor_deg)}{spread}, from {lowerings}. "
            "The pelvis stays flat while the leg is higher: lower no further."
        )
    if result.held_to_deg is not None:
        return f"the pelvis stayed flat down to {format_degrees(result.held_to_deg)}, in {lowerings}."
    return f"no floor angle, {lowerings} cannot tell. Lower the leg three times, very slowly."


def _grade_sentence(result: EndRange, grade: Grade) -> str:
    words = f"Typical grade: {grade} ({_BANDS[grade]} above the floor), certainty {result.certainty}"
    if result.exercise != "double_leg_raise":
        return f"{words}: the grades are those of both legs together."
    return f"{words}. Small studies, no diagnosis."


def press_sentences(press: Press) -> list[str]:
    """Describe the setup test."""
    tilt = format_degrees(press.tilt_deg)
    lifted = [] if press.lifted_deg is None else [_with_lifted_leg(press.lifted_deg)]
    if not press.pressed:
        return [
            f"The pelvis tipped back by {tilt} only; that may be nothing.",
            *lifted,
            "Bend the knees, breathe out, and tip the pelvis back until the belt buckle points to your chin.",
        ]
    return [
        f"The pelvis tipped back by {tilt}, held for {format_value(press.held_s, 's')}.",
        f"Counted from the rest at {format_value(press.zero_s, 's')}. "
        "Whether the back touched the floor these sensors cannot tell.",
        *lifted,
    ]


def _with_lifted_leg(lifted_deg: float) -> str:
    return (
        f"The leg turned by up to {format_degrees(lifted_deg)}: what the pelvis did meanwhile is left out, "
        "for it tips back with the leg. In this test the feet stay on the floor."
    )
