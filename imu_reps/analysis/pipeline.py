"""The pipeline: from sample blocks as they arrive to events, and at the end to the analysis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imu_reps.analysis.analyze import Analysis, analyze
from imu_reps.analysis.corrections import after_practice
from imu_reps.analysis.live.running_hold import LiveHold
from imu_reps.analysis.live.set import LiveSet
from imu_reps.domain.events import Event, RepCompleted, RepRetracted, SetEnded
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.recording import Header, Note, Recording
from imu_reps.domain.samples import (
    SENSOR_PLACES,
    SampleBlock,
    SensorPlace,
    concatenate,
    require_valid_times,
    with_finite_readings,
)
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import AngleTrack, Pose
from imu_reps.domain.validation import require_instance, require_one_of
from imu_reps.kinematics.stream_grid import LiveGrid
from imu_reps.quality.readings import LiveReadings

#: Number of samples at which blocks are joined: small blocks take several times the memory of their samples.
JOINED = 1000


class Pipeline:
    """Follows one set; each set needs a new one.

    Blocks are pushed in order of arrival; blocks of both sensors that arrived together are pushed in one
    call. The block size does not affect the result.

    Parameters
    ----------
    header : Header
        Header of the recording.
    settings : Settings, optional
        Thresholds; the defaults if omitted.
    sensors : sequence of {"pelvis", "ankle"}
        The sensors to expect.
    file : str, optional
        Path of the recording, for the summary.

    Examples
    --------
    >>> from imu_reps import Pipeline, simulate
    >>> recording = simulate().recording
    >>> pipeline = Pipeline(recording.header)
    >>> events = pipeline.push(recording.pelvis, recording.ankle)
    >>> closing, analysis = pipeline.finish()
    >>> analysis.summary.set.rep_count
    8
    """

    def __init__(
        self,
        header: Header,
        settings: Settings | None = None,
        *,
        sensors: Sequence[SensorPlace] = SENSOR_PLACES,
        file: str | None = None,
    ) -> None:
        require_instance("header", header, Header)
        require_instance("settings", settings, Settings, type(None))
        require_instance("sensors", sensors, tuple, list)
        for place in sensors:
            require_one_of("a sensor", place, SENSOR_PLACES)
        self._header = header
        self._settings = Settings() if settings is None else settings
        self._file = file
        self._samples = {place: _SampleStore() for place in sensors}
        self._readings = {place: LiveReadings() for place in sensors}
        self._notes: list[Note] = []
        self._grid = LiveGrid(header, sensors)
        follows = LiveHold if header.exercise in HOLDS else LiveSet
        self._set: LiveHold | LiveSet = follows(header, self._settings, posture_checked="pelvis" in sensors)
        self._practice = header.practice_reps or 0
        self._last_s = 0.0

    @property
    def rep_count(self) -> int:
        """Number of repetitions counted so far, without those for practice; 0 for a hold."""
        return max(0, self._set.count - self._practice)

    @property
    def pose(self) -> Pose | None:
        """The newest angles; None before the first. Cheap, unlike `angles`."""
        return self._set.pose

    def angles(self) -> AngleTrack:
        """Return the angles of the last minutes, by the current estimate."""
        return self._set.angles()

    def push(self, *blocks: SampleBlock) -> list[Event]:
        """Process the next samples and return the events they cause.

        A sample whose readings are not finite is left out, like one that was lost.

        Parameters
        ----------
        *blocks : SampleBlock
            At most one block per sensor.

        Raises
        ------
        RefusedValueError
            If an argument is not a block, its sensor is not expected, or its times are not finite or go back.
        """
        for block in blocks:
            require_instance("block", block, SampleBlock)
            require_one_of("its sensor", block.sensor, tuple(self._samples))
            require_valid_times(block, self._samples[block.sensor].last_s)
        for block in blocks:
            self._samples[block.sensor].add(with_finite_readings(block))
            if len(block):
                self._last_s = max(self._last_s, float(block.time_s[-1]))
        readings = [self._readings[block.sensor].without_invalid(block) for block in blocks]
        return list(after_practice(self._set.push(self._grid.push(*readings)), self._practice))

    def note(self, note: Note) -> None:
        """Add a note to the recording."""
        self._notes.append(note)

    def finish(self, reason: str = "end_of_recording") -> tuple[list[Event], Analysis]:
        """End the set: analyze it as a whole, and correct the count if necessary.

        Parameters
        ----------
        reason : str
            Reason of the `SetEnded` event.

        Returns
        -------
        events : list of Event
            Corrections of the count, and `SetEnded` unless it was emitted already.
        analysis : Analysis

        Raises
        ------
        RecordingError
            If the recording is implausible or unusable.
        """
        analysis = analyze(self.recording(), self._settings)
        events = self._corrections(analysis)
        if not self._set.ended:
            events.append(SetEnded(self._last_s, reason, analysis.summary.set.rep_count))
        return events, analysis

    def recording(self) -> Recording:
        """Return everything that was pushed as a recording."""
        samples = {place: store.all() for place, store in self._samples.items()}
        pelvis, ankle = samples.get("pelvis"), samples.get("ankle")
        return Recording(self._header, pelvis, ankle, tuple(self._notes), self._file)

    def _corrections(self, analysis: Analysis) -> list[Event]:
        """Return events for repetitions that the final analysis lacks or adds."""
        final = list(analysis.summary.reps)
        count = self.rep_count
        events: list[Event] = []
        for start_s, end_s in self._set.announced_spans()[self._practice :]:
            same = next((rep for rep in final if rep.start_s < end_s and start_s < rep.end_s), None)
            if same is not None:
                final.remove(same)
                continue
            count -= 1
            events.append(RepRetracted(self._last_s, count, start_s, "not a repetition in the whole set"))
        return events + [RepCompleted(self._last_s, rep.number, rep) for rep in final]


class _SampleStore:
    """Samples of one sensor, in order of arrival."""

    def __init__(self) -> None:
        self._joined: list[SampleBlock] = []
        self._recent: list[SampleBlock] = []
        self._count = 0
        self.last_s = -np.inf

    def add(self, block: SampleBlock) -> None:
        """Append a block."""
        self.last_s = float(block.time_s[-1]) if len(block) else self.last_s
        self._recent.append(block)
        self._count += len(block)
        if self._count >= JOINED:
            self._joined.append(concatenate(self._recent))
            self._recent, self._count = [], 0

    def all(self) -> SampleBlock | None:
        """Return all samples as one block; None if there are none."""
        blocks = [*self._joined, *self._recent]
        return concatenate(blocks) if blocks else None
