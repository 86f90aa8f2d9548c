"""``imu-reps import``: other systems' exports to a recording."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import say
from imu_reps.domain.exercise import EXERCISES

if TYPE_CHECKING:
    from imu_reps.domain.recording import Header, Recording
    from imu_reps.domain.samples import SensorPlace
    from imu_reps.importers.joining import ImportedSensor
    from imu_reps.importers.readers import ExportFile, SaidByUser
    from imu_reps.importers.sensor_readings import ForeignSensor

#: What stands at the top of every recording that was imported, and of no other.
IMPORTED = "imported_by"
_AXES = ("+x", "-x", "+y", "-y", "+z", "-z")
#: What an export keeps beside its samples, and is read with them.
_BESIDE = ("Metadata.csv", "meta/time.csv")


@dataclass(frozen=True, slots=True)
class SetOptions:
    """What was said of the set."""

    exercise: str
    side: str | None
    start: str | None
    cranial: str | None
    anterior: str | None


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
@click.option("--exercise", type=click.Choice(EXERCISES), default="single_leg_raise", show_default=True)
@click.option("--side", type=click.Choice(["left", "right", "both"]), help="Leg with the ankle sensor.")
@click.option("--start", type=click.Choice(["low", "high"]), help="Where the leg rests between reps.")
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
    **of_set: str | None,
) -> None:
    """Make a recording of other systems' exports, and say what was assumed.

    FILEs without an option are of the ankle sensor. Of a file with several sensors name one: FILE#SENSOR.
    A map reads as 'time=t@ms; acc=ax,ay,az@g; gyr=gx,gy,gz@deg/s'. Formats: imu-reps docs importing.
    """
    named: dict[SensorPlace, tuple[str, ...]] = {"pelvis": pelvis, "ankle": (*ankle, *files)}
    named = {place: paths for place, paths in named.items() if paths}
    if not named:
        raise click.UsageError("Name the files of a sensor: --pelvis FILE, --ankle FILE.")
    from imu_reps.importers.joining import imported_sensor, joined

    said = _said(columns, save_map, platform)
    sensors = {place: imported_sensor(_read(paths, place, said), place) for place, paths in named.items()}
    recording = joined(sensors, _header(SetOptions(**of_set)), tap=tap)  # type: ignore[arg-type]
    _save(recording, output, force=force)
    for place, sensor in sensors.items():
        _say_sensor(place, sensor)
    if (how := recording.header.extra.get("imported_together_by")) is not None:
        say(f"both sensors laid together by {how}")
    if "pelvis" in sensors and of_set["cranial"] is None:
        say("pelvis: its +y axis taken to point to the head; if not, say --cranial and --anterior")
    if files and not ankle:
        say("ankle: the files without an option were taken to be of the ankle sensor")
    say(f"Written to {output}. Next: imu-reps check {output}")


def _said(columns: str | None, save_map: str | None, platform: str | None) -> SaidByUser:
    from imu_reps.importers.mapped_csv import column_map
    from imu_reps.importers.readers import SaidByUser
    from imu_reps.storage import column_maps

    if columns is None:
        if save_map is not None:
            raise click.UsageError("--save-map needs --map.")
        return SaidByUser(None, platform)
    mapped = column_map(columns if "=" in columns else column_maps.find_map(columns))
    if save_map is not None:
        say(f"The map {save_map} was saved in {column_maps.save_map(save_map, mapped.text)}")
    return SaidByUser(mapped, platform)


def _read(paths: tuple[str, ...], place: SensorPlace, said: SaidByUser) -> ForeignSensor:
    """The one sensor that some files tell of."""
    from imu_reps.importers.readers import read_exports
    from imu_reps.importers.sensor_readings import united
    from imu_reps.importers.text_tables import import_fault

    split = [
        path.rpartition("#") if "#" in path and not Path(path).exists() else (path, "", "") for path in paths
    ]
    wanted = {name for _, _, name in split if name}
    files = _files([Path(path or name) for path, _, name in split], said)
    found = [one for one in read_exports(files, said) if not wanted or one.name in wanted]
    names = list(dict.fromkeys(one.name for one in found))
    if len(names) > 1 or (wanted and not names):
        every = ", ".join(str(one.name) for one in read_exports(files, said))
        raise import_fault(
            ", ".join(paths),
            f"the sensors in it are {every}; which of them is worn at the {place}?",
            hint=f"Name one: --{place} {paths[0].split('#')[0]}#NAME.",
            code="which_sensor",
        )
    return united(found, f"{place} sensor")


def _files(paths: list[Path], said: SaidByUser) -> tuple[ExportFile, ...]:
    """The files and what their exports keep beside them."""
    besides = [path.parent / name for path in paths for name in _BESIDE]
    if said.columns is None:
        paths = [*paths, *(path for path in dict.fromkeys(besides) if path.is_file() and path not in paths)]
    return tuple(_file(path) for path in paths)


def _file(path: Path) -> ExportFile:
    """A file's bytes, unpacked where it is gzip, bounded in size."""
    from imu_reps.importers.readers import ExportFile
    from imu_reps.storage.file_access import access_error, refuse_special
    from imu_reps.storage.recording.lines import pieces_of

    try:
        refuse_special(path)
        with path.open("rb") as file:
            return ExportFile(path.name, b"".join(pieces_of(file, name=str(path))))
    except OSError as error:
        raise access_error(error, str(path)) from error


def _header(options: SetOptions) -> Header:
    from dataclasses import replace
    from types import MappingProxyType

    from imu_reps import __version__
    from imu_reps.domain.recording import DEFAULT_PELVIS, Header, default_posture, default_start
    from imu_reps.errors import UsageError

    pelvis = replace(
        DEFAULT_PELVIS,
        cranial_axis=options.cranial or DEFAULT_PELVIS.cranial_axis,  # type: ignore[arg-type]
        anterior_axis=options.anterior or DEFAULT_PELVIS.anterior_axis,  # type: ignore[arg-type]
    )
    if (pelvis.cranial_axis or "")[-1:] == (pelvis.anterior_axis or "")[-1:]:
        raise UsageError(
            f"--cranial {pelvis.cranial_axis} and --anterior {pelvis.anterior_axis} are the same axis.",
            hint="Name two: the one that points to the head, and the one that points forward.",
            code="same_axis",
        )
    exercise = options.exercise
    return Header(
        exercise=exercise,  # type: ignore[arg-type]
        side=options.side,  # type: ignore[arg-type]
        start=options.start or default_start(exercise),  # type: ignore[arg-type]
        posture=default_posture(exercise),  # type: ignore[arg-type]
        pelvis=pelvis,
        extra=MappingProxyType({IMPORTED: f"imu-reps {__version__}"}),
    )


def _save(recording: Recording, output: str, *, force: bool) -> None:
    """Write the recording, whole or not at all; only an imported one is ever replaced."""
    import tempfile

    from imu_reps.storage.file_access import save_document
    from imu_reps.storage.recording import save

    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "recording.csv"
        save(recording, draft)
        save_document(output, draft.read_text(encoding="utf-8"), mark=f"# {IMPORTED}: ", force=force)


def _say_sensor(place: SensorPlace, sensor: ImportedSensor) -> None:
    from imu_reps.domain.foreign_exports import EXPORT_NAMES

    block, source = sensor.block, sensor.source
    span_s = float(block.time_s[-1] - block.time_s[0])
    name = EXPORT_NAMES.get(source.format, "CSV")  # type: ignore[call-overload]
    say(f"{place}: {name}, {len(block)} samples in {span_s:.1f} s, {(len(block) - 1) / span_s:.1f} Hz")
    for channel in (source.acc, source.gyr):
        if channel is not None:
            say(f"  {channel.columns}")
    for word in sensor.said:
        say(f"  {word}")
