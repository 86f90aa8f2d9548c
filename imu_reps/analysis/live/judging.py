"""The announced repetitions as they are judged, each anew where later motion shows it otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from imu_reps.analysis.estimate import SetEstimate
from imu_reps.analysis.faults.judge import judge_rep
from imu_reps.analysis.faults.verdict import RepView
from imu_reps.analysis.filters import SHORTEST
from imu_reps.analysis.reps.measure import Measured, Meter
from imu_reps.analysis.reps.segmentation import Excursion, Turn
from imu_reps.analysis.set_motion import set_motion
from imu_reps.analysis.set_summary import find_phases
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Rep
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import ARRAYS, GRID_HZ, AngleTrack
from imu_reps.kinematics.motion import Motion, bridged_columns, impacts

#: Angles this long before and after a repetition are looked at, for the filters and the resting band.
LEAD_S = 2.0


class LiveJudge:
    """Judges repetitions by the report's own detectors, against those that are known so far."""

    def __init__(self, header: Header, settings: Settings) -> None:
        self._header = header
        self._settings = settings
        self._views: dict[Excursion, RepView] = {}
        self._emitted: dict[Excursion, Rep] = {}
        self._settled: list[Measured] = []

    def judge(self, number: int, rep: Excursion) -> Rep:
        """A measured repetition, as it is told from now on."""
        return self._judged(number, rep, self._of_set())

    def _of_set(self) -> list[Measured]:
        return [*self._settled, *(self._views[known].rep for known in sorted(self._views, key=_far))]

    def _judged(self, number: int, rep: Excursion, of_set: Sequence[Measured]) -> Rep:
        self._emitted[rep] = judge_rep(number, replace(self._views[rep], of_set=of_set))
        return self._emitted[rep]

    def follow(self, seen_now: Mapping[Excursion, Excursion]) -> None:
        """Take over what was known of repetitions to how they are seen now; forget all others."""
        self._views = {now: self._views[before] for before, now in seen_now.items()}
        self._emitted = {now: self._emitted[before] for before, now in seen_now.items()}

    def settle(self, reps: Sequence[Excursion]) -> None:
        """Judge these no more: the others are judged against them."""
        self._settled += [self._views.pop(rep).rep for rep in reps]
        for rep in reps:
            del self._emitted[rep]

    def revised(self, numbers: Mapping[Excursion, int]) -> Iterator[tuple[Rep, Rep]]:
        """Repetitions whose flags are others by now: as they were told, and as they are."""
        of_set = self._of_set()
        for rep, number in numbers.items():
            before = self._emitted.get(rep)
            if before is not None and self._judged(number, rep, of_set).flags != before.flags:
                yield before, self._emitted[rep]

    def measure(
        self, rep: Excursion, rows: Sequence[Excursion], estimate: SetEstimate, motion: Motion
    ) -> bool:
        """Measure a repetition; False where an angle is missing.

        Parameters
        ----------
        rep : Excursion
            In ticks.
        rows : sequence of Excursion
            It, and the one after it as far as that is known, in rows of the motion.
        estimate : SetEstimate
        motion : Motion
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
        measured = Meter(seen, self._settings).measure(phases, after[0].out_start if after else None)
        self._views[rep] = RepView(measured, seen, self._settings, (), self._header.ankle.rate_hz)
        return True


def _far(rep: Excursion) -> int:
    return rep.far.tick


def _with_impacts(track: AngleTrack, motion: Motion) -> AngleTrack:
    """A copy of the angles with what the ankle's specific force shows of impacts at the grid's rate."""
    own = AngleTrack(*(getattr(track, name).copy() for name in ARRAYS))
    if motion.ankle is None:
        return own
    return replace(own, ankle_impact_mps2=impacts(bridged_columns(motion.ankle.acc_mps2), 1.0 / GRID_HZ))
