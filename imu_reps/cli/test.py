"""``imu-reps test``: the end-range test and the setup test before training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imu_reps.cli.console import echo, echo_error, echo_wrapped
from imu_reps.cli.shared_options import (
    NumberRange,
    run_with_radio,
    sensor_options,
    virtual_option,
    with_options,
)
from imu_reps.errors import ImuRepsError, RecordingError, UsageError

if TYPE_CHECKING:
    from imu_reps.domain.progress import EndRange
    from imu_reps.domain.summary import Summary
    from imu_reps.sensors.ble import Radio
    from imu_reps.session.session_events import Finished
    from imu_reps.session.session_plan import SetGoal
    from imu_reps.sim.wearer import SetPlan
    from imu_reps.sources.virtual_source import VirtualWorld

#: Lowerings per side.
LOWERINGS = 3
#: Duration of the setup test, and rest between the two sides.
PRESS_S, REST_S = 20.0, 30.0

_HOW_SETUP = (
    "Lie on your back with bent knees and relax for three seconds.",
    f"Then press the back flat and hold it, until {PRESS_S:.0f} s are over.",
)


#: FILE, the person, and recording options.
_recorded_or_live = with_options(
    sensor_options,
    virtual_option("No hardware: virtual sensors on a virtual wearer."),
    click.option(
        "--speed",
        type=NumberRange(0),
        default=1.0,
        help="With --virtual: 10 ten times as fast, 0 at once.",
    ),
    click.argument("files", nargs=-1, metavar="[FILE]..."),
    click.option("--person", metavar="NAME", help="Who it is, if several persons are paired."),
    click.option("--quiet", is_flag=True, help="Plain lines, no live panel."),
    click.option(
        "--folder", type=click.Path(path_type=Path), help="For the files. [default: see imu-reps where]"
    ),
)


@click.group()
def test() -> None:
    """Two tests before training: the end range, and the setup."""


@test.command("end-range")
@_recorded_or_live
@click.option(
    "--exercise",
    type=click.Choice(["double_leg_raise", "single_leg_raise", "single_leg_raise_bent"]),
    default="double_leg_raise",
    show_default=True,
    help="What is lowered, without FILE.",
)
@click.option("--no-keep", is_flag=True, help="Only show the result; keep nothing in the profile.")
@click.pass_context
def end_range(
    ctx: click.Context,
    /,
    files: tuple[str, ...],
    person: str | None,
    exercise: str,
    no_keep: bool,
    **how: Any,
) -> None:
    """Find your floor angle: the leg angle at which the back lets go.

    Three very slow lowerings, with one leg on each side. FILE: recordings of them; without one they are
    recorded now. The floor angle is kept in the person's profile: later sets are judged against it.
    """
    from imu_reps.analysis.end_range_test import end_range as tested
    from imu_reps.report.history_text import end_range_sentences
    from imu_reps.storage.profile import load_profiles

    profiles, whose = load_profiles(), person
    if person is not None or not (files or how["virtual"]):
        whose = profiles.person(person).name  # refuses a wrong name before recording
    if files:
        whose = whose or _person_in(files)
        summaries, code = _summed_up(files)
    else:
        goals = _lowering_goals(exercise)
        finished, code = _recorded(goals, (_how_to_lower(goals[0]), _lowers), person, **how)
        summaries = [done.summary for done in finished if done.summary is not None and not done.discarded]
    results = tested(summaries)
    for result in results:
        for sentence in end_range_sentences(result):
            echo_wrapped(sentence)
    if not no_keep:
        _keep(whose, results, summaries)
    ctx.exit(code)


@test.command(short_help="Find out whether you can press the back flat.")
@_recorded_or_live
@click.pass_context
def setup(ctx: click.Context, /, files: tuple[str, ...], person: str | None, **how: Any) -> None:
    """Try whether you can press the back flat, by how much, and for how long.

    FILE: recordings of it; without one it is recorded now.
    """
    from imu_reps.analysis.end_range_test import press_back
    from imu_reps.report.history_text import press_sentences
    from imu_reps.session.session_plan import SetGoal
    from imu_reps.storage.recording import load

    code, told = 0, set()
    if not files:
        press = SetGoal("single_leg_raise_bent", None, "low", duration_s=PRESS_S, counts=False)
        finished, code = _recorded([press], (_HOW_SETUP, _presses), person, **how)
        files = tuple(done.path for done in finished if not done.discarded)
        told = {str(done.unusable) for done in finished}
    for file in files:
        try:
            sentences = press_sentences(press_back(load(file)))
        except ImuRepsError as error:
            if str(error) not in told:
                echo_error(error, file)
            code = max(code, error.exit_code)
            continue
        for sentence in sentences:
            echo_wrapped(sentence)
    ctx.exit(code)


def _person_in(files: Sequence[str]) -> str | None:
    """Return the person named in the recordings, whose floor angle it is; None if there is none."""
    from imu_reps.storage.recording import load_comments

    named = set()
    for file in files:
        with suppress(ImuRepsError):  # reported when it is analysed
            named.add(load_comments(file).person)
    names = sorted(named - {None}, key=str)
    if len(names) > 1:
        raise UsageError(
            f"These are recordings of several persons: {', '.join(map(str, names))}.",
            hint="Name the recordings of one.",
            code="several_persons",
        )
    return next(iter(names), None)


def _summed_up(files: Sequence[str]) -> tuple[list[Summary], int]:
    """Analyse the files, each once; return their summaries and the highest exit code."""
    from imu_reps.cli.analysed import analysed
    from imu_reps.domain.settings import Settings

    summaries, codes = [], [0]
    for _, analysis in analysed(files, Settings(), codes):
        summary = analysis.summary
        if summary.sensors.pelvis is not None and summary.sensors.ankle is not None:
            summaries.append(summary)
            continue
        error = RecordingError(
            f"{summary.recording.file}: the end-range test needs both sensors, and one is missing.",
            hint="Wear both, and record the lowerings again.",
            code="sensor_missing",
        )
        echo_error(error)
        codes.append(error.exit_code)
    return summaries, max(codes)


def _how_to_lower(goal: SetGoal) -> tuple[str, ...]:
    leg, it = ("legs", "them") if goal.side == "both" else ("leg", "it")
    return (
        f"Lie still for three seconds with the {leg} on the floor and the back pressed flat.",
        f"Then lift the {leg} and lower {it} as slowly as you can, for a count of eight or more, "
        f"{LOWERINGS} times.",
    )


def _lowers(goal: SetGoal) -> SetPlan:
    """Plan a virtual wearer's slow lowerings, with the back letting go on the way."""
    from imu_reps.sim.wearer import RepFaults, RepPlan, SetPlan

    arch = RepFaults(arch_deg=12.0, arch_below_deg=40.0)
    rep = RepPlan(top_deg=70.0, concentric_s=2.5, eccentric_s=6.0, bottom_pause_s=1.5, faults=arch)
    return SetPlan(exercise=goal.exercise, side=goal.side or "both", reps=(rep,) * LOWERINGS)


def _presses(goal: SetGoal) -> SetPlan:
    """Plan a virtual wearer who lies with bent knees and presses the back flat."""
    from imu_reps.sim.wearer import LifePlan, SetPlan

    life = LifePlan(still_before_s=3.0, rocks_deg=(12.0,), rock_hold_s=10.0)
    return SetPlan(exercise=goal.exercise, side="left", reps=(), life=life)


def _lowering_goals(exercise: str) -> list[SetGoal]:
    from imu_reps.session.session_plan import SetGoal

    if exercise == "double_leg_raise":
        return [SetGoal("double_leg_raise", "both", "low", reps=LOWERINGS)]
    kind: Any = exercise
    return [SetGoal(kind, side, "low", reps=LOWERINGS) for side in ("left", "right")]


def _recorded(
    goals: Sequence[SetGoal],
    script: tuple[Sequence[str], Callable[[SetGoal], SetPlan]],
    person: str | None,
    *,
    folder: Path | None,
    quiet: bool,
    virtual: str | None,
    speed: float,
) -> tuple[list[Finished], int]:
    """Record now, as `imu-reps record` does, after instructions once both sensors were found.

    `script` holds the instructions and the plan of a virtual wearer.
    """
    from imu_reps.cli.record.run import Run, exit_code, run_virtually, run_with_sensors
    from imu_reps.domain.settings import Settings
    from imu_reps.session.session_plan import SessionPlan

    how, wearer_does = script
    if virtual is None:
        _require_both_near(person)
    for sentence in how:
        echo_wrapped(sentence)
    run = Run(SessionPlan(tuple(goals), REST_S), folder, Settings(), quiet, reports=False)
    if virtual is None:
        finished = run_with_sensors(run, person)
    else:
        finished = run_virtually(run, virtual, [wearer_does(goal) for goal in goals], speed)
    return finished, exit_code(finished)


def _require_both_near(person: str | None) -> None:
    """Make sure that both sensors of the person are near, before they lie down."""
    from imu_reps.domain.samples import SENSOR_PLACES
    from imu_reps.setup.candidates import named_sensors, scan_for_pair
    from imu_reps.storage.profile import load_profiles

    known = load_profiles().person(person)
    named = {place: known.sensor(place).host_id for place in SENSOR_PLACES}

    async def require_near(radio: Radio, _: VirtualWorld | None) -> None:
        named_sensors(await scan_for_pair(radio, 15.0, named), named)

    echo("Listening for both sensors ...")
    run_with_radio(None, require_near)


def _keep(name: str | None, results: Sequence[EndRange], summaries: Sequence[Summary]) -> None:
    from imu_reps.storage.profile import load_profiles, save_profiles

    floors = {
        result.side: floor
        for result in results
        if result.side is not None and (floor := result.floor(_day_of(result, summaries))) is not None
    }
    if not floors:
        return
    if any(summary.recording.simulated for summary in summaries):
        echo("Not kept: the recording is simulated, and nobody's floor angle.")
        return
    profiles = load_profiles()  # now: somebody may have been paired while the legs were lowered
    if not profiles.persons:
        echo("Not kept: nobody is paired yet (imu-reps pair).")
        return
    if name is not None and profiles.find(name) is None:
        echo(f"Not kept: {name} is not paired yet (imu-reps pair --person NAME).")
        return
    person = profiles.person(name)
    for side, floor in floors.items():
        person = person.with_floor(side, floor)
    save_profiles(profiles.changed(person))
    echo(f"Kept for {person.name}.")


def _day_of(result: EndRange, summaries: Sequence[Summary]) -> Any:
    """Return the day of the result's latest recording; today if none has a date."""
    from datetime import date, datetime

    days = [
        datetime.fromisoformat(summary.recording.created).date()
        for summary in summaries
        if summary.recording.created is not None
        and (summary.recording.exercise, summary.recording.side) == (result.exercise, result.side)
    ]
    return max(days, default=date.today())
