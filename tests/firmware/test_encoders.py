"""The output of every encoder of the open profile, compared with the specification and the Python decoder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imu_reps.sensors.families import open_profile
from imu_reps.sensors.families.open_profile import Packet, parse_info, parse_packet
from imu_reps.sensors.wire import Write

SPECIFICATION = Path(__file__).parents[2] / "firmware_notes" / "open-profile.md"
SATURATED, OVERRUN, BATTERY_LOW = 1, 2, 4
REST = (0, 0, 4096, 0, 0, 0)

Run = Callable[[str], list[str]]
Sample = tuple[int, ...]

modest = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
raw_values = st.one_of(st.integers(-32768, 32767), st.sampled_from([-32768, -32767, 32767, 32766, 0]))
raw_samples = st.tuples(*[raw_values] * 6)

#: Samples lost, jitter in us and pace of the sampling clock, such that no reading is half a step of 10 ms
#: off. The grid follows by an eighth: it lags a clock that is 2 % wrong by 1.4 ms and by 0.2 ms more for each
#: sample lost, and what it took over of the jitter before adds to that of a reading.
ANY_LOSSES_OF_AN_EXACT_CLOCK = st.tuples(
    st.sets(st.integers(1, 120), max_size=40), st.just(2000), st.just(1.0)
)
A_BURST_OF_A_WRONG_CLOCK = st.tuples(
    st.builds(lambda start, count: set(range(start, start + count)), st.integers(1, 115), st.integers(0, 5)),
    st.just(1000),
    st.sampled_from([0.98, 1.02]),
)


def add(taken_us: int, raw: Iterable[int] = REST) -> str:
    return f"add {taken_us} {' '.join(map(str, raw))}\n"


def marked(index: int) -> Sample:
    """Return a sample that contains its own number."""
    return (index % 30000, index // 30000, 4096, 0, 0, 0)


def packets(lines: list[str]) -> list[Packet]:
    parsed = [parse_packet(bytes.fromhex(line)) for line in lines if line != "-"]
    assert all(packet is not None for packet in parsed)
    return [packet for packet in parsed if packet is not None]


def hex_lines(after: str) -> list[bytes]:
    text = SPECIFICATION.read_text(encoding="utf-8")
    text = text[text.index(after) :]
    return [bytes.fromhex(line) for line in re.findall(r"^    ([0-9a-f]{2}(?: +[0-9a-f]{2})+)$", text, re.M)]


class TestStream:
    @modest
    @given(
        samples=st.lists(raw_samples, min_size=1, max_size=60),
        rate=st.sampled_from([50, 100, 104, 200]),
        batch=st.integers(1, 19),
        start_us=st.one_of(st.integers(0, 10**7), st.integers(2**32 - 10**6, 2**32 + 10**6)),
    )
    def test_the_decoder_returns_the_encoded_samples(self, encoder, samples, rate, batch, start_us):
        times = [start_us + i * 1000000 // rate for i in range(len(samples))]
        script = f"begin {rate} {batch}\n"
        for time_us, raw in zip(times, samples, strict=True):
            script += add(time_us, raw) + "take\n"
        sent = packets(encoder(script))

        assert len(sent) == len(samples) // batch
        for k, packet in enumerate(sent):
            chunk = samples[k * batch : (k + 1) * batch]
            assert packet.seq == k
            assert packet.t0_us == times[k * batch] % 2**32
            assert packet.raw.tolist() == [list(raw) for raw in chunk]
            assert packet.flags == SATURATED * any(abs(value) >= 32767 for raw in chunk for value in raw)

    @modest
    @given(
        plan=st.one_of(ANY_LOSSES_OF_AN_EXACT_CLOCK, A_BURST_OF_A_WRONG_CLOCK),
        batch=st.integers(1, 12),
        jitter=st.lists(st.floats(-1.0, 1.0), min_size=121, max_size=121),
    )
    def test_samples_that_were_never_read_cost_their_packet_and_shift_nothing(
        self, encoder, plan, batch, jitter
    ):
        lost, jitter_us, pace = plan
        script = f"begin 100 {batch}\n"
        for i in range(121):
            if i not in lost:
                taken_us = 10**6 + round(i * 10000 * pace + jitter[i] * jitter_us)
                script += add(taken_us, marked(i)) + "take\n"
        sent = packets(encoder(script))

        whole = [k for k in range(121 // batch) if not lost & set(range(k * batch, (k + 1) * batch))]
        assert [packet.seq for packet in sent] == whole
        for packet in sent:
            assert packet.raw[:, 0].tolist() == list(range(packet.seq * batch, (packet.seq + 1) * batch))
        before = [-1, *whole]
        assert [bool(packet.flags & OVERRUN) for packet in sent] == [
            k - previous > 1 for previous, k in zip(before, whole, strict=False)
        ]

    def test_a_second_reading_in_one_step_is_ignored(self, encoder):
        script = (
            "begin 100 2\n"
            + add(0, marked(0))
            + add(3000, marked(9))
            + add(10000, marked(1))
            + "take\ntake\n"
        )
        (packet,) = packets(encoder(script))
        assert packet.raw[:, 0].tolist() == [0, 1]

    def test_a_pause_counts_as_the_packets_that_would_have_filled_it(self, encoder):
        run = "".join(add(i * 10000) for i in range(5)) + "take\n"
        for pause_us, seq in (
            (1_000_000, 20),
            (1_024_000, 20),
            (1_026_000, 21),
            (50_000, 1),
            (60_000, 1),
            (1_000, 1),
        ):
            again = "begin 100 5\n" + "".join(add(pause_us + i * 10000) for i in range(5)) + "take\n"
            assert [p.seq for p in packets(encoder("begin 100 5\n" + run + again))] == [0, seq]

    def test_a_pause_with_a_new_rate_counts_in_packets_of_the_new_stream(self, encoder):
        script = "begin 100 5\n" + "".join(add(i * 10000) for i in range(5)) + "take\nbegin 200 10\n"
        script += "".join(add(3_000_000 + i * 5000) for i in range(10)) + "take\n"
        assert [p.seq for p in packets(encoder(script))] == [0, 60]

    @pytest.mark.parametrize("rate", [100, 200])
    def test_a_packet_cut_short_keeps_its_number_and_no_pause_is_an_overrun(self, encoder, rate):
        script = "begin 100 5\n" + "".join(add(i * 10000) for i in range(11)) + "take\ntake\n"
        again = f"begin {rate} {rate // 20}\n" + "".join(
            add(110_000 + i * 1_000_000 // rate) for i in range(10)
        )
        sent = packets(encoder(script + again + "take\n"))
        assert [p.seq for p in sent] == [0, 1, 3]
        assert [p.flags for p in sent] == [0, 0, 0]

    def test_a_new_start_discards_what_was_not_sent(self, encoder):
        script = "begin 100 2\n" + "".join(add(i * 10000, marked(i)) for i in range(5)) + "begin 100 2\n"
        script += add(60000, marked(6)) + add(70000, marked(7)) + "take\ntake\n"
        (packet,) = packets(encoder(script))
        assert packet.seq == 3  # 20 ms after the packet that began at 40 ms
        assert packet.raw[:, 0].tolist() == [6, 7]
        assert packet.flags == 0

    def test_when_the_radio_accepts_nothing_the_oldest_whole_packets_are_dropped(self, encoder):
        script = "begin 100 5\n" + "".join(add(i * 10000, marked(i)) for i in range(500)) + "take\n" * 40
        sent = packets(encoder(script))
        assert [p.seq for p in sent] == list(range(100 - len(sent), 100))  # the newest, in order
        assert 0.4 <= len(sent) * 0.05 <= 0.7  # about half a second
        assert [p.flags & OVERRUN for p in sent] == [OVERRUN] + [0] * (len(sent) - 1)

    def test_the_low_battery_shows_in_the_packets(self, encoder):
        script = (
            "begin 100 1\n" + add(0) + "battery 1\n" + add(10000) + "battery 0\n" + add(20000) + "take\n" * 3
        )
        assert [p.flags for p in packets(encoder(script))] == [0, BATTERY_LOW, 0]

    def test_number_and_clock_wrap_without_effect_on_the_decoder(self, encoder):
        start_us = 2**32 - 300_000
        script = "begin 100 5\n" + add(start_us - 65533 * 50_000)  # so that the number wraps as well
        script += "begin 100 5\n" + "".join(
            add(start_us + i * 10000, marked(i)) + "take\n" for i in range(100)
        )
        state = open_profile.begin(100.0)
        (info,) = encoder("info 100 8 1000 3 IMUREPS-P3F2A\n")
        state, _ = open_profile.decode(state, open_profile.INFO, bytes.fromhex(info), 0.0)
        numbers, times, first_axis = [], [], []
        sent = [line for line in encoder(script) if line != "-"]
        for k, line in enumerate(sent):
            state, decoded = open_profile.decode(
                state, open_profile.STREAM, bytes.fromhex(line), 0.05 * (k + 1)
            )
            assert (decoded.damaged, decoded.repeated, decoded.restarted) == (0, 0, False)
            numbers += decoded.samples.number.tolist()
            times += decoded.samples.device_time_s.tolist()
            first_axis += decoded.samples.acc_mps2[:, 0].tolist()
        assert np.diff(numbers).tolist() == [1] * 99
        assert np.diff(times) == pytest.approx(np.full(99, 0.01), abs=1e-6)
        assert first_axis == pytest.approx(np.arange(100) * 8 * 9.80665 / 32768)


class TestWorkedExample:
    def test_the_packets_equal_those_of_the_specification(self, encoder):
        first, second = hex_lines("## 9. Worked example")
        start_us = 4_294_960_000
        script = "begin 100 2\n" + add(start_us - 65534 * 20_000) + "begin 100 2\n"
        for i, raw in enumerate([REST, (-12, 34, 4095, 5, -6, 7), (0, 0, 32767, 0, 0, 0), REST]):
            script += add(start_us + i * 10000, raw)
        assert [bytes.fromhex(line) for line in encoder(script + "take\ntake\n")] == [first, second]

    def test_the_info_equals_that_of_the_specification(self, encoder):
        written = re.search(r"^Info `([0-9a-f ]+)`", SPECIFICATION.read_text(encoding="utf-8"), re.M)
        assert written is not None
        (line,) = encoder("info 100 8 1147 1 IMUREPS-P3F2A\n")
        assert bytes.fromhex(line) == bytes.fromhex(written[1])


class TestInfo:
    @modest
    @given(
        rate=st.integers(1, 65535),
        acc=st.integers(1, 255),
        gyro=st.integers(1, 65535),
        kind=st.integers(0, 255),
        name=st.text("ABCDEFabcdef0123456789-", min_size=1, max_size=20),
    )
    def test_the_decoder_reads_the_info(self, encoder, rate, acc, gyro, kind, name):
        (line,) = encoder(f"info {rate} {acc} {gyro} {kind} {name}\n")
        info = parse_info(bytes.fromhex(line))
        assert info is not None
        assert (info.version, info.rate_hz, info.acc_range_g, info.gyr_range_dps, info.kind, info.name) == (
            1, rate, acc, gyro, kind, name
        )  # fmt: skip

    def test_a_long_name_is_truncated(self, encoder):
        (line,) = encoder(f"info 100 8 1147 1 {'N' * 30}\n")
        assert bytes.fromhex(line)[7:] == b"N" * 20


class TestControl:
    def test_it_accepts_the_commands_of_the_driver(self, encoder):
        steps = (*open_profile.start(200.0, 0), *open_profile.FAMILY.stop)
        written = [step.data for step in steps if isinstance(step, Write)]
        lines = encoder("".join(f"command {data.hex()}\n" for data in written))
        assert [tuple(map(int, line.split())) for line in lines] == [(3, 200), (1, 0), (2, 0)]

    def test_it_accepts_identify_and_the_host_time(self, encoder):
        lines = encoder("command 04\ncommand 05efcdab8967452301\n")
        assert lines == ["4 0", f"5 {0x0123456789ABCDEF}"]

    @modest
    @given(data=st.binary(max_size=12))
    def test_anything_else_is_an_invalid_command(self, encoder, data):
        lengths = {1: 1, 2: 1, 3: 3, 4: 1, 5: 9}
        good = bool(data) and lengths.get(data[0]) == len(data) and data != b"\x03\x00\x00"
        (line,) = encoder(f"command {data.hex()}\n")
        assert int(line.split()[0]) == (data[0] if good else 0)

    def test_the_answer_to_the_host_time_echoes_it_with_the_clock(self, c_encoder):
        (line,) = c_encoder(f"hosttime {0x0123456789ABCDEF} {0xA1B2C3D4}\n")
        assert bytes.fromhex(line) == bytes.fromhex("05 efcdab8967452301 d4c3b2a1")


class TestTime:
    def test_the_counter_wraps_and_the_clock_continues(self, encoder):
        counter = [0, 2**31, 2**32 - 5, 3, 2**31, 2**32 - 1, 0]
        truth = [0, 2**31, 2**32 - 5, 2**32 + 3, 2**32 + 2**31, 2**33 - 1, 2**33]
        assert encoder("".join(f"clock {value}\n" for value in counter)) == [str(value) for value in truth]

    def test_readings_are_due_on_a_grid_that_a_late_one_does_not_shift(self, encoder):
        asked = [999, 1000, 1001, 10999, 13000, 20999, 21000, 55000, 55001, 61000]
        due = [0, 1, 0, 0, 1, 0, 1, 1, 0, 1]
        assert encoder("ticks 100 1000\n" + "".join(f"due {now}\n" for now in asked)) == [
            str(value) for value in due
        ]


class TestBatch:
    def test_it_is_about_50_ms_and_fits_the_notification(self, encoder):
        cases = {
            (50, 247): 2,
            (100, 247): 5,
            (200, 247): 10,
            (100, 23): 1,
            (200, 131): 10,
            (200, 130): 9,
            (19, 247): 1,
            (1000, 247): 19,
            (100, 71): 5,
            (100, 70): 4,
        }
        lines = encoder("".join(f"batch {rate} {mtu}\n" for rate, mtu in cases))
        assert [int(line) for line in lines] == list(cases.values())


class TestBattery:
    def test_charge_follows_the_voltage(self, c_encoder):
        volts = [0, 3300, 3450, 3600, 3700, 3800, 3950, 4050, 4150, 4300]
        percent = [int(line) for line in c_encoder("".join(f"lipo {value}\n" for value in volts))]
        assert percent == [0, 0, 5, 10, 30, 55, 80, 90, 100, 100]
