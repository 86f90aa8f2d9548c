"""Readers for exports of MetaBase (MbientLab), Shimmer Consensys and x-io.

All three have the unit in the column name or below it.
"""

from __future__ import annotations

import re
from dataclasses import replace

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, FloatArray
from imu_reps.importers.sensor_readings import (
    EPOCH,
    ExportedSensor,
    channel,
    columns_error,
    gravity_removed_error,
)
from imu_reps.importers.text_tables import ExportTable, import_error

_AXES = "xyz"


def read_metabase(table: ExportTable) -> tuple[ExportedSensor, ...]:
    """Read one quantity of a MetaWear sensor, recognised by its unit.

    Raises
    ------
    RecordingError
        ``gravity_removed``, ``unknown_unit``, and as `ExportTable`.
    """
    for word in ("LinearAcceleration", "Linear Acceleration", "Gravity"):
        if word.lower() in table.name.lower():
            raise gravity_removed_error(table.name, word)
    epoch = next((column for column in table.columns if column.startswith("epoc")), "epoch (ms)")
    time_s = table.number(epoch) * 1e-3
    assumed = ("units as the columns name them; times are the phone's (epoch)",)
    g = tuple(f"{axis}-axis (g)" for axis in _AXES)
    dps = tuple(f"{axis}-axis (deg/s)" for axis in _AXES)
    if table.has(*g):
        acc = channel(table, time_s, g, STANDARD_GRAVITY_MPS2)
        return (ExportedSensor("metabase", acc=acc, clock=EPOCH, assumed=assumed),)
    if table.has(*dps):
        gyr = channel(table, time_s, dps)
        return (ExportedSensor("metabase", gyr=gyr, clock=EPOCH, assumed=assumed),)
    raise columns_error(
        table,
        ", none is x-axis (g) or x-axis (deg/s)",
        "Name the files of accelerometer and gyroscope, or say columns and units with --map.",
    )


def read_shimmer(table: ExportTable) -> tuple[ExportedSensor, ...]:
    """Read the sensors of a Consensys CSV file, whose names prefix their columns.

    Raises
    ------
    RecordingError
        ``uncalibrated``, ``unknown_unit``, and as `ExportTable`.
    """
    names = dict.fromkeys(re.sub(r"_Timestamp_.*", "", c) for c in table.columns if "_Timestamp_" in c)
    sensors = tuple(_shimmer(table, name) for name in names)
    return sensors if len(sensors) > 1 else tuple(replace(sensor, name=None) for sensor in sensors)


def _shimmer(table: ExportTable, name: str) -> ExportedSensor:
    units = dict(zip(table.columns, table.units, strict=False))
    wide = tuple(f"{name}_Accel_WR_{axis.upper()}_CAL" for axis in _AXES)
    low = tuple(f"{name}_Accel_LN_{axis.upper()}_CAL" for axis in _AXES)
    rates = tuple(f"{name}_Gyro_{axis.upper()}_CAL" for axis in _AXES)
    chosen = low if table.has(*low) else wide
    if not table.has(*chosen):
        raise import_error(
            table.name,
            f"{name} has no calibrated acceleration.",
            hint="Export from Consensys with calibrated data (CAL), low-noise or wide-range accelerometer.",
            code="uncalibrated",
        )
    time_s, clock = _shimmer_time(table, name, units)
    _require_units(table, units, (*chosen,), {"m/(s^2)", "m/s^2"})
    assumed = ["units as the row below the columns says"]
    if chosen == low and table.has(*wide):
        assumed.append("the low-noise accelerometer, not the wide-range one")
    acc, gyr = channel(table, time_s, chosen), None
    if table.has(*rates):
        _require_units(table, units, rates, {"deg/s"})
        gyr = channel(table, time_s, rates)
    return ExportedSensor("shimmer", name, acc, gyr, clock, None, tuple(assumed))


def _shimmer_time(table: ExportTable, name: str, units: dict[str, str]) -> tuple[FloatArray, str | None]:
    for kind, clock in (("Unix", EPOCH), ("Sync", "Consensys' synchronised time")):
        column = f"{name}_Timestamp_{kind}_CAL"
        if column in table.columns:
            _require_units(table, units, (column,), {"ms"})
            return table.number(column) * 1e-3, clock
    raise import_error(
        table.name,
        f"{name} has no calibrated time in ms.",
        hint="Export from Consensys with 'Timestamp Unix' in ms.",
        code="unknown_unit",
    )


def _require_units(
    table: ExportTable, units: dict[str, str], columns: tuple[str, ...], allowed: set[str]
) -> None:
    for column in columns:
        if units.get(column) not in allowed:
            raise import_error(
                table.name,
                f"the unit of {column} is {units.get(column, 'not said')!r}, not {min(allowed)!r}.",
                hint="Export calibrated data with the row of units, or say columns and units with --map.",
                code="unknown_unit",
            )


def read_xio(table: ExportTable) -> tuple[ExportedSensor, ...]:
    """Read inertial data of x-io's sensors and logs.

    Raises
    ------
    RecordingError
        As `ExportTable`.
    """
    if table.has("Timestamp (us)"):
        time_s = table.number("Timestamp (us)") * 1e-6
        clock = EPOCH if time_s.max() > 1e9 else None
    else:
        time_s, clock = table.number("Time (s)"), None
    acc = tuple(f"Accelerometer {axis.upper()} (g)" for axis in _AXES)
    gyr = tuple(f"Gyroscope {axis.upper()} (deg/s)" for axis in _AXES)
    return (
        ExportedSensor(
            "xio",
            acc=channel(table, time_s, acc, STANDARD_GRAVITY_MPS2),
            gyr=channel(table, time_s, gyr),
            clock=clock,
            assumed=("units as the columns name them",),
        ),
    )
