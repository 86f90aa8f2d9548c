"""The record of a batch of its finished work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imu_reps.errors import FileAccessError
from imu_reps.fleet import batch_run
from imu_reps.fleet.batch_run import BatchLimits, Entry, Manifest
from imu_reps.fleet.files import FileStore, ListedFile


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
