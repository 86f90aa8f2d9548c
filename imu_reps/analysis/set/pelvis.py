"""The pelvis in a set: its zero in each spell, tilt and rotation from it, and the yaw of its sensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.analysis.reps.phases import SLOW_DPS
from imu_reps.analysis.reps.segmentation import Excursion, Segmentation
from imu_reps.analysis.set.held_leg import held_up
from imu_reps.analysis.set.leg_frames import LegFrames
from imu_reps.analysis.set.shifts import Shift, find_shift, find_slip, find_step
from imu_reps.analysis.set.spells import ZERO_S, Posture, Rest, rests_in
from imu_reps.domain.exercise import HOLDS
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.summary import Zero
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.motion import GridMotion, Motion, bridged
from imu_reps.kinematics.mounting import (
    MAX_YAW_DEG,
    YAW_SPREAD_DEG,
    PelvisAxes,
    angle_between_deg,
    components,
    pelvis_axes_at,
    tilt_and_rotation,
    unit,
    with_yaw,
)
from imu_reps.kinematics.robust import mad_sd, median

#: A leg this near to its floor level lies on it: docs/definitions.md#the-zero.
ON_FLOOR_DEG = 10.0

#: The zero is a mean over this much of the stillness before the leg leaves the floor: a breath and a half.
ZERO_MEAN_S = 6.0

#: Largest difference, by breathing and sensor errors, of a pelvis in the same position (ours).
ALIKE_DEG = 3.0

#: In a high start the pelvis is tipped back by at least this, compared with a rest on the floor (ours).
TIPPED_BACK_DEG = 4.0

#: A rest with the trunk higher than at the last one before the legs go up by more than this is one on the
#: elbows; legs that are half up tip the pelvis back by less (ours; people prop themselves up by 12 to 32).
#: The second one is the least swing of a shank that goes up into table top.
PROPPED_DEG, MOVES_DEG = 11.0, 15.0

#: Length over which the pelvis's tilt at the resting end is measured.
HELD_TICKS = 50

#: Standard deviation of a pelvis's roll with every lift, which looks like a sensor turned by this angle. With
#: one leg it rolls by 1.6 ± 2.5 degrees while it tips back by 17: atan(2.5 / 17), see
#: docs/definitions.md#sensors-and-frames. With two it has no reason to (ours).
ONE_LEG_ROLL_DEG = 8.4
TWO_LEG_ROLL_DEG = 3.0

#: Fewest repetitions that distinguish a turned sensor from a rolling hip.
MIN_FOR_TURN = 2


@dataclass(frozen=True, slots=True)
class SensorYaw:
    """Turn of the pelvis sensor about gravity that is corrected, and its standard deviation, degrees."""

    yaw_deg: float
    sd_deg: float


@dataclass(frozen=True, slots=True)
class PelvisEstimate:
    """The pelvis over a motion.

    Attributes
    ----------
    tilt_deg, rotation_deg : (n,) float
        Angles from the zero of each instant's spell; rotation with the reported sign. NaN where not measured.
    zero : Zero
        Zero of the first spell with a repetition: when and why it was taken, or why there is none.
    between_reps : bool
        Whether any spell's zero had to be taken between repetitions.
    yaw : SensorYaw or None
        Turn of the sensor; None if not estimated.
    axes : PelvisAxes or None
        Axes in the latest spell; None if unknown.
    tilt_known : bool
        Whether tilt has a zero in the latest spell.
    shift : Shift or None
        The first permanent shift of the sensor, after which its spell is NaN; None without one.
    """

    tilt_deg: FloatArray
    rotation_deg: FloatArray
    zero: Zero
    between_reps: bool
    yaw: SensorYaw | None
    axes: PelvisAxes | None = None
    tilt_known: bool = False
    shift: Shift | None = None


@dataclass(frozen=True, slots=True)
class _SpellZero:
    """A spell, the pelvis's axes in it, and the rest for the zero of tilt (None: only rotation has one).

    `uneven`: there were rests between repetitions, but in none was the pelvis tipped as it is before a lift.
    """

    spell: slice
    axes: PelvisAxes | None
    rest: Rest | None
    between_reps: bool = False
    uneven: bool = False
    shift: Shift | None = None

    @property
    def known(self) -> slice:
        """The part of the spell for which its zero is valid."""
        return slice(self.spell.start, self.spell.stop if self.shift is None else self.shift.tick)


def estimate_pelvis(
    motion: Motion,
    posture: Posture,
    elevation_deg: FloatArray,
    speed_dps: FloatArray,
    segmentation: Segmentation,
    leg: LegFrames | None,
    header: Header,
) -> PelvisEstimate:
    """Estimate tilt and rotation of the pelvis over a motion.

    Parameters
    ----------
    motion : Motion
    posture : Posture
    elevation_deg : (n,) float
        Leg elevation; NaN where not measured.
    speed_dps : (n,) float
        Its rate of change, low-passed.
    segmentation : Segmentation
        Repetitions in ticks of the motion.
    leg : LegFrames or None
    """
    nothing = np.full(len(motion), np.nan)
    why = _why_not(motion, posture)
    if motion.pelvis is None or posture.cranial is None or why:
        return PelvisEstimate(nothing, nothing, Zero(None, why), False, None)
    calm = _zero_mask(motion.pelvis, posture, elevation_deg, speed_dps, motion.ankle, leg, header)
    if header.posture == "supine" and header.exercise != "heel_tap" and motion.ankle is not None:
        tipped = _tipped_deg(motion.pelvis.up, posture.cranial)
        for spell in posture.spells:
            calm &= ~held_up(motion.ankle, tipped, elevation_deg, speed_dps, spell)
    zeros = []
    for spell in posture.spells:
        reps = [rep for rep in segmentation.reps if spell.start <= rep.far.tick < spell.stop]
        shift = _shift(spell, motion, posture, elevation_deg, speed_dps, reps, header)
        until_shift = spell if shift is None else slice(spell.start, shift.tick)
        zero = _spell_zero(until_shift, calm, motion, posture, bridged(elevation_deg), reps, header)
        zeros.append(replace(zero, spell=spell, shift=shift))
    yaw = _yaw(zeros, segmentation.reps, motion.pelvis.up, header)
    tilt, rotation = _tilt_and_rotation(zeros, yaw, motion.pelvis.up, header)
    between = any(zero.between_reps for zero in zeros)
    latest = zeros[-1].axes
    latest = latest if latest is None or yaw is None else with_yaw(latest, yaw.yaw_deg)
    reported = _reported(_first_lifted(zeros, segmentation.reps), motion, header)
    shift = next((zero.shift for zero in zeros if zero.shift is not None), None)
    known = zeros[-1].rest is not None
    return PelvisEstimate(tilt, rotation, reported, between, yaw, latest, known, shift)


def _tilt_and_rotation(
    zeros: Sequence[_SpellZero], yaw: SensorYaw | None, up: FloatArray, header: Header
) -> tuple[FloatArray, FloatArray]:
    """Return tilt and rotation for up (n, 3) in pelvis sensor axes, by the zero of each spell, (n,) degrees.

    The zero of a spell also applies to the time before it; that of the last also to the time after.
    """
    tilt, rotation = np.full(len(up), np.nan), np.full(len(up), np.nan)
    for k, zero in enumerate(zeros):
        if zero.axes is None:
            continue
        start = 0 if k == 0 else zeros[k - 1].spell.stop
        end = len(up) if k + 1 == len(zeros) else zero.spell.stop
        ticks = slice(start, end if zero.shift is None else zero.shift.tick)
        axes = zero.axes if yaw is None else with_yaw(zero.axes, yaw.yaw_deg)
        one, rotation[ticks] = tilt_and_rotation(axes, up[ticks], header.posture, header.side)
        tilt[ticks] = one if zero.rest is not None else np.nan
    return tilt, rotation


def _first_lifted(zeros: list[_SpellZero], reps: Sequence[Excursion]) -> _SpellZero:
    """Return the zero of the first spell with a repetition; without any, of the first spell."""
    with_reps = [
        zero for zero in zeros if any(zero.spell.start <= rep.far.tick < zero.spell.stop for rep in reps)
    ]
    return (with_reps or zeros)[0]


def _why_not(motion: Motion, posture: Posture) -> str:
    if motion.pelvis is None:
        return "no pelvis sensor"
    if posture.cranial is None:
        return "no pelvic rocks were found, so the pelvis sensor's axes are unknown"
    return "" if posture.spells else "no still stretch in posture"


def _zero_mask(
    pelvis: GridMotion,
    posture: Posture,
    elevation_deg: FloatArray,
    speed_dps: FloatArray,
    ankle: GridMotion | None,
    leg: LegFrames | None,
    header: Header,
) -> BoolArray:
    """Return where a zero may be taken: the pelvis lies (hangs) still, and so does the working leg."""
    calm = pelvis.still & posture.near
    if leg is None or ankle is None:
        return calm if ankle is None else calm & ankle.still
    if header.start == "high":
        on_floor = np.zeros(len(calm), bool)
        for rest in leg.floor_rests:
            on_floor[rest.start : rest.end] = True
        return calm & (ankle.still if header.exercise == "heel_tap" else on_floor)
    return calm & (elevation_deg < ON_FLOOR_DEG) & (np.abs(speed_dps) < SLOW_DPS)


def _spell_zero(
    known: slice,
    calm: BoolArray,
    motion: Motion,
    posture: Posture,
    elevation_deg: FloatArray,
    reps: Sequence[Excursion],
    header: Header,
) -> _SpellZero:
    """Return the zero of a stretch in the posture, before the pelvis sensor shifts."""
    assert motion.pelvis is not None
    assert posture.cranial is not None
    up, cranial = motion.pelvis.up, posture.cranial
    rests = _rests_in(calm, known)
    if header.exercise == "heel_tap":
        rests = _flat_rests(rests, reps, _tipped_deg(up, cranial), elevation_deg)
    long_enough = [rest for rest in rests if rest.duration_s >= ZERO_S]
    before = [rest for rest in long_enough if not reps or rest.end <= reps[0].far.tick]
    between = [] if before else long_enough
    if between and header.posture != "hanging":
        away = _tipped_deg(up, cranial)
        flat = _before_lifts(rests, reps, away)
        between = [rest for rest in between if abs(_median(away, rest) - flat) < ALIKE_DEG]
    if before or between:
        # without a repetition, as in a hold, the last rest may be the one after it
        rest = before[-1] if before and reps else (before or between)[0]
        at = _zero_up(up, calm, rest, known.start)
        axes = None if at is None else pelvis_axes_at(at, cranial, header)
        return _SpellZero(known, axes, rest, not before)
    still = rests or _rests_in(motion.pelvis.still & posture.near, known)
    at = None if not still else mean_up(up, still[-1])
    axes = None if at is None else pelvis_axes_at(at, cranial, header)
    return _SpellZero(known, axes, None, uneven=bool(long_enough))


def _tipped_deg(up: FloatArray, cranial: FloatArray) -> FloatArray:
    """Return the elevation of the cranial axis, (n,) degrees: when lying, tilt from the horizontal."""
    return bridged(np.degrees(np.arcsin(np.clip(components(up, cranial), -1.0, 1.0))))


def _median(away_deg: FloatArray, rest: Rest) -> float:
    return median(away_deg[rest.start : rest.end])


def _before_lifts(rests: Sequence[Rest], reps: Sequence[Excursion], away_deg: FloatArray) -> float:
    """Return the median tilt of the pelvis in the last rests before the lifts.

    At that time the other leg is not up, which would curl the pelvis, and an arch has had time to go back.
    """
    last = {
        max((r for r in rests if r.start < rep.far.tick), key=lambda r: r.end, default=None) for rep in reps
    }
    levels = [_median(away_deg, rest) for rest in last if rest is not None]
    return float(np.median(levels)) if levels else np.nan


def _zero_up(up: FloatArray, calm: BoolArray, rest: Rest, earliest: int) -> FloatArray | None:
    """Return the mean direction of up over a rest, and over stillness shortly before in the same position."""
    own = mean_up(up, rest)
    if own is None:
        return None
    near = np.arange(max(earliest, min(rest.start, rest.end - int(ZERO_MEAN_S * GRID_HZ))), rest.end)
    near = near[calm[near] | (near >= rest.start)]
    near = near[angle_between_deg(up[near], own) < ALIKE_DEG]
    return unit(up[near].mean(axis=0)) if len(near) else own


def _shift(
    spell: slice,
    motion: Motion,
    posture: Posture,
    elevation_deg: FloatArray,
    speed_dps: FloatArray,
    reps: Sequence[Excursion],
    header: Header,
) -> Shift | None:
    assert motion.pelvis is not None
    assert posture.cranial is not None
    up, found = bridged(motion.pelvis.up), None
    if header.posture == "supine" and reps:
        elevation = bridged(elevation_deg)
        at_end = np.abs(elevation - median(elevation[[rep.near.tick for rep in reps]])) < ON_FLOOR_DEG
        calm = motion.pelvis.still & at_end & (np.abs(speed_dps) < SLOW_DPS)
        found = find_step(up, _rests_in(calm, spell), elevation, reps, posture.cranial)
        found = found or find_slip(up, bridged(motion.pelvis.gyr_dps), reps, posture.cranial)
    found = found or find_shift(up, reps)
    return None if found is None else Shift(found[0], float(motion.time_s[found[0]]), found[1])


def _rests_in(calm: BoolArray, spell: slice) -> list[Rest]:
    inside = np.zeros(len(calm), bool)
    inside[spell] = calm[spell]
    return rests_in(inside)


def _flat_rests(
    rests: Sequence[Rest], reps: Sequence[Excursion], away_deg: FloatArray, elevation_deg: FloatArray
) -> list[Rest]:
    """Return the rests before the first heel tap with a flat pelvis.

    It is neither tipped back by legs held high nor propped up with the trunk on the elbows.
    """
    if not reps:
        return []
    held = [np.median(away_deg[rep.near.tick : rep.near.tick + HELD_TICKS]) for rep in reps]
    before = [(_median(away_deg, rest), rest) for rest in rests if rest.end <= reps[0].far.tick]
    not_held = float(np.median(held)) + TIPPED_BACK_DEG
    legs_down = [level for level, rest in before if _moves(elevation_deg[rest.end : reps[0].near.tick])]
    propped = legs_down[-1] + PROPPED_DEG if legs_down else np.inf
    long_enough = [level for level, rest in before if rest.duration_s >= ZERO_S and level < propped]
    minimum = max(not_held, max(long_enough, default=0.0) - TIPPED_BACK_DEG)
    return [rest for level, rest in before if minimum < level < propped]


def _moves(elevation_deg: FloatArray) -> bool:
    """Return whether a leg moves into the start position of heel taps."""
    return len(elevation_deg) > 0 and bool(np.ptp(elevation_deg) > MOVES_DEG)


def _reported(zero: _SpellZero, motion: Motion, header: Header) -> Zero:
    hanging = header.posture == "hanging"
    if zero.axes is None:
        return Zero(None, "no still stretch in posture")
    if zero.uneven:
        return Zero(None, "at every rest between two repetitions the pelvis lay otherwise than before a lift")
    if zero.rest is None:
        where = "before the first lift" if hanging else "before the leg left the floor"
        return Zero(None, f"no still second {where}")
    time_s = float(motion.time_s[min(zero.rest.end, len(motion)) - 1])
    what = "hanging still" if hanging else "lying still with the leg on the floor"
    first = "the legs went up" if header.exercise in HOLDS else "the first repetition"
    when = "between two repetitions, for there was no still second before" if zero.between_reps else "before"
    return Zero(time_s, f"{what}, {when} {first}")


def mean_up(up: FloatArray, rest: Rest) -> FloatArray | None:
    """Return the mean direction of up over a rest; None if nothing was measured in it."""
    piece = up[rest.start : rest.end]
    piece = piece[np.isfinite(piece[:, 0])]
    return unit(piece.mean(axis=0)) if len(piece) else None


def _lifts(
    zeros: Sequence[_SpellZero], reps: Sequence[Excursion], up: FloatArray
) -> list[tuple[PelvisAxes, FloatArray]]:
    """Return, for each repetition, the axes of its spell and its directions of up."""
    return [
        (zero.axes, up[rep.ticks])
        for zero in zeros
        for rep in reps
        if zero.axes is not None and zero.known.start <= rep.far.tick < zero.known.stop
    ]


def _yaw(
    zeros: Sequence[_SpellZero], reps: Sequence[Excursion], up: FloatArray, header: Header
) -> SensorYaw | None:
    """Return the turn of a sensor on a lying pelvis; None hanging, or with the axes found by rocks."""
    if header.posture != "supine" or header.pelvis.alignment != "mounted":
        return None
    roll_deg = TWO_LEG_ROLL_DEG if header.exercise == "double_leg_raise" else ONE_LEG_ROLL_DEG
    return estimate_yaw(_lifts(zeros, reps, up), roll_deg)


def estimate_yaw(lifts: Sequence[tuple[PelvisAxes, FloatArray]], roll_deg: float) -> SensorYaw:
    """Estimate the pelvis sensor's turn about gravity, from rotation that follows tilt.

    Parameters
    ----------
    lifts : sequence of (PelvisAxes, (n, 3) float)
        For each repetition the axes at its zero, and its directions of up in sensor axes.
    roll_deg : float
        Standard deviation of a pelvis's own roll with every lift, as a turn of the sensor.

    Returns
    -------
    SensorYaw
        Median over the repetitions, divided between belt and hip by their variances (`YAW_SPREAD_DEG`,
        `roll_deg`), and limited to ±`MAX_YAW_DEG`.
    """
    slopes = [slope for axes, up in lifts if (slope := _slope(axes, up)) is not None]
    if len(slopes) < MIN_FOR_TURN:
        return SensorYaw(0.0, YAW_SPREAD_DEG)
    turns = np.degrees(np.arctan(slopes))
    usual = median(turns)
    spread = mad_sd(turns, usual) / np.sqrt(len(turns))
    other = roll_deg**2 + spread**2
    belt = YAW_SPREAD_DEG**2
    turn = usual * belt / (belt + other)
    return SensorYaw(
        float(np.clip(turn, -MAX_YAW_DEG, MAX_YAW_DEG)), float(np.sqrt(belt * other / (belt + other)))
    )


def _slope(axes: PelvisAxes, up: FloatArray) -> float | None:
    """Return the slope of sideways on fore-and-aft lean over one repetition; None if it leans too little."""
    ahead, sideways = axes.matrix[1:] @ up.compress(np.isfinite(up[:, 0]), axis=0).T
    if len(ahead) == 0 or np.abs(ahead).max() < np.sin(np.radians(3.0)):
        return None
    return float((ahead * sideways).sum() / (ahead**2).sum())
