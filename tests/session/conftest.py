"""Whole sessions over the virtual air, in simulated time."""

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
from imu_reps.session.keeping import Place
from imu_reps.session.rehearsal import direct
from imu_reps.session.session import Session
from imu_reps.session.session_events import Cued, Finished, Resting, SessionEvent, SetBegan, SetDone, SetEvent
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.sim.radio.fast_loop import run
from imu_reps.sources.radio_source import wanted
from imu_reps.sources.virtual_source import VirtualWorld
from imu_reps.storage.profile import Person

NOBODY = "F0:00:00:00:00:09"
CREATED = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)

#: Something done to the world so many seconds after a set (a rest) began.
Deed = tuple[float, Callable[[VirtualWorld, Session], object]]


@dataclass
class Happened:
    """What a session came to."""

    done: list[Finished] = field(default_factory=list)
    emitted: list[SessionEvent] = field(default_factory=list)
    took_s: float = 0.0

    def events(self) -> list[Event]:
        return [event.event for event in self.emitted if isinstance(event, SetEvent)]

    def said_in_rest(self) -> list[Cue]:
        """What the coach said in the first rest."""
        rests = [
            k for k, event in enumerate(self.emitted) if isinstance(event, Resting) and event.number == 2
        ]
        return [event.cue for event in self.emitted[rests[0] : rests[-1] + 2] if isinstance(event, Cued)]

    def ends(self) -> list[str]:
        return [event.finished.reason for event in self.emitted if isinstance(event, SetDone)]

    def report(self, number: int = 1, *, verbose: bool = False) -> str:
        """The report of a set, as it would be printed."""
        from rich.console import Console

        analysis = self.done[number - 1].analysis
        assert analysis is not None, self.done[number - 1].unusable
        console = Console(width=100)
        with console.capture() as capture:
            console.print(text_report(analysis.summary, 100, verbose=verbose))
        return " ".join(capture.get().split())


Perform = Callable[..., Happened]


def set_plan(count: int = 3, **changes: object) -> SetPlan:
    return SetPlan(reps=(RepPlan(),) * count, **changes)  # type: ignore[arg-type]


def goal(reps: int | None = 3, duration_s: float | None = None, side: str = "left") -> SetGoal:
    return SetGoal("single_leg_raise", side, "low", reps, None, duration_s)  # type: ignore[arg-type]


def lacking(person: Person, place: SensorPlace | None) -> Person:
    """Somebody one of whose sensors is nowhere near."""
    if place is None:
        return person
    elsewhere = replace(person.sensor(place), host_id=NOBODY)
    return replace(person, pelvis=elsewhere) if place == "pelvis" else replace(person, ankle=elsewhere)


@pytest.fixture
def perform(tmp_path: Path) -> Perform:
    """Hold a session in a world, by default one set of three raises; deeds follow on its beginning."""

    def hold(
        *,
        family: str = "witmotion",
        plans: Sequence[SetPlan] | None = None,
        plan: SessionPlan | None = None,
        deeds: Sequence[Deed] = (),
        at_once: Sequence[Deed] = (),
        in_rest: Sequence[Deed] = (),
        folder: Path | None = None,
        speed: float | None = None,
        missing: SensorPlace | None = None,
        listen: Callable[[float, SessionEvent], object] = lambda at_s, told: None,  # noqa: ARG005
    ) -> Happened:
        happened = Happened()
        world = VirtualWorld(family, plans or [set_plan()])
        world.person = lacking(world.person, missing)
        place = Place(folder or tmp_path, world.person, lambda: CREATED, simulated=True)

        async def session() -> None:
            async with world:
                loop = asyncio.get_running_loop()
                began_s = loop.time()

                def emit(event: SessionEvent) -> None:
                    happened.emitted.append(event)
                    listen(loop.time() - began_s, event)
                    direct(world, event)
                    if isinstance(event, SetDone):
                        happened.done.append(event.finished)
                    if isinstance(event, SetBegan) and event.number == 1:
                        for after_s, deed in deeds:
                            loop.call_later(after_s, deed, world, held)
                    if isinstance(event, Resting) and (event.number, event.since_s) == (2, 0.0):
                        for after_s, deed in in_rest:
                            loop.call_later(after_s, deed, world, held)

                held = Session(
                    Streams(world.radio(), wanted(world.person)),
                    plan or SessionPlan((goal(),)),
                    place,
                    emit,
                )
                for after_s, deed in at_once:
                    loop.call_later(after_s, deed, world, held)
                try:
                    done = await held.run()
                    assert done == [finished.without_angles() for finished in happened.done]
                finally:
                    happened.took_s = loop.time() - began_s

        run(session(), speed)
        return happened

    return hold
