"""A sensor that falls silent while a set runs, and comes back."""

from __future__ import annotations

import numpy as np

from imu_reps.domain.events import SensorBack, SensorSilent
from imu_reps.domain.samples import SENSOR_PLACES, SensorPlace
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import Motion

#: Silence shorter than this is loss; the time runs on with the other sensor.
SILENT_S = 1.0
SILENT_TICKS = int(SILENT_S * GRID_HZ)


class LiveSilence:
    """Watches grid instants for sensors that are missing; any cut into blocks gives the same."""

    def __init__(self) -> None:
        self._missing: dict[SensorPlace, int] = dict.fromkeys(SENSOR_PLACES, 0)

    def watch(self, motion: Motion) -> dict[int, list[SensorSilent | SensorBack]]:
        """What there is to say at which of the next instants."""
        said: dict[int, list[SensorSilent | SensorBack]] = {}
        for place in SENSOR_PLACES:
            sensor = motion.pelvis if place == "pelvis" else motion.ankle
            if sensor is None:
                continue
            there = np.isfinite(sensor.up[:, 0])
            run = _missing_run(there, self._missing[place])
            before = np.concatenate([[self._missing[place]], run[:-1]])
            self._missing[place] = int(run[-1])
            for tick in np.flatnonzero(run == SILENT_TICKS).tolist():
                said.setdefault(tick, []).append(SensorSilent(float(motion.time_s[tick]), place))
            for tick in np.flatnonzero(there & (before >= SILENT_TICKS)).tolist():
                said.setdefault(tick, []).append(SensorBack(float(motion.time_s[tick]), place))
        return said


def _missing_run(there: np.ndarray, before: int) -> np.ndarray:
    """How many instants in a row the sensor has been missing, at each; `before` of them already."""
    ticks = np.arange(1, len(there) + 1)
    last_there = np.maximum.accumulate(np.where(there, ticks, -before))
    return np.asarray(ticks - last_there)
