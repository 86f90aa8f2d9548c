"""Sets of which the strap was turned on the shank: the raises on both sides of the turn are one set.

A set is read in one frame, which follows a strap that slips. One that is turned further, or is fastened anew
after sitting up, leaves raises out, or reads them about a wrong axis. Where that may be, the ways of the leg
show how the sensor was turned in each; it is turned back by that and the whole estimated again. That is taken
if the set then has more repetitions, or as many that are more alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.analysis.estimate import SetEstimate, estimate_set
from imu_reps.analysis.left_out import (
    DURATIONS,
    MIN_RAISES,
    Alone,
    Usual,
    stretches_alone,
    with_left_out,
)
from imu_reps.analysis.reps.segmentation import Excursion, lasting
from imu_reps.analysis.set.shifts import resting_ends, up_around
from imu_reps.analysis.set.spells import rests_within
from imu_reps.analysis.set.strap_turn import Turned, find_turns, turned_back
from imu_reps.analysis.set.turned_alone import find_belt_turns, find_held_turns
from imu_reps.analysis.slipped_strap import find_slips
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Certainty
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import Motion, bridged
from imu_reps.kinematics.mounting import angle_between_deg, unit
from imu_reps.kinematics.robust import median

#: Turns that make the ranges more alike by this factor are taken even where they add no repetition (ours).
ALIKE = 1.15

#: A swing this near to a turn of the strap, and under this share of the usual range, is the handling (ours).
HANDLING_S, HANDLING_SIZE = 3.0, 0.5

#: So is a first or last one under this share that is quick too, if the leg hardly rests beyond it (ours).
OUTER_SIZE = 0.75

#: The leg is at rest within this angle of its usual resting direction (ours).
AT_REST_DEG = 20.0

#: Most rests at which a set is parted that makes no sense as a whole.
MAX_RESTS = 4


def estimate_finished(motion: Motion, header: Header, settings: Settings) -> SetEstimate:
    """Estimate a finished set, with its sensors turned back, and with the raises that are left out."""
    belt = find_belt_turns(motion)
    if belt and motion.pelvis is not None:
        motion = replace(motion, pelvis=turned_back(motion.pelvis, belt))
    whole = estimate_set(motion, header, settings)
    if motion.ankle is not None and header.exercise in HOLDS:
        turns = find_held_turns(motion, whole.posture, header)
        whole = _Read(motion, whole).turned_back(turns, header, settings).whole if turns else whole
    elif motion.ankle is not None:
        whole = _with_strap_turned_back(whole, motion, header, settings)
    return replace(whole, belt_turns=tuple(turned.slip for turned in belt))


def _with_strap_turned_back(
    whole: SetEstimate, motion: Motion, header: Header, settings: Settings
) -> SetEstimate:
    read = _with_slips_turned_back(_Read(motion, whole), header, settings).without_handling()
    alone = read.alone(header, settings)
    turns = find_turns(motion, whole.posture, header) if alone or _is_doubtful(read.whole) else []
    if turns:
        again = read.turned_back(turns, header, settings)
        better = _is_better(again.whole, read.whole)
        fewer = len(again.whole.segmentation.reps) < len(read.whole.segmentation.reps)
        sure = [turned for turned in turns if better or turned.ways > 1]
        unseen = tuple(turned.between for turned in sure if fewer or not turned.at_rest)
        read = (again if better else read).with_unseen(unseen)
        alone = read.alone(header, settings) if better else alone
    if read.whole.segmentation.reps:
        return with_left_out(read.whole, alone) if alone else read.whole
    return _in_doubt_by_part(read.whole, read.motion, header, settings)


def _with_slips_turned_back(read: _Read, header: Header, settings: Settings) -> _Read:
    """Return the reading with slips of the strap during repetitions turned back.

    If it then has fewer repetitions, it is left as it is, but for the leg's angles while the strap slipped.
    """
    slips = find_slips(read.motion, read.whole, header)
    if not slips:
        return read
    again = read.turned_back(slips, header, settings)
    count, before = (len(one.whole.segmentation.reps) for one in (again, read))
    if count < before:
        return read.unmeasured_in(slips)
    return again.with_other_count(before) if count > before else again


def _is_doubtful(whole: SetEstimate) -> bool:
    """Whether the ankle sensor may have turned: nothing is counted for certain, or not in one frame."""
    slips = () if whole.leg is None else whole.leg.slips
    return bool(slips) or not whole.segmentation.reps or whole.certainty != "high"


@dataclass(frozen=True, slots=True)
class _Read:
    """A motion with some turns of the strap turned back, and its estimate."""

    motion: Motion
    whole: SetEstimate

    def alone(self, header: Header, settings: Settings) -> list[Alone]:
        """Return the stretches without repetitions in which the leg moves."""
        if len(self.whole.segmentation.reps) < MIN_RAISES:
            return []
        return list(stretches_alone(self.whole, self.motion, header, settings))

    def turned_back(self, turns: Sequence[Turned], header: Header, settings: Settings) -> _Read:
        """Return the reading with turns of the strap turned back."""
        assert self.motion.ankle is not None
        motion = replace(self.motion, ankle=turned_back(self.motion.ankle, turns))
        whole = _with_slips(estimate_set(motion, header, settings), turns)
        return _Read(motion, whole).without_handling()

    def unmeasured_in(self, turns: Sequence[Turned]) -> _Read:
        """Return the reading without the leg's angles while the strap turned; its count is not certain."""
        elevation, whole = self.whole.track.leg_elevation_deg.copy(), self.whole
        for turned in turns:
            elevation[turned.handled] = np.nan
        certainty: Certainty = "low" if whole.certainty == "low" else "fair"
        track = replace(whole.track, leg_elevation_deg=elevation)
        return replace(self, whole=replace(_with_slips(whole, turns), track=track, certainty=certainty))

    def with_other_count(self, count: int) -> _Read:
        """Return the reading with a count that is no more than fair, as another one is likely."""
        certainty: Certainty = "low" if self.whole.certainty == "low" else "fair"
        return replace(self, whole=replace(self.whole, certainty=certainty, other_count=count))

    def with_unseen(self, unseen: tuple[slice, ...]) -> _Read:
        """Return the reading with stretches in which the sensor did not show the leg; none is certain."""
        whole = replace(self.whole, unseen=unseen, certainty="low", other_count=None)
        return replace(self, whole=whole) if unseen else self

    def without_handling(self) -> _Read:
        """Return the reading without small swings in which the sensor was handled.

        A knee that is drawn up to the hand, and put down again, swings the shank a little: around a turn of
        the strap, and as the sensor is put on before the set or taken off after it.
        """
        whole = self.whole
        reps, slips = whole.segmentation.reps, () if whole.leg is None else whole.leg.slips
        if len(reps) < MIN_RAISES:
            return self
        usual, around = Usual.of(whole), HANDLING_S * GRID_HZ
        at_ends = self._handled_at_ends()
        handling = [
            (rep in at_ends and rep.range_deg < OUTER_SIZE * usual.range_deg)
            or (
                rep.range_deg < HANDLING_SIZE * usual.range_deg
                and any(rep.near.tick - around < slip.tick < rep.back.tick + around for slip in slips)
            )
            for rep in reps
        ]
        if not any(handling):
            return self
        segmentation = whole.segmentation.without(handling, "not_carried_round_hip")
        certainty: Certainty = "low" if whole.certainty == "low" else "fair"
        whole = replace(whole, segmentation=segmentation, certainty=certainty, other_count=len(reps))
        return replace(self, whole=whole)

    def _handled_at_ends(self) -> list[Excursion]:
        """Return the first and last repetitions that are quick, with the leg hardly at rest beyond them."""
        assert self.motion.ankle is not None
        reps = self.whole.segmentation.reps
        outside = [(reps[0], slice(0, reps[0].near.tick)), (reps[-1], slice(reps[-1].back.tick, None))]
        lasts = [back - left for left, back in (lasting(rep, self.whole.elevation_deg) for rep in reps)]
        quick = DURATIONS[0] * median(np.array(lasts))
        pairs = zip(outside, (lasts[0], lasts[-1]), strict=True)
        quick_ones = [one for one, ticks_long in pairs if ticks_long < quick]
        if not quick_ones:
            return []
        up = bridged(self.motion.ankle.up)
        resting_up = _resting_up(up, reps)
        return [
            rep
            for rep, ticks in quick_ones
            if not _mostly(angle_between_deg(up[ticks], resting_up) < AT_REST_DEG)
        ]


def _with_slips(whole: SetEstimate, turns: Sequence[Turned]) -> SetEstimate:
    """Return the estimate with turns of the strap among the slips of its leg."""
    if whole.leg is None:
        return whole
    slips = sorted([*whole.leg.slips, *(turned.slip for turned in turns)], key=lambda slip: slip.tick)
    return replace(whole, leg=replace(whole.leg, slips=tuple(slips)))


def _is_better(again: SetEstimate, whole: SetEstimate) -> bool:
    """Whether an estimate with the strap turned back has more repetitions, or as many that are more alike."""
    new, old = again.segmentation.reps, whole.segmentation.reps
    if not new:
        return False
    return len(new) > len(old) or (len(new) == len(old) and ALIKE * _spread(new) < _spread(old))


def _spread(reps: Sequence[Excursion]) -> float:
    """Return the factor by which ranges differ from each other."""
    return float(np.exp(np.std(np.log([rep.range_deg for rep in reps]))))


def _resting_up(up: FloatArray, reps: Sequence[Excursion]) -> FloatArray:
    """Return up in sensor axes while the leg rests between repetitions, (3,)."""
    return unit(np.median(up_around(up, resting_ends(reps)), axis=0))


def _mostly(mask: BoolArray) -> bool:
    return bool(2 * np.count_nonzero(mask) >= len(mask))


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
