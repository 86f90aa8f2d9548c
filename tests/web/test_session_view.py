"""A session that is told to a page: what is shown, and what the page may do with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from imu_reps import Note, RepPlan, SetPlan, Settings, Tempo, analyze, load
from imu_reps.sensors.streams import Streams
from imu_reps.session.diary import Diary
from imu_reps.session.keeping import Place
from imu_reps.session.rehearsal import direct
from imu_reps.session.session import Session
from imu_reps.session.session_events import Rating, Resting, SessionEvent, SetProgress
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.sim.radio import fast_loop
from imu_reps.sources.radio_source import wanted
from imu_reps.sources.virtual_source import VirtualWorld
from imu_reps.storage.profile import Person
from imu_reps.storage.recording.writer import append_notes
from imu_reps.view.snapshot import Counted, CueShown, CueView, Moment, Snapshot
from imu_reps.web.commands import Discard, Effort, Hurt, Pain, Start, StopSet
from imu_reps.web.reports import Reports
from imu_reps.web.server import PageServer
from imu_reps.web.session_view import SessionView

GOAL = SetGoal("single_leg_raise", "left", "low", 3, Tempo(2, 0, 2, 0))


class Shown:
    """A session in a virtual world, shown on a page that keeps all of its pictures."""

    def __init__(self, folder: Path, now: Callable[[], Any], *goals: SetGoal) -> None:
        self.felt: list[Rating] = []
        self.complaints: list[Exception] = []
        self.view = SessionView(goals[0], Settings(), self.felt.append)
        self.view.reports = Reports()
        self.diary = Diary(self.complaints.append, remembers=False)
        self.pictures: list[Snapshot] = []
        self.moments: list[Moment] = []
        self.cued: list[tuple[Snapshot, CueView]] = []
        self.ask_when: list[tuple[Callable[[SessionEvent], bool], Any]] = []
        self.at_count: dict[int, Callable[[], None]] = {}
        self._plan = SessionPlan(goals, rest_s=12.0)
        self._world = VirtualWorld("open_profile", [SetPlan(reps=(RepPlan(),) * 3)] * len(goals))
        self._folder, self._now = folder, now
        show = self.view.hub.show

        def kept(picture: Snapshot, *moments: Moment) -> None:
            self.pictures.append(picture)
            self.moments += moments
            self.cued += [(picture, moment.cue) for moment in moments if isinstance(moment, CueShown)]
            show(picture, *moments)

        self.view.hub.show = kept  # type: ignore[method-assign]

    def run(self) -> list[Any]:
        """Record everything, as fast as possible."""

        def emit(event: SessionEvent) -> None:
            direct(self._world, event)
            self.view(event)
            self.diary(event)
            if isinstance(event, SetProgress):
                self.at_count.pop(event.state.count, lambda: None)()
            for when, command in list(self.ask_when):
                if when(event):
                    self.ask_when.remove((when, command))
                    self.view.ask(command)

        async def recorded() -> list[Any]:
            import asyncio

            async with self._world:
                person: Person = self._world.person
                place = Place(self._folder, person, self._now, simulated=True)
                session = Session(Streams(self._world.radio(), wanted(person)), self._plan, place, emit)
                steering = asyncio.create_task(self.view.steer(session))
                try:
                    return await session.run()
                finally:
                    steering.cancel()

        return fast_loop.run(recorded())


@pytest.fixture
def shown(tmp_path: Path) -> Callable[..., Shown]:
    """Shows the sets of these goals."""
    from datetime import UTC, datetime

    return lambda *goals: Shown(tmp_path, lambda: datetime(2026, 1, 2, 12, tzinfo=UTC), *goals)


def until_reported(view: SessionView) -> Snapshot:
    """The picture once the report is there: it is made beside the session."""
    end_s = time.monotonic() + 20.0
    while view.hub.picture.report is None and time.monotonic() < end_s:
        time.sleep(0.02)
    return view.hub.picture


def until_it_says(view: SessionView, words: str) -> str:
    """The latest report once it says this: it is made beside the session."""
    end_s = time.monotonic() + 20.0
    while True:
        address = until_reported(view).report or ""
        page = (view.reports.get(address.removeprefix("/report/")) if view.reports else None) or ""
        if words in page or time.monotonic() > end_s:
            return page
        time.sleep(0.02)


def finding_codes(path: str) -> set[str]:
    return {finding.code for finding in analyze(load(path)).summary.findings}


def test_a_session_is_seen_from_the_first_stillness_to_the_report(shown: Callable[..., Shown]) -> None:
    happened = shown(GOAL)
    (finished,) = happened.run()
    last = until_reported(happened.view)
    states = list(dict.fromkeys(picture.state for picture in happened.pictures))

    assert states == ["waiting", "ready", "running", "ended"]
    assert finished.reason == "target"
    assert last.count == 3
    assert last.headline is not None
    assert "3 reps" in last.headline
    assert happened.view.reports is not None
    assert last.report is not None
    report = happened.view.reports.get(last.report.rpartition("/")[2]) or ""
    assert "<svg" in report
    assert Path(finished.path).name in report
    assert str(Path(finished.path).parent) not in report
    assert last.links["ankle"].state == "streaming"
    assert max(picture.leg_deg or 0.0 for picture in happened.pictures) == pytest.approx(60.0, abs=5.0)


def test_what_the_coach_says_is_what_the_page_hears_and_the_file_holds(shown: Callable[..., Shown]) -> None:
    happened = shown(GOAL)
    (finished,) = happened.run()
    cues = [moment.cue for moment in happened.moments if isinstance(moment, CueShown)]
    counts = [moment.count for moment in happened.moments if isinstance(moment, Counted)]
    noted = [line for line in Path(finished.path).read_text().splitlines() if " cue: " in line]

    assert counts == [1, 2, 3]
    assert [cue.words.split(",")[0] for cue in cues if cue.code in ("count", "done")][:3] == ["1", "2", "3"]
    assert len(noted) == sum(cue.code != "beat" for cue in cues)


def test_the_page_ends_a_set(shown: Callable[..., Shown]) -> None:
    happened = shown(replace(GOAL, reps=None))
    happened.ask_when = [(lambda event: isinstance(event, SetProgress) and event.state.count == 1, StopSet())]
    (finished,) = happened.run()

    assert finished.reason == "user"
    assert not finished.discarded
    assert happened.view.hub.picture.ended == "user"


def test_a_discarded_set_is_kept_but_does_not_count(shown: Callable[..., Shown]) -> None:
    happened = shown(replace(GOAL, reps=None))
    happened.ask_when = [(lambda event: isinstance(event, SetProgress) and event.state.count == 1, Discard())]
    (finished,) = happened.run()

    assert finished.discarded
    assert Path(finished.path).exists()
    assert happened.view.hub.picture.ended == "discarded"
    assert happened.view.hub.picture.report is None


def test_who_says_that_it_hurts_is_told_to_rest_and_no_set_follows(shown: Callable[..., Shown]) -> None:
    happened = shown(replace(GOAL, reps=None), replace(GOAL, side="right"))
    happened.ask_when = [(lambda event: isinstance(event, SetProgress) and event.state.count == 1, Hurt())]
    (finished,) = happened.run()
    last = [moment.cue for moment in happened.moments if isinstance(moment, CueShown)][-1]

    assert finished.reason == "pain"
    assert (last.words, last.alert) == ("stop, and rest", "flag")
    assert (happened.view.hub.picture.state, happened.view.hub.picture.ended) == ("ended", "pain")


def test_a_rest_in_which_it_hurts_ends_everything(shown: Callable[..., Shown]) -> None:
    happened = shown(GOAL, replace(GOAL, side="right"))
    happened.ask_when = [(lambda event: isinstance(event, Resting) and event.remaining_s < 9.0, Hurt())]
    (finished,) = happened.run()
    happened.view.obey()
    last = [moment.cue for moment in happened.moments if isinstance(moment, CueShown)][-1]

    assert finished.reason == "target"
    assert last.words == "stop, and rest"
    assert (happened.view.hub.picture.state, happened.view.hub.picture.ended) == ("ended", "pain")
    assert ("hurt", "resting") in [(note.key, note.value) for note in load(finished.path).notes]
    assert "stopped_with_pain" in finding_codes(finished.path)
    assert "It hurt, and you stopped" in until_it_says(happened.view, "It hurt")


@pytest.mark.parametrize(("said", "praised"), [(0, True), (3, False), (7, False)])
def test_after_pain_no_report_on_the_page_calls_the_set_clean(
    shown: Callable[..., Shown], said: int, praised: bool
) -> None:
    happened = shown(GOAL)
    (finished,) = happened.run()
    assert "A clean set" in until_it_says(happened.view, "A clean set")
    happened.view.ask(Pain(said))
    happened.view.obey()
    report = until_it_says(happened.view, "A clean set" if praised else f"You said pain {said} of 10")

    assert ("A clean set" in report) == praised
    assert len(happened.view.hub.picture.sets) == 1
    append_notes(finished.path, [Note(60.0, "pain", str(said))])
    assert (finding_codes(finished.path) & {"pain_said"} == set()) == praised


def test_what_is_said_in_a_rest_reaches_the_page_at_its_moment(shown: Callable[..., Shown]) -> None:
    happened = shown(GOAL, replace(GOAL, side="right"))
    happened.run()
    events = [(picture.time_s, cue) for picture, cue in happened.cued if picture.state == "resting"]

    assert {"rest", "switch_sides"} <= {cue.code for _, cue in events}
    assert all(abs(time_s - cue.time_s) < 0.2 for time_s, cue in events)


def test_the_page_ends_a_rest(shown: Callable[..., Shown]) -> None:
    happened = shown(GOAL, replace(GOAL, side="right"))
    happened.ask_when = [(lambda event: isinstance(event, Resting) and event.remaining_s < 9.0, Start())]
    done = happened.run()
    rests = [picture.remaining_s for picture in happened.pictures if picture.state == "resting"]
    resting = next(picture for picture in happened.pictures if picture.state == "resting")

    assert len(done) == 2
    assert min(rest for rest in rests if rest is not None) > 8.0
    assert resting.move_to == "right"
    assert (happened.view.hub.picture.set_number, happened.view.hub.picture.set_of) == (2, 2)


def test_what_makes_no_sense_now_does_nothing(shown: Callable[..., Shown]) -> None:
    happened = shown(GOAL)
    happened.ask_when = [(lambda event: isinstance(event, SetProgress) and event.state.count == 1, Start())]
    (finished,) = happened.run()

    assert finished.reason == "target"


def test_ratings_are_shown_to_everybody_also_after_the_session(shown: Callable[..., Shown]) -> None:
    happened = shown(GOAL)
    (finished,) = happened.run()
    happened.view.ask(Pain(2))
    happened.view.ask(Effort(7))
    happened.view.ask(StopSet())
    happened.view.obey()

    assert (happened.view.hub.picture.pain, happened.view.hub.picture.effort) == (2, 7)
    assert happened.felt == [Rating(finished.path, pain=2), Rating(finished.path, effort=7)]


def test_a_page_that_goes_away_leaves_no_hole_in_the_recording(shown: Callable[..., Shown]) -> None:
    happened = shown(GOAL)
    server = PageServer(happened.view.hub, happened.view.ask).__enter__()
    address, token = server.access.hosts[0], server.access.control_token
    with connect(f"ws://{address}/live", origin=Origin(f"http://{address}"), proxy=None) as socket:
        socket.send(f'{{"token":"{token}"}}')
        socket.recv(timeout=10.0)
        happened.at_count[2] = lambda: server.__exit__(None, None, None)
        (finished,) = happened.run()
    recording = load(finished.path)

    assert finished.reason == "target"
    for samples in (recording.pelvis, recording.ankle):
        assert samples is not None
        assert set(np.diff(samples.sample)) == {1}


def test_every_sets_report_is_reachable_a_discarded_one_empty_with_its_reason(
    shown: Callable[..., Shown],
) -> None:
    happened = shown(GOAL, replace(GOAL, reps=None, side="right"), GOAL)
    happened.ask_when = [
        (lambda event: isinstance(event, SetProgress) and event.state.count == 1 and reported(), Discard())
    ]

    def reported() -> bool:
        return len(happened.view.hub.picture.sets) == 1

    happened.run()
    view, end_s = happened.view, time.monotonic() + 20.0
    while sum(one.report is not None for one in view.hub.picture.sets) < 2 and time.monotonic() < end_s:
        time.sleep(0.02)
    view.end("the whole session")
    first, discarded, last = view.hub.picture.sets

    assert view.reports is not None
    for one in (first, last):
        assert "3 reps" in one.words
        assert "<svg" in (view.reports.get((one.report or "").rpartition("/")[2]) or "")
    assert (discarded.report, "You discarded this set" in discarded.words) == (None, True)
    assert view.reports.get((view.hub.picture.session or "").rpartition("/")[2]) == "the whole session"
