"""A recording in quarter seconds: mean force, its scatter and mean rate, both sensors on one grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import BoolArray, FloatArray, SensorPlace
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.rest import STILL_ACC_SD_MPS2

HOP_S = 0.25

#: A hop that holds less than this share of its samples is a hole.
WHOLE_HOP = 0.6

#: A sensor that dwells stays this near one direction: breathing and fidgets do, a small lift does not.
DWELL_DEG = 6.0


@dataclass(frozen=True, slots=True)
class Windows:
    """One sensor in half-second windows a quarter second apart; NaN where samples are missing.

    Window ``k`` spans the hops ``k`` and ``k + 1``; hop ``k + 1`` leads from the middle of window ``k`` to
    the middle of window ``k + 1``.

    Attributes
    ----------
    acc_mps2 : (n, 3) float
        Mean specific force of each window.
    size_mps2 : (n,) float
        Length of that mean: 9.81 wherever the sensor is not accelerated.
    up : (n, 3) float
        Its direction.
    acc_sd_mps2 : (n,) float
        Scatter of the specific force in the window, all axes together.
    still : (n,) bool
        Windows whose specific force does not change, by the definition of ``still``. The gyroscope is not
        asked, as its unit is in question; and so that a wrong unit of the accelerometer cannot hide the rest
        that shows it, a scatter as small as a good sensor's in proportion to the force counts as well.
    gyr_dps : (n - 1, 3) float
        Mean angular rate from the middle of each window to the middle of the next.
    start_s : float
        When the first window begins.
    """

    acc_mps2: FloatArray
    size_mps2: FloatArray
    up: FloatArray
    acc_sd_mps2: FloatArray
    still: BoolArray
    gyr_dps: FloatArray
    start_s: float

    def __len__(self) -> int:
        return len(self.size_mps2)

    def at(self, time_s: float) -> int:
        """The hop that a time lies in."""
        return int(np.clip((time_s - self.start_s) / HOP_S, 0, len(self.gyr_dps) - 1))

    def without_rate(self, hops: Sequence[int]) -> Windows:
        """The same with the rate not known over some hops and their neighbours."""
        gyr_dps = self.gyr_dps.copy()
        for hop in hops:
            gyr_dps[max(0, hop - 1) : hop + 2] = np.nan
        return replace(self, gyr_dps=gyr_dps)


def windows_of(
    recording: Recording, clocks: Mapping[SensorPlace, TimedSamples]
) -> dict[SensorPlace, Windows]:
    """Both sensors on one grid of windows, which begins with the earlier of them."""
    first = min(float(timed.time_s[0]) for timed in clocks.values())
    last = max(float(timed.time_s[-1]) for timed in clocks.values())
    edges_s = first + HOP_S * np.arange(int((last - first) / HOP_S) + 1, dtype=np.float64)
    return {place: _windows(recording, place, timed, edges_s) for place, timed in clocks.items()}


def _windows(recording: Recording, place: SensorPlace, timed: TimedSamples, edges_s: FloatArray) -> Windows:
    block = recording.samples(place)
    assert block is not None
    values = np.zeros((7, len(timed.order) + 1))  # one more column, so that the last edge is within
    values[:3, :-1] = block.acc_mps2.take(timed.order, axis=0).T
    values[3] = np.einsum("ij,ij->j", values[:3], values[:3])
    values[4:, :-1] = block.gyr_dps.take(timed.order, axis=0).T
    edges = np.searchsorted(timed.time_s, edges_s)
    count = np.diff(edges).astype(np.float64)
    count[count < max(1.0, WHOLE_HOP * HOP_S / timed.period_s)] = np.nan
    hop = (np.add.reduceat(values, edges, axis=1)[:, :-1] / count).T
    window = (hop[:-1] + hop[1:]) / 2
    size = np.sqrt(np.einsum("ij,ij->i", window[:, :3], window[:, :3]))
    scatter = np.sqrt(np.maximum(window[:, 3] - size**2, 0.0))
    return Windows(
        acc_mps2=window[:, :3],
        size_mps2=size,
        up=window[:, :3] / np.maximum(size, 1e-9)[:, None],
        acc_sd_mps2=scatter,
        still=scatter < STILL_ACC_SD_MPS2 * np.maximum(1.0, size / 9.81),
        gyr_dps=hop[1:-1, 4:],
        start_s=float(edges_s[0]),
    )


def angle_deg(a: FloatArray, b: FloatArray) -> FloatArray:
    """Angle between unit vectors, row by row (broadcast), degrees."""
    return np.asarray(np.degrees(np.arccos(np.clip(np.einsum("...i,...i->...", a, b), -1.0, 1.0))))


def usual_direction(up: FloatArray) -> FloatArray | None:
    """Where the sensor dwells: the direction with most others near it, (3,); None: not known."""
    known = up[np.isfinite(up[:, 0])]
    if not len(known):
        return None
    candidates = known[:: max(1, len(known) // 50)]
    near = known @ candidates.T > np.cos(np.radians(DWELL_DEG))
    members = known[near[:, near.sum(axis=0).argmax()]]
    mean = members.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))
