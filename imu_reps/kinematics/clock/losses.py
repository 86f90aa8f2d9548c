"""Losses that the numbering does not show, since the host numbers samples on arrival: they show only in time.

A lost notification makes every later arrival later, relative to its number, by the duration of its samples.
A delay does so only temporarily. Hence, with the period known, the least delay from each packet to the end of
the recording is a staircase whose steps are the losses. The period is estimated first, unaffected by losses:
they shift arrivals by whole packets, so differences are taken modulo a packet, over increasingly long spans.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu_reps.domain.samples import FloatArray, IntArray
from imu_reps.kinematics.clock.envelope import least_of_each, packet_ends
from imu_reps.kinematics.robust import median


@dataclass(frozen=True, slots=True)
class LossParams:
    """Parameters of losses that show in time alone.

    Attributes
    ----------
    min_packets : int
        Fewest packets that show losses.
    window_s, min_per_window, minimum_ratio : float or int
        Shortest window whose minimum is used, in time and in packets; and ratio of the shift by one loss to a
        packet's typical delay divided by the packets in the window, for which windows are longer if delays
        are long.
    windows : int
        Number of windows over which the sensor's phase is averaged.
    earliest, earliest_share : float
        Greatest earliness of an arrival relative to the level of the minima, as a multiple of their scatter,
        and at least as a share of a notification.
    earlier, earlier_share : float
        The same as a multiple of the earliness that all but this share of the minima keep.
    confirm_s : float
        Time for which arrivals must stay late to show a loss.
    max_late : int
        Greatest lateness in notifications: a wrong time may be late beyond all integers.
    """

    min_packets: int = 24
    window_s: float = 0.2
    min_per_window: int = 8
    minimum_ratio: float = 6.0
    windows: int = 32
    earliest: float = 4.0
    earliest_share: float = 0.15
    earlier: float = 1.5
    earlier_share: float = 0.01
    confirm_s: float = 0.5
    max_late: int = 10**9


PARAMS = LossParams()


def uncounted_losses(
    sample: FloatArray, arrival_s: FloatArray, guesses_s: tuple[float, ...]
) -> tuple[IntArray, float]:
    """Estimate the number of samples lost before each sample, and the period.

    Parameters
    ----------
    sample : (n,) float
        Running number by the host, strictly increasing.
    arrival_s : (n,) float
        Arrival of each sample.
    guesses_s : tuple of float
        Possible periods, one of them within two percent.

    Returns
    -------
    lost : (n,) int
        Cumulative number of lost samples, never decreasing.
    period_s : float
        Period between two samples.
    """
    ends = packet_ends(arrival_s, np.zeros(len(arrival_s), dtype=np.int64))
    sizes = np.diff(ends, prepend=-1)
    if len(ends) < PARAMS.min_packets:
        return np.zeros(len(sample), dtype=np.int64), guesses_s[0]
    step = samples_per_notification(sizes)
    number, arrival = sample[ends], arrival_s[ends]
    period = period_between_losses(number, arrival, step, guesses_s)
    delay = arrival - period * number
    lowest = least_of_each(delay, _packets_per_window(delay, arrival, step * period))
    lost_s = step * period
    level = np.interp(number, *_phase(number[lowest], delay[lowest], lost_s))
    scatter = _modulo(delay[lowest] - level[lowest], lost_s)
    # nothing arrives early: lateness by less than a notification, minus the scatter of the minima, is delay
    tolerance = min(max(_earliest(scatter), PARAMS.earliest_share * lost_s), lost_s / 2)
    late = np.floor((delay - level + tolerance) / lost_s)
    packets_late = np.minimum(late, PARAMS.max_late).astype(np.int64)
    unconfirmed = arrival > arrival[-1] - PARAMS.confirm_s
    packets_late[unconfirmed] = packets_late[unconfirmed].min()
    staircase = np.minimum.accumulate(packets_late[::-1])[::-1]
    return np.repeat((staircase - staircase[0]) * step, sizes), period


def samples_per_notification(sizes: IntArray) -> int:
    """Return the number of samples lost together: the size of which nearly all packet sizes are multiples."""
    common = np.flatnonzero(np.bincount(sizes) >= 0.05 * len(sizes))
    smallest = int(common[0]) if len(common) else 1
    return smallest if np.mean(sizes % smallest == 0) >= 0.95 else 1


def period_between_losses(
    number: FloatArray, arrival_s: FloatArray, step: int, guesses_s: tuple[float, ...]
) -> float:
    """Estimate the period from pairs of minima increasingly far apart, modulo lost notifications.

    Parameters
    ----------
    number, arrival_s : (n,) float
        Numbers and arrivals of the packets' last samples; at least `PARAMS.min_packets`.
    step : int
        Number of samples lost together.
    guesses_s : tuple of float
        Possible periods; the one with which the arrivals agree best is refined.
    """
    delay = arrival_s - guesses_s[0] * number
    lowest = least_of_each(delay, _packets_per_window(delay, arrival_s, step * guesses_s[0]))
    number, arrival_s = number[lowest], arrival_s[lowest]
    counted = np.diff(number) > 0
    between = (
        median(np.diff(arrival_s)[counted] / np.diff(number)[counted]) if counted.any() else guesses_s[0]
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
    """Return the residual, as a share of the period, and a refined period, by minima `lag` windows apart."""
    samples, passed_s = number[lag:] - number[:-lag], arrival_s[lag:] - arrival_s[:-lag]
    samples, passed_s = samples[samples > 0], passed_s[samples > 0]
    if not len(samples):  # the number is constant, or always decreasing
        return np.inf, period_s
    rest = _modulo(passed_s - samples * period_s, step * period_s)
    better = period_s + median(rest / samples)
    rest = _modulo(rest - samples * (better - period_s), step * better)
    return median(np.abs(rest)) / better, better


def _earliest(scatter_s: FloatArray) -> float:
    """Return how early arrivals may be relative to their level: more if the least waits vary."""
    usual = PARAMS.earliest * median(np.abs(scatter_s))
    return max(usual, -PARAMS.earlier * float(np.quantile(scatter_s, PARAMS.earlier_share)))


def _modulo(value_s: FloatArray, modulus_s: float) -> FloatArray:
    return np.asarray(value_s - modulus_s * np.round(value_s / modulus_s))


def _packets_per_window(delay_s: FloatArray, arrival_s: FloatArray, lost_s: float) -> int:
    """Return a number of packets at which the minimum's delay is small against the shift by one loss."""
    windows = len(delay_s) // PARAMS.min_per_window
    folded = delay_s[: windows * PARAMS.min_per_window].reshape(windows, PARAMS.min_per_window)
    typical_delay_s = median(folded.mean(axis=1) - folded.min(axis=1))
    enough = PARAMS.minimum_ratio * typical_delay_s / lost_s
    in_window = PARAMS.window_s * len(delay_s) / max(float(arrival_s[-1] - arrival_s[0]), 1e-9)
    return int(min(max(enough, in_window, PARAMS.min_per_window), len(delay_s) / 3))


def _phase(number: FloatArray, delay_s: FloatArray, modulus_s: float) -> tuple[FloatArray, FloatArray]:
    """Return the drifting phase of the least delays in the modulus: sample numbers and seconds."""
    blocks = max(1, len(number) // PARAMS.windows)
    edges = np.linspace(0, len(number), blocks + 1).astype(int)[:-1]
    turns = np.exp(2j * np.pi * delay_s / modulus_s)
    angle = np.angle(np.add.reduceat(turns, edges))
    middle = np.add.reduceat(number, edges) / np.diff(edges, append=len(number))
    return middle, np.unwrap(angle) * modulus_s / (2 * np.pi)
