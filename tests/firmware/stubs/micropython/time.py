"""A stub of the clock: time passes only while all tasks sleep. Its counter wraps early."""

PERIOD = 1 << 30

now_us = PERIOD - 300000


def ticks_us():
    return now_us % PERIOD


def ticks_ms():
    return now_us // 1000 % PERIOD


def ticks_add(ticks, delta):
    return (ticks + delta) % PERIOD


def ticks_diff(end, start):
    return (end - start + PERIOD // 2) % PERIOD - PERIOD // 2


def sleep_ms(duration):
    global now_us  # noqa: PLW0603 - a module is the only object of this stub
    now_us += 1000 * duration
