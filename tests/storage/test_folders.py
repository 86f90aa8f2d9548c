"""Where recordings are searched for."""

from __future__ import annotations

import os

import pytest

from imu_reps.errors import FileAccessError
from imu_reps.storage.file_access import make_folder
from imu_reps.storage.folders import default_folder, newest_first, user_home
from imu_reps.storage.history_store import history_path
from imu_reps.storage.profile import profile_path


def test_the_environment_variable_moves_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "recordings"


def test_without_it_the_users_data_folder_is_used(tmp_path, monkeypatch):
    monkeypatch.delenv("IMU_REPS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = default_folder()
    assert folder.is_relative_to(tmp_path)
    assert folder.parts[-2:] == ("imu-reps", "recordings")
    assert not folder.exists()


def test_latest_is_the_last_modified_file_then_the_last_by_name(tmp_path):
    for name, changed_s in (("c.csv", 10), ("a.csv", 20), ("b.csv.gz", 20), ("z.json", 30)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (changed_s, changed_s))
    (tmp_path / "zz.csv").mkdir()
    assert [path.name for path in newest_first(tmp_path)] == ["b.csv.gz", "a.csv", "c.csv"]


def test_a_missing_recording_or_folder_gives_a_hint(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(FileAccessError) as caught:
            newest_first(folder)
        assert caught.value.code == "no_recordings"
        assert str(folder) in caught.value.message
        assert caught.value.hint


@pytest.mark.parametrize("path", [default_folder, profile_path, history_path])
def test_the_home_of_an_unknown_user_is_reported_plainly(path, monkeypatch):
    monkeypatch.setenv("IMU_REPS_HOME", "~nobody-is-called-so/sets")
    with pytest.raises(FileAccessError) as caught:
        path()
    assert "~nobody-is-called-so" in caught.value.message


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="on Windows a home is found otherwise")
@pytest.mark.parametrize("path", [default_folder, profile_path, history_path, user_home])
def test_a_user_without_a_home_gets_a_hint_what_to_set(path, monkeypatch):
    def unknown(_user):
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in ("IMU_REPS_HOME", "HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(FileAccessError) as caught:
        path()

    assert "IMU_REPS_HOME" in caught.value.hint


@pytest.mark.parametrize("taken", ["file", "link"])
def test_a_path_that_is_no_folder_is_reported_as_such(tmp_path, taken):
    folder = tmp_path / "recordings"
    if taken == "file":
        folder.touch()
    else:
        folder.symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileAccessError) as caught:
        make_folder(folder)

    assert caught.value.code == "exists"
    assert "no folder" in caught.value.message
