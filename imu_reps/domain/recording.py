"""One set as it was recorded: header, samples of both sensors, notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from imu_reps.domain.correction import Correction, corrections_of
from imu_reps.domain.exercise import Exercise
from imu_reps.domain.samples import SampleBlock, SensorPlace
from imu_reps.domain.tempo import Tempo

Side = Literal["left", "right", "both"]
Start = Literal["low", "high"]
Posture = Literal["supine", "hanging"]
PelvisAlignment = Literal["mounted", "functional"]
Counter = Literal["device", "host"]
Axis = Literal["+x", "-x", "+y", "-y", "+z", "-z"]


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


#: Header of a sensor of which the file says nothing: docs/recording-format.md#header.
DEFAULT_PELVIS = SensorHeader(cranial_axis="+y", anterior_axis="+z")
DEFAULT_ANKLE = SensorHeader()


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a recording; `None` is "not said".

    Attributes
    ----------
    extra : mapping
        Keys the format does not know, kept as they were written.
    """

    exercise: Exercise = "single_leg_raise"
    side: Side | None = None
    start: Start = "low"
    posture: Posture = "supine"
    created: datetime | None = None
    session: str | None = None
    set_number: int | None = None
    tempo_target: Tempo | None = None
    range_target_deg: float | None = None
    floor_deg: float | None = None
    practice_reps: int | None = None
    simulated: bool = False
    pelvis: SensorHeader = DEFAULT_PELVIS
    ankle: SensorHeader = DEFAULT_ANKLE
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

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
    """

    header: Header
    pelvis: SampleBlock | None
    ankle: SampleBlock | None
    notes: tuple[Note, ...] = ()
    file: str | None = None
    cautions: tuple[Caution, ...] = ()

    @property
    def discarded(self) -> bool:
        """Whether the person wants it not to count: a file that nobody remembers or compares."""
        return any(note.key == "discarded" for note in self.notes)

    @property
    def corrections(self) -> tuple[Correction, ...]:
        """What was put right by hand and holds; the header has those of exercise, side and person in it."""
        return corrections_of(self.notes)

    def samples(self, place: SensorPlace) -> SampleBlock | None:
        """The samples of the sensor worn at `place`."""
        return self.pelvis if place == "pelvis" else self.ankle

    @property
    def blocks(self) -> tuple[SampleBlock, ...]:
        """The samples of each sensor that sent any."""
        return tuple(block for block in (self.pelvis, self.ankle) if block is not None and len(block))

    def with_samples(self, block: SampleBlock) -> Recording:
        """The same with other samples of one sensor."""
        return replace(self, pelvis=block) if block.sensor == "pelvis" else replace(self, ankle=block)
