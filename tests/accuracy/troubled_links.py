"""Links that stall, trickle and catch up, and when what was sent over them arrives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SHORTEST_WAY_S = 0.015
#: A link is well that has not kept a packet waiting, nor lost one, for so long.
WELL_FOR_S = 1.0


@dataclass(frozen=True)
class Trouble:
    """A link that from `start_s` carries `share` of the pace for `lasts_s`, then the backlog `times` as fast.

    Where `loses`, nothing waits: what was due meanwhile never arrives.
    """

    start_s: float
    lasts_s: float
    share: float
    times: float
    loses: bool = False

    def holds(self, due_s: np.ndarray) -> np.ndarray:
        """Which packets were due meanwhile."""
        return (due_s >= self.start_s) & (due_s < self.start_s + self.lasts_s)


def delivered(due_s: np.ndarray, packet_s: float, troubles: list[Trouble]) -> np.ndarray:
    """When packets due at `due_s` arrive, in order and without loss, over a link in trouble."""
    arrival = due_s.copy()
    last = -np.inf
    for i, due in enumerate(due_s.tolist()):
        at = max(due, last)
        for trouble in troubles:
            end = trouble.start_s + trouble.lasts_s
            if trouble.start_s <= at < end:
                at = min(max(at, last + packet_s / trouble.share), end) if trouble.share else end
            if at >= end and last > due_s[i - 1] and due < at:
                at = max(at, last + packet_s / trouble.times)
        arrival[i] = last = at
    return arrival


def well_again(arrival_s: np.ndarray, due_s: np.ndarray, packet_s: float) -> np.ndarray:
    """Which packets arrived at least `WELL_FOR_S` after the first, a silence, or one that had to wait."""
    silent = np.diff(arrival_s, prepend=-np.inf) > 1.5 * packet_s + SHORTEST_WAY_S
    waited = np.where(silent | (arrival_s > due_s + 1e-9), arrival_s, -np.inf)
    return arrival_s - np.maximum.accumulate(waited) > WELL_FOR_S


def random_troubles(rng: np.random.Generator, duration_s: float) -> list[Trouble]:
    """Up to three stalls, trickles or absences of up to 5 s; the first two with a backlog in any burst."""
    troubles: list[Trouble] = []
    for start in np.sort(rng.uniform(-1.0, duration_s - 4.0, rng.integers(1, 4))).tolist():
        share = float(rng.choice([0.0, rng.uniform(0.02, 0.95)]))
        times = float(rng.choice([1e6, rng.uniform(1.1, 30.0)]))
        trouble = Trouble(start, float(rng.uniform(0.0, 5.0)), share, times, bool(rng.random() < 0.2))
        if not troubles or start > troubles[-1].start_s + troubles[-1].lasts_s:
            troubles.append(trouble)
    return troubles
