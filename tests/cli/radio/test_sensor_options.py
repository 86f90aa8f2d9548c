"""Options of every command that talks to sensors: the adapter, and a log that can be sent."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import platform
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from imu_reps.cli.main import main
from imu_reps.cli.shared_options import logging_to
from imu_reps.sensors.radio_errors import radio_error

#: Calls of every command that uses a radio, complete up to the use of the radio.
COMMANDS = {
    "scan": ["scan"],
    "pair": ["pair", "--yes"],
    "doctor": ["doctor", "--no-sensors"],
    "record": ["record"],
    "end-range": ["test", "end-range"],
    "setup": ["test", "setup"],
}
PROFILE = """
[person.kim.pelvis]
family = "open_profile"
host_id = "F0:00:00:00:00:01"
rate_hz = 100
[person.kim.ankle]
family = "open_profile"
host_id = "F0:00:00:00:00:02"
rate_hz = 100
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a paired person."""
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    (tmp_path / "profile.toml").write_text(PROFILE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def requested(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Return the requested adapters, none of which exists."""
    adapters: list[str | None] = []

    class NoRadio:
        def __init__(self, *, adapter: str | None = None) -> None:
            adapters.append(adapter)
            self.not_alone: set[str] = set()

        async def scan(self, *_: Any, **__: Any) -> Any:
            raise radio_error("no_adapter")

    monkeypatch.setattr("imu_reps.sensors.ble.Radio", NoRadio)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    return adapters


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("command", COMMANDS)
def test_the_adapter_that_is_named_is_used(requested: list[str | None], command: str) -> None:
    named = call(*COMMANDS[command], "--adapter", "hci1")
    usual = call(*COMMANDS[command])

    assert requested == ["hci1", None]
    assert named.exit_code == usual.exit_code == 3


@pytest.mark.usefixtures("requested", "home")
@pytest.mark.parametrize("system", ["Windows", "Darwin"])
def test_an_adapter_is_refused_where_there_is_no_choice(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)

    assert call("scan", "--adapter", "hci1").exit_code == 2


@pytest.mark.usefixtures("requested", "home")
def test_virtual_sensors_need_no_adapter() -> None:
    assert call("scan", "--virtual", "--adapter", "hci1").exit_code == 2


@pytest.mark.usefixtures("requested", "home")
@pytest.mark.parametrize("verb", ["scan", "doctor"])
def test_errors_are_json_where_json_is_requested(verb: str) -> None:
    result = call(*COMMANDS[verb], "--json")

    assert result.exit_code == 3
    assert "no_adapter" in result.stdout or "adapter" in json.dumps(json.loads(result.stdout))


@pytest.fixture
def virtual_set(home: Path) -> list[str]:
    """Return a function that records a set with virtual sensors."""
    return ["record", "--virtual", "--speed", "0", "--reps", "2", "--folder", str(home)]


def test_a_log_contains_link_start_and_count(home: Path, virtual_set: list[str]) -> None:
    result = call(*virtual_set, "--log", home / "log.txt")
    log = (home / "log.txt").read_text(encoding="utf-8")

    assert result.exit_code == 0
    for words in ("scan: 2 heard", "connecting", "streaming", "asked for 100 Hz", "2 reps, certainty"):
        assert words in log
    assert "DEBUG" in log
    assert "streaming" not in result.stderr
    if platform.system() != "Windows":
        assert stat.S_IMODE((home / "log.txt").stat().st_mode) == 0o600


@pytest.mark.parametrize(("loud", "detail"), [("-v", False), ("-vv", True)])
def test_v_logs_to_standard_error_only(virtual_set: list[str], loud: str, detail: bool) -> None:
    result = call(*virtual_set, loud)

    assert "info: The ankle sensor" in result.stderr
    assert ("debug: " in result.stderr) == detail
    assert "info:" not in result.stdout


def test_nothing_is_logged_by_default_and_no_handler_remains(virtual_set: list[str]) -> None:
    before = list(logging.getLogger("imu_reps").handlers)
    call(*virtual_set, "-vv")
    result = call(*virtual_set)

    assert result.stderr == ""
    assert logging.getLogger("imu_reps").handlers == before
    assert logging.getLogger("bleak").level == logging.NOTSET


def test_a_library_that_configures_logging_prints_no_lines_of_ours() -> None:
    root, printed = logging.getLogger(), io.StringIO()
    handler = logging.StreamHandler(printed)
    root.addHandler(handler)
    try:
        with logging_to(0, None):
            logging.getLogger("imu_reps.session").warning("counting is 1.0 s behind")
    finally:
        root.removeHandler(handler)

    assert printed.getvalue() == ""
    assert logging.getLogger("imu_reps").propagate


def test_what_a_lost_bus_never_took_is_no_traceback_but_faults_of_ours_are(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """D-Bus that goes away leaves messages unsent that nobody waits for; the link tells that it is lost."""

    async def leave(error: Exception) -> None:
        asyncio.get_running_loop().create_future().set_exception(error)
        gc.collect()

    faults = [BrokenPipeError(32, "Broken pipe"), EOFError(), ZeroDivisionError()]
    with logging_to(0, None):
        for fault in faults:
            asyncio.run(leave(fault))

    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == faults[2:]


def test_a_log_never_overwrites_a_file(home: Path, virtual_set: list[str]) -> None:
    before = (home / "profile.toml").read_bytes()
    result = call(*virtual_set, "--log", home / "profile.toml")

    assert result.exit_code == 1
    assert (home / "profile.toml").read_bytes() == before


@pytest.mark.usefixtures("home")
def test_pairing_by_a_script_needs_no_answers() -> None:
    shown = call("pair", "--help").stdout
    words = ["--virtual", "--pelvis", "F0:00:00:00:00:01", "--ankle", "F0:00:00:00:00:02"]
    result = call("pair", *words, "--pelvis-up", "+z", "--pelvis-head", "+y", "--no-check", "--yes")

    assert "--pelvis-up +z --pelvis-head +y --no-check --yes" in shown
    assert result.exit_code == 0, result.output
