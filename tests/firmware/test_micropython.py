"""The MicroPython firmware: its drivers with the registers of a chip, the whole of it with stubs."""

from __future__ import annotations

import ast
import importlib.util
import struct
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from imu_reps.sensors.families.open_profile import Packet, parse_info, parse_packet

HERE = Path(__file__).parent
FIRMWARE = HERE.parents[1] / "firmware_notes" / "micropython"
FILES = sorted(FIRMWARE.glob("*.py"))
ON_BOARD = [file for file in FILES if file.name != "bmi270_config.py"]
CONFIG = bytes(range(256)) * 32


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"firmware_{name}", FIRMWARE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Bus:
    """An I2C bus with one chip: stores its registers, and the order in which they were written."""

    def __init__(self, address: int, registers: dict[int, int]) -> None:
        self.address = address
        self.registers = bytearray(128)
        self.written: list[tuple[int, bytes]] = []
        for register, value in registers.items():
            self.registers[register] = value

    def readfrom_mem(self, address: int, register: int, length: int) -> bytes:
        assert address == self.address
        return bytes(self.registers[register : register + length])

    def readfrom_mem_into(self, address: int, register: int, buffer: bytearray) -> None:
        buffer[:] = self.readfrom_mem(address, register, len(buffer))

    def writeto_mem(self, address: int, register: int, data: bytes) -> None:
        assert address == self.address
        self.written.append((register, bytes(data)))

    def single(self) -> list[tuple[int, int]]:
        return [(register, data[0]) for register, data in self.written if len(data) == 1]


def no_wait(_: int) -> None:
    """Do not wait: the chip of a test needs no time."""


class TestLsm6ds:
    @pytest.mark.parametrize(("identity", "kind"), [(0x6A, 1), (0x6C, 2), (0x69, 1)])
    def test_it_is_reset_and_set_to_8_g_and_1000_dps_at_833_hz(self, identity, kind):
        bus = Bus(0x6A, {0x0F: identity})
        imu = load("lsm6ds").Lsm6ds(bus, no_wait)
        odr_833, acc_8_g, gyro_1000_dps, quarter_band = 0b0111 << 4, 0b11 << 2, 0b10 << 2, 0b10
        assert bus.single() == [
            (0x12, 0x01),
            (0x12, 0b0100_0100),
            (0x10, odr_833 | acc_8_g | quarter_band),
            (0x11, odr_833 | gyro_1000_dps),
        ]
        assert (imu.kind, imu.acc_range_g) == (kind, 8)
        assert imu.gyro_range_dps / 32768 == pytest.approx(0.035, rel=2e-4)  # 35 mdeg/s per count
        assert imu.acc_range_g / 32768 == pytest.approx(0.244e-3, rel=1e-3)  # 0.244 mg per count

    def test_acceleration_comes_first_although_the_chip_gives_the_gyroscope_first(self):
        bus = Bus(0x6B, {0x0F: 0x6A})
        imu = load("lsm6ds").Lsm6ds(bus, no_wait, 0x6B)
        bus.registers[0x22:0x2E] = struct.pack("<6h", 1, -2, 3, -4000, 5000, -32768)
        assert imu.read() == (-4000, 5000, -32768, 1, -2, 3)

    def test_another_chip_is_refused(self):
        with pytest.raises(OSError, match="0x6a: it says 0x70"):
            load("lsm6ds").Lsm6ds(Bus(0x6A, {0x0F: 0x70}), no_wait)


BMI270_READY = {0x00: 0x24, 0x21: 0x01}


class TestBmi270:
    def test_the_configuration_is_uploaded_completely_and_in_order(self):
        bus = Bus(0x68, BMI270_READY)
        load("bmi270").Bmi270(bus, no_wait, CONFIG)
        content, word = bytearray(8192), None
        for register, data in bus.written:
            if register == 0x5B:
                word = data[0] | data[1] << 4
            if register == 0x5E:
                assert word is not None
                content[2 * word : 2 * word + len(data)] = data
        assert bytes(content) == CONFIG

    def test_it_is_set_to_8_g_and_1000_dps_at_800_hz(self):
        bus = Bus(0x68, BMI270_READY)
        load("bmi270").Bmi270(bus, no_wait, CONFIG)
        odr_800, normal, performance, low_noise = 0x0B, 2 << 4, 1 << 7, 1 << 6
        assert bus.single() == [
            (0x7E, 0xB6),  # reset
            (0x7C, 0x00),  # no power saving
            (0x59, 0x00),  # loading begins
            (0x59, 0x01),  # and ends
            (0x7D, 0b1110),
            (0x40, odr_800 | normal | performance),
            (0x41, 0x02),
            (0x42, odr_800 | normal | performance | low_noise),
            (0x43, 0x01),
        ]

    @pytest.mark.parametrize(("factor", "gx"), [(0x00, 100), (0x04, 92), (0x7C, 108), (0x3F, -23)])
    def test_the_cross_talk_of_gz_in_gx_is_removed(self, factor, gx):
        bus = Bus(0x68, {**BMI270_READY, 0x3C: factor})
        imu = load("bmi270").Bmi270(bus, no_wait, CONFIG)
        bus.registers[0x0C:0x18] = struct.pack("<6h", 1, -2, 3, 100, 5, 1000)
        assert imu.read() == pytest.approx((1, -2, 3, gx, 5, 1000), abs=1)

    def test_values_are_clipped_at_the_end_of_the_scale(self):
        bus = Bus(0x68, {**BMI270_READY, 0x3C: 0x40})
        imu = load("bmi270").Bmi270(bus, no_wait, CONFIG)
        bus.registers[0x0C:0x18] = struct.pack("<6h", 0, 0, 0, 32767, 0, 32767)
        assert imu.read()[3] == 32767

    def test_a_wrong_chip_or_configuration_is_refused_with_the_reason(self):
        bmi270 = load("bmi270")
        with pytest.raises(OSError, match="it says 0x00"):
            bmi270.Bmi270(Bus(0x68, {}), no_wait, CONFIG)
        with pytest.raises(OSError, match="has 100 bytes, not 8192"):
            bmi270.Bmi270(Bus(0x68, BMI270_READY), no_wait, CONFIG[:100])
        with pytest.raises(OSError, match="did not take its configuration"):
            bmi270.Bmi270(Bus(0x68, {0x00: 0x24, 0x21: 0x02}), no_wait, CONFIG)


class TestConfigurationOfTheBmi270:
    def source(self, content: bytes) -> str:
        numbers = ",\n    ".join(f"0x{byte:02x}" for byte in content)
        return f"int a = 1;\nconst uint8_t bmi270_config_file[] = {{\n /* 0x11 */ {numbers} // 0x22\n}};\n"

    def test_it_is_extracted_from_the_manufacturers_driver(self):
        assert load("bmi270_config").configuration(self.source(CONFIG)) == CONFIG

    def test_another_file_is_refused(self):
        configuration = load("bmi270_config").configuration
        with pytest.raises(SystemExit, match="no array"):
            configuration("int main(void) { return 0; }")
        with pytest.raises(SystemExit, match="100 bytes"):
            configuration(self.source(CONFIG[:100]))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_is_valid_python(file):
    ast.parse(file.read_text(encoding="utf-8"))


def test_micropython_compiles_the_files_of_the_board(run_micropython: Callable[..., list[str]]):
    program = (
        "import sys\nfor name in sys.argv[1:]: compile(open(name).read(), name, 'exec')\nprint(len(sys.argv))"
    )
    assert run_micropython("-c", program, *ON_BOARD) == [str(len(ON_BOARD) + 1)]


@pytest.fixture(scope="module")
def output(run_micropython: Callable[..., list[str]]) -> dict[str, list[str]]:
    """Return the output of main_driver.py, the lines of a short run of the firmware, by title."""
    lines = run_micropython(HERE / "main_driver.py", HERE / "stubs" / "micropython", FIRMWARE)
    output: dict[str, list[str]] = {}
    for line in lines:
        title, _, value = line.partition(" ")
        output.setdefault(title, []).append(value)
    return output


class TestMain:
    def packets(self, values: list[str]) -> list[Packet]:
        found = [parse_packet(bytes.fromhex(value)) for value in values]
        assert None not in found
        return [packet for packet in found if packet is not None]

    def test_it_advertises_the_service_under_its_name_and_again_after_the_link_is_lost(self, output):
        assert output["advertises"] == ["IMUREPS-P3F2A ba1a0001-b277-4069-b9f6-a8d937c46c72"] * 2
        assert output["services"] == ["2"]
        assert output["mtu"] == ["247"]

    def test_its_info_contains_rate_scale_and_name(self, output):
        info = parse_info(bytes.fromhex(output["info"][0]))
        assert info is not None
        assert (info.rate_hz, info.acc_range_g, info.gyr_range_dps, info.kind) == (200.0, 8, 1147, 1)
        assert info.name == "IMUREPS-P3F2A"

    def test_it_streams_without_a_gap_and_stamps_the_time_of_reading(self, output):
        packets = self.packets(output["stream"])
        assert len(packets) == pytest.approx(2.8 * 20, abs=1)
        assert [p.seq for p in packets] == list(range(len(packets)))  # a jam of 0.3 s costs nothing
        assert {len(p.raw) for p in packets} == {10}
        elapsed_us = np.array([(p.t0_us - packets[0].t0_us) % 2**32 for p in packets])
        assert np.abs(np.arange(len(packets)) * 50_000 - elapsed_us).max() <= 1_000
        ax_ms = np.vstack([p.raw[:, 0] for p in packets])  # ax counts milliseconds
        taken_ms = (ax_ms - ax_ms[0, 0]) % 30000
        assert np.abs(taken_ms - elapsed_us[:, np.newaxis] / 1000 - np.arange(10) * 5).max() <= 1
        assert np.unique(np.vstack([p.raw[:, 1:] for p in packets]), axis=0).tolist() == [
            [-300, 4096, 11, -22, 33]
        ]

    def test_the_clock_starts_near_zero(self, output):
        assert self.packets(output["stream"])[0].t0_us < 5_000_000

    def test_it_is_silent_before_the_start_after_the_stop_and_without_a_link(self, output):
        assert not {"early", "stopped", "gone"} & output.keys()
        assert output["streaming"] == ["False"]

    def test_a_pause_is_counted(self, output):
        before, after = self.packets(output["stream"])[-1], self.packets(output["again"])[0]
        elapsed_us = (after.t0_us - before.t0_us) % 2**32
        assert elapsed_us > 700_000
        assert (after.seq - before.seq) * 50_000 == pytest.approx(elapsed_us, abs=26_000)

    def test_the_battery_is_reported(self, output):
        assert output["battery"] == ["3"]  # 3.4 V
        assert self.packets(output["stream"])[-1].flags & 4
