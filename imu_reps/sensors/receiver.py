"""From the radio's callbacks to the recording: notifications are decoded to items, counted and queued.

A `Receiver` decodes one sensor and measures its rate and delay; the `Inbox` queues what the receivers give.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from imu_reps.domain.samples import SampleBlock, SensorPlace, as_rows, concatenate
from imu_reps.sensors.stream_items import Item, LinkChange, LinkState, Notification, Restarted
from imu_reps.sensors.wire import NO_FACTS, Decoded, Family, Samples

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReceiverLimits:
    """How much waits to be taken, and what is a repeated packet."""

    #: Samples that may wait: five minutes of two sensors at 200 Hz. A longer queue is never emptied.
    max_waiting: int = 120_000
    #: Window of the rate and delay; long enough that a stall of 0.25 s changes the rate by a twentieth at
    #: most.
    window_s: float = 5.0
    #: Largest time between a notification and its copy. Two different notifications of a sensor are at least
    #: one connection interval (7.5 ms) apart, or differ in their bytes.
    copy_within_s: float = 0.005
    #: Consecutive notifications with a copy, from which on copies are dropped. On a sensor at rest one
    #: notification in a hundred may equal the one before it, so this happens at random once in a hundred
    #: million.
    certain_after: int = 4


LIMITS = ReceiverLimits()


class Inbox:
    """Queue of samples, up to a limit, and of link changes and restarts, which are never dropped.

    Parameters
    ----------
    receivers : mapping of Receiver
        They decode what is put, and count what was dropped.
    """

    def __init__(self, receivers: Mapping[SensorPlace, Receiver]) -> None:
        self._receivers = receivers
        self._items: list[Item] = []
        self._samples = 0
        self._news = asyncio.Event()
        self._failure: BaseException | None = None
        self._closed = False

    def put(self, arrival: Notification | LinkChange) -> None:
        """Decode and queue a notification or a change of the link; runs in the radio's callback."""
        receiver = self._receivers[arrival.sensor]
        try:
            items = receiver.take(arrival)
        except Exception as error:  # a fault of this program: raised in `take`, not into the radio's callback
            self.fail(error)
            return
        for item in items:
            if not isinstance(item, SampleBlock):
                self._items.append(item)
            elif self._samples < LIMITS.max_waiting:
                self._items.append(item)
                self._samples += len(item)
            else:
                receiver.dropped += 1
        self._news.set()

    def fail(self, failure: BaseException | None) -> None:
        """End the queue with an exception, which `take` raises once it is empty."""
        self._failure = failure
        self._news.set()

    def close(self) -> None:
        """End the queue; items that wait can still be taken."""
        self._closed = True
        self._news.set()

    async def take(self) -> list[Item]:
        """Return all queued items, oldest first, waiting for at least one; after `close` possibly none.

        Successive blocks of one sensor are joined.
        """
        while not self._items and not self._closed:
            if self._failure is not None:
                raise self._failure
            self._news.clear()
            await self._news.wait()
        return self.take_waiting()

    def take_waiting(self) -> list[Item]:
        """Return all queued items as `take`, without waiting."""
        items, self._items, self._samples = self._items, [], 0
        return joined(items)


def joined(items: Iterable[Item]) -> list[Item]:
    """Join successive blocks of one sensor."""
    result: list[Item] = []
    blocks: list[SampleBlock] = []
    for item in items:
        if blocks and not (isinstance(item, SampleBlock) and item.sensor == blocks[0].sensor):
            result.append(concatenate(blocks))
            blocks = []
        if isinstance(item, SampleBlock):
            blocks.append(item)
        else:
            result.append(item)
    return [*result, concatenate(blocks)] if blocks else result


class Receiver:
    """Receives one sensor.

    Parameters
    ----------
    rate_hz : float
        Requested rate.

    Attributes
    ----------
    state : LinkState
        State of the link, in order of arrival.
    facts : Facts
        Latest value of each fact the sensor has reported.
    last_sample_s : float or None
        Arrival time of the last samples; None before the first.
    samples, damaged, repeated, restarts, dropped : int
        See `imu_reps.sensors.stream_items.SensorStatus`.
    """

    def __init__(self, place: SensorPlace, family: Family, rate_hz: float) -> None:
        self.state: LinkState = "awaited"
        self.facts = NO_FACTS
        self.last_sample_s: float | None = None
        self.pace = ArrivalPace(family.has_clock)
        self._place = place
        self._family = family
        self._decoding = family.begin(rate_hz)
        self._copies: defaultdict[str, Copies] = defaultdict(Copies)
        self.reset_counts()

    def reset_counts(self) -> None:
        """Reset all counters to zero."""
        self.samples = self.damaged = self.repeated = self.restarts = self.dropped = 0
        self._numbering = Numbering()
        self._lost_before = 0

    @property
    def lost(self) -> int | None:
        """Samples missing from the numbering; None without a numbering of the sensor's own."""
        return self._lost_before + self._numbering.missing if self._family.counter == "device" else None

    def take(self, arrival: Notification | LinkChange) -> list[Item]:
        """Return the items that a notification or a change of the link gives."""
        return self._decode(arrival) if isinstance(arrival, Notification) else self._change(arrival)

    def reset_request(self) -> None:
        """Reset the rate and any refusal before the sensor is asked for its stream again."""
        self.pace.forget()
        self.facts = replace(self.facts, refused=None)

    def _change(self, change: LinkChange) -> list[Item]:
        if change.state in ("connected", "silent"):
            self._decoding = self._family.resume(self._decoding)
        if change.state == "connected":
            self._copies.clear()
        self.state = change.state
        return [change]

    def _decode(self, arrival: Notification) -> list[Item]:
        if self._family.counter == "host" and self._copies[arrival.characteristic].is_one(arrival):
            self.repeated += 1
            return []
        self._decoding, decoded = self._family.decode(
            self._decoding, arrival.characteristic, arrival.data, arrival.time_s
        )
        if decoded.damaged:
            _log.debug("%s: cannot be read: %s %s", self._place, arrival.characteristic, arrival.data.hex())
        self.damaged += decoded.damaged
        self.repeated += decoded.repeated
        self.facts = self.facts.then(decoded.facts)
        return self._restart(decoded, arrival) + self._sampled(decoded.samples, arrival)

    def _restart(self, decoded: Decoded, arrival: Notification) -> list[Item]:
        if not decoded.restarted:
            return []
        self.restarts += 1
        _log.warning("%s: counts anew", self._place)
        self._lost_before += self._numbering.missing
        self._numbering = Numbering()
        self.pace.forget()
        return [Restarted(self._place, arrival.time_s)]

    def _sampled(self, samples: Samples, arrival: Notification) -> list[Item]:
        if not len(samples):
            return []
        self.samples += len(samples)
        self._numbering.add(samples)
        self.pace.add(arrival.time_s, samples)
        self.last_sample_s = arrival.time_s
        back: list[Item] = []
        if self.state in ("connected", "silent"):  # not "away": last samples of a broken link may come late
            self.state = "streaming"
            _log.info("%s: streaming", self._place)
            back.append(LinkChange(self._place, arrival.time_s, "streaming"))
        return [*back, samples.block(self._place, arrival.time_s)]


class ArrivalPace:
    """Rate and delay of one sensor over the last `LIMITS.window_s`.

    Parameters
    ----------
    has_clock : bool
        Whether samples have the sensor's own time, which stalls of the radio do not disturb.
    """

    def __init__(self, has_clock: bool) -> None:
        self._has_clock = has_clock
        self._packets: deque[tuple[float, int, float]] = deque()

    def add(self, arrival_s: float, samples: Samples) -> None:
        """Add the samples of one notification."""
        self._packets.append((arrival_s, int(samples.number[-1]), float(samples.device_time_s[-1])))
        while self._packets[0][0] < arrival_s - LIMITS.window_s:
            self._packets.popleft()

    def forget(self) -> None:
        """Reset, after a change of the rate or a restart of the numbering."""
        self._packets.clear()

    @property
    def span_s(self) -> float:
        """Time from the first to the last arrival in the window."""
        return self._packets[-1][0] - self._packets[0][0] if self._packets else 0.0

    @property
    def spacing_s(self) -> float:
        """Mean interval between notifications; 0 before the second."""
        return self.span_s / (len(self._packets) - 1) if len(self._packets) > 1 else 0.0

    def rate_hz(self) -> float | None:
        """Return the sample rate by sample number, including lost samples; None before the second arrival."""
        if len(self._packets) < 2:
            return None
        (first_s, first, first_device_s), (last_s, last, last_device_s) = self._packets[0], self._packets[-1]
        passed_s = last_device_s - first_device_s if self._has_clock else last_s - first_s
        return (last - first) / passed_s if passed_s > 0.0 else None

    def delay_s(self) -> float | None:
        """Return the largest minus the smallest delay in the window; None before the second arrival."""
        rate_hz = self.rate_hz()
        if not rate_hz:
            return None
        arrival_s, number, device_s = as_rows(self._packets, 3).T
        lag_s = arrival_s - (device_s if self._has_clock else number / rate_hz)
        return float(lag_s.max() - lag_s.min())


class Numbering:
    """Counts missing sample numbers between two restarts; samples that arrive late fill their gap."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._last = 0
        self._received = 0

    def add(self, samples: Samples) -> None:
        """Add samples."""
        minimum, maximum = int(samples.number.min()), int(samples.number.max())
        self._last = maximum if self._first is None else max(self._last, maximum)
        self._first = minimum if self._first is None else min(self._first, minimum)
        self._received += len(samples)

    @property
    def missing(self) -> int:
        """Count of numbers between the first and the last that were not received."""
        return 0 if self._first is None else max(0, self._last - self._first + 1 - self._received)


class Copies:
    """Detects that a characteristic delivers every notification more than once.

    After a connection that was not closed properly, or when a second program listens too, Linux can deliver
    everything twice, from the first notification or any later one on. Families with sample numbers drop the
    copies by number; this is for those without. In a healthy stream two equal notifications are surrounded by
    others that came once, so copies are dropped only while each of the last few notifications, or
    each since the connection, came with one.
    """

    def __init__(self) -> None:
        self._before: Notification | None = None
        self._copied = False
        self._in_a_row = LIMITS.certain_after

    def is_one(self, arrival: Notification) -> bool:
        """Whether this arrival is a copy of the one before it."""
        before = self._before
        if before is None:
            self._before = arrival
            return False
        if before.data == arrival.data and arrival.time_s - before.time_s <= LIMITS.copy_within_s:
            self._in_a_row += not self._copied
            self._copied = True
            return self._in_a_row >= LIMITS.certain_after
        if not self._copied:
            self._in_a_row = 0
        self._before, self._copied = arrival, False
        return False
