"""The open profile, version 1: bytes, numbering and the queue of packets. Pure; also runs under CPython.

Does exactly what the C encoder does (`../arduino/imureps/imureps_profile.c`).
"""

import struct

SERVICE = "ba1a0001-b277-4069-b9f6-a8d937c46c72"
STREAM = "ba1a0002-b277-4069-b9f6-a8d937c46c72"
INFO = "ba1a0003-b277-4069-b9f6-a8d937c46c72"
CONTROL = "ba1a0004-b277-4069-b9f6-a8d937c46c72"

VERSION = 1
HEADER = 8
SAMPLE = 12
BATCH_MAX = 19
NAME_MAX = 20
QUEUE_BYTES = 2560

SATURATED, OVERRUN, BATTERY_LOW = 1, 2, 4
START, STOP, RATE, IDENTIFY, HOST_TIME = 1, 2, 3, 4, 5
LSM6DS3, LSM6DSO, BMI270 = 1, 2, 3

_COMMAND_LENGTHS = (0, 1, 1, 3, 1, 9)


def pack_info(rate_hz, acc_range_g, gyro_range_dps, sensor, name):
    """Give the bytes of the info characteristic; ranges are what a reading of 32768 would stand for."""
    head = struct.pack("<BHBHB", VERSION, rate_hz, acc_range_g, gyro_range_dps, sensor)
    return head + name.encode()[:NAME_MAX]


def read_command(data):
    """Read what was written to control: (command, value), or (0, 0) for anything else."""
    if not data or data[0] >= len(_COMMAND_LENGTHS) or len(data) != _COMMAND_LENGTHS[data[0]]:
        return 0, 0
    value = 0
    for byte in reversed(bytes(data[1:])):
        value = value << 8 | byte
    if data[0] == RATE and value == 0:
        return 0, 0
    return data[0], value


def batch_size(rate_hz, mtu):
    """Samples to a packet: about 50 ms, and no more than one notification holds."""
    room = (mtu - 3 - HEADER) // SAMPLE
    return max(1, min(rate_hz // 20, room, BATCH_MAX))


class Stream:
    """Packets out of samples: the grid, the numbering, and what waits for the radio."""

    def __init__(self):
        self.battery_low = False
        self._seq = 0
        self._begun_us = None
        self.begin(100, 5)

    def begin(self, rate_hz, batch):
        """Begin anew: what was not sent is thrown away, the numbering goes on by the time."""
        self._rate_hz = rate_hz
        self._batch = batch
        self._period_us = 1000000 // rate_hz
        length = HEADER + batch * SAMPLE
        self._slots = min(QUEUE_BYTES // length, rate_hz // (2 * batch) + 2)
        self._packet = bytearray(length)
        self._position = 0
        self._whole = True
        self._overrun = False
        self._grid_us = None
        self._waiting = []

    def add(self, taken_us, raw):
        """Take a sample: six integers and the instant it was taken. Gaps are found and counted by that."""
        if self._grid_us is None:
            self._first_sample(taken_us)
        else:
            steps = self._steps_to(taken_us)
            if steps == 0:
                return
            self._advance(steps - 1)
        if self._position == 0:
            struct.pack_into("<HIBB", self._packet, 0, self._seq, taken_us & 0xFFFFFFFF, self._batch, 0)
            self._begun_us = taken_us
        if self._whole:
            self._put_sample(raw)
        self._position += 1
        if self._whole and self._position == self._batch:
            self._finish_packet()

    def oldest(self):
        """Give the oldest packet that waits, or None."""
        return self._waiting[0] if self._waiting else None

    def sent(self):
        """Forget the oldest packet: it went out."""
        if self._waiting:
            self._waiting.pop(0)

    def _first_sample(self, taken_us):
        if self._begun_us is not None:
            packet_us = 1000000 * self._batch
            passed = (taken_us - self._begun_us) * self._rate_hz
            self._seq = (self._seq + max(1, (passed + packet_us // 2) // packet_us)) & 0xFFFF
        self._grid_us = taken_us

    def _steps_to(self, taken_us):
        """Steps of the grid from the last sample to this one; 0 for a reading that comes in the same step.

        The grid follows the samples by an eighth of what they are off, so that neither the jitter of one
        reading nor a sampling clock up to 2 % wrong makes it slip.
        """
        period = self._period_us
        half = period // 2
        ahead = taken_us - self._grid_us + half
        if ahead < period:
            return 0
        self._grid_us += ahead // period * period + ahead % period // 8 - half // 8
        return ahead // period

    def _advance(self, missed):
        """Go to the next place in the grid; samples that never came take their packets with them."""
        index = self._position + missed
        if missed:
            self._overrun = True
            self._whole = False
        if index >= self._batch:
            self._seq = (self._seq + index // self._batch) & 0xFFFF
            index %= self._batch
            self._whole = index == 0
            self._begun_us = self._grid_us - index * self._period_us
        self._position = index

    def _put_sample(self, raw):
        if max(raw) >= 32767 or min(raw) <= -32767:
            self._packet[7] |= SATURATED
        struct.pack_into("<6h", self._packet, HEADER + self._position * SAMPLE, *raw)

    def _finish_packet(self):
        """Queue the full packet for the radio; when no place is left the oldest makes room."""
        flags = self._packet[7]
        self._packet[7] = flags | (OVERRUN * self._overrun) | (BATTERY_LOW * self.battery_low)
        self._overrun = False
        full = len(self._waiting) == self._slots
        if full:
            self._waiting.pop(0)
        self._waiting.append(self._packet)
        if full:
            self._waiting[0][7] |= OVERRUN
        self._packet = bytearray(len(self._packet))
