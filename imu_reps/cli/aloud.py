"""The terminal's sound: tones and speech by the platform's own commands, in a thread of its own."""

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
from types import TracebackType
from typing import Self

from imu_reps.cli.console import mention
from imu_reps.domain.cue import Cue
from imu_reps.session.session_events import Cued, SessionEvent

#: Hz and seconds of each kind of cue, and of the cues that have a sound of their own, one after the other.
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
#: What waited longer is not said any more: its moment has passed.
LATE_S = 0.8
#: So long a number waits for the end of a fault's words: a number later than that is the next one's.
FOLLOWS_S = 0.4

#: Commands that speak what follows them, the first there is; and those that play a WAV file.
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


def command(choices: Sequence[Sequence[str]]) -> list[str] | None:
    """The first of these commands that this computer has."""
    return next((list(words) for words in choices if shutil.which(words[0])), None)


def speaker(system: str) -> list[str] | None:
    """What speaks on such a system; None: nothing. On Windows the words come on its standard input."""
    if system == "Windows":
        return [*POWERSHELL, _SPEAK] if shutil.which(POWERSHELL[0]) else None
    return command(SPEAKERS.get(system, SPEAKERS["Linux"]))


def player(system: str) -> list[str] | None:
    """What plays the WAV file named after it on such a system; None: nothing."""
    if system == "Windows":  # starting PowerShell for a beat takes longer than the beat
        return None
    return command(PLAYERS.get(system, PLAYERS["Linux"]))


@functools.cache
def tone_wav(tone: str) -> bytes:
    """A tone as a WAV file."""
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


class Aloud:
    """Says and sounds a session's cues; a context manager that takes session events and never waits.

    What is still being said gives way to what comes next, but a fault to no number: that follows it. What is
    late is not said. Where the computer has nothing to speak with, it is silent and says so once.
    """

    def __init__(self) -> None:
        self._system = platform.system()
        self._speaker, self._player = speaker(self._system), player(self._system)
        self._waiting: queue.Queue[tuple[Cue, float] | None] = queue.Queue()
        self._speaking: subprocess.Popen[str] | None = None
        self._said = ""  # the tone of what was spoken last
        self._started: list[subprocess.Popen[str]] = []
        self._thread = threading.Thread(target=self._run, name="aloud", daemon=True)

    def __enter__(self) -> Self:
        if self._speaker is None:
            mention(HINTS.get(self._system, HINTS["Linux"]))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.put(None)
        self._thread.join(timeout=LATE_S)

    def __call__(self, event: SessionEvent) -> None:
        """Take what a session tells; only cues are heard."""
        if isinstance(event, Cued):
            self._waiting.put((event.cue, time.monotonic()))

    def _run(self) -> None:
        import tempfile

        with tempfile.TemporaryDirectory(prefix="imu-reps-") as folder:
            while (next_one := self._waiting.get()) is not None:
                cue, told_s = next_one
                if time.monotonic() - told_s > LATE_S:
                    continue
                with contextlib.suppress(OSError):  # a command that went away: it stays silent
                    self._sound(cue.code if cue.code in TONES else cue.tone, Path(folder))
                    if cue.words and self._speaker is not None:
                        self._speak(cue)
            for one in self._started:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    one.wait(timeout=LATE_S)

    def _sound(self, tone: str, folder: Path) -> None:
        if self._player is None:
            return
        file = folder / f"{tone}.wav"
        if not file.exists():
            file.write_bytes(tone_wav(tone))
        self._started = [one for one in self._started if one.poll() is None]
        self._started.append(_quietly([*self._player, str(file)]))

    def _speak(self, cue: Cue) -> None:
        assert self._speaker is not None
        if self._speaking is not None:
            if self._said == "fault" and cue.tone == "count":
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._speaking.wait(timeout=FOLLOWS_S)
            if self._speaking.poll() is None:
                self._speaking.terminate()
        self._said, words = cue.tone, cue.words
        if self._system == "Windows":
            self._speaking = subprocess.Popen(self._speaker, stdin=subprocess.PIPE, text=True)
            assert self._speaking.stdin is not None
            self._speaking.stdin.write(words)
            self._speaking.stdin.close()
        else:
            self._speaking = _quietly([*self._speaker, words])
        self._started.append(self._speaking)


def _quietly(words: list[str]) -> subprocess.Popen[str]:
    """Start a command that neither asks nor prints."""
    nothing = subprocess.DEVNULL
    return subprocess.Popen(words, stdin=nothing, stdout=nothing, stderr=nothing, text=True)
