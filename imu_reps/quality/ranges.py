"""The ends of a sensor's range: values that wrapped round to the other sign, and values cut off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from imu_reps.domain.finding import Finding
from imu_reps.domain.recording import Recording
from imu_reps.domain.samples import FloatArray, IntArray, SampleBlock
from imu_reps.kinematics.rest import stretches
from imu_reps.quality.failed_readings import Span, spans_of
from imu_reps.quality.frozen_channels import COLUMNS

#: The smallest ranges such parts are made with, ±2 g and ±125 deg/s, less 5 % of scale error: an extreme
#: below them is not the end of a range, however often it repeats.
SMALLEST_RANGE = np.array([18.6] * 3 + [118.0] * 3)

#: A wrapped value falls from near one end to near the other: by so much of the extreme, from beyond so much.
WRAP_FALL, WRAP_FROM = 1.4, 0.5
MIN_WRAPS = 2
#: The range that the falls show is the same all the time; of a limb that is jolted as well so many are clear.
WRAP_AGREES, CLEAR_WRAPS = 0.1, 4

#: A value is at most so many times round.
MOST_TURNS = 1

#: A plateau is what stays within this share of the extreme, for so many samples ...
LEVEL = 0.03
MIN_SAMPLES = 4
#: ... and is entered and left so many times as steeply as a rounded peak (a parabola) of its size.
STEEPER = 2.5
MIN_PLATEAUS = 2


def unwrapped(recording: Recording) -> tuple[Recording, list[Finding]]:
    """Let values run on beyond the end of the range that they wrapped round."""
    found = []
    for block in recording.blocks:
        wide = np.flatnonzero(np.maximum(*_extremes(block)) >= SMALLEST_RANGE)
        if not len(wide):
            continue
        values, repaired = np.hstack([block.acc_mps2, block.gyr_dps]), False
        for column in wide.tolist():
            series = values[:, column].copy()
            falls, period = _wraps(series)
            if not len(falls):
                continue
            whole = _unwrapped(series, period) if np.isfinite(period) else None
            beyond = np.isin(np.arange(len(series)), falls) if whole is None else whole != series
            if whole is not None:
                values[:, column], repaired = whole, True
            reach = float(np.abs(series).max())
            told = {"samples": int(beyond.sum()), "range": reach, "continued": whole is not None}
            found.append(_of_channel("wrapped", block, column, spans_of(block.time_s[beyond]), told))
        if repaired:
            whole_block = replace(block, acc_mps2=values[:, :3].copy(), gyr_dps=values[:, 3:].copy())
            recording = recording.with_samples(whole_block)
    return recording, found


def _of_channel(
    code: str, block: SampleBlock, column: int, spans: tuple[Span, ...], values: Mapping[str, float]
) -> Finding:
    """What is to be told of one channel, and when it was so."""
    return Finding(
        code,
        values={"column": COLUMNS[column], "spans": spans, **values},
        severity="caution",
        sensor=block.sensor,
        start_s=spans[0][0],
        end_s=spans[-1][1],
    )


def _wraps(series: FloatArray) -> tuple[IntArray, float]:
    """Rows before clear wraps, and twice the range that they agree on, infinite where they do not."""
    most = float(np.abs(series).max())
    step = np.diff(series)
    falls = np.flatnonzero(
        (np.abs(step) > WRAP_FALL * most)
        & (np.minimum(np.abs(series[1:]), np.abs(series[:-1])) > WRAP_FROM * most)
        & (series[1:] * series[:-1] < 0)
    )
    falls = falls[(falls > 1) & (falls < len(series) - 2)]
    if len(falls) < MIN_WRAPS:
        return falls[:0], 0.0
    usual = 0.5 * (step[falls - 1] + step[falls + 1])
    jump = np.abs(step[falls] - usual)
    period = float(np.median(jump))
    if np.median(np.abs(jump - period)) > WRAP_AGREES * period:
        return (falls if len(falls) >= CLEAR_WRAPS else falls[:0]), np.inf
    return falls, max(period, float(np.ptp(series)))


def _unwrapped(series: FloatArray, period: float) -> FloatArray | None:
    """One channel's values over the wraps; None where they do not run on smoothly and come back."""
    turns = np.cumsum(np.append(0.0, -np.round(np.diff(series) / period)))
    whole = series + period * turns
    return np.asarray(whole) if turns[-1] == 0 and np.abs(turns).max() <= MOST_TURNS else None


def check_clipping(block: SampleBlock) -> Iterator[Finding]:
    """Where a channel is cut off at the end of its range."""
    values = (*block.acc_mps2.T, *block.gyr_dps.T)
    for sign, top in zip((1.0, -1.0), _extremes(block), strict=True):
        for column in np.flatnonzero(top >= SMALLEST_RANGE).tolist():
            series = sign * values[column]
            spans = _plateaus(series, float(top[column]))
            samples = sum(end - start for start, end in spans)
            if len(spans) >= MIN_PLATEAUS:
                times = tuple(
                    (float(block.time_s[start]), float(block.time_s[end - 1])) for start, end in spans
                )
                told = {"at": float(sign * top[column]), "samples": samples}
                yield _of_channel("clipped", block, column, times, told)


def _extremes(block: SampleBlock) -> tuple[FloatArray, FloatArray]:
    """How far each channel goes up, and how far down."""
    channels = (*block.acc_mps2.T, *block.gyr_dps.T)
    return np.array([channel.max() for channel in channels]), np.array(
        [-channel.min() for channel in channels]
    )


def _plateaus(series: FloatArray, top: float) -> list[tuple[int, int]]:
    """Where a channel stays near its extreme, and comes and leaves too steeply for a rounded peak."""
    found = []
    for start, end in stretches(series > (1.0 - LEVEL) * top):
        length = end - start
        if length < MIN_SAMPLES or start < 2 or end + 2 > len(series):
            continue
        steep = min(series[start] - series[start - 2], series[end - 1] - series[end + 1]) / 2.0
        if steep > STEEPER * 4.0 * LEVEL * top / length:
            found.append((start, end))
    return found
