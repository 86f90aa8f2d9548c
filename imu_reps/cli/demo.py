"""``imu-reps demo``: pairing, a set with faults, a test and a report, on virtual sensors."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imu_reps.cli.console import echo, echo_wrapped, render
from imu_reps.cli.shared_options import VIRTUAL_FAMILY, run_with_radio
from imu_reps.errors import require_extra

if TYPE_CHECKING:
    from imu_reps.sim.wearer import RepPlan, SetPlan

#: Faults that the virtual wearer shows in turn.
FAULTS = ("momentum", "fast_lowering", "back_arch", "hip_pop", "heel_touch", "short_range")


@click.command()
@click.option("--fast", is_flag=True, help="All at once, instead of in three minutes.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="For the files of the demo. [default: a temporary folder]",
)
@click.option("--quiet", is_flag=True, help="Plain lines, no live panel.")
def demo(fast: bool, folder: Path | None, quiet: bool) -> None:
    """See it all in three minutes, without hardware: pairing, a set with each fault, the test, the report.

    Everything is done by virtual sensors on a virtual wearer, from the extra virtual: pip install
    'imu-reps[virtual]'. Nothing enters your history or profile.
    """
    import tempfile

    require_extra("virtual", "bumble")
    where = folder or Path(tempfile.mkdtemp(prefix="imu-reps-demo-"))
    speed = 0.0 if fast else 1.0
    _title(1, "Pairing: which sensor is which, and how they are worn. Once.")
    _pair()
    _title(2, f"A set: a clean rep, then one each with {', '.join(FAULTS).replace('_', ' ')}.")
    done = _set(where, speed, quiet=quiet)
    if done is not None:
        _title(3, "The end-range test: how low may the legs go before the back lets go?")
        _end_range(where, speed, quiet=quiet)
        _title(4, "The report as a page.")
        _page(done, Path(done).with_suffix(".html"))
    echo_wrapped(
        "Your turn: imu-reps scan, imu-reps pair, imu-reps record. Where sensors go: imu-reps docs sensors."
    )


def _title(number: int, words: str) -> None:
    from rich.text import Text

    echo()
    render(lambda _: Text(f"{number} of 4 · {words}", style="bold"))
    echo()


def _pair() -> None:
    from imu_reps.cli.pair import PairingOptions, pair_sensors

    options = PairingOptions("demo", {}, 100.0, None, None, seconds=30.0, check=True, yes=True)
    run_with_radio(VIRTUAL_FAMILY, partial(pair_sensors, options=options))


def _plan() -> SetPlan:
    """Plan a clean repetition, one with each fault, and a clean one: the last ends on the floor."""
    from imu_reps.cli.simulate import FAULTS as CHANGES
    from imu_reps.sim.wearer import RepPlan, SetPlan

    rep: RepPlan = RepPlan()
    return SetPlan(side="left", reps=(rep, *(CHANGES[fault](rep) for fault in FAULTS), rep))


def _set(folder: Path, speed: float, *, quiet: bool) -> str | None:
    """Record the set, and return its file; None if it was ended by hand, and the demo with it."""
    from imu_reps.cli.record.run import Run, run_virtually
    from imu_reps.domain.settings import Settings
    from imu_reps.session.session_plan import SessionPlan, SetGoal

    plan = _plan()
    goal = SetGoal("single_leg_raise", "left", "low", reps=len(plan.reps))
    done = run_virtually(Run(SessionPlan((goal,)), folder, Settings(), quiet), VIRTUAL_FAMILY, [plan], speed)
    return done[0].path if done and done[0].reason == "target" else None


def _end_range(folder: Path, speed: float, *, quiet: bool) -> None:
    from imu_reps.cli.test import end_range

    words = ["--virtual", VIRTUAL_FAMILY, "--speed", str(speed), "--folder", str(folder), "--no-keep"]
    end_range.main([*words, *(["--quiet"] if quiet else [])], standalone_mode=False)


def _page(file: str, out: Path) -> None:
    from imu_reps.analysis.analyze import analyze
    from imu_reps.report.page.page import PAGE, set_page
    from imu_reps.storage.file_access import save_document
    from imu_reps.storage.recording import load

    analysis = analyze(load(file))
    save_document(out, set_page(analysis.summary, analysis.track), kind=PAGE)
    echo(f"Open it in a browser: {out}")
