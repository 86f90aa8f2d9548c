"""Channels that stand still: frozen, as their missing noise shows, or cut off at the end of their range."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imu_reps.domain.frames import ACC_COLUMNS, GYR_COLUMNS
from imu_reps.domain.samples import BoolArray, FloatArray
from imu_reps.kinematics.rest import runs_of

COLUMNS = (*ACC_COLUMNS, *GYR_COLUMNS)

#: A channel that reads exactly the same for so long is frozen, for noise moves its last digit; all six
#: together are so sooner. Where its resolution is as coarse as its noise, runs of one reading are usual: by
#: the share of repeats around it, a run is frozen that chance makes once in so many (ours).
FROZEN_S, FROZEN_SAMPLES, ALL_FROZEN_SAMPLES = 0.12, 10, 4
AROUND_SAMPLES = 100
BY_CHANCE = 1e6
#: What is smoother than this from sample to sample (third differences) has no noise, which no real part is.
NOISE = 2e-3
#: Gyroscopes with a dead band read 0 at rest; while the direction of gravity moves by this, none does.
MOVES_MPS2 = 1.0


def frozen_channels(
    values: FloatArray, period_s: float
) -> tuple[BoolArray, BoolArray, Mapping[str, tuple[str, ...]]]:
    """Where channels stand still by their missing noise; where again and again at their extreme; which do."""
    cut_off = np.zeros(len(values), bool)
    same = values[1:] == values[:-1]
    every, repeats = same.all(axis=1), same.sum(axis=0)
    minimum = max(FROZEN_SAMPLES, round(FROZEN_S / period_s))
    if (repeats < minimum).all() and every.sum() < ALL_FROZEN_SAMPLES:
        return cut_off.copy(), cut_off, {}
    found = _long_runs(every, ALL_FROZEN_SAMPLES)
    if found.any() and not any(_is_noisy(column) for column in values.T):
        found[:] = False
    frozen_columns, cut_columns = [], []
    for column in np.flatnonzero(repeats >= minimum).tolist():
        runs = _long_runs(same[:, column], minimum)
        if runs.any() and column >= 3:
            runs = _while_moving(runs, values[:, :3])
        if not runs.any() or not _is_noisy(values[:, column]):
            continue
        at_end = _at_extreme(values[:, column], runs)
        if at_end.any():
            cut_off |= at_end
            cut_columns.append(COLUMNS[column])
        if (runs & ~at_end).any():
            found |= runs & ~at_end
            frozen_columns.append(COLUMNS[column])
    return found, cut_off, {"frozen": tuple(frozen_columns), "cut_off": tuple(cut_columns)}


def _at_extreme(channel: FloatArray, runs: BoolArray) -> BoolArray:
    """The runs at the channel's highest or lowest value, where it comes there more than once."""
    found = np.zeros_like(runs)
    for extreme in (channel.max(), channel.min()):
        there = runs & (channel == extreme)
        if len(runs_of(there)[0]) > 1:
            found |= there
    return found


def _is_noisy(channel: FloatArray) -> bool:
    """Whether a channel goes to and fro from sample to sample, where it changes at all."""
    rough = np.abs(np.diff(channel, n=3))
    return bool(rough.any() and np.median(rough[rough > 0.0]) > NOISE)


def _long_runs(same: BoolArray, minimum: int) -> BoolArray:
    """Samples that repeat the one before, in runs too long for chance; none where all is one run."""
    found = np.zeros(len(same) + 1, bool)
    starts, ends = runs_of(same)
    long = ends - starts >= minimum
    for start, end in zip(starts[long].tolist(), ends[long].tolist(), strict=True):
        around = np.append(same[max(0, start - AROUND_SAMPLES) : start], same[end : end + AROUND_SAMPLES])
        if not len(around):
            continue
        share = (around.sum() + 1) / (len(around) + 2)
        if (end - start) * np.log(1.0 / share) > np.log(BY_CHANCE):
            found[start + 1 : end + 1] = True
    return found


def _while_moving(runs: BoolArray, acc_mps2: FloatArray) -> BoolArray:
    """Only the runs during which the specific force moves."""
    moving = np.zeros_like(runs)
    for start, end in zip(*runs_of(runs), strict=True):
        if np.ptp(acc_mps2[start:end], axis=0).max() > MOVES_MPS2:
            moving[start:end] = True
    return moving
