"""A recorded set: header, samples of both sensors, notes, and corrections by hand in its notes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, Self, cast, get_args

import numpy as np

from imu_reps.domain.exercise import (
    EXERCISES,
    SIDES,
    Exercise,
    Posture,
    Side,
    Start,
    default_posture,
    default_start,
)
from imu_reps.domain.samples import SENSOR_PLACES, FloatArray, SampleBlock, SensorPlace, sample_block
from imu_reps.domain.tempo import Tempo
from imu_reps.domain.untrusted import normalize_name
from imu_reps.domain.validation import (
    require_declared_types,
    require_instance,
    require_number,
    require_one_of,
)
from imu_reps.errors import RefusedValueError

PelvisAlignment = Literal["mounted", "functional"]
Counter = Literal["device", "host"]
Axis = Literal["+x", "-x", "+y", "-y", "+z", "-z"]
FloorFrom = Literal["asked", "end_range"]


def axis_vector(axis: Axis) -> FloatArray:
    """Return a sensor axis named ``+x`` to ``-z`` as a unit vector, (3,)."""
    vector = np.zeros(3)
    vector["xyz".index(axis[1])] = 1.0 if axis[0] == "+" else -1.0
    return vector


#: Range of sensor rates: docs/recording-format.md#header.
MIN_RATE_HZ, MAX_RATE_HZ = 1.0, 10_000.0


@dataclass(frozen=True, slots=True)
class SensorHeader:
    """Header of one sensor.

    Attributes
    ----------
    sensor : str or None
        Kind of sensor, e.g. ``witmotion``.
    rate_hz : float or None
        Nominal rate; the real one is measured.
    counter : {"device", "host"}
        ``device``: lost samples leave a hole in `SampleBlock.sample`. ``host``: it numbers what arrived.
    alignment : {"mounted", "functional"}
        Pelvis only: axes named in the header, or found from pelvic rocks.
    cranial_axis : Axis or None
        Sensor axis pointing to the head (pelvis) or up the shank (ankle; None: found from the motion).
    anterior_axis : Axis or None
        Pelvis only: sensor axis pointing forward; needed when hanging.
    """

    sensor: str | None = None
    rate_hz: float | None = None
    counter: Counter = "device"
    alignment: PelvisAlignment = "mounted"
    cranial_axis: Axis | None = None
    anterior_axis: Axis | None = None

    def __post_init__(self) -> None:
        require_declared_types(self)
        if self.rate_hz is not None:
            require_number("rate_hz", self.rate_hz)
            if not MIN_RATE_HZ <= self.rate_hz <= MAX_RATE_HZ:
                raise RefusedValueError(
                    f"rate_hz is {self.rate_hz:g}.",
                    hint=f"Give a rate from {MIN_RATE_HZ:g} to {MAX_RATE_HZ:g}.",
                )


#: Default header of a sensor: docs/recording-format.md#header.
DEFAULT_PELVIS = SensorHeader(cranial_axis="+y", anterior_axis="+z")
DEFAULT_ANKLE = SensorHeader()


#: Placeholder for the exercise's default.
_BY_EXERCISE: Any = None


@dataclass(frozen=True, slots=True)
class Header:
    """Header of a recording; `None` is "not specified".

    Attributes
    ----------
    exercise : Exercise
        One of docs/recording-format.md#header, as are `side`, `start` and `posture`; the last two default to
        those of the exercise.
    floor_from : {"asked", "end_range"} or None
        Where the floor angle is from: given for this set, or measured in the person's end-range test.
    extra : mapping
        Unknown keys, kept as written.
    """

    exercise: Exercise = "single_leg_raise"
    side: Side | None = None
    start: Start = _BY_EXERCISE
    posture: Posture = _BY_EXERCISE
    created: datetime | None = None
    session: str | None = None
    set_number: int | None = None
    tempo_target: Tempo | None = None
    range_target_deg: float | None = None
    floor_deg: float | None = None
    floor_from: FloorFrom | None = None
    practice_reps: int | None = None
    simulated: bool = False
    pelvis: SensorHeader = DEFAULT_PELVIS
    ankle: SensorHeader = DEFAULT_ANKLE
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        require_one_of("exercise", self.exercise, EXERCISES)
        if self.start is None:
            object.__setattr__(self, "start", default_start(self.exercise))
        if self.posture is None:
            object.__setattr__(self, "posture", default_posture(self.exercise))
        require_declared_types(self)

    @property
    def travel_sign(self) -> float:
        """Sign of the way out from the resting end: +1 if it goes up, -1 if it goes down."""
        return -1.0 if self.start == "high" else 1.0

    def sensor(self, place: SensorPlace) -> SensorHeader:
        """Return the header of the sensor worn at `place`."""
        return self.pelvis if place == "pelvis" else self.ankle

    def with_sensor(self, place: SensorPlace, header: SensorHeader) -> Header:
        """Return a copy with another header of one sensor."""
        return replace(self, pelvis=header) if place == "pelvis" else replace(self, ankle=header)


@dataclass(frozen=True, slots=True)
class Note:
    """A timed note of the set: a line ``# @TIME_S key: value`` of the file."""

    time_s: float
    key: str
    value: str

    def __post_init__(self) -> None:
        require_declared_types(self)


def parse_rating(text: str) -> int | None:
    """Parse a number from 0 to `MAX_RATING`; None if it is not one."""
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) <= 2 and int(text) <= MAX_RATING else None


def last_rating(notes: Sequence[Note], key: str) -> int | None:
    """Return the last valid rating of pain or effort in the notes."""
    answers = [parse_rating(note.value) for note in notes if note.key == key]
    return next((answer for answer in reversed(answers) if answer is not None), None)


@dataclass(frozen=True, slots=True)
class Caution:
    """Problem that the reader of a file noticed.

    Attributes
    ----------
    code : str
        Short stable name, e.g. ``file_cut``.
    message : str
        What was found, naming file, line or column.
    hint : str
        What to do about it.
    """

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Recording:
    """One set as it arrived, nothing repaired.

    Attributes
    ----------
    pelvis, ankle : SampleBlock or None
        All samples of a sensor in order of arrival; None if the sensor is absent.
    file : str or None
        The path as given.
    cautions : tuple of Caution
        Problems of the file, such as a truncated last row.

    Examples
    --------
    >>> from imu_reps import simulate
    >>> simulate().recording
    Recording(single_leg_raise left, pelvis 4630 samples, ankle 4630 samples)
    """

    header: Header
    pelvis: SampleBlock | None
    ankle: SampleBlock | None
    notes: tuple[Note, ...] = ()
    file: str | None = None
    cautions: tuple[Caution, ...] = ()

    def __post_init__(self) -> None:
        require_declared_types(self)

    def __repr__(self) -> str:
        worn = [f"{block.sensor} {len(block)} samples" for block in self.blocks]
        named = [] if self.file is None else [repr(self.file)]
        done = " ".join(filter(None, (self.header.exercise, self.header.side)))
        return f"Recording({', '.join((done, *worn, *named))})"

    @classmethod
    def from_frames(
        cls,
        *,
        pelvis: Any = None,
        ankle: Any = None,
        header: Header | None = None,
        columns: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
    ) -> Self:
        """Build a recording from tables with one row per sample in order of arrival.

        Parameters
        ----------
        pelvis, ankle : DataFrame or mapping of str to array
            Samples of a sensor that was worn, with the columns of docs/recording-format.md#columns; `sample`
            and `device_time_s` may be missing.
        header : Header, optional
            Exercise, side, and placement of the sensors.
        columns : mapping of str to str, optional
            Names of columns in the tables, by name here: ``{"time_s": "t", "acc_x_mps2": "ax"}``.
        units : mapping of str to str, optional
            Units other than s, m/s² and deg/s: ``{"time": "ms", "acc": "g", "gyr": "rad/s"}``.

        Raises
        ------
        RefusedValueError
            If a column is missing or not numeric, a unit is unknown, or times go back.

        Examples
        --------
        >>> import numpy as np
        >>> still = {"t": np.arange(500) / 100.0, "ax": 0.0, "ay": 0.0, "az": 1.0, "gx": 0, "gy": 0, "gz": 0}
        >>> names = {"time_s": "t"} | {f"acc_{axis}_mps2": f"a{axis}" for axis in "xyz"}
        >>> names |= {f"gyr_{axis}_dps": f"g{axis}" for axis in "xyz"}
        >>> Recording.from_frames(ankle=still, columns=names, units={"acc": "g"})
        Recording(single_leg_raise, ankle 500 samples)
        """
        header = Header() if header is None else header
        require_instance("header", header, Header)
        given: dict[SensorPlace, Any] = {"pelvis": pelvis, "ankle": ankle}
        blocks: dict[SensorPlace, SampleBlock] = {}
        for place, frame in given.items():
            if frame is not None:
                blocks[place], counted = sample_block(place, frame, columns or {}, units or {})
                counter: Counter = "device" if counted else "host"
                header = header.with_sensor(place, replace(header.sensor(place), counter=counter))
        if not blocks:
            raise RefusedValueError(
                "Neither pelvis nor ankle is given.", hint="Give the samples of one sensor at least."
            )
        return cls(header, blocks.get("pelvis"), blocks.get("ankle"))

    @property
    def discarded(self) -> bool:
        """Whether the person discarded the set, so that it is neither stored nor compared."""
        return any(note.key == "discarded" for note in self.notes)

    @property
    def person(self) -> str | None:
        """Name of the person; None if there is none."""
        return normalize_name(self.header.extra.get("person"))

    @property
    def corrections(self) -> tuple[Correction, ...]:
        """Valid corrections by hand; the header already includes those of exercise, side and person."""
        return corrections_of(self.notes)

    def samples(self, place: SensorPlace) -> SampleBlock | None:
        """Return the samples of the sensor worn at `place`, ``"pelvis"`` or ``"ankle"``."""
        require_one_of("place", place, SENSOR_PLACES)
        return self.pelvis if place == "pelvis" else self.ankle

    @property
    def blocks(self) -> tuple[SampleBlock, ...]:
        """Samples of each sensor that sent any."""
        return tuple(block for block in (self.pelvis, self.ankle) if block is not None and len(block))

    def with_samples(self, block: SampleBlock) -> Recording:
        """Return a copy with other samples of one sensor."""
        require_instance("block", block, SampleBlock)
        return replace(self, pelvis=block) if block.sensor == "pelvis" else replace(self, ankle=block)


#: Code of the finding that a set was stopped with pain.
STOPPED_WITH_PAIN = "stopped_with_pain"

#: Code of the finding that pain was rated, and key of the note of pain in the rest after the set.
PAIN_REPORTED, HURT = "pain_said", "hurt"

#: Highest rating of pain and effort.
MAX_RATING = 10


Corrected = Literal["not_a_rep", "missed_rep", "side", "exercise", "person", "remark"]

#: Key of the notes; `UNDO` with a number undoes the correction of that number.
CORRECT, UNDO = "correct", "undo"

_SPAN = re.compile(r"(\d+(?:\.\d+)?) to (\d+(?:\.\d+)?)", re.ASCII)
_TIME = re.compile(r"\d+(?:\.\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction.

    Attributes
    ----------
    number : int
        Number among all corrections of the recording, undone ones included, from 1.
    value : str
        As in the note: ``12.300`` (a time within a false repetition), ``30.500 to 34.000`` (a missed one),
        ``right``, ``heel_tap``, a name, or any text.
    """

    number: int
    what: Corrected
    value: str

    @property
    def at_s(self) -> float:
        """Time within the false repetition, on the recording's `time_s`."""
        return float(self.value)

    @property
    def span_s(self) -> tuple[float, float]:
        """Begin and end of the missed repetition, on the recording's `time_s`."""
        start, end = self.value.split(" to ")
        return float(start), float(end)


def corrections_of(notes: Sequence[Note]) -> tuple[Correction, ...]:
    """Return the valid corrections among the notes that were not undone."""
    values = [note.value for note in notes if note.key == CORRECT]
    undone: set[int] = set()
    made: list[Correction] = []
    for text in values:
        what, _, value = text.partition(" ")
        if what == UNDO:
            undone |= {int(value)} if value.isdecimal() and len(value) <= 6 else set()
        elif what in get_args(Corrected):
            made.append(Correction(len(made) + 1, cast(Corrected, what), value.strip()))
    return tuple(one for one in made if one.number not in undone and _is_valid(one))


def corrected_header(header: Header, corrections: Sequence[Correction]) -> Header:
    """Return the header with exercise, side and person corrected; the last correction of each counts.

    Start and posture follow the exercise if they were the defaults of the old one.
    """
    for one in corrections:
        match one.what:
            case "side":
                header = replace(header, side=cast(Side, one.value))
            case "exercise":
                header = _with_exercise(header, cast(Exercise, one.value))
            case "person":
                header = replace(header, extra=MappingProxyType({**header.extra, "person": one.value}))
    return header


def _with_exercise(header: Header, exercise: Exercise) -> Header:
    start_is_default = header.start == default_start(header.exercise)
    start = default_start(exercise) if start_is_default else header.start
    posture_is_default = header.posture == default_posture(header.exercise)
    posture = default_posture(exercise) if posture_is_default else header.posture
    return replace(header, exercise=exercise, start=start, posture=posture)


def _is_valid(one: Correction) -> bool:
    match one.what:
        case "not_a_rep":
            return _TIME.fullmatch(one.value) is not None
        case "missed_rep":
            span = _SPAN.fullmatch(one.value)
            return span is not None and float(span[1]) < float(span[2])
        case "side":
            return one.value in SIDES
        case "exercise":
            return one.value in EXERCISES
        case _:
            return bool(one.value)
