"""Legs that move as commanded, and simulated sets, each made once and shared by the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.signal import bilinear, lfilter
from scipy.spatial.transform import Rotation

from imu_reps import Analysis, Event, Header, Recording, SampleBlock, SetPlan, Simulated, analyze, simulate
from imu_reps.domain.samples import SENSOR_PLACES, STANDARD_GRAVITY_MPS2, FloatArray, SensorPlace
from imu_reps.domain.track import GRID_HZ

Way = tuple[float, float]

#: How a body moves, by part (n,), deg and m, at `time_s`; a part of a set: its duration in s, and where to.
#:
#: The `thigh`, from lying or hanging straight, and the `knee`; how far the pelvis tips back (`curl`), the
#: foot falls to the left (`foot`), and the whole body is rolled over to its left (`rolled`), swings forward
#: on the bar (`swing`), or is pulled up to it (`pulled`).
Joints = dict[str, FloatArray]
Part = tuple[float, Mapping[str, float]]

PARTS = ("thigh", "knee", "curl", "foot", "rolled", "swing", "pulled")
STEP_S, EVERY = 0.0025, 4

#: From the bar to the hips; of the thigh; from the knee to the strap, m.
BAR_M, THIGH_M, STRAP_M = 1.15, 0.42, 0.33

#: Sensor axes (left, cranial, anterior) of a body that lies with its feet along x, its left along y, z up.
LYING = Rotation.from_matrix(np.column_stack([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))


def minimum_jerk(share: np.ndarray) -> np.ndarray:
    """Return the share of the way covered at a share of its duration, for minimum jerk between rests."""
    return np.asarray(share**3 * (10.0 + share * (-15.0 + 6.0 * share)))


@pytest.fixture(scope="session")
def leg() -> Callable[[float, Iterable[Way]], np.ndarray]:
    """Build an angle on the grid from a start in deg and ways (to deg, duration in s) of minimum jerk."""

    def move(start_deg: float, ways: Iterable[Way]) -> np.ndarray:
        pieces, at_deg = [np.array([start_deg])], start_deg
        for to_deg, duration_s in ways:
            share = np.arange(1, round(duration_s * GRID_HZ) + 1) / round(duration_s * GRID_HZ)
            pieces.append(at_deg + (to_deg - at_deg) * minimum_jerk(share))
            at_deg = to_deg
        return np.concatenate(pieces)

    return move


@pytest.fixture(scope="session")
def joints() -> Callable[..., Joints]:
    """Build the joints of a body that goes from part to part by minimum jerk, from a start (else 0)."""

    def move(parts: Iterable[Part], **start: float) -> Joints:
        at = dict.fromkeys(PARTS, 0.0) | start
        pieces: list[FloatArray] = []
        for lasts_s, to in parts:
            share = minimum_jerk(np.arange(1, round(lasts_s / STEP_S) + 1) / round(lasts_s / STEP_S))
            pieces.append(
                np.array([at[part] + (to.get(part, at[part]) - at[part]) * share for part in PARTS])
            )
            at |= to
        moved = dict(zip(PARTS, np.hstack(pieces), strict=True))
        return moved | {"time_s": STEP_S * np.arange(len(moved["thigh"]))}

    return move


@pytest.fixture(scope="session")
def worn() -> Callable[..., Recording]:
    """Record what the two sensors on a body feel: the ankle's strapped on anyhow, by `seed`.

    A springy strap turns on the shank by `springs_deg` at 1 m/s² across it, and swings at `springs_hz`.
    """

    def record(
        header: Header, moved: Joints, seed: int = 0, springs_deg: float = 0.0, springs_hz: float = 10.0
    ) -> Recording:
        rng = np.random.default_rng(seed)
        strapped_on = Rotation.from_quat(rng.normal(size=4))
        radians = {part: np.radians(moved[part]) for part in PARTS}
        hanging = header.posture == "hanging"
        body = radians["swing"] - (np.pi / 2 if hanging else 0.0)
        thigh = body + radians["thigh"]
        shank = thigh - radians["knee"]
        hips = BAR_M * np.exp(1j * body) + 1j * moved["pulled"] if hanging else 0j * body
        strap = hips + THIGH_M * np.exp(1j * thigh) + STRAP_M * np.exp(1j * shank)
        rolled = Rotation.from_rotvec(radians["rolled"][:, None] * [-1.0, 0.0, 0.0])
        foot = Rotation.from_rotvec(radians["foot"][:, None] * [0.0, 1.0, 0.0])
        pelvis = rolled * _turned(body + radians["curl"])
        ankle = rolled * _turned(shank) * foot
        belt_m = rolled.apply(_in_space(hips)) + pelvis.apply([0.0, 0.04, 0.11])
        strap_m = rolled.apply(_in_space(strap)) + ankle.apply([0.0, 0.0, 0.04])
        ankle = ankle * _sprung(ankle.inv().apply(_acceleration(strap_m))[:, 2], springs_deg, springs_hz)
        return Recording(
            header,
            _block("pelvis", pelvis, _acceleration(belt_m), rng),
            _block("ankle", ankle * strapped_on, _acceleration(strap_m), rng),
        )

    return record


def _turned(angle: FloatArray) -> Rotation:
    """Return the axes of a segment that goes from its joint at an angle over the floor, (n,) rad."""
    return Rotation.from_rotvec(angle[:, None] * [0.0, -1.0, 0.0]) * LYING


def _in_space(at: np.ndarray) -> FloatArray:
    """Return places in the sagittal plane (n,), complex, in space (n, 3)."""
    return np.column_stack([at.real, 0.0 * at.real, at.imag])


def _acceleration(path_m: FloatArray) -> FloatArray:
    return np.asarray(np.gradient(np.gradient(path_m, STEP_S, axis=0), STEP_S, axis=0))


def _sprung(across_mps2: FloatArray, springs_deg: float, springs_hz: float) -> Rotation:
    """Return the turns of a damped spring that yields to an acceleration, about the axis to the left."""
    rate = 2.0 * np.pi * springs_hz
    spring = bilinear([rate**2], [1.0, 0.6 * rate, rate**2], 1.0 / STEP_S)
    turn = np.radians(springs_deg) * lfilter(*spring, across_mps2)
    return Rotation.from_rotvec(turn[:, None] * [1.0, 0.0, 0.0])


def _block(
    place: SensorPlace, axes: Rotation, acceleration_mps2: FloatArray, rng: np.random.Generator
) -> SampleBlock:
    rows = slice(EVERY, len(axes) - EVERY, EVERY)
    force = axes.inv().apply(acceleration_mps2 + np.array([0.0, 0.0, STANDARD_GRAVITY_MPS2]))[rows]
    rate_dps = np.degrees((axes[:-1].inv() * axes[1:]).as_rotvec()[rows] / STEP_S)
    force = force + rng.normal(0.0, 0.03, force.shape)
    rate_dps = rate_dps + rng.normal(0.0, 0.1, rate_dps.shape)
    numbers = np.arange(len(force))
    return SampleBlock(
        place, EVERY * STEP_S * numbers, numbers, np.full(len(numbers), np.nan), force, rate_dps
    )


@pytest.fixture(scope="session")
def simulated() -> Callable[[SetPlan], Simulated]:
    """Simulate the set of a plan, once per plan."""
    return cache(lambda plan: simulate(plan, seed=7))


@pytest.fixture(scope="session")
def analysed(simulated: Callable[[SetPlan], Simulated]) -> Callable[[SetPlan], Analysis]:
    """Analyse the simulated set of a plan, once per plan."""
    return cache(lambda plan: analyze(simulated(plan).recording))


@pytest.fixture(scope="session")
def in_blocks() -> Callable[[Recording, Iterable[int]], Iterator[tuple[SampleBlock, ...]]]:
    """Split a recording at sample counts of both sensors together; each part is the blocks of one push."""

    def cut(recording: Recording, edges: Iterable[int]) -> Iterator[tuple[SampleBlock, ...]]:
        worn = [block for place in SENSOR_PLACES if (block := recording.samples(place)) is not None]
        which = np.concatenate([np.full(len(block), k) for k, block in enumerate(worn)])
        order = np.argsort(np.concatenate([block.time_s for block in worn]), kind="stable")
        taken = [0] * len(worn)
        for start, end in pairwise([*edges, len(order)]):
            counts = np.bincount(which[order[start:end]], minlength=len(worn)).tolist()
            yield tuple(
                block[first : first + count]
                for block, first, count in zip(worn, taken, counts, strict=True)
                if count
            )
            taken = [first + count for first, count in zip(taken, counts, strict=True)]

    return cut


@pytest.fixture(scope="session")
def same_events() -> Callable[[list[Event], list[Event]], None]:
    """Check that two event lists are equal but for rounding of sums taken in another order."""

    def same(events: list[Event], other_events: list[Event]) -> None:
        assert [type(event) for event in events] == [type(event) for event in other_events]
        for event, other in zip(events, other_events, strict=True):
            for (name, value), (other_name, other_value) in zip(_leaves(event), _leaves(other), strict=True):
                assert name == other_name
                if isinstance(other_value, float):
                    assert value == pytest.approx(other_value, abs=1e-9, rel=1e-9), name
                else:
                    assert value == other_value, name

    return same


def _leaves(event: Event) -> list[tuple[str, Any]]:
    """Return the name and value of every leaf of an event."""

    def leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from leaves(f"{name}.{key}", inner)
        elif isinstance(value, list | tuple):
            for k, inner in enumerate(value):
                yield from leaves(f"{name}.{k}", inner)
        else:
            yield name, value

    return list(leaves(type(event).__name__, asdict(event)))
