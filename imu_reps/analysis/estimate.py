"""The estimator of a set, live and final alike: posture, angles of leg and pelvis, and repetitions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from imu_reps.analysis.reps.phases import DWELL_TICKS, SLOW_DPS
from imu_reps.analysis.reps.segmentation import Segmentation, lasting
from imu_reps.analysis.set.evidence import FEW_REPS, EvidenceParams, may_be_about_knee
from imu_reps.analysis.set.leg import LegParams
from imu_reps.analysis.set.leg_frames import LegFrames, Slip, leg_frames
from imu_reps.analysis.set.pelvis import PelvisEstimate, estimate_pelvis
from imu_reps.analysis.set.reading import Before, Choice, Reading, choose_reading, shows_hip
from imu_reps.analysis.set.spells import Posture, SpellParams, find_posture, in_spells
from imu_reps.analysis.set.swings import observe
from imu_reps.analysis.set_motion import low_passed, rate_of_change
from imu_reps.domain.recording import Header
from imu_reps.domain.rep import Certainty
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import AngleTrack
from imu_reps.kinematics.lever import ArcMotion, arc_motion, hip_acceleration
from imu_reps.kinematics.motion import Motion, bridged
from imu_reps.kinematics.mounting import pelvis_axes_at
from imu_reps.kinematics.rest import stretches
from imu_reps.kinematics.robust import median

#: Sine of the elevation of the line from hip to ankle below which a leg hangs, and above which it lies:
#: hanging legs have -1 to -0.94, lying ones -0.05 and more (over 33 recordings by other authors and simulated
#: sets).
HANGS, LIES = -0.75, -0.4

#: Swings whose size and time differ by less than this from the usual repetition's, as logarithms, are like it
#: (ours).
LIKE_A_REP = 0.4


@dataclass(frozen=True, slots=True)
class EstimatorParams:
    """Tuning values of the estimator, grouped by stage.

    Attributes
    ----------
    high_margin, fair_margin : float
        Smallest log likelihood ratio of the likeliest reading to the next one with another count, for a count
        of high, and of fair certainty (ours, calibrated on sets of other people's simulators).
    nobody_margin : float
        The same for a high certainty that nobody raised a leg, against a reading with a series of repetitions
        (ours: body swings at the bar make real sets as unlikely as this).
    mirrored_margin : float
        The same to the likeliest reading that lifts the leg the other way, below which no count is certain:
        as many other movements may be counted (ours).
    near_share : float
        A swing this near to the counting threshold, as a share of it, makes the count uncertain.
    hidden_share : float
        A hole in the ankle's samples of this many usual repetitions may hide one, if the leg moves at an end
        of it (ours); if it rests at both, a hole as long as one.
    """

    spells: SpellParams = field(default_factory=SpellParams)
    leg: LegParams = field(default_factory=LegParams)
    evidence: EvidenceParams = field(default_factory=EvidenceParams)
    high_margin: float = 3.0
    fair_margin: float = 1.0
    nobody_margin: float = 6.0
    mirrored_margin: float = 0.5
    near_share: float = 0.15
    hidden_share: float = 0.7


@dataclass(frozen=True, slots=True)
class LegLine:
    """Sine of the elevation of the line from hip to ankle, by the lever.

    It depends neither on how the sensor is strapped on nor on the header: about -1 for a hanging leg, 0 for a
    lying one, 1 for one that points up.

    Attributes
    ----------
    near, far : float
        Median over all excursions, at the end where the leg is taken to rest, and at the other end.
    """

    near: float
    far: float


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A series of raises that is not counted, although it is like the set's; see `analysis.left_out`.

    Attributes
    ----------
    start, end : int
        First and last tick.
    count : int
        Number of raises.
    in_posture : bool
        Whether the pelvis sensor shows the set's posture, so that it is the ankle sensor that turned.
    """

    start: int
    end: int
    count: int
    in_posture: bool


@dataclass(frozen=True, slots=True)
class SetEstimate:
    """A set as estimated from a motion.

    Attributes
    ----------
    track : AngleTrack
        Angles over the whole motion.
    elevation_deg : (n,) float
        Leg elevation, low-passed, holes bridged.
    posture : Posture
        Spells in the posture, and the pelvis's lying direction.
    segmentation : Segmentation
        Repetitions, in travel from the resting end and ticks of the motion.
    leg : LegFrames or None
        Axis and zero of the leg; None if the leg did not move.
    pelvis : PelvisEstimate
        Angles and zero of the pelvis.
    carried : ArcMotion or None
        How the ankle sensor is carried round the hip; None if the leg did not move.
    certainty : {"high", "fair", "low"} or None
        Certainty of the count; None without an ankle sensor.
    other_count : int or None
        The next likeliest count, if the count is not certain.
    margin : float
        Log likelihood ratio of the reading to the next one with another count.
    line : LegLine or None
        Elevation of the line from hip to ankle; None if the motion does not show where the hip is.
    left_out : tuple of LeftOut
        Series of raises that are not counted; looked for in finished recordings only.
    unseen : tuple of slice
        Ticks between which the ankle sensor turned on the leg, perhaps during a raise; likewise.
    belt_turns : tuple of Slip
        Turns of the pelvis sensor on the body, which are turned back; likewise.
    crept_deg : float
        Angle by which the ankle sensor's strap crept round the shank, which is turned back; likewise.
    """

    track: AngleTrack
    elevation_deg: FloatArray
    posture: Posture
    segmentation: Segmentation
    leg: LegFrames | None
    pelvis: PelvisEstimate
    carried: ArcMotion | None
    certainty: Certainty | None
    other_count: int | None
    margin: float = 0.0
    line: LegLine | None = None
    left_out: tuple[LeftOut, ...] = ()
    unseen: tuple[slice, ...] = ()
    belt_turns: tuple[Slip, ...] = ()
    crept_deg: float = 0.0


def estimate_set(
    motion: Motion,
    header: Header,
    settings: Settings,
    params: EstimatorParams | None = None,
    before: Before | None = None,
) -> SetEstimate:
    """Estimate a set from the motion of its sensors, causal or acausal.

    Parameters
    ----------
    motion : Motion
        Both sensors on the grid.
    header : Header
    settings : Settings
    params : EstimatorParams, optional
    before : Before, optional
        The previous estimate of a running set.
    """
    params = params or EstimatorParams()
    posture = find_posture(motion, header, params.spells)
    choice, leg, line = _read_leg(motion, posture, header, settings, params, before)
    segmentation = _counted(choice, settings)
    elevation, carried = np.full(len(motion), np.nan), None
    if leg is not None and motion.ankle is not None:
        elevation = leg.elevation_deg(motion.ankle.up, header, params.leg)
        carried = arc_motion(leg.in_first(motion.ankle), leg.axis, _swinging_hip(motion, posture, header))
    smooth = low_passed(bridged(elevation))
    speed = rate_of_change(smooth)
    pelvis = estimate_pelvis(motion, posture, elevation, speed, segmentation, leg, header)
    certainty, other = (None, None) if motion.ankle is None else certainty_of(choice, params)
    if certainty == "high":
        more = _hidden_count(motion, posture, smooth, speed, segmentation, params)
        more = more or _unproven_count(motion, segmentation)
        if more:
            certainty, other = "fair", len(segmentation.reps) + more
        elif _may_be_another_exercise(choice, line, posture, header, params.evidence):
            certainty, other = "fair", 0
    return SetEstimate(
        track=_track(motion, elevation, pelvis),
        elevation_deg=smooth,
        posture=posture,
        segmentation=segmentation,
        leg=leg,
        pelvis=pelvis,
        carried=carried,
        certainty=certainty,
        other_count=other,
        margin=choice.margin,
        line=line,
    )


def _may_be_another_exercise(
    choice: Choice, line: LegLine | None, posture: Posture, header: Header, params: EvidenceParams
) -> bool:
    """Return whether the leg rather moved about its knee, or in another posture than the header's."""
    lever = choice.best.lever if choice.is_set and choice.best is not None else None
    return contradicts_posture(line, posture, header) or may_be_about_knee(lever, header, params)


def contradicts_posture(line: LegLine | None, posture: Posture, header: Header) -> bool:
    """Return whether a leg hangs in a supine set, or lies in a hanging one, if the pelvis cannot show it."""
    if line is None or (posture.checked and header.pelvis.alignment == "mounted"):
        return False
    lower = min(line.near, line.far)
    return lower > LIES if header.posture == "hanging" else lower < HANGS


def _swinging_hip(motion: Motion, posture: Posture, header: Header) -> FloatArray | None:
    """Return the hip's acceleration in a hang, where the body swings; None lying, or if it is not known."""
    if header.posture != "hanging" or motion.pelvis is None:
        return None
    if posture.lying is None or posture.cranial is None:
        return None
    axes = pelvis_axes_at(posture.lying, posture.cranial, header)
    return hip_acceleration(motion.pelvis, axes.matrix[0])


def _read_leg(
    motion: Motion,
    posture: Posture,
    header: Header,
    settings: Settings,
    params: EstimatorParams,
    before: Before | None,
) -> tuple[Choice, LegFrames | None, LegLine | None]:
    """Return the choice of the leg's likeliest reading, and the leg's frames and line in it."""
    seen = observe(motion, posture, header)
    choice = choose_reading(seen, header, settings, params.leg, params.evidence, before)
    if seen is None or choice.best is None:
        return choice, None, None
    leg = leg_frames(choice.best, seen.up, seen.turning_dps, header, params.leg)
    return choice, leg, _line(seen.up, choice.best)


def _line(up: FloatArray, best: Reading) -> LegLine | None:
    """Return the leg line of the likeliest reading, even if it is no set; None if the hip is unclear."""
    lever, reps = best.lever, best.segmentation.reps
    if not shows_hip(lever):
        return None
    along = lever.vector_m / lever.length_m
    return LegLine(
        median(up[[rep.near.tick for rep in reps]] @ along),
        median(up[[rep.far.tick for rep in reps]] @ along),
    )


def _counted(choice: Choice, settings: Settings) -> Segmentation:
    """Return the repetitions if the motion is a set; otherwise list all excursions as not counted."""
    if choice.best is None:
        return Segmentation((), (), settings.min_range_deg)
    found = choice.best.segmentation.counted_from(choice.best.hypothesis.resting_deg)
    return found if choice.is_set else found.refused("not_carried_round_hip")


def _hidden_count(
    motion: Motion,
    posture: Posture,
    elevation_deg: FloatArray,
    speed_dps: FloatArray,
    segmentation: Segmentation,
    params: EstimatorParams,
) -> int:
    """Return how many holes in the ankle's samples may hide a repetition like those of the set."""
    reps = segmentation.reps
    if motion.ankle is None or not reps:
        return 0
    usual_ticks = median(np.array([np.ptp(lasting(rep, elevation_deg)) for rep in reps]))
    lost = ~np.isfinite(motion.ankle.up[:, 0]) & in_spells(posture.spells, len(motion))
    hidden = 0
    for start, end in stretches(lost, shortest=max(1, int(params.hidden_share * usual_ticks))):
        ends = slice(max(0, start - DWELL_TICKS), start), slice(end, end + DWELL_TICKS)
        moves = any(np.abs(speed_dps[piece]).mean() > SLOW_DPS for piece in ends if len(speed_dps[piece]))
        hidden += moves or end - start >= usual_ticks
    return hidden


def _unproven_count(motion: Motion, segmentation: Segmentation) -> int:
    """Return how many swings that do not count are as large and long as repetitions, without a pelvis sensor.

    A leg that is carried round a hip that moves looks like one that is not.
    """
    reps = segmentation.reps
    if motion.pelvis is not None or len(reps) < FEW_REPS:
        return 0
    swings = [part.excursion for part in segmentation.partials if part.reason == "not_carried_round_hip"]
    of_reps, of_swings = (
        np.array([(one.smaller_way_deg, one.back.tick - one.near.tick) for one in some]).reshape(-1, 2)
        for some in (reps, swings)
    )
    differs = np.log(of_swings / np.median(of_reps, axis=0))
    return int((np.abs(differs) < LIKE_A_REP).all(axis=1).sum())


def _track(motion: Motion, elevation_deg: FloatArray, pelvis: PelvisEstimate) -> AngleTrack:
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
    """Return the certainty of the count, and the next likeliest count or None.

    It depends on the margins over the likeliest reading with another count and over that of the other
    direction, on swings just under or just over the counting threshold, and on the way into and out of a
    high start.
    """
    if choice.best is None:
        return "high", None
    found = choice.best.segmentation
    count = len(found.reps) if choice.is_set else 0
    if choice.is_set and choice.mirrored_margin < params.mirrored_margin:
        return "low", None
    if choice.margin < params.high_margin:
        return "low" if choice.margin < params.fair_margin else "fair", choice.other_count
    if not choice.is_set:
        doubtful = choice.other_count >= FEW_REPS and choice.margin < params.nobody_margin
        return ("fair", choice.other_count) if doubtful else ("high", None)
    nearly = [part.reason for part in found.nearly_counted(params.near_share)]
    over, under = len(found.hardly_counted(params.near_share)), nearly.count("too_small")
    if over or under:
        return "fair", count - over if over >= under else count + under
    more = choice.best.undecided or nearly.count("cut_off")
    return ("fair", count + more) if more else ("high", None)
