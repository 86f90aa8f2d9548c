"""Spells: the stretches of a recording in which the person lies (hangs), and the rests in them.

Posture is measured from the person's own lying direction rather than from the axis named in the header, since
belts are often pitched by 20 degrees.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from imu_reps.domain.recording import Header, axis_vector
from imu_reps.domain.samples import LONGEST_HOLE_S, BoolArray, FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import Motion, bridged
from imu_reps.kinematics.mounting import (
    LEFT_DEG,
    PelvisAxes,
    angle_between_deg,
    lean_deg,
    pelvis_axes_from_rocks,
    ready_deg,
    row_dots,
    unit,
)
from imu_reps.kinematics.rest import STILL_WINDOW_S, stretches

#: Time out of the posture that ends a spell; a shorter one is a movement within it.
LEFT_POSTURE_S = 2.0

#: Shortest rest that gives a zero.
ZERO_S = 1.0

#: Length of the half-second window that decides stillness.
STILL_TICKS = int(STILL_WINDOW_S * GRID_HZ)

#: Longest hole that does not end a rest if there was stillness before and after it.
LOST_TICKS = int(LONGEST_HOLE_S * GRID_HZ)


@dataclass(frozen=True, slots=True)
class SpellParams:
    """Parameters of posture and pelvic rocks; all ours, from observed belts and movements.

    Attributes
    ----------
    named_within_deg : float
        Greatest angle between the own lying direction and the one named: 25 degrees for the pitch of a belt,
        30 for a pelvis tipped back by legs held high.
    upright_deg : float
        Angle from the named direction from which a person stands who lies down (lies, who hangs): 90 degrees
        less 15 for the pitch of a belt. While the trunk sinks, its own direction is between the two
        (65 to 85 count 630 sets with everyday movements alike).
    kernel_deg : float
        Directions within this of each other count as the same.
    calm_dps : float
        Angular rate above which the pelvis is changing its position.
    samples : int
        Number of instants, evenly spread, that are compared with each other.
    rock_min_deg, rock_max_deg : float
        Smallest and greatest angle of a pelvic rock.
    rock_return_deg : float
        Greatest angle between the pelvis before and after a rock.
    rock_leg_deg : float
        Greatest movement of the leg during a rock.
    rock_gap_s : float
        Longest time between rocks of one series.
    min_rocks : int
        Fewest rocks: a single movement may be something else.
    """

    named_within_deg: float = 60.0
    upright_deg: float = 75.0
    kernel_deg: float = 15.0
    calm_dps: float = 20.0
    samples: int = 300
    rock_min_deg: float = 4.0
    rock_max_deg: float = 40.0
    rock_return_deg: float = 6.0
    rock_leg_deg: float = 8.0
    rock_gap_s: float = 15.0
    min_rocks: int = 2


@dataclass(frozen=True, slots=True)
class Rest:
    """A still stretch, half-open in ticks."""

    start: int
    end: int

    @property
    def seen(self) -> int:
        """First tick at which the stillness is known."""
        return min(self.start + STILL_TICKS, self.end) - 1

    @property
    def middle(self) -> int:
        """Tick in the middle."""
        return (self.start + self.end) // 2

    @property
    def duration_s(self) -> float:
        """Duration in seconds."""
        return (self.end - self.start) / GRID_HZ


@dataclass(frozen=True, slots=True)
class Posture:
    """Posture over a whole motion.

    Attributes
    ----------
    spells : tuple of slice
        Stretches in the posture, in order; a single one over everything if the posture cannot be checked.
    ready : (n,) bool
        The pelvis is near its lying (hanging) direction, and every sensor is still.
    near : (n,) bool
        The pelvis is near that direction, still or not.
    checked : bool
        Whether the posture is known: there is a pelvis sensor with known axes.
    lying : (3,) float or None
        Up in pelvis sensor axes while the person lies (hangs); None if unknown.
    cranial : (3,) float or None
        Pelvis sensor axis towards the head; None if unknown.
    """

    spells: tuple[slice, ...]
    ready: BoolArray
    near: BoolArray
    checked: bool
    lying: FloatArray | None
    cranial: FloatArray | None


def rests_in(still: BoolArray) -> list[Rest]:
    """Return the still stretches from a mask of half seconds that ended still; lost packets end none."""
    return [Rest(max(0, start - STILL_TICKS + 1), end) for start, end in stretches(still, LOST_TICKS)]


def rests_within(still: BoolArray, spells: Sequence[slice]) -> list[Rest]:
    """Return the parts of still stretches within spells, of at least half a second."""
    parts = [
        Rest(max(rest.start, spell.start), min(rest.end, spell.stop))
        for rest in rests_in(still)
        for spell in spells
    ]
    return [part for part in parts if part.end - part.start >= STILL_TICKS]


def in_spells(spells: Sequence[slice], ticks: int) -> BoolArray:
    """Return the mask of the ticks within spells."""
    inside = np.zeros(ticks, bool)
    for spell in spells:
        inside[spell] = True
    return inside


def first_and_last(ticks: Sequence[int], spells: Sequence[slice]) -> tuple[BoolArray, BoolArray]:
    """Return which of some increasing ticks are the first of their spell, and which the last, (k,) each."""
    spell = np.searchsorted([one.start for one in spells], ticks, "right")
    return np.diff(spell, prepend=-1) != 0, np.diff(spell, append=-1) != 0


def all_still(motion: Motion) -> BoolArray:
    """Return where all worn sensors were still, (n,) bool."""
    still = np.ones(len(motion), bool)
    for sensor in (motion.pelvis, motion.ankle):
        if sensor is not None:
            still &= sensor.still
    return still


def find_posture(motion: Motion, header: Header, params: SpellParams | None = None) -> Posture:
    """Find when the person was in the posture, and ready.

    Parameters
    ----------
    motion : Motion
        Motion of the sensors, causal or acausal.
    header : Header
    params : SpellParams, optional
    """
    params = params or SpellParams()
    still, whole, everywhere = all_still(motion), (slice(0, len(motion)),), np.ones(len(motion), bool)
    pelvis = motion.pelvis
    if pelvis is None or not np.isfinite(pelvis.up[:, 0]).any():
        return Posture(whole, still, everywhere, checked=False, lying=None, cranial=None)
    up, after = bridged(pelvis.up), 0
    turned_deg: FloatArray | float = 0.0
    if header.pelvis.alignment == "functional":
        rocks = find_rocks(motion, params)
        if rocks is None:
            return _unnamed(motion, up, still, params)
        axes, after = rocks
        named = axes.matrix[0]
        off_deg, cranial = angle_between_deg(up, named), axes.matrix[1]
    else:
        cranial = axis_vector(header.pelvis.cranial_axis or "+y")
        off_deg = lean_deg(up, cranial, header.posture)
        if header.posture == "supine" and header.pelvis.anterior_axis is not None:
            # it may only be the default: whoever lies on the side or face down for long still lies supine
            turned_deg = np.minimum(angle_between_deg(up, axis_vector(header.pelvis.anterior_axis)), 90.0)
    lying = _own_direction(up, pelvis.gyr_dps, off_deg, params, turned_deg)
    if lying is None:
        return Posture((), ~everywhere, ~everywhere, checked=True, lying=None, cranial=cranial)
    away_deg = angle_between_deg(up, lying)
    inside = (away_deg < LEFT_DEG) & (off_deg < params.upright_deg)
    spells = [slice(max(start, after), end) for start, end in _spells(inside) if end > after]
    near = away_deg < ready_deg(header.start)
    near[:after] = False
    return Posture(tuple(spells), still & near, near, checked=True, lying=lying, cranial=cranial)


def _unnamed(motion: Motion, up: FloatArray, still: BoolArray, params: SpellParams) -> Posture:
    """Find the posture without the sensor's axes, assuming the person lies (hangs) most of the recording."""
    assert motion.pelvis is not None
    lying = _own_direction(up, motion.pelvis.gyr_dps, np.zeros(len(up)), params)
    if lying is None:
        everywhere = np.ones(len(up), bool)
        return Posture((slice(0, len(up)),), still, everywhere, checked=False, lying=None, cranial=None)
    away_deg = angle_between_deg(up, lying)
    near = away_deg < ready_deg("low")
    spells = tuple(slice(*spell) for spell in _spells(away_deg < LEFT_DEG))
    return Posture(spells, still & near, near, checked=False, lying=lying, cranial=None)


def _own_direction(
    up: FloatArray,
    gyr_dps: FloatArray,
    off_deg: FloatArray,
    params: SpellParams,
    turned_deg: FloatArray | float = 0.0,
) -> FloatArray | None:
    """Return the most frequent direction of up of a calm pelvis near the named one; None if never near.

    Parameters
    ----------
    up : (n, 3) float
    gyr_dps : (n, 3) float
    off_deg : (n,) float
        Angle to the named direction, or to the level plane if it is only known that the person lies.
    params : SpellParams
    turned_deg : (n,) float or 0
        Angle to the front that the header names, on the back or not; it only makes a direction less likely.
    """
    calm = np.flatnonzero((off_deg < params.named_within_deg) & _is_calm(gyr_dps, params.calm_dps))
    if len(calm) == 0:
        return None
    chosen = calm[np.linspace(0, len(calm) - 1, min(len(calm), params.samples)).astype(int)]
    some = up[chosen]
    near = some @ some.T > np.cos(np.radians(params.kernel_deg))
    # the named axis is the prior: the likelihood halves with every 30 degrees away from it
    prior = 0.5 ** ((off_deg + turned_deg)[chosen] / 30.0)
    best = int(np.argmax(prior * near.sum(axis=1)))
    if not near[best].any():  # readings of no length have no direction
        return None
    return unit(some[near[best]].mean(axis=0))


def _is_calm(gyr_dps: FloatArray, calm_dps: float) -> BoolArray:
    return np.asarray(row_dots(gyr_dps, gyr_dps) < calm_dps**2)


def _spells(in_posture: BoolArray) -> list[tuple[int, int]]:
    """Return the stretches in posture, with absences shorter than `LEFT_POSTURE_S` bridged."""
    lost = int(LEFT_POSTURE_S * GRID_HZ)
    spells = stretches(in_posture, lost - 1)
    return [(a, len(in_posture) if len(in_posture) - b < lost else b) for a, b in spells]


def find_rocks(motion: Motion, params: SpellParams | None = None) -> tuple[PelvisAxes, int] | None:
    """Return the axes by the first pelvic rocks, and the tick at which these are over; None without rocks.

    Rocks lie between rests with the same direction of up, tip the pelvis and do not move the leg. There may
    be a rest after each of them, and one while the pelvis is tipped.
    """
    params = params or SpellParams()
    if motion.pelvis is None:
        return None
    up = bridged(motion.pelvis.up)
    ankle = None if motion.ankle is None else bridged(motion.ankle.up)
    found: list[tuple[Rest, Rest]] = []
    for before, after in _there_and_back(up, rests_in(motion.pelvis.still), params):
        leg_moved = found and ankle is not None and _leg_moves(ankle, found[-1][1].start, after.start, params)
        if leg_moved or (found and (after.start - found[-1][1].end) / GRID_HZ > params.rock_gap_s):
            if _count(up, found) >= params.min_rocks:
                break
            found = []
        if _is_rock(up, ankle, before, after, params):
            outside = [rock for rock in found if rock[0].start < before.start]
            found = [*outside, (before, after)]
    if _count(up, found) < params.min_rocks:
        return None
    start = _mean_up(up, found[0][0])
    rocking = np.concatenate([up[before.end : after.start] for before, after in found])
    return pelvis_axes_from_rocks(start, rocking), found[-1][1].seen


def _there_and_back(
    up: FloatArray, rests: Sequence[Rest], params: SpellParams
) -> Iterator[tuple[Rest, Rest]]:
    """Yield each rest after the first with the last earlier one in the same direction, else the previous one.

    Rests while the pelvis is tipped thus lie within a pair.
    """
    directions = np.array([_mean_up(up, rest) for rest in rests])
    ends = [rest.end for rest in rests]
    for k, after in enumerate(rests[1:], start=1):
        soon = bisect_left(ends, after.start - params.rock_gap_s * GRID_HZ)
        off_deg = angle_between_deg(directions[soon:k], directions[k])
        back = np.flatnonzero(off_deg <= params.rock_return_deg)
        yield rests[soon + back[-1] if len(back) else k - 1], after


def _is_rock(
    up: FloatArray, ankle: FloatArray | None, before: Rest, after: Rest, params: SpellParams
) -> bool:
    start, between = _mean_up(up, before), slice(before.end, after.start)
    swing = angle_between_deg(up[between], start)
    if len(swing) == 0 or not params.rock_min_deg < swing.max() < params.rock_max_deg:
        return False
    if angle_between_deg(_mean_up(up, after)[None], start)[0] > params.rock_return_deg:
        return False
    return ankle is None or not _leg_moves(ankle, before.end - 1, after.start, params)


def _leg_moves(ankle: FloatArray, start: int, end: int, params: SpellParams) -> bool:
    """Whether the leg moves away between two ticks."""
    away = angle_between_deg(ankle[start:end], ankle[start])
    return bool(away.max(initial=0.0) >= params.rock_leg_deg)


def _count(up: FloatArray, found: list[tuple[Rest, Rest]]) -> int:
    """Return how often the pelvis tips past half of its greatest angle, over all of the rocks."""
    if not found:
        return 0
    start = _mean_up(up, found[0][0])
    swings = [angle_between_deg(up[before.end : after.start], start) for before, after in found]
    half = max(float(swing.max()) for swing in swings) / 2.0
    return sum(int((np.diff((swing > half).astype(np.int8), prepend=0) > 0).sum()) for swing in swings)


def _mean_up(up: FloatArray, rest: Rest) -> FloatArray:
    return unit(up[rest.start : rest.end].mean(axis=0))
