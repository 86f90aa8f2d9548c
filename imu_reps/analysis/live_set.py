"""A set while it runs: the ready gate, turns of the leg, and what there is to say.

Works instant by instant, so that blocks do not matter. Counting asks the same question as for a finished
set (`find_reps`) of the turns so far; where the answer differs from before, it is announced or taken back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from imu_reps.analysis.filters import LiveLowPass
from imu_reps.analysis.live_angles import LiveAlignment
from imu_reps.analysis.live_announced import Announced
from imu_reps.analysis.live_crossings import Frame
from imu_reps.analysis.live_measure import LiveMeter, LiveTrack
from imu_reps.analysis.live_search import find_so_far
from imu_reps.analysis.live_silence import LiveSilence
from imu_reps.analysis.live_underway import Underway
from imu_reps.analysis.reps.phases import DWELL_S, SLOW_DPS
from imu_reps.analysis.ready import LEFT_POSTURE_S
from imu_reps.analysis.reps.segmentation import Excursion, Segmentation, Turn, TurnFinder, placed
from imu_reps.domain.events import (
    Event,
    FaultSeen,
    Phase,
    PhaseChanged,
    Ready,
    RepAtFarEnd,
    RepCompleted,
    RepRetracted,
    SetEnded,
)
from imu_reps.domain.pose import Pose
from imu_reps.domain.recording import Header
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ, AngleTrack
from imu_reps.kinematics.motion import Motion

DWELL_TICKS = int(DWELL_S * GRID_HZ)

#: Moving less than this within `DWELL_S` is a dwell, or a turn.
DWELL_DEG = SLOW_DPS * DWELL_S

#: Where there is no room for more of a long set, so much of its beginning and of its end is kept: enough of
#: either to see where the leg lies, which way is up, and what is usual.
HEAD_TICKS, TAIL_TICKS = int(60.0 * GRID_HZ), int(120.0 * GRID_HZ)

#: The phase shown live is read from the way made in this many instants.
SPEED_TICKS = 10


class LiveSet:
    """Follows one set.

    Parameters
    ----------
    header : Header
    settings : Settings
    posture_checked : bool
        Whether a pelvis sensor is worn.
    """

    def __init__(self, header: Header, settings: Settings, *, posture_checked: bool) -> None:
        self._header = header
        self._settings = settings
        self._posture_checked = posture_checked
        self._alignment = LiveAlignment(header)
        self._track = LiveTrack()
        self._meter = LiveMeter(header, settings)
        self._low_pass = LiveLowPass()
        self._underway = Underway(header, settings)
        self._threshold_deg = settings.min_range_deg
        self._silence = LiveSilence()
        self._sense = 1.0
        self._zero_deg = 0.0
        self._placed = header.start == "low" or header.exercise == "heel_tap"
        self._finder: TurnFinder | None = None
        self._recent: deque[float] = deque(maxlen=DWELL_TICKS + 1)
        self._dwelling = False
        self._lost_ticks = 0
        self._phase: Phase | None = None
        self._far_announced: int | None = None
        self._ready_tick = 0
        self._announced = Announced()
        self.ended = False

    @property
    def count(self) -> int:
        """Repetitions counted so far."""
        return len(self._announced)

    def heard_spans(self) -> list[tuple[float, float]]:
        """When each counted repetition was: its near turn, and as far as its way back is known, seconds."""
        times = self._track.time_s
        return [(times(rep.near.tick), times(rep.back.tick)) for rep in self._announced]

    @property
    def pose(self) -> Pose | None:
        """The newest angles; None before the first. No leg from a high start until it is seen where it is."""
        pose = self._track.pose(self._sense, self._zero_deg)
        return pose if pose is None or self._placed else replace(pose, leg_elevation_deg=None)

    def angles(self) -> AngleTrack:
        """The angles of the last minutes, with the zero and the sense of up as they are known now."""
        track = self._track
        sense, zero_deg = self._sense, 0.0
        if self._finder is not None:
            sense, zero_deg, _ = self._find(self._finder.turns)
        return track.piece(track.first_tick, track.next_tick, sense, zero_deg)

    def push(self, motion: Motion) -> list[Event]:
        """Take the next grid instants and say what is new."""
        if len(motion) == 0 or self.ended:
            return []
        in_posture, ready = self._alignment.watch(motion)
        silence = self._silence.watch(motion)
        events: list[Event] = []
        for offset, time_s in enumerate(motion.time_s.tolist()):
            events += silence.get(offset, ())
            if self._track.is_full:
                self._make_room()
            tick = self._track.next_tick
            angles = self._alignment.step(motion, offset, ready=bool(ready[offset]))
            self._track.push(motion, offset, angles, ready=bool(ready[offset]))
            smooth = self._low_pass.step(angles.angle_deg)
            events += self._gate(tick, time_s, bool(in_posture[offset]), bool(ready[offset]))
            if self.ended:
                break
            if self._finder is not None:
                events += self._step(tick, time_s, smooth)
                frame = Frame(self._sense, self._zero_deg, self._threshold_deg, self._placed)
                here = (tick, time_s, smooth)
                events += self._underway.step(
                    here, angles, self._finder, frame, self.count, self._number_of_running
                )
        return events

    def _make_room(self) -> None:
        """Forget what was before the set, and of a long one the middle, from rest to rest where it can be."""
        track, known, finder = self._track, self._announced, self._finder
        tail = track.next_tick - TAIL_TICKS
        track.forget(0, tail if finder is None else self._ready_tick)
        if finder is None or tail <= self._ready_tick + HEAD_TICKS:
            return
        again = track.gap_start > self._ready_tick
        start = track.gap_start if again else known.rest_before(self._ready_tick + HEAD_TICKS)
        end = known.rest_before(tail)
        for each in (track, finder, known):
            each.forget(start, end)

    def _gate(self, tick: int, time_s: float, in_posture: bool, ready: bool) -> list[Event]:
        """Open the gate when ready; close it when the posture was left for long."""
        self._lost_ticks = 0 if in_posture else self._lost_ticks + 1
        if self._finder is None:
            if not ready:
                return []
            self._finder = TurnFinder(self._settings.min_range_deg)
            self._ready_tick = tick
            return [Ready(time_s, self._posture_checked)]
        if self._lost_ticks < LEFT_POSTURE_S * GRID_HZ:
            return []
        if self.count:
            self.ended = True
            return [SetEnded(time_s, "left_posture", self.count)]
        self._finder, self._sense = None, 1.0
        self._underway = Underway(self._header, self._settings)
        self._recent.clear()
        return []

    def _step(self, tick: int, time_s: float, angle: float) -> list[Event]:
        finder = self._finder
        if finder is None:
            return []
        before = finder.confirmed_count
        finder.take(Turn(tick, angle))
        self._recent.append(angle)
        events = self._phase_events(time_s, angle)
        dwelling = len(self._recent) > DWELL_TICKS and abs(angle - self._recent[0]) < DWELL_DEG
        turned = finder.confirmed_count != before
        settled = dwelling and not self._dwelling
        self._dwelling = dwelling
        if turned or settled:
            events += self._count(tick, time_s, dwelling)
        return events

    def _number_of_running(self) -> int | None:
        """The number of the repetition that the running turn completes; None if it completes none."""
        turns = [] if self._finder is None else self._finder.turns
        _, _, found = self._find(turns)
        last = found.reps[-1] if found.reps else None
        if last is None or last.back.tick != turns[-1].tick:
            return None
        return self._announced.number_of(last)

    def _count(self, tick: int, time_s: float, dwelling: bool) -> list[Event]:
        """Compare the repetitions so far with those announced."""
        turns = [] if self._finder is None else self._finder.turns
        sense, zero_deg, found = self._find(turns)
        travel_sign = -sense if self._header.start == "high" else sense
        self._sense, self._zero_deg = sense, zero_deg
        self._placed = self._placed or bool(found.reps)
        self._threshold_deg = found.threshold_deg
        reps = [rep for rep in found.reps if rep.back.tick != turns[-1].tick or dwelling]
        gone, new = self._announced.compare(reps)
        events = self._retracted(gone, time_s)
        for rep in new:
            self._announced.add(rep)
            self._alignment.hold()
            events += self._completed(rep, tick, time_s, sense, zero_deg)
        return events + self._far_end(turns, found, travel_sign, time_s, dwelling)

    def _find(self, turns: Sequence[Turn]) -> tuple[float, float, Segmentation]:
        """The set so far; leg elevation is the first times the angle plus the second."""
        track, first_row = self._track, self._track.row(self._ready_tick)
        kept = [Turn(track.row(turn.tick) - first_row, turn.value) for turn in turns]
        piece, axis = track.since(self._ready_tick), self._alignment.axis
        sense, zero_deg, found = find_so_far(piece, kept, axis, self._header, self._settings)
        return sense, zero_deg, placed(found, lambda row: track.tick(first_row + row))

    def _retracted(self, gone: Sequence[Excursion], time_s: float) -> list[Event]:
        """Say of what was announced that it is none."""
        counts = range(self.count + len(gone) - 1, self.count - 1, -1)
        reason = "much smaller than the repetitions since"
        return [
            RepRetracted(time_s, count, self._track.time_s(known.near.tick), reason)
            for count, known in zip(counts, gone, strict=True)
        ]

    def _completed(
        self, rep: Excursion, tick: int, time_s: float, sense: float, zero_deg: float
    ) -> list[Event]:
        number = self.count
        axis = self._alignment.axis
        measured = self._meter.measure(number, rep, self._track, tick + 1, sense, zero_deg, axis)
        if measured is None:
            return []
        self._underway.completed(measured)
        faults = [FaultSeen(time_s, number, fault) for fault in measured.faults]
        return [RepCompleted(time_s, number, measured), *faults]

    def _far_end(
        self, turns: Sequence[Turn], found: Segmentation, travel_sign: float, time_s: float, dwelling: bool
    ) -> list[Event]:
        """Say once per repetition that the far end was reached."""
        if len(turns) < 2:
            return []
        ends = [turn for turn in turns[1:] if turn.tick != turns[-1].tick or dwelling]
        if not ends:
            return []
        last, before = ends[-1], turns[turns.index(ends[-1]) - 1]
        way = travel_sign * (last.value - before.value)
        if way < found.threshold_deg or self._far_announced == before.tick:
            return []
        self._far_announced = before.tick
        number = self.count + 1
        return [RepAtFarEnd(time_s, number, self._elevation_deg(last.value))]

    def _phase_events(self, time_s: float, angle: float) -> list[Event]:
        """Concentric, eccentric, or resting at the near or far end."""
        if len(self._recent) <= SPEED_TICKS:
            return []
        speed = self._sense * (angle - self._recent[-1 - SPEED_TICKS]) * GRID_HZ / SPEED_TICKS
        phase = self._phase
        if speed > SLOW_DPS:
            phase = "concentric"
        elif speed < -SLOW_DPS:
            phase = "eccentric"
        elif len(self._recent) > DWELL_TICKS and abs(angle - self._recent[0]) < DWELL_DEG:
            phase = {"concentric": "top", "eccentric": "bottom"}.get(phase or "", phase)  # type: ignore[assignment]
        if phase == self._phase or phase is None:
            return []
        self._phase = phase
        return [PhaseChanged(time_s, phase, self._elevation_deg(angle))]

    def _elevation_deg(self, angle: float) -> float | None:
        return self._sense * angle + self._zero_deg if self._placed else None
