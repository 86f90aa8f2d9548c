"""Simulated sets to be exported, and the import command called in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import export_writers as writers
import pytest
from click.testing import CliRunner, Result

from imu_reps import Recording, RepPlan, SetPlan, simulate
from imu_reps.cli.main import main

Files = dict[str, list[Path]]


@pytest.fixture(scope="session")
def simulated() -> Recording:
    """A quiet set of four single leg raises."""
    return simulate(SetPlan(reps=(RepPlan(),) * 4), seed=5).recording


@pytest.fixture(scope="session")
def data(simulated: Recording) -> dict[str, writers.Sent]:
    """The samples of each of its sensors."""
    return {block.sensor: writers.sent(block) for block in simulated.blocks}


@pytest.fixture
def run() -> Callable[..., Result]:
    """Call ``imu-reps`` with words."""

    def call(*words: str | Path) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words])

    return call


@pytest.fixture
def options() -> Callable[[Files], list[str | Path]]:
    """The options that name the files of each sensor."""

    def of(files: Files) -> list[str | Path]:
        return [word for place, paths in files.items() for path in paths for word in (f"--{place}", path)]

    return of
