"""The set so far, searched as a finished one is: which way is up, where zero is, which swings count."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imu_reps.analysis.alignment import VERTICAL_DEG, low_zero, rests_in, swing_axis
from imu_reps.analysis.high_start import find_high_set
from imu_reps.analysis.live_measure import LivePiece
from imu_reps.analysis.low_start import find_low_set
from imu_reps.analysis.segmentation import Segmentation, Turn
from imu_reps.analysis.swing import swing_of
from imu_reps.domain.recording import Header
from imu_reps.domain.samples import FloatArray
from imu_reps.domain.settings import Settings


def find_so_far(
    piece: LivePiece, turns: Sequence[Turn], axis: FloatArray, header: Header, settings: Settings
) -> tuple[float, float, Segmentation]:
    """Find the set in what is kept of it.

    Parameters
    ----------
    piece : LivePiece
        Since it was ready.
    turns : sequence of Turn
        Of the angle; ticks are rows of `piece`.
    axis : (3,) float
        About which the angle counts, in sensor axes, as it was known at first.
    header : Header
    settings : Settings

    Returns
    -------
    sense, zero_deg : float
        Leg elevation is the first times the angle plus the second.
    segmentation : Segmentation
        In travel; ticks are rows of `piece`.
    """
    swing = swing_of(piece.ankle, _swing_axis(piece.ankle.up, axis))
    if header.start == "low":
        low = find_low_set(turns, swing, header, settings)
        if not low.segmentation.reps:
            return low.sense, 0.0, low.segmentation
        rests = rests_in(piece.ready)
        level, found, _ = low_zero(low, turns, piece.angle_deg, swing, rests, settings)
        return low.sense, -level, found
    high = find_high_set(turns, piece.angle_deg, piece.tilt_deg, swing, header, settings)
    found = high.segmentation
    if header.exercise == "heel_tap":
        return high.sense, found.reps[0].near.value if found.reps else 0.0, found
    return high.sense, 0.0 if high.lifted else VERTICAL_DEG, found


def _swing_axis(up: FloatArray, known_axis: FloatArray) -> FloatArray:
    """The axis as all that is kept shows it, in the sense of the one that is known."""
    known = up[np.isfinite(up[:, 0])]
    axis = swing_axis(known, known[0])
    return axis if axis @ known_axis > 0.0 else -axis
