"""What a batch remembers of what it did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imu_reps.errors import FileAccessError
from imu_reps.fleet import batch_run, manifest
from imu_reps.fleet.inputs import ListedFile
from imu_reps.fleet.manifest import Entry, Manifest
from imu_reps.fleet.place import FilePlace


def entry(number: int, **changes: Any) -> Entry:
    source = ListedFile(f"s3://b/{number}.csv", 10, "tag")
    return Entry(
        **{"source": source, "content": "c", "made_by": "1", "exercise": None, "day": None, "part": "p"}
        | changes
    )


def test_many_files_become_one_and_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "MAX_FILES", 4)
    kept = Manifest(FilePlace(str(tmp_path)))
    for number in range(11):
        kept.add([entry(number % 7, content=str(number))])
    again = Manifest(FilePlace(str(tmp_path)))

    assert len(list((tmp_path / "manifest").iterdir())) <= 5
    assert len(again) == 7
    assert [again.find(f"s3://b/{number}.csv") for number in range(7)] == [
        kept.find(f"s3://b/{number}.csv") for number in range(7)
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
def test_done_is_the_same_file_by_the_same_version(
    tmp_path: Path, source: ListedFile, made_by: str, is_done: bool
) -> None:
    kept = Manifest(FilePlace(str(tmp_path)))
    kept.add([entry(1)])

    assert kept.is_done(source, made_by) is is_done


@pytest.mark.parametrize(
    "changes", [{"content": None}, {"stale": True}, {"source": ListedFile("s3://b/1.csv")}]
)
def test_what_could_not_be_read_is_being_replaced_or_has_no_stamp_is_not_done(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    kept = Manifest(FilePlace(str(tmp_path)))
    kept.add([entry(1, **changes)])

    assert not kept.is_done(entry(1, **changes).source, "1")


@pytest.mark.parametrize("broken", [slice(0), slice(-20), slice(9, None)], ids=["empty", "cut", "beheaded"])
def test_a_manifest_that_is_damaged_is_told(tmp_path: Path, broken: slice) -> None:
    kept = Manifest(FilePlace(str(tmp_path)))
    kept.add([entry(1)])
    (file,) = (tmp_path / "manifest").iterdir()
    file.write_bytes(file.read_bytes()[broken])
    with pytest.raises(FileAccessError) as told:
        Manifest(FilePlace(str(tmp_path)))
    assert told.value.code == "damaged_manifest"


def test_a_journal_cut_off_in_a_line_gives_the_lines_before(
    sets: Path, tmp_path: Path, done: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The coordinator is lost while it writes the journal, with nothing committed."""
    with monkeypatch.context() as lost:
        lost.setattr(batch_run.Keeper, "commit", lambda _: None)
        done(sets, tmp_path / "out")
    journal = tmp_path / "out/manifest/journal.jsonl"
    assert journal.read_bytes().count(b"\n") == 7
    journal.write_bytes(journal.read_bytes()[:-100])
    again = done(sets, tmp_path / "out")

    assert (again.before, again.done) == (6, 1)
    assert journal.read_bytes() == b""
