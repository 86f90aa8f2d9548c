"""Readers for logs of Polar Sensor Logger (text) and Movesense (JSON).

Units: Polar's columns name theirs (mg, dps). Movesense's API (meas/acc.yaml, meas/gyro.yaml): m/s², deg/s, a
packet of samples with one time in ms, taken for that of the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, FloatArray
from imu_reps.errors import RecordingError
from imu_reps.importers.sensor_readings import (
    PHONE_TIME,
    Channel,
    ExportedSensor,
    channel,
    columns_error,
)
from imu_reps.importers.text_tables import MAX_NUMBER, ExportTable, import_error

#: Maximum nesting of a log.
MAX_DEPTH = 12


def read_polar(table: ExportTable) -> tuple[ExportedSensor, ...]:
    """Read one quantity of a Polar sensor.

    Raises
    ------
    RecordingError
        ``unknown_unit``, ``bad_time``, and as `ExportTable`.
    """
    own_s = table.number("sensor timestamp [ns]") * 1e-9
    phone_s = _local_s(table)
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


def _local_s(table: ExportTable) -> FloatArray:
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
    packets = list(_packets(tree, 0))
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


def _packets(tree: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Yield every object with a time and samples, in the order of the file."""
    if depth > MAX_DEPTH:
        return
    if isinstance(tree, dict) and "Timestamp" in tree and ("ArrayAcc" in tree or "ArrayGyro" in tree):
        yield tree
    elif isinstance(tree, dict | list):
        for inner in tree.values() if isinstance(tree, dict) else tree:
            yield from _packets(inner, depth + 1)


def _no_number(name: str, key: str) -> RecordingError:
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
        raise _no_number(name, key) from None
    if not (np.abs(start_s) <= MAX_NUMBER).all() or not (np.abs(values) <= MAX_NUMBER).all():
        raise _no_number(name, key)
    counts = np.array([len(packet[key]) for packet in mine])
    steps = np.diff(start_s) / counts[:-1]
    period_s = float(np.median(steps)) if len(steps) else 0.0
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return Channel(np.repeat(start_s, counts) + within * period_s, values, f"{name}: {key}")
