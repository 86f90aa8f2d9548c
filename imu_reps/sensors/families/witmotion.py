"""WitMotion BLE 5.0 (WT9011DCL-BT50, WT901BLECL, WT901BLE67, WT901BLE68): cheap, without clock or counter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from imu_reps.domain.samples import IntArray
from imu_reps.sensors.families.witmotion_frames import (
    BATTERY_REGISTER,
    DATA,
    DISPLACEMENT_REGISTER,
    END_OF_SCALE,
    RATE_CODES,
    REGISTERS,
    VERSION_REGISTER,
    FrameStream,
    acc_mps2,
    command,
    facts_of,
    gyr_dps,
    parse_data,
    parse_registers,
    read_command,
    set_rate_command,
    split_frames,
    unlock_command,
    was_cut_short,
)
from imu_reps.sensors.wire import (
    Advertisement,
    Characteristic,
    Decoded,
    Facts,
    Family,
    Pause,
    Samples,
    Step,
    Subscribe,
    Write,
    no_samples,
)

#: The vendor's base ends in 9a34fb; the Bluetooth SIG's, on some units, in 9b34fb.
SERVICE = "0000ffe5-0000-1000-8000-00805f9a34fb"
#: Of units that also speak classic Bluetooth.
DUAL_SERVICE = "49535343-fe7d-4ae5-8fa9-9fafd205e455"
NOTIFY: Characteristic = (
    "0000ffe4-0000-1000-8000-00805f9a34fb",
    "0000ffe4-0000-1000-8000-00805f9b34fb",
    "49535343-1e4d-4bd9-ba61-23c647249616",
)
WRITE: Characteristic = (
    "0000ffe9-0000-1000-8000-00805f9a34fb",
    "0000ffe9-0000-1000-8000-00805f9b34fb",
    "49535343-8841-43f4-a8d4-ecbe34729bb3",
)
NAME = re.compile(r"^WT|WT\d")

#: The sensor takes one command at a time and needs this long for each.
COMMAND_PAUSE_S = 0.1
#: And answers a question within this time.
ANSWER_PAUSE_S = 0.3


@dataclass(frozen=True, slots=True)
class WitMotionState:
    """Where the byte stream stands, and the number of the next sample."""

    stream: FrameStream = field(default_factory=FrameStream)
    number: int = 0


def decode(
    state: WitMotionState, characteristic: str, data: bytes, arrival_s: float
) -> tuple[WitMotionState, Decoded]:
    """Take a notification; see `Family.decode`."""
    del arrival_s  # nothing to compare it with
    if characteristic.lower() not in NOTIFY:
        return state, Decoded()
    cut = was_cut_short(state.stream, data)
    stream, frames, lost = split_frames(FrameStream() if cut else state.stream, data)
    raw = parse_data(frame for frame in frames if frame[1] == DATA)
    answers = [facts_of(parse_registers(frame)) for frame in frames if frame[1] == REGISTERS]
    samples = _samples(raw, state.number)
    saturated = bool(np.any(np.abs(raw[:, :6]) >= END_OF_SCALE))
    facts = replace(_together(answers), saturated=saturated)
    return WitMotionState(stream, state.number + len(samples)), Decoded(samples, facts, damaged=lost + cut)


def _samples(raw: IntArray, first: int) -> Samples:
    n = len(raw)
    if not n:
        return no_samples()
    return Samples(first + np.arange(n), np.full(n, np.nan), acc_mps2(raw), gyr_dps(raw))


def _together(answers: Iterable[Facts]) -> Facts:
    facts = Facts()
    for said in answers:
        charge = facts.battery_percent if said.battery_percent is None else said.battery_percent
        facts = Facts(charge, said.identity or facts.identity, said.firmware or facts.firmware)
    return facts


def recognises(advertisement: Advertisement) -> bool:
    """Tell by the service, or by the name: the service is not always advertised."""
    if {SERVICE, DUAL_SERVICE} & set(advertisement.service_uuids):
        return True
    return bool(advertisement.name and NAME.search(advertisement.name))


def begin(rate_hz: float) -> WitMotionState:
    """Nothing read yet."""
    del rate_hz  # the stream looks the same at every rate
    return WitMotionState()


def resume(state: WitMotionState) -> WitMotionState:
    """Forget a half-read frame; the numbering goes on."""
    return WitMotionState(number=state.number)


def start(rate_hz: float, attempt: int) -> tuple[Step, ...]:
    """Subscribe, raise the factory's 10 Hz, ask who it is.

    Nothing is saved: after switching off, the sensor is as its owner had it. Which outputs are chosen
    (register 02) is never touched: some units then stop sending.
    """
    settings = (unlock_command(), command(DISPLACEMENT_REGISTER, 0), set_rate_command(rate_hz, attempt))
    questions = (read_command(BATTERY_REGISTER), read_command(VERSION_REGISTER))
    return (
        Subscribe(NOTIFY),
        *(step for data in settings for step in (Write(WRITE, data), Pause(COMMAND_PAUSE_S))),
        *(step for data in questions for step in (Write(WRITE, data), Pause(ANSWER_PAUSE_S))),
    )


def stop() -> tuple[Step, ...]:
    """Nothing: the stream ends with the subscription."""
    return ()


def poll() -> tuple[Step, ...]:
    """Ask for the battery."""
    return (Write(WRITE, read_command(BATTERY_REGISTER)),)


FAMILY = Family(
    name="witmotion",
    title="WitMotion BLE 5.0",
    tried=True,
    rates_hz=tuple(RATE_CODES),
    counter="host",
    has_clock=False,
    recognises=recognises,
    begin=begin,
    decode=decode,
    resume=resume,
    start=start,
    stop=stop,
    poll=poll,
)
