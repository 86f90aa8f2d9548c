"""Logs of Polar Sensor Logger (text) and Movesense (JSON).

Units: Polar's columns name theirs (mg, dps). Movesense's API (meas/acc.yaml, meas/gyro.yaml): m/s², deg/s, a
packet of samples with one time in ms, taken for that of the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.importers.sensor_readings import G_MPS2, PHONE_TIME, Channel, ForeignSensor
from imu_reps.importers.text_tables import ExportTable, import_fault

#: What a log holds is not nested deeper.
MAX_DEPTH = 12


def read_polar(table: ExportTable) -> tuple[ForeignSensor, ...]:
    """One quantity of a Polar sensor.

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
    acc = gyr = None
    if table.has("X [mg]"):
        columns = ("X [mg]", "Y [mg]", "Z [mg]")
        acc = Channel(time_s, table.vectors(columns) * 1e-3 * G_MPS2, f"{table.name}: {', '.join(columns)}")
    elif table.has("X [dps]"):
        columns = ("X [dps]", "Y [dps]", "Z [dps]")
        gyr = Channel(time_s, table.vectors(columns), f"{table.name}: {', '.join(columns)}")
    else:
        raise import_fault(
            table.name,
            f"its columns are {', '.join(table.columns)[:200]}: neither acceleration nor angular rate.",
            hint="Name the files with ACC and GYRO.",
            code="unknown_unit",
        )
    return (ForeignSensor("polar_sensor_logger", None, acc, gyr, PHONE_TIME, None, assumed),)


def _local_s(table: ExportTable) -> FloatArray:
    texts = table.text("Phone timestamp")
    try:
        moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in texts]
    except ValueError:
        raise import_fault(
            table.name, "a phone timestamp is no date and time.", hint="Export it again.", code="bad_time"
        ) from None
    return np.array([moment.timestamp() for moment in moments])


def read_movesense(text: str, name: str) -> tuple[ForeignSensor, ...]:
    """A Movesense log: acceleration and angular rate, together (IMU6, IMU9) or apart.

    Raises
    ------
    RecordingError
        ``not_json``, ``no_table``, ``not_a_number``.
    """
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        raise import_fault(
            name, "this is no whole JSON file.", hint="Copy it again from the app.", code="not_json"
        ) from None
    packets = list(_packets(tree, 0))
    acc, gyr = (_movesense_channel(packets, key, name) for key in ("ArrayAcc", "ArrayGyro"))
    if acc is None and gyr is None:
        raise import_fault(
            name,
            "there is no packet with samples in it.",
            hint="Name a log of Acc, Gyro or IMU.",
            code="no_table",
        )
    assumed = (
        "acceleration in m/s² and angular rate in deg/s, as Movesense's API says",
        "a packet's time taken for that of its first sample, the others follow evenly",
    )
    return (ForeignSensor("movesense", None, acc, gyr, None, None, assumed),)


def _packets(tree: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Every table with a time and samples, in the order of the file."""
    if depth > MAX_DEPTH:
        return
    if isinstance(tree, dict) and "Timestamp" in tree and ("ArrayAcc" in tree or "ArrayGyro" in tree):
        yield tree
    elif isinstance(tree, dict | list):
        for inner in tree.values() if isinstance(tree, dict) else tree:
            yield from _packets(inner, depth + 1)


def _movesense_channel(packets: list[dict[str, Any]], key: str, name: str) -> Channel | None:
    mine = [packet for packet in packets if isinstance(packet.get(key), list) and packet[key]]
    if not mine:
        return None
    try:
        start_s = np.array([float(packet["Timestamp"]) for packet in mine]) * 1e-3
        values = [[float(one[axis]) for axis in "xyz"] for packet in mine for one in packet[key]]
    except (TypeError, ValueError, KeyError, OverflowError):
        raise import_fault(
            name,
            f"a packet's {key} or its time is no number.",
            hint="Copy it again from the app.",
            code="not_a_number",
        ) from None
    counts = np.array([len(packet[key]) for packet in mine])
    steps = np.diff(start_s) / counts[:-1]
    period_s = float(np.median(steps)) if len(steps) else 0.0
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return Channel(np.repeat(start_s, counts) + within * period_s, np.array(values), f"{name}: {key}")
