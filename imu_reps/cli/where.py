"""``imu-reps where``: the folder recordings are kept in."""

from __future__ import annotations

import click

from imu_reps.cli.console import say


@click.command()
def where() -> None:
    """Print the folder recordings are kept in.

    There `imu-reps report` looks for the latest recording when it is given none.
    """
    from imu_reps.storage.recording_file import default_folder

    say(str(default_folder()))
