"""The gyroscope where the limb is never calm: scale and axes by what they leave unexplained of the force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.frames import ACC_COLUMNS, GYR_COLUMNS
from imu_reps.domain.samples import FloatArray, SensorPlace
from imu_reps.quality.carried_round import TurningFit, TurningPieces, unexplained
from imu_reps.quality.windows import Windows

#: A scale that is off by so many standard errors is told (ours).
SURE_SDS = 3.3
#: Beyond these no scale explains the force. What turns between calm moments show is borne out by this share.
FACTORS, BORNE_OUT = (0.5, 3.0), 0.5
#: A factor that is this near to 1, and its error this small, show that the axes are right.
NEAR, NEAR_ERROR = 0.1, 0.08
#: Changed columns must leave this share of the force that is left otherwise, as mean squares (ours: of good
#: gyroscopes in 1,000 sets of two simulators 0.4 at the least; of inverted axes 9 in 10 leave less).
MENDED_SHARE = 0.25
#: One piece of ten seconds alone fits other columns more easily.
MENDED_SHARE_ALONE = 0.1
#: An axis is dead where in the fastest third of the hops it shows hardly more than in the slowest, and this
#: share of what another axis does, and so much of the force is left, m/s², that the factor is that vague
#: (ours: on a swinging body as much is left, but the factor is known to within 0.12).
DEAD_TIMES, DEAD_SHARE, DEAD_LEFT_MPS2, DEAD_ERROR = 1.5, 0.05, 1.0, 0.12


def check_axes_in_motion(place: SensorPlace, windows: Windows, fit: TurningFit | None) -> Iterator[Finding]:
    """Whether an axis of the gyroscope is dead, or columns are swapped or have the wrong sign."""
    if fit is None or (abs(fit.factor - 1.0) < NEAR and fit.error < NEAR_ERROR):
        return
    # on a body that swings the force stays in the sensor: there it is as if nothing turned
    left = min(fit.left, unexplained(_turned_otherwise(fit.pieces, np.zeros((3, 3)))))
    unexplained_by_turns = left > DEAD_LEFT_MPS2**2 and fit.error > DEAD_ERROR
    values = _mend(fit.pieces, left) or (_dead(windows) if unexplained_by_turns else {})
    if values:
        yield Finding("gyro_axes", values=values, severity="refuse", sensor=place)


def check_scale_in_motion(place: SensorPlace, fit: TurningFit | None) -> Iterator[Finding]:
    """Whether the gyroscope's turns are surely not the true ones."""
    if fit is None or not FACTORS[0] < fit.factor < FACTORS[1]:
        return
    # held against the error of the factor and of its inverse: a body that swings has a small, vague one
    if abs(fit.factor - 1.0) * min(1.0, fit.factor) > SURE_SDS * fit.error:
        values = {"ratio": 1.0 / fit.factor, "error": fit.error / fit.factor**2}
        yield Finding("gyro_scale", values=values, severity="caution", sensor=place)


def borne_out(finding: Finding, fit: TurningFit | None) -> bool:
    """Whether a scale found between calm moments shows in motion too, where motion shows one."""
    if finding.code != "gyro_scale" or finding.severity == "refuse" or fit is None:
        return True
    return bool((1.0 / fit.factor - 1.0) / (finding.values["ratio"] - 1.0) > BORNE_OUT)


def _turned_otherwise(pieces: TurningPieces, matrix: FloatArray) -> TurningPieces:
    return replace(pieces, rate_rad_s=pieces.rate_rad_s @ matrix)


def _mend(pieces: TurningPieces, left: float) -> dict[str, tuple[str, ...]]:
    """The columns that, with their signs changed or swapped, explain what is left of the force.

    An axis of the accelerometer that is inverted shows as the two other axes of the gyroscope.
    """
    tried: dict[tuple[str, tuple[str, ...]], FloatArray] = {("flip", GYR_COLUMNS): -np.eye(3)}
    for axis, pair in enumerate(((1, 2), (0, 2), (0, 1))):
        sign, swap = np.eye(3), np.eye(3)
        sign[axis] *= -1.0
        swap[list(pair)] = swap[list(pair[::-1])]
        tried |= {("flip", (GYR_COLUMNS[axis],)): sign, ("flip", (ACC_COLUMNS[axis],)): -sign}
        tried["swap", (GYR_COLUMNS[pair[0]], GYR_COLUMNS[pair[1]])] = swap
    mended = {how: unexplained(_turned_otherwise(pieces, matrix)) for how, matrix in tried.items()}
    best = min(mended, key=mended.__getitem__)
    share = MENDED_SHARE if len(pieces.weight) > 1 else MENDED_SHARE_ALONE
    return dict([best]) if mended[best] < share * left else {}


def _dead(windows: Windows) -> dict[str, str]:
    """The axis that shows noise alone while another one turns."""
    rate = windows.gyr_dps[np.isfinite(windows.gyr_dps[:, 0])]
    rate = rate - np.median(rate, axis=0)
    size = np.linalg.norm(rate, axis=1)
    slow, fast = np.percentile(size, (30.0, 70.0))
    still, moving = (np.sqrt((rate[chosen] ** 2).mean(axis=0)) for chosen in (size <= slow, size >= fast))
    least = int(moving.argmin())
    dead = moving[least] < min(DEAD_TIMES * still[least], DEAD_SHARE * moving.max())
    return {"dead": GYR_COLUMNS[least]} if dead else {}
