"""Readings of one sensor in an export, in the units of the recording format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.samples import FloatArray, IntArray
from imu_reps.errors import RecordingError
from imu_reps.importers.text_tables import ExportTable, import_error

DEG_A_RAD = 180.0 / np.pi

#: Clocks that two files may share.
EPOCH, PHONE_TIME, TIME_OF_DAY = "seconds since 1970", "the phone's local time", "the time of day"


@dataclass(frozen=True, slots=True)
class Channel:
    """One quantity of a sensor over time.

    Attributes
    ----------
    time_s : (n,) float
        On the clock `ExportedSensor.clock`.
    values : (n, 3) float
        Specific force in m/s², or angular rate in deg/s.
    columns : str
        File and columns, for the header.
    """

    time_s: FloatArray
    values: FloatArray
    columns: str

    def __len__(self) -> int:
        return len(self.time_s)


def channel(table: ExportTable, time_s: FloatArray, columns: Sequence[str], scale: float = 1.0) -> Channel:
    """Read three columns of a table as a quantity; raises as `ExportTable`."""
    return Channel(time_s, table.vectors(columns) * scale, f"{table.name}: {', '.join(columns)}")


@dataclass(frozen=True, slots=True)
class ExportedSensor:
    """Readings of one sensor from one or several files.

    Attributes
    ----------
    format : str
        Name of the format.
    name : str or None
        Name of the sensor in the file; None if the file holds one.
    clock : str or None
        Clock of the times; files with the same clock are synchronous; None for their own start.
    sample : (n,) int or None
        Sample numbers of the sensor; None if it has none.
    assumed : tuple of str
        Assumptions, in words.
    device_time : bool
        Whether the times are the sensor's own, else of arrival.
    """

    format: str
    name: str | None = None
    acc: Channel | None = None
    gyr: Channel | None = None
    clock: str | None = None
    sample: IntArray | None = None
    assumed: tuple[str, ...] = ()
    device_time: bool = True


def merge_parts(parts: Sequence[ExportedSensor], place: str) -> ExportedSensor:
    """Merge the files of one sensor.

    Raises
    ------
    RecordingError
        ``no_samples``, ``mixed_formats``, ``acceleration_twice``, ``gyroscope_twice``.
    """
    if not parts:
        raise import_error(
            place,
            "there are no samples in what was named.",
            hint="Name the files of samples.",
            code="no_samples",
        )
    first = parts[0]
    if len({(part.format, part.clock) for part in parts}) > 1:
        raise import_error(
            place,
            "its files are of different formats or have no clock in common.",
            hint="Name files of one recording of one sensor.",
            code="mixed_formats",
        )
    accs = [part.acc for part in parts if part.acc is not None]
    gyrs = [part.gyr for part in parts if part.gyr is not None]
    for found, word in ((accs, "acceleration"), (gyrs, "gyroscope")):
        if len(found) > 1:
            raise import_error(
                place,
                f"{len(found)} files hold its {word}: {', '.join(one.columns for one in found)}.",
                hint="Name one of them; for the other sensor, use its own option.",
                code=f"{word}_twice",
            )
    assumed = tuple(dict.fromkeys(word for part in parts for word in part.assumed))
    sample = first.sample if len(parts) == 1 else None
    return replace(
        first,
        acc=accs[0] if accs else None,
        gyr=gyrs[0] if gyrs else None,
        assumed=assumed,
        sample=sample,
    )


def unwrapped(counter: FloatArray, modulus: float) -> FloatArray:
    """Unwrap a counter that wraps at `modulus`."""
    steps = np.diff(counter)
    steps = np.where(steps < -modulus / 2, steps + modulus, steps)
    return np.concatenate([counter[:1], counter[0] + np.cumsum(steps)]) if len(counter) else counter


def numbering(counter: FloatArray) -> IntArray | None:
    """Convert a counter to sample numbers; None if it is not one."""
    whole = np.abs(counter) < 2.0**53
    return counter.astype(np.int64) if whole.all() and (counter == np.round(counter)).all() else None


def columns_error(table: ExportTable, what: str, hint: str) -> RecordingError:
    """Return the error of a table without usable columns."""
    return import_error(
        table.name,
        f"its columns are {', '.join(table.columns)[:200]}{what}.",
        hint=hint,
        code="unknown_unit",
    )


def gravity_removed_error(name: str, columns: str) -> RecordingError:
    """Return the error of an export whose acceleration lacks gravity."""
    return import_error(
        name,
        f"its acceleration ({columns}) has gravity removed: without it nobody can tell which way is down.",
        hint="Export the acceleration with gravity (not linear, free or user acceleration).",
        code="gravity_removed",
    )


def orientation_only_error(name: str, what: str) -> RecordingError:
    """Return the error of an export with orientations only."""
    return import_error(
        name,
        f"it holds {what} only, no angular rate and no acceleration with gravity.",
        hint="Record again in a mode with acceleration and angular rate; orientations cannot be turned back.",
        code="orientation_only",
    )
