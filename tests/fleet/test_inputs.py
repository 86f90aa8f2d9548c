"""Files named by a source."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from imu_reps.errors import FileAccessError, RecordingError
from imu_reps.fleet import files
from imu_reps.fleet.files import fetch, list_sources
from imu_reps.storage.recording.format import SizeLimits


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of recordings at two depths, and other files."""
    for name in ("b.csv", "a.csv.gz", "deep/er/c.csv", ".hidden.csv", "a.truth.json", "notes.txt"):
        path = tmp_path / "sets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return tmp_path / "sets"


def found(*named: str | Path) -> list[str]:
    return [Path(source.file).name for source in list_sources([str(name) for name in named])]


def test_a_folder_means_all_recordings_below_it(folder: Path) -> None:
    assert found(folder) == ["a.csv.gz", "b.csv", "c.csv"]


def test_a_pattern_and_a_file_are_taken_literally(folder: Path) -> None:
    assert found(folder / "*.txt") == ["notes.txt"]
    assert found(folder / "**/*.csv") == ["b.csv", "c.csv"]
    assert found(folder / "notes.txt") == ["notes.txt"]


def test_a_name_with_a_bracket_is_a_name(folder: Path) -> None:
    (folder / "b.csv").rename(folder / "b [1].csv")

    assert found(folder / "b [1].csv") == ["b [1].csv"]


def test_a_file_named_twice_counts_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)

    assert found("b.csv", folder, "./b.csv") == ["b.csv", "a.csv.gz", "c.csv"]


@pytest.mark.skipif(os.name != "posix", reason="links need a right of their own on Windows")
def test_a_file_and_links_to_it_count_once_under_its_own_name(folder: Path, tmp_path: Path) -> None:
    (folder / "0.csv").symlink_to(folder / "b.csv")
    (folder / "z.csv").symlink_to(tmp_path / "gone.csv")
    (tmp_path / "way").symlink_to(folder)

    assert found(folder) == ["b.csv", "a.csv.gz", "c.csv", "z.csv"]
    assert found(tmp_path / "way", folder / "b.csv") == found(folder)
    assert [source.file for source in list_sources([str(tmp_path / "way" / "b.csv")])] == [
        str(tmp_path / "way" / "b.csv")
    ]


def test_a_list_names_files_folders_and_missing_ones(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"{folder / 'b.csv'}\n\n  {folder / 'deep'}\n{folder / 'gone.csv'}\n"
    (tmp_path / "list").write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    assert found(f"@{tmp_path / 'list'}") == ["b.csv", "c.csv", "gone.csv"]
    assert found("@-") == ["b.csv", "c.csv", "gone.csv"]


def test_a_list_may_come_from_windows_and_have_comments(folder: Path, tmp_path: Path) -> None:
    text = f"\ufeff# what to do\r\n{folder / 'b.csv'}\r\n\r\n  # and\r\n{folder / 'deep'}\r\n"
    (tmp_path / "list").write_bytes(text.encode())

    assert found(f"@{tmp_path / 'list'}") == ["b.csv", "c.csv"]


def test_recordings_that_are_all_inside_the_result_folder_are_reported(folder: Path) -> None:
    with pytest.raises(FileAccessError) as caught:
        list_sources([str(folder / "b.csv")], leave_out=str(folder))
    assert "where the result is to be" in caught.value.message
    assert caught.value.hint == "Name another folder for the result."


@pytest.mark.parametrize(
    ("name", "code"), [("gone.csv", "not_found"), ("empty", "no_recordings"), ("@gone", "not_found")]
)
def test_an_empty_source_is_reported(
    tmp_path: Path, name: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileAccessError) as caught:
        list_sources([name])
    assert caught.value.code == code
    assert name.removeprefix("@") in caught.value.message


def test_a_stamp_changes_with_the_file(folder: Path) -> None:
    (before,) = list_sources([str(folder / "b.csv")])
    (folder / "b.csv").write_text("changed", encoding="utf-8")
    os.utime(folder / "b.csv", (1e9, 1e9))
    (after,) = list_sources([str(folder / "b.csv")])

    assert before.size == 5
    assert before.stamp != after.stamp


def test_a_file_larger_than_any_recording_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LIMITS", SizeLimits(max_bytes=4))
    with pytest.raises(RecordingError) as caught:
        fetch(str(folder / "b.csv"))
    assert caught.value.code == "too_large"


@pytest.mark.skipif(os.name != "posix", reason="names of POSIX are bytes")
def test_a_name_that_is_no_text_is_reported_as_an_unreadable_file(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.csv")).write_text("x", encoding="utf-8")
    except OSError:
        pytest.skip("this file system has no such names")
    (source,) = list_sources([str(tmp_path)])

    assert source.file.encode("utf-8").endswith(b"\\udcff.csv")
    with pytest.raises(FileAccessError):
        fetch(source.file)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(FileAccessError) as caught:
        fetch(str(tmp_path / "pipe.csv"))
    assert caught.value.code == "no_file"
