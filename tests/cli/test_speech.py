"""Sound and speech in the terminal: by installed commands, never late, silent with a hint."""

from __future__ import annotations

import io
import os
import stat
import time
import wave
from pathlib import Path

import pytest

from imu_reps.cli import speech as aloud
from imu_reps.cli.speech import TONES, CueSpeaker, player_command, speech_command, tone_wav
from imu_reps.domain.cue import make_cue
from imu_reps.session.session_events import Cued

pytestmark = pytest.mark.skipif(os.name == "nt", reason="stands commands in by shell scripts")


def logging_command(folder: Path, name: str) -> Path:
    """Create a command that logs its arguments."""
    log = folder / f"{name}.log"
    script = folder / name
    script.write_text(f'#!/bin/sh\necho "$@" >> "{log}"\n', encoding="utf-8")
    script.chmod(script.stat().st_mode | stat.S_IEXEC)
    return log


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder in which commands are found, except by the shell itself."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(aloud.platform, "system", lambda: "Linux")
    return tmp_path


def lines(log: Path, count: int) -> list[str]:
    until_s = time.monotonic() + 5.0
    while time.monotonic() < until_s:
        found = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        if len(found) >= count:
            return found
        time.sleep(0.02)
    return found


def cued(code: str, words: str, tone: str) -> Cued:
    return Cued(make_cue(code, words, 1.0, "a test", tone=tone, until_s=2.0))  # type: ignore[arg-type]


def test_words_are_spoken_and_tones_played_by_installed_commands(
    commands: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aloud, "MAX_DELAY_S", 30.0)  # however busy this computer is
    spoken, played = logging_command(commands, "espeak-ng"), logging_command(commands, "aplay")
    with CueSpeaker() as voice:
        voice(cued("count", "3", "count"))
        assert lines(spoken, 1) == ["3"]
        voice(cued("beat", "", "beat"))
        assert [Path(line.split()[-1]).name for line in lines(played, 2)] == ["count.wav", "beat.wav"]
    assert lines(spoken, 1) == ["3"]


def test_without_a_voice_it_is_silent_and_names_what_to_install(
    commands: Path,  # noqa: ARG001 - none is installed
    capsys: pytest.CaptureFixture[str],
) -> None:
    with CueSpeaker() as voice:
        voice(cued("count", "3", "count"))

    assert "espeak-ng" in capsys.readouterr().err


def test_a_cue_that_waited_too_long_is_not_spoken(commands: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoken = logging_command(commands, "espeak")
    voice = CueSpeaker()
    voice(cued("count", "1", "count"))
    time.sleep(0.05)
    monkeypatch.setattr(aloud, "MAX_DELAY_S", 0.04)
    with voice:
        voice(cued("count", "2", "count"))
        assert lines(spoken, 1) == ["2"]


@pytest.mark.parametrize("tone", TONES)
def test_every_tone_is_a_sound_file_of_its_length(tone: str) -> None:
    with wave.open(io.BytesIO(tone_wav(tone))) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(
            sum(seconds for _, seconds in TONES[tone]), abs=0.01
        )


@pytest.mark.parametrize(
    ("system", "name"), [("Darwin", "say"), ("Linux", "spd-say"), ("Windows", "powershell")]
)
def test_each_platform_has_its_own_command(commands: Path, system: str, name: str) -> None:
    assert speech_command(system) is None
    logging_command(commands, name)
    found = speech_command(system)

    assert found is not None
    assert found[0] == name
    assert player_command(system) is None


def test_a_number_follows_a_spoken_fault_and_interrupts_a_spoken_number(
    commands: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aloud, "MAX_DELAY_S", 30.0)
    monkeypatch.setattr(aloud, "FAULT_WAIT_S", 30.0)
    spoken = logging_command(commands, "espeak-ng")
    speaks = f'#!/bin/sh\n[ "$1" = 9 ] || /bin/sleep 0.5\necho "$@" >> "{spoken}"\n'
    (commands / "espeak-ng").write_text(speaks, encoding="utf-8")
    with CueSpeaker() as voice:
        for code, words, tone in [
            ("slower", "slower", "fault"),
            ("count", "4", "count"),
            ("count", "9", "count"),
        ]:
            voice(cued(code, words, tone))

        assert lines(spoken, 2) == ["slower", "9"]
