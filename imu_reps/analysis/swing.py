"""The leg's swing in a set: its angle, its turns, and whether the ankle was carried round the hip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.analysis.segmentation import Excursion, Segmentation, Turn
from imu_reps.domain.samples import FloatArray, IntArray
from imu_reps.kinematics.lever import Carried, Lever, carried, fit_lever
from imu_reps.kinematics.motion import GridMotion
from imu_reps.kinematics.mounting import cross, unit

#: A leg raise carries the ankle at least this far from what it turns about; walking, a heel that slides or a
#: knee that bends do not.
LEAST_LEVER_M = 0.3

#: A lever known less well than this says nothing.
LARGEST_SD_M = LEAST_LEVER_M / 2.0

#: A leg within this of level, as the lever tells it, lies on the floor; and how well the lever must be known.
FLAT_DEG = 20.0
CLEAR_SD = 0.1

#: An excursion under this share of the median range must show its own arc.
SMALL_SHARE = 0.6

#: More repetitions than this leave enough without the outer two.
ENOUGH_REPS = 3

#: The lever is read from where the leg has left its resting end by all but this share of the way.
LIFT_SHARE = 0.95

#: How clearly (cosine) the lever must tell up from down.
CLEAR_COSINE = 0.3


@dataclass(frozen=True, slots=True)
class Swing:
    """The ankle over a window.

    Attributes
    ----------
    ankle : GridMotion
    axis : (3,) float
        The axis the leg swings about; which sense of it lifts the leg is open.
    carried : Carried or None
        How the ankle is carried about it; None for too short a window.
    """

    ankle: GridMotion
    axis: FloatArray
    carried: Carried | None

    def lever(self, reps: Sequence[Excursion]) -> Lever | None:
        """The lever as the repetitions show it; None where they show too little.

        The first and the last are left out where there are enough: life around the set may hang on to them.
        """
        inner = reps[1:-1] if len(reps) > ENOUGH_REPS else reps
        return fit_lever(self.carried, self._during(inner)) if reps and self.carried is not None else None

    def up_sense(self, lever: Lever, reps: Sequence[Excursion]) -> float | None:
        """The sense of the axis that lifts a straight leg of a lying person; None where it is unclear."""
        front = cross(cranial_axis(lever), self.axis)
        cosine = float(np.nanmedian(self.ankle.up[self._during(reps)] @ front))
        return None if abs(cosine) < CLEAR_COSINE else float(np.sign(cosine))

    def elevation_deg(self, lever: Lever, sense: float, tick: int) -> float:
        """Elevation of a straight leg of a lying person at one tick, from the lever alone; NaN in a hole."""
        cranial, up = cranial_axis(lever), self.ankle.up[tick]
        front = cross(cranial, sense * self.axis)
        return float(np.degrees(np.arctan2(-up @ cranial, up @ front)))

    def lies_flat(self, lever: Lever | None, sense: float, ticks: Sequence[int]) -> list[bool]:
        """Whether a straight leg of a lying person lies on the floor at each tick; True where unclear."""
        if lever is None or lever.sd_m > CLEAR_SD * lever.length_m:
            return [True] * len(ticks)
        return [not abs(self.elevation_deg(lever, sense, tick)) > FLAT_DEG for tick in ticks]

    def _during(self, reps: Sequence[Excursion]) -> IntArray:
        return np.concatenate([self._lift(rep) for rep in reps])

    def _lift(self, rep: Excursion) -> IntArray:
        """Ticks from leaving the resting end to coming back there: a rest may hold anything."""
        far = rep.far.tick - rep.near.tick
        up = self.ankle.up[rep.near.tick : rep.back.tick + 1]
        away = np.arccos(np.clip(up @ up[far], -1.0, 1.0))
        out = away[: far + 1] > LIFT_SHARE * np.radians(rep.far.value - rep.near.value)
        back = away[far:] > LIFT_SHARE * np.radians(rep.far.value - rep.back.value)
        start = far - int(np.argmax(out[::-1])) if out.any() else 0
        end = far + int(np.argmax(back)) if back.any() else len(up) - 1
        return np.arange(rep.near.tick + start, rep.near.tick + end + 1)


def swing_of(ankle: GridMotion, axis: FloatArray) -> Swing:
    """The ankle's swing about an axis."""
    return Swing(ankle, axis, carried(ankle, axis))


def without_small_non_arcs(swing: Swing, found: Segmentation) -> Segmentation:
    """Without the clearly smaller excursions that did not carry the ankle round the hip."""
    if not found.reps:
        return found
    small = SMALL_SHARE * float(np.median([rep.range_deg for rep in found.reps]))
    reps = tuple(rep for rep in found.reps if rep.range_deg > small or not no_arc(swing.lever([rep])))
    return replace(found, reps=reps)


def cranial_axis(lever: Lever) -> FloatArray:
    """Up a straight leg: from the ankle to the hip."""
    return -unit(lever.vector_m)


def no_arc(lever: Lever | None) -> bool:
    """Whether the ankle was clearly not carried round the hip."""
    return lever is not None and lever.length_m < LEAST_LEVER_M and lever.sd_m < LARGEST_SD_M


def oriented(turns: Sequence[Turn], sense: float) -> list[Turn]:
    """The same turns of an angle that counts the other way where `sense` is -1."""
    return [Turn(turn.tick, sense * turn.value) for turn in turns]
