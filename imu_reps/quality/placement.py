"""Sensors that are swapped, or worn another way up than the header says."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Axis, Header, Start
from imu_reps.domain.samples import BoolArray, FloatArray, IntArray
from imu_reps.kinematics.mounting import axis_vector, nearest_axis, pelvis_axes_supine, unit
from imu_reps.kinematics.rest import stretches
from imu_reps.quality.windows import HOP_S, Windows, angle_deg, usual_direction

#: A sensor is away from where it dwells past this angle; breathing and fidgets stay below.
AWAY_DEG = 10.0

#: A second place to dwell is at least this far from the first.
ELSEWHERE_DEG = 40.0

#: An excursion is a lift only up to this length: who sits up or stands stays there.
LIFT_MAX_S = 20.0

#: A push is seen in two overlapping half seconds at the most; what a sensor turns by is seen in more (ours).
HELD_WINDOWS = 3

#: The leg turns 3 to 10 times as far as the pelvis (share of 10 to 35 %); twice is a clear lead.
LEAD = 2.0

#: Clear evidence of swapped sensors, as number and size: more lifts than the three pelvic rocks that may come
#: before a set, each wider than a rock (15 to 20° is all a pelvis can do). Less is worth a caution.
SWAPPED_REFUSE = (4, 20.0)
SWAPPED_CAUTION = (3, 15.0)

#: Within this of level (upright) the pelvis may be lying (hanging): the definition, and 5° for a tilted belt.
POSTURE_DEG = 35.0

#: Past this the named axis points the other way.
OPPOSITE_DEG = 120.0

#: Who stands, walks or sits has the pelvis this near upright.
UPRIGHT_DEG = 30.0

#: What the pelvis sensor shows at rest must last this long to be judged.
MIN_REST_S = 3.0

#: Who walks shakes the pelvis by this all the while, for so long at the least, pauses within a step aside
#: (ours: walking gives 1 to 3 m/s², a hand that straps it on more, shuffling on the floor lasts 4 s); keeps
#: it this near to one direction, and rests this far from that.
SHAKEN_MPS2, WALKS_S, STEP_WINDOWS = (0.8, 3.0), 4.5, 2
WALKING_DEG, FROM_WALKING_DEG = 15.0, 60.0

#: The pelvis follows the leg by 10 to 35 %; less says nothing about its direction, and more is the whole body
#: sitting up. Twice the leg must have led.
MIN_FOLLOW = 0.08
MAX_FOLLOW = 0.6
MIN_LIFTS = 2
MIN_CORRELATION = 0.7


def check_swapped(start: Start, pelvis: Windows, ankle: Windows) -> Iterator[Finding]:
    """Whether the sensor called pelvis does the lifts.

    Each excursion of a sensor from where it dwells is compared with what the other turns meanwhile. Sitting
    up or standing moves the pelvis more than the leg as well, but not over and over, there and back.
    """
    by_pelvis = _leading_excursions(start, pelvis, ankle)
    if len(by_pelvis) < SWAPPED_CAUTION[0]:
        return
    by_ankle = _leading_excursions(start, ankle, pelvis)
    for severity, (count, size) in (("refuse", SWAPPED_REFUSE), ("caution", SWAPPED_CAUTION)):
        leading = by_pelvis[by_pelvis > size]
        if len(leading) >= count and len(leading) > 3 * (by_ankle > np.median(leading) / 3.0).sum():
            yield Finding(
                "swapped",
                values={"turned_deg": float(np.median(leading)), "times": len(leading)},
                severity="refuse" if severity == "refuse" else "caution",
            )
            return


def _leading_excursions(start: Start, mover: Windows, other: Windows) -> FloatArray:
    """Sizes (degrees) of the mover's excursions in which it turns over `LEAD` times as far as the other.

    A high start has two places to dwell, the floor and the top, and the repetitions begin at either.
    """
    home = usual_direction(mover.up)
    if home is None:
        return np.zeros(0)
    away = angle_deg(mover.up, home)
    peaks = _leads(mover, other, away)
    far = away > ELSEWHERE_DEG
    second = usual_direction(mover.up[far]) if start == "high" else None
    if second is None:
        return peaks
    return max(peaks, _leads(mover, other, angle_deg(mover.up, second)), key=len)


def _leads(mover: Windows, other: Windows, away: FloatArray) -> FloatArray:
    # a hole is no return; there and back means that neither end of the recording cuts the excursion
    spans = [
        (begin - 1, end)
        for begin, end in stretches(~(away <= AWAY_DEG))
        if begin > 0 and end < len(away) and (end - begin) * HOP_S <= LIFT_MAX_S
    ]
    if not spans:
        return np.zeros(0)
    begin, end = np.array(spans).T
    length = end - begin
    first = np.cumsum(length) - length
    rows = np.arange(length.sum()) + np.repeat(begin - first, length)
    turned, meanwhile = (
        angle_deg(up[rows], np.repeat(up[begin], length, axis=0)) for up in (mover.up, other.up)
    )
    peak = np.fmax.reduceat(_held(turned, first), first)
    return np.asarray(peak[peak > LEAD * np.fmax.reduceat(meanwhile, first)])


def _held(turned_deg: FloatArray, first: IntArray) -> FloatArray:
    """What each window and those after it in its excursion have in common: a push is no turn."""
    last = np.repeat(np.append(first[1:], len(turned_deg)), np.diff(np.append(first, len(turned_deg)))) - 1
    own = np.arange(len(turned_deg))
    held = turned_deg
    for later in range(1, HELD_WINDOWS):
        held = np.fmin(held, np.where(own + later <= last, turned_deg[np.minimum(own + later, last)], 0.0))
    return held


def check_pelvis_axes(header: Header, pelvis: Windows, ankle: Windows | None) -> Iterator[Finding]:
    """Whether the header's cranial axis fits what gravity says; only for a pelvis sensor `mounted`."""
    named = header.pelvis.cranial_axis
    if header.pelvis.alignment != "mounted" or named is None:
        return
    lean = angle_deg(pelvis.up, axis_vector(named))
    rest = pelvis.still
    if upright := _walked_upright(pelvis, lean):
        yield Finding(
            "walked_lying", values={"axis": named, "upright": upright}, severity="caution", sensor="pelvis"
        )
        return
    if int(rest.sum()) * HOP_S < MIN_REST_S:
        return
    if header.posture == "hanging":
        yield from _hanging_axis(header, pelvis, ankle, float(np.median(lean[rest])))
        return
    lying = np.abs(lean - 90.0) < POSTURE_DEG
    if not (rest & lying).any():
        yield Finding(
            "cranial_axis_vertical",
            values={"axis": named, "lean_deg": float(np.median(lean[rest]))},
            severity="caution",
            sensor="pelvis",
        )
    elif _faces_down(header, pelvis, rest & lying):
        yield from _wrong_sign(header, pelvis, ankle, lying, lean)
    elif _stands_on_head(lean):
        yield _upside_down(named)
    elif follow := _follows_leg(header, pelvis, ankle, lying):
        yield Finding(
            "maybe_upside_down",
            values={"axis": named, "opposite": _opposite(named), "follows": follow},
            severity="caution",
            sensor="pelvis",
        )


def _walked_upright(pelvis: Windows, lean_deg: FloatArray) -> Axis | None:
    """The axis that pointed up while somebody walked, if the one said to point to the head lay level then.

    Somebody who walks is upright, and rests otherwise later: the axis is another than the header says.
    """
    walks = [
        slice(start, end)
        for start, end in stretches(pelvis.acc_sd_mps2 > SHAKEN_MPS2[0], STEP_WINDOWS)
        if (end - start) * HOP_S >= WALKS_S
    ]
    at_rest = usual_direction(pelvis.up[pelvis.still])
    if not walks or at_rest is None:
        return None
    walk = max(walks, key=lambda one: one.stop - one.start)
    walking = usual_direction(pelvis.up[walk])
    if walking is None or np.nanmedian(pelvis.acc_sd_mps2[walk]) > SHAKEN_MPS2[1]:
        return None
    steady = float(np.nanmedian(angle_deg(pelvis.up[walk], walking))) < WALKING_DEG
    level = abs(float(np.nanmedian(lean_deg[walk])) - 90.0) < POSTURE_DEG
    # a restless set with a sit-up in it: there most of the recording, not its rest, is as the walk seems
    mostly_rests = float(np.mean(angle_deg(pelvis.up, at_rest) < FROM_WALKING_DEG)) > 0.5
    if not (steady and level and mostly_rests) or angle_deg(walking, at_rest) < FROM_WALKING_DEG:
        return None
    return nearest_axis(walking)


def _faces_down(header: Header, pelvis: Windows, lying: BoolArray) -> bool:
    """Whether the axis that is said to point forward points down while the person lies."""
    forward = header.pelvis.anterior_axis
    if forward is None:
        return False
    off = angle_deg(pelvis.up[lying], axis_vector(forward))
    return float(np.median(off)) > 180.0 - POSTURE_DEG


def _wrong_sign(
    header: Header, pelvis: Windows, ankle: Windows | None, lying: BoolArray, lean_deg: FloatArray
) -> Iterator[Finding]:
    """Gravity of the other sign: refused where the pelvis also moves or stands as it cannot, else told."""
    sure = _stands_on_head(lean_deg) or _follows_leg(header, pelvis, ankle, lying) is not None
    yield Finding(
        "acc_sign",
        values={"axis": header.pelvis.anterior_axis},
        severity="refuse" if sure else "caution",
        sensor="pelvis",
    )


def _stands_on_head(lean_deg: FloatArray) -> bool:
    """Whether someone who lies at times is for a while head down, and never head up (walking, sitting)."""
    down, up = lean_deg > 180.0 - UPRIGHT_DEG, lean_deg < UPRIGHT_DEG
    return not up.any() and any((end - start) * HOP_S >= MIN_REST_S for start, end in stretches(down))


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
    if lean_deg > OPPOSITE_DEG and named is not None:
        tips = 0.0 if forward is None else _tips_forward(pelvis.up @ axis_vector(forward), pelvis, ankle)
        if tips > 0.0:
            yield _upside_down(named)
        else:  # not known: turning the axis round would swap left and right, the other sign would not
            yield Finding("acc_sign", values={"axis": named}, severity="refuse", sensor="pelvis")
    elif lean_deg > POSTURE_DEG:
        yield Finding(
            "axis_mismatch",
            values={"axis": named, "lean_deg": lean_deg},
            severity="caution",
            sensor="pelvis",
        )


def _tips_forward(forward: FloatArray, pelvis: Windows, ankle: Windows | None) -> float:
    """How far up turns to the front of a hanging pelvis as the leg is raised; 0 where that is not clear."""
    lift = None if ankle is None else _lift_deg(ankle, pelvis.still)
    if lift is None:
        return 0.0
    slope, correlation = _line(lift, np.degrees(np.arcsin(np.clip(forward, -1.0, 1.0))))
    return slope if abs(slope) > MIN_FOLLOW and abs(correlation) > MIN_CORRELATION else 0.0


def _follows_leg(header: Header, pelvis: Windows, ankle: Windows | None, lying: BoolArray) -> float | None:
    """The share of every lift by which the pelvis tips forward; None where it does not do so clearly.

    Gravity cannot tell head from feet when lying, but a lifted leg tips the pelvis back (tilt below 0).
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
    lifts = _leading_excursions(header.start, ankle, pelvis)
    clear = len(lifts) >= MIN_LIFTS and MIN_FOLLOW < follow < MAX_FOLLOW and correlation > MIN_CORRELATION
    return follow if clear else None


def _lift_deg(ankle: Windows, rest: BoolArray) -> FloatArray | None:
    """How far the ankle sensor is turned from the leg on the floor, if one knows where that is.

    It is known where the first and the last rest show the leg in the same direction, and it then moves.
    """
    at_rest = np.flatnonzero(rest & ankle.still)
    if len(at_rest) < 4:
        return None
    first, last = ankle.up[at_rest[:2]].mean(axis=0), ankle.up[at_rest[-2:]].mean(axis=0)
    if angle_deg(unit(first), unit(last)) > AWAY_DEG:
        return None
    return angle_deg(ankle.up, unit(first + last))


def _line(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Slope and correlation of a straight line; zeros where there is too little to fit."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) < 20 or np.ptp(x) < 15.0 or y.std() == 0.0:
        return 0.0, 0.0
    x, y = x - x.mean(), y - y.mean()
    return float(x @ y / (x @ x)), float(x @ y / np.sqrt((x @ x) * (y @ y)))
