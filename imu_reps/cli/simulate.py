"""``imu-reps simulate``: write simulated recordings with their ground truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imu_reps.cli.console import echo
from imu_reps.cli.shared_options import NumberRange
from imu_reps.domain.exercise import BOTH_LEGS, EXERCISES, HOLDS, SIDES, Exercise, Side, Start
from imu_reps.domain.tempo import TEMPO_NAMES, Tempo, named_tempo
from imu_reps.domain.validation import short_repr
from imu_reps.errors import did_you_mean

if TYPE_CHECKING:
    from imu_reps.sim.wearer import HoldPlan, LifePlan, RepPlan, SensorPlan, SetPlan

#: Default range of an exercise.
_DEFAULT_RANGES_DEG = {
    "double_leg_raise": 75.0,
    "heel_tap": 45.0,
    "hanging_leg_raise": 90.0,
    "hollow_hold": 25.0,
}

#: Help of ``--tempo``.
TEMPO_HELP = f"seconds lowering-bottom-lifting-top, as 2-0-2-0; or {', '.join(TEMPO_NAMES)}."
#: Default tempo of an exercise; two legs are lowered in four seconds, as they are coached.
_DEFAULT_TEMPOS = {"double_leg_raise": "4-1-2-0.5"}
DEFAULT_TEMPO = "2-1-2-0.5"

#: Default length of a hold, and tremor in it.
HOLD_S = 20.0


@dataclass(frozen=True, slots=True)
class SimulationOptions:
    """Options of the command line; None is the exercise's default."""

    exercise: Exercise
    side: Side | None
    reps: int
    tempo: str | None
    hold_s: float | None
    range_deg: float | None = None
    faults: Sequence[str] = ()
    rate_hz: float = 100.0
    loss: float = 0.0
    life: bool = False
    start: Start | None = None


def set_plan(options: SimulationOptions) -> SetPlan:
    """Build the plan from the options.

    Raises
    ------
    click.UsageError
        If the tempo or a fault cannot be parsed.
    """
    from imu_reps.sim.wearer import BodyPlan, SetPlan

    held = options.exercise in HOLDS
    sensor = _sensor(options)
    try:
        return SetPlan(
            exercise=options.exercise,
            side=options.side or ("both" if options.exercise in BOTH_LEGS else "left"),
            start=options.start,
            reps=(_hold(options),) if held else _reps(options),
            body=BodyPlan(tremor_dps=2.0) if held else BodyPlan(),
            life=_life(options),
            pelvis=sensor,
            ankle=sensor,
            tempo_target=None if held else _tempo(options),
        )
    except ValueError as error:
        told = str(error)
        raise click.UsageError(told if told.endswith((".", "?")) else f"{told}.") from error


def _hold(options: SimulationOptions) -> RepPlan:
    """Plan one hold: legs up, held with the faults from their second on, and down."""
    from imu_reps.sim.wearer import HoldPlan, RepPlan

    hold_s, hold = options.hold_s or HOLD_S, HoldPlan()
    for name, from_s in (_parsed_hold_fault(fault, hold_s) for fault in options.faults):
        hold = HOLD_FAULTS[name](hold, from_s)
    top_deg = options.range_deg or _DEFAULT_RANGES_DEG[options.exercise]
    return RepPlan(top_deg=top_deg, top_pause_s=hold_s, bottom_pause_s=2.0, hold=hold)


def _tempo(options: SimulationOptions) -> Tempo:
    return named_tempo(options.tempo or _DEFAULT_TEMPOS.get(options.exercise, DEFAULT_TEMPO))


def _reps(options: SimulationOptions) -> tuple[RepPlan, ...]:
    """Plan repetitions whose measured tempo is the one given."""
    from imu_reps.sim.wearer import RepPlan, paced

    tempo = _tempo(options)
    if min(tempo.eccentric_s, tempo.concentric_s) < 0.2:
        raise ValueError("lowering and lifting take at least 0.2 s each")
    range_deg = options.range_deg or _DEFAULT_RANGES_DEG.get(options.exercise, 60.0)
    heel_tap = options.exercise == "heel_tap"
    rep = RepPlan(top_deg=0.0 if heel_tap else range_deg, bottom_deg=-range_deg if heel_tap else 0.0)
    reps = [paced(rep, tempo)] * options.reps
    for name, numbers in (_parsed_fault(fault, options.reps) for fault in options.faults):
        reps = [FAULTS[name](rep) if number in numbers else rep for number, rep in enumerate(reps, 1)]
    return tuple(reps)


def _sensor(options: SimulationOptions) -> SensorPlan:
    from imu_reps.sim.wearer import RadioPlan, SensorPlan

    # without named axes the tilt of a hanging pelvis has no sign
    named = options.exercise == "hanging_leg_raise"
    return SensorPlan(rate_hz=options.rate_hz, named=named, radio=RadioPlan(loss=options.loss))


def _life(options: SimulationOptions) -> LifePlan:
    from imu_reps.sim.wearer import Act, LifePlan

    if not options.life:
        return LifePlan()
    walk = Act("walk", 6.0)
    if options.exercise == "hanging_leg_raise":
        return LifePlan(
            before=(walk, Act("stand", 2.0), Act("hang_up", 2.0)), after=(Act("let_go", 2.0), walk)
        )
    return LifePlan(
        before=(walk, Act("stand", 2.0), Act("lie_down", 4.0), Act("shuffle", 3.0)),
        after=(Act("still", 2.0), Act("sit_up", 2.0), Act("stand_up", 3.0), walk),
    )


def _with(**faults: Any) -> Callable[[RepPlan], RepPlan]:
    return lambda rep: replace(rep, faults=replace(rep.faults, **faults))


def _short_range(rep: RepPlan) -> RepPlan:
    """Halve the range: a heel tap ends above the floor, a raise below its height."""
    middle = 0.5 * (rep.top_deg + rep.bottom_deg)
    tap = rep.bottom_deg < 0.0
    return replace(rep, bottom_deg=middle) if tap else replace(rep, top_deg=middle)


#: How each fault of ``--fault`` changes a planned repetition.
FAULTS: dict[str, Callable[[RepPlan], RepPlan]] = {
    "momentum": lambda rep: replace(rep, concentric_s=0.6),
    "fast_lowering": lambda rep: replace(rep, eccentric_s=0.7),
    "back_arch": _with(arch_deg=10.0),
    "hip_pop": _with(rotation_deg=10.0),
    "heel_touch": _with(heel_touch_mps2=10.0),
    "snap": _with(jolt_mps2=8.0),
    "knee_bend": _with(knee_bend_deg=50.0),
    "short_range": _short_range,
}
#: How each fault changes a hold, from a second of it on. Legs that sink so little are still held, which is no
#: fault of the hold (docs/definitions.md#holds).
HOLD_FAULTS: dict[str, Callable[[HoldPlan, float], HoldPlan]] = {
    "back_arch": lambda hold, from_s: replace(hold, arch_deg=10.0, arch_from_s=from_s),
    "sinking": lambda hold, from_s: replace(hold, sink_deg=8.0, sink_from_s=from_s),
}


def _parsed_fault(text: str, rep_count: int) -> tuple[str, set[int]]:
    """Parse ``NAME`` or ``NAME:REPS`` to the fault and the repetitions (from 1) that have it."""
    name, colon, where = text.partition(":")
    if name not in FAULTS:
        raise ValueError(
            f"there is no fault {name!r}; there are {', '.join(FAULTS)}.{did_you_mean(name, FAULTS)}"
        )
    if not colon:
        return name, set(range(1, rep_count + 1))
    numbers: set[int] = set()
    for part in where.split(","):
        first, _, last = part.partition("-")
        if not all(number.isdecimal() and len(number) < 10 for number in (first, last or first)):
            raise ValueError(f"{short_repr(where)} names no reps; write 3, or 3,5, or 7-10")
        numbers |= set(range(int(first), min(int(last or first), rep_count) + 1))
    if not numbers or not numbers <= set(range(1, rep_count + 1)):
        raise ValueError(f"{where!r} names reps outside of 1-{rep_count}")
    return name, numbers


def _parsed_hold_fault(text: str, hold_s: float) -> tuple[str, float]:
    """Parse ``NAME`` or ``NAME:SECOND`` to the fault and the second of the hold at which it begins."""
    name, colon, where = text.partition(":")
    if name not in HOLD_FAULTS:
        raise ValueError(f"there is no fault {name!r} of a hold; there are {', '.join(HOLD_FAULTS)}")
    if not colon:
        return name, hold_s / 2.0
    if not (where.isdecimal() and float(where) < hold_s):
        raise ValueError(f"{where!r} is no second of a hold of {hold_s:.0f} s; write 12")
    return name, float(where)


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
    "--duration", "hold_s", type=NumberRange(1, 600), help=f"Seconds a hold is held. [default: {HOLD_S:.0f}]"
)
@click.option(
    "--tempo",
    help=f"{TEMPO_HELP.capitalize()} As it is measured. [default: {DEFAULT_TEMPO}, two legs lowered in four]",
)
@click.option("--range", "range_deg", type=NumberRange(2, 120), help="Degrees the leg goes.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[:REPS]",
    help=f"In all reps, or in those named as 3,5 or 7-10. One of {', '.join(FAULTS)}; in a hold, from its "
    f"middle or the named second on, {' or '.join(HOLD_FAULTS)} (which ends no hold). May be given again.",
)
@click.option("--rate", "rate_hz", type=NumberRange(5, 1000), default=100.0, show_default=True)
@click.option("--loss", type=NumberRange(0, 0.9), default=0.0, help="Share of packets lost.")
@click.option("--life/--no-life", default=False, help="Walking and lying down around the set.")
@click.option(
    "--random",
    "random_seed",
    type=click.IntRange(0),
    metavar="SEED",
    help="A set drawn from everything there is.",
)
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

    The recording says that it is simulated. --force replaces an older simulated one, and nothing else.
    """
    _refuse_conflicting(ctx)
    if showcase is not None:
        for plan, file in _named(showcase, output):
            _write(plan, file, seed, force=force)
    elif random_seed is not None:
        import numpy as np

        from imu_reps.sim.wearer import random_plan

        _write(random_plan(np.random.default_rng(random_seed)), output, random_seed, force=force)
    else:
        _write(set_plan(SimulationOptions(**options)), output, seed, force=force)


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
    others = given & (REP_OPTIONS if held else {"--duration"})
    if others:
        lacks = "A hold has no reps" if held else f"Only a hold is held ({', '.join(HOLDS)})"
        raise click.UsageError(f"{lacks}; leave out {', '.join(sorted(others))}.")


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
    from imu_reps.domain.file_kinds import DocumentKind
    from imu_reps.sim.wearer import simulate as simulated
    from imu_reps.storage.file_access import require_free, save_document
    from imu_reps.storage.labels_file import TRUTH, save_truth, truth_path
    from imu_reps.storage.recording.format import FIRST_LINE
    from imu_reps.storage.recording.writer import recording_bytes

    simulated_recording = DocumentKind(FIRST_LINE, line=SIMULATED)
    require_free(Path(output), simulated_recording, force=force)
    require_free(truth_path(output), TRUTH, force=force)
    made = simulated(plan, seed=seed)
    save_document(output, recording_bytes(made.recording, output), kind=simulated_recording, force=force)
    save_truth(made.truth.to_dict(), output, force=force)
    hold = made.truth.hold
    done = f"{made.truth.rep_count} reps" if hold is None else f"held {hold.duration_s:.0f} s"
    echo(f"{output}: {done}, {truth_path(output)}")
