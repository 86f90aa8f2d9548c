"""Links that stall, trickle and catch up, and the arrival times of what was sent over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SHORTEST_DELAY_S = 0.015
#: A link is well if it has delayed no packet, and lost none, for this long.
WELL_FOR_S = 1.0


#: On time of a link that goes on and off.
ON_S = 0.15


@dataclass(frozen=True)
class Trouble:
    """A link that from `start_s` carries `share` of the pace for `lasts_s`, then the backlog `times` as fast.

    With `off_s` it alternates between carrying nothing for `off_s` and everything for `ON_S`. Of the packets
    due during the trouble the share `loses` never arrives; the rest is not delayed by it.
    """

    start_s: float
    lasts_s: float
    share: float
    times: float
    loses: float = 0.0
    off_s: float = 0.0

    @property
    def end_s(self) -> float:
        return self.start_s + self.lasts_s

    def lost(self, due_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return which packets never arrive."""
        held = (due_s >= self.start_s) & (due_s < self.end_s)
        return held & (rng.random(len(due_s)) < self.loses)

    def carries(self, at_s: float, last_s: float, packet_s: float) -> float:
        """Return when a packet due at `at_s` gets through, after the one at `last_s`."""
        if self.loses or not self.start_s <= at_s < self.end_s:
            return at_s
        if self.off_s:
            into_s = (at_s - self.start_s) % (self.off_s + ON_S)
            return min(at_s + max(self.off_s - into_s, 0.0), self.end_s)
        return min(max(at_s, last_s + packet_s / self.share), self.end_s) if self.share else self.end_s


def delivered(due_s: np.ndarray, packet_s: float, troubles: list[Trouble]) -> np.ndarray:
    """Return when packets due at `due_s` arrive, in order and without loss, over a link in trouble."""
    arrival = due_s.copy()
    last = -np.inf
    for i, due in enumerate(due_s.tolist()):
        at = max(due, last)
        for trouble in troubles:
            at = trouble.carries(at, last, packet_s)
            if at >= trouble.end_s and last > due_s[i - 1] and due < at:
                at = max(at, last + packet_s / trouble.times)
        arrival[i] = last = at
    return arrival


def well_again(
    arrival_s: np.ndarray, due_s: np.ndarray, packet_s: float, troubles: list[Trouble], packets: int
) -> np.ndarray:
    """Return which packets came `WELL_FOR_S` and `packets` packets after the last disturbance.

    Disturbances are the first packet, a silence, a packet that waited, and trouble that loses some.
    """
    silent = np.diff(arrival_s, prepend=-np.inf) > 1.5 * packet_s + SHORTEST_DELAY_S
    ill = silent | (arrival_s > due_s + 1e-9)
    for trouble in troubles:
        ill |= (trouble.loses > 0.0) & (arrival_s > trouble.start_s) & (arrival_s < trouble.end_s)
    row = np.arange(len(arrival_s))
    since = np.maximum.accumulate(np.where(ill, row, 0))
    return (arrival_s - arrival_s[since] > WELL_FOR_S) & (row - since >= packets)


def random_troubles(rng: np.random.Generator, duration_s: float) -> list[Trouble]:
    """Draw up to four troubles of up to 5 s: stalls, trickles, links on and off, any burst after; losses."""
    troubles: list[Trouble] = []
    for start in np.sort(rng.uniform(-1.0, duration_s - 3.0, rng.integers(1, 5))).tolist():
        trouble = Trouble(
            start,
            lasts_s=float(rng.uniform(0.0, 5.0)),
            share=float(rng.choice([0.0, rng.uniform(0.02, 0.95)])),
            times=float(rng.choice([1e6, rng.uniform(1.1, 30.0)])),
            loses=float(rng.choice([0.0, 0.0, 0.0, 1.0, rng.uniform(0.1, 0.9)])),
            off_s=float(rng.choice([0.0, 0.0, rng.uniform(0.1, 0.7)])),
        )
        if not troubles or start > troubles[-1].end_s:
            troubles.append(trouble)
    return troubles
