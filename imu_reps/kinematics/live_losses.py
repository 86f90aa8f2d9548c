"""Losses that the numbering does not show, as samples arrive: they are told from arrivals that stay late."""

from __future__ import annotations

from collections import deque
from math import inf

import numpy as np

from imu_reps.kinematics.live_envelope import LiveEnvelope
from imu_reps.kinematics.sample_ticks import LEAP_S
from imu_reps.kinematics.uncounted_losses import period_between_losses

#: Arrivals stay late by more than this share of a packet where one was lost.
LOST_SHARE = 0.6
#: A loss is believed when all arrivals for this long were late: stalls are shorter.
LATE_FOR_S = 0.3
#: So many of them that their number times what would be lost is this long: smaller losses need more.
EVIDENCE_S = 0.08
FEWEST_ARRIVALS = 4
#: The period is measured apart from losses over so many packets, again and again.
PACKETS = 768
PACKETS_FIRST = 128
PACKETS_AGAIN = 256


class LiveLosses:
    """Finds lost notifications of a sensor whose samples only the host numbers.

    Parameters
    ----------
    number, arrival_s : float
        Of the first sample.
    """

    def __init__(self, number: float, arrival_s: float) -> None:
        self._ends: deque[tuple[float, float]] = deque(maxlen=PACKETS)
        self._ended = 0
        self._newest = number, arrival_s
        self._size = 1
        self._together: int | None = None
        self._found = 0
        self._begin_run(arrival_s)

    def hole_before(self, late_s: float, arrival_s: float) -> bool:
        """Whether the sensor was away before this sample: then nothing tells how many were lost but time.

        Its packets may be cut otherwise since, so that what was learned from them begins anew.
        """
        if min(late_s, arrival_s - self._newest[1]) <= LEAP_S:
            return False
        self._ends.clear()
        self._ended, self._found = 0, 0
        self._begin_run(arrival_s)
        return True

    def before(self, envelope: LiveEnvelope, tick: float, number: float, arrival_s: float) -> int:
        """Samples lost before this one that were not known of; negative takes back what was believed.

        Parameters
        ----------
        envelope : LiveEnvelope
            The sensor's line; its slope is corrected from time to time.
        tick : float
            The sample's tick, with all losses known so far.
        number, arrival_s : float
            Its number and arrival.
        """
        silence_s = arrival_s - self._newest[1]
        if silence_s > 0.0:
            self._end_packet(envelope)
        self._newest = number, arrival_s
        self._size += 1
        late_s = arrival_s - envelope.at(tick)
        return self._by_lateness(late_s, silence_s > 0.0, arrival_s, envelope) if envelope.settled else 0

    def _end_packet(self, envelope: LiveEnvelope) -> None:
        self._ends.append(self._newest)
        self._ended += 1
        self._together = min(self._together or self._size, self._size)
        self._size = 0
        if self._ended == PACKETS_FIRST or self._ended % PACKETS_AGAIN == 0:
            number, arrival_s = np.array(self._ends).T
            envelope.expect(period_between_losses(number, arrival_s, self._together, (envelope.slope,)))

    def _begin_run(self, arrival_s: float) -> None:
        self._since_s, self._arrivals, self._least_s = arrival_s, 0, inf

    def _by_lateness(self, late_s: float, new_packet: bool, arrival_s: float, envelope: LiveEnvelope) -> int:
        together = self._together or 1
        packet_s = together * envelope.slope
        if late_s < LOST_SHARE * packet_s:
            self._begin_run(arrival_s)
            early = int(-late_s / packet_s + 1 - LOST_SHARE) * together
            return self._believe(-min(early, self._found), arrival_s) if early > 0 else 0
        self._arrivals += new_packet
        self._least_s = min(self._least_s, late_s)
        enough = self._arrivals >= max(FEWEST_ARRIVALS, EVIDENCE_S / packet_s)
        if not enough or arrival_s - self._since_s < LATE_FOR_S:
            return 0
        return self._believe(int(self._least_s / packet_s + 1 - LOST_SHARE) * together, arrival_s)

    def _believe(self, lost: int, arrival_s: float) -> int:
        self._found += lost
        self._begin_run(arrival_s)
        return lost
