"""Readers for logs of WitMotion's phone app and PC software, and of a script for two sensors.

Units: WitMotion's columns name theirs (g, deg/s). The columns of get_bwt901cl_data
(github.com/e-ke/get_bwt901cl_data) name none: its source scales the sensor's counts to m/s² and deg/s.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, FloatArray
from imu_reps.importers.sensor_readings import (
    PHONE_TIME,
    TIME_OF_DAY,
    ExportedSensor,
    channel,
    columns_error,
)
from imu_reps.importers.text_tables import ExportTable, import_error

#: Columns of acceleration and of angular rate, of the app (old, new) and of the PC software.
_NAMES = (
    (r"Acceleration {}\(g\)", r"Angular velocity {}\(°/s\)"),
    (r"Acc{}\(g\)", r"As{}\(°/s\)"),
    (r"a{}\(g\)", r"w{}\(deg/s\)"),
)
_TIMES = (r"Chip ?Time(\(\))?", r"time(\(s\))?|ime")
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
    names = dict.fromkeys(table.text(device)) if device is not None else {"": None}
    sensors = []
    for name in names:
        rows = table if device is None else _of_device(table, device, name)
        sensors.append(replace(_one(rows), name=name if len(names) > 1 else None))
    return tuple(sensors)


def _of_device(table: ExportTable, device: str, name: str) -> ExportTable:
    at = table.columns.index(device)
    return replace(table, cells=tuple(row for row in table.cells if row[at] == name))


def _one(table: ExportTable) -> ExportedSensor:
    for acc_name, gyr_name in _NAMES:
        acc, gyr = _columns(table, acc_name), _columns(table, gyr_name)
        if acc is not None:
            break
    else:
        raise columns_error(
            table,
            ": no acceleration in g",
            "Record with acceleration and angular velocity, or say columns and units with --map.",
        )
    time_s, clock, own = _times(table)
    assumed = ("units as the columns name them", *([] if own else ["times are those of arrival"]))
    return ExportedSensor(
        "witmotion",
        acc=channel(table, time_s, acc, STANDARD_GRAVITY_MPS2),
        gyr=None if gyr is None else channel(table, time_s, gyr),
        clock=clock,
        assumed=assumed,
        device_time=own,
    )


def _columns(table: ExportTable, name: str) -> list[str] | None:
    """Return the three columns of a quantity; None if one is missing."""
    found = [_column(table, name.format(axis)) for axis in ("[Xx]", "[Yy]", "[Zz]")]
    known = [column for column in found if column is not None]
    return known if len(known) == len(found) else None


def _column(table: ExportTable, pattern: str) -> str | None:
    return next((c for c in table.columns if re.fullmatch(pattern, c, re.IGNORECASE)), None)


def _times(table: ExportTable) -> tuple[FloatArray, str | None, bool]:
    """Return the times, their clock, and whether they are the sensor's own."""
    own, arrival = (_times_of(table, pattern) for pattern in _TIMES)
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


def _times_of(table: ExportTable, pattern: str) -> tuple[FloatArray, str | None] | None:
    column = _column(table, pattern)
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
