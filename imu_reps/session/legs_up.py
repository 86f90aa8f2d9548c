"""A leg lifted into a high start: seen in how its sensor lies, before any repetition is known."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from imu_reps.coaching.metronome import LIFT_S, STILL_S
from imu_reps.domain.events import Event, LegsUp, Ready, RepCompleted, SensorBack, SensorSilent
from imu_reps.domain.samples import FloatArray, SampleBlock, concatenate

#: The leg is at rest if it turns no faster for so long: a straight leg held up trembles, and a sensor has a
#: bias of a few degrees a second.
REST_S, REST_DPS = 0.5, 8.0
#: It is up if gravity at the shank lies this far from where it lay: half of a small start, and more than a
#: foot that rolls.
UP_DEG = 35.0


class LegsUpWatch:
    """Waits, from `Ready` on, for the ankle sensor to rest elsewhere than the leg lay last.

    No longer than the coach does: later it would be the bottom of a repetition that began with the legs up.
    """

    def __init__(self) -> None:
        self._latest: SampleBlock | None = None
        self._lay: FloatArray | None = None
        self._until_s: float | None = None
        self._cut_short = False
        self._over = False

    def take(self, blocks: Iterable[SampleBlock], events: Iterable[Event]) -> list[Event]:
        """Follow what arrived and what was counted of it; gives `LegsUp` once.

        Parameters
        ----------
        blocks : iterable of SampleBlock
            In order of arrival; only the ankle's matter.
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
                self._until_s = event.time_s + STILL_S + LIFT_S  # after a silence they are asked for anew
                self._cut_short = False
            self._over = self._over or isinstance(event, RepCompleted)
        return []

    def _add(self, block: SampleBlock) -> None:
        latest = block if self._latest is None else concatenate([self._latest, block])
        self._latest = latest[int(np.searchsorted(latest.time_s, latest.time_s[-1] - REST_S)) :]

    def _is_up(self) -> bool:
        """Whether it rests far from where it lay: last before `Ready`, or first after it."""
        force, latest = self._resting_mps2(), self._latest
        if force is None or latest is None:
            return False
        if self._until_s is None or self._lay is None:
            self._lay = force
            return False
        if latest.time_s[-1] > self._until_s:
            return False
        cosine = force @ self._lay / (np.linalg.norm(force) * np.linalg.norm(self._lay))
        return bool(cosine < np.cos(np.radians(UP_DEG)))

    def _resting_mps2(self) -> FloatArray | None:
        """The mean force at the shank, (3,), while it rests; None while it does not."""
        latest = self._latest
        if latest is None or latest.time_s[-1] - latest.time_s[0] < 0.8 * REST_S:
            return None
        turning_dps = float(np.sqrt((latest.gyr_dps**2).sum(axis=1).mean()))
        force: FloatArray = latest.acc_mps2.mean(axis=0)
        return force if turning_dps < REST_DPS and np.linalg.norm(force) > 0.0 else None
