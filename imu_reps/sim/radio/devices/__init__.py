"""Firmware of the sensors whose families were tried with real ones, by family name."""

from __future__ import annotations

from collections.abc import Callable

from imu_reps.sim.radio.device import Device
from imu_reps.sim.radio.devices.virtual_movesense import Movesense
from imu_reps.sim.radio.devices.virtual_open_profile import OpenProfile
from imu_reps.sim.radio.devices.virtual_witmotion import WitMotion

#: Builds a device: ``DEVICES["witmotion"](feed, clock=DeviceClock(...), battery_percent=80.0)``.
DEVICES: dict[str, Callable[..., Device]] = {
    "witmotion": WitMotion,
    "open_profile": OpenProfile,
    "movesense": Movesense,
}
