"""How much the pelvis deviates from its own path over leg elevation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from imu_reps import RepFaults, RepPlan, SetPlan, Settings, simulate
from imu_reps.analysis.estimate import estimate_set
from imu_reps.analysis.reps.measure import Measured, measure_set
from imu_reps.analysis.set_motion import SetMotion, low_passed, set_motion
from imu_reps.analysis.trend import wobble_deg, wobble_findings
from imu_reps.kinematics.recorded import estimate_motion
from imu_reps.quality.plausibility import examined
from imu_reps.report.findings import finding_text as words
from imu_reps.sim.wearer import BodyPlan

Measurement = tuple[SetMotion, list[Measured]]
ARCHING = RepPlan(faults=RepFaults(arch_deg=9.0, rotation_deg=3.0))


@pytest.fixture(scope="module")
def clean() -> Measurement:
    """Twelve repetitions with a smooth arch from the eighth on."""
    plan = SetPlan(reps=(RepPlan(),) * 7 + (ARCHING,) * 5, body=BodyPlan(breathing_deg=0.1))
    recording = simulate(plan, seed=5).recording
    sensed = estimate_motion(recording, examined(recording).clocks)
    whole = estimate_set(sensed, recording.header, settings := Settings())
    motion = set_motion(whole.track, recording.header)
    return motion, measure_set(whole, motion, settings)


def wandering(clean: Measurement, rms_deg: Callable[[int], float]) -> Measurement:
    """Return the set with the pelvis wandering at 1.4 and 2.6 Hz, with the given RMS in each repetition."""
    motion, measured = clean
    time_s = motion.track.time_s
    wave = np.sin(2.0 * np.pi * 1.4 * time_s) + np.sin(2.0 * np.pi * 2.6 * time_s + 1.0)
    size = np.zeros(len(time_s))
    for number, rep in enumerate(measured, start=1):
        size[rep.whole.ticks] = rms_deg(number)
    return replace(motion, tilt_deg=motion.tilt_deg + low_passed(size * wave)), measured


def test_a_smooth_path_is_no_wobble_even_with_an_arch(clean: Measurement) -> None:
    motion, measured = clean

    assert max(wobble_deg(motion, rep) or 0.0 for rep in measured) < 0.6
    assert wobble_findings(motion, measured) == []


@pytest.mark.parametrize("rms_deg", [1.0, 3.0])
def test_wobble_is_the_rms_around_the_path(clean: Measurement, rms_deg: float) -> None:
    motion, measured = wandering(clean, lambda _: rms_deg)
    found = [wobble_deg(motion, rep) for rep in measured]

    assert np.median([value for value in found if value is not None]) == pytest.approx(rms_deg, rel=0.2)


def test_growing_wobble_is_reported_with_the_repetition_it_begins_with(clean: Measurement) -> None:
    motion, measured = wandering(clean, lambda number: 2.5 if number >= 8 else 0.3)
    (finding,) = wobble_findings(motion, measured)

    assert finding.reps == (8, 9, 10, 11, 12)
    assert "from rep 8 on" in words(finding)


def test_strong_wobble_from_the_start_is_reported_for_every_repetition(clean: Measurement) -> None:
    motion, measured = wandering(clean, lambda _: 4.0)
    (finding,) = wobble_findings(motion, measured)

    assert finding.reps == tuple(range(1, 13))
    assert "4°" in words(finding)


def test_an_unmeasured_pelvis_has_no_wobble(clean: Measurement) -> None:
    motion, measured = clean
    unknown = [replace(rep, pelvis_known=False) for rep in measured]

    assert [wobble_deg(motion, rep) for rep in unknown] == [None] * 12
    assert wobble_findings(motion, unknown) == []
