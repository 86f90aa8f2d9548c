"""``imu-reps test``: before training, how low the leg may go and whether the back can be pressed flat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from imu_reps.cli.console import complain, say, tell
from imu_reps.cli.sensor_options import sensor_options
from imu_reps.errors import ImuRepsError, RecordingError, UsageError

if TYPE_CHECKING:
    from imu_reps.domain.end_range import EndRange
    from imu_reps.domain.summary import Summary
    from imu_reps.sensors.ble import Radio
    from imu_reps.session.session_events import Finished
    from imu_reps.session.session_plan import SetGoal
    from imu_reps.sim.wearer import SetPlan
    from imu_reps.sources.virtual_source import VirtualWorld
    from imu_reps.storage.profile import Profiles

Command = TypeVar("Command", bound=Callable[..., Any])

#: The virtual sensor nobody had to ask for by name.
VIRTUAL_FAMILY = "open_profile"
#: Lowerings a side.
LOWERINGS = 3
#: Seconds of rest, press and hold, and between the two sides.
PRESS_S, REST_S = 20.0, 30.0
#: How long both sensors are listened for before anybody is told to lie down.
HEAR_S = 15.0

_HOW_SETUP = (
    "Lie on your back with bent knees and relax for three seconds.",
    f"Then press the back flat and hold it, until {PRESS_S:.0f} s are over.",
)


def _recorded_or_live(command: Command) -> Command:
    """Give a command FILE, the person, and the options of recording."""
    options = [
        click.option(
            "--virtual",
            is_flag=False,
            flag_value=VIRTUAL_FAMILY,
            metavar="[FAMILY]",
            help="No hardware: virtual sensors on a virtual wearer.",
        ),
        click.option(
            "--speed",
            type=click.FloatRange(0),
            default=1.0,
            help="With --virtual: 10 ten times as fast, 0 at once.",
        ),
        click.argument("files", nargs=-1, metavar="[FILE]..."),
        click.option("--person", metavar="NAME", help="Who it is, if several persons are paired."),
        click.option("--quiet", is_flag=True, help="Plain lines, no live panel."),
        click.option(
            "--folder", type=click.Path(path_type=Path), help="For the files. [default: see imu-reps where]"
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return cast("Command", sensor_options(command))


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
    from imu_reps.report.text import end_range_sentences
    from imu_reps.storage.profile_file import load_profiles

    profiles = load_profiles()
    if person is not None:
        profiles.person(person)  # a wrong name is refused before anything is done
    if files:
        person = person or _named_in(files)
        summaries, code = _summed_up(files)
    else:
        goals = _lowering_goals(exercise)
        finished, code = _recorded(goals, (_how_to_lower(goals[0]), _lowers), person, **how)
        summaries = [done.summary for done in finished if done.summary is not None and not done.discarded]
    results = tested(summaries)
    for result in results:
        for sentence in end_range_sentences(result):
            tell(sentence)
    if not no_keep:
        _keep(profiles, person, results, summaries)
    ctx.exit(code)


@test.command(short_help="Find out whether you can press the back flat.")
@_recorded_or_live
@click.pass_context
def setup(ctx: click.Context, /, files: tuple[str, ...], person: str | None, **how: Any) -> None:
    """Try whether you can press the back flat, by how much, and for how long.

    FILE: recordings of it; without one it is recorded now.
    """
    from imu_reps.analysis.end_range_test import press_back
    from imu_reps.report.text import press_sentences
    from imu_reps.storage.recording import load

    code = 0
    if not files:
        finished, code = _recorded([_press_goal()], (_HOW_SETUP, _presses), person, **how)
        files = tuple(done.path for done in finished if not done.discarded)
    for file in files:
        try:
            sentences = press_sentences(press_back(load(file)))
        except ImuRepsError as error:
            complain(error)
            code = max(code, error.exit_code)
            continue
        for sentence in sentences:
            tell(sentence)
    ctx.exit(code)


def _named_in(files: Sequence[str]) -> str | None:
    """The one person the recordings name; None where they name nobody.

    Raises
    ------
    UsageError
        ``several_persons``: a floor is one person's.
    """
    from imu_reps.storage.recording import load_comments

    named = set()
    for file in files:
        with suppress(ImuRepsError):  # told when it is summed up
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
    """What the files say, and the exit code of those that say nothing."""
    from imu_reps.analysis.analyze import analyze
    from imu_reps.storage.recording import load

    summaries, code = [], 0
    for file in files:
        try:
            summaries.append(_with_pelvis(analyze(load(file)).summary))
        except ImuRepsError as error:
            complain(error)
            code = max(code, error.exit_code)
    return summaries, code


def _with_pelvis(summary: Summary) -> Summary:
    if summary.sensors.pelvis is None or summary.sensors.ankle is None:
        raise RecordingError(
            f"{summary.recording.file}: the end-range test needs both sensors, and one is missing.",
            hint="Wear both, and record the lowerings again.",
            code="sensor_missing",
        )
    return summary


def _how_to_lower(goal: SetGoal) -> tuple[str, ...]:
    """What the person is told to do."""
    leg, it = ("legs", "them") if goal.side == "both" else ("leg", "it")
    return (
        f"Lie still for three seconds with the {leg} on the floor and the back pressed flat.",
        f"Then lift the {leg} and lower {it} as slowly as you can, for a count of eight or more, "
        f"{LOWERINGS} times.",
    )


def _lowers(goal: SetGoal) -> SetPlan:
    """What a virtual wearer does: slow lowerings, the back letting go on the way."""
    from imu_reps.sim.wearer import RepFaults, RepPlan, SetPlan

    arch = RepFaults(arch_deg=12.0, arch_below_deg=40.0)
    rep = RepPlan(top_deg=70.0, concentric_s=2.5, eccentric_s=6.0, bottom_pause_s=1.5, faults=arch)
    return SetPlan(exercise=goal.exercise, side=goal.side or "both", reps=(rep,) * LOWERINGS)


def _presses(goal: SetGoal) -> SetPlan:
    """What a virtual wearer does: lie with bent knees and press the back flat."""
    from imu_reps.sim.wearer import LifePlan, SetPlan

    life = LifePlan(still_before_s=3.0, rocks_deg=(12.0,), rock_hold_s=10.0)
    return SetPlan(exercise=goal.exercise, side="left", reps=(), life=life)


def _lowering_goals(exercise: str) -> list[SetGoal]:
    from imu_reps.session.session_plan import SetGoal

    if exercise == "double_leg_raise":
        return [SetGoal("double_leg_raise", "both", "low", reps=LOWERINGS)]
    kind: Any = exercise
    return [SetGoal(kind, side, "low", reps=LOWERINGS) for side in ("left", "right")]


def _press_goal() -> SetGoal:
    from imu_reps.session.session_plan import SetGoal

    return SetGoal("single_leg_raise_bent", None, "low", duration_s=PRESS_S, counts=False)


def _recorded(
    goals: Sequence[SetGoal],
    told: tuple[Sequence[str], Callable[[SetGoal], SetPlan]],
    person: str | None,
    *,
    folder: Path | None,
    quiet: bool,
    virtual: str | None,
    speed: float,
) -> tuple[list[Finished], int]:
    """Record now, as `imu-reps record` does; what to do is said once both sensors were heard.

    `told`: what the person is told to do, and what a virtual wearer does then.
    """
    from imu_reps.cli.record.run import Run, exit_code, run_virtually, run_with_sensors
    from imu_reps.domain.settings import Settings
    from imu_reps.session.session_plan import SessionPlan

    how, wearer_does = told
    if virtual is None:
        _hear(person)
    for sentence in how:
        tell(sentence)
    run = Run(SessionPlan(tuple(goals), REST_S), folder, Settings(), quiet, reports=False)
    if virtual is None:
        finished = run_with_sensors(run, person)
    else:
        finished = run_virtually(run, virtual, [wearer_does(goal) for goal in goals], speed)
    return finished, exit_code(finished)


def _hear(person: str | None) -> None:
    """Make sure that both sensors of the person are near, before anybody lies down.

    Raises
    ------
    RadioError
        ``not_found``: naming the sensor that was not heard; what Bluetooth itself refuses.
    """
    from imu_reps.cli.on_the_air import on_the_air
    from imu_reps.domain.samples import SENSOR_PLACES
    from imu_reps.setup.candidates import listen, named_sensors
    from imu_reps.storage.profile_file import load_profiles

    known = load_profiles().person(person)
    named = {place: known.sensor(place).host_id for place in SENSOR_PLACES}

    async def heard(radio: Radio, _: VirtualWorld | None) -> None:
        named_sensors(await listen(radio, HEAR_S, named), named)

    say("Listening for both sensors ...")
    on_the_air(None, heard)


def _keep(
    profiles: Profiles, name: str | None, results: Sequence[EndRange], summaries: Sequence[Summary]
) -> None:
    """Keep the floors there are in the profile of the person."""
    from imu_reps.storage.profile_file import save_profiles

    floors = {
        result.side: floor
        for result in results
        if result.side is not None and (floor := result.floor(_day_of(result, summaries))) is not None
    }
    if not floors:
        return
    if any(summary.recording.simulated for summary in summaries):
        say("Not kept: the recording is simulated, and nobody's floor angle.")
        return
    if not profiles.persons:
        say("Not kept: nobody is paired yet (imu-reps pair).")
        return
    if name is not None and profiles.find(name) is None:
        say(f"Not kept: {name} is not paired yet (imu-reps pair --person NAME).")
        return
    person = profiles.person(name)
    for side, floor in floors.items():
        person = person.with_floor(side, floor)
    save_profiles(profiles.changed(person))
    say(f"Kept for {person.name}.")


def _day_of(result: EndRange, summaries: Sequence[Summary]) -> Any:
    """The day of the latest of the result's recordings; today if none says."""
    from datetime import date, datetime

    days = [
        datetime.fromisoformat(summary.recording.created).date()
        for summary in summaries
        if summary.recording.created is not None
        and (summary.recording.exercise, summary.recording.side) == (result.exercise, result.side)
    ]
    return max(days, default=date.today())
