"""Python programs that tests start, forked from an interpreter that has loaded the package.

Loading NumPy, SciPy and the package takes a program longer than most of them run. What proves something about
the start itself starts `sys.executable`.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

LOADED = Path(__file__).with_name("loaded.py")

#: Who loses its parent becomes a child of this process (``linux/prctl.h``).
SET_CHILD_SUBREAPER = 36


class Program(subprocess.Popen):  # type: ignore[type-arg]
    """A program with words as for an interpreter: ``-u -m imu_reps report``, ``-c code`` or ``script.py``.

    On Linux it is forked, elsewhere started. With `terminal`, the terminal that is its standard input becomes
    that of its session.
    """

    def __init__(self, *words: str, terminal: bool = False, **how: Any) -> None:
        self._terminal = terminal
        if terminal and sys.platform != "linux":
            how["preexec_fn"] = lambda: os.login_tty(0)
        super().__init__([sys.executable, *words], **how)

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> None:
        """End the program if the test that waits for it has failed: `Popen` would wait on."""
        if kind is not None:
            self.kill()
        super().__exit__(kind, value, traceback)

    if sys.platform == "linux":

        def _execute_child(self, args: list[str], *rest: Any) -> None:
            """Do as `subprocess.Popen` asks, by position, in 3.11 to 3.13; the rest it does itself."""
            (folder, environment), pipes, alone = rest[4:6], rest[9:15], rest[20]
            request = {
                **_asked(args[1:]),
                "folder": os.fspath(folder or Path.cwd()),
                "environment": dict(os.environ if environment is None else environment),
                "session": alone,
                "terminal": self._terminal,
            }
            given = (pipes[0], pipes[3], pipes[5])
            self.pid = _forked(request, [own if stream == -1 else stream for own, stream in enumerate(given)])
            self._child_created = True
            self._close_pipe_fds(*pipes)


def run(*words: str, **how: Any) -> subprocess.CompletedProcess[Any]:
    """Run a program to its end, as `subprocess.run` does, with its output captured unless told otherwise."""
    with Program(*words, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}) as program:
        output, complaints = program.communicate()
    return subprocess.CompletedProcess(program.args, program.returncode, output, complaints)


def in_terminal(*words: str, **how: Any) -> tuple[Program, int]:
    """Run a program in a terminal of its own; return it and the file handle of keyboard and screen."""
    keyboard_and_screen, terminal = os.openpty()
    program = Program(*words, terminal=True, stdin=terminal, stdout=terminal, stderr=terminal, **how)
    os.close(terminal)
    return program, keyboard_and_screen


def _asked(words: list[str]) -> dict[str, Any]:
    """Return what the interpreter is asked for by its words."""
    unbuffered = words[0] == "-u" or bool(os.environ.get("PYTHONUNBUFFERED"))
    words = words[words[0] == "-u" :]
    kind, what, *more = words if words[0].startswith("-") else ["", *words]
    assert kind in ("-m", "-c", ""), f"it is not forked with {kind}"
    return {"unbuffered": unbuffered, "kind": kind, "what": what, "words": more}


@cache
def _loaded(tests: int) -> tuple[socket.socket, subprocess.Popen[bytes]]:  # noqa: ARG001  # one per process
    """Start the interpreter that forks programs, which ends with the tests; return the way to it."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    words = [sys.executable, str(LOADED), str(there.fileno())]
    # as the command line has it before NumPy is loaded
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    with there:
        process = subprocess.Popen(
            words, pass_fds=[there.fileno()], stdin=subprocess.DEVNULL, env=environment
        )
    return here, process


def _forked(request: dict[str, Any], streams: list[int]) -> int:
    """Have a program forked, and return its number: it is a child of this process."""
    requests, _ = _loaded(os.getpid())
    library = ctypes.CDLL(None)
    library.prctl(SET_CHILD_SUBREAPER, 1)
    try:
        socket.send_fds(requests, [json.dumps(request).encode()], streams)
        return int(requests.recv(20))
    finally:
        library.prctl(SET_CHILD_SUBREAPER, 0)
