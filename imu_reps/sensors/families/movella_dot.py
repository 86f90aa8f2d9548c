"""Movella (Xsens) DOT: mode 21, acceleration and angular velocity as floats, with a us clock.

A payload carries no number; samples are numbered from the clock at the rate the tag says it has, so that a
lost one leaves a hole. The tag sends 40 bytes of which mode 21 fills 28. The vendor's clock alignment
(`movella_dot_messages`) needs both tags disconnected for a quarter of a minute and is left alone: the clocks
are fitted afterwards, as any sensor's.

Source: "Xsens DOT BLE Services Specifications", firmware 2.0.0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imu_reps.domain.samples import FloatArray
from imu_reps.sensors.families.movella_dot_packets import (
    MEDIUM,
    RATE_QUANTITIES,
    identify_command,
    parse_control,
    parse_info,
    parse_payload,
    set_rate_command,
    start_command,
    stop_command,
)
from imu_reps.sensors.families.readings import are_readings, battery
from imu_reps.sensors.unwrap import PacketClock, Stamped, after_link_loss, put_in_order
from imu_reps.sensors.wire import (
    Advertisement,
    Decoded,
    Facts,
    Family,
    Pause,
    Read,
    Samples,
    Step,
    Subscribe,
    Write,
)

INFO = "15171001-4947-11e9-8646-d663bd873d93"
CONTROL = "15171002-4947-11e9-8646-d663bd873d93"
SERVICE = "15172000-4947-11e9-8646-d663bd873d93"
MEASURE = "15172001-4947-11e9-8646-d663bd873d93"
BATTERY = "15173001-4947-11e9-8646-d663bd873d93"
COMPANY_ID = 0x0886
RATES_HZ = (20.0, 30.0, 60.0)
TICKS_PER_S = 1e6
CLOCK_MODULUS = 1 << 32
#: For the tag to leave the measuring state, in which it keeps its rate, s.
STOP_PAUSE_S = 0.3

Reading = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, slots=True)
class MovellaDotState:
    """What is carried from sample to sample.

    Attributes
    ----------
    rate_hz : float
        As asked, then as the tag says.
    clock : PacketClock
    number, time_us : int or None
        Of the newest sample.
    """

    rate_hz: float
    clock: PacketClock[Reading]
    number: int = -1
    time_us: int | None = None


def begin(rate_hz: float) -> MovellaDotState:
    """The state before the first byte."""
    return MovellaDotState(rate_hz, PacketClock(TICKS_PER_S, CLOCK_MODULUS))


def resume(state: MovellaDotState) -> MovellaDotState:
    """Payloads come whole and the clock goes on, unless the tag was switched off meanwhile."""
    return replace(state, clock=after_link_loss(state.clock))


def decode(
    state: MovellaDotState, characteristic: str, data: bytes, arrival_s: float
) -> tuple[MovellaDotState, Decoded]:
    """Read a payload, the battery, the device control or the device information."""
    if characteristic == MEDIUM:
        return _take_payload(state, data, arrival_s)
    if characteristic == BATTERY:
        return state, battery(data)
    if characteristic == CONTROL:
        return _take_control(state, data)
    info = parse_info(data) if characteristic == INFO else None
    if info is None:
        return state, Decoded(damaged=1)
    return state, Decoded(facts=Facts(identity=info.address, firmware=info.firmware))


def _take_control(state: MovellaDotState, data: bytes) -> tuple[MovellaDotState, Decoded]:
    control = parse_control(data)
    if control is None or not control.rate_hz:
        return state, Decoded(damaged=1)
    rate_hz = float(control.rate_hz)
    return replace(state, rate_hz=rate_hz), Decoded(facts=Facts(rate_hz=rate_hz))


def _take_payload(state: MovellaDotState, data: bytes, arrival_s: float) -> tuple[MovellaDotState, Decoded]:
    payload = parse_payload(RATE_QUANTITIES, data)
    if payload is None or not all(are_readings(values) for values in payload.values.values()):
        return state, Decoded(damaged=1)
    reading = payload.values["acc_mps2"], payload.values["gyr_dps"]
    clock, order = put_in_order(state.clock, Stamped(reading, payload.time_us, arrival_s))
    state = replace(state, clock=clock)
    if order.restarted:
        state = replace(state, number=-1, time_us=None)
    numbers: list[int] = []
    for _, time_us in order.packets:
        state = _moved_to(state, time_us)
        numbers.append(state.number)
    samples = _samples(numbers, order.packets)
    return state, Decoded(
        samples, damaged=order.damaged, repeated=int(order.repeated), restarted=order.restarted
    )


def _moved_to(state: MovellaDotState, time_us: int) -> MovellaDotState:
    """The state at a sample: at least one number on, more where the clock passed over some."""
    steps = 1
    if state.time_us is not None:
        steps = max(round((time_us - state.time_us) / TICKS_PER_S * state.rate_hz), 1)
    return replace(state, number=state.number + steps, time_us=time_us)


def _samples(numbers: list[int], packets: tuple[tuple[Reading, int], ...]) -> Samples:
    return Samples(
        np.array(numbers, np.int64),
        np.array([time_us / TICKS_PER_S for _, time_us in packets], np.float64),
        np.array([acc for (acc, _), _ in packets], np.float64).reshape(-1, 3),
        np.array([gyr for (_, gyr), _ in packets], np.float64).reshape(-1, 3),
    )


def recognises(advertisement: Advertisement) -> bool:
    """Whether it has the maker's company number or the name it is sold under."""
    name = (advertisement.name or "").lower()
    return COMPANY_ID in advertisement.company_ids or name.startswith(("xsens dot", "movella dot"))


def start(rate_hz: float, _attempt: int) -> tuple[Step, ...]:
    """Set the rate, then start; the notification is switched on first, or the start would be lost."""
    return (
        Read(INFO, optional=True),
        Read(BATTERY, optional=True),
        *stop(),
        Pause(STOP_PAUSE_S),
        Write(CONTROL, set_rate_command(round(rate_hz))),
        Read(CONTROL, optional=True),
        Subscribe(MEDIUM),
        Write(MEASURE, start_command(RATE_QUANTITIES)),
    )


def stop() -> tuple[Step, ...]:
    """End the measurement."""
    return (Write(MEASURE, stop_command(RATE_QUANTITIES), optional=True),)


def poll() -> tuple[Step, ...]:
    """Ask for the battery."""
    return (Read(BATTERY, optional=True),)


FAMILY = Family(
    name="movella_dot",
    title="Movella DOT",
    tried=False,
    rates_hz=RATES_HZ,
    counter="device",
    has_clock=True,
    recognises=recognises,
    begin=begin,
    decode=decode,
    resume=resume,
    start=start,
    stop=stop,
    poll=poll,
    identify=(Write(CONTROL, identify_command()),),
)
