"""BMI270 on I2C: the newest reading, at 8 g and 1000 deg/s.

The chip does nothing before 8192 bytes of its maker's configuration are written into it. They are not ours
to give: see the README for where to get them and how to put them on the board as `bmi270_config.bin`.
"""

import struct

ACC_RANGE_G = 8
GYRO_RANGE_DPS = 1000
#: Age of a reading when it is fetched: half a step at 800 Hz and the low-pass filters. An estimate.
AGE_US = 2500
CONFIG_BYTES = 8192

_CHIP_ID = 0x00
_DATA = 0x0C
_INTERNAL_STATUS = 0x21
_GYR_CAS = 0x3C
_ACC_CONF = 0x40
_ACC_RANGE = 0x41
_GYR_CONF = 0x42
_GYR_RANGE = 0x43
_INIT_CTRL = 0x59
_INIT_ADDR_0 = 0x5B
_INIT_ADDR_1 = 0x5C
_INIT_DATA = 0x5E
_PWR_CONF = 0x7C
_PWR_CTRL = 0x7D
_CMD = 0x7E

_CHUNK = 32

_CONFIGURATION = (
    (_PWR_CTRL, 0x0E),  # accelerometer, gyroscope, thermometer on
    (_ACC_CONF, 0xAB),  # 800 Hz, normal filter, best performance
    (_ACC_RANGE, 0x02),  # 8 g
    (_GYR_CONF, 0xEB),  # 800 Hz, normal filter, best performance, low noise
    (_GYR_RANGE, 0x01),  # 1000 deg/s
)


def clamp(value):
    """Hold at the end of the scale."""
    return max(-32768, min(32767, value))


class Bmi270:
    """One chip on a bus that has `readfrom_mem`, `readfrom_mem_into` and `writeto_mem`."""

    acc_range_g = ACC_RANGE_G
    gyro_range_dps = GYRO_RANGE_DPS
    age_us = AGE_US
    kind = 3

    def __init__(self, i2c, sleep_ms, config, address=0x68):
        self._i2c = i2c
        self._address = address
        self._buffer = bytearray(12)
        identity = self._read(_CHIP_ID)
        if identity != 0x24:
            raise OSError(f"no BMI270 at 0x{address:02x}: it says 0x{identity:02x}")
        if len(config) != CONFIG_BYTES:
            raise OSError(f"bmi270_config.bin has {len(config)} bytes, not {CONFIG_BYTES}")
        self._write(_CMD, 0xB6)  # reset
        sleep_ms(10)
        self._write(_PWR_CONF, 0x00)  # no power saving while it is configured, nor later
        sleep_ms(1)
        self._upload(config)
        sleep_ms(150)
        if self._read(_INTERNAL_STATUS) & 0x0F != 1:
            raise OSError("the BMI270 did not take its configuration: is bmi270_config.bin the right one?")
        for register, value in _CONFIGURATION:
            self._write(register, value)
        sleep_ms(50)  # the gyroscope starts up
        cross = self._read(_GYR_CAS) & 0x7F
        self._cross = cross - 128 if cross > 63 else cross

    def _read(self, register):
        return self._i2c.readfrom_mem(self._address, register, 1)[0]

    def _write(self, register, value):
        self._i2c.writeto_mem(self._address, register, bytes([value]))

    def _upload(self, config):
        self._write(_INIT_CTRL, 0)
        for start in range(0, CONFIG_BYTES, _CHUNK):
            word = start // 2
            self._i2c.writeto_mem(self._address, _INIT_ADDR_0, bytes([word & 0x0F, word >> 4]))
            self._i2c.writeto_mem(self._address, _INIT_DATA, config[start : start + _CHUNK])
        self._write(_INIT_CTRL, 1)

    def read(self):
        """Give ax ay az gx gy gz, raw; gx cleared of the part of gz that the chip says it lets through."""
        self._i2c.readfrom_mem_into(self._address, _DATA, self._buffer)
        ax, ay, az, gx, gy, gz = struct.unpack("<6h", self._buffer)
        return ax, ay, az, clamp(gx - self._cross * gz // 512), gy, gz
