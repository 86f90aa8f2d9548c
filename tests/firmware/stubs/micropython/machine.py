"""A stub of the board: an I2C bus with an LSM6DS whose readings contain their sampling time."""
# ruff: noqa: ARG002 - the signatures are those of the real module

import struct
import time


def unique_id():
    return b"\x01\x02\x3f\x2a"


class Pin:
    def __init__(self, number):
        self.number = number


class I2C:
    def __init__(self, bus, sda, scl, freq):
        self.registers = bytearray(128)
        self.registers[0x0F] = 0x6A

    def readfrom_mem(self, address, register, length):
        return self.registers[register : register + length]

    def readfrom_mem_into(self, address, register, buffer):
        struct.pack_into("<6h", buffer, 0, 11, -22, 33, time.ticks_ms() % 30000, -300, 4096)

    def writeto_mem(self, address, register, data):
        self.registers[register : register + len(data)] = data
