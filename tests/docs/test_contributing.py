"""The changes described in CONTRIBUTING.md: each patch is applied to a copy of the package and used."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = "imu_reps"
TEXT = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")

FAULT = """
from imu_reps import RepPlan, SetPlan, analyze, simulate
from imu_reps.report.phrases import fault_sentences
reps = tuple(RepPlan(concentric_s=lift_s) for lift_s in (2.0, 0.6, 2.0))
summary = analyze(simulate(SetPlan(reps=reps)).recording).summary
assert ["fast_lift" in rep.flags for rep in summary.reps] == [False, True, False], summary.reps
assert any("fast lift: the leg went up in" in line for line in fault_sentences(summary))
"""
EXERCISE = """
from imu_reps import SetPlan, analyze, simulate
from imu_reps.cli.main import main
summary = analyze(simulate(SetPlan(exercise="dip_bar_raise", side="both")).recording).summary
assert (summary.recording.posture, summary.set.rep_count) == ("hanging", 8), summary
main(["simulate", "--exercise", "dip_bar_raise", "-o", "set.csv"], standalone_mode=False)
main(["report", "set.csv"], standalone_mode=False)
"""
FAMILY = """
from imu_reps.sensors.families import family, pebble, recognise
from imu_reps.sensors.wire import Advertisement
assert recognise(Advertisement("Pebble", (pebble.SERVICE,))) is family("pebble") is pebble.FAMILY
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package to change."""
    if shutil.which("git") is None:
        pytest.skip("no git here to apply a patch with")
    shutil.copytree(ROOT / PACKAGE, tmp_path / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def patched(copy: Path, heading: str) -> None:
    """Apply the patch under a heading."""
    patch = re.search(rf"## {heading}\n.*?```diff\n(.*?)```", TEXT, re.DOTALL)
    assert patch is not None
    done = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"],
        cwd=copy,
        input=patch[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def run(copy: Path, code: str) -> None:
    """Run code that imports the copy."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=copy, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_fault_is_added_as_described(copy: Path) -> None:
    patched(copy, "Add a fault")
    run(copy, FAULT)


def test_an_exercise_is_added_as_described(copy: Path) -> None:
    patched(copy, "Add an exercise")
    run(copy, EXERCISE)


def test_a_sensor_family_is_added_as_described(copy: Path) -> None:
    example = copy / PACKAGE / "docs" / "examples" / "new_sensor_family.py"
    shutil.copy(example, copy / PACKAGE / "sensors" / "families" / "pebble.py")
    patched(copy, "Add a sensor family")
    run(copy, FAMILY)


def test_the_folders_it_names_exist() -> None:
    named = set(re.findall(r"`((?:tests|imu_reps|coaching|analysis|cli|sim|\.ci)/[\w./]+)`", TEXT)) - {
        "imu_reps/sensors/families/pebble.py"
    }

    assert len(named) > 8
    assert not [
        path for path in sorted(named) if not ((ROOT / path).exists() or (ROOT / PACKAGE / path).exists())
    ]
