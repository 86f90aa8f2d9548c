"""Lines of text over the Nordic UART service: the easiest sensor to build.

A sketch sends one line per sample, ended by a newline, in decimal ASCII::

    seq,us,ax,ay,az,gx,gy,gz

seq
    Number of the sample, increasing by one. It may wrap at 65536 or not at all.
us
    The board's clock when the sample was taken, in whole us. It may wrap at 2^32 or not at all.
ax ay az
    Specific force in m/s2; a board at rest reads +9.8 on the axis that points up.
gx gy gz
    Angular rate in deg/s, right-handed.

Lines may be split anywhere between notifications. Any other line counts as damaged. The sketch sets the rate:
nothing is written to the board.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from imu_reps.sensors.unwrap import (
    PacketClock,
    Spacing,
    Stamped,
    after_link_loss,
    put_in_order,
    unwrap_near,
)
from imu_reps.sensors.wire import (
    READ_BATTERY,
    Decoded,
    Family,
    Samples,
    Signs,
    Step,
    Subscribe,
    are_readings,
    read_information,
)

SERVICE = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
NOTIFY = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
RATES_HZ = (25.0, 50.0, 100.0)
SEQ_MODULUS = 1 << 16
#: Longest line in bytes; eight numbers fit easily.
LONGEST_LINE = 160
_NUMBER = rb"[+-]?(?:\d{1,15}\.?\d{0,15}|\.\d{1,15})(?:[eE][+-]?\d{1,2})?"
_LINE = re.compile(rb" *(\d{1,18}) *, *(\d{1,18})((?: *, *" + _NUMBER + rb"){6}) *\r?")


@dataclass(frozen=True, slots=True)
class Line:
    """One sample as sent: number, clock, specific force x, y, z (m/s2) and angular rate x, y, z (deg/s)."""

    seq: int
    us: int
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class NordicUartState:
    """State between notifications.

    Attributes
    ----------
    rest : bytes
        An incomplete line.
    joining : bool
        Whether no line has ended since the link was made: the first may lack its beginning.
    newest : tuple of int or None
        The newest sample's seq, unwrapped clock in us, and unwrapped number.
    """

    clock: PacketClock[Line]
    spacing: Spacing
    rest: bytes = b""
    joining: bool = True
    newest: tuple[int, int, int] | None = None


def parse_line(text: bytes) -> Line | None:
    """Parse one line without its newline; None if it is not a sample."""
    match = _LINE.fullmatch(text)
    if match is None:
        return None
    values = tuple(float(number) for number in match[3].split(b",")[1:])
    return Line(int(match[1]), int(match[2]), values) if are_readings(np.array(values)) else None


def split_lines(rest: bytes, data: bytes) -> tuple[tuple[bytes, ...], bytes, int]:
    """Return the complete lines, the rest of the last one, and how many overlong lines were dropped."""
    *lines, rest = (rest + data).split(b"\n")
    whole = tuple(line for line in lines if len(line) <= LONGEST_LINE)
    dropped = len(lines) - len(whole)
    if len(rest) > LONGEST_LINE:
        return whole, b"", dropped + 1
    return whole, rest, dropped


def begin(rate_hz: float) -> NordicUartState:
    """Return the state before the first byte."""
    return NordicUartState(PacketClock(1e6, 1 << 32), Spacing(1 / rate_hz))


def resume(state: NordicUartState) -> NordicUartState:
    """Drop an incomplete line; numbering and clock go on."""
    return replace(state, clock=after_link_loss(state.clock), rest=b"", joining=True)


def decode(
    state: NordicUartState, characteristic: str, data: bytes, arrival_s: float
) -> tuple[NordicUartState, Decoded]:
    """Decode the lines that end in a notification."""
    if characteristic != NOTIFY:
        return state, read_information(characteristic, data)
    texts, rest, dropped = split_lines(state.rest, data)
    state = replace(state, rest=rest)
    decoded = Decoded(damaged=dropped)
    for text in texts:
        state, line = _take_line(state, text, arrival_s)
        decoded = decoded.then(line)
    return state, decoded


def _take_line(state: NordicUartState, text: bytes, arrival_s: float) -> tuple[NordicUartState, Decoded]:
    joining, state = state.joining, replace(state, joining=False)
    line = parse_line(text)
    if line is None:
        return state, Decoded(damaged=int(bool(text.strip()) and not joining))
    clock, order = put_in_order(state.clock, Stamped(line, line.us, arrival_s))
    state = replace(state, clock=clock, newest=None if order.restarted else state.newest)
    numbers: list[int] = []
    for new, us in order.packets:
        state, number = _numbered(state, new.seq, us)
        numbers.append(number)
    return state, order.decoded(_samples(numbers, order.packets), 1)


def _numbered(state: NordicUartState, seq: int, us: int) -> tuple[NordicUartState, int]:
    """Return the state after a new sample and its number: by its seq, or by the clock if seq is damaged."""
    if state.newest is None:
        return replace(state, newest=(seq, us, seq)), seq
    old_seq, old_us, old_number = state.newest
    passed_s = (us - old_us) / 1e6
    expected = passed_s / state.spacing.period_s
    step = seq - old_seq
    if max(seq, old_seq) < SEQ_MODULUS:
        step = unwrap_near(step, SEQ_MODULUS, expected)
    if not 1 <= step <= 4 * (expected + 1):  # a damaged number
        step = max(round(expected), 1)
    spacing = state.spacing.learned(passed_s, 1) if step == 1 else state.spacing
    return replace(state, spacing=spacing, newest=(seq, us, old_number + step)), old_number + step


def _samples(numbers: list[int], packets: tuple[tuple[Line, int], ...]) -> Samples:
    values = np.array([line.values for line, _ in packets], np.float64).reshape(-1, 6)
    times_s = np.array([us / 1e6 for _, us in packets], np.float64)
    return Samples(np.array(numbers, np.int64), times_s, values[:, :3], values[:, 3:])


def start(_rate_hz: float, _attempt: int) -> tuple[Step, ...]:
    """Return steps that subscribe; the sketch then starts to send."""
    return (READ_BATTERY, Subscribe(NOTIFY))


FAMILY = Family(
    name="nordic_uart",
    title="Text over Nordic UART",
    tried=False,
    rates_hz=RATES_HZ,
    counter="device",
    has_clock=True,
    signs=Signs(r"Puck\.js", (SERVICE,)),
    begin=begin,
    decode=decode,
    resume=resume,
    start=start,
    caution="Text carries no checksum and fills the air: the open profile does better from 50 Hz up.",
)
