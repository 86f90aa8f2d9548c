"""``imu-reps`` and ``python -m imu_reps``: the command line, which a signal may end at any time."""

import signal
import sys
from types import FrameType

#: What ends a program beside Ctrl-C, by its number where the system has it: `kill`, a closed terminal.
_ENDING = [number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None]


def main() -> None:
    """Run the command line; whatever signal ends it, all that Ctrl-C would is put in order first.

    That holds while Python still loads it, too. A second signal of the same kind ends it at once; one that is
    ignored (``nohup``) stays so.
    """
    for number in _ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)
    try:
        from imu_reps.cli.main import main as command_line

        command_line()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the handler's signature
    signal.signal(number, signal.SIG_DFL)
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
