"""A pelvis sensor without data: repetitions count, tilt is not judged, and the report says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from imu_reps import Pipeline, Recording, RepPlan, SampleBlock, SetPlan, analyze, simulate
from imu_reps.errors import RecordingError
from imu_reps.report.findings import sentence, with_message

MADE = simulate(SetPlan(reps=(RepPlan(),) * 6))


def gyroscope_dead(pelvis: SampleBlock) -> SampleBlock:
    return replace(pelvis, gyr_dps=np.zeros_like(pelvis.gyr_dps))


def accelerometer_dead(pelvis: SampleBlock) -> SampleBlock:
    return replace(pelvis, acc_mps2=np.zeros_like(pelvis.acc_mps2))


def accelerometer_frozen(pelvis: SampleBlock) -> SampleBlock:
    return replace(pelvis, acc_mps2=np.tile(pelvis.acc_mps2[0], (len(pelvis), 1)))


def all_dead(pelvis: SampleBlock) -> SampleBlock:
    return accelerometer_dead(gyroscope_dead(pelvis))


def gone_at_once(pelvis: SampleBlock) -> SampleBlock:
    return pelvis[:1]


def hangs_at(seconds: float) -> Callable[[SampleBlock], SampleBlock]:
    def hanging(pelvis: SampleBlock) -> SampleBlock:
        last = int(np.searchsorted(pelvis.time_s, seconds))
        rows = np.minimum(np.arange(len(pelvis)), last)
        return replace(pelvis, acc_mps2=pelvis.acc_mps2[rows], gyr_dps=pelvis.gyr_dps[rows])

    return hanging


@pytest.mark.parametrize(
    "dead",
    [
        gyroscope_dead,
        accelerometer_dead,
        accelerometer_frozen,
        all_dead,
        gone_at_once,
        hangs_at(0.0),
        hangs_at(2.0),
    ],
)
def test_repetitions_count_and_tilt_is_not_judged(dead: Callable[[SampleBlock], SampleBlock]) -> None:
    header = replace(MADE.recording.header, simulated=False)
    recording = replace(MADE.recording, header=header, pelvis=dead(MADE.recording.pelvis))
    pipeline = Pipeline(header)
    pipeline.push(recording.pelvis, recording.ankle)
    summary = analyze(recording).summary
    cautions = [finding for finding in summary.findings if finding.sensor == "pelvis"]

    assert pipeline.rep_count == summary.set.rep_count == MADE.truth.rep_count
    assert summary.set.pelvic_tilt_deg_max is None
    assert all(rep.pelvic_tilt_deg is None for rep in summary.reps)
    assert cautions
    assert all(finding.severity == "caution" and sentence(finding) for finding in cautions)


def test_an_ankle_whose_accelerometer_is_frozen_is_refused() -> None:
    recording = replace(MADE.recording, ankle=accelerometer_frozen(MADE.recording.ankle))
    with pytest.raises(RecordingError, match="accelerometer of the ankle"):
        usable_in_words(recording)


def usable_in_words(recording: Recording) -> None:
    try:
        analyze(recording)
    except RecordingError as error:
        raise with_message(error) from None
