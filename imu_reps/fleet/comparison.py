"""Compare two batch results: which figures changed, by exercise and rate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import log

from imu_reps.domain.summary import StoredSet
from imu_reps.fleet.dataset import Dataset
from imu_reps.fleet.file_store import FileStore
from imu_reps.report.formatting import pluralize
from imu_reps.report.summary_diff import ChangeTotals, changed_figures

#: Rates by which recordings are grouped, by the nearest.
RATES_HZ = (12.5, 25.0, 50.0, 100.0, 200.0, 400.0)

#: Exercise and rate.
Kind = tuple[str, float]


@dataclass(slots=True)
class Comparison:
    """Comparison of an older batch result with a newer one.

    Attributes
    ----------
    changes : dict
        Changes in recordings analysed in both, by exercise and rate.
    only_older, only_newer : int
        Number of recordings analysed in only one of them.
    new_errors, gone_errors : int
        Number of these that are errors in the newer, or in the older.
    """

    changes: dict[Kind, ChangeTotals] = field(default_factory=lambda: defaultdict(ChangeTotals))
    only_older: int = 0
    only_newer: int = 0
    new_errors: int = 0
    gone_errors: int = 0


def compare(older: str, newer: str) -> Comparison:
    """Compare two results partition by partition, to limit memory.

    Parameters
    ----------
    older, newer : str
        Folders or addresses that `imu_reps.fleet.batch_run.run_batch` wrote.

    Raises
    ------
    FileAccessError
        ``no_batch``, ``damaged_batch``; else as `FileStore`.
    UsageError
        ``other_format``: a later version wrote one of them.
    """
    found = Comparison()
    datasets = [Dataset.open_existing(FileStore(address)) for address in (older, newer)]
    alone: tuple[dict[str, StoredSet], dict[str, StoredSet]] = ({}, {})
    for pair in _by_partition(*datasets):
        for of_side, sets in zip(alone, pair, strict=True):
            of_side.update(sets)
        # a recording changes its partition if its header changes
        for file in alone[0].keys() & alone[1].keys():
            before, after = alone[0].pop(file), alone[1].pop(file)
            found.changes[_kind(after)].add(changed_figures(before.summary, after.summary))
    errors = [
        {row["file"] for row in one.rows(part for part in one.parts() if part.table == "errors")}
        for one in datasets
    ]
    found.only_older, found.only_newer = map(len, alone)
    found.new_errors = len(alone[0].keys() & errors[1])
    found.gone_errors = len(alone[1].keys() & errors[0])
    return found


def comparison_lines(found: Comparison) -> list[str]:
    """Format the comparison."""
    lines = []
    for (exercise, rate_hz), group in sorted(found.changes.items()):
        name = exercise.replace("_", " ")
        of_them = pluralize(group.recordings, "recording")
        come = "comes" if group.recordings == 1 else "come"
        lines.append(f"{name}, about {rate_hz:g} Hz: {group.changed} of {of_them} {come} out differently.")
        lines += [f"  {line}" for line in group.lines()]
    if found.only_older:
        errors = f", {found.new_errors} of them errors now" if found.new_errors else ""
        lines.append(f"{pluralize(found.only_older, 'recording')} no longer summed up{errors}.")
    if found.only_newer:
        errors = f", {found.gone_errors} of them errors before" if found.gone_errors else ""
        lines.append(f"{pluralize(found.only_newer, 'recording')} summed up that were not before{errors}.")
    return lines or ["Neither result holds a set."]


def _by_partition(older: Dataset, newer: Dataset) -> Iterator[tuple[dict[str, StoredSet], ...]]:
    """Yield the sets of each partition in both results, by file."""
    both = (older, newer)
    parts = [one.parts() for one in both]
    partitions = {file.partition for of_side in parts for file in of_side if file.table == "sets"}
    for partition in sorted(partitions, key=str):
        yield tuple(
            {stored.file: stored for stored in one.sets(partition, of_side)}
            for one, of_side in zip(both, parts, strict=True)
        )


def _kind(stored: StoredSet) -> Kind:
    sensor = stored.summary.sensors.ankle or stored.summary.sensors.pelvis
    rate_hz = sensor.rate_hz if sensor is not None else 100.0
    nearest = min(RATES_HZ, key=lambda one: abs(log(one / rate_hz)))
    return stored.summary.recording.exercise, nearest
