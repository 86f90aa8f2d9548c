"""Offset between the times of the two sensors, its correction and its uncertainty.

Each sensor's sample times are fitted under its own arrivals. The delay of even the least delayed arrivals is
not part of the fit and may differ between the sensors: that is their offset. Arrivals show most of it (see
`connection_wait`); a tap of both sensors together shows all of it (see `taps`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from imu_reps.domain.samples import FloatArray, SampleBlock, SensorPlace
from imu_reps.kinematics.clock.connection_wait import ANYWHERE, LONG_HOLE_S, ConnectionWait, connection_wait
from imu_reps.kinematics.clock.envelope import packet_ends
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.sync.taps import TapOffset

#: Standard deviation of a sensor's shortest delay: packet lengths, order on air, the computer.
OTHER_WAY_S = 0.0015
#: Bound of 95 %, in standard deviations.
BOUND = 2.0

Clocks = Mapping[SensorPlace, TimedSamples]


@dataclass(frozen=True, slots=True)
class SensorOffset:
    """Uncertainty of the offset between the two sensors' times.

    Attributes
    ----------
    uncertainty_s : float
        Bound of the remaining offset, of either sign, that holds in 95 % of recordings.
    source : {"arrivals", "tap"}
        What the offset was estimated from.
    intervals_s : tuple of float or None
        Connection intervals of pelvis and ankle that the arrivals show; None if they show none.
    hidden_s : float
        Longest wait of one sensor that arrivals cannot show; 0 after a tap.
    """

    uncertainty_s: float
    source: Literal["arrivals", "tap"]
    intervals_s: tuple[float | None, float | None]
    hidden_s: float


def packets(timed: TimedSamples, block: SampleBlock) -> tuple[FloatArray, FloatArray]:
    """Return the time of the last sample, and the arrival, of every packet of a sensor.

    Parameters
    ----------
    timed : TimedSamples
        The clock fit of `block`.
    block : SampleBlock
    """
    arrival_s = block.time_s[timed.order]
    ends = packet_ends(arrival_s, np.zeros(len(arrival_s), dtype=np.int64))
    return timed.time_s[ends], arrival_s[ends]


def offset_from_arrivals(
    clocks: Clocks, blocks: Mapping[SensorPlace, SampleBlock]
) -> tuple[dict[SensorPlace, TimedSamples], SensorOffset]:
    """Correct both sensors' times by the waits of their packets, as far as arrivals show them.

    Parameters
    ----------
    clocks, blocks : mapping
        Both sensors' clock fits, and the samples they were fitted to.

    Returns
    -------
    corrected : dict
        The fits with corrected times.
    offset : SensorOffset
    """
    arrived = {place: (*packets(timed, blocks[place]), _sd_s(timed)) for place, timed in clocks.items()}
    waits = {place: connection_wait(*arrived[place]) for place in arrived}
    shown = {wait.interval_s for wait in waits.values()} - {None}
    if len(shown) == 1:
        waits |= {p: connection_wait(*arrived[p], *shown) for p, wait in waits.items() if not wait.interval_s}
    corrected = {
        place: replace(timed, time_s=waits[place].corrected(timed.time_s)) for place, timed in clocks.items()
    }
    return corrected, _offset_of(waits["pelvis"], waits["ankle"])


def offset_from_tap(
    clocks: Clocks, tap: TapOffset, arrivals: SensorOffset
) -> tuple[dict[SensorPlace, TimedSamples], SensorOffset]:
    """Shift the ankle's times to the pelvis's by the offset of a tap.

    Parameters
    ----------
    clocks : mapping
        Corrected fits from `offset_from_arrivals`.
    tap : TapOffset
    arrivals : SensorOffset
        The offset from `offset_from_arrivals`.
    """
    moved = {**clocks, "ankle": replace(clocks["ankle"], time_s=clocks["ankle"].time_s + tap.offset_s)}
    drift_s = float(np.hypot(_sd_s(clocks["pelvis"]), _sd_s(clocks["ankle"])))
    bound_s = float(np.hypot(tap.uncertainty_s, BOUND * drift_s))
    if any(_laid_anew(timed) for timed in clocks.values()):
        return moved, replace(arrivals, uncertainty_s=max(bound_s, arrivals.uncertainty_s), source="tap")
    return moved, replace(arrivals, uncertainty_s=bound_s, source="tap", hidden_s=0.0)


def _laid_anew(timed: TimedSamples) -> bool:
    """Whether parts of the times were fitted separately, so that a tap only shows the part it lies in."""
    uncounted = timed.clock.lost is None and timed.clock.drift_ppm is None
    return timed.clock.restarts > 0 or (uncounted and timed.clock.longest_gap_s > LONG_HOLE_S)


def _sd_s(timed: TimedSamples) -> float:
    """Return the fit's standard deviation; a period if the fit is too short to have one."""
    return timed.period_s if timed.clock.uncertainty_ms is None else 1e-3 * timed.clock.uncertainty_ms


def _offset_of(pelvis: ConnectionWait, ankle: ConnectionWait) -> SensorOffset:
    hidden = pelvis.hidden_s, ankle.hidden_s
    variance = pelvis.sd_s**2 + ankle.sd_s**2 + 2.0 * OTHER_WAY_S**2
    # hidden waits are uniform between none and all; their means cancel only as far as they are equal
    variance += ANYWHERE**2 * (hidden[0] ** 2 + hidden[1] ** 2) + ((hidden[0] - hidden[1]) / 2.0) ** 2
    bound_s = BOUND * float(np.sqrt(variance))
    return SensorOffset(bound_s, "arrivals", (pelvis.interval_s, ankle.interval_s), max(hidden))
