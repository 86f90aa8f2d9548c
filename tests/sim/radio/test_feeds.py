"""Readings of a wearer are those of the simulator, whenever and in whatever portions they are requested."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from imu_reps import RepPlan, SensorPlan, SetPlan, simulate
from imu_reps.domain.samples import SensorPlace
from imu_reps.sim.radio.device import Wearer

GRAVITY_MPS2 = 9.80665


@pytest.fixture
def plan(quiet_set: Callable[..., SetPlan]) -> SetPlan:
    """A plan of two repetitions without noise."""
    return quiet_set(RepPlan(), RepPlan())


@pytest.mark.parametrize("place", ["pelvis", "ankle"])
def test_readings_are_those_of_the_simulated_recording(plan: SetPlan, place: SensorPlace) -> None:
    block = getattr(simulate(plan, seed=4).recording, place)
    shown = plan.pelvis.radio.clock_start_s, plan.pelvis.radio.drift_ppm  # type: ignore[union-attr]
    true_s = (block.device_time_s - shown[0]) / (1.0 + 1e-6 * shown[1])
    inside = (true_s > 0.01) & (true_s < true_s[-1] - 0.01)

    acc_mps2, gyr_dps = Wearer(plan, seed=4).feed(place)(true_s)

    # one count of the simulated sensor
    assert acc_mps2[inside] == pytest.approx(block.acc_mps2[inside], abs=16 * GRAVITY_MPS2 / 32768)
    assert gyr_dps[inside] == pytest.approx(block.gyr_dps[inside], abs=2000 / 32768)


def test_before_and_after_the_set_the_wearer_lies_still(plan: SetPlan) -> None:
    wearer = Wearer(plan)
    times_s = np.array([-1e3, -1.0, wearer.duration_s + 1.0, wearer.duration_s + 1e5])

    for place in ("pelvis", "ankle"):
        acc_mps2, gyr_dps = wearer.feed(place)(times_s)  # type: ignore[arg-type]

        assert np.linalg.norm(acc_mps2, axis=1) == pytest.approx(GRAVITY_MPS2, rel=1e-9)
        assert not gyr_dps.any()


def test_the_truth_uses_the_time_of_the_wearer(plan: SetPlan) -> None:
    wearer, simulated = Wearer(plan, seed=4), simulate(plan, seed=4)

    between = {
        round(mine.start_s - event.start_s, 9)
        for mine, event in zip(wearer.truth.reps, simulated.truth.reps, strict=True)
    }

    assert wearer.truth.rep_count == 2
    assert len(between) == 1
    assert wearer.truth.angles.time_s[0] == 0.0
    assert wearer.truth.angles.time_s[-1] == pytest.approx(wearer.duration_s, abs=0.02)


def test_noise_bias_and_scale_are_the_planned_ones(plan: SetPlan) -> None:
    sensor = SensorPlan(
        acc_noise_mps2=0.05, gyr_noise_dps=0.2, acc_bias_mg=(0.0, 0.0, 20.0), gyr_bias_dps=(1.0, -2.0, 0.0)
    )
    exact, erring = Wearer(plan), Wearer(replace(plan, ankle=sensor))
    times_s = np.full(4000, -1.0)

    for clean, read, noise, bias in zip(
        exact.feed("ankle")(times_s),
        erring.feed("ankle")(times_s),
        (0.05, 0.2),
        ((0.0, 0.0, 0.02 * GRAVITY_MPS2), (1.0, -2.0, 0.0)),
        strict=True,
    ):
        assert (read - clean).mean(axis=0) == pytest.approx(bias, abs=4 * noise / np.sqrt(4000))
        assert (read - clean).std(axis=0) == pytest.approx(noise, rel=0.1)


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_readings_do_not_depend_on_the_number_requested_at_once(chunk: int) -> None:
    times_s = np.arange(0.0, 3.0, 0.01)

    whole = np.hstack(Wearer(SetPlan(), seed=1).feed("pelvis")(times_s))
    feed = Wearer(SetPlan(), seed=1).feed("pelvis")
    pieces = [np.hstack(feed(times_s[k : k + chunk])) for k in range(0, len(times_s), chunk)]

    assert np.array_equal(np.vstack(pieces), whole)


def test_a_place_without_a_sensor_has_no_readings() -> None:
    with pytest.raises(ValueError, match="ankle"):
        Wearer(SetPlan(ankle=None)).feed("ankle")
