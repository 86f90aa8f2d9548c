"""Direction of up: for analytic motion, across holes, in blocks of any size, and for recorded motion."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from vqf import VQF, offlineVQF

from imu_reps import SampleBlock
from imu_reps.kinematics.clock.offline import SensorClock, TimedSamples
from imu_reps.kinematics.orientation import (
    BRIDGE_S,
    LIVE_BRIDGE_S,
    LiveMotion,
    SensorMotion,
    offline_motion,
    on_every_tick,
    up_from_quaternions,
)

PERIOD_S = 0.01
UP = np.array([0.0, 0.0, 1.0])


def swinging(seconds: float, still_s: float = 3.0) -> Rotation:
    """Return the sensor-to-earth orientation of a sensor that rests, then swings like a leg and sways."""
    time = np.arange(round(seconds / PERIOD_S)) * PERIOD_S
    moving = np.clip((time - still_s) / 1.0, 0.0, 1.0)
    lift = np.radians(30.0) * moving * (1.0 - np.cos(2.0 * np.pi * (time - still_s) / 4.0))
    sway = np.radians(4.0) * moving * np.sin(2.0 * np.pi * (time - still_s) / 3.0)
    mounting = Rotation.from_rotvec([0.4, -0.8, 0.3])
    return Rotation.from_rotvec(np.column_stack([sway, lift, 0.0 * lift])) * mounting


def readings(
    orientation: Rotation, bias_dps: tuple[float, ...] = (0.0,) * 3
) -> tuple[np.ndarray, np.ndarray]:
    """Return the readings of an ideal gyroscope and accelerometer on the axis of rotation."""
    turns = (orientation[:-1].inv() * orientation[1:]).as_rotvec() / PERIOD_S
    gyr = np.degrees(np.vstack([turns[:1], turns])) + bias_dps
    return gyr, orientation.inv().apply(9.81 * UP)


def timed(index: np.ndarray, period_s: float = PERIOD_S) -> TimedSamples:
    clock = SensorClock(1.0 / period_s, 0, 0.0, None, None, None, 0, 0, 0)
    return TimedSamples(index * period_s, index, np.arange(len(index)), period_s, clock)


def block(gyr_dps: np.ndarray, acc_mps2: np.ndarray) -> SampleBlock:
    count = len(gyr_dps)
    time = np.arange(count) * PERIOD_S
    return SampleBlock("ankle", time, np.arange(count), np.full(count, np.nan), acc_mps2, gyr_dps)


def offline(keep: np.ndarray, gyr: np.ndarray, acc: np.ndarray) -> SensorMotion:
    return offline_motion(timed(keep), block(gyr[keep], acc[keep]))


def angle_deg(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.degrees(2.0 * np.arcsin(np.clip(np.linalg.norm(a - b, axis=1) / 2.0, 0.0, 1.0))))


@given(rotvec=st.tuples(*[st.floats(-3.0, 3.0)] * 3))
@settings(max_examples=50, deadline=None)
def test_up_of_a_quaternion_is_the_earths_z_in_sensor_axes(rotvec: tuple[float, ...]) -> None:
    rotation = Rotation.from_rotvec(rotvec)
    w_first = np.roll(rotation.as_quat(), 1)[None]

    assert up_from_quaternions(w_first)[0] == pytest.approx(rotation.inv().apply(UP), abs=1e-9)


@pytest.mark.parametrize("bias_dps", [(0.0, 0.0, 0.0), (5.0, -4.0, 3.0)])
def test_up_of_a_swinging_sensor_is_the_analytic_one(bias_dps: tuple[float, ...]) -> None:
    """The only error left is the filter's assumption that a swing has no linear acceleration."""
    true = swinging(30.0)
    gyr, acc = readings(true, bias_dps)
    motion = offline(np.arange(len(gyr)), gyr, acc)

    assert angle_deg(motion.up, true.inv().apply(UP)).max() < 0.2
    assert np.linalg.norm(motion.up, axis=1) == pytest.approx(1.0, abs=1e-9)
    assert motion.gyr_dps == pytest.approx(gyr - bias_dps, abs=1e-6)
    assert motion.still[60:290].all()
    assert not motion.still[400:].any()


def test_holes_stay_holes_and_are_bridged_only_within_the_filter() -> None:
    true = swinging(30.0)
    gyr, acc = readings(true)
    hole = (500, 500 + 20)
    keep = np.r_[: hole[0], hole[1] : len(gyr)]
    motion = offline(keep, gyr, acc)

    assert motion.index.tolist() == keep.tolist()
    assert len(motion.up) == len(motion.time_s) == len(keep)
    assert (motion.acc_mps2 == acc[keep]).all()
    # a straight line across h = 0.2 s of a rate that curves by 116 deg/s³ errs by h³ / 12 of that: 0.08
    # degrees, in addition to the 0.2 of the filter itself
    assert angle_deg(motion.up, true.inv().apply(UP)[keep]).max() < 0.28


def test_the_filter_restarts_after_a_longer_hole() -> None:
    gyr, acc = readings(swinging(40.0))
    kept = np.r_[:1500, 1500 + round(BRIDGE_S / PERIOD_S) + 10 : len(gyr)]
    both = offline(kept, gyr, acc)
    later = offline(kept[1500:], gyr, acc)
    earlier = offline(kept[:1500], gyr, acc)

    assert both.up[:1500] == pytest.approx(earlier.up, abs=1e-12)
    # the second piece has no rest from which to take a bias; the data have no bias either
    assert both.up[1500:] == pytest.approx(later.up, abs=1e-6)


def test_bridging_is_linear_and_keeps_the_measured_values() -> None:
    values = np.column_stack([[0.0, 1.0, 5.0], [2.0, 2.0, -2.0], [0.0, 0.0, 0.0]])
    ticks = np.array([0, 1, 5])

    filled = on_every_tick(ticks, values)

    assert (filled[ticks] == values).all()
    assert filled[:, 0].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert on_every_tick(np.arange(3), values) is values


@st.composite
def streams(draw: st.DrawFn) -> tuple[np.ndarray, list[int]]:
    """Return the ticks of 20 s that arrived (holes of any length), and where the stream is cut."""
    count = 2000
    keep = np.ones(count, bool)
    for start, length in draw(
        st.lists(st.tuples(st.integers(1, count - 1), st.integers(1, 400)), max_size=4), label="holes"
    ):
        keep[start : start + length] = False
    index = np.flatnonzero(keep)
    cuts = draw(st.lists(st.integers(0, len(index)), max_size=12), label="cuts")
    return index, sorted({0, *cuts, len(index)})


def pushed(index: np.ndarray, edges: list[int], gyr: np.ndarray, acc: np.ndarray) -> list[np.ndarray]:
    live = LiveMotion(PERIOD_S)
    pieces = [
        live.push(rows * PERIOD_S, rows, gyr[rows], acc[rows])
        for rows in (index[a:b] for a, b in pairwise(edges))
    ]
    return [np.concatenate([getattr(piece, name) for piece in pieces]) for name in ("up", "gyr_dps", "still")]


@given(stream=streams(), still_s=st.sampled_from([0.0, 0.7, 9.0]), warmed=st.booleans())
@settings(max_examples=20, deadline=None)
def test_live_motion_does_not_depend_on_the_blocks(
    stream: tuple[np.ndarray, list[int]], still_s: float, warmed: bool
) -> None:
    index, edges = stream
    rng = np.random.default_rng(5)
    gyr, acc = readings(swinging(20.0, still_s), (3.0, -2.0, 1.0))
    gyr = gyr + rng.normal(0.0, 0.07, gyr.shape) + warmed * np.linspace(0.0, 4.0, len(gyr))[:, None]

    at_once = pushed(index, [0, len(index)], gyr, acc)
    in_blocks = pushed(index, edges, gyr, acc)

    for column, expected in zip(in_blocks, at_once, strict=True):
        assert column == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_live_motion_is_the_same_in_blocks_of_one_size(size: int) -> None:
    gyr, acc = readings(swinging(8.0), (3.0, -2.0, 1.0))
    index = np.r_[:200, 230:500, 640:800]
    edges = [*range(0, len(index), size), len(index)]

    for column, expected in zip(
        pushed(index, edges, gyr, acc), pushed(index, [0, len(index)], gyr, acc), strict=True
    ):
        assert column == pytest.approx(expected, abs=1e-12)


def test_the_live_filter_restarts_after_a_longer_hole() -> None:
    gyr, acc = readings(swinging(30.0))
    after = 1500 + round(LIVE_BRIDGE_S / PERIOD_S) + 10
    kept = np.r_[:1500, after : len(gyr)]
    both = pushed(kept, [0, len(kept)], gyr, acc)[0]
    fresh = pushed(kept[1500:], [0, len(kept) - 1500], gyr, acc)[0]

    assert both[1500:] == pytest.approx(fresh, abs=1e-6)


def test_a_rest_determines_the_live_bias_from_then_on() -> None:
    bias = (5.0, -4.0, 3.0)
    gyr, acc = readings(swinging(10.0), bias)
    gyr_out = LiveMotion(PERIOD_S).push(np.arange(1000) * PERIOD_S, np.arange(1000), gyr, acc).gyr_dps

    assert gyr_out[100:] == pytest.approx((gyr - bias)[100:], abs=1e-6)


def warming(seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Return readings at rest half of the time, with a bias that grows by 0.1 deg/s² on each axis."""
    time = np.arange(round(seconds / PERIOD_S)) * PERIOD_S
    lift = np.radians(30.0) * (1.0 - np.cos(2.0 * np.pi * np.minimum(time % 6.0, 3.0) / 3.0))
    still = np.zeros_like(lift)
    gyr, acc = readings(Rotation.from_rotvec(np.column_stack([still, lift, still])))
    return gyr + 0.1 * time[:, None], acc


def test_rests_are_found_again_and_again_while_a_gyroscope_warms_up() -> None:
    gyr, acc = warming(36.0)
    index = np.arange(len(gyr))
    live = LiveMotion(PERIOD_S).push(index * PERIOD_S, index, gyr, acc)
    finished = offline(index, gyr, acc)

    resting = index * PERIOD_S % 6.0 > 3.6
    assert finished.still[resting].all()
    # the live drift is known once the rests span a quarter of a minute
    assert live.still[resting & (index * PERIOD_S > 18.0)].all()
    assert np.abs(finished.gyr_dps[resting]).max() < 0.2


def test_live_up_is_close_to_the_analytic_one_and_offline_is_no_worse() -> None:
    true = swinging(30.0)
    gyr, acc = readings(true, (2.0, -1.0, 1.0))
    index = np.arange(len(gyr))
    live = LiveMotion(PERIOD_S).push(index * PERIOD_S, index, gyr, acc).up
    expected = true.inv().apply(UP)
    settled = slice(100, None)
    finished = offline(index, gyr, acc).up

    assert angle_deg(live, expected)[settled].max() < 1.0
    assert angle_deg(finished, expected)[settled].max() <= angle_deg(live, expected)[settled].max()


BROAD = (
    "02_undisturbed_slow_rotation_B",
    "09_undisturbed_fast_rotation_with_breaks_B",
    "18_undisturbed_fast_translation_with_breaks_B",
)


class Recorded:
    """One trial of an optically tracked sensor, with the error of an estimate of up."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as trial:
            self.period_s = 1.0 / float(trial["fs"])
            self.gyr = np.ascontiguousarray(trial["gyr"], dtype=float)
            self.acc = np.ascontiguousarray(trial["acc"], dtype=float)
            true = trial["opt_quat"].astype(float)
            self.scored = trial["movement"] & np.isfinite(true).all(axis=1)
        self.true_up = Rotation.from_quat(true[self.scored], scalar_first=True).inv().apply(UP)

    def rmse_deg(self, up: np.ndarray) -> float:
        return float(np.sqrt((angle_deg(up[self.scored], self.true_up) ** 2).mean()))


@pytest.fixture(scope="module", params=BROAD)
def recorded(request: pytest.FixtureRequest, datasets: Path) -> Recorded:
    return Recorded(datasets / "broad_omc" / f"{request.param}.npz")


def test_offline_up_of_recorded_motion_is_no_worse_than_that_of_the_published_filter(
    recorded: Recorded,
) -> None:
    count = len(recorded.gyr)
    whole = block(np.degrees(recorded.gyr), recorded.acc)
    ours = offline_motion(timed(np.arange(count), recorded.period_s), whole).up
    published = offlineVQF(recorded.gyr, recorded.acc, None, recorded.period_s)["quat6D"]

    assert recorded.rmse_deg(ours) <= 1.02 * recorded.rmse_deg(up_from_quaternions(published))


def test_live_up_of_recorded_motion_is_no_worse_than_that_of_the_published_filter(recorded: Recorded) -> None:
    index = np.arange(len(recorded.gyr))
    live = LiveMotion(recorded.period_s)
    ours = live.push(index * recorded.period_s, index, np.degrees(recorded.gyr), recorded.acc).up
    published = VQF(recorded.period_s).updateBatch(recorded.gyr, recorded.acc)["quat6D"]

    assert recorded.rmse_deg(ours) <= 1.02 * recorded.rmse_deg(up_from_quaternions(published))
