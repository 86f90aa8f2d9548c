"""Ground truth of a hold, from the commanded motion.

Written from docs/definitions.md#holds alone, independently of the analysis.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import minimum_filter1d

from imu_reps.domain.exercise import Posture
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.sim.wearer.body import DENSE_HZ
from imu_reps.sim.wearer.leg_phases import LegCurve
from imu_reps.sim.wearer.score import CommandedExcursion

_SETTINGS = Settings()


@dataclass(frozen=True, slots=True)
class HoldTruth:
    """Ground truth of one hold; times as in `Truth`, those named `after` or `from` relative to its start.

    Attributes
    ----------
    start_s, end_s : float
        From where the legs end their way up to where they leave it: the phases' boundaries.
    arch_after_s : float or None
        When the tilt exceeds its limit for `Settings.angle_hold_s`; None if it never does.
    clean_s, clean_from_s : float
        The longest stretch without that.
    greatest_tilt_deg : float
        Held for `Settings.angle_hold_s`.
    """

    start_s: float
    end_s: float
    arch_after_s: float | None
    clean_s: float
    clean_from_s: float
    greatest_tilt_deg: float | None

    @property
    def duration_s(self) -> float:
        """Duration of the hold."""
        return self.end_s - self.start_s

    def shifted(self, by_s: float) -> HoldTruth:
        """Return the hold shifted in time."""
        return replace(self, start_s=self.start_s + by_s, end_s=self.end_s + by_s)

    def figures(self) -> dict[str, float | None]:
        """Return the set summary of the hold: its duration and greatest tilt."""
        return {
            "rep_count": None,
            "clean_count": None,
            "partial_count": None,
            "time_under_tension_s": self.duration_s,
            "pelvic_tilt_deg_max": self.greatest_tilt_deg,
        }


def longest_hold(
    leg: LegCurve, tilt_deg: FloatArray, excursions: list[CommandedExcursion]
) -> HoldTruth | None:
    """Return the longest commanded hold; None if there is none.

    Parameters
    ----------
    tilt_deg : (n,) float
        Low-passed pelvic tilt on the same times.
    """
    spans = [(_arrival_s(leg, e.rising), _departure_s(leg, e.lowering)) for e in excursions]
    if not spans:
        return None
    return _measured(leg.time_s, tilt_deg, max(spans, key=lambda span: span[1] - span[0]))


def _measured(time_s: FloatArray, tilt_deg: FloatArray, span_s: tuple[float, float]) -> HoldTruth:
    start_s, end_s = span_s
    inside = slice(*np.searchsorted(time_s, span_s))
    arches = _arches(time_s[inside] - start_s, tilt_deg[inside])
    flat = zip(
        [0.0, *(end for _, end in arches)], [*(start for start, _ in arches), end_s - start_s], strict=True
    )
    clean_from_s, clean_to_s = max(flat, key=lambda stretch: stretch[1] - stretch[0])
    return HoldTruth(
        start_s,
        end_s,
        arches[0][0] if arches else None,
        clean_to_s - clean_from_s,
        clean_from_s,
        held_peak(tilt_deg[inside], _SETTINGS.angle_hold_s),
    )


def _arches(after_s: FloatArray, tilt_deg: FloatArray) -> list[tuple[float, float]]:
    """Return the stretches in which the tilt exceeded its limit for long enough."""
    over = np.diff(np.concatenate([[0], tilt_deg > _SETTINGS.tilt_flag_deg, [0]]).astype(np.int8))
    edges = zip(np.flatnonzero(over > 0), np.flatnonzero(over < 0) - 1, strict=True)
    spans = [(float(after_s[begin]), float(after_s[end])) for begin, end in edges]
    return [span for span in spans if span[1] - span[0] >= _SETTINGS.angle_hold_s]


def _arrival_s(leg: LegCurve, rising_s: tuple[float, float]) -> float:
    """Return the end of the way up, by extrapolating the line through 10 % and 40 % of its peak speed."""
    inside = slice(*np.searchsorted(leg.time_s, rising_s))
    return _line_end_s(leg.time_s[inside], leg.speed_dps[inside])


def _departure_s(leg: LegCurve, lowering_s: tuple[float, float]) -> float:
    """Return the beginning of the way down, by the same rule reversed in time."""
    inside = slice(*np.searchsorted(leg.time_s, lowering_s))
    return -_line_end_s(-leg.time_s[inside][::-1], -leg.speed_dps[inside][::-1])


def _line_end_s(time_s: FloatArray, speed_dps: FloatArray) -> float:
    peak = float(speed_dps.max())
    at_10, at_40 = (float(time_s[np.flatnonzero(speed_dps >= share * peak)[-1]]) for share in (0.1, 0.4))
    return at_10 + (at_10 - at_40) / 3.0


_PENDULUM_RAD2_S2 = 16.0
_MIN_STATIC = 0.34
_LOW_MOMENT = 0.2
_MIN_DEGREES = 10.0


def passive_share(leg: LegCurve, span: slice, posture: Posture, *, rising: bool) -> float | None:
    """Return the share of the range with a net hip moment under 0.2: `momentum`, or the drop.

    None if fewer than 10 degrees remain where the static moment is at least 0.34.
    """
    angle = np.radians(leg.elevation_deg[span])
    static = np.sin(angle) if posture == "hanging" else np.cos(angle)
    moment = np.radians(leg.acceleration_dps2[span]) / _PENDULUM_RAD2_S2 + static
    speed = leg.speed_dps[span] if rising else -leg.speed_dps[span]
    way = np.where(static >= _MIN_STATIC, np.maximum(speed, 0.0), 0.0) / DENSE_HZ
    total = float(way.sum())
    if total < _MIN_DEGREES:
        return None
    return float(way[moment < _LOW_MOMENT].sum()) / total


def held_peak(values: FloatArray, hold_s: float) -> float | None:
    """Return the greatest value held for `hold_s`; None for a shorter stretch, or without values."""
    size = round(hold_s * DENSE_HZ)
    if len(values) < size or np.isnan(values).any():
        return None
    whole = minimum_filter1d(values, size)[size // 2 : len(values) - (size - 1) // 2]
    return float(whole.max())


def held_rotation(values: FloatArray, hold_s: float) -> float | None:
    """Return the rotation of greatest magnitude held for `hold_s`, signed."""
    positive, negative = held_peak(values, hold_s), held_peak(-values, hold_s)
    if positive is None or negative is None:
        return None
    return positive if positive >= negative else -negative


def smoothness_sparc(speed_dps: FloatArray) -> float | None:
    """Spectral arc length of one movement (Balasubramanian et al. 2015): 10 Hz, 0.05, padding 4."""
    speed = np.abs(speed_dps[:: round(DENSE_HZ / 100.0)])
    if len(speed) < 8:
        return None
    size = int(2 ** (np.ceil(np.log2(len(speed))) + 4))
    frequency = np.arange(size // 2) * (100.0 / size)
    magnitude = np.abs(np.fft.rfft(speed, size))[: size // 2]
    magnitude /= magnitude.max()
    inside = frequency <= 10.0
    strong = np.flatnonzero(inside & (magnitude >= 0.05))
    kept = slice(strong[0], strong[-1] + 1)
    f, m = frequency[kept], magnitude[kept]
    return -float(np.sum(np.hypot(np.diff(f) / (f[-1] - f[0]), np.diff(m))))
