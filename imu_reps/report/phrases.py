"""Sentences of a set's report and of its live events: faults, their meaning, what was not judged.

They state directions, diagnose nothing and name no muscle: the sensors do not show that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from imu_reps.domain.events import (
    Event,
    FaultSeen,
    HoldEnded,
    LegsUp,
    Ready,
    RepCompleted,
    RepRetracted,
    RepRevised,
    SensorBack,
    SensorSilent,
    SetEnded,
)
from imu_reps.domain.exercise import BOTH_LEGS, Side
from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import PAIN_REPORTED, STOPPED_WITH_PAIN
from imu_reps.domain.rep import Fault, Flag, Partial, PartialReason, Rep
from imu_reps.domain.samples import SensorPlace
from imu_reps.domain.summary import Summary, Trend
from imu_reps.domain.tempo import Tempo, TempoPart
from imu_reps.report.findings import end_reason_text, finding_text
from imu_reps.report.formatting import (
    format_degrees,
    format_reps,
    format_tempo,
    format_value,
    join_words,
    past_limit,
    pluralize,
)

#: Flags in the order of the report's sentences, the worst first.
FLAGS: tuple[Flag, ...] = (
    "back_arch",
    "hip_pop",
    "momentum",
    "fast_lowering",
    "heel_touch",
    "short_range",
    "below_floor",
    "knee_bend",
    "snap",
)
#: Minimum rate to tell a click from a jolt, less a tolerance of 2 %.
_CLICK_HZ = 0.98 * 200.0
#: Minimum rate at which no touch is missed between samples, less 2 %.
_TOUCH_HZ = 0.98 * 100.0
#: Flags that can rarely be judged: that they were not is not reported.
_SELDOM_JUDGED: tuple[Flag, ...] = ("snap", "below_floor")
_PELVIS_FLAGS: tuple[Flag, ...] = ("back_arch", "hip_pop")

Marks = list[tuple[Rep, Fault]]


def flag_label(flag: Flag) -> str:
    """Return the name of a flag with spaces."""
    return flag.replace("_", " ")


def fault_sentences(summary: Summary) -> list[str]:
    """Return a sentence for each flag and kind of evidence, with the repetitions."""
    kinds: dict[tuple[Flag, str], Marks] = {}
    for rep in summary.reps:
        for fault in rep.faults:
            if fault.level == "flag":
                kinds.setdefault((fault.code, fault.unit), []).append((rep, fault))
    worst_first = sorted(kinds.items(), key=lambda kind: FLAGS.index(kind[0][0]))
    return [_sentence(flag, marks, summary) for (flag, _), marks in worst_first]


def _sentence(flag: Flag, marks: Marks, summary: Summary) -> str:
    where = _where([rep.number for rep, _ in marks], summary)
    unsure = all(fault.certainty in ("low", "experimental") for _, fault in marks)
    words = _EVIDENCE[flag](marks, summary)
    return f"{where[0].upper()}{where[1:]}, {flag_label(flag)}: {words}{' (not certain)' if unsure else ''}."


def _measured(marks: Marks, of: str = "", bound: str = "limit") -> str:
    faults = [fault for _, fault in marks]
    values = [abs(fault.value) for fault in faults]
    return past_limit(values, abs(faults[0].limit), faults[0].unit, of=of, bound=bound)


def _back_arch(marks: Marks, summary: Summary) -> str:
    heights = [rep.lift_off_angle_deg for rep, _ in marks if rep.lift_off_angle_deg is not None]
    alone = heights and summary.set.floor_angle_deg is None  # else reported as the set's floor angle
    where = f", from about {format_degrees(max(heights))} of leg height down" if alone else ""
    return f"the pelvis tipped forward by {_measured(marks)}{where}"


def _hip_pop(marks: Marks, summary: Summary) -> str:
    turns = [(rep.pelvic_rotation_deg, fault.value) for rep, fault in marks]
    turned_deg = (value if rotation is None else rotation for rotation, value in turns)
    rising = sorted({_side_up(rotation_deg, summary.recording.side) for rotation_deg in turned_deg})
    return f"the pelvis turned by {_measured(marks)}, the {join_words(rising)} side rising"


def _side_up(rotation_deg: float, side: Side | None) -> str:
    """Return the rising side: for positive rotation the one opposite the working leg, or else the right."""
    return "right" if (rotation_deg > 0) != (side == "right") else "left"


def _momentum(marks: Marks, _: Summary) -> str:
    if marks[0][1].unit == "share":
        return f"swing carried {_measured(marks, ' of the way up')}"
    if marks[0][1].unit == "deg":
        return f"the lift began out of a swing of the body by {_measured(marks)}"
    return f"the leg moved at {_measured(marks)}"


def _fast_lowering(marks: Marks, _: Summary) -> str:
    unit = marks[0][1].unit
    if unit == "s":
        return f"the leg came down in {_measured(marks, bound='at least')}"
    if unit == "share":
        return f"the leg fell freely for {_measured(marks, ' of the way down')}"
    return f"the leg came down at {_measured(marks)}"


def _snap(marks: Marks, summary: Summary) -> str:
    heights = [fault.at_angle_deg for _, fault in marks if fault.at_angle_deg is not None]
    where = f" near {format_degrees(median(heights))} of leg height" if heights else ""
    ankle = summary.sensors.ankle
    audible = ankle is not None and ankle.rate_hz >= _CLICK_HZ
    return f"a {'click' if audible else 'jolt'} on the way down{where}"


_EVIDENCE: dict[Flag, Callable[[Marks, Summary], str]] = {
    "back_arch": _back_arch,
    "hip_pop": _hip_pop,
    "momentum": _momentum,
    "fast_lowering": _fast_lowering,
    "heel_touch": lambda marks, _: f"the heel hit the floor, a knock of {_measured(marks)}",
    "short_range": lambda marks, _: f"the leg moved {_measured(marks, bound='at least')}",
    "below_floor": lambda marks, _: f"the leg went down to {_measured(marks, bound='floor angle set')}",
    "knee_bend": lambda *_: "the leg moved as if shorter; the knee may have bent",
    "snap": _snap,
}

_MEANING: dict[Flag, str] = {
    "back_arch": "The pelvis did not stay flat on the way down. Lower only as far as it does.",
    "hip_pop": "Keep both sides of the pelvis equally heavy on the floor while the leg moves.",
    "momentum": "A swing does the work for you. Start gently and take two seconds up.",
    "fast_lowering": "The way down is half of the exercise. Count {count} while lowering.",
    "heel_touch": "Stop just above the floor, or set the heel down softly.",
    "short_range": "Rest a little longer, or end the set, when the leg no longer comes as far.",
    "below_floor": "Stop above the floor angle that was set; going deeper can wait.",
    "knee_bend": "Keep the knee as it was in the first reps.",
    "snap": "Painless clicks are common. Try less range, the toes turned out, a soft knee, a stretch first. "
    "With pain: stop, and see a professional.",
}


def meaning_sentences(summary: Summary) -> list[str]:
    """Return what faults, floor and trend mean for the next set."""
    figures = summary.set
    flagged = {flag for rep in summary.reps for flag in rep.flags}
    if figures.floor_angle_deg is not None:
        flagged -= {"back_arch"}  # reported as the floor angle
    two_legs = summary.recording.exercise in BOTH_LEGS
    hints = [_MEANING[flag].format(count="four" if two_legs else "two") for flag in FLAGS if flag in flagged]
    side = summary.recording.side
    trends = [_trend(trend, side) for trend in figures.trend if trend.certain and _matters(trend)]
    pain = _texts_of(summary, STOPPED_WITH_PAIN, PAIN_REPORTED)
    whole = pain + _texts_of(summary, *_COUNT_IN_DOUBT) + _whole_set(summary) + tempo_sentences(summary)
    return whole + hints + _floor(summary) + trends + _texts_of(summary, *_OF_THE_SET)


#: Findings with the other possible count, and with raises that are not in it.
_COUNT_IN_DOUBT = ("count_uncertain", "raises_left_out", "turned_unseen")


#: Findings about the set; the others are about the recording.
_OF_THE_SET = (
    "range_aim",
    "floor_aim",
    "hold",
    "hold_clean",
    "hold_tilt",
    "hold_unjudged",
    "hold_others",
    "wobble",
    "tremor",
    "breathing",
    "no_breath",
)


def describes_set(finding: Finding) -> bool:
    """Return whether a finding is about the set rather than the recording."""
    return finding.code in (STOPPED_WITH_PAIN, PAIN_REPORTED, *_COUNT_IN_DOUBT, *_OF_THE_SET)


def _pain_reported(summary: Summary) -> bool:
    """Return whether the person ended the set with pain or rated pain: nothing is praised then."""
    return any(finding.code in (STOPPED_WITH_PAIN, PAIN_REPORTED) for finding in summary.findings)


def _texts_of(summary: Summary, *codes: str) -> list[str]:
    return [finding_text(finding) for finding in summary.findings if finding.code in codes]


def _whole_set(summary: Summary) -> list[str]:
    figures = summary.set
    if figures.rep_count == 0:
        return _nothing_sentences(summary)
    if _pain_reported(summary):
        return []
    if figures.rep_count is not None and figures.clean_count == figures.rep_count:
        return ["A clean set: nothing passed a limit."]
    return []


def _floor(summary: Summary) -> list[str]:
    floor, below = summary.set.floor_angle_deg, summary.set.floor_below_deg
    own = [fault.limit for rep in summary.reps for fault in rep.faults if fault.code == "below_floor"]
    if floor is not None and own and max(own) > floor:
        kept = f"the floor angle set for it stays {format_degrees(max(own))}"
        flat = f"In this set the pelvis stayed flat above about {format_degrees(floor)}"
        return [f"{flat}; {kept}. Lower no further."]
    if floor is not None:
        about = f"Your floor angle is about {format_degrees(floor)} in this set"
        return [f"{about}: the pelvis stays flat while the leg is higher. Lower no further."]
    let_go = any(rep.lift_off_angle_deg is not None for rep in summary.reps)
    if below is not None and not let_go and summary.recording.posture == "supine":
        return [f"The pelvis did not tip forward on the way down to {format_degrees(below)}."]
    return []


_TREND_WORDS = {
    "range_deg": ("range", "deg"),
    "duration_s": ("time for a rep", "s"),
    "pelvic_tilt_deg": ("forward tilt of the pelvis", "deg"),
}


def _matters(trend: Trend) -> bool:
    """Return whether a trend matters: more or less backward tilt alone does not."""
    return trend.what != "pelvic_tilt_deg" or max(trend.first_third, trend.last_third) > 0.0


def _trend(trend: Trend, side: Side | None) -> str:
    since = f"from rep {trend.from_rep} on" if trend.from_rep is not None else "over the set"
    if trend.what == "pelvic_rotation_deg":
        return _turn_trend(trend, side, since)
    what, unit = _TREND_WORDS[trend.what]
    went = "grew" if trend.last_third > trend.first_third else "fell"
    first, last = format_value(trend.first_third, unit), format_value(trend.last_third, unit)
    change = f"The mean {what} {went} from {first} in the first third of the set to {last} in the last"
    return f"{change}{f', {since}' if trend.from_rep is not None else ''}."


def _turn_trend(trend: Trend, side: Side | None, since: str) -> str:
    first, last = trend.first_third, trend.last_third
    change = f"on average {format_degrees(abs(last))}, at first {format_degrees(abs(first))}"
    if first * last < 0.0 and abs(first) >= 1.0:
        change += " the other way"
    less = abs(last) < abs(first)
    what = "pelvis turns less" if less else f"{_side_up(last, side)} side of the pelvis rises more"
    return f"{since[0].upper()}{since[1:]} the {what}: {change}."


def unjudged_sentences(summary: Summary) -> list[str]:
    """Return what could not be judged, in which repetitions, and why."""
    missing: dict[tuple[tuple[int, ...], str], list[Flag]] = {}
    for flag in FLAGS:
        numbers = tuple(rep.number for rep in summary.reps if flag in rep.not_judged)
        if numbers and flag not in _SELDOM_JUDGED:
            reason = _no_knee(numbers, summary) if flag == "knee_bend" else _reason(flag, summary)
            missing.setdefault((numbers, reason), []).append(flag)
    return [
        f"{join_words(list(map(flag_label, flags))).capitalize()} in {_where(numbers, summary)}: {reason}."
        for (numbers, reason), flags in missing.items()
    ]


def _no_knee(numbers: Sequence[int], summary: Summary) -> str:
    """Return why a bent knee could not be judged: the first repetitions are what it is judged by."""
    if summary.recording.posture == "hanging" and summary.sensors.pelvis is None:
        return "without a pelvis sensor nothing shows how the hip swings at the bar"
    first = "later reps are compared with the first ones"
    begins = tuple(numbers) == tuple(range(1, len(numbers) + 1))
    return first if begins else f"{first}, and slow ones do not show it"


def _where(numbers: Sequence[int], summary: Summary) -> str:
    return "all reps" if 1 < len(summary.reps) == len(numbers) else format_reps(numbers)


def _reason(flag: Flag, summary: Summary) -> str:
    ankle = summary.sensors.ankle
    if flag == "heel_touch" and ankle is not None and ankle.rate_hz < _TOUCH_HZ:
        return "an ankle sensor this slow may miss one"
    if flag not in _PELVIS_FLAGS:
        return "too little of the leg's movement was measured"
    if summary.sensors.pelvis is None:
        return "there was no pelvis sensor"
    if flag == "hip_pop" and summary.recording.posture == "hanging":
        return "these sensors cannot tell while hanging"
    if summary.zero.time_s is None:
        return "there is no pelvis zero"
    return "too little of the pelvis's movement was measured"


_TEMPO_WORDS: dict[TempoPart, str] = {
    "eccentric_s": "the way down took",
    "bottom_s": "the pause at the bottom was",
    "concentric_s": "the way up took",
    "top_s": "the pause at the top was",
}


_TURN_WORDS: dict[TempoPart, str] = {"bottom_s": "at the bottom", "top_s": "at the top"}
#: A pause where none was aimed at, up to this long, is a slow turn and no other tempo.
SHORT_TURN_S = 1.0


def tempo_sentences(summary: Summary) -> list[str]:
    """Return whether the target tempo was kept, and if not, which parts were missed."""
    figures = summary.set
    means = (
        figures.eccentric_s_mean,
        figures.bottom_pause_s_mean,
        figures.concentric_s_mean,
        figures.top_pause_s_mean,
    )
    known = [mean for mean in means if mean is not None]
    if figures.tempo_target is None or figures.tempo is None or len(known) < len(means):
        return []
    measured, aim = Tempo(*known), Tempo.parse(figures.tempo_target)
    missed = measured.missed(aim)
    if not missed:
        return [f"You kept the tempo you aimed at, {format_tempo(figures.tempo_target)}."]
    if all(
        part in _TURN_WORDS and getattr(aim, part) == 0.0 and getattr(measured, part) <= SHORT_TURN_S
        for part in missed
    ):
        turns = [f"{format_value(getattr(measured, part), 's')} {_TURN_WORDS[part]}" for part in missed]
        kept = format_tempo(figures.tempo_target)
        return [f"You kept the tempo you aimed at, {kept}, but for turns that took {join_words(turns)}."]
    parts = [
        f"{words} {format_value(getattr(measured, part), 's')} (aim {format_value(getattr(aim, part), 's')})"
        for part, words in _TEMPO_WORDS.items()
        if part in missed
    ]
    return [f"Not quite the tempo you aimed at: {join_words(parts)}."]


#: Maximum number of movements listed by time.
_TIMES_NAMED = 4

#: Why swings are not repetitions, for a set without any.
_NO_REPS: dict[PartialReason, str] = {
    "cut_off": "The recording begins or ends while the leg is on its way",
    "not_carried_round_hip": "The leg moved, but not as a leg that is raised from the hip",
    "practice": "All reps were for practice",
    "by_hand": "What the sensors counted was taken out by hand",
}


def _nothing_sentences(summary: Summary) -> list[str]:
    """Return why nothing was counted, by what most of the leg's movement was."""
    if any(finding.code == "never_ready" for finding in summary.findings):
        return []
    moved: dict[PartialReason, float] = {}
    for partial in summary.partials:
        moved[partial.reason] = moved.get(partial.reason, 0.0) + partial.range_deg
    reason: PartialReason = max(moved, key=lambda one: moved[one]) if moved else "too_small"
    minimum = f"The leg never went out and back by at least {format_degrees(summary.settings.min_range_deg)}"
    words = {"too_small": minimum, **_NO_REPS}[reason]
    return [f"{words}, so there is nothing to count."]


def partial_sentences(summary: Summary) -> list[str]:
    """Return a sentence for each reason why swings were not counted."""
    by_reason: dict[PartialReason, list[Partial]] = {}
    for partial in summary.partials:
        by_reason.setdefault(partial.reason, []).append(partial)
    return [_uncounted(reason, some) for reason, some in by_reason.items()]


def _uncounted(reason: PartialReason, partials: Sequence[Partial]) -> str:
    times = [format_value(max(partial.start_s, 0.0), "s") for partial in partials[:_TIMES_NAMED]]
    if len(partials) > _TIMES_NAMED:
        times.append(f"{len(partials) - _TIMES_NAMED} times more")
    what = {
        "too_small": pluralize(len(partials), "smaller movement"),
        "cut_off": f"{pluralize(len(partials), 'rep')} that the recording cuts off",
        "not_carried_round_hip": f"{pluralize(len(partials), 'swing')} unlike a leg raised from the hip",
        "practice": f"{pluralize(len(partials), 'rep')} for practice,",
        "by_hand": f"{pluralize(len(partials), 'rep')} taken out by hand,",
    }[reason]
    where = "" if reason == "practice" else f", at {join_words(times)}"  # practice is at the beginning
    return f"{what} not counted{where}."


_WITHOUT: dict[SensorPlace, str] = {
    "ankle": "counting pauses",
    "pelvis": "counting goes on, the pelvis is not judged",
}


def event_text(event: Event) -> str | None:
    """Return the text of an event; None for phases and for what is only worth watching."""
    match event:
        case Ready(posture_checked=checked):
            words = "ready" if checked else "ready (posture not checked: no pelvis sensor)"
        case LegsUp():
            words = "legs up"
        case RepCompleted(number=number):
            words = f"{number}"
        case RepRetracted(rep_count=count, reason=reason):
            words = f"back to {count}: {reason.rstrip('.')}"
        case FaultSeen() | RepRevised():
            return _of_faults(event)
        case SensorSilent(sensor=sensor):
            words = f"the {sensor} sensor is silent: {_WITHOUT[sensor]}"
        case SensorBack(sensor=sensor):
            words = f"the {sensor} sensor is back"
        case SetEnded():
            words = _of_the_end(event)
        case HoldEnded(held_s=held_s, counts=True):
            words = f"held for {held_s:.0f} s"
        case _:
            return None
    return words


#: For a session whose counting lags; short, as a narrow panel has few lines for it.
COUNTING_LATE = "Counting does not keep up; everything is recorded."


def file_moved_text(*, was_removed: bool, path: str = "") -> str:
    """Describe why the file of a set was written again and, given its `path`, where."""
    why = "was removed or changed by another program" if was_removed else "could not be written on"
    return f"The file of this set {why}; it was written anew{f', to {path}' if path else '.'}"


def _of_the_end(event: SetEnded) -> str:
    total = "" if event.rep_count is None else f", {pluralize(event.rep_count, 'rep')}"
    what = "hold over" if event.reason == "legs_down" else f"set over{total}"
    return f"{what}: {end_reason_text(event.reason)}"


def _of_faults(event: FaultSeen | RepRevised) -> str | None:
    if isinstance(event, RepRevised):
        gone = ", no ".join(flag_label(code) for code in event.cleared)
        return f"   rep {event.number}: no {gone} after all" if gone else None
    fault = event.fault
    passed = past_limit([abs(fault.value)], abs(fault.limit), fault.unit)
    text = f"   rep {event.number}: {flag_label(fault.code)}, {passed}"
    return text if fault.level == "flag" else None
