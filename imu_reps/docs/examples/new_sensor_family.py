"""A sensor the program does not know: how it is recognised, started and read.

The board is made up: it notifies 14 bytes a sample, a running number and six int16. Its family goes into
``imu_reps/sensors/families/`` and into the list there; then every command knows it.

``python new_sensor_family.py``
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.sensors.wire import Decoded, Family, Samples, Signs, Step, Subscribe, Write

SERVICE = "0000a0b0-0000-1000-8000-00805f9b34fb"
CONTROL = "0000a0b1-0000-1000-8000-00805f9b34fb"
DATA = "0000a0b2-0000-1000-8000-00805f9b34fb"

#: Number u16, acceleration and rate int16, little-endian; counts per m/s² and per deg/s.
PACKET = struct.Struct("<H6h")
COUNTS_PER_MPS2, COUNTS_PER_DPS = 200.0, 16.0


@dataclass(frozen=True, slots=True)
class PebbleState:
    """The number of the last sample, unwrapped; None before the first."""

    last: int | None = None


def begin(_rate_hz: float) -> PebbleState:
    """The state before the first byte."""
    return PebbleState()


def decode(
    state: PebbleState, characteristic: str, data: bytes, _arrival_s: float
) -> tuple[PebbleState, Decoded]:
    """Read one sample; lost ones leave a hole in the number."""
    if characteristic != DATA or len(data) != PACKET.size:
        return state, Decoded(damaged=1)
    number, *counts = PACKET.unpack(data)
    if state.last is not None:
        number = state.last + (number - state.last) % 65536
    values = np.array(counts, float)
    samples = Samples(
        np.array([number], np.int64),
        np.array([np.nan]),
        values[None, :3] / COUNTS_PER_MPS2,
        values[None, 3:] / COUNTS_PER_DPS,
    )
    return replace(state, last=number), Decoded(samples)


def resume(state: PebbleState) -> PebbleState:
    """The same: the board goes on counting."""
    return state


def start(rate_hz: float, _attempt: int) -> tuple[Step, ...]:
    """Ask for a rate, then listen."""
    return (Write(CONTROL, bytes([1, round(rate_hz)])), Subscribe(DATA))


FAMILY = Family(
    name="pebble",
    title="Pebble board",
    tried=False,
    rates_hz=(50.0, 100.0),
    counter="device",
    has_clock=False,
    signs=Signs("Pebble", (SERVICE,)),
    begin=begin,
    decode=decode,
    resume=resume,
    start=start,
    stop=(Write(CONTROL, bytes([0, 0])),),
    poll=(),  # it does not tell its battery
    caution="It has no clock of its own.",
)


def main() -> None:
    """Decode three packets, one of them lost on the way."""
    state = FAMILY.begin(100.0)
    for number in (65534, 65535, 1):
        packet = PACKET.pack(number, 0, 0, round(9.80665 * COUNTS_PER_MPS2), 160, 0, -32)
        state, decoded = FAMILY.decode(state, DATA, packet, 0.0)
        samples = decoded.samples
        print(samples.number[0], samples.acc_mps2[0].round(2), samples.gyr_dps[0])


if __name__ == "__main__":
    main()
