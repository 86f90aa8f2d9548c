"""A whole session of simulated sensors on the page, in a real browser; requirements as test_browser.py."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from imu_reps import RepFaults, RepPlan, SetPlan, Settings, Tempo
from imu_reps.sensors.streams import Streams
from imu_reps.session.rehearsal import direct
from imu_reps.session.session import Session
from imu_reps.session.session_events import Finished, Rating, SessionEvent
from imu_reps.session.session_plan import SessionPlan, SetGoal
from imu_reps.session.set_recorder import SessionFolder
from imu_reps.sim.radio import fast_loop
from imu_reps.sources import sensor_requests
from imu_reps.sources.virtual_source import VirtualWorld
from imu_reps.web.server import PageServer
from imu_reps.web.session_view import SessionView

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")
expect = sync_api.expect

SPEED = 6.0
PATIENCE_MS = 60_000  # a busy computer takes several times what a quiet one takes
TEMPO = Tempo(2, 0, 2, 0)
GOALS = (
    SetGoal("single_leg_raise", "left", "low", 3, TEMPO),
    SetGoal("single_leg_raise", "right", "low", 3, TEMPO),
)


class OnThePage:
    """Two sets in a virtual world, the first with an arched back, recorded and shown on a page."""

    def __init__(self, folder: Path) -> None:
        arched = RepPlan(faults=RepFaults(arch_deg=11.0))
        plans = [SetPlan(reps=(rep,) * 3) for rep in (arched, RepPlan())]
        self.felt: list[Rating] = []
        self.view = SessionView(GOALS[0], Settings(), self._store)
        self.done: list[Finished] = []
        self._world = VirtualWorld("open_profile", plans)
        self._folder = folder
        self._thread = threading.Thread(target=lambda: fast_loop.run(self._record(), SPEED))

    def __enter__(self) -> OnThePage:
        self.server = PageServer(self.view.hub, self.view.ask)
        self.server.__enter__()
        self.view.reports = self.server.reports
        return self

    def __exit__(self, *error: object) -> None:
        if self._thread.is_alive():
            self._thread.join(60.0)
        self.server.__exit__(None, None, None)

    def begin(self) -> None:
        """Begin to record."""
        self._thread.start()

    def _store(self, felt: Rating) -> None:
        self.felt.append(felt)
        self.view.ask(felt)

    async def _record(self) -> None:
        async with self._world:
            person = self._world.person
            now = datetime(2026, 1, 2, 12, tzinfo=UTC)
            folder = SessionFolder(self._folder, person, lambda: now, simulated=True)
            streams = Streams(self._world.radio(), sensor_requests(person))
            session = Session(streams, SessionPlan(GOALS, rest_s=40.0), folder, self._emit)
            steering = asyncio.create_task(self.view.steer(session))
            try:
                self.done = await session.run()
            finally:
                steering.cancel()

    def _emit(self, event: SessionEvent) -> None:
        direct(self._world, event)
        self.view(event)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[OnThePage]:
    """A session that has not begun."""
    with OnThePage(tmp_path) as live_session:
        yield live_session


def test_a_session_is_counted_warned_rested_rated_and_reported(
    session: OnThePage, visit: Any, shoot: Any
) -> None:
    tab = visit(session.server.access.control_link, viewport={"width": 1280, "height": 800})
    tab.locator("h1").click()  # it may play sounds from here on
    tab.evaluate(
        """globalThis.alerts = new Set();
           new MutationObserver(() => alerts.add(document.body.dataset.alert)).observe(
             document.body, { attributes: true, attributeFilter: ["data-alert"] });
           0"""
    )
    session.begin()
    expect(tab.locator("#count")).to_have_text("2", timeout=PATIENCE_MS)
    shoot(tab, "session_running")

    expect(tab.locator("body")).to_have_attribute("data-state", "resting", timeout=PATIENCE_MS)
    expect(tab.get_by_role("alert")).to_have_text(re.compile("the ankle sensor to .* right leg"))
    expect(tab.locator("#count")).to_have_text(re.compile(r"0:\d\d"))
    expect(tab.locator("#headline")).to_contain_text("3 reps")
    tab.get_by_role("group", name="Pain").get_by_role("radio", name="3", exact=True).check()
    shoot(tab, "session_rest")
    moved = "move the ankle sensor to your right leg"
    end_s = time.monotonic() + PATIENCE_MS / 1000
    while not tab.evaluate("moved => spoken.some(([words]) => words.includes(moved))", moved):
        assert time.monotonic() < end_s, f"it never said {moved!r}"
        tab.wait_for_timeout(20)
    tab.get_by_role("button", name="Start").click()

    expect(tab.locator("#state")).to_contain_text("set 2 of 2", timeout=PATIENCE_MS)
    expect(tab.locator("#exercise")).to_contain_text("right leg")
    expect(tab.locator("body")).to_have_attribute("data-state", "ended", timeout=PATIENCE_MS)
    report = tab.frame_locator("#report")
    expect(report.locator("h1")).to_contain_text("3 reps", timeout=PATIENCE_MS)
    expect(report.locator("svg").first).to_be_visible()
    tab.get_by_role("group", name="Effort").get_by_role("radio", name="6", exact=True).check()
    tab.wait_for_timeout(300)
    shoot(tab, "session_report", whole=True)
    session.view.obey()
    first, second = session.done
    spoken = [words for words, _ in tab.evaluate("spoken")]

    assert [first.reason, second.reason] == ["target", "target"]
    assert session.felt == [Rating(first.path, pain=3), Rating(second.path, effort=6)]
    assert "flag" in tab.evaluate("[...alerts]")
    assert {"flat back", "1", "2, one more"} <= set(spoken)
    assert len(tab.evaluate("tones")) > 20


def test_on_a_phone_reported_pain_ends_the_session(session: OnThePage, visit: Any) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
    tab = visit(session.server.access.control_link, **phone)
    session.begin()
    expect(tab.locator("#count")).to_have_text("1", timeout=PATIENCE_MS)
    tab.get_by_role("button", name="It hurts").tap()
    expect(tab.locator("#cue")).to_have_text("Stop, and rest", timeout=PATIENCE_MS)
    expect(tab.get_by_role("group", name="Pain")).to_be_visible()
    expect(tab.get_by_role("button", name="Start")).to_be_hidden()
    session.__exit__()
    tab.close()
    tab.errors.clear()  # the server is gone, and the page has begun to look for it
    (finished,) = session.done

    assert finished.reason == "pain"
    assert "end: pain" in Path(finished.path).read_text()
