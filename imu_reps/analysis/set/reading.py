"""The likeliest reading of a set: every axis the leg may swing about, either sign, weighed by evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import uniform_filter1d

from imu_reps.analysis.filters import SHORTEST, rate_of_change
from imu_reps.analysis.reps.phases import SLOW_DPS
from imu_reps.analysis.reps.segmentation import Excursion, Segmentation, TurnFinder, usual_range_deg
from imu_reps.analysis.set.evidence import EvidenceParams, Hypothesis, Observed, score, travel_sign
from imu_reps.analysis.set.hypotheses import Swing, readings, weighted_median
from imu_reps.analysis.set.leg import (
    LegFrame,
    LegParams,
    angle_about_deg,
    lift_and_roll,
    swing_axis,
    up_turning_dps,
)
from imu_reps.analysis.set.spells import Posture, Rest, in_spells, rests_within
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import BoolArray, FloatArray, IntArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.lever import SET_CUTOFF_HZ, Carried, Lever, Movements, carried
from imu_reps.kinematics.motion import GridMotion, Motion, bridged, bridged_columns
from imu_reps.kinematics.mounting import cross, pelvis_axes_at, plane_about, tilt_and_rotation, unit
from imu_reps.kinematics.rest import stretches

#: An axis is looked for in what lies beyond this share of the way from the resting to the far end: near the
#: resting end a foot that falls outward turns about the leg (ours).
LIFTED_SHARE = 0.3

#: A lift begins and ends this share of the way from the resting end: a rest may hold anything.
LEFT_SHARE = 0.05

#: Fewer repetitions, or a shorter usual lever, show no swing that slid among them.
MIN_ALIKE, MIN_LEVER_M = 3, 0.3

#: Steps push a pelvis up and down by more than this, RMS over two strides (walking gives 1 to 3: Menz, Lord
#: and Fitzpatrick, 2003; a body at the bar 0.02 to 1.3, simulated).
STEP_MPS2, STRIDES_S = 0.3, 3.0

#: Axes nearer to each other than this (cosine) are the same.
SAME_AXIS = 0.985

#: The leg is lifted about the axis seen before, as far as a refined axis moves (cosine).
AGAIN = 0.9


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the leg's motion over a recording.

    Attributes
    ----------
    swing : Swing
    hypothesis : Hypothesis
    score : float
        How much likelier it is than that nobody raised a leg, natural logarithm.
    lever : Lever or None
        Over its repetitions, as far as it is known.
    """

    swing: Swing
    hypothesis: Hypothesis
    score: float
    lever: Lever | None = None

    @property
    def segmentation(self) -> Segmentation:
        """The repetitions, in travel."""
        return self.hypothesis.segmentation

    def travel_deg(self, header: Header) -> FloatArray:
        """The angle counted from the resting end outwards, (n,) degrees, any zero."""
        return np.asarray(self.hypothesis.sign * travel_sign(header) * self.swing.angle_deg)

    @property
    def lifting_axis(self) -> FloatArray:
        """A right-handed turn of the leg about it lifts the leg, (3,), in sensor axes."""
        return self.hypothesis.sign * self.swing.axis


@dataclass(frozen=True, slots=True)
class Choice:
    """The likeliest reading, and how sure it is.

    Attributes
    ----------
    best : Reading or None
        None where the leg did not move.
    is_set : bool
        Whether it is likelier than that nobody raised a leg.
    margin : float
        By how much it is likelier than the next reading with another count.
    other_count : int
        What that one counts.
    """

    best: Reading | None
    is_set: bool
    margin: float
    other_count: int


@dataclass(frozen=True, slots=True)
class Before:
    """What the estimate before this one said of a set that runs.

    Attributes
    ----------
    frame : LegFrame
        Of the leg; a reading that agrees with it is likelier.
    settled : bool
        Whether that was sure enough to look for no other axis.
    """

    frame: LegFrame
    settled: bool


@dataclass(slots=True)
class _Leg:
    """The ankle over the spells, and what was looked up of it before."""

    ankle: GridMotion
    posture: Posture
    turning_dps: FloatArray
    inside: IntArray
    rests: tuple[Rest, ...]
    tilt_deg: FloatArray | None
    pelvis_dps: FloatArray | None
    bounce_mps2: FloatArray | None
    may_walk: BoolArray | None


def choose_reading(
    motion: Motion,
    posture: Posture,
    header: Header,
    settings: Settings,
    leg: LegParams,
    evidence: EvidenceParams,
    before: Before | None = None,
) -> Choice:
    """Weigh every reading of a set.

    Parameters
    ----------
    motion : Motion
    posture : Posture
        Of the same motion.
    header : Header
    settings : Settings
    leg : LegParams
    evidence : EvidenceParams
    before : Before, optional
        Of a set that runs.
    """
    seen = _observe(motion, posture, header)
    if seen is None:
        return Choice(None, False, 0.0, 0)
    if header.exercise in HOLDS:
        return Choice(_unrepeated(seen, header, settings, leg), False, 0.0, 0)
    settled = before is not None and before.settled
    axes = [before.frame.axis] if before is not None and settled else _axes(seen, leg, settings)
    swings: list[_Read] = []
    for axis in axes:
        first = _read(axis, seen, header, settings)
        refined = [] if settled else _refined(first, seen, header, leg)
        for better in refined:
            if _is_new(better, swings):
                swings.append(_read(better, seen, header, settings))
        # a foot that wobbles in each lift would turn the refined axis to itself: the first one is read too,
        # unless it is but the sum of a lift and a roll
        if len(refined) < 2 and _is_new(axis, swings):
            swings.append(first)
    found = [
        _again(reading, before, evidence)
        for read in swings
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
    return Choice(best, best.score > 0.0, float(margin), other)


def _is_new(axis: FloatArray, swings: Sequence[_Read]) -> bool:
    return not any(abs(axis @ other.swing.axis) > SAME_AXIS for other in swings)


def _by_travel(found: Sequence[Reading], header: Header, params: EvidenceParams) -> list[Reading]:
    """The readings, likelier the more of the leg's travel each explains: a raise outdoes a wobble."""
    if "travel" in params.without:
        return list(found)
    usual = [usual_range_deg([rep.range_deg for rep in reading.segmentation.reps]) for reading in found]

    def loss(reading: Reading, size: float) -> float:
        # about the same axis the lift into a high start is no reading of what the leg does there
        same = reading.swing if header.start == "high" else None
        others = [other for one, other in zip(found, usual, strict=True) if one.swing is not same]
        return min(params.travel * float(np.log(max([size, *others]) / size)), params.travel_max)

    return [
        replace(reading, score=reading.score - loss(reading, size))
        for reading, size in zip(found, usual, strict=True)
    ]


def _again(reading: Reading, before: Before | None, params: EvidenceParams) -> Reading:
    """The reading, likelier where it lifts the leg about the axis that was seen before."""
    if before is None or float(reading.lifting_axis @ before.frame.axis) < AGAIN:
        return reading
    return replace(reading, score=reading.score + params.again)


def _unrepeated(seen: _Leg, header: Header, settings: Settings, params: LegParams) -> Reading | None:
    """A leg that goes out and does not come back, as in a hold: from where it rests first, outwards is up.

    What it does before its first rest and after its last is lying down and getting up.
    """
    axis = swing_axis(seen.turning_dps[seen.inside], params)
    if axis is None:
        return None
    swing = _swing(axis, seen, settings)
    angle = swing.angle_deg
    first = seen.rests[0].middle if seen.rests else int(seen.inside[0])
    last = seen.rests[-1].end if len(seen.rests) > 1 else int(seen.inside[-1]) + 1
    away = angle[first:last] - angle[first]
    sign = float(np.sign(away[np.argmax(np.abs(away))])) or 1.0
    resting = sign * float(angle[first])
    nothing = Segmentation((), (), settings.min_range_deg)
    far = resting + float(np.abs(away).max())
    hypothesis = Hypothesis(sign * travel_sign(header), nothing, resting, far, None)
    return Reading(swing, hypothesis, 0.0)


def _observe(motion: Motion, posture: Posture, header: Header) -> _Leg | None:
    ankle = motion.ankle
    if ankle is None or not posture.spells or len(motion) < SHORTEST:
        return None
    inside = np.flatnonzero(in_spells(posture.spells, len(motion)) & np.isfinite(ankle.up[:, 0]))
    if len(inside) == 0:
        return None
    rests = tuple(rests_within(ankle.still, posture.spells))
    pelvis = motion.pelvis
    rate = None if pelvis is None else bridged((pelvis.gyr_dps**2).sum(axis=1))
    bounce = None
    if pelvis is not None and (header.posture == "hanging" or not posture.checked):
        bounce = (pelvis.acc_mps2 * pelvis.up).sum(axis=1)
    tilt = _tilt(motion, posture, header)
    may_walk = _may_walk(bounce, len(motion)) if header.posture == "hanging" else None
    return _Leg(ankle, posture, up_turning_dps(ankle), inside, rests, tilt, rate, bounce, may_walk)


def _may_walk(bounce_mps2: FloatArray | None, count: int) -> BoolArray:
    """When a person on their legs may be walking, (n,): the pelvis is pushed as by steps, or not measured."""
    if bounce_mps2 is None:
        return np.ones(count, bool)
    force = bounce_mps2 - np.nanmedian(bounce_mps2)
    pushed = uniform_filter1d(np.nan_to_num(force) ** 2, round(STRIDES_S * GRID_HZ))
    return np.asarray(~np.isfinite(force) | (pushed > STEP_MPS2**2))


def _tilt(motion: Motion, posture: Posture, header: Header) -> FloatArray | None:
    """Pelvic tilt against the person's own lying (hanging) direction, (n,) degrees; None where unknown."""
    if motion.pelvis is None or posture.lying is None or posture.cranial is None:
        return None
    axes = pelvis_axes_at(posture.lying, posture.cranial, header)
    return tilt_and_rotation(axes, bridged_columns(motion.pelvis.up), header.posture)[0]


def _axes(seen: _Leg, params: LegParams, settings: Settings) -> list[FloatArray]:
    """The axis that the leg turns most about, and the one square to it, where the leg moves about that too.

    A foot that falls outward turns as far and faster than a leg that is lifted by 20 degrees.
    """
    one = swing_axis(seen.turning_dps[seen.inside], params)
    if one is None:
        return []
    up = seen.ankle.up[seen.inside]
    other = cross(unit(up.mean(axis=0)), one)
    other = unit(other)
    angle = np.degrees(np.arcsin(np.clip(up @ cross(unit(up.mean(axis=0)), other), -1.0, 1.0)))
    spans = float(np.ptp(np.percentile(angle, (5.0, 95.0))))
    return [one, other] if spans > settings.min_range_deg else [one]


@dataclass(frozen=True, slots=True)
class _Read:
    """The leg's motion about an axis, and the hypotheses that it allows."""

    swing: Swing
    hypotheses: list[Hypothesis]


def _read(axis: FloatArray, seen: _Leg, header: Header, settings: Settings) -> _Read:
    swing = _swing(axis, seen, settings)
    return _Read(swing, readings(swing, header, settings))


def _refined(first: _Read, seen: _Leg, header: Header, params: LegParams) -> list[FloatArray]:
    """The axes of the lifts that are found about a first one; of a leg that rolls too, that of the roll."""
    largest = max(first.hypotheses, key=lambda one: sum(rep.range_deg for rep in one.segmentation.reps))
    reps = largest.segmentation.reps
    if not reps:
        return []
    axes: Sequence[FloatArray] = ()
    if header.posture == "supine" and header.start == "low":
        axes = lift_and_roll(np.concatenate([seen.turning_dps[rep.ticks] for rep in reps]), params)
    if not axes:
        travel = largest.sign * travel_sign(header) * first.swing.angle_deg
        lifted = travel > largest.level_deg(LIFTED_SHARE)
        turning = [seen.turning_dps[rep.ticks][lifted[rep.ticks]] for rep in reps]
        better = swing_axis(np.concatenate(turning), params)
        axes = () if better is None else (better,)
    return [axis if axis @ first.swing.axis > 0.0 else -axis for axis in axes]


def _swing(axis: FloatArray, seen: _Leg, settings: Settings) -> Swing:
    """The leg's motion about an axis."""
    plane = plane_about(axis, seen.ankle.up[seen.inside[0]])
    angle = angle_about_deg(axis, seen.ankle.up, plane[0])
    turns = []
    for spell in seen.posture.spells:
        finder = TurnFinder(settings.min_range_deg)
        finder.push(spell.start, angle[spell])
        turns.append(finder.turns)
    rests = tuple(sorted([*seen.rests, *_dwells(angle, seen)], key=lambda rest: rest.start))
    turned = _turned_deg(axis, angle, seen)
    return Swing(axis, plane, angle, turned, seen.posture.spells, turns, rests, seen.tilt_deg, seen.may_walk)


def _turned_deg(axis: FloatArray, angle_deg: FloatArray, seen: _Leg) -> FloatArray:
    """How far the gyroscope turned about an axis, summed up, (n,); in holes as the angle changes there."""
    step = np.diff(angle_deg, prepend=angle_deg[:1])
    known = np.isfinite(seen.ankle.gyr_dps[:, 0])
    return np.asarray(np.cumsum(np.where(known, seen.turning_dps @ axis / GRID_HZ, step)))


def _dwells(angle_deg: FloatArray, seen: _Leg) -> list[Rest]:
    """Where a leg that is never still dwells for a second, beside its rests."""
    slow = np.abs(rate_of_change(angle_deg)) < SLOW_DPS
    for rest in seen.rests:
        slow[rest.start : rest.end] = False
    inside = slow & in_spells(seen.posture.spells, len(slow))
    return [Rest(start, end) for start, end in stretches(inside) if end - start >= GRID_HZ]


def _scored(read: _Read, seen: _Leg, header: Header, params: EvidenceParams) -> list[Reading]:
    """Every reading of the swing about an axis, scored."""
    swing = read.swing
    angle, spells = swing.angle_deg, swing.spells
    motion = carried(seen.ankle, swing.axis, SET_CUTOFF_HZ)
    found = []
    for hypothesis in read.hypotheses:
        travel = hypothesis.sign * travel_sign(header) * angle
        likely, lever = _carried_round(hypothesis, travel, motion, params)
        reps = likely.segmentation.reps
        if reps:
            of_pelvis = _shares(reps, angle, seen), _rates(reps, seen), _bounces(reps, seen)
            out_of_level = seen.ankle.up[[rep.far.tick for rep in reps]] @ swing.axis
            observed = Observed(likely, header, angle, spells, lever, *of_pelvis, out_of_level)
            found.append(Reading(swing, likely, score(observed, params), lever))
    return found


def _carried_round(
    hypothesis: Hypothesis, travel_deg: FloatArray, motion: Carried | None, params: EvidenceParams
) -> tuple[Hypothesis, Lever | None]:
    """The hypothesis without what surely was not carried round the hip, and its common lever."""
    reps = hypothesis.segmentation.reps
    if motion is None or not reps:
        return hypothesis, None
    left = travel_deg > hypothesis.level_deg(LEFT_SHARE)
    movements = Movements(motion, [_lift(rep, left) for rep in reps])
    lever, each = movements.common(), movements.each()
    usual = usual_lever_m(each, params.usual_sd_m)
    if lever is None or usual is None or len(reps) < MIN_ALIKE:
        return hypothesis, lever
    length = float(np.linalg.norm(usual))
    if length < MIN_LEVER_M:
        return hypothesis, lever
    along = usual / length
    slid = [one is not None and _slid(one, along, length, params) for one in each]
    if not any(slid) or all(slid):
        return hypothesis, lever
    segmentation = hypothesis.segmentation.without(slid, "not_carried_round_hip")
    return replace(hypothesis, segmentation=segmentation), movements.common([not gone for gone in slid])


def _slid(lever: Lever, along: FloatArray, usual_m: float, params: EvidenceParams) -> bool:
    """Whether a movement rather slid the foot than carried it at the usual lever."""
    length = float(lever.vector_m @ along)
    slid, carries = lever.sd_m**2 + params.slid_sd_m**2, lever.sd_m**2 + params.usual_sd_m**2
    log_ratio = 0.5 * ((length - usual_m) ** 2 / carries - length**2 / slid + np.log(carries / slid))
    return length < usual_m and bool(log_ratio > params.slid_by)


def usual_lever_m(each: Sequence[Lever | None], spread_m: float) -> FloatArray | None:
    """The median of the levers of several movements, the surer the weightier, (3,); None without any.

    A leg that tumbles as it is laid down shows its lever far more sharply than a slow raise does, and would
    outvote all of them in a common fit. They differ by `spread_m` beside what each shows.
    """
    known = [lever for lever in each if lever is not None]
    if not known:
        return None
    weights = np.array([1.0 / (lever.sd_m**2 + spread_m**2) for lever in known])
    vectors = np.array([lever.vector_m for lever in known])
    return np.array([weighted_median(column, weights) for column in vectors.T])


def _lift(rep: Excursion, lifted: BoolArray) -> IntArray:
    """Ticks around the far end of a repetition in which the leg has left its resting end."""
    before = np.flatnonzero(~lifted[rep.near.tick : rep.far.tick])
    after = np.flatnonzero(~lifted[rep.far.tick : rep.back.tick + 1])
    start = rep.near.tick + (int(before[-1]) if len(before) else 0)
    end = rep.far.tick + int(after[0]) if len(after) else rep.back.tick
    return np.arange(start, end + 1)


def _shares(reps: Sequence[Excursion], angle_deg: FloatArray, seen: _Leg) -> FloatArray:
    """Change of pelvic tilt with the leg's angle, one a repetition."""
    if seen.tilt_deg is None:
        return np.empty(0)
    found = []
    for rep in reps:
        leg = angle_deg[rep.ticks] - angle_deg[rep.ticks].mean()
        found.append(float(leg @ seen.tilt_deg[rep.ticks]) / float(leg @ leg))
    return np.array(found)


def _rates(reps: Sequence[Excursion], seen: _Leg) -> FloatArray:
    """RMS angular rate of the pelvis, one a repetition, deg/s."""
    if seen.pelvis_dps is None or not np.isfinite(seen.pelvis_dps[0]):
        return np.empty(0)
    return np.sqrt([seen.pelvis_dps[rep.ticks].mean() for rep in reps])


def _bounces(reps: Sequence[Excursion], seen: _Leg) -> FloatArray:
    """RMS of the force on the pelvis along gravity about its median, one a repetition, m/s²."""
    if seen.bounce_mps2 is None:
        return np.empty(0)
    forces = [seen.bounce_mps2[rep.ticks] for rep in reps]
    measured = [force[np.isfinite(force)] for force in forces]
    return np.array([np.sqrt(np.mean((one - np.median(one)) ** 2)) for one in measured if len(one)])
