"""LSM6DS3TR-C, LSM6DSL, LSM6DSO and LSM6DSOX on I2C: the newest reading, at 8 g and 1000 deg/s."""

import struct

ACC_RANGE_G = 8
#: 35 mdeg/s per count: what a reading of 32768 would stand for.
GYRO_RANGE_DPS = 1147
#: Age of a reading when it is fetched: half a step at 833 Hz and the low-pass filters. An estimate.
AGE_US = 1600

_WHO_AM_I = 0x0F
_CTRL1_XL = 0x10
_CTRL2_G = 0x11
_CTRL3_C = 0x12
_OUTX_L_G = 0x22

#: What WHO_AM_I says, and the kind of sensor in the open profile's info.
_KINDS = {0x69: 1, 0x6A: 1, 0x6C: 2}

_CONFIGURATION = (
    (_CTRL3_C, 0x44),  # BDU: both bytes of a value from one reading; IF_INC: burst reads
    (_CTRL1_XL, 0x7E),  # 833 Hz, 8 g, low-pass at a quarter of the rate
    (_CTRL2_G, 0x78),  # 833 Hz, 1000 deg/s
)


class Lsm6ds:
    """One chip on a bus that has `readfrom_mem`, `readfrom_mem_into` and `writeto_mem`."""

    acc_range_g = ACC_RANGE_G
    gyro_range_dps = GYRO_RANGE_DPS
    age_us = AGE_US

    def __init__(self, i2c, sleep_ms, address=0x6A):
        self._i2c = i2c
        self._address = address
        self._buffer = bytearray(12)
        identity = i2c.readfrom_mem(address, _WHO_AM_I, 1)[0]
        if identity not in _KINDS:
            raise OSError(f"no LSM6DS at 0x{address:02x}: it says 0x{identity:02x}")
        self.kind = _KINDS[identity]
        self._write(_CTRL3_C, 0x01)  # reset
        sleep_ms(10)
        for register, value in _CONFIGURATION:
            self._write(register, value)
        sleep_ms(100)  # the gyroscope starts up

    def _write(self, register, value):
        self._i2c.writeto_mem(self._address, register, bytes([value]))

    def read(self):
        """Give ax ay az gx gy gz, raw."""
        self._i2c.readfrom_mem_into(self._address, _OUTX_L_G, self._buffer)
        gx, gy, gz, ax, ay, az = struct.unpack("<6h", self._buffer)
        return ax, ay, az, gx, gy, gz
