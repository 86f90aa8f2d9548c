"""Detects that the leg was lifted into a high start, by gravity at the ankle, before the first repetition."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from imu_reps.coaching.coach_timing import TIMING
from imu_reps.domain.events import Event, LegsUp, Ready, RepCompleted, SensorBack, SensorSilent
from imu_reps.domain.samples import FloatArray, SampleBlock, concatenate

#: The leg is at rest if its RMS turn rate stays below the limit for this long. The limit allows for the
#: tremor of a straight leg held up and a gyroscope bias of a few degrees per second.
REST_S, REST_DPS = 0.5, 8.0
#: The leg is up if gravity at the shank has turned by at least this angle: half of the smallest usual high
#: start, and more than the rolling of a foot.
UP_DEG = 35.0


class LegsUpWatch:
    """Waits, from `Ready` on, until the ankle sensor rests in another orientation than before.

    It gives up when the coach does: a later change would be the bottom of a repetition that began with the
    legs up.
    """

    def __init__(self) -> None:
        self._latest: SampleBlock | None = None
        self._reference_mps2: FloatArray | None = None
        self._until_s: float | None = None
        self._cut_short = False
        self._over = False

    def take(self, blocks: Iterable[SampleBlock], events: Iterable[Event]) -> list[Event]:
        """Take new samples and the events counted from them; return `LegsUp` once, when it is detected.

        Parameters
        ----------
        blocks : iterable of SampleBlock
            In order of arrival; only blocks of the ankle are used.
        events : iterable of Event
        """
        if self._over:
            return []
        for block in blocks:
            if block.sensor == "ankle" and len(block):
                self._add(block)
                self._over = self._is_up()
                if self._over:
                    return [LegsUp(float(block.time_s[-1]))]
        for event in events:
            waits = self._until_s is not None and event.time_s <= self._until_s
            self._cut_short = self._cut_short or (waits and isinstance(event, SensorSilent))
            if isinstance(event, Ready) or (self._cut_short and isinstance(event, SensorBack)):
                # after a dropout the coach asks for the legs again
                self._until_s = event.time_s + TIMING.still_s + TIMING.lift_s
                self._cut_short = False
            self._over = self._over or isinstance(event, RepCompleted)
        return []

    def _add(self, block: SampleBlock) -> None:
        latest = block if self._latest is None else concatenate([self._latest, block])
        self._latest = latest[int(np.searchsorted(latest.time_s, latest.time_s[-1] - REST_S)) :]

    def _is_up(self) -> bool:
        """Whether the leg rests far from its reference: the last rest before `Ready`, or the first after."""
        force, latest = self._resting_mps2(), self._latest
        if force is None or latest is None:
            return False
        if self._until_s is None or self._reference_mps2 is None:
            self._reference_mps2 = force
            return False
        if latest.time_s[-1] > self._until_s:
            return False
        cosine = force @ self._reference_mps2 / (np.linalg.norm(force) * np.linalg.norm(self._reference_mps2))
        return bool(cosine < np.cos(np.radians(UP_DEG)))

    def _resting_mps2(self) -> FloatArray | None:
        """Return the mean specific force at the ankle sensor, shape (3,); None while the leg moves."""
        latest = self._latest
        if latest is None or latest.time_s[-1] - latest.time_s[0] < 0.8 * REST_S:
            return None
        turning_dps = float(np.sqrt((latest.gyr_dps**2).sum(axis=1).mean()))
        force: FloatArray = latest.acc_mps2.mean(axis=0)
        return force if turning_dps < REST_DPS and np.linalg.norm(force) > 0.0 else None
