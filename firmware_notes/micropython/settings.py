"""Your board: change this file, nothing else."""

from machine import I2C, Pin

#: P for the pelvis, A for the ankle.
PLACE = "P"

#: "lsm6ds" or "bmi270".
IMU = "lsm6ds"

#: The pins the IMU is wired to. These suit an ESP32-C3 with SDA on 8 and SCL on 9.
i2c = I2C(0, sda=Pin(8), scl=Pin(9), freq=400000)

#: Address of the IMU: 0x6A or 0x6B (LSM6DS family), 0x68 or 0x69 (BMI270).
ADDRESS = 0x6A

#: An LED, or None.
led = None


def battery_mv():
    """Give the battery's voltage in mV, or None if the board cannot measure it."""
    return
