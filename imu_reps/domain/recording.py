"""One set as it was recorded: header, samples of both sensors, notes.

Why a set ended, in plain words: the same while it happens and in its report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, Self

from imu_reps.domain.correction import Correction, corrections_of
from imu_reps.domain.exercise import EXERCISES, Exercise
from imu_reps.domain.frames import sample_block
from imu_reps.domain.person_name import said_name
from imu_reps.domain.refusals import (
    refuse_unless_a,
    refuse_unless_as_declared,
    refuse_unless_number,
    refuse_unless_one_of,
)
from imu_reps.domain.samples import SENSOR_PLACES, SampleBlock, SensorPlace
from imu_reps.domain.tempo import Tempo
from imu_reps.errors import RefusedValueError

Side = Literal["left", "right", "both"]
Start = Literal["low", "high"]
Posture = Literal["supine", "hanging"]
PelvisAlignment = Literal["mounted", "functional"]
Counter = Literal["device", "host"]
Axis = Literal["+x", "-x", "+y", "-y", "+z", "-z"]
FloorFrom = Literal["asked", "end_range"]


def default_start(exercise: Exercise) -> Start:
    """Where the leg rests between reps if the header does not say."""
    return "high" if exercise == "heel_tap" else "low"


def default_posture(exercise: Exercise) -> Posture:
    """The posture an exercise is done in if the header does not say."""
    return "hanging" if exercise == "hanging_leg_raise" else "supine"


@dataclass(frozen=True, slots=True)
class SensorHeader:
    """What the header says of one sensor.

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
        refuse_unless_as_declared(self)
        if self.rate_hz is not None:
            refuse_unless_number("rate_hz", self.rate_hz, above=0.0)


#: Header of a sensor of which the file says nothing: docs/recording-format.md#header.
DEFAULT_PELVIS = SensorHeader(cranial_axis="+y", anterior_axis="+z")
DEFAULT_ANKLE = SensorHeader()


#: Where it is not said.
_BY_EXERCISE: Any = None


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a recording; `None` is "not said".

    Attributes
    ----------
    exercise : Exercise
        One of docs/recording-format.md#header, as are `side`, `start` and `posture`; the last two by default
        as the exercise has them.
    tempo_target : Tempo or None
    range_target_deg, floor_deg : float or None
    floor_from : {"asked", "end_range"} or None
        Where the floor angle is from: asked for with this set, or measured in the person's end-range test.
    pelvis, ankle : SensorHeader
    extra : mapping
        Keys the format does not know, kept as they were written.
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
        refuse_unless_one_of("exercise", self.exercise, EXERCISES)
        if self.start is None:
            object.__setattr__(self, "start", default_start(self.exercise))
        if self.posture is None:
            object.__setattr__(self, "posture", default_posture(self.exercise))
        refuse_unless_as_declared(self)

    def sensor(self, place: SensorPlace) -> SensorHeader:
        """The header of the sensor worn at `place`."""
        return self.pelvis if place == "pelvis" else self.ankle

    def with_sensor(self, place: SensorPlace, header: SensorHeader) -> Header:
        """The same with another header of one sensor."""
        return replace(self, pelvis=header) if place == "pelvis" else replace(self, ankle=header)


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened during the set: a line ``# @TIME_S key: value`` of the file."""

    time_s: float
    key: str
    value: str

    def __post_init__(self) -> None:
        refuse_unless_as_declared(self)


def answered(text: str) -> int | None:
    """A number from 0 to `MAX_SAID`; None where the answer is none."""
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) <= 2 and int(text) <= MAX_SAID else None


def said(notes: Sequence[Note], key: str) -> int | None:
    """What the person said last of pain or effort; anything else is not taken for an answer."""
    answers = [answered(note.value) for note in notes if note.key == key]
    return next((answer for answer in reversed(answers) if answer is not None), None)


@dataclass(frozen=True, slots=True)
class Caution:
    """Something about a recording that a reader of its numbers should know.

    Attributes
    ----------
    code : str
        Short stable name, e.g. ``file_cut``.
    message : str
        What was found, naming file, line or column.
    hint : str
        The mend.
    """

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Recording:
    """One set as it arrived; nothing repaired.

    Attributes
    ----------
    header : Header
    pelvis, ankle : SampleBlock or None
        All samples of a sensor in order of arrival; None where the sensor is absent.
    notes : tuple of Note
    file : str or None
        The path as it was given.
    cautions : tuple of Caution
        What the reader noticed, e.g. a last row cut off.

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
        refuse_unless_as_declared(self)

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
        """A recording from tables of samples, a row a sample in order of arrival.

        Parameters
        ----------
        pelvis, ankle : DataFrame or mapping of str to array
            Of a sensor that was worn. Columns are called as in docs/recording-format.md#columns; `sample` and
            `device_time_s` may be missing.
        header : Header, optional
            What was done, on which side, and how the sensors sat.
        columns : mapping of str to str, optional
            What a column is called in the tables, by its name here: ``{"time_s": "t", "acc_x_mps2": "ax"}``.
        units : mapping of str to str, optional
            ``{"time": "ms", "acc": "g", "gyr": "rad/s"}`` where they are not s, m/s² and deg/s.

        Raises
        ------
        RefusedValueError
            If a column is missing or holds what is no number, a unit is unknown, times go back.

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
        refuse_unless_a("header", header, Header)
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
        """Whether the person wants it not to count: a file that nobody remembers or compares."""
        return any(note.key == "discarded" for note in self.notes)

    @property
    def person(self) -> str | None:
        """Whose set it is; None where nobody is named."""
        return said_name(self.header.extra.get("person"))

    @property
    def corrections(self) -> tuple[Correction, ...]:
        """What was put right by hand and holds; the header has those of exercise, side and person in it."""
        return corrections_of(self.notes)

    def samples(self, place: SensorPlace) -> SampleBlock | None:
        """The samples of the sensor worn at `place`, ``"pelvis"`` or ``"ankle"``."""
        refuse_unless_one_of("place", place, SENSOR_PLACES)
        return self.pelvis if place == "pelvis" else self.ankle

    @property
    def blocks(self) -> tuple[SampleBlock, ...]:
        """The samples of each sensor that sent any."""
        return tuple(block for block in (self.pelvis, self.ankle) if block is not None and len(block))

    def with_samples(self, block: SampleBlock) -> Recording:
        """The same with other samples of one sensor."""
        refuse_unless_a("block", block, SampleBlock)
        return replace(self, pelvis=block) if block.sensor == "pelvis" else replace(self, ankle=block)


#: Each continues "the set was ended:".
ENDED = {
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

#: Code of the finding of a set that was stopped with pain.
STOPPED_WITH_PAIN = "stopped_with_pain"

#: Code of the finding of a set of which pain was said, and key of the note that it hurt in the rest after it.
PAIN_SAID, HURT = "pain_said", "hurt"

#: Pain and effort are said from 0 to this.
MAX_SAID = 10

#: What such a set ends in, and in no diagnosis.
AFTER_PAIN = "It hurt, and you stopped. Leave it for today; if it does not pass, see a professional."

DISCARDED = "You discarded this set: it is not remembered, and not compared with others."


def ended_words(reason: str) -> str:
    """Why a set ended; a reason that is not known speaks for itself."""
    return ENDED.get(reason, reason.replace("_", " "))
