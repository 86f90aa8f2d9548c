"""From exports to a recording: read each by its format, and join the sensors on a common time."""

from __future__ import annotations

import contextlib
import csv
import re
import shlex
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from types import MappingProxyType

import numpy as np

from imu_reps.domain.file_kinds import EXPORT_NAMES, ExportKind, export_kind
from imu_reps.domain.recording import Counter, Header, Note, Recording
from imu_reps.domain.samples import BoolArray, FloatArray, SampleBlock, SensorPlace, interpolate_columns
from imu_reps.errors import RecordingError
from imu_reps.importers.app_exports import read_movesense, read_polar, read_witmotion, read_witmotion_script
from imu_reps.importers.lab_exports import read_dot, read_metabase, read_mtw, read_shimmer, read_sto, read_xio
from imu_reps.importers.phone_exports import Phone, parse_phone, read_phyphox, read_sensor_logger
from imu_reps.importers.sensor_readings import (
    EPOCH,
    Channel,
    ColumnMap,
    ExportedSensor,
    orientation_only_error,
    read_mapped,
    suggested_map,
)
from imu_reps.importers.text_tables import ExportTable, decode_text, import_error, parse_table
from imu_reps.kinematics.sync.taps import TapNotFound, TapWindow, find_taps

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
            hint="It can be reported as it is: imu-reps report FILE.",
            code="recording_already",
        )


def _kind(file: ExportFile) -> ExportKind:
    kind = export_kind(decode_text(file.content[:8192]))
    if kind is None:
        table = parse_table(decode_text(file.content), file.name)
        found = ", ".join(filter(None, table.columns))[:300] or "none with a name"
        raise import_error(
            file.name,
            f"this is no export that is known; its columns are {found}.",
            hint=f"Say what they hold, and in which units: --map {shlex.quote(suggested_map(table))} "
            "(imu-reps docs importing).",
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


@dataclass(frozen=True, slots=True)
class JoiningLimits:
    """When two sensors, or the quantities of one, are joined."""

    #: Minimum overlap of the two sensors.
    min_together_s: float = 1.0
    #: The tap lies within the first seconds.
    tap_within_s: float = 20.0
    #: Longest gap of the slower quantity that is interpolated, in periods.
    max_bridged_periods: float = 3.0
    #: Gravity, and shares of deviation at rest that are refused (wrong unit or no gravity) or reported.
    gravity_mps2: float = 9.81
    off_refused: float = 0.25
    off_reported: float = 0.05
    #: Length of the stillest stretch, taken as rest.
    rest_s: float = 1.0
    #: Years of a set by the files' clock; one that counts from 1970 and says less was never set (ours).
    first_year: int = 2000
    last_year: int = 2199


LIMITS = JoiningLimits()


@dataclass(frozen=True, slots=True)
class ImportedSensor:
    """One sensor with both quantities on a common time.

    Attributes
    ----------
    block : SampleBlock
        `time_s` is on the source's clock, not yet relative to the recording's beginning.
    remarks : tuple of str
        Assumptions and findings, for the user and the header.
    """

    source: ExportedSensor
    block: SampleBlock
    remarks: tuple[str, ...]


def imported_sensor(source: ExportedSensor, place: SensorPlace) -> ImportedSensor:
    """Interpolate both quantities to the times of the faster one, and check them for plausibility.

    Raises
    ------
    RecordingError
        ``no_acceleration``, ``no_gyroscope``, ``no_samples``, ``time_backwards``, ``no_rate``,
        ``not_together``, ``no_gravity``.
    """
    acc, gyr = source.acc, source.gyr
    if acc is None or gyr is None:
        missing, word = ("acceleration", "accelerometer") if acc is None else ("angular rate", "gyroscope")
        raise import_error(
            f"{place} sensor",
            f"there is no {missing} in what was named.",
            hint=f"Name the {word}'s file too, or record again with {word} and its partner: both are needed.",
            code="no_acceleration" if acc is None else "no_gyroscope",
        )
    _refuse_bad_times(acc, place)
    _refuse_bad_times(gyr, place)
    remarks = list(source.assumed)
    time_s, forces, rates, kept = acc.time_s, acc.values, gyr.values, np.ones(len(acc), np.bool_)
    if len(acc) != len(gyr) or (acc.time_s != gyr.time_s).any():
        fast, slow = (acc, gyr) if len(acc) / _span_s(acc) >= len(gyr) / _span_s(gyr) else (gyr, acc)
        time_s, other, kept = fast.time_s, *_onto(fast.time_s, slow)
        forces, rates = (fast.values, other) if fast is acc else (other, fast.values)
        word = "angular rate" if fast is acc else "acceleration"
        remarks.append(
            f"{word} put on the other's times by linear interpolation; "
            f"{np.sum(~kept)} samples outside or in its holes left out"
        )
    if kept.sum() < 2:
        raise import_error(
            f"{place} sensor",
            "its acceleration and its angular rate were not recorded at the same time.",
            hint="Name two files of the same recording.",
            code="not_together",
        )
    remarks += _gravity(forces[kept], rates[kept], len(time_s) / _span_s(acc), place)
    sample = np.arange(len(time_s)) if source.sample is None else source.sample
    device_s = time_s if source.device_time else np.full(len(time_s), np.nan)
    block = SampleBlock(place, time_s, sample, device_s, forces, rates)[kept]
    return ImportedSensor(source, block, tuple(remarks))


def _span_s(channel: Channel) -> float:
    return float(channel.time_s[-1] - channel.time_s[0])


def _refuse_bad_times(channel: Channel, place: SensorPlace) -> None:
    if len(channel) < 2:
        raise import_error(
            f"{place} sensor",
            f"{channel.columns}: there are {len(channel)} samples.",
            hint="Name another file.",
            code="no_samples",
        )
    back = np.flatnonzero(np.diff(channel.time_s) < 0)
    if len(back):
        at = int(back[0])
        raise import_error(
            f"{place} sensor",
            f"{channel.columns}: time goes back by {channel.time_s[at] - channel.time_s[at + 1]:.3f} s "
            f"after sample {at + 1}.",
            hint="Restore the order of the rows, or cut the file in two there.",
            code="time_backwards",
        )
    rate_hz = (len(channel) - 1) / max(_span_s(channel), 1e-9)
    if not 1.0 <= rate_hz <= 10_000.0 or np.abs(channel.time_s).max() > 1e10:
        raise import_error(
            f"{place} sensor",
            f"{channel.columns}: {len(channel)} samples in {_span_s(channel):.6g} s, {rate_hz:.3g} a second.",
            hint="Check the unit of time; with --map it can be said.",
            code="no_rate",
        )


def _onto(time_s: FloatArray, slow: Channel) -> tuple[FloatArray, BoolArray]:
    """Interpolate a slower quantity to other times; return also where it is valid, outside its gaps."""
    values = interpolate_columns(time_s, slow.time_s, slow.values)
    after = np.clip(np.searchsorted(slow.time_s, time_s), 1, len(slow) - 1)
    gap_s = slow.time_s[after] - slow.time_s[after - 1]
    exact = slow.time_s[after] == time_s
    whole = gap_s <= LIMITS.max_bridged_periods * float(np.median(np.diff(slow.time_s)))
    inside = (time_s >= slow.time_s[0]) & (time_s <= slow.time_s[-1])
    return values, inside & (whole | exact)


def _gravity(forces: FloatArray, rates: FloatArray, rate_hz: float, place: SensorPlace) -> list[str]:
    """Check gravity in the stillest second; return remarks."""
    length = int(min(max(round(LIMITS.rest_s * rate_hz), 1), len(forces)))
    unrest = np.linalg.norm(rates - np.median(rates, axis=0), axis=1)
    sums = np.convolve(unrest, np.ones(length), mode="valid")
    start = int(np.argmin(sums))
    size = float(np.linalg.norm(np.median(forces[start : start + length], axis=0)))
    off = abs(size / LIMITS.gravity_mps2 - 1.0)
    if off <= LIMITS.off_reported:
        return []
    what = f"at its stillest the acceleration is {size:.2f} m/s², where gravity is 9.81"
    if off <= LIMITS.off_refused:
        return [f"{what}: not calibrated?"]
    hint = "Check the unit; export the acceleration with gravity."
    raise import_error(f"{place} sensor", f"{what}.", hint=hint, code="no_gravity")


def join_sensors(
    sensors: Mapping[SensorPlace, ImportedSensor], header: Header, *, tap: bool = False
) -> Recording:
    """Join one or two sensors to a recording, with time from the first sample.

    Parameters
    ----------
    header : Header
        Header of the set, to which the sensors' headers are added.
    tap : bool
        Whether the sensors were knocked together at the start, to synchronise their times.

    Raises
    ------
    RecordingError
        ``same_sensor``, ``no_common_clock``, ``no_tap``, ``not_together``.
    """
    times = {place: sensor.block.time_s for place, sensor in sensors.items()}
    tap_s: float | None = None
    extra = dict(header.extra)
    if len(sensors) == 2:
        _refuse_one_for_both(sensors["pelvis"].block, sensors["ankle"].block)
        times, tap_s = _together(sensors, tap=tap)
        extra["imported_together_by"] = "a tap" if tap else str(sensors["pelvis"].source.clock)
    start_s = min(float(time_s[0]) for time_s in times.values())
    blocks: dict[SensorPlace, SampleBlock] = {}
    for place, sensor in sensors.items():
        block, time_s = sensor.block, times[place] - start_s
        device_s = np.where(np.isnan(block.device_time_s), np.nan, time_s)
        blocks[place] = replace(block, time_s=time_s, device_time_s=device_s)
        counter: Counter = "host" if sensor.source.sample is None else "device"
        known = replace(header.sensor(place), sensor=sensor.source.format, counter=counter)
        header = header.with_sensor(place, known)
        extra |= _provenance(place, sensor)
    clocks = {sensor.source.clock for sensor in sensors.values()}
    if header.created is None and clocks == {EPOCH}:
        header = replace(header, created=_day_and_time(start_s))
    header = replace(header, extra=MappingProxyType(extra))
    notes = () if tap_s is None else (Note(tap_s - start_s, "tap", "both"),)
    return Recording(header, blocks.get("pelvis"), blocks.get("ankle"), notes)


def _day_and_time(epoch_s: float) -> datetime | None:
    """Return the moment of a time since 1970; None if it is none, as of a clock that was never set."""
    with contextlib.suppress(OverflowError, OSError, ValueError):
        moment = datetime.fromtimestamp(epoch_s, UTC)
        return moment if LIMITS.first_year <= moment.year <= LIMITS.last_year else None
    return None


def _refuse_one_for_both(pelvis: SampleBlock, ankle: SampleBlock) -> None:
    """Refuse one sensor's export named for both places: equal accelerations wherever both have a time."""
    _, of_pelvis, of_ankle = np.intersect1d(pelvis.time_s, ankle.time_s, return_indices=True)
    differ = pelvis.acc_mps2[of_pelvis] != ankle.acc_mps2[of_ankle]
    if len(of_pelvis) and not differ.any():
        raise import_error(
            "The two sensors",
            "both were given the same sensor's readings.",
            hint="Name each sensor's own: --pelvis FILE --ankle FILE, of a file with several FILE#NAME; "
            "or import it for one place alone.",
            code="same_sensor",
        )


def _provenance(place: SensorPlace, sensor: ImportedSensor) -> dict[str, str]:
    acc, gyr = sensor.source.acc, sensor.source.gyr
    name = EXPORT_NAMES.get(sensor.source.format, "CSV by a map")  # type: ignore[call-overload]
    remarks = {
        f"{place}.imported_from": name if sensor.source.name is None else f"{name}, {sensor.source.name}",
        f"{place}.imported_acc": acc.columns if acc is not None else "",
        f"{place}.imported_gyr": gyr.columns if gyr is not None else "",
        f"{place}.assumed": "; ".join(sensor.remarks),
    }
    return {
        key: "".join(c if c.isprintable() else " " for c in text).strip()
        for key, text in remarks.items()
        if text
    }


def _together(
    sensors: Mapping[SensorPlace, ImportedSensor], *, tap: bool
) -> tuple[dict[SensorPlace, FloatArray], float | None]:
    """Return both sensors' times on the pelvis sensor's clock, and the time of the tap."""
    pelvis, ankle = sensors["pelvis"], sensors["ankle"]
    times: dict[SensorPlace, FloatArray] = {"pelvis": pelvis.block.time_s, "ankle": ankle.block.time_s}
    tap_s: float | None = None
    if tap:
        found = find_taps(_beginning(pelvis.block), _beginning(ankle.block), np.inf)
        if isinstance(found, TapNotFound):
            raise import_error(
                "The two sensors",
                f"the tap cannot be found: {found.reason}.",
                hint="Knock both together three or four times, unevenly, in the first seconds of both files.",
                code="no_tap",
            )
        shift_s = found.offset_s + times["pelvis"][0] - times["ankle"][0]
        times["ankle"] = times["ankle"] + shift_s
        tap_s = found.time_s + float(times["pelvis"][0])
    elif pelvis.source.clock is None or pelvis.source.clock != ankle.source.clock:
        raise import_error(
            "The two sensors",
            f"their files have no clock in common: {pelvis.source.clock or 'its own start'} at the pelvis, "
            f"{ankle.source.clock or 'its own start'} at the ankle.",
            hint="If they were knocked together at the start, say --tap; else import one of them alone.",
            code="no_common_clock",
        )
    overlap_s = min(time_s[-1] for time_s in times.values()) - max(time_s[0] for time_s in times.values())
    if overlap_s < LIMITS.min_together_s:
        raise import_error(
            "The two sensors",
            f"they were recorded at different times: {-overlap_s:.0f} s lie between the two files.",
            hint="Name two files of the same set.",
            code="not_together",
        )
    return times, tap_s


def _beginning(block: SampleBlock) -> TapWindow:
    time_s = block.time_s - block.time_s[0]
    near = time_s <= LIMITS.tap_within_s
    return TapWindow(time_s[near], block.acc_mps2[near])
