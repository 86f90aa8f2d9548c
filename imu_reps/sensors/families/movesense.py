"""Movesense over its GATT sensor-data protocol: a clock of milliseconds, no counter."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imu_reps.sensors.families.movesense_packets import (
    DATA,
    DATA_GOES_ON,
    NINE_AXES,
    RESULT,
    SAMPLE_BYTES,
    STREAM_REFERENCE,
    TIME_BYTES,
    Imu6Reading,
    battery_command,
    hello_command,
    is_nine_axes,
    parse_imu6,
    read_result,
    subscribe_command,
    unsubscribe_command,
)
from imu_reps.sensors.families.readings import battery
from imu_reps.sensors.unwrap import PacketClock, Spacing, Stamped, after_link_loss, put_in_order
from imu_reps.sensors.wire import (
    BATTERY_LEVEL,
    NOTHING_SPOKEN,
    Advertisement,
    Characteristic,
    Decoded,
    Facts,
    Family,
    Pause,
    Read,
    Samples,
    Step,
    Subscribe,
    Write,
    join_samples,
)

#: The protocol's own service, and the one that newer firmware shows instead.
SERVICES = ("34802252-7185-4d5d-b431-630e7050e8f0", "0000fdf3-0000-1000-8000-00805f9b34fb")
WRITE: Characteristic = ("34800001-7185-4d5d-b431-630e7050e8f0", "6b200001-ff4e-4979-8186-fb7ba486fcd7")
NOTIFY: Characteristic = ("34800002-7185-4d5d-b431-630e7050e8f0", "6b200002-ff4e-4979-8186-fb7ba486fcd7")
NAME_PREFIX = "Movesense"

CLOCK_MODULUS = 1 << 32
TICKS_PER_S = 1e3
#: Every rate is sent in packets of a thirteenth of a second.
PACKETS_PER_S = 13.0
#: The sensor answers a command within this time.
ANSWER_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class NewestReading:
    """The newest packet taken: its unwrapped time, its length, the number after its last sample."""

    time_ms: int
    count: int
    next_number: int


@dataclass(frozen=True, slots=True)
class MovesenseState:
    """What the stream was so far.

    Attributes
    ----------
    clock : PacketClock
    spacing : Spacing
    batch : int
        Samples to a packet.
    batch_known : bool
        One such packet was seen; before, it is what the rate suggests.
    part : bytes or None
        The beginning of a packet that did not fit into one notification.
    newest : NewestReading or None
    """

    clock: PacketClock[Imu6Reading]
    spacing: Spacing
    batch: int
    batch_known: bool = False
    part: bytes | None = None
    newest: NewestReading | None = None


def decode(
    state: MovesenseState, characteristic: str, data: bytes, arrival_s: float
) -> tuple[MovesenseState, Decoded]:
    """Take a notification or what was read; see `Family.decode`."""
    characteristic = characteristic.lower()
    if characteristic == BATTERY_LEVEL:
        return state, battery(data)
    if characteristic not in NOTIFY:
        return state, Decoded()
    if len(data) < 3:
        return state, Decoded(damaged=1)
    kind, reference, rest = data[0], data[1], data[2:]
    if kind == RESULT:
        return state, read_result(reference, rest)
    if reference != STREAM_REFERENCE or kind not in (DATA, DATA_GOES_ON):
        return state, Decoded(damaged=1)
    return _take_part(state, kind, rest, arrival_s)


def _take_part(
    state: MovesenseState, kind: int, rest: bytes, arrival_s: float
) -> tuple[MovesenseState, Decoded]:
    """Put packets together that came in parts, and take those that are whole."""
    if kind == DATA_GOES_ON:
        if state.part is None:
            return state, Decoded(damaged=1)
        return _take_if_whole(replace(state, part=None), state.part + rest, arrival_s)
    if state.part == rest:
        return state, Decoded()  # the same beginning twice: its end is still to come
    state, before = _give_up_part(state, arrival_s)
    state, now = _take_if_whole(state, rest, arrival_s)
    return state, _both(before, now)


def _take_if_whole(state: MovesenseState, payload: bytes, arrival_s: float) -> tuple[MovesenseState, Decoded]:
    """Take a payload that has all its samples; keep a shorter one, more of it may follow."""
    if len(payload) < TIME_BYTES + SAMPLE_BYTES * state.batch:
        return replace(state, part=payload), Decoded()
    return _take_reading(state, payload, arrival_s)


def _give_up_part(state: MovesenseState, arrival_s: float) -> tuple[MovesenseState, Decoded]:
    """A packet begins while one is unfinished: that was cut short, or packets are shorter than thought."""
    if state.part is None:
        return state, Decoded()
    part, state = state.part, replace(state, part=None)
    if state.batch_known:
        return replace(state, batch_known=False), Decoded(damaged=1)
    return _take_reading(state, part, arrival_s)


def _take_reading(state: MovesenseState, payload: bytes, arrival_s: float) -> tuple[MovesenseState, Decoded]:
    reading = parse_imu6(payload)
    if reading is None:
        return state, Decoded(damaged=1)
    if is_nine_axes(len(reading), _usual_batch(1.0 / state.spacing.nominal_s)):
        return state, Decoded(damaged=1, facts=Facts(refused=NINE_AXES))
    clock, order = put_in_order(state.clock, Stamped(reading, reading.time_ms, arrival_s))
    newest = None if order.restarted else state.newest
    state = replace(state, clock=clock, newest=newest, batch=len(reading), batch_known=True)
    taken = []
    for new, time_ms in order.packets:
        state, samples = _append(state, new, time_ms)
        taken.append(samples)
    repeated = len(reading) if order.repeated else 0
    return state, Decoded(join_samples(taken), NOTHING_SPOKEN, order.damaged, repeated, order.restarted)


def _append(state: MovesenseState, reading: Imu6Reading, time_ms: int) -> tuple[MovesenseState, Samples]:
    """Number the samples of a packet that comes after the newest; the clock tells how many are missing."""
    newest, spacing, count = state.newest, state.spacing, len(reading)
    first = round(time_ms / TICKS_PER_S / spacing.nominal_s)
    if newest is not None:
        span_s = (time_ms - newest.time_ms) / TICKS_PER_S
        missing = missing_samples(span_s, newest.count, count, spacing)
        first = newest.next_number + missing
        if not missing:
            spacing = spacing.learned(span_s, newest.count)
    steps = np.arange(count)
    time_s = np.asarray(time_ms / TICKS_PER_S + spacing.period_s * steps, dtype=np.float64)
    newest = NewestReading(time_ms, count, first + count)
    samples = Samples(first + steps, time_s, reading.acc_mps2, reading.gyr_dps)
    return replace(state, newest=newest, spacing=spacing), samples


def _usual_batch(rate_hz: float) -> int:
    return max(1, round(rate_hz / PACKETS_PER_S))


def missing_samples(span_s: float, count_before: int, count: int, spacing: Spacing) -> int:
    """How many samples lie between two packets whose beginnings are `span_s` apart.

    Whole packets get lost: their nearest whole number, where the clock agrees with it to a quarter packet.
    """
    by_clock = span_s / spacing.period_s - count_before
    by_packets = round(by_clock / count) * count
    nearest = by_packets if abs(by_packets - by_clock) <= count / 4 else round(by_clock)
    return max(0, nearest)


def _both(first: Decoded, second: Decoded) -> Decoded:
    return Decoded(
        join_samples((first.samples, second.samples)),
        second.facts,
        first.damaged + second.damaged,
        first.repeated + second.repeated,
        first.restarted or second.restarted,
    )


def recognises(advertisement: Advertisement) -> bool:
    """Tell by name or service; the company number is shared with the maker's watches."""
    named = (advertisement.name or "").startswith(NAME_PREFIX)
    return named or bool(set(SERVICES) & set(advertisement.service_uuids))


def begin(rate_hz: float) -> MovesenseState:
    """Nothing arrived yet."""
    return MovesenseState(
        PacketClock(TICKS_PER_S, CLOCK_MODULUS), Spacing(1.0 / rate_hz), _usual_batch(rate_hz)
    )


def resume(state: MovesenseState) -> MovesenseState:
    """Forget a half-read packet; numbering and clock go on."""
    return replace(state, part=None, clock=after_link_loss(state.clock))


def start(rate_hz: float, attempt: int) -> tuple[Step, ...]:
    """Ask who it is and for the battery, then for the stream."""
    del attempt  # one way only
    return (
        Subscribe(NOTIFY),
        Write(WRITE, hello_command()),
        Pause(ANSWER_PAUSE_S),
        *poll(),
        Pause(ANSWER_PAUSE_S),
        Write(WRITE, subscribe_command(rate_hz)),
        Pause(ANSWER_PAUSE_S),
    )


def stop() -> tuple[Step, ...]:
    """End the subscription."""
    return (Write(WRITE, unsubscribe_command()),)


def poll() -> tuple[Step, ...]:
    """Ask for the battery, by the standard service too where there is one."""
    return (Read(BATTERY_LEVEL, optional=True), Write(WRITE, battery_command()))


FAMILY = Family(
    name="movesense",
    title="Movesense",
    tried=True,
    rates_hz=(52.0, 104.0, 208.0),
    counter="device",
    has_clock=True,
    recognises=recognises,
    begin=begin,
    decode=decode,
    resume=resume,
    start=start,
    stop=stop,
    poll=poll,
)
