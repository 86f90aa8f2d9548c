"""Real recordings from outside the project, converted, with their known counts.

The folder is not part of the project; nothing is read from it at import.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imu_reps import Header, Recording, SampleBlock, SensorHeader, Summary, analyze
from imu_reps.domain.exercise import Exercise, default_posture, default_start
from imu_reps.domain.samples import SensorPlace

LEG_HZ, WALK_HZ = 25.0, 100.0

#: Labelled sets are cut out with this margin before and after.
MARGIN_S = 1.5


@dataclass(frozen=True)
class Known:
    """A recording (or a stretch of one), and the number of repetitions in it."""

    name: str
    recording: Recording
    expected: int | None


@dataclass(frozen=True)
class Counted:
    """A recording (or a stretch of one), the number of repetitions in it, and the number found."""

    name: str
    expected: int | None
    found: int | None


def folder() -> Path | None:
    """Return the folder of recordings: ``IMU_REPS_DATASETS``, or ``../shared/datasets`` by the checkout."""
    default = Path(__file__).parents[3] / "shared" / "datasets"
    found = Path(os.environ.get("IMU_REPS_DATASETS") or default)
    return found if found.is_dir() else None


@cache
def supine_raises(datasets: Path) -> tuple[Counted, ...]:
    """Return the counts of the raises."""
    return tuple(map(_counted, raises(datasets)))


@cache
def nobody_raises(datasets: Path) -> tuple[Counted, ...]:
    """Return the counts of recordings in which no leg is raised."""
    return tuple(map(_counted, idle(datasets)))


@cache
def pelvis_only_walks(datasets: Path) -> tuple[Counted, ...]:
    """Return the counts of walks with a single sensor at the lower back, which cannot be counted."""
    return tuple(map(_counted, walks(datasets)))


def raises(datasets: Path) -> tuple[Known, ...]:
    """Return every supine straight leg raise, whole, and every labelled set of them."""
    return tuple(
        known for path in sorted((datasets / "ptex_leg").glob("*_e3_*.csv.gz")) for known in _sets(path)
    )


def idle(datasets: Path) -> tuple[Known, ...]:
    """Return recordings and stretches in which no leg is raised."""
    legs = datasets / "ptex_leg"
    walk = datasets / "negative_controls" / "qmt_walk_pelvis_shank.csv.gz"
    found = [
        Known(path.name, ankle_recording(read_table(path)), 0)
        for path in sorted(legs.glob("*_NEGATIVE.csv.gz"))
    ]
    found += [Known(walk.name, _walk(read_table(walk)), 0)]
    found += [rest for path in sorted(legs.glob("*_e[345]_*.csv.gz")) for rest in _rests(path)]
    return tuple(found)


def walks(datasets: Path) -> tuple[Known, ...]:
    """Return walks with a single sensor at the lower back."""
    paths = sorted((datasets / "negative_controls").glob("mobgap_*.csv.gz"))
    return tuple(Known(path.name, _lower_back(read_table(path)), None) for path in paths)


@cache
def labelled_sets(datasets: Path) -> dict[tuple[str, str], Summary]:
    """Return the summary of every labelled set of supine raises, by person and kind of set."""
    found = {}
    for path in sorted((datasets / "ptex_leg").glob("*_e3_*.csv.gz")):
        table = read_table(path)
        for one in read_labels(path).get("sets", []):
            piece = between(table, one["t0"] - MARGIN_S, one["t1"] + MARGIN_S)
            found[path.name.split("_")[0], one["kind"]] = analyze(ankle_recording(piece)).summary
    return found


def _sets(path: Path) -> Iterator[Known]:
    table, labels = read_table(path), read_labels(path)
    yield Known(path.name, ankle_recording(table), labels["expected_leg_reps_total"])
    for number, one in enumerate(labels.get("sets", []), 1):
        piece = between(table, one["t0"] - MARGIN_S, one["t1"] + MARGIN_S)
        name = f"{path.name} set {number} {one['kind']}"
        yield Known(name, ankle_recording(piece), one["expected_reps"])


def _rests(path: Path) -> Iterator[Known]:
    table = read_table(path)
    for begin, end in read_labels(path).get("rest_windows_expected_0_reps", []):
        name = f"{path.name} {begin:.0f}-{end:.0f} s"
        yield Known(name, ankle_recording(between(table, begin, end)), 0)


def _counted(known: Known) -> Counted:
    summary = analyze(known.recording).summary
    found = summary.set.rep_count
    assert found is not None or not summary.reps, known.name
    return Counted(known.name, known.expected, found)


def read_table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path)


def read_labels(path: Path) -> Any:
    return json.loads(path.with_name(path.name.replace(".csv.gz", ".labels.json")).read_text("utf-8"))


def between(table: pd.DataFrame, begin_s: float, end_s: float) -> pd.DataFrame:
    return table[(table.t_s >= begin_s) & (table.t_s <= end_s)].reset_index(drop=True)


def _header(rate_hz: float, exercise: Exercise = "single_leg_raise") -> Header:
    pelvis = SensorHeader(rate_hz=rate_hz, cranial_axis="+x", anterior_axis="+z")
    return Header(
        exercise=exercise,
        start=default_start(exercise),
        posture=default_posture(exercise),
        pelvis=pelvis,
        ankle=SensorHeader(rate_hz=rate_hz),
    )


def ankle_recording(table: pd.DataFrame) -> Recording:
    """Return the right ankle sensor alone, as a single leg raise with an otherwise empty header."""
    return Recording(_header(LEG_HZ), None, _block(table, "ankle", "ankle_r_", LEG_HZ))


def _walk(table: pd.DataFrame) -> Recording:
    return Recording(
        _header(WALK_HZ),
        _block(table, "pelvis", "pelvis_", WALK_HZ),
        _block(table, "ankle", "ankle_r_", WALK_HZ),
    )


def _lower_back(table: pd.DataFrame) -> Recording:
    return Recording(_header(WALK_HZ), _block(table, "pelvis", "pelvis_", WALK_HZ), None)


def _block(table: pd.DataFrame, place: SensorPlace, prefix: str, rate_hz: float) -> SampleBlock:
    time = table.t_s.to_numpy() - table.t_s.iloc[0]
    acc, gyr = (
        np.ascontiguousarray(table[[f"{prefix}{kind}{axis}" for axis in "xyz"]], dtype=float)
        for kind in ("a", "g")
    )
    number = np.rint(time * rate_hz).astype(np.int64)
    return SampleBlock(place, time, number, np.full(len(time), np.nan), acc, np.degrees(gyr))
