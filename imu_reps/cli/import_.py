"""``imu-reps import``: convert exports of other systems to a recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imu_reps.cli.console import echo
from imu_reps.domain.exercise import EXERCISES, SIDES, STARTS, default_posture, default_start

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from imu_reps.domain.exercise import Exercise, Side, Start
    from imu_reps.domain.recording import Header, Recording
    from imu_reps.domain.samples import SensorPlace
    from imu_reps.importers.readers import ExportFile, ImportedSensor, ImportOptions
    from imu_reps.importers.sensor_readings import ExportedSensor

#: Header key that marks imported recordings.
IMPORTED = "imported_by"
_AXES = ("+x", "-x", "+y", "-y", "+z", "-z")
#: Companion files that some exports need and that are read with the samples.
_COMPANION_FILES = ("Metadata.csv", "meta/time.csv")


@click.command("import")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--pelvis", multiple=True, metavar="FILE", help="Of the pelvis sensor; twice for two files.")
@click.option("--ankle", multiple=True, metavar="FILE", help="Of the ankle sensor; twice for two files.")
@click.option("-o", "--output", required=True, metavar="RECORDING", help="Write there.")
@click.option("--map", "columns", metavar="MAP", help="Columns and units of any CSV, or a saved map's name.")
@click.option("--save-map", metavar="NAME", help="Keep the map under a name.")
@click.option("--platform", type=click.Choice(["ios", "android"]), help="Of the phone, for Sensor Logger.")
@click.option(
    "--tap", is_flag=True, help="The sensors were knocked together at the start: by that they are timed."
)
@click.option("--exercise", type=click.Choice(EXERCISES), help="What was done. [single_leg_raise]")
@click.option("--side", type=click.Choice(SIDES), help="Leg with the ankle sensor.")
@click.option("--start", type=click.Choice(STARTS), help="Where the leg rests between reps.")
@click.option("--person", metavar="NAME", help="Who did it.")
@click.option(
    "--created",
    type=click.DateTime(("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d")),
    metavar="DAY[THH:MM]",
    help="When, by this computer's clock, if no file says it.",
)
@click.option("--cranial", type=click.Choice(_AXES), help="Pelvis sensor's axis to the head. [+y]")
@click.option("--anterior", type=click.Choice(_AXES), help="Pelvis sensor's axis forward. [+z]")
@click.option("--force", is_flag=True, help="Replace RECORDING if it was imported.")
def import_(  # noqa: PLR0913 - an argument an option
    files: tuple[str, ...],
    pelvis: tuple[str, ...],
    ankle: tuple[str, ...],
    output: str,
    columns: str | None,
    save_map: str | None,
    platform: str | None,
    *,
    tap: bool,
    force: bool,
    **of_set: Any,
) -> None:
    """Make a recording of other systems' exports, and say what was assumed.

    FILEs without an option are of the ankle sensor. Of a file with several sensors name one: FILE#SENSOR.
    A map reads as 'time=t@ms; acc=ax,ay,az@g; gyr=gx,gy,gz@deg/s'. Formats: imu-reps docs importing.
    """
    named: dict[SensorPlace, tuple[str, ...]] = {"pelvis": pelvis, "ankle": (*ankle, *files)}
    named = {place: paths for place, paths in named.items() if paths}
    if not named:
        raise click.UsageError("Name the files of a sensor: --pelvis FILE, --ankle FILE.")
    from imu_reps.importers.readers import imported_sensor, join_sensors

    options = _import_options(columns, save_map, platform)
    sensors = {place: imported_sensor(_read(paths, place, options), place) for place, paths in named.items()}
    recording = join_sensors(sensors, _header(**of_set), tap=tap)
    _save(recording, output, force=force)
    for place, sensor in sensors.items():
        _echo_sensor(place, sensor)
    if (how := recording.header.extra.get("imported_together_by")) is not None:
        echo(f"both sensors laid together by {how}")
    if "pelvis" in sensors and of_set["cranial"] is None:
        echo("pelvis: its +y axis taken to point to the head; if not, say --cranial and --anterior")
    if files and not ankle:
        echo("ankle: the files without an option were taken to be of the ankle sensor")
    for line in _taken_for_granted(recording.header, of_set):
        echo(line)
    _echo_outcome(recording, output)


def _taken_for_granted(header: Header, of_set: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is in the header without anybody having said it, and what is missing there."""
    kinds = {"exercise": header.exercise, "start": f"a {header.start} start"}
    if taken := [words for name, words in kinds.items() if of_set[name] is None]:
        options = " and ".join(f"--{name}" for name in kinds if of_set[name] is None)
        yield f"set: taken for {' with '.join(taken)}, {header.posture}; if not, say {options}"
    missing = {"side": header.side, "person": header.extra.get("person"), "created": header.created}
    if absent := [name for name, value in missing.items() if value is None]:
        yield f"not known: {', '.join(absent)}; say {', '.join(f'--{name}' for name in absent)}"


def _echo_outcome(recording: Recording, output: str) -> None:
    """Print where it was written, and at once why no report of it can be made."""
    from imu_reps.quality.plausibility import examined
    from imu_reps.report.findings import hint, sentence

    refusals = [one for one in examined(recording).findings if one.severity == "refuse"]
    for finding in refusals:
        echo(f"x {sentence(finding)}\n    {hint(finding)}")
    last = f"Not usable as it is: see x above, and import it again with --force. Written to {output}"
    echo(last if refusals else f"Written to {output}. Next: imu-reps check {output}")


def _import_options(columns: str | None, save_map: str | None, platform: str | None) -> ImportOptions:
    from imu_reps.importers.readers import ImportOptions
    from imu_reps.importers.sensor_readings import column_map
    from imu_reps.storage import toml_files

    if columns is None:
        if save_map is not None:
            raise click.UsageError("--save-map needs --map.")
        return ImportOptions(None, platform)
    mapped = column_map(columns if "=" in columns else toml_files.find_map(columns))
    if save_map is not None:
        echo(f"The map {save_map} was saved in {toml_files.save_map(save_map, mapped.text)}")
    return ImportOptions(mapped, platform)


def _read(paths: tuple[str, ...], place: SensorPlace, options: ImportOptions) -> ExportedSensor:
    from imu_reps.importers.readers import read_exports
    from imu_reps.importers.sensor_readings import merge_parts
    from imu_reps.importers.text_tables import import_error

    split = [
        path.rpartition("#") if "#" in path and not Path(path).exists() else (path, "", "") for path in paths
    ]
    wanted = {name for _, _, name in split if name}
    files = _files([Path(path or name) for path, _, name in split], options)
    found = [one for one in read_exports(files, options) if not wanted or one.name in wanted]
    names = list(dict.fromkeys(one.name for one in found))
    if len(names) > 1 or (wanted and not names):
        every = ", ".join(str(one.name) for one in read_exports(files, options))
        raise import_error(
            ", ".join(paths),
            f"the sensors in it are {every}; which of them is worn at the {place}?",
            hint=f"Name one: --{place} {paths[0].split('#')[0]}#NAME.",
            code="which_sensor",
        )
    return merge_parts(found, f"{place} sensor")


def _files(paths: list[Path], options: ImportOptions) -> tuple[ExportFile, ...]:
    companions = [path.parent / name for path in paths for name in _COMPANION_FILES]
    if options.columns is None:
        paths = [
            *paths,
            *(path for path in dict.fromkeys(companions) if path.is_file() and path not in paths),
        ]
    return tuple(_file(path) for path in paths)


def _file(path: Path) -> ExportFile:
    """Read a file, decompressed if it is gzip, up to the maximum size."""
    from imu_reps.domain.file_kinds import HEAD_CHARACTERS, export_kind
    from imu_reps.importers.readers import ExportFile
    from imu_reps.storage.file_access import file_errors, refuse_other_file, require_regular_file
    from imu_reps.storage.recording.format import pieces_of

    with file_errors(path):
        require_regular_file(path)
        with path.open("rb") as file:
            content = b"".join(pieces_of(file, name=str(path)))
    if export_kind(content[:HEAD_CHARACTERS].decode("utf-8", errors="replace")) is None:
        refuse_other_file(content[:HEAD_CHARACTERS], path.name)
    return ExportFile(path.name, content)


def _header(
    *,
    exercise: Exercise | None,
    side: Side | None,
    start: Start | None,
    person: str | None,
    created: datetime | None,
    cranial: str | None,
    anterior: str | None,
) -> Header:
    from dataclasses import replace
    from types import MappingProxyType

    from imu_reps import __version__
    from imu_reps.domain.recording import DEFAULT_PELVIS, Header
    from imu_reps.domain.untrusted import parse_name
    from imu_reps.errors import UsageError

    pelvis = replace(
        DEFAULT_PELVIS,
        cranial_axis=cranial or DEFAULT_PELVIS.cranial_axis,  # type: ignore[arg-type]
        anterior_axis=anterior or DEFAULT_PELVIS.anterior_axis,  # type: ignore[arg-type]
    )
    if (pelvis.cranial_axis or "")[-1:] == (pelvis.anterior_axis or "")[-1:]:
        raise UsageError(
            f"--cranial {pelvis.cranial_axis} and --anterior {pelvis.anterior_axis} are the same axis.",
            hint="Name two: the one that points to the head, and the one that points forward.",
            code="same_axis",
        )
    exercise = exercise or "single_leg_raise"
    named = {} if person is None else {"person": parse_name(person)}
    return Header(
        exercise=exercise,
        side=side,
        start=start or default_start(exercise),
        posture=default_posture(exercise),
        created=None if created is None else created.astimezone(),
        pelvis=pelvis,
        extra=MappingProxyType({IMPORTED: f"imu-reps {__version__}", **named}),
    )


def _save(recording: Recording, output: str, *, force: bool) -> None:
    """Write the recording atomically; only an imported one is ever replaced."""
    from imu_reps.domain.file_kinds import DocumentKind
    from imu_reps.storage.file_access import save_document
    from imu_reps.storage.recording.format import FIRST_LINE
    from imu_reps.storage.recording.writer import recording_bytes

    kind = DocumentKind(FIRST_LINE, line=f"# {IMPORTED}: ")
    save_document(output, recording_bytes(recording, output), kind=kind, force=force)


def _echo_sensor(place: SensorPlace, sensor: ImportedSensor) -> None:
    from imu_reps.domain.file_kinds import EXPORT_NAMES

    block, source = sensor.block, sensor.source
    span_s = float(block.time_s[-1] - block.time_s[0])
    name = EXPORT_NAMES.get(source.format, "CSV")  # type: ignore[call-overload]
    echo(f"{place}: {name}, {len(block)} samples in {span_s:.1f} s, {(len(block) - 1) / span_s:.1f} Hz")
    for channel in (source.acc, source.gyr):
        if channel is not None:
            echo(f"  {channel.columns}")
    for word in sensor.remarks:
        echo(f"  {word}")
