"""Keys typed while a set runs: Enter ends it, p is pain, d discards; anything else does nothing."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator

import pytest

from imu_reps.cli.record.keys import POLL_S, on_line

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")

#: Typed texts, each a few polls after the one before, and the actions that they caused.
Type = Callable[..., list[str]]


@pytest.fixture(params=["terminal", "pipe"])
def typed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Type]:
    """Type into a terminal, or into a pipe; return the actions that were called."""
    near, far = os.openpty() if request.param == "terminal" else reversed(os.pipe())
    monkeypatch.setattr("os.tcgetpgrp", lambda _descriptor: os.getpgrp())

    class Keyboard:
        def fileno(self) -> int:
            return far

    monkeypatch.setattr("sys.stdin", Keyboard())

    def hold(*texts: str) -> list[str]:
        called: list[str] = []
        names = {"": "advance", "p": "hurt", "d": "discard"}
        calls = {key: (lambda name=name: called.append(name)) for key, name in names.items()}

        async def type_all() -> None:
            listening = asyncio.create_task(on_line(calls))
            await asyncio.sleep(POLL_S / 2)
            for text in texts:
                os.write(near, text.encode())
                await asyncio.sleep(1.5 * POLL_S)
            await asyncio.sleep(POLL_S)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

        asyncio.run(type_all())
        return called

    yield hold
    os.close(near)
    os.close(far)


def test_enter_alone_ends_and_letters_select_other_actions(typed: Type) -> None:
    assert typed("\n", "p\n", "d\n", "P \n", "pain\n") == ["advance", "hurt", "discard", "hurt", "hurt"]


def test_other_input_does_nothing(typed: Type) -> None:
    assert typed("x\n", "yes\n", "7 p\n", "\n") == ["advance"]


def test_a_letter_waits_for_its_enter(typed: Type) -> None:
    assert typed("p", "\n") == ["hurt"]
    assert typed("d") == []
