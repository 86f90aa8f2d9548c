"""Floors that shake, knocks, flutter kicks: sound samples of rough sets; and sensors of noise alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imu_reps import Recording, RepPlan, SetPlan, analyze, simulate
from imu_reps.domain.samples import SampleBlock
from imu_reps.errors import RecordingError
from imu_reps.quality.plausibility import check_recording

SLOW = RepPlan(concentric_s=2.0, eccentric_s=2.0, top_deg=50.0, bottom_deg=0.0)
FLUTTER = RepPlan(
    concentric_s=0.25, eccentric_s=0.25, top_pause_s=0.0, bottom_pause_s=0.0, top_deg=40.0, bottom_deg=10.0
)


def _codes(recording: Recording) -> set[str]:
    return {finding.code for finding in check_recording(recording)}


def _ankle(recording: Recording) -> SampleBlock:
    assert recording.ankle is not None
    return recording.ankle


@pytest.mark.parametrize("hz", [22.0, 30.0, 38.0])
def test_what_shakes_evenly_is_no_noise(hz: float) -> None:
    """A floor or a machine that shakes all axes for six seconds, by 4 m/s² and 15 deg/s, with an overtone."""
    recording = simulate(SetPlan(reps=(SLOW,) * 6)).recording
    ankle, rng = _ankle(recording), np.random.default_rng(0)
    turned = 2.0 * np.pi * hz * np.arange(len(ankle)) / 100.0
    shake = np.sin(turned[:, None] + rng.uniform(0.0, 6.0, 6)) * ([4.0] * 3 + [15.0] * 3)
    shake += 0.3 * np.sin(2.0 * turned[:, None] + rng.uniform(0.0, 6.0, 6)) * ([4.0] * 3 + [15.0] * 3)
    shake[(ankle.time_s < 10.0) | (ankle.time_s > 16.0)] = 0.0
    shaken = replace(ankle, acc_mps2=ankle.acc_mps2 + shake[:, :3], gyr_dps=ankle.gyr_dps + shake[:, 3:])
    assert "noise_samples" not in _codes(recording.with_samples(shaken))


def test_a_hard_knock_is_no_burst_of_noise() -> None:
    """Three samples at the end of the range, at 50 samples a second, in a leg that hits the floor."""
    recording = simulate(SetPlan(reps=(SLOW,) * 6)).recording
    ankle = _ankle(recording)
    acc_mps2, gyr_dps = ankle.acc_mps2[::2].copy(), ankle.gyr_dps[::2].copy()
    acc_mps2[600:603] += [[78.5, -20.0, -78.5], [-65.7, 26.8, 22.3], [-78.5, 12.4, 55.4]]
    gyr_dps[600:603] += [[165.0, 193.0, 241.0], [-149.0, -174.0, -216.0], [55.0, 64.0, 79.0]]
    number, clock_s = np.arange(len(acc_mps2)), ankle.device_time_s[::2]
    knocked = SampleBlock("ankle", ankle.time_s[::2], number, clock_s, acc_mps2, gyr_dps)
    assert "noise_samples" not in _codes(recording.with_samples(knocked))


def test_flutter_kicks_have_the_scale_of_the_rest() -> None:
    """Six slow raises and 50 kicks of 30° and half a second each: all count."""
    recording = simulate(SetPlan(reps=(SLOW,) * 6 + (FLUTTER,) * 50)).recording
    assert "scaled_samples" not in _codes(recording)
    assert analyze(recording).summary.set.rep_count == 56


def test_a_sensor_of_noise_alone_is_refused_as_one_without_readings() -> None:
    recording = simulate(SetPlan(reps=(SLOW,) * 6)).recording
    ankle, rng = _ankle(recording), np.random.default_rng(0)
    noisy = replace(
        ankle,
        acc_mps2=ankle.acc_mps2 + 6.0 * rng.standard_normal(ankle.acc_mps2.shape),
        gyr_dps=ankle.gyr_dps + 60.0 * rng.standard_normal(ankle.gyr_dps.shape),
    )
    with pytest.raises(RecordingError) as caught:
        analyze(recording.with_samples(noisy))
    assert caught.value.code == "no_readings"


def test_wide_flutter_kicks_turn_no_sensor_on_its_limb() -> None:
    """Kicks of 40° and half a second each; the gyroscope and the accelerometer agree all along."""
    wide = replace(FLUTTER, top_deg=50.0)
    recording = simulate(SetPlan(reps=(SLOW,) * 6 + (wide,) * 50)).recording
    assert _codes(recording).isdisjoint({"sensor_turned", "gyro_axes"})
