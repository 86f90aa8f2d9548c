"""Cautions on sample numbers and device clocks that do not run on as they should."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from imu_reps.domain.recording import Caution
from imu_reps.domain.samples import BoolArray, IntArray, SampleBlock


def order_cautions(
    block: SampleBlock, lines: IntArray, restart_lines: list[int], *, name: str
) -> list[Caution]:
    """Look for samples that came twice or out of order, and for missing device times.

    Parameters
    ----------
    block : SampleBlock
        All samples of a sensor.
    lines : (n,) int
        Where they stand in the file.
    restart_lines : list of int
        Lines after which the sensor numbers its samples anew.
    name : str
        The file, for messages.
    """
    twice, late = _twice_and_late(block.sample, np.searchsorted(lines, restart_lines))
    no_clock = np.isnan(block.device_time_s)
    no_clock &= not no_clock.all()
    found = (
        (
            "duplicate_samples",
            twice,
            "came twice: the sample number was there before",
            "Delete the copies.",
        ),
        (
            "reordered_samples",
            late,
            "came after a later one",
            "Put the rows of the sensor in the order of their sample number. If it was restarted, say so "
            f"before that row: '# @TIME_S restart: {block.sensor}'.",
        ),
        (
            "missing_device_time",
            no_clock,
            "have no device_time_s while others have",
            "Fill in the sensor's clock, or empty the column for this sensor.",
        ),
    )
    return [
        Caution(
            code,
            f"{name}, line {lines[np.argmax(where)]}: {np.count_nonzero(where)} of {len(block)} "
            f"{block.sensor} samples {what}; this is the first.",
            hint,
        )
        for code, where, what, hint in found
        if where.any()
    ]


def _twice_and_late(sample: IntArray, restarts: IntArray) -> tuple[BoolArray, BoolArray]:
    """Masks of repeated and of late sample numbers, each stretch between restarts by itself."""
    twice = np.zeros(len(sample), dtype=np.bool_)
    late = np.zeros(len(sample), dtype=np.bool_)
    edges = [0, *sorted({int(i) for i in restarts}), len(sample)]
    for start, end in pairwise(edges):
        part = sample[start:end]
        if (part[1:] > part[:-1]).all():
            continue
        twice[start:end] = True
        twice[start + np.unique(part, return_index=True)[1]] = False
        late[start:end] = (part < np.maximum.accumulate(part)) & ~twice[start:end]
    return twice, late
