"""Firmware of a MetaMotion: modules, registers, and two packed streams."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.sensors.virtual.device import CharacteristicSpec, DeviceClock, Feed, Packet, ServiceSpec
from imu_reps.sensors.virtual.devices.sampling import Ticks

_BASE = "-85cb-9195-d9dd-464cfbbae75a"
SERVICE = "326a9000" + _BASE
COMMAND = "326a9001" + _BASE
NOTIFY = "326a9006" + _BASE
GRAVITY_MPS2 = 9.80665
ACC, GYRO, SETTINGS = 0x03, 0x13, 0x11
PACKED_SAMPLES = 3
#: Rates by the lower half of the configuration byte.
RATES_HZ = {6: 25.0, 7: 50.0, 8: 100.0, 9: 200.0}
GYRO_RANGES_DPS = {0: 2000, 1: 1000, 2: 500, 3: 250, 4: 125}
_POWER, _ENABLE, _CONFIG, _INFO, _BATTERY = 0x01, 0x02, 0x03, 0x80, 0xCC

ChipName = Literal["bmi160", "bmi270"]


@dataclass(frozen=True, slots=True)
class Chip:
    """Registers and codes of one make.

    Attributes
    ----------
    implementation : dict
        Number by module.
    packed, single : dict
        Stream register by module.
    rate_code : int
        Upper half of the configuration byte.
    acc_ranges_g : dict
        By code.
    """

    implementation: dict[int, int]
    packed: dict[int, int]
    single: dict[int, int]
    rate_code: int
    acc_ranges_g: dict[int, int]


CHIPS: dict[ChipName, Chip] = {
    "bmi160": Chip(
        {ACC: 1, GYRO: 0}, {ACC: 0x1C, GYRO: 0x07}, {ACC: 0x04, GYRO: 0x05}, 0x20, {3: 2, 5: 4, 8: 8, 12: 16}
    ),
    "bmi270": Chip(
        {ACC: 4, GYRO: 1}, {ACC: 0x05, GYRO: 0x05}, {ACC: 0x04, GYRO: 0x04}, 0xA0, {0: 2, 1: 4, 2: 8, 3: 16}
    ),
}


@dataclass(slots=True)
class _Module:
    """One of the two sensors: how it is set, and whether it runs."""

    range: int
    rate_hz: float = 100.0
    registers: frozenset[int] = frozenset()
    enabled: bool = False
    ticks: Ticks | None = None


class MetaMotion:
    """A board that streams what it is told to.

    Parameters
    ----------
    feed : Feed
        True readings at true instants.
    clock : DeviceClock, optional
    battery_percent : float
    name : str
    chip : {"bmi160", "bmi270"}
        Which make of sensor it has.
    """

    family = "metamotion"
    company_id: int | None = 0x067E
    service_uuids: tuple[str, ...] = (SERVICE,)
    services: tuple[ServiceSpec, ...] = (
        ServiceSpec(
            SERVICE,
            (
                CharacteristicSpec(COMMAND, write=True, write_without_response=True),
                CharacteristicSpec(NOTIFY, notify=True),
            ),
        ),
    )

    def __init__(
        self,
        feed: Feed,
        clock: DeviceClock = DeviceClock(),  # noqa: B008 - frozen
        battery_percent: float = 80.0,
        *,
        name: str = "MetaWear",
        chip: ChipName = "bmi160",
    ) -> None:
        self.default_name = name
        self._feed, self._battery, self._chip = feed, battery_percent, CHIPS[chip]
        self._speed = 1.0 + clock.rate_error
        self.power_on(0.0)

    def power_on(self, time_s: float) -> None:  # noqa: ARG002
        """Begin with both sensors off."""
        self._modules = {ACC: _Module(16), GYRO: _Module(2000)}
        self._subscribed = False

    def link_lost(self) -> None:
        """Sensors that were not stopped go on; nobody hears them."""
        self._subscribed = False

    def subscribed(self, characteristic: str, on: bool, time_s: float) -> list[Packet]:  # noqa: ARG002
        """Answers and streams both come this way."""
        if characteristic == NOTIFY:
            self._subscribed = on
        return []

    def written(self, characteristic: str, data: bytes, time_s: float) -> list[Packet]:
        """Obey a command: module, register, parameters; a read has bit 7 set."""
        if characteristic != COMMAND or len(data) < 2:
            return []
        module, register = data[:2]
        answer = b""
        if (module, register) == (SETTINGS, _BATTERY):
            answer = encode_battery(self._battery)
        elif register == _INFO:
            known = [self._chip.implementation[module], 0] if module in self._modules else []
            answer = bytes([module, _INFO, *known])
        elif module in self._modules:
            self._set(module, register, data[2:], time_s)
        return [Packet(time_s, NOTIFY, answer)] if answer and self._subscribed else []

    def read(self, characteristic: str, time_s: float) -> bytes:  # noqa: ARG002
        """Nothing can be read."""
        return b""

    def produce(self, until_s: float, max_notification: int) -> list[Packet]:
        """Packets of both streams whose last sample was taken by `until_s`."""
        packets = [packet for number in self._modules for packet in self._stream(number, until_s)]
        if not self._subscribed:
            return []
        cut = [Packet(packet.time_s, NOTIFY, packet.data[:max_notification]) for packet in packets]
        return sorted(cut, key=lambda packet: packet.time_s)

    def _stream(self, number: int, until_s: float) -> list[Packet]:
        module = self._modules[number]
        packed, single = self._chip.packed[number], self._chip.single[number]
        register = next((known for known in (packed, single) if known in module.registers), None)
        if module.ticks is None or register is None:
            return []
        batch = PACKED_SAMPLES if register == packed else 1
        instants_s = module.ticks.due(until_s, batch)
        if not len(instants_s):
            return []
        counts = encode_counts(number, module.range, *self._feed(instants_s)).reshape(-1, 3 * batch)
        head = bytes([number, register])
        return [
            Packet(float(time_s), NOTIFY, head + row.tobytes())
            for time_s, row in zip(instants_s[batch - 1 :: batch], counts, strict=True)
        ]

    def _set(self, number: int, register: int, values: bytes, time_s: float) -> None:
        module = self._modules[number]
        if register == _CONFIG and len(values) == 2:
            self._configure(number, values)
        elif register == _ENABLE:
            module.enabled = values == b"\x01\x00"
        elif register == _POWER:
            runs = module.enabled and values == b"\x01"
            module.ticks = Ticks(time_s, module.rate_hz * self._speed) if runs else None
        elif values == b"\x01":
            module.registers |= {register}
        else:
            module.registers -= {register}

    def _configure(self, number: int, values: bytes) -> None:
        """Take rate and range over, if this make knows both codes."""
        ranges = self._chip.acc_ranges_g if number == ACC else GYRO_RANGES_DPS
        rate, code = values[0] ^ self._chip.rate_code, values[1]
        if rate in RATES_HZ and code in ranges:
            self._modules[number].rate_hz, self._modules[number].range = RATES_HZ[rate], ranges[code]


def encode_counts(number: int, span: int, acc_mps2: FloatArray, gyr_dps: FloatArray) -> np.ndarray:
    """Little-endian 16-bit counts (n, 3) of one module's sensor in a range."""
    in_acc, in_gyro = 32768 / (span * GRAVITY_MPS2), 16.4 * 2000 / span
    exact = acc_mps2 * in_acc if number == ACC else gyr_dps * in_gyro
    return np.clip(np.round(exact), -32768, 32767).astype("<i2")


def encode_battery(percent: float) -> bytes:
    """Answer to the battery's register; the voltage goes from 3.2 to 4.15 V."""
    return struct.pack("<BBBH", SETTINGS, 0x8C, round(percent), round(3200 + 9.5 * percent))
