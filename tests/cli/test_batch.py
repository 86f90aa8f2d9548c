"""Output of `imu-reps batch`, and `imu-reps history --from` with its result."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from shutil import copy

import pytest
from click.testing import Result

from imu_reps.cli import batch as batch_module
from imu_reps.fleet import analyze_many
from imu_reps.fleet.batch_run import BatchProgress


@pytest.fixture
def folder(tmp_path: Path, trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of two recordings and another file; work is done in this process."""

    def in_process(work, waiting, **_):
        while waiting:
            task = waiting.popleft()
            yield task, work(task)

    monkeypatch.setattr("imu_reps.fleet.workers.in_processes", in_process)
    (tmp_path / "sets").mkdir()
    copy(trained, tmp_path / "sets" / "a.csv")
    copy(trained, tmp_path / "sets" / "b.csv")
    (tmp_path / "sets" / "c.csv").write_text("nothing", encoding="utf-8")
    return tmp_path / "sets"


def test_it_reports_what_was_done_and_where_the_result_is(
    folder: Path, tmp_path: Path, run: Callable[..., Result]
) -> None:
    first = run("batch", folder, "-o", tmp_path / "out")
    again = run("batch", folder, "-o", tmp_path / "out")

    assert first.exit_code == 4
    assert first.stdout == (
        f"2 of 3 recordings summed up, 1 could not be. The tables are in {tmp_path / 'out'}.\n"
    )
    assert again.exit_code == 0
    assert "0 of 3 recordings summed up, 3 done before" in again.stdout
    for told in (first.stderr, again.stderr):
        assert "1 recording with the same content as another: each has its own row" in told


def test_history_reads_the_result(folder: Path, tmp_path: Path, run: Callable[..., Result]) -> None:
    run("batch", folder, "-o", tmp_path / "out")
    result = run("history", "--from", tmp_path / "out")
    as_csv = run("history", "--from", tmp_path / "out", "--csv")

    assert result.exit_code == 0
    assert result.stdout.count("single leg raise") == 2
    assert [line.split(",")[0] for line in as_csv.stdout.splitlines()[1:]] == [
        str(folder / "a.csv"),
        str(folder / "b.csv"),
    ]
    assert run("history", "--from", tmp_path / "out", "--person", "nobody").exit_code == 2
    assert "no batch result" in run("history", "--from", folder).stderr


def test_a_result_of_several_persons_is_not_mixed_and_simulated_sets_belong_to_nobody(
    folder: Path, swung: Path, tmp_path: Path, run: Callable[..., Result]
) -> None:
    text = (folder / "b.csv").read_text(encoding="utf-8")
    (folder / "b.csv").write_text(text.replace("\n", "\n# person: Ben\n", 1), encoding="utf-8")
    copy(swung, folder / "d.csv")
    run("batch", folder, "-o", tmp_path / "out")
    mixed = run("history", "--from", tmp_path / "out", "--csv")
    ben = run("history", "--from", tmp_path / "out", "--csv", "--person", "ben")
    nameless = run("history", "--from", tmp_path / "out", "--csv", "--person", "-")

    assert mixed.exit_code == 2
    assert "Ben" in mixed.stderr
    assert [Path(line.split(",")[0]).name for line in ben.stdout.splitlines()[1:]] == ["b.csv"]
    assert [Path(line.split(",")[0]).name for line in nameless.stdout.splitlines()[1:]] == ["a.csv"]


def test_two_results_are_compared(folder: Path, tmp_path: Path, run: Callable[..., Result]) -> None:
    run("batch", folder, "-o", tmp_path / "old")
    run("batch", folder, "-o", tmp_path / "new", "--set", "momentum_flag=0.5")
    result = run("batch", "--compare", tmp_path / "old", tmp_path / "new")

    assert result.exit_code == 0
    assert "2 of 2 recordings come out differently" in result.stdout
    assert "reps.flags: in 2 files" in result.stdout


@pytest.mark.parametrize(
    "words", [(), ("a",), ("-o", "out"), ("--compare", "old"), ("--compare", "old", "a", "b")]
)
def test_missing_arguments_are_a_usage_error(words: tuple[str, ...], run: Callable[..., Result]) -> None:
    assert run("batch", *words).exit_code == 2


@pytest.mark.parametrize("library", ["fsspec", "pyarrow", "distributed"])
def test_a_missing_extra_is_reported_with_how_to_install_it(
    folder: Path, tmp_path: Path, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == library else find_spec(name)
    )
    result = run("batch", folder, "-o", tmp_path / "out", "--cluster", "tcp://127.0.0.1:9")

    assert result.exit_code == 2
    assert library in result.stderr
    assert f"pip install 'imu-reps[{'cluster' if library == 'distributed' else 'batch'}]'" in result.stderr


def test_where_no_bar_can_be_drawn_a_line_gives_rate_errors_and_remaining_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_module, "PROGRESS_EVERY_S", 0.0)
    steps = [BatchProgress(1000, 200), BatchProgress(1000, 200, done=100, errors=1, elapsed_s=50.0)]
    yielded = list(batch_module._shown(iter(steps)))

    assert yielded == steps
    assert capsys.readouterr().err.splitlines() == [
        "200/1,000  0 errors",
        "300/1,000  2.0/s  1 error  5:50 left",
    ]


def test_the_default_is_the_number_of_cores_this_process_may_use() -> None:
    assert analyze_many.core_count() >= 1
