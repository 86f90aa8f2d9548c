"""The open profile, version 1, for home-built sensors (`firmware_notes/open-profile.md`)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, FloatArray, IntArray
from imu_reps.sensors.unwrap import PacketClock, Spacing, Stamped, after_link_loss, put_in_order, unwrap_near
from imu_reps.sensors.wire import (
    BATTERY_LEVEL,
    READ_BATTERY,
    Decoded,
    Facts,
    Family,
    Read,
    Samples,
    Signs,
    Step,
    Subscribe,
    Write,
    battery,
    join_samples,
)

SERVICE = "ba1a0001-b277-4069-b9f6-a8d937c46c72"
STREAM = "ba1a0002-b277-4069-b9f6-a8d937c46c72"
INFO = "ba1a0003-b277-4069-b9f6-a8d937c46c72"
CONTROL = "ba1a0004-b277-4069-b9f6-a8d937c46c72"

VERSION = 1
HEADER = struct.Struct("<HIBB")
SAMPLE_BYTES = 12
INFO_FIELDS = struct.Struct("<BHBHB")
SEQ_MODULUS = 1 << 16
FULL_SCALE = 32768


#: Control commands; RATE is followed by the rate.
START, STOP, RATE, IDENTIFY = 0x01, 0x02, 0x03, 0x04


@dataclass(frozen=True, slots=True)
class Packet:
    """A stream packet as sent.

    Attributes
    ----------
    seq : int
        Number of the packet.
    t0_us : int
        The sensor's clock at the first sample.
    flags : int
        As in the profile; nothing here depends on them.
    raw : (n, 6) int
        Counts of acceleration and angular rate.
    """

    seq: int
    t0_us: int
    flags: int
    raw: IntArray


@dataclass(frozen=True, slots=True)
class Info:
    """The sensor's description of itself; a range is the value that 32768 counts would stand for."""

    version: int
    rate_hz: float
    acc_range_g: int
    gyr_range_dps: int
    kind: int
    name: str


@dataclass(frozen=True, slots=True)
class NewestPacket:
    """The newest packet: its number, unwrapped clock, number of samples, and the next sample number."""

    seq: int
    t0_us: int
    count: int
    next_number: int


@dataclass(frozen=True, slots=True)
class OpenProfileState:
    """State of the stream, and the sensor's description once it is read."""

    clock: PacketClock[Packet]
    spacing: Spacing
    info: Info | None = None
    newest: NewestPacket | None = None


def parse_packet(data: bytes) -> Packet | None:
    """Parse a stream packet; None if it is truncated or empty. Bytes after the samples are ignored."""
    if len(data) < HEADER.size:
        return None
    seq, t0_us, count, flags = HEADER.unpack_from(data)
    end = HEADER.size + SAMPLE_BYTES * count
    if not count or len(data) < end:
        return None
    raw = np.frombuffer(data[HEADER.size : end], dtype="<i2").reshape(count, 6).astype(np.int64)
    return Packet(seq, t0_us, flags, raw)


def parse_info(data: bytes) -> Info | None:
    """Parse the info; None if it is truncated or has a rate or range of 0."""
    if len(data) < INFO_FIELDS.size:
        return None
    version, rate, acc_range_g, gyr_range_dps, kind = INFO_FIELDS.unpack_from(data)
    if not (rate and acc_range_g and gyr_range_dps):
        return None
    name = data[INFO_FIELDS.size :].decode("utf-8", errors="replace")
    return Info(version, float(rate), acc_range_g, gyr_range_dps, kind, name)


def set_rate_command(rate_hz: float) -> bytes:
    """Return the command that sets the rate; the sensor takes the nearest one and reports it in its info."""
    return struct.pack("<BH", RATE, round(rate_hz))


def decode(
    state: OpenProfileState, characteristic: str, data: bytes, arrival_s: float
) -> tuple[OpenProfileState, Decoded]:
    """Decode a notification or a value read; see `Family.decode`."""
    if characteristic == STREAM:
        return _take_packet(state, data, arrival_s)
    if characteristic == INFO:
        return _take_info(state, data)
    if characteristic == BATTERY_LEVEL:
        return state, battery(data)
    return state, Decoded()


def _take_info(state: OpenProfileState, data: bytes) -> tuple[OpenProfileState, Decoded]:
    if data and data[0] != VERSION:
        refused = f"speaks version {data[0]} of the open profile, and this program only version {VERSION}"
        return replace(state, info=None), Decoded(facts=Facts(refused=refused))
    info = parse_info(data)
    if info is None:
        return state, Decoded(damaged=1)
    if info.rate_hz * state.spacing.nominal_s != 1.0:
        state = replace(state, spacing=Spacing(1.0 / info.rate_hz))
    facts = Facts(identity=info.name or None, firmware=f"open profile {info.version}", rate_hz=info.rate_hz)
    return replace(state, info=info), Decoded(facts=facts)


def _take_packet(state: OpenProfileState, data: bytes, arrival_s: float) -> tuple[OpenProfileState, Decoded]:
    packet, info = parse_packet(data), state.info
    if packet is None or info is None:
        return state, Decoded(damaged=1)
    clock, order = put_in_order(state.clock, Stamped(packet, packet.t0_us, arrival_s))
    state = replace(state, clock=clock, newest=None if order.restarted else state.newest)
    taken = []
    for new, t0_us in order.packets:
        state, samples = _append(state, info, new, t0_us)
        taken.append(samples)
    return state, order.decoded(join_samples(taken), len(packet.raw))


def _append(
    state: OpenProfileState, info: Info, packet: Packet, t0_us: int
) -> tuple[OpenProfileState, Samples]:
    """Number and scale the samples of a packet after the newest one."""
    count, newest, spacing = len(packet.raw), state.newest, state.spacing
    first = packet.seq * count
    if newest is not None:
        missing = missing_samples(newest, packet.seq, t0_us, count, spacing)
        first = newest.next_number + missing
        if not missing:
            spacing = spacing.learned((t0_us - newest.t0_us) / 1e6, newest.count)
    steps = np.arange(count)
    samples = Samples(
        first + steps,
        _floats(t0_us / 1e6 + spacing.period_s * steps),
        _floats(packet.raw[:, :3] * (info.acc_range_g * STANDARD_GRAVITY_MPS2 / FULL_SCALE)),
        _floats(packet.raw[:, 3:] * (info.gyr_range_dps / FULL_SCALE)),
    )
    newest = NewestPacket(packet.seq, t0_us, count, first + count)
    return replace(state, newest=newest, spacing=spacing), samples


def _floats(values: NDArray[Any]) -> FloatArray:
    return np.asarray(values, dtype=np.float64)


def missing_samples(newest: NewestPacket, seq: int, t0_us: int, count: int, spacing: Spacing) -> int:
    """Return the number of samples missing between the newest packet and this one of `count` samples.

    The packet number gives it exactly; if it contradicts the clock, the clock gives the nearest number.
    """
    by_clock = (t0_us - newest.t0_us) / 1e6 / spacing.period_s - newest.count
    step = unwrap_near((seq - newest.seq) % SEQ_MODULUS, SEQ_MODULUS, 1 + by_clock / count)
    by_number = (step - 1) * count
    # they may differ by one packet, and twice the tolerance of the profile's clocks
    agree = abs(by_number - by_clock) <= count + 0.04 * abs(by_clock)
    return by_number if step >= 1 and agree else max(0, round(by_clock))


def begin(rate_hz: float) -> OpenProfileState:
    """Return the state before the first byte; samples cannot be scaled until the info is read."""
    return OpenProfileState(PacketClock(1e6, 1 << 32), Spacing(1.0 / rate_hz))


def resume(state: OpenProfileState) -> OpenProfileState:
    """Return the state for a link that came back; numbering and clock go on."""
    return replace(state, clock=after_link_loss(state.clock))


def start(rate_hz: float, _attempt: int) -> tuple[Step, ...]:
    """Return steps that subscribe, set the rate, read the info with the ranges, and start."""
    return (
        Subscribe(STREAM),
        Write(CONTROL, set_rate_command(rate_hz)),
        Read(INFO),
        READ_BATTERY,
        Write(CONTROL, bytes((START,))),
    )


FAMILY = Family(
    name="open_profile",
    title="Open profile",
    tried=True,
    rates_hz=(50.0, 100.0, 200.0),
    counter="device",
    has_clock=True,
    signs=Signs("IMUREPS-", (SERVICE,)),
    begin=begin,
    decode=decode,
    resume=resume,
    start=start,
    stop=(Write(CONTROL, bytes((STOP,))),),
    identify=(Write(CONTROL, bytes((IDENTIFY,))),),
)
