"""Readers for exports of phones' sensors: phyphox and Sensor Logger, one quantity per file.

Units and signs: phyphox writes m/s² and rad/s into its columns, gravity as Android counts it (a phone on its
back reads +9.8 on z). Sensor Logger: UNITS.md, COORDINATES.md and CROSSPLATFORM.md of its repository
(github.com/tszheichoi/awesome-sensor-logger): m/s² and rad/s; iOS counts acceleration and gravity the other
way, and its acceleration with gravity is the sum of Accelerometer and Gravity.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, FloatArray
from imu_reps.importers.sensor_readings import (
    DEG_A_RAD,
    EPOCH,
    Channel,
    ExportedSensor,
    channel,
    columns_error,
    gravity_removed_error,
)
from imu_reps.importers.text_tables import ExportTable, import_error

_PHYPHOX = re.compile(
    r"(?:(?P<what>Linear Acceleration|Acceleration|Gyroscope) )?x \((?P<unit>[^)]+)\)", re.IGNORECASE
)


def read_phyphox(table: ExportTable, clock: ExportTable | None) -> tuple[ExportedSensor, ...]:
    """Read one quantity of a phyphox export.

    Parameters
    ----------
    clock : ExportTable or None
        The export's ``meta/time.csv`` with the start times; None if unknown.

    Raises
    ------
    RecordingError
        ``gravity_removed``, ``unknown_unit``, and as `ExportTable`.
    """
    found = next((match for c in table.columns if (match := _PHYPHOX.fullmatch(c))), None)
    stem = _stem(table.name)
    linear = (
        "linear" in stem
        or "without g" in stem
        or (found is not None and "linear" in (found["what"] or "").lower())
    )
    if linear:
        raise gravity_removed_error(table.name, "linear acceleration")
    if found is None or found["unit"] not in ("m/s^2", "m/s²", "rad/s"):
        raise columns_error(
            table,
            ": neither m/s² nor rad/s",
            "Export the experiment 'Acceleration (with g)' with 'Gyroscope', or say columns with --map.",
        )
    wanted = [re.sub(r"x (?=\()", f"{axis} ", found[0], flags=re.IGNORECASE) for axis in "xyz"]
    columns = [next((c for c in table.columns if c.lower() == one.lower()), one) for one in wanted]
    time_s = _on_system_time(table.number("Time (s)"), clock)
    assumption, epoch = "units as the columns name them", EPOCH if clock else None
    if found["unit"] == "rad/s":
        gyr = channel(table, time_s, columns, DEG_A_RAD)
        return (ExportedSensor("phyphox", gyr=gyr, clock=epoch, assumed=(assumption,)),)
    assumption = f"{assumption}; gravity counted as Android does (up reads +9.8)"
    acc = channel(table, time_s, columns)
    return (ExportedSensor("phyphox", acc=acc, clock=epoch, assumed=(assumption,)),)


def _stem(name: str) -> str:
    return name.rpartition(".")[0].lower()


def _on_system_time(time_s: FloatArray, clock: ExportTable | None) -> FloatArray:
    """Convert experiment time, which stops in pauses, to seconds since 1970."""
    if clock is None:
        return time_s
    starts = np.array([word.strip('" ').upper() == "START" for word in clock.text("event")])
    if not starts.any():
        raise import_error(
            clock.name,
            "it has no START.",
            hint="Export again, or leave this file out.",
            code="no_table",
        )
    experiment, system = clock.number("experiment time")[starts], clock.number("system time")[starts]
    at = np.clip(np.searchsorted(experiment, time_s, side="right") - 1, 0, None)
    shift_s: FloatArray = system - experiment
    return time_s + shift_s[at]


@dataclass(frozen=True, slots=True)
class Phone:
    """The phone, which decides the sign of acceleration.

    Attributes
    ----------
    platform : {"ios", "android"} or None
        None if unknown.
    standardised : bool
        "Standardise Units & Frames" was on: both platforms use Android's sign.
    """

    platform: str | None = None
    standardised: bool = False

    @property
    def inverted(self) -> bool:
        """Whether acceleration has the opposite sign."""
        return self.platform == "ios" and not self.standardised


def read_sensor_logger(
    table: ExportTable, phone: Phone, gravity: ExportTable | None
) -> tuple[ExportedSensor, ...]:
    """Read one quantity of a Sensor Logger export, recognised by the file's name.

    Parameters
    ----------
    phone : Phone
        From the export's ``Metadata.csv``, or the command line.
    gravity : ExportTable or None
        The export's ``Gravity.csv``, which is added to ``Accelerometer.csv``.

    Raises
    ------
    RecordingError
        ``gravity_removed``, ``no_platform``, ``unknown_quantity``, and as `ExportTable`.
    """
    stem = _stem(table.name)
    if stem.startswith("gyroscope"):
        gyr = channel(table, table.number("time") * 1e-9, "xyz", DEG_A_RAD)
        return (ExportedSensor("sensor_logger", gyr=gyr, clock=EPOCH, assumed=("angular rate in rad/s",)),)
    acc = _acceleration(table, stem, gravity)
    if phone.platform is None:
        raise import_error(
            table.name,
            "iPhones count gravity the other way than Android phones, and nothing here says which it was.",
            hint="Also name the export's Metadata.csv, or say --platform ios or --platform android.",
            code="no_platform",
        )
    scale = -1.0 if phone.inverted else 1.0
    if phone.inverted and "uncalibrated" in stem:
        scale *= STANDARD_GRAVITY_MPS2
    acc = replace(acc, values=acc.values * scale)
    system = "iOS" if phone.platform == "ios" else "Android"
    turned = "turned round" if phone.inverted else "as they are"
    assumed = (f"a phone with {system}, signs of the acceleration {turned}",)
    return (ExportedSensor("sensor_logger", acc=acc, clock=EPOCH, assumed=assumed),)


def _acceleration(table: ExportTable, stem: str, gravity: ExportTable | None) -> Channel:
    """Read acceleration with gravity, in the file's units and sign."""
    if stem == "accelerometer":
        if gravity is None:
            raise gravity_removed_error(
                table.name, "also name Gravity.csv, or name TotalAcceleration.csv instead"
            )
        return _with_gravity(table, gravity)
    if stem not in ("totalacceleration", "accelerometeruncalibrated"):
        raise import_error(
            table.name,
            "the name of a Sensor Logger file says what it holds, and this is none of TotalAcceleration, "
            "Accelerometer, AccelerometerUncalibrated, Gravity, Gyroscope.",
            hint="Keep the names of the export.",
            code="unknown_quantity",
        )
    return channel(table, table.number("time") * 1e-9, "xyz")


def _with_gravity(linear: ExportTable, gravity: ExportTable) -> Channel:
    """Add both at the times they have in common."""
    both, first, second = np.intersect1d(linear.number("time"), gravity.number("time"), return_indices=True)
    values = linear.vectors("xyz")[first] + gravity.vectors("xyz")[second]
    return Channel(both * 1e-9, values, f"{linear.name}: x, y, z + {gravity.name}: x, y, z")


def parse_phone(metadata: ExportTable) -> Phone:
    """Parse the phone from ``Metadata.csv``."""
    assumption = dict(zip(metadata.columns, metadata.cells[0] if metadata.cells else (), strict=False))
    platform = assumption.get("platform", "").lower()
    known = platform if platform in ("ios", "android") else None
    return Phone(known, assumption.get("standardisation", "").lower() == "true")
