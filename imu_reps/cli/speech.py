"""Play cues in the terminal: tones and speech by the platform's own commands, in a thread."""

from __future__ import annotations

import contextlib
import functools
import io
import platform
import queue
import shutil
import subprocess
import threading
import time
import wave
from array import array
from collections.abc import Mapping, Sequence
from math import pi, sin
from pathlib import Path
from typing import Self

from imu_reps.cli.console import echo_stderr
from imu_reps.domain.cue import Cue
from imu_reps.session.session_events import Cued, SessionEvent

#: Notes (Hz, seconds) of each tone, and of the cue codes that have their own sound.
TONES: Mapping[str, Sequence[tuple[float, float]]] = {
    "beat": [(1200.0, 0.03)],
    "count": [(660.0, 0.07), (990.0, 0.11)],
    "hold": [(880.0, 0.16)],
    "done": [(660.0, 0.12), (880.0, 0.12), (1320.0, 0.22)],
    "stop": [(220.0, 0.3), (160.0, 0.4)],
    "fault": [(440.0, 0.14), (330.0, 0.18)],
    "notice": [(760.0, 0.08)],
    "in_range": [(1050.0, 0.07), (1400.0, 0.12)],
    "too_low": [(350.0, 0.1), (260.0, 0.14)],
}
RATE_HZ, LOUDNESS, FADE_S = 22_050, 0.4, 0.005
#: A cue that waited longer than this is dropped: its moment has passed.
MAX_DELAY_S = 0.8
#: How long a number waits for a fault's words to end: later than that, the next number is due.
FAULT_WAIT_S = 0.4

#: Text-to-speech commands, then commands that play a WAV file; the first one installed is used.
SPEAKERS: Mapping[str, Sequence[Sequence[str]]] = {
    "Darwin": [["say", "-r", "210"]],
    "Linux": [["spd-say", "--wait"], ["espeak-ng"], ["espeak"]],
}
PLAYERS: Mapping[str, Sequence[Sequence[str]]] = {
    "Darwin": [["afplay"]],
    "Linux": [["pw-play"], ["paplay"], ["aplay", "-q"]],
}
POWERSHELL = ["powershell", "-NoProfile", "-Command"]
_SPEAK = (
    "Add-Type -AssemblyName System.Speech; "
    "(New-Object System.Speech.Synthesis.SpeechSynthesizer).Speak([Console]::In.ReadToEnd())"
)

HINTS = {
    "Linux": "No voice: install speech-dispatcher (spd-say) or espeak-ng to hear the count, or say --mute.",
    "Windows": "No voice: PowerShell was not found, which speaks here.",
}


def _first_available(choices: Sequence[Sequence[str]]) -> list[str] | None:
    return next((list(words) for words in choices if shutil.which(words[0])), None)


def speech_command(system: str) -> list[str] | None:
    """Return the text-to-speech command of a platform; on Windows it reads standard input."""
    if system == "Windows":
        return [*POWERSHELL, _SPEAK] if shutil.which(POWERSHELL[0]) else None
    return _first_available(SPEAKERS.get(system, SPEAKERS["Linux"]))


def player_command(system: str) -> list[str] | None:
    """Return the command of a platform that plays a WAV file given as its argument."""
    if system == "Windows":  # starting PowerShell for a beat takes longer than the beat
        return None
    return _first_available(PLAYERS.get(system, PLAYERS["Linux"]))


@functools.cache
def tone_wav(tone: str) -> bytes:
    """Synthesize a tone as a WAV file."""
    samples = array("h")
    for hertz, seconds in TONES[tone]:
        count = round(RATE_HZ * seconds)
        for k in range(count):
            fade = min(1.0, k / (FADE_S * RATE_HZ), (count - k) / (FADE_S * RATE_HZ))
            samples.append(round(32_767 * LOUDNESS * fade * sin(2.0 * pi * hertz * k / RATE_HZ)))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())
    return out.getvalue()


class CueSpeaker:
    """Speak the cues of a session; a context manager that takes session events and never blocks.

    A new cue cuts off the one being spoken, except that a number waits for a fault's words. Late cues are
    dropped. Without a text-to-speech command it stays silent and prints a hint once.
    """

    def __init__(self) -> None:
        self._system = platform.system()
        self._speaker, self._player = speech_command(self._system), player_command(self._system)
        self._waiting: queue.Queue[tuple[Cue, float] | None] = queue.Queue()
        self._speech: subprocess.Popen[str] | None = None
        self._last_tone = ""  # tone of the cue spoken last
        self._started: list[subprocess.Popen[str]] = []
        self._thread = threading.Thread(target=self._run, name="aloud", daemon=True)

    def __enter__(self) -> Self:
        if self._speaker is None:
            echo_stderr(HINTS.get(self._system, HINTS["Linux"]))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.put(None)
        self._thread.join(timeout=MAX_DELAY_S)

    def __call__(self, event: SessionEvent) -> None:
        """Queue a cue; other events are ignored."""
        if isinstance(event, Cued):
            self._waiting.put((event.cue, time.monotonic()))

    def _run(self) -> None:
        import tempfile

        with tempfile.TemporaryDirectory(prefix="imu-reps-") as folder:
            while (next_one := self._waiting.get()) is not None:
                cue, queued_s = next_one
                if time.monotonic() - queued_s > MAX_DELAY_S:
                    continue
                with contextlib.suppress(OSError):  # the command was uninstalled meanwhile
                    self._sound(cue.code if cue.code in TONES else cue.tone, Path(folder))
                    if cue.words and self._speaker is not None:
                        self._speak(cue)
            for one in self._started:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    one.wait(timeout=MAX_DELAY_S)

    def _sound(self, tone: str, folder: Path) -> None:
        if self._player is None:
            return
        file = folder / f"{tone}.wav"
        if not file.exists():
            file.write_bytes(tone_wav(tone))
        self._started = [one for one in self._started if one.poll() is None]
        self._started.append(_start_silently([*self._player, str(file)]))

    def _speak(self, cue: Cue) -> None:
        assert self._speaker is not None
        if self._speech is not None:
            if self._last_tone == "fault" and cue.tone == "count":
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._speech.wait(timeout=FAULT_WAIT_S)
            if self._speech.poll() is None:
                self._speech.terminate()
        self._last_tone, words = cue.tone, cue.words
        if self._system == "Windows":
            self._speech = subprocess.Popen(self._speaker, stdin=subprocess.PIPE, text=True)
            assert self._speech.stdin is not None
            self._speech.stdin.write(words)
            self._speech.stdin.close()
        else:
            self._speech = _start_silently([*self._speaker, words])
        self._started.append(self._speech)


def _start_silently(words: list[str]) -> subprocess.Popen[str]:
    nothing = subprocess.DEVNULL
    return subprocess.Popen(words, stdin=nothing, stdout=nothing, stderr=nothing, text=True)
