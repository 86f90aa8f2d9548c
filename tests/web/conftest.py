"""A page that is served, and ways to knock at it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from imu_reps import Header, Settings
from imu_reps.view.session_picture import first_picture
from imu_reps.web.access import Access
from imu_reps.web.commands import Command
from imu_reps.web.hub import Hub
from imu_reps.web.reports import Reports
from imu_reps.web.server import PageServer

PATIENCE_S = 15.0

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: Takes down what is sounded and said instead of what comes out of a loudspeaker.
SPY = """
globalThis.tones = [];
globalThis.spoken = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (at) {
  tones.push(this.frequency.value);
  return start.call(this, at);
};
speechSynthesis.speak = (utterance) => { spoken.push([utterance.text, utterance.volume]); };
"""


#: Takes down when which message was taken in, and when the screen was painted after it.
STAMPS = """
globalThis.stamps = [];
const parse = JSON.parse;
JSON.parse = (text) => {
  const message = parse(text), at = performance.timeOrigin + performance.now();
  if (message.moments?.length) requestAnimationFrame(() => setTimeout(() => stamps.push(
    [at, performance.timeOrigin + performance.now(), message.moments.length])));
  return message;
};
"""


@dataclass
class Page:
    """A served page as a test sees it."""

    hub: Hub
    access: Access
    reports: Reports
    asked: list[Command] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Where it is."""
        return self.access.hosts[0]

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Answer, headers (lower case) and content of a plain request."""
        address, port = self.host.split(":")
        connection = http.client.HTTPConnection(address, int(port), timeout=PATIENCE_S)
        connection.putrequest(method, path, skip_host=True)
        for name, value in {"Host": self.host, **headers}.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content

    @contextmanager
    def connection(
        self, origin: str | None = None, *, shows: str = "", **more: Any
    ) -> Iterator[ClientConnection]:
        """A viewer's connection that has not said yet who it is."""
        said = Origin(f"http://{self.host}" if origin is None else origin) or None
        with connect(f"ws://{self.host}/live?pass={shows}", origin=said, proxy=None, **more) as socket:
            yield socket

    @contextmanager
    def viewer(self, token: str | None = None) -> Iterator[ClientConnection]:
        """A viewer who has said who he is, by default with the control link."""
        token = token or self.access.control_token
        with self.connection(shows=token) as socket:
            socket.send(json.dumps({"token": token}))
            yield socket


def heard(socket: ClientConnection) -> dict[str, Any]:
    """The next message."""
    message: dict[str, Any] = json.loads(socket.recv(timeout=PATIENCE_S))
    return message


@pytest.fixture
def hear() -> Callable[[ClientConnection], dict[str, Any]]:
    """Gives the next message of a connection."""
    return heard


@pytest.fixture
def page() -> Iterator[Page]:
    """A page that shows a set that has not begun."""
    hub = Hub(replace(first_picture(Header(side="left"), Settings()), may_start=True))
    asked: list[Command] = []
    with PageServer(hub, asked.append) as server:
        yield Page(hub, server.access, server.reports, asked)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium."""
    path = os.environ.get("IMU_REPS_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser: set IMU_REPS_CHROMIUM, or have one of {', '.join(BROWSERS)} on PATH")
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a link in a browser window of its own; nothing may be wrong on the page's console."""
    wrongs: list[str] = []
    contexts: list[Any] = []

    def opened(link: str, **window: Any) -> Any:
        context = browser.new_context(**window)
        contexts.append(context)
        context.set_default_timeout(1000 * PATIENCE_S)
        context.add_init_script(SPY)
        seen = context.new_page()
        seen.wrongs = wrongs
        seen.on("pageerror", lambda error: wrongs.append(str(error)))
        seen.on("console", lambda said: wrongs.extend([said.text] if said.type == "error" else []))
        seen.on("request", lambda asked: wrongs.extend(_foreign(asked.url)))
        seen.goto(link)
        return seen

    yield opened
    for context in contexts:
        context.close()
    assert wrongs == []


def _foreign(url: str) -> list[str]:
    return [] if url.startswith("http://127.0.0.1:") else [f"asked for {url}"]


@pytest.fixture
def shoot(tmp_path: Path) -> Callable[[Any, str], None]:
    """Takes a picture to look at."""
    folder = Path(os.environ.get("IMU_REPS_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)

    def taken(seen: Any, name: str, *, whole: bool = False) -> None:
        seen.screenshot(path=folder / f"{name}.png", full_page=whole)

    return taken


@pytest.fixture
def stamped(visit: Callable[..., Any]) -> Callable[[str], Any]:
    """Opens a link in a page that takes `STAMPS`."""

    def opened(link: str) -> Any:
        seen = visit("about:blank")
        seen.context.add_init_script(STAMPS)
        seen.goto(link)
        seen.wait_for_timeout(500)
        return seen

    return opened
