"""Conversion between the header lines of a recording and `Header`."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, get_args

import numpy as np

from imu_reps.domain.exercise import EXERCISES, SIDES, STARTS, Posture, default_posture, default_start
from imu_reps.domain.recording import (
    DEFAULT_ANKLE,
    DEFAULT_PELVIS,
    MAX_RATE_HZ,
    MIN_RATE_HZ,
    Axis,
    Caution,
    Counter,
    FloorFrom,
    Header,
    PelvisAlignment,
    SensorHeader,
)
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.domain.tempo import Tempo
from imu_reps.errors import RecordingError
from imu_reps.storage.recording.format import FORMAT, comment_line, fault, finite_number, shown


@dataclass(frozen=True, slots=True)
class HeaderLine:
    """A line ``# key: value`` and its line number."""

    line: int
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """How the value of a key is parsed (ValueError if invalid), and the allowed values in words."""

    read: Callable[[str], Any]
    allowed: str


def _choice(*allowed: str) -> _Kind:
    return _Kind(dict(zip(allowed, allowed, strict=True)).__getitem__, "one of " + ", ".join(allowed))


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError(f"{text!r} is not a count")
    return int(text)


def _rate(text: str) -> float:
    value = finite_number(text)
    if not MIN_RATE_HZ <= value <= MAX_RATE_HZ:
        raise ValueError(f"{text!r} is no rate")
    return value


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if not 1970 <= moment.year < 2200:
        raise ValueError(f"{text!r} is no time of a recording")
    return moment


def _tempo(text: str) -> Tempo:
    if len(text) > 40:
        raise ValueError("too long for a tempo")
    return Tempo.parse(text)


def _range(text: str) -> float:
    value = finite_number(text)
    if not 0.0 < value <= 180.0:
        raise ValueError(f"{text!r} is no range of a leg")
    return value


def _elevation(text: str) -> float:
    value = finite_number(text)
    if not -90.0 <= value <= 180.0:
        raise ValueError(f"{text!r} is no angle of a leg")
    return value


_TEXT = _Kind(lambda text: text or None, "any text")
_RATE = _Kind(_rate, "a number from 1 to 10000")
_AXIS = _choice(*get_args(Axis))

_SET_KINDS: dict[str, _Kind] = {
    "created": _Kind(_moment, "a date and time such as 2026-11-21T07:30:00+00:00"),
    "exercise": _choice(*EXERCISES),
    "side": _choice(*SIDES),
    "start": _choice(*STARTS),
    "posture": _choice(*get_args(Posture)),
    "session": _TEXT,
    "set": _Kind(_count, "a whole number"),
    "tempo_target": _Kind(_tempo, "four numbers of seconds such as 2-0-2-0"),
    "range_target_deg": _Kind(_range, "a number of degrees up to 180"),
    "floor_deg": _Kind(_elevation, "a number of degrees from -90 to 180"),
    "floor_from": _choice(*get_args(FloorFrom)),
    "practice_reps": _Kind(_count, "a whole number"),
    "simulated": _Kind({"true": True, "false": False}.__getitem__, "one of true, false"),
}
_OF_BOTH = {"sensor": _TEXT, "rate_hz": _RATE, "counter": _choice(*get_args(Counter))}
_ALIGNMENT = {"alignment": _choice(*get_args(PelvisAlignment))}
_SENSOR_KINDS: dict[SensorPlace, dict[str, _Kind]] = {
    "pelvis": _OF_BOTH | _ALIGNMENT | {"cranial_axis": _AXIS, "anterior_axis": _AXIS},
    "ankle": _OF_BOTH | {"cranial_axis": _AXIS},
}
_KINDS: dict[str, _Kind] = (
    {"format": _choice(FORMAT)}
    | _SET_KINDS
    | {f"{place}.{key}": kind for place, kinds in _SENSOR_KINDS.items() for key, kind in kinds.items()}
)

#: Header key of a simulated recording, and name of its sensors.
SIMULATED = "simulated"
_SENSOR_NAMES = {f"{place}.sensor" for place in SENSOR_PLACES}
#: Keys that are no misspelling of it.
_OTHERS = _KINDS.keys() - {SIMULATED}

#: Keys that affect no result: an invalid value is ignored, with a caution.
_INFORMATIVE = {"created", "session", "set", "pelvis.rate_hz", "ankle.rate_hz"}


#: Fields of `Header` whose name differs from the key.
_FIELDS = {"set": "set_number"}


def read_header(lines: Iterable[HeaderLine], *, name: str) -> tuple[Header, tuple[Caution, ...]]:
    """Parse the header; missing keys take the defaults of the format.

    Parameters
    ----------
    lines : iterable of HeaderLine
        In the order of the file; of a duplicate key the last line counts, with a caution.
    name : str
        Name of the file, for messages.

    Raises
    ------
    RecordingError
        ``no_format``, ``unknown_format``, ``bad_header_value``.
    """
    last: dict[str, HeaderLine] = {}
    cautions: list[Caution] = []
    all_lines = list(lines)
    for line in all_lines:
        if line.key in last:
            cautions.append(_written_twice(name, last[line.key], line))
        last[line.key] = line
    _check_format(last.get("format"), name)
    needed = _KINDS.keys() - _INFORMATIVE
    values = {key: _value(line, name) for key, line in last.items() if key in needed}
    for key in sorted(_INFORMATIVE & last.keys()):
        try:
            values[key] = _value(last[key], name)
        except RecordingError as error:
            cautions.append(Caution("unread_header_value", f"{error.message} It was left aside.", error.hint))
    extra = {key: line for key, line in last.items() if key not in _KINDS}
    cautions += [caution for line in extra.values() if (caution := _misspelt(name, line))]
    values["simulated"] = _is_simulated(all_lines)
    header = _header(values, {key: line.value for key, line in extra.items()})
    _check_axes(header.pelvis, last, name)
    return header, tuple(cautions)


def _is_simulated(lines: Iterable[HeaderLine]) -> bool:
    """Whether any line, even with a misspelt key, or a sensor's name marks the recording as simulated."""
    return any(
        line.value == SIMULATED
        if line.key in _SENSOR_NAMES
        else line.value != "false" and line.key not in _OTHERS and bool(_meant(line.key, (SIMULATED,)))
        for line in lines
    )


def _header(values: dict[str, Any], extra: dict[str, str]) -> Header:
    exercise = values.get("exercise", "single_leg_raise")
    named = {_FIELDS.get(key, key): values[key] for key in _SET_KINDS if key in values}
    defaults = {"start": default_start(exercise), "posture": default_posture(exercise)}
    pelvis = _sensor("pelvis", DEFAULT_PELVIS, values)
    if "pelvis.anterior_axis" not in values and _same_axis(pelvis):
        # The default is not possible together with the cranial axis in the header.
        pelvis = replace(pelvis, anterior_axis=None)
    ankle = _sensor("ankle", DEFAULT_ANKLE, values)
    return Header(**(defaults | named), pelvis=pelvis, ankle=ankle, extra=MappingProxyType(extra))


def _sensor(place: SensorPlace, default: SensorHeader, values: dict[str, Any]) -> SensorHeader:
    given = {key: values[f"{place}.{key}"] for key in _SENSOR_KINDS[place] if f"{place}.{key}" in values}
    return replace(default, **given)


def _value(line: HeaderLine, name: str) -> Any:
    kind = _KINDS[line.key]
    try:
        return kind.read(line.value)
    except (ValueError, KeyError, OverflowError):
        raise fault(
            name,
            line.line,
            f"{line.key} is {shown(line.value)}.",
            hint=f"Allowed is {kind.allowed}.",
            code="bad_header_value",
        ) from None


def _check_format(line: HeaderLine | None, name: str) -> None:
    if line is None:
        raise RecordingError(
            f"{name} does not say that it is a recording: the line '# format: {FORMAT}' is missing.",
            hint="If it is the table of a phone or another system (any CSV, with --map), make a recording: "
            f"imu-reps import {shlex.quote(name)} -o NEW.csv. If only the first line was lost, add it.",
            code="no_format",
        )
    if line.value != FORMAT:
        later = re.fullmatch(re.escape(FORMAT.rstrip("0123456789")) + r"\d+", line.value)
        raise fault(
            name,
            line.line,
            f"the format is {shown(line.value)}, and this version reads {FORMAT} only.",
            hint="Update imu-reps, or convert the file." if later else f"Write '# format: {FORMAT}' there.",
            code="unknown_format",
        )


def _same_axis(pelvis: SensorHeader) -> bool:
    cranial, anterior = pelvis.cranial_axis, pelvis.anterior_axis
    return cranial is not None and anterior is not None and cranial[1] == anterior[1]


def _check_axes(pelvis: SensorHeader, lines: dict[str, HeaderLine], name: str) -> None:
    if _same_axis(pelvis):
        raise fault(
            name,
            lines["pelvis.anterior_axis"].line,
            f"pelvis.anterior_axis {pelvis.anterior_axis} lies along the cranial axis {pelvis.cranial_axis}.",
            hint="Name two different axes of the sensor: the one to the head and the one pointing forward.",
            code="bad_header_value",
        )


def _written_twice(name: str, first: HeaderLine, second: HeaderLine) -> Caution:
    return Caution(
        "duplicate_header_key",
        f"{name}, line {second.line}: {second.key[:40]} was already said on line {first.line}; "
        f"the later value {shown(second.value)} counts.",
        "Keep one of the two lines.",
    )


def _meant(key: str, known: Iterable[str]) -> list[str]:
    """Return the known key most like a misspelt one, if any; long texts, slow to compare, are never one."""
    if len(key) > 40:  # no misspelling of a key
        return []
    return difflib.get_close_matches(key.lower(), list(known), n=1, cutoff=0.85)


def _misspelt(name: str, line: HeaderLine) -> Caution | None:
    close = _meant(line.key, _KINDS)
    if not close:
        return None
    return Caution(
        "unknown_header_key",
        f"{name}, line {line.line}: {shown(line.key)} is no key of the format and was not used.",
        f"If {close[0]!r} was meant, correct it.",
    )


def header_text(header: Header) -> str:
    """Return the header's lines, without the column row.

    A sensor with nothing but defaults gets no lines. `read_header` returns the same `Header`, except that a
    pelvis axis of None is read as the format's default.

    Raises
    ------
    ValueError
        A text would not be read back the same, or `extra` contains a key of the format.
    """
    taken = [key for key in header.extra if key in _KINDS or key.startswith("@")]
    if taken:
        raise ValueError(f"keys of the format in extra: {taken}")
    entries: list[tuple[str, str | None]] = [("format", FORMAT)]
    entries += [(key, _text(getattr(header, _FIELDS.get(key, key)))) for key in _SET_KINDS]
    for place in SENSOR_PLACES:
        entries += _sensor_lines(place, header.sensor(place))
    entries += header.extra.items()
    return "".join(comment_line(key, text) for key, text in entries if text is not None)


def _sensor_lines(place: SensorPlace, sensor: SensorHeader) -> list[tuple[str, str | None]]:
    if sensor == (DEFAULT_PELVIS if place == "pelvis" else DEFAULT_ANKLE):
        return []
    return [(f"{place}.{key}", _text(getattr(sensor, key))) for key in _SENSOR_KINDS[place]]


def _text(value: object) -> str | None:
    """Return the text of a header value; None if it gets no line."""
    if value is None or value is False or value == "":
        return None
    if value is True:
        return "true"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Tempo):
        parts = (value.eccentric_s, value.bottom_s, value.concentric_s, value.top_s)
        return "-".join(map(_part, parts))
    return repr(float(value)).removesuffix(".0") if isinstance(value, float) else str(value)


def _part(seconds: float) -> str:
    """Return seconds with one decimal, or with more if needed; never with an exponent."""
    return f"{seconds:.1f}" if float(f"{seconds:.1f}") == seconds else np.format_float_positional(seconds)
