"""What the program imports at the start."""

from __future__ import annotations

import subprocess
import sys

import pytest

from imu_reps.cli.main import COMMANDS

HEAVY = (
    *("numpy", "scipy", "pandas", "vqf", "bleak", "bumble"),
    *("pyarrow", "fsspec", "dask", "distributed"),
    *("matplotlib", "jinja2", "rich", "msgspec", "websockets", "segno"),
)


def loaded_after(code: str) -> set[str]:
    """Return the heavy packages that a fresh interpreter has loaded after running `code`."""
    report = f"\nimport sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    completed = subprocess.run(
        [sys.executable, "-c", code + report], capture_output=True, text=True, check=True
    )
    return set(completed.stderr.split())


def calling(*arguments: str) -> str:
    return f"from imu_reps.cli.main import main\nmain({list(arguments)!r}, standalone_mode=False)"


def test_help_loads_nothing_heavy() -> None:
    assert loaded_after(calling("--help")) == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_loads_nothing_heavy(command: str) -> None:
    assert loaded_after(calling(command, "--help")) == set()


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_after("import imu_reps") == set()


def test_analyze_needs_no_radio_and_no_charts() -> None:
    assert not loaded_after("from imu_reps import analyze") & {"bleak", "matplotlib", "rich"}
