"""Movella (Xsens) DOT: mode 21, acceleration and angular velocity as floats, with a us clock.

A payload has no number; samples are numbered from the clock at the rate the tag reports, so that a lost one
leaves a gap. The tag sends 40 bytes, of which mode 21 fills 28. The vendor's clock alignment
(`movella_dot_messages`) needs both tags disconnected for a quarter of a minute and is not used: the clocks
are fitted afterwards, like any sensor's.

Source: "Xsens DOT BLE Services Specifications", firmware 2.0.0. All numbers are little-endian.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.sensors.unwrap import PacketClock, Stamped, after_link_loss, put_in_order
from imu_reps.sensors.wire import (
    Decoded,
    Facts,
    Family,
    Pause,
    Read,
    Samples,
    Signs,
    Step,
    Subscribe,
    Write,
    are_readings,
    battery,
)

INFO = "15171001-4947-11e9-8646-d663bd873d93"
CONTROL = "15171002-4947-11e9-8646-d663bd873d93"
SERVICE = "15172000-4947-11e9-8646-d663bd873d93"
MEASURE = "15172001-4947-11e9-8646-d663bd873d93"
#: Payloads of medium length, including mode 21.
MEDIUM = "15172003-4947-11e9-8646-d663bd873d93"
BATTERY = "15173001-4947-11e9-8646-d663bd873d93"
RATES_HZ = (20.0, 30.0, 60.0)

#: Mode with acceleration in m/s2 and angular velocity in deg/s, and its payload; the rest is padding.
RATE_QUANTITIES = 21
PAYLOAD = np.dtype([("time_us", "<u4"), ("acc_mps2", "<f4", 3), ("gyr_dps", "<f4", 3)])
START_COMMAND, STOP_COMMAND = bytes([1, 1, RATE_QUANTITIES]), bytes([1, 0, RATE_QUANTITIES])
#: Device control: a mask of what a write changes, whether to identify, 22 bytes of other settings, the rate.
CONTROL_FIELDS = struct.Struct("<BB22xH6x")
APPLY_IDENTIFY, APPLY_RATE = 0x01, 0x10

Reading = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, slots=True)
class MovellaDotState:
    """State between samples.

    Attributes
    ----------
    rate_hz : float
        Requested rate, then the rate the tag reports.
    number : int
        Number of the newest sample; -1 before the first.
    time_us : int or None
        Time of the newest sample; None before the first.
    """

    rate_hz: float
    clock: PacketClock[Reading]
    number: int = -1
    time_us: int | None = None


def begin(rate_hz: float) -> MovellaDotState:
    """Return the state before the first byte."""
    return MovellaDotState(rate_hz, PacketClock(1e6, 1 << 32))


def resume(state: MovellaDotState) -> MovellaDotState:
    """Return the state for a link that came back: payloads are whole, and the clock may have restarted."""
    return replace(state, clock=after_link_loss(state.clock))


def decode(
    state: MovellaDotState, characteristic: str, data: bytes, arrival_s: float
) -> tuple[MovellaDotState, Decoded]:
    """Decode a payload, the battery level, the device control or the device information."""
    if characteristic == MEDIUM:
        return _take_payload(state, data, arrival_s)
    if characteristic == BATTERY:
        return state, battery(data)
    if characteristic == CONTROL:
        return _take_control(state, data)
    if characteristic != INFO or len(data) < 34:  # address and firmware
        return state, Decoded(damaged=1)
    address, firmware = data[:6][::-1].hex(":").upper(), ".".join(map(str, data[6:9]))
    return state, Decoded(facts=Facts(identity=address, firmware=firmware))


def _take_control(state: MovellaDotState, data: bytes) -> tuple[MovellaDotState, Decoded]:
    rate_hz = float(CONTROL_FIELDS.unpack_from(data)[2]) if len(data) >= CONTROL_FIELDS.size else 0.0
    if not rate_hz:
        return state, Decoded(damaged=1)
    return replace(state, rate_hz=rate_hz), Decoded(facts=Facts(rate_hz=rate_hz))


def _take_payload(state: MovellaDotState, data: bytes, arrival_s: float) -> tuple[MovellaDotState, Decoded]:
    if len(data) < PAYLOAD.itemsize:
        return state, Decoded(damaged=1)
    payload = np.frombuffer(data, PAYLOAD, count=1)[0]
    with np.errstate(invalid="ignore"):
        reading = payload["acc_mps2"].astype(np.float64), payload["gyr_dps"].astype(np.float64)
    if not all(map(are_readings, reading)):
        return state, Decoded(damaged=1)
    clock, order = put_in_order(state.clock, Stamped(reading, int(payload["time_us"]), arrival_s))
    state = replace(state, clock=clock)
    if order.restarted:
        state = replace(state, number=-1, time_us=None)
    numbers: list[int] = []
    for _, time_us in order.packets:
        state = _moved_to(state, time_us)
        numbers.append(state.number)
    return state, order.decoded(_samples(numbers, order.packets), 1)


def _moved_to(state: MovellaDotState, time_us: int) -> MovellaDotState:
    """Return the state at the next sample, its number raised by the samples the clock shows, at least 1."""
    steps = 1
    if state.time_us is not None:
        steps = max(round((time_us - state.time_us) / 1e6 * state.rate_hz), 1)
    return replace(state, number=state.number + steps, time_us=time_us)


def _samples(numbers: list[int], packets: tuple[tuple[Reading, int], ...]) -> Samples:
    return Samples(
        np.array(numbers, np.int64),
        np.array([time_us / 1e6 for _, time_us in packets], np.float64),
        np.array([acc for (acc, _), _ in packets], np.float64).reshape(-1, 3),
        np.array([gyr for (_, gyr), _ in packets], np.float64).reshape(-1, 3),
    )


#: Ends the measurement.
STOP = Write(MEASURE, STOP_COMMAND, optional=True)


def start(rate_hz: float, _attempt: int) -> tuple[Step, ...]:
    """Return steps that set the rate, subscribe and start; a start before the subscription would be lost."""
    return (
        Read(INFO, optional=True),
        Read(BATTERY, optional=True),
        STOP,
        Pause(0.3),  # while the tag measures, its rate cannot change
        Write(CONTROL, CONTROL_FIELDS.pack(APPLY_RATE, 0, round(rate_hz))),
        Read(CONTROL, optional=True),
        Subscribe(MEDIUM),
        Write(MEASURE, START_COMMAND),
    )


FAMILY = Family(
    name="movella_dot",
    title="Movella DOT",
    tried=False,
    rates_hz=RATES_HZ,
    counter="device",
    has_clock=True,
    signs=Signs(r"(?i)(xsens|movella) dot", company_ids=(0x0886,)),
    begin=begin,
    decode=decode,
    resume=resume,
    start=start,
    stop=(STOP,),
    poll=(Read(BATTERY, optional=True),),
    identify=(Write(CONTROL, CONTROL_FIELDS.pack(APPLY_IDENTIFY, 1, 0)),),
)
