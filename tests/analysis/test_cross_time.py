"""Taps in a recording, and findings about how well the times of the two sensors agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from imu_reps import Note, Recording, RepPlan, SampleBlock, SensorPlan, SetPlan, Simulated, analyze
from imu_reps.analysis.cross_time import agree_on_time, doubt_about_time
from imu_reps.domain.samples import SensorPlace
from imu_reps.quality.plausibility import examined
from imu_reps.report.findings import finding_text as words
from imu_reps.sim.wearer import RadioPlan

Simulate = Callable[[SetPlan], Simulated]

KNOCKS_S = (1.0, 1.42, 2.1)
#: Packets of 60 ms over 30 ms: their waiting time cannot be seen.
HIDDEN = RadioPlan(batch=6, connection_interval_s=0.030, jitter_s=0.003)
SEEN = RadioPlan(batch=4, connection_interval_s=0.030, jitter_s=0.003)


def plan(radio: RadioPlan) -> SetPlan:
    return SetPlan(
        reps=(RepPlan(),) * 4,
        pelvis=SensorPlan(named=True, radio=radio),
        ankle=SensorPlan(radio=replace(radio, drift_ppm=-30.0)),
    )


def knocked(recording: Recording, places: tuple[SensorPlace, ...] = ("pelvis", "ankle")) -> Recording:
    """Return the recording with noted impacts of both sensors at the same true times."""
    pushed = {place: _with_knocks(recording.samples(place)) for place in places}
    return replace(recording, **pushed, notes=(Note(3.0, "tap", "both"),))


def _with_knocks(block: SampleBlock | None) -> SampleBlock:
    assert block is not None
    # the simulator's device clocks show the true times, up to drift and offset
    true_s = (block.device_time_s - 100.0) / (1.0 + 1e-6 * (20.0 if block.sensor == "pelvis" else -30.0))
    bump = sum(60.0 * np.exp(-(((true_s - at) / 0.007) ** 2)) for at in KNOCKS_S)
    return replace(block, acc_mps2=block.acc_mps2 + np.outer(bump, [0.6, -0.48, 0.64]))


def true_offset_s(recording: Recording, corrected: dict[SensorPlace, np.ndarray]) -> float:
    """Return how much later the pelvis times are than the ankle times, relative to the true times."""
    late = {}
    for place, drift_ppm in (("pelvis", 20.0), ("ankle", -30.0)):
        block = recording.samples(place)
        assert block is not None
        true_s = (block.device_time_s - 100.0) / (1.0 + 1e-6 * drift_ppm)
        late[place] = float(np.mean(corrected[place] - true_s))
    return late["pelvis"] - late["ankle"]


@pytest.fixture(scope="module")
def hidden(simulated: Simulate) -> Recording:
    return simulated(plan(HIDDEN)).recording


def test_a_noted_tap_brings_the_sensors_together(hidden: Recording) -> None:
    recording = knocked(hidden)
    fitted = examined(recording).clocks
    before = agree_on_time(replace(recording, notes=()), fitted)
    after = agree_on_time(recording, fitted)
    assert before.offset is not None
    assert after.offset is not None
    assert (before.offset.source, after.offset.source) == ("arrivals", "tap")
    assert before.offset.uncertainty_s > 0.020 > 0.006 > after.offset.uncertainty_s
    error_s = true_offset_s(recording, {place: timed.time_s for place, timed in after.clocks.items()})
    assert abs(error_s) < 0.004
    assert [finding.code for finding in after.findings] == ["tap_used"]
    assert np.array_equal(after.clocks["pelvis"].time_s, before.clocks["pelvis"].time_s)


def test_without_a_note_no_tap_is_searched_for(hidden: Recording) -> None:
    recording = replace(knocked(hidden), notes=())
    found = agree_on_time(recording, examined(recording).clocks)
    assert found.offset is not None
    assert found.offset.source == "arrivals"
    assert found.findings == ()


def test_a_tap_missed_by_one_sensor_is_not_used_and_the_reason_is_given(hidden: Recording) -> None:
    analysis = analyze(knocked(hidden, ("ankle",)))
    (finding,) = [f for f in analysis.summary.findings if f.code == "tap_unclear"]
    assert "the pelvis sensor felt no impact then" in words(finding)
    assert "three times" in words(finding)
    assert analysis.offset is not None
    assert analysis.offset.source == "arrivals"


def test_a_wide_bound_is_a_finding_and_a_tap_removes_it(hidden: Recording) -> None:
    wide, tapped = analyze(hidden), analyze(knocked(hidden))
    assert "sensor_offset" in {finding.code for finding in wide.summary.findings}
    assert {"sensor_offset", "tap_unclear"}.isdisjoint(f.code for f in tapped.summary.findings)
    assert wide.summary.set.rep_count == tapped.summary.set.rep_count == 4


def test_where_arrivals_show_the_waiting_time_there_is_no_finding(simulated: Simulate) -> None:
    analysis = analyze(simulated(plan(SEEN)).recording)
    assert analysis.offset is not None
    assert analysis.offset.intervals_s == pytest.approx((0.030, 0.030))
    assert doubt_about_time(analysis.offset) == ()


def test_one_sensor_alone_has_no_offset(simulated: Simulate) -> None:
    alone = replace(simulated(SetPlan(reps=(RepPlan(),) * 4)).recording, pelvis=None)
    assert analyze(alone).offset is None
