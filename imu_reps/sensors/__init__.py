"""Bluetooth sensors: decoding of each family's bytes, and the links to them."""
