"""Quarter-second windows of a recording: mean force, its scatter and mean rate, both sensors on one grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.samples import BoolArray, FloatArray, IntArray, SensorPlace
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.motion import bridged
from imu_reps.kinematics.rest import STILL_ACC_SD_MPS2
from imu_reps.kinematics.robust import median, medians
from imu_reps.kinematics.rotations import rotations_by

#: Length of a hop; and the smallest one, for limbs that turn fast.
HOP_S, MIN_HOP_S = 0.25, 0.0625


@dataclass(frozen=True, slots=True)
class WindowParams:
    """Parameters of quarter-second windows.

    Attributes
    ----------
    whole_hop : float
        Smallest share of its samples in a hop; with fewer it is a hole.
    calm_sd_mps2, calm_off_mps2 : float
        Greatest scatter of the specific force in a calm window, and difference of its magnitude from the
        usual one: its direction is then up within a few degrees.
    unturned_deg : float
        Greatest turn between calm windows in which the gyroscope shows its bias.
    dwell_deg : float
        Greatest deviation from one direction of a sensor that dwells: breathing and fidgets stay below, a
        small lift does not.
    """

    whole_hop: float = 0.6
    calm_sd_mps2: float = 0.5
    calm_off_mps2: float = 0.7
    unturned_deg: float = 0.3
    dwell_deg: float = 6.0


PARAMS = WindowParams()


@dataclass(frozen=True, slots=True)
class Windows:
    """Half-second windows of one sensor, a quarter second apart; NaN where samples are missing.

    Window ``k`` spans the hops ``k`` and ``k + 1``; hop ``k + 1`` leads from the middle of window ``k`` to
    the middle of window ``k + 1``.

    Attributes
    ----------
    acc_mps2 : (n, 3) float
        Mean specific force of each window.
    size_mps2 : (n,) float
        Magnitude of that mean: 9.81 if the sensor is not accelerated.
    up : (n, 3) float
        Direction of that mean.
    home : (3,) float or None
        Direction in which the sensor dwells; None if not known.
    acc_sd_mps2 : (n,) float
        Standard deviation of the specific force in the window, all axes together.
    still : (n,) bool
        Windows whose specific force does not change, by the definition of ``still``. The gyroscope is not
        used, as its unit is in question; and so that a wrong unit of the accelerometer cannot hide the rest
        that shows it, the limit grows in proportion to the force.
    calm : (n,) bool
        Windows in which the specific force is practically gravity alone.
    gyr_dps : (n - 1, 3) float
        Mean angular rate from the middle of each window to the middle of the next.
    unbiased_dps : (n - 1, 3) float
        The same minus the gyroscope's readings where nothing turns.
    rotations : (3, 3, n) float
        Rotation by that rate, bridged in holes, from the sensor's axes in each window to those in the first.
    start_s : float
        Start of the first window.
    hop_s : float
        Length of a hop.
    """

    acc_mps2: FloatArray
    size_mps2: FloatArray
    up: FloatArray
    home: FloatArray | None
    acc_sd_mps2: FloatArray
    still: BoolArray
    calm: BoolArray
    gyr_dps: FloatArray
    unbiased_dps: FloatArray
    rotations: FloatArray
    start_s: float
    hop_s: float = HOP_S

    def __len__(self) -> int:
        return len(self.size_mps2)

    def at(self, time_s: float) -> int:
        """Return the hop that a time lies in."""
        return int(np.clip((time_s - self.start_s) / self.hop_s, 0, len(self.gyr_dps) - 1))

    def carried_up(self, first: IntArray, last: IntArray) -> FloatArray:
        """Return up in each first window, carried by the rate to the axes in the last one, (m, 3)."""
        up = np.einsum("ijn,nj->in", self.rotations[..., first], self.up[first])
        return np.asarray(np.einsum("jin,jn->ni", self.rotations[..., last], up))

    def rate_known(self, first: IntArray, last: IntArray) -> BoolArray:
        """Return whether no rate is missing from each first window to the last one, (m,)."""
        holes = np.append(0, np.cumsum(np.isnan(self.gyr_dps[:, 0])))
        return np.asarray(holes[first] == holes[last])

    def without_rate(self, hops: Sequence[int]) -> Windows:
        """Return the windows with the rate unknown over some hops and their neighbours."""
        gyr_dps = self.gyr_dps.copy()
        for hop in hops:
            gyr_dps[max(0, hop - 1) : hop + 2] = np.nan
        return self._with_rate(gyr_dps)

    def scaled_rate(self, factor: float) -> Windows:
        """Return the windows with the rate multiplied by a factor."""
        return self._with_rate(factor * self.gyr_dps)

    def _with_rate(self, gyr_dps: FloatArray) -> Windows:
        unbiased_dps = _unbiased(gyr_dps, self.up, self.calm)
        rotations = _rotations(unbiased_dps, self.hop_s)
        return replace(self, gyr_dps=gyr_dps, unbiased_dps=unbiased_dps, rotations=rotations)


def windows_of(
    clocks: Mapping[SensorPlace, TimedSamples],
    channels: Mapping[SensorPlace, FloatArray],
    hop_s: float = HOP_S,
) -> dict[SensorPlace, Windows]:
    """Return both sensors' channels, (6, n), on one grid of windows that begins with the earlier sensor."""
    first = min(float(timed.time_s[0]) for timed in clocks.values())
    last = max(float(timed.time_s[-1]) for timed in clocks.values())
    edges_s = first + hop_s * np.arange(int((last - first) / hop_s) + 1, dtype=np.float64)
    return {place: _windows(channels[place], timed, edges_s, hop_s) for place, timed in clocks.items()}


def _windows(values: FloatArray, timed: TimedSamples, edges_s: FloatArray, hop_s: float) -> Windows:
    square = np.einsum("ij,ij->j", values[:3], values[:3])
    edges = np.searchsorted(timed.time_s, edges_s)
    count = np.diff(edges).astype(np.float64)
    count[count < max(1.0, PARAMS.whole_hop * hop_s / timed.period_s)] = np.nan
    hop = np.full((len(count), 7), np.nan)
    begun = int(np.searchsorted(edges[:-1], edges[-1]))  # no sample is left for the others
    if begun:
        hop[:begun, :6] = np.add.reduceat(values[:, : edges[-1]], edges[:begun], axis=1).T
        hop[:begun, 6] = np.add.reduceat(square[: edges[-1]], edges[:begun])
        hop /= count[:, None]
    window = (hop[:-1] + hop[1:]) / 2
    acc, gyr_dps = window[:, :3], hop[1:-1, 3:6]
    size = np.sqrt(np.einsum("ij,ij->i", acc, acc))
    scatter = np.sqrt(np.maximum(window[:, 6] - size**2, 0.0))
    up = acc / np.maximum(size, 1e-9)[:, None]
    known = size[np.isfinite(size)]
    usual = median(known) if len(known) else np.nan
    calm = (scatter < PARAMS.calm_sd_mps2) & (np.abs(size - usual) < PARAMS.calm_off_mps2)
    unbiased_dps = _unbiased(gyr_dps, up, calm)
    return Windows(
        acc_mps2=acc,
        size_mps2=size,
        up=up,
        home=usual_direction(up),
        acc_sd_mps2=scatter,
        still=scatter < STILL_ACC_SD_MPS2 * np.maximum(1.0, size / 9.81),
        calm=calm,
        gyr_dps=gyr_dps,
        unbiased_dps=unbiased_dps,
        rotations=_rotations(unbiased_dps, hop_s),
        start_s=float(edges_s[0]),
        hop_s=hop_s,
    )


def _unbiased(gyr_dps: FloatArray, up: FloatArray, calm: BoolArray) -> FloatArray:
    """Return the rate minus the gyroscope's median reading where nothing turns.

    If something turns all the time, it is the mean reading: a limb moves to and fro.
    """
    unturned = np.einsum("ni,ni->n", up[1:], up[:-1]) > np.cos(np.radians(PARAMS.unturned_deg))
    rest = calm[1:] & calm[:-1] & unturned & np.isfinite(gyr_dps[:, 0])
    if rest.any():
        return gyr_dps - medians(gyr_dps[rest])
    known = gyr_dps[np.isfinite(gyr_dps[:, 0])]
    return gyr_dps - known.mean(axis=0) if len(known) else gyr_dps


def _rotations(rate_dps: FloatArray, hop_s: float) -> FloatArray:
    """Return the rotations by a rate, (n, 3), since the first window, (3, 3, n + 1)."""
    return rotations_by(np.radians(bridged(rate_dps)).T * hop_s)


def usual_direction(up: FloatArray) -> FloatArray | None:
    """Return the direction in which the sensor dwells, with most others near it, (3,); None if not known."""
    known = up[np.isfinite(up[:, 0])]
    candidates = known[:: max(1, len(known) // 50)]
    near = known @ candidates.T > np.cos(np.radians(PARAMS.dwell_deg))
    if not near.any():  # nothing is known, or there is no force
        return None
    members = known[near[:, near.sum(axis=0).argmax()]]
    mean = members.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))
