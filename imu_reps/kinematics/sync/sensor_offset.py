"""Offset between the times of the two sensors, its correction and its uncertainty.

Each sensor's sample times are fitted under its own arrivals. The delay of even the least delayed arrivals is
not part of the fit and may differ between the sensors: that is their offset. A tap of both sensors together
shows all of it (see `taps`); arrivals show most of it, the wait for the radio.

A Bluetooth link transfers packets only at connection events, one every connection interval, which the host
does not see. A packet waits for the next event, so that the line under the arrivals is late by the shortest
wait. If packets fall at many phases of the interval, this is short, and the distribution of waits shows where
in the interval the samples lie. If the packet period is a multiple of the interval, all packets wait equally
long, and the arrivals do not show how long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np

from imu_reps.domain.samples import FloatArray, IntArray, SampleBlock, SensorPlace
from imu_reps.kinematics.clock.envelope import packet_ends
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.kinematics.robust import median
from imu_reps.kinematics.sync.taps import BOUND, TapOffset


@dataclass(frozen=True, slots=True)
class ConnectionWaitParams:
    """Parameters of a link's connection interval.

    Attributes
    ----------
    interval_step_s, min_interval_s : float
        Connection intervals are multiples of 1.25 ms, at least 7.5 ms (Bluetooth core specification).
    max_interval_s, max_usual_interval_s : float
        Longest interval considered, and longest one that computers choose by default.
    block_s : float
        Time over which the drift between the host's clock and the radio's is negligible.
    max_packets, min_packets : int
        Greatest number of packets used, and fewest for an estimate.
    min_in_step : float
        Smallest excess of the arrivals' mean resultant at an interval over that of the sample times.
    candidates : int
        Number of intervals compared in detail: multiples and fractions of the true one are among the best.
    edge_share : float
        Uncertainty of an event and of the line, as a share of the interval.
    too_early, missed : float
        Evidence against a phase, in nats per packet: by a packet sent before it existed, and by one that
        missed an event.
    shared_delay : float
        If no interval shows: delay common to all packets, as a share of the typical delay.
    tilted : float
        Factor on the standard deviation of a value anywhere in a span, 1/√12 of it, for the tilt that a line
        may also have if all arrivals wait equally long.
    """

    interval_step_s: float = 0.00125
    min_interval_s: float = 0.0075
    max_interval_s: float = 0.0625
    max_usual_interval_s: float = 0.05
    block_s: float = 20.0
    max_packets: int = 1024
    min_packets: int = 64
    min_in_step: float = 0.25
    candidates: int = 4
    edge_share: float = 0.01
    too_early: float = 5.0
    missed: float = 2.5
    shared_delay: float = 0.15
    tilted: float = 1.25


PARAMS = ConnectionWaitParams()


#: After a longer hole there may be a new connection, with other events.
LONG_HOLE_S = 1.0


#: Phases tried for the samples, and tilts of their line over the whole span, in intervals.
PLACES = np.linspace(-1.5, 0.5, 201)
TILTS = np.linspace(-0.5, 0.5, 41)

ANYWHERE = PARAMS.tilted / float(np.sqrt(12.0))

#: Standard deviation of a sensor's shortest delay: packet lengths, order on air, the computer.
OTHER_WAY_S = 0.0015

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
    if any(_fitted_in_parts(timed) for timed in clocks.values()):
        return moved, replace(arrivals, uncertainty_s=max(bound_s, arrivals.uncertainty_s), source="tap")
    return moved, replace(arrivals, uncertainty_s=bound_s, source="tap", hidden_s=0.0)


def _fitted_in_parts(timed: TimedSamples) -> bool:
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


@dataclass(frozen=True, slots=True)
class ConnectionWait:
    """Wait of one sensor's packets for connection events.

    Attributes
    ----------
    interval_s : float or None
        Connection interval that the arrivals show; None if they show none.
    correction_s : float
        Correction to add to times fitted under the arrivals, by the wait of even the least delayed packets.
    sd_s : float
        Standard deviation of the corrected times' common error, without the shortest delay and `hidden_s`.
    hidden_s : float
        Longest wait common to all packets that the arrivals cannot show.
    tilt_s : float
        Increase of the correction, linear over `span_s`.
    span_s : tuple of float
        Start and end of the packets it was estimated from.
    """

    interval_s: float | None
    correction_s: float
    sd_s: float
    hidden_s: float
    tilt_s: float = 0.0
    span_s: tuple[float, float] = (0.0, 1.0)

    def corrected(self, time_s: FloatArray) -> FloatArray:
        """Return the times corrected by the wait."""
        return time_s + self.correction_s + self.tilt_s * _along(time_s, self.span_s)


def connection_wait(
    sent_s: FloatArray, arrival_s: FloatArray, sd_s: float = 0.0, likely_s: float | None = None
) -> ConnectionWait:
    """Estimate the wait of a sensor's packets.

    Parameters
    ----------
    sent_s, arrival_s : (n,) float
        Time of each packet's last sample, as fitted under the arrivals, and its arrival, in order.
    sd_s : float
        Standard deviation of `sent_s`.
    likely_s : float, optional
        Interval of the host's other link, assumed for this one too if the arrivals would not show it.
    """
    sent_s, arrival_s = _longest_run(sent_s, arrival_s)
    if len(sent_s) < PARAMS.min_packets:
        return ConnectionWait(None, 0.0, sd_s, PARAMS.max_usual_interval_s)
    block = np.floor((arrival_s - arrival_s[0]) / PARAMS.block_s).astype(np.int64)
    by_itself = _in_step(sent_s, block)
    found = _best_of(_candidates(_in_step(arrival_s, block) - by_itself), sent_s, arrival_s, block)
    if found is not None:
        return replace(found, sd_s=float(np.hypot(found.sd_s, sd_s)))
    sd_s = float(np.hypot(sd_s, PARAMS.shared_delay * median(arrival_s - sent_s)))
    unseen = _intervals()[_in_step(arrival_s - sent_s, block) - by_itself < PARAMS.min_in_step]
    if likely_s is not None and np.isclose(unseen, likely_s).any():
        gap_s = _widest_gap(sent_s, likely_s)
        return ConnectionWait(None, -gap_s / 2.0, float(np.hypot(sd_s, gap_s * ANYWHERE)), 0.0)
    usual = unseen[unseen <= PARAMS.max_usual_interval_s].tolist()
    return ConnectionWait(None, 0.0, sd_s, max((_widest_gap(sent_s, each) for each in usual), default=0.0))


@cache
def _intervals() -> FloatArray:
    return np.asarray(
        np.arange(
            PARAMS.min_interval_s, PARAMS.max_interval_s + PARAMS.interval_step_s / 2, PARAMS.interval_step_s
        )
    )


def _longest_run(sent_s: FloatArray, arrival_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the longest stretch without a long hole, or the middle of it."""
    edges = np.flatnonzero(np.diff(arrival_s, prepend=-np.inf, append=np.inf) > LONG_HOLE_S)
    longest = int(np.argmax(np.diff(edges)))
    start, stop = int(edges[longest]), int(edges[longest + 1])
    start += max(0, stop - start - PARAMS.max_packets) // 2
    piece = slice(start, min(stop, start + PARAMS.max_packets))
    return sent_s[piece], arrival_s[piece]


def _in_step(time_s: FloatArray, block: IntArray) -> FloatArray:
    """Return the coherence of times with each interval, 0 to 1: the mean resultant length, by block."""
    turns = (time_s - time_s[0]) / _intervals()[:, None]
    turns -= np.floor(turns)
    angle = (2.0 * np.pi * turns).astype(np.float32)
    edges = np.flatnonzero(np.diff(block, prepend=-1))
    across = np.add.reduceat(np.cos(angle), edges, axis=1), np.add.reduceat(np.sin(angle), edges, axis=1)
    return np.asarray(np.hypot(*across).sum(axis=1) / len(time_s), dtype=np.float64)


def _candidates(in_step: FloatArray) -> list[float]:
    """Return the intervals with which the arrivals are most coherent; none if that is too little."""
    best = np.argsort(in_step)[::-1][: PARAMS.candidates]
    return (
        [] if in_step[best[0]] < PARAMS.min_in_step else [float(interval) for interval in _intervals()[best]]
    )


def _best_of(
    intervals: list[float], sent_s: FloatArray, arrival_s: FloatArray, block: IntArray
) -> ConnectionWait | None:
    """Return the wait for the interval that leaves the least delay of other kinds; None if none helps."""
    least, found = float(np.mean(arrival_s - sent_s)), None
    for interval in intervals:
        phase = _event_phase(arrival_s, block, interval)
        event = phase + interval * np.floor((arrival_s - phase) / interval)
        level = _place(event - sent_s, sent_s, interval, np.zeros(1), 0.0)
        due = phase + interval * np.ceil((sent_s + level.correction_s - phase) / interval)
        misfit = float(np.mean(np.minimum(np.abs(arrival_s - due), PARAMS.max_interval_s)))
        if misfit < least:
            least, found = misfit, _placed(event - sent_s, sent_s, interval)
    return found


def _event_phase(arrival_s: FloatArray, block: IntArray, interval_s: float) -> FloatArray:
    """Return the phase of the events in the interval, by block; one value per packet."""
    edges = np.flatnonzero(np.diff(block, prepend=-1))
    turns = np.split(np.mod(arrival_s, interval_s), edges[1:])
    phases = [_where_arrivals_begin(turn, interval_s) for turn in turns]
    return np.repeat(phases, [len(turn) for turn in turns])


def _where_arrivals_begin(turn_s: FloatArray, interval_s: float) -> float:
    """Return the arrival after which, around the interval, the others are least late on average."""
    ordered = np.sort(turn_s)
    gone_round = interval_s * np.arange(len(ordered))
    return float(ordered[np.argmin(gone_round - len(ordered) * ordered)])


def _placed(ahead_s: FloatArray, sent_s: FloatArray, interval_s: float) -> ConnectionWait:
    """Estimate the phase of the samples in the interval, without packets that missed an event."""
    first = _place(ahead_s, sent_s, interval_s, interval_s * TILTS, 0.0)
    waited_s = ahead_s - (first.corrected(sent_s) - sent_s)
    in_time = waited_s < (1.0 + PARAMS.edge_share) * interval_s
    if not in_time.any():
        return first
    return _place(
        ahead_s[in_time], sent_s[in_time], interval_s, interval_s * TILTS, interval_s * PARAMS.edge_share
    )


def _place(
    ahead_s: FloatArray, sent_s: FloatArray, interval_s: float, tilts_s: FloatArray, edge_s: float
) -> ConnectionWait:
    """Estimate the phase of the samples in the interval.

    A packet cannot be sent before it exists, and only one that missed an event (by a repeat on air, or a busy
    computer) is sent more than an interval later. All phases and tilts of the line are weighted by the number
    of packets that contradict them.

    Parameters
    ----------
    ahead_s, sent_s : (n,) float
        Event of each packet minus its fitted time, and that time.
    interval_s : float
    tilts_s : (m,) float
        Possible errors of the line over the whole span.
    edge_s : float
        Distance from the edge of the interval within which a packet contradicts nothing.
    """
    span = float(sent_s[0]), float(sent_s[-1])
    along = _along(sent_s, span)
    tried = interval_s * PLACES
    against = np.empty((len(tilts_s), len(tried)))
    for row, tilt in enumerate(tilts_s.tolist()):
        ordered = np.sort(ahead_s - tilt * along)
        early = np.searchsorted(ordered, tried - edge_s)
        missed = len(ordered) - np.searchsorted(ordered, tried + interval_s + edge_s)
        against[row] = PARAMS.too_early * early + PARAMS.missed * missed
    weight = np.exp(against.min() - against)
    weight /= weight.sum()
    place, tilt = float(weight.sum(axis=0) @ tried), float(weight.sum(axis=1) @ tilts_s)
    off_place, off_tilt = tried - place, (tilts_s - tilt)[:, None]
    variance = max(float(np.sum(weight * (off_place + end * off_tilt) ** 2)) for end in (-0.5, 0.0, 0.5))
    fineness = (interval_s * (PLACES[1] - PLACES[0])) ** 2 / 12.0
    return ConnectionWait(interval_s, place, float(np.sqrt(variance + fineness)), 0.0, tilt, span)


def _along(time_s: FloatArray, span_s: tuple[float, float]) -> FloatArray:
    """Return -1/2 at the span's beginning to 1/2 at its end, constant outside."""
    share = (time_s - span_s[0]) / max(span_s[1] - span_s[0], 1e-9)
    return np.asarray(np.clip(share, 0.0, 1.0) - 0.5)


def _widest_gap(sent_s: FloatArray, interval_s: float) -> float:
    """Return the widest part of an interval in which no packet falls: all of them may wait this long."""
    ordered = np.sort(np.mod(sent_s, interval_s))
    return float(np.max(np.diff(ordered, append=ordered[0] + interval_s)))
