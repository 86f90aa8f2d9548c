"""How fast and how promptly one sensor's samples have been arriving over the last seconds."""

from __future__ import annotations

from collections import deque

import numpy as np

from imu_reps.sensors.wire import Samples

#: Long enough that a stall of a quarter second moves the rate by a twentieth at most.
WINDOW_S = 5.0


class ArrivalPace:
    """Arrivals of the last `WINDOW_S`: when, up to which sample number, at which time of the sensor's clock.

    Parameters
    ----------
    has_clock : bool
        Whether samples carry the sensor's own time: no stall of the radio disturbs it.
    """

    def __init__(self, has_clock: bool) -> None:
        self._has_clock = has_clock
        self._packets: deque[tuple[float, int, float]] = deque()

    def add(self, arrival_s: float, samples: Samples) -> None:
        """Take in what one notification held."""
        self._packets.append((arrival_s, int(samples.number[-1]), float(samples.device_time_s[-1])))
        while self._packets[0][0] < arrival_s - WINDOW_S:
            self._packets.popleft()

    def forget(self) -> None:
        """Begin anew: after another rate was asked for, or the numbering began anew."""
        self._packets.clear()

    @property
    def span_s(self) -> float:
        """From the first to the last arrival."""
        return self._packets[-1][0] - self._packets[0][0] if self._packets else 0.0

    @property
    def spacing_s(self) -> float:
        """From one notification to the next, on average; 0 before the second."""
        return self.span_s / (len(self._packets) - 1) if len(self._packets) > 1 else 0.0

    def rate_hz(self) -> float | None:
        """Samples a second by number, lost ones counted; None before the second arrival."""
        if len(self._packets) < 2:
            return None
        (first_s, first, first_device_s), (last_s, last, last_device_s) = self._packets[0], self._packets[-1]
        passed_s = last_device_s - first_device_s if self._has_clock else last_s - first_s
        return (last - first) / passed_s if passed_s > 0.0 else None

    def delay_s(self) -> float | None:
        """By how much the latest of the last arrivals lagged behind the promptest; None before the second."""
        rate_hz = self.rate_hz()
        if not rate_hz:
            return None
        arrival_s, number, device_s = np.array(self._packets).T
        lag_s = arrival_s - (device_s if self._has_clock else number / rate_hz)
        return float(lag_s.max() - lag_s.min())
