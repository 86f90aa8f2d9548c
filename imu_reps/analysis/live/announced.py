"""Announced repetitions of a running set: matched with each new estimate, judged and revised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.analysis.estimate import SetEstimate
from imu_reps.analysis.faults.judge import RepView, Yardsticks, judge_rep
from imu_reps.analysis.reps.measure import Measured, Meter
from imu_reps.analysis.reps.phases import find_phases
from imu_reps.analysis.reps.segmentation import SAME_TURN_TICKS, Excursion, Turn
from imu_reps.analysis.set_motion import SHORTEST, set_motion
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Rep
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import ARRAYS, GRID_HZ, AngleTrack
from imu_reps.kinematics.motion import Motion, bridged, impacts

#: Far ends whose angles differ by more than this share of the range belong to different repetitions.
SAME_REP = 0.5

#: A repetition that estimates have not shown for this long is retracted: in the middle of a way an estimate
#: may doubt what the end of the way confirms.
DOUBT_TICKS = int(4.0 * GRID_HZ)


@dataclass(frozen=True, slots=True)
class Changes:
    """Announced repetitions compared with an estimate.

    Attributes
    ----------
    gone : list of Excursion
        Announced repetitions to retract.
    kept : dict of Excursion
        The other announced ones, each with its present form; doubted ones keep their old form.
    new : list of Excursion
        Repetitions not announced yet.
    """

    gone: list[Excursion]
    kept: dict[Excursion, Excursion]
    new: list[Excursion]


class Announced:
    """The repetitions announced so far, in order.

    In a long set only the first and the latest are compared with estimates; those between are settled.
    """

    def __init__(self) -> None:
        self._open: list[Excursion] = []
        self._settled: list[Excursion] = []
        self._doubted: dict[Excursion, int] = {}

    def __len__(self) -> int:
        return len(self._open) + len(self._settled)

    def __iter__(self) -> Iterator[Excursion]:
        return iter(sorted([*self._settled, *self._open], key=lambda rep: rep.far.tick))

    @property
    def latest_far_tick(self) -> int | None:
        """Far turn of the latest one; None before the first."""
        return max((rep.far.tick for rep in self._open), default=None)

    def add(self, rep: Excursion) -> None:
        """Add an announced repetition."""
        self._open.append(rep)

    def number_of(self, rep: Excursion) -> int:
        """Return the number of an announced repetition, counted from 1 in order of time."""
        return 1 + sum(known.far.tick < rep.far.tick for known in (*self._settled, *self._open))

    def compare(self, reps: Sequence[Excursion], tick: int) -> Changes:
        """Match the announced repetitions with those of the latest estimate and adopt their present form.

        One that the estimate no longer shows is doubted first, and retracted if it has not reappeared
        `DOUBT_TICKS` later. Until then nothing that overlaps it is new.

        Parameters
        ----------
        reps : sequence of Excursion
            Repetitions of the latest estimate, in ticks.
        tick : int
            The current tick.
        """
        kept = _matches(self._open, reps)
        absent = [known for known in self._open if known not in kept]
        since = {known: self._doubted.get(known, tick) for known in absent}
        gone = [known for known in absent if tick - since[known] >= DOUBT_TICKS]
        self._doubted = {known: first for known, first in since.items() if known not in gone}
        self._open = sorted([*kept.values(), *self._doubted], key=lambda rep: rep.far.tick)
        seen = {id(rep) for rep in kept.values()}
        new = [
            rep
            for rep in reps
            if id(rep) not in seen and not any(rep.overlaps(known) for known in self._doubted)
        ]
        return Changes(gone, kept | {known: known for known in self._doubted}, new)

    def forget(self, start: int, end: int) -> list[Excursion]:
        """Settle those whose far end lies between two ticks: they count and are compared no more."""
        settled = [rep for rep in self._open if start <= rep.far.tick < end]
        self._settled += settled
        self._open = [rep for rep in self._open if not start <= rep.far.tick < end]
        return settled


def _matches(announced: Sequence[Excursion], reps: Sequence[Excursion]) -> dict[Excursion, Excursion]:
    """Return which announced repetition is which of the estimate; each occurs at most once."""
    found = {}
    for rep in reps:
        same = [known for known in announced if same_rep(rep, known)]
        if same:
            found[min(same, key=lambda known: abs(known.far.tick - rep.far.tick))] = rep
    return found


def same_rep(rep: Excursion, known: Excursion) -> bool:
    """Whether two excursions are the same repetition, as shown by different estimates.

    Either their far ends coincide in time; or they overlap and reach the same level, which a fidget at the
    start of a repetition does not.
    """
    if abs(rep.far.tick - known.far.tick) <= SAME_TURN_TICKS:
        return True
    overlap = rep.near.tick < known.far.tick <= rep.back.tick and known.near.tick < rep.far.tick
    return overlap and abs(rep.far.value - known.far.value) < SAME_REP * rep.range_deg


#: Placeholder for the yardsticks of a repetition until it is judged.
NO_SET = Yardsticks.of(())

#: Angles this long before and after a repetition are included, for the filters and the resting band.
LEAD_S = 2.0


class LiveJudge:
    """Judges repetitions by the detectors of the finished set, against the repetitions known so far."""

    def __init__(self, header: Header, settings: Settings) -> None:
        self._header = header
        self._settings = settings
        self._views: dict[Excursion, RepView] = {}
        self._emitted: dict[Excursion, Rep] = {}
        self._settled: list[Measured] = []

    def judge(self, number: int, rep: Excursion) -> Rep:
        """Judge a measured repetition and keep the result as the one announced."""
        return self._judged(number, rep, self._yardsticks())

    def _yardsticks(self) -> Yardsticks:
        open_now = (self._views[known].rep for known in sorted(self._views, key=lambda rep: rep.far.tick))
        return Yardsticks.of([*self._settled, *open_now])

    def _judged(self, number: int, rep: Excursion, of_set: Yardsticks) -> Rep:
        self._emitted[rep] = judge_rep(number, replace(self._views[rep], of_set=of_set))
        return self._emitted[rep]

    def follow(self, seen_now: Mapping[Excursion, Excursion]) -> None:
        """Carry what is known of repetitions over to their present form; forget all others."""
        self._views = {now: self._views[before] for before, now in seen_now.items()}
        self._emitted = {now: self._emitted[before] for before, now in seen_now.items()}

    def settle(self, reps: Sequence[Excursion]) -> None:
        """Stop judging these; others are still judged against them."""
        self._settled += [self._views.pop(rep).rep for rep in reps]
        for rep in reps:
            del self._emitted[rep]

    def revised(self, numbers: Mapping[Excursion, int]) -> Iterator[tuple[Rep, Rep]]:
        """Judge all again and yield those whose flags changed: as announced, and as they are now."""
        of_set = self._yardsticks()
        for rep, number in numbers.items():
            before = self._emitted.get(rep)
            if before is not None and self._judged(number, rep, of_set).flags != before.flags:
                yield before, self._emitted[rep]

    def measure(
        self, rep: Excursion, rows: Sequence[Excursion], estimate: SetEstimate, motion: Motion
    ) -> bool:
        """Measure a repetition; return False if angles are missing.

        Parameters
        ----------
        rep : Excursion
            The repetition in ticks.
        rows : sequence of Excursion
            The same repetition, and the next one if known, in rows of the motion.
        estimate : SetEstimate
            The estimate that shows it.
        motion : Motion
            The motion estimated.
        """
        spell = next(spell for spell in estimate.posture.spells if rows[0].far.tick < spell.stop)
        rows = [one for one in rows if one.far.tick < spell.stop]
        lead = int(LEAD_S * GRID_HZ)
        start, end = max(spell.start, rows[0].near.tick - lead), min(len(motion), rows[-1].back.tick + lead)
        piece = slice(start, end)
        if end - start < SHORTEST or estimate.carried is None:
            return False
        track = _with_impacts(estimate.track[piece], motion[piece])
        seen = set_motion(track, self._header, estimate.carried[piece])
        if not np.isfinite(seen.elevation_deg).all():
            return False
        here = [one.with_turns(lambda turn: Turn(max(turn.tick - start, 0), turn.value)) for one in rows]
        phases, *after = find_phases(seen, here, 0, end - start - 1)
        meter = Meter(seen, self._settings)
        (lever,) = meter.levers([phases])
        measured = meter.measure(phases, after[0].out_start if after else None, lever)
        self._views[rep] = RepView(measured, seen, self._settings, NO_SET, self._header.ankle.rate_hz)
        return True


def _with_impacts(track: AngleTrack, motion: Motion) -> AngleTrack:
    """Return a copy of the angles with impacts from the ankle's specific force at the grid's rate."""
    own = AngleTrack(*(getattr(track, name).copy() for name in ARRAYS))
    if motion.ankle is None:
        return own
    return replace(own, ankle_impact_mps2=impacts(bridged(motion.ankle.acc_mps2), 1.0 / GRID_HZ))
