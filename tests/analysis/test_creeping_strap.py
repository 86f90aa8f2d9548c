"""An ankle sensor that creeps round the shank, a little in every raise."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from imu_reps import Recording, RepFaults, RepPlan, SetPlan, Summary, analyze, simulate
from imu_reps.domain.samples import FloatArray

#: Eight raises with short rests between them.
RAISES = (RepPlan(top_deg=55.0, concentric_s=1.6, eccentric_s=2.0, bottom_pause_s=0.9),) * 8


@cache
def kept() -> tuple[Recording, Summary, FloatArray]:
    """Return a set with a strap that keeps its place, its summary, and the axis of the lifts, (3,)."""
    recording = simulate(SetPlan(reps=RAISES), seed=4).recording
    assert recording.ankle is not None
    axis = np.linalg.svd(recording.ankle.gyr_dps, full_matrices=False)[2][0]
    return recording, analyze(recording).summary, axis


def moments_s(recording: Recording) -> FloatArray:
    """Return the times of the ankle's samples, without the delays of their arrival, (n,)."""
    assert recording.ankle is not None
    time_s = recording.ankle.time_s
    return np.linspace(time_s[0], time_s[-1], len(time_s))


def crept(recording: Recording, ankle_deg: FloatArray, axis: FloatArray) -> Recording:
    """Return the recording with an ankle sensor that has turned by angles (n,), as its gyroscope sees."""
    ankle = recording.ankle
    assert ankle is not None
    turn = Rotation.from_rotvec(np.radians(ankle_deg)[:, None] * axis).inv()
    rate_dps = np.gradient(ankle_deg, moments_s(recording))[:, None] * axis
    return recording.with_samples(
        replace(ankle, acc_mps2=turn.apply(ankle.acc_mps2), gyr_dps=turn.apply(ankle.gyr_dps + rate_dps))
    )


def in_each_lift(recording: Recording, summary: Summary, each_deg: float, lasts_s: float) -> FloatArray:
    """Return the angle of a sensor that turns by so much in each lift, smoothly, (n,) degrees."""
    time_s = moments_s(recording)
    shares = (np.clip((time_s - rep.start_s - 0.2) / lasts_s, 0.0, 1.0) for rep in summary.reps)
    return each_deg * np.sum([share**2 * (3.0 - 2.0 * share) for share in shares], axis=0)


@pytest.mark.parametrize("lasts_s", [0.3, 1.2])
@pytest.mark.parametrize("each_deg", [-5.0, -2.5, 2.5, 5.0])
def test_a_strap_that_creeps_in_every_lift_hardly_changes_an_angle(each_deg: float, lasts_s: float) -> None:
    """A raise is off by what the strap creeps in it, not by all that it crept before."""
    recording, without, axis = kept()
    found = analyze(crept(recording, in_each_lift(recording, without, each_deg, lasts_s), axis)).summary

    assert (found.set.rep_count, found.set.rep_count_certainty) == (len(RAISES), "high")
    (told,) = [finding for finding in found.findings if finding.code == "ankle_crept"]
    assert told.values["turned_deg"] == pytest.approx(len(RAISES) * abs(each_deg), abs=0.6 * abs(each_deg))
    for rep, kept_rep in zip(found.reps, without.reps, strict=True):
        assert rep.top_angle_deg == pytest.approx(kept_rep.top_angle_deg, abs=0.65 * abs(each_deg))
        assert rep.flags == kept_rep.flags


def test_a_strap_that_creeps_all_the_time_changes_no_angle() -> None:
    recording, without, axis = kept()
    found = analyze(crept(recording, 0.7 * moments_s(recording), axis)).summary

    assert found.set.rep_count == len(RAISES)
    assert "ankle_crept" in [finding.code for finding in found.findings]
    for rep, kept_rep in zip(found.reps, without.reps, strict=True):
        assert rep.top_angle_deg == pytest.approx(kept_rep.top_angle_deg, abs=1.5)


@pytest.mark.parametrize("each_deg", [2.0, 4.0])
def test_a_leg_that_is_put_down_higher_each_time_is_no_creep(each_deg: float) -> None:
    raises = tuple(replace(rep, bottom_deg=each_deg * k) for k, rep in enumerate(RAISES))
    found = analyze(simulate(SetPlan(reps=raises), seed=4).recording).summary

    assert found.set.rep_count == len(RAISES)
    assert not {"ankle_crept", "ankle_turned"} & {finding.code for finding in found.findings}


def test_a_knee_that_bends_more_in_each_lift_is_no_creep() -> None:
    raises = tuple(replace(rep, faults=RepFaults(knee_bend_deg=6.0 * k)) for k, rep in enumerate(RAISES))
    found = analyze(simulate(SetPlan(reps=raises), seed=4).recording).summary

    assert found.set.rep_count == len(RAISES)
    assert "ankle_crept" not in [finding.code for finding in found.findings]


def test_a_strap_that_is_turned_twice_is_no_creep() -> None:
    recording, without, axis = kept()
    starts_s = [without.reps[k].start_s for k in (3, 5)]
    shares = [np.clip((moments_s(recording) - start_s + 0.6) / 0.3, 0.0, 1.0) for start_s in starts_s]
    found = analyze(crept(recording, 12.0 * np.sum(shares, axis=0), axis)).summary

    assert found.set.rep_count == len(RAISES)
    assert "ankle_crept" not in [finding.code for finding in found.findings]


def test_a_strap_that_slips_and_then_creeps_is_told_of_both() -> None:
    recording, without, axis = kept()
    crept_deg = in_each_lift(recording, without, 3.0, 1.2)
    share = np.clip((moments_s(recording) - without.reps[3].end_s - 0.25) / 0.3, 0.0, 1.0)
    found = analyze(crept(recording, crept_deg + 50.0 * share, axis)).summary

    assert {"ankle_crept", "ankle_turned"} <= {finding.code for finding in found.findings}
    assert (found.set.rep_count, found.set.rep_count_certainty) == (len(RAISES), "high")
