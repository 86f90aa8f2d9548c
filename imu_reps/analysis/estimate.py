"""The estimate of a set, live and final alike: where it is, what the leg and the pelvis do, what counts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from imu_reps.analysis.reps.segmentation import Segmentation
from imu_reps.analysis.set.evidence import EvidenceParams
from imu_reps.analysis.set.leg import LegParams, up_turning_dps
from imu_reps.analysis.set.leg_frames import LegFrames, leg_frames
from imu_reps.analysis.set.pelvis import PelvisEstimate, estimate_pelvis
from imu_reps.analysis.set.reading import Before, Choice, choose_reading
from imu_reps.analysis.set.spells import Posture, SpellParams, find_posture
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Certainty
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import AngleTrack
from imu_reps.kinematics.lever import Carried, carried
from imu_reps.kinematics.motion import Motion, bridged_columns


@dataclass(frozen=True, slots=True)
class EstimatorParams:
    """Every tuning value of the estimate, by what it belongs to.

    Attributes
    ----------
    spells : SpellParams
    leg : LegParams
    evidence : EvidenceParams
    high_margin, fair_margin : float
        By how much the likeliest reading must be likelier than the next one for its count to be of high, and
        of fair certainty, natural logarithm (ours, calibrated on sets of other people's simulators).
    near_share : float
        A swing this near to what counts, as a share of it, makes the count uncertain.
    """

    spells: SpellParams = field(default_factory=SpellParams)
    leg: LegParams = field(default_factory=LegParams)
    evidence: EvidenceParams = field(default_factory=EvidenceParams)
    high_margin: float = 3.0
    fair_margin: float = 1.0
    near_share: float = 0.15


@dataclass(frozen=True, slots=True)
class LegLine:
    """How the line from hip to ankle stands against gravity: the sine of its elevation.

    The lever tells it whichever way the sensor is strapped on, and whatever the header says: a leg that hangs
    has -1, one that lies about 0, one that points up 1.

    Attributes
    ----------
    near, far : float
        At the end where the leg is taken to rest, and at the other one; the middle one of all excursions.
    """

    near: float
    far: float


#: A lever this long shows where the hip is, if it is known within this share of its length (ours).
CLEAR_LEVER_M, CLEAR_LEVER_SHARE = 0.35, 0.3


@dataclass(frozen=True, slots=True)
class SetEstimate:
    """A set, as far as a motion shows it.

    Attributes
    ----------
    track : AngleTrack
        Over the whole motion.
    posture : Posture
    segmentation : Segmentation
        In travel from the resting end, ticks of the motion.
    leg : LegFrames or None
        None where the leg did not move.
    pelvis : PelvisEstimate
    carried : Carried or None
        How the ankle sensor is carried round the hip.
    certainty : {"high", "fair", "low"} or None
        Of the count; None without an ankle sensor.
    other_count : int or None
        What the count may be otherwise, where it is not certain.
    margin : float
        By how much the reading is likelier than the next one with another count, natural logarithm.
    line : LegLine or None
        How the line from hip to ankle stands; None where the motion does not show where the hip is.
    """

    track: AngleTrack
    posture: Posture
    segmentation: Segmentation
    leg: LegFrames | None
    pelvis: PelvisEstimate
    carried: Carried | None
    certainty: Certainty | None
    other_count: int | None
    margin: float = 0.0
    line: LegLine | None = None


def estimate_set(
    motion: Motion,
    header: Header,
    settings: Settings,
    params: EstimatorParams | None = None,
    before: Before | None = None,
) -> SetEstimate:
    """Estimate a set from the motion of its sensors, causal or acausal alike.

    Parameters
    ----------
    motion : Motion
        Both sensors on the grid.
    header : Header
    settings : Settings
    params : EstimatorParams, optional
    before : Before, optional
        What the estimate before this one said, of a set that runs.
    """
    params = params or EstimatorParams()
    posture = find_posture(motion, header, params.spells)
    choice = choose_reading(motion, posture, header, settings, params.leg, params.evidence, before)
    segmentation = _counted(choice, settings)
    leg = _leg(motion, choice, header, params)
    elevation = np.full(len(motion), np.nan)
    if leg is not None and motion.ankle is not None:
        elevation = leg.elevation_deg(motion.ankle.up, header, params.leg)
    pelvis = estimate_pelvis(motion, posture, elevation, segmentation, leg, header)
    known = motion.ankle is not None
    certainty, other = certainty_of(choice, params) if known else (None, None)
    return SetEstimate(
        track=_track(motion, elevation, pelvis),
        posture=posture,
        segmentation=segmentation,
        leg=leg,
        pelvis=pelvis,
        carried=None if leg is None or motion.ankle is None else carried(motion.ankle, leg.axis),
        certainty=certainty,
        other_count=other,
        margin=choice.margin,
        line=_line(motion, choice),
    )


def _line(motion: Motion, choice: Choice) -> LegLine | None:
    """Of the likeliest reading, whether it is a set or not."""
    lever = None if choice.best is None else choice.best.lever
    if motion.ankle is None or choice.best is None or lever is None:
        return None
    if lever.length_m < CLEAR_LEVER_M or lever.sd_m > CLEAR_LEVER_SHARE * lever.length_m:
        return None
    sine = bridged_columns(motion.ankle.up) @ (lever.vector_m / lever.length_m)
    ends = [(sine[rep.near.tick], sine[rep.far.tick]) for rep in choice.best.segmentation.reps]
    near, far = np.median(ends, axis=0)
    return LegLine(float(near), float(far))


def _counted(choice: Choice, settings: Settings) -> Segmentation:
    """The repetitions, where what was seen is a set at all; what was seen otherwise is told as no lift."""
    if choice.best is None:
        return Segmentation((), (), settings.min_range_deg)
    found = choice.best.segmentation.counted_from(choice.best.hypothesis.resting_deg)
    return found if choice.is_set else found.refused("not_carried_round_hip")


def _leg(motion: Motion, choice: Choice, header: Header, params: EstimatorParams) -> LegFrames | None:
    if motion.ankle is None or choice.best is None:
        return None
    up = bridged_columns(motion.ankle.up)
    return leg_frames(choice.best, up, up_turning_dps(motion.ankle), header, params.leg)


def _track(motion: Motion, elevation_deg: np.ndarray, pelvis: PelvisEstimate) -> AngleTrack:
    nothing, count = np.full(len(motion), np.nan), len(motion)
    sensor = motion.pelvis
    return AngleTrack(
        motion.time_s,
        elevation_deg,
        pelvis.tilt_deg,
        pelvis.rotation_deg,
        np.full((count, 3), np.nan) if sensor is None else sensor.gyr_dps,
        nothing if motion.ankle is None else motion.ankle.impact_mps2,
        np.zeros(count, bool) if sensor is None else sensor.still,
    )


def certainty_of(choice: Choice, params: EstimatorParams) -> tuple[Certainty, int | None]:
    """How sure the count is, and what it may be otherwise.

    By the margin over the likeliest reading with another count, and by swings that are nearly as large as
    what counts, or hardly larger.
    """
    if choice.best is None:
        return "high", None
    found = choice.best.segmentation
    count = len(found.reps) if choice.is_set else 0
    if choice.margin < params.fair_margin:
        return "low", choice.other_count
    if choice.margin < params.high_margin:
        return "fair", choice.other_count
    if not choice.is_set:
        return "high", None
    limit = found.threshold_deg
    over = sum(rep.smaller_way_deg < (1.0 + params.near_share) * limit for rep in found.reps)
    under = sum(
        small.reason == "too_small" and small.excursion.smaller_way_deg > (1.0 - params.near_share) * limit
        for small in found.partials
    )
    if over or under:
        return "fair", count - over if over >= under else count + under
    cut = sum(small.reason == "cut_off" for small in found.partials)
    return ("fair", count + cut) if cut else ("high", None)
