"""Between two sets: a rest with its cues, and the last seconds, with which the next recording begins."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np

from imu_reps.coaching.coach import Coach
from imu_reps.coaching.cues import CoachPlan
from imu_reps.domain.cue import Cue
from imu_reps.domain.events import SensorSilent, StopAsked
from imu_reps.domain.samples import SampleBlock, SensorPlace
from imu_reps.sensors.stream_items import Item, LinkChange, Links
from imu_reps.session.session_events import Resting
from imu_reps.session.session_plan import LIMITS, SessionPlan
from imu_reps.session.set_recorder import LOST


class RunningRest:
    """One rest; every rest needs a new one. It gives cues only when asked, so it falls silent at once.

    Parameters
    ----------
    number : int
        Number of the set that follows, from 2.
    began_s : float
        Start of the rest, on the event loop's clock.

    Attributes
    ----------
    move_to : Side or None
        Leg the ankle sensor has to be moved to during the rest; None: it stays where it is.
    """

    def __init__(self, plan: SessionPlan, number: int, began_s: float) -> None:
        self.move_to = plan.moved_to(number)
        self._plan = plan
        self._number = number
        self._began_s = began_s
        self._coach = Coach(CoachPlan())
        self._first = self._coach.rest(plan.rest_s, self.move_to, 0.0)
        self._waiting = False

    def over(self, now_s: float, links: Links) -> bool:
        """Whether the next set begins; a lost sensor is waited for up to `LIMITS.link_patience_s` longer."""
        return self._beyond_s(now_s) >= (LIMITS.link_patience_s if _lost(links) else 0.0)

    def event(self, now_s: float, links: Links) -> Resting:
        """Return the progress of the rest for the view."""
        goals, remaining_s = self._plan.goals, max(-self._beyond_s(now_s), 0.0)
        goal, since_s = goals[self._number - 1], now_s - self._began_s
        return Resting(self._number, len(goals), goal, remaining_s, self.move_to, links, since_s)

    def cues(self, now_s: float, links: Links) -> list[Cue]:
        """Return the coach's cues, timed since the start of the rest.

        If the rest is over but a sensor is lost, the coach says so once.
        """
        since_s, lost = now_s - self._began_s, _lost(links)
        waits = bool(lost) and self._beyond_s(now_s) >= 0.0
        events = [SensorSilent(since_s, lost[0])] if waits and not self._waiting else []
        self._waiting = waits
        first, self._first = self._first, []
        return first + self._coach.take(events, since_s)

    def stopped(self, now_s: float, *, pain: bool) -> list[Cue]:
        """Return the coach's answer when the person ends the session during the rest."""
        since_s = now_s - self._began_s
        return self._coach.take([StopAsked(since_s, pain)], since_s)

    def _beyond_s(self, now_s: float) -> float:
        """Return the time since the planned end of the rest; negative while it runs."""
        return now_s - self._began_s - self._plan.rest_s


def _lost(links: Links) -> list[SensorPlace]:
    return [place for place, status in links.items() if status.state != "streaming"]


class LeadIn:
    """Buffers the last `LIMITS.lead_in_s` of a stream, and knows which sensors were lost before that."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._lost: set[SensorPlace] = set()

    def push(self, items: Iterable[Item]) -> None:
        """Add items that arrived."""
        self._items.extend(items)
        newest_s = max((_time_s(item) for item in self._items), default=0.0)
        while self._items and _time_s(self._items[0]) < newest_s - LIMITS.lead_in_s:
            self._forget(self._items.popleft())

    @property
    def has_samples(self) -> bool:
        """Whether samples are buffered, so that a set can begin."""
        return any(isinstance(item, SampleBlock) for item in self._items)

    def settle(self, sensor: SensorPlace) -> None:
        """Drop everything up to the last handling of a sensor: it may have been worn elsewhere before."""
        moved = [k for k, item in enumerate(self._items) if _is_moved(item, sensor)]
        for _ in range(moved[-1] + 1 if moved else 0):
            self._forget(self._items.popleft())

    def take(self) -> tuple[list[Item], frozenset[SensorPlace]]:
        """Return the buffered items, oldest first, and the sensors lost before them; empties the buffer."""
        kept, lost = list(self._items), frozenset(self._lost)
        self.follow(kept)
        self._items.clear()
        return kept, lost

    def follow(self, items: Iterable[Item]) -> None:
        """Track lost sensors over items without buffering them, as a running set has taken them."""
        for item in items:
            self._forget(item)

    def _forget(self, item: Item) -> None:
        if isinstance(item, LinkChange) and item.state in LOST:
            self._lost.add(item.sensor)
        elif isinstance(item, SampleBlock):
            self._lost.discard(item.sensor)


def _is_moved(item: Item, sensor: SensorPlace) -> bool:
    if not isinstance(item, SampleBlock) or item.sensor != sensor:
        return False
    return bool((np.linalg.norm(item.gyr_dps, axis=1) > LIMITS.moved_dps).any())


def _time_s(item: Item) -> float:
    return float(item.time_s[-1]) if isinstance(item, SampleBlock) else item.time_s
