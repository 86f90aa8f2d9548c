"""One set while it is recorded: everything that arrives goes to the file first, then to the pipeline."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from imu_reps.analysis.analyze import Analysis, analyze
from imu_reps.analysis.pipeline import Pipeline
from imu_reps.domain.events import Event, SetEnded
from imu_reps.domain.pose import Pose
from imu_reps.domain.recording import Header, Note
from imu_reps.domain.samples import SENSOR_PLACES, SampleBlock, SensorPlace, concatenate
from imu_reps.domain.settings import Settings
from imu_reps.domain.summary import Summary
from imu_reps.errors import FileAccessError, ImuRepsError
from imu_reps.sensors.stream_items import Item, LinkChange, Restarted
from imu_reps.storage.recording import RecordingWriter, load

T = TypeVar("T")

_log = logging.getLogger(__name__)

#: States of a link in which nothing more arrives.
LOST = ("away", "silent", "gone")


@dataclass(frozen=True, slots=True)
class Finished:
    """A recorded set.

    Attributes
    ----------
    path : str
        The file.
    reason : str
        Why it ended: ``target``, ``left_posture``, ``legs_down``, ``duration``, ``user``, ``pain`` or
        ``link_lost``.
    events : tuple of Event
        What the whole set shows otherwise than was heard, and the end.
    analysis : Analysis or None
        With all of the set's angles: told as the set ends, see `without_angles`.
    summary : Summary or None
        None: the set cannot be summed up; `unusable` says why.
    unusable : ImuRepsError or None
    unwritten : FileAccessError or None
        The disk refused the last of the samples; the analysis holds them all the same.
    discarded : bool
        The person does not want it to count: a file that is neither remembered nor compared.
    """

    path: str
    reason: str
    events: tuple[Event, ...]
    analysis: Analysis | None
    summary: Summary | None
    unusable: ImuRepsError | None = None
    unwritten: FileAccessError | None = None
    discarded: bool = False

    def without_angles(self) -> Finished:
        """What is kept of it while more sets are recorded."""
        return replace(self, analysis=None)


class SetRecorder:
    """Records one set; thrown away after it.

    Nothing that goes wrong with counting stops the recording: it is told by `finish`, with the file closed.
    Nor does a full disk stop counting: what it refuses is kept and tried again (see `RecordingWriter`).

    Parameters
    ----------
    path : path-like
        Must not exist yet.
    header : Header
        As it will stand in the file.
    settings : Settings, optional
    sensors : sequence of {"pelvis", "ankle"}
        Which sensors are counted with while it happens. What another one sends is in the file and in the
        analysis.
    lost : collection of {"pelvis", "ankle"}
        Sensors that are not streaming as the set begins.

    Raises
    ------
    FileAccessError
        The file cannot be made.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        header: Header,
        settings: Settings | None = None,
        sensors: Sequence[SensorPlace] = SENSOR_PLACES,
        lost: Iterable[SensorPlace] = (),
    ) -> None:
        self.path = os.fspath(path)
        self._settings = settings
        self._writer = RecordingWriter(path, header)
        self._pipeline = Pipeline(header, settings, sensors=sensors, file=self.path)
        self.sensors = frozenset(sensors)
        self._others = False
        self._failure: Exception | None = None
        self._refused: FileAccessError | None = None
        self._left_out: Counter[SensorPlace] = Counter()
        self._first_s: float | None = None
        self._lost: set[SensorPlace] = set()
        self._early: list[Note] = []
        self._discarded = False
        for place in lost:
            self._lose(place, 0.0)

    @property
    def rep_count(self) -> int:
        """Repetitions counted so far."""
        return self._pipeline.rep_count

    @property
    def pose(self) -> Pose | None:
        """Where leg and pelvis are now; None before that is known."""
        return self._pipeline.pose

    @property
    def first_s(self) -> float | None:
        """Arrival of the first sample, on the clock of the items; None before it."""
        return self._first_s

    @property
    def refused(self) -> FileAccessError | None:
        """The first time the disk would not take something, if ever."""
        return self._refused

    def take(self, items: Iterable[Item]) -> list[Event]:
        """Write what arrived, then count; returns what there is to say.

        Parameters
        ----------
        items : iterable of Item
            In order of arrival, as `Streams.items` gives them.
        """
        blocks: dict[SensorPlace, list[SampleBlock]] = {}
        for item in items:
            if isinstance(item, Restarted):
                self.note("restart", item.sensor, item.time_s)
            elif isinstance(item, LinkChange):
                if item.state in LOST:
                    self._lose(item.sensor, item.time_s)
            elif len(block := self._finite(item)):
                blocks.setdefault(block.sensor, []).append(self._written(block))
        return self._counted([concatenate(each) for each in blocks.values()])

    def note(self, key: str, value: str, time_s: float) -> None:
        """Keep something that happened at `time_s` on the clock of the items.

        What happens before the first sample stands right after it.
        """
        if self._first_s is None:
            self._early.append(Note(0.0, key, value))
        else:
            self._keep(Note(max(time_s - self._first_s, 0.0), key, value))

    def discard(self, time_s: float) -> None:
        """Note that the person does not want the set to count."""
        self._discarded = True
        self.note("discarded", "user", time_s)

    def finish(self, reason: str, time_s: float) -> Finished:
        """End the set: note why, close the file, sum it up.

        Raises
        ------
        Exception
            A fault of this program itself, if there was one; the file is closed by then.
        """
        for place, count in self._left_out.items():
            self.note("left_out", f"{place} {count} not finite", time_s)
        self.note("end", reason, time_s)
        self._keep_early()
        unwritten = self.close()
        if self._failure is not None and not isinstance(self._failure, ImuRepsError):
            raise self._failure
        try:
            events, analysis = self._summed_up(reason)
        except ImuRepsError as error:
            return Finished(self.path, reason, (), None, None, error, unwritten, self._discarded)
        summary = analysis.summary
        figures = summary.set
        _log.info(
            "%s: %s, %s reps, certainty %s, sensors %s",
            self.path,
            reason,
            figures.rep_count,
            figures.rep_count_certainty,
            summary.sensors,
        )
        return Finished(self.path, reason, tuple(events), analysis, summary, None, unwritten, self._discarded)

    def close(self) -> FileAccessError | None:
        """Close the file; gives what the disk had against the last rows."""
        try:
            self._writer.close()
        except FileAccessError as error:
            return error
        return None

    def _finite(self, block: SampleBlock) -> SampleBlock:
        """The block without the samples that hold no number: bytes can mean anything."""
        rows = np.isfinite(block.acc_mps2).all(axis=1) & np.isfinite(block.gyr_dps).all(axis=1)
        if rows.all():
            return block
        self._left_out[block.sensor] += int((~rows).sum())
        return SampleBlock(
            block.sensor,
            block.time_s[rows],
            block.sample[rows],
            block.device_time_s[rows],
            block.acc_mps2[rows],
            block.gyr_dps[rows],
        )

    def _written(self, block: SampleBlock) -> SampleBlock:
        """Write a block; gives it as it stands in the file, times from the first arrival."""
        arrived_s = float(block.time_s[0])
        if block.sensor in self._lost:
            self._lost.discard(block.sensor)
            self.note("link", f"{block.sensor} back", arrived_s)
        if self._first_s is None:
            self._first_s = arrived_s
        block = replace(block, time_s=block.time_s - self._first_s)
        self._to_file(self._writer.write, block)
        self._keep_early()
        return block

    def _lose(self, place: SensorPlace, time_s: float) -> None:
        """Note once that a sensor is lost, until its samples come again."""
        if place not in self._lost:
            self._lost.add(place)
            self.note("link", f"{place} lost", time_s)

    def _keep_early(self) -> None:
        for note in self._early:
            self._keep(note)
        self._early = []

    def _keep(self, note: Note) -> None:
        self._to_file(self._writer.note, note)
        self._pipeline.note(note)

    def _to_file(self, write: Callable[[T], None], what: T) -> None:
        try:
            write(what)
        except FileAccessError as error:
            self._refused = self._refused or error

    def _counted(self, blocks: Sequence[SampleBlock]) -> list[Event]:
        """Push what is in the file; whatever goes wrong there waits until the set is over."""
        expected = [block for block in blocks if block.sensor in self.sensors]
        self._others = self._others or len(expected) < len(blocks)
        if self._failure is not None or not expected:
            return []
        try:
            return self._pipeline.push(*expected)
        except Exception as error:  # recording goes on
            self._failure = error
            return []

    def _summed_up(self, reason: str) -> tuple[list[Event], Analysis]:
        if self._failure is None and not self._others:
            return self._pipeline.finish(reason)
        analysis = analyze(load(self.path), self._settings)
        return [
            SetEnded(analysis.summary.recording.duration_s, reason, analysis.summary.set.rep_count)
        ], analysis
