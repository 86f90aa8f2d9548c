"""``imu-reps simulate``: write simulated recordings with their ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imu_reps.cli.console import echo
from imu_reps.cli.simulate.simulated_set import (
    DEFAULT_TEMPO,
    FAULTS,
    HOLD_FAULTS,
    HOLD_S,
    TEMPO_HELP,
    SimulationOptions,
    set_plan,
)
from imu_reps.domain.exercise import EXERCISES, HOLDS, SIDES
from imu_reps.errors import did_you_mean

if TYPE_CHECKING:
    from imu_reps.sim.wearer import SetPlan

#: Header line of a simulated recording.
SIMULATED = "# simulated: true"
#: Options that apply to repetitions only.
REP_OPTIONS = {"--reps", "--tempo"}


@click.command()
@click.option(
    "-o", "--output", required=True, metavar="FILE", help="The recording; a folder with --showcase all."
)
@click.option("--exercise", type=click.Choice(EXERCISES), default="single_leg_raise", show_default=True)
@click.option("--side", type=click.Choice(SIDES), help="Working leg.")
@click.option("--reps", type=click.IntRange(0, 200), default=10, show_default=True)
@click.option(
    "--hold", "hold_s", type=click.FloatRange(1, 600), help=f"Seconds a hold is held. [default: {HOLD_S:.0f}]"
)
@click.option(
    "--tempo",
    help=f"{TEMPO_HELP.capitalize()} As it is measured. [default: {DEFAULT_TEMPO}, two legs lowered in four]",
)
@click.option("--range", "range_deg", type=click.FloatRange(2, 120), help="Degrees the leg goes.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[:REPS]",
    help=f"In all reps, or in those named as 3,5 or 7-10. One of {', '.join(FAULTS)}; in a hold, from its "
    f"middle or the named second on, {' or '.join(HOLD_FAULTS)} (which ends no hold). May be given again.",
)
@click.option("--rate", "rate_hz", type=click.FloatRange(5, 1000), default=100.0, show_default=True)
@click.option("--loss", type=click.FloatRange(0, 0.9), default=0.0, help="Share of packets lost.")
@click.option("--life/--no-life", default=False, help="Walking and lying down around the set.")
@click.option("--random", "random_seed", type=click.IntRange(0), help="A set drawn from everything there is.")
@click.option("--showcase", metavar="NAME|all", help="One of the named sample sets, or all of them.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all chance.")
@click.option("--force", is_flag=True, help="Replace an older simulated recording.")
@click.pass_context
def simulate(
    ctx: click.Context,
    /,
    *,
    output: str,
    random_seed: int | None,
    showcase: str | None,
    seed: int,
    force: bool,
    **options: Any,
) -> None:
    """Write a simulated recording, and its truth as FILE's name with .truth.json beside it.

    The recording says that it is simulated. Nothing else is ever replaced, and it only with --force.
    """
    _refuse_conflicting(ctx)
    if showcase is not None:
        for plan, file in _named(showcase, output):
            _write(plan, file, seed, force=force)
    elif random_seed is not None:
        _write(_drawn(random_seed), output, random_seed, force=force)
    else:
        _write(_planned(**options), output, seed, force=force)


def _refuse_conflicting(ctx: click.Context) -> None:
    """Refuse options that would be ignored."""
    given = {
        parameter.opts[-1]
        for parameter in ctx.command.params
        if parameter.name is not None
        and ctx.get_parameter_source(parameter.name) is click.core.ParameterSource.COMMANDLINE
    }
    for chief, beside in (
        ("--showcase", {"--output", "--seed", "--force"}),
        ("--random", {"--output", "--force"}),
    ):
        others = given - beside - {chief}
        if chief in given and others:
            raise click.UsageError(f"{chief} describes the whole set; leave out {', '.join(sorted(others))}.")
    held = ctx.params["exercise"] in HOLDS
    others = given & (REP_OPTIONS if held else {"--hold"})
    if others:
        lacks = "A hold has no reps" if held else f"Only a hold is held ({', '.join(HOLDS)})"
        raise click.UsageError(f"{lacks}; leave out {', '.join(sorted(others))}.")


def _planned(**options: Any) -> SetPlan:
    try:
        return set_plan(SimulationOptions(**options))
    except ValueError as error:
        raise click.UsageError(f"{str(error).removesuffix('.')}.") from error


def _drawn(seed: int) -> SetPlan:
    import numpy as np

    from imu_reps.sim.wearer import random_plan

    return random_plan(np.random.default_rng(seed))


def _named(name: str, output: str) -> list[tuple[SetPlan, str]]:
    """Return the named plan with its file; for ``all``, every plan with its file in the folder `output`."""
    from imu_reps.sim.wearer import showcase
    from imu_reps.storage.file_access import make_folder

    plans = showcase()
    if name == "all":
        make_folder(Path(output))
        return [(plan, str(Path(output) / f"{each}.csv")) for each, plan in plans.items()]
    if name not in plans:
        raise click.BadParameter(
            f"there is no {name!r}; there are {', '.join(plans)} and all.{did_you_mean(name, plans)}",
            param_hint="'--showcase'",
        )
    return [(plans[name], output)]


def _write(plan: SetPlan, output: str, seed: int, *, force: bool) -> None:
    from imu_reps.domain.document_kind import DocumentKind
    from imu_reps.sim.wearer import simulate as simulated
    from imu_reps.storage.file_access import require_free, save_document
    from imu_reps.storage.labels_file import TRUTH, save_truth, truth_path
    from imu_reps.storage.recording.format import FIRST_LINE
    from imu_reps.storage.recording.writer import recording_bytes

    simulated_recording = DocumentKind(FIRST_LINE, line=SIMULATED)
    require_free(Path(output), simulated_recording, force=force)
    require_free(truth_path(output), TRUTH, force=force)
    made = simulated(plan, seed=seed)
    save_document(output, recording_bytes(made.recording), kind=simulated_recording, force=force)
    save_truth(made.truth.to_dict(), output, force=force)
    hold = made.truth.hold
    done = f"{made.truth.rep_count} reps" if hold is None else f"held {hold.duration_s:.0f} s"
    echo(f"{output}: {done}, {truth_path(output)}")
