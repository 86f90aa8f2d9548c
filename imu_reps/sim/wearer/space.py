"""Space of random plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from numpy.random import Generator

from imu_reps.domain.exercise import Exercise, Side, Start
from imu_reps.domain.recording import PelvisAlignment

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Space:
    """Constraints of `random_plan`; None is random.

    Attributes
    ----------
    exercise, side, start, alignment
        As in a `SetPlan`; random exercises are never holds.
    life, stalls, swing : bool or None
        Whether there is walking and lying down around the set, whether repetitions stall, whether they
        are swung instead of lifted.
    faults, partials : bool
        Whether faults and partial repetitions occur.
    fault_share : float or None
        Independent probability of each fault that the exercise allows; None: about half of all sets have one
        or two.
    longest_s : float
        Approximate maximum duration of a set's repetitions.
    share : tuple of float
        Range of the pelvis's natural share.
    rate_hz : float or None
        Nominal rate of both sensors.
    acc_bias_mg, scale_error, gyr_bias_dps : float
        Bounds of the sensors' errors, per axis; the scale error is the accelerometer's, relative.
    turn_deg : float
        Bound of the mounted pelvis sensor's turn about gravity.
    loss : float
        Bound of packet loss.
    drop_outs : bool
        Whether the radio may drop out.
    person : bool
        Whether to add traits of `population.TRAITS`, each with its probability, to the set that the seed
        gives without them.
    traits : tuple of str or None
        Exactly these traits, if the set allows them; None leaves them to `person`.
    """

    exercise: Exercise | None = None
    side: Side | None = None
    start: Start | None = None
    alignment: PelvisAlignment | None = None
    life: bool | None = None
    stalls: bool | None = None
    swing: bool | None = None
    faults: bool = True
    partials: bool = True
    fault_share: float | None = None
    longest_s: float = 75.0
    share: tuple[float, float] = (0.10, 0.35)
    rate_hz: float | None = None
    acc_bias_mg: float = 15.0
    scale_error: float = 0.01
    gyr_bias_dps: float = 1.0
    turn_deg: float = 5.0
    loss: float = 0.03
    drop_outs: bool = True
    person: bool = False
    traits: tuple[str, ...] | None = None


def chance(rng: Generator, probability: float) -> bool:
    """Return True with the given probability."""
    return rng.random() < probability


def pick(rng: Generator, options: Sequence[T]) -> T:
    """Return one of the options, each with the same probability."""
    return options[int(rng.integers(len(options)))]
