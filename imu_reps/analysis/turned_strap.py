"""Sets of which the strap was turned on the shank: the raises on both sides of the turn are one set.

A set is read in one frame, which follows a strap that slips. One that is turned further, or is fastened anew
after sitting up, leaves raises out, or reads them about a wrong axis. Each stretch without repetitions is
asked by how much the strap may be turned in it, or from it on; the sensor is turned back by that and the
whole estimated again. The turn is taken if the set then has more repetitions, all of about one size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from imu_reps.analysis.estimate import SetEstimate, estimate_set
from imu_reps.analysis.left_out import (
    DURATIONS,
    MIN_RAISES,
    Alone,
    Usual,
    lasting,
    stretches_alone,
    with_left_out,
)
from imu_reps.analysis.reps.segmentation import Excursion
from imu_reps.analysis.set.evidence import FEW_REPS
from imu_reps.analysis.set.leg import LegFrame
from imu_reps.analysis.set.shifts import resting_ends, up_around
from imu_reps.analysis.set.spells import rests_within
from imu_reps.analysis.set.strap_turn import (
    AT_REST_DEG,
    MIN_TURN_DEG,
    SAME_SHANK_DEG,
    Shown,
    Turned,
    about_shank,
    shank,
    turned_back,
    turned_piece,
)
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Certainty
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import Motion, bridged
from imu_reps.kinematics.mounting import angle_between_deg, unit
from imu_reps.kinematics.robust import median

#: Raises after a turn are as large as those before it by this factor; a turn that makes them more alike by
#: the second one is taken even where it adds none (ours).
MAX_RATIO, ALIKE = 2.0, 1.15

#: A swing this near to a turn of the strap, and under this share of the usual range, is the handling (ours).
HANDLING_S, HANDLING_SIZE = 3.0, 0.5

#: So is a first or last one under this share that is quick too, if the leg hardly rests beyond it (ours).
OUTER_SIZE = 0.75

#: Most turns of a strap in one set, and most rests in a stretch by which one is tried.
MAX_TURNS, MAX_RESTS = 3, 4

#: Most turns tried at once: each takes an estimate of the whole (simulated sets need 3 at most).
MAX_TRIED = 24

#: Sine of the greatest angle between the shank and the level while the leg rests on the floor.
LEVEL = float(np.sin(np.radians(SAME_SHANK_DEG)))


def estimate_finished(motion: Motion, header: Header, settings: Settings) -> SetEstimate:
    """Estimate a finished set, with its strap turned back, and with the raises that are left out."""
    whole = estimate_set(motion, header, settings)
    if header.exercise in HOLDS or motion.ankle is None:
        return whole
    read = _Read(motion, (), whole).without_handling()
    while len(read.whole.segmentation.reps) >= MIN_RAISES:
        alone = list(stretches_alone(read.whole, read.motion, header, settings))
        joined = _joined(read, alone, header, settings) if len(read.turns) < MAX_TURNS else None
        if joined is None:
            return with_left_out(read.whole, alone)
        read = joined
    return read.whole if whole.segmentation.reps else _in_doubt_by_part(whole, motion, header, settings)


@dataclass(frozen=True, slots=True)
class _Read:
    """A motion with some turns of the strap turned back, and its estimate."""

    motion: Motion
    turns: tuple[Turned, ...]
    whole: SetEstimate

    def turned_back(self, turned: Turned, header: Header, settings: Settings) -> _Read:
        """Return the reading with one more turn of the strap turned back."""
        motion, turns = turned_back(self.motion, turned), (*self.turns, turned)
        whole = estimate_set(motion, header, settings)
        if whole.leg is not None:
            slips = [*whole.leg.slips, *(slip for one in turns for slip in one.slips(len(motion)))]
            slips.sort(key=lambda slip: slip.tick)
            whole = replace(whole, leg=replace(whole.leg, slips=tuple(slips)))
        return _Read(motion, turns, whole).without_handling()

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


def _joined(read: _Read, alone: Sequence[Alone], header: Header, settings: Settings) -> _Read | None:
    """Return the likeliest reading with one more turn of the strap, if it makes a better set."""
    turned = (
        read.turned_back(turned, header, settings)
        for turned in islice(_turns(read, alone, header), MAX_TRIED)
    )
    better = (again for again in turned if _is_better(again.whole, read.whole, again.turns[-1]))
    return max(better, key=lambda one: (len(one.whole.segmentation.reps), one.whole.margin), default=None)


def _turns(read: _Read, alone: Sequence[Alone], header: Header) -> Iterator[Turned]:
    """Yield the turns of the strap that may explain the stretches without repetitions.

    A stretch between repetitions may be turned against both sides, or with one of them against the other.
    """
    whole, motion = read.whole, read.motion
    assert whole.leg is not None
    assert motion.ankle is not None
    reps, count, up = whole.segmentation.reps, len(motion), bridged(motion.ankle.up)
    for one in alone:
        before = [rep for rep in reps if rep.far.tick < one.stretch.start]
        after = [rep for rep in reps if rep.far.tick >= one.stretch.stop]
        for others, first, last in ((before, False, True), (after, True, False), (reps, False, False)):
            if not others or (others is reps and not (before and after)):
                continue
            frame = whole.leg.at(others[0].far.tick)
            resting_up = _resting_up(up, others)
            tried: list[Turned] = []
            stretch = slice(0 if first else one.stretch.start, count if last else one.stretch.stop)
            for shown in _shown(one, motion, frame, resting_up, header):
                found = turned_piece(motion, resting_up, shown, stretch)
                if found.turned_deg > MIN_TURN_DEG and not any(found.is_like(known) for known in tried):
                    tried.append(found)
                    yield found


def _shown(
    one: Alone, motion: Motion, frame: LegFrame, resting_up: FloatArray, header: Header
) -> Iterator[Shown]:
    """Yield how the strap may be turned within a stretch, against a frame and a resting leg outside of it.

    By the axis of the stretch's own raises, then by its rests, the longest first: a lying leg's foot may fall
    outward at rest, which leaves a slip.
    """
    assert motion.ankle is not None
    own, along, up = one.estimate, shank(frame, header.posture), bridged(motion.ankle.up)
    if own.leg is not None and own.segmentation.reps:
        other = own.leg.frames[-1][1]
        if angle_between_deg(shank(other, header.posture), along) < SAME_SHANK_DEG:
            rested = _resting_up(up[one.stretch], own.segmentation.reps)
            yield Shown(about_shank(along, other.axis, frame.axis), rested, one.core)
    if header.posture == "hanging" or header.start == "high":
        return
    rests = sorted(rests_within(motion.ankle.still, [one.stretch]), key=lambda rest: rest.start - rest.end)
    for rest in rests[:MAX_RESTS]:
        rested = unit(up[rest.start : rest.end].mean(axis=0))
        if abs(rested @ along) < LEVEL:
            yield Shown(about_shank(along, rested, resting_up), rested, slice(rest.start, rest.end))


def _is_better(again: SetEstimate, whole: SetEstimate, turned: Turned) -> bool:
    """Whether an estimate with the strap turned back has more repetitions, or as many that are more alike.

    It must keep those outside of the turned piece; those inside must be about as large.
    """
    new, old = again.segmentation.reps, whole.segmentation.reps
    outside = [rep for rep in old if not _inside(rep, turned)]
    kept = all(any(one.overlaps(rep) for rep in new) for one in outside)
    if again.certainty == "low" or not kept or not abs(_size(new, turned)) < math.log(MAX_RATIO):
        return False
    nearer = abs(_size(old, turned)) - abs(_size(new, turned))
    return len(new) > len(old) or (len(new) == len(old) and nearer > math.log(ALIKE))


def _size(reps: Sequence[Excursion], turned: Turned) -> float:
    """Return the log ratio of the usual ranges inside of the turned piece and outside; NaN with one side."""
    ranges: tuple[list[float], list[float]] = [], []
    for rep in reps:
        ranges[_inside(rep, turned)].append(rep.range_deg)
    return math.log(float(np.median(ranges[1]) / np.median(ranges[0]))) if all(ranges) else np.nan


def _inside(rep: Excursion, turned: Turned) -> bool:
    return bool(turned.piece.start <= rep.far.tick < turned.piece.stop)


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
            if alone.certainty == "high":
                counts.append(len(alone.segmentation.reps))
    return replace(whole, certainty="low", other_count=max(counts)) if max(counts) >= FEW_REPS else whole
