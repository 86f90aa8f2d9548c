"""What every command that talks to sensors takes: the adapter, and a log one can send."""

from __future__ import annotations

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
from imu_reps.cli.sensor_options import logged
from imu_reps.sensors.radio_errors import radio_error

#: Every command that uses a radio, so that it gets as far as the radio.
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
    """Somebody is paired."""
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    (tmp_path / "profile.toml").write_text(PROFILE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Which adapters were asked for; none of them is there."""
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
def test_the_adapter_that_is_named_is_used(asked: list[str | None], command: str) -> None:
    named = call(*COMMANDS[command], "--adapter", "hci1")
    usual = call(*COMMANDS[command])

    assert asked == ["hci1", None]
    assert named.exit_code == usual.exit_code == 3


@pytest.mark.usefixtures("asked", "home")
@pytest.mark.parametrize("system", ["Windows", "Darwin"])
def test_where_there_is_no_choice_an_adapter_is_refused(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)

    assert call("scan", "--adapter", "hci1").exit_code == 2


@pytest.mark.usefixtures("asked", "home")
def test_virtual_sensors_need_no_adapter() -> None:
    assert call("scan", "--virtual", "--adapter", "hci1").exit_code == 2


@pytest.mark.usefixtures("asked", "home")
@pytest.mark.parametrize("verb", ["scan", "doctor"])
def test_trouble_is_json_where_json_is_asked_for(verb: str) -> None:
    result = call(*COMMANDS[verb], "--json")

    assert result.exit_code == 3
    assert "no_adapter" in result.stdout or "adapter" in json.dumps(json.loads(result.stdout))


@pytest.fixture
def virtual_set(home: Path) -> list[str]:
    """A set with virtual sensors."""
    return ["record", "--virtual", "--speed", "0", "--reps", "2", "--folder", str(home)]


def test_a_log_tells_of_link_start_and_count(home: Path, virtual_set: list[str]) -> None:
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
def test_v_says_it_on_standard_error_alone(virtual_set: list[str], loud: str, detail: bool) -> None:
    result = call(*virtual_set, loud)

    assert "info: The ankle sensor" in result.stderr
    assert ("debug: " in result.stderr) == detail
    assert "info:" not in result.stdout


def test_nothing_is_logged_unasked_and_nothing_is_left_behind(virtual_set: list[str]) -> None:
    before = list(logging.getLogger("imu_reps").handlers)
    call(*virtual_set, "-vv")
    result = call(*virtual_set)

    assert result.stderr == ""
    assert logging.getLogger("imu_reps").handlers == before
    assert logging.getLogger("bleak").level == logging.NOTSET


def test_a_library_that_sets_up_logging_for_itself_prints_nothing_of_ours() -> None:
    root, printed = logging.getLogger(), io.StringIO()
    handler = logging.StreamHandler(printed)
    root.addHandler(handler)
    try:
        with logged(0, None):
            logging.getLogger("imu_reps.session").warning("counting is 1.0 s behind")
    finally:
        root.removeHandler(handler)

    assert printed.getvalue() == ""
    assert logging.getLogger("imu_reps").propagate


def test_a_log_is_never_written_over_a_file(home: Path, virtual_set: list[str]) -> None:
    before = (home / "profile.toml").read_bytes()
    result = call(*virtual_set, "--log", home / "profile.toml")

    assert result.exit_code == 1
    assert (home / "profile.toml").read_bytes() == before


@pytest.mark.usefixtures("home")
def test_pairing_by_a_script_needs_nobody() -> None:
    shown = call("pair", "--help").stdout
    words = ["--virtual", "--pelvis", "F0:00:00:00:00:01", "--ankle", "F0:00:00:00:00:02"]
    result = call("pair", *words, "--pelvis-up", "+z", "--pelvis-head", "+y", "--no-check", "--yes")

    assert "--pelvis-up +z --pelvis-head +y --no-check --yes" in shown
    assert result.exit_code == 0, result.output
