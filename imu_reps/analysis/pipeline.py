"""THE pipeline: from sample blocks as they arrive to events, and at the end to the summary."""

from __future__ import annotations

from collections.abc import Sequence

from imu_reps.analysis.analyze import Analysis, analyze
from imu_reps.analysis.live.running_hold import LiveHold
from imu_reps.analysis.live.set import LiveSet
from imu_reps.analysis.practice import after_practice
from imu_reps.domain.events import Event, RepCompleted, RepRetracted, SetEnded
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.recording import Header, Note, Recording
from imu_reps.domain.refusals import refuse_unless_a, refuse_unless_one_of
from imu_reps.domain.samples import SENSOR_PLACES, SampleBlock, SensorPlace, concatenate
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import AngleTrack, Pose
from imu_reps.kinematics.stream_grid import LiveGrid
from imu_reps.quality.live_readings import LiveReadings

#: Blocks are joined once they hold so many samples: one of a few samples takes several times their memory.
JOINED = 1000


class Pipeline:
    """Follows one set; thrown away after it.

    Blocks are pushed in order of arrival. Blocks of both sensors that arrived together are pushed in one
    call. How the samples are cut into blocks makes no difference.

    Parameters
    ----------
    header : Header
        Of the recording that is being made.
    settings : Settings, optional
    sensors : sequence of {"pelvis", "ankle"}
        Which sensors to expect.
    file : str, optional
        The recording's path, for the summary.

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
        refuse_unless_a("header", header, Header)
        refuse_unless_a("settings", settings, Settings, type(None))
        refuse_unless_a("sensors", sensors, tuple, list)
        for place in sensors:
            refuse_unless_one_of("a sensor", place, SENSOR_PLACES)
        self._header = header
        self._settings = Settings() if settings is None else settings
        self._file = file
        self._samples = {place: _Kept() for place in sensors}
        self._readings = {place: LiveReadings() for place in sensors}
        self._notes: list[Note] = []
        self._grid = LiveGrid(header, sensors)
        follows = LiveHold if header.exercise in HOLDS else LiveSet
        self._set: LiveHold | LiveSet = follows(header, self._settings, posture_checked="pelvis" in sensors)
        self._practice = header.practice_reps or 0
        self._last_s = 0.0

    @property
    def rep_count(self) -> int:
        """Repetitions counted so far; a hold has none, and those for practice are none."""
        return max(0, self._set.count - self._practice)

    @property
    def pose(self) -> Pose | None:
        """The newest angles; None before the first. Cheap, unlike `angles`."""
        return self._set.pose

    def angles(self) -> AngleTrack:
        """The angles so far (of the last minutes), with the zero as it is known now."""
        return self._set.angles()

    def push(self, *blocks: SampleBlock) -> list[Event]:
        """Take the next samples; returns what there is to say.

        Parameters
        ----------
        *blocks : SampleBlock
            At most one block a sensor.

        Raises
        ------
        RefusedValueError
            If it is no block, or of a sensor that is not expected.
        """
        for block in blocks:
            refuse_unless_a("block", block, SampleBlock)
            refuse_unless_one_of("its sensor", block.sensor, tuple(self._samples))
            self._samples[block.sensor].add(block)
            if len(block):
                self._last_s = max(self._last_s, float(block.time_s[-1]))
        readings = [self._readings[block.sensor].left(block) for block in blocks]
        return list(after_practice(self._set.push(self._grid.push(*readings)), self._practice))

    def note(self, note: Note) -> None:
        """Keep something that happened."""
        self._notes.append(note)

    def finish(self, reason: str = "end_of_recording") -> tuple[list[Event], Analysis]:
        """End the set: estimate the whole of it again, and correct the count if need be.

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
        """Everything that was pushed, as a recording."""
        samples = {place: kept.all() for place, kept in self._samples.items()}
        pelvis, ankle = samples.get("pelvis"), samples.get("ankle")
        return Recording(self._header, pelvis, ankle, tuple(self._notes), self._file)

    def _corrections(self, analysis: Analysis) -> list[Event]:
        """What the whole set shows otherwise than was heard."""
        final = list(analysis.summary.reps)
        count = self.rep_count
        events: list[Event] = []
        for start_s, end_s in self._set.heard_spans()[self._practice :]:
            same = next((rep for rep in final if rep.start_s < end_s and start_s < rep.end_s), None)
            if same is not None:
                final.remove(same)
                continue
            count -= 1
            events.append(RepRetracted(self._last_s, count, start_s, "not a repetition in the whole set"))
        return events + [RepCompleted(self._last_s, rep.number, rep) for rep in final]


class _Kept:
    """One sensor's samples, in order of arrival."""

    def __init__(self) -> None:
        self._joined: list[SampleBlock] = []
        self._recent: list[SampleBlock] = []
        self._count = 0

    def add(self, block: SampleBlock) -> None:
        """Keep the next."""
        self._recent.append(block)
        self._count += len(block)
        if self._count >= JOINED:
            self._joined.append(concatenate(self._recent))
            self._recent, self._count = [], 0

    def all(self) -> SampleBlock | None:
        """Everything that is kept, as one block; None where nothing came."""
        blocks = [*self._joined, *self._recent]
        return concatenate(blocks) if blocks else None
