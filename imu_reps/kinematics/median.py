"""The median of a few numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imu_reps.domain.samples import FloatArray


def median(values: FloatArray | Sequence[float]) -> float:
    """The median of at least one number, none NaN.

    Of a few numbers several times quicker than numpy's, which looks at axes, masks and NaN first.
    """
    half = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, half)[half])
    low, high = np.partition(values, (half - 1, half))[half - 1 : half + 1].tolist()
    return float((low + high) / 2.0)
