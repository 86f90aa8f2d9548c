"""Agreement of the two sensors' times, against the truth of simulated links: 200 runs per population.

The error of a run is the 95th percentile of the offset between the two sensors' times over its 60 s.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations_with_replacement

import numpy as np
import pytest
from radio_links import IN_STEP, KINDS, Kind, knocks, link, sampled

from imu_reps import SampleBlock
from imu_reps.domain.samples import FloatArray, SensorPlace
from imu_reps.kinematics.clock.offline import TimedSamples, fit_clock
from imu_reps.kinematics.sync.sensor_offset import SensorOffset, offset_from_arrivals, offset_from_tap
from imu_reps.kinematics.sync.taps import TapOffset, TapWindow, find_taps

RUNS = 200
PAIRS = tuple(combinations_with_replacement(KINDS, 2))
#: The slowest and easiest pairs: a clock that is 0.7 % off sweeps every phase.
LONG = (("witmotion", "open profile"), ("witmotion", "movesense"))
AT_S = np.linspace(2.0, 58.0, 57)


def run(pelvis: Kind, ankle: Kind, interval_s: float, seed: int) -> tuple[float, float, SensorOffset]:
    """Return the error before and after correction by arrivals in ms, and the estimated offset."""
    rng = np.random.default_rng([seed, round(1e4 * interval_s)])
    jitter_s = rng.uniform(0.002, 0.005)
    places: tuple[tuple[SensorPlace, Kind], ...] = (("pelvis", pelvis), ("ankle", ankle))
    links = {place: link(kind, place, interval_s, jitter_s, rng) for place, kind in places}
    blocks: dict[SensorPlace, SampleBlock] = {place: made.block for place, made in links.items()}
    fitted = {place: fit_clock(made.block, made.header) for place, made in links.items()}
    corrected, offset = offset_from_arrivals(fitted, blocks)
    taken = {place: made.taken_s for place, made in links.items()}
    return apart_ms(fitted, taken), apart_ms(corrected, taken), offset


def apart_ms(clocks: dict[SensorPlace, TimedSamples], taken_s: dict[SensorPlace, FloatArray]) -> float:
    late = {
        place: np.interp(AT_S, taken_s[place][timed.order], timed.time_s - taken_s[place][timed.order])
        for place, timed in clocks.items()
    }
    return 1e3 * float(np.quantile(np.abs(late["pelvis"] - late["ankle"]), 0.95))


@cache
def population(pelvis: str, ankle: str, interval_s: float) -> tuple[FloatArray, FloatArray]:
    """Return errors and stated bounds of 200 runs, ms."""
    runs = [run(KINDS[pelvis], KINDS[ankle], interval_s, seed)[1:] for seed in range(RUNS)]
    return np.array([error for error, _ in runs]), np.array(
        [1e3 * offset.uncertainty_s for _, offset in runs]
    )


@pytest.mark.parametrize("interval_s", [0.015, 0.030])
@pytest.mark.parametrize(
    ("pelvis", "ankle"),
    [pytest.param(*pair, marks=pytest.mark.soak if pair in LONG else ()) for pair in PAIRS],
)
def test_arrivals_align_the_sensors_and_bound_the_error(pelvis: str, ankle: str, interval_s: float) -> None:
    errors, bounds = population(pelvis, ankle, interval_s)
    assert np.quantile(errors, 0.95) <= 10.0
    assert np.mean(errors <= bounds) >= 0.95


def test_packets_at_many_phases_leave_little_uncertainty() -> None:
    for pelvis, ankle in PAIRS:
        if "open profile" not in (pelvis, ankle):
            errors, bounds = population(pelvis, ankle, 0.030)
            assert np.quantile(errors, 0.95) < 3.0
            assert np.median(bounds) < 6.0


@pytest.mark.parametrize("interval_s", [0.015, 0.030])
def test_constant_waiting_times_are_not_seen_and_reported_as_a_wide_bound(interval_s: float) -> None:
    """Packets of 60 ms all wait alike: the offset is anything up to an interval, and the bound covers it."""
    runs = [run(IN_STEP, IN_STEP, interval_s, seed)[1:] for seed in range(RUNS)]
    bounds = np.array([1e3 * offset.uncertainty_s for _, offset in runs])
    assert np.mean([error <= bound for (error, _), bound in zip(runs, bounds, strict=True)]) >= 0.95
    assert bounds.min() > 20.0
    assert all(
        offset.hidden_s >= 0.95 * interval_s and offset.intervals_s == (None, None) for _, offset in runs
    )


@pytest.mark.parametrize("count", [2, 3, 5])
def test_after_a_tap_the_sensors_agree_to_5_ms(count: int) -> None:
    """Rates of any two of the three kinds; impacts one or two samples long, some clipped."""
    errors, bounds = [], []
    for seed in range(RUNS):
        rng = np.random.default_rng(seed)
        dense_s, felt = knocks(rng, count)
        offset_s = rng.uniform(-0.03, 0.03)
        shaken = [shaken_at(dense_s, force, rng) for force in felt]
        tap = find_taps(shaken[0], TapWindow(shaken[1].time_s - offset_s, shaken[1].acc_mps2))
        assert isinstance(tap, TapOffset), tap
        errors.append(1e3 * abs(tap.offset_s - offset_s))
        bounds.append(1e3 * tap.uncertainty_s)
    assert np.quantile(errors, 0.95) <= 5.0
    assert np.mean(np.array(errors) <= bounds) >= 0.95


def shaken_at(dense_s: FloatArray, force: FloatArray, rng: np.random.Generator) -> TapWindow:
    rate_hz = rng.choice([kind.rate_hz for kind in KINDS.values()])
    at_s = np.arange(0.02 + rng.uniform(0.0, 1.0 / rate_hz), dense_s[-1] - 0.02, 1.0 / rate_hz)
    return TapWindow(at_s, sampled(dense_s, force, at_s, rng))


def test_a_tap_over_the_radio_removes_the_remaining_offset() -> None:
    """Packets of 60 ms at 30 ms: knocks early in the set, then the sensors' times over all of it."""
    errors, bounds = [], []
    for seed in range(RUNS // 4):
        rng = np.random.default_rng(seed)
        links = {p: link(IN_STEP, p, 0.030, 0.003, rng) for p in ("pelvis", "ankle")}
        dense_s, felt = knocks(rng, 3)
        fitted = {p: fit_clock(made.block, made.header) for p, made in links.items()}
        clocks, arrivals = offset_from_arrivals(fitted, {p: made.block for p, made in links.items()})
        shaken = []
        for (place, made), force in zip(links.items(), felt, strict=True):
            early = clocks[place].order[made.taken_s[clocks[place].order] < 7.5]
            values = sampled(dense_s, force, made.taken_s[early], rng)
            shaken.append(TapWindow(clocks[place].time_s[: len(early)], values))
        tap = find_taps(shaken[0], shaken[1], 2.0 * arrivals.uncertainty_s)
        assert isinstance(tap, TapOffset), tap
        moved, offset = offset_from_tap(clocks, tap, arrivals)
        assert offset.source == "tap"
        errors.append(apart_ms(moved, {p: made.taken_s for p, made in links.items()}))
        bounds.append(1e3 * offset.uncertainty_s)
    assert np.quantile(errors, 0.95) <= 5.0
    assert np.mean(np.array(errors) <= bounds) >= 0.95
