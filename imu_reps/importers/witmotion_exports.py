"""Logs of WitMotion's phone app and PC software, and of a script that records two of its sensors.

Units: WitMotion's columns name theirs (g, deg/s). The columns of get_bwt901cl_data
(github.com/e-ke/get_bwt901cl_data) name none: its source scales the sensor's counts to m/s² and deg/s.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.importers.sensor_readings import G_MPS2, PHONE_TIME, TIME_OF_DAY, Channel, ForeignSensor
from imu_reps.importers.text_tables import ExportTable, import_fault

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


def read_witmotion(table: ExportTable) -> tuple[ForeignSensor, ...]:
    """The sensors of a WitMotion log, one a device name.

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


def _one(table: ExportTable) -> ForeignSensor:
    for acc_name, gyr_name in _NAMES:
        acc, gyr = (
            [_column(table, one.format(axis)) for axis in ("[Xx]", "[Yy]", "[Zz]")]
            for one in (acc_name, gyr_name)
        )
        if all(acc):
            break
    else:
        raise import_fault(
            table.name,
            f"its columns are {', '.join(table.columns)[:200]}: no acceleration in g.",
            hint="Record with acceleration and angular velocity, or say columns and units with --map.",
            code="unknown_unit",
        )
    time_s, clock, own = _times(table)
    assumed = ("units as the columns name them", *([] if own else ["times are those of arrival"]))
    rates = None
    if all(gyr):
        rates = Channel(
            time_s, table.vectors([c or "" for c in gyr]), f"{table.name}: {', '.join(map(str, gyr))}"
        )
    force = Channel(
        time_s, table.vectors([c or "" for c in acc]) * G_MPS2, f"{table.name}: {', '.join(map(str, acc))}"
    )
    return ForeignSensor("witmotion", None, force, rates, clock, None, assumed, device_time=own)


def _column(table: ExportTable, pattern: str) -> str | None:
    return next((c for c in table.columns if re.fullmatch(pattern, c, re.IGNORECASE)), None)


def _times(table: ExportTable) -> tuple[FloatArray, str | None, bool]:
    """Times, what they count from, and whether they are the sensor's own."""
    own, arrival = (_times_of(table, pattern) for pattern in _TIMES)
    if own is not None and arrival is not None and arrival[1] is not None:
        # the sensor's clock paces, the phone's is what two sensors have in common
        return own[0] + float(np.min(arrival[0] - own[0])), arrival[1], True
    if own is not None:
        return own[0], None, True
    if arrival is not None:
        return arrival[0], arrival[1], False
    raise import_fault(
        table.name, "there is no column of times in it.", hint="Record with the time.", code="bad_time"
    )


def _times_of(table: ExportTable, pattern: str) -> tuple[FloatArray, str | None] | None:
    column = _column(table, pattern)
    texts = [] if column is None else table.text(column)
    if column is None or not any(texts):
        return None
    if not _STAMP.fullmatch(texts[0]):
        return table.number(column), None
    time_s, dated = stamps_s(texts, table.name)
    return time_s, PHONE_TIME if dated else TIME_OF_DAY


def stamps_s(texts: list[str], name: str) -> tuple[FloatArray, bool]:
    """Dates and times of day as seconds, and whether they had a date.

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
    raise import_fault(name, f"{what}.", hint="Export it again.", code="bad_time")


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


def read_witmotion_script(table: ExportTable) -> tuple[ForeignSensor, ...]:
    """Two sensors side by side, under the time of day of their arrival.

    Raises
    ------
    RecordingError
        ``bad_time``, and as `ExportTable`.
    """
    time_s, _ = stamps_s(table.text("Time"), table.name)
    assumed = ("acceleration in m/s² and angular rate in deg/s, as get_bwt901cl_data scales them",)
    sensors = []
    for number in "12":
        acc = tuple(f"Acc{axis}{number}" for axis in "XYZ")
        gyr = tuple(f"AngVel{axis}{number}" for axis in "XYZ")
        if table.has(*acc):
            force = Channel(time_s, table.vectors(acc), f"{table.name}: {', '.join(acc)}")
            rates = Channel(time_s, table.vectors(gyr), f"{table.name}: {', '.join(gyr)}")
            sensors.append(
                ForeignSensor(
                    "witmotion_script", number, force, rates, TIME_OF_DAY, None, assumed, device_time=False
                )
            )
    return tuple(sensors)
