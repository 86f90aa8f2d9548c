"""The repetition that is under way: ends as they are reached, limits as they are crossed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from imu_reps.analysis.alignment import VERTICAL_DEG
from imu_reps.analysis.live_angles import LiveAngles
from imu_reps.analysis.live_crossings import Frame, Instant, LiveCrossings
from imu_reps.analysis.live_way import Arrival, LiveWay
from imu_reps.analysis.reps.segmentation import TurnFinder
from imu_reps.domain.events import EndReached, FloorNear, LimitCrossed
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Rep
from imu_reps.domain.settings import Settings

#: A leg that is lower than at its first rest by more than this was held up then: the pelvis was tipped back.
HELD_UP_DEG = 10.0


class Underway:
    """Follows the leg between the turns.

    Parameters
    ----------
    header : Header
    settings : Settings
    """

    def __init__(self, header: Header, settings: Settings) -> None:
        self._header = header
        self._way = LiveWay(settings.min_range_deg)
        self._crossings = LiveCrossings(header, settings)

    def completed(self, rep: Rep) -> None:
        """Learn from a completed repetition."""
        self._crossings.completed(rep)

    def step(
        self,
        now: tuple[int, float, float],
        angles: LiveAngles,
        finder: TurnFinder,
        frame: Frame,
        count: int,
        number_of_running: Callable[[], int | None],
    ) -> list[EndReached | FloorNear | LimitCrossed]:
        """Take the next instant.

        Parameters
        ----------
        now : tuple of (tick, time_s, low-passed angle)
        count : int
            Repetitions so far.
        number_of_running : callable
            The number of the repetition that the running turn completes; None if it completes none.
        """
        tick, time_s, angle = now
        arrival = self._way.step(tick, angle, angles.angle_deg)
        if finder.confirmed_count != self._way.turns:
            self._way.turned(finder.turns[-2], angle)
            self._crossings.turned(count + 1)
        flat = angles.rested and not self._never_flat(frame, frame.sense * angle)
        tilt_deg = angles.tilt_deg if flat else math.nan
        rotation_deg = angles.rotation_deg if angles.rested else math.nan
        here = Instant(tick, time_s, frame.sense * angle + frame.zero_deg, tilt_deg, rotation_deg)
        said = self._crossings.step(self._way, here, frame)
        if arrival is None:
            return [*said]
        return [*said, *self._arrived(arrival, here, frame, count, number_of_running)]

    def _never_flat(self, frame: Frame, since_rest_deg: float) -> bool:
        """Legs that were up as the zero was taken: a tilt has no zero to be measured from."""
        if self._header.start == "low":
            return since_rest_deg < -HELD_UP_DEG
        return self._header.exercise != "heel_tap" and frame.zero_deg == VERTICAL_DEG

    def _arrived(
        self,
        arrival: Arrival,
        here: Instant,
        frame: Frame,
        count: int,
        number_of_running: Callable[[], int | None],
    ) -> list[EndReached]:
        """The far end of a way that is long enough, or the near end where it completes a repetition."""
        up = arrival.direction * frame.sense > 0.0
        completes = up == (self._header.start == "high")
        number: int | None = count + 1
        if completes:
            number = number_of_running()
        elif self._way.gone_deg < frame.threshold_deg:
            number = None
        if number is None:
            return []
        end: Literal["top", "bottom"] = "top" if up else "bottom"
        arrival_s = here.time_s - arrival.lag_s
        elevation_deg = here.elevation_deg if frame.placed else None
        return [EndReached(here.time_s, number, end, completes, arrival_s, elevation_deg)]
