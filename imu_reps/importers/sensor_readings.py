"""What an export holds of one sensor, in the units of the recording format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.samples import FloatArray, IntArray
from imu_reps.errors import RecordingError
from imu_reps.importers.text_tables import import_fault

G_MPS2 = 9.80665
DEG_A_RAD = 180.0 / np.pi

#: Clocks that two files may have in common: seconds since 1970, those of a phone that names no zone, the time
#: of day.
EPOCH, PHONE_TIME, TIME_OF_DAY = "seconds since 1970", "the phone's local time", "the time of day"


@dataclass(frozen=True, slots=True)
class Channel:
    """One quantity of a sensor over time.

    Attributes
    ----------
    time_s : (n,) float
        On the clock that `ForeignSensor.clock` names.
    values : (n, 3) float
        Specific force in m/s², or angular rate in deg/s.
    columns : str
        Where in which file they stand, for the header.
    """

    time_s: FloatArray
    values: FloatArray
    columns: str

    def __len__(self) -> int:
        return len(self.time_s)


@dataclass(frozen=True, slots=True)
class ForeignSensor:
    """What one or several files say of one sensor.

    Attributes
    ----------
    format : str
        Name of the format.
    name : str or None
        Which of a file's sensors it is; None where a file holds one.
    acc, gyr : Channel or None
    clock : str or None
        What the times count from: files with the same can be laid side by side; None: their own start.
    sample : (n,) int or None
        The sensor's own numbering of its samples; None: it has none.
    assumed : tuple of str
        What was taken for granted, in words.
    device_time : bool
        The times are the sensor's own; else of their arrival.
    """

    format: str
    name: str | None
    acc: Channel | None
    gyr: Channel | None
    clock: str | None
    sample: IntArray | None = None
    assumed: tuple[str, ...] = ()
    device_time: bool = True


def united(parts: Sequence[ForeignSensor], place: str) -> ForeignSensor:
    """One sensor of the files that tell of it.

    Raises
    ------
    RecordingError
        ``no_samples``, ``mixed_formats``, ``acceleration_twice``, ``gyroscope_twice``.
    """
    if not parts:
        raise import_fault(
            place,
            "there are no samples in what was named.",
            hint="Name the files of samples.",
            code="no_samples",
        )
    first = parts[0]
    if len({(part.format, part.clock) for part in parts}) > 1:
        raise import_fault(
            place,
            "its files are of different formats or have no clock in common.",
            hint="Name files of one recording of one sensor.",
            code="mixed_formats",
        )
    accs = [part.acc for part in parts if part.acc is not None]
    gyrs = [part.gyr for part in parts if part.gyr is not None]
    for found, word in ((accs, "acceleration"), (gyrs, "gyroscope")):
        if len(found) > 1:
            raise import_fault(
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
    """A counter that begins anew after `modulus`, as one that goes on."""
    steps = np.diff(counter)
    steps = np.where(steps < -modulus / 2, steps + modulus, steps)
    return np.concatenate([counter[:1], counter[0] + np.cumsum(steps)]) if len(counter) else counter


def numbering(counter: FloatArray) -> IntArray | None:
    """A sensor's own numbering of its samples; None where it is none."""
    whole = np.abs(counter) < 2.0**53
    return counter.astype(np.int64) if whole.all() and (counter == np.round(counter)).all() else None


def refuse_gravity_removed(name: str, columns: str) -> RecordingError:
    """The error of an export whose acceleration lacks gravity."""
    return import_fault(
        name,
        f"its acceleration ({columns}) has gravity removed: without it nobody can tell which way is down.",
        hint="Export the acceleration with gravity (not linear, free or user acceleration).",
        code="gravity_removed",
    )


def refuse_orientation_only(name: str, what: str) -> RecordingError:
    """The error of an export of orientations alone."""
    return import_fault(
        name,
        f"it holds {what} only, no angular rate and no acceleration with gravity.",
        hint="Record again in a mode with acceleration and angular rate; orientations cannot be turned back.",
        code="orientation_only",
    )
