"""A hold while it runs: nothing is counted, and it ends by itself when the legs come down."""

from __future__ import annotations

from collections.abc import Iterable

from imu_reps.analysis.hold import SHORTEST_S
from imu_reps.domain.events import Event, FaultSeen, RepAtFarEnd, RepCompleted, RepRetracted, SetEnded

#: Why a hold ended.
LEGS_DOWN = "legs_down"


class LiveHold:
    """Turns what is heard of a set of repetitions into what is heard of a hold."""

    def __init__(self) -> None:
        self.ended = False

    def hear(self, events: Iterable[Event]) -> list[Event]:
        """Take what was heard next; gives what there is to say, nothing once the hold is over."""
        return [heard for event in events if not self.ended and (heard := self._hear(event)) is not None]

    def _hear(self, event: Event) -> Event | None:
        match event:
            case RepCompleted(time_s=time_s, rep=rep):
                self.ended = (rep.top_pause_s or 0.0) >= SHORTEST_S
                return SetEnded(time_s, LEGS_DOWN, None) if self.ended else None
            case SetEnded(time_s=time_s, reason=reason):
                self.ended = True
                return SetEnded(time_s, reason, None)
            case RepAtFarEnd() | RepRetracted() | FaultSeen():
                return None
        return event
