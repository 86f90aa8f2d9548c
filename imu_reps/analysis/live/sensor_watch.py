"""The instants of a running set or hold one by one, whatever the blocks: angles, posture, silence.

Whether the person lies (hangs) and is still, and whether the posture was left, instant by instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.live.buffer import MotionBuffer
from imu_reps.analysis.live.frame import LiveFrame, LiveRest
from imu_reps.analysis.set.spells import LEFT_POSTURE_S, Posture, all_still, find_rocks
from imu_reps.domain.events import SensorBack, SensorSilent
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import SENSOR_PLACES, BoolArray, FloatArray, SensorPlace
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import Motion
from imu_reps.kinematics.mounting import LEFT_DEG, angle_between_deg, axis_vector, lean_deg, ready_deg

#: Pelvic rocks are looked for once a second in the last minute.
ROCKS_EVERY, ROCKS_WITHIN = 100, 6000


class LiveGate:
    """Watches the posture.

    Before an estimate shows the person's own lying direction, the named axis stands for it.

    Attributes
    ----------
    cranial : (3,) float or None
        The pelvis sensor's axis to the head, once it is known.
    lying : (3,) float or None
        The person's own direction of up while lying (hanging), once it is known.
    """

    def __init__(self, header: Header) -> None:
        self._header = header
        functional = header.pelvis.alignment == "functional"
        self.cranial = None if functional else axis_vector(header.pelvis.cranial_axis or "+y")
        self.lying: FloatArray | None = None
        self._seen = 0
        self._last_deg = np.nan
        self._away_ticks = 0

    def learn(self, posture: Posture) -> None:
        """Take over the person's own lying direction from an estimate, once the sensor's axes are known."""
        if posture.lying is not None and posture.cranial is not None:
            self.lying, self.cranial = posture.lying, posture.cranial

    def watch(self, motion: Motion) -> tuple[BoolArray, FloatArray]:
        """Whether everything is ready, and how far the pelvis is from lying (hanging), at the next instants.

        NaN where nobody knows. Where `lying` is another one by then, what is still to come is watched again.
        """
        still, count = all_still(motion), len(motion)
        if motion.pelvis is None:
            return still, np.full(count, np.nan)
        away = self._away_deg(motion.pelvis.up)
        return still & (away < ready_deg(self._header.start)), away

    def left(self, away_deg: float, buffer: MotionBuffer) -> bool:
        """Take the next instant, the latest of a buffer; whether the posture is left for good by then."""
        self._last_deg = away_deg
        self._away_ticks = self._away_ticks + 1 if away_deg >= LEFT_DEG else 0
        self._seen += 1
        if self.cranial is None and self._seen % ROCKS_EVERY == 0:
            self._look_for_rocks(buffer.motion(max(0, buffer.count - ROCKS_WITHIN)))
        return self._away_ticks >= LEFT_POSTURE_S * GRID_HZ

    def _away_deg(self, up: FloatArray) -> FloatArray:
        """How far the pelvis is from lying (hanging); where nothing was measured, as far as it last was."""
        if self.cranial is None:
            return np.full(len(up), np.nan)
        if self.lying is None:
            away = lean_deg(up, self.cranial, self._header.posture)
        else:
            away = angle_between_deg(up, self.lying)
        known = np.isfinite(away)
        last = np.maximum.accumulate(np.where(known, np.arange(len(away)), -1))
        return np.where(last >= 0, away[np.maximum(last, 0)], self._last_deg)

    def _look_for_rocks(self, past: Motion) -> None:
        found = find_rocks(past)
        if found is not None:
            self.lying, self.cranial = found[0].matrix[0], found[0].matrix[1]


#: Silence shorter than this is loss; the time runs on with the other sensor.
SILENT_S = 1.0
SILENT_TICKS = int(SILENT_S * GRID_HZ)


@dataclass(frozen=True, slots=True)
class WatchedInstant:
    """One instant.

    Attributes
    ----------
    angles_deg : (leg elevation, pelvic tilt, pelvic rotation)
        In the frame as it was known then; NaN where not known.
    ready : bool
        Lying (hanging) and still.
    left : bool
        The posture has been left for good.
    silence : sequence of SensorSilent or SensorBack
    """

    tick: int
    time_s: float
    angles_deg: tuple[float, float, float]
    ready: bool
    left: bool
    silence: list[SensorSilent | SensorBack]


class LiveWatch:
    """Keeps the motion, and reads each instant in the frame that is known by then.

    Attributes
    ----------
    buffer : MotionBuffer
    gate : LiveGate
    rest : LiveRest
        Holds the frame, also the one that an estimate gave.
    """

    def __init__(self, header: Header) -> None:
        self._header = header
        self._silence = LiveSilence()
        self.buffer = MotionBuffer()
        self.gate = LiveGate(header)
        self.rest = LiveRest(header)

    def instants(self, motion: Motion, may_zero: Callable[[], bool]) -> Iterator[WatchedInstant]:
        """Take the next grid instants.

        Where whoever takes them changes the frame or the lying direction, those still to come are read anew.

        Parameters
        ----------
        motion : Motion
        may_zero : callable
            Whether a rest is a zero at this moment.
        """
        silence = self._silence.watch(motion) if len(motion) else {}
        frame: LiveFrame | None = None
        lying: FloatArray | None = None
        for offset, time_s in enumerate(motion.time_s.tolist()):
            if offset == 0 or self.gate.lying is not lying:
                lying, watched = self.gate.lying, offset
                ready, away = self.gate.watch(motion[offset:])
            self.buffer.append(motion, offset)
            still = bool(ready[offset - watched])
            left = self.gate.left(float(away[offset - watched]), self.buffer)
            self.rest.step(self.buffer, self.gate.cranial, ready=still, may_zero=may_zero())
            if self.rest.frame is not frame:
                frame, read = self.rest.frame, offset
                angles = frame.angles_deg(motion[offset:], self._header)
            leg_deg, tilt_deg, rotation_deg = angles[:, offset - read].tolist()
            here = leg_deg, tilt_deg, rotation_deg
            yield WatchedInstant(round(time_s * GRID_HZ), time_s, here, still, left, silence.get(offset, []))


class LiveSilence:
    """Watches grid instants for sensors that are missing; any cut into blocks gives the same."""

    def __init__(self) -> None:
        self._missing: dict[SensorPlace, int] = dict.fromkeys(SENSOR_PLACES, 0)

    def watch(self, motion: Motion) -> dict[int, list[SensorSilent | SensorBack]]:
        """What there is to say at which of the next instants."""
        by_tick: dict[int, list[SensorSilent | SensorBack]] = {}
        for place in SENSOR_PLACES:
            sensor = motion.pelvis if place == "pelvis" else motion.ankle
            if sensor is None:
                continue
            there = np.isfinite(sensor.up[:, 0])
            run = _missing_run(there, self._missing[place])
            before = np.concatenate([[self._missing[place]], run[:-1]])
            self._missing[place] = int(run[-1])
            for tick in np.flatnonzero(run == SILENT_TICKS).tolist():
                by_tick.setdefault(tick, []).append(SensorSilent(float(motion.time_s[tick]), place))
            for tick in np.flatnonzero(there & (before >= SILENT_TICKS)).tolist():
                by_tick.setdefault(tick, []).append(SensorBack(float(motion.time_s[tick]), place))
        return by_tick


def _missing_run(there: np.ndarray, before: int) -> np.ndarray:
    """How many instants in a row the sensor has been missing, at each; `before` of them already."""
    ticks = np.arange(1, len(there) + 1)
    last_there = np.maximum.accumulate(np.where(there, ticks, -before))
    return np.asarray(ticks - last_there)
