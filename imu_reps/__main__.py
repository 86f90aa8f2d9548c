"""``imu-reps`` and ``python -m imu_reps``: the command line, which a signal may end at any time."""

import atexit
import os
import signal
import sys
import threading
from contextlib import suppress
from functools import partial
from types import FrameType

#: What ends a program beside Ctrl-C, by its number where the system has it: `kill`, a closed terminal.
_ENDING = [number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None]


def main() -> None:
    """Run the command line; whatever signal ends it, all that Ctrl-C would is put in order first.

    That holds while Python still loads it, too. A second signal of the same kind ends it at once; one that is
    ignored (``nohup``) stays so.
    """
    ended_by: list[int] = []
    for number in _ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, partial(_end, ended_by))
    status: list[object] = [1]  # that of an exception nobody expected
    atexit.register(_leave_threads, status)  # registered first, called last
    try:
        from imu_reps.cli.main import main as command_line

        command_line()
    except KeyboardInterrupt:
        status[0] = 128 + signal.SIGINT
        sys.exit(128 + signal.SIGINT)
    except SystemExit as end:
        status[0] = 0 if end.code is None else end.code
        raise
    except Exception:  # compiled code that a signal ends while it is loaded raises an error of its own
        if not ended_by:
            raise
        status[0] = 128 + ended_by[0]
        sys.exit(128 + ended_by[0])


def _leave_threads(status: list[object]) -> None:
    """Exit at once if a daemon thread still runs, as one that draws a report nobody waits for.

    Python unwinds such threads, which compiled code does not stand: the program would abort, all done
    (https://docs.python.org/3/c-api/init.html#c.Py_FinalizeEx).
    """
    if any(thread.daemon for thread in threading.enumerate()):
        for stream in filter(None, (sys.stdout, sys.stderr)):
            with suppress(OSError, ValueError):  # closed: whoever read it has gone
                stream.flush()
        os._exit(status[0] if isinstance(status[0], int) else 1)


def _end(ended_by: list[int], number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as called
    signal.signal(number, signal.SIG_DFL)
    ended_by.append(number)
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
