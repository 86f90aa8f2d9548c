"""Movesense over its GATT sensor-data protocol: a clock in milliseconds, no counter.

Every command has a reference byte that its answers repeat.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from imu_reps.domain.samples import STANDARD_GRAVITY_MPS2, FloatArray
from imu_reps.sensors.unwrap import PacketClock, Spacing, Stamped, after_link_loss, put_in_order
from imu_reps.sensors.wire import (
    BATTERY_LEVEL,
    READ_BATTERY,
    Characteristic,
    Decoded,
    Facts,
    Family,
    Pause,
    Samples,
    Signs,
    Step,
    Subscribe,
    Write,
    battery,
    join_samples,
)

#: The protocol's own service, and the one that newer firmware advertises instead.
SERVICES = ("34802252-7185-4d5d-b431-630e7050e8f0", "0000fdf3-0000-1000-8000-00805f9b34fb")
WRITE: Characteristic = ("34800001-7185-4d5d-b431-630e7050e8f0", "6b200001-ff4e-4979-8186-fb7ba486fcd7")
NOTIFY: Characteristic = ("34800002-7185-4d5d-b431-630e7050e8f0", "6b200002-ff4e-4979-8186-fb7ba486fcd7")

#: Every rate is sent in packets of a thirteenth of a second.
PACKETS_PER_S = 13.0
#: The sensor answers a command within this time.
ANSWER_PAUSE_S = 0.2


class Command(IntEnum):
    """Commands to the sensor."""

    HELLO = 0
    SUBSCRIBE = 1
    UNSUBSCRIBE = 2
    GET = 4


class Kind(IntEnum):
    """Types of notification."""

    RESULT = 1
    DATA = 2
    DATA_GOES_ON = 3


class Reference(IntEnum):
    """References chosen here, to match answers to commands."""

    HELLO = 97
    BATTERY = 98
    STREAM = 99


BATTERY_PATH = "/System/Energy/Level"
OK_STATUS, FIRST_BAD_STATUS, NOT_FOUND = 200, 400, 404

TIME_BYTES = 4
#: Three floats of acceleration and three of angular rate.
SAMPLE_BYTES = 24
#: The same with three of a magnetometer.
NINE_AXES_BYTES = 36
#: Number of successive short packets that show nine axes: a packet of six axes may be cut to their length. A
#: radio that loses half of all parts cuts so many in a row once in two hours; four of them, twice a minute.
NINE_AXES_PACKETS = 8
#: The widest ranges plus a tenth; values beyond are not readings.
MAX_ACC_MPS2 = 16 * STANDARD_GRAVITY_MPS2 * 1.1
MAX_GYR_DPS = 2000 * 1.1


@dataclass(frozen=True, slots=True)
class Imu6Reading:
    """A data packet: the time of its first sample in ms, and its samples."""

    time_ms: int
    acc_mps2: FloatArray
    gyr_dps: FloatArray

    def __len__(self) -> int:
        return len(self.acc_mps2)


#: Asks for the sensor's identity.
HELLO_COMMAND = bytes((Command.HELLO, Reference.HELLO))
#: Ends the subscription.
UNSUBSCRIBE_COMMAND = bytes((Command.UNSUBSCRIBE, Reference.STREAM))
#: Asks for the battery level.
BATTERY_COMMAND = bytes((Command.GET, Reference.BATTERY)) + BATTERY_PATH.encode("ascii")


def subscribe_command(rate_hz: float) -> bytes:
    """Return the command that subscribes to acceleration and angular rate."""
    return bytes((Command.SUBSCRIBE, Reference.STREAM)) + f"/Meas/IMU6/{round(rate_hz)}".encode("ascii")


def parse_imu6(payload: bytes) -> Imu6Reading | None:
    """Parse a whole packet: u32 ms, all accelerations, all angular rates; None if it is not one."""
    count, rest = divmod(len(payload) - TIME_BYTES, SAMPLE_BYTES)
    if rest or not _is_batch(count):
        return None
    with np.errstate(invalid="ignore"):  # NaN is found below
        values = np.frombuffer(payload, "<f4", offset=TIME_BYTES).reshape(2, count, 3).astype(np.float64)
    possible = (np.abs(values[0]) <= MAX_ACC_MPS2) & (np.abs(values[1]) <= MAX_GYR_DPS)
    if not possible.all():
        return None
    return Imu6Reading(int.from_bytes(payload[:TIME_BYTES], "little"), values[0], values[1])


#: Why a sensor that sends IMU9 cannot be read.
NINE_AXES = (
    "sends the nine-axis stream (IMU9) instead of the six axes it was asked for: close other programs and "
    "apps that use it, take its battery out for a moment and try again"
)


def is_nine_axes(length: int) -> bool:
    """Whether a packet of so many bytes has nine axes.

    A packet spans a thirteenth of a second, at rates of 13, 26, 52 ... Hz: 1, 2, 4 ... samples. With three
    values of a magnetometer for each it has a length that no packet of six axes has.
    """
    count, rest = divmod(length - TIME_BYTES, NINE_AXES_BYTES)
    return not rest and _is_batch(count)


def _is_batch(count: int) -> bool:
    """Whether a packet can hold so many samples: a power of two."""
    return count > 0 and count & (count - 1) == 0


def read_result(reference: int, rest: bytes) -> Decoded:
    """Decode the answer to a command; the answer to hello has no status."""
    if reference == Reference.HELLO:
        return Decoded(facts=parse_hello(rest))
    if len(rest) < 2:
        return Decoded(damaged=1)
    status = int.from_bytes(rest[:2], "little")
    if reference == Reference.BATTERY:
        return battery(rest[2:]) if status == OK_STATUS else Decoded()
    if reference == Reference.STREAM and status >= FIRST_BAD_STATUS:
        return Decoded(facts=Facts(refused=_refusal(status)))
    return Decoded()


def _refusal(status: int) -> str:
    if status == NOT_FOUND:
        return (
            "has firmware that does not know this data stream: update it to 2.3 or later with its maker's app"
        )
    return f"refused to send data (status {status}): take its battery out for a moment and try again"


def parse_hello(answer: bytes) -> Facts:
    """Parse the identity: version byte, then serial number, product, address, application, its version."""
    texts = [text.decode("utf-8", errors="replace") for text in answer[1:].split(b"\0")]
    serial, application, version = (texts[i] if i < len(texts) else "" for i in (0, 3, 4))
    return Facts(identity=serial or None, firmware=f"{application} {version}".strip() or None)


@dataclass(frozen=True, slots=True)
class NewestReading:
    """The newest packet: its unwrapped time, its number of samples, the number after its last sample."""

    time_ms: int
    count: int
    next_number: int


@dataclass(frozen=True, slots=True)
class SplitPacket:
    """What was received since a packet began: its time, bytes and newest part; copies do not count."""

    time_ms: int
    length: int
    newest: bytes

    def and_part(self, part: bytes) -> SplitPacket:
        """Return the packet with another part."""
        copy = part == self.newest
        return self if copy else SplitPacket(self.time_ms, self.length + len(part), part)

    def has_nine_axes(self, next_ms: int) -> bool:
        """Whether all that came before the next packet has nine axes, and that is not from two packets."""
        packets = (next_ms - self.time_ms) % (1 << 32) / 1e3 * PACKETS_PER_S
        return is_nine_axes(self.length) and abs(packets - 1.0) < 0.5


@dataclass(frozen=True, slots=True)
class MovesenseState:
    """State of the stream.

    Attributes
    ----------
    batch : int
        Samples per packet.
    batch_known : bool
        Whether `batch` is from a received packet; if not, from the rate.
    part : bytes or None
        The beginning of a packet that did not fit into one notification.
    sent : SplitPacket or None
        The newest packet: one of nine axes may be split where one of six axes would end.
    nine_axes : int
        Number of latest packets of nine axes; from `NINE_AXES_PACKETS` on nothing is read any more.
    """

    clock: PacketClock[Imu6Reading]
    spacing: Spacing
    batch: int
    batch_known: bool = False
    part: bytes | None = None
    sent: SplitPacket | None = None
    nine_axes: int = 0
    newest: NewestReading | None = None


def decode(
    state: MovesenseState, characteristic: str, data: bytes, arrival_s: float
) -> tuple[MovesenseState, Decoded]:
    """Decode a notification or a value read; see `Family.decode`."""
    if characteristic == BATTERY_LEVEL:
        return state, battery(data)
    if characteristic not in NOTIFY:
        return state, Decoded()
    if len(data) < 3:
        return state, Decoded(damaged=1)
    kind, reference, rest = data[0], data[1], data[2:]
    if kind == Kind.RESULT:
        return state, read_result(reference, rest)
    if reference != Reference.STREAM or kind not in (Kind.DATA, Kind.DATA_GOES_ON):
        return state, Decoded(damaged=1)
    return _take_part(state, kind, rest, arrival_s)


def _take_part(
    state: MovesenseState, kind: int, rest: bytes, arrival_s: float
) -> tuple[MovesenseState, Decoded]:
    """Assemble packets that came in parts, and decode those that are complete."""
    if kind == Kind.DATA_GOES_ON:
        state = replace(state, sent=state.sent.and_part(rest) if state.sent else None)
        if state.part is None:
            return state, Decoded(damaged=1)
        return _take_if_whole(replace(state, part=None), state.part + rest, arrival_s)
    if state.part == rest:
        return state, Decoded()  # a repeated beginning; its end is still to come
    begun = SplitPacket(int.from_bytes(rest[:TIME_BYTES], "little"), len(rest), rest)
    state = replace(state, nine_axes=_nine_axes_in_a_row(state, begun.time_ms), sent=begun)
    if state.nine_axes >= NINE_AXES_PACKETS:
        return _refuse(replace(state, part=None))
    state, before = _give_up_part(state, arrival_s)
    state, now = _take_if_whole(state, rest, arrival_s)
    return state, before.then(now)


def _nine_axes_in_a_row(state: MovesenseState, next_ms: int) -> int:
    """Return the number of latest packets that have nine axes; enough if one cannot be a cut one of six."""
    sent = state.sent
    if state.nine_axes >= NINE_AXES_PACKETS:
        return state.nine_axes
    if sent is None or not sent.has_nine_axes(next_ms):
        return 0
    if _has_usual_batch(sent.length, state):
        return NINE_AXES_PACKETS
    return 0 if state.batch_known else state.nine_axes + 1


def _has_usual_batch(length: int, state: MovesenseState) -> bool:
    """Whether a packet of so many bytes, of nine axes, holds the usual number of samples at least."""
    return length >= TIME_BYTES + NINE_AXES_BYTES * _usual_batch(1.0 / state.spacing.nominal_s)


def _refuse(state: MovesenseState) -> tuple[MovesenseState, Decoded]:
    return replace(state, nine_axes=NINE_AXES_PACKETS), Decoded(damaged=1, facts=Facts(refused=NINE_AXES))


def _take_if_whole(state: MovesenseState, payload: bytes, arrival_s: float) -> tuple[MovesenseState, Decoded]:
    """Decode a payload that has all its samples; keep a shorter one, as more may follow."""
    if len(payload) < TIME_BYTES + SAMPLE_BYTES * state.batch:
        return replace(state, part=payload), Decoded()
    return _take_reading(state, payload, arrival_s)


def _give_up_part(state: MovesenseState, arrival_s: float) -> tuple[MovesenseState, Decoded]:
    """End an unfinished packet as another begins: it was cut short, or packets are shorter than expected."""
    if state.part is None:
        return state, Decoded()
    part, state = state.part, replace(state, part=None)
    if state.batch_known:
        return replace(state, batch_known=False), Decoded(damaged=1)
    return _take_reading(state, part, arrival_s)


def _take_reading(state: MovesenseState, payload: bytes, arrival_s: float) -> tuple[MovesenseState, Decoded]:
    if is_nine_axes(len(payload)) and _has_usual_batch(len(payload), state):
        return _refuse(state)
    reading = parse_imu6(payload)
    if reading is None:
        return state, Decoded(damaged=1)
    clock, order = put_in_order(state.clock, Stamped(reading, reading.time_ms, arrival_s))
    newest = None if order.restarted else state.newest
    state = replace(state, clock=clock, newest=newest, batch=len(reading), batch_known=True)
    taken = []
    for new, time_ms in order.packets:
        state, samples = _append(state, new, time_ms)
        taken.append(samples)
    return state, order.decoded(join_samples(taken), len(reading))


def _append(state: MovesenseState, reading: Imu6Reading, time_ms: int) -> tuple[MovesenseState, Samples]:
    """Number the samples of a packet after the newest one; the clock shows how many are missing."""
    newest, spacing, count = state.newest, state.spacing, len(reading)
    first = round(time_ms / 1e3 / spacing.nominal_s)
    if newest is not None:
        span_s = (time_ms - newest.time_ms) / 1e3
        missing = missing_samples(span_s, newest.count, count, spacing)
        first = newest.next_number + missing
        if not missing:
            spacing = spacing.learned(span_s, newest.count)
    steps = np.arange(count)
    time_s = np.asarray(time_ms / 1e3 + spacing.period_s * steps, dtype=np.float64)
    newest = NewestReading(time_ms, count, first + count)
    samples = Samples(first + steps, time_s, reading.acc_mps2, reading.gyr_dps)
    return replace(state, newest=newest, spacing=spacing), samples


def _usual_batch(rate_hz: float) -> int:
    return max(1, round(rate_hz / PACKETS_PER_S))


def missing_samples(span_s: float, count_before: int, count: int, spacing: Spacing) -> int:
    """Return the number of samples missing between two packets whose first samples are `span_s` apart.

    Losses are of whole packets, so it is rounded to them where the clock agrees to a quarter of a packet.
    """
    by_clock = span_s / spacing.period_s - count_before
    by_packets = round(by_clock / count) * count
    nearest = by_packets if abs(by_packets - by_clock) <= count / 4 else round(by_clock)
    return max(0, nearest)


def begin(rate_hz: float) -> MovesenseState:
    """Return the state before the first byte."""
    return MovesenseState(PacketClock(1e3, 1 << 32), Spacing(1.0 / rate_hz), _usual_batch(rate_hz))


def resume(state: MovesenseState) -> MovesenseState:
    """Drop an incomplete packet; numbering and clock go on."""
    return replace(state, part=None, sent=None, nine_axes=0, clock=after_link_loss(state.clock))


#: Asks for the battery level, also by the standard service if there is one.
POLL: tuple[Step, ...] = (READ_BATTERY, Write(WRITE, BATTERY_COMMAND))


def start(rate_hz: float, _attempt: int) -> tuple[Step, ...]:
    """Return steps that ask for identity and battery level, then for the stream."""
    return (
        Subscribe(NOTIFY),
        Write(WRITE, HELLO_COMMAND),
        Pause(ANSWER_PAUSE_S),
        *POLL,
        Pause(ANSWER_PAUSE_S),
        Write(WRITE, subscribe_command(rate_hz)),
        Pause(ANSWER_PAUSE_S),
    )


FAMILY = Family(
    name="movesense",
    title="Movesense",
    tried=True,
    rates_hz=(52.0, 104.0, 208.0),
    counter="device",
    has_clock=True,
    signs=Signs("Movesense", SERVICES),  # the maker's watches share the company number
    begin=begin,
    decode=decode,
    resume=resume,
    start=start,
    stop=(Write(WRITE, UNSUBSCRIBE_COMMAND),),
    poll=POLL,
)
