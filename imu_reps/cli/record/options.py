"""Options of ``imu-reps record``: the sets to record, their targets, and the virtual wearer's plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import click

from imu_reps.cli.shared_options import with_options
from imu_reps.cli.simulate.simulated_set import SimulationOptions, set_plan
from imu_reps.domain.cue import DEFAULT_SPEECH, SpeechOptions
from imu_reps.domain.exercise import BOTH_LEGS, HOLDS, SIDES, default_start
from imu_reps.domain.tempo import Tempo, named_tempo

if TYPE_CHECKING:
    from imu_reps.domain.exercise import Exercise, Side, Start
    from imu_reps.session.session_plan import SessionPlan, SetGoal
    from imu_reps.sim.wearer import SetPlan

#: Default repetitions of a virtual wearer.
VIRTUAL_REPS = 8
#: A virtual wearer holds this much longer than the target.
VIRTUAL_EXTRA_HOLD_S = 1.0


@dataclass(frozen=True, slots=True)
class RecordOptions:
    """The options as given; None if not given."""

    exercise: str
    sides: tuple[str, ...]
    start: str | None
    reps: int | None
    tempo: str | None
    duration_s: float | None
    sets: int | None
    rest_s: float
    tap: bool
    range_target: float | None = None
    floor: float | None = None
    practice: int = 0
    stop_faulty: int | None = None
    stop_range: float | None = None
    stop_speed: float | None = None


def read_sides(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...]:  # noqa: ARG001
    """Parse ``left``, or ``left,right`` for sets in turn."""
    sides = tuple(side.strip() for side in value.split(",")) if value else ()
    if any(side not in SIDES for side in sides):
        raise click.BadParameter("is left, right or both, or several such as left,right.")
    return sides


def read_tempo(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001
    """Parse a tempo to its four numbers."""
    try:
        return None if value is None else str(named_tempo(value))
    except ValueError as error:
        raise click.BadParameter(f"{str(error).removesuffix('.')}.") from error


def session_plan(options: RecordOptions, spoken: SpeechOptions = DEFAULT_SPEECH) -> SessionPlan:
    """Build the session plan from the options.

    Raises
    ------
    click.UsageError
        If a hold is given options of repetitions.
    """
    from imu_reps.session.session_plan import SessionPlan

    _refuse_for_hold(options)
    count = options.sets or max(1, len(options.sides))
    return SessionPlan(tuple(_goal(options, k) for k in range(count)), options.rest_s, options.tap, spoken)


def _refuse_for_hold(options: RecordOptions) -> None:
    for name, value in (("reps", options.reps), ("tempo", options.tempo)):
        if options.exercise in HOLDS and value is not None:
            raise click.UsageError(f"A hold has no {name}; leave out --{name}, --duration says how long.")
    given = {
        "--range-target": options.range_target,
        "--floor": options.floor,
        "--practice": options.practice or None,
        "--stop-faulty": options.stop_faulty,
        "--stop-range": options.stop_range,
        "--stop-speed": options.stop_speed,
    }
    of_reps = [name for name, value in given.items() if value is not None]
    if options.exercise in HOLDS and of_reps:
        raise click.UsageError(f"A hold has no reps; leave out {', '.join(of_reps)}.")
    if options.exercise == "heel_tap" and options.floor is not None:
        raise click.UsageError("Heel taps are not judged by a floor; leave out --floor.")


def _goal(options: RecordOptions, k: int) -> SetGoal:
    from imu_reps.session.session_plan import SetGoal, StopRules

    exercise = cast("Exercise", options.exercise)
    default = "both" if options.exercise in BOTH_LEGS else None
    side = options.sides[k % len(options.sides)] if options.sides else default
    return SetGoal(
        exercise=exercise,
        side=cast("Side | None", side),
        start=cast("Start", options.start) if options.start else default_start(exercise),
        reps=options.reps,
        tempo=None if options.tempo is None else Tempo.parse(options.tempo),
        duration_s=options.duration_s,
        range_target_deg=options.range_target,
        floor_deg=options.floor,
        practice_reps=options.practice,
        stop=StopRules(options.stop_faulty, _share(options.stop_range), _share(options.stop_speed)),
    )


def _share(percent: float | None) -> float | None:
    return None if percent is None else percent / 100.0


def wearer_plans(plan: SessionPlan) -> list[SetPlan]:
    """Plan what a virtual wearer does in each set.

    Raises
    ------
    click.UsageError
        If it cannot be simulated.
    """
    return [_wearer_plan(goal) for goal in plan.goals]


def _wearer_plan(goal: SetGoal) -> SetPlan:
    request = SimulationOptions(
        exercise=goal.exercise,
        side=goal.side,
        reps=(goal.reps or VIRTUAL_REPS) + goal.practice_reps,
        tempo=None if goal.tempo is None else str(goal.tempo),
        range_deg=None,
        faults=(),
        rate_hz=100.0,
        loss=0.0,
        life=False,
        hold_s=None if goal.duration_s is None else goal.duration_s + VIRTUAL_EXTRA_HOLD_S,
    )
    try:
        return replace(set_plan(request), start=goal.start)
    except ValueError as error:
        raise click.UsageError(f"{str(error).removesuffix('.')}.") from error


#: Targets of a set, and rules that end it.
aim_options = with_options(
    click.option(
        "--range-target",
        metavar="DEG",
        type=click.FloatRange(5, 140),
        help="Aim: the leg moves so far; shorter reps are judged by it, reaching it has a sound.",
    ),
    click.option(
        "--floor",
        metavar="DEG",
        type=click.FloatRange(0, 120),
        help="The leg stays above this angle. [default: the person's, from test end-range]",
    ),
    click.option(
        "--practice",
        metavar="REPS",
        type=click.IntRange(0, 50),
        default=0,
        help="So many reps at the beginning are neither counted nor judged.",
    ),
    click.option(
        "--stop-faulty",
        metavar="REPS",
        type=click.IntRange(1, 50),
        help="The set ends after so many faulty reps in a row.",
    ),
    click.option(
        "--stop-range",
        metavar="PERCENT",
        type=click.FloatRange(5, 95),
        help="The set ends when two reps in a row lost so much of the range of the first three.",
    ),
    click.option(
        "--stop-speed",
        metavar="PERCENT",
        type=click.FloatRange(5, 95),
        help="The same of the speed on the way up.",
    ),
)
