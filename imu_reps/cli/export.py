"""``imu-reps export``, ``imu-reps angles``: write sets and angles for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from imu_reps.cli.analysed import analysed, files_of
from imu_reps.cli.console import echo, echo_stderr
from imu_reps.cli.output_names import refuse_other_ending
from imu_reps.cli.shared_options import NumberRange, settings_options
from imu_reps.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from imu_reps.analysis.analyze import Analysis
    from imu_reps.domain.recording import Recording
    from imu_reps.domain.settings import Settings

    Done = list[tuple[Recording, Analysis]]


#: Formats that hold a single set.
_ONE_SET = ("sto", "vtt")


@click.command()
@click.argument("recordings", nargs=-1, required=True, metavar="RECORDING|FOLDER...")
@click.option(
    "--as",
    "kind",
    type=click.Choice(["reps-csv", "reps-parquet", "samples-csv", "samples-parquet", "bids", "sto", "vtt"]),
    required=True,
    help="A row a repetition, or a row a hundredth of a second; a folder of BIDS with motion data; "
    "orientations for OpenSim; subtitles for a video.",
)
@click.option("-o", "--output", metavar="OUT", required=True, help="The file to write; for bids, the folder.")
@click.option(
    "--offset",
    "offset_s",
    type=NumberRange(-1_000_000, 1_000_000),
    metavar="SECONDS",
    help="vtt: the video's time at which the recording begins; negative if it began before the video.",
)
@click.option("--force", is_flag=True, help="Replace OUT if it is an older one of its kind.")
@settings_options
@click.pass_context
def export(
    ctx: click.Context,
    recordings: tuple[str, ...],
    kind: str,
    output: str,
    offset_s: float | None,
    force: bool,
    settings: Settings,
) -> None:
    """Write sets as other programs read them: see `imu-reps docs exporting`.

    Several recordings, or all in FOLDER, become one table or data set, each once; nothing is written if one
    of them cannot be used. What was not measured is empty.
    """
    files = files_of(recordings)
    if kind in _ONE_SET and len(files) > 1:
        raise UsageError(
            f"{kind} holds one set, not {len(files)}.",
            hint="Name one recording.",
            code="one_set",
        )
    if offset_s is not None and kind != "vtt":
        raise UsageError("--offset is for vtt.", hint="Leave it out.", code="no_offset")
    refuse_other_ending(output, ".parquet" if kind.endswith("parquet") else f".{kind.rpartition('-')[2]}")
    codes = [0]
    done = list(analysed(files, settings, codes))
    if any(codes):
        if len(files) > 1:
            echo_stderr("Nothing was written: leave out what cannot be used.")
        ctx.exit(max(codes))
    _write(kind, done, output, offset_s or 0.0, force=force)
    if kind.startswith("reps"):
        for recording, _ in (one for one in done if not one[1].summary.reps):
            echo_stderr(f"{recording.file}: no repetitions, so no rows.")
    echo(f"Written to {output}.")


def _write(kind: str, done: Done, output: str, offset_s: float, *, force: bool) -> None:
    from imu_reps.storage import exports

    recording, analysis = done[0]
    match kind:
        case "reps-csv":
            exports.save_reps(((one.person, one.summary) for _, one in done), output, force=force)
        case "reps-parquet":
            exports.save_parquet([one.to_frame() for _, one in done], output, force=force)
        case "samples-csv":
            exports.save_csv(_samples(done), output, force=force)
        case "samples-parquet":
            exports.save_parquet(_samples(done), output, force=force)
        case "bids":
            _save_bids(done, output, force=force)
        case "sto":
            from imu_reps.analysis.sensor_grid import sensor_grid

            time_s, sensors = sensor_grid(recording)
            quaternions = {place: of.quaternion for place, of in sensors.items()}
            exports.save_sto(time_s, quaternions, recording.header.side, output, force=force)
        case "vtt":
            reps, notes = analysis.summary.reps, recording.notes
            exports.save_vtt(reps, notes, output, offset_s=offset_s, force=force)


def _samples(done: Done) -> list[pd.DataFrame]:
    """Return the angles of each set, with leading columns for file, person, exercise and side."""
    import pandas as pd

    frames = []
    for recording, analysis in done:
        track, header = analysis.track.to_frame(), recording.header
        of_set = {"file": recording.file, "person": analysis.person}
        of_set |= {"exercise": header.exercise, "side": header.side}
        frames.append(pd.concat([pd.DataFrame(of_set, index=track.index, dtype="string"), track], axis=1))
    return frames


def _save_bids(done: Done, output: str, *, force: bool) -> None:
    import numpy as np

    from imu_reps.analysis.sensor_grid import sensor_grid
    from imu_reps.storage.bids import MotionSet, save_bids

    sets = []
    for recording, analysis in done:
        time_s, sensors = sensor_grid(recording)
        readings = {place: np.hstack([of.acc_mps2, of.gyr_dps]) for place, of in sensors.items()}
        sets.append(MotionSet(analysis.person, recording.header, time_s, readings, analysis.summary.reps))
    for name in save_bids(sets, output, force=force):
        echo(f"{name} was changed by hand and stays as it is.")


@click.command()
@click.argument("file")
@click.option("-o", "--output", metavar="OUT.csv", help="Write there instead of to standard output.")
@click.option("--force", is_flag=True, help="Replace OUT.csv if it is an older table of angles.")
def angles(file: str, output: str | None, force: bool) -> None:
    """Write leg elevation, pelvic tilt and pelvic rotation at 100 Hz as CSV.

    Times are the recording's own time_s; a cell is empty where the angle was not measured.
    """
    from imu_reps.analysis.analyze import analyze
    from imu_reps.storage.exports import angles_csv, save_angles
    from imu_reps.storage.recording import load

    if output is not None and _same_file(file, output):
        raise UsageError(
            f"{output} is the recording itself.", hint="Choose another name for the angles.", code="same_file"
        )
    if output == "-":
        output = None
    if output is not None:
        refuse_other_ending(output, ".csv")
    track = analyze(load(file)).track
    if output is not None:
        save_angles(track, output, force=force)
        echo(f"Written to {output}.")
        return
    for piece in angles_csv(track):
        echo(piece, nl=False)


def _same_file(one: str, other: str) -> bool:
    return Path(one).exists() and Path(other).exists() and Path(one).samefile(other)
