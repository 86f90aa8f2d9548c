"""Mutated inputs end in results or in errors with a hint; any other outcome is found and can be repeated."""

from __future__ import annotations

import itertools
import time

import fuzz
import numpy as np
import pytest
import targets
from mutators import OF_FILES, mutated
from workers import Result, Task, results, run_task

#: Number of inputs of the daily run, instead of a million.
DAILY_COUNT = 3_000


def test_a_few_mutated_inputs_end_in_results_or_errors_with_hints() -> None:
    for name, count in fuzz.counts(DAILY_COUNT, tuple(targets.PARTS)).items():
        found = run_task(Task(name, 1_000_000, 1_000_000 + count), seed=1)
        assert found.findings == []
        assert found.inputs == count


@pytest.mark.soak
def test_a_million_mutated_inputs_end_in_results_or_errors_with_hints() -> None:
    found = fuzz.fuzzed(fuzz.MILLION, seed=0, jobs=2)
    print(fuzz.table(found))
    assert sum(result.inputs for result in found.values()) == fuzz.MILLION
    assert [finding for result in found.values() for finding in result.findings] == []


@pytest.mark.parametrize("count", [20, 100, 12_345, fuzz.MILLION])
def test_the_counts_of_the_parts_add_up_to_the_requested_count(count: int) -> None:
    counts_by_part = fuzz.counts(count, tuple(targets.PARTS))
    assert sum(counts_by_part.values()) == count
    assert min(counts_by_part.values()) >= 1
    assert sum(task.stop - task.start for task in fuzz.tasks(counts_by_part)) == count


def test_the_same_seed_makes_the_same_input_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", itertools.count(1.8e9, 10.0).__next__)
    first, again, other = (
        [mutated(b"a,b\n1,2\n" * 9, OF_FILES, [b"c"], np.random.default_rng([seed, k])) for k in range(50)]
        for seed in (0, 0, 1)
    )
    assert first == again != other


@pytest.mark.parametrize(
    ("part", "text"),
    [("raises", "KeyError"), ("warns", "RuntimeWarning: overflow"), ("refuses", "no hint")],
)
def test_forbidden_exceptions_and_warnings_are_found(part: str, text: str) -> None:
    found = run_task(Task(part, 0, 200, "planted"), seed=0)
    assert 0 < len(found.findings) < found.inputs == 200
    assert all(text in finding.what for finding in found.findings)


@pytest.mark.parametrize(("part", "ends_at"), [("aborts", 6), ("hangs", 36)])
def test_a_process_that_ends_costs_one_input_and_is_found(part: str, ends_at: int) -> None:
    found = Result()
    for _, result in results([Task(part, ends_at - 3, ends_at + 3, "planted")], seed=0, jobs=1):
        found.add(result)
    assert found.inputs == 6
    assert [finding.index for finding in found.findings] == [ends_at]
    assert f"in {part}" in found.findings[0].what


def test_the_command_prints_the_number_of_inputs_and_exits_with_0_without_findings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "sys.argv", ["fuzz.py", "--count", "200", "--jobs", "1", "--parts", "notes", "header"]
    )
    assert fuzz.main() == 0
    assert "200 mutated inputs, 0 findings; seed 0" in capsys.readouterr().out
