"""Whole sessions over a virtual radio, in simulated time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from imu_reps import Event, RepPlan, SetPlan
from imu_reps.domain.cue import Cue
from imu_reps.domain.samples import SensorPlace
from imu_reps.report.text import text_report
from imu_reps.sensors.streams import Streams
from imu_reps.session.rehearsal import direct
from imu_reps.session.session import Session
from imu_reps.session.session_events import Cued, Finished, Resting, SessionEvent, SetBegan, SetDone, SetEvent
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.session.set_recorder import SessionFolder
from imu_reps.sim.radio.fast_loop import run
from imu_reps.sources import sensor_requests
from imu_reps.sources.virtual_source import VirtualWorld
from imu_reps.storage.profile import Person

ABSENT_ID = "F0:00:00:00:00:09"
CREATED = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)

#: Delay in s after the beginning of the session, a set or a rest, and an action on the world or the session.
Action = tuple[float, Callable[[VirtualWorld, Session], object]]


@dataclass
class SessionOutcome:
    """Outcome of a session: finished sets, emitted events and duration."""

    done: list[Finished] = field(default_factory=list)
    emitted: list[SessionEvent] = field(default_factory=list)
    duration_s: float = 0.0

    def events(self) -> list[Event]:
        return [event.event for event in self.emitted if isinstance(event, SetEvent)]

    def cues_in_rest(self) -> list[Cue]:
        """Return the cues of the first rest."""
        rests = [
            k for k, event in enumerate(self.emitted) if isinstance(event, Resting) and event.number == 2
        ]
        return [event.cue for event in self.emitted[rests[0] : rests[-1] + 2] if isinstance(event, Cued)]

    def ends(self) -> list[str]:
        return [event.finished.reason for event in self.emitted if isinstance(event, SetDone)]

    def report(self, number: int = 1, *, verbose: bool = False) -> str:
        """Return the report of a set as it would be printed."""
        from rich.console import Console

        analysis = self.done[number - 1].analysis
        assert analysis is not None, self.done[number - 1].unusable
        console = Console(width=100)
        with console.capture() as capture:
            console.print(text_report(analysis.summary, 100, verbose=verbose))
        return " ".join(capture.get().split())


RunSession = Callable[..., SessionOutcome]


def set_plan(count: int = 3, **changes: object) -> SetPlan:
    return SetPlan(reps=(RepPlan(),) * count, **changes)  # type: ignore[arg-type]


def goal(reps: int | None = 3, duration_s: float | None = None, side: str = "left") -> SetGoal:
    return SetGoal("single_leg_raise", side, "low", reps, None, duration_s)  # type: ignore[arg-type]


def with_missing_sensor(person: Person, place: SensorPlace | None) -> Person:
    """Return the person with the sensor at `place` replaced by one that never advertises."""
    if place is None:
        return person
    absent = replace(person.sensor(place), host_id=ABSENT_ID)
    return replace(person, pelvis=absent) if place == "pelvis" else replace(person, ankle=absent)


@pytest.fixture
def run_session(start_session: RunSession, tmp_path: Path) -> RunSession:
    """Run a session as `start_session` does, by default in the test's own folder."""

    def start(*, folder: Path | None = None, **how: object) -> SessionOutcome:
        return start_session(folder=folder or tmp_path, **how)

    return start


@pytest.fixture(scope="session")
def start_session() -> RunSession:
    """Run a session in a virtual world, by default one set of three raises.

    Actions are scheduled from the beginning of the session (`at_start`), of its first set (`actions`) or of
    its first rest (`in_rest`). The sensors are Movesense by default: packets of eight samples take half the
    time of single samples.
    """

    def start(
        *,
        family: str = "movesense",
        plans: Sequence[SetPlan] | None = None,
        plan: SessionPlan | None = None,
        actions: Sequence[Action] = (),
        at_start: Sequence[Action] = (),
        in_rest: Sequence[Action] = (),
        folder: Path,
        speed: float | None = None,
        missing: SensorPlace | None = None,
        on_event: Callable[[float, SessionEvent], object] = lambda at_s, event: None,  # noqa: ARG005
    ) -> SessionOutcome:
        outcome = SessionOutcome()
        world = VirtualWorld(family, plans or [set_plan()])
        world.person = with_missing_sensor(world.person, missing)
        session_folder = SessionFolder(folder, world.person, lambda: CREATED, simulated=True)

        async def act() -> None:
            async with world:
                loop = asyncio.get_running_loop()
                began_s = loop.time()

                def emit(event: SessionEvent) -> None:
                    outcome.emitted.append(event)
                    on_event(loop.time() - began_s, event)
                    direct(world, event)
                    if isinstance(event, SetDone):
                        outcome.done.append(event.finished)
                    if isinstance(event, SetBegan) and event.number == 1:
                        for after_s, action in actions:
                            loop.call_later(after_s, action, world, running)
                    if isinstance(event, Resting) and (event.number, event.since_s) == (2, 0.0):
                        for after_s, action in in_rest:
                            loop.call_later(after_s, action, world, running)

                running = Session(
                    Streams(world.radio(), sensor_requests(world.person)),
                    plan or SessionPlan((goal(),)),
                    session_folder,
                    emit,
                )
                for after_s, action in at_start:
                    loop.call_later(after_s, action, world, running)
                try:
                    done = await running.run()
                    assert done == [finished.without_angles() for finished in outcome.done]
                finally:
                    outcome.duration_s = loop.time() - began_s

        run(act(), speed)
        return outcome

    return start
