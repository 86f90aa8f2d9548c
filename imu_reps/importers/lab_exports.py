"""Readers for exports of laboratory sensors: MetaBase (MbientLab), Shimmer Consensys, x-io, Xsens, Movella.

All have the unit in the column name or below it, or in their manuals: Movella DOT User Manual (acceleration
m/s², angular velocity deg/s, SampleTimeFine in µs of 32 bits); MT Manager User Manual (m/s², rad/s, packet
counter of 16 bits at the update rate).
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, FloatArray
from imu_reps.importers.sensor_readings import (
    DEG_A_RAD,
    EPOCH,
    ExportedSensor,
    channel,
    columns_error,
    gravity_removed_error,
    numbering,
    orientation_only_error,
    unwrapped,
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


ACC, GYR = ("Acc_X", "Acc_Y", "Acc_Z"), ("Gyr_X", "Gyr_Y", "Gyr_Z")
_START = re.compile(
    r"StartTime:\s*,\s*(\d{4}-\d\d-\d\d_\d\d:\d\d:\d\d)_(\d{1,6})\s+(?:GMT|UTC)([+-]\d{1,2})(?::?(\d\d))?\b"
)
_LOCAL_START = re.compile(r"StartTime:\s*,\s*(\d{4}-\d\d-\d\d)_(\d\d:\d\d:\d\d)")
_SYNCED = re.compile(r"SyncStatus:\s*,\s*Synced\b")
_RATE = re.compile(r"//\s*Update Rate:\s*([\d.]+)\s*Hz", re.IGNORECASE)
_AWINDA = re.compile(r"(MT_[0-9A-F]{8}_\d+-\d+)", re.IGNORECASE)


def read_dot(table: ExportTable) -> tuple[ExportedSensor, ...]:
    """Read a Movella DOT (Xsens DOT) recording or log.

    Raises
    ------
    RecordingError
        ``gravity_removed``, ``orientation_only``, ``delta_quantities``, and as `ExportTable`.
    """
    _refuse_without_acceleration(table)
    time_s = unwrapped(table.number("SampleTimeFine"), 2.0**32) * 1e-6
    assumed = ["acceleration in m/s² and angular rate in deg/s, as the Movella DOT manual says"]
    clock = None
    preamble = "\n".join(table.preamble)
    if _SYNCED.search(preamble):
        clock = "time of synchronised DOTs"
        assumed.append("both DOTs were synchronised with each other")
    elif (start := _start_s(preamble)) is not None:
        clock, time_s = EPOCH, time_s - time_s[0] + start
        assumed.append("the first sample was taken at StartTime")
    elif (local := _LOCAL_START.search(preamble)) is not None:
        assumed.append(
            "StartTime names no zone and was left out: if it is this computer's, "
            f"say --created {local[1]}T{local[2]}"
        )
    counter = table.number("PacketCounter")
    sample = unwrapped(counter, 2.0**16 if counter.max() < 2.0**16 else 2.0**32)
    gyr = channel(table, time_s, GYR) if table.has(*GYR) else None
    acc = channel(table, time_s, ACC)
    return (ExportedSensor("movella_dot", None, acc, gyr, clock, numbering(sample), tuple(assumed)),)


def _refuse_without_acceleration(table: ExportTable) -> None:
    if table.has(*ACC):
        return
    if table.has("FreeAcc_X"):
        raise gravity_removed_error(table.name, "FreeAcc")
    if table.has("dv[1]"):
        raise import_error(
            table.name,
            "it holds delta quantities (dq, dv).",
            hint="Record again in the mode 'Rate quantities', which has acceleration and angular rate.",
            code="delta_quantities",
        )
    orientations = ", ".join(c for c in table.columns if c.startswith(("Euler", "Quat", "Mat[", "Roll")))
    raise orientation_only_error(table.name, orientations or "no acceleration")


def _start_s(preamble: str) -> float | None:
    found = _START.search(preamble)
    if found is None:
        return None
    try:
        zone = timezone(timedelta(hours=int(found[3]), minutes=int(found[4] or 0)))
        moment = datetime.strptime(found[1], "%Y-%m-%d_%H:%M:%S").replace(tzinfo=zone)
        return moment.timestamp() + int(found[2]) / 10.0 ** len(found[2])
    except (ValueError, OverflowError):
        return None


def read_mtw(table: ExportTable) -> tuple[ExportedSensor, ...]:
    """Read a sensor of MT Manager's text export, such as an MTw Awinda.

    Raises
    ------
    RecordingError
        ``no_rate``, ``gravity_removed``, ``orientation_only``, and as `ExportTable`.
    """
    _refuse_without_acceleration(table)
    rate = _RATE.search("\n".join(table.preamble))
    sample = unwrapped(table.number("PacketCounter"), 2.0**16)
    ticks = table.text("SampleTimeFine") if table.has("SampleTimeFine") else [""]
    rate_hz = _number(rate[1]) if rate is not None else None
    if rate_hz is not None:
        time_s, source = sample / rate_hz, f"times from the packet counter at {rate_hz:g} Hz"
    elif all(re.fullmatch(r"\d+", text) for text in ticks):
        time_s = unwrapped(table.number("SampleTimeFine"), 2.0**32) * 1e-4
        source = "times from SampleTimeFine in steps of 0.1 ms"
    else:
        raise import_error(
            table.name,
            "it says neither its update rate nor the time of its samples.",
            hint="Export again with the header, or with SampleTimeFine.",
            code="no_rate",
        )
    awinda = _AWINDA.search(table.name)
    clock = None if awinda is None else f"packets of {awinda[1]}"
    assumed = ["acceleration in m/s² and angular rate in rad/s, as the MT Manager manual says", source]
    gyr = channel(table, time_s, GYR, DEG_A_RAD) if table.has(*GYR) else None
    acc = channel(table, time_s, ACC)
    return (ExportedSensor("xsens_mtw", None, acc, gyr, clock, numbering(sample), tuple(assumed)),)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 1.0 <= value <= 10_000.0 else None


def read_sto(table: ExportTable) -> tuple[ExportedSensor, ...]:
    """Refuse OpenSim's storage files, which hold orientations or joint angles.

    Raises
    ------
    RecordingError
        ``orientation_only``.
    """
    raise orientation_only_error(table.name, "orientations or joint angles")
