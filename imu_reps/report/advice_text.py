"""The recommendation after a session in plain words, with its evidence."""

from __future__ import annotations

from imu_reps.domain.prescription import Prescription
from imu_reps.domain.programme import Adherence, Advice, Plan, Reason, ReasonCode
from imu_reps.domain.recording import AFTER_PAIN
from imu_reps.report.aim import short_tempo
from imu_reps.report.figures import counted, degrees

_DECIDED = {
    "stay": "Stay with this exercise",
    "regress": "Make it easier",
    "progress": "You can make it harder",
    "stop": "Stop here",
}

#: One sentence a reason: what was found, then what to do. {place}: in how many repetitions, over how long.
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
    """What to do next and why, the deciding reason first.

    Parameters
    ----------
    advice : Advice
    """
    head = _DECIDED[advice.recommendation]
    if advice.next is not None:
        head += f": {advice.next.title}. {advice.next.how}"
    lines = [head if head.endswith(".") else f"{head}."]
    lines += [f"• {_reason(reason)}" for reason in advice.reasons]
    return lines


def adherence_lines(adherence: Adherence, plan: Plan) -> list[str]:
    """How often the person trained this week, against the plan.

    Parameters
    ----------
    adherence : Adherence
    plan : Plan
    """
    done = counted(adherence.sessions_this_week, "session")
    lines = [f"{done} in the last seven days; planned {adherence.planned}."]
    if not adherence.rest_days_kept:
        lines.append(f"Leave {counted(plan.rest_days, 'day')} of rest between sessions.")
    return lines


def plan_line(plan: Plan) -> str:
    """The plan in one line.

    Examples
    --------
    >>> plan_line(Plan((2, 3), (10, 15), 2, 1, 50))
    '2 to 3 sets of 10 to 15 reps, 2 times a week, 1 day of rest between'
    """
    return (
        f"{plan.sets[0]} to {plan.sets[1]} sets of {plan.reps[0]} to {plan.reps[1]} reps, "
        f"{counted(plan.sessions_a_week, 'time')} a week, {counted(plan.rest_days, 'day')} of rest between"
    )


def prescription_line(one: Prescription) -> str:
    """What was prescribed, by whom and when.

    Examples
    --------
    >>> from datetime import date
    >>> lee = Prescription("heel_tap", "Dr. Lee", date(2026, 11, 2), 3, 10, "left", "2-0-2-0")
    >>> prescription_line(lee)
    'Prescribed by Dr. Lee on 2026-11-02: heel tap, left: 3 sets of 10 reps, tempo 2-0-2-0.'
    """
    side = f", {one.side}" if one.side in ("left", "right") else ""
    words = [f"{counted(one.sets, 'set')} of {counted(one.reps, 'rep')}"]
    if one.tempo is not None:
        words.append(f"tempo {short_tempo(one.tempo)}")
    if one.range_target_deg is not None:
        words.append(f"range {degrees(one.range_target_deg)}")
    if one.floor_deg is not None:
        words.append(f"no lower than {degrees(one.floor_deg)}")
    what = f"{one.exercise.replace('_', ' ')}{side}: {', '.join(words)}"
    return f"Prescribed by {one.by} on {one.given.isoformat()}: {what}."


def _reason(reason: Reason) -> str:
    span = "the last session" if reason.sessions <= 1 else f"the last {reason.sessions} sessions"
    return _REASONS[reason.code].format(
        place=f"{reason.count} of {reason.of} reps of {span}",
        below="" if reason.below_deg is None else f", below about {degrees(reason.below_deg)} of leg height",
        count=reason.count,
        of=reason.of,
        sessions=reason.sessions,
        value=reason.value,
    )
