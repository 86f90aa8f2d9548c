"""A running set: data is written before it is counted, and a failure of either leaves the other alone."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from io import FileIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imu_reps import (
    Event,
    Header,
    Note,
    Pipeline,
    Recording,
    RepPlan,
    SampleBlock,
    SetPlan,
    Simulated,
    load,
    simulate,
)
from imu_reps.domain.events import RepCompleted, SetEnded
from imu_reps.domain.samples import SensorPlace
from imu_reps.errors import FileAccessError, RecordingError
from imu_reps.sensors.stream_items import Item, LinkChange, Restarted
from imu_reps.session import set_recorder
from imu_reps.session.running_set import RunningSet
from imu_reps.session.session_events import Finished
from imu_reps.session.session_plan import SetGoal
from imu_reps.session.set_recorder import OpenedSet, SetFile, SetRecorder
from imu_reps.storage.recording import writer

#: Time of the first item on the clock of the event loop, which starts at an arbitrary value.
NOW_S = 5000.0


@pytest.fixture(scope="module")
def set_of_four() -> Simulated:
    return simulate(SetPlan(reps=(RepPlan(),) * 4), seed=3)


def arriving(recording: Recording) -> Iterator[SampleBlock]:
    """Yield the samples as the streams would deliver them: packet by packet, both sensors interleaved."""
    packets = [
        block[first:last]
        for block in (recording.pelvis, recording.ankle)
        if block is not None
        for first, last in pairwise(
            [0, *(np.flatnonzero(np.diff(block.time_s)) + 1).tolist(), len(block)],
        )
    ]
    for packet in sorted(packets, key=lambda packet: packet.time_s[0]):
        yield replace(packet, time_s=packet.time_s + NOW_S)


def begin(path: Path, header: Header, lost: Iterable[SensorPlace] = ()) -> RunningSet:
    """Begin a set recorded to `path`, which must not exist."""
    file = SetFile((path.parent,), path.stem, header)
    opened = OpenedSet(header, file.path, SetRecorder(file, lost))
    return RunningSet(opened, SetGoal(header.exercise, header.side, header.start), NOW_S, {})


def file_of(running: RunningSet) -> SetFile:
    assert running.recorder.file is not None
    return running.recorder.file


def take(running: RunningSet, items: Iterable[Item]) -> list[Event]:
    """Take the items one by one, counting after each; return the events."""
    events: list[Event] = []
    for item in items:
        running.take([item], NOW_S)
        events += running.count(running.waiting())
    return events


def finish(running: RunningSet, reason: str = "user", time_s: float = NOW_S + 60.0) -> Finished:
    return running.with_summary(running.close(reason, time_s, {}))


def record(path: Path, recording: Recording, items: Iterable[Item]) -> Finished:
    running = begin(path, recording.header)
    take(running, items)
    return finish(running)


def block_at(time_s: float, count: int = 2, place: str = "ankle") -> SampleBlock:
    still = np.tile([0.0, 0.0, 9.81], (count, 1))
    at = np.full(count, NOW_S + time_s)
    return SampleBlock(place, at, np.arange(count), np.full(count, np.nan), still, np.zeros((count, 3)))  # type: ignore[arg-type]


def test_a_set_is_recorded_completely_and_counted_as_it_was_performed(
    tmp_path: Path, set_of_four: Simulated
) -> None:
    recording = set_of_four.recording
    running = begin(tmp_path / "set.csv", recording.header)
    events = take(running, arriving(recording))
    finished = finish(running, "target")
    loaded = load(tmp_path / "set.csv")

    assert finished.analysis is not None
    assert finished.analysis.summary.set.rep_count == set_of_four.truth.rep_count == 4
    assert [e.number for e in events if isinstance(e, RepCompleted)] == [1, 2, 3, 4]
    assert finished.analysis.summary.recording.file == str(tmp_path / "set.csv")
    for place in ("pelvis", "ankle"):
        generated, stored = recording.samples(place), loaded.samples(place)
        assert generated is not None
        assert stored is not None
        np.testing.assert_array_equal(stored.sample, generated.sample)
        np.testing.assert_allclose(stored.time_s, generated.time_s, atol=1e-6)
        np.testing.assert_allclose(stored.gyr_dps, generated.gyr_dps, atol=1e-4)


def test_the_reason_of_the_end_is_in_the_file_and_in_the_events(
    tmp_path: Path, set_of_four: Simulated
) -> None:
    finished = record(tmp_path / "set.csv", set_of_four.recording, arriving(set_of_four.recording))

    assert load(tmp_path / "set.csv").notes[-1].key == "end"
    assert load(tmp_path / "set.csv").notes[-1].value == "user"
    assert [e.reason for e in finished.events if isinstance(e, SetEnded)] == ["user"]


def test_the_file_is_ahead_of_the_count(
    tmp_path: Path, set_of_four: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, row_was_written = tmp_path / "set.csv", []
    push = Pipeline.push

    def look_first(pipeline: Pipeline, *blocks: SampleBlock) -> list[object]:
        last = max(blocks, key=lambda block: block.time_s[-1])
        row_was_written.append(
            path.read_bytes().endswith(b"\n") and f"{last.time_s[-1]:.6f}," in path.read_text()[-4000:]
        )
        return list(push(pipeline, *blocks))

    monkeypatch.setattr(Pipeline, "push", look_first)
    record(path, set_of_four.recording, list(arriving(set_of_four.recording))[:200])

    assert len(row_was_written) == 200
    assert all(row_was_written)


def test_time_starts_with_the_first_arrival(tmp_path: Path) -> None:
    record(tmp_path / "set.csv", Recording(Header(), None, None), [block_at(0.25), block_at(0.5)])
    loaded = load(tmp_path / "set.csv")

    assert loaded.ankle is not None
    np.testing.assert_allclose(loaded.ankle.time_s, [0.0, 0.0, 0.25, 0.25])


def test_lost_and_found_links_are_noted_where_they_happened(tmp_path: Path) -> None:
    items: list[Item] = [
        LinkChange("ankle", NOW_S - 1.0, "connecting"),
        LinkChange("ankle", NOW_S - 0.5, "streaming"),
        block_at(0.0),
        block_at(0.01, place="pelvis"),
        LinkChange("ankle", NOW_S + 2.0, "silent"),
        LinkChange("ankle", NOW_S + 2.5, "away"),
        block_at(3.0, place="pelvis"),
        LinkChange("ankle", NOW_S + 4.0, "connected"),
        LinkChange("ankle", NOW_S + 4.1, "streaming"),
        Restarted("ankle", NOW_S + 4.2),
        block_at(4.2),
    ]
    record(tmp_path / "set.csv", Recording(Header(), None, None), items)
    lines = (tmp_path / "set.csv").read_text().splitlines()
    notes = [k for k, line in enumerate(lines) if line.startswith("# @")]
    rows_after = [sum(not line.startswith("#") for line in lines[k:]) for k in notes]

    assert load(tmp_path / "set.csv").notes == (
        Note(2.0, "link", "ankle lost"),
        Note(4.2, "restart", "ankle"),
        Note(4.2, "link", "ankle back"),
        Note(60.0, "end", "user"),
    )
    assert rows_after == [4, 2, 2, 0]


def test_a_sensor_missing_at_the_start_of_a_set_is_noted_after_the_first_row(tmp_path: Path) -> None:
    running = begin(tmp_path / "set.csv", Header(), lost=["ankle"])
    running.recorder.note("tap", "both", NOW_S - 3.0)
    take(running, [block_at(0.0, place="pelvis"), block_at(1.0)])
    finish(running, time_s=NOW_S + 2.0)
    lines = (tmp_path / "set.csv").read_text().splitlines()

    assert [(n.time_s, n.value) for n in load(tmp_path / "set.csv").notes] == [
        (0.0, "ankle lost"),
        (0.0, "both"),
        (1.0, "ankle back"),
        (2.0, "user"),
    ]
    assert lines.index("# @0.000000 link: ankle lost") > next(
        k for k, line in enumerate(lines) if ",pelvis," in line
    )


def test_samples_that_are_not_finite_are_left_out_and_noted(tmp_path: Path) -> None:
    garbled = block_at(0.5, count=3)
    garbled.acc_mps2[1, 2] = np.nan
    garbled.gyr_dps[2, 0] = np.inf
    record(tmp_path / "set.csv", Recording(Header(), None, None), [block_at(0.0), garbled])
    loaded = load(tmp_path / "set.csv")

    assert loaded.ankle is not None
    assert loaded.ankle.sample.tolist() == [0, 1, 0]
    assert Note(60.0, "left_out", "ankle 2 not finite") in loaded.notes


def test_a_set_that_cannot_be_analysed_gives_the_reason_and_keeps_its_file(
    tmp_path: Path, set_of_four: Simulated
) -> None:
    recording = set_of_four.recording
    finished = record(tmp_path / "set.csv", recording, list(arriving(recording))[:200])

    assert finished.analysis is None
    assert isinstance(finished.unusable, RecordingError)
    assert finished.unusable.code == "too_short"
    assert load(tmp_path / "set.csv").ankle is not None


def test_a_set_without_a_single_sample_ends_with_a_message(tmp_path: Path) -> None:
    finished = record(tmp_path / "set.csv", Recording(Header(), None, None), [])

    assert finished.unusable is not None
    assert finished.unusable.code == "no_samples"
    assert "# @0.000000 end: user" in (tmp_path / "set.csv").read_text()


def test_a_counting_error_leaves_the_recording_alone(
    tmp_path: Path, set_of_four: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(pipeline: Pipeline, *blocks: SampleBlock) -> list[object]:  # noqa: ARG001
        raise RecordingError("Not to be counted.", hint="Nothing to do.", code="unusable")

    monkeypatch.setattr(Pipeline, "push", refuse)
    finished = record(tmp_path / "set.csv", set_of_four.recording, arriving(set_of_four.recording))

    assert finished.analysis is not None
    assert finished.analysis.summary.set.rep_count == 4


def test_a_program_error_is_raised_after_the_file_is_closed(
    tmp_path: Path, set_of_four: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(pipeline: Pipeline, *blocks: SampleBlock) -> list[object]:  # noqa: ARG001
        raise ZeroDivisionError

    monkeypatch.setattr(Pipeline, "push", stumble)
    with pytest.raises(ZeroDivisionError):
        record(tmp_path / "set.csv", set_of_four.recording, arriving(set_of_four.recording))
    loaded = load(tmp_path / "set.csv")

    assert loaded.ankle is not None
    assert set_of_four.recording.ankle is not None
    assert len(loaded.ankle) == len(set_of_four.recording.ankle)
    assert loaded.notes[-1].key == "end"


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text("mine")
    running = begin(tmp_path / "set.csv", Header())
    finish(running)

    assert running.path == str(tmp_path / "set_2.csv")
    assert (tmp_path / "set.csv").read_text() == "mine"


def test_a_name_that_another_program_takes_first_is_given_up_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = set_recorder.RecordingWriter

    def taken_meanwhile(path: str, header: Header) -> object:
        if path.endswith("set.csv"):
            Path(path).write_text("theirs")
        return writer(path, header)

    monkeypatch.setattr(set_recorder, "RecordingWriter", taken_meanwhile)
    running = begin(tmp_path / "set.csv", Header())
    finish(running)

    assert running.path == str(tmp_path / "set_2.csv")
    assert (tmp_path / "set.csv").read_text() == "theirs"


@pytest.mark.faults
@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs a device that is always full: /dev/full")
def test_a_full_disk_is_reported_once_and_counting_goes_on(tmp_path: Path, set_of_four: Simulated) -> None:
    recording, items = set_of_four.recording, list(arriving(set_of_four.recording))
    running = begin(tmp_path / "set.csv", recording.header)
    events = take(running, items[:100])
    full = Path("/dev/full").open("ab", buffering=0)  # noqa: SIM115 - the writer closes it
    writer = file_of(running)._writer
    disk, writer._file = writer._file, full
    events += take(running, items[100:])
    finished = finish(running)
    disk.close()

    assert file_of(running).close() is None  # as a session does on its way out
    assert file_of(running).refused is not None
    assert file_of(running).refused.code == "disk_full"
    assert finished.unwritten is not None
    assert finished.analysis is not None
    assert finished.analysis.summary.set.rep_count == 4
    assert [e.number for e in events if isinstance(e, RepCompleted)] == [1, 2, 3, 4]
    assert load(tmp_path / "set.csv").ankle is not None


@pytest.mark.faults
@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs a device that is always full: /dev/full")
def test_rows_refused_by_a_full_disk_are_written_once_there_is_room(
    tmp_path: Path, set_of_four: Simulated
) -> None:
    recording, items = set_of_four.recording, list(arriving(set_of_four.recording))
    running = begin(tmp_path / "set.csv", recording.header)
    running.take(items[:100], NOW_S)
    writer = file_of(running)._writer
    disk = writer._file
    with Path("/dev/full").open("ab", buffering=0) as full:
        writer._file = full
        take(running, items[100:200])
        writer._file = disk
    running.take(items[200:], NOW_S)
    finished = finish(running)
    loaded = load(tmp_path / "set.csv")

    assert file_of(running).refused is not None
    assert finished.unwritten is None
    assert loaded.ankle is not None
    assert recording.ankle is not None
    np.testing.assert_array_equal(loaded.ankle.sample, recording.ankle.sample)


@pytest.mark.faults
@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="an open file cannot be removed there")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_file_removed_during_a_set_is_rewritten_completely(
    tmp_path: Path, set_of_four: Simulated, what: str
) -> None:
    recording, items = set_of_four.recording, list(arriving(set_of_four.recording))
    folder = tmp_path / "recordings"
    folder.mkdir()
    running = begin(folder / "set.csv", recording.header)
    take(running, items[:200])
    if what == "file":
        (folder / "set.csv").unlink()
    else:
        shutil.rmtree(folder)
    moved = file_of(running).moved()
    take(running, items[200:])
    finished = finish(running)
    loaded = load(finished.path)

    assert moved == finished.path == str(folder / "set.csv")
    assert stat.S_IMODE(Path(moved).stat().st_mode) == 0o600
    assert finished.unwritten is None
    for place in ("pelvis", "ankle"):
        generated, stored = recording.samples(place), loaded.samples(place)
        assert generated is not None
        assert stored is not None
        np.testing.assert_array_equal(stored.sample, generated.sample)
    assert finished.analysis is not None
    assert finished.analysis.summary.recording.file == finished.path


@pytest.mark.faults
def test_a_file_replaced_by_another_is_rewritten_under_a_new_name(tmp_path: Path) -> None:
    running = begin(tmp_path / "set.csv", Header())
    take(running, [block_at(0.0)])
    (tmp_path / "other").write_text("another")
    (tmp_path / "other").replace(tmp_path / "set.csv")

    assert file_of(running).moved() == str(tmp_path / "set_2.csv")
    assert file_of(running).moved() is None
    assert finish(running).path == str(tmp_path / "set_2.csv")
    assert (tmp_path / "set.csv").read_text() == "another"


@pytest.mark.faults
@pytest.mark.parametrize("noticed", ["while it runs", "at its end"])
@pytest.mark.parametrize("left", ["", "# theirs\n"])
def test_a_file_cut_short_in_place_is_rewritten_completely_under_a_new_name(
    tmp_path: Path, set_of_four: Simulated, left: str, noticed: str
) -> None:
    recording, items = set_of_four.recording, list(arriving(set_of_four.recording))
    running = begin(tmp_path / "set.csv", recording.header)
    running.take(items[:200], NOW_S)
    (tmp_path / "set.csv").write_text(left)
    running.take(items[200:205], NOW_S)
    if noticed == "while it runs":
        assert file_of(running).moved() == str(tmp_path / "set_2.csv")
        assert file_of(running).moved() is None
    running.take(items[205:], NOW_S)
    path, unwritten = running.path, file_of(running).close()
    loaded = load(running.path)

    assert unwritten is None
    assert running.path == str(tmp_path / "set_2.csv")
    assert path == (running.path if noticed == "while it runs" else str(tmp_path / "set.csv"))
    assert (tmp_path / "set.csv").read_text().startswith(left)
    for block in recording.blocks:
        stored = loaded.samples(block.sensor)
        assert stored is not None
        np.testing.assert_array_equal(stored.sample, block.sample)


@pytest.mark.faults
@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="an open file cannot be removed there")
def test_a_disk_too_full_for_rewriting_the_file_is_left_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(FileIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "full")

    running = begin(tmp_path / "set.csv", Header())
    take(running, [block_at(0.0)])
    (tmp_path / "set.csv").unlink()
    with monkeypatch.context() as disk:
        disk.setattr(writer, "create", lambda path: Full(path, "x+b"))
        assert [file_of(running).moved() for _ in range(3)] == [None] * 3
    remaining = [*tmp_path.iterdir()]

    assert remaining == []
    assert file_of(running).moved() == str(tmp_path / "set.csv")
    assert load(finish(running).path).ankle is not None


@pytest.mark.faults
def test_a_file_that_cannot_be_rewritten_is_reported_and_counting_goes_on(
    tmp_path: Path, set_of_four: Simulated
) -> None:
    recording, items = set_of_four.recording, list(arriving(set_of_four.recording))
    folder = tmp_path / "recordings"
    folder.mkdir()
    running = begin(folder / "set.csv", recording.header)
    events = take(running, items[:200])
    shutil.rmtree(folder)
    folder.write_text("no folder any more")
    moved = file_of(running).moved()
    events += take(running, items[200:])
    finished = finish(running)

    assert moved is None
    assert file_of(running).refused is not None
    assert [e.number for e in events if isinstance(e, RepCompleted)] == [1, 2, 3, 4]
    assert finished.summary is not None


@pytest.mark.faults
@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="an open file cannot be removed there")
@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("last", [200, None])
def test_a_file_whose_disk_fails_is_rewritten_completely_on_another_disk(
    tmp_path: Path, set_of_four: Simulated, code: int, last: int | None
) -> None:
    class Stuck(FileIO):
        def write(self, _: object) -> int:
            raise OSError(code, "no more")

    recording, items = set_of_four.recording, list(arriving(set_of_four.recording))
    file = SetFile((tmp_path / "one", tmp_path / "other"), "set", recording.header)
    opened = OpenedSet(recording.header, file.path, SetRecorder(file))
    running = RunningSet(opened, SetGoal(recording.header.exercise, None, "low"), NOW_S, {})
    running.take(items[:100], NOW_S)
    file._writer._file.close()
    file._writer._file = Stuck(file.path, "r+b")
    running.take(items[100:last], NOW_S)
    moved = None if last is None else file.moved()
    running.take(items[last:] if last is not None else [], NOW_S)
    finished = running.close("user", NOW_S + 60.0, {})
    loaded = load(finished.path)

    assert moved in (None, finished.path)
    assert finished.path == str(tmp_path / "other" / "set.csv")
    assert finished.unwritten is None
    assert file.refused is not None
    assert loaded.notes[-1] == Note(60.0, "end", "user")
    for place in ("pelvis", "ankle"):
        np.testing.assert_array_equal(loaded.samples(place).sample, recording.samples(place).sample)
    assert [path.name for path in (tmp_path / "one").iterdir()] == []


@pytest.mark.faults
def test_a_folder_that_may_not_be_looked_into_takes_no_file_and_ends_no_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exists = Path.exists

    def barred(path: Path, **how: Any) -> bool:
        if path.parent == tmp_path / "barred":
            raise PermissionError(errno.EACCES, "no", str(path))
        return exists(path, **how)

    file = SetFile((tmp_path / "one", tmp_path / "barred", tmp_path / "other"), "set", Header())
    monkeypatch.setattr(Path, "exists", barred)
    shutil.rmtree(tmp_path / "one")
    (tmp_path / "one").touch()

    moved = file.moved()
    monkeypatch.undo()

    assert moved == str(tmp_path / "other" / "set.csv")
    assert file.close() is None


def test_only_a_set_that_allows_any_folder_falls_back_to_another_one(tmp_path: Path) -> None:
    folders = (tmp_path / "taken", tmp_path / "other")
    folders[0].touch()
    with pytest.raises(FileAccessError):
        SetFile(folders, "set", Header())
    file = SetFile(folders, "set", Header(), anywhere=True)

    assert file.path == str(tmp_path / "other" / "set.csv")
    assert file.close() is None
