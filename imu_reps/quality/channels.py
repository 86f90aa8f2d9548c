"""Channels that are not alive: not finite, constant, repeated."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imu_reps.domain.finding import Finding, Severity
from imu_reps.domain.samples import BoolArray, FloatArray, SampleBlock
from imu_reps.kinematics.clock.offline import TimedSamples
from imu_reps.quality.frozen_channels import COLUMNS

#: A sensor that turns by this much within a second has no axis that stays exactly the same: even one that
#: nothing turns about shows the noise and 1 to 2 % of its neighbours (cross-axis sensitivity of such parts).
MOVING_GYR_DPS = 20.0
MOVING_ACC_MPS2 = 2.0

#: A channel that never changes though its sensor moves for so long is dead, not quiet.
MOVING_S = 2

#: Beyond what any converter counts to.
NO_READING = 1e9

#: Six channels with noise never repeat all at once; where a fifth of the rows do, the sensor is slower.
REPEATED_SHARE = 0.2


def check_finite(block: SampleBlock) -> Iterator[Finding]:
    """NaN, infinity and absurd values in the samples."""
    read = (
        (("time_s",), np.where(np.isfinite(block.time_s), 0.0, np.nan)[:, None]),
        (COLUMNS[:3], block.acc_mps2),
        (COLUMNS[3:], block.gyr_dps),
    )
    for columns, values in read:
        bad = ~(np.abs(values) < NO_READING)
        if bad.any():
            names = ", ".join(c for c, hit in zip(columns, bad.T, strict=True) if hit.any())
            yield Finding(
                "not_finite",
                values={"samples": int(bad.any(axis=1).sum()), "columns": names},
                severity="refuse",
                sensor=block.sensor,
            )


def check_channels(block: SampleBlock, timed: TimedSamples, simulated: bool) -> Iterator[Finding]:
    """Channels that never change, and repeated samples, judged in whole seconds.

    A simulated sensor may be free of noise, and an axis about which nothing turns then is exactly constant:
    there this is a caution only.
    """
    rate_hz = timed.clock.rate_hz
    values = np.ascontiguousarray(np.hstack([block.acc_mps2, block.gyr_dps])[timed.order].T)
    length = max(2, round(rate_hz))
    if values.shape[1] < length:
        return
    seconds = values[:, : values.shape[1] // length * length].reshape(6, -1, length)
    spread = seconds.max(axis=2) - seconds.min(axis=2)
    moving = (spread >= np.array([MOVING_ACC_MPS2] * 3 + [MOVING_GYR_DPS] * 3)[:, None]).any(axis=0)
    yield from _constant(block, values, moving, "caution" if simulated else "refuse")
    yield from _repeated(block, values, np.repeat(moving, length), rate_hz)


def _constant(
    block: SampleBlock, values: FloatArray, moving: BoolArray, severity: Severity
) -> Iterator[Finding]:
    constant = values.max(axis=1) == values.min(axis=1)
    if constant.all():
        yield Finding("frozen_sensor", severity=severity, sensor=block.sensor)
    elif constant[:3].all() or (constant[3:].all() and moving.sum() >= MOVING_S):
        part = "accelerometer" if constant[:3].all() else "gyroscope"
        yield Finding("frozen_part", values={"part": part}, severity="refuse", sensor=block.sensor)
    elif moving.sum() >= MOVING_S:
        for column in np.flatnonzero(constant):
            facts = {"column": COLUMNS[column], "value": float(values[column, 0])}
            yield Finding("frozen_axis", values=facts, severity=severity, sensor=block.sensor)


def _repeated(block: SampleBlock, values: FloatArray, moving: BoolArray, rate_hz: float) -> Iterator[Finding]:
    if moving.sum() < MOVING_S * rate_hz:
        return
    same = (values[:, 1 : len(moving)] == values[:, : len(moving) - 1]).all(axis=0)
    share = float(same[moving[1:]].mean())
    if share > REPEATED_SHARE:
        real_hz = rate_hz * (1.0 - share)
        yield Finding(
            "repeated_rows",
            values={"share": share, "real_hz": real_hz, "rate_hz": rate_hz},
            severity="refuse" if real_hz < 20.0 else "caution",
            sensor=block.sensor,
        )
