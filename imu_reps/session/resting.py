"""A rest between two sets: its cues, and when it is over."""

from __future__ import annotations

from imu_reps.coaching.coach import Coach
from imu_reps.coaching.cues import CoachPlan
from imu_reps.domain.cue import Cue
from imu_reps.domain.events import SensorSilent, StopAsked
from imu_reps.domain.samples import SensorPlace
from imu_reps.sensors.stream_items import Links
from imu_reps.session.running_set import LINK_PATIENCE_S
from imu_reps.session.session_events import Resting
from imu_reps.session.session_plan import SessionPlan


class RunningRest:
    """One rest; every rest needs a new one. It gives cues only when asked, so it falls silent at once.

    Parameters
    ----------
    plan : SessionPlan
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
        """Whether the next set begins; a lost sensor is waited for up to `LINK_PATIENCE_S` longer."""
        return self._beyond_s(now_s) >= (LINK_PATIENCE_S if _lost(links) else 0.0)

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
