"""Real supine raises cut anywhere and turned randomly, and the counts allowed for such a cut.

A cut begins and ends at a rest, at a top, on a way up or on a way down, and contains at least three whole
repetitions. By docs/definitions.md#a-repetition a repetition that is cut off at the beginning or the end
counts or not depending on what is left of it; where this is within the accuracy of the labels, both counts
are allowed.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from leg_angle import LegAngle, leg_angle
from real_recordings import ankle_recording, between, read_labels, read_table
from scipy.spatial.transform import Rotation

from imu_reps import Recording
from imu_reps.domain.samples import FloatArray

#: Where a cut begins or ends.
Place = Literal["rest", "top", "up", "down"]
PLACES: tuple[Place, ...] = ("rest", "top", "up", "down")

SEEDS = range(200)

MIN_REPS = 3
MAX_REPS = 15

#: A rise or fall of less than this share of the usual range is no repetition:
#: docs/definitions.md#a-repetition.
COUNTS_FROM = 0.35

#: The labelled 15 and 85 % crossings are accurate to 0.2 s; a cut this close to one allows either count.
NEAR_END_S = 0.3

#: A way out or back counts from 35 % of the usual range and 8°; within these, either count is allowed.
NEAR_SHARE = (0.25, 0.45)
NEAR_DEG = (6.0, 10.0)

#: A rest is left by this much before the 15 % crossing, and a top is kept clear of the 85 % crossings.
CLEAR_OF_START_S, CLEAR_OF_TOP_S = 0.15, 0.1


@dataclass(frozen=True)
class Cut:
    """A piece of a real recording.

    Attributes
    ----------
    name : str
        The person, the stretch, and where it begins and ends.
    recording : Recording
        The ankle sensor alone, turned randomly, time from 0.
    allowed : frozenset of int
        Right counts.
    """

    name: str
    recording: Recording
    allowed: frozenset[int]


@dataclass(frozen=True)
class Labelled:
    """Labels of one repetition: crossings of 15 and 85 % of its range, and that range."""

    start_s: float
    top_s: float
    lower_s: float
    end_s: float
    range_deg: float


@dataclass(frozen=True)
class Source:
    """A whole recording with its labels and the angle of the leg, up positive."""

    name: str
    table: pd.DataFrame
    reps: tuple[Labelled, ...]
    angle: LegAngle

    def angle_between(self, begin_s: float, end_s: float) -> FloatArray:
        """Return the angle of the leg in a stretch."""
        time = self.angle.time_s
        return self.angle.angle_deg[(time >= begin_s) & (time <= end_s)]


@cache
def sources(datasets: Path) -> tuple[Source, ...]:
    """Return the supine raises whose repetitions are labelled one by one."""
    found = (_source(path) for path in sorted((datasets / "ptex_leg").glob("*_e3_*.csv.gz")))
    return tuple(source for source in found if source.reps)


def cuts(datasets: Path, seeds: Sequence[int] = SEEDS) -> tuple[Cut, ...]:
    """Return one cut per seed; any sixteen consecutive seeds cover all kinds of beginnings and ends."""
    found = sources(datasets)
    return tuple(_cut(found, seed) for seed in seeds)


def _source(path: Path) -> Source:
    table = read_table(path)
    reps = tuple(
        Labelled(*(rep[key] for key in ("t_start", "t_top", "t_lower", "t_end", "rom_deg")))
        for one in read_labels(path).get("sets", [])
        for rep in one["reps"]
    )
    ankle = ankle_recording(table).ankle
    assert ankle is not None
    return Source(path.name.split("_")[0], table, reps, _up_positive(leg_angle(ankle), reps))


def _up_positive(angle: LegAngle, reps: Sequence[Labelled]) -> LegAngle:
    """Return the angle with the sign by which labelled tops are above labelled starts."""
    rises = [np.diff(np.interp([rep.start_s, rep.top_s], angle.time_s, angle.angle_deg)) for rep in reps]
    sign = -1.0 if rises and np.median(rises) < 0.0 else 1.0
    return LegAngle(angle.time_s, sign * angle.angle_deg)


def _cut(found: Sequence[Source], seed: int) -> Cut:
    draw = np.random.default_rng(seed)
    begins, ends = list(itertools.product(PLACES, PLACES))[seed % len(PLACES) ** 2]
    source = found[int(draw.integers(len(found)))]
    first, after = _whole_reps(len(source.reps), begins, ends, draw)
    usual_deg = usual_range_deg([rep.range_deg for rep in source.reps[first:after]])
    begin_s, at_begin = _begin(source, first, begins, draw)
    end_s, at_end = _end(source, after, ends, usual_deg, draw)
    return Cut(
        f"cut {seed}: {source.name} {begin_s:.2f}-{end_s:.2f} s, {begins} to {ends}",
        ankle_recording(_turned(between(source.table, begin_s, end_s), draw)),
        frozenset(
            after - first + before_count + after_count for before_count in at_begin for after_count in at_end
        ),
    )


def _whole_reps(count: int, begins: Place, ends: Place, draw: np.random.Generator) -> tuple[int, int]:
    """Return the first whole repetition, and the first one after it that is not whole."""
    earliest = 0 if begins == "rest" else 1
    latest = count if ends == "rest" else count - 1
    whole = int(draw.integers(MIN_REPS, MAX_REPS + 1))
    first = int(draw.integers(earliest, latest - whole + 1))
    return first, first + whole


def _begin(
    source: Source, first: int, place: Place, draw: np.random.Generator
) -> tuple[float, tuple[int, ...]]:
    """Return the beginning of a cut, and the allowed counts of the repetition before the first whole one."""
    if place == "rest":
        return _at_rest(source, first, draw), (0,)
    cut_off = source.reps[first - 1]
    begin_s = _within(cut_off, place, draw)
    return begin_s, (0, 1) if begin_s - cut_off.start_s < NEAR_END_S else (0,)


def _end(
    source: Source, after: int, place: Place, usual_deg: float, draw: np.random.Generator
) -> tuple[float, tuple[int, ...]]:
    """Return the end of a cut, and the allowed counts of the repetition after the last whole one."""
    if place == "rest":
        return _at_rest(source, after, draw), (0,)
    cut_off = source.reps[after]
    end_s = _within(cut_off, place, draw)
    if place == "up":
        return end_s, (0,)
    if place == "down":
        return end_s, (0, 1) if cut_off.end_s - end_s < NEAR_END_S else (0,)
    sunk_deg = greatest_rise_deg(-source.angle_between(cut_off.start_s, end_s))
    return end_s, (0,) if _counts(sunk_deg, usual_deg) == (0,) else (0, 1)


def _at_rest(source: Source, number: int, draw: np.random.Generator) -> float:
    """Return a time in the rest before a repetition, or after the last."""
    reps = source.reps
    since_s = reps[number - 1].end_s + NEAR_END_S if number else 0.0
    until_s = reps[number].start_s - CLEAR_OF_START_S if number < len(reps) else source.angle.time_s[-1]
    return float(draw.uniform(since_s, until_s))


def _within(rep: Labelled, place: Place, draw: np.random.Generator) -> float:
    """Return a time in the repetition's top, way up or way down."""
    spans = {
        "up": (rep.start_s, rep.top_s),
        "top": (rep.top_s + CLEAR_OF_TOP_S, rep.lower_s - CLEAR_OF_TOP_S),
        "down": (rep.lower_s, rep.end_s),
    }
    return float(draw.uniform(*spans[place]))


def _counts(way_deg: float, usual_deg: float) -> tuple[int, ...]:
    """Return whether a way of this size is enough for a repetition: 0, 1, or either near the limits."""
    if way_deg < NEAR_DEG[0] or way_deg < NEAR_SHARE[0] * usual_deg:
        return (0,)
    if way_deg > NEAR_DEG[1] and way_deg > NEAR_SHARE[1] * usual_deg:
        return (1,)
    return (0, 1)


def greatest_rise_deg(angle_deg: FloatArray) -> float:
    """Return the largest rise of the angle above an earlier value."""
    return float((angle_deg - np.minimum.accumulate(angle_deg)).max(initial=0.0))


def usual_range_deg(ranges_deg: Sequence[float]) -> float:
    """Return the median of the ranges weighted by size, without those under 35 % of it."""
    ranges = np.sort(np.asarray(ranges_deg, dtype=float))
    while True:
        share = np.cumsum(ranges) / ranges.sum()
        usual = float(ranges[np.searchsorted(share, 0.5)])
        counted = ranges[ranges >= COUNTS_FROM * usual]
        if len(counted) == len(ranges):
            return usual
        ranges = counted


def _turned(table: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    """Return the samples of an ankle sensor with a random orientation, uniform over all rotations."""
    turn = Rotation.from_quat(draw.normal(size=4))
    turned = table.copy()
    for kind in "ag":
        columns = [f"ankle_r_{kind}{axis}" for axis in "xyz"]
        turned[columns] = turn.apply(table[columns].to_numpy())
    return turned
