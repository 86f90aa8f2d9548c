"""``imu-reps completion``: print or install shell completion."""

from __future__ import annotations

from pathlib import Path

import click

from imu_reps.cli.console import echo

PROGRAM = "imu-reps"
#: Where each shell looks for completions, below the home folder; zsh needs its `fpath` set.
INSTALL_PATHS = {
    "bash": Path(".local/share/bash-completion/completions/imu-reps"),
    "zsh": Path(".zfunc/_imu-reps"),
    "fish": Path(".config/fish/completions/imu-reps.fish"),
}
#: Environment variable by which the shell requests completions.
COMPLETE_VARIABLE = "_IMU_REPS_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(list(INSTALL_PATHS)))
@click.option("--install", is_flag=True, help="Write it where the shell looks for it.")
@click.option("--force", is_flag=True, help="Replace an older completion.")
def completion(shell: str, install: bool, force: bool) -> None:
    """Print what makes SHELL complete commands, options and their values, or install it."""
    script = _script(shell)
    if not install:
        echo(script, nl=False)
        return
    from imu_reps.domain.file_kinds import DocumentKind
    from imu_reps.storage.file_access import make_folder, save_document
    from imu_reps.storage.folders import user_home

    path = user_home() / INSTALL_PATHS[shell]
    make_folder(path.parent)
    kind = DocumentKind(script.partition("\n")[0] + "\n")
    save_document(path, script, kind=kind, force=force)
    echo(f"Written to {path}. It works in every new shell.")
    if shell == "zsh":
        echo("If it does not, put this into ~/.zshrc: fpath+=~/.zfunc; autoload -Uz compinit && compinit")


def _script(shell: str) -> str:
    """Return click's completion script for this program."""
    from click.shell_completion import get_completion_class

    from imu_reps.cli.main import main

    completing = get_completion_class(shell)
    if completing is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    maker = completing(main, {}, PROGRAM, COMPLETE_VARIABLE)
    # what `source` would print, without asking which version of the shell there is
    return str(maker.source_template % maker.source_vars()) + "\n"
