"""Figures over simulated sets.

Everything is drawn by `imu_reps.sim.wearer.random_plan` from a seed. A population is simulated once per
process, whatever uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from figures import ANY_RATE, SENSORS, Figure, describe, deviations, percentile, worst_seeds
from populations import (
    CHEAP,
    FOLLOWED,
    IDLE,
    MIXED,
    SLOW_RADIO,
    SWINGING,
    SWINGING_HANGING,
    AngleErrors,
    MeasuredSet,
    Population,
    measured,
)

#: Above this mean speed of the faster phase a leg is swung rather than lifted.
CONTROLLED_DPS = 55.0

#: Momentum share that is called a fault.
LARGE_SHARE = 0.2


def count_of_mixed_sets(mixed: Population = MIXED) -> Figure:
    return _counting(
        "Sets with a wrong count, finished", "everything by chance", mixed, lambda one: one.count
    )


def closed_count_of_mixed_sets(of: Population = FOLLOWED) -> Figure:
    return _counting(
        "Sets with a wrong count, live and closed", "everything by chance", of, lambda one: one.closed_count
    )


def live_count_of_mixed_sets(of: Population = FOLLOWED) -> Figure:
    """How often the live count had to be corrected at the end of the set."""
    sets = measured(of)
    off = [one for one in sets if one.live_count != one.count]
    share = 100.0 * len(off) / len(sets)
    worst = tuple((one.seed, float(one.live_count or 0)) for one in off)
    population = describe(f"everything by chance, {ANY_RATE}", sets)
    return Figure("Sets whose live count was corrected at their end", population, (share,), None, "%", worst)


def count_of_idle_recordings() -> Figure:
    return _reps_of_idle("Reps counted where nobody does one, finished", lambda one: one.count)


def live_count_of_idle_recordings() -> Figure:
    return _reps_of_idle("Reps counted where nobody does one, live", lambda one: one.live_count)


def _counting(
    what: str, population: str, of: Population, count: Callable[[MeasuredSet], int | None]
) -> Figure:
    sets = measured(of)
    wrong = [one for one in sets if count(one) != one.true_count]
    worst = tuple((one.seed, float((count(one) or 0) - one.true_count)) for one in wrong)
    return Figure(what, describe(f"{population}, {ANY_RATE}", sets), (float(len(wrong)),), 0.0, "", worst)


def _reps_of_idle(what: str, count: Callable[[MeasuredSet], int | None]) -> Figure:
    sets = measured(IDLE)
    found = [(one.seed, float(found)) for one in sets if (found := count(one)) != 0 and found is not None]
    refused = [(one.seed, np.inf) for one in sets if count(one) is None]
    population = describe(f"walking, lying, fidgeting, sitting up, {ANY_RATE}", sets)
    worst = tuple(found + refused)
    return Figure(what, population, (float(sum(value for _, value in worst)),), 0.0, "", worst)


def durations_at_100_hz(mixed: Population = MIXED) -> tuple[Figure, ...]:
    sets = [one for one in measured(mixed) if one.rate_hz == 100.0 and not one.has_stalls]
    return _durations("100 Hz, no stalls", sets, median_ms=15.0, max_ms=60.0)


def durations_at_100_hz_with_stalls(mixed: Population = MIXED) -> tuple[Figure, ...]:
    sets = [one for one in measured(mixed) if one.rate_hz == 100.0]
    return _durations("100 Hz, whole space with stalls", sets, median_ms=30.0, max_ms=120.0)


def durations_at_any_rate(mixed: Population = MIXED) -> tuple[Figure, ...]:
    return _durations(f"{ANY_RATE}, whole space with stalls", measured(mixed), median_ms=30.0, max_ms=120.0)


def durations_at_25_hz() -> tuple[Figure, ...]:
    return _durations("25 Hz, no stalls", measured(SLOW_RADIO), median_ms=30.0, max_ms=120.0)


def _durations(
    what: str, sets: Sequence[MeasuredSet], *, median_ms: float, max_ms: float
) -> tuple[Figure, ...]:
    phases = [deviations(sets, name, 1000.0) for name in ("concentric_s", "eccentric_s")]
    title = f"Concentric / eccentric duration, {what}"
    population, worst = describe(what, sets), worst_seeds(phases[0] + phases[1])
    medians, maximum = (tuple(percentile(found, share) for found in phases) for share in (50.0, 95.0))
    return (
        Figure(f"{title}: median error", population, medians, median_ms, "ms", worst),
        Figure(f"{title}: 95 % within", population, maximum, max_ms, "ms", worst),
    )


def elevation_at_controlled_tempo(mixed: Population = MIXED) -> tuple[Figure, ...]:
    read, followed = (
        [one for one in measured(of) if one.fastest_dps <= CONTROLLED_DPS] for of in (mixed, FOLLOWED)
    )
    return _elevation("controlled tempo (≤ 55 °/s on average)", read, followed, final_deg=0.5, live_deg=1.0)


def elevation_when_swinging() -> tuple[Figure, ...]:
    sets = [*measured(SWINGING), *measured(SWINGING_HANGING)]
    return _elevation("swung (0.4 to 0.9 s up)", sets, sets, final_deg=1.0, live_deg=1.5)


def elevation_with_cheap_parts() -> Figure:
    sensors = SENSORS.replace("≤ 15 mg", "≤ 40 mg").replace("scale ≤ 1 %", "scale ≤ 3 %")
    sets = measured(CHEAP)
    population = describe(f"controlled tempo, {ANY_RATE}", sets, sensors)
    errors = [(one.seed, one.final) for one in sets]
    return _pooled("Leg elevation, cheap parts: RMSE final, pooled", population, errors, 1.2)


def _elevation(
    what: str,
    read: Sequence[MeasuredSet],
    followed: Sequence[MeasuredSet],
    *,
    final_deg: float,
    live_deg: float,
) -> tuple[Figure, ...]:
    title = f"Leg elevation, {what.split(' (', maxsplit=1)[0]}: RMSE"
    population = f"{what}, {ANY_RATE}"
    final, live = ([(one.seed, one.final) for one in read], [(one.seed, one.live) for one in followed])
    return (
        _pooled(f"{title} final, pooled", describe(population, read), final, final_deg),
        _pooled(f"{title} live, pooled", describe(population, followed), live, live_deg),
    )


def _pooled(what: str, population: str, errors: Sequence[tuple[int, AngleErrors]], limit: float) -> Figure:
    """Root mean square over all samples of all sets."""
    of_all = AngleErrors(sum(e.squares for _, e in errors), sum(e.count for _, e in errors))
    worst = worst_seeds((seed, error.rms_deg) for seed, error in errors)
    return Figure(what, population, (of_all.rms_deg,), limit, "°", worst)


def leg_range(mixed: Population = MIXED) -> Figure:
    sets = measured(mixed)
    found = deviations(sets, "range_deg")
    population = describe(f"everything by chance, {ANY_RATE}", sets)
    return Figure(
        "Range of a rep: 95 % within", population, (percentile(found, 95.0),), 1.5, "°", worst_seeds(found)
    )


def peak_tilt(mixed: Population = MIXED) -> Figure:
    return _pelvis("Peak anterior tilt: 90 % within", "pelvic_tilt_deg", 1.0, mixed)


def peak_rotation(mixed: Population = MIXED) -> Figure:
    return _pelvis("Peak rotation: 90 % within", "pelvic_rotation_deg", 1.5, mixed)


def _pelvis(what: str, name: str, limit: float, mixed: Population) -> Figure:
    sets = [one for one in measured(mixed) if one.plan.posture == "supine"]
    found = deviations(sets, name)
    population = describe(f"supine, pelvic share 10 to 35 %, {ANY_RATE}", sets)
    return Figure(what, population, (percentile(found, 90.0),), limit, "°", worst_seeds(found))


def momentum_of_mixed_sets(mixed: Population = MIXED) -> tuple[Figure, ...]:
    return _momentum("everything by chance", measured(mixed))


def momentum_when_swinging() -> tuple[Figure, ...]:
    """Everywhere else most of the true values are near 0."""
    return _momentum("swung", [*measured(SWINGING), *measured(SWINGING_HANGING)])


def _momentum(what: str, sets: Sequence[MeasuredSet]) -> tuple[Figure, ...]:
    return tuple(
        _momentum_in(what, posture, [one for one in sets if one.plan.posture == posture])
        for posture in ("supine", "hanging")
    )


def _momentum_in(what: str, posture: str, sets: Sequence[MeasuredSet]) -> Figure:
    found = deviations(sets, "momentum")
    much = sum((true.momentum or 0.0) >= LARGE_SHARE for one in sets for _, true in one.reps)
    population = describe(f"{posture}, {what}, {much} reps with a share of 0.2 or more, {ANY_RATE}", sets)
    title = f"Momentum share, {posture}, {what}: 95 % within"
    return Figure(title, population, (percentile(found, 95.0),), 0.08, "", worst_seeds(found))
