"""The instants of a running set or hold one by one, whatever the blocks: angles, posture, silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.live.buffer import MotionBuffer
from imu_reps.analysis.live.frame import LiveFrame, LiveRest
from imu_reps.analysis.live.gate import LiveGate
from imu_reps.domain.events import SensorBack, SensorSilent
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import SENSOR_PLACES, FloatArray, SensorPlace
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import Motion

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
