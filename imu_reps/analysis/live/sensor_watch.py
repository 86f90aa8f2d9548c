"""The instants of a running set or hold one by one: angles, posture, and sensors that fall silent.

For each instant: whether the person lies (hangs) and is still, and whether the posture was left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.live.frame import LiveFrame, LiveRest, MotionBuffer, rows_of
from imu_reps.analysis.set.spells import LEFT_POSTURE_S, Posture, all_still, find_rocks
from imu_reps.domain.events import SensorBack, SensorSilent
from imu_reps.domain.recording import Header, axis_vector
from imu_reps.domain.samples import SENSOR_PLACES, BoolArray, FloatArray, SensorPlace
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import Motion
from imu_reps.kinematics.mounting import LEFT_DEG, angle_between_deg, lean_deg, ready_deg

#: Pelvic rocks are searched for once a second in the latest minute, both in ticks.
ROCKS_EVERY, ROCKS_WITHIN = 100, 6000


class LiveGate:
    """Checks the posture.

    Until an estimate shows the person's own lying direction, the cranial axis named in the header decides.

    Attributes
    ----------
    cranial : (3,) float or None
        The pelvis sensor's axis towards the head; None while unknown.
    lying : (3,) float or None
        Up in pelvis sensor axes while the person lies (hangs); None while unknown.
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
        """Adopt the person's own lying direction from an estimate that also knows the cranial axis."""
        if posture.lying is not None and posture.cranial is not None:
            self.lying, self.cranial = posture.lying, posture.cranial

    def watch(self, motion: Motion) -> tuple[BoolArray, FloatArray]:
        """Return readiness and the pelvis's angle from lying (hanging) at the next instants.

        When `lying` changes within the block, the caller asks again for the instants left.

        Returns
        -------
        ready : (n,) bool
            Lying (hanging) and still; only still without a pelvis sensor.
        away_deg : (n,) float
            Angle from the lying (hanging) direction; NaN where not known.
        """
        still, count = all_still(motion), len(motion)
        if motion.pelvis is None:
            return still, np.full(count, np.nan)
        away = self._away_deg(motion.pelvis.up)
        return still & (away < ready_deg(self._header.start)), away

    def left(self, away_deg: float, buffer: MotionBuffer) -> bool:
        """Process the next instant, the newest in the buffer; return whether the posture is left for good."""
        self._last_deg = away_deg
        self._away_ticks = self._away_ticks + 1 if away_deg >= LEFT_DEG else 0
        self._seen += 1
        if self.cranial is None and self._seen % ROCKS_EVERY == 0:
            self._look_for_rocks(buffer.motion(max(0, buffer.count - ROCKS_WITHIN)))
        return self._away_ticks >= LEFT_POSTURE_S * GRID_HZ

    def _away_deg(self, up: FloatArray) -> FloatArray:
        """Return the pelvis's angle from lying (hanging); where not measured, the last one known."""
        if self.cranial is None:
            return np.full(len(up), np.nan)
        if self.lying is None:
            away = lean_deg(up, self.cranial, self._header.posture)
        else:
            away = angle_between_deg(up, self.lying)
        known = np.isfinite(away)
        if known.all():
            return away
        last = np.maximum.accumulate(np.where(known, np.arange(len(away)), -1))
        return np.where(last >= 0, away[np.maximum(last, 0)], self._last_deg)

    def _look_for_rocks(self, past: Motion) -> None:
        found = find_rocks(past)
        if found is not None:
            self.lying, self.cranial = found[0].matrix[0], found[0].matrix[1]


#: Number of instants whose angles are computed in one go, by a frame that may change before they come.
READ_AT_ONCE = 100

#: A shorter gap is ordinary loss, not a silent sensor; time goes on with the other sensor.
SILENT_S = 1.0
SILENT_TICKS = int(SILENT_S * GRID_HZ)


@dataclass(frozen=True, slots=True)
class WatchedInstant:
    """One grid instant with its angles, posture and sensor events.

    Attributes
    ----------
    angles_deg : (leg elevation, pelvic tilt, pelvic rotation)
        Angles in the frame known at that instant; NaN where not known.
    ready : bool
        Lying (hanging) and still.
    left : bool
        The posture has been left for good.
    silence : list of SensorSilent or SensorBack
        Sensors that fell silent, or send again, at this instant.
    """

    tick: int
    time_s: float
    angles_deg: tuple[float, float, float]
    ready: bool
    left: bool
    silence: list[SensorSilent | SensorBack]


class LiveWatch:
    """Keeps the motion and computes each instant's angles in the frame known by then.

    Attributes
    ----------
    buffer : MotionBuffer
        The motion kept.
    gate : LiveGate
        The posture check.
    rest : LiveRest
        Holds the frame, also one adopted from an estimate.
    """

    def __init__(self, header: Header) -> None:
        self._header = header
        self._silence = LiveSilence()
        self.buffer = MotionBuffer()
        self.gate = LiveGate(header)
        self.rest = LiveRest(header)

    def instants(self, motion: Motion, may_zero: Callable[[], bool]) -> Iterator[WatchedInstant]:
        """Yield the next grid instants one by one.

        If the consumer changes the frame or the lying direction, the instants left are computed with the new
        one.

        Parameters
        ----------
        motion : Motion
            The next block.
        may_zero : callable
            Whether a rest defines a zero at this moment.
        """
        if not len(motion):
            return
        silence, rows = self._silence.watch(motion), rows_of(motion)
        frame: LiveFrame | None = None
        lying: FloatArray | None = None
        read = 0
        for offset, time_s in enumerate(motion.time_s.tolist()):
            if offset == 0 or self.gate.lying is not lying:
                lying, watched = self.gate.lying, offset
                watch = self.gate.watch(motion[offset:] if offset else motion)
                ready, away = (column.tolist() for column in watch)
            self.buffer.append(rows[offset])
            still = ready[offset - watched]
            left = self.gate.left(away[offset - watched], self.buffer)
            self.rest.step(self.buffer, self.gate.cranial, ready=still, may_zero=may_zero())
            if self.rest.frame is not frame or offset - read == READ_AT_ONCE:
                frame, read = self.rest.frame, offset
                coming = motion[offset : offset + READ_AT_ONCE]
                angles = frame.angles_deg(coming, self._header).T.tolist()
            leg_deg, tilt_deg, rotation_deg = angles[offset - read]
            here = leg_deg, tilt_deg, rotation_deg
            yield WatchedInstant(round(time_s * GRID_HZ), time_s, here, still, left, silence.get(offset, []))


class LiveSilence:
    """Finds sensors that fall silent or send again, independently of the block size."""

    def __init__(self) -> None:
        self._missing: dict[SensorPlace, int] = dict.fromkeys(SENSOR_PLACES, 0)

    def watch(self, motion: Motion) -> dict[int, list[SensorSilent | SensorBack]]:
        """Return the events of the next instants, by their index in the block."""
        by_tick: dict[int, list[SensorSilent | SensorBack]] = {}
        for place in SENSOR_PLACES:
            sensor = motion.pelvis if place == "pelvis" else motion.ankle
            if sensor is None:
                continue
            present = np.isfinite(sensor.up[:, 0])
            if present.all() and self._missing[place] < SILENT_TICKS:
                self._missing[place] = 0
                continue
            run = _missing_run(present, self._missing[place])
            before = np.concatenate([[self._missing[place]], run[:-1]])
            self._missing[place] = int(run[-1])
            for tick in np.flatnonzero(run == SILENT_TICKS).tolist():
                by_tick.setdefault(tick, []).append(SensorSilent(float(motion.time_s[tick]), place))
            for tick in np.flatnonzero(present & (before >= SILENT_TICKS)).tolist():
                by_tick.setdefault(tick, []).append(SensorBack(float(motion.time_s[tick]), place))
        return by_tick


def _missing_run(present: np.ndarray, before: int) -> np.ndarray:
    """Return the length of the missing run that ends at each instant; `before` of it precede the block."""
    ticks = np.arange(1, len(present) + 1)
    last_present = np.maximum.accumulate(np.where(present, ticks, -before))
    return np.asarray(ticks - last_present)
