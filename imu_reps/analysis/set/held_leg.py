"""Stops in which a lying person's leg is level but held up: at table top, or with the knee at the chest.

Gravity shows such a shank as it shows one on the floor, but the thigh tips the pelvis back. Between two stops
the vertical acceleration of the ankle shows how much higher it is at the second one: so it also tells a heel
tap from heels drawn in along the floor and lifted, and a raise from a knee drawn to the chest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from imu_reps.analysis.reps.phases import SLOW_DPS
from imu_reps.analysis.reps.segmentation import Excursion
from imu_reps.analysis.set.spells import first_and_last
from imu_reps.analysis.set_motion import rate_of_change
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import GridMotion, bridged
from imu_reps.kinematics.mounting import row_dots
from imu_reps.kinematics.rest import stretches
from imu_reps.kinematics.robust import mad_sd, median

#: Shortest stop of the leg.
STOP_TICKS = int(0.3 * GRID_HZ)

#: Largest elevation of a shank that may lie on the floor; also that of a bent leg with its foot on the floor.
LEVEL_DEG, STANDING_DEG = 15.0, -30.0

#: Rise of an ankle from the floor to table top or to a knee hug, and its standard deviation: thighs are 0.25
#: to 0.46 m long, and the foot may have stood on the floor (ours).
RISE_M, RISE_SD_M = 0.4, 0.15

#: Standard deviation of a rise over a time T in seconds: by sensor errors that change with the sensor's
#: orientation, times T² / 12, and by stops in which the foot still moves (ours).
CHANGING_MPS2, STOPPED_M = 0.15, 0.05

#: Standard deviation of a rise by the velocity that is wrongly left at the second stop, as a share of that
#: velocity times the time: a half if it arose at once at one of the stops (ours).
LEFT_SHARE = 0.25

#: Change of the pelvis's tilt as the leg is held up, degrees, and its standard deviation; that between two
#: stops with the leg in the same place, and the most that tilt alone weighs against it, for a back may be
#: pressed to the floor (ours).
TIPS_DEG, TIPS_SD_DEG = -12.0, 6.0
SAME_SD_DEG, MOST_AGAINST = 4.0, 3.0

#: The most that a rise weighs against a leg in the same place: a rise of a metre is that of no knee either,
#: but an error (ours).
MOST_RISE = 5.0

#: A stop is where a repetition begins or ends if its angle is within this share of the range of it (ours).
SAME_PLACE = 0.3

#: Fewest swings that show by how much the rise of a raise is usually wrong.
MIN_SWINGS = 3

#: Log likelihood of a leg being taken up, or laid down, between two stops in which it is level (ours).
SELDOM = -3.0


@dataclass(frozen=True, slots=True)
class _Stop:
    """A stop of the leg, half-open in ticks: the shank's elevation and the pelvis's tilt, in degrees."""

    start: int
    end: int
    elevation_deg: float
    tilt_deg: float

    @property
    def may_be_on_floor(self) -> bool:
        """Whether the leg may be on the floor: level, or bent with its foot there."""
        return abs(self.elevation_deg) < LEVEL_DEG or self.elevation_deg < STANDING_DEG


def held_up(
    ankle: GridMotion,
    tilt_deg: FloatArray,
    elevation_deg: FloatArray,
    speed_dps: FloatArray,
    spell: slice,
) -> BoolArray:
    """Return when a level leg was held up, (n,) bool.

    Parameters
    ----------
    ankle : GridMotion
    tilt_deg : (n,) float
        Tilt of the pelvis from any zero, anterior positive, holes bridged.
    elevation_deg, speed_dps : (n,) float
        Elevation of the shank, NaN where not measured, and its rate of change.
    spell : slice
        A stretch of lying.
    """
    held = np.zeros(len(tilt_deg), bool)
    inside = np.zeros(len(tilt_deg), bool)
    inside[spell] = (np.abs(speed_dps[spell]) < SLOW_DPS) & np.isfinite(elevation_deg[spell])
    stops = _stops(inside, elevation_deg, tilt_deg)
    stops_down = [k for k, stop in enumerate(stops) if stop.may_be_on_floor]
    vertical = bridged(row_dots(ankle.acc_mps2, ankle.up))
    if not stops_down:
        return held
    changes = [_changes(vertical, stops[before : k + 1]) for before, k in pairwise(stops_down)]
    for k, up in zip(stops_down, _likeliest(changes), strict=True):
        held[stops[k].start : stops[k].end] = up
    return held


def carries_up(
    ankle: GridMotion, angle_deg: FloatArray, reps: Sequence[Excursion], spells: Sequence[slice]
) -> FloatArray:
    """Return the log likelihood ratios of ways into and out of a held leg to repetitions, (reps,).

    The first repetition of a spell may be the way up to where the leg is held, and the last one the way down;
    the ratio of all others is minus infinity. 0 where no stops enclose such a repetition alone.

    Parameters
    ----------
    ankle : GridMotion
    angle_deg : (n,) float
        The leg's angle about its axis, of either sign, low-passed.
    reps : sequence of Excursion
    spells : sequence of slice
        Stretches in the posture.
    """
    vertical = bridged(row_dots(ankle.acc_mps2, ankle.up))
    stops = _stops(np.abs(rate_of_change(angle_deg)) < SLOW_DPS, angle_deg, np.zeros(len(angle_deg)))
    ratios = np.full(len(reps), -np.inf)
    first, last = first_and_last([rep.far.tick for rep in reps], spells)
    for k in np.flatnonzero(first | last).tolist():
        neighbours = slice(0 if first[k] else reps[k - 1].far.tick, None if last[k] else reps[k + 1].far.tick)
        around = _around(reps[k], angle_deg, stops, neighbours)
        ways = [way for way, is_one in ((1, first[k]), (-1, last[k])) if is_one]
        ticks = slice(reps[k].near.tick, reps[k].back.tick)
        ratios[k] = max(_carries(vertical, around, ticks, way) for way in ways) if around else 0.0
    return ratios


def knees_drawn_up(
    ankle: GridMotion,
    height_deg: FloatArray,
    tilt_deg: FloatArray,
    reps: Sequence[Excursion],
    lever_m: float,
) -> FloatArray:
    """Return the log likelihood ratios of a knee drawn to the chest, or let down, to a raise, (reps,).

    0 where no stops enclose such a swing alone. The usual rise of a set's swings, and their scatter, are
    errors: a raise ends where it began.

    Parameters
    ----------
    ankle : GridMotion
    height_deg : (n,) float
        The leg's angle above the floor, low-passed.
    tilt_deg : (n,) float
        Tilt of the pelvis from any zero, anterior positive, holes bridged.
    reps : sequence of Excursion
    lever_m : float
        Length of a straight leg, from the hip to the ankle sensor.
    """
    vertical = bridged(row_dots(ankle.acc_mps2, ankle.up))
    stops = _stops(np.abs(rate_of_change(height_deg)) < SLOW_DPS, height_deg, tilt_deg)
    enclosed = _enclosed(reps, stops)
    risen, tips = np.zeros((len(reps), 2)), np.zeros(len(reps))
    for k, around in enclosed.items():
        rise_m, sd_m = _rise(vertical, around, slice(around[0].end, around[-1].start))
        # below the floor the knee is bent, and the foot is on the floor
        low, high = (max(0.0, np.sin(np.radians(around[end].elevation_deg))) for end in (0, -1))
        risen[k] = rise_m - lever_m * (high - low), sd_m
        tips[k] = around[-1].tilt_deg - around[0].tilt_deg
    ratios, known = np.zeros(len(reps)), list(enclosed)
    if len(known) < MIN_SWINGS:
        return ratios
    usual_m = median(risen[known, 0])
    scatter_m = mad_sd(risen[known, 0], usual_m)
    for k in known:
        straight, *drawn = _moved(risen[k, 0] - usual_m, float(np.hypot(risen[k, 1], scatter_m)), tips[k])
        ratios[k] = max(drawn) - straight
    return ratios


def _enclosed(reps: Sequence[Excursion], stops: Sequence[_Stop]) -> dict[int, Sequence[_Stop]]:
    """Return the stops from the last low one before each swing to the first one after it, where known."""
    fars = [0, *(rep.far.tick for rep in reps), np.inf]
    found: dict[int, Sequence[_Stop]] = {}
    for k, rep in enumerate(reps):
        low = [j for j, stop in enumerate(stops) if stop.elevation_deg < SAME_PLACE * rep.range_deg]
        before = [j for j in low if fars[k] < stops[j].end <= rep.far.tick]
        after = [j for j in low if rep.far.tick <= stops[j].start < fars[k + 2]]
        if before and after:
            found[k] = stops[before[-1] : after[0] + 1]
    return found


def _stops(slow: BoolArray, elevation_deg: FloatArray, tilt_deg: FloatArray) -> list[_Stop]:
    """Return the stops of a leg that is slow at some ticks, (n,)."""
    return [
        _Stop(start, end, median(elevation_deg[start:end]), median(tilt_deg[start:end]))
        for start, end in stretches(slow, shortest=STOP_TICKS)
    ]


def _around(
    rep: Excursion, angle_deg: FloatArray, stops: Sequence[_Stop], neighbours: slice
) -> Sequence[_Stop]:
    """Return the stops from the last one before a repetition to the first one after it; none if unknown."""

    def at(tick: int, stop: _Stop) -> bool:
        return bool(abs(stop.elevation_deg - angle_deg[tick]) < SAME_PLACE * rep.range_deg)

    before = [k for k, stop in enumerate(stops) if stop.end <= rep.far.tick and at(rep.near.tick, stop)]
    after = [k for k, stop in enumerate(stops) if stop.start >= rep.far.tick and at(rep.back.tick, stop)]
    if not before or not after:
        return ()
    found = stops[before[-1] : after[0] + 1]
    alone = found[0].end > neighbours.start and (neighbours.stop is None or found[-1].start < neighbours.stop)
    return found if alone else ()


def _carries(vertical_mps2: FloatArray, stops: Sequence[_Stop], ticks: slice, way: int) -> float:
    """Return the log likelihood ratio of an ankle carried up (1) or down (-1) to one back where it was."""
    risen_m, sd_m = _rise(vertical_mps2, stops, ticks)
    carried = _log_likelihood(risen_m - way * RISE_M, float(np.hypot(sd_m, RISE_SD_M)))
    return carried - _log_likelihood(risen_m, sd_m)


def _likeliest(changes: Sequence[FloatArray]) -> list[bool]:
    """Return the likeliest sequence of down (False) and held up (True), by Viterbi."""
    score, came_from = np.array([0.0, SELDOM]), []
    for change in changes:
        total = score[:, None] + change
        came_from.append(total.argmax(axis=0))
        score = total.max(axis=0)
    states = [int(score.argmax())]
    for before in reversed(came_from):
        states.append(int(before[states[-1]]))
    return [state == 1 for state in reversed(states)]


def _changes(vertical_mps2: FloatArray, stops: Sequence[_Stop]) -> FloatArray:
    """Return the log likelihoods, (2, 2), of down and up at the first stop (rows) and at the last one."""
    risen_m, sd_m = _rise(vertical_mps2, stops, slice(stops[0].end, stops[-1].start))
    tips_deg = stops[-1].tilt_deg - stops[0].tilt_deg
    same, rises, falls = _moved(risen_m, sd_m, tips_deg)
    return np.array([[same, SELDOM + rises], [SELDOM + falls, same]])


def _moved(risen_m: float, sd_m: float, tips_deg: float) -> tuple[float, ...]:
    """Return the log likelihoods of a leg in the same place, taken up, and laid down."""
    same = _log_likelihood(risen_m, sd_m, MOST_RISE) + _log_likelihood(tips_deg, SAME_SD_DEG, MOST_AGAINST)
    carried = (
        _log_likelihood(risen_m - way * RISE_M, float(np.hypot(sd_m, RISE_SD_M)))
        + _log_likelihood(tips_deg - way * TIPS_DEG, TIPS_SD_DEG)
        for way in (1, -1)
    )
    return same, *carried


def _log_likelihood(off: float, sd: float, most_against: float = np.inf) -> float:
    return float(-min(0.5 * (off / sd) ** 2, most_against) - np.log(sd))


def _rise(vertical_mps2: FloatArray, stops: Sequence[_Stop], ticks: slice) -> tuple[float, float]:
    """Return how far the ankle rose within some ticks between stops, and its standard deviation, m.

    A leg may be laid down between the end of the last repetition and its next stop.
    """
    risen, variance = 0.0, STOPPED_M**2
    for one, other in pairwise(stops):
        piece = slice(one.end, other.start)
        gravity = [median(vertical_mps2[stop.start : stop.end]) for stop in (one, other)]
        between = vertical_mps2[piece]
        lasts = len(between) / GRID_HZ
        velocity = (between - np.linspace(gravity[0], gravity[1], len(between))).cumsum() / GRID_HZ
        left = float(velocity[-1])  # grown evenly since the stop
        velocity -= left * np.arange(1, len(velocity) + 1) / len(velocity)
        risen += float(velocity[max(0, ticks.start - one.end) : max(0, ticks.stop - one.end)].sum()) / GRID_HZ
        variance += (CHANGING_MPS2 * lasts**2 / 12.0) ** 2 + (LEFT_SHARE * left * lasts) ** 2
    return risen, float(np.sqrt(variance))
