"""A rest between two sets: what is said in it, and when it is over."""

from __future__ import annotations

from collections.abc import Mapping

from imu_reps.coaching.coach import Coach
from imu_reps.coaching.cues import CoachPlan
from imu_reps.domain.cue import Cue
from imu_reps.domain.events import SensorSilent, StopAsked
from imu_reps.domain.samples import SensorPlace
from imu_reps.sensors.stream_items import SensorStatus
from imu_reps.session.running_set import LINK_PATIENCE_S
from imu_reps.session.session_events import Resting
from imu_reps.session.session_plan import SessionPlan

Links = Mapping[SensorPlace, SensorStatus]


class RunningRest:
    """One rest; thrown away after it. Its voice is silent the moment nobody asks it any more.

    Parameters
    ----------
    plan : SessionPlan
    number : int
        Of the set that comes after it, from 2.
    began_s : float
        On the event loop's clock.

    Attributes
    ----------
    move_to : Side or None
        The leg the ankle sensor has to be moved to meanwhile.
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
        """Whether the next set begins; a sensor that is lost is waited for, but not for ever."""
        return self._beyond_s(now_s) >= (LINK_PATIENCE_S if _lost(links) else 0.0)

    def event(self, now_s: float, links: Links) -> Resting:
        """How it stands."""
        goals, remaining_s = self._plan.goals, max(-self._beyond_s(now_s), 0.0)
        goal, since_s = goals[self._number - 1], now_s - self._began_s
        return Resting(self._number, len(goals), goal, remaining_s, self.move_to, links, since_s)

    def cues(self, now_s: float, links: Links) -> list[Cue]:
        """What the coach says, in seconds since it began; once also what the rest waits for at its end."""
        since_s, lost = now_s - self._began_s, _lost(links)
        waits = bool(lost) and self._beyond_s(now_s) >= 0.0
        events = [SensorSilent(since_s, lost[0])] if waits and not self._waiting else []
        self._waiting = waits
        first, self._first = self._first, []
        return first + self._coach.take(events, since_s)

    def stopped(self, now_s: float, *, pain: bool) -> list[Cue]:
        """The coach's answer to the person who ends the session in a rest."""
        since_s = now_s - self._began_s
        return self._coach.take([StopAsked(since_s, pain)], since_s)

    def _beyond_s(self, now_s: float) -> float:
        """How long ago it should have been over; negative: how much is left."""
        return now_s - self._began_s - self._plan.rest_s


def _lost(links: Links) -> list[SensorPlace]:
    return [place for place, status in links.items() if status.state != "streaming"]
