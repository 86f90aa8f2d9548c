"""From the bytes of an export to the sensors in it: which reader reads what."""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO

from imu_reps.domain.foreign_exports import ExportKind, export_kind
from imu_reps.errors import RecordingError
from imu_reps.importers.lab_exports import read_metabase, read_shimmer, read_xio
from imu_reps.importers.mapped_csv import ColumnMap, read_mapped
from imu_reps.importers.phone_exports import Phone, phone_of, read_phyphox, read_sensor_logger
from imu_reps.importers.sensor_readings import ForeignSensor, refuse_orientation_only
from imu_reps.importers.sport_exports import read_movesense, read_polar
from imu_reps.importers.text_tables import ExportTable, import_fault, table_of, text_of
from imu_reps.importers.witmotion_exports import read_witmotion, read_witmotion_script
from imu_reps.importers.xsens_exports import read_dot, read_mtw, read_sto

Read = Callable[[ExportTable], tuple[ForeignSensor, ...]]

#: Formats that say all in one table.
READERS: dict[ExportKind, Read] = {
    "movella_dot": read_dot,
    "xsens_mtw": read_mtw,
    "opensim_sto": read_sto,
    "metabase": read_metabase,
    "shimmer": read_shimmer,
    "xio": read_xio,
    "witmotion": read_witmotion,
    "witmotion_script": read_witmotion_script,
    "polar_sensor_logger": read_polar,
}


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file as it was found.

    Attributes
    ----------
    name : str
        Its name without the folder.
    content : bytes
        Unpacked.
    """

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class SaidByUser:
    """What the files do not say of themselves.

    Attributes
    ----------
    columns : ColumnMap or None
        Reads every file by these columns.
    platform : {"ios", "android"} or None
    """

    columns: ColumnMap | None = None
    platform: str | None = None


def read_exports(files: tuple[ExportFile, ...], said: SaidByUser = SaidByUser()) -> list[ForeignSensor]:
    """Everything that the files of one sensor, and what lies beside them, tell.

    Raises
    ------
    RecordingError
        A file is none that is known, or cannot be used; the message has the reason.
    """
    for file in files:
        _refuse_recording(file)
    if said.columns is not None:
        return [
            one
            for file in files
            for one in read_mapped(table_of(text_of(file.content), file.name), said.columns)
        ]
    kinds = {file.name: _kind(file) for file in files}
    besides: dict[ExportKind, ExportTable] = {}
    for file in files:
        if kinds[file.name] in ("phyphox_time", "sensor_logger_metadata"):
            besides[kinds[file.name]] = table_of_words(text_of(file.content), file.name)
        elif kinds[file.name] == "sensor_logger" and file.name.lower() == "gravity.csv":
            besides["sensor_logger"] = table_of(text_of(file.content), file.name)
    told = {table.name for table in besides.values()}
    return [
        sensor
        for file in files
        if file.name not in told
        for sensor in _read(file, kinds[file.name], besides, said)
    ]


def _refuse_recording(file: ExportFile) -> None:
    """Stop at a recording: imported it would no longer say whose it is, or that nobody moved."""
    if re.search(r"^\W*format\W+imu-reps-recording/", text_of(file.content[:8192]), re.MULTILINE):
        raise import_fault(
            file.name,
            "this is a recording already, and needs no import.",
            hint=f"Try: imu-reps report {file.name}",
            code="recording_already",
        )


def _kind(file: ExportFile) -> ExportKind:
    kind = export_kind(text_of(file.content[:8192]))
    if kind is None:
        raise import_fault(
            file.name,
            "this is no export that is known.",
            hint="imu-reps docs importing lists the formats; any other CSV can be read with --map.",
            code="unknown_export",
        )
    return kind


def _read(
    file: ExportFile, kind: ExportKind, besides: dict[ExportKind, ExportTable], said: SaidByUser
) -> tuple[ForeignSensor, ...]:
    if kind == "excel":
        raise _excel_fault(file)
    text = text_of(file.content)
    if kind == "movesense":
        return read_movesense(text, file.name)
    table = table_of(text, file.name)
    if kind == "phyphox":
        sensors = read_phyphox(table, besides.get("phyphox_time"))
    elif kind == "sensor_logger":
        metadata = besides.get("sensor_logger_metadata")
        phone = Phone(said.platform) if metadata is None else phone_of(metadata)
        gravity = besides.get("sensor_logger")
        sensors = read_sensor_logger(table, phone, gravity)
    else:
        sensors = READERS[kind](table)
    cut = (f"{file.name}: the last row was cut off and left out",) if table.cut else ()
    return tuple(replace(sensor, assumed=(*sensor.assumed, *cut)) for sensor in sensors)


def table_of_words(text: str, name: str) -> ExportTable:
    """A small table that is not of samples: one row of names, then rows of anything."""
    lines = [line for line in text.splitlines() if line.strip()][:1000]
    separator = max(",;\t", key=lines[0].count) if lines else ","
    try:
        rows = [tuple(cell.strip() for cell in row) for row in csv.reader(lines, delimiter=separator)]
    except csv.Error:
        rows = []
    if not rows or any(len(row) < len(rows[0]) for row in rows):
        raise import_fault(name, "it was cut off.", hint="Export it again, or leave it out.", code="no_table")
    return ExportTable(name, (), rows[0], (), 2, False, tuple(rows[1:]), separator != ",")


def _excel_fault(file: ExportFile) -> RecordingError:
    """A workbook is not read; what its columns are called tells whether saving it as CSV would help."""
    words = _shared_words(file.content)
    if any(word.lower().startswith("euler") for word in words) and not any("gyr" in w.lower() for w in words):
        return refuse_orientation_only(file.name, "Euler angles")
    return import_fault(
        file.name,
        "this is an Excel workbook or another zip archive.",
        hint="Unpack it, or save the sheet as CSV, and import that.",
        code="excel",
    )


def _shared_words(content: bytes) -> list[str]:
    """Texts of a workbook's cells, from its part of shared strings; none where there are none."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive, archive.open("xl/sharedStrings.xml") as part:
            return re.findall(r"<t[^>]*>([^<]*)</t>", part.read(100_000).decode("utf-8", "replace"))
    except (
        zipfile.BadZipFile,
        KeyError,
        OSError,
        EOFError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        zlib.error,
    ):
        return []
