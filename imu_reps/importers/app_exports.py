"""Readers for logs of sensors' apps: WitMotion, a script for two of them, Polar Sensor Logger, Movesense.

Units: WitMotion's and Polar's columns name theirs. The columns of get_bwt901cl_data
(github.com/e-ke/get_bwt901cl_data) name none: its source scales the sensor's counts to m/s² and deg/s.
Movesense's API (meas/acc.yaml, meas/gyro.yaml): m/s², deg/s, a packet of samples with one time in ms, taken
for that of the first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, FloatArray
from imu_reps.errors import RecordingError
from imu_reps.importers.sensor_readings import (
    PHONE_TIME,
    TIME_OF_DAY,
    Channel,
    ExportedSensor,
    channel,
    columns_error,
)
from imu_reps.importers.text_tables import LIMITS, ExportTable, import_error

#: Columns of acceleration and of angular rate, of the app (old, new) and of the PC software.
_WITMOTION_NAMES = (
    (r"Acceleration {}\(g\)", r"Angular velocity {}\(°/s\)"),
    (r"Acc{}\(g\)", r"As{}\(°/s\)"),
    (r"a{}\(g\)", r"w{}\(deg/s\)"),
)
_WITMOTION_TIMES = (r"Chip ?Time(\(\))?", r"time(\(s\))?|ime")
_STAMP = re.compile(
    r"(?:(\d{4})[-/](\d{1,2})[-/](\d{1,2})[ T])?(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.:](\d{1,6}))?"
)
DAY_S = 86400.0


def read_witmotion(table: ExportTable) -> tuple[ExportedSensor, ...]:
    """Read the sensors of a WitMotion log, one per device name.

    Raises
    ------
    RecordingError
        ``unknown_unit``, ``bad_time``, and as `ExportTable`.
    """
    device = next((c for c in table.columns if c.lower() in ("device name", "devicename")), None)
    names = [] if device is None else table.text(device)
    if len(set(names)) < 2:
        return (_witmotion(table),)
    sensors = []
    for name in dict.fromkeys(names):
        cells = tuple(row for row, of in zip(table.cells, names, strict=True) if of == name)
        sensors.append(replace(_witmotion(replace(table, cells=cells)), name=name))
    return tuple(sensors)


def _witmotion(table: ExportTable) -> ExportedSensor:
    for acc_name, gyr_name in _WITMOTION_NAMES:
        acc, gyr = _witmotion_columns(table, acc_name), _witmotion_columns(table, gyr_name)
        if acc is not None:
            break
    else:
        raise columns_error(
            table,
            ": no acceleration in g",
            "Record with acceleration and angular velocity, or say columns and units with --map.",
        )
    time_s, clock, own = _witmotion_times(table)
    assumed = ("units as the columns name them", *([] if own else ["times are those of arrival"]))
    return ExportedSensor(
        "witmotion",
        acc=channel(table, time_s, acc, STANDARD_GRAVITY_MPS2),
        gyr=None if gyr is None else channel(table, time_s, gyr),
        clock=clock,
        assumed=assumed,
        device_time=own,
    )


def _witmotion_columns(table: ExportTable, name: str) -> list[str] | None:
    """Return the three columns of a quantity; None if one is missing."""
    found = [_witmotion_column(table, name.format(axis)) for axis in ("[Xx]", "[Yy]", "[Zz]")]
    known = [column for column in found if column is not None]
    return known if len(known) == len(found) else None


def _witmotion_column(table: ExportTable, pattern: str) -> str | None:
    return next((c for c in table.columns if re.fullmatch(pattern, c, re.IGNORECASE)), None)


def _witmotion_times(table: ExportTable) -> tuple[FloatArray, str | None, bool]:
    """Return the times, their clock, and whether they are the sensor's own."""
    own, arrival = (_times_in(table, pattern) for pattern in _WITMOTION_TIMES)
    if own is not None and arrival is not None and arrival[1] is not None:
        # the sensor's clock is steadier, the phone's is shared by two sensors
        return own[0] + float(np.min(arrival[0] - own[0])), arrival[1], True
    if own is not None:
        return own[0], None, True
    if arrival is not None:
        return arrival[0], arrival[1], False
    raise import_error(
        table.name, "there is no column of times in it.", hint="Record with the time.", code="bad_time"
    )


def _times_in(table: ExportTable, pattern: str) -> tuple[FloatArray, str | None] | None:
    column = _witmotion_column(table, pattern)
    texts = [] if column is None else table.text(column)
    if column is None or not any(texts):
        return None
    if not _STAMP.fullmatch(texts[0]):
        return table.number(column), None
    time_s, dated = parse_times(texts, table.name)
    return time_s, PHONE_TIME if dated else TIME_OF_DAY


def parse_times(texts: list[str], name: str) -> tuple[FloatArray, bool]:
    """Parse dates and times of day to seconds; return also whether they had a date.

    Raises
    ------
    RecordingError
        ``bad_time``.
    """
    found = [_STAMP.fullmatch(text) for text in texts]
    wrong = next((k for k, match in enumerate(found) if match is None), None)
    try:
        if wrong is None:
            values = np.array([_stamp_s(match) for match in found if match is not None])
            dated = found[0] is not None and found[0][1] is not None
            return (values if dated else _past_midnight(values)), dated
    except (ValueError, OverflowError):
        wrong = None
    what = "a time cannot be" if wrong is None else f"{texts[wrong][:40]!r} is no time"
    raise import_error(name, f"{what}.", hint="Export it again.", code="bad_time")


def _stamp_s(match: re.Match[str]) -> float:
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    fraction = int(match[7]) / 10.0 ** len(match[7]) if match[7] else 0.0
    if match[1] is None:
        if hour > 23 or minute > 59 or second > 59:
            raise ValueError
        return 3600.0 * hour + 60.0 * minute + second + fraction
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return moment.timestamp() + fraction


def _past_midnight(time_s: FloatArray) -> FloatArray:
    days = np.cumsum(np.concatenate([[0.0], np.diff(time_s) < -DAY_S / 2]))
    return time_s + DAY_S * days


def read_witmotion_script(table: ExportTable) -> tuple[ExportedSensor, ...]:
    """Read two sensors with the time of day of their arrival.

    Raises
    ------
    RecordingError
        ``bad_time``, and as `ExportTable`.
    """
    time_s, _ = parse_times(table.text("Time"), table.name)
    assumed = ("acceleration in m/s² and angular rate in deg/s, as get_bwt901cl_data scales them",)
    sensors = []
    for number in "12":
        acc = tuple(f"Acc{axis}{number}" for axis in "XYZ")
        gyr = tuple(f"AngVel{axis}{number}" for axis in "XYZ")
        if table.has(*acc):
            force, rates = channel(table, time_s, acc), channel(table, time_s, gyr)
            sensors.append(
                ExportedSensor("witmotion_script", number, force, rates, TIME_OF_DAY, None, assumed, False)
            )
    return tuple(sensors)


def read_polar(table: ExportTable) -> tuple[ExportedSensor, ...]:
    """Read one quantity of a Polar sensor.

    Raises
    ------
    RecordingError
        ``unknown_unit``, ``bad_time``, and as `ExportTable`.
    """
    own_s = table.number("sensor timestamp [ns]") * 1e-9
    phone_s = _polar_time_s(table)
    time_s = own_s + float(np.min(phone_s - own_s))
    assumed = (
        "units as the columns name them; the sensor's clock laid under the phone's by its promptest sample",
    )
    if table.has("X [mg]"):
        columns = ("X [mg]", "Y [mg]", "Z [mg]")
        force_mps2 = table.vectors(columns) * 1e-3 * STANDARD_GRAVITY_MPS2
        acc = Channel(time_s, force_mps2, f"{table.name}: {', '.join(columns)}")
        return (ExportedSensor("polar_sensor_logger", acc=acc, clock=PHONE_TIME, assumed=assumed),)
    if table.has("X [dps]"):
        gyr = channel(table, time_s, ("X [dps]", "Y [dps]", "Z [dps]"))
        return (ExportedSensor("polar_sensor_logger", gyr=gyr, clock=PHONE_TIME, assumed=assumed),)
    raise columns_error(table, ": neither acceleration nor angular rate", "Name the files with ACC and GYRO.")


def _polar_time_s(table: ExportTable) -> FloatArray:
    texts = table.text("Phone timestamp")
    try:
        moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in texts]
    except ValueError:
        raise import_error(
            table.name, "a phone timestamp is no date and time.", hint="Export it again.", code="bad_time"
        ) from None
    return np.array([moment.timestamp() for moment in moments])


def read_movesense(text: str, name: str) -> tuple[ExportedSensor, ...]:
    """Read a Movesense log: acceleration and angular rate, together (IMU6, IMU9) or apart.

    Raises
    ------
    RecordingError
        ``not_json``, ``no_table``, ``not_a_number``.
    """
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        raise import_error(
            name, "this is no whole JSON file.", hint="Copy it again from the app.", code="not_json"
        ) from None
    packets = list(_movesense_packets(tree, 0))
    acc, gyr = (_movesense_channel(packets, key, name) for key in ("ArrayAcc", "ArrayGyro"))
    if acc is None and gyr is None:
        raise import_error(
            name,
            "there is no packet with samples in it.",
            hint="Name a log of Acc, Gyro or IMU.",
            code="no_table",
        )
    assumed = (
        "acceleration in m/s² and angular rate in deg/s, as Movesense's API says",
        "a packet's time taken for that of its first sample, the others follow evenly",
    )
    return (ExportedSensor("movesense", acc=acc, gyr=gyr, assumed=assumed),)


def _movesense_packets(tree: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Yield every object with a time and samples, in the order of the file."""
    if depth > 12:  # no log is nested as deep
        return
    if isinstance(tree, dict) and "Timestamp" in tree and ("ArrayAcc" in tree or "ArrayGyro" in tree):
        yield tree
    elif isinstance(tree, dict | list):
        for inner in tree.values() if isinstance(tree, dict) else tree:
            yield from _movesense_packets(inner, depth + 1)


def _no_movesense_number(name: str, key: str) -> RecordingError:
    what = f"a packet's {key} or its time is no number."
    return import_error(name, what, hint="Copy it again from the app.", code="not_a_number")


def _movesense_channel(packets: list[dict[str, Any]], key: str, name: str) -> Channel | None:
    mine = [packet for packet in packets if isinstance(packet.get(key), list) and packet[key]]
    if not mine:
        return None
    try:
        start_s = np.array([float(packet["Timestamp"]) for packet in mine]) * 1e-3
        values = np.array([[float(one[axis]) for axis in "xyz"] for packet in mine for one in packet[key]])
    except (TypeError, ValueError, KeyError, OverflowError):
        raise _no_movesense_number(name, key) from None
    if not (np.abs(start_s) <= LIMITS.max_number).all() or not (np.abs(values) <= LIMITS.max_number).all():
        raise _no_movesense_number(name, key)
    counts = np.array([len(packet[key]) for packet in mine])
    steps = np.diff(start_s) / counts[:-1]
    period_s = float(np.median(steps)) if len(steps) else 0.0
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return Channel(np.repeat(start_s, counts) + within * period_s, values, f"{name}: {key}")
