"""The files and folders at the top level of the repository."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP_LEVEL = {
    "pyproject.toml",
    "README.md",
    "imu_reps",
    "firmware_notes",
    "tests",
    "recordings",
    "LICENSE",
    "CHANGELOG.md",
}


def test_the_top_level_holds_the_expected_files_and_nothing_else() -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: tracked files are unknown")
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    top = {line.split("/")[0] for line in listing.stdout.splitlines()}

    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL
    assert {"pyproject.toml", "README.md", "imu_reps", "LICENSE", "CHANGELOG.md"} <= top
