"""How long packets wait for the radio: what one sensor's arrivals show of its connection interval.

A Bluetooth link moves packets at connection events only, one every connection interval, of which the host is
told nothing. A packet waits for the next event, so that the line under the arrivals is late by the least wait
there was. Where packets fall at many phases of the interval, that is little, and the waits together show
where in the interval the samples lie. Where the packet period is a multiple of the interval, every packet
waits as long as every other: nothing in the arrivals tells how long.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from imu_reps.domain.samples import FloatArray, IntArray

#: Connection intervals are multiples of 1.25 ms, 7.5 ms at the least (Bluetooth core specification).
STEP_S = 0.00125
SHORTEST_S = 0.0075
#: The longest that is looked for, and the longest that computers choose by themselves.
LONGEST_S = 0.0625
LONGEST_USUAL_S = 0.05

#: The host's clock and the radio's stay together for so long.
BLOCK_S = 20.0
#: So many packets tell enough; fewer than `FEWEST` tell nothing.
MOST = 1024
FEWEST = 64
#: After a longer hole the link may be another, with other events.
LONG_HOLE_S = 1.0

#: Arrivals show an interval if they are in step with it so much more than the samples by themselves.
IN_STEP = 0.25
#: Intervals looked at more closely: multiples and parts of the true one are among the best.
CANDIDATES = 4

#: Places that are tried for the samples, and tilts for their line over the whole, in intervals.
PLACES = np.linspace(-1.5, 0.5, 201)
TILTS = np.linspace(-0.5, 0.5, 41)
#: An event is not known to better than this part of an interval, nor is the line.
EDGE = 0.01
#: What speaks against a place, in nats a packet: to have left before it was there, to have missed an event.
TOO_EARLY, MISSED = 5.0, 2.5
#: Where no interval shows, even the least delayed packets may share this part of the typical delay.
SHARED_DELAY = 0.15

#: A value anywhere in a span has 1/√12 of it as its standard deviation; a quarter more, as a line under
#: arrivals that all wait alike may also have tilted within the span.
TILTED = 1.25
ANYWHERE = TILTED / float(np.sqrt(12.0))


@dataclass(frozen=True, slots=True)
class ConnectionWait:
    """What one sensor's packets waited for.

    Attributes
    ----------
    interval_s : float or None
        Connection interval that the arrivals show; None: none.
    correction_s : float
        To be added to times fitted under the arrivals: less what even the least delayed packets waited.
    sd_s : float
        One standard deviation of the corrected times' common error, the shortest way and `hidden_s` aside.
    hidden_s : float
        The longest wait that all packets may share unseen.
    tilt_s : float
        The correction grows by so much, evenly, over the `span_s` that it was found from.
    span_s : tuple of float
    """

    interval_s: float | None
    correction_s: float
    sd_s: float
    hidden_s: float
    tilt_s: float = 0.0
    span_s: tuple[float, float] = (0.0, 1.0)

    def corrected(self, time_s: FloatArray) -> FloatArray:
        """Times without the wait."""
        return time_s + self.correction_s + self.tilt_s * _along(time_s, self.span_s)


def connection_wait(
    sent_s: FloatArray, arrival_s: FloatArray, sd_s: float = 0.0, likely_s: float | None = None
) -> ConnectionWait:
    """Find what packets waited for.

    Parameters
    ----------
    sent_s, arrival_s : (n,) float
        Of each packet, in order: the time of its last sample, as fitted under the arrivals, and its arrival.
    sd_s : float
        One standard deviation of `sent_s`.
    likely_s : float, optional
        The interval of the host's other link: taken for this one's too, where it would not show.
    """
    sent_s, arrival_s = _longest_run(sent_s, arrival_s)
    if len(sent_s) < FEWEST:
        return ConnectionWait(None, 0.0, sd_s, LONGEST_USUAL_S)
    block = np.floor((arrival_s - arrival_s[0]) / BLOCK_S).astype(np.int64)
    by_itself = _in_step(sent_s, block)
    found = _best_of(_candidates(_in_step(arrival_s, block) - by_itself), sent_s, arrival_s, block)
    if found is not None:
        return replace(found, sd_s=float(np.hypot(found.sd_s, sd_s)))
    sd_s = float(np.hypot(sd_s, SHARED_DELAY * np.median(arrival_s - sent_s)))
    unseen = _intervals()[_in_step(arrival_s - sent_s, block) - by_itself < IN_STEP]
    if likely_s is not None and np.isclose(unseen, likely_s).any():
        gap_s = _widest_gap(sent_s, likely_s)
        return ConnectionWait(None, -gap_s / 2.0, float(np.hypot(sd_s, gap_s * ANYWHERE)), 0.0)
    usual = unseen[unseen <= LONGEST_USUAL_S].tolist()
    return ConnectionWait(None, 0.0, sd_s, max((_widest_gap(sent_s, each) for each in usual), default=0.0))


@cache
def _intervals() -> FloatArray:
    return np.asarray(np.arange(SHORTEST_S, LONGEST_S + STEP_S / 2, STEP_S))


def _longest_run(sent_s: FloatArray, arrival_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The longest stretch without a long hole, or the middle of it."""
    edges = np.flatnonzero(np.diff(arrival_s, prepend=-np.inf, append=np.inf) > LONG_HOLE_S)
    longest = int(np.argmax(np.diff(edges)))
    start, stop = int(edges[longest]), int(edges[longest + 1])
    start += max(0, stop - start - MOST) // 2
    piece = slice(start, min(stop, start + MOST))
    return sent_s[piece], arrival_s[piece]


def _in_step(time_s: FloatArray, block: IntArray) -> FloatArray:
    """How much times keep step with each interval, 0 to 1: Rayleigh's mean resultant, block by block."""
    turns = (time_s - time_s[0])[None, :] / _intervals()[:, None]
    angle = (2.0 * np.pi * (turns - np.floor(turns))).astype(np.float32)
    edges = np.flatnonzero(np.diff(block, prepend=-1))
    across = np.add.reduceat(np.cos(angle), edges, axis=1), np.add.reduceat(np.sin(angle), edges, axis=1)
    return np.asarray(np.hypot(*across).sum(axis=1) / len(time_s), dtype=np.float64)


def _candidates(in_step: FloatArray) -> list[float]:
    """The intervals that the arrivals are most in step with; none where that is not much."""
    best = np.argsort(in_step)[::-1][:CANDIDATES]
    return [] if in_step[best[0]] < IN_STEP else [float(interval) for interval in _intervals()[best]]


def _best_of(
    intervals: list[float], sent_s: FloatArray, arrival_s: FloatArray, block: IntArray
) -> ConnectionWait | None:
    """The interval that leaves the arrivals the least delay of other kinds."""
    least, found = float(np.mean(arrival_s - sent_s)), None
    for interval in intervals:
        phase = _event_phase(arrival_s, block, interval)
        event = phase + interval * np.floor((arrival_s - phase) / interval)
        level = _place(event - sent_s, sent_s, interval, np.zeros(1), 0.0)
        due = phase + interval * np.ceil((sent_s + level.correction_s - phase) / interval)
        misfit = float(np.mean(np.minimum(np.abs(arrival_s - due), LONGEST_S)))
        if misfit < least:
            least, found = misfit, _placed(event - sent_s, sent_s, interval)
    return found


def _event_phase(arrival_s: FloatArray, block: IntArray, interval_s: float) -> FloatArray:
    """Where in the interval the events lie, block by block; one value a packet."""
    edges = np.flatnonzero(np.diff(block, prepend=-1))
    turns = np.split(np.mod(arrival_s, interval_s), edges[1:])
    phases = [_where_arrivals_begin(turn, interval_s) for turn in turns]
    return np.repeat(phases, [len(turn) for turn in turns])


def _where_arrivals_begin(turn_s: FloatArray, interval_s: float) -> float:
    """The arrival counted from which all others are least late, in the mean, around the interval."""
    ordered = np.sort(turn_s)
    gone_round = interval_s * np.arange(len(ordered))
    return float(ordered[np.argmin(gone_round - len(ordered) * ordered)])


def _placed(ahead_s: FloatArray, sent_s: FloatArray, interval_s: float) -> ConnectionWait:
    """Where in the interval the samples lie, once packets that missed an event are put aside."""
    first = _place(ahead_s, sent_s, interval_s, interval_s * TILTS, 0.0)
    waited_s = ahead_s - (first.corrected(sent_s) - sent_s)
    in_time = waited_s < (1.0 + EDGE) * interval_s
    if not in_time.any():
        return first
    return _place(ahead_s[in_time], sent_s[in_time], interval_s, interval_s * TILTS, interval_s * EDGE)


def _place(
    ahead_s: FloatArray, sent_s: FloatArray, interval_s: float, tilts_s: FloatArray, edge_s: float
) -> ConnectionWait:
    """Where in the interval the samples lie.

    A packet cannot leave before it is there, and none but those that missed an event (a repeat on air, a
    computer that was busy) leaves a whole interval after. All places and tilts of the line are weighed by
    how many packets speak against them.

    Parameters
    ----------
    ahead_s, sent_s : (n,) float
        Each packet's event less its time as it was fitted, and that time.
    interval_s : float
    tilts_s : (m,) float
        Errors of the line's slope that are thought possible, over the whole.
    edge_s : float
        A packet that near to the edge of its interval speaks against nothing.
    """
    span = float(sent_s[0]), float(sent_s[-1])
    along = _along(sent_s, span)
    tried = interval_s * PLACES
    against = np.empty((len(tilts_s), len(tried)))
    for row, tilt in enumerate(tilts_s.tolist()):
        ordered = np.sort(ahead_s - tilt * along)
        early = np.searchsorted(ordered, tried - edge_s)
        missed = len(ordered) - np.searchsorted(ordered, tried + interval_s + edge_s)
        against[row] = TOO_EARLY * early + MISSED * missed
    weight = np.exp(against.min() - against)
    weight /= weight.sum()
    place, tilt = float(weight.sum(axis=0) @ tried), float(weight.sum(axis=1) @ tilts_s)
    off_place, off_tilt = tried - place, (tilts_s - tilt)[:, None]
    variance = max(float(np.sum(weight * (off_place + end * off_tilt) ** 2)) for end in (-0.5, 0.0, 0.5))
    fineness = (interval_s * (PLACES[1] - PLACES[0])) ** 2 / 12.0
    return ConnectionWait(interval_s, place, float(np.sqrt(variance + fineness)), 0.0, tilt, span)


def _along(time_s: FloatArray, span_s: tuple[float, float]) -> FloatArray:
    """From -1/2 at the span's beginning to 1/2 at its end, and no further."""
    share = (time_s - span_s[0]) / max(span_s[1] - span_s[0], 1e-9)
    return np.asarray(np.clip(share, 0.0, 1.0) - 0.5)


def _widest_gap(sent_s: FloatArray, interval_s: float) -> float:
    """The widest part of an interval in which no packet falls: all of them may wait for so long."""
    ordered = np.sort(np.mod(sent_s, interval_s))
    return float(np.max(np.diff(ordered, append=ordered[0] + interval_s)))
