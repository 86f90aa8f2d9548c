"""``imu-reps``: the group of all commands. A command's module is imported when the command is called."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import click

from imu_reps import __version__
from imu_reps.cli.console import ending_well, speak_plainly

#: Every command and its line in ``imu-reps --help``; the command `verb` is `imu_reps.cli.verb.verb`.
COMMANDS = {
    "scan": "List the sensors that are near.",
    "pair": "Get to know the two sensors, once.",
    "record": "Record a set, with both sensors.",
    "test": "Find your floor angle, or whether you can press your back flat.",
    "doctor": "Find out what is wrong with Bluetooth or a sensor.",
    "report": "Count and judge recorded sets: reps, tempo, stability.",
    "replay": "Play a recording through the live pipeline.",
    "angles": "Write leg and pelvis angles at 100 Hz as CSV.",
    "check": "Tell whether a recording is plausible.",
    "history": "Show the sets done so far: the last, the best, what changed.",
    "plan": "Show the programme, how it was kept, and what to do next.",
    "reanalyse": "Sum up all recordings again, or show what would move.",
    "simulate": "Make a simulated recording with its truth.",
    "where": "Print the folder recordings are kept in.",
    "docs": "Print a page of the documentation.",
}


class LazyGroup(click.Group):
    """A group that knows its commands by name, and turns every user's error into words and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        """All names, in the order they are mostly needed."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"imu_reps.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command called for."""
        speak_plainly()
        # Matrices here are small: more threads only make a live block late now and then.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        with ending_well():
            return super().invoke(ctx)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="imu-reps")
def main() -> None:
    """Count and judge leg raises from two small motion sensors.

    One sensor sits on the pelvis, one on the ankle. Not a medical device.
    """
