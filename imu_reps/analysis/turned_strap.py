"""Sets of which the strap was turned on the shank: the raises on both sides of the turn are one set.

A set is read in one frame, which follows a strap that slips. One that is turned further, or is fastened anew
after sitting up, leaves raises out, or reads them about a wrong axis. Where that may be, the ways of the leg
show how the sensor was turned in each; it is turned back by that and the whole estimated again. That is taken
if the set then has more repetitions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.analysis.creeping_strap import find_creep, straightened
from imu_reps.analysis.estimate import SetEstimate, estimate_set
from imu_reps.analysis.lasting_turns import find_lasting_belt_turns, find_lasting_turns
from imu_reps.analysis.left_out import (
    MIN_RAISES,
    Alone,
    Usual,
    stretches_alone,
    with_left_out,
)
from imu_reps.analysis.set.spells import rests_within
from imu_reps.analysis.set.strap_turn import MIN_TURN_DEG, Turned, find_turns, turned_back
from imu_reps.analysis.set.turned_alone import find_belt_turns, find_held_turns
from imu_reps.analysis.slipped_strap import SAME_SHARE, find_slips
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Certainty
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import Motion

#: A swing this near to a turn of the strap, and under this share of the usual range, is the handling (ours).
HANDLING_S, HANDLING_SIZE = 3.0, 0.5

#: Most rests at which a set is parted that makes no sense as a whole.
MAX_RESTS = 4


def estimate_finished(motion: Motion, header: Header, settings: Settings) -> SetEstimate:
    """Estimate a finished set, with its sensors turned back, and with the raises that are left out."""
    read = _Read(motion, estimate_set(motion, header, settings)).unturned_belt(header, settings)
    motion, whole = read.motion, read.whole
    if motion.ankle is not None and header.exercise in HOLDS:
        turns = find_held_turns(motion, whole.posture, header)
        whole = _Read(motion, whole).turned_back(turns, header, settings).whole if turns else whole
    elif motion.ankle is not None:
        whole = _with_strap_turned_back(whole, motion, header, settings)
    return replace(whole, belt_turns=tuple(turned.slip for turned in read.turns))


def _shown(whole: SetEstimate) -> tuple[int, int]:
    """Return how much of a set an estimate shows: its repetitions, and the ticks in the posture."""
    return len(whole.segmentation.reps), sum(spell.stop - spell.start for spell in whole.posture.spells)


def _with_strap_turned_back(
    whole: SetEstimate, motion: Motion, header: Header, settings: Settings
) -> SetEstimate:
    read = _Read(motion, whole).unturned(header, settings).without_handling().uncrept(header, settings)
    alone = read.alone(header, settings)
    turns = find_turns(read.motion, read.whole.posture, header) if alone or _is_doubtful(read.whole) else []
    if turns:
        again = read.turned_back(turns, header, settings)
        count, before = (len(one.whole.segmentation.reps) for one in (again, read))
        better, fewer = count > before, count < before
        sure = [turned for turned in turns if better or turned.ways > 1]
        unseen = tuple(turned.between for turned in sure if fewer or not turned.at_rest)
        read = (again if better else read).with_unseen(unseen)
        alone = read.alone(header, settings) if better else alone
    read = read.with_unseen(tuple(_unreadable(alone, read)))
    if read.whole.segmentation.reps:
        return with_left_out(read.whole, alone) if alone else read.whole
    return _in_doubt_by_part(read.whole, read.motion, header, settings)


def _unreadable(alone: Sequence[Alone], read: _Read) -> Iterator[slice]:
    """Yield the stretches in which the leg moves in a way that makes no sense, where the strap turns far."""
    if any(turned.slip.turned_deg > MIN_TURN_DEG for turned in read.turns):
        for one in alone:
            inside = any(spell.start <= one.stretch.start < spell.stop for spell in read.whole.posture.spells)
            if inside and not one.estimate.segmentation.reps:
                yield one.stretch


def _is_doubtful(whole: SetEstimate) -> bool:
    """Whether the ankle sensor may have turned: little is counted for certain, or not in one frame."""
    slips = () if whole.leg is None else whole.leg.slips
    return bool(slips) or len(whole.segmentation.reps) < MIN_RAISES or whole.certainty != "high"


@dataclass(frozen=True, slots=True)
class _Read:
    """A motion with some turns of its sensors turned back, its estimate, and the turns."""

    motion: Motion
    whole: SetEstimate
    turns: tuple[Turned, ...] = ()

    def unturned_belt(self, header: Header, settings: Settings) -> _Read:
        """Return the reading with the turns of the pelvis sensor turned back, at rest or not."""
        read = self.with_belt_turned_back(find_belt_turns(self.motion, header), header, settings)
        if header.exercise in HOLDS:
            return read
        turns = find_lasting_belt_turns(read.motion, read.whole, header)
        return read.with_belt_turned_back(turns, header, settings)

    def with_belt_turned_back(self, turns: Sequence[Turned], header: Header, settings: Settings) -> _Read:
        """Return the reading with some turns of the pelvis sensor turned back, unless it then shows less."""
        if not turns or self.motion.pelvis is None:
            return self
        motion = replace(self.motion, pelvis=turned_back(self.motion.pelvis, turns))
        again = _Read(motion, estimate_set(motion, header, settings), (*self.turns, *turns))
        return self if _shown(again.whole) < _shown(self.whole) else again

    def alone(self, header: Header, settings: Settings) -> list[Alone]:
        """Return the stretches without repetitions in which the leg moves."""
        if len(self.whole.segmentation.reps) < MIN_RAISES:
            return []
        return list(stretches_alone(self.whole, self.motion, header, settings))

    def turned_back(self, turns: Sequence[Turned], header: Header, settings: Settings) -> _Read:
        """Return the reading with further turns of the strap turned back."""
        assert self.motion.ankle is not None
        motion = replace(self.motion, ankle=turned_back(self.motion.ankle, turns))
        return self._of(motion, self.whole.crept_deg, (*self.turns, *turns), header, settings)

    def _of(
        self,
        motion: Motion,
        crept_deg: float,
        turns: tuple[Turned, ...],
        header: Header,
        settings: Settings,
    ) -> _Read:
        """Return the reading of a motion with a creep and some turns of the strap turned back."""
        whole = replace(_with_slips(estimate_set(motion, header, settings), turns), crept_deg=crept_deg)
        return _Read(motion, whole, turns).without_handling()

    def unturned(self, header: Header, settings: Settings) -> _Read:
        """Return the reading with lasting turns and slips of the strap turned back.

        What then has fewer repetitions is not taken; a turn alone may have fewer where the strap slipped too.
        """
        turns = find_lasting_turns(self.motion, self.whole, header)
        if turns:
            turned = self.turned_back(turns, header, settings).unslipped(header, settings)
            if self.or_more(turned) is turned:
                return turned
        return self.unslipped(header, settings)

    def unslipped(self, header: Header, settings: Settings) -> _Read:
        """Return the reading with slips in raises turned back, unless it then has fewer repetitions.

        Nor if a slip itself then seems to be a repetition: something moved, but not by a slip.
        """
        slips = find_slips(self.motion, self.whole, header)
        again = self.or_more(self.turned_back(slips, header, settings)) if slips else self
        return self if _some_are_reps(slips, self, again) else again

    def or_more(self, again: _Read) -> _Read:
        """Return another reading, unless it has fewer repetitions."""
        count, before = (len(one.whole.segmentation.reps) for one in (again, self))
        return self if count < before else again

    def uncrept(self, header: Header, settings: Settings) -> _Read:
        """Return the reading with a creep of the strap turned back, unless it then has fewer repetitions."""
        creep = find_creep(self.motion, self.whole)
        if creep is None:
            return self
        assert self.motion.ankle is not None
        motion = replace(self.motion, ankle=straightened(self.motion.ankle, creep))
        return self.or_more(self._of(motion, float(np.ptp(creep.turned_deg)), self.turns, header, settings))

    def with_unseen(self, unseen: tuple[slice, ...]) -> _Read:
        """Return the reading with stretches in which the sensor did not show the leg; none is certain."""
        if not unseen:
            return self
        unseen = (*self.whole.unseen, *unseen)
        return replace(self, whole=replace(self.whole, unseen=unseen, certainty="low", other_count=None))

    def without_handling(self) -> _Read:
        """Return the reading without small swings in which the sensor was handled.

        A knee that is drawn up to the hand, and put down again, swings the shank a little around a turn of
        the strap.
        """
        whole = self.whole
        reps, slips = whole.segmentation.reps, () if whole.leg is None else whole.leg.slips
        if len(reps) < MIN_RAISES:
            return self
        usual, around = Usual.of(whole), HANDLING_S * GRID_HZ
        handling = [
            rep.range_deg < HANDLING_SIZE * usual.range_deg
            and any(rep.near.tick - around < slip.tick < rep.back.tick + around for slip in slips)
            for rep in reps
        ]
        if not any(handling):
            return self
        segmentation = whole.segmentation.without(handling, "not_carried_round_hip")
        certainty: Certainty = "low" if whole.certainty == "low" else "fair"
        whole = replace(whole, segmentation=segmentation, certainty=certainty, other_count=len(reps))
        return replace(self, whole=whole)


def _some_are_reps(slips: Sequence[Turned], without: _Read, turned_back: _Read) -> bool:
    """Return whether further repetitions are slips that were turned back: as large, and at their moments."""
    reps = turned_back.whole.segmentation.reps
    if len(reps) <= len(without.whole.segmentation.reps):
        return False
    return any(
        rep.near.tick < turned.slip.tick < rep.back.tick
        and abs(rep.range_deg - turned.slip.turned_deg) < SAME_SHARE * rep.range_deg
        for rep in reps
        for turned in slips
    )


def _with_slips(whole: SetEstimate, turns: Sequence[Turned]) -> SetEstimate:
    """Return the estimate with turns of the strap among the slips of its leg."""
    if whole.leg is None:
        return whole
    slips = sorted([*whole.leg.slips, *(turned.slip for turned in turns)], key=lambda slip: slip.tick)
    return replace(whole, leg=replace(whole.leg, slips=tuple(slips)))


def _in_doubt_by_part(whole: SetEstimate, motion: Motion, header: Header, settings: Settings) -> SetEstimate:
    """Return an estimate without repetitions: uncertain if a part of it is a set.

    Both sides of a turned strap, or a set and a sensor that is taken off, may make no common sense.
    """
    assert motion.ankle is not None
    if not whole.segmentation.partials or whole.certainty == "low":
        return whole
    rests = sorted(
        rests_within(motion.ankle.still, whole.posture.spells), key=lambda rest: rest.start - rest.end
    )
    counts = [0]
    for rest in rests[:MAX_RESTS]:
        for part in (slice(0, rest.end), slice(rest.start, len(motion))):
            alone = estimate_set(motion[part], header, settings)
            if alone.certainty in ("high", "fair"):
                counts.append(len(alone.segmentation.reps))
    series = max(counts) >= MIN_RAISES
    return replace(whole, certainty="low", other_count=max(counts)) if series else whole
