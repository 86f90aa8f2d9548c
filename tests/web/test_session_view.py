"""The view of a session on a page: what it shows, and which commands it accepts."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from imu_reps import RepPlan, SetPlan, Settings, Tempo, analyze, load
from imu_reps.sensors.streams import Streams
from imu_reps.session import diary
from imu_reps.session.diary import Diary
from imu_reps.session.rehearsal import direct
from imu_reps.session.running_set import RunningSet
from imu_reps.session.session import Session
from imu_reps.session.session_events import (
    Finished,
    HurtAfter,
    Rating,
    Resting,
    SessionEvent,
    SetClosed,
    SetProgress,
)
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.session.set_recorder import SessionFolder
from imu_reps.sim.radio import fast_loop
from imu_reps.sources import sensor_requests
from imu_reps.sources.virtual_source import VirtualWorld
from imu_reps.storage.file_access import access_error
from imu_reps.storage.profile import Person
from imu_reps.view.session_snapshot import Counted, CueShown, CueView, Moment, Snapshot
from imu_reps.web import session_view
from imu_reps.web.hub import Discard, Effort, Hurt, Pain, Start, StopSet
from imu_reps.web.server import PageServer, Reports
from imu_reps.web.session_view import SessionView

GOAL = SetGoal("single_leg_raise", "left", "low", 3, Tempo(2, 0, 2, 0))


class ShownSession:
    """A session in a virtual world, shown on a page that keeps all of its snapshots."""

    def __init__(self, folder: Path, now: Callable[[], Any], *goals: SetGoal) -> None:
        self.felt: list[Rating | HurtAfter] = []
        self.complaints: list[Exception] = []
        self.view = SessionView(goals[0], Settings(), self.feel)
        self.view.reports = Reports()
        self.diary = Diary(self.complaints.append, remembers=False)
        self.diary.stored = self.view.ask
        self.snapshots: list[Snapshot] = []
        self.moments: list[Moment] = []
        self.cued: list[tuple[Snapshot, CueView]] = []
        self.ask_when: list[tuple[Callable[[SessionEvent], bool], Any]] = []
        self.at_count: dict[int, Callable[[], None]] = {}
        self._plan = SessionPlan(goals, rest_s=12.0)
        self._world = VirtualWorld("open_profile", [SetPlan(reps=(RepPlan(),) * 3)] * len(goals))
        self._folder, self._now = folder, now
        show = self.view.hub.show

        def keep(snapshot: Snapshot, *moments: Moment) -> None:
            self.snapshots.append(snapshot)
            self.moments += moments
            self.cued += [(snapshot, moment.cue) for moment in moments if isinstance(moment, CueShown)]
            show(snapshot, *moments)

        self.view.hub.show = keep  # type: ignore[method-assign]

    def feel(self, felt: Rating | HurtAfter) -> None:
        """Keep what was said, and store it."""
        self.felt.append(felt)
        self.diary(felt)

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
                folder = SessionFolder(self._folder, person, self._now, simulated=True)
                session = Session(
                    Streams(self._world.radio(), sensor_requests(person)), self._plan, folder, emit
                )
                steering = asyncio.create_task(self.view.steer(session))
                try:
                    return await session.run()
                finally:
                    steering.cancel()

        return fast_loop.run(recorded())


@pytest.fixture
def shown(tmp_path: Path) -> Callable[..., ShownSession]:
    """Create a session with sets of the given goals."""
    from datetime import UTC, datetime

    return lambda *goals: ShownSession(tmp_path, lambda: datetime(2026, 1, 2, 12, tzinfo=UTC), *goals)


def until_reported(view: SessionView) -> Snapshot:
    """Return the snapshot once the report is there; it is made in another thread."""
    end_s = time.monotonic() + 20.0
    while view.hub.snapshot.report is None and time.monotonic() < end_s:
        time.sleep(0.02)
    return view.hub.snapshot


def until_it_contains(view: SessionView, words: str) -> str:
    """Return the latest report once it contains the words; it is made in another thread."""
    end_s = time.monotonic() + 20.0
    while True:
        address = until_reported(view).report or ""
        page = (view.reports.get(address) if view.reports else None) or ""
        if words in page or time.monotonic() > end_s:
            return page
        time.sleep(0.02)


def finding_codes(path: str) -> set[str]:
    return {finding.code for finding in analyze(load(path)).summary.findings}


def test_a_session_is_shown_from_the_first_stillness_to_the_report(
    shown: Callable[..., ShownSession],
) -> None:
    session = shown(GOAL)
    (finished,) = session.run()
    last = until_reported(session.view)
    states = list(dict.fromkeys(snapshot.state for snapshot in session.snapshots))

    assert states == ["waiting", "ready", "running", "ended"]
    assert finished.reason == "target"
    assert last.count == 3
    assert last.headline is not None
    assert "3 reps" in last.headline
    assert session.view.reports is not None
    assert last.report is not None
    report = session.view.reports.get(last.report) or ""
    assert "<svg" in report
    assert Path(finished.path).name in report
    assert str(Path(finished.path).parent) not in report
    assert last.links["ankle"].state == "streaming"
    assert max(snapshot.leg_deg or 0.0 for snapshot in session.snapshots) == pytest.approx(60.0, abs=5.0)


def test_cues_of_the_coach_are_the_same_on_the_page_and_in_the_file(
    shown: Callable[..., ShownSession],
) -> None:
    session = shown(GOAL)
    (finished,) = session.run()
    cues = [moment.cue for moment in session.moments if isinstance(moment, CueShown)]
    counts = [moment.count for moment in session.moments if isinstance(moment, Counted)]
    noted = [line for line in Path(finished.path).read_text().splitlines() if " cue: " in line]

    assert counts == [1, 2, 3]
    assert [cue.words.split(",")[0] for cue in cues if cue.code in ("count", "done")][:3] == ["1", "2", "3"]
    assert len(noted) == sum(cue.code != "beat" for cue in cues)


def test_the_page_ends_a_set(shown: Callable[..., ShownSession]) -> None:
    session = shown(replace(GOAL, reps=None))
    session.ask_when = [(lambda event: isinstance(event, SetProgress) and event.state.count == 1, StopSet())]
    (finished,) = session.run()

    assert finished.reason == "user"
    assert not finished.discarded
    assert session.view.hub.snapshot.ended == "user"


def test_a_discarded_set_is_stored_but_does_not_count(shown: Callable[..., ShownSession]) -> None:
    session = shown(replace(GOAL, reps=None))
    session.ask_when = [(lambda event: isinstance(event, SetProgress) and event.state.count == 1, Discard())]
    (finished,) = session.run()

    assert finished.discarded
    assert Path(finished.path).exists()
    assert session.view.hub.snapshot.ended == "discarded"
    assert session.view.hub.snapshot.report is None


def test_reported_pain_leads_to_rest_and_no_further_set(shown: Callable[..., ShownSession]) -> None:
    session = shown(replace(GOAL, reps=None), replace(GOAL, side="right"))
    session.ask_when = [(lambda event: isinstance(event, SetProgress) and event.state.count == 1, Hurt())]
    (finished,) = session.run()
    last = [moment.cue for moment in session.moments if isinstance(moment, CueShown)][-1]

    assert finished.reason == "pain"
    assert (last.words, last.alert) == ("stop, and rest", "flag")
    assert (session.view.hub.snapshot.state, session.view.hub.snapshot.ended) == ("ended", "pain")


def test_pain_in_a_rest_ends_everything(shown: Callable[..., ShownSession]) -> None:
    session = shown(GOAL, replace(GOAL, side="right"))
    session.ask_when = [(lambda event: isinstance(event, Resting) and event.remaining_s < 9.0, Hurt())]
    (finished,) = session.run()
    session.view.obey()
    last = [moment.cue for moment in session.moments if isinstance(moment, CueShown)][-1]

    assert finished.reason == "target"
    assert last.words == "stop, and rest"
    assert (session.view.hub.snapshot.state, session.view.hub.snapshot.ended) == ("ended", "pain")
    assert ("hurt", "resting") in [(note.key, note.value) for note in load(finished.path).notes]
    assert "stopped_with_pain" in finding_codes(finished.path)
    assert "It hurt, and you stopped" in until_it_contains(session.view, "It hurt")


@pytest.mark.parametrize(("pain", "praised"), [(0, True), (3, False), (7, False)])
def test_after_pain_no_report_on_the_page_calls_the_set_clean(
    shown: Callable[..., ShownSession], pain: int, praised: bool
) -> None:
    session = shown(GOAL)
    (finished,) = session.run()
    assert "A clean set" in until_it_contains(session.view, "A clean set")
    session.view.ask(Pain(pain))
    session.view.obey()
    report = until_it_contains(session.view, "A clean set" if praised else f"You said pain {pain} of 10")

    assert ("A clean set" in report) == praised
    assert len(session.view.hub.snapshot.sets) == 1
    assert (finding_codes(finished.path) & {"pain_said"} == set()) == praised


@pytest.mark.parametrize("number", [1, 2])
def test_what_is_said_while_a_set_is_analysed_belongs_to_that_set(
    shown: Callable[..., ShownSession], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    analysed = RunningSet.with_summary

    def slowly(running: RunningSet, finished: Finished) -> Finished:
        time.sleep(0.3)
        return analysed(running, finished)

    monkeypatch.setattr(RunningSet, "with_summary", slowly)
    session = shown(GOAL, replace(GOAL, side="right"))
    session.ask_when = [
        (lambda event: isinstance(event, SetClosed) and event.number == number, Pain(7)),
    ]
    done = session.run()
    session.view.obey()

    assert session.felt == [Rating(done[number - 1].path, pain=7)]
    shown_at = [snapshot for snapshot in session.snapshots if snapshot.pain == 7]
    assert shown_at[0].set_number == number
    if number == 2:
        assert "You said pain 7 of 10" in until_it_contains(session.view, "You said pain 7")


@pytest.mark.parametrize("when", ["as it is analysed", "after the session"])
def test_pain_said_as_the_last_set_ends_is_of_that_set(shown: Callable[..., ShownSession], when: str) -> None:
    session = shown(GOAL)
    if when == "as it is analysed":
        session.ask_when = [(lambda event: isinstance(event, SetClosed), Hurt())]
    (finished,) = session.run()
    if when == "after the session":
        session.view.ask(Hurt())
    session.view.obey()

    assert (session.view.hub.snapshot.state, session.view.hub.snapshot.ended) == ("ended", "pain")
    assert [(n.key, n.value) for n in load(finished.path).notes].count(("hurt", "resting")) == 1
    assert "stopped_with_pain" in finding_codes(finished.path)


def test_cues_of_a_rest_reach_the_page_at_their_moment(shown: Callable[..., ShownSession]) -> None:
    session = shown(GOAL, replace(GOAL, side="right"))
    session.run()
    events = [(snapshot.time_s, cue) for snapshot, cue in session.cued if snapshot.state == "resting"]

    assert {"rest", "switch_sides"} <= {cue.code for _, cue in events}
    assert all(abs(time_s - cue.time_s) < 0.2 for time_s, cue in events)


def test_the_page_ends_a_rest(shown: Callable[..., ShownSession]) -> None:
    session = shown(GOAL, replace(GOAL, side="right"))
    session.ask_when = [(lambda event: isinstance(event, Resting) and event.remaining_s < 9.0, Start())]
    done = session.run()
    rests = [snapshot.remaining_s for snapshot in session.snapshots if snapshot.state == "resting"]
    resting = next(snapshot for snapshot in session.snapshots if snapshot.state == "resting")

    assert len(done) == 2
    assert min(rest for rest in rests if rest is not None) > 8.0
    assert resting.move_to == "right"
    assert (session.view.hub.snapshot.set_number, session.view.hub.snapshot.set_of) == (2, 2)


def test_commands_that_do_not_apply_now_do_nothing(shown: Callable[..., ShownSession]) -> None:
    session = shown(GOAL)
    session.ask_when = [(lambda event: isinstance(event, SetProgress) and event.state.count == 1, Start())]
    (finished,) = session.run()

    assert finished.reason == "target"


def test_ratings_are_shown_to_all_viewers_also_after_the_session(shown: Callable[..., ShownSession]) -> None:
    session = shown(GOAL)
    (finished,) = session.run()
    session.view.ask(Pain(2))
    session.view.ask(Effort(7))
    session.view.ask(StopSet())
    session.view.obey()

    assert (session.view.hub.snapshot.pain, session.view.hub.snapshot.effort) == (2, 7)
    assert session.felt == [Rating(finished.path, pain=2), Rating(finished.path, effort=7)]


@pytest.mark.parametrize(
    ("said", "shown_then"),
    [(Pain(2), {"pain": 2}), (Effort(7), {"effort": 7}), (Hurt(), {"ended": "pain"})],
    ids=["pain", "effort", "hurt"],
)
def test_what_is_said_is_shown_only_once_it_is_on_disk(
    shown: Callable[..., ShownSession], said: Any, shown_then: dict[str, Any]
) -> None:
    session = shown(GOAL)
    (finished,) = session.run()
    to_store: list[Rating | HurtAfter] = []
    session.view._feel = to_store.append
    before = until_reported(session.view)
    for _ in range(2):
        session.view.ask(said)
        session.view.obey()
    assert session.view.hub.snapshot == before
    session.diary(to_store[0])
    written = load(finished.path).notes[-1]
    session.view.obey()

    assert (written.key, written.value) in {("pain", "2"), ("effort", "7"), ("hurt", "resting")}
    assert session.view.hub.snapshot == replace(before, **shown_then)
    assert len(to_store) == (1 if said == Hurt() else 2)


def test_what_the_disk_refuses_is_not_shown_as_said(
    shown: Callable[..., ShownSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space_left(path: str, _notes: object) -> None:
        raise access_error(OSError(errno.ENOSPC, "No space left on device"), path)

    session = shown(GOAL)
    session.run()
    monkeypatch.setattr(diary, "append_notes", no_space_left)
    session.view.ask(Pain(7))
    session.view.obey()

    assert session.felt == [Rating(session.felt[0].path, pain=7)]
    assert [error.code for error in session.complaints] == ["disk_full"]  # type: ignore[attr-defined]
    assert session.view.hub.snapshot.pain is None


def test_a_rating_stored_as_the_next_set_runs_is_not_shown_in_it(shown: Callable[..., ShownSession]) -> None:
    session = shown(GOAL, replace(GOAL, side="right"))
    late: list[Rating | HurtAfter] = []
    session.view._feel = late.append

    def stored_late(event: SessionEvent) -> bool:
        if isinstance(event, SetProgress) and late:
            session.diary(late.pop())
        return False

    session.ask_when = [
        (lambda event: isinstance(event, Resting) and event.remaining_s < 9.0, Pain(7)),
        (stored_late, None),
    ]
    first, _ = session.run()
    session.view.obey()

    assert ("pain", "7") in [(note.key, note.value) for note in load(first.path).notes]
    assert {snapshot.pain for snapshot in session.snapshots if snapshot.set_number == 2} == {None}


def test_a_page_that_disconnects_leaves_no_gap_in_the_recording(shown: Callable[..., ShownSession]) -> None:
    session = shown(GOAL)
    server = PageServer(session.view.hub, session.view.ask).__enter__()
    address, token = server.access.hosts[0], server.access.control_token
    with connect(f"ws://{address}/{token}/live", origin=Origin(f"http://{address}"), proxy=None) as socket:
        socket.recv(timeout=10.0)
        session.at_count[2] = lambda: server.__exit__(None, None, None)
        (finished,) = session.run()
    recording = load(finished.path)

    assert finished.reason == "target"
    for samples in (recording.pelvis, recording.ankle):
        assert samples is not None
        assert set(np.diff(samples.sample)) == {1}


def test_a_report_still_being_drawn_does_not_keep_the_program_from_ending(
    shown: Callable[..., ShownSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing, may_end = threading.Event(), threading.Event()

    def draw(*_: object) -> str:
        drawing.set()
        may_end.wait(10.0)
        return ""

    monkeypatch.setattr(session_view, "page_of", draw)
    shown(GOAL).run()

    assert drawing.wait(10.0)
    kept_for = [each for each in threading.enumerate() if each.name == "report" and not each.daemon]
    may_end.set()
    assert kept_for == []


def test_the_report_of_every_set_is_reachable_and_that_of_a_discarded_set_is_empty_with_the_reason(
    shown: Callable[..., ShownSession],
) -> None:
    session = shown(GOAL, replace(GOAL, reps=None, side="right"), GOAL)
    session.ask_when = [
        (lambda event: isinstance(event, SetProgress) and event.state.count == 1 and reported(), Discard())
    ]

    def reported() -> bool:
        return len(session.view.hub.snapshot.sets) == 1

    session.run()
    view, end_s = session.view, time.monotonic() + 20.0
    while sum(one.report is not None for one in view.hub.snapshot.sets) < 2 and time.monotonic() < end_s:
        time.sleep(0.02)
    view.end("the whole session")
    first, discarded, last = view.hub.snapshot.sets

    assert view.reports is not None
    for one in (first, last):
        assert "3 reps" in one.words
        assert "<svg" in (view.reports.get(one.report or "") or "")
    assert (discarded.report, "You discarded this set" in discarded.words) == (None, True)
    assert view.reports.get(view.hub.snapshot.session or "") == "the whole session"
