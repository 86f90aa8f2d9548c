"""Losses that the numbering does not show, as samples arrive: they are told from arrivals that stay late."""

from __future__ import annotations

from collections import deque
from math import inf

import numpy as np

from imu_reps.kinematics.clock.losses import period_between_losses
from imu_reps.kinematics.clock.stream_envelope import LiveEnvelope
from imu_reps.kinematics.clock.ticks import LEAP_S

#: Arrivals stay late by more than this share of a packet where one was lost.
LOST_SHARE = 0.6
#: A loss is believed when all arrivals for this long were late: stalls are shorter.
LATE_FOR_S = 0.3
#: So many of them that their number times what would be lost is this long: smaller losses need more.
EVIDENCE_S = 0.08
MIN_ARRIVALS = 3
#: More is believed later.
MUCH_S, MUCH_FOR_S = 0.25, 0.6
#: What they show holds only at about the sensor's pace, not while a link trickles or catches up.
STEADY_PACE = (0.85, 1.15)
#: The same after a silence, where there is less time.
USUAL_PACE = (0.5, 1.3)
#: Lateness that falls by more shows a backlog under way.
FALLEN_S = 0.05
#: After a silence, so much more than the time since is a backlog: nothing was lost then.
BACKLOG_S = 0.1
#: No backlog is longer: arrivals later than this lost samples, or nothing tells when they were taken.
MAX_LATE_S = 6.0
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
        self._doubtful = False
        self._first_s = 0.0
        self._begin_run(number, arrival_s)

    def before(self, line: LiveEnvelope, tick: float, number: float, arrival_s: float) -> float | None:
        """Samples lost before this one that were not known of; negative takes back what was believed.

        After a long silence they were lost, or wait: None as long as the arrivals do not tell.

        Parameters
        ----------
        line : LiveEnvelope
            The sensor's line; its slope is corrected from time to time.
        tick : float
            The sample's tick, with all losses known so far.
        number, arrival_s : float
            Its number and arrival.
        """
        silence_s = arrival_s - self._newest[1]
        if silence_s > 0.0:
            self._end_packet(line)
        self._newest = number, arrival_s
        self._size += 1
        late_s = arrival_s - line.at(tick)
        if min(late_s, silence_s) > LEAP_S or (late_s > MAX_LATE_S and not self._doubtful):
            self._doubtful = True
            self._begin_run(number, arrival_s)
        if self._doubtful:
            return self._after_silence(late_s, silence_s > 0.0, number, arrival_s, line)
        if not line.has_slope:
            return 0
        return self._by_lateness(late_s, silence_s > 0.0, number, arrival_s, line)

    def _end_packet(self, line: LiveEnvelope) -> None:
        self._ends.append(self._newest)
        self._ended += 1
        self._together = min(self._together or self._size, self._size)
        self._size = 0
        if self._ended == PACKETS_FIRST or self._ended % PACKETS_AGAIN == 0:
            number, arrival_s = np.array(self._ends).T
            line.expect(period_between_losses(number, arrival_s, self._together, (line.slope,)))

    def _begin_run(self, number: float, arrival_s: float) -> None:
        """Begin to watch arrivals that stay late."""
        self._since, self._arrivals, self._min_s = (number, arrival_s), 0, inf

    def _pace(self, number: float, arrival_s: float, line: LiveEnvelope) -> float:
        """Seconds of samples a second since the run began."""
        return (number - self._since[0]) * line.slope / (arrival_s - self._since[1])

    def _after_silence(
        self, late_s: float, new_packet: bool, number: float, arrival_s: float, line: LiveEnvelope
    ) -> float | None:
        """Whether the sensor was away, and for how long; its packets may be cut otherwise since."""
        self._min_s = min(self._min_s, late_s)
        since_s = arrival_s - self._since[1]
        waited = number - self._since[0] - (self._together or 1)
        if waited * line.slope - since_s > BACKLOG_S:
            self._doubtful = False
            self._begin_run(number, arrival_s)
            return 0
        if since_s < LATE_FOR_S or not new_packet:
            return None
        if not USUAL_PACE[0] <= self._pace(number, arrival_s, line) <= USUAL_PACE[1]:
            self._begin_run(number, arrival_s)
            return None
        self._doubtful = False
        self._ends.clear()
        self._ended, self._found = 0, 0
        lost = self._min_s / line.slope
        self._begin_run(number, arrival_s)
        return lost

    def _by_lateness(
        self, late_s: float, new_packet: bool, number: float, arrival_s: float, line: LiveEnvelope
    ) -> int:
        together = self._together or 1
        packet_s = together * line.slope
        if late_s < LOST_SHARE * packet_s:
            self._begin_run(number, arrival_s)
            early = int(-late_s / packet_s + 1 - LOST_SHARE) * together
            return self._believe(-min(early, self._found), number, arrival_s) if early > 0 else 0
        fallen_s = self._first_s - late_s
        if not self._arrivals or (new_packet and fallen_s > max(FALLEN_S, LOST_SHARE * packet_s)):
            self._begin_run(number, arrival_s)
            self._first_s = late_s
        self._arrivals += new_packet or not self._arrivals
        self._min_s = min(self._min_s, late_s)
        enough = self._arrivals >= max(MIN_ARRIVALS, EVIDENCE_S / packet_s)
        late_for_s = LATE_FOR_S if self._min_s < MUCH_S else MUCH_FOR_S
        if not (enough and new_packet) or arrival_s - self._since[1] < late_for_s:
            return 0
        pace = self._pace(number, arrival_s, line)
        if pace > STEADY_PACE[1]:
            return 0  # the end of a backlog may be in it yet
        if pace < STEADY_PACE[0]:
            self._begin_run(number, arrival_s)
            return 0
        lost = int(self._min_s / packet_s + 1 - LOST_SHARE) * together
        return self._believe(lost, number, arrival_s)

    def _believe(self, lost: int, number: float, arrival_s: float) -> int:
        self._found += lost
        self._begin_run(number, arrival_s)
        return lost
