"""A clock that does not wrap, and a steady schedule of readings. Pure; also runs under CPython."""


class Clock:
    """Makes a counter of microseconds that wraps one that does not, and that starts at 0.

    `time.ticks_us()` wraps at 2**30 (about 18 minutes) on most boards; read this at least once per wrap.
    """

    def __init__(self, ticks, modulus=1 << 30):
        self._mask = modulus - 1
        self._last = ticks
        self.us = 0

    def read(self, ticks):
        """Take the counter and give the microseconds since the start."""
        self.us += (ticks - self._last) & self._mask
        self._last = ticks
        return self.us


class Ticks:
    """Says when a reading is due: every 1/rate seconds, whatever the delay of the one before."""

    def __init__(self, rate_hz, now_us):
        self._period_us = 1000000 // rate_hz
        self._next_us = now_us

    def due(self, now_us):
        """Whether a reading is due. Ticks that went by unread are skipped."""
        late = now_us - self._next_us
        if late < 0:
            return False
        self._next_us += (late // self._period_us + 1) * self._period_us
        return True
