"""What one sensor has said so far: its bytes made items, and the tally of them.

How fast and how promptly one sensor's samples have been arriving over the last seconds.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import fields, replace

import numpy as np

from imu_reps.domain.samples import SampleBlock, SensorPlace
from imu_reps.sensors.stream_items import Item, LinkChange, LinkState, Notification, Restarted
from imu_reps.sensors.wire import NOTHING_SPOKEN, Decoded, Facts, Family, Samples

#: Long enough that a stall of a quarter second moves the rate by a twentieth at most.
WINDOW_S = 5.0


class ArrivalPace:
    """Arrivals of the last `WINDOW_S`: when, up to which sample number, at which time of the sensor's clock.

    Parameters
    ----------
    has_clock : bool
        Whether samples carry the sensor's own time: no stall of the radio disturbs it.
    """

    def __init__(self, has_clock: bool) -> None:
        self._has_clock = has_clock
        self._packets: deque[tuple[float, int, float]] = deque()

    def add(self, arrival_s: float, samples: Samples) -> None:
        """Take in what one notification held."""
        self._packets.append((arrival_s, int(samples.number[-1]), float(samples.device_time_s[-1])))
        while self._packets[0][0] < arrival_s - WINDOW_S:
            self._packets.popleft()

    def forget(self) -> None:
        """Begin anew: after another rate was asked for, or the numbering began anew."""
        self._packets.clear()

    @property
    def span_s(self) -> float:
        """From the first to the last arrival."""
        return self._packets[-1][0] - self._packets[0][0] if self._packets else 0.0

    @property
    def spacing_s(self) -> float:
        """From one notification to the next, on average; 0 before the second."""
        return self.span_s / (len(self._packets) - 1) if len(self._packets) > 1 else 0.0

    def rate_hz(self) -> float | None:
        """Samples a second by number, lost ones counted; None before the second arrival."""
        if len(self._packets) < 2:
            return None
        (first_s, first, first_device_s), (last_s, last, last_device_s) = self._packets[0], self._packets[-1]
        passed_s = last_device_s - first_device_s if self._has_clock else last_s - first_s
        return (last - first) / passed_s if passed_s > 0.0 else None

    def delay_s(self) -> float | None:
        """By how much the latest of the last arrivals lagged behind the promptest; None before the second."""
        rate_hz = self.rate_hz()
        if not rate_hz:
            return None
        arrival_s, number, device_s = np.array(self._packets).T
        lag_s = arrival_s - (device_s if self._has_clock else number / rate_hz)
        return float(lag_s.max() - lag_s.min())


_log = logging.getLogger(__name__)

#: Copies of a notification follow one another at once; two of the sensor's own are a connection interval
#: (7.5 ms at least) apart, or differ in their bytes.
COPY_WITHIN_S = 0.005
#: So many notifications in a row came with a copy. Of a sensor that lies quite still one in a hundred may be
#: like the one before it: by chance this happens once in a hundred million.
CERTAIN_AFTER = 4


class Hearing:
    """One sensor, heard.

    Parameters
    ----------
    place : {"pelvis", "ankle"}
    family : Family
    rate_hz : float

    Attributes
    ----------
    state : LinkState
        Of the link, as told in order of arrival.
    facts : Facts
        The latest of everything it said of itself.
    last_sample_s : float or None
        Arrival of its last samples.
    pace : ArrivalPace
    samples, damaged, repeated, restarts, dropped : int
        See `imu_reps.sensors.stream_items.SensorStatus`.
    """

    def __init__(self, place: SensorPlace, family: Family, rate_hz: float) -> None:
        self.state: LinkState = "awaited"
        self.facts = NOTHING_SPOKEN
        self.last_sample_s: float | None = None
        self.pace = ArrivalPace(family.has_clock)
        self._place = place
        self._family = family
        self._decoding = family.begin(rate_hz)
        self._copies: dict[str, Copies] = {}
        self.count_anew()

    def count_anew(self) -> None:
        """Set the tally to nothing."""
        self.samples = self.damaged = self.repeated = self.restarts = self.dropped = 0
        self._numbering = Numbering()
        self._lost_before = 0

    @property
    def lost(self) -> int | None:
        """Samples missing from the numbering; None without a numbering of the sensor's own."""
        return self._lost_before + self._numbering.missing if self._family.counter == "device" else None

    def take(self, word: Notification | LinkChange) -> list[Item]:
        """What an arrival, or a word about the link, comes to."""
        return self._decode(word) if isinstance(word, Notification) else self._change(word)

    def ask_anew(self) -> None:
        """Forget the rate and any refusal: the sensor is about to be asked again."""
        self.pace.forget()
        self.facts = replace(self.facts, refused=None)

    def _change(self, change: LinkChange) -> list[Item]:
        if change.state in ("connected", "silent"):
            self._decoding = self._family.resume(self._decoding)
        if change.state == "connected":
            self._copies = {}
        self.state = change.state
        return [change]

    def _decode(self, arrival: Notification) -> list[Item]:
        if self._family.counter == "host" and self._is_copy(arrival):
            self.repeated += 1
            return []
        self._decoding, decoded = self._family.decode(
            self._decoding, arrival.characteristic, arrival.data, arrival.time_s
        )
        if decoded.damaged:
            _log.debug("%s: cannot be read: %s %s", self._place, arrival.characteristic, arrival.data.hex())
        self.damaged += decoded.damaged
        self.repeated += decoded.repeated
        self.facts = _latest(self.facts, decoded.facts)
        return self._restart(decoded, arrival) + self._sampled(decoded.samples, arrival)

    def _is_copy(self, arrival: Notification) -> bool:
        copies = self._copies.setdefault(arrival.characteristic, Copies())
        return copies.is_one(arrival)

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
        if self.state in ("connected", "silent"):  # not "away": the last of a broken link may come late
            self.state = "streaming"
            _log.info("%s: streaming", self._place)
            back.append(LinkChange(self._place, arrival.time_s, "streaming"))
        return [*back, _block(self._place, arrival.time_s, samples)]


class Numbering:
    """How many numbers of one unbroken numbering are missing; late samples fill their hole."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._last = 0
        self._received = 0

    def add(self, samples: Samples) -> None:
        """Count samples in."""
        minimum, maximum = int(samples.number.min()), int(samples.number.max())
        self._last = maximum if self._first is None else max(self._last, maximum)
        self._first = minimum if self._first is None else min(self._first, minimum)
        self._received += len(samples)

    @property
    def missing(self) -> int:
        """Numbers between the first and the last that were not heard."""
        return 0 if self._first is None else max(0, self._last - self._first + 1 - self._received)


class Copies:
    """Finds a characteristic that delivers every notification more than once.

    After a connection that was not ended properly, or when a second program listens too, Linux can deliver
    everything twice, from the first notification on or from any other. A family whose samples carry numbers
    drops the copies by them; this is for those without. Two notifications that happen to be alike in a
    healthy stream stand among others that came once: copies are dropped only while one came with each of
    the last `CERTAIN_AFTER`, or with each since the connection.
    """

    def __init__(self) -> None:
        self._before: Notification | None = None
        self._copied = False
        self._in_a_row = CERTAIN_AFTER

    def is_one(self, arrival: Notification) -> bool:
        """Whether this arrival is a copy of the one before it."""
        if self._before is not None and _alike(self._before, arrival):
            self._in_a_row += not self._copied
            self._copied = True
            return self._in_a_row >= CERTAIN_AFTER
        if self._before is not None and not self._copied:
            self._in_a_row = 0
        self._before, self._copied = arrival, False
        return False


def _alike(one: Notification, other: Notification) -> bool:
    same = (one.characteristic, one.data) == (other.characteristic, other.data)
    return same and other.time_s - one.time_s <= COPY_WITHIN_S


def _latest(known: Facts, said: Facts) -> Facts:
    """Everything known, with what was just said over it."""
    if said is NOTHING_SPOKEN:
        return known
    news = {f.name: getattr(said, f.name) for f in fields(said) if getattr(said, f.name) is not None}
    return replace(known, **news)


def _block(place: SensorPlace, arrival_s: float, samples: Samples) -> SampleBlock:
    return SampleBlock(
        place,
        np.full(len(samples), arrival_s),
        samples.number,
        samples.device_time_s,
        samples.acc_mps2,
        samples.gyr_dps,
    )
