"""Runs the MicroPython firmware with stubs of board, radio and clock."""

import binascii
import sys

sys.path[:0] = sys.argv[1:3]

import asyncio  # noqa: E402
import time  # noqa: E402

import aioble  # noqa: E402
import main  # noqa: E402
import settings  # noqa: E402

asyncio.core.IOQueue.wait_io_event = lambda queue, milliseconds: time.sleep_ms(milliseconds)  # noqa: ARG005
settings.battery_mv = lambda: 3400


def show_stream(title):
    for packet in aioble.notifications:
        print(title, binascii.hexlify(packet).decode())
    aioble.notifications.clear()


async def story():
    sensor = main.Sensor(main.find_imu(), main.device_name())
    for register in (0x10, 0x11, 0x12):
        print("register", register, settings.i2c.registers[register])
    task = asyncio.create_task(sensor.run())
    await asyncio.sleep_ms(50)
    control = sensor.control
    await control.be_written(b"\x03\xc0\x00")  # 192 Hz, the rate nearest to 200
    print("info", binascii.hexlify(sensor.info.value).decode())
    print("battery", sensor.battery.value[0])
    show_stream("early")
    await control.be_written(b"\x01")
    await asyncio.sleep_ms(2000)
    await control.be_written(b"\x06")  # an invalid command
    await control.be_written(b"\x01")  # already streaming
    aioble.jammed = True
    await asyncio.sleep_ms(300)
    aioble.jammed = False
    await asyncio.sleep_ms(500)
    show_stream("stream")
    await control.be_written(b"\x02")
    show_stream("stream")
    await asyncio.sleep_ms(700)
    show_stream("stopped")
    await control.be_written(b"\x01")
    await asyncio.sleep_ms(300)
    show_stream("again")
    aioble.connection.gone.set()
    await asyncio.sleep_ms(500)
    show_stream("gone")
    print("streaming", sensor.streaming)
    task.cancel()


asyncio.run(story())
