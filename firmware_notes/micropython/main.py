"""The sensor itself: aioble outside, `packets` and `timebase` inside. Starts when the board gets power."""

import asyncio
import time

import aioble
import bluetooth
import machine
import settings
from packets import (
    CONTROL,
    IDENTIFY,
    INFO,
    RATE,
    SERVICE,
    START,
    STOP,
    STREAM,
    Stream,
    batch_size,
    pack_info,
    read_command,
)
from timebase import Clock, Ticks

RATES_HZ = (50, 100, 200)
ADVERTISE_US = 150000
BATTERY_EVERY_S = 30
BATTERY_LOW_PERCENT = 15


def find_imu():
    """Set up the IMU that `settings` names."""
    if settings.IMU == "lsm6ds":
        from lsm6ds import Lsm6ds

        return Lsm6ds(settings.i2c, time.sleep_ms, settings.ADDRESS)
    from bmi270 import Bmi270

    with open("bmi270_config.bin", "rb") as file:  # noqa: PTH123 - MicroPython has no pathlib
        return Bmi270(settings.i2c, time.sleep_ms, file.read(), settings.ADDRESS)


def battery_percent():
    """Give the charge of one lithium polymer cell, coarsely, or None."""
    millivolt = settings.battery_mv()
    if millivolt is None:
        return None
    points = ((3300, 0), (3600, 10), (3700, 30), (3800, 55), (3950, 80), (4150, 100))
    if millivolt <= points[0][0]:
        return 0
    for (low, below), (high, above) in zip(points, points[1:]):  # noqa: B905, RUF007 - MicroPython's zip
        if millivolt < high:
            return below + (above - below) * (millivolt - low) // (high - low)
    return 100


class Sensor:
    """One sensor: what it measures, how fast, and to whom it sends."""

    def __init__(self, imu, name):
        self.imu = imu
        self.name = name
        self.rate_hz = 100
        self.connection = None
        self.streaming = False
        self.stream = Stream()
        self.clock = Clock(time.ticks_us())
        self.ticks = None
        self.blinking = None
        self._register()

    def _register(self):
        service = aioble.Service(bluetooth.UUID(SERVICE))
        self.packets = aioble.Characteristic(service, bluetooth.UUID(STREAM), notify=True)
        self.info = aioble.Characteristic(service, bluetooth.UUID(INFO), read=True)
        self.control = aioble.Characteristic(service, bluetooth.UUID(CONTROL), write=True, capture=True)
        services = [service]
        self.battery = None
        if battery_percent() is not None:
            standard = aioble.Service(bluetooth.UUID(0x180F))
            self.battery = aioble.Characteristic(standard, bluetooth.UUID(0x2A19), read=True, notify=True)
            services.append(standard)
        bluetooth.BLE().config(mtu=247)
        aioble.register_services(*services)
        self._tell_info()

    def _tell_info(self):
        imu = self.imu
        self.info.write(pack_info(self.rate_hz, imu.acc_range_g, imu.gyro_range_dps, imu.kind, self.name))

    def now_us(self):
        """Give the sensor's clock: microseconds that never stop and never wrap."""
        return self.clock.read(time.ticks_us())

    def start(self):
        """Begin a stream with the packet size that the connection allows."""
        mtu = (self.connection and self.connection.mtu) or 23
        self.stream.begin(self.rate_hz, batch_size(self.rate_hz, mtu))
        self.ticks = Ticks(self.rate_hz, self.now_us())
        self.streaming = True

    def set_rate(self, asked_hz):
        """Take the nearest rate there is; of two equally near the higher."""
        self.rate_hz = min(RATES_HZ, key=lambda rate: (abs(rate - asked_hz), -rate))
        self._tell_info()
        if self.streaming:
            self.start()

    def obey(self, data):
        """Carry out what was written to control."""
        command, value = read_command(data)
        if command == START and not self.streaming:
            self.start()
        elif command == STOP:
            self.streaming = False
        elif command == RATE:
            self.set_rate(value)
        elif command == IDENTIFY:
            self.blinking = asyncio.create_task(blink())

    async def sample(self):
        """Read the IMU at every tick. The clock is read all the time, so that no wrap is missed."""
        while True:
            now = self.now_us()
            if self.streaming and self.ticks.due(now):
                self.stream.add(now - self.imu.age_us, self.imu.read())
            await asyncio.sleep_ms(1)

    async def send(self):
        """Hand packets to the radio; what it cannot take now waits."""
        while True:
            packet = self.stream.oldest() if self.streaming and self.connection else None
            try:
                if packet:
                    self.packets.notify(self.connection, packet)
                    self.stream.sent()
            except (OSError, TypeError):  # no room in the radio's queue, or just disconnected
                packet = None
            await asyncio.sleep_ms(0 if packet else 5)

    async def listen(self):
        """Take commands."""
        while True:
            _, data = await self.control.written()
            self.obey(data)

    async def watch_battery(self):
        """Measure the battery now and then."""
        while True:
            percent = battery_percent()
            self.stream.battery_low = percent < BATTERY_LOW_PERCENT
            self.battery.write(bytes([percent]), send_update=True)
            await asyncio.sleep(BATTERY_EVERY_S)

    async def serve(self):
        """Advertise, be connected to, stop when the link goes, and again."""
        while True:
            self.connection = await aioble.advertise(
                ADVERTISE_US, name=self.name, services=[bluetooth.UUID(SERVICE)]
            )
            await self.connection.disconnected(timeout_ms=None)
            self.streaming = False
            self.connection = None

    async def run(self):
        """Do everything at once."""
        tasks = [self.sample(), self.send(), self.listen(), self.serve()]
        if self.battery:
            tasks.append(self.watch_battery())
        await asyncio.gather(*tasks)


async def blink():
    """Blink for five seconds."""
    for i in range(20):
        if settings.led:
            settings.led.value(i % 2 == 0)
        await asyncio.sleep_ms(250)


def device_name():
    """Give the name: place and the last two bytes of the board's own number."""
    number = machine.unique_id()[-2:]
    return f"IMUREPS-{settings.PLACE}{number[0]:02X}{number[1]:02X}"


async def main():
    """Run the sensor."""
    await Sensor(find_imu(), device_name()).run()


if __name__ == "__main__":
    asyncio.run(main())
