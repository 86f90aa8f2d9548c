"""The sample recordings: their headers, their truth, and that they can be reproduced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from imu_reps import Summary, analyze, load
from imu_reps.cli.main import main
from imu_reps.sim.wearer import showcase

FOLDER = Path(__file__).parents[2] / "recordings"
NAMES = tuple(showcase())
LARGEST_BYTES = 700_000

#: Flags that a recording is meant to show.
EXPECTED_FLAGS = {
    "momentum": {"momentum", "fast_lowering"},
    "back_arch_fatigue": {"back_arch"},
    "hip_pop": {"hip_pop"},
    "double_leg": {"back_arch"},
}


def truth_of(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.truth.json").read_text("utf-8"))


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def summary(name: str) -> Summary:
    return analyze(load(FOLDER / f"{name}.csv")).summary


def test_it_is_small_and_marked_as_simulated(name: str) -> None:
    path = FOLDER / f"{name}.csv"
    assert path.stat().st_size <= LARGEST_BYTES
    recording = load(path)
    assert recording.header.simulated
    assert recording.cautions == ()


def test_its_counts_are_the_truth(name: str, summary: Summary) -> None:
    of_set = truth_of(name)["set"]
    assert summary.set.rep_count == of_set["rep_count"]
    assert summary.set.partial_count == of_set["partial_count"]


def test_its_faults_are_found_where_they_are_and_nowhere_else(name: str, summary: Summary) -> None:
    commanded = [set(rep["flags"]) for rep in truth_of(name)["reps"]]
    assert [set(rep.flags) for rep in summary.reps] == commanded
    assert set().union(*commanded) == EXPECTED_FLAGS.get(name, set())


def test_all_can_be_reproduced_byte_for_byte(tmp_path: Path) -> None:
    made = CliRunner().invoke(main, ["simulate", "--showcase", "all", "-o", str(tmp_path)])
    assert made.exit_code == 0, made.output

    shipped = {path.name: path for path in FOLDER.iterdir() if path.name != "README.md"}
    assert {path.name for path in tmp_path.iterdir()} == set(shipped)
    assert [
        name for name, path in shipped.items() if (tmp_path / name).read_bytes() != path.read_bytes()
    ] == []


def test_the_table_of_recordings_lists_each_with_its_count() -> None:
    rows = [line.split("|") for line in (FOLDER / "README.md").read_text("utf-8").splitlines()]
    listed_counts = {row[1].strip(" `"): row[-2].strip() for row in rows if len(row) > 2}
    for name in NAMES:
        assert listed_counts[f"{name}.csv"] == str(truth_of(name)["set"]["rep_count"])
