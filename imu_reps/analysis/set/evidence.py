"""Evidence: what speaks for and against a reading of a set, term by term.

Every term gives how much likelier it makes a hypothesis than that nobody raised a leg (natural logarithm),
bounded, so that none can veto alone; where it has nothing to say it is silent (0).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.reps.segmentation import Excursion, Segmentation, usual_range_deg
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.lever import Lever

#: Fewer repetitions are no row.
FEW_REPS = 3


@dataclass(frozen=True, slots=True)
class EvidenceParams:
    """Scales of the evidence.

    Attributes
    ----------
    lever_m, lever_sd_m : float
        From the hip to the ankle sensor, and its spread: 0.53 of the stature less the height of the strap
        (Drillis and Contini, 1966), less what a knee gives; the spread holds the direction's error too.
    lever_hanging_sd_m : float
        The same hanging, where a body that swings at the bar lengthens it.
    slid_sd_m : float
        How far a foot that slides seems to be carried (measured on simulated fidgets: up to 0.2 m).
    lever_max : float
        Most that the lever may say.
    usual_sd_m : float
        How much the levers of one set's repetitions differ beside what each shows (0.02 to 0.1 in simulated
        sets by four authors).
    slid_by : float
        By so much a swing's own lever must rather be that of a foot that slid than the usual one, for the
        swing not to count (ours: no raise is asked to prove itself).
    size_deg, size_log_sd, size_max : float
        Usual range of a leg raise, its spread as a logarithm, and the most that the size may say (the
        coaching texts ask for 20 to 90 degrees).
    share_sd : float
        What a pelvis may do in step with the leg by other reasons, degrees a degree (ours).
    share_max : float
        Most that the pelvis's share may say.
    whole_body, whole_body_max : float
        A hanging pelvis that turns by this share of the leg's way and more swings with it, as a body on a
        bar; the most that this may say (ours: raises have up to 0.6).
    end_max : float
        Most that either end of the recording may say.
    end_share : float
        Levels nearer than this share of the usual range are the same.
    end_rest_s : float
        A rest this long says half of what an end can say.
    calm_dps, calm_max : float
        What a hanging pelvis turns at by and large, and the most that this may say. Swinging hangs have up to
        25, climbing 80 (both measured).
    bounce_mps2, bounce_hanging_mps2, bounce_max : float
        How hard a pelvis whose posture nobody knows may be pushed up and down (RMS along gravity), and one
        that hangs, which raises with momentum shake (ours); the most that this may say. Walking gives 1 to 3
        (Menz, Lord and Fitzpatrick, 2003), raises 0.02 to 0.4 (simulated by four authors).
    alike_share : float
        Repetitions whose ranges differ from the usual one by less are alike (ours).
    regular_each, regular_max : float
        What each repetition that is like the others says, the first aside, and the most (ours).
    few : float
        What one or two swings alone say against a set: a knee is drawn up once or twice (ours).
    stride_s, slow_stride_s, stride_each, stride_max : float
        A stride takes up to 1.6 s at a slow walk, 2 s in a small room (Bohannon, 1997); what each repetition
        within the first says against a reading, less up to the second, and the most that they say together.
    level_sd, level_max : float
        Sine of the angle by which the axis of a lift is out of the level at its far end, by a hip that
        abducts and a pelvis that rolls (ours: 15 degrees), and the most that this may say.
    square_sd, square_max : float
        Sine of the angle by which a swing's axis is not square to the radius vector, by what both may be
        wrong (ours: 12 degrees), and the most that this may say.
    prior : float
        Somebody recorded this as a set.
    travel, travel_max : float
        What a reading loses for each e-fold that its usual range is under the largest reading's, and at most.
    again : float
        What speaks for a reading that agrees with the estimate before, of a set that runs.
    without : frozenset of str
        Names of terms left out, to see what each is worth.
    """

    lever_m: float = 0.62
    lever_sd_m: float = 0.25
    lever_hanging_sd_m: float = 0.4
    slid_sd_m: float = 0.12
    lever_max: float = 8.0
    usual_sd_m: float = 0.1
    slid_by: float = 3.0
    size_deg: float = 40.0
    size_log_sd: float = 0.8
    size_max: float = 2.0
    share_sd: float = 0.15
    share_max: float = 4.0
    whole_body: float = 0.7
    whole_body_max: float = 8.0
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
    few: float = 0.4
    stride_s: float = 1.7
    slow_stride_s: float = 2.1
    stride_each: float = 0.7
    stride_max: float = 5.0
    level_sd: float = 0.25
    level_max: float = 3.0
    square_sd: float = 0.2
    square_max: float = 4.0
    prior: float = -1.5
    travel: float = 1.5
    travel_max: float = 3.0
    again: float = 2.0
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One reading of a set.

    Attributes
    ----------
    sign : float
        +1 where the angle grows upwards.
    segmentation : Segmentation
        In travel, ticks of the motion.
    resting_deg : float
        Travel at the resting end.
    far_deg : float
        Travel at the far end.
    leg_axis : (3,) float or None
        Unit vector from the hip to the foot in sensor axes, as this reading has it; None: it says nothing.
    """

    sign: float
    segmentation: Segmentation
    resting_deg: float
    far_deg: float
    leg_axis: FloatArray | None

    def level_deg(self, share: float) -> float:
        """Travel at a share of the way from the resting to the far end."""
        return self.resting_deg + share * (self.far_deg - self.resting_deg)


@dataclass(frozen=True, slots=True)
class Observed:
    """What a reading of a set is held against.

    Attributes
    ----------
    hypothesis : Hypothesis
        The reading itself.
    header : Header
    angle_deg : (n,) float
        Of the leg, either sense.
    spells : tuple of slice
    lever : Lever or None
        Over the repetitions, as far as it is known.
    tilt_shares : (reps,) float
        Change of pelvic tilt with the leg's angle; empty where not known.
    pelvis_dps : (reps,) float
        RMS angular rate of the pelvis; empty where not known.
    bounces_mps2 : (reps,) float
        RMS of the force on the pelvis along gravity about its median; empty where its posture is known.
    out_of_level : (reps,) float
        Sine of the angle between the axis and the level at each far end.
    askew : float
        Sine of the angle by which the axis is not square to the radius vector; 0 where that is not known.
    """

    hypothesis: Hypothesis
    header: Header
    angle_deg: FloatArray
    spells: tuple[slice, ...]
    lever: Lever | None
    tilt_shares: FloatArray
    pelvis_dps: FloatArray
    bounces_mps2: FloatArray
    out_of_level: FloatArray
    askew: float

    @property
    def reps(self) -> tuple[Excursion, ...]:
        """The repetitions of the reading."""
        return self.hypothesis.segmentation.reps


def lever_term(seen: Observed, params: EvidenceParams) -> float:
    """The ankle is carried round the hip at the end of a leg that points where the hypothesis says.

    Against it stands a foot that is not carried at all (a heel that slides, a knee that bends), or anyhow.
    """
    lever, leg_axis = seen.lever, seen.hypothesis.leg_axis
    if leg_axis is None or lever is None:
        return 0.0
    length = float(lever.vector_m @ leg_axis)
    aside = lever.vector_m - length * leg_axis
    hanging = seen.header.posture == "hanging"
    along_sd = params.lever_hanging_sd_m if hanging else params.lever_sd_m
    variances = (lever.sd_m**2 + along_sd**2, lever.sd_m**2 + params.lever_sd_m**2)
    squares = ((length - params.lever_m) ** 2, float(aside @ aside))
    leg = _log_normal(squares, variances)
    whole = float(lever.vector_m @ lever.vector_m)
    slid = _log_normal((whole, 0.0), (lever.sd_m**2 + params.slid_sd_m**2,) * 2)
    anyhow = _log_normal((whole, 0.0), (lever.sd_m**2 + params.lever_m**2,) * 2)
    against = np.logaddexp(slid, anyhow) - np.log(2.0)
    return float(np.clip(leg - against, -params.lever_max, params.lever_max))


def _log_normal(squares: tuple[float, float], variances: tuple[float, float]) -> float:
    """Log density of a normal vector in a plane, by its squared components and their variances."""
    one, other = variances
    return -0.5 * (squares[0] / one + squares[1] / other + float(np.log(4.0 * np.pi**2 * one * other)))


def size_term(seen: Observed, params: EvidenceParams) -> float:
    """A leg is usually raised by tens of degrees; small swings are rather something else."""
    usual = usual_range_deg([rep.range_deg for rep in seen.reps])
    if usual <= 0.0:
        return 0.0
    octaves = np.log(usual / params.size_deg) / params.size_log_sd
    return max(-0.5 * float(octaves) ** 2, -params.size_max)


def share_term(seen: Observed, params: EvidenceParams) -> float:
    """The pelvis tips back as the leg rises."""
    shares = seen.hypothesis.sign * seen.tilt_shares
    if len(shares) == 0:
        return 0.0
    middle = float(np.median(shares))
    spread = np.hypot(1.4826 * float(np.median(np.abs(shares - middle))), params.share_sd)
    if seen.header.posture == "hanging":
        whole = (abs(middle) - params.whole_body) * np.sqrt(len(shares)) / float(spread)
        return float(np.clip(-whole, -params.whole_body_max, 0.0))
    clear = middle * np.sqrt(len(shares)) / float(spread)
    # a pelvis that tips back proves no raise, for a knee drawn up tips it too; forward speaks against one
    return float(np.clip(-clear, -params.share_max, 0.0))


def regular_term(seen: Observed, params: EvidenceParams) -> float:
    """Repetitions are alike: the more of a size, the less they are chance."""
    ranges = np.array([rep.range_deg for rep in seen.reps])
    if len(ranges) == 0:
        return 0.0
    alike = np.abs(np.log(ranges / usual_range_deg(ranges.tolist()))) < np.log1p(params.alike_share)
    few = params.few if len(ranges) < FEW_REPS else 0.0
    return min(params.regular_each * float(alike.sum() - 1), params.regular_max) - few


def pace_term(seen: Observed, params: EvidenceParams) -> float:
    """Where a leg hangs as in walking: nobody raises and lowers it within a stride, over and over."""
    if seen.header.posture != "hanging":
        return 0.0
    lasted_s = np.array([rep.back.tick - rep.near.tick for rep in seen.reps]) / GRID_HZ
    quick = np.clip((params.slow_stride_s - lasted_s) / (params.slow_stride_s - params.stride_s), 0.0, 1.0)
    # a pelvis that nothing pushes up and down does not walk
    pushed = float(np.median(seen.bounces_mps2)) / params.bounce_mps2 if len(seen.bounces_mps2) else 1.0
    return max(-params.stride_each * float(quick.sum()) * min(pushed, 1.0), -params.stride_max)


def ends_term(seen: Observed, params: EvidenceParams) -> float:
    """Before its first and after its last repetition a set is at its resting end, not at the far one."""
    reps, hypothesis = seen.reps, seen.hypothesis
    if not reps:
        return 0.0
    travel = hypothesis.sign * travel_sign(seen.header) * seen.angle_deg
    where = (travel - hypothesis.resting_deg) / (hypothesis.far_deg - hypothesis.resting_deg)
    first = next(spell for spell in seen.spells if reps[0].far.tick < spell.stop)
    last = next(spell for spell in seen.spells if reps[-1].far.tick < spell.stop)
    evidence = 0.0
    for outside in (where[first.start : reps[0].near.tick + 1], where[reps[-1].back.tick : last.stop]):
        resting_s = float((np.abs(outside) < params.end_share).sum()) / GRID_HZ
        far_s = float((np.abs(outside - 1.0) < params.end_share).sum()) / GRID_HZ
        # who starts high lies on the floor before and after: that end says nothing against it
        against_s = 0.0 if seen.header.start == "high" else far_s
        evidence += params.end_max * (resting_s - against_s) / (resting_s + far_s + params.end_rest_s)
    return evidence


def calm_term(seen: Observed, params: EvidenceParams) -> float:
    """Where a leg hangs as in walking: a pelvis that hangs turns slowly meanwhile, a climber's does not."""
    rates = seen.pelvis_dps
    if len(rates) == 0 or seen.header.posture != "hanging":
        return 0.0
    return max(-0.5 * (float(np.median(rates)) / params.calm_dps) ** 2, -params.calm_max)


def bounce_term(seen: Observed, params: EvidenceParams) -> float:
    """Where nobody knows whether the pelvis lies: one that does is not pushed up and down as by steps."""
    bounces = seen.bounces_mps2
    if len(bounces) == 0:
        return 0.0
    scale = params.bounce_hanging_mps2 if seen.header.posture == "hanging" else params.bounce_mps2
    return max(-0.5 * (float(np.median(bounces)) / scale) ** 2, -params.bounce_max)


def level_term(seen: Observed, params: EvidenceParams) -> float:
    """A lying or hanging leg is lifted about a level axis, however the foot is turned."""
    out = seen.out_of_level[np.isfinite(seen.out_of_level)]
    if len(out) == 0:
        return 0.0
    return max(-0.5 * (float(np.median(np.abs(out))) / params.level_sd) ** 2, -params.level_max)


def square_term(seen: Observed, params: EvidenceParams) -> float:
    """A leg swings about an axis square to the line from the hip: a foot that rolls turns about that line."""
    return max(-0.5 * (seen.askew / params.square_sd) ** 2, -params.square_max)


def travel_sign(header: Header) -> float:
    """+1 where the way out goes up, -1 where it goes down."""
    return -1.0 if header.start == "high" else 1.0


@dataclass(frozen=True, slots=True)
class Term:
    """One term of evidence: its name, and what it says of a reading."""

    name: str
    says: Callable[[Observed, EvidenceParams], float]


#: Every term there is.
TERMS = (
    Term("lever", lever_term),
    Term("pelvic_share", share_term),
    Term("ends", ends_term),
    Term("calm_pelvis", calm_term),
    Term("bouncing_pelvis", bounce_term),
    Term("size", size_term),
    Term("regular", regular_term),
    Term("pace", pace_term),
    Term("level", level_term),
    Term("square", square_term),
)


def score(seen: Observed, params: EvidenceParams) -> float:
    """How much likelier a reading is than that nobody raised a leg: the sum of what every term says."""
    spoken = (term.says(seen, params) for term in TERMS if term.name not in params.without)
    return params.prior + sum(spoken)
