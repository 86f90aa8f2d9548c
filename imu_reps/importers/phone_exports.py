"""Exports of a phone's own sensors: phyphox and Sensor Logger, a quantity a file.

Units and signs: phyphox writes m/s² and rad/s into its columns, gravity as Android counts it (a phone on its
back reads +9.8 on z). Sensor Logger: UNITS.md, COORDINATES.md and CROSSPLATFORM.md of its repository
(github.com/tszheichoi/awesome-sensor-logger): m/s² and rad/s; iOS counts acceleration and gravity the other
way, and its acceleration with gravity is the sum of Accelerometer and Gravity.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.importers.sensor_readings import (
    DEG_A_RAD,
    EPOCH,
    G_MPS2,
    Channel,
    ForeignSensor,
    refuse_gravity_removed,
)
from imu_reps.importers.text_tables import ExportTable, import_fault

_PHYPHOX = re.compile(
    r"(?:(?P<what>Linear Acceleration|Acceleration|Gyroscope) )?x \((?P<unit>[^)]+)\)", re.IGNORECASE
)


def read_phyphox(table: ExportTable, clock: ExportTable | None) -> tuple[ForeignSensor, ...]:
    """One quantity of a phone, by phyphox.

    Parameters
    ----------
    table : ExportTable
    clock : ExportTable or None
        The export's ``meta/time.csv``: when its times began; None: not known.

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
        raise refuse_gravity_removed(table.name, "linear acceleration")
    if found is None or found["unit"] not in ("m/s^2", "m/s²", "rad/s"):
        raise import_fault(
            table.name,
            f"its columns are {', '.join(table.columns)[:200]}: neither m/s² nor rad/s.",
            hint="Export the experiment 'Acceleration (with g)' with 'Gyroscope', or say columns with --map.",
            code="unknown_unit",
        )
    columns = [re.sub(r"x (?=\()", f"{axis} ", found[0], flags=re.IGNORECASE) for axis in "xyz"]
    columns = [next((c for c in table.columns if c.lower() == one.lower()), one) for one in columns]
    time_s = _on_system_time(table.number("Time (s)"), clock)
    values, where = table.vectors(columns), f"{table.name}: {', '.join(columns)}"
    is_rate = found["unit"] == "rad/s"
    assumed = (
        ("units as the columns name them",)
        if is_rate
        else ("units as the columns name them; gravity counted as Android does (up reads +9.8)",)
    )
    acc = None if is_rate else Channel(time_s, values, where)
    gyr = Channel(time_s, values * DEG_A_RAD, where) if is_rate else None
    return (ForeignSensor("phyphox", None, acc, gyr, EPOCH if clock else None, None, assumed),)


def _stem(name: str) -> str:
    return name.rpartition(".")[0].lower()


def _on_system_time(time_s: FloatArray, clock: ExportTable | None) -> FloatArray:
    """Experiment time, which stands still in pauses, as seconds since 1970."""
    if clock is None:
        return time_s
    starts = np.array([word.strip('" ').upper() == "START" for word in clock.text("event")])
    if not starts.any():
        raise import_fault(
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
    """Whose sensors they are, which decides how gravity is counted.

    Attributes
    ----------
    platform : {"ios", "android"} or None
        None: not known.
    standardised : bool
        "Standardise Units & Frames" was on: both count as Android does.
    """

    platform: str | None = None
    standardised: bool = False

    @property
    def inverted(self) -> bool:
        """Whether gravity is counted the other way."""
        return self.platform == "ios" and not self.standardised


def read_sensor_logger(
    table: ExportTable, phone: Phone, gravity: ExportTable | None
) -> tuple[ForeignSensor, ...]:
    """One quantity of a phone, by Sensor Logger; the file's name says which.

    Parameters
    ----------
    table : ExportTable
    phone : Phone
        From the export's ``Metadata.csv``, or as it was said.
    gravity : ExportTable or None
        Its ``Gravity.csv``, which is added to ``Accelerometer.csv``.

    Raises
    ------
    RecordingError
        ``gravity_removed``, ``no_platform``, ``unknown_quantity``, and as `ExportTable`.
    """
    stem = _stem(table.name)
    time_s, where = table.number("time") * 1e-9, f"{table.name}: x, y, z"
    if stem.startswith("gyroscope"):
        gyr = Channel(time_s, table.vectors("xyz") * DEG_A_RAD, where)
        return (ForeignSensor("sensor_logger", None, None, gyr, EPOCH, None, ("angular rate in rad/s",)),)
    values = table.vectors("xyz")
    if stem == "accelerometer":
        if gravity is None:
            raise refuse_gravity_removed(
                table.name, "also name Gravity.csv, or name TotalAcceleration.csv instead"
            )
        time_s, values = _with_gravity(table, gravity)
        where = f"{where} + {gravity.name}: x, y, z"
    elif stem not in ("totalacceleration", "accelerometeruncalibrated"):
        raise import_fault(
            table.name,
            "the name of a Sensor Logger file says what it holds, and this is none of TotalAcceleration, "
            "Accelerometer, AccelerometerUncalibrated, Gravity, Gyroscope.",
            hint="Keep the names of the export.",
            code="unknown_quantity",
        )
    if phone.platform is None:
        raise import_fault(
            table.name,
            "iPhones count gravity the other way than Android phones, and nothing here says which it was.",
            hint="Also name the export's Metadata.csv, or say --platform ios or --platform android.",
            code="no_platform",
        )
    scale = -1.0 if phone.inverted else 1.0
    if phone.inverted and "uncalibrated" in stem:
        scale *= G_MPS2
    system = "iOS" if phone.platform == "ios" else "Android"
    turned = "turned round" if phone.inverted else "as they are"
    assumed = (f"a phone with {system}, signs of the acceleration {turned}",)
    return (
        ForeignSensor(
            "sensor_logger", None, Channel(time_s, values * scale, where), None, EPOCH, None, assumed
        ),
    )


def _with_gravity(linear: ExportTable, gravity: ExportTable) -> tuple[FloatArray, FloatArray]:
    """The sum of both where they have a sample of the same time."""
    both, first, second = np.intersect1d(linear.number("time"), gravity.number("time"), return_indices=True)
    return both * 1e-9, linear.vectors("xyz")[first] + gravity.vectors("xyz")[second]


def phone_of(metadata: ExportTable) -> Phone:
    """The phone as ``Metadata.csv`` tells of it."""
    said = dict(zip(metadata.columns, metadata.cells[0] if metadata.cells else (), strict=False))
    platform = said.get("platform", "").lower()
    known = platform if platform in ("ios", "android") else None
    return Phone(known, said.get("standardisation", "").lower() == "true")
