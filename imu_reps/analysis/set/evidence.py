"""Evidence for and against a reading of a set, term by term.

Every term is the natural logarithm of how much likelier it makes a hypothesis than that nobody raised a leg.
It is bounded, so that none can veto alone, and 0 where it does not apply.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.reps.segmentation import Excursion, usual_range_deg
from imu_reps.analysis.set.hypotheses import Hypothesis
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.lever import Lever
from imu_reps.kinematics.robust import mad_sd, median

#: Fewest repetitions that form a series.
FEW_REPS = 3


@dataclass(frozen=True, slots=True)
class EvidenceParams:
    """Scales and bounds of the evidence.

    Attributes
    ----------
    lever_m, lever_sd_m : float
        Length from the hip to the ankle sensor, and its standard deviation: 0.53 of the stature less the
        height of the strap (Drillis and Contini, 1966), less the give of a knee; the deviation includes the
        direction's error.
    lever_hanging_sd_m, across_hanging_sd_m : float
        The same deviation hanging, where a body that swings at the bar lengthens the lever, and across it.
    slid_sd_m : float
        Apparent lever of a foot that slides (measured on simulated fidgets: up to 0.2 m).
    knee_m, knee_sd_m : float
        Length from the knee to the ankle sensor, 0.246 of the stature (Drillis and Contini, 1966) less the
        height of the strap, and its standard deviation: a shank that turns about a knee that stays (seated
        knee extensions, leg curls) has 0.31 to 0.41 m, raises of three other authors at least 0.6 m.
    lever_max : float
        Bound of the lever's evidence.
    arc_share, arc_sd, arc_max : float
        Share of a hanging ankle's acceleration that an arc round the hip explains, above which it is evidence
        of raises; the difference that is one unit of it, and its bound (ours: 0.8 to 1 in raises of three
        simulators, less where a pelvis whips; 0.46 to 0.63 in measured climbing, under 0.1 in a measured
        walk).
    usual_sd_m : float
        Spread of the levers of one set's repetitions, in addition to the uncertainty of each (0.02 to 0.1 in
        simulated sets by four authors).
    slid_by : float
        Log likelihood ratio of a slid foot to the usual lever above which a swing does not count (ours:
        raises need no proof).
    joined_slid_by : float
        The same of a swing next to one that slid, without a pause between them: even odds (ours, simulated:
        0.9 to 2.9 in pedalling, up to -2.1 in raises).
    outermost_slid_by : float
        The same in one way of the first or the last swing of a high start, which may be the lift into it or
        the lowering out of it (ours: less proof, since both do happen in every such set).
    undecided_by : float
        Distance from that limit within which such a swing leaves the count undecided (ours: even odds at one
        end, `slid_by` at the other).
    unlike : float
        Uncertainty of a swing's lever, as a multiple of the set's usual one, above which the swing leaves the
        count undecided (of 6686 raises by two simulators 99.9 % have up to 4.5, all up to 7.6; knees drawn up
        and pedalling 8 to 20). Of 630 sets with everyday movements 60 are wrong at 6, 8 and 10, of these 4,
        4 and 5 for certain, and 75, 75 and 74 fair.
    size_deg, size_log_sd, size_max : float
        Usual range of a leg raise, its standard deviation as a logarithm, and the bound of its evidence (the
        coaching texts ask for 20 to 90 degrees).
    share_sd : float
        Standard deviation of pelvic tilt in step with the leg for other reasons, degrees per degree (ours).
    share_max : float
        Bound of the evidence of the pelvis's share.
    whole_body, whole_body_max : float
        Share of the leg's way above which a hanging pelvis swings with it, as a body on a bar; bound of this
        evidence (ours: raises have up to 0.6).
    rigid_share, apart_share : float
        Difference of a hanging pelvis's swing from the leg's, as a share of it, below which the whole body
        swings at the bar and no leg is raised, and from which it does not swing (ours, simulated: 0.01 to
        0.11 in swings, 0.23 to 0.7 with the knees drawn up, over 0.5 in raises).
    end_max : float
        Bound of the evidence of either end of the recording.
    end_share : float
        Levels nearer to each other than this share of the usual range are the same.
    end_rest_s : float
        Length of a rest that gives half of the evidence of an end.
    calm_dps, calm_max : float
        Typical angular rate of a hanging pelvis, and the bound of its evidence. Swinging hangs have up to 25,
        climbing 80 (both measured).
    bounce_mps2, bounce_hanging_mps2, bounce_max : float
        Vertical acceleration (RMS) of a pelvis whose posture is unknown, and of one that hangs, which raises
        with momentum shake (ours); bound of this evidence. Walking gives 1 to 3 (Menz, Lord and Fitzpatrick,
        2003), raises 0.02 to 0.4 (simulated by four authors).
    alike_share : float
        Largest relative difference from the usual range of repetitions that are alike (ours).
    regular_each, regular_max : float
        Evidence of each repetition that is like the others, except the first, and its bound (ours).
    few : float
        Evidence of only one or two swings against a set: a knee is drawn up once or twice (ours; at 0.4 one
        of 24 sets without a raise counts 2, with low certainty).
    stride_s, slow_stride_s, stride_each, stride_max : float
        A stride takes up to 1.6 s at a slow walk, 2 s in a small room (Bohannon, 1997); evidence of each
        repetition as short as the first against a reading, falling to 0 at the second, and its bound.
    level_sd, level_max : float
        Sine of the angle between the axis of a lift and the level at its far end, by a hip that abducts and a
        pelvis that rolls (ours: 15 degrees), and the bound of its evidence.
    prior : float
        Prior of a set: the recording was made as one, but may hold none.
    travel, travel_max : float
        Loss of a reading for each e-fold of its usual range under that of the largest reading, and its bound.
    again : float
        Gain of a reading that agrees with the previous estimate of a running set.
    without : frozenset of str
        Names of terms left out, to measure what each contributes.
    """

    lever_m: float = 0.62
    lever_sd_m: float = 0.2
    lever_hanging_sd_m: float = 0.4
    across_hanging_sd_m: float = 0.25
    slid_sd_m: float = 0.12
    knee_m: float = 0.35
    knee_sd_m: float = 0.05
    lever_max: float = 8.0
    arc_share: float = 0.77
    arc_sd: float = 0.045
    arc_max: float = 4.0
    usual_sd_m: float = 0.1
    slid_by: float = 3.0
    joined_slid_by: float = 0.0
    outermost_slid_by: float = 1.0
    undecided_by: float = 2.0
    unlike: float = 8.0
    size_deg: float = 40.0
    size_log_sd: float = 0.8
    size_max: float = 2.0
    share_sd: float = 0.15
    share_max: float = 4.0
    whole_body: float = 0.7
    whole_body_max: float = 8.0
    rigid_share: float = 0.15
    apart_share: float = 0.2
    end_max: float = 1.25
    end_share: float = 0.25
    end_rest_s: float = 1.0
    calm_dps: float = 20.0
    calm_max: float = 5.0
    bounce_mps2: float = 0.7
    bounce_hanging_mps2: float = 1.3
    bounce_max: float = 4.0
    alike_share: float = 0.3
    regular_each: float = 0.9
    regular_max: float = 3.6
    few: float = 0.5
    stride_s: float = 1.7
    slow_stride_s: float = 2.1
    stride_each: float = 0.7
    stride_max: float = 5.0
    level_sd: float = 0.25
    level_max: float = 3.0
    prior: float = -1.5
    travel: float = 1.5
    travel_max: float = 3.0
    again: float = 2.0
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Observed:
    """A reading of a set with the observations that speak for or against it.

    Attributes
    ----------
    hypothesis : Hypothesis
        The reading.
    header : Header
    angle_deg : (n,) float
        The leg's angle about its axis, of either sign.
    spells : tuple of slice
        Stretches in the posture.
    lever : Lever or None
        Common lever of the repetitions; None if unknown.
    tilt_shares : (reps,) float
        Change of pelvic tilt with the leg's angle, degrees per degree; empty if unknown.
    with_body : (reps,) float
        Share of the leg's swing that the pelvis makes with it, hanging; empty if unknown, or not hanging.
    pelvis_dps : (reps,) float
        RMS angular rate of the pelvis; empty if unknown.
    bounces_mps2 : (reps,) float
        RMS of the pelvis's specific force along gravity about its median; empty if lying with known posture.
    out_of_level : (reps,) float
        Sine of the angle between the axis and the level at each far end.
    explained : float or None
        Share of the acceleration of a hanging ankle that an arc round the hip explains; None if not known.
    """

    hypothesis: Hypothesis
    header: Header
    angle_deg: FloatArray
    spells: tuple[slice, ...]
    lever: Lever | None
    tilt_shares: FloatArray
    with_body: FloatArray
    pelvis_dps: FloatArray
    bounces_mps2: FloatArray
    out_of_level: FloatArray
    explained: float | None = None

    @property
    def reps(self) -> tuple[Excursion, ...]:
        """The repetitions of the reading."""
        return self.hypothesis.segmentation.reps


def lever_term(seen: Observed, params: EvidenceParams) -> float:
    """Score how well the lever matches a leg that points where the hypothesis implies.

    The alternatives are a foot that is not carried round the hip (a heel that slides, a knee that bends), and
    one carried in any direction.
    """
    lever, leg_axis = seen.lever, seen.hypothesis.leg_axis
    if leg_axis is None or lever is None:
        return 0.0
    hanging = seen.header.posture == "hanging"
    vector = lever.vector_m
    if len(seen.with_body) and median(seen.with_body) < 1.0 - params.apart_share:
        # the body does not swing: who draws the knees up carries the ankle further than the shank turns
        longest_m = params.lever_m + params.lever_hanging_sd_m
        vector = vector * (longest_m / max(lever.length_m, longest_m))
    length = float(vector @ leg_axis)
    across = vector - length * leg_axis
    along_sd, across_sd = (
        (params.lever_hanging_sd_m, params.across_hanging_sd_m) if hanging else (params.lever_sd_m,) * 2
    )
    variances = (lever.sd_m**2 + along_sd**2, lever.sd_m**2 + across_sd**2)
    squares = ((length - params.lever_m) ** 2, float(across @ across))
    leg = _log_normal(squares, variances)
    whole = float(vector @ vector)
    slid = _log_normal((whole, 0.0), (lever.sd_m**2 + params.slid_sd_m**2,) * 2)
    anyhow = _log_normal((whole, 0.0), (lever.sd_m**2 + params.lever_m**2,) * 2)
    against = float(np.logaddexp(slid, anyhow)) - math.log(2.0)
    return _bounded(leg - against, -params.lever_max, params.lever_max)


def arc_term(seen: Observed, params: EvidenceParams) -> float:
    """Score how well an arc round the hip explains a hanging ankle: a step is not carried round one point.

    Little explained is no evidence against raises: while walking to the bar is among them, there is little.
    """
    if seen.explained is None:
        return 0.0
    return _bounded((seen.explained - params.arc_share) / params.arc_sd, 0.0, params.arc_max)


def may_be_about_knee(lever: Lever | None, header: Header, params: EvidenceParams) -> bool:
    """Return whether rather a shank turned about a still knee, as in leg curls, than a leg about its hip.

    Heel taps are done with the knees bent, which shortens their lever. Nothing else tells the two apart; a
    leg stretched on its way up has such a lever too.
    """
    if lever is None or header.exercise == "heel_tap":
        return False
    knee, leg = (
        _log_normal(((lever.length_m - usual_m) ** 2,), (lever.sd_m**2 + sd_m**2,))
        for usual_m, sd_m in ((params.knee_m, params.knee_sd_m), (params.lever_m, params.lever_sd_m))
    )
    return knee > leg


def _bounded(value: float, minimum: float, maximum: float) -> float:
    return min(max(value, minimum), maximum)


def _log_normal(squares: Sequence[float], variances: Sequence[float]) -> float:
    """Return the log density of a normal vector, by its squared components and their variances."""
    far = sum(square / variance for square, variance in zip(squares, variances, strict=True))
    return -0.5 * (far + math.log(math.prod(2.0 * math.pi * variance for variance in variances)))


def size_term(seen: Observed, params: EvidenceParams) -> float:
    """Score the usual range: a leg is raised by tens of degrees, small swings are rather something else."""
    usual = usual_range_deg([rep.range_deg for rep in seen.reps])
    if usual <= 0.0:
        return 0.0
    octaves = math.log(usual / params.size_deg) / params.size_log_sd
    return max(-0.5 * octaves**2, -params.size_max)


def share_term(seen: Observed, params: EvidenceParams) -> float:
    """Score the pelvis's tilt in step with the leg: back as the leg rises, less than if the body swings."""
    shares = seen.hypothesis.sign * seen.tilt_shares
    if len(shares) == 0:
        return 0.0
    usual = median(shares)
    spread = math.hypot(mad_sd(shares, usual), params.share_sd)
    times = math.sqrt(len(shares)) / spread
    if seen.header.posture == "hanging":
        return _bounded((params.whole_body - abs(usual)) * times, -params.whole_body_max, 0.0)
    # tipping back proves no raise, since a knee drawn up tips the pelvis too; tipping forward speaks against
    # one
    return _bounded(-usual * times, -params.share_max, 0.0)


def regular_term(seen: Observed, params: EvidenceParams) -> float:
    """Score regularity: many repetitions of one size are unlikely to be chance."""
    ranges = [rep.range_deg for rep in seen.reps]
    if not ranges:
        return 0.0
    usual, limit = usual_range_deg(ranges), 1.0 + params.alike_share
    alike = sum(usual / limit < range_deg < usual * limit for range_deg in ranges)
    few = params.few if len(ranges) < FEW_REPS else 0.0
    return min(params.regular_each * (alike - 1), params.regular_max) - few


def pace_term(seen: Observed, params: EvidenceParams) -> float:
    """Score the pace when hanging, where the leg hangs as in walking: raises are not as short as strides."""
    if seen.header.posture != "hanging":
        return 0.0
    slack_s = params.slow_stride_s - params.stride_s
    lasted_s = [(rep.back.tick - rep.near.tick) / GRID_HZ for rep in seen.reps]
    quick = sum(_bounded((params.slow_stride_s - one) / slack_s, 0.0, 1.0) for one in lasted_s)
    # without vertical acceleration of the pelvis the person does not walk
    pushed = median(seen.bounces_mps2) / params.bounce_mps2 if len(seen.bounces_mps2) else 1.0
    return max(-params.stride_each * quick * min(pushed, 1.0), -params.stride_max)


def ends_term(seen: Observed, params: EvidenceParams) -> float:
    """Score whether the leg is at its resting end, not at the far one, before and after the repetitions."""
    reps, hypothesis = seen.reps, seen.hypothesis
    if not reps:
        return 0.0
    direction, way_deg = (
        hypothesis.sign * seen.header.travel_sign,
        hypothesis.far_deg - hypothesis.resting_deg,
    )
    hanging = seen.header.posture == "hanging"
    first = next(spell for spell in seen.spells if reps[0].far.tick < spell.stop)
    last = next(spell for spell in seen.spells if reps[-1].far.tick < spell.stop)
    outside = (
        (np.arange(reps[0].far.tick, first.start - 1, -1), reps[0].far.tick - reps[0].near.tick),
        (np.arange(reps[-1].far.tick, last.stop), reps[-1].back.tick - reps[-1].far.tick),
    )
    evidence = 0.0
    for ticks, way in outside:
        where = (direction * seen.angle_deg[ticks] - hypothesis.resting_deg) / way_deg
        # a lying shank below the floor belongs to a bent knee: that leg rests too
        resting = (np.abs(where) if hanging else where) < params.end_share
        since = way if hanging or not resting.any() else min(int(resting.argmax()), way)
        resting_s = np.count_nonzero(resting[since:]) / GRID_HZ
        far_s = np.count_nonzero(np.abs(where[since:] - 1.0) < params.end_share) / GRID_HZ
        # in a high start the legs lie on the floor before and after: that is no evidence against it
        against_s = 0.0 if seen.header.start == "high" else far_s
        evidence += params.end_max * (resting_s - against_s) / (resting_s + far_s + params.end_rest_s)
    return evidence


def calm_term(seen: Observed, params: EvidenceParams) -> float:
    """Score how calm the pelvis is when hanging: it turns slowly at the bar, but not while climbing."""
    rates = seen.pelvis_dps
    if len(rates) == 0 or seen.header.posture != "hanging":
        return 0.0
    return max(-0.5 * (median(rates) / params.calm_dps) ** 2, -params.calm_max)


def bounce_term(seen: Observed, params: EvidenceParams) -> float:
    """Score the pelvis's vertical acceleration, if hanging or its posture is unknown: steps accelerate it."""
    bounces = seen.bounces_mps2
    if len(bounces) == 0:
        return 0.0
    scale = params.bounce_hanging_mps2 if seen.header.posture == "hanging" else params.bounce_mps2
    return max(-0.5 * (median(bounces) / scale) ** 2, -params.bounce_max)


def level_term(seen: Observed, params: EvidenceParams) -> float:
    """Score whether the axis is level, as in a lift, however the foot is turned."""
    out = seen.out_of_level[np.isfinite(seen.out_of_level)]
    if len(out) == 0:
        return 0.0
    return max(-0.5 * (median(np.abs(out)) / params.level_sd) ** 2, -params.level_max)


#: All terms, by name.
TERMS: dict[str, Callable[[Observed, EvidenceParams], float]] = {
    "lever": lever_term,
    "arc": arc_term,
    "pelvic_share": share_term,
    "ends": ends_term,
    "calm_pelvis": calm_term,
    "bouncing_pelvis": bounce_term,
    "size": size_term,
    "regular": regular_term,
    "pace": pace_term,
    "level": level_term,
}


def score(seen: Observed, params: EvidenceParams) -> float:
    """Return the log likelihood ratio of a reading to nobody raising a leg: the prior plus all terms."""
    return params.prior + sum(
        says(seen, params) for name, says in TERMS.items() if name not in params.without
    )
