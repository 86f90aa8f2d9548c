"""A strap that creeps round the shank, a little in every raise: the ankle sensor's motion without that.

Each time it is too little or too slow for a slip of the strap (`analysis.slipped_strap`), and all together
shift the leg's angle by as much. Where the leg rests in the sensor shows it, raise by raise. A leg that is
put down higher and higher rests otherwise too, but the line from the hip then stays where it is in the
sensor; and a knee that bends more and more turns that line by less than the shank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from imu_reps.analysis.estimate import SetEstimate
from imu_reps.analysis.reps.segmentation import Excursion
from imu_reps.analysis.set.shifts import resting_ends, up_around
from imu_reps.analysis.set_motion import rate_of_change
from imu_reps.analysis.slipped_strap import calm, levers_of_ways, movements
from imu_reps.domain.samples import FloatArray, IntArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.lever import arc_motion
from imu_reps.kinematics.motion import GridMotion, Motion, bridged
from imu_reps.kinematics.mounting import angle_about, unit
from imu_reps.kinematics.robust import median

#: Fewest movements that show a creep, and the least turn of the sensor over all of them, deg (ours).
MIN_MOVES, CREPT_DEG = 5, 10.0

#: Largest deviation of a turn by one movement from the usual one, as a share of it, and the share of
#: movements that must keep to it: as the foot falls outward, the leg rests otherwise before and after the set
#: (ours; two turns in a set have no usual one, creeping straps of a physics engine keep to 0.1 in 6 of 8).
ALIKE_SHARE, MOST = 0.4, 0.6

#: Smallest turn of the line from the hip by each movement, in standard errors (ours).
LINE_SDS = 3.0

#: Largest difference between the two turns, as a share of that of the rests, beside two standard errors
#: (ours).
SAME_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Creep:
    """A creep of the ankle sensor about the leg's axis (3,): by how much it has turned at each tick, (n,)."""

    axis: FloatArray
    turned_deg: FloatArray


def find_creep(motion: Motion, whole: SetEstimate) -> Creep | None:
    """Return the creep of the ankle sensor's strap over an estimated set; None if it keeps its place."""
    moves, leg = movements(whole), whole.leg
    if motion.ankle is None or leg is None or len(moves) < MIN_MOVES:
        return None
    ticks = calm(np.array(resting_ends(moves)), rate_of_change(whole.elevation_deg))
    resting = up_around(bridged(motion.ankle.up), ticks)
    turned_deg = angle_about(leg.axis, resting, unit(resting[0]))
    turns_deg = np.diff(turned_deg)
    by_deg = median(turns_deg)
    even = np.mean(np.abs(turns_deg - by_deg) < ALIKE_SHARE * abs(by_deg)) > MOST
    if not even or abs(by_deg) * len(moves) < CREPT_DEG:
        return None
    move, line_deg = _line_deg(motion.ankle, leg.axis, moves)
    if len(move) < MIN_MOVES:
        return None
    of_line_deg, line_sd_deg = _trend(move, line_deg)
    differ_deg = abs(of_line_deg - by_deg) - 2.0 * line_sd_deg
    if differ_deg > SAME_SHARE * abs(by_deg) or abs(of_line_deg) < LINE_SDS * line_sd_deg:
        return None
    return Creep(leg.axis, np.interp(np.arange(len(motion)), ticks, turned_deg))


def _line_deg(ankle: GridMotion, axis: FloatArray, moves: Sequence[Excursion]) -> tuple[IntArray, FloatArray]:
    """Return the angle about an axis of the line from the hip, (k,) degrees, and the movements that show it.

    In a way out and a way back each: the strap may creep in the one alone, which hides the line.
    """
    carried = arc_motion(ankle, axis)
    levers = [] if carried is None else levers_of_ways(moves, carried)
    if not levers:
        return np.empty(0, np.int64), np.empty(0)
    vectors = np.array([lever.vector_m for _, lever in levers])
    return np.array([move for move, _ in levers]), angle_about(axis, vectors, unit(vectors[0]))


def _trend(place: IntArray, values: FloatArray) -> tuple[float, float]:
    """Return the slope of the line through some values, and its standard error."""
    along = place - place.mean()
    spread = float(along @ along)
    slope = float(along @ values) / spread
    left = values - values.mean() - slope * along
    return slope, float(np.sqrt(left @ left / (len(values) - 2) / spread))


def straightened(ankle: GridMotion, creep: Creep) -> GridMotion:
    """Return the motion of the ankle sensor as if it had not crept."""
    back = Rotation.from_rotvec(np.radians(creep.turned_deg)[:, None] * creep.axis)
    up, gyr_dps, acc_mps2 = (back.apply(values) for values in (ankle.up, ankle.gyr_dps, ankle.acc_mps2))
    creeping_dps = np.gradient(creep.turned_deg) * GRID_HZ
    return replace(ankle, up=up, gyr_dps=gyr_dps - creeping_dps[:, None] * creep.axis, acc_mps2=acc_mps2)
