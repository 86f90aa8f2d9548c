"""The page in a real browser.

Needs Playwright for Python and a Chromium: the one that ``IMU_REPS_CHROMIUM`` names, or one on PATH.
``IMU_REPS_SCREENSHOTS`` names a folder for pictures to look at; without it they are thrown away.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import atan2, degrees
from typing import Any

import pytest

from imu_reps import RepFaults, RepPlan, SetPlan, Settings, Tempo, simulate
from imu_reps.cli.replay import play
from imu_reps.domain.cue import CUES, DEFAULT_SPEECH, Cue
from imu_reps.session.rehearsal import replay_goal
from imu_reps.sim.wearer import LifePlan
from imu_reps.view.session_snapshot import Aim, LinkView, Snapshot, apply_cue
from imu_reps.web.access import Access
from imu_reps.web.hub import Discard, Effort, Hurt, Pain, Start, StopSet
from imu_reps.web.server import PageServer
from imu_reps.web.session_view import SessionView

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")
expect = sync_api.expect

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
    "device_scale_factor": 2,
}
PATIENCE_MS = 60_000  # a busy computer takes several times what a quiet one takes


def running(first: Snapshot, **changes: Any) -> Snapshot:
    """Return a running set: the leg at 47°, the back flat, three repetitions."""
    usual: dict[str, Any] = {
        "state": "running",
        "started": True,
        "count": 3,
        "leg_deg": 47.0,
        "tilt_deg": -8.0,
        "rotation_deg": 1.0,
        "phase": "eccentric",
        "time_s": 20.0,
        "phase_since_s": 19.0,
        "links": {"pelvis": LinkView("streaming", 100.0, 81.0), "ankle": LinkView("streaming", 100.0, 64.0)},
    }
    return replace(first, **{**usual, **changes})


def cue(code: str, words: str = "", tone: str = "fault", time_s: float = 20.0) -> Cue:
    """Return a cue with the given code."""
    return Cue(code, words, 50, time_s, time_s, time_s + 1.0, "test", tone)  # type: ignore[arg-type]


def give(page: Any, one: Cue) -> None:
    """Give a cue to all viewers."""
    snapshot, moments = apply_cue(page.hub.snapshot, one)
    page.hub.show(snapshot, *moments)


def until(true: Callable[[], bool], tab: Any, max_s: float) -> None:
    """Wait until something holds, for at most `max_s`."""
    end_s = time.monotonic() + max_s
    while not true() and time.monotonic() < end_s:
        tab.wait_for_timeout(20)


def spied(tab: Any, what: str, max_s: float = 5.0) -> list[Any]:
    """Return the noted tones or words as soon as there are any."""
    until(lambda: bool(tab.evaluate(what)), tab, max_s)
    noted = tab.evaluate(what)
    tab.evaluate(f"{what}.length = 0")
    return list(noted)


def sent_commands(page: Any, tab: Any, count: int) -> list[Any]:
    """Return the commands sent by the page, once there are `count` of them."""
    until(lambda: len(page.commands) >= count, tab, PATIENCE_MS / 1000)
    return list(page.commands)


def unlocked(tab: Any) -> Any:
    """Tap the page so that it may play sounds."""
    tab.locator("h1").click()
    tab.wait_for_timeout(300)
    tab.evaluate("tones.length = spoken.length = 0")
    return tab


@contextmanager
def played(reps: int, speed: float, rep: RepPlan | None = None) -> Iterator[tuple[SessionView, PageServer]]:
    """Prepare a simulated set of `reps` repetitions to be played from a page."""
    plan = SetPlan(
        reps=(rep or RepPlan(),) * reps, life=LifePlan(still_before_s=3.0), tempo_target=Tempo(2, 0, 2, 0)
    )
    recording = simulate(plan).recording
    view = SessionView(replay_goal(recording), Settings())

    def play_all() -> None:
        while view.wait_for_start():
            play(recording, Settings(), DEFAULT_SPEECH, speed, view, view)

    with PageServer(view.hub, view.ask) as server:
        view.reports = server.reports
        playing = threading.Thread(target=play_all)
        playing.start()
        try:
            yield view, server
        finally:
            view.close()
            playing.join()


def test_a_set_is_played_counted_and_reported(visit: Any, shoot: Any) -> None:
    with played(4, 6.0) as (_, server):
        tab = visit(server.access.control_link, viewport={"width": 1280, "height": 720})
        expect(tab.locator("#state")).to_have_text("Replay · Press Start")
        shoot(tab, "waiting")
        tab.get_by_role("button", name="Start").click()
        expect(tab.locator("#count")).to_have_text("2", timeout=PATIENCE_MS)
        shoot(tab, "running")
        ways = set()
        for _ in range(20):
            ways.add(tab.locator("#side .working").get_attribute("d"))
            tab.wait_for_timeout(25)
        expect(tab.locator("body")).to_have_attribute("data-state", "ended", timeout=PATIENCE_MS)
        expect(tab.locator("#count")).to_have_text("4")
        report = tab.frame_locator("#report")
        expect(report.locator("h1")).to_contain_text("4 reps", timeout=PATIENCE_MS)
        expect(report.locator("svg")).to_have_count(3)
        expect(tab.locator("#headline")).to_contain_text("4 reps, 4 clean")
        fill = report.locator("svg path[style*='var(--up)']").first.evaluate(
            "path => getComputedStyle(path).fill"
        )
        tab.wait_for_timeout(300)
        shoot(tab, "report", whole=True)

    assert len(ways) > 3
    assert fill == "rgb(42, 125, 225)"


def test_an_arched_back_is_shown_and_spoken_while_it_happens(visit: Any, shoot: Any) -> None:
    arched = RepPlan(faults=RepFaults(arch_deg=11.0))
    with played(3, 4.0, arched) as (player, server):
        tab = unlocked(visit(server.access.control_link, viewport={"width": 1280, "height": 720}))
        tab.get_by_role("button", name="Start").click()
        expect(tab.locator("body")).to_have_attribute("data-alert", "flag", timeout=PATIENCE_MS)
        expect(tab.get_by_role("alert")).to_have_text(re.compile("flat"))
        shoot(tab, "arched")
        words, steer = tab.locator("#cue").bounding_box(), tab.locator("footer").bounding_box()

        assert words["y"] + words["height"] <= steer["y"] + 1
        expect(tab.locator("#report")).to_be_visible(timeout=PATIENCE_MS)
        spoken = [words for words, _ in tab.evaluate("spoken")]

        assert "flat back" in spoken
        assert len(tab.evaluate("tones")) > len(spoken)
        assert player.hub.snapshot.count == 3


def test_a_rest_shows_the_time_left_and_what_to_do(page: Any, visit: Any, shoot: Any) -> None:
    tab = visit(page.access.control_link, **PHONE)
    rest = {"state": "resting", "remaining_s": 74.2, "move_to": "right", "may_start": True, "phase": None}
    page.hub.show(running(page.hub.snapshot, headline="8 reps, 8 clean", ended="target", **rest))
    expect(tab.locator("#count")).to_have_text("1:15")
    expect(tab.get_by_role("alert")).to_have_text("Move the ankle sensor to the right leg")
    expect(tab.get_by_role("button", name="Start")).to_be_enabled()
    expect(tab.get_by_role("button", name="It hurts")).to_be_enabled()
    expect(tab.get_by_role("button", name="Stop")).to_be_hidden()
    shoot(tab, "phone_rest")


def test_the_same_recording_can_be_played_again(visit: Any) -> None:
    with played(2, 20.0) as (_, server):
        tab = visit(server.access.control_link)
        for _ in range(2):
            tab.get_by_role("button", name="Start").click()
            expect(tab.locator("body")).to_have_attribute("data-state", re.compile("ready|running"))
            expect(tab.locator("#report")).to_be_visible(timeout=PATIENCE_MS)
            expect(tab.locator("#count")).to_have_text("2")


@pytest.mark.parametrize("way", ["button", "key"])
def test_a_set_is_stopped_from_the_page(visit: Any, way: str) -> None:
    with played(4, 6.0) as (player, server):
        tab = visit(server.access.control_link)
        tab.get_by_role("button", name="Start").click()
        expect(tab.locator("#count")).to_have_text("1", timeout=PATIENCE_MS)
        tab.keyboard.press("Escape") if way == "key" else tab.get_by_role("button", name="Stop").click()
        expect(tab.locator("#state")).to_contain_text("Ended by you")
        expect(tab.locator("#report")).to_be_visible(timeout=PATIENCE_MS)

        assert player.hub.snapshot.ended == "user"


def test_a_replay_is_marked_and_has_no_questions_or_buttons_of_a_recording(visit: Any) -> None:
    with played(2, 6.0) as (_, server):
        tab = visit(server.access.control_link)
        tab.get_by_role("button", name="Start").click()
        expect(tab.locator("#count")).to_have_text("1", timeout=PATIENCE_MS)
        expect(tab.locator("#state")).to_contain_text("Replay")
        expect(tab.get_by_role("button", name="Stop")).to_be_visible()
        for name in ("Discard", "It hurts"):
            expect(tab.get_by_role("button", name=name, exact=True)).to_be_hidden()
        expect(tab.locator("#report")).to_be_visible(timeout=PATIENCE_MS)
        expect(tab.get_by_role("group", name="Pain")).to_be_hidden()
        expect(tab.get_by_role("group", name="Effort")).to_be_hidden()


def test_a_replay_asks_nobody_to_lie_still_or_to_begin(page: Any, visit: Any) -> None:
    tab = visit(page.access.control_link)
    first = running(page.hub.snapshot, replay=True, count=0, phase=None)
    page.hub.show(replace(first, state="waiting"))
    expect(tab.locator("#state")).to_have_text("Replay · Before the set")
    expect(tab.locator("#cue")).to_be_empty()
    page.hub.show(replace(first, state="ready"))
    expect(tab.locator("#state")).to_have_text("Replay · Ready")
    tab.wait_for_timeout(200)

    assert tab.locator("#cue").text_content() == ""


def test_stop_and_it_hurts_are_not_hit_by_accident(page: Any, visit: Any) -> None:
    tab = visit(page.access.control_link, **PHONE)
    page.hub.show(running(page.hub.snapshot, started=False, state="waiting", may_start=True))
    tab.get_by_role("button", name="Start").tap()
    page.hub.show(running(page.hub.snapshot, may_start=False))
    stop, hurt = tab.get_by_role("button", name="Stop"), tab.get_by_role("button", name="It hurts")
    stop.tap()  # as the second tap of a person in a hurry to start
    tab.wait_for_timeout(1000)
    too_soon = list(page.commands)
    hurt.tap()
    left, right = stop.bounding_box(), hurt.bounding_box()

    assert too_soon == [Start()]
    assert sent_commands(page, tab, 2) == [Start(), Hurt()]
    assert right["x"] - (left["x"] + left["width"]) > 60
    assert min(right["height"], right["width"], left["width"]) >= 48


def test_a_reload_during_a_set_loses_nothing(visit: Any) -> None:
    with played(5, 5.0) as (_, server):
        tab = visit(server.access.control_link)
        tab.get_by_role("button", name="Start").click()
        expect(tab.locator("#count")).to_have_text("2", timeout=PATIENCE_MS)
        tab.reload()
        expect(tab.locator("#count")).to_have_text(re.compile("[234]"))
        expect(tab.locator("body")).to_have_attribute("data-role", "control")
        expect(tab.locator("#report")).to_be_visible(timeout=PATIENCE_MS)
        expect(tab.locator("#count")).to_have_text("5")
        tab.reload()
        expect(tab.frame_locator("#report").locator("h1")).to_contain_text("5 reps")


def test_the_wearer_moves_with_the_measured_angles(page: Any, visit: Any) -> None:
    tab = visit(page.access.view_link)
    page.hub.show(running(page.hub.snapshot))
    expect(tab.locator("#side .angle")).to_have_text("47°")
    knee = tab.locator("#side .working").get_attribute("d")
    page.hub.show(running(page.hub.snapshot, leg_deg=90.0, tilt_deg=7.4, rotation_deg=-9.0))
    expect(tab.locator("#side .angle")).to_have_text("90°")
    expect(tab.locator("#tilt .band-name")).to_have_text("Back 7°")
    expect(tab.locator("#rotation .band-name")).to_have_text("Hips −9°")
    upright = tab.locator("#side .working").get_attribute("d")
    pelvis = tab.locator("#side .pelvis").locator("..").get_attribute("transform")
    page.hub.show(running(page.hub.snapshot, tilt_deg=None))
    expect(tab.locator("#tilt .band-name")).to_have_text("Back –")
    hip, *_, ankle, _ = re.findall(r"(-?[\d.]+) (-?[\d.]+)", upright)

    assert knee != upright
    assert float(hip[0]) == pytest.approx(float(ankle[0]), abs=0.2)
    assert float(hip[1]) - float(ankle[1]) > 150
    assert float(pelvis.removeprefix("rotate(").split()[0]) > 7.4


@pytest.mark.parametrize("code", ["press_back", "hips_level"])
def test_a_warning_colours_the_whole_screen_and_goes_again(
    page: Any, visit: Any, shoot: Any, code: str
) -> None:
    tab = visit(page.access.view_link, viewport={"width": 1280, "height": 720})
    page.hub.show(running(page.hub.snapshot, tilt_deg=5.0))
    expect(tab.locator("#count")).to_have_text("3")
    calm = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    give(page, cue(code, "press your back down" if code == "press_back" else "hips level"))
    expect(tab.locator("body")).to_have_attribute("data-alert", CUES[code].alert)  # type: ignore[index]
    expect(tab.get_by_role("alert")).to_have_text(re.compile("press your back down|hips level"))
    tab.wait_for_timeout(300)
    alarmed = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    shoot(tab, f"warning_{code}")
    expect(tab.locator("body")).to_have_attribute("data-alert", "none")
    expect(tab.get_by_role("alert")).to_be_empty()

    assert calm != alarmed


def test_every_cue_has_a_distinct_sound_and_is_spoken(page: Any, visit: Any) -> None:
    tab = unlocked(visit(page.access.view_link))
    page.hub.show(running(page.hub.snapshot))
    tones = {}
    for code in ("beat", "count", "hold", "press_back", "hips_level", "no_swing", "slower", "stop", "done"):
        give(page, cue(code, "" if code == "beat" else f"words of {code}"))
        tones[code] = tuple(spied(tab, "tones"))
        spoken = [words for words, _ in tab.evaluate("spoken")]
        tab.evaluate("spoken.length = 0")

        assert tones[code]
        assert spoken == ([] if code == "beat" else [f"words of {code}"])
    assert len(set(tones.values())) == len(tones)


def test_before_the_first_tap_nothing_sounds_and_nothing_fails(page: Any, visit: Any) -> None:
    tab = visit(page.access.view_link)
    page.hub.show(running(page.hub.snapshot))
    expect(tab.locator("#count")).to_have_text("3")
    give(page, cue("slower", "slower"))
    expect(tab.get_by_role("alert")).to_have_text("slower")

    assert tab.evaluate("tones") == []


def test_sound_voice_and_volume_are_the_viewers_choice_and_stored(page: Any, visit: Any) -> None:
    tab = unlocked(visit(page.access.view_link))
    page.hub.show(running(page.hub.snapshot))
    tab.get_by_role("button", name="Sound").click()
    tab.get_by_label("Volume").fill("25")
    tab.evaluate("tones.length = spoken.length = 0")
    give(page, cue("slower", "slower"))
    spoken = spied(tab, "spoken")
    silent = tab.evaluate("tones")
    tab.get_by_role("button", name="Voice").click()
    tab.reload()
    expect(tab.get_by_role("button", name="Sound")).to_have_attribute("aria-pressed", "false")
    expect(tab.get_by_role("button", name="Voice")).to_have_attribute("aria-pressed", "false")

    assert spoken == [["slower", 0.25]]
    assert silent == []
    assert tab.get_by_label("Volume").input_value() == "25"


def test_a_delayed_cue_is_not_spoken(page: Any, visit: Any) -> None:
    tab = unlocked(visit(page.access.view_link))
    page.hub.show(running(page.hub.snapshot, time_s=25.0))
    give(page, cue("slower", "slower", time_s=20.0))
    expect(tab.get_by_role("alert")).to_have_text("slower")

    assert tab.evaluate("tones") == []
    assert tab.evaluate("spoken") == []


def test_several_viewers_see_the_same_and_only_one_has_control(page: Any, visit: Any) -> None:
    owner, onlooker = visit(page.access.control_link), visit(page.access.view_link)
    page.hub.show(running(page.hub.snapshot, count=12))
    for tab in (owner, onlooker):
        expect(tab.locator("#count")).to_have_text("12")
    expect(owner.get_by_role("button", name="Stop")).to_be_visible()
    expect(onlooker.get_by_role("button", name="Stop")).to_be_hidden()
    expect(onlooker.get_by_text("You are watching")).to_be_visible()
    owner.get_by_role("button", name="Stop").click()

    assert sent_commands(page, owner, 1) == [StopSet()]


def test_a_wrong_token_gets_a_message_and_no_content(page: Any, visit: Any) -> None:
    page.hub.show(running(page.hub.snapshot))
    tab = visit(f"http://{page.host}/nonsense")
    expect(tab.locator("body")).to_contain_text("This link is not valid")
    tab.errors.clear()  # the browser reports the status

    assert page.hub.viewers == 0


def lose_goodbyes(tab: Any) -> None:
    """Let the tab lose its connection where the server says goodbye, as if that had not come through."""

    def through(route: Any) -> None:
        route.connect_to_server().on_close(lambda *_: route.close(code=3000))

    tab.route_web_socket("**/live*", through)


def test_a_page_whose_server_ends_says_that_it_is_over_and_takes_nothing_any_more(
    page: Any, visit: Any, shoot: Any
) -> None:
    with PageServer(page.hub, page.commands.append) as server:
        tab = visit(server.access.control_link)
        page.hub.show(running(page.hub.snapshot, state="ended", ended="target"))
        expect(tab.locator("#pain input").first).to_be_enabled()
    expect(tab.locator("#lost")).to_contain_text("It is over")
    expect(tab.locator("#pain input").first).to_be_disabled()
    expect(tab.locator("#effort input").first).to_be_disabled()
    shoot(tab, "over", whole=True)


def test_a_lost_server_is_noticed_and_found_again(
    page: Any, visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = page.access
    monkeypatch.setattr(Access, "new", lambda hosts: replace(access, hosts=hosts))
    first = PageServer(page.hub, page.commands.append)
    with first:
        tab = visit("about:blank")
        lose_goodbyes(tab)
        tab.goto(first.access.control_link)
        page.hub.show(running(page.hub.snapshot))
        expect(tab.locator("#count")).to_have_text("3")
    expect(tab.locator("#lost")).to_contain_text("No connection")
    expect(tab.locator("#lost")).not_to_contain_text("recorded")
    expect(tab.locator("#stop")).to_be_disabled()
    page.hub.show(running(page.hub.snapshot, count=6))
    port = int(first.access.hosts[0].split(":")[1])
    with PageServer(page.hub, page.commands.append, port=port):
        expect(tab.locator("#count")).to_have_text("6", timeout=PATIENCE_MS)
        expect(tab.locator("#lost")).to_be_hidden()
        expect(tab.locator("#stop")).to_be_enabled()
        tab.close()
    tab.errors.clear()  # the browser reports each failed attempt


def test_a_page_whose_link_is_no_longer_valid_says_so(page: Any, visit: Any) -> None:
    with PageServer(page.hub, page.commands.append) as first:
        tab = visit("about:blank")
        lose_goodbyes(tab)
        tab.goto(first.access.control_link)
        expect(tab.locator("#state")).to_have_text("Press Start")
    port = int(first.access.hosts[0].split(":")[1])
    with PageServer(page.hub, page.commands.append, port=port):
        expect(tab.locator("#lost")).to_contain_text("This link is not valid", timeout=PATIENCE_MS)
        tab.wait_for_timeout(1500)
        expect(tab.locator("#lost")).to_contain_text("This link is not valid")
        tab.close()
    tab.errors.clear()  # the browser reports each failed attempt


def test_browsers_that_open_the_link_at_the_same_moment_each_get_the_page(page: Any, visit: Any) -> None:
    for _ in range(3):
        tabs = [visit("about:blank") for _ in range(5)]
        at_ms = 1000 * (time.time() + 0.5)
        for tab in tabs:
            tab.evaluate(
                f"setTimeout(() => {{ location = '{page.access.view_link}'; }}, {at_ms} - Date.now()); 0"
            )
        for tab in tabs:
            tab.wait_for_url(page.access.view_link)
            expect(tab.locator("#state")).to_have_text("Press Start")
            tab.close()


def test_a_page_that_slept_catches_up_and_speaks_nothing_outdated(page: Any, visit: Any) -> None:
    tab = visit("about:blank")
    waiting: list[Any] = []
    asleep = False

    def through(route: Any) -> None:
        server = route.connect_to_server()
        server.on_message(lambda message: waiting.append(message) if asleep else route.send(message))
        waiting.append(route)

    tab.route_web_socket("**/live*", through)
    tab.goto(page.access.control_link)
    page.hub.show(running(page.hub.snapshot))
    expect(tab.locator("#count")).to_have_text("3")
    unlocked(tab)
    asleep = True
    give(page, cue("slower", "slower"))
    page.hub.show(running(page.hub.snapshot, count=9))
    tab.wait_for_timeout(1500)
    asleep = False
    route, *late = waiting
    for message in late:
        route.send(message)
    expect(tab.locator("#count")).to_have_text("9")

    assert tab.evaluate("spoken") == []
    assert tab.evaluate("tones") == []


def test_cues_are_spoken_again_some_time_after_a_clock_was_set(page: Any, visit: Any) -> None:
    tab = unlocked(visit(page.access.view_link))
    page.hub.show(running(page.hub.snapshot))
    expect(tab.locator("#count")).to_have_text("3")
    tab.evaluate("{ const now = Date.now; Date.now = () => now() + 3_600_000; }")
    give(page, cue("slower", "slower"))
    expect(tab.get_by_role("alert")).to_have_text("slower")
    assert tab.evaluate("spoken") == []

    for count in (4, 5):  # twice 20 s later
        tab.evaluate(
            "{ const now = performance.now.bind(performance); performance.now = () => now() + 2e4; }"
        )
        page.hub.show(running(page.hub.snapshot, count=count))
        expect(tab.locator("#count")).to_have_text(str(count))
    give(page, cue("slower", "still slower"))
    expect(tab.get_by_role("alert")).to_have_text("still slower")

    assert [words for words, _ in tab.evaluate("spoken")] == ["still slower"]


def test_a_lost_connection_is_shown_and_restored_with_everything_that_happened(page: Any, visit: Any) -> None:
    tab = visit("about:blank")
    routes: list[Any] = []

    def through(route: Any) -> None:
        routes.append(route)
        route.connect_to_server()

    tab.route_web_socket("**/live*", through)
    tab.goto(page.access.control_link)
    page.hub.show(running(page.hub.snapshot))
    expect(tab.locator("#count")).to_have_text("3")
    routes[0].close(code=3000)
    page.hub.show(running(page.hub.snapshot, count=5))
    expect(tab.locator("#count")).to_have_text("5")
    expect(tab.locator("#lost")).to_be_hidden()

    assert len(routes) == 2


def test_a_connection_that_only_seems_alive_is_given_up(page: Any, visit: Any) -> None:
    tab = visit("about:blank")
    routes: list[Any] = []

    def through(route: Any) -> None:
        routes.append(route)
        server = route.connect_to_server()
        deaf = len(routes) == 1
        server.on_message(lambda message: None if deaf and page.hub.snapshot.count else route.send(message))

    tab.route_web_socket("**/live*", through)
    tab.goto(page.access.control_link)
    expect(tab.locator("#state")).to_have_text("Press Start")
    page.hub.show(running(page.hub.snapshot, count=5))
    expect(tab.locator("#count")).to_have_text("5", timeout=PATIENCE_MS)

    assert len(routes) == 2


def test_on_a_phone_everything_is_visible_and_large(page: Any, visit: Any, shoot: Any) -> None:
    tab = visit(page.access.control_link, **PHONE)
    tempo = {"eccentric_s": 4.0, "bottom_s": 3.0, "concentric_s": 2.0, "top_s": 0.0}
    aim = replace(page.hub.snapshot.aim, reps=12, **tempo)
    limits = replace(page.hub.snapshot.limits, floor_deg=24.0)
    page.hub.show(running(page.hub.snapshot, count=10, aim=aim, limits=limits))
    expect(tab.locator("#count")).to_have_text("10")
    tab.wait_for_timeout(200)
    shoot(tab, "phone")
    wide = tab.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    digits = tab.locator("#count").bounding_box()
    stop = tab.get_by_role("button", name="Stop").bounding_box()
    tab.get_by_role("button", name="Stop").tap()

    assert wide[0] <= wide[1]
    assert digits["height"] >= 120
    assert stop["width"] >= 100
    assert stop["height"] >= 48
    assert stop["y"] + stop["height"] <= 844
    assert sent_commands(page, tab, 1) == [StopSet()]


def test_pain_and_effort_are_asked_after_the_set(page: Any, visit: Any, shoot: Any) -> None:
    over = {"state": "ended", "ended": "target", "headline": "8 reps, 7 clean", "phase": None}
    tab = visit(page.access.control_link, **PHONE)
    page.hub.show(running(page.hub.snapshot, count=8, **over))
    pain = tab.get_by_role("group", name="Pain")
    pain.get_by_role("radio", name="2", exact=True).check()
    page.hub.show(running(page.hub.snapshot, count=8, time_s=21.0, **over))
    tab.wait_for_timeout(200)
    expect(pain.get_by_role("radio", name="2", exact=True)).to_be_checked()
    tab.get_by_role("group", name="Effort").get_by_role("radio", name="7").check()
    sent_commands(page, tab, 2)
    page.hub.show(running(page.hub.snapshot, count=8, pain=2, effort=7, **over))
    expect(pain.get_by_role("radio", name="2", exact=True)).to_be_checked()
    shoot(tab, "phone_after")

    assert page.commands == [Pain(2), Effort(7)]


def test_discarding_is_confirmed_twice(page: Any, visit: Any) -> None:
    tab = visit(page.access.control_link)
    page.hub.show(running(page.hub.snapshot))
    tab.get_by_role("button", name="Discard", exact=True).click()
    tab.get_by_role("button", name="No, go on").click()
    expect(tab.get_by_text("Discard this set?")).to_be_hidden()
    before = list(page.commands)
    tab.get_by_role("button", name="Discard", exact=True).click()
    tab.get_by_role("button", name="Yes, discard").click()

    assert before == []
    assert sent_commands(page, tab, 1) == [Discard()]


def test_the_page_can_be_used_by_keyboard_alone(page: Any, visit: Any) -> None:
    tab = visit(page.access.control_link)
    expect(tab.get_by_role("button", name="Start")).to_be_enabled()
    # a browser ignores keys until the page has been painted; its policy lets no function poll within it
    painted = "performance.getEntriesByName('first-contentful-paint').length > 0"
    until(lambda: tab.evaluate(painted), tab, PATIENCE_MS / 1000)
    # and `:focus` is nowhere while the window itself is not focused, as when another one has just closed
    until(lambda: tab.bring_to_front() or tab.evaluate("document.hasFocus()"), tab, PATIENCE_MS / 1000)
    tab.keyboard.press("Tab")
    expect(tab.locator("#sound")).to_be_focused()
    reached = ["sound"]
    while reached[-1] != "start" and len(reached) < 6:
        expect(tab.locator(":focus")).not_to_have_css("outline-style", "none")
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.id"))
    tab.keyboard.press("Enter")

    assert reached == ["sound", "voice", "volume", "start"]
    assert sent_commands(page, tab, 1) == [Start()]


def test_what_is_visible_is_also_announced_to_a_screen_reader(page: Any, visit: Any) -> None:
    tab = visit(page.access.control_link)
    page.hub.show(running(page.hub.snapshot, tilt_deg=7.0))
    expect(tab.locator("#count")).to_have_text("3")
    tab.get_by_role("img", name="Back 7°").wait_for()
    expect(tab.get_by_role("img", name="The wearer from the side")).to_be_visible()
    expect(tab.get_by_role("heading", name="Repetitions")).to_be_attached()
    expect(tab.locator("#count-said")).to_have_attribute("aria-live", "polite")
    expect(tab.get_by_role("list", name="Sensors")).to_contain_text("ankle battery 64 %")
    unnamed = tab.evaluate(
        """[...document.querySelectorAll("button, input, iframe, svg")]
           .filter((one) => !one.closest("[aria-hidden=true]") && !one.closest("svg svg"))
           .filter((one) => !(one.ariaLabel || one.title || one.textContent.trim() || one.labels?.length))
           .map((one) => one.outerHTML.slice(0, 80))"""
    )

    assert unnamed == []


def test_a_sensor_in_trouble_is_marked_by_more_than_its_colour(page: Any, visit: Any) -> None:
    tab = visit(page.access.view_link)
    links = {"pelvis": LinkView("away"), "ankle": LinkView("streaming", 100.0, 9.0, battery_low=True)}
    page.hub.show(running(page.hub.snapshot, links=links))
    expect(tab.locator("#links")).to_contain_text("pelvis lost, trying again")
    expect(tab.locator("#links")).to_contain_text("battery 9 % (low)")

    assert tab.locator("#links li[data-well=no]").count() == 2


def test_reduced_motion_is_respected(page: Any, visit: Any) -> None:
    tab = visit(page.access.view_link, reduced_motion="reduce")
    for tick in range(60):
        page.hub.show(running(page.hub.snapshot, leg_deg=float(tick)))
        time.sleep(1 / 60)
    moves = tab.evaluate(
        """async () => {
          let moves = 0;
          const leg = document.querySelector("#side .working");
          new MutationObserver(() => { moves += 1; }).observe(leg, { attributes: true });
          await new Promise((done) => setTimeout(done, 1000));
          return moves;
        }"""
    )

    assert moves <= 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast_to_its_background(page: Any, visit: Any, shoot: Any, scheme: str) -> None:
    tab = visit(page.access.control_link, color_scheme=scheme, viewport={"width": 1280, "height": 720})
    limits = replace(page.hub.snapshot.limits, floor_deg=24.0)
    page.hub.show(running(page.hub.snapshot, tilt_deg=5.0, leg_deg=20.0, limits=limits))
    expect(tab.locator("#count")).to_have_text("3")
    tab.wait_for_timeout(200)
    shoot(tab, scheme)
    for alert in ("none", "watch", "flag"):
        if alert != "none":
            give(page, cue("press_back" if alert == "flag" else "hips_level", "press your back down"))
            expect(tab.locator("body")).to_have_attribute("data-alert", alert)
        tab.wait_for_timeout(250)
        for name, minimum in (
            ("--ink", 7.0),
            ("--dim", 4.5),
            ("--leg", 3.0),
            ("--fault", 3.0),
            ("--watch", 3.0),
        ):
            assert contrast(tab, name) >= minimum, (alert, name)


def contrast(tab: Any, name: str) -> float:
    """Return the contrast of one of the page's colours on its paper, as defined by WCAG 2."""
    paper, ink = (
        tab.evaluate(f"getComputedStyle(document.body).getPropertyValue('{one}').trim()")
        for one in ("--paper", name)
    )
    bright, dark = sorted((_luminance(paper), _luminance(ink)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    "aim",
    [
        Aim("single_leg_raise_bent", "right"),
        Aim("double_leg_raise", "both", "high"),
        Aim("heel_tap", "left", "high"),
        Aim("hanging_leg_raise", "both", "low", "hanging"),
        Aim("hollow_hold", "both"),
    ],
    ids=lambda aim: aim.exercise,
)
def test_every_exercise_has_its_figure(page: Any, visit: Any, shoot: Any, aim: Aim) -> None:
    tab = visit(page.access.view_link, viewport={"width": 1280, "height": 720})
    leg_deg = -30.0 if aim.exercise == "heel_tap" else 50.0
    page.hub.show(running(page.hub.snapshot, aim=aim, leg_deg=leg_deg))
    expect(tab.locator("#side .angle")).to_have_text("50°" if leg_deg > 0 else "−30°")
    shoot(tab, aim.exercise)
    box, view = tab.locator("#side .working").bounding_box(), tab.locator("#side").bounding_box()

    assert box["x"] >= view["x"] - 1
    assert box["x"] + box["width"] <= view["x"] + view["width"] + 1
    assert box["y"] >= view["y"] - 1
    assert box["y"] + box["height"] <= view["y"] + view["height"] + 1


def test_a_hold_shows_its_seconds(page: Any, visit: Any, shoot: Any) -> None:
    tab = visit(page.access.view_link, viewport={"width": 1280, "height": 800})
    aim = Aim("hollow_hold", "both")
    page.hub.show(running(page.hub.snapshot, aim=aim, count=0, held_s=23.7, phase="top", leg_deg=28.0))
    expect(tab.locator("#count")).to_have_text("23")
    expect(tab.locator("#of")).to_have_text("seconds")
    expect(tab.locator("#phase")).to_have_text("Hold")
    shoot(tab, "hold")
    shoulders = tab.locator("#side .head").bounding_box()["y"]
    page.hub.show(running(page.hub.snapshot, aim=aim, held_s=125.0))
    expect(tab.locator("#count")).to_have_text("2:05")
    page.hub.show(running(page.hub.snapshot, aim=Aim()))
    expect(tab.locator("#count")).to_have_text("3")
    tab.wait_for_timeout(100)

    assert shoulders < tab.locator("#side .head").bounding_box()["y"] - 20


@pytest.mark.parametrize("exercise", ["double_leg_raise", "heel_tap"])
def test_an_unmeasured_leg_is_not_drawn(page: Any, visit: Any, exercise: str) -> None:
    tab = visit(page.access.view_link)
    aim = Aim(exercise, "left", "high")  # type: ignore[arg-type]
    page.hub.show(running(page.hub.snapshot, aim=aim, state="running", phase=None, leg_deg=None))
    expect(tab.locator("#side .angle")).to_have_text("–")
    assert tab.locator("#side .working").get_attribute("d") == ""
    page.hub.show(running(page.hub.snapshot, aim=aim, state="running", leg_deg=60.0))
    expect(tab.locator("#side .angle")).to_have_text("60°")
    assert tab.locator("#side .working").get_attribute("d").startswith("M")


def test_predictions_look_different_from_what_has_happened(page: Any, visit: Any) -> None:
    tab = visit(page.access.view_link)
    for tone, foreseen in (("notice", "yes"), ("fault", "no")):
        page.hub.show(running(page.hub.snapshot))
        expect(tab.locator("#count")).to_have_text("3")
        give(page, cue("press_back", "press your back down", tone))
        expect(tab.locator("#cue")).to_have_attribute("data-foreseen", foreseen)
        tab.wait_for_timeout(2000)


def test_the_page_shows_that_it_is_mute_as_large_as_the_count(page: Any, visit: Any) -> None:
    tab = visit(page.access.control_link, viewport={"width": 1280, "height": 720})
    tap = tab.locator("#tap")
    expect(tap).to_be_visible()
    box, count = tap.bounding_box(), tab.locator(".count").bounding_box()
    assert box["width"] * box["height"] >= 0.9 * count["width"] * count["height"]
    tap.click()
    expect(tap).to_be_hidden()


def test_the_offer_of_sound_hides_no_count_during_a_set_and_disappears_after_it(
    page: Any, visit: Any
) -> None:
    tab = visit(page.access.control_link, viewport={"width": 1280, "height": 800})
    page.hub.show(running(page.hub.snapshot))
    expect(tab.locator("#count")).to_have_text("3")
    offer, digits = tab.locator("#tap").bounding_box(), tab.locator("#count").bounding_box()
    page.hub.show(replace(page.hub.snapshot, state="resting", remaining_s=30.0))
    expect(tab.locator("#count")).to_have_text("0:30")
    in_rest, left = tab.locator("#tap").bounding_box(), tab.locator("#count").bounding_box()
    page.hub.show(replace(page.hub.snapshot, state="ended", ended="target", set_of=2))
    expect(tab.locator("#state")).to_have_text("The set is over · The target is reached · set 1 of 2")

    assert in_rest["y"] >= left["y"] + left["height"]
    assert offer["y"] >= digits["y"] + digits["height"]
    expect(tab.locator("#tap")).to_be_hidden()


#: Minimum height of letters that are easily read on a phone at arm's length.
LEAST_PX = 11.0


@pytest.mark.parametrize("posture", ["lying", "hanging"])
@pytest.mark.parametrize("size", [(390, 664), (360, 740), (390, 844), (1280, 720)])
def test_the_text_in_the_drawings_is_legible_complete_and_above_the_buttons(
    page: Any, visit: Any, shoot: Any, size: tuple[int, int], posture: str
) -> None:
    width, height = size
    tab = visit(page.access.control_link, viewport={"width": width, "height": height}, has_touch=True)
    exercise = "hanging_leg_raise" if posture == "hanging" else "single_leg_raise"
    limits = replace(page.hub.snapshot.limits, floor_deg=24.0, aimed_deg=60.0)
    shown = running(page.hub.snapshot, may_start=False, limits=limits, count=12, rotation_deg=-17.0)
    page.hub.show(replace(shown, aim=Aim(exercise, "left", "low", posture)))  # type: ignore[arg-type]
    expect(tab.locator("#count")).to_have_text("12")
    tab.locator("h1").click()
    tab.wait_for_timeout(300)
    shoot(tab, f"words-{width}-{posture}")
    footer = tab.locator("footer").bounding_box()
    words = [one for one in tab.locator("main svg text").all() if one.is_visible() and one.text_content()]
    heights = [
        one.evaluate("(t) => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a") for one in words
    ]
    boxes = [one.bounding_box() for one in words]
    ends = [one.bounding_box() for one in tab.locator("#rotation text").all()]
    left, right = sorted((box["x"], box["x"] + box["width"]) for box in ends)[::2]
    (middle,) = [box for box in ends if box["x"] not in (left[0], right[0])]

    page.hub.show(replace(shown, state="waiting", started=False, may_start=True, count=0, leg_deg=None))
    expect(tab.locator("#count")).to_have_text("0")
    tab.wait_for_timeout(200)
    waiting = [one.bounding_box() for one in tab.locator(".band").all() if one.is_visible()]
    higher = tab.locator("footer").bounding_box()

    assert all(box["y"] + box["height"] <= higher["y"] + 1 for box in waiting)
    assert len(words) >= 9
    assert min(heights) >= LEAST_PX
    assert all(box["y"] + box["height"] <= footer["y"] + 1 for box in boxes)
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
    assert left[1] <= middle["x"]
    assert middle["x"] + middle["width"] <= right[0]


@pytest.mark.parametrize("size", [(740, 360), (390, 664), (360, 740)])
def test_no_warning_covers_the_buttons(page: Any, visit: Any, size: tuple[int, int]) -> None:
    width, height = size
    tab = visit(page.access.control_link, viewport={"width": width, "height": height}, has_touch=True)
    page.hub.show(running(page.hub.snapshot, may_start=False))
    expect(tab.locator("#count")).to_have_text("3")
    tab.locator("h1").click()
    give(page, cue("press_back", "press your back down"))
    expect(tab.locator("body")).to_have_attribute("data-alert", "flag")
    on_top = tab.evaluate(
        """() => ["stop", "discard", "hurt"].map((id) => {
             const box = document.getElementById(id).getBoundingClientRect();
             return document.elementFromPoint(box.x + box.width / 2, box.y + 6)?.id;
           })"""
    )

    assert on_top == ["stop", "discard", "hurt"]


def test_the_tempo_can_be_followed_without_sound(page: Any, visit: Any) -> None:
    tab = visit(page.access.view_link)
    tempo = {"eccentric_s": 4.0, "bottom_s": 3.0, "concentric_s": 2.0, "top_s": 0.0}
    aim = replace(page.hub.snapshot.aim, **tempo)
    page.hub.show(running(page.hub.snapshot, aim=aim, state="ready", phase=None, count=2))
    expect(tab.locator("#cue")).to_have_text("Begin when you like")
    for code, words, tone, read in (
        ("count_in", "3", "beat", "begin in 3"),
        ("count_in", "2", "beat", "begin in 2"),
        ("move", "up", "beat", "up"),
        ("count", "5, hold, 3", "count", "hold, 3"),
        ("hold", "2", "hold", "hold, 2"),
        ("count", "6, one more", "count", "one more"),
    ):
        give(page, cue(code, words, tone))
        expect(tab.locator("#cue")).to_have_text(read)
    arcs = []
    for phase, since_s in (("concentric", 1.0), ("eccentric", 2.0), ("bottom", 3.0)):
        page.hub.show(running(page.hub.snapshot, aim=aim, phase=phase, phase_since_s=20.0 - since_s))
        expect(tab.locator("body")).to_have_attribute("data-state", "running", timeout=PATIENCE_MS)
        tab.wait_for_timeout(60)
        arcs.append(float(tab.locator("#ring .done").get_attribute("stroke-dasharray").split()[0]))
    around = 2 * 3.14159 * 92

    assert arcs == pytest.approx([around / 9, around * 2 / 9, around * 3 / 9], abs=around * 0.05)


@pytest.mark.parametrize(("motion", "beats"), [("no-preference", 1), ("reduce", 0)])
def test_a_beat_is_visible_but_moves_nothing_with_reduced_motion(
    page: Any, visit: Any, motion: str, beats: int
) -> None:
    tab = visit(page.access.view_link, reduced_motion=motion)
    page.hub.show(running(page.hub.snapshot))
    expect(tab.locator("#count")).to_have_text("3")
    tab.evaluate(
        """globalThis.beats = 0; const animate = Element.prototype.animate;
           Element.prototype.animate = function (...how) { beats += 1; return animate.apply(this, how); };
           0"""
    )
    give(page, cue("beat", "", "beat"))
    give(page, cue("slower", "slower"))
    expect(tab.locator("#cue")).to_have_text("slower")

    assert tab.evaluate("beats") == beats


def test_the_screen_never_flashes(page: Any, visit: Any) -> None:
    tab = visit(page.access.view_link)
    page.hub.show(running(page.hub.snapshot))
    expect(tab.locator("#count")).to_have_text("3")
    tab.evaluate(
        """globalThis.changes = 0;
           new MutationObserver(() => { changes += 1; }).observe(
             document.body, { attributes: true, attributeFilter: ["data-alert"] });"""
    )
    for turn in range(40):
        give(page, cue("hips_level", "hips level") if turn % 2 else cue("press_back", "press your back down"))
        time.sleep(0.05)

    # WCAG 2: no more than three flashes, of two changes each, in any second.
    assert 1 <= tab.evaluate("changes") <= 3


#: Size of a page pixel in mm: a 13-inch laptop (286 mm wide) at 1280 pixels, a phone 65 mm wide at 390.
SCREENS: dict[str, tuple[dict[str, Any], float]] = {
    "laptop": ({"viewport": {"width": 1280, "height": 700}}, 286 / 1280),
    "phone": (PHONE, 65 / 390),
}


@pytest.mark.parametrize("screen", SCREENS)
def test_digits_and_warnings_are_readable_from_two_metres(page: Any, visit: Any, screen: str) -> None:
    """ISO 9241-303 asks for 20 to 22 minutes of arc; 5 is the minimum that normal eyes read."""
    window, mm = SCREENS[screen]
    tab = visit(page.access.view_link, **window)
    page.hub.show(running(page.hub.snapshot, count=12))
    expect(tab.locator("#count")).to_have_text("12")
    give(page, cue("press_back", "press your back down"))
    expect(tab.locator("#cue")).to_have_text("press your back down")
    heights = tab.evaluate(
        """() => {
          const pen = document.createElement("canvas").getContext("2d");
          return [["count", "0"], ["cue", "x"]].map(([id, letter]) => {
            const style = getComputedStyle(document.getElementById(id));
            pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
            return pen.measureText(letter).actualBoundingBoxAscent;
          });
        }"""
    )
    minutes = [60 * degrees(atan2(height * mm, 2000)) for height in heights]

    assert minutes[0] >= 22
    assert minutes[1] >= (15 if screen == "laptop" else 8)


#: All text on the page whose contrast to its background is below that required by WCAG 2.
FAINT = """() => {
  const light = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255);
    const [r, g, b] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (one) => {
    const colour = getComputedStyle(one).backgroundColor;
    return /, 0\\)$/.test(colour) && one.parentElement ? behind(one.parentElement) : colour;
  };
  const faint = [];
  for (const one of document.querySelectorAll("body *")) {
    const written = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!written || !one.checkVisibility() || one.closest(".unseen, :disabled")) continue;
    const style = getComputedStyle(one), isDrawn = one instanceof SVGElement;
    const colours = [isDrawn ? style.fill : style.color, behind(one)];
    const [bright, dark] = colours.map(light).sort((a, b) => b - a);
    const isLarge = parseFloat(style.fontSize) >= 24;
    const contrast = (bright + 0.05) / (dark + 0.05);
    if (contrast < (isLarge ? 3 : 4.5)) faint.push([one.id || one.className, one.textContent, contrast]);
  }
  return faint;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_text_is_faint_on_any_colour(page: Any, visit: Any, scheme: str) -> None:
    tab = visit(page.access.control_link, color_scheme=scheme, **PHONE)
    limits = replace(page.hub.snapshot.limits, floor_deg=24.0)
    page.hub.show(running(page.hub.snapshot, limits=limits))
    expect(tab.locator("#count")).to_have_text("3")
    for code in ("", "hips_level", "press_back"):
        if code:
            give(page, cue(code, "words"))
            expect(tab.locator("body")).to_have_attribute("data-alert", CUES[code].alert)  # type: ignore[index]
        tab.wait_for_timeout(300)

        assert tab.evaluate(FAINT) == []
    page.hub.show(running(page.hub.snapshot, state="ended", ended="target", headline="3 reps", pain=2))
    expect(tab.locator("body")).to_have_attribute("data-alert", "none")
    tab.wait_for_timeout(300)

    assert tab.evaluate(FAINT) == []


def test_a_screen_reader_is_not_kept_busy_all_the_time(page: Any, visit: Any) -> None:
    tab = visit(page.access.view_link)
    page.hub.show(running(page.hub.snapshot))
    expect(tab.locator("#count")).to_have_text("3")
    tab.evaluate(
        """globalThis.spoken_to = [];
           for (const one of document.querySelectorAll("[aria-live], [role=status], [role=alert]"))
             new MutationObserver(() => spoken_to.push(one.id)).observe(
               one, { childList: true, characterData: true, subtree: true });"""
    )
    for tick in range(30):
        page.hub.show(
            running(page.hub.snapshot, leg_deg=float(tick), tilt_deg=tick / 10, time_s=20 + tick / 30)
        )
        if tick % 10 == 0:
            give(page, cue("beat", "", "beat"))
            give(page, cue("hold", str(3 - tick // 10), "hold"))
        time.sleep(1 / 30)

    assert tab.evaluate("spoken_to") == []
