"""Losses that the numbering does not show, found as samples arrive by arrivals that stay late.

A loss makes all later arrivals late by the same amount. A link that trickles makes them later and later, and
its backlog less and less late: in between the arrivals as a whole may well keep the sensor's pace, but they
are never equally late for long. A trickle that loses less than a twentieth of the pace, however, looks like a
sensor that loses as many samples; it is taken for one, sample by sample, until its backlog has come.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from math import inf

from imu_reps.domain.samples import as_rows
from imu_reps.kinematics.clock.losses import period_between_losses
from imu_reps.kinematics.clock.stream_envelope import LATE_S, LONGEST_BACKLOG_S, LiveEnvelope
from imu_reps.kinematics.clock.ticks import LEAP_S


@dataclass(frozen=True, slots=True)
class StreamLossParams:
    """Parameters of losses found as samples arrive.

    Attributes
    ----------
    lost_share : float
        Smallest lateness that shows a lost packet, as a share of its duration.
    late_for_s, level_s : float
        Time for which all arrivals must be late to show a loss, since stalls are shorter; and the greatest
        difference between their least lateness in stretches of that time.
    much_s, much_for_s, much_level_s : float
        Size of a large loss, and the same for one.
    stretch_s : float
        Length of a stretch, in each of which arrivals are as late as a loss made them; at least two packets.
    evidence_s, min_arrivals : float or int
        Smallest number of late arrivals times the duration of a packet, so that smaller losses need more; and
        fewest late arrivals.
    steady_pace : tuple
        Range of the arrivals' pace, relative to the sensor's, in which lateness shows a loss; outside of it a
        link trickles or catches up.
    usual_for_s, usual_pace, fallen_s : float or tuple
        The same after a silence, where there is less time to measure it: the time, the range of the pace, and
        the fall of the lateness that shows a backlog in progress.
    backlog_s : float
        Excess of the samples received after a silence over the time since that shows a backlog: nothing was
        lost then.
    packets, packets_first, packets_again : int
        Number of latest packets over which the period is measured independently of losses; number of packets
        before the first measurement, and between measurements.
    min_near : int
        Fewest packets that hardly waited, by which alone the period is measured.
    """

    lost_share: float = 0.6
    late_for_s: float = 0.4
    level_s: float = 0.02
    much_s: float = 0.25
    much_for_s: float = 0.6
    much_level_s: float = 0.05
    stretch_s: float = 0.12
    evidence_s: float = 0.08
    min_arrivals: int = 3
    steady_pace: tuple[float, float] = (0.85, 1.15)
    usual_for_s: float = 0.3
    usual_pace: tuple[float, float] = (0.5, 1.15)
    fallen_s: float = 0.05
    backlog_s: float = 0.1
    packets: int = 768
    packets_first: int = 128
    packets_again: int = 256
    min_near: int = 48


PARAMS = StreamLossParams()


@dataclass(slots=True)
class _LatePacket:
    """A late packet: number and arrival of its first sample, and the lateness of its least late one."""

    number: float
    arrival_s: float
    min_s: float


class LiveLosses:
    """Finds lost notifications of a sensor whose samples only the host numbers.

    Parameters
    ----------
    number, arrival_s : float
        Number and arrival of the first sample.
    """

    def __init__(self, number: float, arrival_s: float) -> None:
        self._ends: deque[tuple[float, float, float]] = deque(maxlen=PARAMS.packets)
        self._ended = 0
        self._newest = number, arrival_s, number
        self._size = 1
        self._together: int | None = None
        self._found = 0
        self._doubtful = False
        self._late: deque[_LatePacket] = deque()
        self._begin_doubt(number, arrival_s)

    def before(self, line: LiveEnvelope, tick: float, number: float, arrival_s: float) -> float | None:
        """Return newly found losses before a sample, in samples; negative to take back earlier ones.

        After a long silence samples were lost, or still wait: None while the arrivals do not show which.

        Parameters
        ----------
        line : LiveEnvelope
            The sensor's line; its slope is corrected from time to time.
        tick : float
            The sample's tick, with all losses known so far.
        number, arrival_s : float
            The sample's number and arrival.
        """
        silence_s = arrival_s - self._newest[1]
        if silence_s > 0.0:
            self._end_packet(line)
        self._newest = number, arrival_s, tick
        self._size += 1
        if not line.has_slope:
            return 0
        late_s = arrival_s - line.at(tick)
        packet_s = (self._together or 1) * line.slope
        if min(late_s, silence_s) > LEAP_S + packet_s or (late_s > LONGEST_BACKLOG_S and not self._doubtful):
            self._doubtful = True
            self._begin_doubt(number, arrival_s)
        if self._doubtful:
            return self._after_silence(late_s, silence_s > 0.0, number, arrival_s, line)
        return self._by_lateness(late_s, silence_s, number, arrival_s, line)

    def _end_packet(self, line: LiveEnvelope) -> None:
        self._ends.append(self._newest)
        self._ended += 1
        self._together = min(self._together or self._size, self._size)
        self._size = 0
        if self._ended == PARAMS.packets_first or self._ended % PARAMS.packets_again == 0:
            self._measure_period(line, self._together)

    def _measure_period(self, line: LiveEnvelope, together: int) -> None:
        """Measure the period by the latest packets, without those that waited in a backlog."""
        near_s = max(LATE_S, together * line.slope)
        near = [
            (number, arrival_s)
            for number, arrival_s, tick in self._ends
            if abs(arrival_s - line.at(tick)) <= near_s
        ]
        if len(near) >= PARAMS.min_near:
            number, arrival = as_rows(near, 2).T
            line.expect(period_between_losses(number, arrival, together, (line.slope,)))

    def _begin_doubt(self, number: float, arrival_s: float) -> None:
        """Begin to check, after a silence, whether samples were lost or still wait."""
        self._since, self._min_s, self._max_s = (number, arrival_s), inf, -inf
        self._late.clear()

    def _after_silence(
        self, late_s: float, new_packet: bool, number: float, arrival_s: float, line: LiveEnvelope
    ) -> float | None:
        """Return the samples lost in a silence, 0 if they only waited, None while unknown.

        Packets may have another size afterwards.
        """
        self._min_s = min(self._min_s, late_s)
        since_s = arrival_s - self._since[1]
        waited = number - self._since[0] - (self._together or 1)
        if waited * line.slope - since_s > PARAMS.backlog_s:
            self._doubtful = False
            return 0
        if not new_packet:
            return None
        self._max_s = max(self._max_s, late_s)
        pace = (number - self._since[0]) * line.slope / since_s if since_s else inf
        if since_s < PARAMS.usual_for_s or pace > PARAMS.usual_pace[1]:
            return None
        if pace < PARAMS.usual_pace[0] or late_s < self._max_s - PARAMS.fallen_s:
            self._begin_doubt(number, arrival_s)
            return None
        self._doubtful = False
        self._ends.clear()
        self._ended, self._found = 0, 0
        return self._min_s / line.slope

    def _by_lateness(
        self, late_s: float, silence_s: float, number: float, arrival_s: float, line: LiveEnvelope
    ) -> int:
        together = self._together or 1
        packet_s = together * line.slope
        if late_s < PARAMS.lost_share * packet_s:
            self._late.clear()
            early = int(-late_s / packet_s + 1 - PARAMS.lost_share) * together
            return self._believe(-min(early, self._found), line.slope) if early > 0 else 0
        if self._late and silence_s == 0.0:
            self._late[-1].min_s = min(self._late[-1].min_s, late_s)
            return 0
        self._late.append(_LatePacket(number, arrival_s, late_s))
        lost_s = self._all_late_s(line.slope, packet_s)
        lost = int(lost_s / packet_s + 1 - PARAMS.lost_share) * together if lost_s else 0
        return self._believe(lost, line.slope)

    def _all_late_s(self, slope: float, packet_s: float) -> float:
        """Return the least lateness of the newest packets if it shows a loss; 0 if not, or not yet."""
        newest, min_s = self._late[-1], inf
        packets = max(PARAMS.min_arrivals, PARAMS.evidence_s / packet_s)
        while (
            len(self._late) > packets + 1 and self._late[1].arrival_s < newest.arrival_s - PARAMS.much_for_s
        ):
            self._late.popleft()
        for count, packet in enumerate(reversed(self._late), start=1):
            min_s = min(min_s, packet.min_s)
            lasted_s = newest.arrival_s - packet.arrival_s
            late_for_s = PARAMS.late_for_s if min_s < PARAMS.much_s else PARAMS.much_for_s
            if count >= packets and lasted_s >= late_for_s:
                pace = (newest.number - packet.number) * slope / lasted_s
                steady = PARAMS.steady_pace[0] <= pace <= PARAMS.steady_pace[1]
                return min_s if steady and self._is_level(count, min_s, packet_s) else 0.0
        return 0.0

    def _is_level(self, packets: int, min_s: float, packet_s: float) -> bool:
        """Whether each stretch of time has some of the newest packets hardly later than the least late."""
        level_s = PARAMS.level_s if min_s < PARAMS.much_s else PARAMS.much_level_s
        stretch_s = max(PARAMS.stretch_s, 2.0 * packet_s)
        newest_s = self._late[-1].arrival_s
        least = [inf] * (1 + int((newest_s - self._late[-packets].arrival_s) / stretch_s))
        for packet in islice(reversed(self._late), 1, packets):  # the newest is not complete
            stretch = int((newest_s - packet.arrival_s) / stretch_s)
            least[stretch] = min(least[stretch], packet.min_s)
        return max(least) <= min_s + max(level_s, PARAMS.lost_share * packet_s)

    def _believe(self, lost: int, slope: float) -> int:
        """Count losses, negative ones too, and forget the packets that are not late with them."""
        if not lost:
            return 0
        self._found += lost
        least_s = PARAMS.lost_share * (self._together or 1) * slope
        late = list(self._late)
        self._late.clear()
        for packet in late:
            packet.min_s -= lost * slope
            if packet.min_s >= least_s:
                self._late.append(packet)
            else:
                self._late.clear()
        return lost
