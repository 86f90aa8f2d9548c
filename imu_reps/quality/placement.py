"""Sensors that nobody wears, on one limb, swapped, or worn in another orientation than the header says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Axis, Header, axis_vector
from imu_reps.domain.samples import BoolArray, FloatArray, IntArray, SensorPlace
from imu_reps.kinematics.mounting import nearest_axis, pelvis_axes_supine, row_angles_deg, unit
from imu_reps.kinematics.rest import stretches
from imu_reps.kinematics.robust import median, quantiles
from imu_reps.quality.gyroscope_in_motion import TurningFit
from imu_reps.quality.windows import HOP_S, Windows, usual_direction


@dataclass(frozen=True, slots=True)
class PlacementParams:
    """Parameters of swapped sensors and impossible axes.

    Attributes
    ----------
    away_deg : float
        Angle past which a sensor is away from the direction it dwells in; breathing and fidgets stay below.
    elsewhere_deg : float
        Smallest angle between two directions a sensor dwells in.
    lift_max_s : float
        Longest excursion that is a lift: sitting up or standing lasts longer.
    held_windows : int
        Number of overlapping half seconds that a turn lasts; a push shows in two at most (ours).
    lead : float
        Smallest ratio of the turns that shows which sensor leads: the leg turns 3 to 10 times as far as the
        pelvis (share of 10 to 35 %).
    swapped_refuse, swapped_caution : tuple
        Number and size of lifts that show swapped sensors: more than the three pelvic rocks that may precede
        a set, each wider than a rock (a pelvis can do 15 to 20° at most). Fewer give a caution.
    swapped_short : tuple
        The same of a set of two, twice as wide as a rock: a caution (ours).
    on_the_spot_m : float
        Greatest lever of a pelvis that sits up: it turns about hips that lie (ours, simulated: 0.06 to 0.13
        m; an ankle swapped with it 0.27 m and more, but 0.09 m where a raise takes 10 s and hides it).
    posture_deg : float
        Greatest angle from level (upright) of a lying (hanging) pelvis: the definition, and 5° for a tilted
        belt.
    turned_share : float
        Share of the lying time in which a sensor that turned over in mid-set points up (ours).
    opposite_deg : float
        Angle past which the named axis points the opposite way.
    upright_deg : float
        Greatest angle from upright of the pelvis in standing, walking or sitting.
    calm_dps : float
        Greatest angular rate of a resting ankle (ours).
    min_rest_s : float
        Shortest rest of the pelvis sensor that is judged.
    shaken_mps2 : tuple
        Scatter of the specific force at the pelvis in walking (ours: walking gives 1 to 3 m/s², a hand that
        straps the sensor on more).
    walks_s, step_windows : float or int
        Shortest walk, and number of calmer windows within it that are one step (ours: shuffling on the floor
        lasts 4 s).
    walking_deg, from_walking_deg : float
        Greatest deviation of the pelvis from one direction in walking, and smallest angle from there to rest
        (ours).
    min_follow, max_follow : float
        Smallest and greatest share by which the pelvis follows the leg, usually 10 to 35 %; less does not
        show its direction, and more is the whole body sitting up.
    min_lifts, min_correlation : int or float
        Fewest lifts led by the leg, and smallest correlation of the pelvis with it (ours).
    turning_dps, min_turning : float or int
        Mean rate over a quarter second in which a sensor turns, and fewest such moments that are judged.
    apart_share : float
        Difference of the two rates, as a share of the greater one, below which nine of ten such moments show
        one limb: at most 0.21 with both on one (ours, simulated), at least 0.68 on hip and leg (ours and the
        recordings by other authors), but 0.33 with the knees drawn up at a bar, the shank tipping with the
        pelvis (ours, simulated).
    unmoved_deg : float
        Greatest deviation from its usual direction of a sensor that nobody wears: a body breathes, and its
        pulse shakes it (ours: at least 0.25° in 461 sets of three simulators, 0.75° on real limbs at rest).
    unmoved_share, min_unmoved_s : float
        Share of the recording in which that holds, and shortest recording that is judged (ours).
    """

    away_deg: float = 10.0
    elsewhere_deg: float = 40.0
    lift_max_s: float = 20.0
    held_windows: int = 3
    lead: float = 2.0
    swapped_refuse: tuple[int, float] = (4, 20.0)
    swapped_caution: tuple[int, float] = (3, 15.0)
    swapped_short: tuple[int, float] = (2, 35.0)
    on_the_spot_m: float = 0.2
    posture_deg: float = 35.0
    turned_share: float = 0.1
    opposite_deg: float = 120.0
    upright_deg: float = 30.0
    calm_dps: float = 20.0
    min_rest_s: float = 3.0
    shaken_mps2: tuple[float, float] = (0.8, 3.0)
    walks_s: float = 4.5
    step_windows: int = 2
    walking_deg: float = 15.0
    from_walking_deg: float = 60.0
    min_follow: float = 0.08
    max_follow: float = 0.6
    min_lifts: int = 2
    min_correlation: float = 0.7
    turning_dps: float = 5.0
    min_turning: int = 20
    apart_share: float = 0.27
    unmoved_deg: float = 0.2
    unmoved_share: float = 0.95
    min_unmoved_s: float = 10.0


PARAMS = PlacementParams()


def check_unmoved(place: SensorPlace, windows: Windows) -> Iterator[Finding]:
    """Report a sensor that points one way all along, as if nobody wore it."""
    known = np.isfinite(windows.size_mps2)
    if windows.home is None or known.sum() * HOP_S < PARAMS.min_unmoved_s:
        return
    unmoved = windows.up[known] @ windows.home > np.cos(np.radians(PARAMS.unmoved_deg))
    if float(unmoved.mean()) > PARAMS.unmoved_share:
        yield Finding("unmoved", severity="caution", sensor=place)


def check_one_limb(pelvis: Windows, ankle: Windows) -> Iterator[Finding]:
    """Report sensors that turn as one: on one limb, or beside each other; the hip turns little with a leg.

    One rotation between their axes then maps the rate of one sensor to that of the other.
    """
    rates = np.stack((pelvis.unbiased_dps, ankle.unbiased_dps))
    size_dps = np.linalg.norm(rates, axis=2).max(axis=0)
    turning = size_dps > PARAMS.turning_dps
    if turning.sum() < PARAMS.min_turning:
        return
    of_pelvis, of_ankle = rates[:, turning]
    size_dps = size_dps[turning]
    # no rotation changes the magnitudes, which already differ on hip and leg
    least_dps = np.abs(np.linalg.norm(of_ankle, axis=1) - np.linalg.norm(of_pelvis, axis=1))
    if not _alike(least_dps / size_dps):
        return
    rotation = Rotation.align_vectors(of_ankle, of_pelvis)[0]
    if _alike(np.linalg.norm(of_ankle - rotation.apply(of_pelvis), axis=1) / size_dps):
        yield Finding("one_limb", severity="refuse")


def _alike(apart: FloatArray) -> bool:
    """Whether nine of ten differences of two rates, as shares of the greater one, are small."""
    return quantiles(apart, 0.9)[0] < PARAMS.apart_share


def check_swapped(
    header: Header, pelvis: Windows, ankle: Windows, pelvis_fit: TurningFit | None
) -> Iterator[Finding]:
    """Report that the sensor named pelvis does the lifts.

    Each excursion of a sensor from where it dwells is compared with the turn of the other in that time.
    Sitting up or standing also moves the pelvis more than the leg, but not repeatedly there and back, or
    else on the spot and to upright.
    """
    by_pelvis = _leading_excursions(pelvis, ankle)
    if len(by_pelvis) < PARAMS.swapped_short[0] or _sits_up(header, pelvis, pelvis_fit):
        return
    by_ankle = _leading_excursions(ankle, pelvis)
    limits = (PARAMS.swapped_refuse, PARAMS.swapped_caution, PARAMS.swapped_short)
    for severity, (count, size) in zip(("refuse", "caution", "caution"), limits, strict=True):
        leading = by_pelvis[by_pelvis > size]
        if len(leading) >= count and len(leading) > 3 * (by_ankle > median(leading) / 3.0).sum():
            yield Finding(
                "swapped",
                values={"turned_deg": median(leading), "times": len(leading)},
                severity="refuse" if severity == "refuse" else "caution",
            )
            return


def _sits_up(header: Header, pelvis: Windows, fit: TurningFit | None) -> bool:
    """Whether the pelvis, away from where it dwells, is upright and was turned there on the spot."""
    named, away = header.pelvis.cranial_axis, _second_direction(pelvis)
    if named is None or away is None or fit is None or fit.lever_m > PARAMS.on_the_spot_m:
        return False
    return bool(row_angles_deg(away, axis_vector(named)) < PARAMS.posture_deg)


def _leading_excursions(mover: Windows, other: Windows) -> FloatArray:
    """Return the sizes (degrees) of the mover's excursions in which it clearly turns further than the other.

    A leg may have two directions to dwell in, on the floor and at the top or with a bent knee, and
    repetitions may begin at either.
    """
    homes = (mover.home, _second_direction(mover))
    peaks = (_leads(mover, other, row_angles_deg(mover.up, home)) for home in homes if home is not None)
    return max(peaks, key=len, default=np.zeros(0))


def _second_direction(windows: Windows) -> FloatArray | None:
    """Return the direction in which the sensor dwells most where it is elsewhere than usual."""
    if windows.home is None:
        return None
    return usual_direction(windows.up[row_angles_deg(windows.up, windows.home) > PARAMS.elsewhere_deg])


def _leads(mover: Windows, other: Windows, away: FloatArray) -> FloatArray:
    # a hole is no return, and an excursion cut by an end of the recording is not known to return
    spans = [
        (begin - 1, end)
        for begin, end in stretches(~(away <= PARAMS.away_deg))
        if begin > 0 and end < len(away) and (end - begin) * HOP_S <= PARAMS.lift_max_s
    ]
    if not spans:
        return np.zeros(0)
    begin, end = np.array(spans).T
    length = end - begin
    first = np.cumsum(length) - length
    rows = np.arange(length.sum()) + np.repeat(begin - first, length)
    turned, meanwhile = (
        row_angles_deg(up[rows], np.repeat(up[begin], length, axis=0)) for up in (mover.up, other.up)
    )
    peak = np.fmax.reduceat(_held(turned, first), first)
    return np.asarray(peak[peak > PARAMS.lead * np.fmax.reduceat(meanwhile, first)])


def _held(turned_deg: FloatArray, first: IntArray) -> FloatArray:
    """Return the smallest turn of each window and the next ones in its excursion: a push is no turn."""
    last = np.repeat(np.append(first[1:], len(turned_deg)), np.diff(np.append(first, len(turned_deg)))) - 1
    own = np.arange(len(turned_deg))
    held = turned_deg
    for later in range(1, PARAMS.held_windows):
        held = np.fmin(held, np.where(own + later <= last, turned_deg[np.minimum(own + later, last)], 0.0))
    return held


def check_pelvis_axes(header: Header, pelvis: Windows, ankle: Windows | None) -> Iterator[Finding]:
    """Check the header's cranial axis against gravity, for a pelvis sensor with alignment `mounted`."""
    named = header.pelvis.cranial_axis
    if header.pelvis.alignment != "mounted" or named is None:
        return
    lean = row_angles_deg(pelvis.up, axis_vector(named))
    rest = pelvis.still
    if upright := _walked_upright(pelvis, lean):
        yield Finding(
            "walked_lying", values={"axis": named, "upright": upright}, severity="caution", sensor="pelvis"
        )
        return
    if int(rest.sum()) * HOP_S < PARAMS.min_rest_s:
        return
    if header.posture == "hanging":
        yield from _hanging_axis(header, pelvis, ankle, median(lean[rest]))
        return
    lying = np.abs(lean - 90.0) < PARAMS.posture_deg
    if not (rest & lying).any():
        yield Finding(
            "cranial_axis_vertical",
            values={"axis": named, "lean_deg": median(lean[rest])},
            severity="caution",
            sensor="pelvis",
        )
    elif _faces_down(header, pelvis, rest & lying):
        yield from _wrong_sign(header, pelvis, ankle, lying, lean)
    elif _stands_on_head(lean, lying, ankle):
        yield _upside_down(named)
    elif follow := _follows_leg(header, pelvis, ankle, lying):
        yield Finding(
            "maybe_upside_down",
            values={"axis": named, "opposite": _opposite(named), "follows": follow},
            severity="caution",
            sensor="pelvis",
        )


def _walked_upright(pelvis: Windows, lean_deg: FloatArray) -> Axis | None:
    """Return the axis that pointed up in walking, if the named cranial axis was level at that time.

    A walking person is upright and later rests in another direction: the cranial axis is then a different
    one.
    """
    walks = [
        slice(start, end)
        for start, end in stretches(pelvis.acc_sd_mps2 > PARAMS.shaken_mps2[0], PARAMS.step_windows)
        if (end - start) * HOP_S >= PARAMS.walks_s
    ]
    at_rest = usual_direction(pelvis.up[pelvis.still]) if walks else None
    if at_rest is None:
        return None
    walk = max(walks, key=lambda one: one.stop - one.start)
    walking = usual_direction(pelvis.up[walk])
    if walking is None or np.nanmedian(pelvis.acc_sd_mps2[walk]) > PARAMS.shaken_mps2[1]:
        return None
    steady = float(np.nanmedian(row_angles_deg(pelvis.up[walk], walking))) < PARAMS.walking_deg
    level = abs(float(np.nanmedian(lean_deg[walk])) - 90.0) < PARAMS.posture_deg
    # in a restless set with a sit-up, most of the recording, and not the rest, has the direction of the walk
    mostly_rests = float(np.mean(row_angles_deg(pelvis.up, at_rest) < PARAMS.from_walking_deg)) > 0.5
    if not (steady and level and mostly_rests) or row_angles_deg(walking, at_rest) < PARAMS.from_walking_deg:
        return None
    return nearest_axis(walking)


def _faces_down(header: Header, pelvis: Windows, lying: BoolArray) -> bool:
    """Whether the axis named as anterior points down while the person lies, and hardly ever up.

    Of a sensor that turned over in mid-set it points up before or after.
    """
    forward = header.pelvis.anterior_axis
    if forward is None:
        return False
    off = row_angles_deg(pelvis.up[lying], axis_vector(forward))
    usually_down = median(off) > 180.0 - PARAMS.posture_deg
    return usually_down and quantiles(off, PARAMS.turned_share)[0] > 90.0


def _wrong_sign(
    header: Header, pelvis: Windows, ankle: Windows | None, lying: BoolArray, lean_deg: FloatArray
) -> Iterator[Finding]:
    """Report gravity of the wrong sign: refused if the pelvis also moves impossibly, else a caution."""
    sure = _stands_on_head(lean_deg, lying, ankle) or _follows_leg(header, pelvis, ankle, lying) is not None
    yield Finding(
        "acc_sign",
        values={"axis": header.pelvis.anterior_axis},
        severity="refuse" if sure else "caution",
        sensor="pelvis",
    )


def _stands_on_head(lean_deg: FloatArray, lying: BoolArray, ankle: Windows | None) -> bool:
    """Whether the person is head down for a while, and never head up (walking, sitting).

    Nobody gets there from lying while the ankle rests: then the sensor turned over.
    """
    down, up = lean_deg > 180.0 - PARAMS.upright_deg, lean_deg < PARAMS.upright_deg
    if up.any():
        return False
    for start, end in stretches(down):
        lay = np.flatnonzero(lying[:start])
        turned = False
        if ankle is not None and len(lay):
            way = slice(int(lay[-1]), int(lay[-1] + down[lay[-1] :].argmax()) + 1)
            turned = _is_calm(ankle.gyr_dps[way])
        if (end - start) * HOP_S >= PARAMS.min_rest_s and not turned:
            return True
    return False


def _is_calm(rate_dps: FloatArray) -> bool:
    return bool((np.sqrt(np.einsum("ni,ni->n", rate_dps, rate_dps)) < PARAMS.calm_dps).all())


def _upside_down(named: str) -> Finding:
    return Finding(
        "upside_down",
        values={"axis": named, "opposite": _opposite(named)},
        severity="refuse",
        sensor="pelvis",
    )


def _opposite(axis: str) -> str:
    return ("-" if axis[0] == "+" else "+") + axis[1]


def _hanging_axis(
    header: Header, pelvis: Windows, ankle: Windows | None, lean_deg: float
) -> Iterator[Finding]:
    named, forward = header.pelvis.cranial_axis, header.pelvis.anterior_axis
    if lean_deg > PARAMS.opposite_deg and named is not None:
        tips = 0.0 if forward is None else _tips_forward(pelvis.up @ axis_vector(forward), pelvis, ankle)
        if tips > 0.0:
            yield _upside_down(named)
        else:  # not known: reversing the axis would swap left and right, the other sign would not
            yield Finding("acc_sign", values={"axis": named}, severity="refuse", sensor="pelvis")
    elif lean_deg > PARAMS.posture_deg:
        yield Finding(
            "axis_mismatch",
            values={"axis": named, "lean_deg": lean_deg},
            severity="caution",
            sensor="pelvis",
        )


def _tips_forward(forward: FloatArray, pelvis: Windows, ankle: Windows | None) -> float:
    """Return how far up turns to the front of a hanging pelvis per lift of the leg; 0 if not clear."""
    lift = None if ankle is None else _lift_deg(ankle, pelvis.still)
    if lift is None:
        return 0.0
    slope, correlation = _line(lift, np.degrees(np.arcsin(np.clip(forward, -1.0, 1.0))))
    return slope if abs(slope) > PARAMS.min_follow and abs(correlation) > PARAMS.min_correlation else 0.0


def _follows_leg(header: Header, pelvis: Windows, ankle: Windows | None, lying: BoolArray) -> float | None:
    """Return the share of every lift by which the pelvis tips forward; None if it does not clearly do so.

    Gravity does not distinguish head from feet when lying, but a lifted leg tips the pelvis back (tilt below
    0).
    """
    named = header.pelvis.cranial_axis
    rests = lying & pelvis.still
    if ankle is None or named is None or header.start != "low":
        return None
    lift, rest = _lift_deg(ankle, rests), usual_direction(pelvis.up[rests])
    if lift is None or rest is None:
        return None
    axes = pelvis_axes_supine(rest, axis_vector(named)).matrix
    anterior, cranial, right = (pelvis.up @ axes.T).T
    tilt = np.degrees(np.arctan2(cranial, anterior))
    chosen = lying & (np.abs(tilt) < 60.0) & (np.abs(np.degrees(np.arctan2(right, anterior))) < 45.0)
    follow, correlation = _line(lift[chosen], tilt[chosen])
    if not PARAMS.min_follow < follow < PARAMS.max_follow or correlation <= PARAMS.min_correlation:
        return None
    lifts = _leading_excursions(ankle, pelvis)
    return follow if len(lifts) >= PARAMS.min_lifts else None


def _lift_deg(ankle: Windows, rest: BoolArray) -> FloatArray | None:
    """Return the ankle sensor's angle from the leg on the floor, (n,) degrees; None if that is not known.

    It is known if the first and the last rest show the leg in the same direction.
    """
    at_rest = np.flatnonzero(rest & ankle.still)
    if len(at_rest) < 4:
        return None
    first, last = ankle.up[at_rest[:2]].mean(axis=0), ankle.up[at_rest[-2:]].mean(axis=0)
    if row_angles_deg(unit(first), unit(last)) > PARAMS.away_deg:
        return None
    return row_angles_deg(ankle.up, unit(first + last))


def _line(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Return slope and correlation of a straight line; zeros if there is too little to fit."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) < 20 or np.ptp(x) < 15.0 or y.std() == 0.0:
        return 0.0, 0.0
    x, y = x - x.mean(), y - y.mean()
    return float(x @ y / (x @ x)), float(x @ y / np.sqrt((x @ x) * (y @ y)))
