"""Polar Verity Sense, by Polar measurement data (PMD).

Accelerometer and gyroscope stream separately at about 52 Hz, each frame with a timestamp of the sensor's ns
clock. The gyroscope is interpolated to the accelerometer's times. Frames have no number: samples are numbered
from the clock, so that a lost frame leaves a gap. Samples are timed as in the SDK: the timestamp is that of
the last sample, and the step is the time since the previous frame divided by the number of samples; after a
lost frame, or for the first one, the last known step is counted backwards from the timestamp.

Source: Polar BLE SDK documentation and "Polar Measurement Data Specification".
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from imu_reps.domain.samples import FloatArray, IntArray
from imu_reps.sensors.families.paired_streams import TimedStreams, pair_by_time
from imu_reps.sensors.families.polar_protocol import (
    ACC,
    GYRO,
    ControlCommand,
    acceleration_mps2,
    angular_rate_dps,
    factor_of,
    measured_step_ns,
    parse_features,
    parse_frame,
    parse_reply,
    refusal,
    sample_times_ns,
    start_command,
    stop_command,
)
from imu_reps.sensors.unwrap import PacketClock, Stamped, after_link_loss, put_in_order
from imu_reps.sensors.wire import (
    READ_INFORMATION,
    Decoded,
    Facts,
    Family,
    Pause,
    Read,
    Signs,
    Step,
    Subscribe,
    Write,
    read_information,
)

SERVICE = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
CONTROL = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
DATA = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"
#: The rate both streams have without the SDK mode.
RATE_HZ = 52.0
NOMINAL_STEP_NS = 1e9 / RATE_HZ
#: A step that differs from the nominal one by a larger fraction spans a lost frame: crystals err far less.
STEP_TOLERANCE = 0.05


_CLOCK: PacketClock[FloatArray] = PacketClock(1e9, 1 << 64)


@dataclass(frozen=True, slots=True)
class PolarStream:
    """State of one of the two streams.

    Attributes
    ----------
    factor : float
        Scale from the reply to its start.
    last_ns : int or None
        Time of the newest sample; None before the first.
    step_ns : float
        Sample period as last measured.
    """

    factor: float = 1.0
    clock: PacketClock[FloatArray] = _CLOCK
    last_ns: int | None = None
    step_ns: float = NOMINAL_STEP_NS


@dataclass(frozen=True, slots=True)
class PolarState:
    """State between frames.

    Attributes
    ----------
    next_number : int
        Number of the accelerometer sample one step after the last.
    waiting : TimedStreams
        Samples not yet paired.
    """

    acc: PolarStream = PolarStream()
    gyr: PolarStream = PolarStream()
    next_number: int = 0
    waiting: TimedStreams = field(default_factory=TimedStreams)


def begin(_rate_hz: float) -> PolarState:
    """Return the state before the first byte."""
    return PolarState()


def resume(state: PolarState) -> PolarState:
    """Return the state for a link that came back: frames are whole, and the clock may have restarted."""
    acc, gyr = (replace(stream, clock=after_link_loss(stream.clock)) for stream in (state.acc, state.gyr))
    return replace(state, acc=acc, gyr=gyr)


def decode(
    state: PolarState, characteristic: str, data: bytes, arrival_s: float
) -> tuple[PolarState, Decoded]:
    """Decode a notification of either characteristic, or a value read."""
    if characteristic == CONTROL:
        return _take_answer(state, data)
    if characteristic == DATA:
        return _take_frame(state, data, arrival_s)
    return state, read_information(characteristic, data)


def _take_answer(state: PolarState, data: bytes) -> tuple[PolarState, Decoded]:
    features = parse_features(data)
    if features is not None:
        missing = None if {ACC, GYRO} <= features else "has no gyroscope, or does not send it"
        return state, Decoded(facts=Facts(refused=missing))
    reply = parse_reply(data)
    if reply is None:
        return state, Decoded(damaged=1)
    if reply.command == ControlCommand.START and reply.status == 0:
        state = _with_factor(state, reply.measurement, factor_of(reply))
    return state, Decoded(facts=Facts(refused=refusal(reply)))


def _with_factor(state: PolarState, measurement: int, factor: float) -> PolarState:
    if measurement == ACC:
        return replace(state, acc=replace(state.acc, factor=factor))
    if measurement == GYRO:
        return replace(state, gyr=replace(state.gyr, factor=factor))
    return state


def _take_frame(state: PolarState, data: bytes, arrival_s: float) -> tuple[PolarState, Decoded]:
    frame = parse_frame(data)
    if frame is None or frame.measurement not in (ACC, GYRO):
        return state, Decoded(damaged=1)
    is_acc = frame.measurement == ACC
    stream = state.acc if is_acc else state.gyr
    values = (acceleration_mps2 if is_acc else angular_rate_dps)(frame, stream.factor)
    if values is None:
        return state, Decoded(damaged=1)
    clock, order = put_in_order(stream.clock, Stamped(values, frame.time_ns, arrival_s))
    stream = replace(stream, clock=clock)
    if order.restarted:
        state = PolarState(PolarStream(state.acc.factor), PolarStream(state.gyr.factor))
        stream = PolarStream(stream.factor, clock)
    for packet, time_ns in order.packets:
        state, stream = (_append_acc if is_acc else _append_gyr)(state, stream, packet, time_ns)
    state = replace(state, acc=stream) if is_acc else replace(state, gyr=stream)
    # gyroscope samples more than two steps apart have a lost frame between them
    waiting, samples = pair_by_time(state.waiting, 2.0 * NOMINAL_STEP_NS / 1e9)
    return replace(state, waiting=waiting), order.decoded(samples, len(values) if is_acc else 0)


def _append_acc(
    state: PolarState, stream: PolarStream, acc_mps2: FloatArray, time_ns: int
) -> tuple[PolarState, PolarStream]:
    """Number a frame's accelerometer samples by the clock, and add them to those that wait."""
    times_ns, after = _timed(stream, time_ns, len(acc_mps2))
    steps = 1 if stream.last_ns is None else round((int(times_ns[0]) - stream.last_ns) / after.step_ns)
    first = state.next_number + max(steps - 1, 0)
    numbers = np.arange(first, first + len(acc_mps2), dtype=np.int64)
    waiting = state.waiting.with_acc(numbers, times_ns / 1e9, acc_mps2)
    return replace(state, next_number=first + len(numbers), waiting=waiting), after


def _append_gyr(
    state: PolarState, stream: PolarStream, gyr_dps: FloatArray, time_ns: int
) -> tuple[PolarState, PolarStream]:
    times_ns, after = _timed(stream, time_ns, len(gyr_dps))
    return replace(state, waiting=state.waiting.with_gyr(times_ns / 1e9, gyr_dps)), after


def _timed(stream: PolarStream, time_ns: int, count: int) -> tuple[IntArray, PolarStream]:
    """Return the times of a frame's samples, and the stream after it."""
    step_ns = stream.step_ns
    if stream.last_ns is not None:
        measured_ns = measured_step_ns(time_ns, stream.last_ns, count)
        if measured_ns <= (1 + STEP_TOLERANCE) * NOMINAL_STEP_NS:
            step_ns = measured_ns
    known = abs(step_ns / NOMINAL_STEP_NS - 1) <= STEP_TOLERANCE
    after = replace(stream, last_ns=time_ns, step_ns=step_ns if known else stream.step_ns)
    return sample_times_ns(time_ns, count, step_ns), after


_PAUSE = Pause(0.2)  # the control point handles one command at a time
#: Ends both streams, which would otherwise drain the battery.
STOP: tuple[Step, ...] = (
    Write(CONTROL, stop_command(ACC), optional=True),
    _PAUSE,
    Write(CONTROL, stop_command(GYRO), optional=True),
    _PAUSE,
)


def start(rate_hz: float, _attempt: int) -> tuple[Step, ...]:
    """Return steps that end streams another program left running, then start both."""
    return (
        Subscribe(CONTROL),
        Subscribe(DATA),
        Read(CONTROL),
        *READ_INFORMATION,
        *STOP,
        Write(CONTROL, start_command(ACC, round(rate_hz))),
        _PAUSE,
        Write(CONTROL, start_command(GYRO, round(rate_hz))),
        _PAUSE,
    )


FAMILY = Family(
    name="polar",
    title="Polar Verity Sense",
    tried=False,
    rates_hz=(RATE_HZ,),
    counter="device",
    has_clock=True,
    signs=Signs(r"(?i)polar (sense|verity)"),
    begin=begin,
    decode=decode,
    resume=resume,
    start=start,
    stop=STOP,
    caution="Its readings arrive one to two seconds late: good for the report after the set, not for live "
    "counting.",
)
