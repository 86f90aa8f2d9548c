"""Text over Nordic UART: lines split anywhere, numbers and clocks that wrap or do not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps.sensors.families import nordic_uart
from imu_reps.sensors.wire import Samples

FAMILY = nordic_uart.FAMILY


def line(number: int, seq_wrap: int = 2**16, clock_wrap: int = 2**32) -> bytes:
    """Return sample `number` of a board that counts from power-on at 50 Hz, with its number as x."""
    return f"{number % seq_wrap},{number * 20_000 % clock_wrap},{number % 1000},0,9.81,1,-2,3\n".encode()


def pieces(data: bytes, where: list[int]) -> list[bytes]:
    edges = [0, *sorted(at % (len(data) + 1) for at in where), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def fed(chunks: list[bytes], decode_all: Callable[..., Any], spacing_s: float = 0.02) -> Any:
    packets = [(nordic_uart.NOTIFY, chunk, spacing_s * i) for i, chunk in enumerate(chunks)]
    return decode_all(FAMILY, FAMILY.begin(50.0), packets)[1]


@given(where=st.lists(st.integers(0, 2000), max_size=12), begin=st.sampled_from([0, 65_530, 214_745]))
@settings(max_examples=60, deadline=None)
def test_lines_are_read_wherever_they_are_split(
    where: list[int], begin: int, decode_all: Callable[..., Any], same: Callable[[Samples, Samples], bool]
) -> None:
    data = b"".join(line(begin + i) for i in range(12))

    whole, cut = fed([data], decode_all), fed(pieces(data, where), decode_all)

    assert same(whole.samples, cut.samples)
    assert np.diff(whole.samples.number).tolist() == [1] * 11
    assert (whole.damaged, cut.damaged) == (0, 0)


@pytest.mark.parametrize(("seq_wrap", "clock_wrap"), [(2**16, 2**32), (10**17, 10**17), (2**16, 10**17)])
@given(received=st.lists(st.booleans(), min_size=1, max_size=30), begin=st.sampled_from([0, 65_520, 214_740]))
@settings(max_examples=30, deadline=None)
def test_lost_lines_leave_gaps_over_every_wrap(
    received: list[bool], begin: int, seq_wrap: int, clock_wrap: int, decode_all: Callable[..., Any]
) -> None:
    arrived = [0, *(i + 1 for i, was_received in enumerate(received) if was_received)]
    packets = [(nordic_uart.NOTIFY, line(begin + i, seq_wrap, clock_wrap), 0.02 * i) for i in arrived]

    samples = decode_all(FAMILY, FAMILY.begin(50.0), packets)[1].samples

    assert (samples.number - samples.number[0]).tolist() == arrived
    np.testing.assert_allclose(
        samples.device_time_s - samples.device_time_s[0], np.array(arrived) * 0.02, atol=1e-6
    )


def test_a_gap_longer_than_the_counter_is_counted_by_the_clock(decode_all: Callable[..., Any]) -> None:
    numbers = [*range(60), 200_000]
    packets = [(nordic_uart.NOTIFY, line(i), 0.02 * i) for i in numbers]

    samples = decode_all(FAMILY, FAMILY.begin(50.0), packets)[1].samples

    assert samples.number.tolist() == numbers


def test_a_garbled_number_affects_only_itself(decode_all: Callable[..., Any]) -> None:
    lines = [line(i) for i in range(6)]
    lines[3] = b"9" + lines[3]

    decoded = fed(lines, decode_all)

    assert decoded.samples.number.tolist() == list(range(6))


@pytest.mark.parametrize(
    "text",
    [
        b"1,2,3,4,5,6,7",
        b"1,2,3,4,5,6,7,8,9",
        b"-1,2,3,4,5,6,7,8",
        b"1,2,inf,4,5,6,7,8",
        b"1,2,1_0,4,5,6,7,8",
        b"a",
    ],
)
def test_lines_that_are_no_samples_are_damaged(text: bytes, decode_all: Callable[..., Any]) -> None:
    decoded = fed([line(1), text + b"\n", line(2)], decode_all)

    assert decoded.damaged == 1
    assert decoded.samples.number.tolist() == [1, 2]


def test_half_a_line_is_discarded_when_the_link_is_lost(decode_all: Callable[..., Any]) -> None:
    state, _ = decode_all(FAMILY, FAMILY.begin(50.0), [(nordic_uart.NOTIFY, line(1) + line(2)[:9], 0.04)])

    _, decoded = decode_all(FAMILY, FAMILY.resume(state), [(nordic_uart.NOTIFY, line(7), 0.14)])

    assert decoded.samples.number.tolist() == [7]
    assert decoded.damaged == 0


def test_a_restarted_board_is_noticed(decode_all: Callable[..., Any]) -> None:
    state, _ = decode_all(
        FAMILY, FAMILY.begin(50.0), [(nordic_uart.NOTIFY, line(5000 + i), 0.02 * i) for i in range(3)]
    )

    again = [(nordic_uart.NOTIFY, line(i), 20 + 0.02 * i) for i in range(3)]
    _, decoded = decode_all(FAMILY, FAMILY.resume(state), again)

    assert decoded.restarted
    assert decoded.samples.number.tolist() == [0, 1, 2]
