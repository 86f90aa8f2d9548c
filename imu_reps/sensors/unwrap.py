"""Clocks and counters that wrap, followed over losses, repeats and restarts.

A sensor counts time in a few bytes that run over, sends packets that get lost or come twice, and now and
then restarts from zero. What settles every doubt is the time that passed on the host: coarse, yet never wrong
by whole seconds unless the sensor's clock began anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

#: A sensor's clock that disagrees with the host's by more is another clock; longer than a packet waits.
TOLERANCE_S = 3.0
#: And the share of the time since, for oscillators that are off.
DRIFT = 0.01
#: A packet this far behind the newest, on an unbroken link, is one that comes again.
REPEAT_S = 5.0
#: As many samples at the data sheet's rate are believed in before the measured spacing outweighs it.
BELIEVED_SAMPLES = 50

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Stamped(Generic[P]):
    """A packet with its clock as it was sent, and when it arrived."""

    packet: P
    value: int
    arrival_s: float


@dataclass(frozen=True, slots=True)
class PacketClock(Generic[P]):
    """A sensor's clock as its packets show it.

    Attributes
    ----------
    ticks_per_s : float
    modulus : int
        Where it wraps, in ticks.
    newest : int or None
        Ticks of the newest packet, unwrapped.
    lag_s : float
        Host time minus device time of the least delayed packet.
    arrival_s : float
        When the newest packet arrived.
    resumed : bool
        The link was lost since the newest packet.
    astray : Stamped or None
        A packet that did not fit; the next one tells whether it was damaged or the clock began anew.
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
    """What one arrival amounts to.

    Attributes
    ----------
    packets : tuple of (packet, int)
        New packets with their unwrapped ticks, ascending.
    restarted : bool
        The clock began anew with the first of `packets`.
    repeated : bool
        The packet had been taken before.
    damaged : int
        Packets given up because their clock fits nothing.
    """

    packets: tuple[tuple[P, int], ...] = ()
    restarted: bool = False
    repeated: bool = False
    damaged: int = 0


def after_link_loss(clock: PacketClock[P]) -> PacketClock[P]:
    """Go on with a clock when the link came back: a restart is now possible."""
    return replace(clock, resumed=True)


def put_in_order(clock: PacketClock[P], arrived: Stamped[P]) -> tuple[PacketClock[P], InOrder[P]]:
    """Take the next packet: new, repeated, astray, or the second of a clock that began anew.

    Parameters
    ----------
    clock : PacketClock
    arrived : Stamped
        Its `value` may be wrapped.

    Returns
    -------
    PacketClock, InOrder
    """
    if clock.newest is None:
        return _moved_to(clock, arrived.value, arrived), InOrder(((arrived.packet, arrived.value),))
    ticks = _unwrapped(clock, arrived)
    if _fits(clock, ticks, arrived.arrival_s):
        given_up = int(clock.astray is not None)
        return _moved_to(clock, ticks, arrived), InOrder(((arrived.packet, ticks),), damaged=given_up)
    behind_s = (clock.newest - ticks) / clock.ticks_per_s
    if 0 <= behind_s <= REPEAT_S and not clock.resumed:
        return clock, InOrder(repeated=True)
    return _astray(clock, arrived)


def _astray(clock: PacketClock[P], arrived: Stamped[P]) -> tuple[PacketClock[P], InOrder[P]]:
    held = clock.astray
    if held is None:
        return replace(clock, astray=arrived), InOrder()
    anew = _moved_to(replace(clock, newest=None), held.value, held)
    ticks = _unwrapped(anew, arrived)
    if not _fits(anew, ticks, arrived.arrival_s):
        return replace(clock, astray=arrived), InOrder(damaged=1)
    packets = ((held.packet, held.value), (arrived.packet, ticks))
    return _moved_to(anew, ticks, arrived), InOrder(packets, restarted=True)


def _unwrapped(clock: PacketClock[P], arrived: Stamped[P]) -> int:
    """The ticks with as many wraps as the host's time suggests."""
    expected = (arrived.arrival_s - clock.lag_s) * clock.ticks_per_s
    return unwrap_near(arrived.value, clock.modulus, expected)


def _fits(clock: PacketClock[P], ticks: int, arrival_s: float) -> bool:
    """Whether the clock went on: forward, and not by more than the time that passed.

    On an unbroken link a packet may be as late as it likes. After a lost one, late means restarted.
    """
    ahead_s = ticks / clock.ticks_per_s - (arrival_s - clock.lag_s)
    allowed_s = TOLERANCE_S + DRIFT * abs(arrival_s - clock.arrival_s)
    forward = clock.newest is not None and ticks > clock.newest
    return forward and ahead_s <= allowed_s and (ahead_s >= -allowed_s or not clock.resumed)


def _moved_to(clock: PacketClock[P], ticks: int, arrived: Stamped[P]) -> PacketClock[P]:
    lag_s = arrived.arrival_s - ticks / clock.ticks_per_s
    if clock.newest is not None:
        lag_s = min(lag_s, clock.lag_s + DRIFT * abs(arrived.arrival_s - clock.arrival_s))
    return replace(clock, newest=ticks, lag_s=lag_s, arrival_s=arrived.arrival_s, resumed=False, astray=None)


def unwrap_near(value: int, modulus: int, expected: float) -> int:
    """The number nearest to `expected` that `value` may stand for, `modulus` apart each."""
    return value + modulus * round((expected - value) / modulus)


@dataclass(frozen=True, slots=True)
class Spacing:
    """The time from sample to sample by the sensor's own clock, learned from stretches without a loss.

    Attributes
    ----------
    nominal_s : float
        By the data sheet.
    span_s, samples : float, int
        What was measured so far.
    """

    nominal_s: float
    span_s: float = 0.0
    samples: int = 0

    @property
    def period_s(self) -> float:
        """Measured, at first leaning on the data sheet."""
        return (self.span_s + BELIEVED_SAMPLES * self.nominal_s) / (self.samples + BELIEVED_SAMPLES)

    def learned(self, span_s: float, samples: int) -> Spacing:
        """Take in one more stretch."""
        return replace(self, span_s=self.span_s + span_s, samples=self.samples + samples)
