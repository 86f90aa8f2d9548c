"""The likeliest reading of a set: every axis the leg may swing about, either sign, weighed by evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.analysis.reps.segmentation import Excursion, Segmentation, usual_range_deg
from imu_reps.analysis.set.evidence import EvidenceParams, Hypothesis, Observed, score, travel_sign
from imu_reps.analysis.set.hypotheses import Swing, weighted_median
from imu_reps.analysis.set.leg import LegFrame, LegParams, swing_axis
from imu_reps.analysis.set.spells import Posture
from imu_reps.analysis.set.swings import (
    SeenLeg,
    SwingReadings,
    askew,
    observe,
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
from imu_reps.kinematics.lever import Carried, Lever, Movements
from imu_reps.kinematics.motion import Motion

#: A lift begins and ends this share of the way from the resting end: a rest may hold anything.
LEFT_SHARE = 0.05

#: Fewer repetitions, or a shorter usual lever, show no swing that slid among them.
MIN_ALIKE, MIN_LEVER_M = 3, 0.3

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
    seen = observe(motion, posture, header)
    if seen is None:
        return Choice(None, False, 0.0, 0)
    if header.exercise in HOLDS:
        return Choice(_unrepeated(seen, header, settings, leg), False, 0.0, 0)
    settled = before.frame if before is not None and before.settled else None
    swings, radius = _swings(settled, seen, header, settings, leg)
    found = [
        _again(reading, before, evidence)
        for read in swings
        for reading in _scored(read, seen, radius, header, evidence)
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


def _swings(
    settled: LegFrame | None, seen: SeenLeg, header: Header, settings: Settings, params: LegParams
) -> tuple[list[SwingReadings], Lever | None]:
    """The leg's motion about every axis in question, and the radius vector if it shows."""
    if settled is None:
        swings = swings_about_any_axis(seen, header, settings, params)
    else:
        swings = [read_swing(swing_about(settled.axis, seen, settings), header, settings)]
    radius = radius_vector(swings, seen, header)
    along = None if radius is None else swing_along(radius, swings, seen, settings, params)
    if along is not None:
        swings.append(read_swing(along, header, settings))
    return swings, radius


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


def _unrepeated(seen: SeenLeg, header: Header, settings: Settings, params: LegParams) -> Reading | None:
    """A leg that goes out and does not come back, as in a hold: from where it rests first, outwards is up.

    What it does before its first rest and after its last is lying down and getting up.
    """
    axis = swing_axis(seen.turning_dps[seen.inside], params)
    if axis is None:
        return None
    swing = swing_about(axis, seen, settings)
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


def _scored(
    read: SwingReadings, seen: SeenLeg, radius: Lever | None, header: Header, params: EvidenceParams
) -> list[Reading]:
    """Every reading of the swing about an axis, scored."""
    swing = read.swing
    angle, spells = swing.angle_deg, swing.spells
    motion = None if seen.carried is None else seen.carried.about(swing.axis)
    found = []
    for hypothesis in read.hypotheses:
        travel = hypothesis.sign * travel_sign(header) * angle
        likely, lever = _carried_round(hypothesis, travel, motion, params)
        reps = likely.segmentation.reps
        if reps:
            of_pelvis = _shares(reps, angle, seen), _rates(reps, seen), _bounces(reps, seen)
            out_of_level = seen.ankle.up[[rep.far.tick for rep in reps]] @ swing.axis
            observed = Observed(
                likely, header, angle, spells, lever, *of_pelvis, out_of_level, askew(swing.axis, radius)
            )
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


def _shares(reps: Sequence[Excursion], angle_deg: FloatArray, seen: SeenLeg) -> FloatArray:
    """Change of pelvic tilt with the leg's angle, one a repetition."""
    if seen.tilt_deg is None:
        return np.empty(0)
    found = []
    for rep in reps:
        leg = angle_deg[rep.ticks] - angle_deg[rep.ticks].mean()
        found.append(float(leg @ seen.tilt_deg[rep.ticks]) / float(leg @ leg))
    return np.array(found)


def _rates(reps: Sequence[Excursion], seen: SeenLeg) -> FloatArray:
    """RMS angular rate of the pelvis, one a repetition, deg/s."""
    if seen.pelvis_dps2 is None or not np.isfinite(seen.pelvis_dps2[0]):
        return np.empty(0)
    return np.sqrt([seen.pelvis_dps2[rep.ticks].mean() for rep in reps])


def _bounces(reps: Sequence[Excursion], seen: SeenLeg) -> FloatArray:
    """RMS of the force on the pelvis along gravity about its median, one a repetition, m/s²."""
    if seen.bounce_mps2 is None:
        return np.empty(0)
    forces = [seen.bounce_mps2[rep.ticks] for rep in reps]
    measured = [force[np.isfinite(force)] for force in forces]
    return np.array([np.sqrt(np.mean((one - np.median(one)) ** 2)) for one in measured if len(one)])
