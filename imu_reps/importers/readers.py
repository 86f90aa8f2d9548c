"""Read exports: choose the reader by format, and return the sensors."""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO

from imu_reps.domain.file_kinds import ExportKind, export_kind
from imu_reps.errors import RecordingError
from imu_reps.importers.app_exports import read_movesense, read_polar, read_witmotion, read_witmotion_script
from imu_reps.importers.lab_exports import read_dot, read_metabase, read_mtw, read_shimmer, read_sto, read_xio
from imu_reps.importers.phone_exports import Phone, parse_phone, read_phyphox, read_sensor_logger
from imu_reps.importers.sensor_readings import ColumnMap, ExportedSensor, orientation_only_error, read_mapped
from imu_reps.importers.text_tables import ExportTable, decode_text, import_error, parse_table

Read = Callable[[ExportTable], tuple[ExportedSensor, ...]]

#: Readers of formats that need a single table.
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
    """An export's file.

    Attributes
    ----------
    name : str
        Name without the folder.
    content : bytes
        Decompressed content.
    """

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options of the user for files that are not self-describing.

    Attributes
    ----------
    columns : ColumnMap or None
        Column map for every file.
    """

    columns: ColumnMap | None = None
    platform: str | None = None


def read_exports(
    files: tuple[ExportFile, ...], options: ImportOptions = ImportOptions()
) -> list[ExportedSensor]:
    """Read all sensors from files and their companion files.

    Raises
    ------
    RecordingError
        A file is of an unknown format, or unusable.
    """
    for file in files:
        _refuse_recording(file)
    if options.columns is not None:
        return [
            one
            for file in files
            for one in read_mapped(parse_table(decode_text(file.content), file.name), options.columns)
        ]
    kinds = {file.name: _kind(file) for file in files}
    companions: dict[ExportKind, ExportTable] = {}
    for file in files:
        if kinds[file.name] in ("phyphox_time", "sensor_logger_metadata"):
            companions[kinds[file.name]] = parse_metadata(decode_text(file.content), file.name)
        elif kinds[file.name] == "sensor_logger" and file.name.lower() == "gravity.csv":
            companions["sensor_logger"] = parse_table(decode_text(file.content), file.name)
    companion_names = {table.name for table in companions.values()}
    return [
        sensor
        for file in files
        if file.name not in companion_names
        for sensor in _read(file, kinds[file.name], companions, options)
    ]


def _refuse_recording(file: ExportFile) -> None:
    """Refuse a recording: imported, it would lose its person, or that it is simulated."""
    if re.search(r"^\W*format\W+imu-reps-recording/", decode_text(file.content[:8192]), re.MULTILINE):
        raise import_error(
            file.name,
            "this is a recording already, and needs no import.",
            hint=f"Try: imu-reps report {file.name}",
            code="recording_already",
        )


def _kind(file: ExportFile) -> ExportKind:
    kind = export_kind(decode_text(file.content[:8192]))
    if kind is None:
        raise import_error(
            file.name,
            "this is no export that is known.",
            hint="imu-reps docs importing lists the formats; any other CSV can be read with --map.",
            code="unknown_export",
        )
    return kind


def _read(
    file: ExportFile, kind: ExportKind, companions: dict[ExportKind, ExportTable], options: ImportOptions
) -> tuple[ExportedSensor, ...]:
    if kind == "excel":
        raise _excel_fault(file)
    text = decode_text(file.content)
    if kind == "movesense":
        return read_movesense(text, file.name)
    table = parse_table(text, file.name)
    if kind == "phyphox":
        sensors = read_phyphox(table, companions.get("phyphox_time"))
    elif kind == "sensor_logger":
        metadata = companions.get("sensor_logger_metadata")
        phone = Phone(options.platform) if metadata is None else parse_phone(metadata)
        gravity = companions.get("sensor_logger")
        sensors = read_sensor_logger(table, phone, gravity)
    else:
        sensors = READERS[kind](table)
    cut = (f"{file.name}: the last row was cut off and left out",) if table.cut else ()
    return tuple(replace(sensor, assumed=(*sensor.assumed, *cut)) for sensor in sensors)


def parse_metadata(text: str, name: str) -> ExportTable:
    """Parse a small table of metadata: a header row, then rows of text."""
    lines = [line for line in text.splitlines() if line.strip()][:1000]
    separator = max(",;\t", key=lines[0].count) if lines else ","
    try:
        rows = [tuple(cell.strip() for cell in row) for row in csv.reader(lines, delimiter=separator)]
    except csv.Error:
        rows = []
    if not rows or any(len(row) < len(rows[0]) for row in rows):
        raise import_error(name, "it was cut off.", hint="Export it again, or leave it out.", code="no_table")
    return ExportTable(name, (), rows[0], (), 2, False, tuple(rows[1:]), separator != ",")


def _excel_fault(file: ExportFile) -> RecordingError:
    """Return the error for a workbook; its column names show whether saving it as CSV would help."""
    words = _shared_words(file.content)
    if any(word.lower().startswith("euler") for word in words) and not any("gyr" in w.lower() for w in words):
        return orientation_only_error(file.name, "Euler angles")
    return import_error(
        file.name,
        "this is an Excel workbook or another zip archive.",
        hint="Unpack it, or save the sheet as CSV, and import that.",
        code="excel",
    )


def _shared_words(content: bytes) -> list[str]:
    """Return the texts of a workbook's cells from its shared strings; empty if there are none."""
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
