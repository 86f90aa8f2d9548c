"""``imu-reps``: the group of all commands, each imported when it is called."""

from __future__ import annotations

import os
import re
from importlib import import_module
from typing import Any

import click

from imu_reps import __version__
from imu_reps.cli.console import exit_on_error, replace_unencodable
from imu_reps.errors import did_you_mean

#: Example shown at the end of each command's help.
EXAMPLES = {
    "scan": "imu-reps scan --seconds 30",
    "pair": "imu-reps pair --person kim",
    "record": "imu-reps record --side left,right --reps 10 --tempo 2-0-2-0 --page",
    "test end-range": "imu-reps test end-range --exercise single_leg_raise",
    "test setup": "imu-reps test setup",
    "watch": "imu-reps watch --virtual",
    "demo": "imu-reps demo --fast",
    "doctor": "imu-reps doctor",
    "report": "imu-reps report set.csv --html report.html",
    "replay": "imu-reps replay set.csv --speed 2",
    "export": "imu-reps export monday.csv tuesday.csv --as reps-csv -o reps.csv",
    "score": "imu-reps score monday.csv monday.labels.csv",
    "correct": "imu-reps correct set.csv --not-a-rep 7 --missed 30.5-34",
    "angles": "imu-reps angles set.csv -o angles.csv",
    "import": "imu-reps import phone.csv --platform ios -o set.csv",
    "batch": "imu-reps batch recordings -o result",
    "check": "imu-reps check set.csv",
    "history": "imu-reps history --person kim --last 20",
    "plan": 'imu-reps plan --prescribe --by "Dr. Lee" --exercise heel_tap --sets 3 --reps 10',
    "persons list": "imu-reps persons list",
    "persons rename": "imu-reps persons rename kim kim-lee",
    "persons merge": "imu-reps persons merge kim kim-lee",
    "persons export": "imu-reps persons export kim kim-sets",
    "persons delete": "imu-reps persons delete kim",
    "reanalyse": "imu-reps reanalyse --diff",
    "simulate": "imu-reps simulate -o set.csv --reps 8 --fault back_arch:7-8",
    "settings": "imu-reps settings",
    "where": "imu-reps where --profile",
    "docs": "imu-reps docs guide",
    "completion": "imu-reps completion bash --install",
}


def _with_example(words: str) -> str | None:
    """Return the example at the end of a command's help; None for a group."""
    example = EXAMPLES.get(words)
    return None if example is None else f"\b\nExample:\n  {example}"


#: Module and function of the commands that are not in `imu_reps.cli.NAME.NAME`.
_LOCATIONS = {
    "import": ("import_", "import_"),
    "settings": ("docs", "settings_"),
    "angles": ("export", "angles"),
    "where": ("docs", "where"),
    "completion": ("docs", "completion"),
}

#: Every command with its line in ``imu-reps --help``.
COMMANDS = {
    "demo": "See it all in three minutes, without hardware.",
    "scan": "List the sensors that are near.",
    "pair": "Get to know the two sensors, once.",
    "record": "Record a set, with both sensors.",
    "test": "Find your floor angle, or whether you can press your back flat.",
    "watch": "Show what both sensors read, live and raw.",
    "doctor": "Find out what is wrong with Bluetooth or a sensor.",
    "report": "Count and judge recorded sets: reps, tempo, stability.",
    "replay": "Play a recording through the live pipeline.",
    "angles": "Write leg and pelvis angles at 100 Hz as CSV.",
    "export": "Write sets as CSV, Parquet, BIDS, OpenSim or subtitles.",
    "score": "Hold the count against labels of your own.",
    "check": "Tell whether a recording is plausible.",
    "import": "Make a recording of another system's export.",
    "history": "Show the sets done so far: the last, the best, what changed.",
    "persons": "List persons; rename, merge, export or delete one.",
    "correct": "Put a recorded set right by hand, and take that back.",
    "plan": "Show the programme, how it was kept, and what to do next.",
    "reanalyse": "Sum up all recordings again, or show what would move.",
    "batch": "Sum up thousands of recordings into tables, on all cores or a cluster.",
    "simulate": "Make a simulated recording with its truth.",
    "where": "Print the folder recordings are kept in.",
    "settings": "List every threshold that can be changed, and the presets.",
    "docs": "Print a page of the documentation.",
    "completion": "Let the shell complete commands and options.",
}


class LazyGroup(click.Group):
    """A group that imports commands lazily and turns a user's errors into messages and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        """Return all names, in the order in which they are usually needed."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, name = _LOCATIONS.get(cmd_name, (cmd_name, cmd_name))
        command: click.Command = getattr(import_module(f"imu_reps.cli.{module}"), name)
        command.epilog = _with_example(cmd_name)
        for name, inner in getattr(command, "commands", {}).items():
            inner.epilog = _with_example(f"{cmd_name} {name}")
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take ``help`` for ``--help``, and refuse arguments with NUL characters."""
        if args[:1] == ["help"]:
            args = [*args[1:], "--help"]
        if any("\0" in word for word in args):
            ctx.fail("A word holds a NUL character, which no name and no number has. Leave it out.")
        replace_unencodable()
        with exit_on_error():  # version and help are printed here
            return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command, or fail with the closest name."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"There is no command {name!r}.{did_you_mean(name, COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        # matrices are small: more BLAS threads only delay live blocks
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        with exit_on_error():
            try:
                return super().invoke(ctx)
            except click.MissingParameter:
                raise
            except click.BadOptionUsage as error:
                if error.ctx is not None:  # else a value is missing, and click does not say of which command
                    raise
                told = f"{error.option_name} needs a value: see imu-reps {ctx.invoked_subcommand} --help."
                raise click.UsageError(told) from error
            except click.BadParameter as error:
                told = _plainly(error)
                raise click.BadParameter(told, error.ctx, error.param, error.param_hint) from error


#: A programmer's words for a wrong value, and plain ones.
_PLAINER = {
    r"is not a valid integer(?: range)?\.": "is not a whole number.",
    r"is not a valid float(?: range)?\.": "is not a number.",
    r"does not match the formats? .*": "is no day, such as 2026-11-30 or 2026-11-30T18:05.",
}


def _plainly(error: click.BadParameter) -> str:
    """Return the message without a programmer's types, and with the value of a choice that may be meant."""
    told = error.message
    for words, plainer in _PLAINER.items():
        told = re.sub(words, plainer, told)
    kind = getattr(error.param, "type", None)
    match = re.match(r"'(.*?)' is not", error.message)
    return told + did_you_mean(match[1], kind.choices) if match and isinstance(kind, click.Choice) else told


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="imu-reps")
def main() -> None:
    """Count and judge leg raises from two small motion sensors.

    One sensor sits on the pelvis, one on the ankle. Not a medical device.
    """
