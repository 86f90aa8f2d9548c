"""Phones as sensors, tested with simulated phones only; no real phone was available."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps import SampleBlock, load
from imu_reps.errors import ImuRepsError
from imu_reps.sensors.stream_items import Item, LinkChange, Restarted
from imu_reps.sources import phone_source
from imu_reps.sources.phone_readings import PHYPHOX, SENSOR_LOGGER, phyphox_readings, sensor_logger_readings
from imu_reps.sources.phone_source import PhoneLimits, PhoneRequest, PhoneSource, phone_request

G = 9.80665
START_NS = 1_795_000_000_000_000_000


def acc_at(time_s: float) -> tuple[float, float, float]:
    return (np.sin(time_s), 0.5, G)


def gyr_at(time_s: float) -> tuple[float, float, float]:
    return (0.1 * time_s, -0.2, 0.3)


def reading(name: str, time_s: float, values: tuple[float, float, float]) -> dict[str, Any]:
    stamp = START_NS + round(time_s * 1e9)
    return {"name": name, "time": stamp, "values": dict(zip("xyz", map(float, values), strict=True))}


def message(times: np.ndarray, device: str = "one", sign: float = 1.0, split: bool = False) -> bytes:
    """Return the message that Sensor Logger pushes for these times."""
    payload = []
    for t in times.tolist():
        acc = tuple(sign * value for value in acc_at(t))
        if split:
            payload += [reading("accelerometer", t, (acc[0], acc[1], acc[2] - sign * G))]
            payload += [reading("gravity", t, (0.0, 0.0, sign * G))]
        else:
            payload.append(reading("totalacceleration", t, (acc[0], acc[1], acc[2])))
        payload += [
            reading("gyroscope", t + 0.003, gyr_at(t + 0.003)),
            reading("barometer", t, (1.0, 2.0, 3.0)),
        ]
    return json.dumps({"messageId": 1, "sessionId": "s", "deviceId": device, "payload": payload}).encode()


def post(address: str, body: bytes, headers: Mapping[str, str] | None = None, method: str = "POST") -> int:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    connection.request(method, parts.path, body, dict(headers or {}))
    status = connection.getresponse().status
    connection.close()
    return status


def joined(items: list[Item]) -> SampleBlock:
    from imu_reps.domain.samples import concatenate

    return concatenate([item for item in items if isinstance(item, SampleBlock)])


def listening(act: Callable[[PhoneSource, dict[str, str]], Any], *phones: PhoneRequest) -> Any:
    """Run `act` in a thread while a source listens; return the items received and the result of `act`."""
    addresses: dict[str, str] = {}

    async def run() -> tuple[list[Item], Any]:
        requests = dict(zip(("ankle", "pelvis"), phones, strict=False))
        source = PhoneSource(requests, tell=addresses.update, patience_s=5.0)  # type: ignore[arg-type]
        opening = asyncio.create_task(source.open())
        while not addresses:
            await asyncio.sleep(0.01)
        action = asyncio.create_task(asyncio.to_thread(act, source, addresses))
        items: list[Item] = []
        try:
            await opening
            while not action.done():
                next_items = asyncio.create_task(source.items())
                await asyncio.wait({next_items, action}, return_when=asyncio.FIRST_COMPLETED)
                if not next_items.done():
                    await asyncio.sleep(0.1)
                    await source.close()
                items += await next_items
        finally:
            await source.close()
        return items, await action

    return asyncio.run(run())


@pytest.mark.parametrize(("inverted", "split"), [(False, False), (False, True), (True, False), (True, True)])
def test_pushed_readings_become_samples(inverted: bool, split: bool) -> None:
    def act(_: PhoneSource, addresses: dict[str, str]) -> list[int]:
        sign = -1.0 if inverted else 1.0
        statuses = []
        for reading_at in np.arange(0.0, 4.0, 0.5):
            pushed = message(reading_at + np.arange(0, 0.5, 0.01), "one", sign, split)
            statuses.append(post(addresses["ankle"], pushed))
            time.sleep(
                0.3 if reading_at == 0.0 else 0.0
            )  # what arrives while the source opens is not handed out
        return statuses

    items, statuses = listening(act, PhoneRequest(SENSOR_LOGGER, inverted=inverted))
    block = joined(items)
    times = block.device_time_s - START_NS * 1e-9

    assert statuses == [200] * 8
    assert len(block) > 300
    np.testing.assert_allclose(np.diff(times), 0.01, atol=1e-5)
    np.testing.assert_allclose(block.acc_mps2, [acc_at(t) for t in times], atol=1e-5)
    np.testing.assert_allclose(block.gyr_dps, np.degrees([gyr_at(t) for t in times]), atol=1e-4)
    assert (np.diff(block.sample) == 1).all()
    assert (np.diff(block.time_s) >= 0).all()


def test_strangers_and_a_second_phone_are_refused() -> None:
    times = np.arange(0, 0.5, 0.01)

    def act(source: PhoneSource, addresses: dict[str, str]) -> dict[str, int]:
        address = addresses["ankle"]
        root = address.rsplit("/", 2)[0]
        good = post(address, message(times))
        return {
            "good": good,
            "no token": post(f"{root}/", b"{}"),
            "wrong token": post(f"{root}/AAAAAAAAAAAAAAAAAAAAAA/ankle", message(times)),
            "wrong place": post(address.replace("/ankle", "/pelvis"), message(times)),
            "page": post(address, message(times), {"Origin": "http://example.org"}),
            "get": post(address, b"", method="GET"),
            "chunked": post(address, b"0\r\n\r\n", {"Transfer-Encoding": "chunked"}),
            "other phone": post(address, message(times + 1.0, "two")),
            "junk": post(address, b"\x00junk"),
            "damaged": source.status()["ankle"].damaged,
            "samples": source.status()["ankle"].samples,
            "again": post(address, message(times)),
            "repeated": source.status()["ankle"].repeated,
        }

    _, found = listening(act, PhoneRequest(SENSOR_LOGGER))

    assert found["good"] == 200
    assert [found[request] for request in ("no token", "wrong token", "wrong place", "page")] == [404] * 4
    assert (found["get"], found["chunked"], found["other phone"], found["junk"]) == (405, 411, 409, 400)
    assert (found["damaged"], found["samples"]) == (1, 49)
    assert (found["again"], found["repeated"]) == (200, 100)


@contextlib.contextmanager
def open_and_silent(address: str, count: int) -> Iterator[None]:
    """So many connections to the listener that begin a request and never end it."""
    parts = urlsplit(address)
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            client = socket.create_connection((parts.hostname, parts.port), timeout=5)
            stack.enter_context(client)
            client.sendall(b"POST / HT")
        yield


def test_strangers_that_hold_connections_do_not_shut_the_phone_out() -> None:
    times = np.arange(0, 0.5, 0.01)

    def act(_: PhoneSource, addresses: dict[str, str]) -> int:
        with open_and_silent(addresses["ankle"], phone_source.LIMITS.max_connections * 2):
            return post(addresses["ankle"], message(times))

    _, status = listening(act, PhoneRequest(SENSOR_LOGGER))

    assert status == 200


def closed_among_strangers(count: int, wait: Callable[[], Awaitable[None]]) -> None:
    """Open a source, connect silently, wait, and close it."""

    async def run() -> None:
        addresses: dict[str, str] = {}
        source = PhoneSource({"ankle": PhoneRequest(SENSOR_LOGGER)}, tell=addresses.update)  # type: ignore[arg-type]
        opening = asyncio.create_task(source.open())
        while not addresses:
            await asyncio.sleep(0.01)
        with open_and_silent(addresses["ankle"], count):
            await wait()
            opening.cancel()
            await source.close()

    asyncio.run(run())


def test_a_connection_still_open_at_the_end_is_closed_without_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    closed_among_strangers(1, lambda: asyncio.sleep(0.05))

    assert caplog.messages == []


@pytest.mark.parametrize("passes", range(6))
def test_a_connection_on_its_way_in_at_the_end_is_closed_too(
    passes: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wait() -> None:
        for _ in range(passes):  # of the event loop, in which a connection gets in step by step
            await asyncio.sleep(0.0)

    left_open: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", left_open.append)
    closed_among_strangers(3, wait)
    gc.collect()

    assert left_open == []
    assert caplog.messages == []


def test_requests_that_are_too_long_are_not_read() -> None:
    def act(_: PhoneSource, addresses: dict[str, str]) -> list[bytes]:
        parts = urlsplit(addresses["ankle"])
        answers = []
        for request in (
            f"POST {parts.path} HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
            f"POST {parts.path} HTTP/1.1\r\nX: {'y' * 40_000}\r\n\r\n",
            "\r\n\r\n",
        ):
            with socket.create_connection((parts.hostname, parts.port), timeout=5) as client:
                client.sendall(request.encode())
                try:
                    answers.append(client.recv(100))
                except ConnectionError:
                    answers.append(b"")
        post(addresses["ankle"], message(np.arange(0, 0.5, 0.01)))
        return answers

    _, answers = listening(act, PhoneRequest(SENSOR_LOGGER))

    assert answers[0].startswith(b"HTTP/1.1 413")
    assert answers[1] == b""
    assert answers[2].startswith(b"HTTP/1.1 404")


class Phyphox(BaseHTTPRequestHandler):
    """Remote access of phyphox as its wiki describes it, with an experiment at 100 Hz."""

    began_s = 0.0

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def do_GET(self) -> None:
        """Answer /control and /get."""
        parts = urlsplit(self.path)
        if parts.path == "/control":
            self._send({"result": True})
            return
        now_s = time.monotonic() - self.began_s
        requested = parse_qs(parts.query, keep_blank_values=True)
        self._send({"buffer": {n: self._buffer(n, a[0], now_s) for n, a in requested.items()}, "status": {}})

    def _buffer(self, name: str, requested: str, now_s: float) -> dict[str, Any]:
        is_acc = name.startswith("acc")
        times = np.arange(0.0 if is_acc else 0.004, now_s, 0.01)
        times = times[-1:] if requested == "" else times[times > float(requested.partition("|")[0])]
        values = times
        if not name.endswith("time"):
            reading_at = acc_at if is_acc else gyr_at
            values = np.array([reading_at(t)["XYZ".index(name[-1])] for t in times.tolist()])
        return {"size": 0, "updateMode": "partial", "buffer": values.tolist()}

    def _send(self, tree: object) -> None:
        body = json.dumps(tree).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def phyphox() -> Iterator[int]:
    """Serve a phone's remote access; yield its port."""
    Phyphox.began_s = time.monotonic() - 1.0
    with ThreadingHTTPServer(("127.0.0.1", 0), Phyphox) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()


async def received(source: PhoneSource, span_s: float) -> list[Item]:
    """Return the items that a source yields within `span_s`."""
    until_s, items = asyncio.get_running_loop().time() + span_s, []
    while asyncio.get_running_loop().time() < until_s:
        with contextlib.suppress(TimeoutError):
            items += await asyncio.wait_for(source.items(), 0.5)
    return items


def test_only_new_readings_are_requested_from_phyphox(phyphox: int) -> None:
    async def run() -> list[Item]:
        source = PhoneSource({"ankle": PhoneRequest(PHYPHOX, "127.0.0.1", phyphox)}, tell=lambda _: None)
        await source.open()
        items = await received(source, 1.5)
        await source.close()
        return items

    block = joined(asyncio.run(run()))

    assert len(block) > 80
    np.testing.assert_allclose(np.diff(block.device_time_s), 0.01, atol=1e-9)
    np.testing.assert_allclose(block.acc_mps2, [acc_at(t) for t in block.device_time_s], atol=1e-9)
    np.testing.assert_allclose(block.gyr_dps, np.degrees([gyr_at(t) for t in block.device_time_s]), atol=1e-9)


def test_a_cleared_experiment_continues_as_a_restart(phyphox: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_source, "LIMITS", PhoneLimits(silent_s=0.6))

    async def run() -> list[Item]:
        source = PhoneSource({"ankle": PhoneRequest(PHYPHOX, "127.0.0.1", phyphox)}, tell=lambda _: None)
        await source.open()
        items = await received(source, 0.5)
        Phyphox.began_s = time.monotonic()
        items += await received(source, 2.5)
        await source.close()
        return items

    items = asyncio.run(run())
    restart = next(reading_at for reading_at, item in enumerate(items) if isinstance(item, Restarted))

    assert joined(items[:restart]).device_time_s[-1] > 1.0
    assert joined(items[restart:]).device_time_s[0] < 1.5


def test_a_phone_that_falls_silent_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_source, "LIMITS", PhoneLimits(silent_s=0.4))

    def act(_: PhoneSource, addresses: dict[str, str]) -> None:
        post(addresses["ankle"], message(np.arange(0, 0.5, 0.01)))
        time.sleep(1.0)
        post(addresses["ankle"], message(np.arange(0.5, 1.0, 0.01)))
        time.sleep(0.1)

    items, _ = listening(act, PhoneRequest(SENSOR_LOGGER))

    assert [item.state for item in items if isinstance(item, LinkChange)][:2] == ["away", "streaming"]


def test_a_phone_that_never_connects_is_an_error_with_a_hint() -> None:
    source = PhoneSource(
        {"ankle": PhoneRequest(PHYPHOX, "127.0.0.1", 9)}, tell=lambda _: None, patience_s=0.3
    )
    with pytest.raises(ImuRepsError, match="Nothing came from the phone at the ankle"):
        asyncio.run(source.open())


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("phone", PhoneRequest(SENSOR_LOGGER)),
        ("phone:ios", PhoneRequest(SENSOR_LOGGER, inverted=True)),
        ("phone:192.168.0.42", PhoneRequest(PHYPHOX, "192.168.0.42", 8080)),
        ("phone:my-phone.local:80", PhoneRequest(PHYPHOX, "my-phone.local", 80)),
    ],
)
def test_the_text_of_an_option_describes_a_phone(text: str, phone: PhoneRequest) -> None:
    assert phone_request(text) == phone


@pytest.mark.parametrize(
    "text", ["", "watch", "phone:a/b", "phone:a:0", "phone:a:99999", "phone::1", "phone:é"]
)
def test_text_that_describes_no_phone_is_refused(text: str) -> None:
    with pytest.raises(ImuRepsError) as refused:
        phone_request(text)
    assert refused.value.exit_code == 2


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["payload", "name", "time", "values", "x", "y", "z", "buffer", "acc_time", "gyrX"]
            ),
            inner | st.sampled_from(["gyroscope", "gravity"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(_JSON.map(lambda tree: json.dumps(tree).encode()) | st.binary(max_size=80))
def test_any_message_is_read_or_refused_with_a_value_error(body: bytes) -> None:
    for read in (lambda b: sensor_logger_readings(b, inverted=False), phyphox_readings):
        try:
            found = read(body)
        except ValueError:
            continue
        assert np.isfinite(found.acc).all()
        assert np.isfinite(found.gyr).all()


def test_a_set_is_recorded_with_a_phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the whole command; the phone is a thread that posts four times a second."""
    from click.testing import CliRunner

    from imu_reps.cli.main import main
    from imu_reps.cli.record import run as running

    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    monkeypatch.setattr("imu_reps.web.server.network_address", lambda: "127.0.0.1")
    stopped = threading.Event()
    announced: list[str] = []

    def send(address: str) -> None:
        began, sent_s = time.monotonic(), 0.0
        while not stopped.wait(0.25):
            now_s = time.monotonic() - began
            try:
                post(address, message(np.arange(sent_s, now_s, 0.01)))
            except OSError:
                return
            sent_s += 0.01 * len(np.arange(sent_s, now_s, 0.01))

    def start_phone(addresses: Mapping[str, str]) -> None:
        announced.extend(addresses.values())
        threading.Thread(target=send, args=(addresses["ankle"],), daemon=True).start()

    monkeypatch.setattr(running, "_say_addresses", start_phone)
    arguments = [
        "record",
        "--ankle",
        "phone",
        "--duration",
        "4",
        "--side",
        "left",
        "--quiet",
        "--folder",
        str(tmp_path),
    ]
    result = CliRunner().invoke(main, arguments)
    stopped.set()

    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{22}/ankle", announced[0])
    (file,) = tmp_path.glob("*.csv")
    recording = load(file)
    assert recording.pelvis is None
    assert recording.ankle is not None
    assert len(recording.ankle) > 250
    assert recording.header.ankle.sensor == SENSOR_LOGGER
    assert recording.header.ankle.counter == "host"
    assert "not been tried with real phones" in result.output
