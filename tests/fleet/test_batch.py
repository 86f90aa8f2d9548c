"""A batch on this machine: its tables, skipping of finished work, and interruptions.

The record of a batch of its finished work.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars
import pytest
from click.testing import CliRunner

from imu_reps import Settings
from imu_reps.cli.main import main
from imu_reps.errors import FileAccessError, ImuRepsError, UsageError
from imu_reps.fleet import batch_run
from imu_reps.fleet.batch_run import BatchLimits, BatchOrder, Entry, Manifest, run_batch
from imu_reps.fleet.dataset import Dataset
from imu_reps.fleet.files import FileStore, ListedFile

Done = Callable[..., batch_run.BatchProgress]
Table = Callable[..., pd.DataFrame]


def names(frame: pd.DataFrame) -> list[str]:
    return [Path(file).name for file in frame["file"]]


def test_every_recording_is_one_row_and_a_broken_file_is_an_error(
    sets: Path, tmp_path: Path, done: Done, table: Table
) -> None:
    progress = done(sets, tmp_path / "out")

    assert (progress.total, progress.done, progress.errors, progress.exit_code) == (7, 7, 1, 4)
    assert names(table(tmp_path / "out", "sets")) == [f"set{number:03}.csv" for number in range(6)]
    assert names(table(tmp_path / "out", "errors")) == ["broken.csv"]
    assert len(table(tmp_path / "out", "reps")) == 6


def test_the_numbers_are_those_of_the_report(sets: Path, tmp_path: Path, done: Done, table: Table) -> None:
    done(sets, tmp_path / "out", settings=Settings.for_preset("strict"))
    words = ["report", "--json", "--preset", "strict", str(sets / "set001.csv")]
    report = json.loads(CliRunner().invoke(main, words).output)
    row = table(tmp_path / "out", "sets").iloc[1]
    (rep,) = report["reps"]
    of_rep = table(tmp_path / "out", "reps").iloc[1]

    assert row["exercise"] == "single_leg_raise_bent"
    assert row["day"] == "2026-11-22"
    assert (row["person"], row["effort"]) == ("p1", 1)
    for name, value in {**report["set"], "duration_s": report["recording"]["duration_s"]}.items():
        if name != "trend":
            assert row[name] == value or (value is None and pd.isna(row[name])), name
    assert json.loads(row["settings"]) == report["settings"]
    assert row["ankle_rate_hz"] == report["sensors"]["ankle"]["rate_hz"]
    assert (of_rep["range_deg"], of_rep["start_s"]) == (rep["range_deg"], rep["start_s"])
    assert list(of_rep["not_judged"]) == rep["not_judged"]


def test_other_tools_read_the_result_on_their_own(
    sets: Path, tmp_path: Path, done: Done, table: Table
) -> None:
    done(sets, tmp_path / "out")
    expected = table(tmp_path / "out", "sets")
    by_polars = polars.read_parquet(tmp_path / "out/sets/**/*.parquet", hive_partitioning=True).sort("file")
    by_duckdb = duckdb.sql(
        "SELECT exercise, day, rep_count FROM "
        f"read_parquet('{tmp_path}/out/sets/**/*.parquet', hive_partitioning=true) ORDER BY file"
    ).fetchall()

    rows = list(zip(expected["exercise"], expected["day"], expected["rep_count"], strict=True))
    assert by_polars.select("exercise", "day", "rep_count").rows() == rows
    assert by_duckdb == rows
    assert by_polars["range_deg_mean"].to_list() == expected["range_deg_mean"].to_list()
    assert duckdb.sql(f"SELECT * FROM '{tmp_path}/out/faults/**/*.parquet'").fetchall() == []


def test_csv_holds_the_same(sets: Path, tmp_path: Path, done: Done, table: Table) -> None:
    done(sets, tmp_path / "parquet")
    done(sets, tmp_path / "csv", row_format="csv")
    parts = [pd.read_csv(path) for path in sorted((tmp_path / "csv/sets").rglob("*.csv"))]
    read = pd.concat([part for part in parts if len(part)]).sort_values("file").reset_index(drop=True)
    expected = table(tmp_path / "parquet", "sets")

    assert read["range_deg_mean"].tolist() == expected["range_deg_mean"].tolist()
    assert read["exercise"].tolist() == expected["exercise"].tolist()
    assert read["day"].tolist() == expected["day"].tolist()
    assert list(Dataset.open_existing(FileStore(str(tmp_path / "csv"))).history()) == list(
        Dataset.open_existing(FileStore(str(tmp_path / "parquet"))).history()
    )


def test_finished_recordings_are_not_analysed_again(sets: Path, tmp_path: Path, done: Done) -> None:
    done(sets, tmp_path / "out")
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.parquet")}
    again = done(sets, tmp_path / "out")

    assert (again.before, again.done) == (7, 0)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.parquet")} == written


def test_a_changed_file_is_analysed_again_and_a_touched_one_is_not(
    sets: Path, tmp_path: Path, done: Done, table: Table
) -> None:
    out = tmp_path / "out"
    done(sets, out)
    before = table(out, "sets")
    text = (sets / "set000.csv").read_bytes()
    (sets / "set000.csv").write_bytes(text.replace(b"effort: 0", b"effort: 9"))
    (sets / "set001.csv").touch()
    again = done(sets, out)
    after = table(out, "sets")

    assert (again.before, again.done) == (5, 2)
    assert after["effort"].tolist() == [9, *before["effort"].tolist()[1:]]
    assert names(after) == names(before)
    assert len(table(out, "reps")) == 6
    assert done(sets, out).before == 7


def test_a_repaired_file_leaves_the_errors(sets: Path, tmp_path: Path, done: Done, table: Table) -> None:
    out = tmp_path / "out"
    done(sets, out)
    shutil.copy(sets / "set000.csv", sets / "broken.csv")
    done(sets, out)

    assert names(table(out, "errors")) == []
    assert "broken.csv" in names(table(out, "sets"))


@pytest.mark.parametrize("row_format", ["parquet", "csv"])
def test_another_version_or_other_settings_replace_every_row(
    sets: Path, tmp_path: Path, done: Done, monkeypatch: pytest.MonkeyPatch, row_format: str
) -> None:
    out = tmp_path / "out"
    done(sets, out, row_format=row_format)
    strict = Settings.for_preset("strict")
    assert done(sets, out, row_format=row_format, settings=strict).done == 7
    found = Dataset.open_existing(FileStore(str(out))).history()
    assert [stored.summary.settings.preset for stored in found] == ["strict"] * 6
    monkeypatch.setattr(BatchOrder, "made_by", "2.0")
    assert done(sets, out, row_format=row_format).done == 7
    assert len(Dataset.open_existing(FileStore(str(out))).history()) == 6


def test_a_discarded_set_is_neither_a_row_of_sets_nor_an_error(
    sets: Path, tmp_path: Path, done: Done, table: Table
) -> None:
    with (sets / "set000.csv").open("a", encoding="utf-8") as file:
        file.write("# @11.0 discarded: yes\n")
    progress = done(sets, tmp_path / "out")
    errors = table(tmp_path / "out", "errors")

    assert progress.errors == 1
    assert "set000.csv" not in names(table(tmp_path / "out", "sets"))
    assert dict(zip(names(errors), errors["code"], strict=True))["set000.csv"] == "discarded"
    assert errors.set_index("code").loc["discarded", "day"] == "2026-11-21"


def test_a_batch_that_ends_between_two_commits_keeps_what_had_arrived(
    sets: Path, tmp_path: Path, done: Done, table: Table, engine: Any
) -> None:
    run = run_batch(BatchOrder([str(sets)], str(tmp_path / "out")), engine)
    with closing(run):
        while next(run).done < 4:
            pass
    again = done(sets, tmp_path / "out")

    assert (again.before, again.done) == (4, 3)
    assert len(table(tmp_path / "out", "sets")) + len(table(tmp_path / "out", "errors")) == 7


def stopping_at(monkeypatch: pytest.MonkeyPatch, call: int, error: OSError) -> None:
    """Let the `call`-th write of a file fail."""
    calls = []
    put = FileStore.put

    def failing(self: FileStore, name: str, content: bytes) -> None:
        calls.append(name)
        if len(calls) == call:
            raise FileAccessError(f"{name}: {error}", hint="Free some space.", code="disk_full") from error
        put(self, name, content)

    monkeypatch.setattr(FileStore, "put", failing)


@pytest.mark.parametrize("call", [6, 10, 14, 18, 21])
def test_a_batch_ended_by_a_full_disk_anywhere_is_completed_by_the_next_one(
    sets: Path, tmp_path: Path, done: Done, table: Table, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """A first batch, or one that replaces every row, ends at some file; then the same batch runs again."""
    out, strict = tmp_path / "out", Settings.for_preset("strict")
    monkeypatch.setattr(batch_run, "LIMITS", BatchLimits(commit_results=3))
    with monkeypatch.context() as full:
        stopping_at(full, call, OSError(errno.ENOSPC, "no space"))
        with pytest.raises(FileAccessError, match="no space"):
            [done(sets, out, settings=settings) for settings in (Settings(), strict)]
    done(sets, out, settings=strict)

    assert names(table(out, "sets")) == [f"set{number:03}.csv" for number in range(6)]
    assert names(table(out, "reps")) == names(table(out, "sets"))
    assert names(table(out, "errors")) == ["broken.csv"]
    assert {stored.summary.settings for stored in Dataset.open_existing(FileStore(str(out))).history()} == {
        strict
    }


def test_an_unreadable_file_is_reported_and_tried_again(
    sets: Path, tmp_path: Path, done: Done, table: Table
) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text(f"{sets / 'set000.csv'}\n{sets / 'later.csv'}\n", encoding="utf-8")
    first = done(f"@{listed}", tmp_path / "out")
    assert (first.errors, first.exit_code) == (1, 1)
    assert table(tmp_path / "out", "errors")["code"].tolist() == ["not_found"]
    shutil.copy(sets / "set001.csv", sets / "later.csv")
    done(f"@{listed}", tmp_path / "out")

    assert names(table(tmp_path / "out", "sets")) == ["later.csv", "set000.csv"]
    assert names(table(tmp_path / "out", "errors")) == []


def test_a_result_inside_its_sources_is_no_source(sets: Path, done: Done) -> None:
    assert done(sets, sets / "out", row_format="csv").done == 7
    assert done(sets, sets / "out", row_format="csv").total == 7


def test_two_batches_do_not_write_to_one_folder(sets: Path, tmp_path: Path, done: Done, engine: Any) -> None:
    run = run_batch(BatchOrder([str(sets)], str(tmp_path / "out")), engine)
    with closing(run):
        next(run)
        with pytest.raises(UsageError) as caught:
            done(sets, tmp_path / "out")
    assert caught.value.code == "busy"


@pytest.mark.parametrize("row_format", ["parquet", "csv"])
@pytest.mark.parametrize("content", [b"", b"PAR1PAR1", b"file,rep\n\xff", b"a,b\n1\n"])
def test_a_damaged_table_is_reported_by_every_reader(
    sets: Path, tmp_path: Path, done: Done, row_format: str, content: bytes
) -> None:
    out = tmp_path / "out"
    done(sets, out, row_format=row_format)
    for path in (out / "reps").glob("exercise=single_leg_raise/*/*"):
        path.write_bytes(content)
    with (sets / "set000.csv").open("ab") as file:
        file.write(b"# @11.0 pain: 1\n")
    with pytest.raises(ImuRepsError, match=r"damaged.* Make the result anew"):
        done(sets, out, row_format=row_format)
    for words in (["batch", "--compare", str(out), str(out)], ["history", "--from", str(out)]):
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 1, result.output
        assert "damaged" in result.stderr
        assert "Make the result anew" in result.stderr


@pytest.mark.parametrize("words", [["", "-o", "out"], ["sets", "-o", ""]])
def test_an_empty_name_is_not_the_current_folder(words: list[str]) -> None:
    assert CliRunner().invoke(main, ["batch", *words]).exit_code == 2


def test_a_folder_with_other_files_is_left_unchanged(sets: Path, tmp_path: Path, done: Done) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        done(sets, other)
    assert caught.value.code == "not_ours"
    assert [path.name for path in other.iterdir()] == ["letter.txt"]


def test_only_leftovers_of_a_batch_are_removed_from_its_tables(
    sets: Path, tmp_path: Path, done: Done
) -> None:
    out = tmp_path / "out"
    done(sets, out)
    own = next((out / "sets").rglob("part-*.parquet"))
    others = [out / "sets" / "monday.csv", own.with_name("part-mine.csv"), own.with_name(".part-x")]
    leftovers = [own.with_name(f"part-{32 * 'a'}.parquet"), own.with_name(f".{own.name}.k3_x9q2a")]
    for file in (*others, *leftovers):
        file.write_text("mine")
    (sets / "another.csv").write_bytes(next(sets.glob("*.csv")).read_bytes())
    done(sets, out)

    assert [file.read_text() for file in others] == ["mine"] * 3
    assert not any(file.exists() for file in leftovers)


def test_a_batch_killed_at_its_start_is_continued(sets: Path, tmp_path: Path, done: Done) -> None:
    out = tmp_path / "out"
    done(sets, out)
    about = (out / "batch.json").read_bytes()
    (out / "batch.json").rename(out / ".batch.json.x1y2z3")

    assert done(sets, out).before == 7
    assert (out / "batch.json").read_bytes() == about
    assert not list(out.glob(".*"))


def test_a_result_in_the_other_format_is_not_mixed(sets: Path, tmp_path: Path, done: Done) -> None:
    done(sets, tmp_path / "out")
    with pytest.raises(UsageError, match="holds parquet"):
        done(sets, tmp_path / "out", row_format="csv")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_result_is_readable_by_its_owner_only(sets: Path, tmp_path: Path, done: Done) -> None:
    done(sets, tmp_path / "out")

    assert not [path for path in (tmp_path / "out").rglob("*") if path.stat().st_mode & 0o077]


def entry(number: int, **changes: Any) -> Entry:
    source = ListedFile(f"s3://b/{number}.csv", 10, "tag")
    return Entry(
        **{"source": source, "content": "c", "made_by": "1", "exercise": None, "day": None, "part": "p"}
        | changes
    )


def test_compacting_many_files_into_one_changes_no_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_run, "LIMITS", BatchLimits(max_manifests=4))
    record = Manifest(FileStore(str(tmp_path)))
    for number in range(11):
        record.add([entry(number % 7, content=str(number))])
    again = Manifest(FileStore(str(tmp_path)))

    assert len(list((tmp_path / "manifest").iterdir())) <= 5
    assert len(again) == 7
    assert [again.find(f"s3://b/{number}.csv") for number in range(7)] == [
        record.find(f"s3://b/{number}.csv") for number in range(7)
    ]


@pytest.mark.parametrize(
    ("source", "made_by", "is_done"),
    [
        (ListedFile("s3://b/1.csv", 10, "tag"), "1", True),
        (ListedFile("s3://b/1.csv", 11, "tag"), "1", False),
        (ListedFile("s3://b/1.csv", 10, "other"), "1", False),
        (ListedFile("s3://b/1.csv", 10, "tag"), "2", False),
        (ListedFile("s3://b/2.csv", 10, "tag"), "1", False),
    ],
)
def test_done_means_the_same_file_analysed_by_the_same_version(
    tmp_path: Path, source: ListedFile, made_by: str, is_done: bool
) -> None:
    record = Manifest(FileStore(str(tmp_path)))
    record.add([entry(1)])

    assert record.is_done(source, made_by) is is_done


@pytest.mark.parametrize(
    "changes", [{"content": None}, {"stale": True}, {"source": ListedFile("s3://b/1.csv")}]
)
def test_an_unreadable_or_replaced_file_or_one_without_a_stamp_is_not_done(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    record = Manifest(FileStore(str(tmp_path)))
    record.add([entry(1, **changes)])

    assert not record.is_done(entry(1, **changes).source, "1")


@pytest.mark.parametrize("broken", [slice(0), slice(-20), slice(9, None)], ids=["empty", "cut", "beheaded"])
def test_a_damaged_manifest_is_reported(tmp_path: Path, broken: slice) -> None:
    record = Manifest(FileStore(str(tmp_path)))
    record.add([entry(1)])
    (file,) = (tmp_path / "manifest").iterdir()
    file.write_bytes(file.read_bytes()[broken])
    with pytest.raises(FileAccessError) as caught:
        Manifest(FileStore(str(tmp_path)))
    assert caught.value.code == "damaged_manifest"


def test_a_manifest_nested_too_deeply_is_reported_as_damaged(tmp_path: Path) -> None:
    record = Manifest(FileStore(str(tmp_path)))
    record.add([entry(1)])
    (file,) = (tmp_path / "manifest").iterdir()
    file.write_bytes(file.read_bytes() + b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}\n")
    with pytest.raises(FileAccessError) as caught:
        Manifest(FileStore(str(tmp_path)))
    assert caught.value.code == "damaged_manifest"


def test_a_journal_truncated_within_a_line_gives_the_lines_before(
    sets: Path, tmp_path: Path, done: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The coordinator is killed while it writes the journal, with nothing committed."""
    with monkeypatch.context() as lost:
        lost.setattr(batch_run.Committer, "commit", lambda _: None)
        done(sets, tmp_path / "out")
    journal = tmp_path / "out/manifest/journal.jsonl"
    assert journal.read_bytes().count(b"\n") == 7
    journal.write_bytes(journal.read_bytes()[:-100])
    again = done(sets, tmp_path / "out")

    assert (again.before, again.done) == (6, 1)
    assert journal.read_bytes() == b""
