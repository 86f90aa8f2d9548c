"""When a device samples, and what its own clock shows then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.sensors.virtual.device import DeviceClock

#: An instant that is due by arithmetic is due: share of a sampling period that rounding may cost.
ROUNDING = 1e-6


class Oscillator:
    """What a device's clock shows: its start at first, 0 after a reboot, and on at its own rate.

    Parameters
    ----------
    clock : DeviceClock
    """

    def __init__(self, clock: DeviceClock) -> None:
        self.speed = 1.0 + clock.rate_error
        self._shown_next_s = clock.start_s
        self._shown_s = 0.0
        self._on_s = 0.0

    def power_on(self, time_s: float) -> None:
        """Begin to count."""
        self._on_s = time_s
        self._shown_s, self._shown_next_s = self._shown_next_s, 0.0

    def shows_s(self, time_s: FloatArray) -> FloatArray:
        """The device's time at true instants."""
        shown: FloatArray = self._shown_s + (time_s - self._on_s) * self.speed
        return shown


@dataclass(slots=True)
class Ticks:
    """Sampling instants of one stream.

    Attributes
    ----------
    first_s : float
        True instant of the first sample.
    rate_hz : float
        True rate.
    taken : int
        Samples already handed out.
    """

    first_s: float
    rate_hz: float
    taken: int = 0

    def due(self, until_s: float, batch: int = 1) -> FloatArray:
        """Instants up to `until_s` not handed out before, in whole batches."""
        reached = int(np.floor((until_s - self.first_s) * self.rate_hz + ROUNDING)) + 1
        count = max(reached - self.taken, 0) // batch * batch
        numbers = self.taken + np.arange(count)
        self.taken += count
        return self.first_s + numbers / self.rate_hz
