"""Readings of one sensor in an export, in the units of the recording format; of any CSV by a column map."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, FloatArray, IntArray
from imu_reps.errors import RecordingError, UsageError
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


#: Seconds per unit of time; units that count from 1970 begin with ``epoch_``.
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_TIME = _SECONDS | {f"epoch_{unit}": scale for unit, scale in _SECONDS.items()}
_ACC = {"m/s2": 1.0, "m/s^2": 1.0, "g": STANDARD_GRAVITY_MPS2, "mg": 1e-3 * STANDARD_GRAVITY_MPS2}
_ACC |= {f"-{unit}": -scale for unit, scale in _ACC.items()}
_GYR = {"deg/s": 1.0, "dps": 1.0, "mdps": 1e-3, "rad/s": DEG_A_RAD}
UNITS: Mapping[str, Mapping[str, float]] = {"time": _TIME, "acc": _ACC, "gyr": _GYR}
EXAMPLE = "time=t@ms; acc=ax,ay,az@g; gyr=gx,gy,gz@deg/s"


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Columns and units of time, acceleration and angular rate.

    Attributes
    ----------
    text : str
        The map as written.
    columns, units : mapping
        By ``time``, ``acc`` and ``gyr``.
    """

    text: str
    columns: Mapping[str, tuple[str, ...]]
    units: Mapping[str, str]


def column_map(text: str) -> ColumnMap:
    """Parse a column map.

    Raises
    ------
    UsageError
        ``bad_map``.
    """
    columns: dict[str, tuple[str, ...]] = {}
    units: dict[str, str] = {}
    for part in filter(str.strip, text.split(";")):
        key, equals, rest = part.strip().partition("=")
        names, at, unit = rest.rpartition("@")
        key, unit = key.strip(), unit.strip()
        if not equals or not at or key not in UNITS or key in columns:
            raise _bad_map(f"{part.strip()!r} is not one each of time=, acc=, gyr= with a unit behind @")
        if unit not in UNITS[key]:
            raise _bad_map(f"{unit!r} is no unit of {key}: {', '.join(UNITS[key])}")
        columns[key], units[key] = tuple(name.strip() for name in names.split(",")), unit
        if len(columns[key]) != (1 if key == "time" else 3):
            raise _bad_map(f"{key} has {len(columns[key])} columns")
    if missing := [key for key in UNITS if key not in columns]:
        raise _bad_map(f"{', '.join(missing)} is missing")
    return ColumnMap(text, columns, units)


def _bad_map(what: str) -> UsageError:
    return UsageError(f"--map: {what}.", hint=f"Write it as {EXAMPLE!r}.", code="bad_map")


#: What columns are called by which a map is suggested: a time, and three axes of each quantity.
_TIME_NAME = re.compile(r"t|ms|(?:time|sec|epoch).*|.*time.*", re.IGNORECASE)
_AXES_NAMES = {
    "acc": re.compile(r"(?:.*acc[a-z]*?|a)[ _.-]*([xyz])(?![a-z]).*", re.IGNORECASE),
    "gyr": re.compile(r"(?:.*(?:gyr|rot|ang|omega)[a-z]*?|g|w)[ _.-]*([xyz])(?![a-z]).*", re.IGNORECASE),
}


def suggested_map(table: ExportTable) -> str:
    """Return a column map for a table of an unknown kind, to be completed: its names, and usual units."""
    names = [name for name in table.columns if name and not set(name) & set(",;=@")]
    time = next(filter(_TIME_NAME.fullmatch, names), "TIME")
    axes = {
        key: _axes(sign, names) or [f"{key.upper()}_{axis}" for axis in "XYZ"]
        for key, sign in _AXES_NAMES.items()
    }
    return f"time={time}@s; acc={','.join(axes['acc'])}@m/s2; gyr={','.join(axes['gyr'])}@deg/s"


def _axes(sign: re.Pattern[str], names: Sequence[str]) -> list[str]:
    """Return the columns of three axes by their names; empty unless there is one of each."""
    found = {match[1].lower(): name for name in reversed(names) if (match := sign.fullmatch(name))}
    return [found[axis] for axis in "xyz"] if len(found) == 3 else []


def read_mapped(table: ExportTable, mapped: ColumnMap) -> tuple[ExportedSensor, ...]:
    """Read the sensor of a table by the mapped columns.

    Raises
    ------
    RecordingError
        As `ExportTable`.
    """
    time_unit = mapped.units["time"]
    time_s = table.number(mapped.columns["time"][0]) * _TIME[time_unit]
    acc, gyr = (
        Channel(
            time_s,
            np.asarray(table.vectors(mapped.columns[key]) * UNITS[key][mapped.units[key]]),
            f"{table.name}: {', '.join(mapped.columns[key])} in {mapped.units[key]}",
        )
        for key in ("acc", "gyr")
    )
    clock = EPOCH if time_unit.startswith("epoch_") else None
    assumed = (f"columns and units as said: {mapped.text}",)
    return (ExportedSensor("mapped", acc=acc, gyr=gyr, clock=clock, assumed=assumed),)
