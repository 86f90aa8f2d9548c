"""The Arduino sketch, compiled with stubs of its libraries and run: its packets are right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from imu_reps.sensors.families.open_profile import Packet, parse_info, parse_packet

Run = Callable[[str], list[str]]
HERE = Path(__file__).parent
OVERRUN, BATTERY_LOW = 2, 4
START, STOP, IDENTIFY = "write 01\n", "write 02\n", "write 04\n"
FULL_BATTERY = "battery 1800\n"

BOARDS = {"xiao": (), "nano": ("-DARDUINO_ARDUINO_NANO33BLE",)}
AGE_US = {"xiao": 1600, "nano": 2500}


@pytest.fixture(scope="module", params=BOARDS)
def board(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def sketch(board: str, build_sketch: Callable[..., Run]) -> Run:
    return build_sketch(*BOARDS[board])


def values(lines: list[str], title: str) -> list[str]:
    return [line.removeprefix(f"{title} ") for line in lines if line.startswith(f"{title} ")]


def notified(lines: list[str]) -> list[tuple[int, Packet]]:
    sent = []
    for value in values(lines, "notify"):
        time_us, data = value.split()
        packet = parse_packet(bytes.fromhex(data))
        assert packet is not None
        sent.append((int(time_us), packet))
    return sent


def test_it_advertises_as_the_profile_specifies(sketch):
    lines = sketch(FULL_BATTERY + "setup\ninfo\n")
    assert values(lines, "name") == ["IMUREPS-P3F2A"]
    assert values(lines, "advertised") == ["ba1a0001-b277-4069-b9f6-a8d937c46c72"]
    (interval,) = values(lines, "interval")
    assert [1.25 * int(units) for units in interval.split()] == [15, 15]
    assert [100 <= 0.625 * int(units) <= 250 for units in values(lines, "advertising")] == [True]


def test_its_info_contains_the_scale_of_its_chip(sketch, board):
    (line,) = values(sketch(FULL_BATTERY + "setup\ninfo\n"), "info")
    info = parse_info(bytes.fromhex(line))
    assert info is not None
    assert (info.version, info.rate_hz, info.acc_range_g, info.name) == (1, 100.0, 8, "IMUREPS-P3F2A")
    assert (info.kind, info.gyr_range_dps) == {"xiao": (1, 1147), "nano": (3, 1000)}[board]


def test_the_chip_is_set_to_the_ranges_in_the_info(sketch, board):
    lines = values(sketch(FULL_BATTERY + "setup\n"), "register")
    registers = dict(line.split() for line in lines)
    if board == "xiao":
        assert lines[0] == "12 01"  # reset first
        assert registers == {"12": "44", "10": "7e", "11": "78"}
    else:
        assert registers == {"7c": "00", "7d": "0e", "40": "ab", "41": "02", "42": "eb", "43": "01"}


def test_a_stream_is_steady_complete_and_stamped_with_the_time_of_reading(sketch, board):
    counter_us = 2**32 - 3_000_000  # the board's counter wraps during the stream
    lines = sketch(f"counter {counter_us}\n{FULL_BATTERY}setup\nmtu 247\nrun 1000000\n{START}run 6000000\n")
    sent = notified(lines)
    packets = [packet for _, packet in sent]
    assert [p.seq for p in packets] == list(range(120))
    assert {len(p.raw) for p in packets} == {5}
    assert {p.flags for p in packets} == {0}
    steps = np.diff([p.t0_us for p in packets]) % 2**32
    assert np.abs(steps - 50_000).max() <= 200  # one turn of the loop
    for time_us, packet in sent:
        last_taken_us = (packet.raw[-1, 0] * 1000 + counter_us - packet.t0_us) % 2**32
        assert last_taken_us == pytest.approx(40_000 + AGE_US[board], abs=1200)  # ax counts whole ms
        assert 0 <= time_us - packet.raw[-1, 0] * 1000 <= 1000  # sent at once
    gx = 11 if board == "xiao" else 11 + 2 * 1000 // 512
    assert np.unique(np.vstack([p.raw[:, 1:] for p in packets]), axis=0).tolist() == [
        [-300, 4096, gx, -22, 1000]
    ]


@pytest.mark.parametrize(
    ("requested_hz", "actual_hz", "count"), [(50, 50, 2), (200, 200, 10), (75, 100, 5), (1000, 200, 10)]
)
def test_the_nearest_supported_rate_is_used(sketch, requested_hz, actual_hz, count):
    rate = f"write 03{requested_hz.to_bytes(2, 'little').hex()}\n"
    lines = sketch(f"{FULL_BATTERY}setup\nmtu 247\n{rate}info\n{START}run 2000000\n")
    info = parse_info(bytes.fromhex(values(lines, "info")[0]))
    assert info is not None
    assert info.rate_hz == actual_hz
    packets = [packet for _, packet in notified(lines)]
    assert {len(p.raw) for p in packets} == {count}
    assert sum(len(p.raw) for p in packets) == pytest.approx(2 * actual_hz, abs=count + 1)


def test_a_small_mtu_gets_small_packets(sketch):
    packets = [p for _, p in notified(sketch(f"{FULL_BATTERY}setup\nmtu 23\n{START}run 1000000\n"))]
    assert {len(p.raw) for p in packets} == {1}
    assert [p.seq for p in packets] == list(range(len(packets)))


def test_it_stops_on_command_and_when_the_link_is_lost(sketch):
    for end in (STOP, "disconnect\n"):
        script = f"{FULL_BATTERY}setup\nmtu 247\n{START}run 500000\n{end}run 1000000\n{START}run 500000\n"
        sent = notified(sketch(script))
        pauses = np.diff([time for time, _ in sent])
        assert pauses.max() == pytest.approx(1_050_000, abs=20_000)
        elapsed_us = np.array([(p.t0_us - sent[0][1].t0_us) % 2**32 for _, p in sent])
        assert np.abs(np.array([p.seq for _, p in sent]) * 50_000 - elapsed_us).max() <= 25_000


def test_the_current_rate_restarts_the_stream(sketch):
    lines = sketch(f"{FULL_BATTERY}setup\nmtu 247\n{START}run 520000\nwrite 036400\nrun 500000\n")
    packets = [packet for _, packet in notified(lines)]
    (anew,) = np.flatnonzero(np.diff([p.seq for p in packets]) != 1)
    assert packets[anew + 1].seq == packets[anew].seq + 2  # the packet cut short keeps its number
    assert {p.flags for p in packets} == {0}
    assert (packets[anew + 1].t0_us - packets[anew].t0_us) % 50_000 > 2_000


def test_the_last_host_time_is_kept_after_the_link_is_lost(sketch):
    event = "write 05efcdab8967452301\n"
    lines = sketch(f"{FULL_BATTERY}setup\nrun 1000000\n{event}control\ndisconnect\nrun 500000\ncontrol\n")
    before, after = values(lines, "control")
    assert before == after


def test_a_stall_is_counted_and_flagged(sketch):
    lines = sketch(f"{FULL_BATTERY}setup\nmtu 247\n{START}run 500000\nstall 73000\nrun 500000\n")
    packets = [packet for _, packet in notified(lines)]
    hole = next(i for i, p in enumerate(packets) if p.flags & OVERRUN)
    assert sum(bool(p.flags & OVERRUN) for p in packets) == 1
    assert packets[hole].seq - packets[hole - 1].seq in (2, 3)
    elapsed_us = np.array([(p.t0_us - packets[0].t0_us) % 2**32 for p in packets])
    assert np.abs(np.array([p.seq for p in packets]) * 50_000 - elapsed_us).max() <= 5_000


def test_a_jammed_radio_loses_the_oldest_packets_only(sketch):
    lines = sketch(
        f"{FULL_BATTERY}setup\nmtu 247\n{START}run 500000\njam 1\nrun 2000000\njam 0\nrun 500000\n"
    )
    packets = [packet for _, packet in notified(lines)]
    (hole,) = np.flatnonzero(np.diff([p.seq for p in packets]) != 1)
    assert packets[hole + 1].flags == OVERRUN
    assert packets[hole + 1].seq * 50_000 == pytest.approx(2_000_000, abs=150_000)  # half a second was stored
    assert packets[-1].seq >= 58


def test_the_host_time_is_returned_with_the_clock_at_its_arrival(sketch):
    lines = sketch(f"{FULL_BATTERY}setup\nrun 1000000\nwrite 05efcdab8967452301\ncontrol\n")
    answer = bytes.fromhex(values(lines, "control")[0])
    assert answer[:9].hex() == "05efcdab8967452301"
    assert len(answer) == 13
    assert 1_000_000 <= int.from_bytes(answer[9:], "little") <= 1_300_000


def test_identify_blinks_for_five_seconds(sketch):
    lines = sketch(f"{FULL_BATTERY}setup\nrun 1000000\n{IDENTIFY}run 5500000\nrun 3000000\n")
    before, during, after = map(int, values(lines, "blinks"))
    assert (before, after) == (0, 0)
    assert during >= 18


def test_the_battery_is_reported_and_a_low_one_is_flagged(sketch):
    counts = 1160  # of 4096 at 3.3 V, behind the divider: 2.77 V
    lines = sketch(f"battery {counts}\nsetup\nmtu 247\n{START}run 1000000\n")
    assert values(lines, "battery")[0] == "0"
    assert {packet.flags for _, packet in notified(lines)} == {BATTERY_LOW}
    full = sketch(f"battery {round(4.2 * 510 / 1510 / 3.3 * 4096)}\nsetup\nrun 1000000\n")
    assert values(full, "battery")[0] == "100"


@pytest.mark.parametrize("data", ["", "00", "06", "0100", "03", "030000", "05aabb"])
def test_invalid_bytes_on_control_change_nothing(sketch, data):
    lines = sketch(f"{FULL_BATTERY}setup\nmtu 247\nwrite {data}\nrun 500000\ninfo\n")
    assert notified(lines) == []
    info = parse_info(bytes.fromhex(values(lines, "info")[0]))
    assert info is not None
    assert info.rate_hz == 100
