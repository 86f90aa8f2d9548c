"""A served page, and clients that connect to it."""

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
from imu_reps.view.session_snapshot import initial_snapshot
from imu_reps.web.access import Access
from imu_reps.web.hub import Command, Hub
from imu_reps.web.server import PageServer, Reports

PATIENCE_S = 60.0

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

#: Notes tones and spoken words instead of sending them to a loudspeaker.
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


#: Notes when a message was received, and when the screen was painted after it.
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
    commands: list[Command] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Host and port."""
        return self.access.hosts[0]

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers (lower case) and content of a plain request."""
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
    def viewer(self, token: str | None = None, origin: str | None = None) -> Iterator[ClientConnection]:
        """Open the connection of a viewer, by default with the control link."""
        token = self.access.control_token if token is None else token
        origin_ = Origin(f"http://{self.host}" if origin is None else origin) or None
        with connect(f"ws://{self.host}/{token}/live", origin=origin_, proxy=None) as socket:
            yield socket


def next_message(socket: ClientConnection) -> dict[str, Any]:
    """Return the next message."""
    message: dict[str, Any] = json.loads(socket.recv(timeout=PATIENCE_S))
    return message


@pytest.fixture
def receive() -> Callable[[ClientConnection], dict[str, Any]]:
    """Return the next message of a connection."""
    return next_message


@pytest.fixture
def page() -> Iterator[Page]:
    """A page that shows a set that has not begun."""
    hub = Hub(replace(initial_snapshot(Header(side="left"), Settings()), may_start=True))
    commands: list[Command] = []
    with PageServer(hub, commands.append) as server:
        yield Page(hub, server.access, server.reports, commands)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium browser."""
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
    """Open a link in a browser window of its own; the page's console must stay without errors."""
    errors: list[str] = []
    contexts: list[Any] = []

    def opened(link: str, **window: Any) -> Any:
        context = browser.new_context(**window)
        contexts.append(context)
        context.set_default_timeout(1000 * PATIENCE_S)
        context.add_init_script(SPY)
        tab = context.new_page()
        tab.errors = errors
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.on("console", lambda origin_: errors.extend([origin_.text] if origin_.type == "error" else []))
        tab.on("request", lambda request: errors.extend(_foreign(request.url)))
        tab.goto(link)
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def _foreign(url: str) -> list[str]:
    return [] if url.startswith("http://127.0.0.1:") else [f"asked for {url}"]


@pytest.fixture
def shoot(tmp_path: Path) -> Callable[[Any, str], None]:
    """Take a screenshot."""
    folder = Path(os.environ.get("IMU_REPS_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)

    def taken(tab: Any, name: str, *, whole: bool = False) -> None:
        tab.screenshot(path=folder / f"{name}.png", full_page=whole)

    return taken


@pytest.fixture
def stamped(visit: Callable[..., Any]) -> Callable[[str], Any]:
    """Open a link in a page that takes `STAMPS`."""

    def opened(link: str) -> Any:
        tab = visit("about:blank")
        tab.context.add_init_script(STAMPS)
        tab.goto(link)
        tab.wait_for_timeout(500)
        return tab

    return opened
