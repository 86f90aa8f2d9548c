"""The command line called in this process, and simulated recordings to call it on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from imu_reps.cli.main import main


@pytest.fixture
def run() -> Callable[..., Result]:
    """Call ``imu-reps`` with words; standard output and error are apart."""

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
