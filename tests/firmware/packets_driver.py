"""Runs a script of encoder calls from standard input, under MicroPython or CPython; see encoder_driver.c."""

import binascii
import sys

sys.path.insert(0, sys.argv[1])

import packets
import timebase

stream = packets.Stream()
clock = timebase.Clock(0, 1 << 32)
ticks = None

for line in sys.stdin:
    name, *words = line.split()
    numbers = [] if name in ("info", "command") else [int(word) for word in words]
    if name == "add":
        stream.add(numbers[0], tuple(numbers[1:]))
    elif name == "take":
        packet = stream.oldest()
        print("-" if packet is None else binascii.hexlify(packet).decode())
        stream.sent()
    elif name == "info":
        packed = packets.pack_info(*[int(word) for word in words[:4]], words[4])
        print(binascii.hexlify(packed).decode())
    elif name == "command":
        print("%d %d" % packets.read_command(binascii.unhexlify(words[0] if words else "")))  # noqa: UP031
    elif name == "begin":
        stream.begin(*numbers)
    elif name == "batch":
        print(packets.batch_size(*numbers))
    elif name == "battery":
        stream.battery_low = bool(numbers[0])
    elif name == "clock":
        print(clock.read(numbers[0]))
    elif name == "ticks":
        ticks = timebase.Ticks(*numbers)
    elif name == "due":
        print(int(ticks.due(numbers[0])))
