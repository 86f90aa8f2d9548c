"""The figures of one repetition: docs/definitions.md#per-repetition."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from imu_reps.analysis.filters import held_high, held_low
from imu_reps.analysis.reps.control import (
    baseline_dps,
    coasting_share,
    shake_squared,
    spectral_arc_length,
    tremor_ratio,
)
from imu_reps.analysis.reps.impacts import Impulse, strongest_jolt, touch_down
from imu_reps.analysis.reps.phases import Phases
from imu_reps.analysis.set_motion import SetMotion
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ
from imu_reps.kinematics.lever import Lever, fit_lever
from imu_reps.kinematics.rest import stretches

#: A rest at the near end longer than this is a break, not a pause.
LONGEST_PAUSE_S = 10.0

#: An angle that departs from how fast the gyroscope turns by as much as that turned at most was not seen in
#: its time (ours: in 440 repetitions of real people and other people's simulators 0.81 at most).
UNTURNED_SHARE = 1.0

#: A long hole this near to a boundary leaves the boundary unknown.
BOUNDARY_MARGIN_S = 0.1

#: So much of the way back is a good part of it (docs/definitions.md#a-repetition).
UNSEEN_SHARE = 0.15

#: A repetition with more missing than this, in one stretch or in all, is not judged.
LONGEST_HOLE_S = 0.15
LARGEST_HOLE_SHARE = 0.10

#: Tilt that has grown by less since the repetition began is that of before: what a pelvis sensor errs by.
ARISEN_DEG = 1.0

#: A pelvis that follows the leg late arches at the bottom, within this after the leg got there (ours).
BOTTOM_S = 1.0

#: Hanging, the swing of the whole body is looked for this long before the lift.
SWAY_S = 0.5


@dataclass(frozen=True, slots=True)
class Span:
    """A phase in ticks, fractions included."""

    start: float
    end: float

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        return (self.end - self.start) / GRID_HZ

    @property
    def ticks(self) -> slice:
        """Whole ticks within it, at least one."""
        start = math.ceil(self.start)
        return slice(start, max(start, math.floor(self.end)) + 1)


@dataclass(frozen=True, slots=True)
class Arch:
    """Greatest anterior tilt on a way down or at its bottom, held; degrees, and its tick.

    Of tilt that has grown since the repetition began; 0 where it has not: what has not come back from before
    is not this one's.
    """

    tilt_deg: float
    tick: int


@dataclass(frozen=True, slots=True)
class Measured:
    """One repetition measured, not yet judged. Names as in `Rep`, and what only the detectors need.

    Attributes
    ----------
    drop : float or None
        The coasting share down.
    peak_rad_s2 : float or None
        Greatest angular acceleration of the leg, either direction.
    lever : Lever or None
        Where the hip is as seen from the ankle sensor, by this repetition alone.
    contact, jolt : Impulse or None
        The heel's, as the lowering ends; one on the way down.
    arch : Arch or None
        Of the pelvis, on the way down and at the bottom.
    sway_deg : float or None
        Hanging: pitch of the pelvis at the bottom before the lift, signed.
    leg_known, pelvis_known : bool
        Whether enough was measured to judge it.
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
    top_angle_deg: float | None
    bottom_angle_deg: float | None
    range_deg: float | None
    peak_concentric_dps: float | None
    peak_eccentric_dps: float | None
    pelvic_tilt_deg: float | None
    pelvic_curl_deg: float | None
    pelvic_rotation_deg: float | None
    lift_off_angle_deg: float | None
    smoothness_sparc: float | None
    tremor_ratio: float | None
    momentum: float | None
    drop: float | None
    peak_rad_s2: float | None
    lever: Lever | None
    arch: Arch | None
    contact: Impulse | None
    jolt: Impulse | None
    sway_deg: float | None
    leg_known: bool
    pelvis_known: bool


class Meter:
    """Measures the repetitions of one set motion; what is the same for all is worked out once."""

    def __init__(self, motion: SetMotion, settings: Settings) -> None:
        self._motion = motion
        self._settings = settings
        hold = settings.angle_hold_s
        self._tilt_high = held_high(motion.tilt_deg, hold)
        self._tilt_low = held_low(motion.tilt_deg, hold)
        self._rotation_high = held_high(motion.rotation_deg, hold)
        self._rotation_low = held_low(motion.rotation_deg, hold)
        self._wide_holes = [
            (start, end)
            for start, end in stretches(motion.leg_missing)
            if end - start > LONGEST_HOLE_S * GRID_HZ
        ]
        self._shake = shake_squared(motion)
        self._baseline = baseline_dps(self._shake, motion)

    def measure(self, phases: Phases, next_start: float | None) -> Measured:
        """The figures of one repetition.

        Parameters
        ----------
        phases : Phases
            Its boundaries in ticks of the motion.
        next_start : float or None
            Where the next repetition starts; None for the last.
        """
        m = self._motion
        out, back = Span(phases.out_start, phases.out_end), Span(phases.back_start, phases.back_end)
        whole = Span(out.start, back.end)
        concentric, eccentric = (back, out) if m.start_high else (out, back)
        far, near = self._pauses(out, back, next_start)
        top_pause, bottom_pause = (near, far) if m.start_high else (far, near)
        latest = whole.end + BOTTOM_S * GRID_HZ if next_start is None else next_start
        bottom_end = min(latest, whole.end + BOTTOM_S * GRID_HZ, len(m.tilt_deg) - 1.0)
        timed = self._turned_as_seen(whole)
        known = timed and _known(m.leg_missing, whole)
        top = _extreme(m.elevation_deg, whole, 1.0)
        bottom = None if self._end_unseen(whole) else _extreme(m.elevation_deg, eccentric, -1.0)
        seen = known and top is not None and bottom is not None
        contact = touch_down(m, eccentric.ticks, bottom) if seen and bottom is not None else None
        return Measured(
            concentric,
            eccentric,
            whole,
            start_s=float(m.track.time_s[0] + whole.start / GRID_HZ),
            end_s=float(m.track.time_s[0] + whole.end / GRID_HZ),
            concentric_s=self._duration(concentric) if timed else None,
            eccentric_s=self._duration(eccentric) if timed else None,
            top_pause_s=top_pause,
            bottom_pause_s=bottom_pause,
            top_angle_deg=top if seen else None,
            bottom_angle_deg=bottom if seen else None,
            range_deg=top - bottom if seen and top is not None and bottom is not None else None,
            peak_concentric_dps=_extreme(m.speed_dps, concentric, 1.0) if known else None,
            peak_eccentric_dps=_negated(_extreme(m.speed_dps, eccentric, -1.0)) if known else None,
            smoothness_sparc=self._smoothness(concentric, eccentric) if known else None,
            tremor_ratio=tremor_ratio(self._shake, self._baseline, eccentric.start, eccentric.end),
            momentum=self._coasting(concentric, 1) if known else None,
            drop=self._coasting(eccentric, -1) if known else None,
            peak_rad_s2=_peak_rad_s2(m.acceleration_dps2[whole.ticks]) if known else None,
            lever=self._lever(whole) if known else None,
            contact=contact,
            jolt=strongest_jolt(m, eccentric.ticks, contact, self._settings) if known else None,
            sway_deg=self._sway(whole) if m.header.posture == "hanging" else None,
            leg_known=known,
            pelvis_known=_known(m.pelvis_missing, whole),
            arch=self._arch(whole, Span(eccentric.start, concentric.start if m.start_high else bottom_end)),
            **self._pelvis(whole, eccentric),
        )

    def _turned_as_seen(self, whole: Span) -> bool:
        """Whether the angle changes as the gyroscope turned.

        Live, nothing may have told yet when the samples of a backlog were taken.
        """
        if self._motion.carried is None:
            return True
        turned_dps = np.degrees(self._motion.carried.omega_rad_s[whole.ticks])
        differs_dps = self._motion.speed_dps[whole.ticks][: len(turned_dps)] - turned_dps
        return bool(np.abs(differs_dps).max() < UNTURNED_SHARE * np.abs(turned_dps).max())

    def _pauses(self, out: Span, back: Span, next_start: float | None) -> tuple[float | None, float | None]:
        far = Span(out.end, back.start)
        near = None if next_start is None else self._duration(Span(back.end, next_start))
        return self._duration(far), None if near is None or near > LONGEST_PAUSE_S else max(near, 0.0)

    def _duration(self, span: Span) -> float | None:
        """Length of a span both of whose boundaries were seen."""
        return None if self._near_hole(span.start) or self._near_hole(span.end) else span.duration_s

    def _near_hole(self, at: float) -> bool:
        margin = BOUNDARY_MARGIN_S * GRID_HZ
        return any(start - margin < at < end + margin for start, end in self._wide_holes)

    def _end_unseen(self, whole: Span) -> bool:
        """Whether the sensor was lost on the way back to the floor: nobody knows how low the leg came."""
        angle, ends = self._motion.elevation_deg[whole.ticks], self._near_hole(whole.end)
        left_deg = abs(float(angle[-1] - angle[0]))
        return ends and not self._motion.start_high and left_deg > UNSEEN_SHARE * float(np.ptp(angle))

    def _smoothness(self, concentric: Span, eccentric: Span) -> float | None:
        speeds = (spectral_arc_length(self._motion.speed_dps[span.ticks]) for span in (concentric, eccentric))
        lengths = [length for length in speeds if length is not None]
        return min(lengths) if len(lengths) == 2 else None

    def _coasting(self, span: Span, direction: int) -> float | None:
        m = self._motion
        if m.header.exercise == "heel_tap":
            return None
        ticks = span.ticks
        elevation, acceleration = m.elevation_deg[ticks], m.acceleration_dps2[ticks]
        if len(elevation) < 3:
            return None
        return coasting_share(elevation, acceleration, m.header.posture, direction)

    def _lever(self, whole: Span) -> Lever | None:
        carried, ticks = self._motion.carried, whole.ticks
        if carried is None:
            return None
        return fit_lever(carried, np.arange(ticks.start, min(ticks.stop, len(carried.omega_rad_s))))

    def _sway(self, whole: Span) -> float | None:
        """The pitch of greatest magnitude held at the bottom before the lift."""
        start = round(whole.start)
        ticks = slice(max(0, start - round(SWAY_S * GRID_HZ)), start + 1)
        high, low = self._tilt_high[ticks], self._tilt_low[ticks]
        if self._motion.pelvis_missing[ticks].any() or not np.isfinite(high).all():
            return None
        return float(high.max() if high.max() >= -low.min() else low.min())

    def _pelvis(self, whole: Span, eccentric: Span) -> dict[str, float | None]:
        known = _known(self._motion.pelvis_missing, whole)
        tilt = curl = lift_off = rotation = None
        ticks = _inner(whole, self._settings.angle_hold_s)
        if known and np.isfinite(self._tilt_high[ticks]).all():
            tilt = float(self._tilt_high[ticks].max())
            curl = float(-self._tilt_low[ticks].min())
            lift_off = self._lift_off(eccentric)
        if known and np.isfinite(self._rotation_high[ticks]).all():
            high, low = float(self._rotation_high[ticks].max()), float(self._rotation_low[ticks].min())
            rotation = high if high >= -low else low
        return {
            "pelvic_tilt_deg": tilt,
            "pelvic_curl_deg": curl,
            "pelvic_rotation_deg": rotation,
            "lift_off_angle_deg": lift_off,
        }

    def _lift_off(self, eccentric: Span) -> float | None:
        """Leg elevation at which tilt first passes the lift-off tilt on the way down."""
        if self._motion.header.exercise == "heel_tap":
            return None
        tilt = self._motion.tilt_deg[eccentric.ticks]
        past = np.flatnonzero(tilt > self._settings.lift_off_deg)
        if len(past) == 0:
            return None
        return float(self._motion.elevation_deg[eccentric.ticks][past[0]])

    def _arch(self, whole: Span, down: Span) -> Arch | None:
        """The arch of a way down and its bottom; None where the pelvis is not known."""
        hold_s = self._settings.angle_hold_s
        start, ticks = _inner(whole, hold_s).start, _inner(down, hold_s)
        held = self._tilt_high[start : ticks.stop]
        seen = _known(self._motion.pelvis_missing, whole) and ticks.stop > max(ticks.start, start)
        if not seen or not np.isfinite(held).all():
            return None
        own = np.where(held - np.minimum.accumulate(held) >= ARISEN_DEG, held, 0.0)
        maximum = int(np.argmax(own[ticks.start - start :]))
        return Arch(float(own[ticks.start - start + maximum]), ticks.start + maximum)


def _known(missing: BoolArray, span: Span) -> bool:
    """Whether enough of a span was measured to judge it."""
    piece = missing[span.ticks]
    if not piece.any():
        return len(piece) > 0
    if piece.mean() > LARGEST_HOLE_SHARE:
        return False
    longest = int(LONGEST_HOLE_S * GRID_HZ) + 1
    runs = np.convolve(piece, np.ones(longest), "valid") if len(piece) >= longest else np.zeros(1)
    return bool(runs.max() < longest)


def _extreme(values: FloatArray, span: Span, sign: float) -> float | None:
    piece = values[span.ticks]
    return float(sign * (sign * piece).max()) if len(piece) else None


def _peak_rad_s2(acceleration_dps2: FloatArray) -> float | None:
    return float(np.radians(np.abs(acceleration_dps2).max())) if len(acceleration_dps2) else None


def _negated(value: float | None) -> float | None:
    return None if value is None else -value


def _inner(span: Span, hold_s: float) -> slice:
    """Ticks whose holding window lies within the span."""
    half = round(hold_s * GRID_HZ / 2)
    ticks = span.ticks
    start, end = ticks.start + half, ticks.stop - half
    return slice(start, end) if end > start else ticks
