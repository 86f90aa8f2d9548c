"""Causal tracking of the leg between estimates: turns, phases, ends reached, limits crossed.

Works instant by instant in the frame last estimated; a new frame re-reads the latest motion.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.signal import sosfilt

from imu_reps.analysis.live.limits import Instant, LiveLimits, sits_up
from imu_reps.analysis.live.way import Arrival, LiveWay
from imu_reps.analysis.reps.phases import DWELL_DEG, DWELL_TICKS, SLOW_DPS
from imu_reps.analysis.reps.segmentation import SAME_TURN_TICKS, Turn, TurnFinder
from imu_reps.analysis.set.pelvis import ON_FLOOR_DEG
from imu_reps.analysis.set_motion import LOW_PASS, LiveLowPass
from imu_reps.domain.events import EndReached, FloorNear, LimitCrossed, Phase, PhaseChanged, RepAtFarEnd
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Rep
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ

#: Window in which the speed that decides the live phase is measured.
PHASE_TICKS = 10

#: A new frame re-reads the motion of the latest half minute: longer than a slow repetition.
REREAD_S = 30.0

FollowerEvent = PhaseChanged | RepAtFarEnd | EndReached | FloorNear | LimitCrossed


@dataclass(frozen=True, slots=True)
class Known:
    """State of the set by the latest estimate.

    Attributes
    ----------
    count : int
        Repetitions so far; before any is counted, those whose end was emitted.
    last_far_tick : int or None
        Far turn of the latest one; None before the first.
    threshold_deg : float
        Smallest span of each way of a repetition.
    placed : bool
        Whether leg elevation is known.
    """

    count: int
    last_far_tick: int | None
    threshold_deg: float
    placed: bool


class Follower:
    """Follows the leg and emits phases, ends of ways and limits crossed.

    Attributes
    ----------
    turned, settled : bool
        Whether a turn was confirmed, or a dwell began, at the latest instant.
    dwelling : bool
        Whether the leg dwells at the latest instant.
    """

    def __init__(self, header: Header, settings: Settings) -> None:
        self._header = header
        self._settings = settings
        self._low_pass = LiveLowPass()
        self._finder = TurnFinder(settings.min_range_deg)
        self._way = LiveWay(settings.min_range_deg)
        self._limits = LiveLimits(header, settings)
        self._recent: deque[float] = deque(maxlen=DWELL_TICKS + 1)
        self._phase: Phase | None = None
        self._far_emitted: int | None = None
        self.turned = self.settled = self.dwelling = False

    @property
    def ended_inwards(self) -> bool:
        """Whether the way that last ended, by a turn or a dwell, led to the resting end."""
        outwards = self._outwards(self._way.direction)
        return outwards if self.turned else not outwards

    @property
    def way_began_tick(self) -> int:
        """Tick at which the current way began; 0 before the first turn."""
        return 0 if self._way.turn is None else self._way.turn.tick

    @property
    def back_where_it_lay(self) -> bool:
        """Whether the current way brought a leg that had risen far enough back to where it first rested."""
        return self._limits.may_be_first(self._way) and abs(self._recent[-1]) < ON_FLOOR_DEG

    def confirmed(self) -> None:
        """Treat the ending way as part of a repetition before it is counted."""
        self._limits.confirmed()

    def completed(self, rep: Rep) -> None:
        """Update the limits from a completed repetition."""
        self._limits.completed(rep)

    def reread(self, first_tick: int, leg_deg: FloatArray) -> None:
        """Read the latest motion again, in a new frame.

        Parameters
        ----------
        first_tick : int
            Tick of the first value.
        leg_deg : (n,) float
            Leg elevation up to now, NaN in holes.
        """
        known = np.flatnonzero(np.isfinite(leg_deg))
        if len(known) == 0:
            return
        last = np.maximum.accumulate(np.where(np.isfinite(leg_deg), np.arange(len(leg_deg)), known[0]))
        values = leg_deg[last]
        smooth, state = sosfilt(LOW_PASS.sections, values, zi=LOW_PASS.settled * values[0])
        self._low_pass.resume(float(values[-1]), state[0])
        self._finder = TurnFinder(self._settings.min_range_deg)
        self._finder.push(first_tick, smooth)
        self._way.reread(first_tick, smooth, self._finder.turns)
        self._recent = deque(smooth[-DWELL_TICKS - 1 :].tolist(), maxlen=DWELL_TICKS + 1)

    def step(
        self, tick: int, time_s: float, angles_deg: tuple[float, float, float], known: Known
    ) -> list[FollowerEvent]:
        """Process the next instant and return its events.

        Parameters
        ----------
        tick : int
            Grid tick.
        time_s : float
            The same in seconds.
        angles_deg : tuple of (leg elevation, pelvic tilt, pelvic rotation)
            NaN where not measured.
        known : Known
            State of the set by the latest estimate.
        """
        leg_deg, tilt_deg, rotation_deg = angles_deg
        smooth = self._low_pass.step(leg_deg)
        if self._low_pass.bridged:
            self._way.bridge(self._low_pass.bridged)
        self.turned = self._finder.take(Turn(tick, smooth))
        self._recent.append(smooth)
        dwelling = len(self._recent) > DWELL_TICKS and abs(smooth - self._recent[0]) < DWELL_DEG
        events: list[FollowerEvent] = [*self._phase_events(time_s, smooth, dwelling, known)]
        arrival = self._way.step(tick, smooth, leg_deg)
        self.settled = dwelling and not self.dwelling
        self.dwelling = dwelling
        if self.turned:
            events += self._far_end(time_s, known)
            self._way.turned(self._finder.turns[-2], smooth)
            self._limits.turned(known.count + 1)
        elif self.settled:
            events += self._far_end(time_s, known)
        here = Instant(tick, time_s, smooth, tilt_deg, rotation_deg)
        events += self._limits.step(self._way, here, known.threshold_deg)
        if arrival is not None:
            events += self._arrived(arrival, here, known)
        return events

    def _outwards(self, direction: float) -> bool:
        return direction * self._header.travel_sign > 0.0

    def _far_end(self, time_s: float, known: Known) -> list[RepAtFarEnd]:
        """Emit, once a repetition, that a way out that was long enough has reached the far end."""
        way = self._way
        if way.turn is None or not self._outwards(way.direction) or self._far_emitted == way.turn.tick:
            return []
        end = self._finder.turns[-2].value if self.turned else self._recent[-1]
        if abs(end - way.turn.value) < known.threshold_deg:
            return []
        self._far_emitted = way.turn.tick
        return [RepAtFarEnd(time_s, known.count + 1, end if known.placed else None)]

    def _phase_events(self, time_s: float, smooth: float, dwelling: bool, known: Known) -> list[PhaseChanged]:
        """Emit a change of phase: concentric, eccentric, or resting at the top or bottom."""
        if len(self._recent) <= PHASE_TICKS:
            return []
        speed = (smooth - self._recent[-1 - PHASE_TICKS]) * GRID_HZ / PHASE_TICKS
        phase = self._phase
        if speed > SLOW_DPS:
            phase = "concentric"
        elif speed < -SLOW_DPS:
            phase = "eccentric"
        elif dwelling:
            phase = {"concentric": "top", "eccentric": "bottom"}.get(phase or "", phase)  # type: ignore[assignment]
        if phase == self._phase or phase is None:
            return []
        self._phase = phase
        return [PhaseChanged(time_s, phase, smooth if known.placed else None)]

    def _arrived(self, arrival: Arrival, here: Instant, known: Known) -> list[EndReached]:
        """Emit the far end of a way that is long enough, or the near end that completes a repetition."""
        way = self._way
        completes = not self._outwards(arrival.direction)
        minimum = min(way.travel_deg, way.previous_deg) if completes else way.travel_deg
        if minimum < known.threshold_deg or way.turn is None or sits_up(self._header, here.tilt_deg):
            return []
        number = known.count + 1
        if completes and known.last_far_tick is not None:
            counted = abs(known.last_far_tick - way.turn.tick) < SAME_TURN_TICKS
            number = known.count if counted else number
        end: Literal["top", "bottom"] = "top" if arrival.direction > 0.0 else "bottom"
        elevation = here.elevation_deg if known.placed else None
        return [EndReached(here.time_s, number, end, completes, here.time_s - arrival.lag_s, elevation)]
