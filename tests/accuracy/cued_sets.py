"""Simulated sets as they would have been coached: the cues and the truth.

No threshold was chosen by these seeds: those from 7000, 17000, 27000 and 37000 on served for that. A false
cue at one from 47000 on led to a rule (tilt is reported from the zero of a rest); those from 57000 on led
to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain
from types import MappingProxyType
from typing import Any

import numpy as np

from imu_reps import Event, Pipeline, Recording, SetPlan, Truth, simulate
from imu_reps.coaching.coach import Coach, is_interrupted
from imu_reps.coaching.cues import CoachPlan
from imu_reps.domain.cue import Cue
from imu_reps.domain.events import FloorNear, LimitCrossed
from imu_reps.domain.samples import FloatArray
from imu_reps.kinematics.stream_grid import WAIT_S
from imu_reps.sim.wearer import random_plan
from imu_reps.sources.replay_source import replay_blocks

#: Events do not depend on the block size; large blocks are fast.
SLOT_S = 0.25

#: Polling interval of the coach, as in a session.
TICK_S = 0.05

#: A sample younger than this is still within its packet.
FRESH_S = 0.01


@dataclass(frozen=True)
class CuedPopulation:
    """Random sets at 100 Hz, one per seed, and a description of their constraints."""

    text: str
    seeds: tuple[range, ...]
    constraints: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    __hash__ = object.__hash__


@dataclass(frozen=True)
class CuedSet:
    """One set: all cues in order, possible floor warnings, and crossed limits with detection times."""

    seed: int
    plan: SetPlan
    truth: Truth
    cues: tuple[Cue, ...]
    near_floor: tuple[FloorNear, ...]
    crossed: tuple[tuple[float, LimitCrossed], ...]

    @property
    def true_count(self) -> int:
        """Number of commanded repetitions."""
        return self.truth.rep_count


PLAIN = CuedPopulation(
    "everything by chance, 100 Hz, sets of up to 15 s",
    (range(47000, 47120), range(57000, 57120)),
    {"rate_hz": 100.0, "longest_s": 15.0},
)
FAULTY = CuedPopulation(
    "single leg raises, each fault with a chance of 0.5, no stalls, 100 Hz, sets of up to 15 s",
    (range(47200, 47280), range(57200, 57280)),
    {
        "exercise": "single_leg_raise",
        "rate_hz": 100.0,
        "longest_s": 15.0,
        "fault_share": 0.5,
        "stalls": False,
        "life": False,
    },
)

#: A few of each for everyday runs; not used for choosing a threshold.
FEW_PLAIN = replace(PLAIN, seeds=(range(67000, 67008),))
FEW_FAULTY = replace(FAULTY, seeds=(range(67200, 67212),))


def spoken_until(cues: Sequence[Cue]) -> list[tuple[Cue, float]]:
    """Return the spoken ones of consecutive cues, each with its end: finished, or cut off by the next."""
    spoken = [cue for cue in cues if cue.words]
    return [(cue, _ends_s(cue, after)) for cue, after in zip(spoken, [*spoken[1:], None], strict=False)]


def _ends_s(cue: Cue, after: Cue | None) -> float:
    spoken_s = cue.time_s + cue.duration_s
    return spoken_s if after is None or not is_interrupted(cue, after) else min(spoken_s, after.time_s)


@cache
def cued(population: CuedPopulation) -> tuple[CuedSet, ...]:
    """Simulate the sets of a population and coach them."""
    return tuple(_cued(population, seed) for seed in chain.from_iterable(population.seeds))


def _cued(population: CuedPopulation, seed: int) -> CuedSet:
    plan = random_plan(np.random.default_rng(seed), **population.constraints)
    made = simulate(plan, seed=seed)
    pipeline = Pipeline(made.recording.header)
    events = [event for block in replay_blocks(made.recording, SLOT_S) for event in pipeline.push(block)]
    coach = Coach(CoachPlan(start=made.recording.header.start, reps=made.truth.rep_count))
    known = [(_known_s(made.recording, event.time_s), event) for event in events]
    cues = tuple(_coached(coach, known))
    near_floor = tuple(event for event in events if isinstance(event, FloorNear))
    crossed = tuple((at_s, event) for at_s, event in known if isinstance(event, LimitCrossed))
    return CuedSet(seed, plan, made.truth, cues, near_floor, crossed)


def _coached(coach: Coach, known: list[tuple[float, Event]]) -> Iterator[Cue]:
    """Let the session's time pass and deliver every event when it is known."""
    if not known:
        return
    following = 0
    for now_s in np.arange(0.0, known[-1][0] + 3.0, TICK_S).tolist():
        due = []
        while following < len(known) and known[following][0] <= now_s:
            due.append(known[following][1])
            following += 1
        yield from coach.take(due, now_s)


def _known_s(recording: Recording, time_s: float) -> float:
    """Return when a grid time is known: both sensors have sent past it, or the wait for one is over."""
    arrivals = [_next_arrival(block.time_s, time_s) for block in (recording.pelvis, recording.ankle) if block]
    return min(max(arrivals), min(arrivals) + WAIT_S)


def _next_arrival(arrival_s: FloatArray, time_s: float) -> float:
    at = int(np.searchsorted(np.maximum.accumulate(arrival_s), time_s + FRESH_S, side="right"))
    return float(arrival_s[min(at, len(arrival_s) - 1)])
