"""An interpreter that has loaded the package and forks a program for every request: see `programs`.

A program gets words, streams, folder and environment as if it had been started, and ends as if it had been.
Only what an interpreter reads from the environment at its start is that of the tests.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import imu_reps

#: Loaded by the few programs that need them.
LEFT_OUT = ("imu_reps.__main__", "imu_reps.docs", "imu_reps.fleet")


def load_package() -> None:
    """Import the modules of the package, and with them NumPy and SciPy."""
    for module in pkgutil.walk_packages(imu_reps.__path__, "imu_reps."):
        if not module.name.startswith(LEFT_OUT):
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()  # a program that collects garbage would copy all of it


def next_request(requests: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Fork a process for every request; return there, and only there, the request and its streams.

    The process between the two ends at once, so that the program becomes a child of whoever asked for it.
    """
    while True:
        message, streams, _, _ = socket.recv_fds(requests, 1 << 20, 3)
        if not message:
            os._exit(0)
        told, tell = os.pipe()
        if os.fork() == 0:
            if number := os.fork():
                os.write(tell, str(number).encode())
                os._exit(0)
            for descriptor in (told, tell, requests.detach()):
                os.close(descriptor)
            return json.loads(message), streams
        number = os.read(told, 20)
        os.wait()
        for descriptor in (told, tell, *streams):
            os.close(descriptor)
        requests.send(number)


def settle(request: dict[str, Any], streams: list[int]) -> None:
    """Give this process the streams, the terminal, the folder and the environment of the program."""
    for standard, stream in enumerate(streams):
        os.dup2(stream, standard)
    for stream in streams:
        os.close(stream)
    if request["terminal"]:
        os.login_tty(0)
    elif request["session"]:
        os.setsid()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = opened(number, getattr(sys, name), unbuffered=request["unbuffered"])
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def opened(number: int, like: io.TextIOWrapper, *, unbuffered: bool) -> io.TextIOWrapper:
    """Open a standard stream as the interpreter does."""
    unbuffered = unbuffered and number > 0
    raw = open(number, "wb" if number else "rb", 0 if unbuffered else -1, closefd=False)  # noqa: SIM115
    by_line = raw.isatty() or number == 2
    return io.TextIOWrapper(raw, like.encoding, like.errors, line_buffering=by_line, write_through=unbuffered)


def run(kind: str, what: str, words: list[str]) -> None:
    """Do what an interpreter does with ``-m module``, ``-c code`` or ``script.py``."""
    sys.path[0] = "" if kind else str(Path(what).parent)
    sys.argv = [kind or what, *words]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    elif not kind:
        runpy.run_path(what, run_name="__main__")
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with the tests
    load_package()
    request, streams = next_request(socket.socket(fileno=int(sys.argv[1])))
    settle(request, streams)
    run(request["kind"], request["what"], request["words"])
