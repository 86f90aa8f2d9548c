"""What raw numbers have to be to count as readings."""

from __future__ import annotations

import numpy as np

from imu_reps.domain.samples import FloatArray

#: 1 g, standard gravity (CGPM 1901), m/s2.
STANDARD_GRAVITY_MPS2 = 9.80665
#: Larger numbers, in m/s2 or deg/s, are no reading of any worn sensor: such bytes mean something else.
LARGEST_READING = 1e5


def are_readings(values: FloatArray) -> bool:
    """Whether all values are finite and of a size that an accelerometer or gyroscope can give."""
    return bool(np.all(np.abs(values) <= LARGEST_READING))
