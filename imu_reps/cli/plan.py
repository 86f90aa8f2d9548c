"""``imu-reps plan``: show programme, prescriptions, adherence and advice; store prescriptions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from imu_reps.cli.console import choose_person, echo, echo_wrapped
from imu_reps.cli.session_options import read_tempo, refuse_unfitting
from imu_reps.cli.shared_options import NumberRange, with_options
from imu_reps.domain.exercise import EXERCISES, HOLDS, SIDES

if TYPE_CHECKING:
    from imu_reps.domain.programme import Programme

_prescribing = with_options(
    click.option("--prescribe", is_flag=True, help="Keep a prescription: the options below."),
    click.option("--by", metavar="NAME", help="Who prescribes it."),
    click.option("--exercise", type=click.Choice(EXERCISES), help="What."),
    click.option("--side", type=click.Choice(SIDES), help="Which leg."),
    click.option("--sets", type=click.IntRange(1, 50), help="How many sets."),
    click.option("--reps", type=click.IntRange(1, 1000), help="How many reps a set."),
    click.option("--duration", metavar="SECONDS", type=NumberRange(1, 3600), help="How long a hold is held."),
    click.option("--tempo", callback=read_tempo, help="Seconds down-bottom-up-top, such as 2-0-2-0."),
    click.option("--range-target", metavar="DEG", type=NumberRange(5, 140), help="How far the leg is to go."),
    click.option("--floor", metavar="DEG", type=NumberRange(0, 120), help="How low it may."),
)


@click.command()
@click.option("--person", metavar="NAME", help="Whose sets, if there are several persons'.")
@click.option("--programme", "file", metavar="FILE", help="Another programme than the usual one (TOML).")
@click.option("--json", "as_json", is_flag=True, help="The advice as one line of JSON.")
@_prescribing
def plan(*, person: str | None, file: str | None, as_json: bool, prescribe: bool, **given: Any) -> None:
    """Show the programme, how it was kept this week, and one recommendation with its reasons.

    With --prescribe: keep what somebody prescribed, with their name; a newer one for the same exercise and
    side takes its place. The hand-over page shows it.
    """
    from imu_reps.advice.next_session import advise
    from imu_reps.storage.history_store import History
    from imu_reps.storage.plain_json import one_line
    from imu_reps.storage.toml_files import load_programme, prescriptions

    if not prescribe and any(value is not None for value in given.values()):
        raise click.UsageError("What is prescribed needs --prescribe.")
    with History() as history:
        persons = history.persons()
        person = choose_person(persons, person) if not prescribe else _prescribed_to(persons, person)
        sets = history.sets(person=person)
    if prescribe:
        _prescribe(person, given)
        return
    programme = load_programme(file)
    today = datetime.now().astimezone().date()
    advice = advise(sets, programme, today) if sets else None
    prescribed = prescriptions(person)
    if as_json:
        echo(one_line({"programme": programme, "prescribed": prescribed, "advice": advice}))
        return
    _echo_programme(programme)
    echo()
    if prescribed:
        from imu_reps.report.history_text import prescription_line

        for one in prescribed:
            echo_wrapped(prescription_line(one))
        echo()
    if advice is None:
        echo("No sets are remembered yet: record one, and advice comes with it.")
    else:
        from imu_reps.report.history_text import adherence_lines, advice_lines

        kept = [] if advice.adherence is None else adherence_lines(advice.adherence, programme.plan)
        for line in (*advice_lines(advice), *kept):
            echo_wrapped(line)


def _prescribed_to(persons: list[str | None], name: str | None) -> str | None:
    from imu_reps.storage.profile import load_profiles

    paired = [person.name for person in load_profiles().persons]
    new = "Pair somebody new first: imu-reps pair --person NAME."
    return choose_person([*dict.fromkeys([*paired, *persons])], name, of="sets or sensors", new=new)


def _prescribe(person: str | None, given: dict[str, Any]) -> None:
    from imu_reps.domain.programme import Prescription
    from imu_reps.domain.untrusted import parse_name
    from imu_reps.report.history_text import prescription_line
    from imu_reps.storage.toml_files import prescribe

    is_hold = given["exercise"] in HOLDS
    refuse_unfitting(given["exercise"], given)
    if not is_hold and given["duration"] is not None:
        raise click.UsageError("Only a hold has a duration; leave out --duration, --reps says how many.")
    needed = ("by", "exercise", "sets", "duration" if is_hold else "reps")
    if missing := [f"--{name}" for name in needed if given[name] is None]:
        raise click.UsageError(f"A prescription needs {', '.join(missing)}.")
    new = Prescription(
        exercise=given["exercise"],
        by=parse_name(given["by"]),
        given=datetime.now().astimezone().date(),
        sets=given["sets"],
        reps=given["reps"],
        side=given["side"],
        tempo=given["tempo"],
        range_target_deg=given["range_target"],
        floor_deg=given["floor"],
        duration_s=given["duration"],
    )
    prescribe(person, new)
    echo(("" if person is None else f"For {person}. ") + prescription_line(new))


def _echo_programme(programme: Programme) -> None:
    from imu_reps.report.history_text import plan_line

    echo_wrapped(plan_line(programme.plan))
    for number, rung in enumerate(programme.ladder, 1):
        echo_wrapped(f"{number}. {rung.title}: {rung.how}", indent=2)
    for beside in programme.beside:
        echo_wrapped(f"beside it, {beside.title} ({beside.dose}): {beside.how}", indent=2)
