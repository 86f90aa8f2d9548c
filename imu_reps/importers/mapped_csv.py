"""Reader for any CSV by a column map: ``time=t@ms; acc=ax,ay,az@g; gyr=gx,gy,gz@deg/s``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2
from imu_reps.errors import UsageError
from imu_reps.importers.sensor_readings import DEG_A_RAD, EPOCH, Channel, ExportedSensor
from imu_reps.importers.text_tables import ExportTable

#: Seconds per unit of time; units that count from 1970 begin with ``epoch_``.
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_TIME = _SECONDS | {f"epoch_{unit}": scale for unit, scale in _SECONDS.items()}
_ACC = {"m/s2": 1.0, "m/s^2": 1.0, "g": STANDARD_GRAVITY_MPS2, "mg": 1e-3 * STANDARD_GRAVITY_MPS2}
_ACC |= {f"-{unit}": -scale for unit, scale in _ACC.items()}
_GYR = {"deg/s": 1.0, "dps": 1.0, "mdps": 1e-3, "rad/s": DEG_A_RAD}
UNITS: Mapping[str, Mapping[str, float]] = {"time": _TIME, "acc": _ACC, "gyr": _GYR}
EXAMPLE = "time=t@ms; acc=ax,ay,az@g; gyr=gx,gy,gz@deg/s"


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Columns and units of time, acceleration and angular rate.

    Attributes
    ----------
    text : str
        The map as written.
    columns, units : mapping
        By ``time``, ``acc`` and ``gyr``.
    """

    text: str
    columns: Mapping[str, tuple[str, ...]]
    units: Mapping[str, str]


def column_map(text: str) -> ColumnMap:
    """Parse a column map.

    Raises
    ------
    UsageError
        ``bad_map``.
    """
    columns: dict[str, tuple[str, ...]] = {}
    units: dict[str, str] = {}
    for part in filter(str.strip, text.split(";")):
        key, equals, rest = part.strip().partition("=")
        names, at, unit = rest.rpartition("@")
        key, unit = key.strip(), unit.strip()
        if not equals or not at or key not in UNITS or key in columns:
            raise _bad(f"{part.strip()!r} is not one each of time=, acc=, gyr= with a unit behind @")
        if unit not in UNITS[key]:
            raise _bad(f"{unit!r} is no unit of {key}: {', '.join(UNITS[key])}")
        columns[key], units[key] = tuple(name.strip() for name in names.split(",")), unit
        if len(columns[key]) != (1 if key == "time" else 3):
            raise _bad(f"{key} has {len(columns[key])} columns")
    if missing := [key for key in UNITS if key not in columns]:
        raise _bad(f"{', '.join(missing)} is missing")
    return ColumnMap(text, columns, units)


def _bad(what: str) -> UsageError:
    return UsageError(f"--map: {what}.", hint=f"Write it as {EXAMPLE!r}.", code="bad_map")


def read_mapped(table: ExportTable, mapped: ColumnMap) -> tuple[ExportedSensor, ...]:
    """Read the sensor of a table by the mapped columns.

    Raises
    ------
    RecordingError
        As `ExportTable`.
    """
    time_unit = mapped.units["time"]
    time_s = table.number(mapped.columns["time"][0]) * _TIME[time_unit]
    acc, gyr = (
        Channel(
            time_s,
            np.asarray(table.vectors(mapped.columns[key]) * UNITS[key][mapped.units[key]]),
            f"{table.name}: {', '.join(mapped.columns[key])} in {mapped.units[key]}",
        )
        for key in ("acc", "gyr")
    )
    clock = EPOCH if time_unit.startswith("epoch_") else None
    assumed = (f"columns and units as said: {mapped.text}",)
    return (ExportedSensor("mapped", acc=acc, gyr=gyr, clock=clock, assumed=assumed),)
