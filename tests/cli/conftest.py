"""The command line called in this process, and simulated recordings for it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from programs import in_terminal

from imu_reps.cli.main import main


@pytest.fixture
def run() -> Callable[..., Result]:
    """Call ``imu-reps`` with words; standard output and error are separate."""

    def call(*words: str | Path) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words])

    return call


@pytest.fixture(scope="session")
def swung(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four simulated single leg raises, the second with momentum, the fourth with an arched back."""
    file = tmp_path_factory.mktemp("recordings") / "swung.csv"
    words = ["--reps", "4", "--fault", "momentum:2", "--fault", "back_arch:4", "-o", str(file)]
    result = CliRunner().invoke(main, ["simulate", *words])
    assert result.exit_code == 0, result.output
    return file


@pytest.fixture(scope="session")
def swung_again(swung: Path) -> Path:
    """Return the recording of `swung` as another set, of a second session: no copy of it."""
    file = swung.with_name("swung_again.csv")
    first, rest = swung.read_text(encoding="utf-8").split("\n", maxsplit=1)
    file.write_text(f"{first}\n# session: second\n{rest}", encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def trained(swung: Path) -> Path:
    """Return the recording of `swung` as if a person had performed it."""
    file = swung.with_name("trained.csv")
    text = swung.read_text(encoding="utf-8")
    assert "# simulated: true\n" in text
    text = text.replace("# simulated: true\n", "").replace("sensor: simulated", "sensor: witmotion")
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def terminal() -> Callable[..., tuple[int, str]]:
    """Run a command in a terminal, pressing keys once a text has appeared; return exit code and screen."""
    usual = {"TERM": "xterm-256color", "COLUMNS": "90", "LINES": "40"}

    def typed(words: list[str], *presses: tuple[str, bytes], **environment: str) -> tuple[int, str]:
        program, descriptor = in_terminal("-m", "imu_reps", *words, env=os.environ | usual | environment)
        screen, read_until, waiting = "", 0, list(presses)
        until_s = time.monotonic() + 60.0
        while time.monotonic() < until_s:
            try:
                screen += os.read(descriptor, 65536).decode("utf-8", "replace")
            except OSError:
                break
            if waiting and waiting[0][0] in screen[read_until:]:
                read_until = len(screen)
                os.write(descriptor, waiting.pop(0)[1])
        os.close(descriptor)
        return program.wait(), screen

    return typed
