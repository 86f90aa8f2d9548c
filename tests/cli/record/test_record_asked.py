"""Keys typed while ``imu-reps record`` runs, from the keyboard to the files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from programs import Program

from imu_reps import load


@pytest.mark.skipif(sys.platform == "win32", reason="there only a terminal is listened to")
def test_a_set_is_discarded_and_the_next_one_hurts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMU_REPS_HOME", str(tmp_path))
    words = ["--virtual", "--speed", "5", "--reps", "30", "--sets", "3", "--rest", "1", "--quiet"]
    command = ["-m", "imu_reps", "record", *words]
    answers = ["d\n", "p\n"]
    output = ""
    with Program(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in process.stdout:
            output += line
            if line.rstrip().endswith(" s  1") and answers:
                process.stdin.write(answers.pop(0))
                process.stdin.flush()
    first, second = (load(file) for file in sorted((tmp_path / "recordings").glob("*.csv")))

    assert process.returncode == 0
    assert (first.discarded, second.discarded) == (True, False)
    assert [recording.notes[-1].value for recording in (first, second)] == ["user", "pain"]
    assert "it hurt" in output
    assert "see a professional" in " ".join(output.split())
