"""Channels that are not alive: not finite, frozen, clipped, repeated."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imu_reps.analysis.plausibility.finding import PlausibilityFinding, Severity
from imu_reps.domain.samples import BoolArray, FloatArray, SampleBlock

COLUMNS = ("acc_x_mps2", "acc_y_mps2", "acc_z_mps2", "gyr_x_dps", "gyr_y_dps", "gyr_z_dps")

#: A sensor that turns by this much within a second has no axis that stays exactly the same: even one that
#: nothing turns about shows the noise and 1 to 2 % of its neighbours (cross-axis sensitivity of such parts).
MOVING_GYR_DPS = 20.0
MOVING_ACC_MPS2 = 2.0

#: A channel that stays exactly the same for so long while its sensor moves is frozen, not quiet.
FROZEN_S = 2

#: The smallest ranges such parts are made with, ±2 g and ±125 deg/s, less 5 % of scale error: an extreme
#: below them is not the end of a range, however often it repeats.
SMALLEST_RANGE = np.array([18.6] * 3 + [118.0] * 3)

#: Beyond what any converter counts to.
NO_READING = 1e9

#: A rounded peak has more samples within this share below its extreme than at it (a parabola in 16 bit: over
#: twice as many); one cut off by a thousandth or more has fewer.
NEAR_EXTREME = 0.002

#: Six channels with noise never repeat all at once; where a fifth of the rows do, the sensor is slower.
REPEATED_SHARE = 0.2


def check_finite(block: SampleBlock) -> Iterator[PlausibilityFinding]:
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
            yield PlausibilityFinding(
                "not_finite",
                "refuse",
                block.sensor,
                f"{int(bad.any(axis=1).sum())} {block.sensor} samples hold no real reading in {names} "
                "(NaN, infinity or beyond 1e9).",
                "Leave such rows out of the file: a missing row is a gap, which is understood.",
            )


def check_channels(block: SampleBlock, rate_hz: float, simulated: bool) -> Iterator[PlausibilityFinding]:
    """Frozen, clipped and repeated values of one sensor, judged in whole seconds of `rate_hz` samples.

    A simulated sensor may be free of noise, and an axis about which nothing turns then is exactly constant:
    there this is a caution only.
    """
    values = np.ascontiguousarray(np.hstack([block.acc_mps2, block.gyr_dps]).T)
    length = max(2, round(rate_hz))
    seconds = values[:, : len(block) // length * length].reshape(6, -1, length)
    if not seconds.shape[1]:
        return
    spread = seconds.max(axis=2) - seconds.min(axis=2)
    moving = (spread >= np.array([MOVING_ACC_MPS2] * 3 + [MOVING_GYR_DPS] * 3)[:, None]).any(axis=0)
    yield from _frozen(block, values, spread, moving, "caution" if simulated else "refuse")
    yield from _clipped(block, values)
    yield from _repeated(block, values, np.repeat(moving, length), rate_hz)


def _frozen(
    block: SampleBlock, values: FloatArray, spread: FloatArray, moving: BoolArray, worst: Severity
) -> Iterator[PlausibilityFinding]:
    whole = values.max(axis=1) == values.min(axis=1)
    if whole.all():
        yield PlausibilityFinding(
            "frozen_sensor",
            worst,
            block.sensor,
            f"The {block.sensor} sensor repeats one sample from beginning to end.",
            "Restart the sensor: no sensor is that quiet, even on a table.",
        )
        return
    stuck = ((spread == 0.0) & moving).sum(axis=1)
    for column in np.flatnonzero(stuck >= FROZEN_S):
        always = bool(whole[column])
        value = f"{values[column, 0]:.4g} from beginning to end"
        stays = f"stays at {value}" if always else f"does not change for {stuck[column]} s"
        yield PlausibilityFinding(
            "frozen_axis",
            worst if always else "caution",
            block.sensor,
            f"{COLUMNS[column]} of the {block.sensor} {stays} while the sensor moves.",
            "Check the export and the sensor; restart it. Angles that need this axis are wrong.",
        )


def _clipped(block: SampleBlock, values: FloatArray) -> Iterator[PlausibilityFinding]:
    for extremes in (values.max(axis=1), values.min(axis=1)):
        for column in np.flatnonzero(np.abs(extremes) >= SMALLEST_RANGE):
            extreme = extremes[column]
            hit = values[column] == extreme
            near = np.abs(values[column] - extreme) <= NEAR_EXTREME * abs(extreme)
            in_a_row = hit[2:] & hit[1:-1] & hit[:-2]
            if in_a_row.any() and 2 * hit.sum() > near.sum():
                yield PlausibilityFinding(
                    "clipped",
                    "caution",
                    block.sensor,
                    f"{COLUMNS[column]} of the {block.sensor} is cut off at {extreme:.4g}: "
                    f"{int(hit.sum())} samples read exactly that.",
                    "Set a wider range on the sensor; speeds, momentum and impacts there are too small.",
                )


def _repeated(
    block: SampleBlock, values: FloatArray, moving: BoolArray, rate_hz: float
) -> Iterator[PlausibilityFinding]:
    if moving.sum() < FROZEN_S * rate_hz:
        return
    same = (values[:, 1 : len(moving)] == values[:, : len(moving) - 1]).all(axis=0)
    share = float(same[moving[1:]].mean())
    if share > REPEATED_SHARE:
        real_hz = rate_hz * (1.0 - share)
        yield PlausibilityFinding(
            "repeated_rows",
            "refuse" if real_hz < 20.0 else "caution",
            block.sensor,
            f"{100 * share:.0f} % of the {block.sensor}'s samples repeat the one before: the sensor "
            f"really delivers about {real_hz:.0f} a second, not {rate_hz:.0f}.",
            "Ask for samples no faster than the sensor makes them, or raise the sensor's own rate.",
        )
