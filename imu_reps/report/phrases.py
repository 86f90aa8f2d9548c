"""What was wrong, what it means, what could not be judged: one sentence each, in plain words.

Directions are stated, nothing is diagnosed, no muscle is named: the sensors know none of that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import PAIN_SAID, STOPPED_WITH_PAIN, Side
from imu_reps.domain.rep import Fault, Flag, Rep
from imu_reps.domain.summary import Summary, Trend
from imu_reps.report.aim import aim_sentences
from imu_reps.report.figures import degrees, listed, past_limit, reps_named, written
from imu_reps.report.findings import finding_text
from imu_reps.report.uncounted import nothing_sentences

#: Worst first: the order of the report's sentences.
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
#: Slower sensors feel a jolt, and cannot tell that it clicks; 2 % slow is still its rate.
_CLICK_HZ = 0.98 * 200.0
#: Slower sensors may miss a touch between their samples.
_TOUCH_HZ = 0.98 * 100.0
#: Flags that can be judged in few repetitions by their nature: that they were not is no news.
_SELDOM_JUDGED: tuple[Flag, ...] = ("knee_bend", "snap", "below_floor")
_PELVIS_FLAGS: tuple[Flag, ...] = ("back_arch", "hip_pop")

Marks = list[tuple[Rep, Fault]]


def label(flag: Flag) -> str:
    """A flag as two words."""
    return flag.replace("_", " ")


def fault_sentences(summary: Summary) -> list[str]:
    """What was wrong in which repetitions: a sentence for each flag and kind of evidence."""
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
    return f"{where[0].upper()}{where[1:]}, {label(flag)}: {words}{' (not certain)' if unsure else ''}."


def _measured(marks: Marks, of: str = "", bound: str = "limit") -> str:
    faults = [fault for _, fault in marks]
    values = [abs(fault.value) for fault in faults]
    return past_limit(values, abs(faults[0].limit), faults[0].unit, of=of, bound=bound)


def _back_arch(marks: Marks, summary: Summary) -> str:
    heights = [rep.lift_off_angle_deg for rep, _ in marks if rep.lift_off_angle_deg is not None]
    alone = heights and summary.set.floor_angle_deg is None  # a floor angle says it for the whole set
    where = f", from about {degrees(max(heights))} of leg height down" if alone else ""
    return f"the pelvis tipped forward by {_measured(marks)}{where}"


def _hip_pop(marks: Marks, summary: Summary) -> str:
    rising = sorted({_rising_side(rep, fault, summary.recording.side) for rep, fault in marks})
    return f"the pelvis turned by {_measured(marks)}, the {listed(rising)} side rising"


def _rising_side(rep: Rep, fault: Fault, side: Side | None) -> str:
    """Positive rotation: the side opposite the working leg rises; without one leg at work, the right side."""
    return _side_up(fault.value if rep.pelvic_rotation_deg is None else rep.pelvic_rotation_deg, side)


def _side_up(rotation_deg: float, side: Side | None) -> str:
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


def _heel_touch(marks: Marks, _: Summary) -> str:
    return f"the heel hit the floor, a knock of {_measured(marks)}"


def _short_range(marks: Marks, _: Summary) -> str:
    return f"the leg moved {_measured(marks, bound='at least')}"


def _below_floor(marks: Marks, _: Summary) -> str:
    return f"the leg went down to {_measured(marks, bound='floor angle set')}"


def _knee_bend(_: Marks, __: Summary) -> str:
    return "the leg moved as if shorter; the knee may have bent"


def _snap(marks: Marks, summary: Summary) -> str:
    heights = [fault.at_angle_deg for _, fault in marks if fault.at_angle_deg is not None]
    where = f" near {degrees(median(heights))} of leg height" if heights else ""
    ankle = summary.sensors.ankle
    audible = ankle is not None and ankle.rate_hz >= _CLICK_HZ
    return f"a {'click' if audible else 'jolt'} on the way down{where}"


_EVIDENCE: dict[Flag, Callable[[Marks, Summary], str]] = {
    "back_arch": _back_arch,
    "hip_pop": _hip_pop,
    "momentum": _momentum,
    "fast_lowering": _fast_lowering,
    "heel_touch": _heel_touch,
    "short_range": _short_range,
    "below_floor": _below_floor,
    "knee_bend": _knee_bend,
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
    """What the faults, the floor and the trend mean for the next set."""
    figures = summary.set
    flagged = {flag for rep in summary.reps for flag in rep.flags}
    if figures.floor_angle_deg is not None:
        flagged -= {"back_arch"}  # the floor angle says the same, and how far
    two_legs = summary.recording.exercise in ("double_leg_raise", "hanging_leg_raise")
    hints = [_MEANING[flag].format(count="four" if two_legs else "two") for flag in FLAGS if flag in flagged]
    side = summary.recording.side
    trends = [_trend(trend, side) for trend in figures.trend if trend.certain and _tells(trend)]
    pain, doubt = _told(summary, STOPPED_WITH_PAIN, PAIN_SAID), _told(summary, COUNT_UNCERTAIN)
    whole = pain + doubt + _whole_set(summary) + aim_sentences(summary)
    return whole + hints + _floor(summary) + trends + _told(summary, *_OF_THE_SET)


#: The finding that says what the count may have been.
COUNT_UNCERTAIN = "count_uncertain"


#: Findings that say what the set came to; the others tell of the recording.
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


def of_the_set(finding: Finding) -> bool:
    """Whether a finding is part of what the set means."""
    return finding.code in (STOPPED_WITH_PAIN, PAIN_SAID, COUNT_UNCERTAIN, *_OF_THE_SET)


def it_hurt(summary: Summary) -> bool:
    """Whether the person ended the set because it hurt, or said so of it: nothing is praised then."""
    return any(finding.code in (STOPPED_WITH_PAIN, PAIN_SAID) for finding in summary.findings)


def _told(summary: Summary, *codes: str) -> list[str]:
    return [finding_text(finding) for finding in summary.findings if finding.code in codes]


def _whole_set(summary: Summary) -> list[str]:
    figures = summary.set
    if figures.rep_count == 0:
        return nothing_sentences(summary)
    if it_hurt(summary):
        return []
    if figures.rep_count is not None and figures.clean_count == figures.rep_count:
        return ["A clean set: nothing passed a limit."]
    return []


def _floor(summary: Summary) -> list[str]:
    floor, below = summary.set.floor_angle_deg, summary.set.floor_below_deg
    own = [fault.limit for rep in summary.reps for fault in rep.faults if fault.code == "below_floor"]
    if floor is not None and own and max(own) > floor:
        kept = f"the floor angle set for it stays {degrees(max(own))}"
        return [f"In this set the pelvis stayed flat above about {degrees(floor)}; {kept}. Lower no further."]
    if floor is not None:
        about = f"Your floor angle is about {degrees(floor)} in this set"
        return [f"{about}: the pelvis stays flat while the leg is higher. Lower no further."]
    let_go = any(rep.lift_off_angle_deg is not None for rep in summary.reps)
    if below is not None and not let_go and summary.recording.posture == "supine":
        return [f"The pelvis did not tip forward on the way down to {degrees(below)}."]
    return []


_TREND_WORDS = {
    "range_deg": ("range", "deg"),
    "duration_s": ("time for a rep", "s"),
    "pelvic_tilt_deg": ("forward tilt of the pelvis", "deg"),
}


def _tells(trend: Trend) -> bool:
    """Whether a change means something: more or less backward tilt alone does not."""
    return trend.what != "pelvic_tilt_deg" or max(trend.first_third, trend.last_third) > 0.0


def _trend(trend: Trend, side: Side | None) -> str:
    since = f"from rep {trend.from_rep} on" if trend.from_rep is not None else "over the set"
    if trend.what == "pelvic_rotation_deg":
        return _turn_trend(trend, side, since)
    what, unit = _TREND_WORDS[trend.what]
    went = "grew" if trend.last_third > trend.first_third else "fell"
    change = f"The {what} {went} from {written(trend.first_third, unit)} to {written(trend.last_third, unit)}"
    return f"{change}{',' if trend.from_rep is not None else ''} {since}."


def _turn_trend(trend: Trend, side: Side | None, since: str) -> str:
    first, last = trend.first_third, trend.last_third
    change = f"{degrees(abs(last))}, at first {degrees(abs(first))}"
    if first * last < 0.0 and abs(first) >= 1.0:
        change += " the other way"
    less = abs(last) < abs(first)
    what = "pelvis turns less" if less else f"{_side_up(last, side)} side of the pelvis rises more"
    return f"{since[0].upper()}{since[1:]} the {what}: {change}."


def unjudged_sentences(summary: Summary) -> list[str]:
    """What could not be judged, in which repetitions, and why."""
    missing: dict[tuple[tuple[int, ...], str], list[Flag]] = {}
    for flag in FLAGS:
        numbers = tuple(rep.number for rep in summary.reps if flag in rep.not_judged)
        if numbers and flag not in _SELDOM_JUDGED:
            missing.setdefault((numbers, _reason(flag, summary)), []).append(flag)
    return [
        f"{listed([label(flag) for flag in flags]).capitalize()} in {_where(numbers, summary)}: {reason}."
        for (numbers, reason), flags in missing.items()
    ]


def _where(numbers: Sequence[int], summary: Summary) -> str:
    return "all reps" if 1 < len(summary.reps) == len(numbers) else reps_named(numbers)


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
