"""``imu-reps plan``: the programme, how it was kept, and what to do next."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import say
from imu_reps.cli.whose import whose

if TYPE_CHECKING:
    from imu_reps.domain.programme import Advice, Plan, Programme


@click.command()
@click.option("--person", metavar="NAME", help="Whose sets, if there are several persons'.")
@click.option("--programme", "file", metavar="FILE", help="Another programme than the usual one (TOML).")
@click.option("--json", "as_json", is_flag=True, help="The advice as one line of JSON.")
def plan(person: str | None, file: str | None, as_json: bool) -> None:
    """Show the programme, how it was kept this week, and one recommendation with its reasons."""
    from imu_reps.advice.next_session import advise
    from imu_reps.storage.history_store import History
    from imu_reps.storage.plain_json import one_line
    from imu_reps.storage.programme_file import load_programme

    programme = load_programme(file)
    with History() as history:
        person = whose(history.persons(), person)
        sets = history.sets(person=person)
    today = datetime.now().astimezone().date()
    advice = advise(sets, programme, today) if sets else None
    if as_json:
        say(one_line({"programme": programme, "advice": advice}))
        return
    _say_programme(programme)
    say()
    if advice is None:
        say("No sets are remembered yet: record one, and advice comes with it.")
    else:
        _say_advice(advice, programme.plan)


def _say_programme(programme: Programme) -> None:
    from imu_reps.report.advice_text import plan_line

    say(plan_line(programme.plan))
    for number, rung in enumerate(programme.ladder, 1):
        say(f"  {number}. {rung.title}: {rung.how}")
    for beside in programme.beside:
        say(f"  beside it, {beside.title} ({beside.dose}): {beside.how}")


def _say_advice(advice: Advice, plan: Plan) -> None:
    from imu_reps.report.advice_text import adherence_lines, advice_lines

    for line in advice_lines(advice):
        say(line)
    if advice.adherence is not None:
        say("\n".join(adherence_lines(advice.adherence, plan)))
