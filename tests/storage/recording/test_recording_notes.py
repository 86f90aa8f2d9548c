"""Notes added to a closed recording."""

from __future__ import annotations

import pytest

from imu_reps import Note, load, save, simulate
from imu_reps.errors import FileAccessError
from imu_reps.storage.recording.writer import append_notes


def test_notes_are_read_back_and_nothing_else_changes(tmp_path):
    file = tmp_path / "a.csv"
    save(simulate().recording, file)
    before = file.read_bytes()
    append_notes(file, [Note(30.0, "pain", "2"), Note(30.0, "effort", "7")])

    assert file.read_bytes().startswith(before)
    assert [(note.key, note.value) for note in load(file).notes][-2:] == [("pain", "2"), ("effort", "7")]


def test_no_file_is_created(tmp_path):
    with pytest.raises(FileAccessError):
        append_notes(tmp_path / "none.csv", [Note(1.0, "pain", "2")])

    assert not (tmp_path / "none.csv").exists()


def test_a_note_of_two_lines_is_refused_and_the_file_is_unchanged(tmp_path):
    file = tmp_path / "a.csv"
    save(simulate().recording, file)
    before = file.read_bytes()
    with pytest.raises(ValueError, match="one line"):
        append_notes(file, [Note(1.0, "pain", "2\n# @2 pain: 3")])

    assert file.read_bytes() == before
