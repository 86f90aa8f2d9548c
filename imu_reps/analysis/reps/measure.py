"""Figures of a repetition: docs/definitions.md#per-repetition."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from imu_reps.analysis.estimate import SetEstimate
from imu_reps.analysis.reps.control import (
    MIN_BASELINE_TICKS,
    baseline_dps,
    coasting_share,
    shake_squared,
    spectral_arc_length,
    tremor_ratio,
)
from imu_reps.analysis.reps.impacts import AFTER_S, Impulse, strongest_jolt, touch_down
from imu_reps.analysis.reps.phases import SLOW_DPS, Phases, find_phases
from imu_reps.analysis.set_motion import SetMotion, held_high, held_low
from imu_reps.domain.samples import LONGEST_HOLE_S, BoolArray, FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.lever import Lever, fit_levers
from imu_reps.kinematics.mounting import ready_deg
from imu_reps.kinematics.rest import stretches

#: A rest at the near end longer than this is a break, not a pause.
LONGEST_PAUSE_S = 10.0

#: Fewest ticks of a hole that is too long.
WIDE_HOLE_TICKS = int(LONGEST_HOLE_S * GRID_HZ) + 1

#: A long hole this near to a boundary leaves the boundary unknown. In the flank, where the speed over it is
#: that of a straight bridge, half the hole's length more does, up to `FLANK_S` (ours: phases with holes of
#: 0.5 s were up to 0.4 s off).
BOUNDARY_MARGIN_S, FLANK_S = 0.1, 0.4

#: Nearer to a hole than this, half a period of the low-pass, the speed is partly that of the bridge over it.
ASIDE_S = 0.08

#: Next to a hole the high-pass of impacts rings for so long, and a heel's touch is not known.
RINGS_S = 0.05

#: A phase or pause of which as much is missing in one hole has no duration: the leg may have turned and come
#: back meanwhile, or the clock been set (ours: half of a quick way there and back).
UNSEEN_S = 0.5

#: A repetition with more missing than this, in one hole or in all, is not judged.
LARGEST_HOLE_SHARE = 0.10

#: Tilt that has grown by less since the repetition began was there before: the error of a pelvis sensor.
ARISEN_DEG = 1.0

#: Who sits up has left the posture this long after beginning to (ours).
SITS_UP_S = 2.0

#: A pelvis that follows the leg late arches at the bottom, within this after the leg's arrival (ours).
BOTTOM_S = 1.0

#: Cutoff for a repetition's lever. A leg that trembles at 8 to 12 Hz shakes the sensor on its strap, which
#: turns more than it is carried: at 6 Hz the lever seems ever shorter, and 41 of 285 straight legs of a
#: simulator by somebody else bent; at 3 Hz 2, at 2 and 1.3 Hz none. Every bent knee of ours is seen at 2 Hz.
LEVER_HZ = 2.0

#: When hanging, the swing of the whole body is measured in this time before the lift.
SWAY_S = 0.5


@dataclass(frozen=True, slots=True)
class Span:
    """A phase in fractional ticks."""

    start: float
    end: float

    @property
    def ticks(self) -> slice:
        """Whole ticks within it, at least one."""
        start = math.ceil(self.start)
        return slice(start, max(start, math.floor(self.end)) + 1)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return (self.end - self.start) / GRID_HZ


@dataclass(frozen=True, slots=True)
class Arch:
    """Greatest anterior tilt held on the way down or at the bottom, degrees, and its tick.

    Only tilt that has grown since the repetition began counts, else it is 0: tilt left over from before
    belongs to an earlier repetition.
    """

    tilt_deg: float
    tick: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One repetition measured, not yet judged: fields of `Rep`, and those that only the detectors need.

    Attributes
    ----------
    concentric, eccentric, whole : Span
        The phases and the whole repetition, in ticks of the motion.
    drop : float or None
        Coasting share of the lowering.
    peak_rad_s2 : float or None
        Greatest angular acceleration of the leg, either direction.
    lever : Lever or None
        Where the hip is as seen from the ankle sensor, by this repetition alone.
    contact, jolt : Impulse or None
        The heel's impulse as the lowering ends; an impulse on the way down.
    arch : Arch or None
        Arch of the pelvis on the way down and at the bottom.
    sway_deg : float or None
        Hanging: pitch of the pelvis at the bottom before the lift, signed.
    leg_known, contact_known, pelvis_known : bool
        Whether enough was measured to judge the leg, the heel's contact, the pelvis.
    """

    concentric: Span
    eccentric: Span
    whole: Span
    start_s: float
    end_s: float
    concentric_s: float | None
    eccentric_s: float | None
    top_pause_s: float | None
    bottom_pause_s: float | None
    top_angle_deg: float | None = None
    bottom_angle_deg: float | None = None
    range_deg: float | None = None
    peak_concentric_dps: float | None = None
    peak_eccentric_dps: float | None = None
    pelvic_tilt_deg: float | None = None
    pelvic_curl_deg: float | None = None
    pelvic_rotation_deg: float | None = None
    lift_off_angle_deg: float | None = None
    smoothness_sparc: float | None = None
    tremor_ratio: float | None = None
    momentum: float | None = None
    drop: float | None = None
    peak_rad_s2: float | None = None
    lever: Lever | None = None
    arch: Arch | None = None
    contact: Impulse | None = None
    jolt: Impulse | None = None
    sway_deg: float | None = None
    leg_known: bool
    contact_known: bool
    pelvis_known: bool


class Meter:
    """Measures the repetitions of one set motion; quantities shared by all are computed once."""

    def __init__(self, motion: SetMotion, settings: Settings) -> None:
        self._motion = motion
        self._settings = settings
        hold = settings.angle_hold_s
        self._tilt_high = held_high(motion.tilt_deg, hold)
        self._tilt_low = held_low(motion.tilt_deg, hold)
        self._rotation_high = held_high(motion.rotation_deg, hold)
        self._rotation_low = held_low(motion.rotation_deg, hold)
        self._carried = None if motion.carried is None else motion.carried.below(LEVER_HZ)
        self._wide_holes = stretches(motion.leg_missing, shortest=WIDE_HOLE_TICKS)
        rests_long_enough = np.count_nonzero(motion.track.pelvis_still) >= MIN_BASELINE_TICKS
        self._shake = shake_squared(motion) if rests_long_enough else np.full(len(motion.tilt_deg), np.nan)
        self._baseline = baseline_dps(self._shake, motion)

    def levers(self, every: Sequence[Phases]) -> list[Lever | None]:
        """Fit a lever to each of some repetitions alone; None where impossible."""
        carried = self._carried
        if carried is None or not every:
            return [None] * len(every)
        last = len(carried.omega_rad_s)
        spans = [Span(phases.out_start, phases.back_end).ticks for phases in every]
        return fit_levers(carried, [np.arange(ticks.start, min(ticks.stop, last)) for ticks in spans])

    def measure(self, phases: Phases, next_start: float | None, lever: Lever | None = None) -> Measured:
        """Return the figures of one repetition.

        Parameters
        ----------
        phases : Phases
            Its boundaries in ticks of the motion.
        next_start : float or None
            Start of the next repetition, ticks; None for the last.
        lever : Lever, optional
            Lever by this repetition alone.
        """
        m = self._motion
        out, back = Span(phases.out_start, phases.out_end), Span(phases.back_start, phases.back_end)
        whole = Span(out.start, back.end)
        concentric, eccentric = (back, out) if m.start_high else (out, back)
        far, near = self._pauses(out, back, next_start)
        top_pause, bottom_pause = (near, far) if m.start_high else (far, near)
        known = _known(m.leg_missing, whole) and not self._is_cut(whole)
        pelvis_known = _known(m.pelvis_missing, whole)
        return Measured(
            concentric=concentric,
            eccentric=eccentric,
            whole=whole,
            start_s=float(m.track.time_s[0] + whole.start / GRID_HZ),
            end_s=float(m.track.time_s[0] + whole.end / GRID_HZ),
            concentric_s=self._duration(concentric),
            eccentric_s=self._duration(eccentric),
            top_pause_s=top_pause,
            bottom_pause_s=bottom_pause,
            tremor_ratio=tremor_ratio(self._shake, self._baseline, eccentric.start, eccentric.end),
            sway_deg=self._sway(whole) if m.header.posture == "hanging" else None,
            leg_known=known,
            contact_known=known and not self._holes_near(whole.end, AFTER_S + RINGS_S),
            pelvis_known=pelvis_known,
            **(self._leg(concentric, eccentric, whole) | {"lever": lever} if known else {}),
            **(self._pelvis(concentric, eccentric, whole, next_start) if pelvis_known else {}),
        )

    def _leg(self, concentric: Span, eccentric: Span, whole: Span) -> dict[str, Any]:
        """Return the figures of the leg, if it was measured in the repetition."""
        m, down = self._motion, eccentric.ticks
        top = _extreme(m.elevation_deg, whole, 1.0)
        bottom = _extreme(m.elevation_deg, eccentric, -1.0)
        ends, contact = {}, None
        if top is not None and bottom is not None:
            ends = {"top_angle_deg": top, "bottom_angle_deg": bottom, "range_deg": top - bottom}
            contact = touch_down(m, down, bottom, self._settings)
        lowering_dps = _extreme(m.speed_dps, eccentric, -1.0)
        return ends | {
            "peak_concentric_dps": _extreme(m.speed_dps, concentric, 1.0),
            "peak_eccentric_dps": None if lowering_dps is None else -lowering_dps,
            "smoothness_sparc": self._smoothness(concentric, eccentric),
            "momentum": self._coasting(concentric, 1),
            "drop": self._coasting(eccentric, -1),
            "peak_rad_s2": None if self._carried is None else _peak(self._carried.alpha_rad_s2[whole.ticks]),
            "contact": contact,
            "jolt": strongest_jolt(m, down, contact, self._settings),
        }

    def _pauses(self, out: Span, back: Span, next_start: float | None) -> tuple[float | None, float | None]:
        far = self._duration(Span(out.end, back.start), moving=False)
        near = None if next_start is None else self._duration(Span(back.end, next_start), moving=False)
        return far, None if near is None or near > LONGEST_PAUSE_S else max(near, 0.0)

    def _duration(self, span: Span, *, moving: bool = True) -> float | None:
        """Return the length of a phase or pause, seconds; None if a boundary, or much of it, was not seen."""
        if self._unseen(span.start, after=moving) or self._unseen(span.end, after=not moving):
            return None
        if moving and self._is_cut_off(span):
            return None
        unseen = (min(end, span.end) - max(start, span.start) for start, end in self._wide_holes)
        return None if max(unseen, default=0.0) > UNSEEN_S * GRID_HZ else span.duration_s

    def _unseen(self, at: float, *, after: bool) -> bool:
        """Whether a hole leaves a boundary unknown: near it, or in the flank after (before) it."""
        near = BOUNDARY_MARGIN_S * GRID_HZ
        for start, end in self._wide_holes:
            flank = min(near + 0.5 * (end - start), FLANK_S * GRID_HZ)
            ahead, behind = (flank, near) if after else (near, flank)
            if start - ahead < at < end + behind:
                return True
        return False

    def _is_cut(self, whole: Span) -> bool:
        """Whether a hole hides the beginning or the end of a repetition, or it ends after the recording.

        The leg moves next to the hole, or at the end.
        """
        before, after = (self._holes_near(at, BOUNDARY_MARGIN_S) for at in (whole.start, whole.end))
        aside, speed_dps = round(ASIDE_S * GRID_HZ), np.abs(self._motion.speed_dps)
        beside = [(*hole, hole[1] + aside) for hole in before] + [(*hole, hole[0] - aside) for hole in after]
        return self._ends_in(whole) or any(
            speed_dps[tick] > SLOW_DPS
            for start, end, tick in beside
            if start >= aside and end + aside < len(speed_dps)
        )

    def _is_cut_off(self, span: Span) -> bool:
        """Whether the recording begins or ends within a phase: the leg then moves at that end of it."""
        begun = span.start < BOUNDARY_MARGIN_S * GRID_HZ and abs(self._motion.speed_dps[0]) > SLOW_DPS
        return bool(begun) or self._ends_in(span)

    def _ends_in(self, span: Span) -> bool:
        """Whether the recording ends while the leg is still on its way."""
        speed_dps = self._motion.speed_dps
        near_end = span.end > len(speed_dps) - 1 - BOUNDARY_MARGIN_S * GRID_HZ
        return bool(near_end and abs(speed_dps[-1]) > SLOW_DPS)

    def _holes_near(self, at: float, margin_s: float) -> list[tuple[int, int]]:
        margin = margin_s * GRID_HZ
        return [hole for hole in self._wide_holes if hole[0] - margin < at < hole[1] + margin]

    def _smoothness(self, concentric: Span, eccentric: Span) -> float | None:
        if self._is_cut_off(concentric) or self._is_cut_off(eccentric):
            return None
        speeds = (spectral_arc_length(self._motion.speed_dps[span.ticks]) for span in (concentric, eccentric))
        lengths = [length for length in speeds if length is not None]
        return min(lengths) if len(lengths) == 2 else None

    def _coasting(self, span: Span, direction: int) -> float | None:
        m = self._motion
        if m.header.exercise == "heel_tap" or self._is_cut_off(span):
            return None
        ticks = span.ticks
        elevation, acceleration = m.elevation_deg[ticks], m.acceleration_dps2[ticks]
        if len(elevation) < 3:
            return None
        return coasting_share(elevation, acceleration, m.header.posture, direction)

    def _sway(self, whole: Span) -> float | None:
        """Return the pitch of greatest magnitude held at the bottom before the lift, degrees, signed."""
        start = round(whole.start)
        ticks = slice(max(0, start - round(SWAY_S * GRID_HZ)), start + 1)
        high, low = self._tilt_high[ticks], self._tilt_low[ticks]
        if self._motion.pelvis_missing[ticks].any() or not np.isfinite(high).all():
            return None
        return float(high.max() if high.max() >= -low.min() else low.min())

    def _pelvis(
        self, concentric: Span, eccentric: Span, whole: Span, next_start: float | None
    ) -> dict[str, Any]:
        """Return the figures of the pelvis, if it was measured in the repetition; none without a zero."""
        found: dict[str, Any] = {}
        ticks = _inner(whole, self._settings.angle_hold_s)
        if np.isfinite(self._tilt_high[ticks]).all():
            found["pelvic_tilt_deg"] = float(self._tilt_high[ticks].max())
            found["pelvic_curl_deg"] = float(-self._tilt_low[ticks].min())
            found["lift_off_angle_deg"] = self._lift_off(eccentric)
        if np.isfinite(self._rotation_high[ticks]).all():
            high, low = float(self._rotation_high[ticks].max()), float(self._rotation_low[ticks].min())
            found["pelvic_rotation_deg"] = high if high >= -low else low
        latest = self._sits_up_from(whole.end, whole.end + BOTTOM_S * GRID_HZ)
        bottom_end = min(latest if next_start is None else min(latest, next_start), len(self._shake) - 1.0)
        down_end = concentric.start if self._motion.start_high else bottom_end
        return found | {"arch": self._arch(whole, Span(eccentric.start, down_end))}

    def _sits_up_from(self, end: float, latest: float) -> float:
        """Return the tick at which a lying person begins to sit up after a repetition, at most `latest`.

        The pelvis then goes on tipping until it has left the posture, which no arch does.
        """
        if self._motion.header.posture == "hanging":
            return latest
        bottom = round(end)
        tilt = self._motion.tilt_deg[bottom : round(latest + SITS_UP_S * GRID_HZ)]
        (left,) = (np.abs(tilt) >= ready_deg(self._motion.header.start)).nonzero()
        if not len(left):
            return latest
        (near,) = (np.abs(tilt[: left[0]] - tilt[0]) < ARISEN_DEG).nonzero()
        return min(latest, float(bottom + (near[-1] if len(near) else 0)))

    def _lift_off(self, eccentric: Span) -> float | None:
        """Return the leg elevation at which tilt first passes the lift-off tilt on the way down, or None."""
        if self._motion.header.exercise == "heel_tap":
            return None
        tilt = self._motion.tilt_deg[eccentric.ticks]
        past = np.flatnonzero(tilt > self._settings.lift_off_deg)
        if len(past) == 0:
            return None
        return float(self._motion.elevation_deg[eccentric.ticks][past[0]])

    def _arch(self, whole: Span, down: Span) -> Arch | None:
        """Return the arch on the way down and at the bottom; None if tilt is not known."""
        hold_s = self._settings.angle_hold_s
        start, ticks = _inner(whole, hold_s).start, _inner(down, hold_s)
        first = max(ticks.start, start)
        held = self._tilt_high[start : ticks.stop]
        if ticks.stop <= first or not np.isfinite(held).all():
            return None
        own = np.where(held - np.minimum.accumulate(held) >= ARISEN_DEG, held, 0.0)
        maximum = int(np.argmax(own[first - start :]))
        return Arch(float(own[first - start + maximum]), first + maximum)


def measure_set(whole: SetEstimate, motion: SetMotion, settings: Settings) -> list[Measured]:
    """Return the figures of every repetition of a set."""
    all_reps = whole.segmentation.reps
    phases = []
    for spell in whole.posture.spells:
        reps = [rep for rep in all_reps if spell.start <= rep.far.tick < spell.stop]
        phases += find_phases(motion, reps, spell.start, spell.stop - 1)
    meter = Meter(motion, settings)
    starts = [phase.out_start for phase in phases[1:]] + [None] * min(1, len(phases))
    return list(map(meter.measure, phases, starts, meter.levers(phases)))


def _known(missing: BoolArray, span: Span) -> bool:
    """Whether enough of a span was measured to judge it."""
    piece = missing[span.ticks]
    if not piece.any():
        return len(piece) > 0
    if piece.mean() > LARGEST_HOLE_SHARE:
        return False
    return not stretches(piece, shortest=WIDE_HOLE_TICKS)


def _extreme(values: FloatArray, span: Span, sign: float) -> float | None:
    piece = values[span.ticks]
    return float(sign * (sign * piece).max()) if len(piece) else None


def _peak(values: FloatArray) -> float | None:
    return float(np.abs(values).max()) if len(values) else None


def _inner(span: Span, hold_s: float) -> slice:
    """Return the ticks whose holding window lies within the span; all of them if it is too short."""
    half = round(hold_s * GRID_HZ / 2)
    ticks = span.ticks
    start, end = ticks.start + half, ticks.stop - half
    return slice(start, end) if end > start else ticks
