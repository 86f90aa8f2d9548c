"""A gyroscope whose scale goes on changing through a recording, or changes by too little to leave a part out.

Each piece's own factor, which explains its force best, is known to within a few per cent. Through all of them
a straight line is laid, of the factor's logarithm over time: a good gyroscope's is level.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.samples import SensorPlace
from imu_reps.quality.gyroscope_in_motion import TurningFit, known_well, own_errors


@dataclass(frozen=True, slots=True)
class DriftParams:
    """Parameters of a scale that drifts.

    Attributes
    ----------
    min_pieces : int
        Fewest pieces that show a drift.
    smallest_factor : float
        Smallest factor of a piece, as factors below 0 explain no turn.
    sure_sds, change_share : float
        Number of standard errors, and change of the scale from the first piece to the last as a share, from
        which a drift is reported (ours: at most 2.4 errors in 400 sensors of clean sets and 3.2 in as many
        of restless people; a drift of 30 % has 7 in the median).
    """

    min_pieces: int = 3
    smallest_factor: float = 0.1
    sure_sds: float = 3.3
    change_share: float = 0.08


PARAMS = DriftParams()


def check_drift(place: SensorPlace, start_s: float, fit: TurningFit | None) -> Iterator[Finding]:
    """Report a gyroscope whose scale is another one at the end than at the beginning.

    Parameters
    ----------
    place : {"pelvis", "ankle"}
    start_s : float
        Start of the first window.
    fit : TurningFit or None
        How the turns explain the force.
    """
    if fit is None or not known_well(fit) or len(fit.pieces) < PARAMS.min_pieces:
        return
    factor = np.maximum(fit.own_factor, PARAMS.smallest_factor)
    weight = (factor / own_errors(fit)) ** 2
    first_s = fit.pieces.first * fit.pieces.hop_s
    middle_s = float(weight @ first_s) / float(weight.sum())
    since_s, logarithm = first_s - middle_s, np.log(factor)
    usual, spread = float(weight @ logarithm) / float(weight.sum()), float(weight @ since_s**2)
    slope = float((weight * since_s) @ logarithm) / spread
    left = float(weight @ (logarithm - usual - slope * since_s) ** 2) / (len(factor) - 2)
    error = math.sqrt(max(1.0, left) / spread)
    before, after = np.exp(-(usual + slope * since_s[[0, -1]])).tolist()
    if abs(slope) > PARAMS.sure_sds * error and abs(math.log(after / before)) > PARAMS.change_share:
        piece_s = fit.pieces.weight.shape[1] * fit.pieces.hop_s
        yield Finding(
            "gyro_drifts",
            values={"before": before, "after": after},
            severity="caution",
            sensor=place,
            start_s=start_s + float(first_s[0]),
            end_s=start_s + float(first_s[-1]) + piece_s,
        )
