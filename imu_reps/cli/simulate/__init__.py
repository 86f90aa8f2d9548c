"""``imu-reps simulate``: recordings that no person made, with their truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imu_reps.cli.console import say
from imu_reps.cli.simulate.simulated_faults import FAULTS, HOLD_FAULTS
from imu_reps.cli.simulate.simulated_set import HOLD_S, TEMPO_HELP, USUAL_TEMPO, SimulationOptions, planned
from imu_reps.domain.exercise import EXERCISES, HOLDS
from imu_reps.errors import did_you_mean

if TYPE_CHECKING:
    from imu_reps.sim.wearer import SetPlan

#: What stands at the top of a recording that no person made.
SIMULATED = "# simulated: true"
#: What says something of repetitions alone.
OF_REPS = {"--reps", "--tempo"}


@click.command()
@click.option(
    "-o", "--output", required=True, metavar="FILE", help="The recording; a folder with --showcase all."
)
@click.option("--exercise", type=click.Choice(EXERCISES), default="single_leg_raise", show_default=True)
@click.option("--side", type=click.Choice(["left", "right", "both"]), help="Working leg.")
@click.option("--reps", type=click.IntRange(0, 200), default=10, show_default=True)
@click.option(
    "--hold", "hold_s", type=click.FloatRange(1, 600), help=f"Seconds a hold is held. [default: {HOLD_S:.0f}]"
)
@click.option(
    "--tempo",
    help=f"{TEMPO_HELP.capitalize()} As it is measured. [default: {USUAL_TEMPO}, two legs lowered in four]",
)
@click.option("--range", "range_deg", type=click.FloatRange(2, 120), help="Degrees the leg goes.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[:REPS]",
    help=f"In all reps, or in those named as 3,5 or 7-10. One of {', '.join(FAULTS)}; in a hold, from its "
    f"middle or the named second on, {' or '.join(HOLD_FAULTS)}. May be given again.",
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
    _one_way_only(ctx)
    if showcase is not None:
        for plan, file in _named(showcase, output):
            _write(plan, file, seed, force=force)
    elif random_seed is not None:
        _write(_drawn(random_seed), output, random_seed, force=force)
    else:
        _write(_wished(**options), output, seed, force=force)


def _one_way_only(ctx: click.Context) -> None:
    """Refuse options that would be passed over in silence."""
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
    others = given & (OF_REPS if held else {"--hold"})
    if others:
        lacks = "A hold has no reps" if held else f"Only a hold is held ({', '.join(HOLDS)})"
        raise click.UsageError(f"{lacks}; leave out {', '.join(sorted(others))}.")


def _wished(**options: Any) -> SetPlan:
    try:
        return planned(SimulationOptions(**options))
    except ValueError as error:
        raise click.UsageError(f"{str(error).removesuffix('.')}.") from error


def _drawn(seed: int) -> SetPlan:
    import numpy as np

    from imu_reps.sim.wearer import random_plan

    return random_plan(np.random.default_rng(seed))


def _named(name: str, output: str) -> list[tuple[SetPlan, str]]:
    """The plan of a name and its file; of ``all`` every plan, each in its own file in the folder `output`."""
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
    from imu_reps.sim.wearer import simulate as simulated
    from imu_reps.storage.exports import save_truth, truth_path
    from imu_reps.storage.file_access import make_way
    from imu_reps.storage.recording import save

    make_way({Path(output): SIMULATED, truth_path(output): '"format": "imu-reps-truth/1"'}, force=force)
    made = simulated(plan, seed=seed)
    save(made.recording, output)
    save_truth(made.truth.to_dict(), output)
    hold = made.truth.hold
    done = f"{made.truth.rep_count} reps" if hold is None else f"held {hold.duration_s:.0f} s"
    say(f"{output}: {done}, {truth_path(output)}")
