"""Populations of simulated sets, each simulated and analysed once, with truth and result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

import imu_reps
from imu_reps import (
    Event,
    ImuRepsError,
    Recording,
    Rep,
    SetPlan,
    Simulated,
    Summary,
    Truth,
    analyze,
    simulate,
)
from imu_reps.domain.events import RepCompleted, RepRetracted
from imu_reps.domain.samples import FloatArray
from imu_reps.sim.wearer import idle_plan, random_plan
from imu_reps.sources.replay_source import replay_blocks

#: Block length in live processing.
SLOT_S = 0.5

#: Angles are compared from this long before the first repetition until this long after the last.
MARGIN_S = 0.5


@dataclass(frozen=True)
class Population:
    """Random sets, one per seed, drawn with `draw` under `constraints`.

    Attributes
    ----------
    text : str
        The constraints in words, for the table.
    live : bool
        Whether the sets also go through the live pipeline.
    """

    text: str
    seeds: range
    live: bool = False
    draw: Callable[..., SetPlan] = random_plan
    constraints: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    __hash__ = object.__hash__


@dataclass(frozen=True)
class AngleErrors:
    """Sum of squared errors of a set's leg elevation, and the number of samples."""

    squares: float = 0.0
    count: int = 0

    @property
    def rms_deg(self) -> float:
        """Root mean square error; 0 without samples."""
        return float(np.sqrt(self.squares / self.count)) if self.count else 0.0


@dataclass(frozen=True)
class MeasuredSet:
    """One simulated set: the truth and the analysis.

    Attributes
    ----------
    count : int or None
        Count of the finished set; None if it was refused.
    live_count, closed_count : int or None
        Live counts before and after the corrections at the end; None if not followed live.
    reps : tuple of (found, true)
        Empty if the counts differ, since repetitions cannot be matched then.
    final, live : AngleErrors
    summary : Summary or None
        Summary of the finished set; None if it was refused.
    """

    seed: int
    plan: SetPlan
    true_count: int
    has_stalls: bool
    count: int | None
    live_count: int | None
    closed_count: int | None
    reps: tuple[tuple[Rep, Rep], ...]
    final: AngleErrors
    live: AngleErrors
    summary: Summary | None = None

    @property
    def rate_hz(self) -> float:
        """Nominal rate of the ankle sensor, Hz."""
        assert self.plan.ankle is not None
        return self.plan.ankle.rate_hz

    @property
    def fastest_dps(self) -> float:
        """Mean speed of the typical repetition in its faster phase, as commanded, deg/s."""
        speeds = [(r.top_deg - r.bottom_deg) / min(r.concentric_s, r.eccentric_s) for r in self.plan.reps]
        return float(np.median(speeds)) if speeds else 0.0


MIXED = Population("everything by chance", range(200))
#: The first of them, for everyday runs.
MIXED_FEW = Population("everything by chance", range(40))
#: The first of them, also live: following a set takes several times as long as analysing it.
FOLLOWED = Population("everything by chance", range(24), live=True)
FOLLOWED_LONG = Population("everything by chance", range(200), live=True)
IDLE = Population(
    "nobody does a repetition",
    range(1000, 1024),
    live=True,
    draw=idle_plan,
    constraints={"alignment": "mounted"},
)
SLOW_RADIO = Population("25 Hz, no stalls", range(2000, 2040), constraints={"rate_hz": 25.0, "stalls": False})
SWINGING = Population("swung", range(3000, 3040), live=True, constraints={"swing": True})
SWINGING_HANGING = Population(
    "swung, hanging",
    range(3100, 3115),
    live=True,
    constraints={"swing": True, "exercise": "hanging_leg_raise"},
)
CHEAP = Population(
    "controlled tempo, bias 40 mg, scale 3 %",
    range(4000, 4030),
    constraints={"swing": False, "acc_bias_mg": 40.0, "scale_error": 0.03},
)


#: Random personal traits, as demanding as those of foreign simulators. No figure is checked on it yet.
PERSONS = Population(
    "a person, everything by chance", range(7000, 7100), live=True, constraints={"person": True}
)


@cache
def measured(population: Population) -> tuple[MeasuredSet, ...]:
    """Simulate and analyse the sets of a population."""
    return tuple(measure(population, seed) for seed in population.seeds)


def measure(population: Population, seed: int) -> MeasuredSet:
    """Simulate and analyse one set."""
    plan = population.draw(np.random.default_rng(seed), **population.constraints)
    made = simulate(plan, seed=seed)
    try:
        return _followed(seed, plan, made) if population.live else _finished(seed, plan, made)
    except ImuRepsError:
        refused = AngleErrors()
        return MeasuredSet(
            seed, plan, made.truth.rep_count, made.truth.has_stalls, None, None, None, (), refused, refused
        )


def _finished(seed: int, plan: SetPlan, made: Simulated) -> MeasuredSet:
    analysis = analyze(made.recording)
    truth, track = made.truth, analysis.track
    return MeasuredSet(
        seed,
        plan,
        truth.rep_count,
        truth.has_stalls,
        analysis.summary.set.rep_count,
        None,
        None,
        _paired(analysis.summary.reps, truth),
        _angle_errors(track.time_s, track.leg_elevation_deg, truth),
        AngleErrors(),
        analysis.summary,
    )


def _followed(seed: int, plan: SetPlan, made: Simulated) -> MeasuredSet:
    """Process a set with the live pipeline, which analyses the finished set at the end."""
    pipeline = imu_reps.Pipeline(made.recording.header, sensors=worn(made.recording))
    events = [event for block in replay_blocks(made.recording, SLOT_S) for event in pipeline.push(block)]
    live_angles = pipeline.angles()
    live = _angle_errors(live_angles.time_s, live_angles.leg_elevation_deg, made.truth)
    closing, analysis = pipeline.finish()
    truth, track = made.truth, analysis.track
    return MeasuredSet(
        seed,
        plan,
        truth.rep_count,
        truth.has_stalls,
        analysis.summary.set.rep_count,
        counted(events),
        counted([*events, *closing]),
        _paired(analysis.summary.reps, truth),
        _angle_errors(track.time_s, track.leg_elevation_deg, truth),
        live,
        analysis.summary,
    )


def worn(recording: Recording) -> list[Any]:
    """Return the places of the sensors in a recording."""
    return [block.sensor for block in (recording.pelvis, recording.ankle) if block is not None]


def counted(events: list[Event]) -> int:
    """Return how many repetitions were announced and not withdrawn."""
    completed = sum(isinstance(event, RepCompleted) for event in events)
    return completed - sum(isinstance(event, RepRetracted) for event in events)


def _paired(found: tuple[Rep, ...], truth: Truth) -> tuple[tuple[Rep, Rep], ...]:
    return tuple(zip(found, truth.reps, strict=True)) if len(found) == truth.rep_count else ()


def _angle_errors(time_s: FloatArray, elevation_deg: FloatArray, truth: Truth) -> AngleErrors:
    if not truth.reps:
        return AngleErrors()
    of_set = (time_s >= truth.reps[0].start_s - MARGIN_S) & (time_s <= truth.reps[-1].end_s + MARGIN_S)
    true = np.interp(time_s[of_set], truth.angles.time_s, truth.angles.leg_elevation_deg)
    errors = elevation_deg[of_set] - true
    known = errors[np.isfinite(errors)]
    return AngleErrors(float((known**2).sum()), len(known))
