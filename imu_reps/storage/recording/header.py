"""Header lines of a recording to `Header`, and back."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, get_args

from imu_reps.domain.exercise import EXERCISES
from imu_reps.domain.recording import (
    DEFAULT_ANKLE,
    DEFAULT_PELVIS,
    Axis,
    Caution,
    Counter,
    FloorFrom,
    Header,
    PelvisAlignment,
    Posture,
    SensorHeader,
    Side,
    Start,
    default_posture,
    default_start,
)
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.domain.tempo import Tempo
from imu_reps.errors import RecordingError
from imu_reps.storage.recording.format import FORMAT, comment_line, fault, finite_number


@dataclass(frozen=True, slots=True)
class HeaderLine:
    """One line ``# key: value`` and where it stands."""

    line: int
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """How the value of a key is read (ValueError if it cannot be), and what is allowed, in words."""

    read: Callable[[str], Any]
    allowed: str


def _choice(*allowed: str) -> _Kind:
    return _Kind(dict(zip(allowed, allowed, strict=True)).__getitem__, "one of " + ", ".join(allowed))


def _positive(text: str) -> float:
    value = finite_number(text)
    if value <= 0:
        raise ValueError(f"{text!r} is not positive")
    return value


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError(f"{text!r} is not a count")
    return int(text)


def _rate(text: str) -> float:
    value = finite_number(text)
    if not 1.0 <= value <= 10_000.0:
        raise ValueError(f"{text!r} is no rate")
    return value


def _moment(text: str) -> datetime:
    """A moment, with a zone or without."""
    moment = datetime.fromisoformat(text)
    if not 1970 <= moment.year < 2200:
        raise ValueError(f"{text!r} is no time of a recording")
    return moment


def _tempo(text: str) -> Tempo:
    if len(text) > 40:
        raise ValueError("too long for a tempo")
    return Tempo.parse(text)


_TEXT = _Kind(lambda text: text or None, "any text")
_POSITIVE = _Kind(_positive, "a number above 0")
_RATE = _Kind(_rate, "a number from 1 to 10000")
_AXIS = _choice(*get_args(Axis))

_SET_KINDS: dict[str, _Kind] = {
    "created": _Kind(_moment, "a date and time such as 2026-11-21T07:30:00+00:00"),
    "exercise": _choice(*EXERCISES),
    "side": _choice(*get_args(Side)),
    "start": _choice(*get_args(Start)),
    "posture": _choice(*get_args(Posture)),
    "session": _TEXT,
    "set": _Kind(_count, "a whole number"),
    "tempo_target": _Kind(_tempo, "four numbers of seconds such as 2-0-2-0"),
    "range_target_deg": _POSITIVE,
    "floor_deg": _Kind(finite_number, "a number"),
    "floor_from": _choice(*get_args(FloorFrom)),
    "practice_reps": _Kind(_count, "a whole number"),
    "simulated": _Kind({"true": True, "false": False}.__getitem__, "one of true, false"),
}
_SENSOR_KINDS: dict[SensorPlace, dict[str, _Kind]] = {
    "pelvis": {
        "sensor": _TEXT,
        "rate_hz": _RATE,
        "counter": _choice(*get_args(Counter)),
        "alignment": _choice(*get_args(PelvisAlignment)),
        "cranial_axis": _AXIS,
        "anterior_axis": _AXIS,
    },
    "ankle": {
        "sensor": _TEXT,
        "rate_hz": _RATE,
        "counter": _choice(*get_args(Counter)),
        "cranial_axis": _AXIS,
    },
}
_KINDS: dict[str, _Kind] = (
    {"format": _choice(FORMAT)}
    | _SET_KINDS
    | {f"{place}.{key}": kind for place, kinds in _SENSOR_KINDS.items() for key, kind in kinds.items()}
)

#: What a simulated recording says of itself, and what its sensors are called.
SIMULATED = "simulated"
_SENSOR_NAMES = {f"{place}.sensor" for place in SENSOR_PLACES}

#: Keys that no number hangs on: what cannot be read is left aside, with a caution.
_INFORMATIVE = {"created", "session", "set", "pelvis.rate_hz", "ankle.rate_hz"}

#: Field of `Header` where it is not called like its key.
_FIELDS = {"set": "set_number"}


def read_header(lines: Iterable[HeaderLine], *, name: str) -> tuple[Header, tuple[Caution, ...]]:
    """Read the header; what it does not say takes the defaults of the format.

    Parameters
    ----------
    lines : iterable of HeaderLine
        In the order of the file; where a key stands twice the last one counts, with a caution.
    name : str
        The file, for messages.

    Raises
    ------
    RecordingError
        ``no_format``, ``unknown_format``, ``bad_header_value``.
    """
    last: dict[str, HeaderLine] = {}
    cautions: list[Caution] = []
    every = list(lines)
    for line in every:
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
    values["simulated"] = _is_simulated(every)
    header = _header(values, {key: line.value for key, line in extra.items()})
    _check_axes(header.pelvis, last, name)
    return header, tuple(cautions)


def _is_simulated(lines: Iterable[HeaderLine]) -> bool:
    """Whether a line, misspelt too, or a sensor's name says that nobody moved; no other outvotes it."""
    return any(
        line.value == SIMULATED
        if line.key in _SENSOR_NAMES
        else line.value != "false"
        and bool(difflib.get_close_matches(line.key.lower(), [SIMULATED], cutoff=0.85))
        for line in lines
    )


def _header(values: dict[str, Any], extra: dict[str, str]) -> Header:
    exercise = values.get("exercise", "single_leg_raise")
    named = {_FIELDS.get(key, key): values[key] for key in _SET_KINDS if key in values}
    defaults = {"start": default_start(exercise), "posture": default_posture(exercise)}
    pelvis = _sensor("pelvis", DEFAULT_PELVIS, values)
    if "pelvis.anterior_axis" not in values and _same_axis(pelvis):
        # The default cannot hold beside the cranial axis that the header names.
        pelvis = replace(pelvis, anterior_axis=None)
    ankle = _sensor("ankle", DEFAULT_ANKLE, values)
    return Header(**(defaults | named), pelvis=pelvis, ankle=ankle, extra=MappingProxyType(extra))


def _sensor(place: SensorPlace, default: SensorHeader, values: dict[str, Any]) -> SensorHeader:
    said = {key: values[f"{place}.{key}"] for key in _SENSOR_KINDS[place] if f"{place}.{key}" in values}
    return replace(default, **said)


def _value(line: HeaderLine, name: str) -> Any:
    kind = _KINDS[line.key]
    try:
        return kind.read(line.value)
    except (ValueError, KeyError, OverflowError):
        raise fault(
            name,
            line.line,
            f"{line.key} is {line.value!r}.",
            hint=f"Allowed is {kind.allowed}.",
            code="bad_header_value",
        ) from None


def _check_format(line: HeaderLine | None, name: str) -> None:
    if line is None:
        raise RecordingError(
            f"{name} does not say that it is a recording: the line '# format: {FORMAT}' is missing.",
            hint="If it is a recording of this format, add that line at the top.",
            code="no_format",
        )
    if line.value != FORMAT:
        raise fault(
            name,
            line.line,
            f"the format is {line.value!r}, and this version reads {FORMAT} only.",
            hint="Update imu-reps, or convert the file.",
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
        f"{name}, line {second.line}: {second.key} was already said on line {first.line}; "
        f"the later value {second.value!r} counts.",
        "Keep one of the two lines.",
    )


def _misspelt(name: str, line: HeaderLine) -> Caution | None:
    close = difflib.get_close_matches(line.key.lower(), list(_KINDS), n=1, cutoff=0.85)
    if not close:
        return None
    return Caution(
        "unknown_header_key",
        f"{name}, line {line.line}: {line.key!r} is no key of the format and was not used.",
        f"If {close[0]!r} was meant, correct it.",
    )


def header_text(header: Header) -> str:
    """Write the header's lines, without the column row.

    A sensor of which nothing but the defaults is known gets no lines. `read_header` gives the same
    `Header` back, save that a pelvis axis of None reads as the format's default.

    Raises
    ------
    ValueError
        If a text would not be read back as it was, or `extra` holds a key of the format.
    """
    taken = [key for key in header.extra if key in _KINDS or key.startswith("@")]
    if taken:
        raise ValueError(f"keys of the format in extra: {taken}")
    said: list[tuple[str, str | None]] = [("format", FORMAT)]
    said += [(key, _text(getattr(header, _FIELDS.get(key, key)))) for key in _SET_KINDS]
    for place in SENSOR_PLACES:
        said += _sensor_lines(place, header.sensor(place))
    said += header.extra.items()
    return "".join(comment_line(key, text) for key, text in said if text is not None)


def _sensor_lines(place: SensorPlace, sensor: SensorHeader) -> list[tuple[str, str | None]]:
    if sensor == (DEFAULT_PELVIS if place == "pelvis" else DEFAULT_ANKLE):
        return []
    return [(f"{place}.{key}", _text(getattr(sensor, key))) for key in _SENSOR_KINDS[place]]


def _text(value: object) -> str | None:
    """Text of a header value; None for what goes unsaid."""
    if value is None or value is False or value == "":
        return None
    if value is True:
        return "true"
    if isinstance(value, datetime):
        return value.isoformat()
    return repr(float(value)).removesuffix(".0") if isinstance(value, float) else str(value)
