"""Sentences of findings: what was found and what to do about it, by code; and why a set ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from imu_reps.domain.finding import Finding, ImplausibleError
from imu_reps.domain.recording import PAIN_REPORTED, STOPPED_WITH_PAIN
from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2
from imu_reps.errors import ImuRepsError, RecordingError
from imu_reps.report.formatting import format_reps, join_words, pluralize

#: More absences or restarts than this are counted, not listed.
MAX_NAMED = 3

#: Texts of the reasons why a set ended, to continue "the set was ended:".
END_REASONS = {
    "target": "the target was reached",
    "duration": "the time was up",
    "left_posture": "you left the posture",
    "legs_down": "the legs came down",
    "user": "you ended it",
    "pain": "it hurt",
    "faulty_reps": "too many faulty reps came in a row",
    "range_lost": "the range fell by as much as you had set",
    "speed_lost": "the speed fell by as much as you had set",
    "link_lost": "the ankle sensor stayed away",
    "end_of_recording": "the recording ends",
}

#: Advice after a set stopped with pain.
AFTER_PAIN = "It hurt, and you stopped. Leave it for today; if it does not pass, see a professional."

DISCARDED = "You discarded this set: it is not remembered, and not compared with others."

ACC = "acc_x_mps2, acc_y_mps2, acc_z_mps2"
GYR = "gyr_x_dps, gyr_y_dps, gyr_z_dps"

Template = str | Callable[[Mapping[str, Any]], str]
Error = TypeVar("Error", bound=ImuRepsError)


def sentence(finding: Finding) -> str:
    """Return the sentence of a finding."""
    return _words(finding)[0]


def hint(finding: Finding) -> str:
    """Return what to do about a finding; may be empty."""
    return _words(finding)[1]


def finding_text(finding: Finding) -> str:
    """Return sentence and hint, with the repetitions that bad samples lie in."""
    message, hint_words = _words(finding)
    touched = f"In {format_reps(finding.reps)}." if finding.reps and "spans" in finding.values else ""
    return " ".join(words for words in (message, touched, hint_words) if words)


def with_message(error: Error) -> Error | RecordingError:
    """Return the error with message and hint if it carries a finding, else unchanged."""
    if not isinstance(error, ImplausibleError):
        return error
    message, hint_words = _words(error.finding)
    return RecordingError(message, hint=hint_words, code=error.code)


def end_reason_text(reason: str) -> str:
    """Return the text of the reason why a set ended; an unknown reason is shown as it is."""
    return END_REASONS.get(reason, reason.replace("_", " "))


def _words(finding: Finding) -> tuple[str, str]:
    values = _Values(finding.values)
    if "message" in values:  # texts from the reader, which names lines and columns
        return values["message"], values["hint"]
    values |= {
        "ACC": ACC,
        "severity": finding.severity,
        "sensor": finding.sensor,
        "start_s": finding.start_s,
        "end_s": finding.end_s,
    }
    entry = SENTENCES[finding.code]
    message, hint_words = entry if isinstance(entry, tuple) else (entry, "")
    return _filled(message, values), _filled(hint_words, values)


class _Values(dict[str, Any]):
    """A finding's values, and the words that several sentences make of them."""

    def __missing__(self, name: str) -> str:
        return _MADE_WORDS[name](self)


def _filled(words: Template, values: Mapping[str, Any]) -> str:
    return words.format_map(values) if isinstance(words, str) else words(values)


def _when(v: Mapping[str, Any]) -> str:
    return "at rest" if v["at_rest"] else "on average"


def _acc_scale(v: Mapping[str, Any]) -> str:
    if v["severity"] == "refuse":
        reading = f"{v['reading_mps2']:.4g} {_when(v)}"
        return f"The {v['sensor']} sensor's acceleration reads {reading}, not 9.81 m/s² ({ACC})."
    off = 100 * (v["reading_mps2"] / STANDARD_GRAVITY_MPS2 - 1.0)
    return f"The {v['sensor']} sensor's acceleration reads {v['reading_mps2']:.2f} m/s² at rest, {off:+.0f} % off."


def _acc_scale_hint(v: Mapping[str, Any]) -> str:
    if v["severity"] == "caution":
        return "Calibrate the accelerometer; angles may be off by a few degrees."
    factor = STANDARD_GRAVITY_MPS2 / v["reading_mps2"]
    return f"If these are raw counts or another unit, multiply {ACC} of the {v['sensor']} by {factor:.4g}."


def _gyro_axes(v: Mapping[str, Any]) -> str:
    if "dead" in v:
        return f"{v['dead']} of the {v['sensor']} shows nothing of the turns that its accelerometer sees: that axis is dead."
    if "unsigned" in v:
        return f"{v['unsigned']} of the {v['sensor']} turns by {v['turned_deg']:.0f}° one way and never back: its signs are lost."
    return (
        f"The {v['sensor']} sensor's gyroscope and accelerometer do not turn together: {GYR} do not "
        "explain how the direction of gravity moves."
    )


def _gyro_axes_hint(v: Mapping[str, Any]) -> str:
    if "dead" in v:
        return "Restart the sensor; if the axis stays dead, replace it."
    if "unsigned" in v:
        return "Check how the program reads and writes the column: as numbers with a sign."
    if "flip" in v:
        return f"They do if {join_words(v['flip'])} of the {v['sensor']} {'is' if len(v['flip']) == 1 else 'are'} multiplied by -1: check the signs of the columns (right-handed axes)."
    if "swap" in v:
        return f"They do if {join_words(v['swap'])} of the {v['sensor']} are swapped: check the order of the columns."
    return "Check order and signs of the columns (both in the same right-handed axes) and the unit (deg/s)."


def _gyro_changed(v: Mapping[str, Any]) -> str:
    whose = f"From {v['start_s']:.0f} s to {v['end_s']:.0f} s the {v['sensor']} sensor's gyroscope"
    if "ratio" in v:
        what = f"shows about {v['ratio']:.1g} times the turns that its accelerometer sees ({GYR})"
    elif "flip" in v:
        what = f"and accelerometer agree only with the other sign in {join_words(v['flip'])}"
    else:
        what = f"and accelerometer agree only with {join_words(v['swap'])} swapped"
    return f"{whose} {what}, unlike in the rest of the recording: {_consequence(v)}."


def _gyro_bias(v: Mapping[str, Any]) -> str:
    columns = join_words([f"{name} by {bias:.0f} deg/s" for name, bias in v["bias_dps"].items()])
    what = f"The {v['sensor']} sensor's gyroscope is off all along, {columns}: it reads that much while"
    if v["at_rest"]:
        return f"{what} the sensor rests. That bias was taken off."
    return f"{what} gravity does not turn. That bias was taken off; as the sensor never rests, a few deg/s may be left, and angles and the count may be off."


def _gyro_scale_hint(v: Mapping[str, Any]) -> str:
    if v["severity"] == "caution":
        return "Check the gyroscope's range setting and calibration."
    hint = f"Multiply {GYR} of the {v['sensor']} by {1 / v['ratio']:.3g}"
    if v["ratio"] < 1.0:
        return f"{hint}."
    # on a pendulum the specific force hardly turns in the sensor
    return f"{hint}; but leave the file as it is if the whole body swung from a bar, which the accelerometer hardly shows."


#: What makes rates too large, by how many times.
_TOO_LARGE = {
    57.3: "degrees converted from rad/s twice",
    1000.0: "thousandths of a degree a second",
    16.4: "raw counts of a range of ±2000 deg/s",
    32.8: "raw counts of a range of ±1000 deg/s",
    65.5: "raw counts of a range of ±500 deg/s",
    131.0: "raw counts of a range of ±250 deg/s",
}


def _gyro_unit(v: Mapping[str, Any]) -> str:
    if v["times"] is None:
        how = "turns by more than a whole turn a second, again and again, as no limb does"
    else:
        how = f"turns {v['times']:.3g} times as far as its accelerometer sees"
    return f"The {v['sensor']} sensor's gyroscope {how}: its unit is not deg/s ({GYR})."


def _gyro_unit_hint(v: Mapping[str, Any]) -> str:
    near = min(_TOO_LARGE, key=lambda times: abs(times / v["times"] - 1.0)) if v["times"] else 0.0
    told = (
        f"It may be {_TOO_LARGE[near]} (1/{near:g}). " if near and abs(v["times"] / near - 1.0) < 0.1 else ""
    )
    return f"{told}Give deg/s: see what the program that wrote the file, or the sensor's data sheet, says of the unit."


_GYRO_SCALE = (
    "The {sensor} sensor's gyroscope sees {ratio:.2g} (± {error:.1g}) times the turns that its "
    f"accelerometer sees ({GYR})."
)


def _wrapped(v: Mapping[str, Any]) -> str:
    samples = f"{v['samples']} samples ({_spans(v)})"
    what = f"{v['column']} of the {v['sensor']} went beyond its range and wrapped round to the other sign in {samples}."
    if not v["continued"]:
        return f"{what} How far beyond cannot be told: repetitions there may be counted and measured wrongly."
    return f"{what} They were continued beyond the range of about {v['range']:.0f}."


def _time_unit(v: Mapping[str, Any]) -> str:
    if v["unit"] is not None:
        return f"time_s is in {v['unit']}, not in seconds, as the sensor's own clock or rate shows."
    if v["factor"] is not None:
        return f"time_s is not in seconds: the sensor's own clock or rate shows {v['factor']:.4g} of its units in one."
    return "time_s is not in seconds: no sensor sends as few or as many samples as that would be."


def _time_unit_hint(v: Mapping[str, Any]) -> str:
    if v["factor"] is None:
        return "Give time_s in seconds from the first row (milliseconds: divide by 1000)."
    digits = ".4g" if v["unit"] is None else "g"
    if v["factor"] > 1:
        return f"Divide time_s by {v['factor']:{digits}}."
    return f"Multiply time_s by {1 / v['factor']:{digits}}."


def _sent_spans(v: Mapping[str, Any]) -> str:
    return ", ".join(f"{place} {first:.1f} to {last:.1f} s" for place, (first, last) in v["spans"].items())


def _rate_changed(v: Mapping[str, Any]) -> str:
    rates = f"from {v['before_hz']:.0f} to {v['after_hz']:.0f} samples a second"
    used = (
        "The slow stretch is not used: at least 20 are needed."
        if v["unused"]
        else "Each stretch was taken at its own."
    )
    return f"The {v['sensor']} sensor's rate changed at {v['start_s']:.0f} s, {rates}. {used}"


def _lost(v: Mapping[str, Any]) -> str:
    share = f"{100 * v['share']:.0f} %"
    if v["lost"] is None:
        return f"The {v['sensor']} sensor's samples are missing {share} of the time"
    return f"{share} of the {v['sensor']} sensor's samples are lost ({v['lost']} of {v['sent']})"


def _drift(v: Mapping[str, Any]) -> str:
    way = "fast" if v["drift_ppm"] > 0 else "slow"
    by = f"{abs(v['drift_ppm']):.0f} ppm"
    return f"The {v['sensor']} sensor's clock runs {way} by {by}. Times follow the host's clock."


def _sensor_offset(v: Mapping[str, Any]) -> str:
    why = "how long packets wait for the radio does not show" if v["hidden"] else "arrivals scatter"
    return f"The times of the two sensors agree only to within {1e3 * v['uncertainty_s']:.0f} ms: {why}."


def _posture(v: Mapping[str, Any]) -> str:
    return "hanging" if v["posture"] == "hanging" else "lying"


def _posture_unchecked(v: Mapping[str, Any]) -> str:
    why = "the pelvis sensor's axes are unknown" if v["pelvis"] else "there was no pelvis sensor"
    return f"Posture was not checked, for {why}: what the leg did while not {_posture(v)} may count as well."


def _posture_contradicted(v: Mapping[str, Any]) -> str:
    done, hung = ("lying", "hung") if v["hanging"] else ("hanging", "lay")
    return f"The header says exercise: {v['exercise']}, which is done {done}; yet the leg {hung}."


def _start_assumed(v: Mapping[str, Any]) -> str:
    if v["exercise"] == "heel_tap":
        known = "leg angles are changes from the start position."
    elif v["by_lever"]:
        known = "where the legs point was found from how the ankle is carried round the hip, to about 5°."
    else:
        known = "the legs were taken to start vertical, at 90°."
    return f"No rest of straight legs on the floor was seen before the set; {known}"


def _start_contradicted(v: Mapping[str, Any]) -> str:
    start_of_text = (
        f"The header says start: {v['start']}, that the leg rests {v['start']} between repetitions; yet "
    )
    if "held_s" not in v:
        return start_of_text + f"it rested {_other_start(v)}."
    if v["start"] == "low":
        return start_of_text + f"it was held up for {v['held_s']:.1f} s before and after the set."
    return start_of_text + "the first lift went straight down again, and it rested low before."


def _other_start(v: Mapping[str, Any]) -> str:
    return "high" if v["start"] == "low" else "low"


def _interrupted(v: Mapping[str, Any]) -> str:
    gaps = join_words([f"from {start:.0f} s to {end:.0f} s" for start, end in v["spans"]])
    return f"The set was interrupted {gaps}: you were not {_posture(v)} then."


def _count_uncertain(v: Mapping[str, Any]) -> str:
    sure = "Fairly certain" if v["certainty"] == "fair" else "Not certain"
    count = "no reps" if v["count"] == 0 else pluralize(v["count"], "rep")
    return f"{sure}: {count}{_otherwise(v)}."


def _otherwise(v: Mapping[str, Any]) -> str:
    """Return the other possible count, and the swings it depends on if known."""
    count, other = v["count"], v["other"]
    if other is None or other == count:
        return ""
    if count == 0:
        return f"; {other} if the swings that were seen were leg raises"
    if other == 0:
        return "; none if it was something else that swung the leg"
    by = _by(v)
    return f"; {other} if {by}" if by else f"; it may have been {other}"


def _by(v: Mapping[str, Any]) -> str:
    if "small" in v:
        one, names = len(v["small"]) == 1, join_words([str(number) for number in v["small"]])
        return f"rep {names} was only a small movement" if one else f"reps {names} were only small movements"
    if len(v.get("cut_off", ())) == 1:
        return f"what the recording cuts off at {_seconds(v['cut_off'])} is one"
    times = [*v.get("swings", ()), *v.get("cut_off", ())]
    if not times:
        return ""
    one = len(times) == 1
    return f"the swing{'' if one else 's'} at {_seconds(times)} {'was one' if one else 'were reps too'}"


def _raises_left_out(v: Mapping[str, Any]) -> str:
    one = v["raises"] == 1
    more = "once" if one else f"{v['raises']} times"
    times = f"{more} more, from {v['start_s']:.0f} to {v['end_s']:.0f} s"
    cause = (
        "the ankle sensor turned on the leg"
        if v["in_posture"]
        else "the pelvis sensor turned, or you lay or hung in another way"
    )
    these = "this raise is" if one else "these raises are"
    return f"The leg goes on as in the set, {times}, but {these} not counted: {cause}."


def _ankle_turned(v: Mapping[str, Any]) -> str:
    during = v.get("during_reps", ())
    turned = f"The ankle sensor turned on the shank by about {v['turned_deg']:.0f}° at {v['start_s']:.0f} s; "
    unmeasured = f" The leg was not measured in {format_reps(during)}." if during else ""
    return f"{turned}from there on it was aligned anew.{unmeasured}"


def _turned_unseen(v: Mapping[str, Any]) -> str:
    after, reps = v["after_rep"], v["reps"]
    place = f"after rep {after}" if after else "before the first rep"
    where = f", {place}" if reps else ""
    times = f"between {v['start_s']:.0f} and {v['end_s']:.0f} s{where}"
    return f"The ankle sensor turned on the leg {times}; raises in that time may be missing."


def _seconds(times_s: Sequence[float]) -> str:
    return join_words([f"{time_s:.0f} s" for time_s in times_s])


def _sent(v: Mapping[str, Any]) -> str:
    many = f"{v['samples']} samples, within {v['duration_s']:.1f} s"
    return "a single sample" if v["samples"] == 1 else many


def _samples(v: Mapping[str, Any]) -> str:
    return f"{v['samples']} of {v['sent']} samples of the {v['sensor']} sensor ({_spans(v)})"


def _spans(v: Mapping[str, Any]) -> str:
    spans = [(max(start, 0.0), max(end, 0.0)) for start, end in v["spans"]]
    if len(spans) > MAX_NAMED:
        return f"{len(spans)} times, {spans[0][0]:.1f} to {spans[-1][1]:.1f} s"
    return join_words([f"{s:.1f} s" if e - s < 0.1 else f"{s:.1f} to {e:.1f} s" for s, e in spans])


def _stretches(v: Mapping[str, Any]) -> str:
    every = [
        f"from {start:.0f} s to {end:.0f} s repeat those from {of:.0f} s on"
        for (start, end), of in zip(v["spans"], v["of_s"], strict=True)
    ]
    more = f", and {len(every) - MAX_NAMED} stretches more repeat others" if len(every) > MAX_NAMED else ""
    return f"The {v['sensor']} sensor's rows {join_words(every[:MAX_NAMED])}{more}, to the last digit: what stands there was recorded before. They are left out; {_consequence(v)}."


def _two_streams(v: Mapping[str, Any]) -> str:
    two = "Two" if v["start_s"] is None else f"From {v['start_s']:.0f} s on two"
    return f"{two} different streams of samples come under one name, {v['sensor']}: two sensors send as one."


def _in_columns(v: Mapping[str, Any]) -> str:
    return f" in {join_words(v['columns'])}" if v["columns"] else ""


def _consequence(v: Mapping[str, Any]) -> str:
    ankle = v["sensor"] == "ankle"
    return "what happened then is not counted" if ankle else "the pelvis is not judged there"


def _away(v: Mapping[str, Any]) -> str:
    spans = [f"from {s:.0f} s on" if e is None else f"from {s:.0f} s to {e:.0f} s" for s, e in v["spans"]]
    when = " and ".join(spans)
    if len(spans) > MAX_NAMED:
        when = f"{len(spans)} times, for {v['total_s']:.0f} s in all"
    return f"The {v['sensor']} sensor was away {when}; {_consequence(v)}."


def _restart(v: Mapping[str, Any]) -> str:
    times = [f"{time_s:.0f} s" for time_s in v["at_s"]]
    when = f"at {' and '.join(times)}" if len(times) <= MAX_NAMED else f"{len(times)} times"
    return f"The {v['sensor']} sensor switched itself on anew {when}."


def _range_aim(v: Mapping[str, Any]) -> str:
    where = (
        "every rep"
        if v["reached"] == v["reps"]
        else f"{v['reached'] or 'none'} of {pluralize(v['reps'], 'rep')}"
    )
    return f"You reached the range you aimed at, {v['aim_deg']:.0f}°, in {where}."


#: Where the floor angle of a set is from.
_FLOOR_FROM = {
    "asked": "as asked for with this set",
    "end_range": "your own, from the end-range test",
    None: "as the recording has it",
}


def _floor_aim(v: Mapping[str, Any]) -> str:
    floor = f"{v['floor_deg']:.0f}°, {_FLOOR_FROM[v['floor_from']]}"
    if not v["kept"]:
        return f"The floor angle set was {floor}."
    within = f", to within {v['within_deg']:.0f}°" if v["within_deg"] else ""
    last = ", the last lowering aside" if v["last_below"] else ""
    return f"You kept to the floor angle set, {floor}{within}{last}."


def _hold(v: Mapping[str, Any]) -> str:
    if "held_s" in v:
        return f"Held for {v['held_s']:.0f} s."
    if "least_s" in v:
        return (
            f"No hold was seen: the legs were not held up for {v['least_s']:.0f} s after a rest on the floor."
        )
    return "The hold was not timed: there was no ankle sensor."


def _hold_clean(v: Mapping[str, Any]) -> str:
    limit = f"{v['limit_deg']:.0f}°"
    if v["clean_s"] >= v["held_s"]:
        tipped = f"{max(v['tilt_deg'], 0.0):.0f}°"
        return f"The pelvis stayed within its limit all the time: it tipped forward by {tipped} at most (limit {limit})."
    if not v["clean_s"]:
        return f"The pelvis was never within its limit ({limit}): hold the legs higher."
    if not v["from_s"]:
        return f"The pelvis kept its limit for {v['clean_s']:.0f} s. Stop there, or hold the legs higher."
    return (
        f"The longest stretch with the pelvis within its limit was {v['clean_s']:.0f} s, from second "
        f"{v['from_s']:.0f} on. Stop sooner, or hold the legs higher."
    )


def _wobble(v: Mapping[str, Any]) -> str:
    if "typical_deg" in v:
        about = f"about {v['typical_deg']:.0f}° around its own path"
        return f"The pelvis wandered by {about} in {v['much']} of {v['reps']} reps."
    when = "over the set" if v["from_rep"] is None else f"from rep {v['from_rep']} on"
    first = "less than 1°" if v["first_deg"] < 0.75 else f"{v['first_deg']:.0f}°"
    return f"The pelvis wandered more around its own path {when}: by about {v['last_deg']:.0f}°, at first by {first}."


#: Words that stand in several sentences by these names.
_MADE_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "when": _when,
    "where": _spans,
    "sent_spans": _sent_spans,
    "loss": _lost,
    "these_samples": _samples,
    "in_columns": _in_columns,
    "consequence": _consequence,
    "lying_or_hanging": _posture,
}

_CLOSER = "Bring the receiver closer, with no body between."
_HOLES = "Leave holes as they are: a missing row is understood."
_RATE = "Set the sensor to 50 or better 100 samples a second."
_RECEIVER = "Check the receiver."

#: Sentence of each code, and hint if there is one.
SENTENCES: Mapping[str, Template | tuple[Template, Template]] = {
    # presence and time
    "no_samples": (
        "The recording holds no samples.",
        "Check that the sensors were connected, and record again.",
    ),
    "no_pelvis": (
        "There are no pelvis samples: tilt and rotation are not measured, nor is the posture checked, so what the leg did out of it may count as well.",
        "Wear the second sensor on the front of the pelvis.",
    ),
    "no_ankle": (
        "There are no ankle samples: repetitions cannot be counted.",
        "Wear a sensor above the ankle of the working leg.",
    ),
    "too_short": (
        lambda v: (
            f"The {v['sensor']} sensor sent {_sent(v)}."
            if v["sensor"]
            else f"The recording broke off after {v['duration_s']:.1f} s, too short for one repetition."
            if v["broke_off"]
            else f"The recording is {v['duration_s']:.1f} s long: too short for one repetition."
        ),
        lambda v: (
            "Check its battery and connection and record again, or leave its rows out of the file."
            if v["sensor"]
            else "Record at least a whole repetition with a second of stillness before it."
        ),
    ),
    "time_span": (
        lambda v: f"The recording spans {v['span_s'] / 3600:.0f} h in time_s: its times are wrong.",
        "Give time_s in seconds from the first row, without jumps.",
    ),
    "very_long": (
        lambda v: f"The recording is {v['duration_s'] / 3600:.1f} h long; one set is expected.",
        "Record each set in a file of its own.",
    ),
    "no_overlap": (
        "The two sensors never sent at the same time ({sent_spans}).",
        "Give both sensors' time_s on the same clock of the host.",
    ),
    "partial_overlap": (
        "Both sensors sent for only {shared_s:.1f} of {longest_s:.1f} s ({sent_spans}).",
        "Connect both sensors before the set; the rest is judged with one sensor alone.",
    ),
    "rate_too_high": (
        "The {sensor} sensor sends {rate_hz:.0f} samples a second by time_s: no sensor does.",
        "Give time_s in seconds, and the samples of one sensor once.",
    ),
    "rate_too_low": (
        "The {sensor} sensor sends {rate_hz:.1f} samples a second; at least 20 are needed.",
        _RATE,
    ),
    "rate_low": ("The {sensor} sensor sends {rate_hz:.1f} samples a second: too few to see jolts.", _RATE),
    "rate_changed": (
        _rate_changed,
        "Check its battery and its link; jolts are seen less well where it is slow.",
    ),
    "rate_off": (
        lambda v: (
            f"The {v['sensor']} sensor sends {v['rate_hz']:.2f} samples a second, the header says {v['header_hz']:g} ({100 * v['off']:+.1f} %). The measured rate is used."
        ),
        "If that is no surprise, correct '{sensor}.rate_hz' in the header.",
    ),
    "loss": ("{loss}.", f"{_CLOSER[:-1]}, or lower the rate."),
    "loss_severe": (
        "{loss}; most of what needs them cannot be judged.",
        f"{_CLOSER[:-1]}, or lower the rate.",
    ),
    "drop_out": (
        lambda v: (
            f"The {v['sensor']} sensor is silent {pluralize(v['times'], 'time')} for more than 0.15 s, at most {v['longest_s']:.2f} s. Repetitions there are not judged."
        ),
        _CLOSER,
    ),
    "drift": (_drift, "Nothing to do for one set; a sensor that is far off may be failing."),
    "clock_uncertain": (
        "The times of the {sensor} sensor's samples are known to {uncertainty_ms:.0f} ms only.",
        "Use a steadier connection, or a sensor with a clock of its own.",
    ),
    "duplicates": ("{count} samples of the {sensor} sensor came twice; the second is left out.", _RECEIVER),
    "reordered": (
        "{count} samples of the {sensor} sensor came out of order; they are put in order.",
        _RECEIVER,
    ),
    "restarts": (
        lambda v: f"The {v['sensor']} sensor began its numbering anew {pluralize(v['count'], 'time')}.",
        "Check the sensor's battery and contacts.",
    ),
    "sensor_offset": (
        _sensor_offset,
        "Before the set, knock both sensors together in one hand three times, and note it as a tap.",
    ),
    "tap_used": lambda v: (
        f"The tap at {v['start_s']:.0f} s was found ({v['taps']} knocks): the two sensors' times agree to {1e3 * v['uncertainty_s']:.0f} ms."
    ),
    "tap_unclear": (
        "The tap noted at {start_s:.0f} s was not used: {reason}.",
        "Hold both sensors in one hand and knock them on something three times, unevenly.",
    ),
    # accelerometer and gyroscope
    "not_finite": (
        "{samples} {sensor} samples hold no real reading in {columns} (NaN, infinity or beyond 1e9).",
        "Leave such rows out of the file: a missing row is a gap, which is understood.",
    ),
    "acc_unit_g": (
        "The {sensor} sensor's acceleration reads {reading_mps2:.2f} {when}: that is g, not m/s² ({ACC}).",
        "Import the original again, with @g in --map (from Python: 'acc' as 'g' in units), "
        f"or multiply {ACC} of the {{sensor}} by 9.80665.",
    ),
    "gravity_removed": (
        "The {sensor} sensor's acceleration reads {reading_mps2:.2f} m/s² {when}: gravity has been removed ({ACC}).",
        "Record the raw acceleration with gravity (not 'linear', 'user' or 'free' acceleration).",
    ),
    "acc_scale": (_acc_scale, _acc_scale_hint),
    "gyro_unit_radps": (
        lambda v: (
            f"The {v['sensor']} sensor's gyroscope sees 1/{1 / v['ratio']:.0f} of the turns that its accelerometer sees: it is in rad/s, not deg/s ({GYR})."
        ),
        "Import the original again, with @rad/s in --map (from Python: 'gyr' as 'rad/s' in units), "
        f"or multiply {GYR} of the {{sensor}} by 57.29578.",
    ),
    "columns_exchanged": (
        f"The {{sensor}} sensor's gyroscope columns read {{gyr:.3g}} whichever way it points, as an accelerometer does by gravity, and its acceleration as little as {{acc:.2g}}: the two are exchanged ({ACC}; {GYR}).",
        "Exchange the names of the acceleration's and the gyroscope's columns.",
    ),
    "gyro_unit": (_gyro_unit, _gyro_unit_hint),
    "gyro_axes": (_gyro_axes, _gyro_axes_hint),
    "acc_sign": (
        "At rest the pelvis sensor's axis {axis} reads -9.8 where it must read +9.8: its acceleration has the other sign, as with phones, which count gravity the other way, or it was worn the wrong way round, or you lay face down.",
        "For the other sign, multiply {ACC} of both sensors by -1; for a sensor worn the wrong way round, correct its axes in the header instead. Face down there are no leg raises: then leave the file as it is.",
    ),
    "gyro_scale": (_GYRO_SCALE, _gyro_scale_hint),
    "gyro_drifts": (
        f"The {{sensor}} sensor's gyroscope sees about {{before:.2g}} times the turns that its accelerometer sees at {{start_s:.0f}} s, and about {{after:.2g}} times at {{end_s:.0f}} s: its scale changes in between ({GYR}). Angles, ranges and counts are off by as much.",
        "Check what sets the sensor's range while it records, its supply, and how warm it gets.",
    ),
    "gyro_changed": (
        _gyro_changed,
        "Check what restarts the sensor, or sets its range or its axes, while it records.",
    ),
    "gyro_dead_band": (
        "The {sensor} sensor's gyroscope has a dead band: rates under about {band_dps:.1f} deg/s are set to 0. Slow turns are lost, and angles, rests and counts may be wrong.",
        "Switch the dead band off, or use the readings as the sensor sent them.",
    ),
    "gyro_late": (
        lambda v: (
            f"The {v['sensor']} sensor's gyroscope reads about {abs(v['late_s']):.1f} s {'after' if v['late_s'] > 0 else 'before'} its accelerometer: angles and times of a moving limb are wrong."
        ),
        "Check how the program that wrote the file joins what both parts sent, and whether it smooths one of them.",
    ),
    "gyro_contradicts": (
        "The {sensor} sensor's gyroscope and accelerometer contradict each other ({where}): angles, times and counts there may be wrong.",
        "Did the knee bend, or the heel drag over the floor? If not, switch off what filters, smooths or zeroes the gyroscope, in the sensor and in its program.",
    ),
    "gyro_warms_up": (
        "The {sensor} sensor's gyroscope warmed up while recording: its bias went by {bias_dps:.1f} deg/s, and "
        "was taken off.",
        "Switch the sensors on a few minutes before the set.",
    ),
    "gyro_bias": (
        _gyro_bias,
        "Calibrate the gyroscope while the sensor lies still, or check what the program adds to it; and lie still for a second before the set.",
    ),
    "gyro_zero": (
        "Between {start_s:.0f} s and {end_s:.0f} s the {sensor} sensor's gyroscope reads up to {off_dps:.0f} deg/s more or less than its accelerometer shows in calm moments: its zero moved, or it takes slow turns for its zero. Angles, times and counts there may be wrong.",
        "Switch automatic zeroing and high-pass filters of the gyroscope off; if it has none, switch it on a few minutes before the set.",
    ),
    "frozen_sensor": (
        "The {sensor} sensor repeats one sample from beginning to end.",
        "Restart the sensor: no sensor is that quiet, even on a table.",
    ),
    "frozen_part": (
        "The {part} of the {sensor} sensor repeats one reading from beginning to end.",
        "Restart the sensor; if the {part} stays frozen, replace it.",
    ),
    "frozen_axis": (
        "{column} of the {sensor} stays at {value:.4g} from beginning to end while the sensor moves.",
        "Check the export and the sensor; restart it. Angles that need this axis are wrong.",
    ),
    "rounded": (
        lambda v: (
            f"The {v['sensor']} sensor's {v['part']} is rounded to {v['step']:.2g} {'m/s²' if v['part'] == 'acceleration' else 'deg/s'} throughout: {'too coarse to see angles by' if v['severity'] == 'refuse' else 'small movements, and a sensor that freezes, are seen less well'}."
        ),
        "Write all digits that the sensor gives: at least 0.01 m/s² and 0.1 deg/s.",
    ),
    "clipped": (
        "{column} of the {sensor} is cut off at {at:.4g}, the end of the sensor's range, in {samples} samples.",
        "Set a wider range on the sensor; speeds, momentum and impacts there are too small.",
    ),
    "repeated_rows": (
        lambda v: (
            f"{100 * v['share']:.0f} % of the {v['sensor']}'s samples repeat the one before: the sensor really delivers about {v['real_hz']:.0f} a second, not {v['rate_hz']:.0f}."
        ),
        "Ask for samples no faster than the sensor makes them, or raise the sensor's own rate.",
    ),
    "interpolated_rows": (
        "The {sensor}'s samples lie on straight lines between about {real_hz:.0f} a second: a program put in the others, up to {rate_hz:.0f}. Short pauses, jerks and impacts are not in them.",
        "Use the samples as the sensor sent them, and set it to 50 or better 100 a second.",
    ),
    "smoothed": (
        "The {sensor}'s readings are smoother than any sensor's: a program filtered them. Times may be off, and tremor, jerks and impacts are not in them.",
        "Use the readings as the sensor sent them.",
    ),
    # which samples are readings
    "flat_samples": (
        "{these_samples} hold no reading: all axes read zero, or one and the same value. They are left out.",
        "Check the sensor's wiring and battery: such rows come of failed transfers.",
    ),
    "spike_samples": (
        "{these_samples} are spikes that no body can make. They are left out.",
        "Check the sensor's wiring and its link.",
    ),
    "noise_samples": (
        lambda v: (
            f"{_samples(v)} are noise{_in_columns(v) or ' in all six columns'}, as no body moves. They are left out."
        ),
        "Check the sensor's wiring and supply.",
    ),
    "frozen_samples": (
        "{these_samples} repeat the one before{in_columns}: the sensor froze there. They are left out.",
        "Restart the sensor; if it happens again, replace it.",
    ),
    "filled_samples": (
        "{these_samples} lie on straight lines{in_columns}, without the noise around them: a program filled a hole. They are left out.",
        _HOLES,
    ),
    "put_in_samples": (
        "{these_samples} have one and the same value{in_columns}, far from those around: a program put it where something was missing. They are left out.",
        _HOLES,
    ),
    "scaled_samples": (
        "{these_samples} have another scale of the acceleration than the rest: its size is far from gravity's 9.8 m/s² for many seconds ({ACC}). They are left out; {consequence}.",
        "Check what restarts the sensor, or sets its range, while it records.",
    ),
    "cut_off_samples": (
        "{these_samples} are cut off{in_columns}, at the end of the sensor's range. They are left out.",
        "Set a wider range on the sensor.",
    ),
    "sensor_died": (
        "The {sensor} sensor died at {start_s:.0f} s{in_columns}: it sent no reading from there on; {consequence}.",
        "Check its battery and contacts.",
    ),
    "no_readings": (
        "The {sensor} sensor sent hardly any reading: zeros, noise, or the same values over and over.",
        "Check its wiring and battery, and record again.",
    ),
    "copies": (
        "{samples} of {sent} samples of the {sensor} sensor are packets that came twice, a repeat of what was there before. They are left out.",
        "Check the receiver; nothing needs to be mended in the file.",
    ),
    "stretch_repeated": (
        _stretches,
        "Check the program that wrote the file or joined it from parts.",
    ),
    "two_streams": (
        _two_streams,
        "Give each sensor its own name in the column sensor, 'pelvis' and 'ankle'; nothing in the file is a copy.",
    ),
    "names_exchanged": (
        "The two sensors exchange their names: the rows of each are the other's, {where}.",
        "Exchange 'pelvis' and 'ankle' in the column sensor for that time, and for no other.",
    ),
    "same_data": (
        lambda v: (
            f"Both sensors send the same data ({100 * v['share']:.0f} % of the samples, from {v['start_s']:.0f} s to {v['end_s']:.0f} s): one stream was written under both names."
        ),
        "Check the pairing of the sensors, and the program that wrote the file.",
    ),
    "one_limb": (
        "Both sensors turn as one all the time: they are on the same limb, or lie beside each other.",
        "Wear one sensor on the pelvis and the other on the ankle of the leg that is lifted; check which is named what.",
    ),
    "wrapped": (_wrapped, "Set a wider range on the sensor."),
    # numbers and times
    "time_unit": (_time_unit, _time_unit_hint),
    "clock_unit": (
        "device_time_s of the {sensor} is in {unit}, not in seconds; it was taken so.",
        lambda v: (
            f"Divide device_time_s by {v['factor']:g}."
            if v["factor"] > 1
            else f"Multiply device_time_s by {1 / v['factor']:g}."
        ),
    ),
    "clock_speed": (
        "The {sensor} sensor's own clock goes at two speeds, while its samples come and count evenly: it is not used, times follow the host's clock.",
        "Check the unit of device_time_s, and what sets the sensor's clock while it records.",
    ),
    "clock_is_count": (
        "The {sensor} sensor's clock (device_time_s) is only its count of samples over the nominal rate, which the arrivals contradict: times follow the arrivals.",
        "Leave device_time_s empty where the sensor sends no time of its own.",
    ),
    "clock_jumped": (
        "The computer's clock jumped by {by_s:.0f} s at {start_s:.0f} s (daylight saving, or a time server); the sensors' own count went on. Times after it were set back.",
        "Nothing was lost; record with a clock that is never set.",
    ),
    "sensor_turned": (
        "The {sensor} sensor turned by {turned_deg:.0f}° against the limb at {start_s:.0f} s, or was knocked out of place.",
        "Tighten its strap; what came after may be counted and judged wrongly.",
    ),
    "counter_wraps": (
        "The {sensor} sensor's counter wraps at {range:.0f}: its sample numbers begin anew there and were continued. Every sample is used.",
        "Nothing needs to be mended.",
    ),
    "counter_short": (
        "The {sensor} sensor's counter begins anew every {range:.0f} samples, as within a packet: losses show in time alone.",
        "Nothing needs to be mended; write '{sensor}.counter: host' in the header.",
    ),
    "counter_of_packets": (
        "The {sensor} sensor's counter numbers packets, not samples; its samples were numbered within them.",
        "Nothing needs to be mended.",
    ),
    "counter_by_steps": (
        "The {sensor} sensor's counter goes up by {step:.0f} from sample to sample; its samples were numbered by one.",
        "Nothing needs to be mended.",
    ),
    "counter_backwards": (
        "The {sensor} sensor's counter counts down; its samples were numbered upwards.",
        "Nothing needs to be mended.",
    ),
    "counter_is_time": (
        "The {sensor} sensor's sample numbers are times, not a count: losses show in time alone.",
        "Nothing needs to be mended; write '{sensor}.counter: host' in the header.",
    ),
    "counter_random": (
        "The {sensor} sensor's sample numbers come in no order, as a checksum does: losses show in time alone.",
        "Nothing needs to be mended; write the sensor's own counter to the column sample, or '{sensor}.counter: host' in the header.",
    ),
    "counter_still": (
        "The {sensor} sensor's counter stands still: losses show in time alone.",
        "Nothing needs to be mended; write '{sensor}.counter: host' in the header.",
    ),
    "counter_shared": (
        "One counter numbers the samples of both sensors: the {sensor}'s losses show in time alone.",
        "Nothing needs to be mended; write '{sensor}.counter: host' in the header.",
    ),
    # placement of the sensors
    "swapped": (
        "The pelvis sensor turns by {turned_deg:.0f}° {times} times while the ankle sensor turns less than half "
        "of that: the two seem to be swapped, or this was an exercise that moves the hips, and no leg.",
        "If the sensor named pelvis was worn at the ankle, swap the names 'pelvis' and 'ankle' in the column sensor "
        "and in the header's keys; if not, leave the file as it is.",
    ),
    "unmoved": (
        "The {sensor} sensor lies still all the while, as no body does: it seems not to have been worn.",
        "Strap the sensor to the {sensor}.",
    ),
    "cranial_axis_vertical": (
        "The pelvis sensor never lies still: its axis {axis}, said to point to the head, is {lean_deg:.0f}° from "
        "up at rest, not about 90°.",
        "If you did lie down, correct 'pelvis.cranial_axis' in the header; if you hung, 'exercise'.",
    ),
    "walked_lying": (
        "The pelvis sensor's axis {axis}, said to point to the head, was level while you walked, and {upright} pointed up.",
        "Then write 'pelvis.cranial_axis: {upright}' in the header: tilt and rotation are wrong as it is.",
    ),
    "upside_down": (
        "The pelvis sensor is upside down: its axis {axis}, said to point to the head, points down.",
        "If it was worn so all along, write 'pelvis.cranial_axis: {opposite}' in the header; if it turned over, strap it on more tightly.",
    ),
    "axis_mismatch": (
        "The pelvis sensor's axis {axis}, said to point to the head, is {lean_deg:.0f}° from up.",
        "Correct 'pelvis.cranial_axis' in the header: hanging, it is the axis that reads +9.8. If you lay, correct "
        "'exercise'.",
    ),
    "maybe_upside_down": (
        lambda v: (
            f"The pelvis tips forward by {100 * v['follows']:.0f} % of every lift, where it usually tips back: "
            f"its sensor was worn upside down (axis {v['axis']} to the feet), or the back arches as the leg rises."
        ),
        "Only if the sensor was upside down, write 'pelvis.cranial_axis: {opposite}' in the header.",
    ),
    "pelvis_turn": (
        "The pelvis sensor seems turned by {turn_deg:.0f}° (± {sd_deg:.0f}°) about the vertical; rotation was "
        "corrected for it."
    ),
    "pelvis_shifted": (
        "The pelvis sensor shifted by about {shifted_deg:.0f}° at {start_s:.0f} s: from there on the pelvis was "
        "not judged."
    ),
    "pelvis_still": "The pelvis sensor hardly moved in any lift; a pelvis always does. Is its belt tight?",
    "ankle_turned": _ankle_turned,
    "ankle_crept": (
        "The ankle sensor crept round the shank, a little in each rep, by about {turned_deg:.0f}° in all; its angles "
        "are taken from where the leg rests. Fasten its strap tighter."
    ),
    "pelvis_turned": (
        "The pelvis sensor turned on the body by about {turned_deg:.0f}° at {start_s:.0f} s; from there on it was "
        "aligned anew."
    ),
    # what happened
    "sensor_silent": _away,
    "link_lost": _away,
    "restart": (_restart, "Check its battery and contacts."),
    "ended": lambda v: f"The set was ended at {v['start_s']:.0f} s: {end_reason_text(v['reason'])}.",
    STOPPED_WITH_PAIN: AFTER_PAIN,
    PAIN_REPORTED: "You said pain {pain} of 10.",
    "discarded": DISCARDED,
    # corrections by hand
    "reps_by_hand": "The reps were corrected by hand: {count}; {by_sensors} by the sensors.",
    "header_by_hand": "Corrected by hand: {what} {value}.",
    "correction_unused": (
        "Correction {number} ({what} {value}) could not be used: the leg was not measured there, or nothing "
        "was counted there, or something was already.",
        "imu-reps correct FILE --undo {number} takes it back.",
    ),
    "remark": "Remark: {text}",
    # what was assumed
    "never_ready": (
        "Nothing was counted: the pelvis sensor never saw you {lying_or_hanging}.",
        "If you were, check the axis that the header says points to the head.",
    ),
    "posture_unchecked": _posture_unchecked,
    "no_zero": (
        "Pelvic tilt was not judged: {reason}.",
        lambda v: f"{'Hang' if v['posture'] == 'hanging' else 'Lie'} still for a second first.",
    ),
    "start_assumed": _start_assumed,
    "posture_contradicted": (
        _posture_contradicted,
        "Correct 'exercise' in the header, or 'pelvis.cranial_axis' if that is what misled the count.",
    ),
    "start_contradicted": (
        _start_contradicted,
        lambda v: (
            f"If it rested {_other_start(v)}, correct the header to 'start: {_other_start(v)}': the count may change by one."
        ),
    ),
    "hold_contradicted": (
        "The header says exercise: {exercise}, a hold; yet the legs went up and came down again {times} times.",
        "Correct 'exercise' in the header, and the repetitions are counted.",
    ),
    "reps_contradicted": (
        "The header says exercise: {exercise}; yet the leg stayed at the far end for {held_s:.0f} s, as in a hold.",
        "For a hold write 'exercise: hollow_hold' in the header.",
    ),
    "zero_between_reps": "The pelvis zero had to be taken between repetitions: an arch that was there already then is not seen.",
    "interrupted": (_interrupted, "The reps before and after are one set."),
    "count_uncertain": _count_uncertain,
    "raises_left_out": (
        _raises_left_out,
        "Strap the sensors on so that they cannot turn, and add what is missing to the count yourself.",
    ),
    "turned_unseen": (_turned_unseen, "Strap the sensor on so that it cannot turn; count these yourself."),
    # the set
    "many_reps": "{reps} repetitions in one set: lower for a count of four rather than do more.",
    "range_aim": _range_aim,
    "floor_aim": _floor_aim,
    "hold": _hold,
    "hold_unjudged": "How still the pelvis stayed was not measured.",
    "hold_clean": _hold_clean,
    "hold_tilt": "It tipped forward by up to {tilt_deg:.0f}° (limit {limit_deg:.0f}°), most at second {tilt_after_s:.0f}.",
    "hold_others": lambda v: (
        f"The legs were held up {'once' if v['others'] == 1 else str(v['others']) + ' times'} more; this was the longest."
    ),
    "wobble": (
        _wobble,
        lambda v: "Slow down, or end the set there." if "from_rep" in v else "Move more slowly and evenly.",
    ),
    "tremor": (
        lambda v: (
            f"The pelvis shook {'strongly' if v['strong'] else 'a little'} on the way down in {v['shaking']} of {v['reps']} reps."
        ),
        "The shake is proof of work, not a fault.",
    ),
    "breathing": "Breathing while lying still: about {per_minute:.0f} a minute (experimental).",
    "no_breath": (
        "No breath was seen for {for_s:.0f} s from {start_s:.0f} s on (experimental): keep breathing, also in "
        "the pauses."
    ),
}
