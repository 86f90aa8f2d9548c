"""A stand-in for the clock: time passes only while everybody sleeps. Its counter wraps early on."""

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
    global now_us  # noqa: PLW0603 - a module is this stand-in's only object
    now_us += 1000 * duration
