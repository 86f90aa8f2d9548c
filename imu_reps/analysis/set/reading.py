"""Choice of the likeliest reading of a set, over all possible axes and signs of the leg's swing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeGuard

import numpy as np

from imu_reps.analysis.reps.phases import DWELL_TICKS
from imu_reps.analysis.reps.segmentation import Excursion, Segmentation, usual_range_deg
from imu_reps.analysis.set.evidence import FEW_REPS, EvidenceParams, Observed, score
from imu_reps.analysis.set.held_leg import carries_up, knees_drawn_up
from imu_reps.analysis.set.hypotheses import Hypothesis, Swing, tipped_alike, weighted_median
from imu_reps.analysis.set.leg import LegFrame, LegParams, swing_axis
from imu_reps.analysis.set.spells import first_and_last
from imu_reps.analysis.set.swings import (
    SeenLeg,
    SwingReadings,
    radius_vector,
    read_swing,
    swing_about,
    swing_along,
    swings_about_any_axis,
)
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import BoolArray, FloatArray, IntArray
from imu_reps.domain.settings import Settings
from imu_reps.kinematics.lever import ArcMotion, Lever, Movements

#: A lift begins and ends at this share of the way from the resting end: during a rest anything may happen.
LEFT_SHARE = 0.05

#: Fewest repetitions, and shortest usual lever, for finding swings in which the foot slid.
MIN_ALIKE, MIN_LEVER_M = 3, 0.3

#: Shortest lever that shows where the hip is, and its largest standard deviation, as a share of its length
#: (ours).
CLEAR_LEVER_M, CLEAR_LEVER_SHARE = 0.35, 0.3

#: Smallest cosine between a refined axis and that of the previous estimate for them to agree.
AGAIN = 0.9


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of the leg's motion over a recording.

    Attributes
    ----------
    swing : Swing
        The leg's motion about one axis.
    hypothesis : Hypothesis
        Sign, resting level and repetitions.
    score : float
        Log likelihood ratio to nobody raising a leg.
    lever : Lever or None
        Common lever of its repetitions; None if unknown.
    undecided : int
        Swings that may have slid the foot: how many of them count, negative, or how many do not.
    """

    swing: Swing
    hypothesis: Hypothesis
    score: float
    lever: Lever | None = None
    undecided: int = 0

    @property
    def segmentation(self) -> Segmentation:
        """The repetitions, in travel."""
        return self.hypothesis.segmentation

    def travel_deg(self, header: Header) -> FloatArray:
        """Return the angle as travel, (n,) degrees, positive outwards from an arbitrary zero."""
        return np.asarray(self.hypothesis.sign * header.travel_sign * self.swing.angle_deg)

    @property
    def lifting_axis(self) -> FloatArray:
        """Axis about which a right-handed turn lifts the leg, (3,), in sensor axes."""
        return self.hypothesis.sign * self.swing.axis


@dataclass(frozen=True, slots=True)
class Choice:
    """The likeliest reading, and its certainty.

    Attributes
    ----------
    best : Reading or None
        The likeliest reading; None if the leg did not move.
    is_set : bool
        Whether it is likelier than nobody raising a leg.
    margin : float
        Log likelihood ratio to the next reading with another count.
    other_count : int
        Count of that reading.
    mirrored_margin : float
        The same ratio to the next reading that lifts the leg the other way, with any count.
    """

    best: Reading | None
    is_set: bool
    margin: float
    other_count: int
    mirrored_margin: float = math.inf


@dataclass(frozen=True, slots=True)
class Before:
    """The previous estimate of a running set.

    Attributes
    ----------
    frame : LegFrame
        Its leg frame; a reading that agrees with it is likelier.
    settled : bool
        Whether it was certain enough that no other axis is considered.
    """

    frame: LegFrame
    settled: bool


def shows_hip(lever: Lever | None) -> TypeGuard[Lever]:
    """Whether a lever is known, long, and certain enough to show where the hip is."""
    return (
        lever is not None
        and lever.length_m >= CLEAR_LEVER_M
        and lever.sd_m <= CLEAR_LEVER_SHARE * lever.length_m
    )


def choose_reading(
    seen: SeenLeg | None,
    header: Header,
    settings: Settings,
    leg: LegParams,
    evidence: EvidenceParams,
    before: Before | None = None,
) -> Choice:
    """Score every reading of a set and return the likeliest.

    Parameters
    ----------
    seen : SeenLeg or None
        The leg's motion; None if there is nothing to read.
    header : Header
    settings : Settings
    leg : LegParams
    evidence : EvidenceParams
    before : Before, optional
        The previous estimate of a running set.
    """
    if seen is None:
        return Choice(None, False, 0.0, 0)
    if header.exercise in HOLDS:
        return Choice(_unrepeated(seen, header, settings, leg), False, 0.0, 0)
    settled = before.frame if before is not None and before.settled else None
    found = [
        _again(reading, before, evidence)
        for read in _swings(settled, seen, header, settings, leg)
        for reading in _scored(read, seen, header, evidence)
    ]
    if not found:
        return Choice(_unrepeated(seen, header, settings, leg), False, 0.0, 0)
    found = sorted(_by_travel(found, header, evidence), key=lambda reading: -reading.score)
    best = found[0]
    count = len(best.segmentation.reps) if best.score > 0.0 else 0
    others = [(reading.score, len(reading.segmentation.reps)) for reading in found] + [(0.0, 0)]
    margin, other = min(
        ((max(best.score, 0.0) - score, number) for score, number in others if number != count),
        default=(np.inf, count),
    )
    mirrored = [one.score for one in found if one.lifting_axis @ best.lifting_axis < 0.0]
    return Choice(best, best.score > 0.0, float(margin), other, best.score - max(mirrored, default=-math.inf))


def _swings(
    settled: LegFrame | None, seen: SeenLeg, header: Header, settings: Settings, params: LegParams
) -> list[SwingReadings]:
    """Return the leg's motion about every axis considered, and along its radius vector if that is clear."""
    if settled is None:
        swings = swings_about_any_axis(seen, header, settings, params)
    else:
        swings = [read_swing(swing_about(settled.axis, seen, settings), header, settings)]
    radius = radius_vector(swings, seen, header)
    along = None if radius is None else swing_along(radius, swings, seen, settings, params)
    if along is not None:
        swings.append(read_swing(along, header, settings))
    return swings


def _by_travel(found: Sequence[Reading], header: Header, params: EvidenceParams) -> list[Reading]:
    """Return the readings, less likely the less of the leg's travel they explain: a raise beats a wobble."""
    if "travel" in params.without:
        return list(found)
    usual = [usual_range_deg([rep.range_deg for rep in reading.segmentation.reps]) for reading in found]

    def loss(reading: Reading, size: float) -> float:
        # in a high start, readings about the same axis are not compared: one reads the lift into the start
        same = reading.swing if header.start == "high" else None
        others = [other for one, other in zip(found, usual, strict=True) if one.swing is not same]
        return min(params.travel * float(np.log(max([size, *others]) / size)), params.travel_max)

    return [
        replace(reading, score=reading.score - loss(reading, size))
        for reading, size in zip(found, usual, strict=True)
    ]


def _again(reading: Reading, before: Before | None, params: EvidenceParams) -> Reading:
    """Return the reading, likelier if it lifts the leg about the axis of the previous estimate."""
    if before is None or float(reading.lifting_axis @ before.frame.axis) < AGAIN:
        return reading
    return replace(reading, score=reading.score + params.again)


def _unrepeated(seen: SeenLeg, header: Header, settings: Settings, params: LegParams) -> Reading | None:
    """Return the reading of a leg that does not repeat its way, as in a hold: up is away from its first rest.

    Movement before the first rest and after the last is lying down and getting up.
    """
    axis = swing_axis(seen.turning_dps.compress(seen.inside, axis=0), params)
    if axis is None:
        return None
    swing = swing_about(axis, seen, settings)
    angle = swing.angle_deg
    (inside,) = seen.inside.nonzero()
    first = seen.rests[0].middle if seen.rests else int(inside[0])
    last = seen.rests[-1].end if len(seen.rests) > 1 else int(inside[-1]) + 1
    away = angle[first:last] - angle[first]
    sign = float(np.sign(away[np.argmax(np.abs(away))])) or 1.0
    resting = sign * float(angle[first])
    nothing = Segmentation((), (), settings.min_range_deg)
    far = resting + float(np.abs(away).max())
    hypothesis = Hypothesis(sign * header.travel_sign, nothing, resting, far, None)
    return Reading(swing, hypothesis, 0.0)


def _scored(read: SwingReadings, seen: SeenLeg, header: Header, params: EvidenceParams) -> list[Reading]:
    """Return every reading of the swing about an axis, scored."""
    swing = read.swing
    angle, spells = swing.angle_deg, swing.spells
    motion = None if seen.carried is None else seen.carried.about(swing.axis)
    carried = []
    for hypothesis in read.hypotheses:
        lifted = hypothesis.sign * header.travel_sign * angle > hypothesis.level_deg(LEFT_SHARE)
        alone = _without_body_swings(hypothesis, angle, seen, header, params)
        up = _carried_up(alone, swing, seen, header, params)
        likely, lever, undecided = _carried_round(alone, lifted, motion, spells, up, header, params)
        carried.append((tipped_alike(likely, swing, header), lever, undecided))
    hanging = header.posture == "hanging"
    explained = _explained((likely, lever) for likely, lever, _ in carried) if hanging else None
    found = []
    for likely, lever, undecided in carried:
        reps = likely.segmentation.reps
        if reps:
            shares = _shares(reps, angle, seen), _with_body(reps, angle, seen, header)
            of_pelvis = *shares, _rates(reps, seen), _bounces(reps, seen)
            out_of_level = seen.ankle.up[[rep.far.tick for rep in reps]] @ swing.axis
            observed = Observed(likely, header, angle, spells, lever, *of_pelvis, out_of_level, explained)
            found.append(Reading(swing, likely, score(observed, params), lever, undecided))
    return found


def _without_body_swings(
    hypothesis: Hypothesis, angle_deg: FloatArray, seen: SeenLeg, header: Header, params: EvidenceParams
) -> Hypothesis:
    """Return the hypothesis without swings of the whole body at the bar, unless it has no others."""
    swung = _with_body(hypothesis.segmentation.reps, angle_deg, seen, header) > 1.0 - params.rigid_share
    if swung.all() or not swung.any():
        return hypothesis
    segmentation = hypothesis.segmentation.without(swung.tolist(), "not_carried_round_hip")
    return replace(hypothesis, segmentation=segmentation)


def _with_body(reps: Sequence[Excursion], angle_deg: FloatArray, seen: SeenLeg, header: Header) -> FloatArray:
    """Return the share of the leg's movement that a hanging pelvis makes with it, (reps,); empty if unknown.

    Of the leg's swing or of the ankle's way up, whichever is more: a body that swings at the bar turns with
    the leg, one that is pulled up rises with it.
    """
    if header.posture != "hanging" or seen.tilt_deg is None or seen.vertical_mps2 is None:
        return np.empty(0)
    ways = (angle_deg, seen.tilt_deg), seen.vertical_mps2.T
    return np.array([max(_in_common(leg[rep.ticks], body[rep.ticks]) for leg, body in ways) for rep in reps])


def _in_common(leg: FloatArray, body: FloatArray) -> float:
    """Return the share of the leg's changes (RMS) that the body makes, in step or in opposition."""
    leg, body = leg - leg.mean(), body - body.mean()
    whole = float(leg @ leg)
    apart = whole + float(body @ body) - 2.0 * abs(float(leg @ body))
    return 1.0 - float(np.sqrt(max(apart, 0.0) / whole)) if whole > 0.0 else 0.0


def _explained(levers: Iterable[tuple[Hypothesis, Lever | None]]) -> float | None:
    """Return the share of the acceleration that an arc explains, the largest over one swing's readings."""
    shares = [
        lever.explained
        for likely, lever in levers
        if lever is not None and lever.explained is not None and len(likely.segmentation.reps) >= FEW_REPS
    ]
    return max(shares, default=None)


def _carried_round(
    hypothesis: Hypothesis,
    lifted: BoolArray,
    motion: ArcMotion | None,
    spells: Sequence[slice],
    carried_up: FloatArray,
    header: Header,
    params: EvidenceParams,
) -> tuple[Hypothesis, Lever | None, int]:
    """Return the hypothesis without swings not carried round the hip, its lever and `Reading.undecided`.

    `lifted`, (n,), is where the leg has left its resting end, and `carried_up` the result of `_carried_up`.
    """
    reps = hypothesis.segmentation.reps
    if motion is None or not reps:
        return hypothesis, None, 0
    lifts = _lifts(reps, lifted)
    movements = Movements(motion, lifts)
    lever, each = movements.common(), movements.each()
    usual = usual_lever_m(each, params.usual_sd_m)
    if len(reps) < MIN_ALIKE or lever is None or usual is None or np.linalg.norm(usual) < MIN_LEVER_M:
        return hypothesis, lever, 0
    of_both = np.array([_slid_ratio(one, usual, params) for one in each])
    slid = of_both > params.slid_by
    near = np.zeros(len(reps), bool)
    if header.start == "high" or slid.any():
        ratio, lesser = _ways_slid(Movements(motion, _ways(reps, lifts)).each(), usual, params)
        slid &= lesser > 0.0
        slid = _with_joined(slid, (of_both > params.joined_slid_by) & (lesser > 0.0), reps)
        if header.start == "high":
            outermost = _outermost(reps, spells, slid | (ratio > params.slid_by))
            slid |= ratio > np.where(outermost, params.outermost_slid_by, params.slid_by)
            slid |= carried_up > params.outermost_slid_by
            near = outermost & _nearly_slid(np.maximum(ratio, of_both), carried_up, params)
    if header.start == "low":
        slid |= carried_up > params.slid_by
    near |= ~slid & (_unlike(each) > params.unlike)
    slid &= not slid.all()
    undecided = max(int((near & slid).sum()), -int((near & ~slid).sum()), key=abs)
    if not slid.any():
        return hypothesis, lever, undecided
    segmentation = hypothesis.segmentation.without(slid.tolist(), "not_carried_round_hip")
    return replace(hypothesis, segmentation=segmentation), movements.common((~slid).tolist()), undecided


def _with_joined(slid: BoolArray, likely: BoolArray, reps: Sequence[Excursion]) -> BoolArray:
    """Return which swings slid, (reps,) bool: also likely ones, joined to another without a pause.

    Who pedals does so for several turns, some of which carry the foot on an arc more or less.
    """
    pauses = [later.near.tick - rep.back.tick for rep, later in pairwise(reps)]
    joined, slid = np.array(pauses, int) < DWELL_TICKS, slid.copy()
    for one in range(1, len(reps)):
        slid[one] |= likely[one] & joined[one - 1] & slid[one - 1]
    for one in reversed(range(len(reps) - 1)):
        slid[one] |= likely[one] & joined[one] & slid[one + 1]
    return slid


def _unlike(each: Sequence[Lever | None]) -> FloatArray:
    """Return the uncertainty of each swing's lever as a multiple of the usual one, (reps,); 1 if unknown.

    A knee drawn to the chest carries the ankle along no arc, so that its lever is nearly unknown; as it is
    where the gyroscope is wrong.
    """
    sd_m = np.array([np.nan if lever is None else lever.sd_m for lever in each])
    ratio = sd_m / np.nanmedian(sd_m)
    return np.where(np.isfinite(ratio), ratio, 1.0)


def _nearly_slid(ratio: FloatArray, carried_up: FloatArray, params: EvidenceParams) -> BoolArray:
    """Return which first or last swings hardly tell whether they are repetitions, (reps,) bool."""
    by_lever = np.abs(ratio - params.outermost_slid_by) < params.undecided_by
    return by_lever | (carried_up > 0.0) & (carried_up < params.slid_by)


def _carried_up(
    hypothesis: Hypothesis, swing: Swing, seen: SeenLeg, header: Header, params: EvidenceParams
) -> FloatArray:
    """Return the log likelihood ratio of an ankle carried up or down to a repetition, (reps,).

    To or from table top, in heel taps, and knees drawn up to the chest, in raises of who lies; else -inf.
    """
    reps = hypothesis.segmentation.reps
    if header.posture == "supine" and header.start == "low" and seen.tilt_deg is not None:
        height = hypothesis.sign * swing.angle_deg - hypothesis.resting_deg
        return knees_drawn_up(seen.ankle, height, seen.tilt_deg, reps, params.lever_m)
    if header.exercise != "heel_tap":
        return np.full(len(reps), -np.inf)
    return carries_up(seen.ankle, swing.angle_deg, reps, swing.spells)


def _slid_ratio(lever: Lever | None, usual_m: FloatArray, params: EvidenceParams) -> float:
    """Return the log likelihood ratio of a foot that slid to one carried at the usual lever."""
    if lever is None:
        return -np.inf
    usual = float(np.linalg.norm(usual_m))
    length = float(lever.vector_m @ usual_m) / usual
    if length >= usual:
        return -np.inf
    slid, carries = lever.sd_m**2 + params.slid_sd_m**2, lever.sd_m**2 + params.usual_sd_m**2
    return float(0.5 * ((length - usual) ** 2 / carries - length**2 / slid + np.log(carries / slid)))


def _ways_slid(
    ways: Sequence[Lever | None], usual_m: FloatArray, params: EvidenceParams
) -> tuple[FloatArray, FloatArray]:
    """Return the `_slid_ratio` of the way of each repetition that slid more, and of the other, both (reps,).

    A strap that slips, or a hand at it, shakes the sensor in one way of a raise. A way whose lever is unknown
    is no evidence: -inf for the first, inf for the second.
    """
    ratio = np.array([_slid_ratio(lever, usual_m, params) for lever in ways]).reshape(-1, 2)
    known = np.array([lever is not None for lever in ways]).reshape(-1, 2)
    return ratio.max(axis=1), np.where(known, ratio, np.inf).min(axis=1)


def _ways(reps: Sequence[Excursion], lifts: Sequence[IntArray]) -> list[IntArray]:
    """Return the ticks of each repetition's way out and of its way back, in turn.

    Who draws the heels in along the floor and then lifts the legs into a high start makes a swing of which
    only one way is a lift.
    """
    return [
        way
        for rep, lift in zip(reps, lifts, strict=True)
        for way in (lift[lift <= rep.far.tick], lift[lift >= rep.far.tick])
    ]


def _outermost(reps: Sequence[Excursion], spells: Sequence[slice], slid: BoolArray) -> BoolArray:
    """Return which repetitions are the first or the last of their spell but for those that slid, (reps,)."""
    left = (~slid).nonzero()[0]
    first, last = first_and_last([reps[k].far.tick for k in left.tolist()], spells)
    outermost = slid.copy()
    outermost[left] = first | last
    return outermost


def usual_lever_m(each: Sequence[Lever | None], spread_m: float) -> FloatArray | None:
    """Return the median of the levers of several movements, weighted by certainty, (3,); None without any.

    A leg that drops as it is laid down shows its lever far more sharply than a slow raise does, and would
    dominate a common fit. Hence levers are taken to differ by `spread_m` in addition to their uncertainty.
    """
    known = [lever for lever in each if lever is not None]
    if not known:
        return None
    weights = np.array([1.0 / (lever.sd_m**2 + spread_m**2) for lever in known])
    vectors = np.array([lever.vector_m for lever in known])
    return np.array([weighted_median(column, weights) for column in vectors.T])


def _lifts(reps: Sequence[Excursion], lifted: BoolArray) -> list[IntArray]:
    """Return the ticks around the far end of each repetition in which the leg has left its resting end."""
    near, far, back = np.array([(rep.near.tick, rep.far.tick, rep.back.tick) for rep in reps]).T
    resting = np.concatenate([[-1], (~lifted).nonzero()[0], [len(lifted)]])
    after = resting.searchsorted(far)
    starts, ends = np.maximum(resting[after - 1], near), np.minimum(resting[after], back)
    return [np.arange(start, end + 1) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def _shares(reps: Sequence[Excursion], angle_deg: FloatArray, seen: SeenLeg) -> FloatArray:
    """Return the slope of pelvic tilt on the leg's angle, for each repetition."""
    if seen.tilt_deg is None:
        return np.empty(0)
    found = []
    for rep in reps:
        leg = angle_deg[rep.ticks] - angle_deg[rep.ticks].mean()
        found.append(float(leg @ seen.tilt_deg[rep.ticks]) / float(leg @ leg))
    return np.array(found)


def _rates(reps: Sequence[Excursion], seen: SeenLeg) -> FloatArray:
    """Return the RMS angular rate of the pelvis, for each repetition, deg/s."""
    if seen.pelvis_dps2 is None or not np.isfinite(seen.pelvis_dps2[0]):
        return np.empty(0)
    return np.sqrt([seen.pelvis_dps2[rep.ticks].mean() for rep in reps])


def _bounces(reps: Sequence[Excursion], seen: SeenLeg) -> FloatArray:
    """Return the RMS of the pelvis's specific force along gravity about its median, per repetition, m/s²."""
    if seen.bounce_mps2 is None:
        return np.empty(0)
    forces = [seen.bounce_mps2[rep.ticks] for rep in reps]
    measured = [force[np.isfinite(force)] for force in forces]
    return np.array([np.sqrt(np.mean((one - np.median(one)) ** 2)) for one in measured if len(one)])
