"""Firmware of the sensors that were tried with real ones, by the name of their family."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from imu_reps.sim.radio.device import Device

#: Module and class by family name; loaded when asked for.
_CLASSES = {
    "witmotion": ("virtual_witmotion", "WitMotion"),
    "open_profile": ("virtual_open_profile", "OpenProfile"),
    "movesense": ("virtual_movesense", "Movesense"),
}


def _lazily(module: str, name: str) -> Callable[..., Device]:
    def build(*args: object, **settings: object) -> Device:
        firmware = import_module(f"{__name__}.{module}")
        device: Device = getattr(firmware, name)(*args, **settings)
        return device

    return build


#: Builds a device: ``DEVICES["witmotion"](feed, clock=DeviceClock(...), battery_percent=80.0)``.
DEVICES: dict[str, Callable[..., Device]] = {
    family: _lazily(module, name) for family, (module, name) in _CLASSES.items()
}
