"""``imu-reps completion``: the shell completes commands, options and their values."""

from __future__ import annotations

from pathlib import Path

import click

from imu_reps.cli.console import say

PROGRAM = "imu-reps"
#: Where each shell looks for completions of its own accord, below the home folder; zsh is told where.
PLACES = {
    "bash": Path(".local/share/bash-completion/completions/imu-reps"),
    "zsh": Path(".zfunc/_imu-reps"),
    "fish": Path(".config/fish/completions/imu-reps.fish"),
}
#: What stands in every such file, so that a newer one may take its place.
MARK = "_IMU_REPS_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(list(PLACES)))
@click.option("--install", is_flag=True, help="Write it where the shell looks for it.")
@click.option("--force", is_flag=True, help="Replace an older completion.")
def completion(shell: str, install: bool, force: bool) -> None:
    """Print what makes SHELL complete commands, options and their values, or install it."""
    script = _script(shell)
    if not install:
        say(script, nl=False)
        return
    from imu_reps.storage.file_access import make_folder, save_document

    path = Path.home() / PLACES[shell]
    make_folder(path.parent)
    save_document(path, script, mark=MARK, force=force)
    say(f"Written to {path}. It works in every new shell.")
    if shell == "zsh":
        say("If it does not, put this into ~/.zshrc: fpath+=~/.zfunc; autoload -Uz compinit && compinit")


def _script(shell: str) -> str:
    """The script of click's own, which asks this program."""
    from click.shell_completion import get_completion_class

    from imu_reps.cli.main import main

    completing = get_completion_class(shell)
    if completing is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    maker = completing(main, {}, PROGRAM, MARK)
    # what `source` would print, without asking which version of the shell there is
    return str(maker.source_template % maker.source_vars()) + "\n"
