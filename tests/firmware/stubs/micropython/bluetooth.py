"""A stub of MicroPython's Bluetooth."""


class UUID:
    def __init__(self, value):
        self.value = value


class BLE:
    def config(self, mtu):
        print("mtu", mtu)
