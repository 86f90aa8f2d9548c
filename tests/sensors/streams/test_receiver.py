"""What becomes of one sensor's bytes: samples, link changes, and a correct tally."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_reps import SampleBlock
from imu_reps.sensors import receiver as receiver_module
from imu_reps.sensors.families import FAMILIES, family
from imu_reps.sensors.receiver import ArrivalPace, Inbox, Receiver, ReceiverLimits
from imu_reps.sensors.stream_items import LinkChange, Notification
from imu_reps.sensors.wire import Samples

NOTIFY = "0000ffe4-0000-1000-8000-00805f9a34fb"


def frame(number: int) -> bytes:
    return b"\x55\x61" + struct.pack("<9h", 0, 0, 2048, number, 0, 0, 0, 0, 0)


def arrival(time_s: float, *numbers: int) -> Notification:
    return Notification("ankle", time_s, NOTIFY, b"".join(map(frame, numbers)))


def connected_again() -> Receiver:
    """Return a receiver of a WitMotion that streamed, was lost and is connected again."""
    receiver = Receiver("ankle", family("witmotion"), 100.0)
    for word in (
        LinkChange("ankle", 0.0, "connected"),
        arrival(1.0, 0, 1),
        LinkChange("ankle", 1.5, "away"),
        LinkChange("ankle", 2.0, "connected"),
    ):
        receiver.take(word)
    return receiver


def received_numbers(receiver: Receiver, arrivals: list[Notification]) -> list[int]:
    items = [item for one in arrivals for item in receiver.take(one)]
    blocks = [item for item in items if isinstance(item, SampleBlock)]
    return [round(x * 32768 / 2000) for block in blocks for x in block.gyr_dps[:, 0]]


def test_everything_delivered_twice_is_taken_once():
    receiver = connected_again()
    arrivals = [arrival(3.0 + 0.04 * i + late, 2 * i, 2 * i + 1) for i in range(50) for late in (0.0, 0.001)]

    assert received_numbers(receiver, arrivals) == list(range(100))
    assert receiver.repeated == 50


def test_everything_delivered_three_times_is_taken_once():
    receiver = connected_again()

    assert received_numbers(
        receiver, [arrival(3.0 + 0.04 * i, i) for i in range(20) for _ in range(3)]
    ) == list(range(20))


def test_equal_readings_of_a_healthy_link_are_kept():
    receiver = connected_again()
    numbers = [0, 1, 1, 2, 3, 3, 3, 4]

    assert received_numbers(receiver, [arrival(3.0 + 0.001 * i, n) for i, n in enumerate(numbers)]) == numbers
    assert receiver.repeated == 0


def test_equal_readings_an_interval_apart_are_kept():
    receiver = connected_again()

    assert received_numbers(receiver, [arrival(3.0 + 0.0075 * i, i // 2) for i in range(10)]) == [
        0, 0, 1, 1, 2, 2, 3, 3, 4, 4,
    ]  # fmt: skip


def connected() -> Receiver:
    """Return a receiver of a WitMotion that is connected for the first time."""
    receiver = Receiver("ankle", family("witmotion"), 100.0)
    receiver.take(LinkChange("ankle", 0.0, "connected"))
    return receiver


def doubled(numbers: range) -> list[Notification]:
    return [arrival(1.0 + 0.01 * n + late, n) for n in numbers for late in (0.0, 0.001)]


def test_copies_from_the_first_connection_on_are_taken_once():
    receiver = connected()

    assert received_numbers(receiver, doubled(range(100))) == list(range(100))
    assert receiver.repeated == 100


def test_copies_that_begin_in_mid_stream_are_soon_taken_once():
    receiver = connected()
    single = [arrival(0.01 * n, n) for n in range(100)]
    numbers = received_numbers(receiver, single + doubled(range(100, 200)))

    assert numbers[-90:] == list(range(110, 200))
    assert len(numbers) <= 200 + 4


def test_the_end_of_copies_costs_no_sample():
    receiver = connected()
    numbers = received_numbers(
        receiver, doubled(range(100)) + [arrival(2.0 + 0.01 * n, n) for n in range(100, 300)]
    )

    assert numbers == list(range(300))


def test_an_answer_that_comes_once_does_not_hide_copies_of_the_stream():
    receiver = connected()
    battery = Notification("ankle", 1.5, "00002a19-0000-1000-8000-00805f9b34fb", b"\x50")
    stream = doubled(range(100))
    stream.insert(101, battery)

    assert received_numbers(receiver, stream) == list(range(100))


@pytest.mark.parametrize("seed", range(5))
def test_readings_of_a_still_sensor_are_hardly_ever_taken_for_copies(seed):
    """Readings of two bits of noise, four packets per connection event: one in sixteen equals the last."""
    readings = np.random.default_rng(seed).integers(0, 16, 20_000).tolist()
    times_s = (0.04 * (n // 4) + 0.001 * (n % 4) for n in range(20_000))
    receiver = connected()
    numbers = received_numbers(
        receiver, [arrival(time_s, n) for time_s, n in zip(times_s, readings, strict=True)]
    )

    assert len(numbers) >= 19_995


def test_the_first_samples_after_a_loss_are_announced_just_before_them():
    receiver = connected_again()
    items = receiver.take(arrival(3.0, 7))

    assert [getattr(item, "state", "samples") for item in items] == ["streaming", "samples"]
    assert [getattr(item, "state", "samples") for item in receiver.take(arrival(3.1, 8))] == ["samples"]


def test_the_last_packet_of_a_broken_link_is_kept_and_is_not_its_return():
    receiver = Receiver("ankle", family("witmotion"), 100.0)
    for word in (LinkChange("ankle", 0.0, "connected"), arrival(1.0, 0), LinkChange("ankle", 1.5, "away")):
        receiver.take(word)

    assert received_numbers(receiver, [arrival(1.501, 1)]) == [1]
    assert receiver.state == "away"


def test_half_a_frame_from_before_a_loss_is_discarded():
    receiver = Receiver("ankle", family("witmotion"), 100.0)
    receiver.take(LinkChange("ankle", 0.0, "connected"))
    receiver.take(Notification("ankle", 0.5, NOTIFY, frame(1) + frame(2)[:11]))
    receiver.take(LinkChange("ankle", 1.5, "away"))
    receiver.take(LinkChange("ankle", 2.0, "connected"))

    assert received_numbers(receiver, [arrival(3.0, 3, 4)]) == [3, 4]


@given(
    st.sampled_from([known.name for known in FAMILIES]),
    st.lists(
        st.one_of(st.binary(max_size=60), st.sampled_from(["connected", "away", "silent"])), max_size=30
    ),
)
@settings(max_examples=60, deadline=None)
def test_whatever_arrives_the_tally_is_consistent(name, inputs):
    receiver = Receiver("ankle", family(name), 100.0)
    items = []
    for i, content in enumerate(inputs):
        word = (
            Notification("ankle", 0.1 * i, NOTIFY, content)
            if isinstance(content, bytes)
            else LinkChange("ankle", 0.1 * i, content)
        )
        items += receiver.take(word)
    blocks = [item for item in items if isinstance(item, SampleBlock)]

    assert receiver.samples == sum(len(block) for block in blocks)
    assert all(np.all(block.time_s == block.time_s[0]) for block in blocks)
    assert receiver.damaged >= 0


def samples(*numbers: int, rate_hz: float = 100.0) -> Samples:
    number = np.array(numbers, dtype=np.int64)
    return Samples(number, number / rate_hz + 7.0, np.zeros((len(number), 3)), np.zeros((len(number), 3)))


@pytest.mark.parametrize("has_clock", [True, False])
def test_the_pace_is_that_of_the_sample_numbers(has_clock):
    pace = ArrivalPace(has_clock)
    for i in range(0, 1000, 5):
        if i % 100:  # lost packets do not lower the rate
            pace.add(50.0 + i / 100.0, samples(*range(i, i + 5)))

    assert pace.rate_hz() == pytest.approx(100.0)
    assert 4.5 < pace.span_s <= 5.0
    assert pace.delay_s() == pytest.approx(0.0, abs=1e-9)


def test_a_late_packet_shows_as_delay():
    pace = ArrivalPace(has_clock=True)
    for i in range(0, 300, 5):
        pace.add(50.0 + i / 100.0 + (0.08 if i == 150 else 0.0), samples(*range(i, i + 5)))

    assert pace.delay_s() == pytest.approx(0.08)


def test_a_full_inbox_drops_and_counts_samples_but_no_link_change(monkeypatch):
    monkeypatch.setattr(receiver_module, "LIMITS", ReceiverLimits(max_waiting=3))
    receiver = connected_again()
    inbox = Inbox({"ankle": receiver})
    for i in range(5):
        inbox.put(arrival(float(i), i))
    inbox.put(LinkChange("ankle", 5.0, "away"))
    taken = inbox.take_waiting()

    assert [len(one) for one in taken if isinstance(one, SampleBlock)] == [3]
    assert taken[-1] == LinkChange("ankle", 5.0, "away")
    assert receiver.dropped == 2
    assert inbox.take_waiting() == []
