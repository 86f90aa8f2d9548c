"""Unwrapping of sensor clocks and counters across losses, repeats and restarts.

A sensor's clock wraps after a few bytes, its packets may be lost or repeated, and it may restart from zero.
Host time resolves every ambiguity: it is coarse, but never off by whole seconds unless the sensor's clock
restarted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from imu_reps.sensors.wire import Decoded, Samples


@dataclass(frozen=True, slots=True)
class UnwrapLimits:
    """What is told from a counter that wraps."""

    #: Largest disagreement between sensor and host clock before it counts as a restart; longer than a packet
    #: is ever delayed.
    tolerance_s: float = 3.0
    #: Additional disagreement as a fraction of the elapsed time, for oscillators that are off.
    drift: float = 0.01
    #: A packet up to this far behind the newest, on an unbroken link, is a repeat.
    repeat_s: float = 5.0
    #: Weight of the data sheet's sample period, in samples, against the measured one.
    nominal_samples: int = 50


LIMITS = UnwrapLimits()


P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Stamped(Generic[P]):
    """A packet with its clock value as sent, in ticks, and its arrival time."""

    packet: P
    value: int
    arrival_s: float


@dataclass(frozen=True, slots=True)
class PacketClock(Generic[P]):
    """State of a sensor's clock, from its packets.

    Attributes
    ----------
    modulus : int
        Ticks after which the clock wraps.
    newest : int or None
        Ticks of the newest packet, unwrapped; None before the first.
    lag_s : float
        Host time minus device time of the least delayed packet.
    arrival_s : float
        Arrival time of the newest packet.
    resumed : bool
        Whether the link has been lost since the newest packet.
    astray : Stamped or None
        A packet that did not fit; the next one shows whether it was damaged or the clock restarted.
    """

    ticks_per_s: float
    modulus: int
    newest: int | None = None
    lag_s: float = 0.0
    arrival_s: float = 0.0
    resumed: bool = False
    astray: Stamped[P] | None = None


@dataclass(frozen=True, slots=True)
class InOrder(Generic[P]):
    """Result of one arrival.

    Attributes
    ----------
    packets : tuple of (packet, int)
        New packets with their unwrapped ticks, ascending.
    restarted : bool
        Whether the clock restarted with the first of `packets`.
    repeated : bool
        Whether the packet is a repeat.
    damaged : int
        Packets dropped because their clock value fits neither the clock nor a restart.
    """

    packets: tuple[tuple[P, int], ...] = ()
    restarted: bool = False
    repeated: bool = False
    damaged: int = 0

    def decoded(self, samples: Samples, sent: int) -> Decoded:
        """Return the samples of `packets` and the tally of this arrival, a packet of `sent` samples."""
        return Decoded(samples, damaged=self.damaged, repeated=sent * self.repeated, restarted=self.restarted)


def after_link_loss(clock: PacketClock[P]) -> PacketClock[P]:
    """Return the clock for a link that came back, after which a restart is possible."""
    return replace(clock, resumed=True)


def put_in_order(clock: PacketClock[P], arrived: Stamped[P]) -> tuple[PacketClock[P], InOrder[P]]:
    """Take the next packet: new, repeated, astray, or the second after a restart.

    Parameters
    ----------
    arrived : Stamped
        Its `value` may be wrapped.

    Returns
    -------
    PacketClock
        The clock after the packet.
    InOrder
        The packets now known to be in order.
    """
    if clock.newest is None:
        return _moved_to(clock, arrived.value, arrived), InOrder(((arrived.packet, arrived.value),))
    ticks = _unwrapped(clock, arrived)
    if _fits(clock, ticks, arrived.arrival_s):
        damaged = int(clock.astray is not None)
        return _moved_to(clock, ticks, arrived), InOrder(((arrived.packet, ticks),), damaged=damaged)
    behind_s = (clock.newest - ticks) / clock.ticks_per_s
    if 0 <= behind_s <= LIMITS.repeat_s and not clock.resumed:
        return clock, InOrder(repeated=True)
    return _astray(clock, arrived)


def _astray(clock: PacketClock[P], arrived: Stamped[P]) -> tuple[PacketClock[P], InOrder[P]]:
    held = clock.astray
    if held is None:
        return replace(clock, astray=arrived), InOrder()
    restarted = _moved_to(replace(clock, newest=None), held.value, held)
    ticks = _unwrapped(restarted, arrived)
    if not _fits(restarted, ticks, arrived.arrival_s):
        return replace(clock, astray=arrived), InOrder(damaged=1)
    packets = ((held.packet, held.value), (arrived.packet, ticks))
    return _moved_to(restarted, ticks, arrived), InOrder(packets, restarted=True)


def _unwrapped(clock: PacketClock[P], arrived: Stamped[P]) -> int:
    """Unwrap the ticks by the host's time."""
    expected = (arrived.arrival_s - clock.lag_s) * clock.ticks_per_s
    return unwrap_near(arrived.value, clock.modulus, expected)


def _fits(clock: PacketClock[P], ticks: int, arrival_s: float) -> bool:
    """Whether the ticks continue the clock: forward, and by no more than the elapsed time.

    On an unbroken link a packet may be delayed without limit. After a lost link, a late clock has restarted.
    """
    ahead_s = ticks / clock.ticks_per_s - (arrival_s - clock.lag_s)
    allowed_s = LIMITS.tolerance_s + LIMITS.drift * abs(arrival_s - clock.arrival_s)
    forward = clock.newest is not None and ticks > clock.newest
    return forward and ahead_s <= allowed_s and (ahead_s >= -allowed_s or not clock.resumed)


def _moved_to(clock: PacketClock[P], ticks: int, arrived: Stamped[P]) -> PacketClock[P]:
    lag_s = arrived.arrival_s - ticks / clock.ticks_per_s
    if clock.newest is not None:
        lag_s = min(lag_s, clock.lag_s + LIMITS.drift * abs(arrived.arrival_s - clock.arrival_s))
    return replace(clock, newest=ticks, lag_s=lag_s, arrival_s=arrived.arrival_s, resumed=False, astray=None)


def unwrap_near(value: int, modulus: int, expected: float) -> int:
    """Return the number nearest to `expected` that equals `value` modulo `modulus`."""
    return value + modulus * round((expected - value) / modulus)


@dataclass(frozen=True, slots=True)
class Spacing:
    """Sample period by the sensor's own clock, estimated from stretches without a loss.

    Attributes
    ----------
    nominal_s : float
        Period by the data sheet.
    span_s, samples : float, int
        Total time and number of samples measured so far.
    """

    nominal_s: float
    span_s: float = 0.0
    samples: int = 0

    @property
    def period_s(self) -> float:
        """Estimated period; close to the data sheet's at first, then to the measured one."""
        return (self.span_s + LIMITS.nominal_samples * self.nominal_s) / (
            self.samples + LIMITS.nominal_samples
        )

    def learned(self, span_s: float, samples: int) -> Spacing:
        """Return the estimate with one more stretch added."""
        return replace(self, span_s=self.span_s + span_s, samples=self.samples + samples)
