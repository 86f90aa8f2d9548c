"""What a command may overwrite: a document of its own kind, if told to, and nothing else."""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trained: Path, run: Run) -> Path:
    """A home with one recording in its history."""
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "recordings").mkdir(parents=True)
    shutil.copy(trained, tmp_path / "home" / "recordings" / "one.csv")
    assert run("reanalyse").exit_code == 0
    return tmp_path / "home"


WRITERS = {
    "angles": ["angles", "RECORDING", "-o"],
    "report": ["report", "RECORDING", "--html"],
    "history": ["history", "--hand-over"],
}


@pytest.fixture(params=WRITERS)
def write(request: pytest.FixtureRequest, run: Run, home: Path) -> Callable[..., Result]:
    """Call a command that writes a document to a given place."""
    recording = str(home / "recordings" / "one.csv")
    words = [recording if word == "RECORDING" else word for word in WRITERS[request.param]]
    return lambda place, *more: run(*words, place, *more)


@pytest.mark.parametrize("more", [(), ("--force",)])
@pytest.mark.parametrize("name", ["recordings/one.csv", "history.sqlite3", "other.html", "empty"])
def test_a_file_of_another_kind_is_never_replaced(
    write: Callable[..., Result], home: Path, name: str, more: tuple[str, ...]
) -> None:
    (home / "other.html").write_text("<!doctype html>\nsomebody else's", encoding="utf-8")
    (home / "empty").touch()
    before = (home / name).read_bytes()
    result = write(home / name, *more)

    assert result.exit_code in (1, 2)
    assert (home / name).read_bytes() == before


def test_an_older_document_is_replaced_if_told_to(write: Callable[..., Result], tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = write(out)
    written = out.read_bytes()
    out.write_bytes(written + b"older")
    refused, content = write(out), out.read_bytes()
    forced = write(out, "--force")

    assert [first.exit_code, refused.exit_code, forced.exit_code] == [0, 1, 0]
    assert content == written + b"older"
    assert out.read_bytes() == written
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out"]


#: Marks of documents in files of another kind, as a device name or in a note.
QUOTED = (
    '<meta name="generator" content="imu-reps">',
    "WEBVTT imu-reps",
    "imu_reps_orientations",
    "start_s,end_s,label,by",
    "imu-reps-table/1",
    "# simulated: true",
    "# imported: x",
)
#: Calls that would write each kind, except for the file.
KINDS = (
    ("report", "RECORDING", "--html"),
    ("correct", "RECORDING", "--labels"),
    ("simulate", "--reps", "2", "-o"),
    *(("export", "RECORDING", "--as", kind, "-o") for kind in ("reps-parquet", "sto", "vtt")),
)


@pytest.mark.parametrize("words", KINDS, ids=" ".join)
def test_a_file_that_quotes_the_mark_of_a_document_is_no_document(
    run: Run, home: Path, words: tuple[str, ...]
) -> None:
    recording = home / "recordings" / "one.csv"
    head, _, rows = recording.read_text(encoding="utf-8").partition("\n")
    files = {home / "notes.md": "As I did it:\n" + "\n".join(QUOTED)}
    for number, quoted in enumerate(QUOTED):
        text = f"{head}\n# ankle.name: {quoted}\n{rows}# @99.0 remark: {quoted}\n"
        files[home / f"{number}.csv"] = text
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    call = [str(recording) if word == "RECORDING" else word for word in words]
    ended = [run(*call, path, "--force").exit_code for path in files]

    assert {path: path.read_text(encoding="utf-8") for path in files} == files
    assert set(ended) == {1}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_data_set_with_a_link_in_place_of_a_file_is_left_unchanged(run: Run, home: Path) -> None:
    recording, out = home / "recordings" / "one.csv", home / "bids"
    words = ("export", recording, "--as", "bids", "-o", out)
    before = recording.read_bytes()
    first = run(*words)
    (out / "participants.tsv").unlink()
    (out / "participants.tsv").symlink_to(recording)
    again = run(*words, "--force")

    assert (first.exit_code, again.exit_code) == (0, 1)
    assert "participants.tsv" in again.stderr
    assert recording.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="there the folder of a user is closed to others anyway")
def test_health_data_is_readable_by_its_owner_only(
    run: Run, write: Callable[..., Result], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMU_REPS_HOME", str(home / "new" / "home"))
    taken = run("record", "--virtual", "--speed", "0", "--reps", "2", "--folder", home / "new" / "sets")
    run("reanalyse", home / "recordings")
    write(home / "out")
    run("simulate", "-o", home / "new" / "simulated.csv", "--reps", "2")
    made = [*(home / "new").rglob("*"), home / "new", home / "out"]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in made}

    assert taken.exit_code == 0
    assert {"sets", "history.sqlite3", "simulated.csv", "simulated.truth.json", "out"} <= modes.keys()
    assert modes == {path.name: 0o700 if path.is_dir() else 0o600 for path in made}
