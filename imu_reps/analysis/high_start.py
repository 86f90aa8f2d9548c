"""Sets that start high: which way is up, whether they began with a lift, and which excursions count.

The pelvis shares every lift by tipping back, so its tilt tells a leg held high from one on the floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.analysis.segmentation import Excursion, Segmentation, Turn, find_reps
from imu_reps.analysis.swing import Swing, no_arc, oriented
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings

#: The leg has left its resting end after this share of its way.
END_SHARE = 0.1

#: The pelvis is there with it within this many ticks.
AROUND_TICKS = 100

#: The pelvis of a leg held high is tipped back by more than this.
TIPPED_BACK_DEG = 4.0

#: A start tipped back by less than this cannot be told from a start on the floor.
LEAST_TIPPED_DEG = 2.0

#: Steps of the leg that the pelvis's share is read from, and the least share that tells which way is up.
STEP_TICKS = 20
STEP_DEG = 2.0
LEAST_SHARE = 0.03

#: A straight leg that begins under this began on the floor rather than vertical.
HALFWAY_DEG = 45.0


@dataclass(frozen=True, slots=True)
class HighSet:
    """A set that starts high.

    Attributes
    ----------
    sense : float
        In which sense of the angle the leg goes up.
    segmentation : Segmentation
        In travel.
    lifted : bool
        Whether it began with a lift from the floor.
    tipped_deg : float or None
        Pelvic tilt where the repetitions start and end, against the window's start; None where unknown.
    """

    sense: float
    segmentation: Segmentation
    lifted: bool
    tipped_deg: float | None


def find_high_set(
    turns: Sequence[Turn],
    angle: FloatArray,
    tilt_deg: FloatArray | None,
    swing: Swing,
    header: Header,
    settings: Settings,
) -> HighSet:
    """Find a set that starts high.

    Parameters
    ----------
    turns : sequence of Turn
        Of the angle, either sense.
    angle, tilt_deg : (n,) float
        The angle, and the pelvic tilt on the same ticks, NaN where not measured; None without a pelvis.
    swing : Swing
        Over the same ticks.
    header : Header
    settings : Settings
    """
    share = None if tilt_deg is None else pelvic_share(angle, tilt_deg)
    if share is None or tilt_deg is None:
        found = _from_the_leg_alone(turns, swing, header, settings)
    else:
        found = _with_the_pelvis(turns, angle, tilt_deg, share, header, settings)
    if header.exercise != "heel_tap":
        found = replace(found, segmentation=_from_the_start_level(found.segmentation))
    if no_arc(swing.lever(found.segmentation.reps)):
        return replace(found, segmentation=replace(found.segmentation, reps=()))
    return found


def _from_the_start_level(found: Segmentation) -> Segmentation:
    """Without excursions that start or end lower than the others turn: the lift-in with what came before."""
    if not found.reps:
        return found
    turn = float(np.median([rep.far.value for rep in found.reps]))
    reps = tuple(rep for rep in found.reps if max(rep.near.value, rep.back.value) < turn)
    return replace(found, reps=reps)


def _from_the_leg_alone(turns: Sequence[Turn], swing: Swing, header: Header, settings: Settings) -> HighSet:
    """By the lever of a straight leg; else the leg is taken to begin on the floor, with the lift."""
    rose = turns[1].value - turns[0].value if len(turns) > 1 else 1.0
    sense, lifted = float(np.sign(rose)), True
    found = find_reps(oriented(turns, -sense), settings)
    lever = None if header.exercise == "heel_tap" else swing.lever(found.reps)
    told = None if lever is None else swing.up_sense(lever, found.reps)
    if lever is not None and told is not None:
        sense = told
        lifted = not swing.elevation_deg(lever, sense, turns[0].tick) > HALFWAY_DEG
        found = find_reps(oriented(turns, -sense), settings)
    return HighSet(sense, found, lifted, None)


def _with_the_pelvis(
    turns: Sequence[Turn],
    angle: FloatArray,
    tilt_deg: FloatArray,
    share: float,
    header: Header,
    settings: Settings,
) -> HighSet:
    """By the pelvis's tilt: up is where it tips back.

    Heel taps that do not start and end tipped back like the others are left out: they belong to the lift
    into the start, or to the lowering out of it. The shank alone does not tell.
    """
    sense = -float(np.sign(share))
    found = find_reps(oriented(turns, -sense), settings)
    if not found.reps:
        return HighSet(sense, found, lifted=True, tipped_deg=None)
    ends = np.array([_ends(rep, -sense * angle) for rep in found.reps])
    tilt = np.array([_tipped_most(tilt_deg, rep, *end) for rep, end in zip(found.reps, ends, strict=True)])
    known = np.isfinite(tilt)
    tipped = float(np.median(tilt[known])) if known.any() else 0.0
    lifted = tipped < -LEAST_TIPPED_DEG
    limit_deg = abs(tipped) / 2.0 if lifted else TIPPED_BACK_DEG
    other = (np.abs(tilt - tipped) > limit_deg).any(axis=1) & (header.exercise == "heel_tap")
    reps = tuple(found.reps[k] for k in np.flatnonzero(~other))
    return HighSet(sense, replace(found, reps=reps), lifted, tipped)


def _ends(rep: Excursion, travel: FloatArray) -> tuple[int, int]:
    """When the leg leaves its resting end, and when it is back there."""
    band = END_SHARE * rep.range_deg
    out = travel[rep.near.tick : rep.far.tick + 1]
    back = travel[rep.far.tick : rep.back.tick + 1]
    leaves = rep.far.tick - int(np.argmax(out[::-1] <= rep.near.value + band))
    enters = rep.far.tick + int(np.argmax(back <= rep.back.value + band))
    return leaves, enters


def _tipped_most(tilt_deg: FloatArray, rep: Excursion, leaves: int, enters: int) -> tuple[float, float]:
    """Pelvic tilt furthest back around both ends of a repetition; the pelvis follows a moment later."""
    before = tilt_deg[max(rep.near.tick, leaves - AROUND_TICKS) : leaves + 1]
    after = tilt_deg[enters : min(rep.back.tick, enters + AROUND_TICKS) + 1]
    return float(np.fmin.reduce(before)), float(np.fmin.reduce(after))


def leaves_rest(rep: Excursion, travel: FloatArray) -> int:
    """The tick at which a repetition leaves its resting end."""
    return _ends(rep, travel)[0]


def pelvic_share(angle: FloatArray, tilt_deg: FloatArray) -> float | None:
    """Change of tilt per change of the leg's angle; None where it shows no clear relation.

    Negative where the angle counts upwards: the pelvis tips back as the leg rises.
    """
    leg, pelvis = angle[STEP_TICKS:] - angle[:-STEP_TICKS], tilt_deg[STEP_TICKS:] - tilt_deg[:-STEP_TICKS]
    moving = np.isfinite(pelvis) & (np.abs(leg) > STEP_DEG)
    if not moving.any():
        return None
    share = float(np.median(pelvis[moving] / leg[moving]))
    return None if abs(share) < LEAST_SHARE else share
