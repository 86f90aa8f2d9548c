"""A hold: what is commanded within it, and the truth of it from the commanded motion.

Written against the definitions alone, so that an analysis can be held to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.sensors.simulator.figures import held_peak
from imu_reps.sensors.simulator.phases import LegCurve
from imu_reps.sensors.simulator.score import Excursion

_SETTINGS = Settings()


@dataclass(frozen=True, slots=True)
class HoldTruth:
    """The truth of one hold; times as in `Truth`, those called `after` or `from` counted from its start.

    Attributes
    ----------
    start_s, end_s : float
        From where the legs end their way up to where they leave it: the phases' boundaries.
    arch_after_s : float or None
        When the tilt passes its limit to stay there for `Settings.angle_hold_s`; None: it never does.
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
        """How long it was held."""
        return self.end_s - self.start_s

    def shifted(self, by_s: float) -> HoldTruth:
        """The same hold on a time that is so much later."""
        return replace(self, start_s=self.start_s + by_s, end_s=self.end_s + by_s)

    def figures(self) -> dict[str, float | None]:
        """As the JSON summary has it: its time and its greatest tilt; nothing of a hold is counted."""
        return {
            "rep_count": None,
            "clean_count": None,
            "partial_count": None,
            "time_under_tension_s": self.duration_s,
            "pelvic_tilt_deg_max": self.greatest_tilt_deg,
        }


def longest_hold(leg: LegCurve, tilt_deg: FloatArray, excursions: list[Excursion]) -> HoldTruth | None:
    """The longest of the commanded holds; None where nothing was commanded.

    Parameters
    ----------
    leg : LegCurve
    tilt_deg : (n,) float
        Low-passed pelvic tilt on the same times.
    excursions : list of Excursion
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
    """When the tilt was past its limit for long enough to count."""
    over = np.diff(np.concatenate([[0], tilt_deg > _SETTINGS.tilt_flag_deg, [0]]).astype(np.int8))
    edges = zip(np.flatnonzero(over > 0), np.flatnonzero(over < 0) - 1, strict=True)
    spans = [(float(after_s[begin]), float(after_s[end])) for begin, end in edges]
    return [span for span in spans if span[1] - span[0] >= _SETTINGS.angle_hold_s]


def _arrival_s(leg: LegCurve, rising_s: tuple[float, float]) -> float:
    """Where the way up ends: the line through 10 % and 40 % of its peak speed, carried to zero."""
    inside = slice(*np.searchsorted(leg.time_s, rising_s))
    return _line_end_s(leg.time_s[inside], leg.speed_dps[inside])


def _departure_s(leg: LegCurve, lowering_s: tuple[float, float]) -> float:
    """Where the way down begins: the same, looked at backwards."""
    inside = slice(*np.searchsorted(leg.time_s, lowering_s))
    return -_line_end_s(-leg.time_s[inside][::-1], -leg.speed_dps[inside][::-1])


def _line_end_s(time_s: FloatArray, speed_dps: FloatArray) -> float:
    peak = float(speed_dps.max())
    at_10, at_40 = (float(time_s[np.flatnonzero(speed_dps >= share * peak)[-1]]) for share in (0.1, 0.4))
    return at_10 + (at_10 - at_40) / 3.0
