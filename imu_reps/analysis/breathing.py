"""Breathing, from the tilt of a lying pelvis. Experimental, and off unless enabled by a setting.

The pelvis tips by a few tenths of a degree with every breath. Only rests are analysed, since repetitions lie
in the frequency band of breathing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import detrend

from imu_reps.analysis.set.spells import Rest, rests_in
from imu_reps.analysis.set_motion import low_passed
from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings
from imu_reps.domain.track import GRID_HZ, AngleTrack
from imu_reps.kinematics.motion import bridged

#: Frequency band of breathing: 6 to 36 breaths a minute.
BAND_HZ = (0.1, 0.6)

#: Shortest rest, which must contain several breaths.
SHORTEST_S = 12.0

#: A spectral peak is breathing if within this of it lies at least this share of the band's power, and the RMS
#: is above noise.
NEAR_HZ, CLEAR_SHARE, MIN_RMS_DEG = 0.06, 0.6, 0.03

#: Movement below this share of the person's own breathing is no breath.
NONE_SHARE = 0.25

#: Factor of zero padding of the spectrum.
PADDING = 8


@dataclass(frozen=True, slots=True)
class Breathing:
    """Breathing during a rest: breaths per minute, and the RMS tilt they cause."""

    per_minute: float
    rms_deg: float


def breathing(tilt_deg: FloatArray) -> Breathing | None:
    """Return the breathing during a rest; None if it does not show clearly.

    Parameters
    ----------
    tilt_deg : (n,) float
        Pelvic tilt on the grid, without holes.
    """
    if len(tilt_deg) < SHORTEST_S * GRID_HZ:
        return None
    level = detrend(tilt_deg) * np.hanning(len(tilt_deg))
    length = PADDING * len(level)
    frequency = np.fft.rfftfreq(length, 1.0 / GRID_HZ)
    inside = (frequency >= BAND_HZ[0]) & (frequency <= BAND_HZ[1])
    power, frequency = np.abs(np.fft.rfft(level, length)[inside]) ** 2, frequency[inside]
    peak = float(frequency[np.argmax(power)])
    at_edge = peak in (frequency[0], frequency[-1])
    share = float(power[np.abs(frequency - peak) <= NEAR_HZ].sum() / power.sum()) if power.any() else 0.0
    # the spectrum is one-sided, half of the power; a Hann window leaves 3/8 of it
    rms = float(np.sqrt(2.0 * power.sum() / length / len(level) / 0.375))
    if at_edge or share < CLEAR_SHARE or rms < MIN_RMS_DEG:
        return None
    return Breathing(60.0 * peak, rms)


def breathing_findings(track: AngleTrack, settings: Settings) -> list[Finding]:
    """Return findings on breathing during rests; none unless `Settings.no_breath_s` is set."""
    if settings.no_breath_s is None or not np.isfinite(track.pelvic_tilt_deg).any():
        return []
    tilt = low_passed(bridged(track.pelvic_tilt_deg))
    known = track.pelvis_still & np.isfinite(track.pelvic_tilt_deg)
    rests = [rest for rest in rests_in(known) if rest.duration_s >= min(SHORTEST_S, settings.no_breath_s)]
    seen = [found for rest in rests if (found := breathing(tilt[rest.start : rest.end])) is not None]
    if not seen:
        return []
    own = max(seen, key=lambda found: found.rms_deg)
    rate = float(np.median([found.per_minute for found in seen]))
    rate_found = Finding("breathing", values={"per_minute": rate})
    return [rate_found, *_held(track, tilt, rests, own, settings.no_breath_s)]


def _held(
    track: AngleTrack, tilt: FloatArray, rests: Sequence[Rest], own: Breathing, min_s: float
) -> list[Finding]:
    """Report rests that contain a stretch of `min_s` without breathing."""
    found = []
    for rest in rests:
        quiet = _quietest(tilt[rest.start : rest.end], round(min_s * GRID_HZ))
        if quiet is not None and quiet[1] < NONE_SHARE * own.rms_deg:
            at_s = float(track.time_s[rest.start + quiet[0]])
            values = {"for_s": min_s}
            found.append(Finding("no_breath", values=values, start_s=at_s, end_s=at_s + min_s))
    return found


def _quietest(tilt: FloatArray, length: int) -> tuple[int, float] | None:
    """Return start and RMS of the stretch of `length` ticks that moves least; None if `tilt` is shorter."""
    if len(tilt) < length:
        return None
    level = tilt - tilt.mean()
    mean, square = (uniform_filter1d(values, length, mode="nearest") for values in (level, level**2))
    whole = slice(length // 2, length // 2 + len(tilt) - length + 1)
    variance = np.maximum(square - mean**2, 0.0)[whole]
    start = int(np.argmin(variance))
    return start, float(np.sqrt(variance[start]))
