"""Bluetooth sensors: the bytes of each family, and the links to them."""
