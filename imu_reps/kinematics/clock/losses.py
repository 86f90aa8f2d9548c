"""Losses that the numbering does not show: where the host numbers what arrives, they show in time alone.

A lost notification lifts every later arrival, seen against its number, by the time of the samples it held.
Delay lifts too, but never for good. So, with the period known, the least delay from here to the end of the
recording is a staircase whose steps are the losses. The period is found first, in a way that losses cannot
bend: they move arrivals by whole packets, so differences are taken modulo a packet, over ever longer spans.
"""

from __future__ import annotations

import numpy as np

from imu_reps.domain.samples import FloatArray, IntArray
from imu_reps.kinematics.clock.envelope import packet_ends

#: Fewer packets tell nothing of losses.
MIN_PACKETS = 24
#: A window minimum is taken over this long and this many packets, and over more where delays are long:
#: so many that a packet's typical delay, shared among them, is this many times less than one loss moves.
WINDOW_S = 0.2
MIN_PER_WINDOW = 8
MINIMUM_RATIO = 6.0
#: Windows over which the sensor's phase is averaged.
WINDOWS = 32
#: No arrival is this many times the minima's scatter before their level, nor this share of a notification.
EARLIEST = 4.0
EARLIEST_SHARE = 0.15
#: Nor this many times further than all but this share of the minima.
EARLIER, EARLIER_SHARE = 1.5, 0.01
#: A loss is believed once arrivals have stayed late for this long.
CONFIRM_S = 0.5


def uncounted_losses(
    sample: FloatArray, arrival_s: FloatArray, guesses_s: tuple[float, ...]
) -> tuple[IntArray, float]:
    """Find how many samples were lost before each sample, and the period.

    Parameters
    ----------
    sample : (n,) float
        Running number of what arrived, strictly increasing.
    arrival_s : (n,) float
    guesses_s : tuple of float
        What the period might be; one of them within two percent.

    Returns
    -------
    lost : (n,) int
        Samples lost up to here; never falls.
    period_s : float
        Period between two samples.
    """
    ends = packet_ends(arrival_s, np.zeros(len(arrival_s), dtype=np.int64))
    sizes = np.diff(ends, prepend=-1)
    if len(ends) < MIN_PACKETS:
        return np.zeros(len(sample), dtype=np.int64), guesses_s[0]
    step = samples_per_notification(sizes)
    number, arrival = sample[ends], arrival_s[ends]
    period = period_between_losses(number, arrival, step, guesses_s)
    delay = arrival - period * number
    lowest = _window_minima(delay, _packets_per_window(delay, arrival, step * period))
    lost_s = step * period
    level = np.interp(number, *_phase(number[lowest], delay[lowest], lost_s))
    scatter = _modulo(delay[lowest] - level[lowest], lost_s)
    # nothing arrives early: short of a whole notification, by more than the minima scatter, is delay
    tolerance = min(max(_earliest(scatter), EARLIEST_SHARE * lost_s), lost_s / 2)
    packets_late = np.floor((delay - level + tolerance) / lost_s).astype(np.int64)
    unconfirmed = arrival > arrival[-1] - CONFIRM_S
    packets_late[unconfirmed] = packets_late[unconfirmed].min()
    staircase = np.minimum.accumulate(packets_late[::-1])[::-1]
    return np.repeat((staircase - staircase[0]) * step, sizes), period


def samples_per_notification(sizes: IntArray) -> int:
    """Samples that are lost together: the size of which nearly all packet sizes are multiples."""
    common = np.flatnonzero(np.bincount(sizes) >= 0.05 * len(sizes))
    smallest = int(common[0]) if len(common) else 1
    return smallest if np.mean(sizes % smallest == 0) >= 0.95 else 1


def period_between_losses(
    number: FloatArray, arrival_s: FloatArray, step: int, guesses_s: tuple[float, ...]
) -> float:
    """Find the period from pairs of minima ever further apart, lost notifications between them taken out.

    Parameters
    ----------
    number, arrival_s : (n,) float
        Of the packets' last samples; at least `MIN_PACKETS`.
    step : int
        Samples that are lost together.
    guesses_s : tuple of float
        What the period might be; the one that the arrivals agree with best is refined.
    """
    delay = arrival_s - guesses_s[0] * number
    lowest = _window_minima(delay, _packets_per_window(delay, arrival_s, step * guesses_s[0]))
    number, arrival_s = number[lowest], arrival_s[lowest]
    counted = np.diff(number) > 0
    between = (
        float(np.median(np.diff(arrival_s)[counted] / np.diff(number)[counted]))
        if counted.any()
        else guesses_s[0]
    )
    refined = [_refined(number, arrival_s, step, guess, 1) for guess in (*guesses_s, between)]
    period = min(refined)[1]
    lag = 2
    while lag <= len(number) // 2:
        period = _refined(number, arrival_s, step, period, lag)[1]
        lag *= 2
    return period


def _refined(
    number: FloatArray, arrival_s: FloatArray, step: int, period_s: float, lag: int
) -> tuple[float, float]:
    """What remains, as a share of the period, and the better period, from minima `lag` windows apart."""
    samples, passed_s = number[lag:] - number[:-lag], arrival_s[lag:] - arrival_s[:-lag]
    samples, passed_s = samples[samples > 0], passed_s[samples > 0]
    if not len(samples):  # a number that stands still, or falls all the time
        return np.inf, period_s
    rest = _modulo(passed_s - samples * period_s, step * period_s)
    better = period_s + float(np.median(rest / samples))
    rest = _modulo(rest - samples * (better - period_s), step * better)
    return float(np.median(np.abs(rest))) / better, better


def _earliest(scatter_s: FloatArray) -> float:
    """How far before their level arrivals may be: further where least waits for the radio come and go."""
    usual = EARLIEST * float(np.median(np.abs(scatter_s)))
    return max(usual, -EARLIER * float(np.quantile(scatter_s, EARLIER_SHARE)))


def _modulo(value_s: FloatArray, modulus_s: float) -> FloatArray:
    return np.asarray(value_s - modulus_s * np.round(value_s / modulus_s))


def _packets_per_window(delay_s: FloatArray, arrival_s: FloatArray, lost_s: float) -> int:
    """Enough packets that the minimum's own delay is small against what one loss moves."""
    windows = len(delay_s) // MIN_PER_WINDOW
    folded = delay_s[: windows * MIN_PER_WINDOW].reshape(windows, MIN_PER_WINDOW)
    typical_delay_s = float(np.median(folded.mean(axis=1) - folded.min(axis=1)))
    enough = MINIMUM_RATIO * typical_delay_s / lost_s
    in_window = WINDOW_S * len(delay_s) / max(float(arrival_s[-1] - arrival_s[0]), 1e-9)
    return int(min(max(enough, in_window, MIN_PER_WINDOW), len(delay_s) / 3))


def _window_minima(delay_s: FloatArray, packets: int) -> IntArray:
    windows = len(delay_s) // packets
    folded = delay_s[: windows * packets].reshape(windows, packets)
    return np.asarray(np.arange(windows) * packets + folded.argmin(axis=1))


def _phase(number: FloatArray, delay_s: FloatArray, modulus_s: float) -> tuple[FloatArray, FloatArray]:
    """Where in the modulus the least delays lie, followed as it drifts: sample numbers and seconds."""
    blocks = max(1, len(number) // WINDOWS)
    edges = np.linspace(0, len(number), blocks + 1).astype(int)[:-1]
    turns = np.exp(2j * np.pi * delay_s / modulus_s)
    angle = np.angle(np.add.reduceat(turns, edges))
    middle = np.add.reduceat(number, edges) / np.diff(edges, append=len(number))
    return middle, np.unwrap(angle) * modulus_s / (2 * np.pi)
