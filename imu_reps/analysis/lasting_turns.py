"""A sensor that turns on the body, at rest or while the leg moves, and stays turned.

From one low position of the leg to the next the gyroscope shows by how much a sensor turned: a leg that is
put down where it was shows nothing. Whether the ankle sensor turned on the shank, or the shank with it, the
ways before and after show: their levers and axes are then turned by the same. When it turned, the force
shows: a strap that slips does not carry the sensor. Where the leg is put down and raised as before, the body
lies as before, and a pelvis sensor that turned did so on the body.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import combinations, takewhile

import numpy as np
from scipy.spatial.transform import Rotation

from imu_reps.analysis.estimate import SetEstimate
from imu_reps.analysis.set.shifts import resting_ends
from imu_reps.analysis.set.spells import find_posture
from imu_reps.analysis.set.strap_turn import (
    MIN_TURN_DEG,
    SHORT_TICKS,
    Turned,
    Way,
    angles_deg,
    apart_deg,
    lone_ways,
    mean_shank,
)
from imu_reps.analysis.set.swings import SeenLeg, observe
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.lever import ROUNDING, AnkleMotion, ankle_motion
from imu_reps.kinematics.motion import GridMotion, Motion, bridged
from imu_reps.kinematics.mounting import row_dots, unit
from imu_reps.kinematics.rotations import onto, rotations_by

#: Least turn that is looked for, deg (ours).
LEAST_DEG = 10.0

#: Least turn of the pelvis sensor, deg: a tilt, or a body that rolls a little, is no turn of the belt (ours).
LEAST_BELT_DEG = 30.0

#: Share of a belt's turn that the pelvis itself may make before and after it (ours).
EDGE_SHARE = 0.25

#: Largest difference between the turn by the gyroscope and what the ways and the low positions show, as a
#: share of the turn (ours).
SAME_SHARE = 0.25

#: Largest standard deviation of a way's lever as a share of it (ours).
CLEAR_SHARE = 0.33

#: Longest time from one low position to the next, s: a bias that is off by 0.05 deg/s turns 3 degrees (ours).
LONGEST_S = 60.0

#: How many ticks are taken as one turn: at 300 deg/s each turns by 12 degrees (ours).
EVERY = 4

#: Ways that follow each other are turned alike within this angle (ours: of 43 sets by others, ten of them
#: real, ways differ by up to 20 degrees from the next).
ALIKE_DEG = 25.0

#: Number of ways, and of low positions, before and after a turn that are compared (ours).
FEW_WAYS, FEW_LOWS = 4, 3

#: Frequency below which force and rate show when the sensor turns, Hz: above it they depend on how it starts
#: and stops; below 2 Hz a turn of a second is found up to 0.3 s off (ours).
LOCATED_HZ = 3.0

#: Durations of a turn that are tried, s (ours).
LASTS_S = (0.1, 0.2, 0.4, 0.7, 1.1, 1.6)

#: A sensor that is turned by less shows the leg nevertheless, deg (ours).
UNTURNED_DEG = 1.0

#: Durations that are tried next, as multiples of the best of those.
FINER = (0.75, 0.85, 1.0, 1.15, 1.3)

#: Angular rate under which no turn is looked for, deg/s (ours).
QUIET_DPS = 5.0

#: Weight of the difference from what the ways show beside the share of the force and rate within a turn that
#: it leaves unexplained, of what the sensor's axes before or after it leave. Largest sum of both: a knee that
#: is stretched carries the sensor. And the largest for turns that undo each other: a strap that slips hardly
#: slips back, but knees are bent and stretched (ours: of 110 turns of simulated straps five have more than 1,
#: of 12 knees that are drawn in two have less).
DIFFERS_WEIGHT, MAX_DOUBT, MAX_DOUBT_UNDONE = 2.0, 1.0, 0.35


def find_lasting_turns(motion: Motion, whole: SetEstimate, header: Header) -> list[Turned]:
    """Return the turns of the ankle sensor on the shank after which it stays turned, in order."""
    if motion.ankle is None or not whole.posture.spells:
        return []
    if _keeps_its_place(motion.ankle, whole, whole.posture.spells[-1].stop - 1):
        return []
    seen = observe(motion, whole.posture, header)
    if seen is None or seen.carried is None:
        return []
    ways = lone_ways(seen, motion.pelvis, CLEAR_SHARE)
    turns = _best(list(_turns(ways, seen)))
    quick = ankle_motion(seen.ankle, LOCATED_HZ) if turns else None
    if quick is None:
        return []
    undone = _undone(turns)
    located = [
        _located(turn, quick, MAX_DOUBT_UNDONE if k in undone else MAX_DOUBT) for k, turn in enumerate(turns)
    ]
    return [turned for turned in located if turned is not None]


def find_lasting_belt_turns(motion: Motion, whole: SetEstimate, header: Header) -> list[Turned]:
    """Return the turns of the pelvis sensor on the body after which it stays turned, in order.

    The leg is put down as it was and raised as it was, so that the body lies (hangs) as it did.
    """
    pelvis, ankle = motion.pelvis, motion.ankle
    if pelvis is None or ankle is None or _keeps_its_place(pelvis, whole, len(motion) - 1):
        return []
    alone = replace(motion, pelvis=None)
    seen = observe(alone, find_posture(alone, header), header)
    ways = [] if seen is None or seen.carried is None else lone_ways(seen, None, CLEAR_SHARE)
    lows = [] if seen is None else _lows(ways, seen.up)
    # who hangs may twist the hips
    least_deg = MIN_TURN_DEG if header.posture == "hanging" else LEAST_BELT_DEG
    rotations, of_leg = (_changes(_attitudes(lows, sensor), 1) for sensor in (pelvis, ankle))
    found = []
    for first in (
        ((angles_deg(rotations) > least_deg) & (angles_deg(of_leg) < LEAST_DEG)).nonzero()[0].tolist()
    ):
        within = slice(lows[first], lows[first + 1])
        before, after = _beside(within, ways)
        if _raised_as_before(before, after) and _is_short(within):
            rotation = _straightened(rotations[first], *_usual_ups(bridged(pelvis.up), lows, first, 1))
            found.append(_LastingTurn(within, rotation, 0.0, before, after))
    undone = _undone(found)
    return [_belt_turned(turn, pelvis) for k, turn in enumerate(found) if k not in undone]


def _raised_as_before(before: Sequence[Way], after: Sequence[Way]) -> bool:
    """Whether the leg is raised in some ways as in others; none shows it by a single one."""
    several = len(before) > 1 and len(after) > 1
    return several and bool(apart_deg(mean_shank(before), mean_shank(after)) < ALIKE_DEG)


def _is_short(within: slice) -> bool:
    return bool(within.stop - within.start < LONGEST_S * GRID_HZ)


def _belt_turned(turn: _LastingTurn, pelvis: GridMotion) -> Turned:
    """Return a turn with the ticks in which most of it happens: lying, the pelvis hardly turns otherwise."""
    attitudes = _attitudes(range(turn.within.start, turn.within.stop), pelvis)
    made_deg = angles_deg(attitudes[0].T @ attitudes)
    left_deg = angles_deg(attitudes.transpose(0, 2, 1) @ attitudes[-1])
    (hardly,), (nearly,) = ((some < EDGE_SHARE * made_deg[-1]).nonzero() for some in (made_deg, left_deg))
    start, stop = int(hardly[-1]), int(nearly[nearly > hardly[-1]][0])
    return Turned(slice(turn.within.start + start, turn.within.start + stop), turn.rotation, turn.within)


def _keeps_its_place(sensor: GridMotion, whole: SetEstimate, end: int) -> bool:
    """Whether every movement is counted for certain, and the sensor is as before after each and at an end."""
    reps = whole.segmentation.reps
    if whole.certainty != "high" or whole.segmentation.partials or not reps:
        return False
    return bool((angles_deg(_changes(_attitudes([*resting_ends(reps), end], sensor), 1)) < LEAST_DEG).all())


@dataclass(frozen=True, slots=True)
class _LastingTurn:
    """A turn of the sensor within some ticks.

    Attributes
    ----------
    within : slice
    rotation : (3, 3) float
        From the sensor's axes after the turn to those before it.
    differs : float
        Difference from what the ways before and after it show, as a share of the turn.
    before, after : sequence of Way
    """

    within: slice
    rotation: FloatArray
    differs: float
    before: Sequence[Way]
    after: Sequence[Way]


def _turns(ways: Sequence[Way], seen: SeenLeg) -> Iterator[_LastingTurn]:
    """Yield the turns from one low position of the leg to the next, or to the one after that.

    While the sensor turns, a way may seem to end that does not.
    """
    lows = _lows(ways, seen.up)
    attitudes = _attitudes(lows, seen.ankle)
    for apart in (1, 2):
        rotations = _changes(attitudes, apart)
        turned_deg = angles_deg(rotations)
        for first in (turned_deg > LEAST_DEG).nonzero()[0].tolist():
            within = slice(lows[first], lows[first + apart])
            if not _is_short(within):
                continue
            straight = _straightened(rotations[first], *_usual_ups(seen.up, lows, first, apart))
            if apart_deg(straight, rotations[first]) < SAME_SHARE * turned_deg[first]:
                yield from _shown(within, straight, ways)


def _lows(ways: Sequence[Way], up: FloatArray) -> list[int]:
    """Return the ticks at which a lift begins or a lowering ends, in order."""
    ticks: list[int] = []
    for way in ways:
        low = min(way.ticks.start, way.ticks.stop - 1, key=lambda tick: float(up[tick] @ way.shank[0]))
        if not ticks or low > ticks[-1] + SHORT_TICKS:
            ticks.append(low)
    return ticks


def _attitudes(ticks: Sequence[int], sensor: GridMotion) -> FloatArray:
    """Return a sensor's attitudes at some ticks relative to that at the start, (k, 3, 3), by its rate."""
    rates = np.radians(bridged(sensor.gyr_dps))
    steps = np.add.reduceat(rates, np.arange(0, len(rates), EVERY)) / GRID_HZ
    return rotations_by(steps.T).transpose(2, 0, 1)[np.array(ticks, np.int64) // EVERY]


def _changes(attitudes: FloatArray, apart: int) -> FloatArray:
    """Return the rotations from each attitude (3, 3) to the one `apart` further, in the axes of the first."""
    return np.asarray(attitudes[:-apart].transpose(0, 2, 1) @ attitudes[apart:])


def _usual_ups(up: FloatArray, lows: Sequence[int], first: int, apart: int) -> Iterator[FloatArray]:
    """Yield the usual directions of up (n, 3) at the low positions up to one, and from a later one on."""
    for some in (lows[max(0, first + 1 - FEW_LOWS) : first + 1], lows[first + apart :][:FEW_LOWS]):
        yield unit(np.median(up[some], axis=0))


def _straightened(rotation: FloatArray, before: FloatArray, after: FloatArray) -> FloatArray:
    """Return a turn (3, 3) changed as little as takes up after it to up before it, both (3,)."""
    return onto(rotation @ after, before) @ rotation


def _shown(within: slice, rotation: FloatArray, ways: Sequence[Way]) -> Iterator[_LastingTurn]:
    """Yield a turn with the ways that show it, unless they show another one."""
    before, after = _beside(within, ways)
    if before and after:
        by_ways = mean_shank(before).T @ mean_shank(after)
        differs = apart_deg(by_ways, rotation) / float(angles_deg(rotation))
        if differs < SAME_SHARE:
            yield _LastingTurn(within, rotation, differs, before, after)


def _beside(within: slice, ways: Sequence[Way]) -> tuple[Sequence[Way], Sequence[Way]]:
    """Return the ways before and after some ticks, or else the first and the last one within them."""
    inside = [way for way in ways if within.start <= way.ticks.start and way.ticks.stop <= within.stop + 1]
    earlier = [way for way in ways if way.ticks.stop <= within.start + SHORT_TICKS]
    later = [way for way in ways if way.ticks.start >= within.stop - SHORT_TICKS]
    return _alike(earlier[::-1]) or inside[:1], _alike(later) or inside[-1:]


def _alike(ways: Sequence[Way]) -> Sequence[Way]:
    """Return the first of some ways that are turned alike: there may be another turn before the others."""
    few = ways[:FEW_WAYS]
    return list(takewhile(lambda way: apart_deg(few[0].shank, way.shank) < ALIKE_DEG, few))


def _best(turns: Sequence[_LastingTurn]) -> list[_LastingTurn]:
    """Return the turns that are shown best of those that overlap, the shorter of those alike, in order."""
    chosen: list[_LastingTurn] = []
    for turn in sorted(
        turns, key=lambda turn: (round(turn.differs, 1), turn.within.stop - turn.within.start)
    ):
        if all(
            turn.within.start >= one.within.stop or one.within.start >= turn.within.stop for one in chosen
        ):
            chosen.append(turn)
    return sorted(chosen, key=lambda turn: turn.within.start)


def _undone(turns: Sequence[_LastingTurn]) -> set[int]:
    """Return the numbers of the turns that undo each other, whatever is between them."""
    undone: set[int] = set()
    for first, last in combinations(range(len(turns)), 2):
        whole = reduce(np.matmul, [turn.rotation for turn in turns[first : last + 1]])
        if angles_deg(whole) < SAME_SHARE * angles_deg(turns[first].rotation):
            undone |= {first, last}
    return undone


@dataclass(frozen=True, slots=True)
class _Carried:
    """What a leg carried round the hip explains of the ankle sensor's motion.

    Attributes
    ----------
    shank : (3, 3) float
        The shank's axes in the sensor, see `Way`.
    lever_m : float
    usual : (2,) float
        Mean squares of the force and of the rate that it leaves in usual ways.
    """

    shank: FloatArray
    lever_m: float
    usual: FloatArray

    @classmethod
    def by(cls, ways: Sequence[Way], motion: AnkleMotion) -> _Carried:
        """Fit the leg by some of its ways."""
        bare = cls(mean_shank(ways), float(np.median([way.lever_m for way in ways])), np.ones(2))
        left = [
            bare._squares(motion.omega_rad_s[way.ticks], motion.acceleration_mps2[way.ticks]) for way in ways
        ]
        return cls(bare.shank, bare.lever_m, np.concatenate(left).mean(axis=0) + ROUNDING)

    def left(self, omega_rad_s: FloatArray, force_mps2: FloatArray) -> FloatArray:
        """Return the squares of force and rate that it does not explain, as multiples of usual, (n,)."""
        return np.asarray((self._squares(omega_rad_s, force_mps2) / self.usual).sum(axis=1))

    def _squares(self, omega_rad_s: FloatArray, force_mps2: FloatArray) -> FloatArray:
        foot, axis, _ = self.shank
        lever = self.lever_m * foot
        alpha = np.gradient(omega_rad_s, 1.0 / GRID_HZ, axis=0)
        arc = np.cross(alpha, lever) + np.cross(omega_rad_s, np.cross(omega_rad_s, lever))
        force = force_mps2 - arc
        aside = omega_rad_s - row_dots(omega_rad_s, axis)[:, None] * axis
        return np.stack([row_dots(force, force), row_dots(aside, aside)], axis=1)


@dataclass(frozen=True, slots=True)
class _Moments:
    """What a leg leaves unexplained that is carried round the hip, if its sensor turns at some moment.

    Attributes
    ----------
    vector_rad : (3,) float
        The whole turn.
    leg : _Carried
    omega_rad_s, force_mps2 : (n, 3) float
        The sensor's motion within the turn's ticks.
    old, new : (n,) float
        What the sensor's axes before the turn leave, and those after it.
    """

    vector_rad: FloatArray
    leg: _Carried
    omega_rad_s: FloatArray
    force_mps2: FloatArray
    old: FloatArray
    new: FloatArray

    @classmethod
    def of(cls, turn: _LastingTurn, motion: AnkleMotion) -> _Moments:
        """Fit the leg by its ways before the turn."""
        leg = _Carried.by(turn.before, motion)
        omega, force = motion.omega_rad_s[turn.within], motion.acceleration_mps2[turn.within]
        new = leg.left(omega @ turn.rotation.T, force @ turn.rotation.T)
        vector = Rotation.from_matrix(turn.rotation).as_rotvec()
        return cls(vector, leg, omega, force, leg.left(omega, force), new)

    def likeliest(self) -> tuple[slice, float] | None:
        """Return the ticks of the turn that leaves least, and the share that it leaves in them itself."""
        speed = np.sqrt(row_dots(self.omega_rad_s, self.omega_rad_s))
        quick = speed > np.radians(QUIET_DPS)
        halves = [round(0.5 * lasts_s * GRID_HZ) for lasts_s in LASTS_S]
        coarse = [
            (half, middle)
            for half in halves
            for middle in range(half, len(quick) - half, half // 2)
            if quick[middle]
        ]
        if not coarse:
            return None
        half, middle = self._best(coarse)
        halves = [round(half * share) for share in FINER]
        middles = range(middle - half // 2, middle + half // 2 + 1, max(1, half // 10))
        finer = [(h, m) for h in halves for m in middles if h <= m < len(quick) - h]
        half, middle = self._best([(half, middle), *finer])
        ticks = _ticks(half, middle)
        return ticks, self._left(half, middle) / float(min(self.old[ticks].sum(), self.new[ticks].sum()))

    def _best(self, moments: Sequence[tuple[int, int]]) -> tuple[int, int]:
        """Return the half duration and the middle of the turn that leaves least, in ticks."""
        before, after = np.append(0.0, self.old.cumsum()), np.append(self.new[::-1].cumsum()[::-1], 0.0)
        return min(
            moments,
            key=lambda one: before[_ticks(*one).start] + self._left(*one) + after[_ticks(*one).stop],
        )

    def _left(self, half: int, middle: int) -> float:
        """Return what a smooth turn leaves in its own ticks."""
        ticks = _ticks(half, middle)
        share = np.linspace(0.0, 1.0, 2 * half + 1)
        turned = Rotation.from_rotvec((share**2 * (3.0 - 2.0 * share))[:, None] * self.vector_rad)
        rate = (6.0 * share * (1.0 - share))[:, None] * self.vector_rad * (0.5 * GRID_HZ / half)
        omega, force = turned.apply(self.omega_rad_s[ticks]) - rate, turned.apply(self.force_mps2[ticks])
        return float(self.leg.left(omega, force).sum())


def _ticks(half: int, middle: int) -> slice:
    return slice(middle - half, middle + half + 1)


def _located(turn: _LastingTurn, motion: AnkleMotion, max_doubt: float) -> Turned | None:
    """Return the turn with the ticks in which the sensor turns; None if no such turn explains its motion."""
    likeliest = _Moments.of(turn, motion).likeliest()
    if likeliest is None or likeliest[1] + DIFFERS_WEIGHT * turn.differs > max_doubt:
        return None
    ticks, shift = likeliest[0], turn.within.start
    # a smooth turn has made 3 s² of its way after the share s of its time
    slight = np.sqrt(UNTURNED_DEG / (3.0 * angles_deg(turn.rotation)))
    ends = int(slight * (ticks.stop - ticks.start))
    handled = slice(shift + ticks.start + ends, shift + ticks.stop - ends)
    return Turned(handled, turn.rotation, turn.within, ways=min(len(turn.before), len(turn.after)))
