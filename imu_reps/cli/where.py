"""``imu-reps where``: print the folder of recordings, or the file of profiles."""

from __future__ import annotations

import click

from imu_reps.cli.console import echo


@click.command()
@click.option("--profile", is_flag=True, help="Print the file that says who is paired with which sensors.")
def where(profile: bool) -> None:
    """Print the folder recordings are kept in.

    There `imu-reps report` looks for the latest recording when it is given none.
    """
    from imu_reps.storage.folders import default_folder
    from imu_reps.storage.profile import profile_path

    echo(str(profile_path() if profile else default_folder()))
