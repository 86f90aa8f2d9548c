"""Names that two sensors exchange in the middle of a set: each goes on where the other was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import FloatArray, IntArray, SampleBlock, SensorPlace


@dataclass(frozen=True, slots=True)
class ExchangeParams:
    """Parameters of names that are exchanged.

    Attributes
    ----------
    leap_mps2 : float
        Smallest leap of either sensor's force: by less the two differ as one that moves does (ours).
    crosses : float
        Greatest distance from where the other sensor was, as a share of the leap (ours).
    turns_on_dps : float
        The same of the rate; at least so far a limb's rate goes on in the samples of a level, deg/s (ours).
    at_once : float
        Smallest step of either force from one sample to the next, as a share of the leap: bodies that
        hit something take several (ours; a step by another name has 0.8 and more).
    level_samples : int
        Samples before and after, whose median is a level: a knock is shorter.
    together_s : float
        Longest time between the leaps of both sensors, which wait for the radio differently.
    """

    leap_mps2: float = 1.5
    crosses: float = 0.35
    turns_on_dps: float = 20.0
    at_once: float = 0.5
    level_samples: int = 7
    together_s: float = 0.3


PARAMS = ExchangeParams()


def check_exchanged_names(
    recording: Recording, channels: Mapping[SensorPlace, FloatArray]
) -> Iterator[Finding]:
    """Report from when to when each name has the other sensor's samples."""
    if len(recording.blocks) < 2:
        return
    pelvis, ankle = recording.blocks
    rows = [_leaps(channels[block.sensor][:3]) for block in (pelvis, ankle)]
    pairs = _together(pelvis, ankle, *rows)
    if not len(pairs):
        return
    levels = [_levels(channels[block.sensor], pairs[:, k]) for k, block in enumerate((pelvis, ankle))]
    (pelvis_before, pelvis_after), (ankle_before, ankle_after) = levels
    leap = np.minimum(_apart(pelvis_before, pelvis_after), _apart(ankle_before, ankle_after))
    crossed = np.maximum(_apart(pelvis_before, ankle_after), _apart(ankle_before, pelvis_after))
    found = (leap[0] > PARAMS.leap_mps2) & (crossed[0] < PARAMS.crosses * leap[0])
    found &= crossed[1] < np.maximum(PARAMS.turns_on_dps, PARAMS.crosses * leap[1])
    steps = [_steps(channels[block.sensor][:3], pairs[:, k]) for k, block in enumerate((pelvis, ankle))]
    found &= np.minimum(*steps) > PARAMS.at_once * leap[0]
    for level in (pelvis_before, pelvis_after, ankle_before, ankle_after):
        found &= np.ptp(np.abs(level[:3]), axis=0) > 0.0  # readings that fail in both sensors are alike
    moments = _moments(pelvis.time_s[pairs[found, 0] + 1])
    if moments:
        end_s = float(max(pelvis.time_s[-1], ankle.time_s[-1]))
        ends = moments[1:] if len(moments) % 2 == 0 else [*moments[1:], end_s]
        spans = tuple(zip(moments[::2], ends[::2], strict=True))
        yield Finding(
            "names_exchanged",
            values={"spans": spans},
            severity="refuse",
            start_s=spans[0][0],
            end_s=spans[-1][1],
        )


def _leaps(acc_mps2: FloatArray) -> IntArray:
    """Return the rows after which the force, (3, n), leaps, with whole levels on both sides."""
    step = np.diff(acc_mps2)
    rows = np.flatnonzero(np.einsum("ij,ij->j", step, step) > (0.5 * PARAMS.leap_mps2) ** 2)
    count = PARAMS.level_samples
    return np.asarray(rows[(rows + 1 >= count) & (rows + 1 + count <= acc_mps2.shape[1])])


def _together(pelvis: SampleBlock, ankle: SampleBlock, of_pelvis: IntArray, of_ankle: IntArray) -> IntArray:
    """Return pairs of rows, (k, 2), after which both leap: the pelvis's with the ankle's next to it."""
    if not len(of_pelvis) or not len(of_ankle):
        return np.empty((0, 2), dtype=np.int64)
    at_s, other_s = pelvis.time_s[of_pelvis], ankle.time_s[of_ankle]
    after = np.clip(other_s.searchsorted(at_s), 1, len(other_s)) - 1
    pairs = [np.column_stack([of_pelvis, of_ankle[np.minimum(after + k, len(of_ankle) - 1)]]) for k in (0, 1)]
    both = np.concatenate(pairs)
    near = np.abs(pelvis.time_s[both[:, 0]] - ankle.time_s[both[:, 1]]) < PARAMS.together_s
    return np.asarray(both[near])


def _levels(values: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the levels of six channels, (6, k), before and after the steps from these rows to the next."""
    windows = sliding_window_view(values, PARAMS.level_samples, axis=1)
    before, after = windows[:, rows + 1 - PARAMS.level_samples], windows[:, rows + 1]
    return np.median(before, axis=2), np.median(after, axis=2)


def _steps(acc_mps2: FloatArray, rows: IntArray) -> FloatArray:
    """Return the steps of the force, (3, n), from some rows (k,) to the next, (k,)."""
    return np.asarray(np.linalg.norm(acc_mps2[:, rows + 1] - acc_mps2[:, rows], axis=0))


def _apart(levels: FloatArray, others: FloatArray) -> FloatArray:
    """Return the distances between levels, (6, k), of the force and of the rate, (2, k)."""
    return np.asarray(np.linalg.norm((others - levels).reshape(2, 3, -1), axis=1))


def _moments(times_s: FloatArray) -> list[float]:
    """Return moments that several pairs may show, in order and once each."""
    ordered = np.sort(times_s)
    first = np.diff(ordered, prepend=-np.inf) > PARAMS.together_s
    return [float(moment) for moment in ordered[first]]
