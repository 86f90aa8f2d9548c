"""The writer: data is on disk as it arrives, nothing is overwritten, and there are no gaps."""

from __future__ import annotations

import gzip
import os
import resource
import signal
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest

from imu_reps import Header, Note, Recording, SampleBlock, SensorHeader, load, save
from imu_reps.errors import FileAccessError
from imu_reps.storage.recording.writer import RecordingWriter


def block(sensor, *time_s, first=0):
    n = len(time_s)
    ones = np.ones((n, 3))
    number = np.arange(first, first + n)
    return SampleBlock(sensor, np.array(time_s, dtype=float), number, number * 0.01, 9.5 * ones, -2.0 * ones)


def test_it_writes_the_format_exactly(tmp_path):
    path = tmp_path / "set.csv"
    header = Header(
        created=datetime(2026, 11, 21, 7, 30, tzinfo=UTC),
        side="left",
        ankle=SensorHeader("witmotion", 100.0),
        extra={"mood": "good"},
    )
    sample = SampleBlock(
        "ankle",
        np.array([0.0, 12.5]),
        np.array([0, 7]),
        np.array([495.25073, np.nan]),
        np.array([[-0.97444, -3.36146, 9.81383], [0.0, 1.0, 1e-7]]),
        np.array([[-0.6409, 0.7019, 0.7629], [1000.0, -2000.0, 3.0]]),
    )
    with RecordingWriter(path, header) as writer:
        writer.write(sample[:1])
        writer.note(Note(3.25, "link", "ankle lost"))
        writer.write(sample[1:])
    assert path.read_bytes().decode() == (
        "# format: imu-reps-recording/1\n"
        "# created: 2026-11-21T07:30:00+00:00\n"
        "# exercise: single_leg_raise\n"
        "# side: left\n"
        "# start: low\n"
        "# posture: supine\n"
        "# ankle.sensor: witmotion\n"
        "# ankle.rate_hz: 100\n"
        "# ankle.counter: device\n"
        "# mood: good\n"
        "time_s,sensor,sample,device_time_s,"
        "acc_x_mps2,acc_y_mps2,acc_z_mps2,gyr_x_dps,gyr_y_dps,gyr_z_dps\n"
        "0.000000,ankle,0,495.250730,-0.97444,-3.36146,9.81383,-0.6409,0.7019,0.7629\n"
        "# @3.250000 link: ankle lost\n"
        "12.500000,ankle,7,,0.00000,1.00000,0.00000,1000.0000,-2000.0000,3.0000\n"
    )


def test_a_recording_saved_under_a_compressed_name_is_compressed(tmp_path):
    recording = Recording(Header(), None, block("ankle", 0.0, 0.01, 0.02))
    save(recording, tmp_path / "set.csv")
    save(recording, tmp_path / "set.csv.gz")
    assert gzip.decompress((tmp_path / "set.csv.gz").read_bytes()) == (tmp_path / "set.csv").read_bytes()


def test_a_file_that_moves_has_its_name_only_when_it_is_whole(tmp_path, monkeypatch):
    writer = RecordingWriter(tmp_path / "set.csv", Header())
    writer.write(block("ankle", 0.0, 0.01))
    names = []
    monkeypatch.setattr(os, "fsync", lambda _: names.extend(path.name for path in tmp_path.glob("*.csv")))
    writer.move(tmp_path / "moved.csv")
    writer.write(block("ankle", 0.02, first=2))
    assert names == ["set.csv"]
    assert [path.name for path in tmp_path.iterdir()] == ["moved.csv"]
    writer.close()
    assert len(load(tmp_path / "moved.csv").ankle) == 3


def test_rows_can_be_read_as_soon_as_they_are_written(tmp_path):
    path = tmp_path / "set.csv"
    with RecordingWriter(path, Header()) as writer:
        for i in range(5):
            writer.write(block("ankle", i * 0.05, i * 0.05, first=2 * i))
            recording = load(path)
            assert len(recording.ankle) == 2 * i + 2
            assert recording.cautions == ()


def test_a_killed_program_loses_no_row(tmp_path):
    path = tmp_path / "set.csv"
    script = (
        "import os, signal, sys, numpy as np\n"
        "from imu_reps.domain.recording import Header\n"
        "from imu_reps.domain.samples import SampleBlock\n"
        "from imu_reps.storage.recording.writer import RecordingWriter\n"
        "writer = RecordingWriter(sys.argv[1], Header())\n"
        "n = np.arange(50)\n"
        "writer.write(SampleBlock('ankle', n / 100, n, n / 100, np.ones((50, 3)), np.ones((50, 3))))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(load(path).ankle) == 50


def test_an_existing_file_is_never_touched(tmp_path):
    path = tmp_path / "set.csv"
    path.write_text("mine")
    for write in (
        lambda: RecordingWriter(path, Header()),
        lambda: save(Recording(Header(), None, block("ankle", 0.0)), path),
    ):
        with pytest.raises(FileAccessError) as caught:
            write()
        assert caught.value.code == "exists"
        assert str(path) in caught.value.message
    assert path.read_text() == "mine"


def test_a_missing_folder_is_an_access_error(tmp_path):
    with pytest.raises(FileAccessError) as caught:
        RecordingWriter(tmp_path / "none" / "set.csv", Header())
    assert caught.value.code == "not_found"


def test_decreasing_time_is_refused_within_and_across_blocks(tmp_path):
    with RecordingWriter(tmp_path / "set.csv", Header()) as writer:
        writer.write(block("ankle", 1.0, 2.0))
        writer.write(block("pelvis", 2.0))
        with pytest.raises(ValueError, match="back"):
            writer.write(block("pelvis", 1.99))
        with pytest.raises(ValueError, match="backwards"):
            writer.write(block("pelvis", 4.0, 3.0))
    recording = load(tmp_path / "set.csv")
    assert recording.ankle.time_s.tolist() == [1.0, 2.0]
    assert recording.pelvis.time_s.tolist() == [2.0]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_sample_that_could_not_be_read_back_is_refused(tmp_path, value):
    bad = block("ankle", 0.0)
    bad.acc_mps2[0, 1] = value
    with RecordingWriter(tmp_path / "set.csv", Header()) as writer, pytest.raises(ValueError, match="finite"):
        writer.write(bad)


@pytest.mark.parametrize(
    "note",
    [
        Note(0.0, "said", "two\nlines"),
        Note(0.0, "said", "carriage\rreturn"),
        Note(0.0, "a: b", "c"),
        Note(0.0, "", "c"),
        Note(0.0, "said", "\ud800"),
    ],
)
def test_a_note_that_could_not_be_read_back_is_refused(tmp_path, note):
    with RecordingWriter(tmp_path / "set.csv", Header()) as writer:
        with pytest.raises(ValueError, match=r"line|not a note|surrogates"):
            writer.note(note)
        writer.write(block("ankle", 0.0))
    assert load(tmp_path / "set.csv").notes == ()


@pytest.mark.parametrize(
    "extra", [{"exercise": "x"}, {"@1 tap": "x"}, {"a": "b\nc"}, {"a:b": "c"}, {"": "c"}]
)
def test_a_header_that_could_not_be_read_back_creates_no_file(tmp_path, extra):
    with pytest.raises(ValueError, match=r"one line|keys of the format"):
        RecordingWriter(tmp_path / "set.csv", Header(extra=extra))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a limit on file size")  # noqa: PTH110
def test_after_a_full_disk_the_file_continues_without_a_gap(tmp_path):
    path = tmp_path / "set.csv"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    writer = RecordingWriter(path, Header())
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100, hard))
        with pytest.raises(FileAccessError) as caught:
            writer.write(block("ankle", 0.0, 0.1, 0.2))
        assert caught.value.hint
        assert len(load(path).ankle) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    writer.write(block("ankle", 0.3, first=3))
    writer.close()
    assert load(path).ankle.sample.tolist() == [0, 1, 2, 3]
    assert load(path).cautions == ()


def test_closing_twice_is_harmless(tmp_path):
    writer = RecordingWriter(tmp_path / "set.csv", Header())
    writer.close()
    writer.close()


def test_save_interleaves_by_arrival_and_puts_notes_where_they_happened(tmp_path):
    path = tmp_path / "set.csv"
    notes = (Note(0.1, "tap", "both"), Note(0.15, "link", "ankle lost"), Note(9.0, "effort", "7"))
    save(Recording(Header(), block("pelvis", 0.1, 0.2), block("ankle", 0.0, 0.1, 0.3), notes), path)
    rows = [line for line in path.read_text().splitlines() if line[0].isdigit() or line.startswith("# @")]
    assert [row.rsplit(",", 8)[0] for row in rows] == [
        "0.000000,ankle",
        "0.100000,pelvis",
        "0.100000,ankle",
        "# @0.100000 tap: both",
        "# @0.150000 link: ankle lost",
        "0.200000,pelvis",
        "0.300000,ankle",
        "# @9.000000 effort: 7",
    ]


def test_save_does_not_sort_a_sensor_whose_time_decreases(tmp_path):
    with pytest.raises(ValueError, match="goes back"):
        save(Recording(Header(), None, block("ankle", 1.0, 0.5)), tmp_path / "set.csv")
    assert list(tmp_path.iterdir()) == []
