"""``imu-reps angles``: leg and pelvis angles as CSV."""

from __future__ import annotations

from pathlib import Path

import click

from imu_reps.cli.console import say
from imu_reps.errors import UsageError


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
    track = analyze(load(file)).track
    if output is not None:
        save_angles(track, output, force=force)
        return
    for piece in angles_csv(track):
        say(piece, nl=False)


def _same_file(one: str, other: str) -> bool:
    return Path(one).exists() and Path(other).exists() and Path(one).samefile(other)
